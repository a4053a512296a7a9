"""Several processes of one machine as the ranks of a process group: started, watched, ended together.

They are forked from a server process that has imported torch and runs no thread, so that a notebook's kernel, which has many, is
never forked, and a rank starts in a tenth of a second once the server is there.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import torch
import torch.distributed as dist

MOMENT = 0.3
GRACE = 0.5  # seconds in which the rank that fell first is told from those that it drags down
LOOPBACK = {"linux": "lo", "darwin": "lo0"}
TICK = 0.2  # seconds between two looks at whether to go on
_starting = Lock()
# torch imports the last one, which takes seconds, when the first optimizer is made.
PRELOAD = ("torch", "torch.distributed", "studykit.models", "studykit.scale._zero_ranks", "torch._dynamo")


def launch(
    function: Callable[..., Any],
    world_size: int,
    *args: Any,
    timeout: float = 120.0,
    backend: str = "gloo",
    preload: Sequence[str] = PRELOAD,
    tick: Callable[[], object] | None = None,
) -> list[Any]:
    """Call a function on each of several ranks, with torch.distributed started.

    Args:
        function: Defined in a module, not in a cell: each rank imports it.
        world_size: Number of processes, >= 1.
        *args: Its arguments, the same for all; they are pickled.
        timeout: Seconds after which all are stopped.
        backend: Of torch.distributed.
        preload: What the server imports when it starts.
        tick: Called a few times per second while the ranks work; what it raises stops them.

    Returns:
        What each rank returned, by rank.

    Raises:
        ValueError: There is no rank, or no time, or the function is of a notebook or script.
        RuntimeError: A rank raised, was killed or took too long; all are gone by then.
    """
    if world_size < 1 or not timeout > 0:
        raise ValueError(f"world_size must be >= 1 and timeout > 0, got {world_size} and {timeout}: give both")
    if function.__module__ == "__main__":
        raise ValueError(f"function must be of a module, got {function.__name__} of __main__: put it into a file and import it")
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(list(preload))
    with tempfile.TemporaryDirectory(prefix="studykit-") as folder:
        job = pickle.dumps((function, args, world_size, backend, str(Path(folder, "store")), timeout))
        processes, pipes = [], []
        try:
            for rank in range(world_size):
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_run, args=(theirs, job, rank), daemon=True, name=f"rank {rank}")
                with _without_main():
                    process.start()
                theirs.close()  # so that the pipe ends with the process
                processes.append(process)
                pipes.append(ours)
            return _results(processes, pipes, timeout, tick)
        finally:
            for process in processes:
                process.kill()
            for process, pipe in zip(processes, pipes, strict=True):
                process.join()
                pipe.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """A process that starts here would run the caller's script again, or look for the file of a notebook: it needs neither."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _results(
    processes: list[Any], pipes: list[Connection], timeout: float, tick: Callable[[], object] | None
) -> list[Any]:
    end, found = time.monotonic() + timeout, {}
    while len(found) < len(pipes):
        pending = [pipe for rank, pipe in enumerate(pipes) if rank not in found]
        ready = wait(pending, max(0.0, min(TICK, end - time.monotonic())))
        if tick:
            tick()
        if not ready and time.monotonic() >= end:
            missing = ", ".join(str(rank) for rank in range(len(pipes)) if rank not in found)
            raise RuntimeError(f"rank {missing} of {len(pipes)} took more than {timeout:g} s; all were stopped")
        for pipe in ready:
            rank = pipes.index(pipe)  # type: ignore[arg-type]
            try:
                failed, value = pickle.loads(pipes[rank].recv_bytes())
            except (EOFError, ConnectionError):
                failed, value = True, ""
            if failed:
                raise RuntimeError(_why(processes, rank, value))
            found[rank] = value
    return [found[rank] for rank in range(len(pipes))]


def _why(processes: list[Any], rank: int, told: str) -> str:
    """One line on the rank that failed; where one was killed or just ended it is that one, though others complain first."""
    wait([each.sentinel for each in processes], GRACE)
    for process in processes:  # how one ended is known a moment after the others have noticed
        process.join(MOMENT)
    fallen = [(process.exitcode, number) for number, process in enumerate(processes) if process.exitcode]
    if fallen:
        code, rank = min(fallen)
        told = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    told = told or f"ended with exit code {processes[rank].exitcode}"
    return f"rank {rank} of {len(processes)} {told}; the other ranks were stopped"


def _run(pipe: Connection, job: bytes, rank: int) -> None:
    """What each process does."""
    try:
        function, args, world_size, backend, path, timeout = pickle.loads(job)
        # The ranks are of one machine; its name may not lead back to it.
        if sys.platform in LOOPBACK:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", LOOPBACK[sys.platform])
        torch.set_num_threads(1)
        if backend == "nccl":
            torch.cuda.set_device(rank)
        dist.init_process_group(
            backend,
            store=dist.FileStore(path, world_size),
            rank=rank,
            world_size=world_size,
            timeout=timedelta(seconds=timeout),
        )
        answer = pickle.dumps((False, function(*args)))
        dist.barrier()  # nobody leaves while another still listens
        dist.destroy_process_group()
    except Exception as error:
        answer = pickle.dumps((True, f"raised {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"))
    pipe.send_bytes(answer)
    pipe.close()
