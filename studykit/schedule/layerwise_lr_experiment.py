"""Layer-wise learning rates in fine-tuning on three samples per class, where they forgive a high rate, and from scratch."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import ViT
from studykit.schedule.layerwise_lr import layerwise_lr_groups
from studykit.technique import technique

# Mean validation accuracy over seeds 100-102 of lr in quarter decades from 3e-4 to 3e-2 and decay in 1, 0.75, 0.65, 0.5. Fine-tuned,
# one learning rate was about as good anywhere up to 3e-3 (the baseline has 1e-3), and the probe best at 3e-3; 1e-2 is the rate to
# be tolerated, and 0.65 the decay in the middle of those that do. From scratch 5.6e-3 was best for one rate, and no rate with decay
# came near it.
OWN_LR, PROBE_LR, PRETRAINING_LR = 1e-3, 3e-3, 3e-3
OLD_SHARE = 0.7  # of the classes, known from pre-training; fine-tuning asks for all
SCRATCH = 3  # times as many updates from scratch, on all training samples
Groups = Callable[[nn.Module], Iterable[object]]


def run(
    *,
    lr: Annotated[float, Log(1e-4, 0.1)] = 1e-2,
    decay: Annotated[float, Range(0.2, 1)] = 0.65,
    scratch_lr: Annotated[float, Log(1e-4, 0.1)] = 5.6e-3,
    shots: Annotated[int, Log(1, 100)] = 3,
    depth: Annotated[int, Range(1, 12)] = 4,
    pretraining: Annotated[int, Range(1, 50)] = 5,
    batch_size: Annotated[int, Log(1, 1024)] = 30,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 60,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: AdamW on a small ViT with a learning rate per layer, and with one for all.

    Args:
        lr: Of the head where it helps, and of every layer in the arm beside it.
        decay: What a layer gets of the rate of the one above it.
        scratch_lr: As `lr`, where it does not help.
        shots: Samples per class to fine-tune on.
        depth: Blocks of the ViT.
        pretraining: Updates of the pre-training for each one of the fine-tuning.
        batch_size: Samples per step, also of the pre-training.
        regime: `helps` (fine-tuned after pre-training on seven classes of ten) or `does_not` (from scratch).
        dataset: `auto` is digits.
        steps: Updates per arm; three times as many from scratch.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Layer-wise first, compared by test accuracy over all classes.
    """
    where = place(device, dtype)
    data = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device)
    whole = replace(data, network=lambda: network_of(data, depth))
    if regime == "helps":
        task, updates = few(whole, shots), steps
        start = pretrained(whole, pretraining * steps, batch_size, seed, where.dtype)
        arms: dict[str, Groups] = {
            "layer-wise": lambda network: layerwise_lr_groups(network, lr, decay),
            "one lr": lambda network: layerwise_lr_groups(network, lr, 1.0),
            "one lr, own": lambda network: layerwise_lr_groups(network, OWN_LR, 1.0),
            "linear probe": lambda network: layerwise_lr_groups(frozen(network), PROBE_LR, 1.0),
        }
    else:
        task, updates, start = whole, SCRATCH * steps, whole.make(seed)
        arms = {
            "layer-wise": lambda network: layerwise_lr_groups(network, scratch_lr, decay),
            "one lr": lambda network: layerwise_lr_groups(network, scratch_lr, 1.0),
        }
    found, adamw = {}, technique("adamw").implementation()
    for number, (name, groups) in enumerate(arms.items()):
        network = deepcopy(start)
        optimizer = adamw(groups(network), fast=True)
        with part(number, len(arms)):
            batches = task.batches(batch_size, seed)
            losses = train(network, optimizer, batches, task.loss, steps=updates, dtype=where.dtype, name=name)
        found[name] = Arm(task.evaluate(network), {"training loss": losses})
    return Result(regime, seed, "accuracy", True, found)


def network_of(task: Task, depth: int) -> ViT:
    """A small ViT for the task's images, in patches such that there are sixteen."""
    channels, size = task.train[0].shape[1:3]
    return ViT(channels, size, task.classes, patch=size // 4, width=32, depth=depth)


def pretrained(whole: Task, steps: int, batch_size: int, seed: int, dtype: torch.dtype) -> nn.Module:
    """A network that was trained on the first classes, with a new head for all of them."""
    x, y = whole.train
    old = replace(whole, train=(x[known(whole, y)], y[known(whole, y)]))
    network = old.make(seed)
    optimizer = torch.optim.AdamW(network.parameters(), PRETRAINING_LR, weight_decay=0.0, fused=True)
    scheduler = OneCycleLR(optimizer, PRETRAINING_LR, total_steps=steps)
    batches = old.batches(batch_size, seed)
    train(network, optimizer, batches, old.loss, steps=steps, dtype=dtype, name="pre-training", after=scheduler.step)
    network.head = whole.make(seed + 1).head
    return network


def known(task: Task, labels: Tensor) -> Tensor:
    """Which labels are of a class that pre-training has."""
    return labels < round(OLD_SHARE * task.classes)


def few(whole: Task, shots: int) -> Task:
    """The task with a few training samples of each class."""
    x, y = whole.train
    picked = torch.cat([(y == number).nonzero()[:shots, 0] for number in range(whole.classes)])
    return replace(whole, train=(x[picked], y[picked]))


def frozen(network: nn.Module) -> nn.Module:
    """The network with nothing but its head left to learn."""
    head = {id(param) for param in network.get_submodule("head").parameters()}
    for param in network.parameters():
        param.requires_grad_(id(param) in head)
    return network


def effect(results: Iterable[Result]) -> Effect:
    """A learning rate per layer against each other arm, paired by seed."""
    return compare(results)
