"""How the share that a sample keeps is distributed over many calls of mixup or CutMix, told by name."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

CALLS = 250
FAR = 0.2  # between distributions of 250 draws: a right one is further off once in 2e8 times
SIDES = (40, 64)  # not square, and wide enough that it does not matter how a side is rounded


class Drawn(NamedTuple):
    """Many calls; how the share that a sample keeps is distributed, read off the new samples.

    Args:
        alpha: Given to the candidate; None leaves it out, which is 1.
        references: Takes alpha; what the share may be distributed as, the right one first: name to draws.
        share: Takes a candidate, a seed for each call and alpha's keywords; gives the share that is kept.
    """

    alpha: float | None
    references: Callable[[float], Mapping[str, Tensor]]
    share: Callable[[Any, int, Mapping[str, float]], float]

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """The name of the distribution."""
        chosen = {} if self.alpha is None else {"alpha": self.alpha}
        shares = torch.tensor(
            [self.share(candidate, seed * CALLS + n, chosen) for n in range(CALLS)], dtype=torch.float64
        )
        if shares.isnan().any() or shares.min() == shares.max():
            return {"λ is distributed as": "one and the same number"}
        away = {name: distance(shares, draws) for name, draws in self.references(self.alpha or 1.0).items()}
        right, nearest = next(iter(away)), min(away, key=away.__getitem__)
        name = right if away[right] < FAR else nearest if away[nearest] < FAR else "something else"
        return {"λ is distributed as": name}


def distance(a: Tensor, b: Tensor) -> float:
    """Kolmogorov and Smirnov's: the greatest gap between two empirical distribution functions."""
    a, b = a.sort().values, b.sort().values
    both = torch.cat([a, b])
    return (
        (torch.searchsorted(a, both, right=True) / len(a) - torch.searchsorted(b, both, right=True) / len(b))
        .abs()
        .max()
        .item()
    )


def beta(a: float, b: float, count: int = 20_000) -> Tensor:
    """Draws from Beta(a, b), the same every time."""
    rng = torch.Generator().manual_seed(0)
    one, other = (
        torch._standard_gamma(torch.full((count,), each + 1.0, dtype=torch.float64), generator=rng).log()
        + (1 - torch.rand(count, dtype=torch.float64, generator=rng)).log() / each
        for each in (a, b)
    )
    return (one - other).sigmoid()


@cache
def of_mixup(alpha: float) -> Mapping[str, Tensor]:
    """What lambda may be distributed as."""
    right = beta(alpha, alpha)
    return {
        "Beta(alpha, alpha)": right,
        "Beta(alpha, 1)": beta(alpha, 1),
        "Beta(1, alpha)": beta(1, alpha),
        "uniform": beta(1, 1),
        "Beta(alpha, alpha), never below 1/2": right.maximum(1 - right),
        "Beta(alpha, alpha), never above 1/2": right.minimum(1 - right),
    }


def own_weight(candidate: Any, seed: int, chosen: Mapping[str, float]) -> float:
    """The weight of its own sample; the order of the others does not matter."""
    x, y = torch.eye(8, dtype=torch.float64), torch.zeros(8, dtype=torch.long)
    return float(candidate(x, y, 2, generator=torch.Generator().manual_seed(seed), **chosen)[0].diagonal().min())


SIDES = (40, 64)  # not square, and wide enough that it does not matter how a side is rounded


@cache
def of_cutmix(alpha: float) -> Mapping[str, Tensor]:
    """What the share that is not pasted over may be distributed as, where anything is pasted at all."""
    right, flat, uneven = beta(alpha, alpha), beta(1, 1), beta(alpha, 1)
    found = {
        "that of boxes cut off at the border": kept(right),
        "that of whole boxes": kept(right, inside=True),
        "that of sides of 1 - λ": kept(1 - (1 - right) ** 2),
    }
    if alpha != 1:
        found |= {"that of a uniform λ": kept(flat), "that of Beta(alpha, 1)": kept(uneven)}
    found["that of a λ never below 1/2"] = kept(right.maximum(1 - right))
    return found


def kept(lams: Tensor, inside: bool = False) -> Tensor:
    """The share that boxes leave of a picture of SIDES, without those that round to nothing.

    Args:
        lams: What each was drawn from.
        inside: Whether boxes are moved to where they fit.
    """
    rng, shares = torch.Generator().manual_seed(1), torch.ones(len(lams), dtype=torch.float64)
    for side in SIDES:
        half = (0.5 * side * (1 - lams).sqrt()).floor()
        centre = torch.randint(side, lams.shape, generator=rng).double()
        long = 2 * half if inside else (centre + half).clamp(max=side) - (centre - half).clamp(min=0)
        shares *= long / side
    return 1 - shares[shares > 0]


def kept_area(candidate: Any, seed: int, chosen: Mapping[str, float]) -> float:
    """The share of a picture that was not pasted over."""
    x = torch.arange(2.0).view(2, 1, 1, 1).expand(2, 1, *SIDES).clone()
    for n in range(seed, seed + 40 * 10**6, 10**6):  # half of the orders of two leave them in their place
        new = candidate(x.clone(), torch.tensor([0, 1]), 2, generator=torch.Generator().manual_seed(n), **chosen)[0]
        if not torch.equal(new, x):
            return float((new == x).double().mean())
    return 1.0
