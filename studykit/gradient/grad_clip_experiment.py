"""Clipping keeps a recurrent network with exploding gradients from diverging; it does nothing for vanishing ones."""

import math
from collections.abc import Iterable, Iterator
from itertools import takewhile
from statistics import fmean
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import load
from studykit.bench.train import part, place, train
from studykit.gradient.grad_clip import clip_grad_norm_, get_total_norm
from studykit.knobs import Choice, Log, Range
from studykit.technique import technique

# ReLU at this recurrent gain stands at the edge: weights a little larger multiply a gradient from step to step. tanh at so small a
# gain lets it die out.
CELLS = {"helps": ("relu", math.sqrt(2)), "does_not": ("tanh", 0.7)}
SMALLER = ("relu", 0.7)  # half of the gain: nothing explodes to begin with
# Chosen on validation sequences, seeds 100-102, three starts of 100 steps each, grid in half decades from 3e-5 to 0.3: the fewest
# networks that diverged, then the lowest mean loss. No rate keeps all of the unclipped ReLU networks, so it is the greatest that
# loses no more than smaller ones do.
LR, LOWER_LR, SMALLER_LR, LR_ON_TANH = 0.3, 3e-4, 0.01, 0.01
TESTED = 1024
NORM = "gradient norm before clipping, log10"


class Recurrent(nn.Module):
    """A plain recurrent network that answers after the last step.

    Args:
        features: Numbers of each step.
        outputs: Numbers of the answer.
        activation: `relu` or `tanh`.
        gain: Of the recurrent weights, whose standard deviation is gain / sqrt(width).
        width: Units.
    """

    def __init__(self, features: int, outputs: int, activation: str, gain: float, width: int = 64) -> None:
        super().__init__()
        self.cell = nn.RNN(features, width, nonlinearity=activation, batch_first=True)
        self.head = nn.Linear(width, outputs)
        nn.init.normal_(self.cell.weight_hh_l0, std=gain / math.sqrt(width))

    def forward(self, x: Tensor) -> Tensor:
        """The answer (B, outputs) to sequences (B, T, features)."""
        return self.head(self.cell(x)[0][:, -1])


