"""A search space of floats, whole numbers and categories as points of a unit cube, which is what a Gaussian process can measure."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class _Number:
    """One column: an interval, linear or logarithmic; a whole number stands in the middle of its share."""

    width = 1

    def __init__(self, name: str, given: tuple[Any, ...]) -> None:
        bounds, self.log = given[:2], given[2:] == ("log",)
        numbers = len(bounds) == 2 and all(isinstance(each, int | float) and math.isfinite(each) for each in bounds)
        if not numbers or (len(given) > 2 and not self.log) or not bounds[0] < bounds[1]:
            raise ValueError(f'{name} must be (low, high) or (low, high, "log") with low < high, got {given!r}')
        if self.log and bounds[0] <= 0:
            raise ValueError(f"{name} must have low > 0 on a logarithmic scale, got {bounds[0]}; leave out \"log\"")
        self.whole = all(isinstance(each, int) for each in bounds)
        edge = 0.5 if self.whole else 0.0
        self.bounds = bounds
        self.low, self.high = (self._scale(each) for each in (bounds[0] - edge, bounds[1] + edge))

    def _scale(self, value: float) -> float:
        return math.log(value) if self.log else float(value)

    def decode(self, cells: list[float]) -> float | int:
        value = self.low + (self.high - self.low) * cells[0]
        value = math.exp(value) if self.log else value
        value = min(max(value, self.bounds[0]), self.bounds[1])
        return round(value) if self.whole else value

    def encode(self, value: Any, name: str) -> list[float]:
        fits = isinstance(value, int if self.whole else int | float)
        if not fits or not self.bounds[0] <= value <= self.bounds[1]:
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"{name} must be {kind} from {self.bounds[0]} to {self.bounds[1]}, got {value!r}")
        return [(self._scale(value) - self.low) / (self.high - self.low)]

    def snap(self, cells: Tensor) -> Tensor:
        if not self.whole:
            return cells.clamp(0, 1)
        values = self.low + (self.high - self.low) * cells
        values = (values.exp() if self.log else values).round().clamp(*self.bounds)
        return ((values.log() if self.log else values) - self.low) / (self.high - self.low)


class _Category:
    """One column per choice, a single 1 among zeros: no choice is nearer to another than to a third."""

    def __init__(self, name: str, given: list[Any]) -> None:
        if len(given) < 2 or any(each in given[:n] for n, each in enumerate(given)):
            raise ValueError(f"{name} must have at least 2 different choices, got {given!r}; leave out what is fixed")
        self.choices, self.width = given, len(given)

    def decode(self, cells: list[float]) -> Any:
        return self.choices[cells.index(max(cells))]

    def encode(self, value: Any, name: str) -> list[float]:
        if value not in self.choices:
            raise ValueError(f"{name} must be one of {self.choices}, got {value!r}")
        return [float(value == each) for each in self.choices]

    def snap(self, cells: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(cells.argmax(-1), self.width).to(cells)


class Space:
    """From settings to points in the unit cube and back.

    Args:
        space: A tuple of bounds or a list of choices for each name: `(1e-5, 1e-1, "log")`, `(0.0, 1.0)`, `(1, 8)` for whole
            numbers (both bounds are int), `["relu", "gelu"]`.

    Raises:
        ValueError: The space is empty, or an entry is neither.
    """

    def __init__(self, space: Mapping[str, Any]) -> None:
        if not space:
            raise ValueError(f"space must have at least 1 parameter, got {space!r}")
        wrong = {name: given for name, given in space.items() if not isinstance(given, tuple | list)}
        if wrong:
            raise ValueError(f"space must map each name to a tuple of bounds or a list of choices, got {wrong!r}")
        self.parts = {
            name: _Category(name, given) if isinstance(given, list) else _Number(name, given)
            for name, given in space.items()
        }
        self.widths = [part.width for part in self.parts.values()]
        self.columns = sum(self.widths)

    def decode(self, point: Tensor) -> dict[str, Any]:
        """The setting at a point (columns,)."""
        cells = [each.tolist() for each in point.split(self.widths)]
        return {name: part.decode(each) for (name, part), each in zip(self.parts.items(), cells, strict=True)}

    def encode(self, setting: Mapping[str, Any]) -> Tensor:
        """The point (columns,) of a setting.

        Raises:
            ValueError: A name is missing or unknown, or a value is out of its bounds.
        """
        if set(setting) != set(self.parts):
            raise ValueError(f"a setting must have the names {list(self.parts)}, got {list(setting)}")
        cells = [cell for name, part in self.parts.items() for cell in part.encode(setting[name], name)]
        return torch.tensor(cells, dtype=torch.float64)

    def snap(self, points: Tensor) -> Tensor:
        """The nearest points (n, columns) that stand for a setting."""
        parts = zip(self.parts.values(), points.split(self.widths, -1), strict=True)
        return torch.cat([part.snap(cells) for part, cells in parts], -1)

    def near(self, points: Tensor, width: float, rng: torch.Generator) -> Tensor:
        """A neighbour of each point (n, columns): a step of so great a standard deviation, and now and then a parameter drawn anew."""
        fresh = torch.rand(points.shape, dtype=torch.float64, generator=rng)
        steps = width * torch.randn(points.shape, dtype=torch.float64, generator=rng)
        anew = torch.rand(len(points), len(self.widths), generator=rng) < 1 / len(self.widths) / 2
        anew = anew.repeat_interleave(torch.tensor(self.widths), 1)
        return self.snap(torch.where(anew, fresh, points + steps).clamp(0, 1))
