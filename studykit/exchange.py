"""A learner's log as JSON lines, to carry it to another machine and merge it with what is there."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from studykit.errors import InputError
from studykit.events import Event
from studykit.files import write_safely
from studykit.progress import Progress

_FIELDS = {"at": str, "session": str, "kind": str, "technique": str, "item": str | None, "data": dict}
_YEARS = range(1970, 2200)  # outside of them the next review has no date


def write(log: Progress, path: Path) -> int:
    """Write all events, one a line.

    Args:
        log: The log.
        path: The file; replaced whole or not at all.

    Returns:
        How many there are.

    Raises:
        InputError: The file can't be written.
    """
    lines = []
    for event in log.events():
        told = {**event._asdict(), "at": event.at.isoformat(timespec="microseconds")}
        lines.append(json.dumps({name: told[name] for name in _FIELDS}, ensure_ascii=False) + "\n")
    try:
        write_safely(path, "".join(lines))
    except OSError as error:
        raise InputError(str(path), f"can't be written ({error.strerror})", "name another file") from None
    return len(lines)


def read(log: Progress, path: Path) -> int:
    """Take in the events of a file: all of them or, if one can't be read, none.

    Args:
        log: The log; events that it has are passed over.
        path: What `write` wrote, here or elsewhere.

    Returns:
        How many were new.

    Raises:
        InputError: The file or a line of it can't be read; nothing was taken in.
    """
    try:
        # Not splitlines: an answer may hold U+2028 and its like, which JSON leaves as they are.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"is not UTF-8 at byte {error.start}", "give a file of `studykit export`") from None
    except OSError as error:
        raise InputError(str(path), f"can't be read ({error.strerror})", "give a file of `studykit export`") from None
    return log.merge(list(_events(path, lines)))


def _events(path: Path, lines: Iterable[str]) -> Iterator[Event]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        try:
            told = json.loads(line)
            values = [told[name] for name in _FIELDS]
            at = datetime.fromisoformat(told["at"])
            json.dumps(told, ensure_ascii=False, allow_nan=False).encode()  # neither NaN nor half a sign can be kept
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError(where, "is no event", "give a file of `studykit export`; nothing was taken in") from None
        wrong = [name for name, value in zip(_FIELDS, values, strict=True) if not isinstance(value, _FIELDS[name])]
        if wrong or at.tzinfo is None or at.year not in _YEARS:
            name = wrong[0] if wrong else "at"
            raise InputError(where, f"{name} is {told[name]!r:.60}", "mend the line; nothing was taken in")
        yield Event(0, at.astimezone(UTC), *values[1:])
