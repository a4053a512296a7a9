"""One label per class beside a heap of unlabelled images, where SimCLR's features pay; and all labels, where training on them does as well."""

import warnings
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import lru_cache
from statistics import fmean
from typing import Annotated, Any

import torch
from sklearn.semi_supervised import LabelSpreading
from torch import Tensor

from studykit.bench.probe import few_shot, fine_tune, frozen, linear_probe
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import place, tell
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.models import CNN
from studykit.selfsup._augment import Augment
from studykit.selfsup.simclr import SimCLR

WIDTH = 64  # of what CNN.encode gives
DRAWS = 3  # of the few labels; the mean is reported
VIEW = Augment(rotate=15, shear=0, scale=0.2, shift=0.15, contrast=0.4, noise=0.1, erase=0)
# Mean validation accuracy over seeds 100-102 and two to ten draws of the labels. SimCLR: temperature 0.1 to 0.5, learning rate 1e-3
# to 1e-2, batches of 128 and 256, views stronger, weaker, slanted, with holes: within noise of each other. Updates count: with
# 1 label per class 72 to 75 after 200, 77.5 after 600 (500 here, to save time). Supervised, few labels: learning rate 1e-3 to 3e-2,
# best at 1e-2; 60 to 800 steps, no better after 400. All labels: 3e-3 to 3e-2, best at 1e-2; 200 to 600 steps, best at 600.
# Label spreading: 10 to 20 neighbours, best at 15 with 1 label per class.
SUPERVISED_LR, NEIGHBOURS = 1e-2, 15


