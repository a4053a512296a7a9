"""The house is as designed: who imports whom, what each file is, that nothing derived is stale."""

import ast
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studykit.derive import house, scaffold
from studykit.technique import PACKAGE, ROOT, SECTIONS, catalog

STDLIB = sys.stdlib_module_names
FILES = sorted(PACKAGE.rglob("*.py"))
FRAMEWORK = (
    "studykit.bench",
    "studykit.notebook",
    "studykit.widgets",
    "studykit.runner",
    "studykit.derive",
    "studykit.report",
)


def imported(path: Path) -> Iterator[str]:
    """The dotted name of every import in a file, whether at its top or in a function; of a name in a package that too."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def allowed(path: Path) -> tuple[str, ...]:
    """The packages beside the standard library that a file may import, by DESIGN's table."""
    inside = path.relative_to(PACKAGE).parts
    top, name = inside[0], path.stem
    if top in SECTIONS:
        own = f"studykit.{top}"
        if name.endswith("_experiment"):
            return (
                "torch",
                "numpy",
                "sklearn",
                own,
                "studykit.bench",
                "studykit.knobs",
                "studykit.technique",
                "studykit.models",
            )
        if name == "_bench":
            return ("torch", "rich", "lion_pytorch", own)
        if name == "_pbt_ray":
            return ("torch", "ray", own)
        if name == "_zero_deepspeed":
            return ("torch", "deepspeed", own)
        if name in ("_flash_attention_triton", "_triton_probes"):
            return ("torch", "triton", own)
        if name == "_bayes_opt_peers":
            return ("torch", "rich", "optuna", "sklearn", own, "studykit.bench")
        if name.endswith(("_drill", "_mistakes", "_probes")):
            return ("torch", own, "studykit.drill", "studykit.language", "studykit.models", "studykit.technique")
        return ("torch", "studykit.models", own)
    return {
        "technique.py": ("studykit.errors", "studykit.language"),
        "knobs.py": ("studykit.errors",),
        "errors.py": (),
        "language.py": (),
        "__main__.py": ("studykit.bootstrap",),
        "bootstrap.py": ("studykit.errors", "studykit.cli"),
        "question.py": ("studykit.errors", "studykit.language", "studykit.grading"),
        "grading.py": ("studykit.errors", "studykit.language", "studykit.question"),
        "claims.py": ("studykit.errors", "studykit.language", "studykit.linting"),
        "wording.py": (),
        "linting.py": ("studykit.claims", "studykit.wording"),
        "coverage.py": ("studykit.language", "studykit.linting", "studykit.technique", "studykit.wording"),
        "interview": ("studykit.claims", "studykit.coverage", "studykit.drill", "studykit.errors", "studykit.files",
                      "studykit.home", "studykit.interview", "studykit.language", "studykit.question", "studykit.technique"),
        "terminal": ("rich", "typer", "studykit.anki", "studykit.claims", "studykit.coverage", "studykit.drill",
                     "studykit.errors", "studykit.exchange", "studykit.interview", "studykit.judge.client",
                     "studykit.language", "studykit.progress", "studykit.question", "studykit.reviews",
                     "studykit.technique", "studykit.terminal"),
        "home.py": ("platformdirs",),
        "journal.py": ("studykit.errors",),
        "progress.py": ("fsrs", "studykit.errors", "studykit.events", "studykit.home", "studykit.journal"),
        "events.py": ("studykit.errors",),
        "files.py": (),
        "reviews.py": ("studykit.progress", "studykit.question"),
        "colab.py": ("studykit.errors", "studykit.exchange", "studykit.language", "studykit.progress"),
        "exchange.py": ("studykit.errors", "studykit.events", "studykit.files", "studykit.progress"),
        "anki.py": ("genanki", "studykit.errors", "studykit.files", "studykit.language", "studykit.question", "studykit.technique"),
        "models.py": ("torch",),
        "drill.py": ("studykit.errors", "studykit.language", "studykit.technique", "studykit.judge"),
        "bench": ("torch", "numpy", "sklearn", "scipy", "PIL", "transformers", "matplotlib", "rich", "studykit.bench", "studykit.errors", "studykit.home",
                  "studykit.language", "studykit.models"),
        "runner": ("papermill", "nbformat", "jupyter_client", "nbclient", "rich", "pyarrow", "ray", "tqdm", "ipykernel",
                   "zmq", "traitlets", "studykit.runner", "studykit.errors", "studykit.files", "studykit.knobs",
                   "studykit.technique", "studykit.language"),
        "server": ("tornado", "jupyter_server", "jsonschema", "nbformat", "nbconvert", "studykit.server", "studykit.drill",
                   "studykit.errors", "studykit.files", "studykit.home", "studykit.interview", "studykit.judge", "studykit.language",
                   "studykit.progress", "studykit.question", "studykit.reviews", "studykit.runner", "studykit.technique"),
        "widgets": ("anywidget", "ipywidgets", "traitlets", "studykit.widgets", "studykit.question", "studykit.knobs",
                    "studykit.errors", "studykit.language"),
    }.get(top, ("",))  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_imports_what_its_room_may(path: Path) -> None:
    may = allowed(path)
    if may == ("",):  # notebook, cli, derive, judge and report: everything above them
        return
    foreign = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in STDLIB and not any(name == each or name.startswith(f"{each}.") for each in may)
    ]
    assert not foreign, f"{path.name} may import the standard library and {', '.join(may)}"


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name in SECTIONS], ids=lambda path: path.stem)
def test_a_technique_knows_the_others_of_its_section_by_id_alone(path: Path) -> None:
    stem = re.sub(r"_(experiment|drill)$", "", path.stem)
    others = {each.id for each in catalog().values()} - {stem}
    if path.stem.startswith("_"):
        return
    used = {
        name.split(".")[2]
        for name in imported(path)
        if name.startswith(f"studykit.{path.parent.name}.") and len(name.split(".")) > 2
    }
    assert not used & others, "ask for another technique by technique(id).implementation()"


