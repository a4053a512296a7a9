"""The set-up of a fresh machine, in small checkouts and without a network."""

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from studykit import __main__, bootstrap
from studykit.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
BACKEND = ("hatchling", "editables", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
SMALL_PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "training-studykit"
version = "0"
dependencies = ["tiny"]
[project.optional-dependencies]
test = []
[tool.hatch.build.targets.wheel]
packages = ["studykit"]
"""


def repacked(name: str, wheels: Path) -> str:
    """Zip an installed pure Python package into a wheel again, and return its line of a lock."""
    distribution = metadata.distribution(name)
    target = wheels / f"{name.replace('-', '_')}-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as wheel:
        for file in distribution.files or ():
            if ".." not in file.parts and file.name not in ("INSTALLER", "REQUESTED") and file.suffix != ".pyc":
                wheel.write(file.locate(), file.as_posix())
    return f"{name}=={distribution.version}\n"


def tiny(wheels: Path) -> None:
    """A package of one empty module."""
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(wheels / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


class Checkout:
    """A copy of what the set-up needs, with a lock of a few packages from a folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.wheels, self.venv = root, root / "wheels", root / ".venv"
        (root / "studykit").mkdir()
        self.wheels.mkdir()
        for name in ("__init__.py", "__main__.py", "bootstrap.py", "errors.py"):
            shutil.copy(ROOT / "studykit" / name, root / "studykit")
        (root / "studykit" / "cli.py").write_text("def main():\n    print('arrived')\n", encoding="utf-8")
        (root / "pyproject.toml").write_text(SMALL_PYPROJECT, encoding="utf-8")
        self.lock("".join(repacked(name, self.wheels) for name in BACKEND) + "tiny==1.0\n")

    def lock(self, text: str) -> None:
        (self.root / "requirements.lock").write_text(text, encoding="utf-8")

    def start(self, **pip: str) -> "subprocess.Popen[str]":
        # Without `site` an interpreter sees no installed package: that is a fresh machine.
        command = [sys.executable, "-S", "-m", "studykit", "list"]
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        pip = pip or {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        environment = {**outside, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", **pip}
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, **pip: str) -> tuple[int, str, str]:
        with self.start(**pip) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_an_old_python_is_told() -> None:
    assert __main__.refusal((3, 11, 0)) == "" == __main__.refusal((4, 0))
    assert "needs Python 3.11 or newer and this is 3.8" in __main__.refusal((3, 8, 2))


def test_an_old_python_can_read_the_entry() -> None:
    for name in ("__init__.py", "__main__.py"):
        ast.parse((ROOT / "studykit" / name).read_text(encoding="utf-8"), feature_version=(3, 7))


def test_interrupting_the_making_leaves_nothing(checkout: Checkout) -> None:
    with checkout.start() as process:
        deadline = time.monotonic() + 30
        while not (checkout.venv / "pyvenv.cfg").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.endswith("interrupted; run the same command again, it goes on where it stopped\n")
    assert not checkout.venv.exists()


def test_every_stop_is_resumed(checkout: Checkout) -> None:
    stamp = checkout.venv / "studykit-lock"

    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with checkout.start(PIP_INDEX_URL=index) as process:
            waiting, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            waiting.close()
    assert process.returncode == 130 and "it goes on where it stopped" in err
    assert bootstrap.python_of(checkout.venv).exists() and not stamp.exists()

    code, _, err = checkout.run(PIP_INDEX_URL=index, PIP_RETRIES="1")
    assert code == 1 and "no network" in err.splitlines()[-1]

    code, _, err = checkout.run()
    assert code == 1 and "could not install tiny==1.0; mend that" in err.splitlines()[-1]
    assert "making" not in err and not stamp.exists()

    tiny(checkout.wheels)
    code, out, err = checkout.run()
    assert (code, out.splitlines()[-1]) == (0, "arrived"), err
    assert stamp.read_text(encoding="utf-8") == bootstrap.expected_stamp(checkout.root)

    assert checkout.run() == (0, "arrived\n", "")

    # As after kill -9 in the middle of a package: its files are not all there and pip had not signed yet.
    [installer] = checkout.venv.glob("**/tiny-1.0.dist-info/INSTALLER")
    installer.unlink()
    (module := installer.parent.parent / "tiny.py").unlink()
    checkout.lock((checkout.root / "requirements.lock").read_text(encoding="utf-8") + "# changed\n")
    code, out, err = checkout.run()
    assert (code, out.splitlines()[-1]) == (0, "arrived"), err
    assert module.exists()


def test_a_folder_of_the_users_is_left_alone(checkout: Checkout) -> None:
    checkout.venv.mkdir()
    (checkout.venv / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is no virtual environment; move it away"):
        bootstrap.set_up(checkout.root)
    assert (checkout.venv / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_an_environment_that_has_all_is_used(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "DISTRIBUTION", "a-name-that-is-not-installed")
    (checkout.root / "pyproject.toml").write_text(SMALL_PYPROJECT.replace("tiny", "pytest"), encoding="utf-8")
    checkout.lock(f"pytest=={metadata.version('pytest')}\n")
    assert bootstrap.usable(checkout.root)
    checkout.lock("pytest==0.1\n")
    assert not bootstrap.usable(checkout.root)
    monkeypatch.setattr(bootstrap, "DISTRIBUTION", "pytest")
    assert bootstrap.usable(checkout.root)
    monkeypatch.setattr(sys, "prefix", str(checkout.venv))
    assert not bootstrap.usable(checkout.root), "its own environment counts only when it is complete"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: No matching distribution found for torch==2.13.0", "pip could not install torch==2.13.0"),
        ("error: x\nERROR: Failed building wheel for cffi", "pip could not install cffi"),
        (
            "WARNING: Retrying: Temporary failure in name resolution\nERROR: No matching distribution found for a",
            "no net",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "No space left"),
        ("", "did not say why"),
    ],
)
def test_what_pip_failed_on_is_named(said: str, expected: str) -> None:
    assert expected in bootstrap.blame(said)


def test_the_conda_environment_is_fresh() -> None:
    committed = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert committed == bootstrap.environment_yaml(PYPROJECT, LOCK), "stale: run `studykit build`"


def test_the_lock_satisfies_all_that_is_asked_for() -> None:
    document = tomllib.loads(PYPROJECT)
    extras = document["project"]["optional-dependencies"]
    asked = [*document["build-system"]["requires"], *document["project"]["dependencies"], *extras["test"]]
    pins = bootstrap.pins(LOCK)
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_the_lock_has_every_package_behind_those() -> None:
    pins = bootstrap.pins(LOCK)
    for name in pins:
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in map(Requirement, needs):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed = canonicalize_name(requirement.name)
                # torch's CUDA build asks for these itself, in the versions that it was built for.
                assert needed in pins or needed.startswith(("nvidia-", "cuda-", "triton")), f"{name} needs {needed}"


def test_the_lock_fits_any_machine() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+( ; \w+ [=!<>]+ \"[\w.]+\")?", line)] == []
    assert not [line for line in lines if line.startswith("nvidia")]
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())
