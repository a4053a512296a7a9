"""What to ask in a review, in a terminal as in the panel."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from studykit.progress import Progress
from studykit.question import Question


def due(log: Progress, bank: Mapping[str, Question]) -> list[tuple[Question, datetime]]:
    """Those of the bank's questions whose review has come, the longest due first."""
    return [(bank[name], moment) for name, _, moment in log.waiting() if name in bank]


def to_ask(log: Progress, bank: Mapping[str, Question], limit: int, new: int) -> list[tuple[Question, datetime | None]]:
    """What is due, then what was never answered, in the order of the bank.

    Args:
        log: The learner's.
        bank: The questions that are meant, by their id.
        limit: How many at most.
        new: How many of them may be new.
    """
    asked: list[tuple[Question, datetime | None]] = [*due(log, bank)][:limit]
    seen = log.answered_questions() | log.suspended()
    fresh = (each for each in bank.values() if each.id not in seen)
    return asked + [(each, None) for each in islice(fresh, min(new, limit - len(asked)))]
