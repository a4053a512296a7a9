"""Set up the environment on the first command, then run it there: `python3 -m studykit lab` is the whole installation.

Only the standard library. A virtual environment can't be moved, so it is made in its place, `.venv`, and a stamp
written last says that it is whole. Without the stamp, or with that of other requirements, pip goes on where it stopped.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studykit.errors import InputError

DISTRIBUTION = "training-studykit"
AGAIN = "run the same command again, it goes on where it stopped"
# What decides whether an environment is up to date.
_INPUTS = ("requirements.lock", "pyproject.toml")
# Kept out of conda's own list: not packaged there, or under another name for another thing.
_ONLY_PIP = ("fsrs", "lion-pytorch", "playwright")
_CONDA_NAMES = {"torch": "pytorch"}
_BLAME = (
    r"No matching distribution found for (\S+)",
    r"Failed to build '?([\w.-]+)",
    r"Failed building wheel for ([\w.-]+)",
)
_OFFLINE = (
    r"Failed to establish a new connection|Temporary failure in name resolution|Name or service not known"
    r"|Network is unreachable|Cannot connect to proxy|[Cc]onnection (?:aborted|timed out|refused)|[Rr]ead timed out"
)


def main(arguments: Sequence[str]) -> int:
    """Run a studykit command, in this environment if it has what is needed, else in `.venv`, which is made or mended.

    Args:
        arguments: The command line after `python3 -m studykit`.

    Returns:
        The exit status: the command's own, 1 if the set-up failed, 130 if it was interrupted.
    """
    root = Path(__file__).resolve().parent.parent
    if usable(root):
        from studykit import cli

        return cli.main() or 0
    try:
        set_up(root)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"interrupted; {AGAIN}", file=sys.stderr)
        return 130
    command = [str(python_of(root / ".venv")), "-m", "studykit", *arguments]
    if os.name == "posix":
        os.execv(command[0], command)
    # Windows has no exec: the shell would take the prompt back while the command runs.
    return subprocess.call(command)


def usable(root: Path) -> bool:
    """Whether the running interpreter's environment has what studykit needs.

    Args:
        root: The checkout. Without a lock in it this is an installed package, whose installer saw to that.
    """
    lock = root / "requirements.lock"
    if not lock.is_file():
        return True
    if Path(sys.prefix).resolve() == (root / ".venv").resolve():
        return is_complete(root)
    pyproject = (root / "pyproject.toml").read_text(encoding="utf-8")
    wanted = pins(lock.read_text(encoding="utf-8"))
    return _installed(DISTRIBUTION) != "" or all(_installed(name) == wanted[name] for name in requirements(pyproject))


def set_up(root: Path) -> None:
    """Bring `.venv` in the checkout to what the lock says, showing pip's progress.

    Args:
        root: The checkout.

    Raises:
        InputError: Something could not be installed; it names what, and how to go on.
        KeyboardInterrupt: Ctrl-C. A half-made environment is gone, a half-filled one stays and is resumed.
    """
    folder = root / ".venv"
    if is_complete(root):
        return
    _forget_half_installed(folder)
    # A set-up that was killed, or another tool, may have left an environment that only lacks pip.
    if not (_runs(folder, "pip", "--version") or (_runs(folder, "ensurepip") and _runs(folder, "pip", "--version"))):
        _make(folder)
    _stamp(root).unlink(missing_ok=True)
    print(f"studykit: installing into {folder}, once; this takes some minutes", file=sys.stderr)
    _pip(folder, "-r", str(root / "requirements.lock"))
    _pip(folder, "--no-deps", "--no-build-isolation", "-e", str(root))
    _stamp(root).write_text(expected_stamp(root), encoding="utf-8")


def is_complete(root: Path) -> bool:
    """Whether `.venv` holds exactly what the lock of this checkout says."""
    stamp = _stamp(root)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == expected_stamp(root)


def expected_stamp(root: Path) -> str:
    """What the stamp says when all is installed: the hash of the requirements and the environment's Python."""
    digest = hashlib.sha256(b"\0".join((root / name).read_bytes() for name in _INPUTS)).hexdigest()
    configuration = (root / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8")
    found = re.search(r"^version(?:_info)? = (\S+)", configuration, re.MULTILINE)
    return f"{digest} python {found.group(1) if found else ''}\n"


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def pins(lock: str) -> dict[str, str]:
    """The versions of a lock by normalised package name.

    Args:
        lock: The text of `requirements.lock`.
    """
    return {_normal(name): pin for name, pin in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE)}


