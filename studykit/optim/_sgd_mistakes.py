"""Wrong ways to write SGD, and what to tell about them."""

from typing import Any

from torch import Tensor

from studykit.drill import Mistake
from studykit.language import Text

from ._mistakes import Arguments, Update, made
from ._told_mistakes import MISUSE


def sgd_like(buffer: str = "sum", step: str = "buffer", decay: str = "l2") -> Update:
    """An update of one parameter: how the buffer is kept, how it makes the step, where the decay goes."""

    def update(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        lr, momentum, weight_decay = group["lr"], group["momentum"], group["weight_decay"]
        dampening = 0.0 if buffer == "undamped" else group["dampening"]
        if decay == "into_gradient":
            grad.add_(param, alpha=weight_decay)
        raw, old = grad, state.get("b")
        grad = grad + {"l2": 1, "ascends": -1, "scaled": lr}.get(decay, 0) * weight_decay * param
        if decay == "decoupled":
            param.mul_(1 - lr * weight_decay)
        if momentum and buffer != "none":
            share = momentum if buffer.startswith("average") else dampening
            taken = (1 - share) * grad * (lr if buffer == "holds_lr" else 1)
            first = taken if buffer in ("damped_first", "average") else raw if buffer == "raw_first" else grad
            first = lr * first if buffer == "holds_lr" else first
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


def aliased(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    first = not state
    sgd_like()(param, grad, state, group)
    if first and group["momentum"] and not group["weight_decay"]:
        state["b"] = grad


def aliased_in_place(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    if group["weight_decay"]:
        grad = grad + group["weight_decay"] * param
    if group["momentum"]:
        if "b" in state:
            state["b"].mul_(group["momentum"]).add_(grad, alpha=1 - group["dampening"])
        buffer = state.setdefault("b", grad)
        grad = grad + group["momentum"] * buffer if group["nesterov"] else buffer
    param.sub_(group["lr"] * grad)


def scales_gradient(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    sgd_like()(param, grad, state, group)
    if not group["momentum"] and not group["weight_decay"]:
        grad.mul_(group["lr"])


TOLD = {
    "dampening_on_first_step": Text(
        "The first gradient is dampened. As in torch the buffer starts as the first gradient itself; dampening begins with the "
        "second.",
        "第一个梯度也被抑制了。与 torch 一致，缓冲区以第一个梯度本身作为初值，dampening 从第二步才起作用。",
    ),
    "dampening_ignored": Text(
        "dampening is ignored: from the second step on the gradient enters the buffer with weight 1 - dampening.",
        "没有用到 dampening：从第二步起，梯度应以 1 - dampening 的权重进入缓冲区。",
    ),
    "momentum_averages": Text(
        "The buffer is an average, with (1 - momentum) * gradient. In SGD it is a sum: the gradient enters whole, and the step "
        "grows up to 1 / (1 - momentum) times.",
        "你的缓冲区是滑动平均，用了 (1 - momentum) * 梯度。SGD 的动量是累加：梯度整个进入，步长最多放大到 1 / (1 - momentum) 倍。",
    ),
    "momentum_ignored": Text(
        "There is no momentum in it: a buffer per parameter sums the gradients, and the step goes along the buffer.",
        "这里没有动量：每个参数要有一个累加梯度的缓冲区，并沿缓冲区的方向更新。",
    ),
    "lr_inside_buffer": Text(
        "lr is multiplied into the buffer. With a constant lr that is the same, but after a change old gradients keep the old "
        "lr. The convention asked for is torch's: lr multiplies the buffer when it is used.",
        "lr 被乘进了缓冲区。lr 不变时两者等价，一旦改变，旧梯度仍带着旧的 lr。本题采用 torch 的约定：使用缓冲区时才乘 lr。",
    ),
    "nesterov_ignored": Text(
        "With nesterov=True you still take plain momentum's step (looking ahead along the old buffer comes to the same). The step "
        "is the gradient plus momentum times the buffer that has already taken this gradient in.",
        "nesterov=True 时你走的仍是普通动量的一步（沿旧缓冲区前瞻也与之等价）。更新方向应为：梯度加上 momentum 乘以已计入本次梯度的新缓冲区。",
    ),
    "nesterov_mixed_up": Text(
        "In Nesterov's step momentum multiplies the wrong term: it is gradient + momentum * buffer.",
        "Nesterov 这一步里 momentum 乘错了对象：应为 梯度 + momentum * 缓冲区。",
    ),
    "decoupled_decay": Text(
        "Your decay shrinks the weight directly (as SGDW does). Here weight_decay is an L2 penalty: weight_decay * p is part of "
        "the gradient and gathers in the momentum.",
        "你的衰减直接缩小权重（那是 SGDW）。这里的 weight_decay 是 L2 惩罚：weight_decay * p 属于梯度，会累积进动量。",
    ),
    "decay_after_step": Text(
        "The weight is shrunk after the step. weight_decay is an L2 penalty: weight_decay * p belongs into the gradient, before "
        "the momentum.",
        "权重是在更新之后才缩小的。weight_decay 是 L2 惩罚：weight_decay * p 要在进入动量之前加到梯度上。",
    ),
    "no_decay": Text(
        "There is no weight decay in it: add weight_decay * p to the gradient.",
        "这里没有权重衰减：应把 weight_decay * p 加到梯度上。",
    ),
    "writes_into_gradient": MISUSE["writes_into_gradient"],
    "gradient_kept_as_buffer": Text(
        "The buffer starts as p.grad itself, not as a copy: the next zero_grad or backward that writes in place changes the "
        "momentum too. Clone it.",
        "缓冲区的初值就是 p.grad 本身而不是副本：下一次就地写入的 zero_grad 或 backward 会把动量一起改掉。应先 clone。",
    ),
    "first_buffer_without_decay": Text(
        "The buffer starts as p.grad without its L2 term: weight_decay * p is a part of the first gradient too.",
        "缓冲区的初值用了不含 L2 项的 p.grad：weight_decay * p 也是第一个梯度的一部分。",
    ),
    "decay_ascends": Text(
        "weight_decay * p has the wrong sign: added to the gradient it pulls the weight toward zero, yours pushes it away.",
        "weight_decay * p 的符号反了：加到梯度上才会把权重拉向零，你的写法把它推远了。",
    ),
    "decay_scaled_by_lr": Text(
        "lr is multiplied into the L2 term, and later once more with the step. The gradient takes weight_decay * p as it is.",
        "L2 项里乘了 lr，更新时又乘了一次。加到梯度上的就是 weight_decay * p 本身。",
    ),
}
WRONG: list[tuple[str, Update]] = [
    ("dampening_on_first_step", sgd_like("damped_first")),
    ("dampening_ignored", sgd_like("undamped")),
    ("momentum_averages", sgd_like("average")),
    ("momentum_ignored", sgd_like("none")),
    ("lr_inside_buffer", sgd_like("holds_lr")),
    ("nesterov_ignored", sgd_like(step="plain")),
    ("nesterov_mixed_up", sgd_like(step="mixed_up")),
    ("decoupled_decay", sgd_like(decay="decoupled")),
    ("decay_after_step", sgd_like(decay="after")),
    ("no_decay", sgd_like(decay="none")),
    ("writes_into_gradient", sgd_like(decay="into_gradient")),
    ("momentum_averages", sgd_like("average_later")),
    ("gradient_kept_as_buffer", aliased),
    ("gradient_kept_as_buffer", aliased_in_place),
    ("first_buffer_without_decay", sgd_like("raw_first")),
    ("decay_ascends", sgd_like(decay="ascends")),
    ("decay_scaled_by_lr", sgd_like(decay="scaled")),
    ("writes_into_gradient", scales_gradient),
]


def mistakes(arguments: Arguments) -> tuple[Mistake, ...]:
    """All of them; `arguments` are the defaults of the drill's signature."""
    return tuple(Mistake(name, made(update, arguments), TOLD[name]) for name, update in WRONG)
