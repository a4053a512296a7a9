"""The kernel of a run: this interpreter's own, forked from a warmed process where there is one."""

import contextlib
import json
import os
import signal
import socket
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

NAME = "studykit-fork"
LAUNCHER = ["-m", "ipykernel_launcher"]
# Importing torch from a cold, slow disk.
PATIENCE = 180.0


def kernel_class(zygote: Path | None) -> type[AsyncKernelManager]:
    """A kernel manager for this interpreter, whatever kernels are installed for the user.

    Args:
        zygote: Socket of the process to fork from; None starts kernels plainly.
    """
    metadata: dict[str, Any] = {}
    if zygote:
        KernelProvisionerFactory.instance().provisioners[NAME] = EntryPoint(
            NAME, f"{__name__}:ForkProvisioner", KernelProvisionerFactory.GROUP_NAME
        )
        metadata = {"kernel_provisioner": {"provisioner_name": NAME, "config": {"zygote": str(zygote)}}}
    spec = KernelSpec(
        argv=[sys.executable, *LAUNCHER, "-f", "{connection_file}"],
        display_name="Python 3",
        language="python",
        metadata=metadata,
    )
    return type("OwnKernel", (AsyncKernelManager,), {"kernel_spec": property(lambda self: spec)})


class ForkProvisioner(LocalProvisioner):
    """Has a zygote fork the kernel, and starts one plainly where that does not work."""

    zygote = Unicode()

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Start the kernel of `cmd`."""
        forked = None
        if cmd[:3] == [sys.executable, *LAUNCHER]:
            forked = forked_kernel(self.zygote, cmd[3:], options.get("cwd") or os.getcwd(), options["env"])
        if forked is None:
            return await super().launch_kernel(cmd, **options)
        self.process, self.pid, self.pgid = forked, forked.pid, forked.pid
        self.cwd = options.get("cwd") or Path.cwd()
        return self.connection_info


class ForkedKernel:
    """A kernel that another process is the parent of, with what is used of `subprocess.Popen`.

    The zygote ends the kernel when this connection closes, so that no kernel survives the process that uses it.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection, self.pid = connection, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self._connection.setblocking(False)
                line = self._connection.recv(1000)
                # No line: the zygote is gone, and its kernels with it.
                self.returncode = json.loads(line)["exit"] if line else -signal.SIGKILL
                self._connection.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        end = time.monotonic() + timeout if timeout is not None else None
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"the kernel {self.pid} still runs")
            time.sleep(0.01)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def forked_kernel(zygote: str, argv: list[str], cwd: Any, env: dict[str, str]) -> ForkedKernel | None:
    """A fork of the zygote that has become this kernel, None where it can't be had."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(PATIENCE)
        connection.connect(zygote)
        connection.sendall(json.dumps({"argv": argv, "cwd": str(cwd), "env": dict(env)}).encode() + b"\n")
        answer = json.loads(connection.recv(1000))
        return ForkedKernel(connection, answer["pid"])
    except (OSError, ValueError, KeyError):
        connection.close()
        return None
