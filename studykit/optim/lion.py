"""Lion: step by the sign of a momentum, so that every weight moves by exactly lr and only one buffer is kept.

Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu & Le, "Symbolic Discovery of Optimization Algorithms",
NeurIPS 2023, arXiv:2302.06675, Algorithm 2.

    c     <- beta1 * m + (1 - beta1) * grad                      beta1 mixes the direction ...
    param <- param - lr * (sign(c) + weight_decay * param)
    m     <- beta2 * m + (1 - beta2) * grad                      ... beta2 keeps the memory

Since sign(c) is +-1, lr wants to be 3 to 10 times smaller than AdamW's and weight_decay as much larger.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT

from ._arguments import check_betas, check_not_negative, evaluate, gradients
from ._flat import flat_step


def lion_update(
    param: Tensor,
    grad: Tensor,
    exp_avg: Tensor,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
) -> None:
    """One step of Lion, in place on ``param`` and ``exp_avg`` (all of one shape).

    Args:
        param: the parameter.
        grad: its gradient; left as it is.
        exp_avg: momentum, zeros before the first step.
        lr: length of the step of every single weight.
        beta1: weight of the momentum in the direction.
        beta2: decay of the momentum.
        weight_decay: decoupled: the weight shrinks by lr * weight_decay of itself.
    """
    param.mul_(1 - lr * weight_decay)
    direction = (beta1 * exp_avg + (1 - beta1) * grad).sign_()  # before exp_avg takes this gradient in
    param.sub_(lr * direction)
    exp_avg.mul_(beta2).add_((1 - beta2) * grad)


def _settings(group: dict[str, Any], _step: int) -> dict[str, Any]:
    """The scalars of ``lion_update``: the same at every step."""
    beta1, beta2 = group["betas"]
    return {
        "lr": float(group["lr"]),
        "beta1": float(beta1),
        "beta2": float(beta2),
        "weight_decay": float(group["weight_decay"]),
    }


class Lion(Optimizer):
    """Evolved sign momentum; state compatible with the package lion-pytorch.

    Args:
        params: parameters, or dicts of parameter groups.
        lr: length of every weight's step, >= 0.
        betas: (mixing of the direction, decay of the momentum), each in [0, 1).
        weight_decay: decoupled, times lr, >= 0.
        maximize: ascend instead of descend.
        fast: run over flattened storage, compiled where there is a compiler (see ``_flat.py``).

    Raises:
        ValueError: an argument is out of its bounds; in ``step``: a gradient is sparse or complex.

    Source: Chen et al. 2023, arXiv:2302.06675, Algorithm 2.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-4,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        fast: bool = False,
    ) -> None:
        check_not_negative(lr=lr, weight_decay=weight_decay)
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize})
        self.fast = fast

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "fast": self.fast}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update each parameter that has a gradient; returns the closure's loss, None without one."""
        loss = evaluate(closure)
        for group in self.param_groups:
            if self.fast:
                flat_step(self, group, lion_update, ("exp_avg",), _settings)
                continue
            settings = _settings(group, 1)
            for param, grad in gradients(group):
                state = self.state[param]
                if not state:
                    state["exp_avg"] = torch.zeros_like(param)
                lion_update(param, grad, state["exp_avg"], **settings)
        return loss