def requirements(pyproject: str) -> list[str]:
    """The normalised names of all packages that pyproject.toml asks for on every system, with the `test` extra.

    Args:
        pyproject: The text of `pyproject.toml`.
    """
    project: dict[str, Any] = tomllib.loads(pyproject)["project"]
    every = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return sorted({_normal(re.split(r"[\s<>=!~;\[]", each, maxsplit=1)[0]) for each in every if ";" not in each})


def environment_yaml(pyproject: str, lock: str) -> str:
    """The conda environment: the direct dependencies at the lock's versions.

    Args:
        pyproject: The text of `pyproject.toml`.
        lock: The text of `requirements.lock`.

    Returns:
        The text of `environment.yml`.
    """
    wanted, names = pins(lock), requirements(pyproject)
    python = tomllib.loads(pyproject)["project"]["requires-python"]
    conda = [f"  - {_CONDA_NAMES.get(name, name)}={wanted[name]}" for name in names if name not in _ONLY_PIP]
    pip = [f"      - {name}=={wanted[name]}" for name in names if name in _ONLY_PIP]
    lines = [
        "# Derived by `studykit build` from pyproject.toml and requirements.lock: change those.",
        "# conda env create -f environment.yml && conda activate studykit && python -m studykit lab",
        "name: studykit",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python {python}",
        "  - pip",
        *conda,
        "  - pip:",
        *pip,
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str) -> str:
    """The installed version without its local part, such as `+cpu`, or the empty string."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return ""


def _stamp(root: Path) -> Path:
    return root / ".venv" / "studykit-lock"


def _runs(folder: Path, *module: str) -> bool:
    """Whether the environment's Python is there and runs a module with success."""
    with contextlib.suppress(OSError):
        command = [str(python_of(folder)), "-m", *module]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


def _make(folder: Path) -> None:
    if folder.exists() and not (folder / "pyvenv.cfg").is_file() and any(folder.iterdir()):
        raise InputError(str(folder), "is there and is no virtual environment", "move it away and run this again")
    print(f"studykit: making {folder}", file=sys.stderr)
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        remedy = "see that the disk has space and that Python has `ensurepip` (Debian: apt install python3-venv)"
        raise InputError(str(folder), f"can't be made ({error})", f"{remedy}, then {AGAIN}") from error
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _forget_half_installed(folder: Path) -> None:
    # pip writes INSTALLER after the files: where it is missing pip was killed, and would take the package for whole.
    for metadata in folder.glob("**/site-packages/*.dist-info"):
        if not (metadata / "INSTALLER").is_file():
            shutil.rmtree(metadata)


def _pip(folder: Path, *arguments: str) -> None:
    """Run `pip install` with its progress shown, and tell a failure in one line."""
    command = [str(python_of(folder)), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    # A user-wide `pip install --user` setting can't work inside a virtual environment.
    environment = {**os.environ, "PIP_USER": "0"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment) as pip:
        try:
            said = "".join(_shown(pip))
        except KeyboardInterrupt:
            pip.terminate()
            raise
    if pip.returncode:
        raise InputError("studykit set-up", blame(said), f"mend that, then {AGAIN}")


def _shown(pip: "subprocess.Popen[str]") -> Iterator[str]:
    for line in pip.stderr or ():
        sys.stderr.write(line)
        yield line


def blame(said: str) -> str:
    """What made pip fail, in a few words.

    Args:
        said: What pip wrote to stderr.
    """
    if re.search(_OFFLINE, said):
        return "no network, or the package index can't be reached"
    for pattern in _BLAME:
        if found := re.search(pattern, said):
            return f"pip could not install {found.group(1)}"
    errors = re.findall(r"^ERROR: (.+)", said, re.MULTILINE)
    return f"pip failed ({errors[0] if errors else 'it did not say why'})"
