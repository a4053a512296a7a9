"""Many jobs: workers on this machine beside one warmed process, or tasks on Ray."""

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from studykit.errors import InputError
from studykit.runner.folders import FINAL, PARTIAL, fits_sockets
from studykit.runner.jobs import Job, Outcome, Step, Watch
from studykit.runner.zygote import WARM
from studykit.technique import PACKAGE

ENGINES = ("local", "ray")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run(
    jobs: Sequence[Job],
    out: Path,
    *,
    workers: int = 1,
    engine: str = "local",
    watch: Watch | None = None,
    warm: Sequence[str] = WARM,
) -> list[Outcome]:
    """Run notebooks headless; what an earlier call finished is skipped.

    Args:
        jobs: What to run.
        out: Folder of results: `<out>/<technique>/<digest>/notebook.ipynb`.
        workers: How many at once. With more than one, each gets one thread unless OMP_NUM_THREADS says otherwise.
        engine: `local`, or `ray` for the cluster of RAY_ADDRESS (`out` then is a folder that all its machines share).
        watch: Is told of each cell that begins and each job that ends, from several threads, one at a time.
        warm: Modules to load in the process that kernels are forked from; empty starts each kernel plainly, as is
            done everywhere but on Linux.

    Returns:
        Outcomes in the order of the jobs.

    Raises:
        InputError: An argument, a notebook or a parameter can't be used.
        KeyboardInterrupt: All that ran has been ended; the same call goes on where it stopped.
    """
    if workers < 1:
        raise InputError("--jobs", f"is {workers}", "give 1 or more")
    if engine not in ENGINES:
        raise InputError("--engine", f"is {engine!r}", f"give one of {', '.join(ENGINES)}")
    for job in jobs:
        job.source()
    out = Path(out).absolute()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("--out", f"can't be made ({error.strerror})", "give a folder that can be written to") from None
    told = _one_at_a_time(watch)
    todo = []
    outcomes: dict[int, Outcome] = {}
    for number, job in enumerate(jobs):
        notebook = job.folder(out) / FINAL
        if notebook.exists():
            outcomes[number] = Outcome(job, "already done", notebook)
            told(job, outcomes[number])
        else:
            todo.append((number, job))
    if todo:
        going = _on_ray(todo, out) if engine == "ray" else _local(todo, out, min(workers, len(todo)), told, warm)
        # Closed at once, where an error is still being shown, so that nothing runs on.
        with contextlib.closing(going):
            for number, outcome in going:
                outcomes[number] = outcome
                told(outcome.job, outcome)
    return [outcomes[number] for number in range(len(jobs))]


def _one_at_a_time(watch: Watch | None) -> Watch:
    lock = threading.Lock()

    def told(job: Job, event: Step | Outcome) -> None:
        with lock:
            if watch:
                watch(job, event)

    return told


def _local(
    todo: list[tuple[int, Job]], out: Path, workers: int, told: Watch, warm: Sequence[str]
) -> Generator[tuple[int, Outcome], None, None]:
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sk-", ignore_cleanup_errors=True)))
        environment = _environment(workers)
        forks = warm and _forks() and fits_sockets(scratch)
        zygote = stack.enter_context(_zygote(scratch, environment, warm)) if forks else None
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        for _ in range(workers):
            worker = _Worker(scratch, environment, zygote)
            # Entered after the threads, so that an interrupt ends workers first and the threads then see it.
            stack.callback(worker.close)
            idle.put(worker)
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)

        def one(job: Job) -> Outcome:
            worker = idle.get()
            try:
                return worker.execute(job, out, told)
            finally:
                idle.put(worker)

        futures = {threads.submit(one, job): number for number, job in todo}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _environment(workers: int) -> dict[str, str]:
    threads = dict.fromkeys(THREADS, "1") if workers > 1 and "OMP_NUM_THREADS" not in os.environ else {}
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)}


def _forks() -> bool:
    # On macOS a fork without exec is unsafe once system libraries are loaded, and on Windows there is none.
    return sys.platform == "linux"


@contextlib.contextmanager
def _zygote(scratch: Path, environment: dict[str, str], warm: Sequence[str]) -> Iterator[Path]:
    """The socket of a warmed process; it takes connections at once, and answers when all is loaded."""
    path = scratch / "zygote"
    # No package of this name may be found in the folder that it is started in.
    empty = scratch / "empty"
    empty.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(128)
        process = subprocess.Popen(
            [sys.executable, "-m", "studykit.runner.zygote", str(listener.fileno()), *warm],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            cwd=empty,
            env=environment,
            start_new_session=True,
        )
    try:
        yield path
    finally:
        _end(process)


class _Worker:
    """A worker process, started when it is first needed and again when it died."""

    def __init__(self, scratch: Path, environment: dict[str, str], zygote: Path | None) -> None:
        self._command = [
            sys.executable,
            "-m",
            "studykit.runner.worker",
            str(scratch),
            *([str(zygote)] if zygote else []),
        ]
        self._errors, self._environment = scratch / f"worker-{id(self)}.txt", environment
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def execute(self, job: Job, out: Path, told: Watch) -> Outcome:
        """Have one job done; a worker that dies over it is a failure of the job."""
        process = self._running()
        assert process.stdin and process.stdout
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps({"job": job.as_json(), "out": str(out)}).encode() + b"\n")
            process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            if "refused" in answer:
                raise InputError(*answer["refused"])
            if "outcome" in answer:
                end = answer["outcome"]
                return Outcome(job, end["status"], Path(end["notebook"]), end["reason"], end["seconds"])
            if not self._closed:
                told(job, Step(**answer["step"]))
        return Outcome(job, "failed", job.folder(out) / PARTIAL, self._post_mortem(process))

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed = True
        if self._process:
            _end(self._process)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            if self._process:
                _end(self._process)
            with self._errors.open("wb") as errors:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=self._environment,
                    # An interrupt of the terminal is for the parent to act on.
                    start_new_session=True,
                )
        return self._process

    def _post_mortem(self, process: "subprocess.Popen[bytes]") -> str:
        status = process.wait()
        if status < 0:
            return f"the worker process ended by signal {-status}"
        lines = self._errors.read_text(errors="replace").strip().splitlines()
        return f"the worker process ended with status {status}" + (f": {lines[-1][:200]}" if lines else "")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close its input, which is how it is told to go, and see that it goes."""
    assert process.stdin
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _on_ray(todo: list[tuple[int, Job]], out: Path) -> Generator[tuple[int, Outcome], None, None]:
    try:
        import ray
    except ImportError:
        raise InputError(
            "--engine ray", "needs Ray, which is not installed", "run `python -m pip install ray`"
        ) from None
    if not ray.is_initialized():
        ray.init(log_to_driver=False)

    @ray.remote(num_cpus=1, max_retries=0)
    def task(job: Job) -> Outcome:
        from studykit.runner.execute import execute

        return execute(job, out)

    pending: dict[Any, tuple[int, Job]] = {}
    for number, job in todo:
        gpus = 1 if str(job.parameters.get("device", "")).startswith("cuda") else 0
        pending[task.options(num_gpus=gpus).remote(job)] = number, job
    try:
        while pending:
            for ready in ray.wait(list(pending))[0]:
                number, job = pending.pop(ready)
                try:
                    yield number, ray.get(ready)
                except ray.exceptions.RayError as error:
                    reason = f"Ray: {str(error).strip().splitlines()[0][:200]}"
                    yield number, Outcome(job, "failed", job.folder(out) / PARTIAL, reason)
    finally:
        for each in pending:
            ray.cancel(each, force=True)
