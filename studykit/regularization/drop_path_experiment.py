"""DropPath where a residual network is about to learn wrong labels by heart, and where all labels are right."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.bench.few_samples import BestSoFar, tested_on_the_rest
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import Block, CharTransformer, ResidualMLP
from studykit.regularization.drop_path import DropPath, linear_rates

# Mean validation accuracy over seeds 100-102, 300 steps. With wrong labels: of lr 3e-4, 1e-3, 3e-3 the first was the best without
# DropPath; at that rate, constant rates 0.3, 0.5, 0.7 and linear ones to 0.5, 0.8: constant 0.5; dropout 0.3, 0.5, 0.7, 0.9: 0.5.
# With right labels, of the same lr, 1e-3 was the best with DropPath. The stopping time is chosen on validation in each run.
DROPOUT, ON_RIGHT_LABELS = 0.5, 3
# Of the branches, how many are expected to be run.
SHARE = {"linear": lambda rate: 1 - rate / 2, "constant": lambda rate: 1 - rate}
Wrap = Callable[[nn.Module], nn.Module]


class Counted(nn.Module):
    """A residual branch under DropPath that is computed for those samples only that keep it.

    The mask is drawn first, by DropPath itself on ones, so that what comes out has the very same distribution as
    ``DropPath(p)(branch(x))``. The branch must treat samples alone for that: no BatchNorm.

    Args:
        branch: The branch.
        drop: What decides whom it is run for; None runs it for all.

    Attributes:
        ran: How many samples went through the branch in training.
    """

    def __init__(self, branch: nn.Module, drop: DropPath | None = None) -> None:
        super().__init__()
        self.branch, self.drop, self.ran = branch, drop, 0

    def forward(self, x: Tensor) -> Tensor:
        """What is added to the stream (B, ...)."""
        if not self.training:
            return self.branch(x)
        if self.drop is None:
            self.ran += len(x)
            return self.branch(x)
        scales = self.drop(x.new_ones(len(x)))  # (B,), 0 or 1 / (1 - p)
        kept = scales.nonzero()[:, 0]
        self.ran += len(kept)
        if len(kept) == 0:
            return torch.zeros_like(x)
        some = self.branch(x[kept])  # (kept, ...)
        some = some * scales[kept].to(some.dtype).view(-1, *[1] * (x.ndim - 1))
        return some.new_zeros(x.shape).index_copy(0, kept, some)


class Half(nn.Module):
    """One of the two branches of a transformer block, with its sum.

    Args:
        block: The block.
        second: Its feed-forward branch; else attention.
        wrap: Given a branch, what is run in its place.
    """

    def __init__(self, block: Block, second: bool, wrap: Wrap) -> None:
        super().__init__()
        attend = _Attend(block)
        self.branch = wrap(nn.Sequential(block.norm2, block.mlp) if second else attend)

    def forward(self, x: Tensor) -> Tensor:
        """The stream (B, N, D), one branch on."""
        return x + self.branch(x)


class _Attend(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block.attend(self.block.norm1(x))


def run(
    *,
    rate: Annotated[float, Range(0, 0.95)] = 0.5,
    rule: Choice("constant", "linear") = "constant",
    depth: Annotated[int, Log(2, 200)] = 8,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-4,
    label_noise: Annotated[float, Range(0, 0.9)] = 0.3,
    size: Annotated[int, Log(50, 50_000)] = 200,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 300,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime, on a residual network.

    Args:
        rate: Drop probability of the last branch.
        rule: `constant`, or `linear` in depth from 0.
        depth: Residual branches; with text two for each transformer block.
        lr: Learning rate with wrong labels; with right ones three times that, as validation chose.
        label_noise: Share of the training labels that are wrong where it helps; where it does not, none is.
        size: Training samples where labels are wrong; with right ones all are used. Text is used whole.
        batch_size: Samples per step.
        regime: `helps` (few, wrong labels) or `does_not` (all, right labels).
        dataset: `auto` is digits; text has no wrong labels, is judged by loss and not stopped early.
        steps: Updates per arm.
        seed: Of split, noise, initialisation, batches and masks.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by test accuracy, each with `branches run per sample`: with wrong labels dropout and the run without
        either, also stopped early; with right ones a network of as many branches as DropPath runs on average.
    """
    where, name = place(device, dtype), "digits" if dataset == "auto" else dataset
    noisy = {"size": size, "label_noise": label_noise} if regime == "helps" and name != "text" else {}
    task = load(name, seed=seed, device=where.device, **noisy)
    if noisy and name == "digits":  # its test split is small
        task = tested_on_the_rest(task, load(name, seed=seed, device=where.device))
    pace = lr if regime == "helps" else lr * ON_RIGHT_LABELS
    rates = linear_rates(rate, depth) if rule == "linear" else [rate] * depth
    arms: dict[str, list[Wrap]] = {
        "drop_path": [lambda branch, p=p: Counted(branch, DropPath(p)) for p in rates],
        "without": [Counted] * depth,
    }
    if regime == "helps":
        arms["dropout"] = [lambda branch: Counted(nn.Sequential(branch, nn.Dropout(DROPOUT)))] * depth
    else:
        arms["fewer blocks"] = [Counted] * max(1, round(SHARE[rule](rate) * depth))
    found: dict[str, Arm] = {}
    for number, (arm, wraps) in enumerate(arms.items()):
        stopped = "early stopping" if (arm, regime) == ("without", "helps") and not task.sequence else None
        with part(number, len(arms)):
            found |= _trained(_task_of(task, wraps), arm, stopped, pace, steps, batch_size, seed, where.dtype)
    return Result(regime, seed, *(("loss", False) if task.sequence else ("accuracy", True)), found)


def _task_of(task: Task, wraps: Sequence[Wrap]) -> Task:
    """The task with a residual network of as many branches as there are wraps."""

    def of_images() -> nn.Module:
        network = ResidualMLP(task.train[0][0].numel(), task.classes, depth=len(wraps))
        network.branches = nn.ModuleList(wrap(branch) for wrap, branch in zip(wraps, network.branches, strict=True))
        return network

    def of_text() -> nn.Module:
        network = CharTransformer(task.classes, depth=(len(wraps) + 1) // 2)
        halves = [Half(network.blocks[n // 2], n % 2 == 1, wrap) for n, wrap in enumerate(wraps)]
        network.blocks = nn.Sequential(*halves)
        return network

    return replace(task, network=of_text if task.sequence else of_images)


def _trained(
    task: Task, arm: str, stopped: str | None, lr: float, steps: int, batch_size: int, seed: int, dtype: torch.dtype
) -> dict[str, Arm]:
    """The arm, and under the name `stopped` the same run at its best validation accuracy."""
    network = task.make(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr)
    best = BestSoFar(network, lambda: task.evaluate(network, "validation")["accuracy"]) if stopped else None
    batches = task.batches(batch_size, seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # masks come from the global generator, as timm's do
        losses = train(network, optimizer, batches, task.loss, steps=steps, dtype=dtype, name=arm, after=best)
    ran = sum(each.ran for each in network.modules() if isinstance(each, Counted))
    cost = {"branches run per sample": ran / (len(losses) * batch_size)}
    found = {arm: Arm(task.evaluate(network) | cost, {"training loss": losses})}
    if best and stopped:
        found[stopped] = Arm(task.evaluate(best.restore()) | cost, {"training loss": losses})
    return found


def effect(results: Iterable[Result]) -> Effect:
    """DropPath against each other arm, paired by seed."""
    return compare(results)
