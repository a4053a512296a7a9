"""ZeRO against plain data parallelism: the same weights, fewer bytes on each rank, and in stage 3 half as much again to send."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated

import torch

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import place, tell
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.scale._ranks import launch
from studykit.scale._zero_ranks import train

# The state of the optimizer is there from the second step on.
FEWEST_STEPS = 2
# Nothing is tuned: all arms make the same steps. lr is AdamW's for digits, with a clipping that takes part in most steps.
ARMS = {"stage 3": 3, "stage 2": 2, "stage 1": 1, "plain data parallel": 0}


def run(
    *,
    ranks: Annotated[int, Range(1, 64)] = 2,
    parts: Annotated[int, Range(1, 64)] = 1,
    lr: Annotated[float, Log(1e-5, 1e-1)] = 3e-3,
    clip: Annotated[float, Log(1e-3, 1e3)] = 1.0,
    batch_size: Annotated[int, Log(2, 65536)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(2, 1_000_000)] = 20,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: one network, trained by several processes with each stage of ZeRO.

    Args:
        ranks: Processes that share the work.
        parts: Micro-batches per step; stages 2 and 3 communicate in each of them.
        lr: Learning rate of AdamW.
        clip: Greatest norm of all gradients.
        batch_size: Samples of a step, of all ranks together.
        regime: `helps` (bytes of model states per rank) or `does_not` (bytes given to collectives per step).
        dataset: `auto` is digits.
        steps: Updates of each arm, two or more.
        seed: Of split, initialisation and batches.
        device: `auto` and `cpu` are processes on the CPU, with gloo; `cuda` takes a GPU for each rank, with NCCL.
        dtype: Of parameters and gradients: `auto` is bfloat16 with float32 master weights; float32 needs no second copy.

    Returns:
        Stage 3, 2, 1 and plain data parallelism, which see the same samples and make the same steps. Each has the bytes of the
        first rank between backward and step, the bytes that it passed to collectives (an all-reduce counts twice), and `distance
        from plain`, the greatest difference of a weight at the end.

    Raises:
        ValueError: A rank would have no sample, or no GPU.
    """
    where = place("cpu" if device == "auto" else device, "bfloat16" if dtype == "auto" else dtype)
    if batch_size < ranks * parts:
        raise ValueError(f"batch_size must be >= ranks * parts = {ranks * parts}, got {batch_size}: raise it")
    cuda = where.device.type == "cuda"
    if cuda and torch.cuda.device_count() < ranks:
        there = torch.cuda.device_count()
        raise ValueError(f"ranks must be <= {there}, the number of GPUs, got {ranks}: lower it or give device=cpu")
    batch_size -= batch_size % (ranks * parts)  # as many for each
    task = load("digits" if dataset == "auto" else dataset, seed=seed)
    network, batches = task.make(seed), list(islice(task.batches(batch_size, seed), steps))
    found = launch(
        train, ranks, network, batches, list(ARMS.values()), lr, parts, clip, where.dtype,
        "cuda" if cuda else "cpu", timeout=60.0 + 10.0 * steps, backend="nccl" if cuda else "gloo",
        tick=lambda: tell(0.0, {}),
    )[0]  # fmt: skip
    tell(1.0, {name: found[stage].losses for name, stage in ARMS.items()})
    plain = found[0].weights
    arms = {}
    for name, stage in ARMS.items():
        made = found[stage]
        network.load_state_dict(made.weights)
        metrics = task.evaluate(network) | {f"{kind} bytes": value for kind, value in made.memory._asdict().items()}
        metrics |= {
            "bytes per rank": made.memory.total,
            "bytes communicated": made.traffic,
            "distance from plain": max((made.weights[key] - plain[key]).abs().max().item() for key in plain),
            "training seconds": made.seconds,
        }
        arms[name] = Arm(metrics, {"training loss": made.losses})
    return Result(regime, seed, {"helps": "bytes per rank", "does_not": "bytes communicated"}[regime], False, arms)


def effect(results: Iterable[Result]) -> Effect:
    """Stage 3 against each other arm, paired by seed."""
    return compare(results)
