"""Time of one optimizer step: torch's three ways, lion-pytorch, and ours, on the same tensors in the same run.

``python -m studykit.optim._bench [result.json]`` prints the table. Gradients are *kept* (by
``zero_grad(set_to_none=False)``: with ``fast=True`` they lie flat already) or *loose* (made anew by backward, as after
``zero_grad()``: they are gathered).
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lion_pytorch  # type: ignore[import-untyped]
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from .adamw import AdamW
from .lion import Lion

ROUNDS, WARM_UP, THREADS = 31, 5, 2
# Twelve blocks as in a small transformer, 144 tensors; and many tensors that a step hardly has work for.
_BLOCK: list[tuple[int, ...]] = [(384, 384)] * 4 + [(384,)] * 8
SHAPES: dict[str, list[tuple[int, ...]]] = {"7 M in 144": _BLOCK * 12, "40 k in 500": [(80,)] * 500}
BASELINE = {"AdamW": "torch fused", "Lion": "lion-pytorch"}
CONTENDERS: dict[tuple[str, str], Callable[[list[Tensor]], torch.optim.Optimizer]] = {
    ("AdamW", "torch for-loop"): lambda params: torch.optim.AdamW(params, foreach=False),
    ("AdamW", "torch foreach"): lambda params: torch.optim.AdamW(params, foreach=True),
    ("AdamW", "torch fused"): lambda params: torch.optim.AdamW(params, fused=True),
    ("AdamW", "ours"): AdamW,
    ("AdamW", "ours fast"): lambda params: AdamW(params, fast=True),
    ("Lion", "lion-pytorch"): lion_pytorch.Lion,
    ("Lion", "ours"): Lion,
    ("Lion", "ours fast"): lambda params: Lion(params, fast=True),
}


def measure() -> list[dict[str, Any]]:
    """One row per workload, gradients and contender, with the median seconds of a step over interleaved rounds."""
    threads, collecting = torch.get_num_threads(), gc.isenabled()
    torch.set_num_threads(THREADS)
    gc.disable()  # as timeit does
    try:
        return [row for size in SHAPES for gradients in ("kept", "loose") for row in _rows(size, gradients)]
    finally:
        torch.set_num_threads(threads)
        if collecting:
            gc.enable()


def _rows(size: str, gradients: str) -> list[dict[str, Any]]:
    runs = {}
    for key, make in CONTENDERS.items():
        params = [torch.randn(shape).requires_grad_() for shape in SHAPES[size]]
        runs[key] = (params, make(params))
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key in CONTENDERS}
    for _ in range(WARM_UP + ROUNDS):
        for key, (params, optimizer) in runs.items():  # in turn, so that a disturbance meets all alike
            seconds[key].append(_one_step(params, optimizer, gradients))
    medians = {key: statistics.median(times[WARM_UP:]) for key, times in seconds.items()}
    return [
        {
            "tensors": size,
            "gradients": gradients,
            "optimizer": key[0],
            "implementation": key[1],
            "seconds": median,
            "ratio": median / medians[key[0], BASELINE[key[0]]],
            "state_bytes": _state_bytes(runs[key][1]),
        }
        for key, median in medians.items()
    ]


def _one_step(params: list[Tensor], optimizer: torch.optim.Optimizer, gradients: str) -> float:
    optimizer.zero_grad(set_to_none=gradients == "loose")
    for param in params:  # as autograd does: add to a gradient that is there, else make one
        if param.grad is None:
            param.grad = torch.full_like(param, 1e-3)
        else:
            param.grad.add_(1e-3)
    # glibc tidies what others have freed at the next larger allocation, which would else be in somebody's step.
    bytearray(8192)
    start = time.perf_counter()
    optimizer.step()
    return time.perf_counter() - start


def _state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Bytes of the states that grow with the parameters; the step counts don't."""
    states = (value for state in optimizer.state.values() for name, value in state.items() if name != "step")
    return sum(value.nbytes for value in states)


def main(out: Path | None = None) -> list[dict[str, Any]]:
    """Measure, print the table and, if asked, write it as JSON."""
    rows = measure()
    table = Table(title=f"One step, median of {ROUNDS}, float32, {THREADS} threads, torch {torch.__version__}")
    for heading in ("tensors", "gradients", "optimizer", "implementation", "ms", "ratio", "state bytes"):
        table.add_column(heading, justify="right" if heading in ("ms", "ratio", "state bytes") else "left")
    for row in rows:
        against = f"{row['ratio']:.2f} x {BASELINE[row['optimizer']]}"
        gradients = {"kept": "kept (flat)", "loose": "loose (gathered)"}[row["gradients"]]
        cells = (row["tensors"], gradients, row["optimizer"], row["implementation"])
        table.add_row(*cells, f"{1e3 * row['seconds']:.3f}", against, f"{row['state_bytes']:,}")
    Console(width=120).print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="where to write the rows as JSON")
    main(parser.parse_args().out)
