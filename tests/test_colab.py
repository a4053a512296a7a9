"""Colab, with a stand-in for `google.colab`: the bootstrap cell in a fresh environment, and progress on the Drive."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from studykit import colab
from studykit.derive.notebooks import bootstrap_cell, repository
from studykit.errors import InputError
from studykit.notebook import study
from studykit.progress import Progress
from studykit.question import parse
from studykit.technique import ROOT, technique

FIRST = parse(technique("lion").questions, "lion")[0].id


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine of Colab whose Drive can be mounted at the folder returned."""
    package = tmp_path / "standin" / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "standin"))
    before = set(sys.modules)
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path / "vm-1"))
    monkeypatch.setattr(colab, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(colab, "_warned", False)
    yield tmp_path / "drive"
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "google":
            del sys.modules[name]


def answered(home: Path) -> int:
    with Progress(home / "progress.sqlite3") as log:
        return len(list(log.events("quiz")))


def test_without_a_drive_the_loss_is_told_once(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        study("lion", lang="en").answer("d", FIRST)
    assert capsys.readouterr().out.count("drive.mount('/content/drive')") == 1


def test_progress_goes_with_the_drive_to_the_next_machine(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.mkdir()
    study("lion", lang="en").answer("d", FIRST)
    assert sorted(path.name for path in (machine / "studykit").iterdir()) == ["progress.jsonl"]
    second = machine.parent / "vm-2"
    monkeypatch.setenv("STUDYKIT_HOME", str(second))
    lesson = study("lion", lang="en")
    assert answered(second) == 1
    lesson.answer("d", FIRST)
    monkeypatch.setenv("STUDYKIT_HOME", str(machine.parent / "vm-1"))
    study("lion", lang="en")
    assert answered(machine.parent / "vm-1") == 2


def test_a_broken_file_on_the_drive_is_told_and_left(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (machine / "studykit").mkdir(parents=True)
    (machine / "studykit" / "progress.jsonl").write_text("broken", encoding="utf-8")
    study("lion", lang="en").answer("d", FIRST)
    assert "progress.jsonl: line 1: is no event" in capsys.readouterr().err
    assert (machine / "studykit" / "progress.jsonl").read_text(encoding="utf-8") == "broken"
    assert answered(machine.parent / "vm-1") == 1


def test_elsewhere_nothing_is_carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(colab, "DRIVE", tmp_path)
    study("lion", lang="en").answer("d", FIRST)
    assert not colab.here() and not (tmp_path / "studykit").exists()


def test_a_drive_that_is_full_is_told(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.mkdir()
    (machine / "studykit").write_text("in the way", encoding="utf-8")
    with Progress() as log, pytest.raises(InputError, match="can't be made"):
        colab.save(log)


def test_the_bootstrap_cell_installs_the_kit_where_it_is_missing(tmp_path: Path) -> None:
    """The cell as it stands, in a new environment; git is told that the published address is this repository."""
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=True)
    python = fresh / "bin" / "python"
    site = Path(subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip())
    # What the kit needs is lent by this environment, all but the kit itself; so nothing is downloaded.
    for own in site.glob("setuptools*"):  # older than what is lent
        shutil.rmtree(own)
    lent = tmp_path / "lent"
    lent.mkdir()
    for path in Path(pytest.__file__).parents[1].iterdir():
        if "studykit" not in path.name:
            (lent / path.name).symlink_to(path)
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    published = tmp_path / "published"
    shutil.copytree(ROOT, published, ignore=shutil.ignore_patterns(".venv", ".git", "test-output", "node_modules", "runs"))
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "published"]):
        subprocess.run([*git, *command], cwd=published, check=True, capture_output=True)
    cell = tmp_path / "cell.ipy"
    told = "import importlib.metadata, studykit; print(studykit.__file__, importlib.metadata.version('training-studykit'))"
    cell.write_text(f"{bootstrap_cell()['source']}\n\n{told}\n", encoding="utf-8")
    git_config = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository(),
    }
    quiet = {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env = {**os.environ, **git_config, **quiet, "IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONPATH": ""}
    before = subprocess.run([python, "-c", "import studykit"], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert "No module named 'studykit'" in before.stderr
    done = subprocess.run([python, "-m", "IPython", str(cell)], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert str(site) in done.stdout, done.stdout + done.stderr
