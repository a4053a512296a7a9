"""What the experiments of mixup and CutMix share: images, the test on all that is left, and the baseline that stops early."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench.few_samples import BestSoFar, tested_on_the_rest
from studykit.bench.result import Arm
from studykit.bench.tasks import Task, load
from studykit.bench.train import Place, part, train
from studykit.technique import technique

Batches = Iterable[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


class Way(NamedTuple):
    """One way of training.

    Args:
        change: Takes batches and a generator, gives the batches to train on.
        loss: Of logits and labels.
        weight_decay: AdamW's.
    """

    change: Callable[[Batches, torch.Generator], Batches] = lambda batches, _: batches
    loss: Loss = F.cross_entropy
    weight_decay: float = 0.0


def images(dataset: str, seed: int, where: Place, size: int, label_noise: float) -> Task:
    """Few images to train on; of digits, which are few, all that is left over is tested on too."""
    name = "digits" if dataset == "auto" else dataset
    few = load(name, seed=seed, device=where.device, size=size, label_noise=label_noise, only="images")
    if name != "digits":
        return few
    return tested_on_the_rest(few, load(name, seed=seed, device=where.device))


def smoothed(share: float) -> Way:
    """Label smoothing."""
    loss = technique("label_smoothing").implementation()
    return Way(loss=lambda logits, y: loss(logits, y, share))


def compared(
    task: Task, ways: dict[str, Way], where: Place, *, lr: float, size: int, steps: int, seed: int
) -> dict[str, Arm]:
    """Train the task's network in every way, from the same initialisation and on the same batches.

    Args:
        task: Images.
        ways: By the name of the arm.
        where: Device and dtype.
        lr: Adam's learning rate, of every arm.
        size: Samples per step.
        steps: Updates per arm.
        seed: Of initialisation and batches.

    Returns:
        An arm for each way; after `without` the same network as it was when its validation accuracy was highest.
    """
    arms = {}
    for number, (name, way) in enumerate(ways.items()):
        network = task.make(seed)
        optimizer = technique("adamw").implementation()(network.parameters(), lr, weight_decay=way.weight_decay)
        best = BestSoFar(network, partial(validated, task, network)) if name == "without" else None
        batches = way.change(task.batches(size, seed), torch.Generator().manual_seed(seed))
        with part(number, len(ways)):
            losses = train(network, optimizer, batches, way.loss, steps=steps, dtype=where.dtype, name=name, after=best)
        arms[name] = Arm(measured(task, network), {"training loss": losses})
        if best:
            arms["early stopping"] = Arm(measured(task, best.restore()), {"training loss": losses})
    return arms


def validated(task: Task, network: nn.Module) -> float:
    """The validation accuracy."""
    return task.evaluate(network, "validation")["accuracy"]


@torch.no_grad()
def measured(task: Task, network: nn.Module) -> dict[str, float]:
    """The test metrics, and with a sign what the calibration error has without: above 0 the network is too sure."""
    x, y = task.test
    confidence, predicted = torch.cat([network.eval()(each).float().softmax(-1) for each in x.split(512)]).max(-1)
    return task.evaluate(network) | {"confidence minus accuracy": (confidence - (predicted == y).float()).mean().item()}


def each(change: Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]) -> Way:
    """A way that changes one batch after the other."""

    def changed(batches: Batches, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        return (change(x, y, generator) for x, y in batches)

    return Way(changed)
