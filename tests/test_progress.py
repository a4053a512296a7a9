"""The learner's log: what is acknowledged stays, whatever happens to the process, the file or the disk."""

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studykit import progress as module
from studykit.errors import InputError
from studykit.events import Known
from studykit.journal import Journal
from studykit.progress import Progress

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOBODY = 65534


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def kernel(path: str, name: str, count: str, kilobytes: str) -> None:
    """Another process: record answers and print each one's number once `record` has returned."""
    if limit := int(kilobytes) * 1024:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with Progress(Path(path)) as progress:
        for n in range(int(count)):
            progress.record("quiz", "lion", f"lion-{n % 20}", correct=n % 3 > 0, score=0, given="b", name=name, n=n)
            print(n, flush=True)


def start(path: Path, name: str, count: int, kilobytes: int = 0) -> "subprocess.Popen[str]":
    root = Path(module.__file__).resolve().parent.parent
    command = [sys.executable, __file__, str(path), name, str(count), str(kilobytes)]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}
    )


def cards(path: Path) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT * FROM cards ORDER BY question").fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "progress.sqlite3"


@contextlib.contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder to work in as a user whom the system refuses things, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as folder:
        user = os.geteuid()
        if user == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)


# What it records


def test_an_event_comes_back_as_it_was(path: Path) -> None:
    with Progress(path) as progress:
        number = progress.record("run", "lion", at=START, lr=1e-3, note="学习率", curve=[1.0, 0.5])
        progress.answered("lion-1", "lion", correct=True, score=1.0, given="b")
        [run] = progress.events("run")
        assert run[:2] == (number, START) and run.item is None
        assert run.data == {"lr": 1e-3, "note": "学习率", "curve": [1.0, 0.5]}
        assert run.session.startswith(f"{os.getpid()}-")
        [answer] = progress.history("lion-1")
        assert answer.data == {"correct": True, "score": 1.0, "given": "b"} and answer.at.tzinfo is UTC
        assert [event.kind for event in progress.events(technique="lion")] == ["run", "quiz"]
        assert list(progress.events(technique="adamw")) == [] == list(progress.events(after=answer.id))


def test_times_in_another_zone_are_kept_in_utc(path: Path) -> None:
    with Progress(path) as progress:
        progress.record("opened", "lion", at=START.astimezone())
        assert next(progress.events()).at == START
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT at FROM events").fetchone() == ("2026-03-01T09:00:00.000000+00:00",)


def test_a_time_without_its_zone_is_refused(path: Path) -> None:
    naive = START.replace(tzinfo=None)
    with Progress(path) as progress:
        for ask in (progress.due, lambda now: progress.mastery(now=now), lambda at: progress.record("run", "x", at=at)):
            with pytest.raises(InputError, match="has no time zone"):
                ask(naive)
        assert list(progress.events()) == []


@pytest.mark.parametrize("data", [{"loss": float("nan")}, {"given": object()}])
def test_what_json_cannot_hold_is_refused(path: Path, data: dict[str, object]) -> None:
    with Progress(path) as progress:
        with pytest.raises(InputError, match=r"run event of lion: data is not JSON"):
            progress.record("run", "lion", **data)
        assert list(progress.events()) == []


@pytest.mark.parametrize("data", [{}, {"correct": True, "score": 1.5}, {"correct": True, "score": "1"}])
def test_an_answer_without_its_score_is_refused(path: Path, data: dict[str, object]) -> None:
    with Progress(path) as progress, pytest.raises(InputError, match="give item, correct and a score"):
        progress.record("quiz", "lion", "lion-1", **data)


