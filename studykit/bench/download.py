"""Fetching a data set: checksum, progress, and a clear word where there is no network."""

import contextlib
import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from studykit.errors import InputError
from studykit.home import home


def fetch(folder: str, url: str, md5: str) -> Path:
    """A file of a data set, downloaded once and checked every time it was downloaded.

    Args:
        folder: The data set's folder under `<home>/datasets`.
        url: Where the file is published.
        md5: The checksum that its authors publish.

    Returns:
        Its path.

    Raises:
        InputError: It can't be downloaded, or what lies there has another checksum.
    """
    path = home() / "datasets" / folder / url.rsplit("/", 1)[-1]
    if path.exists():
        if _md5(path) != md5:
            raise InputError(
                str(path), f"has not the checksum {md5}", "delete the file and run again, or put the right one there"
            )
        return path
    # Runs side by side each download their own, and the last one stays.
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial)
        if _md5(partial) != md5:
            raise InputError(
                str(path), f"{url} gave a file without the checksum {md5}", "run again, or put the right file there"
            )
        partial.replace(path)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise InputError(str(path), f"could not be downloaded ({reason})", f"get {url} and put it there") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return path


def _download(url: str, to: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        urllib.request.urlopen(url, timeout=30) as answer,
        to.open("wb") as file,
        Progress(*columns, transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task(url.rsplit("/", 1)[-1], total=int(answer.headers.get("Content-Length", 0)) or None)
        while chunk := answer.read(1 << 16):
            file.write(chunk)
            progress.update(task, advance=len(chunk))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
