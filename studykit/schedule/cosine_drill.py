"""Cosine annealing from a blank: half a cosine from each group's base learning rate to the floor, at every step."""

import math
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from studykit.drill import Drill, Mistake
from studykit.language import Text

from ._mistakes import Arguments, Rate, made, misused
from ._probes import FORBIDDEN, Run, common, probe
from .cosine import CosineAnnealingLR

DEFAULTS: Arguments = {"T_max": None, "eta_min": 0}


def falling(share: Any) -> Rate:
    """The formula with another curve: `share(t / T_max)` is what is left of base - eta_min."""

    def rate(t: int, base: float, given: Arguments) -> float:
        return given["eta_min"] + (base - given["eta_min"]) * share(t / given["T_max"])

    return rate


def half_cosine(x: float) -> float:
    return (1 + math.cos(math.pi * x)) / 2


cosine = falling(half_cosine)


def no_floor(t: int, base: float, given: Arguments) -> float:
    return base * half_cosine(t / given["T_max"])


def added(t: int, base: float, given: Arguments) -> float:
    return given["eta_min"] + no_floor(t, base, given)


def cut_off(t: int, base: float, given: Arguments) -> float:
    return max(given["eta_min"], no_floor(t, base, given))


def amplitude(t: int, base: float, given: Arguments) -> float:
    return given["eta_min"] + (base - given["eta_min"]) * (1 + math.cos(math.pi * t / given["T_max"]))


def to_the_last(t: int, base: float, given: Arguments) -> float:
    return cosine(t, base, {**given, "T_max": max(given["T_max"] - 1, 0.5)})


class Recursive(LRScheduler):
    """By the factor between two steps; `stuck` leaves out the step away from eta_min, `twice` the initial one."""

    stuck = twice = False

    def __init__(self, optimizer, T_max, eta_min=0, last_epoch=-1):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        groups, t, T = self.optimizer.param_groups, self.last_epoch, self.T_max
        if t == 0 or (self._is_initial and not self.twice):
            return [group["lr"] for group in groups]
        if (t - 1 - T) % (2 * T) == 0 and not self.stuck:
            away = (1 - math.cos(math.pi / T)) / 2
            return [g["lr"] + (base - self.eta_min) * away for g, base in zip(groups, self.base_lrs, strict=True)]
        factor = (1 + math.cos(math.pi * t / T)) / (1 + math.cos(math.pi * (t - 1) / T))
        return [(group["lr"] - self.eta_min) * factor + self.eta_min for group in groups]


class Stuck(Recursive):
    stuck = True


class Twice(Recursive):
    twice = True


class Closed(LRScheduler):
    """The formula of the paper, from base_lrs."""

    def __init__(self, optimizer, T_max, eta_min=0, last_epoch=-1):
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        cos = math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + 0.5 * (base - self.eta_min) * (1 + cos) for base in self.base_lrs]


class HalfAngle(LRScheduler):
    """cos² of the half angle, in float32 tensors, and turned into numbers."""

    def __init__(self, optimizer, T_max, eta_min=0, last_epoch=-1):
        self.half = torch.pi / (2 * T_max)
        self.floor = eta_min
        LRScheduler.__init__(self, optimizer, last_epoch=last_epoch)

    def get_lr(self):
        weight = torch.cos(torch.tensor(self.last_epoch * self.half)).square().item()
        return [weight * base + (1 - weight) * self.floor for base in self.base_lrs]


class Alone:
    """Without the base class: its own count, its own step."""

    def __init__(self, optimizer, T_max, eta_min=0, last_epoch=-1):
        self.optimizer, self.T_max, self.eta_min, self.t = optimizer, T_max, eta_min, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def step(self):
        self.t += 1
        for group, base in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = self.eta_min + (base - self.eta_min) * (math.cos(math.pi * self.t / self.T_max) + 1) / 2

    def state_dict(self):
        return {"t": self.t, "base": self.base}

    def load_state_dict(self, state):
        self.t, self.base = state["t"], state["base"]


