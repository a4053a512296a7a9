"""Headless runs over notebooks of a few cells: real kernels, forks, kills and files."""

import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from studykit import technique as cards
from studykit.errors import InputError
from studykit.runner import Job, Outcome, Step, collect, jobs, jobs_of, pool, progress, run, sweep_of, write_results
from studykit.runner.report import page

ROOT = Path(__file__).resolve().parent.parent
# What every kernel needs; tests of forks need no torch.
WARM = ("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell")
KNOBS = [
    {"name": "lr", "kind": "log", "type": "float", "default": 1e-3, "low": 1e-5, "high": 1e-2},
    {"name": "seed", "kind": "number", "type": "int", "default": 0, "low": 0},
    {"name": "regime", "kind": "choice", "type": "str", "default": "helps", "choices": ["helps", "does_not"]},
    {"name": "device", "kind": "text", "type": "str", "default": "auto"},
]
MIME = "application/vnd.studykit.result+json"
ROW = {
    "regime": "helps", "metric": "loss", "higher_is_better": False, "technique": "lion", "against": "adamw", "mean": 1.0,
    "other": 1.5, "difference": -0.5, "low": -0.7, "high": -0.3, "wins": 3, "seeds": 3, "verdict": "better",
    "expected": "better", "agreement": "agrees",
}  # fmt: skip


def cell(source: str, kind: str = "code", **metadata: Any) -> dict[str, Any]:
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"c{abs(hash(source))}", "metadata": metadata, "source": source, **code}


