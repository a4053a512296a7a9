"""Accumulation gives the large batch in the memory of a small one; at equal samples, steps of the small one get further."""

import time
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, Task, load
from studykit.bench.train import part, place, tell
from studykit.gradient.grad_accum import accumulate
from studykit.knobs import Choice, Log, Range
from studykit.technique import technique

# Learning rates of SGD with momentum 0.9 for batches of 128 and of 16, at the same number of samples: the lowest mean validation
# loss on digits over seeds 100-102 of 0.01, 0.03, 0.1 and 0.2.
LARGE_LR, SMALL_LR = 0.1, 0.03


def saved_bytes(network: nn.Module, forward: Callable[[], Tensor]) -> float:
    """Bytes that autograd keeps from a forward for its backward, without the parameters, each storage once.

    Args:
        network: Whose parameters are not counted: they are there in any case.
        forward: Gives a loss.
    """
    own = {each.untyped_storage().data_ptr() for each in network.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = forward()  # held until the bytes are counted, so that no storage is used twice
    total = float(sum(kept.values()))
    del loss
    return total


def run(
    *,
    lr: Annotated[float, Log(1e-4, 3)] = LARGE_LR,
    batch_size: Annotated[int, Log(2, 4096)] = 128,
    parts: Annotated[int, Range(1, 64)] = 8,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 80,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a large batch whole, the same in parts, and a step after each part.

    Args:
        lr: Learning rate for the large batch, whole or accumulated; with a step after each part it is its own.
        batch_size: Samples of the large batch.
        parts: Micro-batches in it.
        regime: `helps` (memory of activations) or `does_not` (loss after the same number of samples).
        dataset: `auto` is digits.
        steps: Updates with the large batch; there are `parts` times as many with a step after each part.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Three arms that see the same samples, compared by `activation bytes` where accumulation helps and by test loss where it
        does not; also `distance from the large batch`, of all weights, relative to how far that one has moved.
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    arms = {
        "accumulated": (lr, parts, False),
        "large batch": (lr, 1, False),
        "step after each part": (SMALL_LR, parts, True),
    }
    found: dict[str, Any] = {}
    start = _flat(task.make(seed))
    for number, (name, (rate, pieces, each)) in enumerate(arms.items()):
        with part(number, len(arms)):
            found[name] = _trained(
                task, rate, batch_size, pieces, each, steps=steps, seed=seed, dtype=where.dtype, name=name
            )
    whole = found["large batch"][0]
    made = {}
    for name, (weights, metrics, losses) in found.items():
        distance = ((weights - whole).norm() / (whole - start).norm()).item()
        made[name] = Arm(metrics | {"distance from the large batch": distance}, {"training loss": losses})
    return Result(regime, seed, {"helps": "activation bytes", "does_not": "loss"}[regime], False, made)


def _trained(
    task: Task,
    lr: float,
    size: int,
    parts: int,
    each: bool,
    *,
    steps: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    name: str = "loss",
    split: str = "test",
) -> tuple[Tensor, dict[str, float], list[float]]:
    """Train on large batches cut into parts, with a step after each of them or after all; weights, metrics, losses."""
    network = task.make(seed)
    optimizer = technique("sgd").implementation()(network.parameters(), lr, momentum=0.9)

    def loss_sum(pair: tuple[Tensor, Tensor]) -> Tensor:
        x, y = pair
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype is not torch.float32):
            return F.cross_entropy(network(x).flatten(0, -2), y.flatten(), reduction="sum")

    losses: list[float] = []
    largest, began = 0.0, time.perf_counter()
    for step, (x, y) in zip(range(steps), task.batches(size, seed), strict=False):
        cut = list(zip(x.chunk(parts), y.chunk(parts), strict=True))
        if step == 0:
            largest = max(saved_bytes(network, lambda pair=pair: loss_sum(pair)) for pair in cut)
        means = []
        for together in [[pair] for pair in cut] if each else [cut]:
            optimizer.zero_grad()
            means.append(accumulate(together, loss_sum, lambda pair: pair[1].numel()).item())
            optimizer.step()
        losses.append(sum(means) / len(means))
        if step % 10 == 0 or step == steps - 1:
            tell((step + 1) / steps, {name: losses})
    seconds = time.perf_counter() - began
    metrics = task.evaluate(network, split) | {"activation bytes": largest, "training seconds": seconds}
    return _flat(network), metrics, losses


def _flat(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def effect(results: Iterable[Result]) -> Effect:
    """Accumulation against each other arm, paired by seed."""
    return compare(results)
