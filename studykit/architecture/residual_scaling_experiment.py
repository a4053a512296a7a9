"""Residual scaling in a deep residual network without normalisation, where sums explode, and in one of two blocks."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.architecture.residual_scaling import residual_projections, scale_residual_init_
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.technique import technique

# Adam's rate for each arm: the highest mean validation accuracy over seeds 100-102 in half decades, 120 steps; from 1e-5 to 1e-2
# for twenty-four blocks, from 3e-4 to 3e-2 for two, where "scaled" and "sqrt half" are the same network: N is 2.
RATES = {
    "helps": {"scaled": 1e-3, "without": 3e-3, "sqrt half": 1e-3, "layer norm": 3e-4},
    "does_not": {"scaled": 3e-3, "without": 3e-3, "sqrt half": 3e-3, "layer norm": 3e-3},
}
ARMS = ("scaled", "without", "sqrt half", "layer norm")


class Branch(nn.Module):
    """One residual block of two linear layers, with nothing that puts sizes right unless asked for.

    Args:
        width: Of the stream.
        norm: A LayerNorm in front, as in today's transformers.
    """

    def __init__(self, width: int, norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if norm else nn.Identity()
        self.c_fc, self.c_proj = nn.Linear(width, width), nn.Linear(width, width)
        for linear, variance in ((self.c_fc, 1 / width), (self.c_proj, 2 / width)):  # the branch keeps the size
            nn.init.normal_(linear.weight, 0, math.sqrt(variance))
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """The stream (B, D), one block on."""
        return x + self.c_proj(self.c_fc(self.norm(x)).relu())


def residual(features: int, classes: int, depth: int, width: int, arm: str) -> nn.Sequential:
    """The network of an arm.

    Args:
        features: Inputs after flattening.
        classes: Outputs.
        depth: Blocks, of one branch each.
        width: Of the stream.
        arm: One of `ARMS`.
    """
    blocks = nn.Sequential(*(Branch(width, arm == "layer norm") for _ in range(depth)))
    if arm == "scaled":
        scale_residual_init_(blocks, depth / 2)  # one branch per block, not two
    if arm == "sqrt half":
        with torch.no_grad():
            for weight in residual_projections(blocks).values():
                weight.mul_(math.sqrt(0.5))
    norm = nn.LayerNorm(width) if arm == "layer norm" else nn.Identity()
    return nn.Sequential(nn.Flatten(), nn.Linear(features, width), blocks, norm, nn.Linear(width, classes))


def run(
    *,
    depth: Annotated[int, Range(1, 96)] = 24,
    shallow: Annotated[int, Range(1, 96)] = 2,
    width: Annotated[int, Log(8, 1024)] = 64,
    rate: Annotated[float, Log(0.1, 10)] = 1.0,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 120,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: the branches scaled by depth, not at all, by sqrt(0.5), and not at all but with LayerNorm.

    Args:
        depth: Residual blocks where it helps.
        shallow: Residual blocks where it does not.
        width: Of the residual stream.
        rate: Factor on the learning rate, which each arm has its own of.
        batch_size: Samples per step.
        regime: `helps` (many blocks) or `does_not` (few).
        dataset: `auto` is digits; images only.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by test accuracy, with the growth of the stream's variance and the loss before the first update.
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    adam, blocks = technique("adam").implementation(), depth if regime == "helps" else shallow
    arms = {}
    for number, arm in enumerate(ARMS):
        network = task_of(task, blocks, width, arm).make(seed)
        start = _start(network, *(each[:256] for each in task.train))
        optimizer, batches = adam(network.parameters(), rate * RATES[regime][arm]), task.batches(batch_size, seed)
        with part(number, len(ARMS)):
            losses = train(network, optimizer, batches, task.loss, steps=steps, dtype=where.dtype, name=arm)
        arms[arm] = Arm(task.evaluate(network) | start, {"training loss": losses})
    return Result(regime, seed, "accuracy", True, arms)


def task_of(task: Task, depth: int, width: int, arm: str) -> Task:
    """The task with the network of an arm."""
    features = task.train[0][0].numel()
    return replace(task, network=lambda: residual(features, task.classes, depth, width, arm))


@torch.no_grad()
def _start(network: nn.Sequential, x: Tensor, y: Tensor) -> dict[str, float]:
    stream = network[:2](x)
    grown = network[2](stream).square().mean() / stream.square().mean()
    return {"growth of the stream": float(grown), "loss at the start": float(nn.functional.cross_entropy(network(x), y))}


def effect(results: Iterable[Result]) -> Effect:
    """Scaled by depth against each other arm, paired by seed."""
    return compare(results)
