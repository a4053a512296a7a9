"""Warm restarts where a run is stopped when nobody planned it, at the end of a cycle, and where it goes on to its planned end."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import fmean
from typing import Annotated, NamedTuple

from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from torch.optim.optimizer import Optimizer

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import MLP
from studykit.schedule.sgdr import CosineAnnealingWarmRestarts
from studykit.technique import technique

# The highest mean validation accuracy over seeds 100-102 of a grid in steps of sqrt(2) from 0.015 to 0.085. `lr` is the restarts'
# best at the stop; at the planned end it is 0.1 points from their best, and the cosine's best, level with half of it. The other
# rates are the best at the stop; that of WSD is the best at the planned end too.
COSINE_LR, CONSTANT_LR, WSD_LR = 0.021, 0.021, 0.021
COOLDOWN = 0.2  # of the steps before it where it begins at the stop, of all where it was planned
FEWEST_STEPS = 7  # three cycles
APART = 100_000  # between the seeds of repeats, so that they are nobody else's


class Plan(NamedTuple):
    """One arm: its base learning rate, what makes its scheduler, and how many updates it takes."""

    lr: float
    make: Callable[[Optimizer], LRScheduler]
    steps: int


def run(
    *,
    lr: Annotated[float, Log(1e-3, 1)] = 0.03,
    T_mult: Annotated[int, Range(1, 4)] = 2,
    cycles: Annotated[int, Range(2, 6)] = 3,
    eta_min: Annotated[float, Range(0, 0.1)] = 0.0,
    momentum: Annotated[float, Range(0, 0.99)] = 0.9,
    batch_size: Annotated[int, Log(1, 1024)] = 4,
    repeats: Annotated[int, Range(1, 10)] = 2,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 980,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: SGD with warm restarts, with one cosine, with a constant rate, and that with a cooldown.

    Args:
        lr: Base learning rate of the restarts and of the first cosine beside them.
        T_mult: How many times as long a cycle is as the one before.
        cycles: How many cycles fill the planned steps.
        eta_min: Where the cosines end.
        momentum: SGD's, in all arms.
        batch_size: Samples per step.
        repeats: Runs that an arm's numbers are the mean of where it is stopped: weights at a high rate vary from run to run.
        regime: `helps` (stopped at the end of the last cycle but one) or `does_not` (at the planned end).
        dataset: `auto` is digits; images go through a small MLP.
        steps: Planned updates, rounded down to whole cycles; a cycle has at least one.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Restarts first, compared by test accuracy (by test loss on text); `updates` is how many an arm has taken.
    """
    where = place(device, dtype)
    data = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    # A small MLP, which is so far after these steps that noise is what limits it; a CNN is still on its way at the stop.
    task = data if data.sequence else replace(data, network=lambda: MLP(data.train[0][0].numel(), data.classes))
    sgd = technique("sgd").implementation()
    plans = _plans(regime, lr, eta_min, T_mult, *lengths(steps, T_mult, cycles))
    count = repeats if regime == "helps" else 1
    arms = {}
    for number, (name, plan) in enumerate(plans.items()):
        runs = []
        for repeat in range(count):
            own = seed + APART * repeat
            network = task.make(own)
            optimizer = sgd(network.parameters(), plan.lr, momentum=momentum)
            scheduler = plan.make(optimizer)
            with part(number * count + repeat, len(plans) * count):
                losses = train(
                    network, optimizer, task.batches(batch_size, own), task.loss,
                    steps=plan.steps, dtype=where.dtype, name=name, after=scheduler.step,
                )  # fmt: skip
            runs.append(Arm(task.evaluate(network), {"training loss": losses}))
        metrics = {metric: fmean(run.metrics[metric] for run in runs) for metric in runs[0].metrics}
        arms[name] = Arm(metrics | {"updates": float(plan.steps)}, runs[0].curves)
    metric, higher = ("loss", False) if task.sequence else ("accuracy", True)
    return Result(regime, seed, metric, higher, arms)


def lengths(steps: int, T_mult: int, cycles: int) -> tuple[int, int, int]:
    """Steps of the first cycle, of all cycles but the last, and of all."""
    T_0 = max(1, steps // sum(T_mult**n for n in range(cycles)))
    stop = T_0 * sum(T_mult**n for n in range(cycles - 1))
    return T_0, stop, stop + T_0 * T_mult ** (cycles - 1)


def _plans(regime: str, lr: float, eta_min: float, T_mult: int, T_0: int, stop: int, planned: int) -> dict[str, Plan]:
    """Each arm's plan; what a schedule was made for, and when it is stopped, are two things."""

    def restarts(optimizer: Optimizer) -> LRScheduler:
        return CosineAnnealingWarmRestarts(optimizer, T_0, T_mult, eta_min)

    def cosine(optimizer: Optimizer) -> LRScheduler:
        made: LRScheduler = technique("cosine").implementation()(optimizer, planned, eta_min)
        return made

    def constant(optimizer: Optimizer) -> LRScheduler:
        return LambdaLR(optimizer, lambda _: 1.0)

    def down(begin: int, end: int) -> Callable[[Optimizer], LRScheduler]:
        return lambda optimizer: LambdaLR(optimizer, lambda t: min(1.0, max(0.0, (end - t) / max(1, end - begin))))

    if regime == "does_not":
        begin = planned - round(COOLDOWN * planned)
        return {
            "restarts": Plan(lr, restarts, planned),
            "one cosine": Plan(lr, cosine, planned),
            "WSD": Plan(WSD_LR, down(begin, planned), planned),
        }
    longer = stop + max(1, round(COOLDOWN * stop))
    return {
        "restarts": Plan(lr, restarts, stop),
        "one cosine": Plan(lr, cosine, stop),
        "one cosine, own lr": Plan(COSINE_LR, cosine, stop),
        "constant": Plan(CONSTANT_LR, constant, stop),
        "WSD, 20 % longer": Plan(WSD_LR, down(stop, longer), longer),
    }


def effect(results: Iterable[Result]) -> Effect:
    """Warm restarts against each other arm, paired by seed."""
    return compare(results)
