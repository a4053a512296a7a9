"""He initialisation in a plain ReLU network thirty layers deep, and in one of three, where nothing depends on it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.architecture.he_init import kaiming_normal_, xavier_normal_
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.technique import technique

# Adam's rate for each arm: the highest mean validation accuracy over seeds 100-102 in half decades, 200 steps; from 3e-5 to 1e-2
# for thirty layers, from 3e-4 to 3e-2 for three. Thirty layers as nn.Linear makes them stay at chance whatever the rate.
RATES = {
    "helps": {"he": 3e-4, "without": 3e-3, "xavier": 1e-3, "layer norm": 1e-4},
    "does_not": {"he": 1e-2, "without": 1e-2, "xavier": 1e-2, "layer norm": 3e-3},
}
Fill = Callable[[Tensor], object]
FILLS: dict[str, Fill | None] = {
    "he": lambda weight: kaiming_normal_(weight, nonlinearity="relu"),
    "without": None,
    "xavier": xavier_normal_,
    "layer norm": None,
}


def plain(features: int, classes: int, depth: int, width: int, arm: str) -> nn.Module:
    """A network of `depth` linear layers with ReLU between them: no residuals, so that the signal has to pass each.

    Args:
        features: Inputs after flattening.
        classes: Outputs.
        depth: Linear layers.
        width: Units of each hidden one.
        arm: `he`, `xavier`, `without` (as `nn.Linear` is made) or `layer norm` (that, with a LayerNorm before each ReLU).
    """
    sizes = [features, *[width] * (depth - 1), classes]
    layers: list[nn.Module] = [nn.Flatten()]
    for number, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        linear = nn.Linear(inputs, outputs)
        if fill := FILLS[arm]:
            fill(linear.weight)
            nn.init.zeros_(linear.bias)
        layers.append(linear)
        if number < depth:
            layers += [*([nn.LayerNorm(outputs)] if arm == "layer norm" else []), nn.ReLU()]
    return nn.Sequential(*layers)


def run(
    *,
    depth: Annotated[int, Range(2, 60)] = 30,
    shallow: Annotated[int, Range(2, 60)] = 3,
    width: Annotated[int, Log(8, 1024)] = 64,
    rate: Annotated[float, Log(0.1, 10)] = 1.0,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 200,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: He, torch's default, Xavier, and the default with LayerNorm in every layer.

    Args:
        depth: Linear layers where it helps.
        shallow: Linear layers where it does not.
        width: Units of each hidden layer.
        rate: Factor on the learning rate, which each arm has its own of.
        batch_size: Samples per step.
        regime: `helps` (many layers) or `does_not` (few).
        dataset: `auto` is digits; images only.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by test accuracy, with what `passes` through each before its first update.
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    adam, layers = technique("adam").implementation(), depth if regime == "helps" else shallow
    arms = {}
    for number, arm in enumerate(FILLS):
        network = _task_of(task, layers, width, arm).make(seed)
        passed = passes(network, task.train[0][:256])
        optimizer = adam(network.parameters(), rate * RATES[regime][arm])
        batches = task.batches(batch_size, seed)
        with part(number, len(FILLS)):
            losses = train(network, optimizer, batches, task.loss, steps=steps, dtype=where.dtype, name=arm)
        arms[arm] = Arm(task.evaluate(network) | passed, {"training loss": losses})
    return Result(regime, seed, "accuracy", True, arms)


def _task_of(task: Task, depth: int, width: int, arm: str) -> Task:
    features = task.train[0][0].numel()
    return replace(task, network=lambda: plain(features, task.classes, depth, width, arm))


@torch.no_grad()
def passes(network: nn.Module, x: Tensor) -> dict[str, float]:
    """Output over input: of the mean square, and of the variance between samples, which is what a network can learn from.

    Args:
        network: Not yet trained.
        x: Inputs (B, ...).
    """
    y, x = network(x), x.flatten(1)
    return {
        "energy, out / in": float(y.square().mean() / x.square().mean()),
        "differences, out / in": float(y.var(0).mean() / x.var(0).mean()),
    }


def effect(results: Iterable[Result]) -> Effect:
    """He against each other arm, paired by seed."""
    return compare(results)
