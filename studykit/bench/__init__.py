"""What experiments share: tasks with their data, one visible training loop, results over seeds, pictures."""
