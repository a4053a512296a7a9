"""SGD from a blank: momentum, dampening, Nesterov and the L2 term, each in its place."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._mistakes import MISUSE, Update, made, misused
from ._probes import EXACT, FORBIDDEN, SHAPES, Run, common
from .sgd import SGD

DEFAULTS = {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
HEAVY = {"lr": 0.1, "momentum": 0.8}
ALL = {**HEAVY, "dampening": 0.3, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.05, "nesterov": True}
LOOKING = {**HEAVY, "nesterov": True, "weight_decay": 0.1}
LATE = frozenset({(0, 0), (1, 0), (2, 2)})


def sgd_like(buffer: str = "sum", step: str = "buffer", decay: str = "l2") -> Update:
    """An update of one parameter: how the buffer is kept, how it makes the step, where the decay goes."""

    def update(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, momentum, weight_decay = group["lr"], group["momentum"], group["weight_decay"]
        dampening = 0.0 if buffer == "undamped" else group["dampening"]
        if decay == "into_gradient":
            grad.add_(param, alpha=weight_decay)
        elif decay != "none":
            grad = grad + weight_decay * param * (decay == "l2")
        old = state.get("b")
        if decay == "decoupled":
            param.mul_(1 - lr * weight_decay)
        if momentum and buffer != "none":
            taken = (1 - momentum if buffer == "average" else 1 - dampening) * grad * (lr if buffer == "holds_lr" else 1)
            first = taken if buffer in ("damped_first", "average", "holds_lr") else grad
            state["b"] = first.clone() if old is None else momentum * old + taken
            if group["nesterov"] and step != "plain":
                grad = state["b"] + momentum * grad if step == "mixed_up" else grad + momentum * state["b"]
            else:
                grad = state["b"]
        held = buffer == "holds_lr" and momentum
        param.sub_(grad if held else lr * grad)
        if decay == "after":
            param.mul_(1 - lr * weight_decay)

    return update


class Clear(Optimizer):
    """A buffer per parameter in self.state, as in the formula."""

    def __init__(self, params, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d = p.grad
                if group["weight_decay"]:
                    d = d.add(p, alpha=group["weight_decay"])
                if group["momentum"]:
                    if "buf" not in self.state[p]:
                        self.state[p]["buf"] = d.clone()
                    else:
                        self.state[p]["buf"].mul_(group["momentum"]).add_(d, alpha=1 - group["dampening"])
                    buf = self.state[p]["buf"]
                    d = d.add(buf, alpha=group["momentum"]) if group["nesterov"] else buf
                p.add_(d, alpha=-group["lr"])
        return loss


class Kept(Optimizer):
    """Buffers in a dict of its own, also without momentum; new tensors, copy_ at the end."""

    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
        super().__init__(params, dict(zip(names, (lr, momentum, dampening, weight_decay, nesterov), strict=True)))
        self.buffers = {}

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                mu, keep = group["momentum"], 1 - group["dampening"]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    g = p.grad + group["weight_decay"] * p
                    b = g if id(p) not in self.buffers else mu * self.buffers[id(p)] + keep * g
                    self.buffers[id(p)] = b
                    direction = g if mu == 0 else g + mu * b if group["nesterov"] else b
                    p.copy_(p - group["lr"] * direction)
        return loss


class Foreach(Optimizer):
    """All tensors of a group at once."""

    def __init__(self, params, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        super().__init__(params, {k: v for k, v in locals().items() if k not in ("self", "params", "__class__")})

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            grads = torch._foreach_add([p.grad for p in params], params, alpha=group["weight_decay"])
            if group["momentum"] != 0:
                for p, g in zip(params, grads, strict=True):
                    scale = 1 - group["dampening"]
                    # So that momentum * buffer + (1 - dampening) * g is g in the first step.
                    self.state[p].setdefault("buffer", (g - scale * g) / group["momentum"])
                buffers = [self.state[p]["buffer"] for p in params]
                torch._foreach_mul_(buffers, group["momentum"])
                torch._foreach_add_(buffers, grads, alpha=1 - group["dampening"])
                ahead = torch._foreach_add(grads, buffers, alpha=group["momentum"])
                grads = ahead if group["nesterov"] else buffers
            torch._foreach_add_(params, grads, alpha=-group["lr"])
        return loss


WRONG = {
    "dampening_on_first_step": (
        sgd_like("damped_first"),
        Text(
            "The first gradient is dampened. As in torch the buffer starts as the first gradient itself; dampening begins with the "
            "second.",
            "第一个梯度也被抑制了。与 torch 一致，缓冲区以第一个梯度本身作为初值，dampening 从第二步才起作用。",
        ),
    ),
    "dampening_ignored": (
        sgd_like("undamped"),
        Text(
            "dampening is ignored: from the second step on the gradient enters the buffer with weight 1 - dampening.",
            "没有用到 dampening：从第二步起，梯度应以 1 - dampening 的权重进入缓冲区。",
        ),
    ),
    "momentum_averages": (
        sgd_like("average"),
        Text(
            "The buffer is an average, with (1 - momentum) * gradient. In SGD it is a sum: the gradient enters whole, and the step "
            "grows up to 1 / (1 - momentum) times.",
            "你的缓冲区是滑动平均，用了 (1 - momentum) * 梯度。SGD 的动量是累加：梯度整个进入，步长最多放大到 1 / (1 - momentum) 倍。",
        ),
    ),
    "momentum_ignored": (
        sgd_like("none"),
        Text(
            "There is no momentum in it: a buffer per parameter sums the gradients, and the step goes along the buffer.",
            "这里没有动量：每个参数要有一个累加梯度的缓冲区，并沿缓冲区的方向更新。",
        ),
    ),
    "lr_inside_buffer": (
        sgd_like("holds_lr"),
        Text(
            "lr is multiplied into the buffer. With a constant lr that is the same, but after a change old gradients keep the old "
            "lr. The convention asked for is torch's: lr multiplies the buffer when it is used.",
            "lr 被乘进了缓冲区。lr 不变时两者等价，一旦改变，旧梯度仍带着旧的 lr。本题采用 torch 的约定：使用缓冲区时才乘 lr。",
        ),
    ),
    "nesterov_ignored": (
        sgd_like(step="plain"),
        Text(
            "With nesterov=True you still take plain momentum's step (looking ahead along the old buffer comes to the same). The step "
            "is the gradient plus momentum times the buffer that has already taken this gradient in.",
            "nesterov=True 时你走的仍是普通动量的一步（沿旧缓冲区前瞻也与之等价）。更新方向应为：梯度加上 momentum 乘以已计入本次梯度的新缓冲区。",
        ),
    ),
    "nesterov_mixed_up": (
        sgd_like(step="mixed_up"),
        Text(
            "In Nesterov's step momentum multiplies the wrong term: it is gradient + momentum * buffer.",
            "Nesterov 这一步里 momentum 乘错了对象：应为 梯度 + momentum * 缓冲区。",
        ),
    ),
    "decoupled_decay": (
        sgd_like(decay="decoupled"),
        Text(
            "Your decay shrinks the weight directly (as SGDW does). Here weight_decay is an L2 penalty: weight_decay * p is part of "
            "the gradient and gathers in the momentum.",
            "你的衰减直接缩小权重（那是 SGDW）。这里的 weight_decay 是 L2 惩罚：weight_decay * p 属于梯度，会累积进动量。",
        ),
    ),
    "decay_after_step": (
        sgd_like(decay="after"),
        Text(
            "The weight is shrunk after the step. weight_decay is an L2 penalty: weight_decay * p belongs into the gradient, before "
            "the momentum.",
            "权重是在更新之后才缩小的。weight_decay 是 L2 惩罚：weight_decay * p 要在进入动量之前加到梯度上。",
        ),
    ),
    "no_decay": (
        sgd_like(decay="none"),
        Text("There is no weight decay in it: add weight_decay * p to the gradient.", "这里没有权重衰减：应把 weight_decay * p 加到梯度上。"),
    ),
    "writes_into_gradient": (sgd_like(decay="into_gradient"), MISUSE["writes_into_gradient"]),
}

drill = Drill(
    reference=SGD,
    probes=(
        Probe("first step", Run({"lr": 0.1}), Text("lr=0.1, one step", "lr=0.1，走一步"), EXACT),
        Probe("plain", Run({"lr": 0.1}, steps=3), Text("lr=0.1, three steps", "lr=0.1，走三步"), EXACT),
        Probe("momentum", Run(HEAVY, steps=3), Text("momentum=0.8, three steps", "momentum=0.8，走三步"), EXACT),
        Probe(
            "dampening", Run({**HEAVY, "dampening": 0.3}, steps=3), Text("dampening=0.3, three steps", "dampening=0.3，走三步"), EXACT
        ),
        Probe("decay", Run({"lr": 0.1, "weight_decay": 0.2}, steps=2), Text("weight_decay=0.2, no momentum", "weight_decay=0.2，无动量"), EXACT),
        Probe(
            "decay and momentum",
            Run({**HEAVY, "weight_decay": 0.2}, steps=3),
            Text("weight_decay=0.2, momentum=0.8", "weight_decay=0.2，momentum=0.8"),
            EXACT,
        ),
        Probe("nesterov", Run({**HEAVY, "nesterov": True}, steps=3), Text("nesterov=True, three steps", "nesterov=True，走三步"), EXACT),
        Probe(
            "nesterov late",
            Run(LOOKING, SHAPES, 4, absent=LATE),
            Text("nesterov=True, some gradients None", "nesterov=True，部分梯度为 None"),
            EXACT,
        ),
        *common(ALL, OTHER),
    ),
    mistakes=(
        *(Mistake(name, made(update, DEFAULTS), tells) for name, (update, tells) in WRONG.items()),
        *misused(sgd_like(), DEFAULTS),
    ),
    variants={"formula": Clear, "kept": Kept, "foreach": Foreach},
    forbidden=FORBIDDEN,
    methods=("step",),
    prompt=Text(
        "Write SGD's step with momentum, dampening, Nesterov and an L2 penalty. torch's convention: lr multiplies the buffer when it "
        "is used, and the buffer starts as the first gradient.",
        "写出带动量、dampening、Nesterov 和 L2 惩罚的 SGD 的 step。约定同 torch：使用缓冲区时才乘 lr，缓冲区以第一个梯度为初值。",
    ),
    hints=(
        Text("In which order do decay, momentum and Nesterov act on the gradient?", "衰减、动量、Nesterov 按什么顺序作用于梯度？"),
        Text("What is in the buffer after the very first gradient?", "得到第一个梯度之后，缓冲区里是什么？"),
        Text(
            "g = grad + weight_decay * p; b = momentum * b + (1 - dampening) * g; the step goes along b, with Nesterov along "
            "g + momentum * b.",
            "g = grad + weight_decay * p；b = momentum * b + (1 - dampening) * g；沿 b 更新，Nesterov 则沿 g + momentum * b。",
        ),
    ),
)
