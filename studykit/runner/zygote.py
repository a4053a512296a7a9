"""The warmed process: imports once what every notebook imports, and forks a kernel for each run.

A fork costs some hundredths of a second where a new kernel with torch costs seconds, and unlike a shared kernel it starts
from the same clean state each time. Nothing is computed here: a pool of threads would not survive the fork.

A request is one JSON line over a Unix socket: `argv`, `cwd`, `env`. The answers are `{"pid": …}` and, at its end,
`{"exit": …}`. A kernel is ended when its connection closes, and all are when standard input does.
"""

import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import warnings
from importlib import import_module
from typing import Any

# What a notebook of the kit loads; a module that is missing or broken is left for the notebook to meet.
WARM = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "torch",
    "torch._dynamo",
    "sklearn.datasets",
    "anywidget",
    "studykit.bench.plots",
    "studykit.bench.tasks",
    "studykit.bench.train",
)
INLINE = "module://matplotlib_inline.backend_inline"
_SET_PDEATHSIG = 1
# Seconds between two looks for kernels that ended.
TICK = 0.02


def main() -> None:
    """`python -m studykit.runner.zygote FD MODULE …`; returns as a kernel in each child."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    # The folder that this was started in is no place to import from; a kernel puts its own there.
    del sys.path[0]
    # matplotlib reads its backend as it is imported, a kernel would have set it before.
    os.environ.setdefault("MPLBACKEND", INLINE)
    for name in sys.argv[2:]:
        with contextlib.suppress(Exception):
            import_module(name)
    if safe():
        launch = _serve(listener)
        if launch:
            _become(launch)


def safe() -> bool:
    """Whether a fork of this process is a sound kernel: no thread of Python's runs, and no GPU was touched."""
    torch = sys.modules.get("torch")
    return threading.active_count() == 1 and not (torch and torch.cuda.is_initialized())


def _serve(listener: socket.socket) -> dict[str, Any] | None:
    """Fork on request; returns the request in each child, and None at the end."""
    kernels: dict[int, socket.socket] = {}
    # What is frozen stays shared with the kernels, as the collector doesn't write to it.
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(TICK if kernels else None):
                if key.fileobj is listener:
                    connection = listener.accept()[0]
                    launch = _fork(connection, kernels)
                    if launch:
                        # The other sides must not see an end of their kernels that depends on this one.
                        for each in (listener, connection, *kernels.values()):
                            each.close()
                        return launch
                    if connection in kernels.values():
                        selector.register(connection, selectors.EVENT_READ)
                elif key.fileobj is sys.stdin:
                    for pid in kernels:
                        _end(pid)
                    return None
                else:
                    # Nothing more is ever sent: this is its end.
                    _end(next(pid for pid, each in kernels.items() if each is key.fileobj))
                    selector.unregister(key.fileobj)
            _reap(kernels, selector)


def _fork(connection: socket.socket, kernels: dict[int, socket.socket]) -> dict[str, Any] | None:
    connection.settimeout(5.0)
    try:
        with connection.makefile("rb") as stream:
            launch: dict[str, Any] = json.loads(stream.readline())
    except (OSError, ValueError):
        connection.close()
        return None
    with warnings.catch_warnings():
        # Python 3.12 warns of every thread; those of OpenBLAS look after themselves at a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        return launch
    kernels[pid] = connection
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")
    return None


def _reap(kernels: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    for pid in list(kernels):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            # What the notebook started goes with its kernel.
            _end(pid)
            connection = kernels.pop(pid)
            with contextlib.suppress(KeyError):
                selector.unregister(connection)
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"exit": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
            connection.close()


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _become(launch: dict[str, Any]) -> None:
    """Turn this fork into the kernel that was asked for."""
    zygote = os.getppid()
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.environ.clear()
    os.environ.update(launch["env"])
    os.chdir(launch["cwd"])
    gc.unfreeze()
    if "numpy" in sys.modules:
        # Its global generator was seeded at import; Python's own is seeded anew by the fork, torch's is a constant.
        sys.modules["numpy"].random.seed()
    kernelapp = import_module("ipykernel.kernelapp")
    sys.argv = ["ipykernel_launcher", *launch["argv"]]
    app = kernelapp.IPKernelApp.instance()
    app.initialize(launch["argv"])
    app.start()


if __name__ == "__main__":
    main()
