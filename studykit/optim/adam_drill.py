"""Adam from a blank: two averages, both corrected for starting at zero."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill, Mistake
from studykit.language import Text

from ._adam_mistakes import adam_like, shared_mistakes
from ._mistakes import made, misused, shrink
from ._probes import FORBIDDEN, Run, common, probe
from ._told_mistakes import MISUSE
from .adam import Adam

DEFAULTS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
PLAIN = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0}
DECAYED = {**PLAIN, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.05}


def l2(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad + group["weight_decay"] * param


def decoupled(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    shrink(param, group)
    return grad


def none(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad


def scaled(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad + group["lr"] * group["weight_decay"] * param


def decoupled_after(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    adam_like(none)(param, grad, state, group)
    shrink(param, group)


def into_gradient(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad.add_(param, alpha=group["weight_decay"])


def ascending(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
    return grad - group["weight_decay"] * param


def decay_outside_second_moment(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    (beta1, beta2), t = group["betas"], state.get("t", 0) + 1
    state["t"] = t
    m = state.setdefault("m", torch.zeros_like(param)).lerp_(l2(param, grad, group), 1 - beta1)
    v = state.setdefault("v", torch.zeros_like(param)).lerp_(grad * grad, 1 - beta2)
    param.sub_(group["lr"] * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + group["eps"]))


def squares_in_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    adam_like(l2)(param, grad, state, group)
    grad.square_()


class Folded(Optimizer):
    """Both corrections folded into the step size and eps, the decay in a copy."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    g = p.grad.add(p, alpha=group["weight_decay"])
                    state = self.state[p]
                    if len(state) == 0:
                        state["t"], state["m"], state["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                    state["t"] += 1
                    state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
                    state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
                    c1, c2 = 1 - beta1 ** state["t"], (1 - beta2 ** state["t"]) ** 0.5
                    p.addcdiv_(state["m"], state["v"].sqrt().add_(group["eps"] * c2), value=-group["lr"] * c2 / c1)
        return loss


class PlainDicts(Optimizer):
    """State in dicts of its own, the count a float32 tensor; new tensors every step, p.copy_ at the end."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})
        self.m, self.v, self.t = {}, {}, {}

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in filter(lambda p: p.grad is not None, group["params"]):
                g = p.grad.clone()
                if group["weight_decay"] != 0:
                    g += group["weight_decay"] * p
                self.t[p] = self.t.get(p, torch.tensor(0.0)) + 1
                self.m[p] = b1 * self.m.get(p, 0) + (1 - b1) * g
                self.v[p] = b2 * self.v.get(p, 0) + (1 - b2) * g**2
                m_hat = self.m[p] / (1 - b1 ** self.t[p])
                v_hat = self.v[p] / (1 - b2 ** self.t[p])
                p.copy_(p - group["lr"] * m_hat / (torch.sqrt(v_hat) + group["eps"]))
        return loss


class Foreach(Optimizer):
    """All tensors of a group at once."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure and closure()
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
            grads = torch._foreach_add([p.grad for p in params], params, alpha=group["weight_decay"])
            torch._foreach_lerp_(m, grads, 1 - b1)
            torch._foreach_mul_(v, b2)
            torch._foreach_addcmul_(v, grads, grads, 1 - b2)
            below = torch._foreach_div(torch._foreach_sqrt(v), [(1 - b2**t) ** 0.5 for t in steps])
            torch._foreach_add_(below, group["eps"])
            torch._foreach_addcdiv_(params, m, below, [-group["lr"] / (1 - b1**t) for t in steps])
        return loss


TOLD = {
    "decoupled_decay": Text(
        "Your decay acts on the weight directly: that is AdamW. In Adam, weight_decay is an L2 penalty: weight_decay * p "
        "is part of the gradient and goes through both averages.",
        "你的衰减直接作用在权重上，那是 AdamW。Adam 的 weight_decay 是 L2 惩罚：weight_decay * p 属于梯度的一部分，要进入两个滑动平均。",
    ),
    "decay_outside_second_moment": Text(
        "weight_decay * p reaches the first average only. As a part of the gradient it belongs into the squares too.",
        "weight_decay * p 只进了一阶平均。它是梯度的一部分，平方的平均里也应包含它。",
    ),
    "decay_ascends": Text(
        "weight_decay * p has the wrong sign: added to the gradient it pulls the weight toward zero, yours pushes it away.",
        "weight_decay * p 的符号反了：加到梯度上才会把权重拉向零，你的写法把它推远了。",
    ),
    "decay_scaled_by_lr": Text(
        "lr is multiplied into the L2 term, and later once more with the step. The gradient takes weight_decay * p as it is.",
        "L2 项里乘了 lr，更新时又乘了一次。加到梯度上的就是 weight_decay * p 本身。",
    ),
    "no_decay": Text(
        "There is no weight decay in it: add weight_decay * p to the gradient.",
        "这里没有权重衰减：应把 weight_decay * p 加到梯度上。",
    ),
    "writes_into_gradient": MISUSE["writes_into_gradient"],
}
WRONG = [
    ("decoupled_decay", adam_like(decoupled)),
    ("decoupled_decay", decoupled_after),
    ("decay_outside_second_moment", decay_outside_second_moment),
    ("decay_ascends", adam_like(ascending)),
    ("decay_scaled_by_lr", adam_like(scaled)),
    ("no_decay", adam_like(none)),
    ("writes_into_gradient", adam_like(into_gradient)),
    ("writes_into_gradient", squares_in_gradient),
]

drill = Drill(
    reference=Adam,
    probes=(
        probe("first step", Run(PLAIN), Text("one parameter, one step", "一个参数，走一步")),
        probe("moments", Run(PLAIN, steps=4), Text("one parameter, four steps", "一个参数，走四步")),
        probe("decay", Run(DECAYED, steps=3), Text("weight_decay=0.2, three steps", "weight_decay=0.2，走三步")),
        probe(
            "defaults",
            Run({}, ((30,),), 30, scale=1e-6),
            Text("Adam(params), thirty steps, tiny gradients", "Adam(params)，走三十步，极小的梯度"),
        ),
        *common(DECAYED, OTHER),
    ),
    mistakes=(
        *shared_mistakes(l2, DEFAULTS),
        *(Mistake(name, made(update, DEFAULTS), TOLD[name]) for name, update in WRONG),
        *misused(adam_like(l2), DEFAULTS),
    ),
    variants={"folded": Folded, "plain_dicts": PlainDicts, "foreach": Foreach},
    forbidden=FORBIDDEN,
    methods=("step",),
    prompt=Text(
        "Write Adam's step. Algorithm 1's convention: eps is added after correction and root. weight_decay is an L2 penalty.",
        "写出 Adam 的 step。约定同论文 Algorithm 1：先做偏差修正、开方，再加 eps。weight_decay 是 L2 惩罚。",
    ),
    hints=(
        Text(
            "Which two averages does each parameter need, and what else must it remember?",
            "每个参数需要哪两个滑动平均？还要记住什么？",
        ),
        Text(
            "Both averages start at zero. What is their expectation after t steps of constant gradient?",
            "两个平均都从零开始。梯度恒定时，t 步之后它们的期望是多少？",
        ),
        Text(
            "m / (1 - beta1^t) over sqrt(v / (1 - beta2^t)) + eps, where the gradient already holds weight_decay * p.",
            "m / (1 - beta1^t) 除以 sqrt(v / (1 - beta2^t)) + eps，其中的梯度已加上 weight_decay * p。",
        ),
    ),
)
