"""Progress in Colab, whose machine is thrown away: the log is carried on the learner's Drive as JSON lines.

Never the database itself: SQLite's write-ahead log and a mounted Drive don't go together.
"""

import importlib.util
from pathlib import Path

from studykit import exchange
from studykit.errors import InputError
from studykit.language import Text
from studykit.progress import Progress

DRIVE = Path("/content/drive/MyDrive")  # where Colab mounts it
_LOST = Text(
    "This machine is thrown away after a while, and your progress with it. To keep it, run "
    "`from google.colab import drive; drive.mount('/content/drive')`.",
    "这台机器过一阵就会被回收，学习进度也会一起丢失。要保留，请运行 "
    "`from google.colab import drive; drive.mount('/content/drive')`。",
)
_warned = False


def here() -> bool:
    """Whether this is Colab."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def restore() -> None:
    """Take in what is on the Drive; without one, say once that nothing will be kept.

    Raises:
        InputError: The file on the Drive, or the progress file, can't be used.
    """
    global _warned
    if not here():
        return
    if not DRIVE.is_dir():
        if not _warned:
            print(_LOST.say())
        _warned = True
    elif _file().is_file():
        with Progress() as log:
            exchange.read(log, _file())


def save(log: Progress) -> None:
    """Put the log on the Drive, if there is one; together with what another machine put there.

    Raises:
        InputError: The file there can't be read or written.
    """
    if not here() or not DRIVE.is_dir():
        return
    if _file().is_file():
        exchange.read(log, _file())
    try:
        _file().parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(str(_file().parent), f"can't be made ({error.strerror})", "free some space on the Drive") from None
    partial = _file().with_suffix(".partial")
    exchange.write(log, partial)
    partial.replace(_file())  # whole or not at all, however this machine ends


def _file() -> Path:
    return DRIVE / "studykit" / "progress.jsonl"
