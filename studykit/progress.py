"""What a learner did: an append-only log of events in one SQLite file, and the cards that FSRS schedules from it.

An event is committed to disk (write-ahead log, `synchronous=FULL`) before `record` returns, so that an acknowledged
answer survives a killed kernel. Cards are a cache: replaying the events in order gives exactly the same cards, because
FSRS runs without its random fuzz. Several kernels and the server may have the file open at once.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fsrs import Card, Rating, Scheduler

from studykit.errors import InputError
from studykit.events import ANSWERS, Due, Event, Known, check, event_of, iso, name_of, sameness, utc
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
    (
        # What the chance of knowing an answer is computed from, beside the card, so that thousands are read at once.
        "ALTER TABLE cards ADD COLUMN stability REAL",
        "ALTER TABLE cards ADD COLUMN reviewed TEXT",
        "UPDATE cards SET stability = json_extract(card, '$.stability'), reviewed = json_extract(card, '$.last_review')",
        "CREATE TABLE suspended (question TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE INDEX events_by_kind ON events (kind, technique)",
    ),
)
_PAGE = 1000
_WAITS = "due <= ? AND question NOT IN (SELECT question FROM suspended)"


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
        self._asked = Card(card_id=0)  # used over and over: making thousands takes longer than asking
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
        check(where, kind, item, data)
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
            f"{technique}{item}{text}".encode()  # half a surrogate pair has no place in UTF-8
        except (TypeError, ValueError) as error:
            raise InputError(where, f"data is not JSON ({error})", "give numbers, strings, lists and dicts") from error
        utc(at, "at")

        def append() -> int:
            # The present is asked for under the lock, so that the log is in the order of time, whoever writes.
            event = Event(0, utc(at, "at"), self.session, kind, technique, item, json.loads(text))
            number = self._append(event)
            self._apply(event)
            return number

        return self._journal.transaction(append)

    def merge(self, events: Iterable[Event]) -> int:
        """Take in the events of another log, all or none, and derive the cards anew; those known already are passed over.

        Returns:
            How many were new.

        Raises:
            InputError: One of them can't be kept.
        """

        def append() -> int:
            known = {sameness(each) for each in self.events()}
            new = [each for each in events if sameness(each) not in known]
            for each in new:
                check(f"{each.kind} event of {each.technique}, {iso(each.at)}", each.kind, each.item, each.data)
                self._append(each)
            if new:
                self._replay()
            return len(new)

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

    def undo(self, number: int) -> str:
        """Take an answer back: it stays in the log, and counts for nothing.

        Args:
            number: The event, as `answered` returned it.

        Returns:
            The question, whose card is again what it was without the answer.

        Raises:
            InputError: The event is no answer, or was taken back before.
        """

        def take_back() -> str:
            found = self._journal.connection.execute("SELECT * FROM events WHERE id = ?", (number,)).fetchone()
            event = event_of(found) if found else None
            if event is None or event.kind not in ANSWERS or event.item is None:
                raise InputError(f"event {number}", "is no answer", "give the number of one")
            if name_of(event) in self._undone(event.item):
                raise InputError(f"event {number}", "was taken back already", "answer the question again")
            self._append(Event(0, datetime.now(UTC), self.session, "undo", event.technique, event.item, {"of": name_of(event)}))
            self._replay(event.technique, event.item)
            return event.item

        return self._journal.transaction(take_back)

    def suspend(self, question_id: str, technique: str, suspended: bool = True) -> int:
        """Leave a question out of the reviews, or take it in again.

        Args:
            question_id: The question.
            technique: The technique it belongs to.
            suspended: Whether it is to be left out.

        Returns:
            The event's number.
        """
        return self.record("suspend", technique, question_id, suspended=suspended)

    def answered_questions(self) -> set[str]:
        """The questions that were answered at least once."""
        return {question for (question,) in self._journal.read("SELECT question FROM cards")}

    def due_of(self, question_id: str) -> datetime | None:
        """When a question's next review comes, or None where it was never answered."""
        found = self._journal.read("SELECT due FROM cards WHERE question = ?", (question_id,))
        return datetime.fromisoformat(found[0][0]) if found else None

    def suspended(self) -> set[str]:
        """The questions that are left out of the reviews."""
        return {question for (question,) in self._journal.read("SELECT question FROM suspended")}

    def due(self, now: datetime | None = None, limit: int | None = None) -> list[Due]:
        """The questions to review now, the longest due first; without those that are suspended.

        Args:
            now: The moment asked about, with its time zone; by default the present.
            limit: How many at most.
        """
        now = utc(now, "now")
        select = (
            "SELECT question, technique, due, stability, reviewed, reviews FROM cards"
            f" WHERE {_WAITS} ORDER BY due, question LIMIT ?"
        )
        return [
            Due(question, technique, datetime.fromisoformat(due), self._chance(stability, reviewed, now), reviews)
            for question, technique, due, stability, reviewed, reviews in self._journal.read(
                select, (iso(now), -1 if limit is None else limit)
            )
        ]

    def waiting(self, now: datetime | None = None) -> list[tuple[str, str, datetime]]:
        """Question, technique and time of all that is due now, the longest due first: `due` without its chances."""
        select = f"SELECT question, technique, due FROM cards WHERE {_WAITS} ORDER BY due, question"
        found = self._journal.read(select, (iso(utc(now, "now")),))
        return [(question, technique, datetime.fromisoformat(due)) for question, technique, due in found]

    def mastery(self, totals: Mapping[str, int] | None = None, now: datetime | None = None) -> dict[str, float]:
        """How well each technique is known, 0 to 1: the mean over its questions of last score times retrievability.

        Retrievability is FSRS's chance that the answer is still known, so mastery falls while nothing is reviewed. Its
        unit of time is a day, which is why the last score is a factor: a question just failed counts 0, not 1.

        Args:
            totals: How many questions each technique has; those never answered count 0. Without it the mean is over
                the answered ones.
            now: The moment asked about, with its time zone; by default the present.
        """
        return {technique: known.mastery for technique, known in self.known(totals, now).items()}

    def known(self, totals: Mapping[str, int] | None = None, now: datetime | None = None) -> dict[str, Known]:
        """What is known of each technique; arguments as of `mastery`."""
        now = utc(now, "now")
        chances: dict[str, list[float]] = {technique: [] for technique in totals or ()}
        select = "SELECT technique, score, stability, reviewed FROM cards"
        for technique, score, stability, reviewed in self._journal.read(select):
            chances.setdefault(technique, []).append(score * self._chance(stability, reviewed, now))
        waiting = dict(
            self._journal.read(f"SELECT technique, count(*) FROM cards WHERE {_WAITS} GROUP BY technique", (iso(now),))
        )
        drills = dict(
            self._journal.read(
                "SELECT technique, max(json_extract(data, '$.passed')) FROM events WHERE kind = 'drill' GROUP BY technique"
            )
        )
        found = {}
        for technique, each in chances.items():
            of = max(len(each), (totals or {}).get(technique, 0))
            drill = None if technique not in drills else "passed" if drills[technique] else "failed"
            found[technique] = Known(sum(each) / of if each else 0.0, waiting.get(technique, 0), len(each), drill)
        return found

    def retention(self, technique: str, days: int = 30, now: datetime | None = None) -> list[float]:
        """The mean chance, 0 to 1, that its answered questions are still known today, tomorrow, …; empty with none.

        Args:
            technique: The technique.
            days: How many days.
            now: The first of them, with its time zone; by default the present.
        """
        now = utc(now, "now")
        cards = self._journal.read("SELECT stability, reviewed FROM cards WHERE technique = ?", (technique,))
        moments = [now + timedelta(days=day) for day in range(days if cards else 0)]
        return [
            sum(self._chance(stability, reviewed, moment) for stability, reviewed in cards) / len(cards)
            for moment in moments
        ]

    def events(self, kind: str | None = None, technique: str | None = None, *, after: int = 0) -> Iterator[Event]:
        """The events in their order, all or those of a kind, of a technique, or after the event numbered `after`."""
        select = (
            "SELECT * FROM events WHERE id > :after AND (:kind IS NULL OR kind = :kind)"
            f" AND (:technique IS NULL OR technique = :technique) ORDER BY id LIMIT {_PAGE}"
        )
        # Page by page: one long cursor would keep the write-ahead log from being folded back while it is read.
        while page := self._journal.read(select, {"after": after, "kind": kind, "technique": technique}):
            yield from map(event_of, page)
            after = page[-1][0]

    def history(self, item: str) -> list[Event]:
        """All that happened to one item, such as a question, in its order."""
        return [event_of(row) for row in self._journal.read("SELECT * FROM events WHERE item = ? ORDER BY id", (item,))]

    def rebuild(self) -> int:
        """Derive all cards anew from the events, and return how many there are."""

        def replay() -> int:
            self._replay()
            return int(self._journal.connection.execute("SELECT count(*) FROM cards").fetchone()[0])

        return self._journal.transaction(replay)

    def _append(self, event: Event) -> int:
        text = json.dumps(event.data, ensure_ascii=False, allow_nan=False)
        row = (iso(event.at), event.session, event.kind, event.technique, event.item, text)
        insert = "INSERT INTO events (at, session, kind, technique, item, data) VALUES (?, ?, ?, ?, ?, ?)"
        return self._journal.connection.execute(insert, row).lastrowid or 0

    def _replay(self, technique: str | None = None, question: str | None = None) -> None:
        """Derive the cards anew: all, or that of one question."""
        for table in ("cards", "suspended"):
            self._journal.connection.execute(
                f"DELETE FROM {table} WHERE :only IS NULL OR question = :only", {"only": question}
            )
        undone = self._undone(question)
        # In the order of time: what was merged from another machine lies between what happened here.
        for event in sorted(self.events(technique=technique), key=lambda each: each.at):
            whole = question is None or event.kind not in (*ANSWERS, "suspend")  # of a technique, not of a question
            if (whole or event.item == question) and name_of(event) not in undone:
                self._apply(event, question)

    def _undone(self, question: str | None) -> list[str]:
        select = "SELECT json_extract(data, '$.of') FROM events WHERE kind = 'undo' AND (:item IS NULL OR item = :item)"
        return [name for (name,) in self._journal.read(select, {"item": question})]

    def _apply(self, event: Event, only: str | None = None) -> None:
        """What an event means for the cards, or for one of them; recording and replaying both go through here."""
        execute = self._journal.connection.execute
        if event.kind in ANSWERS:
            found = execute("SELECT card, reviews FROM cards WHERE question = ?", (event.item,)).fetchone()
            # A number of its own: FSRS would otherwise make one from the clock.
            card, reviews = (Card.from_json(found[0]), found[1]) if found else (Card(card_id=0, due=event.at), 0)
            score = 1.0 if event.data["correct"] else float(event.data["score"])
            rating = Rating.Good if event.data["correct"] else Rating.Hard if score else Rating.Again
            card, _ = self._scheduler.review_card(card, rating, event.at)
            row = (event.item, event.technique, iso(card.due), score, reviews + 1, card.to_json())
            execute(
                "INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, card.stability, event.at.isoformat())
            )
        elif event.kind == "suspend":
            change = "INSERT OR IGNORE INTO suspended VALUES (?)"
            execute(change if event.data["suspended"] else "DELETE FROM suspended WHERE question = ?", (event.item,))
        elif event.kind == "lint" or (event.kind == "drill" and not event.data.get("passed")):
            named = {"at": iso(event.at), "technique": event.technique, "only": only}
            execute(
                "UPDATE cards SET due = :at WHERE technique = :technique AND due > :at"
                " AND (:only IS NULL OR question = :only)",
                named,
            )

    def _chance(self, stability: float, reviewed: str, now: datetime) -> float:
        self._asked.stability, self._asked.last_review = stability, datetime.fromisoformat(reviewed)
        return float(self._scheduler.get_card_retrievability(self._asked, now))
