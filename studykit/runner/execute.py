"""One job: papermill into a partial notebook, which takes its final name only when every cell has run."""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from studykit.files import write_safely
from studykit.runner.folders import FINAL, PARTIAL, alone, fits_sockets, load
from studykit.runner.jobs import Job, Outcome, Source, Step
from studykit.runner.kernels import kernel_class

AUTOSAVE = 30

Report = Callable[[Step], None]


class _Engine(NBClientEngine):
    """papermill's own engine, which reports each cell before it begins."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, report: Report, source_name: str, **options: Any
    ) -> None:
        cells = nb_man.nb.cells
        total = sum(cell.cell_type == "code" for cell in cells)
        begin = nb_man.cell_start

        def cell_start(cell: Any, cell_index: int, **more: Any) -> None:
            if cell.cell_type == "code":
                done = sum(each.cell_type == "code" for each in cells[:cell_index])
                report(Step(done, total, _heading(cells[:cell_index])))
            begin(cell, cell_index, **more)

        nb_man.cell_start = cell_start
        # papermill notes paths of this machine, which mean nothing where the result is read.
        nb_man.nb.metadata.papermill.update(input_path=source_name, output_path=FINAL)
        super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register("studykit", _Engine)


def execute(
    job: Job, out: Path, *, report: Report | None = None, scratch: Path | None = None, zygote: Path | None = None
) -> Outcome:
    """Run one job in this process, unless its result is there already.

    Args:
        job: The job.
        out: Folder of all results.
        report: Is told what runs.
        scratch: Folder for sockets; by default one of its own.
        zygote: Socket of a warmed process that forks the kernel; by default a kernel is started.

    Returns:
        The outcome; whatever the notebook does is one.

    Raises:
        InputError: The notebook or a parameter can't be used.
    """
    source, report = job.source(), report or (lambda step: None)
    folder = (out / job.technique_id / source.digest).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    final, partial = folder / FINAL, folder / PARTIAL
    with alone(folder, lambda: report(Step(0, 0, "waiting for another run of the same job"))):
        if final.exists():
            return Outcome(job, "already done", final)
        partial.unlink(missing_ok=True)
        begun = time.monotonic()
        try:
            notebook = _papermill(job, source, partial, report, scratch, zygote)
        except Exception as error:
            seconds, reason = round(time.monotonic() - begun, 3), _reason(error, partial)
            _sign_failed(partial, source, {"reason": reason, "seconds": seconds})
            return Outcome(job, "failed", partial, reason, seconds)
        seconds = round(time.monotonic() - begun, 3)
        notebook.metadata.studykit.run = _run("done", source, {"seconds": seconds})
        write_safely(final, nbformat.writes(notebook), by=partial)
        return Outcome(job, "done", final, seconds=seconds)


def _papermill(
    job: Job, source: Source, partial: Path, report: Report, scratch: Path | None, zygote: Path | None
) -> Any:
    began = False

    def watch(step: Step) -> None:
        nonlocal began
        began = True
        report(step)

    report(Step(0, 0, "the kernel starts"))
    for last in (False, True):
        try:
            with tempfile.TemporaryDirectory(prefix="sk-", dir=scratch) as folder:
                notebook = _attempt(job, source, partial, watch, Path(folder), zygote)
            break
        except RuntimeError:
            # nbclient's error of a kernel that died; one that never answered (a port was taken) gets a second chance.
            if began or last:
                raise
    if notebook.metadata.papermill.exception:
        raise RuntimeError("a cell ended the kernel's work (SystemExit), so the cells after it did not run")
    return notebook


def _attempt(job: Job, source: Source, partial: Path, watch: Report, folder: Path, zygote: Path | None) -> Any:
    # papermill is given the very text whose digest names the result, and reads it from a file.
    original = folder / "source.ipynb"
    original.write_text(source.text, encoding="utf-8")
    connection = {"connection_file": str(folder / "k.json")}
    if os.name == "posix" and fits_sockets(folder):
        # No ports: two kernels that start at once can't be given the same one.
        connection["transport"] = "ipc"
    return execute_notebook(
        _unformatted(original),
        _unformatted(partial),
        dict(source.values),
        engine_name="studykit",
        kernel_name="python3",
        language="python",
        progress_bar=False,
        cwd=partial.parent,
        autosave_cell_every=AUTOSAVE,
        # Every output is here when the last cell is done; the polite way waits seconds for nothing.
        shutdown_kernel="immediate",
        kernel_manager_class=kernel_class(zygote),
        config=Config({"KernelManager": connection}),
        report=watch,
        source_name=Path(*job.path.parts[-3:]).as_posix(),
    )


def _unformatted(path: Path) -> str:
    """A path that papermill's `str.format` leaves as it is."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _heading(cells: list[Any]) -> str:
    found = [
        line.lstrip("# ").strip()
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if re.match(r"#{1,6} ", line)
    ]
    return found[-1] if found else ""


def _reason(error: Exception, partial: Path) -> str:
    """Where and why in one line."""
    if isinstance(error, PapermillExecutionError):
        line = error.evalue.strip().splitlines()
        return _short(f"In [{error.exec_count}]: {error.ename}" + (f": {line[0]}" if line else ""))
    if isinstance(error, DeadKernelError):
        return f"{_last(partial)}the kernel died; it was killed, ran out of memory or crashed"
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return _short(first if isinstance(error, RuntimeError) else f"{type(error).__name__}: {first}")


def _short(line: str) -> str:
    # Colours of a terminal stay out of files.
    line = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line)
    return line if len(line) <= 300 else line[:299] + "…"


def _last(partial: Path) -> str:
    """The cell that was running, as `In [3]: `."""
    code = [cell for cell in load(partial).get("cells", []) if cell["cell_type"] == "code"]
    begun = [n for n, cell in enumerate(code, 1) if cell["metadata"].get("papermill", {}).get("start_time")]
    return f"In [{begun[-1]}]: " if begun else ""


def _run(status: str, source: Source, more: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "parameters": dict(source.values), **more}


def _sign_failed(partial: Path, source: Source, more: dict[str, Any]) -> None:
    """Note in the partial notebook why it is partial."""
    notebook = load(partial) or json.loads(source.text)
    notebook["metadata"]["studykit"]["run"] = _run("failed", source, more)
    write_safely(partial, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
