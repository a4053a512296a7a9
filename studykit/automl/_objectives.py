"""Cheap stand-ins for an expensive validation loss, each with its minimum known, so that regret can be counted."""

import math
from collections.abc import Callable, Mapping
from itertools import combinations, product
from typing import Any, NamedTuple

import torch
from torch import Tensor

Setting = Mapping[str, Any]
# Hartmann's function in three dimensions: weights, widths (4, 3) and centres (4, 3) of its four wells.
DEPTHS = (1.0, 1.2, 3.0, 3.2)
WIDTHS = ((3.0, 10.0, 30.0), (0.1, 10.0, 35.0), (3.0, 10.0, 30.0), (0.1, 10.0, 35.0))
CENTRES = ((0.3689, 0.1170, 0.2673), (0.4699, 0.4387, 0.7470), (0.1091, 0.8732, 0.5547), (0.0381, 0.5743, 0.8828))


class Objective(NamedTuple):
    """What is minimised.

    Attributes:
        space: As `BayesianOptimizer` takes it.
        value: The exact value of a setting.
        noise: Standard deviation of what is added when a trial is measured.
        lowest: The minimum of `value`.
        typical: Its mean over the space.
    """

    space: Mapping[str, Any]
    value: Callable[[Setting], float]
    noise: float
    lowest: float
    typical: float

    def regret(self, setting: Setting) -> float:
        """How far a setting is above the minimum; 1 is an average setting drawn at random."""
        return max(0.0, self.value(setting) - self.lowest) / (self.typical - self.lowest)


def branin(_seed: int) -> Objective:
    """Branin's function: smooth, two dimensions, three equal minima."""

    def value(at: Setting) -> float:
        a, b = at["a"], at["b"]
        valley = b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6
        return float(valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10)

    return Objective({"a": (-5.0, 10.0), "b": (0.0, 15.0)}, value, 0.0, 0.397887, 54.3)


def hartmann(_seed: int) -> Objective:
    """Hartmann's function: smooth, three dimensions, four wells."""

    def value(at: Setting) -> float:
        x = [at[name] for name in "abc"]
        wells = (
            depth * math.exp(-sum(w * (each - c) ** 2 for w, each, c in zip(widths, x, centre, strict=True)))
            for depth, widths, centre in zip(DEPTHS, WIDTHS, CENTRES, strict=True)
        )
        return -sum(wells)

    return Objective(dict.fromkeys("abc", (0.0, 1.0)), value, 0.0, -3.86278, -0.93)


def descent(x: Tensor, y: Tensor, held_x: Tensor, held_y: Tensor) -> Callable[[Setting, int], float]:
    """Log validation loss of a linear layer after some steps of gradient descent with a setting's lr and weight_decay.

    Least squares decouple along the singular vectors of x (n, d), so that the weights after any number of steps have a closed form.
    lr is in units of 1 / the greatest curvature.
    """
    left, spectrum, right = torch.linalg.svd(x, full_matrices=False)
    curvature, pull = (spectrum / spectrum[0]).square(), (left.T @ y) / spectrum[:, None]

    def value(at: Setting, steps: int) -> float:
        shrunk = curvature + at["weight_decay"]
        kept = curvature / shrunk * (1 - (1 - at["lr"] * shrunk) ** steps)
        weights = right.T @ (kept[:, None] * pull)
        return (held_x @ weights - held_y).square().mean().log().item()

    return value


def training(loss: Callable[[Setting, int], float], steps: int = 200) -> Objective:
    """The loss that `descent` gives after so many steps, over log lr and log weight decay."""
    lr, decay = torch.logspace(-3, math.log10(1.5), 31), torch.logspace(-5, math.log10(0.3), 31)
    every = [loss({"lr": a, "weight_decay": b}, steps) for a, b in product(lr.tolist(), decay.tolist())]
    space = {"lr": (1e-3, 1.5, "log"), "weight_decay": (1e-5, 0.3, "log")}
    return Objective(space, lambda at: loss(at, steps), 0.0, min(every), sum(every) / len(every))


def rugged(_seed: int, dimensions: int = 10) -> Objective:
    """Rastrigin's function in ten dimensions, measured with noise as great as its own spread."""
    names = [f"x{n}" for n in range(dimensions)]

    def value(at: Setting) -> float:
        return float(sum(at[name] ** 2 - 10 * math.cos(2 * math.pi * at[name]) + 10 for name in names))

    mean, spread = (5.12**2 / 3 + 10) * dimensions, math.sqrt((5.12**4 * 4 / 45 + 50) * dimensions)
    return Objective(dict.fromkeys(names, (-5.12, 5.12)), value, spread, 0.0, mean)


def categories(seed: int, parameters: int = 6, choices: int = 4) -> Objective:
    """Six parameters of four choices, whose pairs matter, measured with noise as great as the spread of all combinations."""
    rng = torch.Generator().manual_seed(seed)
    names = [f"c{n}" for n in range(parameters)]
    pairs = list(combinations(names, 2))
    tables = {pair: torch.randn(choices, choices, generator=rng, dtype=torch.float64).tolist() for pair in pairs}
    letters = [chr(ord("a") + n) for n in range(choices)]

    def value(at: Setting) -> float:
        return sum(tables[a, b][letters.index(at[a])][letters.index(at[b])] for a, b in pairs)

    every = torch.tensor([value(dict(zip(names, each, strict=True))) for each in product(letters, repeat=parameters)])
    space = {name: list(letters) for name in names}
    return Objective(space, value, every.std().item(), every.min().item(), every.mean().item())
