"""Headless runs that the panel starts: each is a process of its own, followed line by line, and outlives no server."""

import asyncio
import atexit
import contextlib
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studykit.errors import StorageError
from studykit.files import write_safely
from studykit.runner import jobs_of
from studykit.runner.folders import FINAL
from studykit.server.desk import Conflict, Json, Unknown, known

MOST = 2  # at once: a laptop has few cores, and a run wants one
GRACE = 10.0  # seconds that a run has to end by itself
KEPT = 100
_LINE = 1 << 24  # bytes of one line that a run may print: a reason may quote all that its cell said


class Run:
    """One run: `told` is what the panel sees of it."""

    def __init__(self, told: Json, notebook: str, log: list[str] | None = None) -> None:
        self.told, self.notebook, self.log = told, notebook, log or []
        self.changed = asyncio.Condition()
        self.process: asyncio.subprocess.Process | None = None
        self.asked_to_stop = False

    @property
    def going(self) -> bool:
        """Whether it still runs."""
        return self.told["status"] == "running"


class Runs:
    """All runs of a folder.

    Args:
        folder: Where results are kept, and by each run's id a file of what was told of it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._runs: dict[str, Run] = {}
        self._followers: set[asyncio.Task[None]] = set()
        for path in sorted(folder.glob("run-*.json"), key=lambda each: each.stat().st_mtime)[-KEPT:]:
            with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
                data = json.loads(path.read_text(encoding="utf-8"))
                run = Run(data["told"], data["notebook"], data["log"])
                if run.going:
                    done = Path(run.notebook).exists()
                    reason = "" if done else "the server was stopped while it ran"
                    run.told.update(status="done" if done else "stopped", reason=reason)
                self._runs[run.told["id"]] = run
        atexit.register(self.close)

    def all(self) -> list[Json]:
        """Every run, the newest first."""
        return [run.told for run in reversed(self._runs.values())]

    def get(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            Unknown: There is none.
        """
        if run_id not in self._runs:
            raise Unknown(run_id, "is no run", "take one of those listed")
        return self._runs[run_id]

    async def start(self, technique_id: str, parameters: dict[str, Any]) -> Json:
        """Begin a run.

        Raises:
            InputError: A parameter can't be used.
            Conflict: Too much runs already.
        """
        if sum(run.going for run in self._runs.values()) >= MOST:
            raise Conflict("runs", f"{MOST} are going", "stop one, or wait for its end")
        [job] = jobs_of([known(technique_id).id], parameters)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(str(self.folder), f"can't be written ({error.strerror})", "set STUDYKIT_HOME") from None
        told = {
            "id": f"run-{uuid.uuid4().hex[:12]}",
            "technique": job.technique_id,
            "parameters": dict(job.parameters),
            "status": "running",
            "cell": 0,
            "cells": 0,
            "message": "",
            "reason": "",
            "started": datetime.now(UTC).isoformat(),
            "seconds": None,
        }
        run = Run(told, str(job.folder(self.folder.absolute()) / FINAL))
        given = [part for name, value in job.parameters.items() for part in ("-p", f"{name}={value}")]
        # Not `python -m studykit`, which would first look after the environment that this server runs in.
        start = [sys.executable, "-c", "import sys; from studykit.cli import main; sys.exit(main())"]
        command = [*start, "run", job.technique_id, *given, "--out", str(self.folder), "--json"]
        self._runs[str(told["id"])] = run  # before it is there, so that a third one started meanwhile is counted
        try:
            run.process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE,
                start_new_session=True,  # so that all of it can be interrupted, and nothing else
            )
        except BaseException:
            del self._runs[str(told["id"])]
            raise
        follower = asyncio.create_task(self._follow(run, run.process))
        self._followers.add(follower)
        follower.add_done_callback(self._followers.discard)
        return told

    async def stop(self, run_id: str) -> Json:
        """End a run; what it had done is thrown away. One that ended by itself stays as it is."""
        run = self.get(run_id)
        if run.going and run.process:
            run.asked_to_stop = True
            _interrupt(run.process, signal.SIGINT)
            try:
                async with asyncio.timeout(GRACE), run.changed:
                    await run.changed.wait_for(lambda: not run.going)
            except TimeoutError:
                _interrupt(run.process, signal.SIGKILL)
                async with run.changed:
                    await run.changed.wait_for(lambda: not run.going)
        return run.told

    async def follow(self, run_id: str) -> AsyncIterator[Json]:
        """What is told of a run: now, and at each change until its end."""
        run = self.get(run_id)
        told = None
        while True:
            if told != run.told:
                told = dict(run.told)
                yield told
            if not run.going:
                return
            async with run.changed:
                await run.changed.wait()

    def close(self) -> None:
        """Interrupt all that runs."""
        for run in self._runs.values():
            if run.going and run.process:
                _interrupt(run.process, signal.SIGINT)

    async def _follow(self, run: Run, process: asyncio.subprocess.Process) -> None:
        assert process.stdout and process.stderr
        errors = asyncio.create_task(process.stderr.read())
        async for line in process.stdout:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if "status" in event:
                    ended = "failed" if event["status"] == "failed" else "done"
                    run.told |= {"status": ended, "reason": event["reason"], "seconds": event["seconds"]}
                    run.told |= {"cell": run.told["cells"]} if ended == "done" else {}
                    run.notebook = event["notebook"]
                else:
                    run.told |= {key: event[key] for key in ("cell", "cells", "message")}
                    run.log.append(f"{event['cell']}/{event['cells']} {event['message']}")
                await self._tell(run)
        said = (await errors).decode(errors="replace").strip().splitlines()
        await process.wait()
        if run.asked_to_stop and run.told["status"] != "done":
            run.told |= {"status": "stopped", "reason": ""}
        elif run.going:
            run.told |= {"status": "failed", "reason": said[-1] if said else "it ended without a word"}
        await self._tell(run)

    async def _tell(self, run: Run) -> None:
        kept = {"told": run.told, "notebook": run.notebook, "log": run.log}
        # A full disk takes the record of a run, and never keeps anybody waiting for its end.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(write_safely, self.folder / f"{run.told['id']}.json", json.dumps(kept))
        async with run.changed:
            run.changed.notify_all()


def _interrupt(process: asyncio.subprocess.Process, what: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, what) if hasattr(os, "killpg") else process.send_signal(what)
