"""The child: runs the solution and the probes, and sends outputs. It judges nothing."""

import ast
import contextlib
import importlib
import json
import linecache
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from inspect import signature
from types import ModuleType
from typing import Any

from studykit.drill import Drill
from studykit.judge import guard
from studykit.judge.skeleton import is_blank, parameters
from studykit.judge.values import plain
from studykit.judge.verdict import BROKEN, outcome

LABEL = "<solution>"
PRINTED_FILES = 100_000_000
Job = Mapping[str, Any]
Tell = Callable[..., None]


def work(job: Job, drill: Drill, channel: int) -> None:
    """Run a job and leave the process.

    Every line on the channel is an object: `ready`; then `probe` with its number and `outputs` or `raised`; at last
    `stop` with the reason, "done" when all probes ran.
    """
    tell = _teller(channel)
    try:
        _limit(job["megabytes"], job["seconds"])
        sys.setrecursionlimit(1000)
        _run(job, drill, tell)
    except BaseException as error:
        tell(stop="raised", **_raised(error, job["source"]))
    os._exit(0)


def _teller(channel: int) -> Tell:
    # Bound here, where the solution's replacement of os.write or json.dumps can't reach; a line ends the process
    # where it can't be written, and in a process that the solution forked.
    write, dumps, leave, own = os.write, json.JSONEncoder().encode, os._exit, os.getpid()

    def tell(**line: Any) -> None:
        if os.getpid() != own and line.get("stop") != "library_call":
            leave(0)
        left = dumps(line).encode() + b"\n"
        try:
            while left:
                left = left[write(channel, left) :]
        except OSError:
            leave(BROKEN)

    return tell


def _run(job: Job, drill: Drill, tell: Tell) -> None:
    source, name, leave = job["source"], job["name"], os._exit
    tell(ready=time.monotonic())
    try:
        tree = ast.parse(source, LABEL)
        code = compile(source, LABEL, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return tell(stop="syntax", text=_said(error), line=getattr(error, "lineno", None) or 1)
    if is_blank(tree, name, drill.methods):
        return tell(stop="blank")

    def use(used: str) -> None:
        tell(stop="library_call", text=used)
        leave(0)

    linecache.cache[LABEL] = (len(source), None, source.splitlines(True), LABEL)
    candidates = [drill.reference, *drill.variants.values(), *(each.candidate for each in drill.mistakes)]
    guard.forbid(candidates, importlib.import_module(drill.reference.__module__), drill.forbidden, use)
    before = guard.snapshot()
    module = ModuleType("solution")
    sys.modules["solution"] = module
    with _stopping(tell, source):
        exec(code, vars(module))
        candidate = vars(module).get(name)
        if candidate is None:
            return tell(stop="missing_name")
        if not callable(candidate):
            return tell(stop="not_callable", text=type(candidate).__name__)
        misfit = _misfit(candidate, job["signature"])
        if misfit:
            return tell(stop="misfit", text=misfit)
    for number, probe in enumerate(drill.probes):
        with _stopping(tell, source, number):
            tell(probe=number, outputs={key: plain(each) for key, each in probe.run(candidate, job["seed"]).items()})
    _flush()
    changed = guard.replaced(before)
    return tell(stop="tampering", text=changed[0]) if changed else tell(stop="done")


@contextlib.contextmanager
def _stopping(tell: Tell, source: str, number: int | None = None) -> Any:
    """Tells what the solution raised; only an ordinary exception in a probe lets the others run."""
    try:
        yield
    except SystemExit as error:
        stop = {"stop": "exited", "text": f"SystemExit({error.code!r:.40})"}
    except BaseException as error:
        raised = _raised(error, source)
        if _out_of_memory(error):
            stop = {"stop": "memory_limit", **raised}
        elif number is None or not isinstance(error, Exception):
            stop = {"stop": "raised", **raised}
        else:
            return tell(probe=number, raised=raised)
    else:
        return None
    _flush()
    tell(**stop)
    os._exit(0)


def _misfit(candidate: Any, asked: str) -> str:
    """Why the candidate can't be called with the drill's signature; empty where it can."""
    required, named = parameters(asked)
    try:
        with contextlib.suppress(ValueError):  # a builtin without a signature: the call itself decides
            signature(candidate).bind(*required, **dict.fromkeys(named))
    except TypeError as error:
        return str(error)
    return ""


def _out_of_memory(error: BaseException) -> bool:
    said = _said(error)
    return isinstance(error, MemoryError) or any(
        sign in said
        for sign in ("can't allocate memory", "not enough memory", "std::bad_alloc", "can't start new thread")
    )


def _raised(error: BaseException, source: str) -> dict[str, Any]:
    line, step = None, error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == LABEL:
            line = step.tb_lineno
        step = step.tb_next
    lines = source.splitlines()
    code = lines[line - 1].strip() if line and line <= len(lines) else ""
    text = ": ".join(filter(None, (type(error).__name__, _said(error))))
    return {"type": type(error).__name__, "text": text, "line": line, "code": code[:120]}


def _said(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return str(text).strip().partition("\n")[0][:300]
    except BaseException:  # the solution's own exception may raise in __str__
        return ""


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def _limit(megabytes: int, seconds: float) -> None:
    """Memory, processor time, file size; where the system has such limits."""
    if sys.platform == "win32":
        return
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits = {resource.RLIMIT_CPU: int(seconds) + 2, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: PRINTED_FILES}
    if sys.platform == "linux":
        with open("/proc/self/statm") as statm:
            pages = int(statm.read().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + megabytes * 1_000_000
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, bound))


def main() -> None:
    """A job on stdin, the channel on stdout: a fresh interpreter where fork is unsafe."""
    job = json.loads(sys.stdin.buffer.read())
    channel = os.dup(1)
    os.dup2(2, 1)
    drill = importlib.import_module(job["module"]).drill
    settle()
    for probe in drill.probes:  # what torch imports lazily is none of the solution's time, memory or calls
        outcome(drill.reference, probe, 0)
    work(job, drill, channel)


def settle() -> None:
    """One thread, and streams that lose nothing when the process is killed."""
    import torch

    torch.set_num_threads(1)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="replace")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
