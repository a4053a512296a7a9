"""The parent's end of the judge: one server process, JSON lines over pipes."""

import atexit
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from studykit.language import Text

ROOT = Path(__file__).resolve().parents[2]
# The server answers every check within the drill's own limit; this is for a server that is itself stuck.
PATIENCE = 120.0
FELLED = Text(
    "your code ended the judge's own process; write only the definition that is asked for",
    "你的代码终止了判题进程本身；只写题目要求的定义即可",
)


class JudgeError(RuntimeError):
    """The judge itself failed: a defect of the kit or of its installation, never of the solution."""


class Judge:
    """One judge server, started on first use.

    Args:
        spawn: Run every check in a fresh interpreter, as where fork is unsafe; slower by one import of torch.
    """

    def __init__(self, *, spawn: bool = sys.platform != "linux") -> None:
        self._spawn = spawn
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._up = False
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        atexit.register(self.close)

    @property
    def pid(self) -> int | None:
        """The server's process, where one runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, module: str | None = None) -> None:
        """Start the server where none runs; with `module` it loads that drill meanwhile. Returns at once."""
        with self._lock:
            process = self._running()
            if module:
                _send(process, {"load": module})

    def check(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have one solution judged; a server that dies over it is started again once.

        Args:
            job: `module`, `source`, `name`, `signature`, `lang`; optionally `seconds`, `megabytes`.

        Returns:
            `passed`, `mistake`, `message`, `seconds`, `printed`.

        Raises:
            JudgeError: The judge itself failed.
        """
        with self._lock:
            for _ in range(2):
                answer = self._ask({**job, "id": next(self._numbers)})
                if answer is not None:
                    break
        if answer is None and self._up:
            return {
                "passed": False,
                "mistake": "exited",
                "message": FELLED.say(job["lang"]),
                "seconds": 0.0,
                "printed": "",
            }
        if answer is None:
            answer = {"error": "the judge does not start; run `python -m studykit.judge` to see why"}
        if "error" in answer:
            raise JudgeError(answer["error"])
        return answer

    def close(self) -> None:
        """End the server."""
        process, self._process = self._process, None
        if process and self._owner == os.getpid():
            _end(process)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        process, lines = self._running(), self._lines
        if not _send(process, request):
            return None
        while True:
            try:
                line = lines.get(timeout=PATIENCE + (request.get("seconds") or 0.0))
            except queue.Empty:
                line = b""
            if not line:
                self.close()
                return None
            answer: dict[str, Any] = json.loads(line)
            if answer.get("up"):
                self._up = True
                continue
            # An interrupted check leaves its answer behind: it is passed over.
            if answer.pop("id") == request["id"]:
                return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        # After a fork of this process the server still belongs to the other one.
        if self._process and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        self.close()
        self._owner, self._up = os.getpid(), False
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self._process = subprocess.Popen(
            # -P: a torch.py in the learner's folder must not pass for torch.
            [sys.executable, "-P", "-X", "utf8", "-m", "studykit.judge", *(["--spawn"] if self._spawn else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(paths), "CUDA_VISIBLE_DEVICES": ""},
            # An interrupt in the notebook goes to the kernel's whole group.
            start_new_session=True,
        )
        self._lines = queue.Queue()
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        return self._process


@cache
def the_judge() -> Judge:
    """The judge of this process."""
    return Judge()


def _send(process: "subprocess.Popen[bytes]", request: dict[str, Any]) -> bool:
    assert process.stdin
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
    except OSError:
        return False
    return True


def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[bytes]") -> None:
    assert process.stdout
    with process.stdout as stream:
        for line in stream:
            lines.put(line)
    lines.put(b"")


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    try:
        process.stdin.close()
    except OSError:
        process.kill()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
