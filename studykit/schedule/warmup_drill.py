"""LinearLR from a blank: a factor that goes in a line from its start to its end, and stays."""

from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from studykit.drill import Drill, Mistake
from studykit.language import Text

from ._mistakes import Arguments, Rate, made, misused
from ._probes import FORBIDDEN, Run, common, probe
from .warmup import LinearLR

NAMES: Arguments = dict.fromkeys(("start_factor", "end_factor", "total_iters"))


def scaled(done: Any) -> Rate:
    """The formula with another progress: `done(t, total)` is 0 at the start factor and 1 at the end factor."""

    def rate(t: int, base: float, given: Arguments) -> float:
        start, end = given["start_factor"], given["end_factor"]
        return base * (start + (end - start) * done(t, given["total_iters"]))

    return rate


def progress(t: int, total: int) -> float:
    return min(t, total) / total


linear = scaled(progress)


def from_zero(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, {**given, "start_factor": 0.0})


def to_the_base(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, {**given, "end_factor": 1.0})


def drops_back(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, given) if t <= given["total_iters"] else base


def jumps(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, given) if t < given["total_iters"] else base


def absolute(t: int, base: float, given: Arguments) -> float:
    start, end = given["start_factor"], given["end_factor"] * base
    return start + (end - start) * progress(t, given["total_iters"])


def geometric(t: int, base: float, given: Arguments) -> float:
    start, end = given["start_factor"], given["end_factor"]
    return base * start * (end / start) ** progress(t, given["total_iters"])


def swapped(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, {**given, "start_factor": given["end_factor"], "end_factor": given["start_factor"]})


def without_start(t: int, base: float, given: Arguments) -> float:
    return linear(t, base, given) / given["start_factor"]


def waits(t: int, base: float, given: Arguments) -> float:
    return base * (given["start_factor"] if t < given["total_iters"] else given["end_factor"])


class Recursive(LRScheduler):
    """By the factor between two steps; `twice` takes the initial step on resuming too."""

    twice = False

    def __init__(self, optimizer, start_factor, end_factor, total_iters, last_epoch=-1):
        self.start, self.end, self.total = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, t):
        return self.start + (self.end - self.start) * t / self.total

    def get_lr(self):
        t, rates = self.last_epoch, [group["lr"] for group in self.optimizer.param_groups]
        if t == 0:
            return [rate * self.start for rate in rates]
        if (self._is_initial and not self.twice) or t > self.total:
            return rates
        return [rate * self.factor(t) / self.factor(t - 1) for rate in rates]


class Twice(Recursive):
    twice = True


class Closed(LRScheduler):
    """The formula, from base_lrs."""

    def __init__(self, optimizer, start_factor, end_factor, total_iters, last_epoch=-1):
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        done = min(1.0, self.last_epoch / self.total_iters)
        factor = self.start_factor * (1 - done) + self.end_factor * done
        return [base * factor for base in self.base_lrs]


class Table(LRScheduler):
    """All factors at once, by torch.linspace."""

    def __init__(self, optimizer, start_factor, end_factor, total_iters, last_epoch=-1):
        self.factors = torch.linspace(start_factor, end_factor, total_iters + 1).tolist()
        LRScheduler.__init__(self, optimizer, last_epoch=last_epoch)

    def get_lr(self):
        factor = self.factors[min(self.last_epoch, len(self.factors) - 1)]
        return [factor * group["initial_lr"] for group in self.optimizer.param_groups]


class Alone:
    """Without the base class: its own count, its own step."""

    def __init__(self, optimizer, start_factor, end_factor, total_iters, last_epoch=-1):
        self.optimizer, self.ends, self.total, self.t = optimizer, (start_factor, end_factor), total_iters, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.step()

    def step(self):
        self.t += 1
        start, end = self.ends
        left = max(0, self.total - self.t) / self.total
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * (end - (end - start) * left)

    def state_dict(self):
        return {"t": self.t}

    def load_state_dict(self, state):
        self.t = state["t"]


