"""Loss scaling where gradients are too small for float16; and in bfloat16, whose range is float32's, where it changes nothing."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, tell
from studykit.knobs import Choice, Dataset, Log
from studykit.models import MLP
from studykit.scale.amp import GradScaler
from studykit.technique import technique

LOW = {"float16": torch.float16, "bfloat16": torch.bfloat16}
# Mean validation accuracy over seeds 100-102, 200 steps, out of 1e-3, 3e-3, 1e-2. float16 without scaling stands where it does with:
# nothing but zeros arrives at any rate.
RATE = {"float16": 1e-2, "float32": 1e-2, "bfloat16": 3e-3, "bfloat16 weights": 3e-3}
# Adam divides by the root of the squares of these gradients: the usual 1e-8 would be no small number beside it.
EPS = 1e-15
LOSS, SCALE = "training loss", "loss scale, log2"


class Way(NamedTuple):
    """How an arm computes.

    Args:
        rate: Key of its learning rate.
        compute: Of the forward and backward pass.
        scaled: Whether the loss is.
        weights: Of parameters and updates; float32 are master weights.
    """

    rate: str
    compute: torch.dtype
    scaled: bool = False
    weights: torch.dtype = torch.float32


def run(
    *,
    init_scale: Annotated[float, Log(1, 1e12)] = 2.0**16,
    growth_interval: Annotated[int, Log(1, 10_000)] = 50,
    loss_weight: Annotated[float, Log(1e-9, 1)] = 2.0**-18,
    lr_factor: Annotated[float, Log(1e-3, 10)] = 1.0,
    batch_size: Annotated[int, Log(1, 4096)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 200,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float16", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: the same network trained in 16 bits with and without loss scaling, and in float32.

    Args:
        init_scale: The first loss scale.
        growth_interval: Updates without overflow after which it doubles.
        loss_weight: The loss is multiplied by it in every arm, as the weight of a small term does, or a mean over more numbers. Adam
            doesn't notice; number formats do.
        lr_factor: On the learning rate that was chosen for each arm.
        batch_size: Images per step.
        regime: `helps` (float16) or `does_not` (bfloat16).
        dataset: `auto` is digits.
        steps: Updates of each arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: The 16-bit format of the first two arms; `auto` is the regime's.

    Returns:
        Arms compared by test accuracy; beside it the share of the activations' gradients that are exactly zero, and the steps skipped.
    """
    where = place(device, "float32").device
    low = {"helps": "float16", "does_not": "bfloat16"}[regime] if dtype == "auto" else dtype
    ways = {f"{low} + loss scaling": Way(low, LOW[low], scaled=True), "without": Way(low, LOW[low])}
    if regime == "helps":
        ways["bfloat16"] = Way("bfloat16", torch.bfloat16)
    else:
        ways["bfloat16 weights"] = Way("bfloat16 weights", torch.bfloat16, weights=torch.bfloat16)
    ways["float32"] = Way("float32", torch.float32)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where, only="images")
    found = {}
    for number, (name, way) in enumerate(ways.items()):
        scaler = GradScaler(where.type, init_scale, growth_interval=growth_interval, enabled=way.scaled)
        with part(number, len(ways)):
            found[name] = trained(
                task, way, scaler, lr=lr_factor * RATE[way.rate], loss_weight=loss_weight, size=batch_size, steps=steps,
                seed=seed, name=name,
            )  # fmt: skip
    return Result(regime, seed, "accuracy", True, found)


def trained(
    task: Task,
    way: Way,
    scaler: GradScaler,
    *,
    lr: float,
    loss_weight: float,
    size: int,
    steps: int,
    seed: int,
    name: str = "loss",
    split: str = "test",
) -> Arm:
    """Train one network: scale, backward, step, update.

    Args:
        task: Images.
        way: Precisions.
        scaler: Enabled or not.
        lr: Adam's learning rate.
        loss_weight: As in `run`.
        size: Images per step.
        steps: Updates.
        seed: Of initialisation and batches.
        name: In the live curves.
        split: Where it is measured.
    """
    network = _network(task, seed).to(way.weights)
    optimizer = technique("adam").implementation()(network.parameters(), lr=lr, eps=EPS)
    zeros, losses, scales, skipped = [], [], [], 0
    for layer in list(network.layers)[2:]:
        if isinstance(layer, nn.Linear):
            layer.register_full_backward_hook(partial(_count, zeros))
    for step, (x, y) in zip(range(steps), task.batches(size, seed), strict=False):
        with torch.autocast(x.device.type, way.compute, enabled=way.compute != way.weights):
            logits = network(x.to(way.weights))
        loss = task.loss(logits.float(), y)  # a loss is summed in float32
        optimizer.zero_grad()
        scaler.scale(loss_weight * loss).backward()
        scaler.step(optimizer)
        before = scaler.get_scale()
        scaler.update()
        skipped += scaler.get_scale() < before
        losses.append(loss.item())
        scales.append(torch.tensor(before).log2().item())
        if step % 10 == 0 or step == steps - 1:
            tell((step + 1) / steps, {name: losses})
    metrics = task.evaluate(network.float(), split)
    share = 100 * torch.stack(zeros).mean().item()
    return Arm(metrics | {"zero gradients, %": share, "skipped steps": float(skipped)}, {LOSS: losses, SCALE: scales})


def _network(task: Task, seed: int) -> nn.Module:
    x = task.train[0]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MLP(x[0].numel(), task.classes, width=64).to(x.device)


def _count(zeros: list[Tensor], layer: nn.Module, given: tuple[Tensor, ...], _: object) -> None:
    """Notes the share of zeros in the gradient of a layer's input, before ReLU's mask: in float32 there is hardly one."""
    zeros.append((given[0] == 0).float().mean())


def effect(results: Iterable[Result]) -> Effect:
    """Loss scaling against each other arm, paired by seed."""
    return compare(results)
