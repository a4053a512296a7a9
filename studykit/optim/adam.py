"""Adam: divide each weight's averaged gradient by its own root mean square, so that all weights move at a similar pace.

Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv:1412.6980, Algorithm 1.
AMSGrad: Reddi, Kale & Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, arXiv:1904.09237, Algorithm 2.

    g     <- grad + weight_decay * param                      an L2 penalty: it is divided by sqrt(v) like the rest
    m     <- beta1 * m + (1 - beta1) * g
    v     <- beta2 * v + (1 - beta2) * g^2                    AMSGrad: uses the largest v so far
    param <- param - lr * (m / c1) / (sqrt(v / c2) + eps)     c_i = 1 - beta_i^t corrects for m and v starting at zero
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT

from ._arguments import check_betas, check_not_negative, check_supported, evaluate, gradients
from ._flat import flat_step


def adam_update(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    max_exp_avg_sq: Tensor | None = None,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float | None,
    correction1: float,
    correction2: float,
) -> None:
    """One step of Adam, in place on ``param`` and the states (all of one shape).

    ``grad`` is left as it is; the states are zeros before the first step; without ``max_exp_avg_sq`` it is no AMSGrad;
    ``weight_decay`` None leaves the term out (0 * inf would be NaN); ``correction1`` is 1 - beta1^t, t = 1 at first.
    """
    if weight_decay is not None:
        grad = grad + weight_decay * param
    exp_avg.mul_(beta1).add_((1 - beta1) * grad)
    exp_avg_sq.mul_(beta2).addcmul_((1 - beta2) * grad, grad)
    if max_exp_avg_sq is not None:
        exp_avg_sq = max_exp_avg_sq.copy_(torch.maximum(max_exp_avg_sq, exp_avg_sq))
    rms = exp_avg_sq.sqrt() / correction2**0.5
    param.addcdiv_(-lr / correction1 * exp_avg, rms + eps)


def _settings(group: dict[str, Any], step: int) -> dict[str, Any]:
    """The scalars of ``adam_update`` at this step, counted from 1."""
    check_supported(decoupled_weight_decay=group["decoupled_weight_decay"])  # AdamW's state_dict has it
    beta1, beta2 = map(float, group["betas"])
    corrections = {"correction1": 1 - beta1**step, "correction2": 1 - beta2**step}
    constants = {"lr": float(group["lr"]), "beta1": beta1, "beta2": beta2, "eps": group["eps"]}
    return {**constants, **corrections, "weight_decay": float(group["weight_decay"]) or None}


class Adam(Optimizer):
    """Adam with an L2 penalty; arguments, defaults and state keys of ``torch.optim.Adam``.

    Args:
        params, lr, betas, eps, weight_decay, amsgrad, maximize: torch's; betas in [0, 1), the other numbers >= 0.
        foreach, capturable, differentiable, fused, decoupled_weight_decay: for the signature; True is refused.
        fast: run over flattened storage, compiled where there is a compiler (see ``_flat.py``).

    Raises:
        ValueError: an argument is out of its bounds; in ``step``: a gradient is sparse or complex.

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        fast: bool = False,
    ) -> None:
        check_not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        torch_only = {"foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused}
        formula = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        check_supported(**torch_only, decoupled_weight_decay=decoupled_weight_decay)
        formula |= {"maximize": maximize, "decoupled_weight_decay": False}
        super().__init__(params, {**formula, **torch_only})
        self.fast = fast

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "fast": self.fast}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update each parameter that has a gradient; returns the closure's loss, None without one."""
        loss = evaluate(closure)
        for group in self.param_groups:
            names = ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group["amsgrad"] else []))
            if self.fast:
                flat_step(self, group, adam_update, names, _settings, counted=True)
                continue
            for param, grad in gradients(group):
                state = self.state[param]
                if not state:
                    state |= {"step": torch.tensor(0.0), **{name: torch.zeros_like(param) for name in names}}
                state["step"] += 1
                adam_update(param, grad, *(state[name] for name in names), **_settings(group, int(state["step"])))
        return loss