def test_events_can_only_be_appended(path: Path) -> None:
    with Progress(path) as progress:
        progress.record("opened", "lion")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in ("DELETE FROM events", "UPDATE events SET kind = 'quiz'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


# What follows from it


def test_a_wrong_answer_returns_before_a_partial_one_before_a_right_one(path: Path) -> None:
    with Progress(path) as progress:
        for question, correct, score in (("right", True, 1.0), ("partial", False, 0.5), ("wrong", False, 0.0)):
            progress.answered(question, "lion", correct=correct, score=score, given="", at=START)
        due = progress.due(hours(24))
        assert [each.question_id for each in due] == ["wrong", "partial", "right"]
        assert START < due[0].due < due[1].due < due[2].due and due[0].reviews == 1
        assert [each.question_id for each in progress.due(hours(24), limit=1)] == ["wrong"]
        assert progress.due(START) == []


def test_intervals_grow_while_answers_are_right(path: Path) -> None:
    with Progress(path) as progress:
        moment, waits = START, []
        for _ in range(6):
            progress.answered("q", "lion", correct=True, score=1.0, given="b", at=moment)
            [card] = progress.due(moment + timedelta(days=5000))
            waits.append(card.due - moment)
            moment = card.due
        assert waits == sorted(waits) and waits[-1] > timedelta(days=20)


@pytest.mark.parametrize("kind", ["drill", "lint"])
def test_a_mistake_elsewhere_makes_the_techniques_cards_due(path: Path, kind: str) -> None:
    with Progress(path) as progress:
        for question, technique in (("a", "lion"), ("b", "adamw")):
            for moment in (0, 1, 25):
                progress.answered(question, technique, correct=True, score=1.0, given="", at=hours(moment))
        progress.drilled("lion", True, seconds=1.5, at=hours(26))
        assert progress.due(hours(26)) == []
        if kind == "drill":
            progress.drilled("lion", False, "no_sign", 2.0, at=hours(27))
        else:
            progress.record("lint", "lion", "lion-claim", at=hours(27))
        assert [(each.question_id, each.due) for each in progress.due(hours(27))] == [("a", hours(27))]
        progress.answered("a", "lion", correct=True, score=1.0, given="", at=hours(28))
        assert progress.due(hours(28)) == []


def test_mastery_is_score_times_retrievability_over_all_questions(path: Path) -> None:
    with Progress(path) as progress:
        assert progress.mastery() == {}
        progress.answered("a", "lion", correct=True, score=1.0, given="", at=START)
        progress.answered("b", "lion", correct=False, score=0.0, given="", at=START)
        assert progress.mastery(now=START) == {"lion": 0.5}
        assert progress.mastery({"lion": 4, "adamw": 3}, START) == {"lion": 0.25, "adamw": 0.0}
        assert 0 < progress.mastery(now=START + timedelta(days=60))["lion"] < 0.5


def test_replaying_gives_the_same_cards(path: Path) -> None:
    with Progress(path) as progress:
        for n in range(300):
            right, at = n % 4 > 0, hours(7 * n)
            progress.answered(f"q{n % 9}", f"t{n % 3}", correct=right, score=right or n % 8 / 8, given="", at=at)
            if n % 50 == 0:
                progress.drilled(f"t{n % 3}", False, at=hours(7 * n + 1))
        before = cards(path)
        assert progress.rebuild() == 9 and cards(path) == before


def test_an_answer_that_is_taken_back_counts_for_nothing(path: Path) -> None:
    def told(progress: Progress, mistakes: int) -> list[int]:
        numbers = []
        for n in range(12):
            right = n not in (5, 9)[:mistakes]
            numbers.append(progress.answered(f"q{n % 3}", "lion", correct=right, score=right, given="", at=hours(30 * n)))
            if n == 7:
                progress.drilled("lion", False, at=hours(30 * n + 1))
        return numbers

    other = path.with_name("other.sqlite3")
    with Progress(path) as progress, Progress(other) as without:
        numbers = told(progress, 1)
        for n in range(12):
            if n != 5:
                without.answered(f"q{n % 3}", "lion", correct=True, score=1.0, given="", at=hours(30 * n))
            if n == 7:
                without.drilled("lion", False, at=hours(30 * n + 1))
        assert progress.undo(numbers[5]) == "q2"
        assert cards(path) == cards(other)
        before = cards(path)
        assert progress.rebuild() == 3 and cards(path) == before
        assert len(progress.history("q2")) == 5  # the log keeps the answer, and says that it was taken back
        with pytest.raises(InputError, match=r"was taken back already; answer the question again"):
            progress.undo(numbers[5])
        drill = next(progress.events("drill")).id
        for number in (drill, 10_000):
            with pytest.raises(InputError, match=f"event {number}: is no answer"):
                progress.undo(number)


def test_the_only_answer_taken_back_leaves_no_card(path: Path) -> None:
    with Progress(path) as progress:
        progress.undo(progress.answered("a", "lion", correct=False, score=0.0, given="", at=START))
        assert cards(path) == [] and progress.due(hours(99)) == []


def test_a_suspended_question_is_not_due_until_it_is_taken_in_again(path: Path) -> None:
    with Progress(path) as progress:
        for question in ("a", "b"):
            progress.answered(question, "lion", correct=False, score=0.0, given="", at=START)
        progress.suspend("a", "lion")
        assert [each.question_id for each in progress.due(hours(1))] == ["b"]
        assert progress.known(now=hours(1))["lion"].due == 1
        progress.rebuild()
        assert progress.suspended() == {"a"}
        progress.answered("a", "lion", correct=False, score=0.0, given="", at=hours(1))
        assert [each.question_id for each in progress.due(hours(2))] == ["b"]
        progress.suspend("a", "lion", False)
        assert [each.question_id for each in progress.due(hours(2))] == ["b", "a"]


def test_what_is_known_of_each_technique(path: Path) -> None:
    with Progress(path) as progress:
        assert progress.known({"lion": 4}) == {"lion": Known()}
        progress.answered("a", "lion", correct=True, score=1.0, given="", at=START)
        progress.drilled("lion", False, at=START)
        assert progress.known({"lion": 4}, START) == {"lion": Known(0.25, 1, 1, "failed")}
        progress.drilled("lion", True, at=START)
        progress.drilled("lion", False, at=START)
        assert progress.known({"lion": 4}, START)["lion"].drill == "passed"


def test_retention_falls_from_day_to_day(path: Path) -> None:
    with Progress(path) as progress:
        assert progress.retention("lion") == []
        progress.answered("a", "lion", correct=True, score=1.0, given="", at=START)
        curve = progress.retention("lion", 10, START)
        assert len(curve) == 10 and curve[0] == 1 and curve == sorted(curve, reverse=True) and curve[-1] < 0.9


def test_logs_of_two_machines_become_one(path: Path) -> None:
    here, there = path, path.with_name("there.sqlite3")
    with Progress(here) as one, Progress(there) as two:
        for n in range(10):
            log = (one, two)[n % 2]
            log.answered("a", "lion", correct=n % 3 > 0, score=float(n % 3 > 0), given="é", at=hours(40 * n))
        number = two.answered("b", "lion", correct=False, score=0.0, given="", at=hours(500))
        two.undo(number)
        assert one.merge(list(two.events())) == 7 and one.merge(list(two.events())) == 0
        assert two.merge(list(one.events())) == 5
    assert cards(here) == cards(there) and len(cards(here)) == 1


def test_a_hundred_thousand_events_are_read_at_once(path: Path) -> None:
    with Progress(path):
        pass
    data = json.dumps({"correct": True, "score": 1.0, "given": "b"})
    rows = [(hours(n).isoformat(timespec="microseconds"), "opened", f"q{n % 1500}", data) for n in range(100_000)]
    rows[::20] = [(at, "quiz", question, data) for at, _, question, data in rows[::20]]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        insert = "INSERT INTO events (at, session, kind, technique, item, data) VALUES (?, 's', ?, 'lion', ?, ?)"
        connection.executemany(insert, rows)
        connection.commit()
    with Progress(path) as progress:
        progress.rebuild()
    began = time.perf_counter()
    with Progress(path) as progress:
        due = progress.due(START + timedelta(days=50_000))
    assert len(due) == 75 and time.perf_counter() - began < 1


# Several processes


def test_what_was_acknowledged_survives_kill_9_and_the_other_goes_on(path: Path) -> None:
    victim, other = start(path, "victim", 100_000), start(path, "other", 750)
    with victim, other:
        for _ in range(250):
            victim.stdout.readline()
        victim.send_signal(signal.SIGKILL)
        acknowledged = 250 + len(victim.stdout.read().splitlines())
        out, err = other.communicate(timeout=60)
    assert victim.returncode == -signal.SIGKILL and other.returncode == 0, err
    assert len(out.splitlines()) == 750
    before = cards(path)
    with Progress(path) as progress:
        kept: dict[str, list[int]] = {"victim": [], "other": []}
        for event in progress.events():
            kept[event.data["name"]].append(event.data["n"])
        assert progress.rebuild() == 20 and cards(path) == before
    assert kept["other"] == list(range(750))
    # It may have been killed between the disk's word and its own.
    assert len(kept["victim"]) - acknowledged in (0, 1) and kept["victim"] == list(range(len(kept["victim"])))


def test_many_that_open_a_new_file_at_once_make_it_once(path: Path) -> None:
    def open_and_record() -> None:
        with Progress(path) as progress:
            progress.record("opened", "lion")

    threads = [threading.Thread(target=open_and_record) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Progress(path) as progress:
        assert len(list(progress.events())) == 8
        assert len({event.session for event in progress.events()}) == 8


def test_a_lock_held_too_long_is_named_and_nothing_is_recorded(path: Path) -> None:
    with Progress(path, patience=0.2) as progress, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match=r"progress\.sqlite3: is locked by another program; close what holds it"):
            progress.record("opened", "lion")
        assert progress.due() == []
        other.rollback()
        assert progress.record("opened", "lion") == 1


# A file that can't be used


def truncated(path: Path) -> None:
    with Progress(path) as progress:
        for n in range(200):
            progress.answered(f"q{n}", "lion", correct=True, score=1.0, given="b" * 50)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def corrupted(path: Path) -> None:
    truncated(path)
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)


