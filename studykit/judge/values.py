"""The outputs of a probe as plain JSON, and where two of them differ. Only such values leave a child, never pickles."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

LARGEST = 200_000
SHOWN = 6


class Difference(NamedTuple):
    """The first place where an output is not what was expected; `where` is an index such as "[2, 0]"."""

    where: str
    expected: str
    got: str


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON: tensors as kind, shape and values; what has no plain form as the name of its type."""
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, list | tuple) and depth < 4 and len(value) <= 1000:
        return [plain(each, depth + 1) for each in value]
    return {"other": type(value).__name__}


def _tensor(value: torch.Tensor) -> dict[str, Any]:
    if value.layout != torch.strided or value.is_complex() or value.device.type != "cpu":
        return {"other": f"tensor ({value.dtype}, {value.layout}, {value.device})"}
    shape = list(value.shape)
    if value.numel() > LARGEST:
        return {"other": f"tensor of shape {shape}"}
    kind = "float" if value.is_floating_point() else "bool" if value.dtype == torch.bool else "int"
    # Subclasses of Tensor, which a solution may return, are stripped.
    bare = torch.Tensor.detach(value).as_subclass(torch.Tensor)
    wide = bare.double() if kind == "float" else bare.long()
    return {"tensor": kind, "shape": shape, "values": wide.flatten().tolist()}


def difference(expected: Any, got: Any, tolerance: float, least: float = 0.0) -> Difference | None:
    """Where `got` is not `expected`, None where they agree; both as `plain` gives them.

    Args:
        expected: What is right.
        got: What came out.
        tolerance: Relative to the largest magnitude that is expected.
        least: And to no smaller one than this.
    """
    if _is_number(expected) and _is_number(got):
        allowed = tolerance * _magnitude([expected], least)
        return None if _near(expected, got, allowed) else _differ("", expected, got)
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for n, (one, other) in enumerate(zip(expected, got, strict=True)):
            found = difference(one, other, tolerance, least)
            if found:
                return found._replace(where=f"[{n}]{found.where}")
        return None
    if _is_tensor(expected) and _is_tensor(got) and _kind(expected) == _kind(got):
        return _of_tensors(expected, got, tolerance, least)
    return None if expected == got else _differ("", expected, got)


def _differ(where: str, expected: Any, got: Any) -> Difference:
    """Both as texts; with more digits where few would make them look the same."""
    texts = [(show(expected, digits), show(got, digits)) for digits in (6, 9, 17)]
    return Difference(where, *next((pair for pair in texts if pair[0] != pair[1]), texts[-1]))


def _of_tensors(expected: dict[str, Any], got: dict[str, Any], tolerance: float, least: float) -> Difference | None:
    allowed = tolerance * _magnitude(expected["values"], least)
    for n, (one, other) in enumerate(zip(expected["values"], got["values"], strict=True)):
        if not _near(one, other, allowed):
            if len(expected["values"]) <= SHOWN:
                return _differ("", expected, got)
            return _differ(_index(n, expected["shape"]), one, other)
    return None


def show(value: Any, digits: int = 6) -> str:
    """A short text of a plain value, its numbers with so many digits."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, list):
        shown = ", ".join(show(each, digits) for each in value[:SHOWN])
        return f"[{shown}, …]" if len(value) > SHOWN else f"[{shown}]"
    if _is_tensor(value):
        few = len(value["values"]) <= SHOWN
        return show(value["values"], digits) if few and len(value["shape"]) == 1 else _described(value, few, digits)
    return str(value["other"]) if isinstance(value, dict) else repr(value)[:80]


def _described(value: dict[str, Any], few: bool, digits: int) -> str:
    if few and not value["shape"]:
        return show(value["values"][0], digits)
    name = f"{value['tensor']} tensor of shape {value['shape']}"
    return f"{name} {show(value['values'], digits)}" if few else name


def _near(expected: float, got: float, allowed: float) -> bool:
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    return expected == got or abs(expected - got) <= allowed


def _magnitude(values: Sequence[float], least: float) -> float:
    largest = max((abs(x) for x in values if math.isfinite(x)), default=0.0)
    return max(largest, least) or 1.0


def _index(n: int, shape: list[int]) -> str:
    index: list[int] = []
    for size in reversed(shape):
        n, here = divmod(n, size)
        index.insert(0, here)
    return str(index)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and "tensor" in value


def _kind(value: dict[str, Any]) -> tuple[str, list[int]]:
    return value["tensor"], value["shape"]
