"""The wrong schedulers that the drill of warm restarts knows by name."""

import math
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from studykit.drill import Mistake
from studykit.language import Text

from ._mistakes import TOLD, Arguments, Rate, made, misused
from .sgdr import cycle_at

DEFAULTS: Arguments = {"T_0": None, "T_mult": 1, "eta_min": 0}


def cosine_share(t: float, length: float) -> float:
    return (1 + math.cos(math.pi * t / length)) / 2


def curve(place: Any = cycle_at, share: Any = cosine_share) -> Rate:
    """The formula with another way to find the cycle, or another curve in it."""

    def rate(t: int, base: float, given: Arguments) -> float:
        since, length = place(t, given["T_0"], given["T_mult"])
        return given["eta_min"] + (base - given["eta_min"]) * share(since, length)

    return rate


restarts = curve()


def equal_cycles(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    return t % T_0, T_0


def never_restarts(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    return t, T_0


def one_cycle(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    return min(t, T_0), T_0


def walked(after: Any, whole: int = 0) -> Any:
    """Cycle by cycle: `after` gives the next cycle's length, and a cycle holds `whole` steps beyond its length."""

    def place(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
        length, number = T_0, 1
        while t >= length + whole:
            t, length, number = t - length - whole, after(length, number, T_0, T_mult), number + 1
        return t, length

    return place


def longer(length: int, number: int, T_0: int, T_mult: int) -> int:
    return length * T_mult


def added(length: int, number: int, T_0: int, T_mult: int) -> int:
    return length + T_mult


def linear_growth(length: int, number: int, T_0: int, T_mult: int) -> int:
    return T_0 * (T_mult * number if T_mult > 1 else 1)


def restarts_by_length(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    """A restart wherever the step is a multiple of the current length; no sum of the lengths before."""
    length = T_0
    while T_mult > 1 and t >= length * T_mult:
        length *= T_mult
    return t % length, length


def old_length(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    since, _ = cycle_at(t, T_0, T_mult)
    return since, T_0


def to_the_last(t: float, T_0: int, T_mult: int) -> tuple[float, float]:
    since, length = cycle_at(t, T_0, T_mult)
    return since, max(length - 1, 0.5)


def no_floor(t: int, base: float, given: Arguments) -> float:
    return base * cosine_share(*cycle_at(t, given["T_0"], given["T_mult"]))


def floor_added(t: int, base: float, given: Arguments) -> float:
    return given["eta_min"] + no_floor(t, base, given)


def floor_cuts(t: int, base: float, given: Arguments) -> float:
    return max(given["eta_min"], no_floor(t, base, given))


def lower_peaks(t: int, base: float, given: Arguments) -> float:
    restarted = sum(cycle_at(each, given["T_0"], given["T_mult"])[0] == 0 for each in range(1, t + 1))
    return given["eta_min"] + (restarts(t, base, given) - given["eta_min"]) / 2**restarted


class ByStep(LRScheduler):
    """Counts T_cur and T_i in step, as torch's does; `grows` is how a cycle's length follows from the one before."""

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0, last_epoch=-1):
        self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_mult, eta_min, last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [
            self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
            for base in self.base_lrs
        ]

    def step(self, epoch=None):
        self.T_cur += 1
        if self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        super().step()


class Beyond(ByStep):
    def step(self, epoch=None):
        self.T_cur += 1
        if self.T_cur > self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        LRScheduler.step(self)


class CountNotResumed(ByStep):
    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0, last_epoch=-1):
        self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_mult, eta_min, -1
        LRScheduler.__init__(self, optimizer, last_epoch)


WRONG: dict[str, tuple[Any, Text]] = {
    "mirror": (
        made(curve(never_restarts), DEFAULTS),
        Text(
            "There is no restart: past T_0 yours climbs back along the cosine as it came. A warm restart jumps from the floor to "
            "the base learning rate in one step.",
            "没有重启：过了 T_0，学习率沿余弦原路爬回去。热重启是从下限一步跳回基准学习率。",
        ),
    ),
    "one_cycle": (
        made(curve(one_cycle), DEFAULTS),
        Text(
            "There is no restart: past T_0 yours stays at eta_min. Step T_0 has the base learning rate again.",
            "没有重启：过了 T_0，学习率停在 eta_min。第 T_0 步应当回到基准学习率。",
        ),
    ),
    "T_mult_ignored": (
        made(curve(equal_cycles), DEFAULTS),
        Text(
            "T_mult is not used: all cycles are T_0 long. Each is T_mult times as long as the one before.",
            "没有用到 T_mult：所有周期都是 T_0 那么长。每个周期应是前一个的 T_mult 倍。",
        ),
    ),
    "T_mult_added": (
        made(curve(walked(added)), DEFAULTS),
        Text(
            "The cycle grows by T_mult steps. It is a factor: T_i = T_0, T_0 * T_mult, T_0 * T_mult**2, ...",
            "周期每次只加了 T_mult 步。它是倍数：T_i = T_0、T_0 * T_mult、T_0 * T_mult**2……",
        ),
    ),
    "T_mult_times_number": (
        made(curve(walked(linear_growth)), DEFAULTS),
        Text(
            "The lengths grow in a line, T_0 * T_mult * n from the second cycle on: each has to be T_mult times the one before.",
            "周期长度按 T_0 * T_mult * n 线性增长（从第二个周期起）：每个周期应是前一个的 T_mult 倍。",
        ),
    ),
    "lengths_not_summed": (
        made(curve(restarts_by_length), DEFAULTS),
        Text(
            "A restart is not where the step is a multiple of the current length, but where the lengths of all cycles so far add up "
            "to it: T_0, then T_0 * (1 + T_mult), ...",
            "重启点不是“步数是当前周期长度的整数倍”，而是之前各周期长度之和：T_0，然后 T_0 * (1 + T_mult)……",
        ),
    ),
    "length_of_the_first": (
        made(curve(old_length), DEFAULTS),
        Text(
            "The restarts are in the right places, but the cosine is divided by T_0 in every cycle. It has to be the length of the "
            "current cycle, T_i.",
            "重启的位置对了，但每个周期里余弦的分母都是 T_0。应除以当前周期的长度 T_i。",
        ),
    ),
    "one_step_at_the_floor": (
        made(curve(walked(longer, whole=1)), DEFAULTS),
        Text(
            "The restart comes one step late: your cycle takes eta_min itself first. Step T_i is already step 0 of the next cycle: "
            "compare with >=.",
            "重启晚了一步：你的周期先取到了 eta_min 本身。第 T_i 步已经是下一个周期的第 0 步，比较要用 >=。",
        ),
    ),
    "length_minus_one": (
        made(curve(to_the_last), DEFAULTS),
        Text(
            "The cosine is divided by T_i - 1, so that the last step of a cycle is at eta_min. It is pi * T_cur / T_i, and eta_min "
            "is never quite reached.",
            "余弦的分母成了 T_i - 1，周期最后一步正好降到 eta_min。应是 pi * T_cur / T_i，eta_min 始终差一点才到。",
        ),
    ),
    "linear_decay": (
        made(curve(share=lambda t, length: 1 - t / length), DEFAULTS),
        Text(
            "Within a cycle yours falls in a line. It is half of (1 + cos(pi * T_cur / T_i)).",
            "周期内是直线下降。应是 (1 + cos(pi * T_cur / T_i)) 的一半。",
        ),
    ),
    "full_period": (
        made(curve(share=lambda t, length: cosine_share(2 * t, length)), DEFAULTS),
        Text(
            "A cycle holds a whole period of the cosine: down, and up again smoothly. A warm restart is half a period down, then a "
            "jump: pi * T_cur / T_i.",
            "一个周期里走完了余弦的整个周期：降下去又平滑升回来。热重启只取下降的半个周期，然后一步跳回：pi * T_cur / T_i。",
        ),
    ),
    "rises": (
        made(curve(share=lambda t, length: 1 - cosine_share(t, length)), DEFAULTS),
        Text(
            "Each cycle goes up and drops. It begins at the base learning rate and falls: the sign of the cosine is the wrong one.",
            "每个周期都是先升后跌。应从基准学习率开始往下降：余弦前的符号错了。",
        ),
    ),
    "lower_peaks": (
        made(lower_peaks, DEFAULTS),
        Text(
            "Each restart goes up to half of the peak before. All cycles begin at the base learning rate; only their lengths change.",
            "每次重启只回到上一个峰值的一半。所有周期都从基准学习率开始，变的只是长度。",
        ),
    ),
    "no_floor": (
        made(no_floor, DEFAULTS),
        Text("eta_min is ignored: every cycle goes down towards 0.", "没有用到 eta_min：每个周期都往 0 降。"),
    ),
    "floor_added": (
        made(floor_added, DEFAULTS),
        Text(
            "eta_min is added on top of the whole curve, so each cycle begins at base + eta_min. Only base - eta_min is scaled.",
            "eta_min 直接加在整条曲线上，每个周期都从 base + eta_min 开始。被缩放的应是 base - eta_min。",
        ),
    ),
    "floor_cuts": (
        made(floor_cuts, DEFAULTS),
        Text(
            "The curve is cut off at eta_min, by max. It should be scaled: eta_min + (base - eta_min) * (1 + cos) / 2.",
            "你用 max 在 eta_min 处截断了曲线。应缩放：eta_min + (base - eta_min) * (1 + cos) / 2。",
        ),
    ),
}

MISTAKES = (
    *(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    Mistake("one_step_at_the_floor", Beyond, WRONG["one_step_at_the_floor"][1]),
    *misused(restarts, DEFAULTS),
    Mistake("last_epoch_ignored", CountNotResumed, TOLD["last_epoch_ignored"]),
)
