"""Time from handing a solution in to its verdict, seen from the learner's process.

``python -m studykit.judge._bench [result.json]`` prints the table. *cold*: from no server at all to the first answer,
which is what ``warm`` hides. *first*: the first answer after ``warm`` has done its work. *right* and *wrong*: the
medians of those that follow; the wrong solution matches no known mistake, so that all of them are tried.
"""

import argparse
import inspect
import json
import statistics
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from studykit.judge.client import Judge
from studykit.technique import Technique, technique

DRILLS, ROUNDS = ("sgd", "adam", "adamw", "lion"), 15
# Seconds that the answers may take.
GOALS = {"first": 1.5, "right": 0.2, "wrong": 0.2}
_SOLUTION = """
import torch
from torch.optim.optimizer import Optimizer


{variant}

class {name}({base}):
    def step(self, closure=None):
        loss = super().step(closure)
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_({factor})
        return loss
"""


def measure() -> list[dict[str, Any]]:
    """One row per drill: seconds of the first answer, cold and warm, and of later ones to right and wrong solutions."""
    return [_row(technique(each)) for each in DRILLS]


def _row(card: Technique) -> dict[str, Any]:
    judge = Judge()
    try:
        cold = _seconds(judge, card, right=True)
        judge.close()
        judge.start(card.module_of("_drill"))
        # An empty solution runs nothing: its answer says only that the server is up and has the drill.
        _check(judge, card, "")
        first = _seconds(judge, card, right=True)
        later = {right: [_seconds(judge, card, right) for _ in range(ROUNDS)] for right in (True, False)}
    finally:
        judge.close()
    medians = {"right": statistics.median(later[True]), "wrong": statistics.median(later[False])}
    return {"technique": card.id, "cold": cold, "first": first, **medians}


def _seconds(judge: Judge, card: Technique, right: bool) -> float:
    variant = next(iter(import_module(card.module_of("_drill")).drill.variants.values()))
    source = _SOLUTION.format(
        variant=inspect.getsource(variant), name=card.names[0], base=variant.__name__, factor=1 if right else 0.5
    )
    start = time.perf_counter()
    answer = _check(judge, card, source)
    seconds = time.perf_counter() - start
    if answer["passed"] != right:
        raise RuntimeError(f"{card.id}: {answer['message']}")
    return seconds


def _check(judge: Judge, card: Technique, source: str) -> dict[str, Any]:
    names = {"name": card.names[0], "signature": card.signature, "lang": "en"}
    return judge.check({"module": card.module_of("_drill"), "source": source, **names})


def main(out: Path | None = None) -> list[dict[str, Any]]:
    """Measure, print the table and, if asked, write it as JSON."""
    rows = measure()
    table = Table(title=f"Seconds to a verdict, later ones as the median of {ROUNDS}")
    table.add_column("technique")
    for column in list(rows[0])[1:]:
        table.add_column(f"{column} (goal {GOALS[column]:g})" if column in GOALS else column, justify="right")
    for row in rows:
        table.add_row(row["technique"], *(f"{row[column]:.3f}" for column in list(row)[1:]))
    Console(width=120).print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="where to write the rows as JSON")
    main(parser.parse_args().out)
