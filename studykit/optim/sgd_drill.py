"""SGD from a blank: momentum, dampening, Nesterov and the L2 term, each in its place."""

import torch
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill
from studykit.language import Text

from ._mistakes import misused
from ._probes import FORBIDDEN, SHAPES, Run, common, probe
from ._sgd_mistakes import mistakes, sgd_like
from .sgd import SGD

DEFAULTS = {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
HEAVY = {"lr": 0.1, "momentum": 0.8}
ALL = {**HEAVY, "dampening": 0.3, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.05, "nesterov": True}
LOOKING = {**HEAVY, "nesterov": True, "weight_decay": 0.1}
LATE = frozenset({(0, 0), (1, 0), (2, 2)})


class Clear(Optimizer):
    """A buffer per parameter in self.state, as in the formula."""

    def __init__(self, params, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        super().__init__(
            params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)
        )

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
    """Buffers in a dict of its own, also without momentum, which is a tensor; new tensors, copy_ at the end."""

    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
        super().__init__(params, dict(zip(names, (lr, momentum, dampening, weight_decay, nesterov), strict=True)))
        self.buffers = {}

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                mu, keep = torch.tensor(group["momentum"]), 1 - group["dampening"]
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


drill = Drill(
    reference=SGD,
    probes=(
        probe("first step", Run({"lr": 0.1}), Text("lr=0.1, one step", "lr=0.1，走一步")),
        probe("plain", Run({"lr": 0.1}, steps=3), Text("lr=0.1, three steps", "lr=0.1，走三步")),
        probe("momentum", Run(HEAVY, steps=3), Text("momentum=0.8, three steps", "momentum=0.8，走三步")),
        probe(
            "dampening",
            Run({**HEAVY, "dampening": 0.3}, steps=3),
            Text("dampening=0.3, three steps", "dampening=0.3，走三步"),
        ),
        probe(
            "decay",
            Run({"lr": 0.1, "weight_decay": 0.2}, steps=2),
            Text("weight_decay=0.2, no momentum", "weight_decay=0.2，无动量"),
        ),
        probe(
            "decay and momentum",
            Run({**HEAVY, "weight_decay": 0.2}, steps=3),
            Text("weight_decay=0.2, momentum=0.8", "weight_decay=0.2，momentum=0.8"),
        ),
        probe(
            "nesterov",
            Run({**HEAVY, "nesterov": True}, steps=3),
            Text("nesterov=True, three steps", "nesterov=True，走三步"),
        ),
        probe(
            "nesterov late",
            Run(LOOKING, SHAPES, 4, absent=LATE),
            Text("nesterov=True, some gradients None", "nesterov=True，部分梯度为 None"),
        ),
        *common(ALL, OTHER),
    ),
    mistakes=(
        *mistakes(DEFAULTS),
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
        Text(
            "In which order do decay, momentum and Nesterov act on the gradient?",
            "衰减、动量、Nesterov 按什么顺序作用于梯度？",
        ),
        Text("What is in the buffer after the very first gradient?", "得到第一个梯度之后，缓冲区里是什么？"),
        Text(
            "g = grad + weight_decay * p; b = momentum * b + (1 - dampening) * g; the step goes along b, with Nesterov along "
            "g + momentum * b.",
            "g = grad + weight_decay * p；b = momentum * b + (1 - dampening) * g；沿 b 更新，Nesterov 则沿 g + momentum * b。",
        ),
    ),
)
