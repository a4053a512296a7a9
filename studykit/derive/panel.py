"""The panel's bundle: built from TypeScript by npm, committed, and known to be that of its sources by a hash; reading it needs no Node."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from studykit.errors import InputError
from studykit.technique import PACKAGE

NAME = "training-studykit"
FOLDER = PACKAGE / "labextension"
BUILT = FOLDER / "built"
STAMP = "bundle.sha256"
# What the panel shares with the notebook's widgets.
WIDGETS = ("base.css", "dom.js", "fields.js", "quiz.css", "quiz.js")
_FILES = ("package.json", "package-lock.json", "tsconfig.json")
_FOLDERS = ("schema", "src", "style")
_PATIENCE = 600  # seconds for npm, whose downloads may be slow


def sources() -> list[Path]:
    """Every file that the bundle is made of."""
    own = [FOLDER / name for name in _FILES]
    own += [path for folder in _FOLDERS for path in sorted((FOLDER / folder).rglob("*")) if path.is_file()]
    return own + [PACKAGE / "widgets" / name for name in WIDGETS]


def stamp(built: Path) -> str:
    """What the stamp beside a bundle says: the hash of the sources, and that of the bundle's own files.

    Args:
        built: The folder that holds the extension's.
    """
    files = sorted(path for path in (built / NAME).rglob("*") if path.is_file())
    return f"sources {_digest(sources(), PACKAGE)}\nbundle {_digest(files, built)}\n"


def _digest(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        # Whatever git made of the ends of lines, it is the same file.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def problems() -> list[str]:
    """One line if the committed bundle is not that of the sources."""
    path = BUILT / STAMP
    if path.is_file() and path.read_text(encoding="utf-8") == stamp(BUILT):
        return []
    return ["studykit/labextension/built: is stale; run `studykit build` where npm is installed"]


def make(target: Path) -> None:
    """Build the bundle out of nothing but the sources, in a folder of its own.

    Args:
        target: Where the extension's folder and the stamp are put, in place of what is there.

    Raises:
        InputError: npm is not there, or fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("npm", "is not installed", "install Node 20 or later; only building the panel needs it")
    with tempfile.TemporaryDirectory(prefix="studykit-panel-") as folder:
        root = Path(folder)
        for path in sources():
            copy = root / path.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        for arguments in (("ci", "--ignore-scripts", "--no-audit", "--no-fund"), ("run", "build")):
            _npm([npm, *arguments], root / FOLDER.name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(root / FOLDER.name / BUILT.name, target)
    (target / STAMP).write_text(stamp(target), encoding="utf-8")


def _npm(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise InputError(" ".join(command[1:]), said[0] if said else "failed", "mend that, and run `studykit build` again")
