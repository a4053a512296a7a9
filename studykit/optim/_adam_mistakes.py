"""The mistakes that Adam and AdamW have in common; they differ only in where the decay goes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from studykit.drill import Mistake
from studykit.language import Text

from ._mistakes import Arguments, Update, made

Decay = Callable[[Tensor, Tensor, dict[str, Any]], Tensor]
# (m, v, t, (beta1, beta2), eps) -> what lr multiplies
Quotient = Callable[[Tensor, Tensor, int, tuple[float, float], float], Tensor]


def adam_like(decay: Decay, quotient: Quotient | None = None, **fixed: Any) -> Update:
    """An update of one parameter.

    Args:
        decay: Takes parameter, gradient and group; gives the gradient that the moments see, and may change the parameter.
        quotient: How the moments make a step; by default the right way.
        fixed: Settings that are taken instead of the group's.
    """

    def update(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        group = {**group, **fixed}
        grad = decay(param, grad, group)
        betas = group["betas"]
        state["t"] = state.get("t", 0) + 1
        m = state.setdefault("m", torch.zeros_like(param)).lerp_(grad, 1 - betas[0])
        v = state.setdefault("v", torch.zeros_like(param)).lerp_(grad * grad, 1 - betas[1])
        param.sub_(group["lr"] * (quotient or right)(m, v, state["t"], betas, group["eps"]))

    return update


def right(m: Tensor, v: Tensor, t: int, betas: tuple[float, float], eps: float) -> Tensor:
    """The quotient of the paper's Algorithm 1."""
    return (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)


