"""What decay leaves of a weight that the loss does not need, by the size of its gradients; and what that is worth on clean images."""

from collections.abc import Callable, Iterable
from typing import Annotated

import torch
from torch import Tensor

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import contest, place
from studykit.knobs import Choice, Log
from studykit.optim.adamw import AdamW
from studykit.technique import technique

GRADIENT_SCALES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
# Adam's L2 coefficient on images: the lowest mean validation loss over seeds 100-102 of 0, 1e-4, 1e-3, 1e-2, 1e-1.
L2_ON_IMAGES = 1e-4


def run(
    *,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    weight_decay: Annotated[float, Log(1e-3, 10)] = 0.3,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 400,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: AdamW and Adam with the decay inside the gradient.

    Args:
        lr: Learning rate of all arms.
        weight_decay: AdamW's decay, and Adam's L2 coefficient where weights are all noise.
        batch_size: Samples per step on a data set.
        regime: `helps` (weights whose gradients are pure noise of different scales) or `does_not` (clean images).
        dataset: Where decay does not help: `auto` is digits.
        steps: Updates per arm.
        seed: Of the noise, or of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere; the noise is always float32.

    Returns:
        `helps`: by how much the share left differs between gradient scales; `does_not`: test accuracy.
    """
    where = place(device, dtype)
    adam = technique("adam").implementation()
    if regime == "helps":
        makers = {
            "adamw": lambda weights: AdamW(weights, lr, weight_decay=weight_decay),
            "adam + l2": lambda weights: adam(weights, lr, weight_decay=weight_decay),
        }
        arms = {name: _shrink(make, steps, seed, where.device) for name, make in makers.items()}
        return Result(regime, seed, "spread of the share left", False, arms)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    makers = {
        "adamw": lambda weights: AdamW(weights, lr, weight_decay=weight_decay),
        "adam + l2": lambda weights: adam(weights, lr, weight_decay=L2_ON_IMAGES),
        "no decay": lambda weights: adam(weights, lr),
    }
    arms = contest(task, makers, steps=steps, batch_size=batch_size, seed=seed, dtype=where.dtype)
    return Result(regime, seed, "accuracy", True, arms)


def _shrink(make: Callable[[list[Tensor]], torch.optim.Optimizer], steps: int, seed: int, device: torch.device) -> Arm:
    """Weights that start at 1 and whose gradients are noise, 500 for each scale: what is left of them is the decay's doing."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.ones(len(GRADIENT_SCALES), 500, device=device, requires_grad=True)
    scales = torch.tensor(GRADIENT_SCALES, device=device)[:, None]  # (scales, 1)
    optimizer, left = make([weights]), []
    for _ in range(steps):
        weights.grad = scales * torch.randn(weights.shape, generator=generator).to(device)
        optimizer.step()
        left.append(weights.detach().mean(1).tolist())
    names = [f"share left, gradient scale {scale:g}" for scale in GRADIENT_SCALES]
    metrics = dict(zip(names, left[-1], strict=True)) | {"spread of the share left": max(left[-1]) - min(left[-1])}
    ends = {names[0]: [row[0] for row in left], names[-1]: [row[-1] for row in left]}
    return Arm(metrics, ends)


def effect(results: Iterable[Result]) -> Effect:
    """AdamW against each other arm, paired by seed."""
    return compare(results)
