"""The annotations of a `run` signature, from which widgets, command line, notebook parameters and checks are derived.

def run(*, lr: Annotated[float, Log(1e-5, 1e-2)] = 3e-4, regime: Choice("helps", "does_not") = "helps") -> Result
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from studykit.errors import InputError

Value = float | int | str | bool


@dataclass(frozen=True)
class Log:
    """A positive number between `low` and `high` that is best moved on a logarithmic scale."""

    low: float
    high: float


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included."""

    low: float
    high: float


class Choice:
    """One of a few values; used as an annotation by itself: `regime: Choice("helps", "does_not")`."""

    def __new__(cls, *values: str) -> Any:
        """The annotated type of these values."""
        choice = super().__new__(cls)
        choice.values = values
        return Annotated[str, choice]

    values: tuple[str, ...]


class Dataset(Choice):
    """One of a few sets by name, or the path of a folder of the user's own: `dataset: Dataset("auto", "digits") = "auto"`."""


@dataclass(frozen=True)
class Knob:
    """One parameter of an experiment.

    Attributes:
        name: The parameter's name.
        kind: `log`, `range`, `choice`, `dataset`, `number`, `switch` or `text`.
        type: `float`, `int`, `str` or `bool`.
        default: Its default.
        low: The least value, None where there is no bound.
        high: The greatest value, None where there is no bound.
        choices: The values of a choice; of a data set, those that are no path.
    """

    name: str
    kind: str
    type: str
    default: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the notebook's metadata holds."""
        return {key: value for key, value in asdict(self).items() if value is not None and value != ()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Knob":
        """The knob of a notebook's metadata."""
        return cls(**{**data, "choices": tuple(data.get("choices", ()))})

    @property
    def span(self) -> str:
        """What may be given, in words."""
        if self.choices:
            own = ", or the path of a folder of your own" if self.kind == "dataset" else ""
            return f"one of {', '.join(self.choices)}{own}"
        if self.type == "bool":
            return "true or false"
        noun = {"int": "a whole number", "float": "a number"}.get(self.type, "a text")
        if self.low is None:
            return noun
        return f"{noun} from {self.low:g}" + (f" to {self.high:g}" if self.high is not None else "")

    def parse(self, given: Any) -> Value:
        """The value that `given` (a text of the command line, or a value) stands for.

        Raises:
            InputError: It has the wrong type or is out of range.
        """
        try:
            value = self._convert(given)
        except (TypeError, ValueError, OverflowError):
            value = None
        if value is None or not self._allows(value):
            raise InputError(self.name, f"is {given!r}", f"give {self.span}")
        return value

    def _allows(self, value: Value) -> bool:
        if isinstance(value, str):
            return not self.choices or value in self.choices or self.kind == "dataset"
        low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
        return low <= value <= high and abs(value) < math.inf  # NaN fails too

    def _convert(self, given: Any) -> Value:
        if self.type == "bool":
            words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
            return words[str(given).lower()] if str(given).lower() in words else _refuse(given)
        if isinstance(given, bool):
            _refuse(given)
        if self.type == "int":
            number = float(given)
            return int(number) if number.is_integer() else _refuse(given)
        if self.kind == "dataset" and given not in self.choices:
            folder = Path(given).expanduser()
            # Absolute, since a notebook runs in another working directory than the command line.
            return str(folder.resolve()) if folder.is_dir() else _refuse(given)
        return float(given) if self.type == "float" else str(given)


def _refuse(given: Any) -> Any:
    raise ValueError(given)


def knobs_of(function: Callable[..., Any]) -> dict[str, Knob]:
    """The knobs of a `run` function, in the order of its signature.

    Raises:
        TypeError: A parameter is not keyword-only, lacks an annotation or a default.
    """
    hints = get_type_hints(function, include_extras=True)
    knobs = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.default is parameter.empty or name not in hints:
            raise TypeError(
                f"{function.__module__}.{function.__name__}: {name} must be keyword-only, annotated and have a default"
            )
        knobs[name] = _knob(name, hints[name], parameter.default)
    return knobs


def _knob(name: str, hint: Any, default: Value) -> Knob:
    annotation, base = None, hint
    if get_origin(hint) is Annotated:
        base, annotation = get_args(hint)[:2]
    if isinstance(annotation, Log | Range):
        kind = "log" if isinstance(annotation, Log) else "range"
        return Knob(name, kind, base.__name__, default, annotation.low, annotation.high)
    if isinstance(annotation, Choice):
        kind = "dataset" if isinstance(annotation, Dataset) else "choice"
        return Knob(name, kind, "str", default, choices=annotation.values)
    kinds = {float: "number", int: "number", bool: "switch", str: "text"}
    if base not in kinds:
        raise TypeError(f"{name} must be float, int, bool, str, Log, Range, Choice or Dataset, got {hint!r}")
    return Knob(name, kinds[base], base.__name__, default, low=0 if base is int else None)


def parse_all(knobs: Mapping[str, Knob], given: Mapping[str, Any]) -> dict[str, Value]:
    """The values of those knobs that are given.

    Raises:
        InputError: A name is no knob, or a value can't be used.
    """
    for name in given:
        if name not in knobs:
            raise InputError(name, "is no parameter of this notebook", f"use one of {', '.join(knobs)}")
    return {name: knobs[name].parse(value) for name, value in given.items()}


def split_assignments(pairs: Iterable[str]) -> dict[str, str]:
    """`["lr=1e-3"]` as `{"lr": "1e-3"}`.

    Raises:
        InputError: There is no `=` in one of them.
    """
    given = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            raise InputError(f"-p {pair}", "is no assignment", "write -p name=value, such as -p lr=1e-3")
        given[name] = value
    return given
