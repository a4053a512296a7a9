"""Time and memory of attention: the whole matrix, torch's own, and ours in tiles, on the same tensors in the same run.

``python -m studykit.scale._bench [result.json]`` prints three tables: 4 heads of width 64, float32, medians of interleaved
rounds; which size of tile meets which goal; the memory of ours from 1,024 to 16,384, and that of the whole matrix as far as 4,096.
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

# One thread: at two, on a machine that others use, a barrier waits for whoever is away. Then the time that the processor worked
# is the time it takes on a free core, and a wait for the core counts for nobody.
ROUNDS, WARM_UP, THREADS = 9, 1, 1
CLOCK = time.process_time
LENGTH, HEADS, WIDTH = 4096, 4, 64
LENGTHS = (1024, 2048, 4096, 8192, 16_384)
MEGABYTE = 2**20
WHOLE, TORCH = "whole matrix", "torch SDPA"
# Tiles of queries by keys. On a CPU, eight blocks of 64 queries side by side are one of 512: the same products and as many numbers.
TILES = ((64, 64), (512, 64), (512, 256), (1024, 256))
# At most so much: of the whole matrix's time, of torch's, of the whole matrix's memory.
GOALS = {
    "forward": {"of whole": 1 / 2, "of sdpa": 1.6, "memory of whole": 1 / 30},
    "both": {"of whole": 1 / 2, "of sdpa": 1.6, "memory of whole": 1 / 25},
}
WORDS = {"of whole": "time / whole matrix", "of sdpa": "time / torch SDPA", "memory of whole": "memory / whole matrix"}
PASSES = {"forward": "forward", "both": "forward + backward"}
Attention = Callable[[Tensor, Tensor, Tensor], Tensor]


def whole_matrix(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scores (..., N, N), softmax, product."""
    return (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1) @ v


CONTENDERS: dict[str, Attention] = {
    WHOLE: whole_matrix,
    TORCH: F.scaled_dot_product_attention,
    **{f"ours, {q} x {k}": partial(flash_attention, block_q=q, block_k=k) for q, k in TILES},
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
    """One row per contender with medians, ratios, bytes, error and goals; then one per length with the bytes of ours."""
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
                start = CLOCK()
                run(attention, given)
                seconds[name, each].append(CLOCK() - start)
    exact = forward(F.scaled_dot_product_attention, given)
    median = {key: statistics.median(found[WARM_UP:]) for key, found in seconds.items()}
    held = {(name, each): peak_bytes(partial(passes[each], CONTENDERS[name], given)) for name, each in seconds}
    rows = []
    for name, attention in CONTENDERS.items():
        row: dict[str, Any] = {"attention": name, "length": LENGTH}
        for each in passes:
            row[f"{each} seconds"], row[f"{each} bytes"] = median[name, each], held[name, each]
            row[f"{each} of whole"] = median[name, each] / median[WHOLE, each]
            row[f"{each} of sdpa"] = median[name, each] / median[TORCH, each]
            row[f"{each} memory of whole"] = held[name, each] / held[WHOLE, each]
        row["error"] = (forward(attention, given) - exact).abs().max().item()
        row["goals"] = {f"{each} {goal}": row[f"{each} {goal}"] <= most for each in GOALS for goal, most in GOALS[each].items()}
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


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    return table


def measured(rows: list[dict[str, Any]]) -> Table:
    """What each contender took and held."""
    title = f"Length {LENGTH}, {HEADS} heads of width {WIDTH}, float32, median of {ROUNDS}, {THREADS} thread, torch {torch.__version__}"
    one = ("ms", "x whole", "x SDPA", "MB")
    table = _table(title, "attention", *(f"{each} {name}" for each in ("forward", "both") for name in one), "error")
    for row in rows:
        cells = [row["attention"]]
        for each in PASSES:
            ratios = (f"{row[f'{each} of {other}']:.2f}" for other in ("whole", "sdpa"))
            cells += [f"{1e3 * row[f'{each} seconds']:.0f}", *ratios, f"{row[f'{each} bytes'] / MEGABYTE:.1f}"]
        table.add_row(*cells, f"{row['error']:.1e}")
    return table


def verdicts(rows: list[dict[str, Any]]) -> Table:
    """Which size of tile meets which goal."""
    table = _table("Goals, by size of the tile", "goal", "at most", *(row["attention"] for row in rows))
    for each, goals in GOALS.items():
        for goal, most in goals.items():
            small = goal == "memory of whole"
            cells = []
            for row in rows:
                value = row[f"{each} {goal}"]
                number = f"1/{1 / value:.0f}" if small else f"{value:.2f}"
                cells.append(f"{number} {'met' if row['goals'][f'{each} {goal}'] else 'missed'}")
            table.add_row(f"{PASSES[each]}: {WORDS[goal]}", f"1/{1 / most:.0f}" if small else f"{most:g}", *cells)
    table.add_section()
    counts = [f"{sum(row['goals'].values())} of {len(row['goals'])}" for row in rows]
    table.add_row("goals met", "", *counts)
    return table


def growth(rows: list[dict[str, Any]]) -> Table:
    """Memory by length."""
    title = f"Most MB held beyond the inputs, {HEADS} heads of width {WIDTH}, float32; a kernel's own scratch is not seen"
    columns = {"forward bytes": "ours, forward", "both bytes": "ours, both", "whole forward bytes": "whole matrix, forward"}
    table = _table(title, "length", *columns.values())
    for row in rows:
        cells = ("" if key not in row else f"{row[key] / MEGABYTE:.1f}" for key in columns)
        table.add_row(f"{row['length']:,}", *cells)
    return table


def main(out: Path | None = None) -> list[dict[str, Any]]:
    """Measure, print the tables and, if asked, write the rows as JSON."""
    rows = measure()
    first = len(CONTENDERS)
    console = Console(width=150)
    for table in (measured(rows[:first]), verdicts(rows[2:first]), growth(rows[first:])):
        console.print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="where to write the rows as JSON")
    main(parser.parse_args().out)
