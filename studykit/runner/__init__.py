"""Headless runs: notebooks by papermill on this machine or on Ray, each in a fresh fork of a warmed kernel."""

from studykit.runner.display import progress, told_as_json
from studykit.runner.jobs import Job, Outcome, Step, Watch, jobs_of, sweep_of
from studykit.runner.pool import run
from studykit.runner.results import collect, write_results

__all__ = ["Job", "Outcome", "Step", "Watch", "collect", "jobs_of", "progress", "run", "sweep_of", "told_as_json", "write_results"]
