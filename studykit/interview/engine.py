"""An interview: its turns so far, and what happens at an answer."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from studykit import drill
from studykit.claims import claims, lint
from studykit.errors import InputError
from studykit.interview import phrases
from studykit.interview.planning import bugs, following, opening
from studykit.interview.report import Report, report_of
from studykit.interview.settings import Settings
from studykit.interview.turn import Turn, gives_up, seconds_of
from studykit.technique import catalog

LONGEST = 100_000  # signs of one answer
_VERSION = 1


class Interview:
    """One interview.

    Args:
        settings: What it is to be.
        turns: What was asked and answered; the last one waits for its answer unless it is over.
        finished: Whether it is over.
        name: Its id.
        started: When it began, in ISO form.
        kept: Whether its outcomes are in the learner's progress.
    """

    def __init__(
        self, settings: Settings, turns: list[Turn], finished: bool, name: str, started: str, kept: bool = False
    ) -> None:
        self.settings, self.turns, self.finished = settings, turns, finished
        self.id, self.started, self.kept = name, started, kept

    @classmethod
    def start(cls, settings: Settings | Mapping[str, Any], name: str | None = None) -> Self:
        """Begin one.

        Args:
            settings: What it is to be, also as JSON has it.
            name: Its id; by default a new one.

        Raises:
            InputError: The settings can't be used.
        """
        wanted = settings if isinstance(settings, Settings) else Settings.read(settings)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(wanted, [opening(wanted)], False, name or f"interview-{uuid.uuid4().hex[:12]}", now)

    @property
    def elapsed(self) -> float:
        """Seconds that the answers took."""
        return sum(turn.seconds for turn in self.turns)

    @property
    def asked(self) -> Turn | None:
        """The question that waits for its answer, or None at the end."""
        return None if self.finished else self.turns[-1]

    def answer(self, given: str, seconds: float = 0.0) -> Turn:
        """Take an answer, say something to it, and ask the next question or close.

        Args:
            given: What was said or written; of a drill the source.
            seconds: How long it took.

        Returns:
            The turn that was answered, with its note.

        Raises:
            InputError: It is over, or the answer is no text or far too long; nothing has changed then.
            JudgeError: The judge could not be asked; nothing has changed then either.
        """
        turn = self.asked
        if turn is None:
            raise InputError(self.id, "is over", "start another interview")
        if not isinstance(given, str) or len(given) > LONGEST:
            raise InputError("given", "is no text, or longer than 100 kB", "answer in a few sentences")
        took = seconds_of(seconds)
        verdict, note = _judged(self.settings, turn, given)
        answered = replace(turn, given=given, seconds=took, verdict=verdict, note=note)
        turns = [*self.turns[:-1], answered]
        after = following(self.settings, turns)
        if after is None:
            over = sum(each.seconds for each in turns) >= 60 * self.settings.minutes
            last = (phrases.OVER if over else phrases.DONE).say(self.settings.lang)
            answered.note = " ".join(filter(None, [note, last]))
        # Only now, so that whatever goes wrong before leaves the interview as it was.
        self.turns, self.finished = [*turns, after] if after else turns, after is None
        return answered

    def finish(self) -> None:
        """End it early; a question without an answer is taken back."""
        if not self.finished:
            self.turns = [turn for turn in self.turns if turn.given is not None]
            self.finished = True

    def report(self) -> Report | None:
        """How it went, once it is over."""
        return report_of(self.settings, self.turns, self.elapsed) if self.finished else None

    def as_json(self) -> dict[str, Any]:
        """All of it; `load` takes it back."""
        report = self.report()
        return {
            "version": _VERSION,
            "id": self.id,
            "started": self.started,
            "settings": self.settings.as_json(),
            "finished": self.finished,
            "kept": self.kept,
            "elapsed": self.elapsed,
            "turns": [turn.as_json() for turn in self.turns],
            "report": report.as_json() if report else None,
        }

    @classmethod
    def load(cls, data: object) -> Self:
        """An interview that was kept, to go on with.

        Raises:
            InputError: It is none, or a newer studykit's.
        """
        where = "interview"
        if not isinstance(data, Mapping) or not isinstance(data.get("id"), str):
            raise InputError(where, "is no interview", "start another")
        where = data["id"]
        if data.get("version") != _VERSION:
            raise InputError(where, f"has version {data.get('version')!r}", "update studykit, or start another interview")
        turns, finished = data.get("turns"), data.get("finished")
        if not isinstance(turns, list) or not isinstance(finished, bool) or not isinstance(data.get("started"), str):
            raise InputError(where, "is damaged", "start another interview")
        found = [Turn.read(turn, where) for turn in turns]
        open_ends = [n for n, turn in enumerate(found) if turn.given is None]
        if open_ends != ([] if finished else [len(found) - 1]):
            raise InputError(where, "is damaged: not only its last question is open", "start another interview")
        settings = Settings.read(data.get("settings"))
        return cls(settings, found, finished, where, data["started"], data.get("kept") is True)


def _judged(settings: Settings, turn: Turn, given: str) -> tuple[dict[str, Any] | None, str]:
    """A verdict, if it is a task, and what is said to the answer."""
    if turn.kind == "drill":
        return _drilled(settings, turn, given)
    if turn.kind == "debug":
        return _debugged(settings, turn, given)
    return None, _said(settings, turn, given)


def _drilled(settings: Settings, turn: Turn, given: str) -> tuple[dict[str, Any], str]:
    if gives_up(given):
        message = phrases.NOT_TRIED.say(settings.lang)
        return {"passed": False, "mistake": None, "message": message, "seconds": 0.0}, phrases.KIND.say(settings.lang).strip()
    verdict = drill.grade(str(turn.technique), given, lang=settings.lang).as_json()
    return verdict, verdict["message"]


def _debugged(settings: Settings, turn: Turn, given: str) -> tuple[dict[str, Any], str]:
    name, lang = turn.key.removeprefix("question:"), settings.lang
    question = next((each for each in bugs(str(turn.technique)) if each.id == name), None)
    if question is None:  # it was taken out of its bank since it was asked
        return {"correct": False, "score": 0.0}, phrases.NOTED.say(lang)
    # "I see 2 oddities, but the bug is in line 7": the line that is called one comes before any other number.
    number = re.search(r"(?:\bline|第) ?(\d{1,4})", given, re.IGNORECASE) or re.search(r"(\d{1,4})", given)
    try:
        graded = question.grade(number[1] if number else "")
    except InputError:
        graded = None
    explanation = question.explanation.say(lang)
    if graded is None:
        kind = phrases.KIND.say(lang) if gives_up(given) else ""
        shown = phrases.SHOWN.say(lang).format(answer=question.solution().say(lang), explanation=explanation)
        return {"correct": False, "score": 0.0}, kind + shown
    said = phrases.FOUND if graded.correct else phrases.MISSED
    note = said.say(lang).format(explanation=explanation, feedback=graded.feedback.say(lang))
    return {"correct": graded.correct, "score": graded.score}, note


def _said(settings: Settings, turn: Turn, given: str) -> str:
    lang = settings.lang
    kind, _, name = turn.key.partition(":")
    pardon = phrases.KIND.say(lang) if gives_up(given) else ""
    if kind == "claim" and name in claims():
        claim = claims()[name]
        repeated = any(found.claim == name for found in lint(given))
        said = phrases.STANDS if repeated or pardon else phrases.EXACT
        source = next((each for each in claim.sources if each.read == "text"), claim.sources[0])
        return pardon + said.say(lang).format(correction=claim.correct.say(lang), source=source.cite)
    if kind == "card" and turn.technique in catalog():
        answers, n = catalog()[turn.technique].follow_ups, int(name.rpartition(":")[2])
        if n < len(answers):
            return pardon + phrases.MODEL.say(lang).format(answer=answers[n].answer.say(lang))
    return pardon.strip() or phrases.NOTED.say(lang)
