"""Dropout where a network would learn wrong labels by heart, and where there is little to unlearn."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.bench.few_samples import BestSoFar, tested_on_the_rest
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, Task, load
from studykit.bench.train import Place, part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import MLP, Block
from studykit.regularization.dropout import Dropout
from studykit.technique import technique

# The highest mean validation accuracy over seeds 100-102: with noise, of p in 0.1, 0.3, 0.5, 0.7, 0.9; of AdamW's decay in 0.1,
# 0.3, 1, 3, 10 for each regime. On clean labels 0.3 was best, level with none. The stopping time is chosen on validation in each run.
P, WEIGHT_DECAY = 0.7, {"helps": 3.0, "does_not": 1.0}
Make = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def run(
    *,
    p: Annotated[float, Range(0, 0.95)] = P,
    label_noise: Annotated[float, Range(0, 0.9)] = 0.3,
    size: Annotated[int, Log(50, 50_000)] = 200,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: dropout, nothing, weight decay, and nothing but stopped early.

    Args:
        p: Share that is dropped: after both hidden layers of the MLP, or on every branch of the transformer for text.
        label_noise: Share of the training labels that are wrong where it helps; where it does not, none is.
        size: Training samples; few, so that all of them are learnt by heart. Text is used whole.
        lr: Learning rate of every arm.
        batch_size: Samples per step.
        regime: `helps` (wrong labels) or `does_not` (clean labels).
        dataset: `auto` is digits; on text there are two arms, compared by test loss.
        steps: Updates per arm.
        seed: Of split, noise, initialisation, batches and masks.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by accuracy on clean test data; `accuracy, stopped early` is that at the best validation accuracy.
    """
    where, name = place(device, dtype), "digits" if dataset == "auto" else dataset
    of_images = {"size": size, "label_noise": label_noise if regime == "helps" else 0.0}
    task = load(name, seed=seed, device=where.device, **({} if name == "text" else of_images))
    if name == "digits":  # its test split is small
        task = tested_on_the_rest(task, load(name, seed=seed, device=where.device))
    adam, adamw = (technique(each).implementation() for each in ("adam", "adamw"))

    def plain(weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return adam(weights, lr)

    def decayed(weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return adamw(weights, lr, weight_decay=WEIGHT_DECAY[regime])

    if task.sequence:
        wanted = {"dropout": (p, plain), "no dropout": (0.0, plain)}
    else:
        wanted = {"dropout": (p, plain), "without": (0.0, plain), "weight decay": (0.0, decayed)}
    arms = {}
    for number, (arm, (share, make)) in enumerate(wanted.items()):
        with part(number, len(wanted)):
            arms[arm] = _trained(task, arm, share, make, steps, batch_size, seed, where)
    if task.sequence:
        return Result(regime, seed, "loss", False, arms)
    stopped = arms["without"].metrics["accuracy, stopped early"]
    arms["early stopping"] = Arm({"accuracy": stopped}, arms["without"].curves)
    return Result(regime, seed, "accuracy", True, arms)


def _trained(
    task: Task, arm: str, share: float, make: Make, steps: int, batch_size: int, seed: int, where: Place
) -> Arm:
    task = replace(task, network=_network_of(task, share))
    network = task.make(seed)
    watch = None if task.sequence else BestSoFar(network, lambda: task.evaluate(network, "validation")["accuracy"])
    batches, optimizer = task.batches(batch_size, seed), make(network.parameters())
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # masks come from the global generator, as torch's own do
        losses = train(
            network, optimizer, batches, task.loss, steps=steps, dtype=where.dtype, name=arm, after=watch
        )
    metrics = task.evaluate(network)
    if watch:
        metrics["accuracy, stopped early"] = task.evaluate(watch.restore())["accuracy"]
    return Arm(metrics, {"training loss": losses})


def _network_of(task: Task, share: float) -> Callable[[], nn.Module]:
    def of_text() -> nn.Module:
        network = task.network()
        network.blocks = nn.Sequential(*(ResidualDropout(block, share) for block in network.blocks))
        return network

    def of_images() -> nn.Module:
        network = MLP(task.train[0][0].numel(), task.classes)
        flat, one, relu, two, _, head = network.layers
        network.layers = nn.Sequential(flat, one, relu, Dropout(share), two, relu, Dropout(share), head)
        return network

    return of_text if task.sequence else of_images


class ResidualDropout(nn.Module):
    """A transformer block with dropout on the output of each branch, before the sum (Vaswani et al. 2017, section 5.4).

    Args:
        block: The block.
        share: What is dropped.
    """

    def __init__(self, block: Block, share: float) -> None:
        super().__init__()
        self.block, self.drop = block, Dropout(share)

    def forward(self, x: Tensor) -> Tensor:
        """The residual stream (B, N, D), one block on."""
        x = x + self.drop(self.block.attend(self.block.norm1(x)))
        return x + self.drop(self.block.mlp(self.block.norm2(x)))


def effect(results: Iterable[Result]) -> Effect:
    """Dropout against each other arm, paired by seed."""
    return compare(results)
