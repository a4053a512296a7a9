"""The sandwich rule against plain training and random sampling at equal compute; and in a short run, where the teacher knows nothing yet."""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from statistics import fmean
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.automl._elastic_experiment import ElasticNet, cut, devices, elastic, images, optimizer
from studykit.automl.bignas import sandwich_step
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.train import part, place, tell
from studykit.knobs import Choice, Dataset, Log, Range

# Mean validation accuracy over seeds 100-102 in either regime, each arm with its own learning rate out of 1e-2 and 2e-2: the distilled
# sandwich was best at 1e-2, the others at 2e-2.
LR, LABELS_LR = 1e-2, 2e-2
SHORT = 3  # how much shorter the run is where it does not help
Step = Callable[[ElasticNet, Tensor, Tensor, torch.optim.Optimizer, torch.Generator], float]


def sandwich(n_random: int, distill: bool) -> Step:
    """The update of this technique."""
    return lambda net, x, y, rule, generator: sandwich_step(net, x, y, rule, n_random, distill, generator)


def on_labels(count: int) -> Step:
    """An update by so many random sub-networks on the labels; by the largest alone where it is 0."""

    def step(net: ElasticNet, x: Tensor, y: Tensor, rule: torch.optim.Optimizer, generator: torch.Generator) -> float:
        rule.zero_grad()
        losses = [F.cross_entropy(net(x, config), y) for config in [net.sample(generator) for _ in range(count)] or [net.max_subnet]]
        sum(losses).backward()
        rule.step()
        return fmean(each.item() for each in losses)

    return step


WAYS: dict[str, Callable[[int], Step]] = {
    "distilled sandwich": lambda n_random: sandwich(n_random, True),
    "without": lambda n_random: on_labels(0),
    "sandwich on labels": lambda n_random: sandwich(n_random, False),
    "random on labels": lambda n_random: on_labels(n_random + 2),
}


@lru_cache(maxsize=64)
def trained(
    way: str, dataset: str, seed: int, device: torch.device, updates: int, n_random: int, lr: float, batch_size: int
) -> ElasticNet:
    """An elastic network after so many updates, the learning rate falling to 0 along a half cosine; kept for the lesson.

    Args:
        way: One of `WAYS`.
        dataset: As `run` takes it.
        seed: Of everything.
        device: Where.
        updates: Steps.
        n_random: Random sub-networks in a sandwich.
        lr: Learning rate.
        batch_size: Images per step.
    """
    task = images(dataset, seed, device)
    net, step = elastic(task, seed).train(), WAYS[way](n_random)
    rule, generator, losses = optimizer(lr)(net.parameters()), torch.Generator().manual_seed(seed), []
    schedule = torch.optim.lr_scheduler.LambdaLR(rule, lambda t: 0.5 + 0.5 * math.cos(math.pi * t / updates))
    for _, (x, y) in zip(range(updates), task.batches(batch_size, seed), strict=False):
        losses.append(step(net, x, y, rule, generator))
        schedule.step()
        if len(losses) % 10 == 0:
            tell(len(losses) / updates, {way: losses})
    return net


def run(
    *,
    n_random: Annotated[int, Range(0, 8)] = 2,
    count: Annotated[int, Range(2, 100)] = 12,
    lr: Annotated[float, Log(1e-4, 0.3)] = LR,
    labels_lr: Annotated[float, Log(1e-4, 0.3)] = LABELS_LR,
    batch_size: Annotated[int, Log(8, 1024)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 120,
    seed: int = 0,
    device: str = "auto",
) -> Result:
    """One seed of one regime: an elastic network trained in several ways, all with the multiply-accumulates of the sandwich.

    Args:
        n_random: Random sub-networks in an update, beside the largest and the smallest.
        count: Sub-networks that are measured, evenly spread over the logarithm of their cost.
        lr: Learning rate of the sandwich with in-place distillation.
        labels_lr: Of all that learns from labels alone.
        batch_size: Images per step.
        regime: `helps` (a family of networks is wanted) or `does_not` (in a third of the steps).
        dataset: `auto` is digits.
        steps: Updates by the sandwich; cheaper updates are more.
        seed: Of split, initialisation, batches and sampling.
        device: `auto`, `cpu`, `cuda`.

    Returns:
        Arms compared by the mean test accuracy over the measured sub-networks, each with norms of its own.
    """
    task = images(dataset, seed, place(device).device)
    net = elastic(task, seed)
    updates = steps if regime == "helps" else max(1, steps // SHORT)
    mean = fmean(map(net.macs, net.space.configs()))
    one = net.macs() + net.macs(net.min_subnet) + n_random * mean  # of an update by the sandwich, for each image
    costs = {"without": net.macs(), "random on labels": (n_random + 2) * mean}
    arms, asked = {}, devices(net, count)
    for number, way in enumerate(WAYS):
        own = max(1, round(updates * one / costs.get(way, one)))
        rate = lr if way == "distilled sandwich" else labels_lr
        with part(number, len(WAYS)):
            net = trained(way, dataset, seed, task.train[0].device, own, n_random, rate, batch_size)
        found = [cut(task, net, each) for each in asked]
        arms[way] = Arm({"accuracy": fmean(found), "accuracy of the smallest": found[0], "accuracy of the largest": found[-1], "updates": own})
    return Result(regime, seed, "accuracy", True, arms)


def effect(results: Iterable[Result]) -> Effect:
    """The distilled sandwich against each other arm, paired by seed."""
    return compare(results)