def shared_mistakes(decay: Decay, arguments: Arguments) -> tuple[Mistake, ...]:
    """The wrong ways to build or count the moments.

    Args:
        decay: The right one of the drill.
        arguments: The defaults of the drill's signature.
    """

    def as_is(param: Tensor, grad: Tensor, group: dict[str, Any]) -> Tensor:
        return grad

    def started(quotient: Quotient) -> Update:
        def update(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
            seen = decay(param, grad, group)
            state.setdefault("m", seen.clone())
            state.setdefault("v", seen * seen)
            adam_like(as_is, quotient)(param, seen, state, group)

        return update

    def memoryless(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        seen = decay(param, grad, group)
        state["m"] = seen.clone()
        adam_like(as_is, quotients["first_moment_uncorrected"])(param, seen, state, group)

    def stored(m: Tensor, v: Tensor, t: int, betas: tuple[float, float], eps: float) -> Tensor:
        return m.div_(1 - betas[0] ** t) / (v.div_(1 - betas[1] ** t).sqrt() + eps)

    quotients: dict[str, Quotient] = {
        "no_bias_correction": lambda m, v, t, betas, eps: m / (v.sqrt() + eps),
        "second_moment_uncorrected": lambda m, v, t, betas, eps: m / (1 - betas[0] ** t) / (v.sqrt() + eps),
        "first_moment_uncorrected": lambda m, v, t, betas, eps: m / ((v / (1 - betas[1] ** t)).sqrt() + eps),
        "eps_inside_sqrt": lambda m, v, t, betas, eps: m / (1 - betas[0] ** t) / (v / (1 - betas[1] ** t) + eps).sqrt(),
        "eps_before_correction": lambda m, v, t, betas, eps: (
            m / (1 - betas[0] ** t) * (1 - betas[1] ** t) ** 0.5 / (v.sqrt() + eps)
        ),
        "no_square_root": lambda m, v, t, betas, eps: m / (1 - betas[0] ** t) / (v / (1 - betas[1] ** t) + eps),
        "step_counted_from_zero": lambda m, v, t, betas, eps: right(m, v, t - 1, betas, eps),
        "correction_stored": stored,
        "first_moment_sums": lambda m, v, t, betas, eps: right(m / (1 - betas[0]), v, t, betas, eps),
    }

    def swapped(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        adam_like(decay)(param, grad, state, {**group, "betas": group["betas"][::-1]})

    class OneCount(made(adam_like(decay), arguments)):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            self.count = getattr(self, "count", -1) + 1
            for group in self.param_groups:
                for param in group["params"]:
                    self.state[param]["t"] = self.count
            return super().step(closure)

    def counted(optimizer: Any, param: Tensor, n: int) -> dict[str, Any]:
        optimizer.count = getattr(optimizer, "count", -1) + 1
        optimizer.state[param]["t"] = optimizer.count
        state: dict[str, Any] = optimizer.state[param]
        return state

    wrong = [
        *((name, made(adam_like(decay, quotient), arguments)) for name, quotient in quotients.items()),
        ("moments_start_at_gradient", made(started(right), arguments)),
        ("moments_start_at_gradient", made(started(quotients["no_bias_correction"]), arguments)),
        ("no_first_moment", made(memoryless, arguments)),
        ("betas_swapped", made(swapped, arguments)),
        ("betas_ignored", made(adam_like(decay, betas=(0.9, 0.999)), arguments)),
        ("eps_ignored", made(adam_like(decay, eps=1e-8), arguments)),
        ("step_count_shared", OneCount),
        ("step_counted_per_parameter", made(adam_like(decay), arguments, counted)),
    ]
    return tuple(Mistake(name, candidate, TOLD[name]) for name, candidate in wrong)


TOLD = {
    "no_bias_correction": Text(
        "There is no bias correction. m and v start at zero and are too small at first: divide m by 1 - beta1^t and v by "
        "1 - beta2^t, with t counted from 1.",
        "缺少偏差修正。m 和 v 从零开始，前期偏小：m 应除以 1 - beta1^t，v 应除以 1 - beta2^t，t 从 1 开始计数。",
    ),
    "second_moment_uncorrected": Text(
        "Only m is corrected for starting at zero. v starts at zero as well, and with beta2 = 0.999 it needs the correction "
        "far longer: without it the first steps are many times too long.",
        "只修正了 m。v 同样从零开始，而且 beta2 = 0.999 时需要修正的时间长得多；不修正的话，最初几步会大出许多倍。",
    ),
    "first_moment_uncorrected": Text(
        "Only v is corrected for starting at zero. m starts at zero as well, so the first steps come out too short.",
        "只修正了 v。m 同样从零开始，因此最初几步会偏小。",
    ),
    "eps_inside_sqrt": Text(
        "eps stands under the root. It is added to the root, sqrt(v_hat) + eps: inside, 1e-8 acts like 1e-4 outside and "
        "damps small gradients.",
        "eps 放进了根号里。它应加在开方之后：sqrt(v_hat) + eps。放在根号里，1e-8 相当于外面的 1e-4，会压低小梯度的更新。",
    ),
    "eps_before_correction": Text(
        "eps is added before v is corrected, so that it counts more in the first steps. The convention asked for is "
        "Algorithm 1's and torch's: correct first, then the root, then eps. (The paper's reordered form calls yours epsilon hat.)",
        "eps 加在了 v 的偏差修正之前，于是前几步里它的作用被放大。本题采用论文 Algorithm 1 与 torch 的约定：先修正，再开方，最后加 eps。"
        "（论文中改写后的等价形式把你的写法记作 epsilon hat。）",
    ),
    "no_square_root": Text(
        "The step is divided by v itself. v is a mean of squares: its root has the gradient's unit, so that the step doesn't "
        "depend on the gradient's scale.",
        "你直接除以了 v。v 是梯度平方的平均，开方后才与梯度同量纲，更新幅度才不受梯度尺度影响。",
    ),
    "step_counted_from_zero": Text(
        "The correction uses t = 0 at the first step, which divides by zero: count the step before you use it.",
        "第一步的偏差修正用了 t = 0，相当于除以零：应先把步数加一再使用。",
    ),
    "correction_stored": Text(
        "The corrected averages are written back into the state, so that they are corrected again at the next step. Keep m "
        "and v raw and correct copies of them.",
        "修正后的值被写回了状态，下一步又会再修正一次。状态里应保留未修正的 m 和 v，修正只作用于临时结果。",
    ),
    "first_moment_sums": Text(
        "The first average is a sum: the gradient enters it whole. In Adam it enters with weight 1 - beta1.",
        "一阶平均成了累加：梯度是整个加进去的。在 Adam 里它的权重是 1 - beta1。",
    ),
    "moments_start_at_gradient": Text(
        "m and v start at the first gradient and its square. In Adam both start at zero, and the bias correction makes up for it.",
        "你让 m 和 v 从第一个梯度及其平方开始。Adam 里两者都从零开始，由偏差修正来弥补。",
    ),
    "no_first_moment": Text(
        "The step goes along the gradient itself: that is RMSProp. Adam averages the gradient too, with beta1.",
        "你直接沿当前梯度更新，那是 RMSProp。Adam 还要用 beta1 对梯度求滑动平均。",
    ),
    "betas_swapped": Text(
        "The betas are the wrong way round: beta1 averages the gradient, beta2 its square.",
        "两个 beta 用反了：beta1 用于梯度的平均，beta2 用于梯度平方的平均。",
    ),
    "betas_ignored": Text(
        "The betas are fixed at 0.9 and 0.999. Read them from the group, where the caller's values are.",
        "beta 被写死为 0.9 和 0.999。应从参数组里读取，那里才是调用方给的值。",
    ),
    "eps_ignored": Text(
        "The group's eps has no effect: it is left out, or fixed at a tiny value such as 1e-8. Read it from the group.",
        "参数组里的 eps 没有起作用：漏掉了，或被写死为 1e-8 之类的极小值。应从参数组里读取。",
    ),
    "step_count_shared": Text(
        "One step count serves all parameters. A parameter that gets its first gradient late has averages that are still "
        "near zero: its count must begin then, so keep it in the parameter's own state.",
        "所有参数共用了一个步数。有的参数较晚才得到第一个梯度，它的滑动平均此时仍接近零，步数也应从那时算起，因此要存放在该参数自己的状态里。",
    ),
    "step_counted_per_parameter": Text(
        "The step count goes up once per parameter, so that the second parameter is already at t = 2 in the first step. "
        "Count in each parameter's own state.",
        "每处理一个参数步数就加一，结果第一步里第二个参数的 t 已经是 2。应在每个参数自己的状态里计数。",
    ),
}
