"""AdamW from a blank: Adam, and a decay that never meets the preconditioner."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill, Mistake
from studykit.language import Text

from ._adam_mistakes import adam_like, right, shared_mistakes
from ._mistakes import made, misused, misused_decay, shrink
from ._probes import FORBIDDEN, Run, common, probe
from ._told_mistakes import MISUSE
from .adamw import AdamW

DEFAULTS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2}
PLAIN = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0}
DECAYED = {**PLAIN, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.05}


def decoupled(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    shrink(param, group)
    return grad


def l2(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad + group["weight_decay"] * param


def none(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad


def decay_preconditioned(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    weight = param.clone()

    def quotient(m: Tensor, v: Tensor, t: int, betas: tuple[float, float], eps: float) -> Tensor:
        extra = group["weight_decay"] * weight * (1 - betas[0] ** t)
        return right(m + extra, v, t, betas, eps)

    adam_like(none, quotient)(param, grad, state, group)


def squares_in_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    adam_like(decoupled)(param, grad, state, group)
    grad.square_()


class Foreach(Optimizer):
    """All tensors of a group at once."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            b1, b2 = group["betas"]
            for p in params:
                self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                self.state[p].setdefault("exp_avg_sq", torch.zeros_like(p))
                self.state[p]["step"] = self.state[p].get("step", 0) + 1
            steps = [self.state[p]["step"] for p in params]
            m, v = ([self.state[p][name] for p in params] for name in ("exp_avg", "exp_avg_sq"))
            grads = [p.grad for p in params]
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_lerp_(m, grads, 1 - b1)
            torch._foreach_mul_(v, b2)
            torch._foreach_addcmul_(v, grads, grads, 1 - b2)
            below = torch._foreach_div(torch._foreach_sqrt(v), [(1 - b2**t) ** 0.5 for t in steps])
            torch._foreach_add_(below, group["eps"])
            torch._foreach_addcdiv_(params, m, below, [-group["lr"] / (1 - b1**t) for t in steps])
        return loss


class Decoupled(Optimizer):
    """The decay as the paper writes it, in one sum with the step and on the old weight; state in dicts of its own."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})
        self.moments = {}

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, (b1, b2), eps, decay = group["lr"], group["betas"], group["eps"], group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                t, m, v = self.moments.get(id(p), (0, torch.zeros_like(p), torch.zeros_like(p)))
                t, m, v = t + 1, m.lerp(p.grad, 1 - b1), v.lerp(p.grad.square(), 1 - b2)
                self.moments[id(p)] = t, m, v
                direction = m / (1 - b1**t) / (torch.sqrt(v / (1 - b2**t)) + eps)
                p.copy_(p - lr * (direction + decay * p))
        return loss


class Folded(Optimizer):
    """Both corrections folded into the step size and eps; writes through p.data."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is not None:
                    g, state = p.grad.data, self.state[p]
                    if "t" not in state:
                        state.update(t=0, m=torch.zeros_like(p.data), v=torch.zeros_like(p.data))
                    state["t"] += 1
                    state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
                    state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
                    p.data -= group["lr"] * group["weight_decay"] * p.data
                    c1, c2 = 1 - beta1 ** state["t"], (1 - beta2 ** state["t"]) ** 0.5
                    p.data.addcdiv_(state["m"], state["v"].sqrt() + group["eps"] * c2, value=-group["lr"] * c2 / c1)
        return loss


TOLD = {
    "l2_not_decoupled": Text(
        "Your decay is added to the gradient, so it goes through the preconditioner: this is Adam with L2, not AdamW. There "
        "a weight with large gradients hardly decays. Shrink the weight itself, by lr * weight_decay of it.",
        "你的衰减加进了梯度，会经过预条件缩放：这是带 L2 的 Adam，不是 AdamW。那样梯度大的权重几乎不衰减。应直接缩小权重本身，比例为 lr * weight_decay。",
    ),
    "decay_preconditioned": Text(
        "The decay stays out of the averages but is still divided by sqrt(v): it decays weights with large gradients less. "
        "Decoupled means outside of that quotient too.",
        "衰减虽然没有进入滑动平均，却仍被 sqrt(v) 除过，梯度大的权重衰减得更少。解耦意味着它也要在这个商之外。",
    ),
    "writes_into_gradient": MISUSE["writes_into_gradient"],
}
WRONG = [
    ("l2_not_decoupled", adam_like(l2)),
    ("decay_preconditioned", decay_preconditioned),
    ("writes_into_gradient", squares_in_gradient),
]

drill = Drill(
    reference=AdamW,
    probes=(
        probe("first step", Run(PLAIN), Text("one parameter, one step, no decay", "一个参数，走一步，不衰减")),
        probe("moments", Run(PLAIN, steps=4), Text("one parameter, four steps, no decay", "一个参数，走四步，不衰减")),
        probe("decay", Run(DECAYED, steps=3), Text("weight_decay=0.2, three steps", "weight_decay=0.2，走三步")),
        probe(
            "defaults",
            Run({}, ((30,),), 30, scale=1e-6),
            Text("AdamW(params), thirty steps, tiny gradients", "AdamW(params)，走三十步，极小的梯度"),
        ),
        *common(DECAYED, OTHER),
    ),
    mistakes=(
        *shared_mistakes(decoupled, DEFAULTS),
        *(Mistake(name, made(update, DEFAULTS), TOLD[name]) for name, update in WRONG),
        *misused_decay(adam_like(none), DEFAULTS),
        *misused(adam_like(decoupled), DEFAULTS),
    ),
    variants={"foreach": Foreach, "in_one_sum": Decoupled, "folded": Folded},
    forbidden=FORBIDDEN,
    methods=("step",),
    prompt=Text(
        "Write AdamW's step. torch's convention: each step the weight shrinks by lr * weight_decay of itself; eps is added after "
        "correction and root.",
        "写出 AdamW 的 step。约定同 torch：每步权重先缩小 lr * weight_decay；先做偏差修正、开方，再加 eps。",
    ),
    hints=(
        Text("Where does Adam's L2 term end up being divided by sqrt(v)?", "Adam 的 L2 项是在哪里被 sqrt(v) 除掉的？"),
        Text(
            "The averages should see the loss's gradient and nothing else.",
            "两个滑动平均只应看到损失的梯度，别无其他。",
        ),
        Text(
            "Multiply the weight by 1 - lr * weight_decay, then take Adam's step without L2.",
            "先把权重乘以 1 - lr * weight_decay，再走一步不带 L2 的 Adam。",
        ),
    ),
)
