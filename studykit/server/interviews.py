"""Mock interviews over HTTP: each is a file that is written whole after every answer, so that a reload loses nothing."""

import threading
from collections.abc import Callable
from typing import Any

from studykit.errors import InputError, StorageError
from studykit.interview import Interview, Interviews, keep
from studykit.progress import Progress
from studykit.server.desk import Conflict, Json, Unknown

TURN = ("kind", "technique", "prompt", "given", "note", "blank")
FORMATS = {"md": "text/markdown", "html": "text/html"}


class Rehearsals:
    """What the routes ask of the interviews.

    Args:
        log: The learner's progress, which a finished interview is put into.
        kept: Where they are.
    """

    def __init__(self, log: Callable[[], Progress], kept: Interviews | None = None) -> None:
        self._log, self._kept = log, kept or Interviews()
        self._one_at_a_time = threading.Lock()  # two tabs may answer the same question

    def all(self) -> Json:
        """Every interview, the newest first."""
        listed = [
            {"id": each.id, "started": each.started, "finished": each.finished, "settings": each.settings.as_json()}
            for each in self._kept.all()
        ]
        return {"interviews": listed}

    def start(self, settings: Json) -> Json:
        """Begin one."""
        interview = Interview.start(settings)
        self._kept.save(interview)
        return _shown(interview)

    def get(self, name: str) -> Json:
        """One of them."""
        return _shown(self._load(name))

    def answer(self, name: str, given: str, seconds: float) -> Json:
        """Answer the question that is asked."""

        def answered(interview: Interview) -> None:
            if interview.finished:
                raise Conflict(name, "is over", "start another interview")
            interview.answer(given, seconds)

        return self._changed(name, answered)

    def finish(self, name: str) -> Json:
        """End it early."""
        return self._changed(name, Interview.finish)

    def report(self, name: str, form: str) -> str:
        """The report as a file."""
        report = self._load(name).report()
        if report is None:
            raise Conflict(name, "is not over", "finish it first")
        return report.html if form == "html" else report.markdown

    def _changed(self, name: str, change: Callable[[Interview], Any]) -> Json:
        with self._one_at_a_time:
            interview = self._load(name)
            change(interview)
            self._kept.save(interview)  # first what was said, then what follows from it
            if keep(interview, self._log()):
                self._kept.save(interview)
            return _shown(interview)

    def _load(self, name: str) -> Interview:
        try:
            return self._kept.load(name)
        except StorageError:
            raise
        except InputError as error:
            raise Unknown(error.where, error.what, error.remedy) from None


def _shown(interview: Interview) -> Json:
    told = interview.as_json()
    turns = [{name: turn[name] for name in TURN} for turn in told["turns"]]
    return {**{name: told[name] for name in ("id", "settings", "finished", "elapsed", "report")}, "turns": turns}
