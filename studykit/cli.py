"""The commands. Each imports what it needs inside, so that `studykit --help` is there at once."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from studykit import terminal
from studykit.errors import InputError

app = typer.Typer(
    name="studykit",
    help="Study how to train models well: notebooks, drills that name your mistake, questions that come back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Parameters = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter of the notebook.")
]
Targets = Annotated[list[str], typer.Argument(help="Techniques, sections, tiers, or `all`.")]
Out = Annotated[Path, typer.Option("--out", help="Where runs are kept.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="How many at once, one thread each.")]
Engine = Annotated[str, typer.Option("--engine", help="`local` or `ray`.")]


def main() -> int:
    """Run the command line; what the user can mend is one line on stderr and status 2."""
    try:
        return app(standalone_mode=False) or 0
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        # Typer's own words about the command line: which option, what is wrong.
        show = getattr(error, "format_message", None)
        if show is None:
            raise
        print(f"{show()} See `studykit --help`.", file=sys.stderr)
        return 2


@app.command()
def lab(
    arguments: Annotated[list[str] | None, typer.Argument(help="Further arguments of JupyterLab, after `--`.")] = None,
) -> None:
    """Open JupyterLab on the index of notebooks."""
    # As the default page, so that the address that Lab prints leads there too where no browser can be opened.
    opened = [f"--ServerApp.root_dir={_notebooks()}", "--LabApp.default_url=/lab/tree/index.ipynb"]
    command = [sys.executable, "-m", "jupyterlab", *opened, *desk_options(), *(arguments or [])]
    if os.name == "posix":
        os.execv(command[0], command)
    raise typer.Exit(subprocess.call(command))


def desk_options() -> list[str]:
    """What makes JupyterLab find the panel and its server where they lie: a checkout needs neither Node nor an installation."""
    from studykit.technique import PACKAGE

    built = PACKAGE / "labextension" / "built"
    return [f"--LabApp.extra_labextensions_path={built}", "--ServerApp.jpserver_extensions=studykit.server=True"]


def _notebooks() -> Path:
    """The folder of notebooks; an installed package gives the learner a copy, which later versions only add to."""
    import shutil

    from studykit.home import home
    from studykit.technique import PACKAGE, ROOT

    if PACKAGE not in ROOT.parents:
        return ROOT / "notebooks"
    own = home() / "notebooks"
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        target = own / path.relative_to(ROOT / "notebooks")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return own


@app.command()
def test(
    gpu: Annotated[bool, typer.Option("--gpu", help="Only the checks that need a GPU.")] = False,
    arguments: Annotated[list[str] | None, typer.Argument(help="Further arguments of pytest, after `--`.")] = None,
) -> None:
    """Run every test: the kit, its browser sessions, and all notebooks against their outputs."""
    from studykit.technique import ROOT

    if not (ROOT / "tests").is_dir():
        raise InputError("studykit test", "needs a checkout, and this is an installed package", "clone the repository")
    pytest = [sys.executable, "-m", "pytest"]
    if gpu:
        raise typer.Exit(subprocess.call([*pytest, "tests/gpu", *(arguments or [])], cwd=ROOT))
    with tempfile.TemporaryDirectory(prefix="studykit-home-") as home:
        # A learner's own progress is no concern of the tests; one thread each, as many tests run at once as there are cores.
        own = {**os.environ, "STUDYKIT_HOME": home, "STUDYKIT_LANG": "en", "OMP_NUM_THREADS": "1"}
        failed = subprocess.call([*pytest, "tests", "--ignore=tests/gpu", *(arguments or [])], cwd=ROOT, env=own)
        if not arguments:
            checked = ["--nbval-lax", "--nbval-cell-timeout=600", "notebooks", "-n", "2", "--dist", "loadfile"]
            # nbval speaks to kernels in ways that its own dependencies call outdated; the kit's tests stay strict.
            failed = subprocess.call([*pytest, *checked, "-W", "default"], cwd=ROOT, env=own) or failed
    raise typer.Exit(failed)


@app.command("list")
def list_() -> None:
    """All techniques in the order of study."""
    from rich.console import Console
    from rich.table import Table

    from studykit.technique import catalog

    table = Table("id", "technique", "tier", "section", "min", box=None, header_style="bold")
    for card in catalog().values():
        table.add_row(card.id, card.title.say(), card.tier, card.section, str(card.minutes))
    Console().print(table)


@app.command()
def run(
    targets: Targets,
    parameters: Parameters = None,
    out: Out = Path("runs"),
    jobs: Jobs = 1,
    engine: Engine = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Each step and each end as a line of JSON on stdout.")] = False,
) -> None:
    """Run notebooks headless; done ones are skipped."""
    from studykit import runner
    from studykit.knobs import split_assignments

    _run(runner.jobs_of(targets, split_assignments(parameters or [])), out, jobs, engine, as_json)


@app.command()
def sweep(
    technique: Annotated[str, typer.Argument(help="A technique.")],
    parameters: Parameters = None,
    out: Out = Path("runs"),
    jobs: Jobs = 1,
    engine: Engine = "local",
) -> None:
    """Run one notebook over a grid: -p lr=log:1e-5:1e-2:9 -p seed=0:5."""
    from studykit import runner
    from studykit.knobs import split_assignments

    _run(runner.sweep_of(technique, split_assignments(parameters or [])), out, jobs, engine)


def _run(jobs: Any, out: Path, workers: int, engine: str, as_json: bool = False) -> None:
    from contextlib import nullcontext

    from studykit import runner

    with nullcontext(runner.told_as_json) if as_json else runner.progress(len(jobs)) as watch:
        outcomes = runner.run(jobs, out, workers=workers, engine=engine, watch=watch)
    for path in runner.write_results(out):
        print(path, file=sys.stderr if as_json else sys.stdout)
    raise typer.Exit(1 if any(outcome.status == "failed" for outcome in outcomes) else 0)


@app.command()
def grade(
    technique: Annotated[str, typer.Argument(help="Whose drill it is.")],
    file: Annotated[Path, typer.Argument(help="The Python file with your solution.")],
    as_json: Annotated[bool, typer.Option("--json", help="The verdict as the last line of stdout.")] = False,
    blank: Annotated[
        bool, typer.Option("--blank", help="Write the skeleton into the file, which must not exist.")
    ] = False,
) -> None:
    """Judge a solution: 0 passed, 1 refused, 2 could not be graded."""
    from studykit import drill
    from studykit.judge.client import JudgeError
    from studykit.technique import technique as technique_of

    card = technique_of(technique)
    if blank:
        _write_blank(file, drill.blank(card))
        return
    try:
        verdict = drill.grade(card.id, drill.read(file))
    except JudgeError as error:
        raise InputError("the judge", str(error), "run `studykit test` to see what is broken") from None
    if verdict.printed:
        print(verdict.printed, file=sys.stderr, end="" if verdict.printed.endswith("\n") else "\n")
    _record(card.id, verdict)
    print(json.dumps(verdict.as_json(), ensure_ascii=False) if as_json else verdict.message)
    raise typer.Exit(0 if verdict.passed else 1)


def _write_blank(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise InputError(str(file), "is there already", "name a new file; yours was left as it is") from None
    except OSError as error:
        raise InputError(str(file), f"can't be written ({error.strerror})", "name another file") from None
    print(file)


def _record(technique_id: str, verdict: Any) -> None:
    from studykit.progress import Progress

    try:
        with Progress() as log:
            log.drilled(technique_id, verdict.passed, verdict.mistake, verdict.seconds)
    except InputError as error:
        print(error, file=sys.stderr)


@app.command()
def check() -> None:
    """Say what is stale, missing, stray or malformed; executes no notebook."""
    from studykit.derive.house import check as problems_of

    problems = problems_of()
    for problem in problems:
        print(problem, file=sys.stderr)
    raise typer.Exit(1 if problems else 0)


@app.command()
def new(
    section: Annotated[str, typer.Argument(help="One of the nine sections.")],
    technique: Annotated[str, typer.Argument(help="The new id, in snake case.")],
) -> None:
    """Make the files of a new technique; `studykit check` says what is left to write."""
    from studykit.derive.scaffold import scaffold
    from studykit.technique import ROOT

    for path in scaffold(section, technique):
        print(path.relative_to(ROOT))


@app.command()
def build(
    techniques: Annotated[list[str] | None, typer.Argument(help="Whose notebooks; by default all.")] = None,
    run: Annotated[
        bool, typer.Option("--run/--no-run", help="Execute notebooks whose code or results changed.")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Execute them in any case.")] = False,
    jobs: Jobs = 1,
) -> None:
    """Write all that is derived: notebooks, section packages, tables, environment.yml."""
    from studykit.derive.house import build as build_all
    from studykit.technique import technique

    build_all([technique(each).id for each in techniques or []], run=run, force=force, jobs=jobs)


@app.command()
def report(
    targets: Annotated[list[str] | None, typer.Argument(help="Techniques, sections or tiers; by default all.")] = None,
    seeds: Annotated[int, typer.Option(min=5, help="Seeds of each regime.")] = 5,
    jobs: Jobs = 1,
) -> None:
    """Run every experiment over several seeds, and write the evidence with its table."""
    from studykit.derive.pages import evidence_page
    from studykit.report import report as measure_all
    from studykit.technique import ROOT, catalog, chosen

    cards = chosen(targets or ["all"])
    measure_all(cards, seeds, jobs, lambda each: print(f"evidence/{each}.json", file=sys.stderr))
    page = evidence_page(catalog().values())
    (ROOT / "evidence" / "README.md").write_text(page, encoding="utf-8")
    print(evidence_page(cards))


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help="What to measure; without it the choices are listed.")] = None,
    out: Annotated[Path | None, typer.Option("--json", help="Where the rows are written.")] = None,
) -> None:
    """Measure speed against the best-known implementations, all in one run."""
    from importlib import import_module

    from studykit.technique import PACKAGE

    found = {path.parent.name: path for path in sorted(PACKAGE.glob("*/_bench.py"))}
    if name is None:
        print("\n".join(found))
    elif name not in found:
        raise InputError(name, "is no benchmark", f"use one of {', '.join(found)}")
    else:
        import_module(f"studykit.{name}._bench").main(out)


for command in (terminal.quiz, terminal.mock, terminal.progress, terminal.lint, terminal.export_, terminal.import_):
    app.command(command.__name__.rstrip("_"))(command)
