"""Where interviews are kept, as JSON files that are replaced whole; and what of one goes into the learner's progress."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any, Protocol

from studykit.claims import claims
from studykit.errors import InputError, StorageError
from studykit.files import write_safely
from studykit.home import home
from studykit.interview.engine import Interview
from studykit.interview.report import findings_of
from studykit.technique import catalog


class Log(Protocol):
    """What of `studykit.progress.Progress` is needed here."""

    def record(self, kind: str, technique: str, item: str | None = None, **data: Any) -> int:
        """Append an event."""

    def answered(self, question_id: str, technique: str, *, correct: bool, score: float, given: Any) -> int:
        """Append an answer."""

    def drilled(self, technique: str, passed: bool, mistake: str | None = None, seconds: float = 0.0) -> int:
        """Append a verdict."""


def keep(interview: Interview, log: Log) -> int:
    """Put what a finished interview showed into the progress, once: what was said and isn't so makes its cards due.

    Returns:
        How many events were recorded; none where it isn't over, or was recorded before.
    """
    if not interview.finished or interview.kept:
        return 0
    count = 0
    for found in findings_of(interview.settings, interview.turns):
        owner = claims()[found.claim].owner
        if owner in catalog():
            log.record("lint", owner, found.claim, verdict=found.verdict, said=found.text, interview=interview.id)
            count += 1
    for turn in interview.turns:
        verdict, technique = turn.verdict, turn.technique
        if not verdict or technique not in catalog():
            continue
        if turn.kind == "drill":
            log.drilled(technique, verdict["passed"], verdict["mistake"], verdict["seconds"])
        else:
            name = turn.key.removeprefix("question:")
            log.answered(name, technique, correct=verdict["correct"], score=verdict["score"], given=turn.given)
        count += 1
    interview.kept = True
    return count


class Interviews:
    """The interviews of a folder.

    Args:
        folder: Where they are kept; by default `interviews` in `studykit.home.home()`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else home() / "interviews"

    def save(self, interview: Interview) -> Path:
        """Keep it as it is now; whoever reads meanwhile has the one before, whole.

        Raises:
            StorageError: The folder can't be written.
        """
        path = self._path(interview.id)
        text = json.dumps(interview.as_json(), ensure_ascii=False, indent=1)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_safely(path, text.encode("utf-8", errors="replace"))
        except OSError as error:
            raise StorageError(str(path), f"can't be written ({error.strerror})", "free some space, or set STUDYKIT_HOME") from None
        return path

    def attach(self, name: str, suffix: str, text: str) -> Path:
        """Keep a text beside an interview: its report, a draft, code.

        Raises:
            StorageError: The folder can't be written.
        """
        path = self._path(name).with_suffix(suffix)
        try:
            write_safely(path, text.encode("utf-8", errors="replace"))
        except OSError as error:
            raise StorageError(str(path), f"can't be written ({error.strerror})", "free some space, or set STUDYKIT_HOME") from None
        return path

    def load(self, name: str) -> Interview:
        """The interview of that id.

        Raises:
            InputError: There is none, or its file is damaged.
        """
        path = self._path(name)
        try:
            return Interview.load(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(name, "is no interview", "take one of those listed") from None
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(name, "can't be read", "start another interview") from None

    def all(self) -> list[Interview]:
        """Every interview that can be read, the newest first."""
        found = []
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(InputError):
                found.append(self.load(path.stem))
        return sorted(found, key=lambda each: (each.started, each.id), reverse=True)

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][\w-]{0,63}", name, re.ASCII):
            raise InputError(name[:80], "is no interview's id", "take one of those listed")
        return self.folder / f"{name}.json"
