"""Time and memory of attention: the whole matrix, torch's own, and ours in tiles, on the same tensors in the same run.

``python -m studykit.scale._bench [result.json]`` prints the table: 4 heads of width 64, float32, medians of interleaved rounds;
then the memory of ours from 1,024 to 16,384, and that of the whole matrix as far as 4,096.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ._attention_probes import peak_bytes
from .flash_attention import flash_attention

ROUNDS, WARM_UP, THREADS = (
    9,
    1,
    1,
)  # one thread: at two, on a machine that others use, a barrier waits for whoever is away
LENGTH, HEADS, WIDTH = 4096, 4, 64
LENGTHS = (1024, 2048, 4096, 8192, 16_384)
MEGABYTE = 2**20
Attention = Callable[[Tensor, Tensor, Tensor], Tensor]


def whole_matrix(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scores (..., N, N), softmax, product."""
    return (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1) @ v


CONTENDERS: dict[str, Attention] = {
    "whole matrix": whole_matrix,
    "torch SDPA": F.scaled_dot_product_attention,
    "ours, 64 x 64": flash_attention,
    "ours, 512 x 256": partial(flash_attention, block_q=512, block_k=256),
    "ours, 1024 x 256": partial(flash_attention, block_q=1024, block_k=256),
}


def inputs(length: int) -> list[Tensor]:
    """q, k, v (1, heads, length, width)."""
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(1, HEADS, length, WIDTH, generator=rng).requires_grad_() for _ in range(3)]


def forward(attention: Attention, given: list[Tensor]) -> Tensor:
    """The result, without a graph."""
    with torch.no_grad():
        return attention(*given)


def both(attention: Attention, given: list[Tensor]) -> tuple[Tensor, ...]:
    """The gradients."""
    return torch.autograd.grad(attention(*given).sum(), given)


def measure() -> list[dict[str, Any]]:
    """One row per contender with medians, ratios, bytes and error; then one per length with the bytes of ours."""
    threads, collecting = torch.get_num_threads(), gc.isenabled()
    torch.set_num_threads(THREADS)
    gc.disable()  # as timeit does
    try:
        return _times(inputs(LENGTH)) + [_memory(length) for length in LENGTHS]
    finally:
        torch.set_num_threads(threads)
        if collecting:
            gc.enable()


def _times(given: list[Tensor]) -> list[dict[str, Any]]:
    passes = {"forward": forward, "both": both}
    seconds: dict[tuple[str, str], list[float]] = {(name, each): [] for name in CONTENDERS for each in passes}
    for _ in range(WARM_UP + ROUNDS):
        for each, run in passes.items():
            for name, attention in CONTENDERS.items():  # in turn, so that a disturbance meets all alike
                start = time.perf_counter()
                run(attention, given)
                seconds[name, each].append(time.perf_counter() - start)
    exact = forward(F.scaled_dot_product_attention, given)
    rows = []
    for name, attention in CONTENDERS.items():
        row: dict[str, Any] = {"attention": name, "length": LENGTH}
        for each, run in passes.items():
            median = {other: statistics.median(seconds[other, each][WARM_UP:]) for other in CONTENDERS}
            row[f"{each} seconds"] = median[name]
            row[f"{each} of whole"] = median[name] / median["whole matrix"]
            row[f"{each} of sdpa"] = median[name] / median["torch SDPA"]
            row[f"{each} bytes"] = peak_bytes(partial(run, attention, given))
        row["error"] = (forward(attention, given) - exact).abs().max().item()
        rows.append(row)
    return rows


def _memory(length: int) -> dict[str, Any]:
    given, row = inputs(length), {"length": length, "attention": "ours, 64 x 64"}
    row |= {"forward bytes": peak_bytes(partial(forward, flash_attention, given))}
    if length <= LENGTHS[-1] // 2:  # backward at the longest takes as long as all the others
        row |= {"both bytes": peak_bytes(partial(both, flash_attention, given))}
    if length <= LENGTH:
        row |= {"whole forward bytes": peak_bytes(partial(forward, whole_matrix, given))}
    return row


def main(out: Path | None = None) -> list[dict[str, Any]]:
    """Measure, print the tables and, if asked, write the rows as JSON."""
    rows = measure()
    size = f"{HEADS} heads of width {WIDTH}, float32"
    table = Table(title=f"Length {LENGTH}, {size}, median of {ROUNDS}, {THREADS} thread, torch {torch.__version__}")
    for heading in (
        "attention",
        "forward ms",
        "x whole",
        "x SDPA",
        "MB",
        "both ms",
        "x whole",
        "x SDPA",
        "MB",
        "error",
    ):
        table.add_column(heading, justify="left" if heading == "attention" else "right")
    for row in rows[: len(CONTENDERS)]:
        cells = [row["attention"]]
        for each in ("forward", "both"):
            ratios = (f"{row[f'{each} of {other}']:.2f}" for other in ("whole", "sdpa"))
            cells += [f"{1e3 * row[f'{each} seconds']:.0f}", *ratios, f"{row[f'{each} bytes'] / MEGABYTE:.1f}"]
        table.add_row(*cells, f"{row['error']:.1e}")
    growth = Table(title=f"Most MB held beyond the inputs, {size}; a kernel's own scratch is not seen")
    for heading in ("length", "ours, forward", "ours, both", "whole matrix, forward"):
        growth.add_column(heading, justify="right")
    for row in rows[len(CONTENDERS) :]:
        found = (row.get(key) for key in ("forward bytes", "both bytes", "whole forward bytes"))
        growth.add_row(f"{row['length']:,}", *("" if each is None else f"{each / MEGABYTE:.1f}" for each in found))
    console = Console(width=120)
    console.print(table)
    console.print(growth)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="where to write the rows as JSON")
    main(parser.parse_args().out)
