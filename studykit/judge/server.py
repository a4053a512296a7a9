"""The judge's server: imports torch once, and runs each check in a child process of its own.

A request is a JSON line: `{"load": module}`, or a job (`id`, `module`, `source`, `name`, `signature`, `lang`, optionally
`seconds`, `megabytes`), which is answered by one line with the same `id`. The server ends with its input.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from studykit.drill import Drill
from studykit.judge import worker
from studykit.judge.verdict import decide, outcome

PRINTED = 10_000
CHANNEL = 30_000_000
# A fresh interpreter imports torch before its limit begins.
START = 90.0
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36


@dataclass
class Report:
    """What is known of one run: the child's lines, how it ended, what it printed."""

    lines: list[Any] = field(default_factory=list)
    ended: str = ""
    status: int | None = None
    seconds: float = 0.0
    printed: str = ""


class _Child:
    """A child process with the read ends of its channel and of what it prints."""

    def __init__(self, pid: int, channel: int, prints: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.pid, self.channel, self.prints, self._process = pid, channel, prints, process
        self.status: int | None = None

    def ended(self) -> bool:
        if self._process:
            self.status = self._process.poll()
        elif self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def kill(self) -> None:
        """End it with all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                os.kill(self.pid, signal.SIGTERM)
            else:
                os.killpg(self.pid, signal.SIGKILL)
        while not self.ended():
            time.sleep(0.001)
        if sys.platform == "linux":
            _sweep()


def serve(spawn: bool = False) -> None:
    """Answer requests until the input ends.

    Args:
        spawn: Start a fresh interpreter for every check instead of a fork.
    """
    # The real ends of both pipes are put out of reach of whatever prints or reads in this process and its children.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    worker.settle()
    if sys.platform == "linux":
        # What a solution leaves behind becomes a child of the server, which ends it.
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    answers.write(b'{"id": -1, "up": true}\n')
    for line in requests:
        request = json.loads(line)
        try:
            drill = _loaded(request.get("load") or request["module"])
            answer = None if "load" in request else check(drill, request, spawn)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        if answer is not None and "id" in request:
            answers.write(json.dumps({"id": request["id"], **answer}).encode() + b"\n")


@cache
def _loaded(module: str) -> Drill:
    """A drill, its reference run once: what torch imports lazily at first use costs seconds, and the children inherit it."""
    drill: Drill = importlib.import_module(module).drill
    for probe in drill.probes:
        outcome(drill.reference, probe, 0)
    return drill


def check(drill: Drill, request: dict[str, Any], spawn: bool) -> dict[str, Any]:
    """Judge one solution: run it in a child with a new seed, then compare here."""
    job = {
        **request,
        "seed": secrets.randbits(32),
        "seconds": request.get("seconds") or drill.seconds,
        "megabytes": request.get("megabytes") or drill.megabytes,
    }
    folder = tempfile.mkdtemp(prefix="studykit-")
    try:
        child = _spawned(job, folder) if spawn else _forked(job, drill, folder)
        report = _follow(child, job["seconds"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return decide(drill, job, report)


def _forked(job: dict[str, Any], drill: Drill, folder: str) -> _Child:
    (channel, channel_end), (prints, prints_end) = os.pipe(), os.pipe()
    # After the first time there is little to collect; what is frozen stays shared with the children.
    gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid:
        os.close(channel_end)
        os.close(prints_end)
        return _Child(pid, channel, prints)
    try:
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(prints_end, 1)
        os.dup2(prints_end, 2)
        os.dup2(channel_end, 3)
        os.closerange(4, 4096)
        os.chdir(folder)
        worker.work(job, drill, 3)
    finally:
        os._exit(1)


def _spawned(job: dict[str, Any], folder: str) -> _Child:
    process = subprocess.Popen(
        [sys.executable, "-P", "-X", "utf8", "-m", "studykit.judge.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(json.dumps(job).encode())
    return _Child(process.pid, os.dup(process.stdout.fileno()), os.dup(process.stderr.fileno()), process)


def _follow(child: _Child, seconds: float) -> Report:
    """Read a child's lines until it is done, ended, or out of time; then end it."""
    report, lines, printed = Report(), queue.Queue[bytes](), bytearray()
    readers = [
        threading.Thread(target=_read_lines, args=(child.channel, lines), daemon=True),
        threading.Thread(target=_read_prints, args=(child.prints, printed), daemon=True),
    ]
    for reader in readers:
        reader.start()
    begun = time.monotonic()
    deadline = begun + START
    while not report.ended:
        try:
            line = lines.get(timeout=0.02)
        except queue.Empty:
            if time.monotonic() > deadline:
                report.ended = "time"
            elif child.ended():
                report.ended = "gone"
            continue
        _take(line, report)
        if "ready" in (report.lines or [{}])[-1] and len(report.lines) == 1:
            begun = time.monotonic()
            deadline = begun + seconds
        elif time.monotonic() > deadline:
            report.ended = report.ended or "time"
    report.seconds = round(time.monotonic() - begun, 3)
    gone = child.ended()
    child.kill()
    report.status = child.status if gone else None
    for reader in readers:
        reader.join(timeout=0.5)
    while report.ended == "gone" and not lines.empty():
        _take(lines.get(), report)
    report.printed = printed.decode(errors="replace")
    return report


def _take(line: bytes, report: Report) -> None:
    if not line:
        return
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    report.lines.append(parsed if isinstance(parsed, dict) else {})
    if not report.lines[-1] or "stop" in report.lines[-1]:
        report.ended = "done"


def _read_lines(descriptor: int, lines: "queue.Queue[bytes]") -> None:
    taken = 0
    with os.fdopen(descriptor, "rb") as stream:
        # A line that never ends, or no end of lines, is no report of ours.
        while taken < CHANNEL and (line := stream.readline(CHANNEL)):
            lines.put(line)
            taken += len(line)
        if taken >= CHANNEL:
            lines.put(b"{}")


def _read_prints(descriptor: int, printed: bytearray) -> None:
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while chunk := stream.read(65_536):
            printed += chunk[: max(0, PRINTED - len(printed))]


def _sweep() -> None:
    """End what left the child's process group; as the subreaper the server has become its parent."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    while left := [int(pid) for pid in children.read_text().split()] if children.exists() else []:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