WRONG: dict[str, tuple[Any, Text]] = {
    "starts_at_zero": (
        made(from_zero, NAMES),
        Text(
            "The line begins at 0. Here it begins at start_factor times the base learning rate.",
            "你的直线从 0 开始。这里应从 start_factor 乘以基准学习率开始。",
        ),
    ),
    "never_stops": (
        made(scaled(lambda t, total: t / total), NAMES),
        Text(
            "It goes on past total_iters: from there the factor stays at end_factor. Take min(t, total_iters).",
            "过了 total_iters 还在继续走：从那里起系数应停在 end_factor。取 min(t, total_iters)。",
        ),
    ),
    "end_factor_ignored": (
        made(to_the_base, NAMES),
        Text("end_factor is ignored: the line ends at the base learning rate itself.", "没有用到 end_factor：直线走到了基准学习率本身。"),
    ),
    "jumps_to_base": (
        made(drops_back, NAMES),
        Text(
            "After total_iters it jumps to the base learning rate. It stays where the line ended: at end_factor times the base.",
            "total_iters 之后跳到了基准学习率。应停在直线的终点：end_factor 乘以基准。",
        ),
    ),
    "factor_as_rate": (
        made(absolute, NAMES),
        Text(
            "start_factor is taken for a learning rate. It is a factor on each group's base learning rate.",
            "你把 start_factor 当成了学习率。它是乘在各组基准学习率上的系数。",
        ),
    ),
    "geometric": (
        made(geometric, NAMES),
        Text(
            "It grows by the same factor at every step: that is exponential. A line grows by the same difference.",
            "每步乘同一个系数，那是指数增长。直线每步增加的量相同。",
        ),
    ),
    "ends_swapped": (
        made(swapped, NAMES),
        Text("start_factor and end_factor are the wrong way round.", "start_factor 和 end_factor 用反了。"),
    ),
    "start_not_applied": (
        made(without_start, NAMES),
        Text(
            "Step 0 has the base learning rate, so every later step is too high by 1 / start_factor. The factor has to be applied at "
            "step 0 already.",
            "第 0 步用的是基准学习率，后面每一步就都大了 1 / start_factor 倍。第 0 步就要乘上系数。",
        ),
    ),
    "constant_then_jump": (
        made(waits, NAMES),
        Text(
            "It stays at start_factor and then jumps: that is ConstantLR. Here every step moves along the line.",
            "学习率一直停在 start_factor，然后一下跳上去，那是 ConstantLR。这里每一步都要沿直线走。",
        ),
    ),
    "arrives_early": (
        made(scaled(lambda t, total: min(t, total - 1) / max(total - 1, 1)), NAMES),
        Text(
            "It arrives one step early: the line goes from step 0 to step total_iters, so the share done is t / total_iters.",
            "早到了一步：直线从第 0 步走到第 total_iters 步，进度是 t / total_iters。",
        ),
    ),
    "arrives_late": (
        made(scaled(lambda t, total: min(t, total + 1) / (total + 1)), NAMES),
        Text(
            "It arrives one step late: at step total_iters the factor is end_factor, so the share done is t / total_iters.",
            "晚到了一步：第 total_iters 步时系数就该是 end_factor，进度是 t / total_iters。",
        ),
    ),
    "resume_steps_twice": (
        Twice,
        Text(
            "On resuming, the learning rate is moved on once too often. The constructor takes a step of its own, and the group's lr is "
            "already that of this step: return it as it is then, or use the closed form.",
            "恢复训练时学习率多走了一步。构造函数自己会先 step 一次，而组里的 lr 已经是这一步的值：此时应原样返回，或改用闭式公式。",
        ),
    ),
}

ALL = (0.2, 0.7, 6)
drill = Drill(
    reference=LinearLR,
    probes=(
        probe("warm", Run(4, (0.2, 1.0, 4)), Text("start_factor=0.2, total_iters=4, steps 0 to 4", "start_factor=0.2，total_iters=4，第 0 到 4 步")),
        probe("end", Run(6, ALL), Text("start_factor=0.2, end_factor=0.7, total_iters=6", "start_factor=0.2，end_factor=0.7，total_iters=6")),
        probe("past", Run(11, ALL), Text("the same, and five steps past total_iters", "同上，再越过 total_iters 走五步")),
        probe("falls", Run(8, (0.9, 0.1, 5)), Text("from 0.9 down to 0.1", "从 0.9 降到 0.1")),
        *common(Run(9, ALL, groups=3), 4),
        probe("one", Run(3, (0.5, 1.0, 1)), Text("total_iters=1", "total_iters=1")),
    ),
    mistakes=(
        *(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
        Mistake("jumps_to_base", made(jumps, NAMES), WRONG["jumps_to_base"][1]),
        *misused(linear, NAMES),
    ),
    variants={"closed": Closed, "recursive": Recursive, "table": Table, "alone": Alone},
    forbidden=FORBIDDEN,
    methods=("get_lr",),
    prompt=Text(
        "Write linear warm-up as a scheduler: closed form or step by step, both are right. At step 0 each group's learning rate is "
        "start_factor times its base, at step total_iters and ever after end_factor times its base. Store the arguments before you call "
        "the base class's constructor: it calls get_lr.",
        "把线性 warmup 写成调度器：闭式或逐步递推都可以。第 0 步是各组基准乘以 start_factor，第 total_iters 步起一直是基准乘以 end_factor。"
        "先保存参数，再调用基类的构造函数：它会调用 get_lr。",
    ),
    hints=(
        Text(
            "self.last_epoch is the step, self.base_lrs has one base learning rate for each group.",
            "self.last_epoch 是当前步数，self.base_lrs 里每组一个基准学习率。",
        ),
        Text("Which share of the line is done at step t, and what is it past the end?", "第 t 步走完了直线的多少？过了终点又是多少？"),
        Text(
            "base * (start_factor + (end_factor - start_factor) * min(last_epoch, total_iters) / total_iters), for each base.",
            "对每个 base：base * (start_factor + (end_factor - start_factor) * min(last_epoch, total_iters) / total_iters)。",
        ),
    ),
)
