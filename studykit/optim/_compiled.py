"""An update function compiled for a kind of tensors, or run as it is where nothing can be compiled.

``torch.compile`` would ask at every call what changed since it compiled, and settle the number of threads by the length
that it saw first. Here ``run`` names what can change, and the traced update goes to the compiler's backend directly.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_ALONE = 2**16  # elements below which waking other threads costs more than they save
_TRACED = 2**20  # elements that a kernel is laid out for; any number is right
_WIDE = 2**31  # elements from which it has to count in 64 bits


def run(update: Callable[..., None], tensors: list[Tensor], settings: dict[str, Any]) -> None:
    """``update(*tensors, **settings)``, compiled once per update, kind of tensors and flags among the settings.

    Warns:
        RuntimeWarning: it can't be compiled and runs uncompiled; once per kernel.
    """
    flags = {name: value for name, value in settings.items() if value is None or isinstance(value, bool)}
    scalars = {name: value for name, value in settings.items() if name not in flags}
    first, length = tensors[0], tensors[0].numel()
    threads = torch.get_num_threads() if length >= _ALONE else 1
    kind = (len(tensors), first.dtype, first.device, length >= _WIDE)
    # A number would be compiled in, and a scheduler's new lr compile again; float64, as 1 - beta2 needs digits.
    numbers = torch.tensor(list(scalars.values()), dtype=torch.float64, device=first.device)
    _kernel(update, tuple(scalars), tuple(flags.items()), threads, kind)(*tensors, numbers)


@functools.cache
def _kernel(
    update: Callable[..., None],
    names: tuple[str, ...],
    flags: tuple[tuple[str, bool | None], ...],
    threads: int,
    _: Any,
) -> Callable[..., Any]:
    """A function of the tensors and the numbers that compiles itself at its first call."""

    def plain(*inputs: Tensor) -> None:
        *tensors, numbers = inputs
        update(*tensors, **dict(zip(names, numbers.unbind(), strict=True)), **dict(flags))

    kernel: Callable[..., Any] | None = None

    def call(*inputs: Tensor) -> None:
        nonlocal kernel
        if kernel is None:
            try:
                kernel = _compile(plain, inputs, threads)
            except RuntimeError as error:  # nothing was changed yet
                why = " ".join(str(error).split("\n\n")[0].split())
                warnings.warn(f"fast=True runs uncompiled: {why}", RuntimeWarning, stacklevel=2)
                kernel = plain
        kernel(*inputs)

    return call


def _compile(function: Callable[..., None], inputs: tuple[Tensor, ...], threads: int) -> Callable[..., Any]:
    """Compile for tensors of any length."""
    *tensors, numbers = inputs
    if tensors[0].numel() < _WIDE:
        tensors = [tensor.new_empty(_TRACED) for tensor in tensors]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's compiler uses what torch deprecates
        from torch._inductor import compile as compile_graph
        from torch.fx.experimental.proxy_tensor import make_fx

        graph = make_fx(function, tracing_mode="symbolic")(*tensors, numbers)
        # What it was traced with, where the length is a symbol: the tensors themselves would fix it.
        symbolic = [node.meta["val"] for node in graph.graph.find_nodes(op="placeholder")]
        return compile_graph(graph, symbolic, options={"cpp.threads": threads})
