"""The plumbing of a scaler: what is refused, and how its state is saved and loaded; the keys are torch's."""

from typing import Any

import torch
from torch import Tensor

FACTORS = ("growth_factor", "backoff_factor", "growth_interval")


def check_factors(growth_factor: float, backoff_factor: float) -> None:
    """Raise a ValueError where a factor is on the wrong side of 1."""
    if not growth_factor > 1:
        raise ValueError(f"growth_factor must be > 1, got {growth_factor}: give one such as 2.0")
    if not backoff_factor < 1:
        raise ValueError(f"backoff_factor must be < 1, got {backoff_factor}: give one such as 0.5")


def ready(scale: Tensor | None, method: str) -> Tensor:
    """The scale, or a RuntimeError where nothing was scaled yet."""
    if scale is None:
        raise RuntimeError(f"{method}() was called before any scale(): call scale(loss).backward() first")
    return scale


def set_scale(scale: Tensor, new: float | Tensor, device: str) -> None:
    """Write a new scale into the old one."""
    if not isinstance(new, Tensor):
        scale.fill_(new)
    elif new.numel() != 1 or new.requires_grad or new.device.type != device:
        raise ValueError(f"new_scale must be one number on {device} without gradient, got {new!r:.60}: detach it")
    else:
        scale.copy_(new.reshape(()))


def saved(scaler: Any) -> dict[str, Any]:
    """What `state_dict` returns."""
    count = scaler._init_growth_tracker if scaler._growth_tracker is None else scaler._growth_tracker.item()
    factors = {name: getattr(scaler, f"_{name}") for name in FACTORS}
    return {"scale": scaler.get_scale(), **factors, "_growth_tracker": count}


@torch.no_grad()
def restore(scaler: Any, state: dict[str, Any]) -> None:
    """What `load_state_dict` does."""
    if not state:
        raise RuntimeError("the state is empty, as that of a disabled scaler is: load none, or start anew")
    scaler._init_scale, scaler._init_growth_tracker = state["scale"], state["_growth_tracker"]
    for name in FACTORS:
        setattr(scaler, f"_{name}", state[name])
    if scaler._scale is not None:
        scaler._scale.fill_(state["scale"])
        scaler._growth_tracker.fill_(state["_growth_tracker"])
