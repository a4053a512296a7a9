"""What the experiments of mixup and CutMix share: images, the test on all that is left, and the baseline that stops early."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench.result import Arm
from studykit.bench.tasks import Task, load
from studykit.bench.train import Place, part, train
from studykit.technique import technique

LOOK = 25  # updates between two looks at the validation split
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
    few = load(name, seed=seed, device=where.device, size=size, label_noise=label_noise)
    if name != "digits":
        return few
    whole, used = load(name, seed=seed, device=where.device), len(few.train[0])
    return replace(
        few, test=tuple(torch.cat([own, more[used:]]) for own, more in zip(few.test, whole.train, strict=True))
    )


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
        best = _Best(task, network) if name == "without" else None
        batches = way.change(task.batches(size, seed), torch.Generator().manual_seed(seed))
        with part(number, len(ways)):
            losses = train(network, optimizer, batches, way.loss, steps=steps, dtype=where.dtype, name=name, after=best)
        arms[name] = Arm(measured(task, network), {"training loss": losses})
        if best:
            arms["early stopping"] = Arm(measured(task, best.restored()), {"training loss": losses})
    return arms


@torch.no_grad()
def measured(task: Task, network: nn.Module) -> dict[str, float]:
    """The test metrics, and with a sign what the calibration error has without: above 0 the network is too sure."""
    x, y = task.test
    confidence, predicted = torch.cat([network.eval()(each).float().softmax(-1) for each in x.split(512)]).max(-1)
    return task.evaluate(network) | {"confidence minus accuracy": (confidence - (predicted == y).float()).mean().item()}


class _Best:
    """Called after each update, it keeps the weights with the highest validation accuracy."""

    def __init__(self, task: Task, network: nn.Module) -> None:
        self.task, self.network, self.updates, self.accuracy = task, network, 0, float("-inf")
        self.weights: dict[str, Tensor] = {}

    def __call__(self) -> None:
        self.updates += 1
        if self.updates % LOOK:
            return
        accuracy = self.task.evaluate(self.network, "validation")["accuracy"]
        self.network.train()  # to evaluate is to leave it
        if accuracy > self.accuracy:
            self.accuracy = accuracy
            self.weights = {name: each.detach().clone() for name, each in self.network.state_dict().items()}

    def restored(self) -> nn.Module:
        if self.weights:
            self.network.load_state_dict(self.weights)
        return self.network


def each(change: Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]) -> Way:
    """A way that changes one batch after the other."""

    def changed(batches: Batches, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        return (change(x, y, generator) for x, y in batches)

    return Way(changed)
