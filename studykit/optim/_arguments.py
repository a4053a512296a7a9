"""What the optimizers share besides their formulas: argument checks, the closure, the gradients of a group."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

_UNSUPPORTED = {
    "foreach": "is a choice inside torch.optim; leave it out, or use fast=True",
    "fused": "is a choice inside torch.optim; leave it out, or use fast=True",
    "capturable": "needs the step count on the device; leave it out, or use torch.optim for CUDA graphs",
    "differentiable": "needs a step recorded by autograd, and this one updates in place; use torch.optim for it",
    "decoupled_weight_decay": "is AdamW; use AdamW, also for a state_dict that says so",
}


def check_not_negative(**values: float | Tensor) -> None:
    """Raise unless each value is a number >= 0 (a tensor: of one element)."""
    for name, value in values.items():
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ValueError(f"{name} must have one element, got shape {tuple(value.shape)}")
        if not value >= 0:  # NaN fails too
            raise ValueError(f"{name} must be >= 0, got {float(value)}")


def check_betas(betas: tuple[float | Tensor, float | Tensor]) -> None:
    """Raise unless both decay rates are in [0, 1)."""
    for index, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"betas[{index}] must be in [0, 1), got {float(beta)}")


def check_supported(**keywords: bool | None) -> None:
    """Raise for a keyword of torch.optim that is switched on and would have to be ignored."""
    for name, value in keywords.items():
        if value:
            raise ValueError(f"{name}=True {_UNSUPPORTED[name]}")


def evaluate(closure: Callable[[], Any] | None) -> Any:
    """The closure's loss, computed with autograd on (``step`` itself runs without), or None."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


def check_dense(grad: Tensor) -> None:
    """Raise for a gradient that the elementwise updates can't take."""
    if grad.layout != torch.strided:
        raise ValueError("a gradient is sparse, this optimizer needs dense ones: build the layer with sparse=False")
    if grad.is_complex():
        raise ValueError("a parameter is complex, this optimizer needs real ones: optimize torch.view_as_real(param)")


def gradients(group: dict[str, Any]) -> Iterator[tuple[Tensor, Tensor]]:
    """Each parameter of the group that has a gradient, with the gradient to descend along."""
    # The flag can come with a loaded state_dict, past the constructor's check.
    check_supported(differentiable=group.get("differentiable"))
    for param in group["params"]:
        if param.grad is not None:
            check_dense(param.grad)
            # A state_dict of lion-pytorch has no `maximize`.
            yield param, -param.grad if group.get("maximize") else param.grad
