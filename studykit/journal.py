"""One SQLite file that several processes append to: opened with care, written durably, every fault said in one line.

Write-ahead log and `synchronous=FULL`: what a transaction wrote is on the disk when it returns, also under kill -9.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from studykit.errors import StorageError

T = TypeVar("T")

# "stud": tells a progress file from any other SQLite file.
_APPLICATION = 0x73747564
# SQLite's own wait is short and repeated, because it does not cover every kind of "busy" (switching to WAL, for one).
_NAP = 0.05

_ELSEWHERE = "or set STUDYKIT_HOME to another folder"
_FAULTS: Mapping[int, tuple[str, str]] = {
    sqlite3.SQLITE_NOTADB: ("is not a progress file", f"move it away {_ELSEWHERE}; it was left as it is"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", f"move it away and put a backup in its place {_ELSEWHERE}; left as it is"),
    sqlite3.SQLITE_READONLY: ("can't be written", f"give yourself write access to it and its folder {_ELSEWHERE}"),
    sqlite3.SQLITE_CANTOPEN: ("can't be opened", f"give yourself access to it and its folder {_ELSEWHERE}"),
    sqlite3.SQLITE_PERM: ("can't be opened", f"give yourself access to it and its folder {_ELSEWHERE}"),
    sqlite3.SQLITE_FULL: ("the disk is full, this was not recorded", f"free some space and repeat it, {_ELSEWHERE}"),
    sqlite3.SQLITE_IOERR: ("the disk refused, this was not recorded", f"check its space and repeat it, {_ELSEWHERE}"),
    sqlite3.SQLITE_BUSY: ("is locked by another program", "close what holds it and repeat this; nothing was recorded"),
}


class Journal:
    """The connection to one file.

    Args:
        path: The file; made with its folders where there is none.
        steps: The schema: the statements of step n bring a file from schema n to n + 1, and a new file takes all.
        patience: Seconds to wait for other processes that write to the file.

    Raises:
        StorageError: The file can't be used (no access, damaged, something else's, of a newer schema); it is left as
            it is.
    """

    def __init__(self, path: Path, steps: tuple[tuple[str, ...], ...], patience: float) -> None:
        self.path, self.steps, self.patience = path, steps, patience
        self._one_at_a_time = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "set STUDYKIT_HOME to a folder that you may write to"
            raise StorageError(str(path.parent), f"can't be used as a folder ({error.strerror})", remedy) from error
        self.connection = self._patiently(
            lambda: sqlite3.connect(path, timeout=_NAP, isolation_level=None, check_same_thread=False)
        )
        try:
            self._patiently(self._prepare)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def transaction(self, action: Callable[[], T]) -> T:
        """Do what `action` does with the connection wholly or not at all; it is on the disk when this returns."""
        return self._patiently(lambda: self._in_transaction(action))

    def read(self, select: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        """All rows of a query."""
        return self._patiently(lambda: self.connection.execute(select, values).fetchall())

    def _prepare(self) -> None:
        """Look before anything is written, then bring the file to the schema of this version."""
        # One statement, so that a file that another process is just making is seen either empty or whole.
        application, version, tables = self.connection.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
            " FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        if (tables or version) and application != _APPLICATION:
            raise StorageError(str(self.path), *_FAULTS[sqlite3.SQLITE_NOTADB])
        if version > len(self.steps):
            what = f"was written by a newer studykit (schema {version}, this one knows {len(self.steps)})"
            raise StorageError(str(self.path), what, f"update studykit {_ELSEWHERE}")
        if self.connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise StorageError(str(self.path), *_FAULTS[sqlite3.SQLITE_CORRUPT])
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        if version < len(self.steps):
            self._in_transaction(self._migrate)

    def _migrate(self) -> None:
        # Asked again under the lock: another process may have done it meanwhile.
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version:
            backup = sqlite3.connect(self.path.with_name(f"{self.path.name}.schema-{version}"))
            with contextlib.closing(backup), contextlib.closing(sqlite3.connect(self.path)) as before:
                before.backup(backup)
        for statement in (statement for step in self.steps[version:] for statement in step):
            self.connection.execute(statement)
        self.connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        self.connection.execute(f"PRAGMA user_version = {len(self.steps)}")

    def _in_transaction(self, action: Callable[[], T]) -> T:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = action()
            self.connection.execute("COMMIT")
        except BaseException:
            # A full disk makes SQLite itself roll back.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        return result

    def _patiently(self, action: Callable[[], T]) -> T:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                with self._one_at_a_time:
                    return action()
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if code == sqlite3.SQLITE_BUSY and time.monotonic() < deadline:
                    time.sleep(_NAP)
                elif code in _FAULTS:
                    raise StorageError(str(self.path), *_FAULTS[code]) from error
                else:
                    raise
