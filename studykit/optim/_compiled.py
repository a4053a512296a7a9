"""An update function compiled for a kind of tensors, or run as it is where nothing can be compiled."""

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor


def run(update: Callable[..., None], tensors: list[Tensor], settings: dict[str, Any]) -> None:
    """``update(*tensors, **settings)``, compiled once per update, dtype, device type and flags among the settings.

    Warns:
        RuntimeWarning: it can't be compiled and runs uncompiled; once per kernel.
    """
    flags = {name: value for name, value in settings.items() if value is None or isinstance(value, bool)}
    scalars = {name: value for name, value in settings.items() if name not in flags}
    kind = (len(tensors), tensors[0].dtype, tensors[0].device.type)
    _kernel(update, tuple(scalars), tuple(flags.items()), kind)(tensors, list(scalars.values()))


@functools.cache
def _kernel(
    update: Callable[..., None],
    names: tuple[str, ...],
    flags: tuple[tuple[str, bool | None], ...],
    kind: tuple[Any, ...],
) -> Callable[[list[Tensor], list[float]], None]:
    def plain(tensors: list[Tensor], values: Any) -> None:
        update(*tensors, **dict(zip(names, values, strict=True)), **dict(flags))

    def on_scalars(tensors: list[Tensor], values: Tensor) -> None:
        plain(tensors, values.unbind())

    # The compiler counts recompilations by code object and gives up at 8: a copy each keeps kernels apart.
    on_scalars.__code__ = on_scalars.__code__.replace()
    compiled = torch.compile(on_scalars, dynamic=True, fullgraph=True)
    tried, works = False, True

    def run_kernel(tensors: list[Tensor], values: list[float]) -> None:
        nonlocal tried, works
        if works:
            # A number would be compiled in, and a scheduler's new lr compile again; float64, as 1 - beta2 needs digits.
            scalars = torch.tensor(values, dtype=torch.float64, device=tensors[0].device)
            try:
                with contextlib.nullcontext() if tried else _quiet():
                    compiled(tensors, scalars)
                tried = True
                return
            except RuntimeError as error:  # from the compiler, before anything was changed
                why = " ".join(str(error).split("\n\n")[0].split())
                works = False
                warnings.warn(f"fast=True runs uncompiled: {why}", RuntimeWarning, stacklevel=2)
        plain(tensors, values)

    return run_kernel


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the deprecation warnings that torch's compiler raises about torch itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
