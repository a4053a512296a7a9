"""Warm restarts from a blank: half a cosine in each cycle, back to each group's base at its start, longer cycle by cycle."""

import math

import torch
from torch.optim.lr_scheduler import LRScheduler

from studykit.drill import Drill
from studykit.language import Text

from ._probes import FORBIDDEN, Run, common, probe
from ._sgdr_mistakes import MISTAKES, ByStep
from .sgdr import CosineAnnealingWarmRestarts


class Series(LRScheduler):
    """The number of the cycle from the sum of the geometric series, by comparing; no loop over steps."""

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0, last_epoch=-1):
        self.first, self.factor, self.floor = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        t, T, m = self.last_epoch, self.first, self.factor
        if m == 1:
            n, start = 0, t - t % T
        else:
            n = next(k for k in range(64) if T * (m ** (k + 1) - 1) // (m - 1) > t)
            start = T * (m**n - 1) // (m - 1)
        share = math.cos(math.pi * (t - start) / (2 * T * m**n)) ** 2
        return [share * base + (1 - share) * self.floor for base in self.base_lrs]


class Recursive(LRScheduler):
    """The place by a function that calls itself, the cosine in float32 tensors."""

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0, last_epoch=-1):
        self.arguments = (T_0, T_mult)
        self.eta_min = eta_min
        LRScheduler.__init__(self, optimizer, last_epoch=last_epoch)

    @staticmethod
    def share(t, T, m):
        return Recursive.share(t - T, T * m, m) if t >= T else 0.5 + 0.5 * torch.cos(torch.tensor(torch.pi * t / T)).item()

    def get_lr(self):
        share = self.share(self.last_epoch, *self.arguments)
        return [self.eta_min + share * (base - self.eta_min) for base in self.base_lrs]


class Alone:
    """Without the base class: its own count, its own step."""

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0, last_epoch=-1):
        self.optimizer, self.T_0, self.T_mult, self.eta_min, self.t = optimizer, T_0, T_mult, eta_min, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def step(self):
        self.t += 1
        t, length = self.t, self.T_0
        while t >= length:
            t, length = t - length, length * self.T_mult
        for group, base in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = self.eta_min + (base - self.eta_min) * (math.cos(math.pi * t / length) + 1) / 2

    def state_dict(self):
        return {"t": self.t, "base": self.base}

    def load_state_dict(self, state):
        self.t, self.base = state["t"], state["base"]


drill = Drill(
    reference=CosineAnnealingWarmRestarts,
    probes=(
        probe("cycle", Run(3, (4,)), Text("T_0=4, steps 0 to 3", "T_0=4，第 0 到 3 步")),
        probe("restart", Run(13, (4,)), Text("T_0=4, 13 steps: three restarts", "T_0=4，走 13 步：重启三次")),
        probe("floor", Run(11, (5,), {"eta_min": 0.05}), Text("T_0=5, eta_min=0.05, 11 steps", "T_0=5，eta_min=0.05，走 11 步")),
        probe("longer", Run(20, (3, 2)), Text("T_0=3, T_mult=2, 20 steps", "T_0=3，T_mult=2，走 20 步")),
        probe(
            "whole",
            Run(110, (4, 3, 0.01)),
            Text("T_0=4, T_mult=3, eta_min=0.01, 110 steps", "T_0=4，T_mult=3，eta_min=0.01，走 110 步"),
        ),
        # Resumed before step 2 * T_0: from there on torch's own way of counting is wrong, and is no mistake here.
        *common(Run(16, (4, 2), {"eta_min": 0.03}, groups=3), 6),
        probe("one", Run(4, (1,)), Text("T_0=1, four steps", "T_0=1，走四步")),
        probe("ones", Run(9, (1, 2), {"eta_min": 0.02}), Text("T_0=1, T_mult=2, nine steps", "T_0=1，T_mult=2，走九步")),
    ),
    mistakes=MISTAKES,
    variants={"by_step": ByStep, "series": Series, "recursive": Recursive, "alone": Alone},
    forbidden=FORBIDDEN,
    methods=("get_lr",),
    prompt=Text(
        "Write cosine annealing with warm restarts as a scheduler. The first cycle takes T_0 steps, each further one T_mult times as many "
        "as the one before. A cycle begins at each group's own learning rate and falls along half a cosine towards eta_min; the step "
        "after its last is the first of the next cycle. Store the arguments before you call the base class's constructor: it calls "
        "get_lr. A step method of your own is allowed, but not needed.",
        "把带热重启的余弦退火写成调度器。第一个周期 T_0 步，之后每个周期是前一个的 T_mult 倍。每个周期从各组自己的学习率开始，沿半个余弦往 "
        "eta_min 降；最后一步的下一步就是下一个周期的第一步。先保存参数，再调用基类的构造函数：它会调用 get_lr。可以自己写 step 方法，但没有必要。",
    ),
    hints=(
        Text(
            "Two numbers tell everything: the steps since the last restart, and the length of the current cycle. How do they follow "
            "from self.last_epoch?",
            "两个数就够了：距上次重启多少步，当前周期多长。怎样从 self.last_epoch 得到它们？",
        ),
        Text(
            "T_0=3 and T_mult=2: cycles of 3, 6 and 12 steps, restarts at steps 3, 9 and 21. Subtract a cycle while one fits.",
            "T_0=3、T_mult=2：周期长 3、6、12 步，在第 3、9、21 步重启。只要还够一整个周期，就减掉它。",
        ),
        Text(
            "t, T = last_epoch, T_0; while t >= T: t, T = t - T, T * T_mult; then eta_min + (base - eta_min) * (1 + cos(pi * t / T)) / 2 "
            "for each base.",
            "t, T = last_epoch, T_0；while t >= T: t, T = t - T, T * T_mult；然后对每个 base："
            "eta_min + (base - eta_min) * (1 + cos(pi * t / T)) / 2。",
        ),
    ),
)
