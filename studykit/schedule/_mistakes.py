"""Plumbing to make wrong schedulers of wrong formulas, and the mistakes that any scheduler can make."""

from collections.abc import Callable, Mapping
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from studykit.drill import Mistake
from studykit.language import Text

Arguments = Mapping[str, Any]
# (step, base learning rate, arguments) to the learning rate.
Rate = Callable[[int, float, Arguments], float]


def made(rate: Rate, arguments: Arguments) -> type:
    """A scheduler class around a formula.

    Args:
        rate: The formula.
        arguments: The drill signature's after the optimizer, in their order, with their defaults.
    """

    class Made(LRScheduler):
        def __init__(self, optimizer: Any, *given: Any, last_epoch: int = -1, **named: Any) -> None:
            self.given = {**arguments, **dict(zip(arguments, given, strict=False)), **named}
            super().__init__(optimizer, last_epoch)

        def bases(self) -> list[Any]:
            return self.base_lrs

        def now(self) -> int:
            return self.last_epoch

        def get_lr(self) -> list[Any]:
            t = self.now()
            return [rate(t, base, self.given) for base in self.bases()]

    return Made


def misused(rate: Rate, arguments: Arguments) -> tuple[Mistake, ...]:
    """A right formula in wrong plumbing: the mistakes that any scheduler can make."""
    right: Any = made(rate, arguments)

    class OneGroup(right):
        def bases(self) -> list[Any]:
            return [self.base_lrs[0] for _ in self.base_lrs]

    class Compounds(right):
        def bases(self) -> list[Any]:
            return [group["lr"] for group in self.optimizer.param_groups]

    class OwnBase(right):
        def __init__(self, optimizer: Any, *given: Any, **named: Any) -> None:
            self.own = [group["lr"] for group in optimizer.param_groups]
            super().__init__(optimizer, *given, **named)

        def bases(self) -> list[Any]:
            return self.own

    class OwnCount(right):
        def now(self) -> int:
            self.count = getattr(self, "count", -1) + 1
            return self.count

    return (
        Mistake("one_group", OneGroup, TOLD["one_group"]),
        Mistake("compounds", Compounds, TOLD["compounds"]),
        Mistake("base_is_current_lr", OwnBase, TOLD["base_is_current_lr"]),
        Mistake("last_epoch_ignored", OwnCount, TOLD["last_epoch_ignored"]),
        Mistake("one_step_early", made(lambda t, base, given: rate(t + 1, base, given), arguments), TOLD["one_step_early"]),
        Mistake("one_step_late", made(lambda t, base, given: rate(max(t - 1, 0), base, given), arguments), TOLD["one_step_late"]),
    )


TOLD = {
    "one_group": Text(
        "Every group gets the schedule of the first group's learning rate. Each has its own base: self.base_lrs holds one per "
        "group.",
        "所有参数组都按第一组的学习率走。每组有自己的基准学习率：self.base_lrs 里每组一个。",
    ),
    "compounds": Text(
        'The formula is applied to the current learning rate, group["lr"], which the step before has changed already: the factors '
        "multiply up. Apply it to self.base_lrs, or take the ratio of two steps.",
        'group["lr"] 是上一步已经改过的学习率，你又把整条公式乘了上去，系数一步步累乘。应作用在 self.base_lrs 上，或者只乘相邻两步之比。',
    ),
    "base_is_current_lr": Text(
        "The base learning rate is read from group[\"lr\"] when the scheduler is made. On resuming, that is already the scheduled "
        'one; the base is in group["initial_lr"], and in self.base_lrs.',
        '基准学习率是在创建调度器时从 group["lr"] 读的。断点恢复时那里已经是调度过的值；基准在 group["initial_lr"]，也就是 self.base_lrs 里。',
    ),
    "last_epoch_ignored": Text(
        "last_epoch is not used: the scheduler counts its own calls from 0, so a resumed run begins the schedule anew. Use "
        "self.last_epoch, which the base class counts.",
        "没有用到 last_epoch：调度器自己从 0 开始数，恢复训练后日程又从头来一遍。应使用基类维护的 self.last_epoch。",
    ),
    "one_step_early": Text(
        "Your schedule is one step ahead: it starts with the value of step 1. self.last_epoch is already the step to compute, and "
        "0 at the start.",
        "你的日程快了一步：一开始就是第 1 步的值。self.last_epoch 就是当前要算的步数，起点为 0。",
    ),
    "one_step_late": Text(
        "Your schedule is one step behind: the first step changes nothing. When get_lr is called, self.last_epoch has been "
        "counted up already.",
        "你的日程慢了一步：第一次 step 没有变化。调用 get_lr 时，self.last_epoch 已经加过 1 了。",
    ),
}
