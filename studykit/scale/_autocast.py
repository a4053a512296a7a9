"""Which operations autocast runs in which precision, as they arrive at the kernels."""

from collections import Counter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

_CAST = ("_to_copy", "to")
# They move numbers without computing any.
_MOVES = ("clone", "copy_", "cat", "stack", "contiguous", "empty", "zeros", "ones", "full", "arange", "lift_fresh")


class Operation(NamedTuple):
    """One kind of kernel call.

    Args:
        name: Of the operation, such as `addmm`; `cast` where a tensor is only brought to another precision.
        precision: What it was computed in, such as `float16`; of a cast what it came from and what it became.
        calls: How often.
    """

    name: str
    precision: str
    calls: int


class _Watch(TorchDispatchMode):
    """Counts what passes below autocast: here the casts have been put in already."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, str]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        given, made = _precisions(args), _precisions([out])
        if name in _CAST:
            if given and made and given[0] != made[0]:
                self.seen["cast", f"{given[0]} → {made[0]}"] += 1
        elif given and made and not func.is_view and name not in _MOVES and name != "_unsafe_view":
            # Where an operand is wider the others are brought to its precision inside the kernel.
            self.seen[name, max(given, key=_width)] += 1
        return out


def _precisions(values: Any) -> list[str]:
    flat = [each for value in values for each in (value if isinstance(value, list | tuple) else [value])]
    return [str(each.dtype).removeprefix("torch.") for each in flat if isinstance(each, Tensor) and each.is_floating_point()]


def _width(precision: str) -> int:
    return getattr(torch, precision).itemsize


def watched(model: nn.Module, inputs: tuple[Any, ...], dtype: torch.dtype) -> list[Operation]:
    """The operations of one call of the model under autocast."""
    places = [each.device.type for each in (*model.parameters(), *inputs) if isinstance(each, Tensor)]
    watch = _Watch()
    with torch.autocast(places[0] if places else "cpu", dtype=dtype), watch:
        model(*inputs)
    return [Operation(name, precision, calls) for (name, precision), calls in watch.seen.items()]
