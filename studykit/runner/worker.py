"""A worker process: papermill for one job after the other, asked by JSON lines.

A request is `{"job": …, "out": …}`; the answers are `{"step": …}` for each cell and at last `{"outcome": …}` or
`{"refused": …}`. The worker ends with its input, in the middle of a job too.
"""

import json
import os
import queue
import shutil
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studykit.errors import InputError
from studykit.runner.execute import execute
from studykit.runner.jobs import Job, Step


def main() -> None:
    """`python -m studykit.runner.worker SCRATCH [ZYGOTE]`."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    # A kernel that is started plainly inherits these.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    scratch, zygote = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(requests, lines, scratch), daemon=True).start()
    while True:
        request = json.loads(lines.get())

        def report(step: Step) -> None:
            _say(answers, step=asdict(step))

        job = Job.from_json(request["job"])
        try:
            outcome = execute(job, Path(request["out"]), report=report, scratch=scratch, zygote=zygote)
        except InputError as error:
            _say(answers, refused=[error.where, error.what, error.remedy])
        else:
            told = {"status": outcome.status, "notebook": str(outcome.notebook)}
            _say(answers, outcome={**told, "reason": outcome.reason, "seconds": outcome.seconds})


def _say(answers: Any, **message: Any) -> None:
    answers.write(json.dumps(message).encode() + b"\n")


def _read(requests: Any, lines: "queue.Queue[bytes]", scratch: Path) -> None:
    for line in requests:
        lines.put(line)
    # A parent that was killed did not tidy up.
    shutil.rmtree(scratch, ignore_errors=True)
    # Whoever asked is gone; the kernel follows, as its connection closes or its parent is no more.
    os._exit(1)


if __name__ == "__main__":
    main()
