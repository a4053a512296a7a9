"""Lion from a blank: one average, mixed twice, and only the sign of the first mix moves the weight."""

import torch
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill
from studykit.language import Text

from ._lion_mistakes import lion_like, mistakes
from ._mistakes import misused, misused_decay
from ._probes import FORBIDDEN, Run, common, probe
from .lion import Lion

DEFAULTS = {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0}
PLAIN = {"lr": 0.1, "betas": (0.7, 0.9), "weight_decay": 0}
DECAYED = {**PLAIN, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "betas": (0.2, 0.5), "weight_decay": 0.05}
# A sign tells little about what it was taken of: many weights are needed.
SHAPES = ((24,), (24,), (6, 4), ())


class InPlace(Optimizer):
    """lerp for both mixes."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(torch.sign(m.lerp(p.grad, 1 - beta1)), alpha=-group["lr"])
                m.lerp_(p.grad, 1 - beta2)
        return loss


class OneSum(Optimizer):
    """Decay and sign in one sum on the old weight, the sign by comparison; state in a dict of its own, copy_ at the end."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        self.momentum = {}

    @torch.no_grad()
    def step(self, closure=None):
        loss = torch.enable_grad()(closure)().item() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    b1, b2 = group["betas"]
                    m = self.momentum.get(p, 0 * p)
                    c = b1 * m + (1 - b1) * p.grad
                    sign = (c > 0).float() - (c < 0).float()
                    p.copy_(p - group["lr"] * (sign + group["weight_decay"] * p))
                    self.momentum[p] = b2 * m + (1 - b2) * p.grad
        return loss


class Foreach(Optimizer):
    """All tensors of a group at once; bias correction of the mix, which a sign doesn't notice."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                for p in params:
                    if "m" not in self.state[p]:
                        self.state[p]["m"] = p.new_zeros(p.shape)
                m, grads, (b1, b2) = [self.state[p]["m"] for p in params], [p.grad for p in params], group["betas"]
                mixed = torch._foreach_div(torch._foreach_lerp(m, grads, 1 - b1), 1 - b1)
                torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_sub_(params, torch._foreach_mul(torch._foreach_sign(mixed), group["lr"]))
                torch._foreach_lerp_(m, grads, 1 - b2)
        return loss


drill = Drill(
    reference=Lion,
    probes=(
        probe("first step", Run(PLAIN, ((6,),)), Text("one parameter, one step, no decay", "一个参数，走一步，不衰减")),
        probe(
            "momentum",
            Run(PLAIN, ((64,),), 8),
            Text("one parameter, eight steps, no decay", "一个参数，走八步，不衰减"),
        ),
        probe("decay", Run(DECAYED, ((64,),), 4), Text("weight_decay=0.2, four steps", "weight_decay=0.2，走四步")),
        probe(
            "defaults",
            Run({}, ((100,),), 12, scale=1e-9),
            Text("Lion(params), twelve steps, tiny gradients", "Lion(params)，走十二步，极小的梯度"),
        ),
        *common(DECAYED, OTHER, SHAPES),
    ),
    mistakes=(
        *mistakes(DEFAULTS),
        *misused_decay(lion_like(decay="none"), DEFAULTS),
        *misused(lion_like(), DEFAULTS),
    ),
    variants={"in_place": InPlace, "one_sum": OneSum, "foreach": Foreach},
    forbidden=FORBIDDEN,
    methods=("step",),
    prompt=Text(
        "Write Lion's step: Algorithm 2 of the paper, the decay decoupled and times lr.",
        "写出 Lion 的 step：论文 Algorithm 2，衰减是解耦的，并乘以 lr。",
    ),
    hints=(
        Text(
            "There is one buffer but two betas: which mix is used, which is kept?",
            "缓冲区只有一个，beta 却有两个：哪个混合结果被使用，哪个被保存？",
        ),
        Text(
            "Mind the order: the direction is taken before the momentum is updated.", "注意顺序：先求方向，再更新动量。"
        ),
        Text(
            "The weight moves by lr * sign(beta1 * m + (1 - beta1) * g); then m becomes beta2 * m + (1 - beta2) * g.",
            "权重沿 sign(beta1 * m + (1 - beta1) * g) 移动 lr；随后 m 更新为 beta2 * m + (1 - beta2) * g。",
        ),
    ),
)
