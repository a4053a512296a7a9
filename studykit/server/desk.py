"""What the routes answer with, as plain JSON values: catalog, progress, reviews, drills. Knows nothing of HTTP."""

import functools
import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from studykit import drill, reviews
from studykit.errors import InputError, StorageError
from studykit.progress import Progress
from studykit.question import Question, parse
from studykit.technique import TIER_TITLES, TIERS, Technique, catalog, technique

MOST = 200  # answers of one technique that are told, and questions of one review
Json = dict[str, Any]


class Unknown(InputError):
    """Something that was asked for by its id is not there."""


class Conflict(InputError):
    """What was asked for can't be done in the present state."""


def known(technique_id: str) -> Technique:
    """The technique of that id; Unknown where there is none."""
    try:
        return technique(technique_id)
    except InputError as error:
        raise Unknown(error.where, error.what, error.remedy) from None


class Desk:
    """What a learner sees of the kit and of their own progress.

    Args:
        log: Opens the progress file; asked once, when something of it is first needed.
    """

    def __init__(self, log: Callable[[], Progress] = Progress) -> None:
        self._open, self._log = log, None

    @property
    def log(self) -> Progress:
        """The progress file; a fault of it is met again at each call, until it is mended."""
        if self._log is None:
            self._log = self._open()
        return self._log

    def close(self) -> None:
        """Let go of the progress file."""
        if self._log is not None:
            self._log.close()

    def catalog(self) -> Json:
        """All techniques in the order of study."""
        tiers = [{"id": tier, "title": TIER_TITLES[tier]._asdict()} for tier in TIERS]
        return {"tiers": tiers, "techniques": [_card(each) for each in catalog().values()]}

    def progress(self) -> Json:
        """What is known of every technique."""
        found = self.log.known({name: len(bank) for name, bank in banks().items()})
        shown = {name: found[name]._asdict() for name in banks()}
        return {"techniques": shown, "due": sum(each["due"] for each in shown.values())}

    def progress_of(self, technique_id: str) -> Json:
        """The answers to one technique's questions, and how long they will be remembered."""
        name = known(technique_id).id
        answers = [each for each in self.log.events("quiz", name) if each.item]
        days: dict[str, list[bool]] = defaultdict(list)
        for each in answers:
            days[each.at.date().isoformat()].append(bool(each.data["correct"]))
        today = datetime.now(UTC)
        curve = self.log.retention(name, now=today)
        return {
            "id": name,
            "answers": [
                {"at": each.at.isoformat(), "question": each.item, **{key: each.data[key] for key in ("correct", "score")}}
                for each in answers[-MOST:]
            ],
            "past": [{"day": day, "right": sum(each), "answered": len(each)} for day, each in days.items()],
            "retention": [
                {"day": (today + timedelta(days=n)).date().isoformat(), "predicted": chance}
                for n, chance in enumerate(curve)
            ],
        }

    def due(self, limit: int, new: int, technique_id: str | None) -> Json:
        """What to review now, the longest due first, then questions that were never asked, in the order of study.

        Args:
            limit: How many questions at most.
            new: How many of them may be new.
            technique_id: Only this one's, or None.
        """
        of = known(technique_id).id if technique_id else None
        bank = {name: each for name, each in questions().items() if of in (None, each.technique)}
        seed = random.randrange(2**31)
        shown = [_public(each, seed, _iso(moment)) for each, moment in reviews.to_ask(self.log, bank, limit, new)]
        return {"seed": seed, "count": len(reviews.due(self.log, bank)), "questions": shown}

    def review(self, question_id: str, given: str, seed: int) -> Json:
        """Grade an answer to a question as it was lettered by `seed`, and schedule its next review."""
        question = _question(question_id).shown(seed)
        graded = question.grade(given)
        event = self.log.answered(
            question.id, question.technique, correct=graded.correct, score=graded.score, given=given
        )
        return {
            "event": event,
            "question": question.id,
            "given": given,
            "correct": graded.correct,
            "score": graded.score,
            "feedback": graded.feedback._asdict(),
            "due": _iso(self.log.due_of(question.id)),
        }

    def undo(self, event: int) -> Json:
        """Take an answer back."""
        try:
            question = self.log.undo(event)
        except StorageError:
            raise
        except InputError as error:
            raise Conflict(error.where, error.what, error.remedy) from None
        return {"question": question, "due": _iso(self.log.due_of(question))}

    def suspend(self, question_id: str, suspended: bool) -> Json:
        """Leave a question out of the reviews, or take it in again."""
        question = _question(question_id)
        self.log.suspend(question.id, question.technique, suspended)
        return {"question": question.id, "suspended": suspended}

    def drill(self, technique_id: str) -> Json:
        """The skeleton and the hints of a drill."""
        card = known(technique_id)
        hints = [hint._asdict() for hint in drill.hints(card)]
        return {"technique": card.id, "blank": drill.blank(card), "hints": hints}

    def grade(self, technique_id: str, source: str, lang: str | None) -> Json:
        """Judge a solution in the judge's process, and keep the verdict."""
        card = known(technique_id)
        verdict = drill.grade(card.id, source, lang=lang)
        self.log.drilled(card.id, verdict.passed, verdict.mistake, verdict.seconds)
        return {**verdict.as_json(), "printed": verdict.printed}


@functools.cache
def banks() -> dict[str, tuple[Question, ...]]:
    """The questions of every technique, in the order of study; read once."""
    return {each.id: parse(each.questions, each.id) for each in catalog().values()}


@functools.cache
def questions() -> dict[str, Question]:
    """All questions by their id, in the order of study."""
    return {question.id: question for bank in banks().values() for question in bank}


def _question(question_id: str) -> Question:
    if question_id not in questions():
        raise Unknown(question_id, "is no question", "take one that `due` gave")
    return questions()[question_id]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _public(question: Question, seed: int, due: str | None) -> Json:
    shown = question.shown(seed)
    return {"technique": question.technique, "due": due, "en": shown.public("en"), "zh": shown.public("zh")}


def _card(card: Technique) -> Json:
    return {
        "id": card.id,
        "section": card.section,
        "tier": card.tier,
        "title": card.title._asdict(),
        "summary": card.summary._asdict(),
        "minutes": card.minutes,
        "after": list(card.after),
        "questions": len(banks()[card.id]),
        "notebook": f"{card.tier}/{card.id}.ipynb",
        "drill": card.names[0],
        "knobs": _knobs(card),
    }


@functools.cache
def _knobs_of(path: str, changed: int) -> list[Json]:
    with open(path, encoding="utf-8") as file:
        found: list[Json] = json.load(file)["metadata"]["studykit"]["knobs"]
    return found


def _knobs(card: Technique) -> list[Json]:
    """What the notebook's parameters may be; none where it is not built yet."""
    try:
        return _knobs_of(str(card.notebook), card.notebook.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError):
        return []
