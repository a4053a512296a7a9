"""Gradient clipping: a gradient that is too long is scaled back to max_norm, all parameters as one vector.

Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, arXiv:1211.5063,
Algorithm 1.

    total = ( sum over all parameters of |g|^p )^(1/p)                 p = 2 unless asked otherwise
    g     <- g * min(1, max_norm / (total + 1e-6))                     one factor for all: the direction stays

Clipping by value is another method: g <- min(max(g, -c), c) for each entry by itself, which turns the gradient.
"""

import warnings
from collections.abc import Iterable
from types import GeneratorType

import torch
from torch import Tensor
from torch.nn import Parameter


@torch.no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients in place by one factor, so that together they are no longer than ``max_norm``.

    Args:
        parameters: parameters, or one; those without a gradient are passed over.
        max_norm: greatest norm of all gradients as one vector, >= 0.
        norm_type: the p of the norm, ``inf`` for the greatest magnitude.
        error_if_nonfinite: raise where the norm is nan or infinite, instead of scaling by it.
        foreach: all tensors in one kernel; None takes that where it can be had.

    Returns:
        The norm before clipping, a scalar tensor: the number to log.

    Raises:
        ValueError: ``max_norm`` is negative.
        RuntimeError: the norm is not finite and ``error_if_nonfinite`` is set; no gradient was changed.

    Source: Pascanu et al. 2013, arXiv:1211.5063, Algorithm 1.
    """
    max_norm, grads = _bound("max_norm", max_norm), _gradients(parameters)
    total = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    # No `if total > max_norm`: on a GPU the host would have to wait for the number.
    factor = (max_norm / (total + 1e-6)).clamp(max=1.0)  # 1e-6 as in torch: zeros are divided by it
    if _together(grads, foreach):
        torch._foreach_mul_(grads, factor)
        return total
    for grad in grads:
        grad.mul_(factor.to(grad.device))
    return total


@torch.no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as one vector: the norm of their norms. Of none it is 0.

    Args:
        tensors: tensors, such as gradients, or one; the result, a scalar, is on the first one's device.
        norm_type: the p of the norm, ``inf`` for the greatest magnitude.
        error_if_nonfinite: raise a RuntimeError where the norm is nan or infinite.
        foreach: as above.
    """
    tensors, norm_type = [tensors] if isinstance(tensors, Tensor) else list(tensors), float(norm_type)
    if not tensors:
        return torch.tensor(0.0)
    norm_of, one_kernel = torch.linalg.vector_norm, _together(tensors, foreach)
    norms = torch._foreach_norm(tensors, norm_type) if one_kernel else [norm_of(each, norm_type) for each in tensors]
    total = norm_of(torch.stack([each.to(tensors[0].device) for each in norms]), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(f"the norm must be finite, got {total.item()}: skip this step, and look for the batch")
    return total


@torch.no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every entry of every gradient to [-clip_value, clip_value] in place, which changes the direction.

    Args:
        parameters: parameters, or one; those without a gradient are passed over.
        clip_value: greatest magnitude of an entry, >= 0, else a ValueError.
        foreach: as above.
    """
    clip_value, grads = _bound("clip_value", clip_value), _gradients(parameters, warn=False)
    if _together(grads, foreach):
        torch._foreach_clamp_min_(grads, -clip_value)
        torch._foreach_clamp_max_(grads, clip_value)
        return
    for grad in grads:
        grad.clamp_(-clip_value, clip_value)


def _gradients(parameters: Tensor | Iterable[Tensor], warn: bool = True) -> list[Tensor]:
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)  # a generator can be read but once
    if warn and not given and isinstance(parameters, GeneratorType):
        warnings.warn("parameters is an empty generator, so nothing is clipped: was it read before?", stacklevel=4)
    return [each.grad for each in given if each.grad is not None]


def _bound(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"{name} must be >= 0, got {float(value)}: give a bound, such as 1.0")
    return float(value)


def _together(tensors: list[Tensor], foreach: bool | None) -> bool:
    # One kernel takes plain tensors of one device.
    plain = all(type(each) in (Tensor, Parameter) for each in tensors) and len({each.device for each in tensors}) == 1
    return bool(tensors) and (plain if foreach is None else foreach)
