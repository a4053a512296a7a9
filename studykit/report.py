"""`studykit report`: every experiment over several seeds, written with all that a reader needs to repeat it."""

import json
import os
import platform
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from multiprocessing import get_context
from typing import Any

from studykit.bench.result import finite
from studykit.technique import REGIMES, Technique, technique

SEEDS = 5
PACKAGES = ("torch", "numpy", "scikit-learn")


def measure(technique_id: str, seeds: int = SEEDS, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run both regimes over seeds 0, 1, … and compare.

    Args:
        technique_id: Whose experiment.
        seeds: How many.
        parameters: Of `run`, other than its defaults.

    Returns:
        What `evidence/<id>.json` holds: parameters, rows, the metrics of every run, versions and hardware.
    """
    import torch

    card = technique(technique_id)
    experiment = import_module(card.module_of("_experiment"))
    runs = [
        experiment.run(**(parameters or {}), regime=regime, seed=seed) for regime in REGIMES for seed in range(seeds)
    ]
    made = {
        "on": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "hardware": torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU {platform.machine()}",
        "threads": torch.get_num_threads(),
        "seeds": seeds,
        "parameters": dict(parameters or {}),
    }
    rows = experiment.effect(runs).rows(card.expect)
    return {"technique": card.id, "made": made, "rows": rows, "runs": [run.as_json() for run in runs]}


def write(card: Technique, told: Mapping[str, Any]) -> None:
    """Write the evidence of a technique."""
    card.evidence.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(finite(told)), ensure_ascii=False, indent=1, allow_nan=False)
    card.evidence.write_text(text + "\n", encoding="utf-8")


def report(cards: list[Technique], seeds: int, jobs: int, done: Callable[[str], None]) -> None:
    """Measure and write the evidence of several techniques, each in a process of its own.

    Args:
        cards: Which.
        seeds: How many seeds each.
        jobs: How many at once; each uses one thread.
        done: Told each id when its file is written.
    """
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
            waiting = {pool.submit(measure, card.id, seeds): card for card in cards}
            for each in as_completed(waiting):
                if each.exception() is None:
                    write(waiting[each], each.result())
                    done(waiting[each].id)
        for each in waiting:  # told last, so that nothing that was measured is lost
            each.result()
    finally:
        os.environ.pop("OMP_NUM_THREADS")
        if threads is not None:
            os.environ["OMP_NUM_THREADS"] = threads


def _rounded(value: Any) -> Any:
    """Six digits say all that a mean over a few seeds can say."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
