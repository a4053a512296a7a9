"""Cosine annealing at a learning rate that leaves the weights noisy, where it helps, and at a low one, where it does not."""

from collections.abc import Callable, Iterable
from typing import Annotated

from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from torch.optim.optimizer import Optimizer

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.schedule.cosine import CosineAnnealingLR
from studykit.technique import technique

# The baselines' own learning rates, as `lr` below: the highest mean validation accuracy over seeds 100-102 of a grid in steps of
# sqrt(2) from 0.03 to 0.24 around the best of one in half decades from 0.001 to 0.2. At `low_lr`, a quarter decade below the
# best rate for a constant one, all arms have the same rate: there the question is what the schedule takes away. Cosine's 0.085
# and 0.12 tie, and 0.1 stands between them.
CONSTANT_LR, LINEAR_LR = 0.042, 0.17


def run(
    *,
    lr: Annotated[float, Log(1e-3, 1)] = 0.1,
    low_lr: Annotated[float, Log(1e-3, 1)] = 0.024,
    eta_min: Annotated[float, Range(0, 0.1)] = 0.0,
    momentum: Annotated[float, Range(0, 0.99)] = 0.9,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 150,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: SGD with cosine annealing over the whole run, with a constant rate, with linear decay.

    Args:
        lr: Base learning rate of cosine, and of the constant arm beside it, where it helps.
        low_lr: Base learning rate of all arms where it does not.
        eta_min: Where the cosine ends.
        momentum: SGD's, in all arms.
        batch_size: Samples per step.
        regime: `helps` (a high rate) or `does_not` (one so low that the run ends before noise is the limit).
        dataset: `auto` is digits.
        steps: Updates per arm, and T_max.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Cosine first, compared by test accuracy (by test loss on text).
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    sgd = technique("sgd").implementation()
    arms = {}
    plans = _plans(regime, lr, low_lr, eta_min, steps)
    for number, (name, (rate, make)) in enumerate(plans.items()):
        network = task.make(seed)
        optimizer = sgd(network.parameters(), rate, momentum=momentum)
        scheduler = make(optimizer)
        with part(number, len(plans)):
            losses = train(
                network, optimizer, task.batches(batch_size, seed), task.loss,
                steps=steps, dtype=where.dtype, name=name, after=scheduler.step,
            )  # fmt: skip
        arms[name] = Arm(task.evaluate(network), {"training loss": losses})
    metric, higher = ("loss", False) if task.sequence else ("accuracy", True)
    return Result(regime, seed, metric, higher, arms)


def _plans(
    regime: str, lr: float, low_lr: float, eta_min: float, steps: int
) -> dict[str, tuple[float, Callable[[Optimizer], LRScheduler]]]:
    """Each arm's base learning rate and what makes its scheduler."""

    def cosine(optimizer: Optimizer) -> LRScheduler:
        return CosineAnnealingLR(optimizer, steps, eta_min)

    def constant(optimizer: Optimizer) -> LRScheduler:
        return LambdaLR(optimizer, lambda _: 1.0)

    def linear(optimizer: Optimizer) -> LRScheduler:
        return LambdaLR(optimizer, lambda t: 1 - t / steps)

    if regime == "does_not":
        return {"cosine": (low_lr, cosine), "constant": (low_lr, constant), "linear": (low_lr, linear)}
    return {
        "cosine": (lr, cosine),
        "constant": (lr, constant),
        "constant, own lr": (CONSTANT_LR, constant),
        "linear": (LINEAR_LR, linear),
    }


def effect(results: Iterable[Result]) -> Effect:
    """Cosine annealing against each other arm, paired by seed."""
    return compare(results)
