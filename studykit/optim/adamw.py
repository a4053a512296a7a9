"""AdamW: Adam with the decay taken off the weight itself, so that all decay alike, whatever their gradients.

Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, arXiv:1711.05101, Algorithm 2.
AMSGrad: Reddi, Kale & Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, arXiv:1904.09237, Algorithm 2.

    param <- param - lr * weight_decay * param                not in the gradient, so not divided by sqrt(v)
    m     <- beta1 * m + (1 - beta1) * grad
    v     <- beta2 * v + (1 - beta2) * grad^2                 AMSGrad: uses the largest v so far
    param <- param - lr * (m / c1) / (sqrt(v / c2) + eps)     c_i = 1 - beta_i^t corrects for m and v starting at zero

As in torch the decay is lr * weight_decay; the paper's is eta_t * weight_decay, with the schedule but not its alpha.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT

from ._arguments import check_betas, check_not_negative, check_supported, evaluate, gradients
from ._flat import flat_step


def adamw_update(
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
    weight_decay: float,
    correction1: float,
    correction2: float,
) -> None:
    """One step of AdamW, in place on ``param`` and the states (all of one shape).

    ``grad`` is left as it is; the states are zeros before the first step; without ``max_exp_avg_sq`` it is no AMSGrad;
    ``correction1`` is 1 - beta1^t, ``correction2`` 1 - beta2^t for step t, counted from 1.
    """
    param.mul_(1 - lr * weight_decay)
    exp_avg.mul_(beta1).add_((1 - beta1) * grad)
    exp_avg_sq.mul_(beta2).addcmul_((1 - beta2) * grad, grad)
    if max_exp_avg_sq is not None:
        exp_avg_sq = max_exp_avg_sq.copy_(torch.maximum(max_exp_avg_sq, exp_avg_sq))
    rms = exp_avg_sq.sqrt() / correction2**0.5
    param.addcdiv_(-lr / correction1 * exp_avg, rms + eps)


def _settings(group: dict[str, Any], step: int) -> dict[str, Any]:
    """The scalars of ``adamw_update`` at this step, counted from 1."""
    beta1, beta2 = map(float, group["betas"])
    corrections = {"correction1": 1 - beta1**step, "correction2": 1 - beta2**step}
    constants = {"lr": float(group["lr"]), "beta1": beta1, "beta2": beta2, "eps": group["eps"]}
    return {**constants, **corrections, "weight_decay": float(group["weight_decay"])}


class AdamW(Optimizer):
    """Adam with decoupled weight decay; arguments, defaults and state keys of ``torch.optim.AdamW``.

    Args:
        params, lr, betas, eps, weight_decay, amsgrad, maximize: torch's; betas in [0, 1), the other numbers >= 0.
        foreach, capturable, differentiable, fused: for the signature; True is refused.
        fast: run over flattened storage, compiled where there is a compiler (see ``_flat.py``).

    Raises:
        ValueError: an argument is out of its bounds; in ``step``: a gradient is sparse or complex.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        fast: bool = False,
    ) -> None:
        check_not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        torch_only = {"foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused}
        check_supported(**torch_only)
        formula = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        # torch keeps this flag in the group: a state_dict that has it goes back into torch.optim.
        super().__init__(params, {**formula, "maximize": maximize, **torch_only, "decoupled_weight_decay": True})
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
                flat_step(self, group, adamw_update, names, _settings, counted=True)
                continue
            for param, grad in gradients(group):
                state = self.state[param]
                if not state:
                    state |= {"step": torch.tensor(0.0), **{name: torch.zeros_like(param) for name in names}}
                state["step"] += 1
                adamw_update(param, grad, *(state[name] for name in names), **_settings(group, int(state["step"])))
        return loss
