"""What is seen of runs on a terminal: a bar per run and one for all; plain lines where there is no terminal."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text as Styled

from studykit.language import Text
from studykit.runner.jobs import Job, Outcome, Step, Watch

_SAID = {
    "done": Text("done", "完成"),
    "already done": Text("already done", "之前已完成"),
    "failed": Text("failed", "失败"),
    "starts": Text("starts", "开始"),
    "runs": Text("runs", "运行"),
}
_STYLES = {"done": "green", "already done": "cyan", "failed": "bold red"}


@contextlib.contextmanager
def progress(count: int, console: Console | None = None) -> Iterator[Watch]:
    """Show runs while they go.

    Args:
        count: How many there are.
        console: Where; by default standard error.

    Yields:
        What `run` takes as `watch`.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _plain(console, count)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}", style="dim", markup=False),
    )
    with Progress(*columns, console=console) as bars:
        yield _bars(bars, console, count)


def told_as_json(job: Job, event: Step | Outcome) -> None:
    """Print what happens as one line of JSON, for a program that follows it; what `run` takes as `watch`."""
    if isinstance(event, Outcome):
        told = {name: getattr(event, name) for name in ("status", "reason", "seconds")}
        told |= {"notebook": str(event.notebook)}
    else:
        told = {name: getattr(event, name) for name in ("cell", "cells", "message")}
    said = {"technique": job.technique_id, "parameters": dict(job.parameters), **told}
    print(json.dumps(said, ensure_ascii=False), flush=True)


def line(outcome: Outcome) -> str:
    """One outcome: the job, how it ended and where its notebook lies."""
    seconds = f" ({outcome.seconds:.1f} s)" if outcome.seconds else ""
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{outcome.job.label}: {_SAID[outcome.status].say()}{seconds}{reason} → {shown(outcome.notebook)}"


def shown(path: Path) -> str:
    """The path, relative where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        # Another drive.
        return str(path)
    return min(str(path), relative, key=len)


def _plain(console: Console, count: int) -> Watch:
    seen: set[str] = set()
    ended = 0

    def watch(job: Job, event: Step | Outcome) -> None:
        nonlocal ended
        if isinstance(event, Outcome):
            ended += 1
            said = f"[{ended}/{count}] {line(event)}"
        elif job.label in seen:
            return
        else:
            seen.add(job.label)
            said = f"{job.label}: {_SAID['starts'].say()}"
        console.print(Styled(said), soft_wrap=True)

    return watch


def _bars(bars: Progress, console: Console, count: int) -> Watch:
    everything = bars.add_task(_SAID["runs"].say(), total=count, message="")
    tasks: dict[str, TaskID] = {}

    def watch(job: Job, event: Step | Outcome) -> None:
        if isinstance(event, Outcome):
            if job.label in tasks:
                bars.remove_task(tasks.pop(job.label))
            console.print(Styled(line(event), style=_STYLES[event.status]), soft_wrap=True)
            bars.advance(everything)
            return
        if job.label not in tasks:
            tasks[job.label] = bars.add_task(job.label, total=None, message="")
        bars.update(tasks[job.label], completed=event.cell, total=event.cells or None, message=event.message)

    return watch