class Pretraining:
    """SimCLR on a task's training images, without their labels; it can be stopped, saved and taken up again.

    Args:
        task: Its training images, and the network that is to learn from them.
        steps: Updates in all; the learning rate falls to 0 by a cosine.
        batch_size: Images per update, each in two views.
        temperature: Of the loss.
        lr: Highest learning rate of AdamW.
        seed: Of initialisation, batches and views.
        augment: Draws a view.
        projection: Size of a projection.
        dtype: bfloat16 runs the network under autocast.
    """

    def __init__(
        self, task: Task, *, steps: int, batch_size: int, temperature: float, lr: float, seed: int,
        augment: Augment = VIEW, projection: int = 64, dtype: torch.dtype = torch.float32,
    ) -> None:  # fmt: skip
        self.images, self.steps, self.size = task.train[0], steps, min(batch_size, len(task.train[0]))
        self.temperature, self.augment, self.dtype = temperature, augment, dtype
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.model = SimCLR(task.network(), WIDTH, projection).to(self.images.device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr, weight_decay=1e-4)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.rng = torch.Generator().manual_seed(seed)
        self.losses: list[float] = []

    def train(self, until: int | None = None) -> None:
        """Go on until so many updates are done, by default all of them."""
        device = self.images.device
        until = self.steps if until is None else until
        while len(self.losses) < until:
            # Without replacement: an image that came twice would be its own negative.
            picked = torch.randperm(len(self.images), generator=self.rng)[: self.size].to(device)
            one, other = self.augment(self.images[picked].repeat(2, 1, 1, 1), self.rng).chunk(2)
            with torch.autocast(device.type, dtype=self.dtype, enabled=self.dtype is not torch.float32):
                loss = self.model.loss(one, other, self.temperature)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            self.losses.append(loss.item())
            if len(self.losses) % 10 == 0:
                tell(len(self.losses) / self.steps, {"contrastive loss": self.losses})

    def state_dict(self) -> dict[str, Any]:
        """All that the next update depends on, in types that `torch.load(..., weights_only=True)` reads."""
        return {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
            "rng": self.rng.get_state(), "losses": list(self.losses),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave, in a pretraining of the same arguments."""
        for name in ("model", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        self.rng.set_state(state["rng"].cpu())
        self.losses = list(state["losses"])


@lru_cache(maxsize=16)
def pretrained(dataset: str, seed: int, device: torch.device, **given: Any) -> tuple[Task, SimCLR]:
    """The task of this seed, and SimCLR trained on its images, in evaluation mode; `given` as of `Pretraining`.

    Kept, since both regimes of a seed read the same features; whoever trains them further takes a copy.
    """
    task = load(dataset, seed=seed, device=device, only="images")
    run = Pretraining(task, seed=seed, **given)
    run.train()
    return task, run.model.eval()


def probe(task: Task, encode: Callable[[Tensor], Tensor], picked: Tensor) -> float:
    """Test accuracy of a linear probe that was given the labels of the training images `picked`."""
    x, y = task.train
    splits = ((x[picked], y[picked]), task.validation, task.test)
    return linear_probe(*((frozen(encode, each), labels) for each, labels in splits))[1]


def supervised(task: Task, network: CNN, picked: Tensor, *, steps: int, lr: float, size: int, seed: int) -> float:
    """Test accuracy of a network trained on the images `picked` in the views that SimCLR sees; a fresh one or a copy."""
    x, y = task.train
    rng = torch.Generator().manual_seed(seed)
    inner = [*network.features.parameters(), *network.head[:-1].parameters()]
    given = {"steps": steps, "lr": lr, "batch": size, "seed": seed, "augment": lambda batch: VIEW(batch, rng)}
    fine_tune(network.encode, inner, network.head[-1], (x[picked], y[picked]), **given)
    return task.evaluate(network)["accuracy"]


def tunable(task: Task, model: SimCLR) -> CNN:
    """A copy of the encoder to be fine-tuned, its features brought to unit deviation.

    The loss leaves their length free; a fresh layer on short ones would need most of its steps to grow.
    """
    network: CNN = deepcopy(model.encoder)
    deviation = frozen(model.features, task.train[0]).std()
    with torch.no_grad():  # the ReLU that follows passes a positive factor on
        network.head[1].weight.div_(deviation)
        network.head[1].bias.div_(deviation)
    return network


def spreading(task: Task, picked: Tensor, encode: Callable[[Tensor], Tensor] = torch.Tensor.float) -> float:
    """Test accuracy of labels spread from `picked` along a graph of nearest neighbours, unlabelled images included.

    It is the simplest method that sees all that SimCLR sees. No more than 5,000 images are in the graph.
    """
    x, y = task.train
    rest = torch.ones(len(x), dtype=torch.bool, device=x.device)
    rest[picked] = False
    order = torch.cat([picked, rest.nonzero()[:, 0]])[:5000]
    known = torch.full((len(order),), -1)
    known[: len(picked)] = y[picked].cpu()[:5000]
    train, test = (frozen(encode, each).cpu().numpy() for each in (x[order], task.test[0]))
    graph = LabelSpreading(kernel="knn", n_neighbors=min(NEIGHBOURS, len(order) - 1), max_iter=100, tol=1e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an image that no label reaches is 0 / 0
        return 100 * float(graph.fit(train, known.numpy()).score(test, task.test[1].cpu().numpy()))


def run(
    *,
    labels: Annotated[int, Range(1, 100)] = 1,
    temperature: Annotated[float, Log(0.01, 10)] = 0.2,
    batch_size: Annotated[int, Log(2, 4096)] = 128,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    projection: Annotated[int, Log(2, 512)] = 64,
    supervised_lr: Annotated[float, Log(1e-5, 0.1)] = SUPERVISED_LR,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a linear probe on SimCLR's features, and what is to be had without them.

    Args:
        labels: Labels per class where it helps; the mean over three draws of them is reported.
        temperature: Of the contrastive loss.
        batch_size: Images per update of the pretraining, each in two views; no more than there are.
        lr: Learning rate of the pretraining.
        projection: Size of a projection.
        supervised_lr: Learning rate of supervised training.
        regime: `helps` (few labels, all images) or `does_not` (all labels).
        dataset: `auto` is digits.
        steps: Updates of the pretraining; supervised training takes four fifths as many on few labels, as many on all.
        seed: Of split, initialisation, batches, views and labels.
        device: `auto`, `cpu`, `cuda`.
        dtype: Of the pretraining; `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by test accuracy: `SimCLR` is a probe on frozen features, `without` supervised training in the same views,
        `pixels` the same probe on pixels, `label spreading` a graph of pixels over all images.
    """
    where = place(device, dtype)
    task, model = pretrained(
        "digits" if dataset == "auto" else dataset, seed, where.device, steps=steps, batch_size=batch_size,
        temperature=temperature, lr=lr, projection=projection, dtype=where.dtype,
    )  # fmt: skip
    few = regime == "helps"
    draws = [few_shot(task.train[1], labels, 100 * seed + n) for n in range(DRAWS)] if few else [torch.arange(len(task.train[1]))]
    fit = {"steps": max(1, 4 * steps // 5) if few else steps, "size": 32 if few else 128}
    ways: dict[str, Callable[[Tensor], float]] = {
        "SimCLR": lambda picked: probe(task, model.features, picked),
        "without": lambda picked: supervised(task, task.make(seed), picked, lr=supervised_lr, seed=seed, **fit),
        "pixels": lambda picked: probe(task, torch.Tensor.float, picked),
    }
    if few:
        ways["label spreading"] = lambda picked: spreading(task, picked)
    arms = {name: Arm({"accuracy": fmean(way(picked) for picked in draws)}) for name, way in ways.items()}
    return Result(regime, seed, "accuracy", True, arms)


def effect(results: Iterable[Result]) -> Effect:
    """SimCLR's probe against each other arm, paired by seed."""
    return compare(results)
