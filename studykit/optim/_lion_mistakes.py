"""Wrong ways to write Lion, and what to tell about them."""

from typing import Any

import torch
from torch import Tensor

from studykit.drill import Mistake
from studykit.language import Text

from ._mistakes import Arguments, Update, made, shrink
from ._told_mistakes import MISUSE


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
            "down_at_zero": torch.where(mixed > 0, 1.0, -1.0),
            "up_at_zero": torch.where(mixed >= 0, 1.0, -1.0),
            "corrected": (beta1 * before / (1 - beta2 ** state["t"]) + (1 - beta1) * seen).sign(),
        }[direction]
        if decay == "decoupled":
            shrink(param, group)
        param.sub_(lr * along)

    return update


def momentum_of_signs(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    (beta1, beta2), before = group["betas"], state.get("m", torch.zeros_like(param))
    mixed = (beta1 * before + (1 - beta1) * grad).sign()
    state["m"] = beta2 * before + (1 - beta2) * mixed
    shrink(param, group)
    param.sub_(group["lr"] * mixed)


def mix_kept(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    beta1, before = group["betas"][0], state.get("m", torch.zeros_like(param))
    state["m"] = beta1 * before + (1 - beta1) * grad
    shrink(param, group)
    param.sub_(group["lr"] * state["m"].sign())


def started_at_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    state.setdefault("m", grad.clone())
    lion_like()(param, grad, state, group)


def sum_kept(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    (beta1, beta2), before = group["betas"], state.get("m", torch.zeros_like(param))
    state["m"] = beta2 * before + grad
    shrink(param, group)
    param.sub_(group["lr"] * (beta1 * before + (1 - beta1) * grad).sign())


def mixed_in_place(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    beta1, beta2 = group["betas"]
    mixed = state.setdefault("m", torch.zeros_like(param)).mul_(beta1).add_((1 - beta1) * grad)
    shrink(param, group)
    param.sub_(group["lr"] * mixed.sign())
    state["m"].mul_(beta2).add_((1 - beta2) * grad)


def betas_swapped(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    lion_like()(param, grad, state, {**group, "betas": group["betas"][::-1]})


def writes_into_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    lion_like()(param, grad, state, group)
    grad.mul_(1 - group["betas"][1])


TOLD = {
    "no_sign": Text(
        "The sign is missing: Lion moves every weight by exactly lr, whatever the size of its gradient.",
        "缺少取符号：无论梯度多大，Lion 都让每个权重恰好移动 lr。",
    ),
    "sign_of_gradient": Text(
        "The sign is taken of the gradient alone: that is signSGD. Lion takes it of beta1 * m + (1 - beta1) * gradient.",
        "你只取了梯度的符号，那是 signSGD。Lion 取的是 beta1 * m + (1 - beta1) * 梯度 的符号。",
    ),
    "sign_of_stored_momentum": Text(
        "The sign is taken of the average that is stored, the one with beta2. The direction is a mix of its own, with beta1, "
        "so that the newest gradient counts more.",
        "符号取自存储的那个平均（beta2）。方向应另用 beta1 混合一次，让最新的梯度占更大比重。",
    ),
    "sign_of_old_momentum": Text(
        "The sign is taken of the momentum alone, without the newest gradient: mix that in with weight 1 - beta1.",
        "符号只取自旧的动量，没有计入最新的梯度：应以 1 - beta1 的权重把它混合进来。",
    ),
    "momentum_updated_before_use": Text(
        "The momentum takes the gradient in before the direction is mixed, so the gradient counts twice. Take the direction "
        "first, then update the momentum.",
        "动量先计入了梯度，之后才混合方向，同一个梯度算了两次。应先求方向，再更新动量。",
    ),
    "one_average": Text(
        "The mix with beta1 is kept as the momentum. Lion mixes twice from the old momentum: with beta1 for the direction, "
        "which is thrown away, and with beta2 for what it remembers.",
        "你把 beta1 的混合结果当成动量存了下来。Lion 从旧动量出发混合两次：beta1 得到方向，用完即弃；beta2 得到要记住的动量。",
    ),
    "betas_swapped": Text(
        "The betas are the wrong way round: beta1 mixes the direction, beta2 is the decay of the momentum.",
        "两个 beta 用反了：beta1 用来混合方向，beta2 是动量的衰减系数。",
    ),
    "betas_ignored": Text(
        "The betas are fixed at 0.9 and 0.99. Read them from the group, where the caller's values are.",
        "beta 被写死为 0.9 和 0.99。应从参数组里读取，那里才是调用方给的值。",
    ),
    "momentum_stores_sign": Text(
        "The momentum averages signs. It averages the gradients themselves; the sign is taken only for the step.",
        "动量里平均的是符号。它应平均梯度本身，只有更新权重时才取符号。",
    ),
    "bias_correction_added": Text(
        "The momentum is corrected for starting at zero, as in Adam. Lion has no such correction: only the sign of the mix "
        "counts, and yours gives the momentum more weight in it.",
        "你像 Adam 那样对动量做了偏差修正。Lion 没有这一步：它只看混合结果的符号，而你的写法改变了动量在其中的比重。",
    ),
    "sign_of_zero": Text(
        "Where the mix is zero the weight still moves. sign(0) is 0: a weight that never had a gradient stays where it is.",
        "混合结果为零时权重仍在移动。sign(0) 等于 0：从未有过梯度的权重应保持不动。",
    ),
    "decay_through_sign": Text(
        "The decay is added to the gradient, where the sign swallows its size. Lion's decay is decoupled: it shrinks the "
        "weight by lr * weight_decay of it.",
        "衰减加进了梯度，取符号后它的大小就丢失了。Lion 的衰减是解耦的：权重每步缩小 lr * weight_decay。",
    ),
    "decay_inside_sign": Text(
        "The decay stands inside the sign, where its size is lost. Lion's decay is decoupled: it shrinks the weight by "
        "lr * weight_decay of it.",
        "衰减写在了取符号的括号里，大小就丢失了。Lion 的衰减是解耦的：权重每步缩小 lr * weight_decay。",
    ),
    "writes_into_gradient": MISUSE["writes_into_gradient"],
    "momentum_starts_at_gradient": Text(
        "The momentum starts at the first gradient. Lion's starts at zero.",
        "你让动量从第一个梯度开始。Lion 的动量从零开始。",
    ),
    "momentum_sums": Text(
        "The momentum is a sum: the gradient enters it whole, so that in the mix the past drowns the newest gradient. It is an "
        "average: beta2 * m + (1 - beta2) * gradient.",
        "动量成了累加：梯度整个加了进去，混合时旧动量会淹没最新的梯度。它应是滑动平均：beta2 * m + (1 - beta2) * 梯度。",
    ),
    "mixed_in_place": Text(
        "The direction is mixed inside the momentum's own buffer, so that beta2 then averages the mix. Mix into a new tensor.",
        "方向是直接在动量的缓冲区里就地混合的，随后 beta2 平均的便是混合结果。应混合到一个新的张量里。",
    ),
}
WRONG: list[tuple[str, Update]] = [
    ("no_sign", lion_like("unsigned")),
    ("sign_of_gradient", lion_like("gradient")),
    ("sign_of_stored_momentum", lion_like("stored")),
    ("sign_of_old_momentum", lion_like("before")),
    ("momentum_updated_before_use", lion_like("late")),
    ("one_average", mix_kept),
    ("betas_swapped", betas_swapped),
    ("betas_ignored", lion_like(betas=(0.9, 0.99))),
    ("momentum_stores_sign", momentum_of_signs),
    ("bias_correction_added", lion_like("corrected")),
    ("sign_of_zero", lion_like("down_at_zero")),
    ("decay_through_sign", lion_like(decay="l2")),
    ("decay_inside_sign", lion_like(decay="in_sign")),
    ("writes_into_gradient", writes_into_gradient),
    ("momentum_starts_at_gradient", started_at_gradient),
    ("momentum_sums", sum_kept),
    ("mixed_in_place", mixed_in_place),
    ("sign_of_zero", lion_like("up_at_zero")),
]


def mistakes(arguments: Arguments) -> tuple[Mistake, ...]:
    """All of them; `arguments` are the defaults of the drill's signature."""
    return tuple(Mistake(name, made(update, arguments), TOLD[name]) for name, update in WRONG)
