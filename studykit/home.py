"""Where what belongs to the learner is kept."""

import os
from pathlib import Path

from platformdirs import user_data_dir


def home() -> Path:
    """The folder of progress and downloaded data: STUDYKIT_HOME, else the user's data folder."""
    return Path(os.environ.get("STUDYKIT_HOME") or user_data_dir("studykit", appauthor=False)).expanduser()
