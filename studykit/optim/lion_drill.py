"""Lion from a blank: one average, mixed twice, and only the sign of the first mix moves the weight."""

from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._mistakes import MISUSE, Update, made, misused
from ._probes import EXACT, FORBIDDEN, Run, common
from .lion import Lion

DEFAULTS = {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0}
PLAIN = {"lr": 0.1, "betas": (0.7, 0.9), "weight_decay": 0}
DECAYED = {**PLAIN, "weight_decay": 0.2}
OTHER = {"lr": 0.03, "betas": (0.2, 0.5), "weight_decay": 0.05}
# A sign tells little about what it was taken of: many weights are needed.
SHAPES = ((24,), (24,), (6, 4), ())


def averaged(param: Tensor, grad: Tensor, state: dict[str, Any], beta: float) -> tuple[Tensor, Tensor]:
    """The average before and after it takes the gradient in."""
    before = state.get("m", torch.zeros_like(param))
    state["m"] = beta * before + (1 - beta) * grad
    return before, state["m"]


def lion_like(direction: str = "mixed", decay: str = "decoupled", **fixed: Any) -> Update:
    """An update of one parameter: what the weight moves along, and where the decay goes."""

    def update(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        group = {**group, **fixed}
        (beta1, beta2), lr, weight_decay = group["betas"], group["lr"], group["weight_decay"]
        seen = grad + weight_decay * param if decay == "l2" else grad
        before, after = averaged(param, seen, state, beta2)
        mixed = beta1 * before + (1 - beta1) * seen
        if decay == "in_sign":
            mixed = mixed + weight_decay * param
        state["t"] = state.get("t", 0) + 1
        along = {
            "mixed": mixed.sign(),
            "unsigned": mixed,
            "stored": after.sign(),
            "late": (beta1 * after + (1 - beta1) * seen).sign(),
            "gradient": seen.sign(),
            "before": before.sign(),
            "sign_of_nothing": torch.where(mixed > 0, 1.0, -1.0).to(param.dtype),
            "corrected": (beta1 * before / (1 - beta2 ** state["t"]) + (1 - beta1) * seen).sign(),
        }[direction]
        if decay == "after":
            param.sub_(lr * along).mul_(1 - lr * weight_decay)
        else:
            rate = {"decoupled": lr, "unscaled": 1.0}.get(decay, 0.0)
            param.mul_(1 - rate * weight_decay).sub_(lr * along)

    return update


def momentum_of_signs(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    (beta1, beta2), before = group["betas"], state.get("m", torch.zeros_like(param))
    mixed = (beta1 * before + (1 - beta1) * grad).sign()
    state["m"] = beta2 * before + (1 - beta2) * mixed
    param.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * mixed)


def mix_kept(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    beta1, before = group["betas"][0], state.get("m", torch.zeros_like(param))
    state["m"] = beta1 * before + (1 - beta1) * grad
    param.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * state["m"].sign())


def betas_swapped(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    lion_like()(param, grad, state, {**group, "betas": group["betas"][::-1]})


def writes_into_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    lion_like()(param, grad, state, group)
    grad.mul_(1 - group["betas"][1])


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
    """Decay and sign in one sum on the old weight, state in a dict of its own, copy_ at the end."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        self.momentum = {}

    @torch.no_grad()
    def step(self, closure=None):
        loss = torch.enable_grad()(closure)() if closure else None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    b1, b2 = group["betas"]
                    m = self.momentum.get(p, 0 * p)
                    c = b1 * m + (1 - b1) * p.grad
                    p.copy_(p - group["lr"] * (c.sign() + group["weight_decay"] * p))
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


WRONG = {
    "no_sign": (
        lion_like("unsigned"),
        Text(
            "The sign is missing: Lion moves every weight by exactly lr, whatever the size of its gradient.",
            "缺少取符号：无论梯度多大，Lion 都让每个权重恰好移动 lr。",
        ),
    ),
    "sign_of_gradient": (
        lion_like("gradient"),
        Text(
            "The sign is taken of the gradient alone: that is signSGD. Lion takes it of beta1 * m + (1 - beta1) * gradient.",
            "你只取了梯度的符号，那是 signSGD。Lion 取的是 beta1 * m + (1 - beta1) * 梯度 的符号。",
        ),
    ),
    "sign_of_stored_momentum": (
        lion_like("stored"),
        Text(
            "The sign is taken of the average that is stored, the one with beta2. The direction is a mix of its own, with beta1, "
            "so that the newest gradient counts more.",
            "符号取自存储的那个平均（beta2）。方向应另用 beta1 混合一次，让最新的梯度占更大比重。",
        ),
    ),
    "sign_of_old_momentum": (
        lion_like("before"),
        Text(
            "The sign is taken of the momentum alone, without the newest gradient: mix that in with weight 1 - beta1.",
            "符号只取自旧的动量，没有计入最新的梯度：应以 1 - beta1 的权重把它混合进来。",
        ),
    ),
    "momentum_updated_before_use": (
        lion_like("late"),
        Text(
            "The momentum takes the gradient in before the direction is mixed, so the gradient counts twice. Take the direction "
            "first, then update the momentum.",
            "动量先计入了梯度，之后才混合方向，同一个梯度算了两次。应先求方向，再更新动量。",
        ),
    ),
    "one_average": (
        mix_kept,
        Text(
            "The mix with beta1 is kept as the momentum. Lion mixes twice from the old momentum: with beta1 for the direction, "
            "which is thrown away, and with beta2 for what it remembers.",
            "你把 beta1 的混合结果当成动量存了下来。Lion 从旧动量出发混合两次：beta1 得到方向，用完即弃；beta2 得到要记住的动量。",
        ),
    ),
    "betas_swapped": (
        betas_swapped,
        Text(
            "The betas are the wrong way round: beta1 mixes the direction, beta2 is the decay of the momentum.",
            "两个 beta 用反了：beta1 用来混合方向，beta2 是动量的衰减系数。",
        ),
    ),
    "betas_ignored": (
        lion_like(betas=(0.9, 0.99)),
        Text(
            "The betas are fixed at 0.9 and 0.99. Read them from the group, where the caller's values are.",
            "beta 被写死为 0.9 和 0.99。应从参数组里读取，那里才是调用方给的值。",
        ),
    ),
    "momentum_stores_sign": (
        momentum_of_signs,
        Text(
            "The momentum averages signs. It averages the gradients themselves; the sign is taken only for the step.",
            "动量里平均的是符号。它应平均梯度本身，只有更新权重时才取符号。",
        ),
    ),
    "bias_correction_added": (
        lion_like("corrected"),
        Text(
            "The momentum is corrected for starting at zero, as in Adam. Lion has no such correction: only the sign of the mix "
            "counts, and yours gives the momentum more weight in it.",
            "你像 Adam 那样对动量做了偏差修正。Lion 没有这一步：它只看混合结果的符号，而你的写法改变了动量在其中的比重。",
        ),
    ),
    "sign_of_zero": (
        lion_like("sign_of_nothing"),
        Text(
            "Where the mix is zero the weight still moves. sign(0) is 0: a weight that never had a gradient stays where it is.",
            "混合结果为零时权重仍在移动。sign(0) 等于 0：从未有过梯度的权重应保持不动。",
        ),
    ),
    "decay_through_sign": (
        lion_like(decay="l2"),
        Text(
            "The decay is added to the gradient, where the sign swallows its size. Lion's decay is decoupled: it shrinks the "
            "weight by lr * weight_decay of it.",
            "衰减加进了梯度，取符号后它的大小就丢失了。Lion 的衰减是解耦的：权重每步缩小 lr * weight_decay。",
        ),
    ),
    "decay_inside_sign": (
        lion_like(decay="in_sign"),
        Text(
            "The decay stands inside the sign, where its size is lost. Lion's decay is decoupled: it shrinks the weight by "
            "lr * weight_decay of it.",
            "衰减写在了取符号的括号里，大小就丢失了。Lion 的衰减是解耦的：权重每步缩小 lr * weight_decay。",
        ),
    ),
    "decay_not_scaled_by_lr": (
        lion_like(decay="unscaled"),
        Text(
            "The decay lacks lr: the weight shrinks by lr * weight_decay of itself.",
            "衰减没有乘 lr：权重每步缩小的比例是 lr * weight_decay。",
        ),
    ),
    "decay_after_step": (
        lion_like(decay="after"),
        Text(
            "You decay the weight after the step, so that the step is shrunk too. The decay is taken of the weight as it was: "
            "before the step, or in one sum with it.",
            "你在更新之后才衰减，结果本步的更新量也被缩小了。衰减应取自更新前的权重：先衰减再更新，或与更新合成一个式子。",
        ),
    ),
    "no_decay": (
        lion_like(decay="none"),
        Text("There is no weight decay in it.", "这里没有权重衰减。"),
    ),
    "writes_into_gradient": (writes_into_gradient, MISUSE["writes_into_gradient"]),
}

drill = Drill(
    reference=Lion,
    probes=(
        Probe("first step", Run(PLAIN), Text("one parameter, one step, no decay", "一个参数，走一步，不衰减"), EXACT),
        Probe("momentum", Run(PLAIN, ((24,),), 8), Text("one parameter, eight steps, no decay", "一个参数，走八步，不衰减"), EXACT),
        Probe("decay", Run(DECAYED, ((24,),), 3), Text("weight_decay=0.2, three steps", "weight_decay=0.2，走三步"), EXACT),
        Probe("defaults", Run({}, ((40,),), 30), Text("Lion(params), thirty steps", "Lion(params)，走三十步"), EXACT),
        *common(DECAYED, OTHER, SHAPES),
    ),
    mistakes=(
        *(Mistake(name, made(update, DEFAULTS), tells) for name, (update, tells) in WRONG.items()),
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
        Text("There is one buffer but two betas: which mix is used, which is kept?", "缓冲区只有一个，beta 却有两个：哪个混合结果被使用，哪个被保存？"),
        Text("Mind the order: the direction is taken before the momentum is updated.", "注意顺序：先求方向，再更新动量。"),
        Text(
            "The weight moves by lr * sign(beta1 * m + (1 - beta1) * g); then m becomes beta2 * m + (1 - beta2) * g.",
            "权重沿 sign(beta1 * m + (1 - beta1) * g) 移动 lr；随后 m 更新为 beta2 * m + (1 - beta2) * g。",
        ),
    ),
)