def notebook(path: Path, *sources: str, knobs: list[dict[str, Any]] = KNOBS, hash: str = "h") -> Path:
    """A notebook as `studykit build` writes it, with these code cells below headings."""
    defaults = "\n".join(f"{knob['name']} = {knob['default']!r}" for knob in knobs)
    cells = [cell(defaults, tags=["parameters"])]
    for n, source in enumerate(sources, 1):
        cells += [cell(f"## Part {n}", "markdown"), cell(source)]
    metadata = {"studykit": {"technique": path.stem, "executed": hash, "knobs": knobs}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return path


def shows(*rows: dict[str, Any]) -> str:
    """A cell with this result."""
    return f"from IPython.display import display\ndisplay({{{MIME!r}: {{'technique': 'lion', 'rows': {list(rows)!r}}}}}, raw=True)"


def printed(outcome: Outcome) -> str:
    cells = json.loads(outcome.notebook.read_text("utf-8"))["cells"]
    return "".join("".join(each["text"]) for cell in cells for each in cell.get("outputs", []) if "text" in each)


def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three techniques with notebooks: lion and adamw of optim, mixup of data."""
    card = cards.read_card(cards.PACKAGE / "optim" / "lion.toml")
    three = {name: replace(card, id=name, section=section) for name, section in
             (("lion", "optim"), ("adamw", "optim"), ("mixup", "data"))}  # fmt: skip
    monkeypatch.setattr(cards, "catalog", lambda: three)
    monkeypatch.setattr(jobs, "technique", three.__getitem__)
    monkeypatch.setattr(cards, "ROOT", tmp_path)
    for each in three.values():
        notebook(each.notebook, knobs=KNOBS if each.id != "mixup" else KNOBS[1:])
    return tmp_path


@pytest.mark.parametrize(
    ("targets", "ids"),
    [
        (["lion"], ["lion"]),
        (["optim"], ["lion", "adamw"]),
        (["basics", "lion"], ["lion", "adamw"]),
        (["mixup", "optim"], ["lion", "adamw", "mixup"]),
        (["all"], ["lion", "adamw", "mixup"]),
    ],
)
def test_a_target_is_a_technique_a_section_a_tier_or_all(house: Path, targets: list[str], ids: list[str]) -> None:
    assert [job.technique_id for job in jobs_of(targets, {"seed": "4"})] == ids
    assert all(job.parameters == {"seed": 4} for job in jobs_of(targets, {"seed": "4"}))


@pytest.mark.parametrize(
    ("targets", "given", "words"),
    [
        (["lion"], {"lr": "abc"}, "lion: lr: is 'abc'; give a number from 1e-05 to 0.01"),
        (["lion"], {"lr": "-1"}, "lion: lr: is '-1'; give a number from 1e-05 to 0.01"),
        (["lion"], {"lr": "nan"}, "lion: lr: is 'nan'; give a number"),
        (["lion"], {"seed": "1.5"}, "lion: seed: is '1.5'; give a whole number from 0"),
        (["lion"], {"regime": "both"}, "lion: regime: is 'both'; give one of helps, does_not"),
        (["lion"], {"rate": "1"}, "lion: rate: is no parameter of this notebook; use one of lr, seed, regime, device"),
        (["all"], {"lr": "1e-3"}, "lr: is no parameter of mixup; leave it out, or run lion, adamw apart"),
        (["all"], {"x": "1"}, "x: is no parameter of lion, adamw, mixup; leave it out, or use one that all have: seed"),
        (["loin"], {}, "loin: is no technique, section or tier; did you mean lion?"),
        ([], {}, "run: was given nothing to run; name a technique"),
    ],
)
def test_what_can_not_be_run_is_one_line(house: Path, targets: list[str], given: dict[str, str], words: str) -> None:
    with pytest.raises(InputError) as error:
        jobs_of(targets, given)
    assert str(error.value).startswith(words) and "\n" not in str(error.value)


def test_a_notebook_that_is_missing_or_not_ours_is_named(house: Path) -> None:
    path = house / "notebooks/basics/lion.ipynb"
    path.write_text('{"cells": [], "metadata": {}}', "utf-8")
    with pytest.raises(
        InputError, match=r"notebooks/basics/lion.ipynb: is no notebook of studykit.*studykit build lion"
    ):
        jobs_of(["lion"], {})
    path.unlink()
    with pytest.raises(InputError, match=r"notebooks/basics/lion.ipynb: is missing; run `studykit build lion`"):
        jobs_of(["optim"], {})


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("lr", "log:1e-5:1e-2:4", [1e-5, 1e-4, 1e-3, 1e-2]),
        ("lr", "lin:0.001:0.005:3", [0.001, 0.003, 0.005]),
        ("lr", "1e-3,1e-4", [1e-3, 1e-4]),
        ("lr", "log:1e-3:1e-3:1", [1e-3]),
        ("lr", [1e-3, 1e-4], [1e-3, 1e-4]),
        ("seed", "0:5", [0, 1, 2, 3, 4]),
        ("seed", "log:1:1000:4", [1, 10, 100, 1000]),
        ("seed", "lin:0:2:5", [0, 1, 2]),
        ("seed", "7", [7]),
        ("seed", 7, [7]),
        ("regime", "helps,does_not", ["helps", "does_not"]),
        ("device", "cuda:1", ["cuda:1"]),
    ],
)
def test_a_grid_is_what_it_says(house: Path, name: str, given: Any, values: list[Any]) -> None:
    assert [job.parameters[name] for job in sweep_of("lion", {name: given})] == values


def test_a_sweep_is_the_product_of_its_grids(house: Path) -> None:
    points = [job.parameters for job in sweep_of("lion", {"lr": "log:1e-5:1e-2:9", "seed": "0:5"})]
    assert len(points) == 45 and points[0] == {"lr": 1e-5, "seed": 0} and points[1] == {"lr": 1e-5, "seed": 1}
    ratios = [b["lr"] / a["lr"] for a, b in zip(points[::5], points[5::5], strict=False)]
    assert ratios == pytest.approx([1000 ** (1 / 8)] * 8)
    assert [job.label for job in sweep_of("lion", {"lr": "1e-3,0.0001"})] == ["lion lr=0.001", "lion lr=0.0001"]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("lr", "log:1e-5:1e-2", "lion: lr: is 'log:1e-5:1e-2'; give a value, or low:high"),
        ("lr", "log:0:1e-2:3", "lion: lr: is 'log:0:1e-2:3'; give a value"),
        ("lr", "log:1e-5:1e-2:0", "lion: lr: is 'log:1e-5:1e-2:0'"),
        ("lr", "log:1e-5:1e-2:1", "lion: lr: is 'log:1e-5:1e-2:1'"),
        ("lr", "log:1e-5:1e-2:3:4", "lion: lr: is 'log:1e-5:1e-2:3:4'"),
        ("lr", "lin:1e-5:inf:3", "lion: lr: is 'lin:1e-5:inf:3'"),
        ("lr", "lin:0.001:1:3", "lion: lr: is 0.5005; give a number from 1e-05 to 0.01"),
        ("lr", "1e-3,,1e-4", "lion: lr: is '1e-3,,1e-4'; give a value"),
        ("seed", "5:0", "lion: seed: is '5:0'; give a value, or low:high (whole numbers, high excluded)"),
        ("seed", "0:1:2", "lion: seed: is '0:1:2'"),
        ("seed", "0:1000000000", "sweep lion: makes 10001 runs; ask for 10000 or fewer"),
        ("regime", "helps,never", "lion: regime: is 'never'; give one of helps, does_not"),
        ("rate", "0:5", "lion: rate: is no parameter of this notebook"),
    ],
)  # fmt: skip
def test_a_malformed_grid_is_one_line(house: Path, name: str, given: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        sweep_of("lion", {name: given})
    assert str(error.value).startswith(words)


def test_the_folder_follows_code_sources_and_values_and_nothing_else(tmp_path: Path) -> None:
    book = notebook(tmp_path / "lion.ipynb", "1 + 1")
    name = Job("lion", {}, book).folder(tmp_path)
    assert Job("lion", {"lr": 0.001, "seed": "0"}, book).folder(tmp_path) == name
    assert Job("lion", {"seed": 1}, book).folder(tmp_path) != name
    content = json.loads(book.read_text("utf-8"))
    content["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    book.write_text(json.dumps(content), "utf-8")
    assert Job("lion", {}, book).folder(tmp_path) == name
    others = [("1 + 2", "h"), ("1 + 1", "i")]
    assert all(Job("lion", {}, notebook(book, a, hash=b)).folder(tmp_path) != name for a, b in others)


STATE = """import os, json, random
assert not hasattr(json, "touched"), "an earlier run is seen"
json.touched = True
print(json.dumps({"seed": seed, "lr": lr, "parent": os.getppid(), "pid": os.getpid(), "random": random.random(),
                  "threads": os.environ.get("OMP_NUM_THREADS"), "cwd": os.getcwd()}))"""
RENDEZVOUS = """import time, pathlib
meeting = pathlib.Path({folder!r})
(meeting / str(seed)).touch()
end = time.time() + 20
while len(list(meeting.iterdir())) < 2:
    assert time.time() < end, "the other run does not run beside this one"
    time.sleep(.01)"""


def test_two_at_once_are_fresh_forks_of_one_process_and_are_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    out = tmp_path / "out {lr} 结果"
    book = notebook(tmp_path / "lion.ipynb", RENDEZVOUS.format(folder=str(meeting)), STATE)
    three = [Job("lion", {"seed": seed, "lr": 0.002}, book) for seed in range(3)]
    events: list[tuple[str, Step | Outcome]] = []
    outcomes = run(three, out, workers=2, watch=lambda job, event: events.append((job.label, event)), warm=WARM)
    assert [(each.status, each.reason) for each in outcomes] == [("done", "")] * 3
    said = [json.loads(printed(each)) for each in outcomes]
    assert [each["seed"] for each in said] == [0, 1, 2] and {each["lr"] for each in said} == {0.002}
    assert len({each["pid"] for each in said}) == len({each["random"] for each in said}) == 3
    if sys.platform == "linux":
        assert len({each["parent"] for each in said}) == 1
    assert {each["threads"] for each in said} == {"1"}
    assert [Path(each["cwd"]) for each in said] == [each.notebook.parent for each in outcomes]
    for outcome in outcomes:
        assert outcome.notebook == outcome.job.folder(out) / "notebook.ipynb"
        assert [path.name for path in outcome.notebook.parent.iterdir()] == ["notebook.ipynb"]
        assert str(tmp_path / "lion") not in json.dumps(json.loads(outcome.notebook.read_text("utf-8"))["metadata"])
    steps = [event for label, event in events if label == "lion seed=0 lr=0.002" and isinstance(event, Step)]
    assert steps[0].cells == 0 and [step.cell for step in steps[1:]] == [0, 1, 2, 3]
    assert [step.message for step in steps[3:]] == ["Part 1", "Part 2"] and steps[-1].cells == 4
    before = [each.notebook.stat().st_mtime_ns for each in outcomes]
    monkeypatch.setattr(pool, "_Worker", None)
    again = run(three, out, warm=WARM)
    assert [each.status for each in again] == ["already done"] * 3
    assert [each.notebook.stat().st_mtime_ns for each in again] == before


def test_a_failing_cell_leaves_the_partial_notebook_and_a_line(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    source = f"import pathlib\nif not pathlib.Path({str(flag)!r}).exists():\n    raise ValueError('no GPU here\\nsecond line')"
    book = notebook(tmp_path / "lion.ipynb", "print('first')", source, "print('last')")
    early = notebook(tmp_path / "early.ipynb", "raise SystemExit", "print('last')")
    failed, ended = run([Job("lion", {}, book), Job("early", {}, early)], tmp_path / "out", warm=WARM)
    assert (failed.status, failed.reason) == ("failed", "In [4]: ValueError: no GPU here")
    assert failed.notebook.name == "partial.ipynb" and printed(failed) == "first\n"
    assert json.loads(failed.notebook.read_text("utf-8"))["metadata"]["studykit"]["run"]["reason"] == failed.reason
    assert ended.status == "failed" and "SystemExit" in ended.reason
    assert [(row["technique"], row["status"], row["reason"]) for row in collect(tmp_path / "out")] == [
        ("early", "failed", ended.reason),
        ("lion", "failed", failed.reason),
    ]
    flag.touch()
    [mended] = run([failed.job], tmp_path / "out", warm=WARM)
    assert mended.status == "done" and printed(mended) == "first\nlast\n"
    assert not failed.notebook.exists()


def waits(path: Path, release: Path) -> str:
    return f"""import os, pathlib, time
with open({str(path)!r}, "a") as file:
    file.write(f"{{os.getpid()}} {{os.getppid()}}\\n")
while not pathlib.Path({str(release)!r}).exists():
    time.sleep(.02)"""


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and /proc")
@pytest.mark.parametrize("warm", [WARM, ()], ids=["forked", "plain"])
def test_kill_9_leaves_no_process_and_no_result_and_the_run_goes_on(tmp_path: Path, warm: tuple[str, ...]) -> None:
    pids, release, out = tmp_path / "pids", tmp_path / "release", tmp_path / "out"
    book = notebook(tmp_path / "lion.ipynb", waits(pids, release))
    code = (
        "import sys; from pathlib import Path; from studykit.runner import Job, run\n"
        f"run([Job('lion', {{}}, Path({str(book)!r}))], Path({str(out)!r}), warm={warm!r})"
    )
    # A short path, so that it is sockets that are left behind where something is.
    temporary = Path(tempfile.mkdtemp(prefix="t-"))
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)})
    until(lambda: pids.exists() and pids.read_text().endswith("\n"))
    processes = [int(pid) for pid in pids.read_text().split()]
    assert [row["status"] for row in collect(out)] == ["running"]
    parent.send_signal(signal.SIGKILL)
    assert parent.wait() == -signal.SIGKILL
    until(lambda: not any(map(alive, processes)))
    assert [row["status"] for row in collect(out)] == ["interrupted"]
    assert not list(out.glob("*/*/notebook.ipynb"))
    until(lambda: not list(temporary.iterdir()))
    temporary.rmdir()
    release.touch()
    [outcome] = run([Job("lion", {}, book)], out, warm=warm)
    assert outcome.status == "done" and [row["status"] for row in collect(out)] == ["done"]


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and /proc")
def test_a_killed_kernel_and_a_killed_worker_are_failures_of_their_job_alone(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    book = notebook(
        tmp_path / "lion.ipynb",
        f"if seed < 2:\n    {waits(pids, tmp_path / 'never').replace(chr(10), chr(10) + '    ')}",
    )
    killed: list[int] = []

    def watch(job: Job, event: Step | Outcome) -> None:
        if isinstance(event, Step) and event.message == "Part 1" and job.parameters["seed"] < 2:
            count = len(killed)
            until(lambda: pids.exists() and pids.read_text().count("\n") > count)
            kernel = int(pids.read_text().splitlines()[count].split()[0])
            children = subprocess.run(
                ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
            )
            worker = int(next(line.split()[0] for line in children.stdout.splitlines() if "runner.worker" in line))
            killed.append([kernel, worker][count])
            os.kill(killed[-1], signal.SIGKILL)

    first, second, third = run(
        [Job("lion", {"seed": seed}, book) for seed in range(3)], tmp_path / "out", watch=watch, warm=WARM
    )
    assert (first.status, first.reason) == (
        "failed",
        "In [3]: the kernel died; it was killed, ran out of memory or crashed",
    )
    assert (second.status, second.reason) == ("failed", "the worker process ended by signal 9")
    assert third.status == "done"
    until(lambda: not any(alive(int(line.split()[0])) for line in pids.read_text().splitlines()))


def test_an_interrupt_ends_all_that_runs(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    book = notebook(tmp_path / "lion.ipynb", waits(pids, tmp_path / "never"))
    told = 0

    def watch(job: Job, event: Step | Outcome) -> None:
        nonlocal told
        told += 1
        if isinstance(event, Step) and event.message == "Part 1":
            until(lambda: pids.exists() and pids.read_text().endswith("\n"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([Job("lion", {"seed": seed}, book) for seed in range(9)], tmp_path / "out", watch=watch, warm=WARM)
    begun = told
    until(lambda: not any(alive(int(line.split()[0])) for line in pids.read_text().splitlines()))
    assert pids.read_text().count("\n") == 1 and told == begun
    assert not list((tmp_path / "out").glob("*/*/notebook.ipynb"))


def test_the_same_job_twice_at_once_runs_once(tmp_path: Path) -> None:
    pids, release = tmp_path / "pids", tmp_path / "release"
    job = Job("lion", {}, notebook(tmp_path / "lion.ipynb", waits(pids, release)))
    found: list[Outcome] = []
    messages: list[str] = []

    def watch(job: Job, event: Step | Outcome) -> None:
        if isinstance(event, Step):
            messages.append(event.message)
            if "waiting" in event.message:
                release.touch()

    threads = [
        threading.Thread(target=lambda: found.extend(run([job], tmp_path / "out", watch=watch, warm=())))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.status for each in found) == ["already done", "done"]
    assert pids.read_text().count("\n") == 1 and "waiting for another run of the same job" in messages


@pytest.mark.parametrize("why", ["a thread", "a long path"])
def test_where_no_kernel_can_be_forked_one_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "a thread":
        threaded = "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
        (tmp_path / "threaded.py").write_text(threaded)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    else:
        # Longer than the path of a socket may be.
        (tmp_path / ("long" * 30)).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 30)))
    book = notebook(tmp_path / "lion.ipynb", "import sys\nprint('ipykernel_launcher' in ' '.join(sys.orig_argv))")
    [outcome] = run([Job("lion", {}, book)], tmp_path / "out", warm=("threaded", "no_such_module"))
    assert (outcome.status, printed(outcome)) == ("done", "True\n")


def test_a_kernel_that_does_not_come_up_is_started_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = tmp_path / "starts"
    startup = tmp_path / "ipython/profile_default/startup"
    startup.mkdir(parents=True)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    fails = f"import os\nn = os.path.getsize({str(starts)!r})\nopen({str(starts)!r}, 'a').write('.')\nn < {{}} and os._exit(1)"
    book = notebook(tmp_path / "lion.ipynb", "print(seed)")
    for times, status in ((1, "done"), (9, "failed")):
        starts.write_text("")
        (startup / "00.py").write_text(fails.format(times))
        [outcome] = run([Job("lion", {"seed": times}, book)], tmp_path / "out", warm=())
        assert outcome.status == status and starts.read_text() == ".."
    assert outcome.reason == "Kernel died before replying to kernel_info"


def test_the_command_line_gets_one_line_for_what_can_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("lion", {}, notebook(tmp_path / "lion.ipynb"))
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "file").touch()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"engine": "ray"}, r"--engine ray: needs Ray, which is not installed; run `python -m pip install ray`"),
        ({"engine": "spark"}, r"--engine: is 'spark'; give one of local, ray"),
        ({"workers": 0}, r"--jobs: is 0; give 1 or more"),
        ({"out": tmp_path / "file"}, r"--out: can't be made"),
        ({"jobs": [replace(job, parameters={"lr": "abc"})]}, r"lr: is 'abc'; give a number"),
    ]
    for given, words in cases:
        with pytest.raises(InputError, match=words):
            run(**{"jobs": [job], "out": tmp_path / "out", **given})
    with pytest.raises(InputError, match="holds no results"):
        write_results(tmp_path / "out")


def test_findings_become_flat_rows_parquet_and_a_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    evil = "<script>alert('x')</script>"
    lone = {**ROW, "regime": "does_not", "low": float("-inf"), "high": float("inf"), "seeds": 1, "verdict": "same"}
    lone["agreement"] = "not shown"
    source = "inf = float('inf')\n" + shows(ROW, lone, {**ROW, "against": evil, "difference": float("nan")}).replace(
        "nan", "inf - inf"
    )
    book = notebook(tmp_path / "lion.ipynb", source)
    broken = notebook(tmp_path / "bad.ipynb", f"raise ValueError({evil!r} + ' & more')")
    todo = [Job("lion", {"seed": seed, "device": evil}, book) for seed in (10, 9)]
    run([*todo, Job("lion", {}, book), Job("bad", {"seed": 1}, broken)], out, workers=2, warm=WARM)
    rows = collect(out)
    assert len(rows) == 10 and rows[0]["status"] == "failed" and rows[0]["against"] is None
    helps = [row for row in rows if (row["regime"], row["against"]) == ("helps", "adamw")]
    assert [row["parameter.seed"] for row in helps] == [9, 10, 0]
    assert {name: helps[0][name] for name in ("technique", "arm", "mean", "against_mean", "low", "wins", "verdict")} == {
        "technique": "lion", "arm": "lion", "mean": 1.0, "against_mean": 1.5, "low": -0.7, "wins": 3, "verdict": "better",
    }  # fmt: skip
    assert json.loads(helps[0]["changed"]) == {"device": evil, "seed": 9} and helps[0]["parameter.lr"] == 1e-3
    assert helps[0]["seconds"] > 0 and (out / helps[0]["notebook"]).is_file()
    one = next(row for row in rows if row["regime"] == "does_not")
    assert (one["low"], one["high"]) == (-math.inf, math.inf)

    parquet, report = write_results(out)
    table = pq.read_table(parquet)
    differences = table.column("difference").to_pylist()
    assert table.num_rows == 10 and differences[0] is None and differences.count(-0.5) == 6
    assert str(table.schema.field("wins").type) == "int64" and str(table.schema.field("parameter.seed").type) == "int64"
    text = report.read_text("utf-8")
    assert "<script" not in text and "&lt;script&gt;alert" in text and "&amp; more" in text
    assert not re.search(r"(src|href)=\"(?!lion/|bad/)", text) and "url(" not in text and "@import" not in text
    assert str(tmp_path) not in text and "defaults" in text and "默认值" in text
    assert "差值" in text and "difference" in text and "prefers-color-scheme: dark" in text
    well_formed(text)
    assert text.count("<svg") == 6 and text.count('class="bar"') == 3


class Nesting(HTMLParser):
    VOID = ("meta", "input", "line", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.VOID or self.open.pop() == tag


def well_formed(text: str) -> None:
    parser = Nesting()
    parser.feed(text)
    parser.close()
    assert not parser.open


def test_a_plot_puts_dot_and_interval_on_the_scale_of_its_table() -> None:
    base = {**ROW, "arm": "lion", "against_mean": 1.5, "seconds": 1.0, "notebook": "lion/x/notebook.ipynb", "run": "x"}
    rows = [{**base, "changed": "{}", "status": "done", "reason": ""}, {**base, "changed": '{"seed": 1}', "run": "y"}]
    rows[1] |= {"difference": 0.5, "low": 0.3, "high": 0.7}
    text = page(rows)
    dots = [float(x) for x in re.findall(r'circle class="dot" cx="([\d.]+)"', text)]
    zeros = {float(x) for x in re.findall(r'class="zero" x1="([\d.]+)"', text)}
    bars = [(float(a), float(b)) for a, b in re.findall(r'class="bar" x1="([\d.]+)" x2="([\d.]+)"', text)]
    assert zeros == {110.0} and dots[0] + dots[1] == pytest.approx(220) and bars[0][0] == 8.0 and bars[1][1] == 212.0
    assert all(low < dot < high for dot, (low, high) in zip(dots, bars, strict=True)) and dots[0] < 110 < dots[1]


def outcome(status: Any, **more: Any) -> Outcome:
    return Outcome(Job("lion", {"device": "[red]x"}), status, Path("/results/[a]/notebook.ipynb"), **more)


def lines_of(console: Console) -> Iterator[str]:
    job = Job("lion", {"device": "[red]x"})
    with progress(3, console) as watch:
        watch(job, Step(0, 0, "the kernel starts"))
        watch(job, Step(2, 7, "Part [2]"))
        watch(job, outcome("done", seconds=1.25))
        watch(job, outcome("already done"))
        watch(job, outcome("failed", reason="In [3]: ValueError: [bold]no"))
    assert isinstance(console.file, io.StringIO)
    yield from console.file.getvalue().splitlines()


def test_without_a_terminal_progress_is_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDYKIT_LANG", "en")
    assert list(lines_of(Console(file=io.StringIO(), width=30))) == [
        "lion device=[red]x: starts",
        "[1/3] lion device=[red]x: done (1.2 s) → /results/[a]/notebook.ipynb",
        "[2/3] lion device=[red]x: already done → /results/[a]/notebook.ipynb",
        "[3/3] lion device=[red]x: failed: In [3]: ValueError: [bold]no → /results/[a]/notebook.ipynb",
    ]


def test_on_a_terminal_progress_is_a_bar_and_the_place_of_each_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDYKIT_LANG", "zh")
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    text = "\n".join(lines_of(console))
    assert "lion device=[red]x: 完成 (1.2 s) → /results/[a]/notebook.ipynb" in text
    assert "失败: In [3]: ValueError: [bold]no" in text and "3/3" in text


def test_the_parent_loads_neither_torch_nor_papermill() -> None:
    code = "import sys, studykit.runner; print([name for name in ('torch', 'papermill', 'nbformat') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout == "[]\n"
