"""Fetching a data set: checksum, progress, and a clear word where there is no network."""

import hashlib
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
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        _download(url, partial)
    except (urllib.error.URLError, OSError, TimeoutError) as error:
        partial.unlink(missing_ok=True)
        reason = getattr(error, "reason", error)
        raise InputError(str(path), f"could not be downloaded ({reason})", f"get {url} and put it there") from None
    if _md5(partial) != md5:
        partial.unlink()
        raise InputError(
            str(path), f"{url} gave a file without the checksum {md5}", "run again, or put the right file there"
        )
    partial.rename(path)
    return path


def _download(url: str, to: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        urllib.request.urlopen(url, timeout=30) as answer,
        to.open("wb") as file,
        Progress(*columns, transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task(
            to.name.removesuffix(".partial"), total=int(answer.headers.get("Content-Length", 0)) or None
        )
        while chunk := answer.read(1 << 16):
            file.write(chunk)
            progress.update(task, advance=len(chunk))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
