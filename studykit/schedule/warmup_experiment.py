"""Warm-up in a deep post-norm transformer at a high learning rate, where it helps, and in a shallower one at a low rate, where it does not."""

import math
from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import CONTEXT, DATASETS, Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import Block, CharTransformer
from studykit.schedule.warmup import warmup_cosine

# The learning rates without warm-up, for the deep network and the one of half its depth: the highest mean validation accuracy
# over seeds 100-102 of a grid in steps of sqrt(2) from 2.5e-4 to 4e-3. `lr` and `warmup` were chosen alike, together, with shares
# of 0.2 to 0.4. `low_lr` is the lowest rate of the grid, which needs no warm-up.
OWN_LR = {"helps": 5e-4, "does_not": 1.4e-3}
WIDTH = 32


class RowTransformer(nn.Module):
    """A transformer that reads an image row by row.

    Args:
        features: Numbers in a row, over all channels.
        rows: Rows of an image.
        classes: Number of classes.
        depth: Number of blocks.
        post_norm: Normalise after each sum, as in the first Transformer; else before each branch.
    """

    def __init__(self, features: int, rows: int, classes: int, depth: int, *, post_norm: bool = True) -> None:
        super().__init__()
        self.row, self.position = nn.Linear(features, WIDTH), nn.Parameter(0.02 * torch.randn(rows, WIDTH))
        self.blocks = nn.Sequential(*(Block(WIDTH, 4, causal=False, post_norm=post_norm) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, channels, rows, columns)."""
        tokens = self.row(x.transpose(1, 2).flatten(2)) + self.position  # (B, rows, WIDTH)
        return self.head(self.norm(self.blocks(tokens)).mean(1))


def run(
    *,
    lr: Annotated[float, Log(1e-4, 1e-1)] = 2e-3,
    low_lr: Annotated[float, Log(1e-5, 1e-1)] = 2.5e-4,
    warmup: Annotated[float, Range(0, 0.9)] = 0.4,
    depth: Annotated[int, Log(2, 48)] = 12,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 100,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: Adam with and without warm-up at one rate, and without at its own; cosine to 0 in all.

    Args:
        lr: Base learning rate where warm-up helps.
        low_lr: Base learning rate where it does not.
        warmup: Its share of the steps.
        depth: Blocks of the network; half as many where warm-up does not help.
        batch_size: Samples per step.
        regime: `helps` (deep, a high rate) or `does_not` (half as deep, a low rate).
        dataset: `auto` is digits, read row by row.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Three arms, compared by test accuracy (by test loss on text); `stuck` is 1 where the training loss at the end is
        still that of a network which knows no more than how frequent the classes are.
    """
    where = place(device, dtype)
    data = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    task = replace(data, network=lambda: network_of(data, depth if regime == "helps" else max(1, depth // 2)))
    rate, first = (lr if regime == "helps" else low_lr), round(warmup * steps)
    plans = {"warm-up": (rate, first), "without": (rate, 0), "without, own lr": (OWN_LR[regime], 0)}
    arms = {}
    for number, (name, (base, warm)) in enumerate(plans.items()):
        network = task.make(seed)
        optimizer = torch.optim.Adam(network.parameters(), base, fused=True)
        scheduler = warmup_cosine(optimizer, warm, steps)
        with part(number, len(plans)):
            losses = train(
                network, optimizer, task.batches(batch_size, seed), task.loss,
                steps=steps, dtype=where.dtype, name=name, after=scheduler.step,
            )  # fmt: skip
        stuck = fmean(losses[-10:]) > 0.97 * entropy(task)
        arms[name] = Arm(task.evaluate(network) | {"stuck": float(stuck)}, {"training loss": losses})
    metric, higher = ("loss", False) if task.sequence else ("accuracy", True)
    return Result(regime, seed, metric, higher, arms)


def network_of(task: Task, depth: int, *, post_norm: bool = True) -> nn.Module:
    """A transformer for the task's data."""
    if task.sequence:
        return CharTransformer(task.classes, CONTEXT, width=WIDTH, depth=depth, post_norm=post_norm)
    channels, rows, columns = task.train[0].shape[1:]
    return RowTransformer(channels * columns, rows, task.classes, depth, post_norm=post_norm)


def entropy(task: Task) -> float:
    """Nats of the training targets' distribution: the loss of a network that has learned nothing else."""
    share = torch.bincount(task.train[1], minlength=task.classes) / len(task.train[1])
    return -sum(p * math.log(p) for p in share.tolist() if p)


def effect(results: Iterable[Result]) -> Effect:
    """Warm-up against each other arm, paired by seed."""
    return compare(results)
