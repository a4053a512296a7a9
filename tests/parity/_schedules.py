"""What the parity tests of the schedulers share: an optimizer with several groups, a run, and a picture's schedule."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch
from torch.optim import SGD

from studykit.technique import technique
from studykit.widgets.bundle import bundle

BASES = (0.5, 0.02, 1.7)


def optimizer_of(bases: tuple[Any, ...] = BASES, **more: Any) -> SGD:
    torch.manual_seed(0)
    groups = [{"params": [torch.nn.Parameter(torch.randn(3, dtype=torch.float64))], "lr": base} for base in bases]
    return SGD(groups, lr=1.0, momentum=0.9, **more)


def rates(optimizer: SGD) -> list[float]:
    return [float(group["lr"]) for group in optimizer.param_groups]


def walk(optimizer: SGD, scheduler: Any, steps: int) -> list[list[float]]:
    """The learning rates after each step of a run that also trains; get_last_lr says the same."""
    found = []
    for _ in range(steps):
        for group in optimizer.param_groups:
            for param in group["params"]:
                param.grad = param.detach().clone()
        optimizer.step()
        scheduler.step()
        assert [float(rate) for rate in scheduler.get_last_lr()] == rates(optimizer)
        found.append(rates(optimizer))
    return found


def weights(optimizer: SGD) -> list[list[float]]:
    return [param.tolist() for group in optimizer.param_groups for param in group["params"]]


def same(one: Any, other: Any) -> None:
    # Where a curve touches 0, each way to it leaves a rounding of the size of the largest rate's last bit.
    torch.testing.assert_close(torch.tensor(one), torch.tensor(other), rtol=1e-6, atol=1e-12)


def drawn(technique_id: str, values: dict[str, float], folder: Path) -> dict[str, Any] | None:
    """What the technique's picture draws; None where there is no Node, which only the tests of pictures ask for."""
    bundled = folder / "picture.mjs"
    bundled.write_text(bundle(technique(technique_id).path(".js")), encoding="utf-8")
    node = shutil.which("node")
    if node is None:
        return None
    command = [node, Path(__file__).parents[1] / "jupyter" / "draw.mjs", bundled, json.dumps(values)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return found