WRONG: dict[str, tuple[Any, Text]] = {
    "linear_decay": (
        made(falling(lambda x: 1 - x), DEFAULTS),
        Text(
            "This is linear decay: the same difference at every step. The cosine is flat at both ends and steepest in the middle: "
            "half of (1 + cos(pi * t / T_max)).",
            "这是线性衰减：每步降得一样多。余弦两头平、中间陡：(1 + cos(pi * t / T_max)) 的一半。",
        ),
    ),
    "exponential_decay": (
        made(falling(lambda x: math.exp(-5 * x)), DEFAULTS),
        Text("This is exponential decay; cosine annealing follows half a cosine.", "这是指数衰减；余弦退火走的是半个余弦。"),
    ),
    "full_period": (
        made(falling(lambda x: half_cosine(2 * x)), DEFAULTS),
        Text(
            "You take a whole period: the learning rate is at its lowest in the middle and back at the top at T_max. Annealing is "
            "half a period, pi * t / T_max.",
            "你走了一整个周期：中点最低，到 T_max 又回到最高。退火只取半个周期，pi * t / T_max。",
        ),
    ),
    "quarter_cosine": (
        made(falling(lambda x: math.cos(math.pi * x / 2)), DEFAULTS),
        Text(
            "You take a quarter of a period, which is steepest at the end. Annealing takes half a period, raised by 1 and halved, "
            "so that it is flat at the end too.",
            "你只取了四分之一个周期，末尾最陡。退火取半个周期，加 1 再除以 2，末尾也是平的。",
        ),
    ),
    "rises": (
        made(falling(lambda x: 1 - half_cosine(x)), DEFAULTS),
        Text(
            "It goes up: from eta_min to the base learning rate. The sign of the cosine is the wrong one.",
            "方向反了：从 eta_min 升到了基准学习率。余弦前的符号错了。",
        ),
    ),
    "not_raised": (
        made(falling(lambda x: math.cos(math.pi * x)), DEFAULTS),
        Text(
            "cos alone goes from 1 to -1, so the learning rate turns negative. Use (1 + cos) / 2, which goes from 1 to 0.",
            "单独的 cos 从 1 到 -1，学习率会变成负数。应使用 (1 + cos) / 2，从 1 到 0。",
        ),
    ),
    "factor_two": (
        made(amplitude, DEFAULTS),
        Text(
            "The half is missing: 1 + cos begins at 2, so the learning rate begins at twice its base.",
            "少了二分之一：1 + cos 从 2 开始，学习率一开始就是基准的两倍。",
        ),
    ),
    "degrees": (
        made(falling(lambda x: (1 + math.cos(180 * x)) / 2), DEFAULTS),
        Text("math.cos takes radians: half a period is pi, not 180.", "math.cos 用弧度：半个周期是 pi，不是 180。"),
    ),
    "restarts": (
        made(lambda t, base, given: cosine(t % given["T_max"], base, given), DEFAULTS),
        Text(
            "It restarts at T_max: that is SGDR. Here step T_max itself has the learning rate eta_min, and from there the cosine goes "
            "up again as it came.",
            "到 T_max 就重启了，那是 SGDR。这里第 T_max 步的学习率正好是 eta_min，之后沿余弦原路升回去。",
        ),
    ),
    "length_minus_one": (
        made(to_the_last, DEFAULTS),
        Text(
            "It arrives one step early: the angle is pi * t / T_max, not over T_max - 1. Step 0 is the start, step T_max the end.",
            "早到了一步：角度是 pi * t / T_max，分母不是 T_max - 1。第 0 步是起点，第 T_max 步是终点。",
        ),
    ),
    "length_plus_one": (
        made(lambda t, base, given: cosine(t, base, {**given, "T_max": given["T_max"] + 1}), DEFAULTS),
        Text(
            "It does not arrive at T_max: the angle is pi * t / T_max, not over T_max + 1.",
            "到 T_max 还没降到底：角度是 pi * t / T_max，分母不是 T_max + 1。",
        ),
    ),
    "no_floor": (
        made(no_floor, DEFAULTS),
        Text("eta_min is ignored: the learning rate goes down to 0.", "没有用到 eta_min：学习率一直降到了 0。"),
    ),
    "floor_added": (
        made(added, DEFAULTS),
        Text(
            "eta_min is added on top of the whole curve, so it begins at base + eta_min. Only base - eta_min is scaled: "
            "eta_min + (base - eta_min) * (1 + cos) / 2.",
            "eta_min 直接加在整条曲线上，起点成了 base + eta_min。被缩放的应是 base - eta_min：eta_min + (base - eta_min) * (1 + cos) / 2。",
        ),
    ),
    "floor_cuts": (
        made(cut_off, DEFAULTS),
        Text(
            "The curve is cut off at eta_min, by max. It should be scaled to end there: eta_min + (base - eta_min) * (1 + cos) / 2.",
            "你用 max 在 eta_min 处截断了曲线。应把曲线缩放到恰好停在那里：eta_min + (base - eta_min) * (1 + cos) / 2。",
        ),
    ),
    "held_past_T_max": (
        made(lambda t, base, given: cosine(min(t, given["T_max"]), base, given), DEFAULTS),
        Text(
            "Past T_max yours stays at eta_min. torch's, the convention asked for, follows the cosine, which goes up again. (In a "
            "run of T_max steps there is no difference.)",
            "过了 T_max，你的学习率停在 eta_min。本题按 torch 的约定：继续走余弦，会再升上去。（只跑 T_max 步的话没有区别。）",
        ),
    ),
    "stuck_at_floor": (
        Stuck,
        Text(
            "At T_max the factor's denominator is 0: eta_min times any factor stays eta_min. The step after it needs the closed form, "
            "or (base - eta_min) * (1 - cos(pi / T_max)) / 2 added.",
            "到 T_max 时分母是 0：从 eta_min 出发，乘什么系数都离不开它。下一步要用闭式公式，或者加上 (base - eta_min) * (1 - cos(pi / T_max)) / 2。",
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

drill = Drill(
    reference=CosineAnnealingLR,
    probes=(
        probe("short", Run(4, (4,)), Text("T_max=4, steps 0 to 4", "T_max=4，第 0 到 4 步")),
        probe("floor", Run(7, (7,), {"eta_min": 0.05}), Text("T_max=7, eta_min=0.05, steps 0 to 7", "T_max=7，eta_min=0.05，第 0 到 7 步")),
        probe("whole", Run(60, (60, 0.01)), Text("T_max=60, eta_min=0.01, every step", "T_max=60，eta_min=0.01，每一步")),
        *common(Run(9, (9,), {"eta_min": 0.03}, groups=3), 4),
        probe("past", Run(17, (5, 0.05)), Text("T_max=5, eta_min=0.05, 17 steps: past T_max", "T_max=5，eta_min=0.05，走 17 步：越过 T_max")),
        probe("one", Run(3, (1,)), Text("T_max=1, three steps", "T_max=1，走三步")),
    ),
    mistakes=(
        *(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
        *misused(cosine, DEFAULTS),
    ),
    variants={"closed": Closed, "recursive": Recursive, "half_angle": HalfAngle, "alone": Alone},
    forbidden=FORBIDDEN,
    methods=("get_lr",),
    prompt=Text(
        "Write cosine annealing without restarts as a scheduler: closed form or step by step, both are right. The learning rate is the "
        "group's own at step 0, eta_min at step T_max, and follows the cosine up again after that. Store the arguments before you call "
        "the base class's constructor: it calls get_lr.",
        "把不带重启的余弦退火写成调度器：闭式或逐步递推都可以。第 0 步是各组自己的学习率，第 T_max 步是 eta_min，之后沿余弦再升上去。"
        "先保存参数，再调用基类的构造函数：它会调用 get_lr。",
    ),
    hints=(
        Text(
            "self.last_epoch is the step, self.base_lrs has one base learning rate for each group.",
            "self.last_epoch 是当前步数，self.base_lrs 里每组一个基准学习率。",
        ),
        Text("What does (1 + cos(pi * x)) / 2 give for x = 0, 1/2 and 1?", "x = 0、1/2、1 时，(1 + cos(pi * x)) / 2 各是多少？"),
        Text(
            "eta_min + (base - eta_min) * (1 + cos(pi * last_epoch / T_max)) / 2, for each base.",
            "对每个 base：eta_min + (base - eta_min) * (1 + cos(pi * last_epoch / T_max)) / 2。",
        ),
    ),
)
