"""Files that are never half written."""

import contextlib
import os
from pathlib import Path


def write_safely(path: Path, content: str | bytes, by: Path | None = None) -> None:
    """Write a file under another name and rename it when all of it is on the disk.

    Args:
        path: The file; as it was, if this fails.
        content: What it is to hold.
        by: The other name, which stays if this fails; by default one that goes.
    """
    other = by or path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with other.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        other.replace(path)
    except BaseException:
        if by is None:
            with contextlib.suppress(OSError):
                other.unlink()
        raise
