"""What a learner did: an append-only log of events in one SQLite file, and the cards that FSRS schedules from it.

An event is committed to disk (write-ahead log, `synchronous=FULL`) before `record` returns, so that an acknowledged
answer survives a killed kernel. Cards are a cache: replaying the events in order gives exactly the same cards, because
FSRS runs without its random fuzz. Several kernels and the server may have the file open at once.
"""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from fsrs import Card, Rating, Scheduler

from studykit.errors import InputError
from studykit.home import home
from studykit.journal import Journal

# See Journal: what has been published here never changes, a new schema is a new step.
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, session TEXT NOT NULL,"
        " kind TEXT NOT NULL, technique TEXT NOT NULL, item TEXT, data TEXT NOT NULL)",
        "CREATE INDEX events_by_item ON events (item)",
        "CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
        "CREATE TRIGGER events_last BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
        "CREATE TABLE cards (question TEXT PRIMARY KEY, technique TEXT NOT NULL, due TEXT NOT NULL,"
        " score REAL NOT NULL, reviews INTEGER NOT NULL, card TEXT NOT NULL) WITHOUT ROWID",
        "CREATE INDEX cards_by_due ON cards (due)",
    ),
)
_ANSWERS = ("quiz", "review")
_PAGE = 1000


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


class Progress:
    """The learner's log, its cards and what follows from them.

    Args:
        path: The SQLite file; by default `progress.sqlite3` in `studykit.home.home()`. Made where there is none.
        patience: Seconds to wait for other processes that write to the file.

    Raises:
        InputError: The file can't be used (no access, damaged, something else's, a newer studykit's); it is left as
            it is.
    """

    def __init__(self, path: Path | str | None = None, *, patience: float = 10.0) -> None:
        self.path = Path(path) if path is not None else home() / "progress.sqlite3"
        self.session = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._scheduler = Scheduler(enable_fuzzing=False)
        self._journal = Journal(self.path, _STEPS, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def record(
        self, kind: str, technique: str, item: str | None = None, *, at: datetime | None = None, **data: Any
    ) -> int:
        """Append one event; it is on the disk when this returns.

        A failed `drill` and a `lint` (a false statement in a typed answer) make the technique's cards due at once.

        Args:
            kind: `quiz`, `drill`, `run`, `opened`, `review`, `lint` or another word.
            technique: The technique's id.
            item: What it was about, such as a question's id.
            at: When it happened, with its time zone; by default now.
            **data: What else is known, as JSON can hold it. `quiz` and `review` need `correct` and `score`.

        Returns:
            The event's number, growing in the order of recording.

        Raises:
            InputError: The event can't be kept; nothing was recorded.
        """
        where = f"{kind} event of {technique}"
        score = data.get("score")
        if kind in _ANSWERS and (
            item is None or "correct" not in data or not isinstance(score, int | float) or not 0 <= score <= 1
        ):
            raise InputError(where, f"an answer to {item} with score {score}", "give item, correct and a score 0 to 1")
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(where, f"data is not JSON ({error})", "give numbers, strings, lists and dicts") from error
        event = Event(0, _utc(at, "at"), self.session, kind, technique, item, data)

        def append() -> int:
            row = (_iso(event.at), event.session, kind, technique, item, text)
            insert = "INSERT INTO events (at, session, kind, technique, item, data) VALUES (?, ?, ?, ?, ?, ?)"
            number = self._journal.connection.execute(insert, row).lastrowid or 0
            self._apply(event)
            return number

        return self._journal.transaction(append)

    def answered(
        self, question_id: str, technique: str, *, correct: bool, score: float, given: Any, at: datetime | None = None
    ) -> int:
        """Record an answer and schedule the question's next review: wrong is Again, partly right Hard, right Good.

        Args:
            question_id: The question.
            technique: The technique it belongs to.
            correct: Whether it was right.
            score: Share of the points, 0 to 1.
            given: The answer as it was given.
            at: When, with its time zone; by default now.

        Returns:
            The event's number.
        """
        return self.record("quiz", technique, question_id, at=at, correct=correct, score=score, given=given)

    def drilled(
        self,
        technique: str,
        passed: bool,
        mistake: str | None = None,
        seconds: float = 0.0,
        *,
        at: datetime | None = None,
    ) -> int:
        """Record a graded drill; a failed one makes the technique's seen questions due at once.

        Args:
            technique: The technique.
            passed: The verdict.
            mistake: The name of the known mistake, or None.
            seconds: How long the check took.
            at: When, with its time zone; by default now.

        Returns:
            The event's number.
        """
        return self.record("drill", technique, at=at, passed=passed, mistake=mistake, seconds=seconds)

    def due(self, now: datetime | None = None, limit: int | None = None) -> list[Due]:
        """The questions to review now, the longest due first.

        Args:
            now: The moment asked about, with its time zone; by default the present.
            limit: How many at most.
        """
        now = _utc(now, "now")
        select = (
            "SELECT question, technique, due, card, reviews FROM cards WHERE due <= ? ORDER BY due, question LIMIT ?"
        )
        return [
            Due(question, technique, datetime.fromisoformat(due), self._retrievability(card, now), reviews)
            for question, technique, due, card, reviews in self._journal.read(
                select, (_iso(now), -1 if limit is None else limit)
            )
        ]

    def mastery(self, totals: Mapping[str, int] | None = None, now: datetime | None = None) -> dict[str, float]:
        """How well each technique is known, 0 to 1: the mean over its questions of last score times retrievability.

        Retrievability is FSRS's chance that the answer is still known, so mastery falls while nothing is reviewed. Its
        unit of time is a day, which is why the last score is a factor: a question just failed counts 0, not 1.

        Args:
            totals: How many questions each technique has; those never answered count 0. Without it the mean is over
                the answered ones.
            now: The moment asked about, with its time zone; by default the present.
        """
        now = _utc(now, "now")
        known: dict[str, list[float]] = {technique: [] for technique in totals or ()}
        for technique, score, card in self._journal.read("SELECT technique, score, card FROM cards"):
            known.setdefault(technique, []).append(score * self._retrievability(card, now))
        counts = {technique: max(len(each), (totals or {}).get(technique, 0)) for technique, each in known.items()}
        return {technique: sum(each) / counts[technique] if each else 0.0 for technique, each in known.items()}

    def events(self, kind: str | None = None, technique: str | None = None, *, after: int = 0) -> Iterator[Event]:
        """The events in their order, all or those of a kind, of a technique, or after the event numbered `after`."""
        select = (
            "SELECT * FROM events WHERE id > :after AND (:kind IS NULL OR kind = :kind)"
            f" AND (:technique IS NULL OR technique = :technique) ORDER BY id LIMIT {_PAGE}"
        )
        # Page by page: one long cursor would keep the write-ahead log from being folded back while it is read.
        while page := self._journal.read(select, {"after": after, "kind": kind, "technique": technique}):
            yield from map(_event, page)
            after = page[-1][0]

    def history(self, item: str) -> list[Event]:
        """All that happened to one item, such as a question, in its order."""
        return [_event(row) for row in self._journal.read("SELECT * FROM events WHERE item = ? ORDER BY id", (item,))]

    def rebuild(self) -> int:
        """Derive all cards anew from the events, and return how many there are."""

        def replay() -> int:
            self._journal.connection.execute("DELETE FROM cards")
            for event in self.events():
                self._apply(event)
            return int(self._journal.connection.execute("SELECT count(*) FROM cards").fetchone()[0])

        return self._journal.transaction(replay)

    def _apply(self, event: Event) -> None:
        """What an event means for the cards; recording and replaying both go through here."""
        if event.kind in _ANSWERS:
            found = self._journal.connection.execute(
                "SELECT card, reviews FROM cards WHERE question = ?", (event.item,)
            ).fetchone()
            # A number of its own: FSRS would otherwise make one from the clock.
            card, reviews = (Card.from_json(found[0]), found[1]) if found else (Card(card_id=0, due=event.at), 0)
            score = 1.0 if event.data["correct"] else float(event.data["score"])
            rating = Rating.Good if event.data["correct"] else Rating.Hard if score else Rating.Again
            card, _ = self._scheduler.review_card(card, rating, event.at)
            row = (event.item, event.technique, _iso(card.due), score, reviews + 1, card.to_json())
            self._journal.connection.execute("INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?, ?, ?)", row)
        elif event.kind == "lint" or (event.kind == "drill" and not event.data.get("passed")):
            at = _iso(event.at)
            self._journal.connection.execute(
                "UPDATE cards SET due = ? WHERE technique = ? AND due > ?", (at, event.technique, at)
            )

    def _retrievability(self, card: str, now: datetime) -> float:
        return float(self._scheduler.get_card_retrievability(Card.from_json(card), now))


def _event(row: tuple[Any, ...]) -> Event:
    number, at, session, kind, technique, item, data = row
    return Event(number, datetime.fromisoformat(at), session, kind, technique, item, json.loads(data))


def _utc(moment: datetime | None, name: str) -> datetime:
    """The moment in UTC, the present for None; one without its time zone is refused, for it could be any hour."""
    if moment is None:
        return datetime.now(UTC)
    if moment.tzinfo is None:
        raise InputError(
            name, f"{moment.isoformat()} has no time zone", "pass datetime.now(UTC) or .astimezone() of it"
        )
    return moment.astimezone(UTC)


def _iso(moment: datetime) -> str:
    # All digits always, so that the order of the texts is the order of the moments.
    return moment.isoformat(timespec="microseconds")
