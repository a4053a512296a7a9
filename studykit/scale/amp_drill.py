"""Loss scaling from a blank: unscale once, skip what overflowed, and adapt the scale once per iteration."""

import math
from typing import Any

import torch

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._amp_mistakes import WRONG
from ._amp_probes import Train, defaults
from .amp import GradScaler


class Tensors:
    """Scale and count as tensors, gradients in one list, states in a dict of dicts."""

    def __init__(self, init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        self._scale = torch.tensor(float(init_scale))
        self._count = torch.tensor(0)
        self._set = (growth_factor, backoff_factor, growth_interval)
        self._state = {}

    def get_scale(self):
        return self._scale.item()

    def scale(self, outputs):
        if isinstance(outputs, torch.Tensor):
            return outputs * self._scale.to(outputs.device)
        return type(outputs)(self.scale(each) for each in outputs)

    def unscale_(self, optimizer):
        state = self._state.setdefault(id(optimizer), {"stage": "ready"})
        if state["stage"] != "ready":
            raise RuntimeError("unscale_() was called already")
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        state["bad"] = any(bool((~g.isfinite()).any()) for g in grads)
        torch._foreach_mul_(grads, 1 / self._scale.item())
        state["stage"] = "unscaled"

    def step(self, optimizer, *args, **kwargs):
        if self._state.get(id(optimizer), {"stage": "ready"})["stage"] == "ready":
            self.unscale_(optimizer)
        state = self._state[id(optimizer)]
        state["stage"] = "stepped"
        if not state["bad"]:
            return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        growth, backoff, interval = self._set
        if any(state["bad"] for state in self._state.values()):
            self._scale *= backoff
            self._count.zero_()
        elif self._count + 1 == interval:
            self._scale = self._scale * growth
            self._count.zero_()
        else:
            self._count += 1
        self._state.clear()


class Countdown:
    """Counts down to the growth; finds infinities by a sum; the gradient is replaced by a new tensor."""

    def __init__(self, init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        self.s, self.up, self.down, self.every = init_scale, growth_factor, backoff_factor, growth_interval
        self.left, self.done, self.bad = growth_interval, [], []

    def get_scale(self):
        return self.s

    def scale(self, loss):
        return self.s * loss

    @torch.no_grad()
    def unscale_(self, optimizer):
        if any(optimizer is each for each in self.done):
            raise RuntimeError("already unscaled")
        self.done.append(optimizer)
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if not math.isfinite((p.grad * 0).sum().item()):
                    self.bad.append(optimizer)
                p.grad = p.grad / self.s

    def step(self, optimizer, *args, **kwargs):
        if not any(optimizer is each for each in self.done):
            self.unscale_(optimizer)
        return None if any(optimizer is each for each in self.bad) else optimizer.step(*args, **kwargs)

    def update(self):
        self.left = self.every if self.bad else self.left - 1
        if self.bad:
            self.s = self.s * self.down
        if self.left == 0:
            self.s, self.left = self.s * self.up, self.every
        self.done, self.bad = [], []


class Attributes:
    """Notes on the optimizers themselves what was found."""

    def __init__(self, init_scale=2**16, growth_factor=2, backoff_factor=1 / 2, growth_interval=2_000):
        self.value = init_scale
        self.good = 0
        self.growth_factor = growth_factor
        self.backoff_factor = backoff_factor
        self.growth_interval = growth_interval
        self.seen = []

    def get_scale(self):
        return float(self.value)

    def scale(self, loss):
        return loss.mul(self.value)

    def unscale_(self, optimizer):
        if getattr(optimizer, "overflowed", None) is not None:
            raise RuntimeError("twice")
        params = [p for g in optimizer.param_groups for p in g["params"]]
        total = [p.grad.abs().amax() for p in params if p.grad is not None]
        optimizer.overflowed = not torch.stack(total).isfinite().all().item()
        self.seen.append(optimizer)
        for p in params:
            if p.grad is not None:
                p.grad *= 1.0 / self.value

    def step(self, optimizer, *args, **kwargs):
        if optimizer not in self.seen:
            self.unscale_(optimizer)
        if optimizer.overflowed:
            return None
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        overflowed = any(each.overflowed for each in self.seen)
        self.good = 0 if overflowed else self.good + 1
        if overflowed:
            self.value *= self.backoff_factor
        elif self.good % self.growth_interval == 0:
            self.value *= self.growth_factor
        for each in self.seen:
            each.overflowed = None
        self.seen.clear()


INF, NAN = math.inf, math.nan
SMALL = {"init_scale": 8.0, "growth_interval": 3}
OTHER = {"init_scale": 100.0, "growth_factor": 3.0, "backoff_factor": 0.25, "growth_interval": 2}
SEVERAL = ((3,), (2, 2), ())


def probe(name: str, run: Any, en: str, zh: str) -> Probe:
    # The scale may be a float32 number, and gradients multiplied by its reciprocal.
    return Probe(name, run, Text(en, zh), 1e-5)


drill = Drill(
    reference=GradScaler,
    probes=(
        probe("one step", Train(SMALL), "init_scale=8, one step", "init_scale=8，走一步"),
        probe("several", Train(SMALL, shapes=SEVERAL, steps=2), "three parameters, two steps", "三个参数，走两步"),
        probe("groups", Train(SMALL, {2: ((0, 2, INF),)}, 3, shapes=SEVERAL, groups=True),
              "three parameter groups, an inf in the last", "三个参数组，最后一组里有 inf"),
        probe("inf", Train(SMALL, {2: ((0, 0, INF),)}, 3), "an inf at the second step", "第二步有 inf"),
        probe("nan", Train(SMALL, {2: ((0, 0, NAN),)}, 3), "a nan at the second step", "第二步有 nan"),
        probe("minus inf", Train(SMALL, {2: ((0, 0, -INF),)}, 3), "a -inf at the second step", "第二步有 -inf"),
        probe("first", Train(SMALL, {2: ((0, 0, INF),)}, 3, shapes=SEVERAL),
              "an inf in the first of three parameters", "三个参数里第一个有 inf"),
        probe("middle", Train(SMALL, {2: ((0, 1, NAN),)}, 3, shapes=SEVERAL),
              "a nan in the second of three parameters", "三个参数里第二个有 nan"),
        probe("last", Train(SMALL, {2: ((0, 2, INF),)}, 3, shapes=SEVERAL),
              "an inf in the last of three parameters", "三个参数里最后一个有 inf"),
        probe("growth", Train(SMALL, steps=10), "growth_interval=3, ten good steps", "growth_interval=3，走十步都正常"),
        probe("count", Train(SMALL, {3: ((0, 0, INF),), 8: ((0, 0, NAN),)}, 13),
              "growth_interval=3, overflows at steps 3 and 8", "growth_interval=3，第 3、8 步溢出"),
        probe("in a row", Train(SMALL, {n: ((0, 0, INF),) for n in (1, 2, 3)}, 5),
              "overflows at the first three steps", "前三步都溢出"),
        probe("every step", Train({"init_scale": 4.0, "growth_interval": 1}, {3: ((0, 0, INF),)}, 5),
              "growth_interval=1", "growth_interval=1"),
        probe("factors", Train(OTHER, {4: ((0, 0, INF),)}, 8),
              "growth_factor=3, backoff_factor=0.25, growth_interval=2", "growth_factor=3，backoff_factor=0.25，growth_interval=2"),
        probe("below 1", Train({"init_scale": 1.0}, {n: ((0, 0, INF),) for n in (1, 2)}, 3),
              "init_scale=1, overflows at the first two steps", "init_scale=1，前两步溢出"),
        probe("above the default", Train({"growth_interval": 1}, steps=2),
              "the default init_scale, growth_interval=1", "init_scale 取默认值，growth_interval=1"),
        probe("defaults", defaults, "GradScaler() with an inf at the first step", "GradScaler()，第一步有 inf"),
        probe("clipped", Train(SMALL, {3: ((0, 0, INF),)}, 4, unscaled=(0,)),
              "unscale_(), clipping, step()", "先 unscale_()，再裁剪，再 step()"),
        probe("twice", Train(SMALL, unscaled=(0,), repeated=True), "unscale_() twice", "两次 unscale_()"),
        probe("two", Train(SMALL, {2: ((0, 0, INF),)}, 5, optimizers=2),
              "two optimizers, an inf in the first one's gradient", "两个优化器，第一个的梯度里有 inf"),
        probe("two, the second", Train(SMALL, {2: ((1, 0, NAN),)}, 5, optimizers=2),
              "two optimizers, a nan in the second one's gradient", "两个优化器，第二个的梯度里有 nan"),
        probe("two, both", Train(SMALL, {2: ((0, 0, INF), (1, 0, INF))}, 8, optimizers=2, unscaled=(1,)),
              "two optimizers, an inf in both, the second unscaled first", "两个优化器都有 inf，第二个先 unscale"),
        probe("added up", Train(SMALL, {2: ((0, 0, INF),)}, 4, backwards=3),
              "three backward passes before each step", "每步之前 backward 三次"),
        probe("none", Train(SMALL, {2: ((0, 2, INF),)}, 3, shapes=SEVERAL, without=(1,)),
              "a parameter without a gradient", "有一个参数没有梯度"),
        probe("returned", Train(SMALL, {2: ((0, 0, INF),)}, 3, told=0.5),
              "step(optimizer, 0.5) hands the argument on", "step(optimizer, 0.5) 把参数传下去"),
    ),
    mistakes=WRONG,
    variants={"tensors": Tensors, "countdown": Countdown, "attributes": Attributes},
    forbidden=(
        "torch.amp.GradScaler", "torch.cuda.amp.GradScaler", "torch.cpu.amp.GradScaler",
        "torch._amp_foreach_non_finite_check_and_unscale_", "torch._amp_update_scale_",
        "torch.ops.aten._amp_foreach_non_finite_check_and_unscale_", "torch.ops.aten._amp_update_scale_",
    ),
    methods=("scale", "unscale_", "step", "update", "get_scale"),
    prompt=Text(
        "Write GradScaler: scale(loss), unscale_(optimizer), step(optimizer, ...), update() and get_scale(). unscale_ divides the "
        "gradients once; calling it again before update() raises a RuntimeError. step unscales where that wasn't done, skips the "
        "optimizer's step if one of its own gradients is inf or nan, else returns what it returns. update adapts the scale once, to all "
        "optimizers. update(new_scale), several devices and float16 or sparse gradients are not asked for.",
        "写出 GradScaler：scale(loss)、unscale_(optimizer)、step(optimizer, ...)、update() 和 get_scale()。unscale_ 把梯度除一次；"
        "update() 之前再调用要抛 RuntimeError。step 先补上没做的 unscale，自己的梯度里有 inf 或 nan 就跳过 optimizer.step()，否则返回它"
        "的返回值。update 综合所有优化器，只调整一次 scale。update(new_scale)、多设备、float16 或稀疏梯度都不考。",
    ),
    hints=(
        Text(
            "Three things live between two updates: for each optimizer whether it was unscaled, and whether it met an inf or nan.",
            "两次 update 之间要记住：每个优化器是否已经 unscale，是否遇到过 inf 或 nan。",
        ),
        Text(
            "Look at the gradients with isfinite, and remember the answer; step and update both ask for it.",
            "用 isfinite 检查梯度并记下结果；step 和 update 都要用。",
        ),
        Text(
            "update: any overflow means scale *= backoff_factor and count = 0. Else count += 1, and at growth_interval scale *= "
            "growth_factor and count = 0. Then forget what was found.",
            "update：有溢出则 scale *= backoff_factor，计数归 0；否则计数加 1，满 growth_interval 时 scale *= growth_factor，计数归 0。最后"
            "清掉记录。",
        ),
    ),
)  # fmt: skip
