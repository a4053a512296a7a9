"""studykit: run it, so that what you say about training models is right."""
