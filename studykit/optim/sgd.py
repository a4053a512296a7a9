"""SGD with momentum: step against a running sum of gradients, so that what they agree on adds up.

Robbins & Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22, 1951. Momentum: Polyak 1964. Nesterov's:
Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.

    g     <- grad + weight_decay * param               an L2 penalty, a part of the gradient
    b     <- momentum * b + (1 - dampening) * g        first step: b <- g
    param <- param - lr * b                            Nesterov: lr * (g + momentum * b)

As in torch, and unlike Sutskever et al., lr multiplies the buffer when it is used: a new lr acts on all of it at once.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT

from ._arguments import check_not_negative, check_supported, evaluate, gradients
from ._flat import flat_step


def sgd_update(
    param: Tensor,
    grad: Tensor,
    momentum_buffer: Tensor | None = None,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float | None,
    nesterov: bool,
) -> None:
    """One step of SGD, in place on ``param`` and ``momentum_buffer`` (all of one shape).

    Args:
        param: the parameter.
        grad: its gradient; left as it is.
        momentum_buffer: running sum of gradients, zeros before the first step; None: no momentum.
        lr: step length per unit of gradient.
        momentum: share of the buffer kept per step.
        dampening: share of the new gradient that stays out of the buffer.
        weight_decay: L2 coefficient; None leaves the term out (0 * inf would be NaN).
        nesterov: look one momentum step ahead.
    """
    if weight_decay is not None:
        grad = grad + weight_decay * param
    if momentum_buffer is not None:
        momentum_buffer.mul_(momentum).add_((1 - dampening) * grad)
        grad = grad + momentum * momentum_buffer if nesterov else momentum_buffer
    param.sub_(lr * grad)


def _settings(group: dict[str, Any], step: int) -> dict[str, Any]:
    """The scalars of ``sgd_update`` at this step, counted from 1."""
    dampening, decay = group["dampening"] if step > 1 else 0.0, float(group["weight_decay"]) or None
    constants = {"lr": float(group["lr"]), "momentum": group["momentum"], "nesterov": group["nesterov"]}
    return {**constants, "dampening": dampening, "weight_decay": decay}


class SGD(Optimizer):
    """Stochastic gradient descent; arguments, defaults and state keys of ``torch.optim.SGD``.

    Args:
        params, lr, momentum, dampening, weight_decay, nesterov, maximize: torch's; lr, momentum, weight_decay >= 0.
        foreach, differentiable, fused: they complete the signature; True is refused.
        fast: run over flattened storage, compiled where there is a compiler (see ``_flat.py``).

    Raises:
        ValueError: an argument is out of its bounds; in ``step``: a gradient is sparse or complex.

    Source: Sutskever et al. 2013, section 2, with torch's placing of lr.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        fast: bool = False,
    ) -> None:
        check_not_negative(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(f"nesterov needs momentum > 0 and dampening = 0, got {momentum} and {dampening}")
        torch_only = {"foreach": foreach, "differentiable": differentiable, "fused": fused}
        check_supported(**torch_only)
        formula = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**formula, "nesterov": nesterov, "maximize": maximize, **torch_only})
        self.fast = fast

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "fast": self.fast}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update each parameter that has a gradient; returns the closure's loss, None without one."""
        loss = evaluate(closure)
        for group in self.param_groups:
            if self.fast:
                flat_step(self, group, sgd_update, ("momentum_buffer",) if group["momentum"] else (), _settings)
                continue
            for param, grad in gradients(group):
                buffer, step = None, 1
                if group["momentum"]:
                    state = self.state[param]
                    step = 1 if state.get("momentum_buffer") is None else 2
                    if step == 1:
                        state["momentum_buffer"] = torch.zeros_like(param)
                    buffer = state["momentum_buffer"]
                sgd_update(param, grad, buffer, **_settings(group, step))
        return loss
