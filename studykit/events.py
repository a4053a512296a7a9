"""What the learner's log consists of: events, and the tuples that are read off them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from studykit.errors import InputError

ANSWERS = ("quiz", "review")  # the kinds of events from which cards are scheduled


class Event(NamedTuple):
    """One thing that happened."""

    id: int
    at: datetime
    session: str
    kind: str
    technique: str
    item: str | None
    data: dict[str, Any]


class Due(NamedTuple):
    """A question whose review has come; `retrievability` is the chance, 0 to 1, that it is still known."""

    question_id: str
    technique: str
    due: datetime
    retrievability: float
    reviews: int


class Known(NamedTuple):
    """What is known of one technique.

    Attributes:
        mastery: 0 to 1: the mean over its questions of last score times retrievability.
        due: How many of its questions wait for a review.
        answered: How many were answered at least once.
        drill: `passed` once its drill was, `failed` if it was only tried, else None.
    """

    mastery: float = 0.0
    due: int = 0
    answered: int = 0
    drill: str | None = None


def event_of(row: tuple[Any, ...]) -> Event:
    """The event of a row of the table `events`."""
    number, at, session, kind, technique, item, data = row
    return Event(number, datetime.fromisoformat(at), session, kind, technique, item, json.loads(data))


def utc(moment: datetime | None, name: str) -> datetime:
    """The moment in UTC, the present for None; one without its time zone is refused, for it could be any hour."""
    if moment is None:
        return datetime.now(UTC)
    if moment.tzinfo is None:
        raise InputError(
            name, f"{moment.isoformat()} has no time zone", "pass datetime.now(UTC) or .astimezone() of it"
        )
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """The moment with all its digits, so that the order of the texts is the order of the moments."""
    return moment.isoformat(timespec="microseconds")


def check(where: str, kind: str, item: str | None, data: Mapping[str, Any]) -> None:
    """What the cards are derived from must be there."""
    score = data.get("score")
    if kind in ANSWERS and (
        item is None
        or not isinstance(data.get("correct"), bool)
        or not isinstance(score, int | float)
        or not 0 <= score <= 1
    ):
        raise InputError(where, f"an answer to {item} with score {score}", "give item, correct and a score 0 to 1")
    if kind == "suspend" and (item is None or not isinstance(data.get("suspended"), bool)):
        raise InputError(where, f"suspended is {data.get('suspended')!r}", "give item, and suspended as true or false")


def name_of(event: Event) -> str:
    """Tells an event from all others, in whichever file it lies."""
    return f"{event.session} {iso(event.at)}"


def sameness(event: Event) -> tuple[object, ...]:
    """Equal for an event and its copy from another file."""
    return (*event[1:6], json.dumps(event.data, sort_keys=True))