def no_database(path: Path) -> None:
    path.write_text("my notes, not a database\n" * 100, encoding="utf-8")


def of_something_else(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def newer(path: Path) -> None:
    with Progress(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (truncated, "is damaged"),
        (corrupted, "is damaged"),
        (no_database, "is not a progress file"),
        (of_something_else, "is not a progress file"),
        (newer, "was written by a newer studykit (schema 99, this one knows 2)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_as_it_is(path: Path, spoil: object, what: str) -> None:
    path.parent.mkdir()
    spoil(path)
    content = path.read_bytes()
    with pytest.raises(InputError) as raised:
        Progress(path)
    assert str(raised.value).startswith(f"{path}: {what}; ") and "\n" not in str(raised.value)
    assert "STUDYKIT_HOME" in raised.value.remedy
    assert path.read_bytes() == content


def test_a_read_only_file_can_be_read_and_says_so_when_written() -> None:
    with unprivileged() as folder:
        path = folder / "progress.sqlite3"
        with Progress(path) as progress:
            progress.answered("q", "lion", correct=True, score=1.0, given="b", at=START)
        path.chmod(0o444)
        content = path.read_bytes()
        with Progress(path) as progress:
            assert len(progress.due(hours(24))) == 1
            with pytest.raises(InputError, match=r"progress\.sqlite3: can't be written; give yourself write access"):
                progress.record("opened", "lion")
        assert path.read_bytes() == content


def test_a_folder_without_access_is_named() -> None:
    with unprivileged() as folder:
        folder.chmod(0o555)
        with pytest.raises(InputError, match=r"progress\.sqlite3: can't be opened; give yourself access"):
            Progress(folder / "progress.sqlite3")
        with pytest.raises(
            InputError, match=r"home: can't be used as a folder \(Permission denied\); set STUDYKIT_HOME"
        ):
            Progress(folder / "home" / "progress.sqlite3")
        folder.chmod(0o755)


def test_a_home_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.write_text("mine", encoding="utf-8")
    monkeypatch.setenv("STUDYKIT_HOME", str(home))
    with pytest.raises(InputError, match=r"home: can't be used as a folder \(File exists\); set STUDYKIT_HOME"):
        Progress()
    assert home.read_text(encoding="utf-8") == "mine"


def test_a_full_disk_loses_nothing_that_was_acknowledged(path: Path) -> None:
    with start(path, "full", 100_000, kilobytes=400) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode and f"StorageError: {path}: the disk " in err and "was not recorded; " in err
    cards(path)
    with Progress(path) as progress:
        assert [event.data["n"] for event in progress.events()] == list(range(len(out.splitlines())))
        progress.record("opened", "lion")


def test_an_older_file_is_backed_up_before_it_is_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Progress(path) as progress:
        progress.answered("q", "lion", correct=True, score=1.0, given="b")
    monkeypatch.setattr(module, "_STEPS", (*module._STEPS, ("CREATE TABLE later (x)",)))
    with Progress(path) as progress:
        assert len(progress.history("q")) == 1
    backup = path.with_name("progress.sqlite3.schema-2")
    monkeypatch.undo()
    with Progress(backup) as progress:
        assert len(progress.history("q")) == 1
    with pytest.raises(InputError, match="newer studykit"):
        Progress(path)


def test_a_file_of_the_first_version_is_used_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Progress(path) as progress:
        for n in range(9):
            progress.answered(f"q{n % 2}", "lion", correct=n % 3 > 0, score=float(n % 3 > 0), given="", at=hours(n))
    first = path.with_name("first.sqlite3")
    monkeypatch.setattr(module, "_STEPS", module._STEPS[:1])
    with contextlib.closing(Journal(first, module._STEPS, 1)) as journal:
        journal.connection.execute("ATTACH ? AS new", (str(path),))
        for table, columns in (("events", "*"), ("cards", "question, technique, due, score, reviews, card")):
            journal.connection.execute(f"INSERT INTO {table} SELECT {columns} FROM new.{table}")
    monkeypatch.undo()
    with Progress(first) as progress, Progress(path) as other:
        assert cards(first) == cards(path)
        assert progress.due(hours(99)) == other.due(hours(99))
        assert progress.mastery(now=hours(99)) == other.mastery(now=hours(99))
    assert path.with_name("first.sqlite3.schema-1").exists()


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Progress(path) as progress:
        progress.record("opened", "lion")
    monkeypatch.setattr(module, "_STEPS", (*module._STEPS, ("CREATE TABLE later (x)", "CREATE TABLE later (x)")))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        Progress(path)
    monkeypatch.undo()
    with Progress(path) as progress:
        assert len(list(progress.events())) == 1


if __name__ == "__main__":
    kernel(*sys.argv[1:])
