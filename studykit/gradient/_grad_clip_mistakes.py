"""The classic mistakes of clipping by the global norm: each is the right solution with one thing changed."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from studykit.drill import Mistake

from ._grad_clip_told_mistakes import TOLD

Total = Callable[[list[Tensor], float], Tensor]
Scale = Callable[[list[Tensor], float, Tensor], None]
NOTHING = torch.tensor(0.0)


def norm(grads: list[Tensor], p: float) -> Tensor:
    """The norm that is asked for."""
    if not grads:
        return torch.tensor(0.0)
    if math.isinf(p):
        return torch.stack([grad.abs().max() for grad in grads]).max()
    return torch.stack([grad.abs().pow(p).sum() for grad in grads]).sum().pow(1 / p)


def scale(grads: list[Tensor], max_norm: float, total: Tensor) -> None:
    """The scaling that is asked for."""
    for grad in grads:
        grad.mul_((max_norm / (total + 1e-6)).clamp(max=1.0))


def like(
    total_of: Total = norm,
    scaled: Scale = scale,
    returned: Callable[[Tensor, float], Any] = lambda total, _: total,
    read: Callable[[Any], list[Tensor]] = lambda given: [given] if isinstance(given, Tensor) else list(given),
    of: Callable[[Tensor], Tensor | None] = lambda parameter: parameter.grad,
    **fixed: Any,
) -> Callable[..., Any]:
    """A solution with one thing changed.

    Args:
        total_of: Gradients and p to their norm.
        scaled: What is done to the gradients.
        returned: Norm and threshold to what is returned.
        read: What is given to a list of parameters.
        of: A parameter to what is clipped.
        **fixed: Arguments that are not read; `check` is when finiteness is looked at: `first`, `last` or
            `never`, or only a `nan` is looked for.
    """

    def candidate(
        parameters: Tensor | Iterable[Tensor],
        max_norm: float,
        norm_type: float = 2.0,
        error_if_nonfinite: bool = False,
        foreach: bool | None = None,
    ) -> Any:
        with torch.no_grad():
            found = [of(each) for each in read(parameters)]
            grads = [each for each in found if each is not None]
            total = torch.as_tensor(total_of(grads, float(fixed.get("norm_type", norm_type))))
            strict = fixed.get("error_if_nonfinite", error_if_nonfinite) and not total.isfinite()
            check = fixed.get("check", "first")
            if strict and (check == "first" or (check == "nan" and total.isnan())):
                raise RuntimeError("not finite")
            scaled(grads, max_norm, total)
            if strict and check == "last":
                raise RuntimeError("not finite")
            return returned(total, max_norm)

    return candidate


def _each(grads: list[Tensor], max_norm: float, _: Tensor) -> None:
    for grad in grads:
        scale([grad], max_norm, grad.norm())


def _clamped(grads: list[Tensor], max_norm: float, _: Tensor) -> None:
    for grad in grads:
        grad.clamp_(-max_norm, max_norm)


def _times(factor: Callable[[Tensor, float], Tensor]) -> Scale:
    def scaled(grads: list[Tensor], max_norm: float, total: Tensor) -> None:
        for grad in grads:
            grad.mul_(factor(total, max_norm))

    return scaled


def _unless_bad(grads: list[Tensor], max_norm: float, total: Tensor) -> None:
    if total.isfinite():
        scale(grads, max_norm, total)


def _to_zero(grads: list[Tensor], max_norm: float, total: Tensor) -> None:
    for grad in grads:
        grad.copy_(
            torch.zeros_like(grad) if not total.isfinite() else grad * (max_norm / (total + 1e-6)).clamp(max=1.0)
        )


def _power(grads: list[Tensor], p: float) -> Tensor:
    """The formula of finite p for any p."""
    return sum((grad.abs().pow(p).sum() for grad in grads), torch.tensor(0.0)).pow(1 / p)


def _stacked(grads: list[Tensor], p: float) -> Tensor:
    return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(grad, p) for grad in grads]), p)


def _spent(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Reads what it is given twice."""
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    total = norm([each.grad for each in given if each.grad is not None], float(norm_type))
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError("not finite")
    scale([each.grad for each in given if each.grad is not None], max_norm, total)
    return total


def _anew(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Gives the parameters other gradients."""
    given = [
        each for each in ([parameters] if isinstance(parameters, Tensor) else list(parameters)) if each.grad is not None
    ]
    total = norm([each.grad for each in given], float(norm_type))
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError("not finite")
    for each in given:
        each.grad = each.grad * (max_norm / (total + 1e-6)).clamp(max=1.0)
    return total


def _needed(parameter: Tensor) -> Tensor:
    grad = parameter.grad
    if grad is None:
        raise AttributeError("None has no norm")
    return grad


def _signed(grads: list[Tensor], p: float) -> Tensor:
    if grads and math.isinf(p):
        return torch.stack([grad.max() for grad in grads]).max()
    return norm(grads, p)


def _filled(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def _by_weights(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    with torch.no_grad():
        given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        total = norm([each.detach() for each in given], float(norm_type))
        scale([each.grad for each in given if each.grad is not None], max_norm, total)
        return total


MISTAKES = {
    "per_parameter": [like(scaled=_each)],
    "by_value": [like(scaled=_clamped)],
    "always_scales": [like(scaled=_times(lambda total, most: most / (total + 1e-6)))],
    "sum_of_norms": [like(lambda grads, p: sum((norm([grad], p) for grad in grads), NOTHING))],
    "greatest_norm": [like(lambda grads, p: max((norm([grad], p) for grad in grads), default=NOTHING))],
    "no_root": [like(lambda grads, p: norm(grads, p) if math.isinf(p) else norm(grads, p) ** p)],
    "root_mean_square": [
        like(lambda grads, p: norm(grads, p) / max(1, sum(grad.numel() for grad in grads)) ** (1 / p)),
    ],
    "unchanged": [like(scaled=lambda *_: None)],
    "inverted": [like(scaled=_times(lambda total, most: total / max(most, 1e-30)))],
    "returns_clipped_norm": [
        like(returned=lambda total, most: total.clamp(max=most)),
        like(returned=lambda total, most: total * (most / (total + 1e-6)).clamp(max=1.0)),
    ],
    "returns_nothing": [like(returned=lambda *_: None)],
    "returns_factor": [like(returned=lambda total, most: (most / (total + 1e-6)).clamp(max=1.0))],
    "clips_weights": [like(of=lambda parameter: parameter.detach())],
    "norm_of_weights": [_by_weights],
    "none_gradient": [like(of=_needed)],
    "none_becomes_zero": [like(of=_filled)],
    "generator_spent": [_spent],
    "single_tensor": [like(read=list)],
    "empty_raises": [like(_stacked)],
    "norm_type_ignored": [like(norm_type=2.0)],
    "inf_norm": [like(_power)],
    "inf_without_abs": [like(_signed)],
    "error_ignored": [like(check="never")],
    "error_after_scaling": [like(check="last")],
    "always_raises": [like(error_if_nonfinite=True)],
    "only_nan": [like(check="nan")],
    "skips_infinite": [like(scaled=_unless_bad)],
    "zeroes_infinite": [like(scaled=_to_zero)],
    "not_in_place": [_anew],
    "no_eps": [
        like(scaled=_times(lambda total, most: (most / total).clamp(max=1.0) if total > 0 else torch.tensor(1.0)))
    ],
}
WRONG = tuple(Mistake(name, each, TOLD[name]) for name, candidates in MISTAKES.items() for each in candidates)
