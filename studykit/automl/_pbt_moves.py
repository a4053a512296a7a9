"""What population-based training draws: places in a ranking, rivals, and hyper-parameters in a space."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ._space import Space, _Category


def ranked(scores: Sequence[float]) -> list[int]:
    """Members from worst to best; nan, a member that diverged, is the worst."""
    return sorted(range(len(scores)), key=lambda member: -math.inf if math.isnan(scores[member]) else scores[member])


def drawn(count: int, generator: torch.Generator | None) -> int:
    """A whole number from 0 to count - 1."""
    return int(torch.randint(count, (), generator=generator))


def tournament(scores: Sequence[float], fraction: float, generator: torch.Generator | None = None) -> list[int]:
    """Whom each member copies: another one drawn at random, if it ranks higher, else itself. It takes a fraction and needs none."""
    rank = {member: place for place, member in enumerate(ranked(scores))}
    rivals = [(member + 1 + drawn(len(scores) - 1, generator)) % len(scores) for member in range(len(scores))]
    return [rival if rank[rival] > rank[member] else member for member, rival in enumerate(rivals)]


def anew(space: Space, generator: torch.Generator) -> dict[str, Any]:
    """A setting drawn from the space."""
    point = torch.rand(1, space.columns, dtype=torch.float64, generator=generator)
    return space.decode(space.snap(point)[0])


def explored(
    space: Space, setting: Mapping[str, Any], factors: Sequence[float], resample: float, generator: torch.Generator
) -> dict[str, Any]:
    """The setting with each value drawn anew with probability `resample`, else multiplied by one of the factors, within its bounds.

    A whole number moves at least by 1, or a small one would never leave its place; a choice has no factor and stays.
    """
    changed, fresh = dict(setting), anew(space, generator)
    for name, part in space.parts.items():
        factor = factors[drawn(len(factors), generator)]
        if torch.rand((), generator=generator) < resample:
            changed[name] = fresh[name]
        elif not isinstance(part, _Category):
            value = setting[name] * factor
            if part.whole:
                value = math.ceil(value) if factor > 1 else math.floor(value)
            changed[name] = min(max(value, part.bounds[0]), part.bounds[1])
    return changed