class Sequences(NamedTuple):
    """Sequences (B, T, features) with answers (B, outputs): endless batches, and one batch for each held-out split."""

    batches: Iterator[tuple[Tensor, Tensor]]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def adding(size: int, length: int, seed: int, device: torch.device) -> Sequences:
    """The adding problem: of numbers in [0, 1] two are marked, one in each half; the answer is their sum.

    Hochreiter & Schmidhuber 1997. Who always answers 1 has a mean squared error of 1/6.
    """

    def drawn(count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        numbers, marks = torch.rand(count, length, generator=rng), torch.zeros(count, length)
        for low, high in ((0, length // 2), (length // 2, length)):
            marks.scatter_(1, torch.randint(low, high, (count, 1), generator=rng), 1.0)
        x, y = torch.stack([numbers, marks], -1), (numbers * marks).sum(1, keepdim=True)
        return x.to(device), y.to(device)

    def endless(rng: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield drawn(size, rng)

    first, second, third = (torch.Generator().manual_seed(3 * seed + n) for n in range(3))
    return Sequences(endless(first), drawn(TESTED, second), drawn(TESTED, third))


def pixels(size: int, seed: int, device: torch.device) -> Sequences:
    """Digits read pixel by pixel, 64 steps; the answer is the one-hot class."""
    task = load("digits", seed=seed, device=device)

    def read(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return pair[0].flatten(1).unsqueeze(-1), nn.functional.one_hot(pair[1], task.classes).float()

    return Sequences(map(read, task.batches(size, seed)), read(task.validation), read(task.test))


def run(
    *,
    lr: Annotated[float, Log(1e-5, 1)] = LR,
    max_norm: Annotated[float, Log(1e-3, 1e6)] = 1.0,
    starts: Annotated[int, Range(1, 100)] = 2,
    length: Annotated[int, Log(4, 1000)] = 50,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", "adding", "digits") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 100,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: recurrent networks under plain SGD, clipped or not.

    Args:
        lr: Learning rate with clipping and without; where gradients vanish a thirtieth of it, as validation chose.
        max_norm: Threshold of the norm.
        starts: Networks of each arm, from different initialisations.
        length: Steps of a sequence of the adding problem.
        batch_size: Sequences per update.
        regime: `helps` (ReLU cells whose gradients explode) or `does_not` (tanh cells whose gradients vanish).
        dataset: `auto` is the adding problem; `digits` are images read pixel by pixel.
        steps: Updates of each network; one that has diverged is trained no further.
        seed: Of initialisation and data.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        In `helps` the arms are compared by the share of networks that diverged, in `does_not` by the mean test loss of those that
        did not (mean squared error); `constant answer` is the mean of the validation answers.
    """
    where, cell = place(device, dtype), CELLS[regime]
    rate = lr if regime == "helps" else LR_ON_TANH / LR * lr
    arms = {"clip by norm": (cell, rate, max_norm), "without": (cell, rate, math.inf)}
    if regime == "helps":
        arms["lower lr"] = (cell, min(lr, LOWER_LR), math.inf)
        arms["smaller weights"] = (SMALLER, min(lr, SMALLER_LR), math.inf)
    found, constants = {}, []
    for number, (name, (kind, each, threshold)) in enumerate(arms.items()):
        losses: list[float] = []
        for start in range(starts):
            first = seed * starts + start
            data = (
                pixels(batch_size, first, where.device)
                if dataset == "digits"
                else adding(batch_size, length, first, where.device)
            )
            with part(number * starts + start, len(arms) * starts):
                loss, norms = trained(
                    data, kind, each, threshold, steps=steps, seed=first, dtype=where.dtype, name=name
                )
            losses.append(loss)
            constants.append((data.test[1] - data.validation[1].mean(0)).square().mean().item())
        lasting = [loss for loss in losses if math.isfinite(loss)]
        metrics = {"diverged": 1 - len(lasting) / starts, "loss": fmean(lasting) if lasting else math.nan}
        found[name] = Arm(metrics, {NORM: norms})
    found["constant answer"] = Arm({"diverged": 0.0, "loss": fmean(constants)}, {NORM: [math.nan] * steps})
    return Result(regime, seed, {"helps": "diverged", "does_not": "loss"}[regime], False, found)


def trained(
    data: Sequences,
    cell: tuple[str, float],
    lr: float,
    max_norm: float,
    *,
    steps: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    name: str = "loss",
    split: str = "test",
) -> tuple[float, list[float]]:
    """Train one network.

    Args:
        data: What it learns from.
        cell: Activation and gain.
        lr: Learning rate.
        max_norm: Threshold; infinite to clip nothing.
        steps: Updates.
        seed: Of its initialisation.
        dtype: As in `train`.
        name: In the live curves.
        split: Where it is measured.

    Returns:
        Its loss, NaN where it diverged, and log10 of the norm before clipping at every step, NaN where that is not finite.
    """
    x, y = data.test
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Recurrent(x.shape[-1], y.shape[-1], *cell).to(x.device)
    optimizer, norms = technique("sgd").implementation()(network.parameters(), lr), []

    def clip(*_: object) -> None:
        norm = get_total_norm([weight.grad for weight in network.parameters()])
        norms.append(norm.item())
        if max_norm < math.inf:
            clip_grad_norm_(network.parameters(), max_norm)

    optimizer.register_step_pre_hook(clip)  # after backward, before the weights move
    batches = takewhile(lambda _: not norms or math.isfinite(norms[-1]), data.batches)
    losses = train(network, optimizer, batches, nn.functional.mse_loss, steps=steps, dtype=dtype, name=name)
    loss = _loss(network, getattr(data, split))
    lasts = all(map(math.isfinite, [*losses, *norms, loss]))
    logs = [math.log10(norm) if 0 < norm < math.inf else math.nan for norm in norms]
    return (loss if lasts else math.nan), logs + [math.nan] * (steps - len(logs))


@torch.no_grad()
def _loss(network: nn.Module, split: tuple[Tensor, Tensor]) -> float:
    x, y = split
    return nn.functional.mse_loss(network.eval()(x), y).item()


def effect(results: Iterable[Result]) -> Effect:
    """Clipping by norm against each other arm, paired by seed."""
    return compare(results)