def test_no_module_outgrows_its_reader() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        described = sum(len((ast.get_docstring(node, clean=False) or "").splitlines()) for node in ast.walk(ast.parse(text))
                        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))  # fmt: skip
        whiteboard = path.parent.name in SECTIONS and not re.search(r"_drill|_experiment|^_", path.stem)
        lines, limit = len(text.splitlines()) - described, 120 if whiteboard else 300
        assert lines <= limit, f"{path.name} has {lines} lines beside its docstrings; {limit} at most"


def test_nothing_derived_is_stale_missing_or_stray() -> None:
    assert house.check() == []


def test_every_public_name_is_what_its_card_says_in_whatever_order_modules_come() -> None:
    modules = [card.module_of(suffix) for card in catalog().values() for suffix in ("", "_experiment", "_drill")]
    for seed in range(2):
        order = random.Random(seed).sample(modules, len(modules))
        lines = [f"import {module}" for module in order]
        for card in catalog().values():
            lines += [f"from studykit.{card.section} import {name}" for name in card.names]
            lines += [f"assert {name}.__module__ == {card.module_of()!r}, {name}" for name in card.names]
        subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=120)


def test_import_studykit_loads_no_torch_and_a_section_loads_no_framework() -> None:
    code = "import sys, studykit; heavy = {'torch', 'numpy', 'IPython'} & set(sys.modules); assert not heavy, heavy"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    for section in {card.section for card in catalog().values()}:
        code = f"import sys, studykit.{section}; print([m for m in sys.modules if m.startswith({FRAMEWORK})])"
        done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
        assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["technique", "knobs", "question", "claims", "progress", "drill", "cli", "runner", "server.routes"])
def test_what_the_server_uses_never_imports_torch(module: str) -> None:
    code = f"import sys, studykit.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_lint_and_types() -> None:
    for command in (["ruff", "check", "."], ["mypy"]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_project_speaks_only_of_itself() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    machine = re.compile(r"(?<![\w.])/(?:root|work|tmp)/\w")
    for path in paths:
        if path.suffix in (".py", ".md", ".toml", ".ts", ".js", ".ipynb", ".yml", ".json") and path.is_file():
            found = machine.search(path.read_text(encoding="utf-8"))
            assert not found or path == Path(__file__), f"{path.name} names a path of some machine: {found[0]}"  # type: ignore[index]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package with its quizzes in a folder of its own."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("studykit", "quizzes", "notebooks", "evidence"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    for name in ("pyproject.toml", "requirements.lock", "environment.yml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def command(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.argv = ['studykit', *{arguments!r}]; from studykit.cli import main; sys.exit(main())"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_new_technique_is_files_that_fail_until_they_are_written(copy: Path) -> None:
    made = command(copy, "new", "optim", "rprop")
    assert made.returncode == 0, made.stderr
    files = made.stdout.split()
    assert len(files) == 7
    told = command(copy, "check")
    assert told.returncode == 1
    for file in files:
        assert f"{file}: is still the scaffold" in told.stderr
    # A file that is written, but not all that it must be, is told with its field and remedy.
    for file in files:
        path = copy / file
        path.write_text(path.read_text(encoding="utf-8").replace(scaffold.MARK, ""), encoding="utf-8")
    told = command(copy, "check")
    assert told.returncode == 1
    assert "optim/rprop.toml: title.en: is empty; write it in both languages" in told.stderr
    again = command(copy, "new", "optim", "rprop")
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1


def test_each_kind_of_rot_is_told_with_its_remedy(copy: Path) -> None:
    def spoil(name: str, old: str, new: str) -> None:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    spoil("README.md", "| [Lion", "| [Leon")
    spoil("studykit/optim/sgd.md", "## The trap", "## A trap")
    spoil("studykit/optim/adam.py", "beta1 *", "beta1  *")
    spoil("studykit/optim/lion.toml", "25", "26")
    (copy / "quizzes/basics/stray.toml").write_text("", encoding="utf-8")
    (copy / "notebooks/basics/adamw.ipynb").unlink()
    told = command(copy, "check")
    assert told.returncode == 1
    expected = [
        "README.md: is stale; run `studykit build --no-run`",
        "sgd.md: has the headings",
        "notebooks/basics/lion.ipynb: its text is stale; run `studykit build lion --no-run`",
        "notebooks/basics/adamw.ipynb: is missing; run `studykit build adamw`",
        "notebooks/basics/adam.ipynb: its outputs are stale; run `studykit build adam`",
        "quizzes/basics/stray.toml: belongs to no card; remove it",
    ]
    for line in expected:
        assert line in told.stderr
