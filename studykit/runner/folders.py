"""The folder of one run, and who holds it."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:
    # Windows: two runs of the same job both do the work, and the second one's rename replaces an equal result.
    fcntl = None  # type: ignore[assignment]

FINAL, PARTIAL = "notebook.ipynb", "partial.ipynb"
# The longest path of a Unix socket is 103 bytes (macOS); a kernel's are `<folder>/k-ipc-5`.
SOCKET = 95


@contextlib.contextmanager
def alone(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a folder; the lock goes with the process, however that ends."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # A file system without locks is like Windows above.
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def held(folder: Path) -> bool:
    """Whether a job runs in this folder now."""
    if fcntl is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def fits_sockets(folder: Path) -> bool:
    """Whether a socket in this folder has a path that is short enough."""
    return len(os.fsencode(folder)) <= SOCKET


def load(notebook: Path) -> dict[str, Any]:
    """A notebook's content, empty where it can't be read: a run may be writing it, or was killed while it did."""
    try:
        loaded = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
