"""The log as JSON lines: it comes back whole on another machine, and a broken file changes nothing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studykit import exchange
from studykit.errors import InputError
from studykit.progress import Progress

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
GOOD = '{"at": "2026-03-01T00:00:00Z", "session": "s", "kind": "quiz", "technique": "t", "item": "q", "data": {"correct": true, "score": 1}}'


@pytest.fixture
def log(tmp_path: Path) -> Progress:
    progress = Progress(tmp_path / "here.sqlite3")
    for n in range(6):
        right = n % 2 == 0
        at = START + timedelta(days=n)
        progress.answered(f"q{n % 3}", "lion", correct=right, score=float(right), given="学习 \n\"α\"", at=at)
    progress.drilled("lion", False, "no_sign", 1.5, at=START + timedelta(days=7))
    progress.suspend("q1", "lion")
    progress.undo(1)
    return progress


def test_a_log_comes_back_whole(log: Progress, tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    assert exchange.write(log, path) == 9
    assert all(isinstance(json.loads(line), dict) for line in path.read_text(encoding="utf-8").splitlines())
    with Progress(tmp_path / "there.sqlite3") as there:
        assert exchange.read(there, path) == 9 and exchange.read(there, path) == 0
        later = START + timedelta(days=400)
        assert there.due(later) == log.due(later) and there.suspended() == log.suspended() == {"q1"}
        assert [event[1:] for event in there.events()] == [event[1:] for event in log.events()]
    assert exchange.read(log, path) == 0


def test_what_ends_a_line_elsewhere_stays_inside_an_answer(log: Progress, tmp_path: Path) -> None:
    given = "a\u2028b\x85c\u2029d\x0be\r\nf\x00😀"
    log.answered("q9", "lion", correct=True, score=1.0, given=given)
    exchange.write(log, tmp_path / "progress.jsonl")
    with Progress(tmp_path / "there.sqlite3") as there:
        assert exchange.read(there, tmp_path / "progress.jsonl") == 10
        assert list(there.events())[-1].data["given"] == given


def test_a_moment_of_another_time_zone_is_taken_in_as_utc(log: Progress, tmp_path: Path) -> None:
    line = {"at": "2026-03-02T07:00:00+08:00", "session": "s", "kind": "quiz", "technique": "t", "item": "q"}
    told = {**line, "data": {"correct": True, "score": 1, "given": "x"}}
    (tmp_path / "east.jsonl").write_text(json.dumps(told) + "\n\n", encoding="utf-8")
    assert exchange.read(log, tmp_path / "east.jsonl") == 1
    assert [event.at for event in log.events() if event.session == "s"] == [datetime(2026, 3, 1, 23, tzinfo=UTC)]
    assert exchange.read(log, tmp_path / "east.jsonl") == 0


def test_a_write_that_fails_leaves_the_export_before(
    log: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress.jsonl"
    exchange.write(log, path)
    before = path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="can't be written \\(No space left on device\\)"):
        exchange.write(log, path)
    assert path.read_bytes() == before and list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: is no event; give a file of `studykit export`; nothing was taken in"),
        ("[1]", "line 2: is no event"),
        ('{"at": "2026-03-01"}', "line 2: is no event"),
        ('{"at": "2026-03-01T00:00:00", "session": "s", "kind": "quiz", "technique": "t", "item": "q", "data": {}}', "line 2: at is"),
        ('{"at": "2026-03-01T00:00:00Z", "session": "s", "kind": 3, "technique": "t", "item": "q", "data": {}}', "line 2: kind is 3"),
        ('{"at": "2026-03-01T00:00:00Z", "session": "s", "kind": "quiz", "technique": "t", "item": "q", "data": {}}', "an answer to q with score None"),
        (GOOD.replace("true", '"no"'), "an answer to q with score 1"),
        (GOOD.replace("1}", '1, "given": NaN}'), "line 2: is no event"),
        (GOOD.replace('"q"', '"\\ud800"'), "line 2: is no event"),
        (GOOD.replace("2026-03-01T00:00:00Z", "0001-01-01T00:00:00+14:00"), "line 2: at is"),
        (GOOD.replace("2026-03-01", "9999-12-31"), "line 2: at is"),
        ("[" * 100_000, "line 2: is no event"),
        ('{"at": "2026-03-01T00:00:00Z", "session": "s", "kind": "suspend", "technique": "t", "item": "q", "data": {}}', "suspended is None"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_is_named_and_nothing_is_taken_in(
    log: Progress, tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / "progress.jsonl"
    exchange.write(log, path)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([first, line, *rest]), encoding="utf-8")
    with Progress(tmp_path / "there.sqlite3") as there:
        with pytest.raises(InputError) as caught:
            exchange.read(there, path)
        assert said in str(caught.value) and "\n" not in str(caught.value)
        assert list(there.events()) == []


def test_files_that_cannot_be_used(log: Progress, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8 at byte 0; give a file of `studykit export`"):
        exchange.read(log, tmp_path / "latin")
    with pytest.raises(InputError, match="can't be read"):
        exchange.read(log, tmp_path / "absent")
    with pytest.raises(InputError, match="can't be written"):
        exchange.write(log, tmp_path)
