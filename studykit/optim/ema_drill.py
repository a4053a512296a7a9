"""EMA from a blank: a copy of its own, a first update that copies, a formula of one line."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._averaging_drill import EXACT, FORBIDDEN, Run, probes
from ._averaging_mistakes import made, misused
from .ema import EMA

SETTINGS = {"decay": 0.75}


def right(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return own.decay * average + (1 - own.decay) * current


def at(decay: float) -> Any:
    """The formula with a fixed decay."""
    return lambda average, current, count, own: decay * average + (1 - decay) * current


def swapped(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return (1 - own.decay) * average + own.decay * current


def corrected(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    """Adam's correction: the average of an EMA that began at zero, divided by the weights it has gathered."""
    before, after = 1 - own.decay**count, 1 - own.decay ** (count + 1)
    return (own.decay * average * before + (1 - own.decay) * current) / after


def warmed(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    decay = min(own.decay, (1 + count) / (10 + count))
    return decay * average + (1 - decay) * current


def equal(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + (current - average) / (count + 1)


def not_shrunk(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + (1 - own.decay) * current


def unweighted(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return own.decay * average + current


def copied_again(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return current if count <= 1 else right(average, current, count, own)


class Lerp(nn.Module):
    """lerp_ in place."""

    def __init__(self, model, decay=0.999):
        super().__init__()
        self.module = deepcopy(model)
        self.decay, self.started = decay, False

    @torch.no_grad()
    def update(self, model):
        weight = 1 - self.decay if self.started else 1.0
        for a, p in zip(self.module.parameters(), model.parameters(), strict=True):
            a.lerp_(p, weight)
        for a, b in zip(self.module.buffers(), model.buffers(), strict=True):
            a.copy_(b)
        self.started = True


class ByName:
    """A plain class; new tensors through .data, by name."""

    def __init__(self, model, decay=0.999):
        self.module, self.decay, self.steps = deepcopy(model).eval().requires_grad_(False), decay, 0

    def update(self, model):
        current = dict(model.named_parameters())
        for name, average in self.module.named_parameters():
            fresh = current[name].detach().clone()
            average.data = fresh if self.steps == 0 else self.decay * average.data + (1 - self.decay) * fresh
        for name, buffer in model.named_buffers():
            self.module.get_buffer(name).data.copy_(buffer)
        self.steps += 1


class Loaded:
    """A new state_dict that is loaded back; buffers by exclusion."""

    def __init__(self, model, decay=0.999):
        self.module, self.decay, self.first = deepcopy(model), decay, True

    def update(self, model):
        learned = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        old, new = self.module.state_dict(), model.state_dict()
        if not self.first:
            new = {k: old[k] * self.decay + v * (1 - self.decay) if k in learned else v for k, v in new.items()}
        self.module.load_state_dict(new)
        self.first = False


class Late:
    """Copies the whole model at the first update; foreach; the difference form."""

    def __init__(self, model, decay=0.999):
        self.module, self.rate = None, 1.0 - decay

    @torch.no_grad()
    def update(self, model):
        if self.module is None:
            self.module = deepcopy(model)
            return
        ours, theirs = list(self.module.parameters()), list(model.parameters())
        torch._foreach_add_(ours, torch._foreach_sub(theirs, ours), alpha=self.rate)
        for ours, theirs in zip(self.module.buffers(), model.buffers(), strict=True):
            ours.copy_(theirs)


WRONG = {
    "first_update_mixes": (
        made(right, first="mixed"),
        Text(
            "The first update mixes with the initialisation, which then stays in the average with weight decay^t: for a thousand "
            "steps at 0.999. The first update copies, as in torch.",
            "第一次更新就和初始化混合了，初始化会以 decay^t 的权重留在平均里，0.999 时要留上千步。第一次更新应直接复制，与 torch 一致。",
        ),
    ),
    "starts_at_zero": (
        made(right, first="mixed", way="zeros"),
        Text(
            "The average starts at zero, so that it is far too small at first. Adam corrects for such a start; here there is none: "
            "the first update copies the weights.",
            "平均从零开始，前期严重偏小。Adam 对这种起点做了修正；这里根本不需要：第一次更新直接复制权重。",
        ),
    ),
    "decay_swapped": (
        made(swapped),
        Text(
            "decay and 1 - decay are swapped: the average keeps decay of itself and takes in 1 - decay of the weights. With 0.999 "
            "yours is nearly the last weights.",
            "decay 和 1 - decay 用反了：平均保留自身的 decay，再并入 1 - decay 的新权重。取 0.999 时，你的结果几乎就是最后一次的权重。",
        ),
    ),
    "decay_ignored": (
        made(at(0.999)),
        Text("decay is fixed at 0.999. Use the one that the constructor is given.", "decay 被写死为 0.999。应使用构造时传入的值。"),
    ),
    "bias_corrected": (
        made(corrected),
        Text(
            "Your average is corrected for a start at zero, as in Adam. Here the first update copies and nothing is corrected: the "
            "first weights count decay^(t-1). Both are in use; torch's convention is asked for.",
            "你按从零开始做了偏差修正，像 Adam 那样。这里第一次更新直接复制，之后不做修正：第一份权重占 decay^(t-1)。两种都有人用，本题采用 torch 的约定。",
        ),
    ),
    "decay_warmed_up": (
        made(warmed),
        Text(
            "Your decay begins small, min(decay, (1 + t) / (10 + t)), as in TensorFlow and some diffusion code. The convention "
            "asked for is a constant decay after a first update that copies.",
            "你的 decay 从小往大升：min(decay, (1 + t) / (10 + t))，TensorFlow 和一些扩散模型代码是这样写的。本题的约定是：第一次复制，之后 decay 不变。",
        ),
    ),
    "equal_average": (
        made(equal),
        Text(
            "All weights count alike: that is SWA. In an EMA the weights of k updates ago count decay^k as much.",
            "所有权重等权平均，那是 SWA。EMA 里，k 次更新之前的权重只占 decay^k 的比重。",
        ),
    ),
    "average_not_shrunk": (
        made(not_shrunk),
        Text(
            "The average is not multiplied by decay, so it grows with every update: decay * average + (1 - decay) * weights.",
            "平均本身没有乘 decay，每次更新都会变大：应为 decay * 平均 + (1 - decay) * 权重。",
        ),
    ),
    "weights_not_scaled": (
        made(unweighted),
        Text(
            "The new weights enter whole, as gradients do in SGD's momentum. Here they enter with 1 - decay, so that the shares "
            "add up to one.",
            "新权重是整个加进去的，那是 SGD 动量的写法。这里要乘 1 - decay，各份权重加起来才是一。",
        ),
    ),
    "second_update_copies": (
        made(copied_again),
        Text(
            "The second update copies as well: your count is one behind. Only the first one copies.",
            "第二次更新也在复制：计数晚了一步。只有第一次更新才复制。",
        ),
    ),
}

drill = Drill(
    reference=EMA,
    probes=(
        *probes(SETTINGS, {"decay": 0.4}),
        Probe("defaults", Run({}, updates=4, scale=100.0), Text("EMA(model), four updates", "EMA(model)，更新四次"), EXACT),
    ),
    mistakes=(
        *(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
        *misused(right),
    ),
    variants={"lerp": Lerp, "by_name": ByName, "loaded": Loaded, "late": Late},
    forbidden=FORBIDDEN,
    methods=("update",),
    prompt=Text(
        "Write the constructor and update(model) of an EMA of a model's weights; .module is the averaged model, a copy of its own. "
        "torch's convention: the first update copies the weights, buffers are always copied, never averaged.",
        "写出模型权重 EMA 的构造函数和 update(model)；.module 是平均后的模型，是一份独立的副本。约定同 torch：第一次更新直接复制权重；"
        "buffer 始终复制，不做平均。",
    ),
    hints=(
        Text(
            "What does the average share with the model after the constructor? It should be nothing.",
            "构造完成后，平均与模型共享了什么？应该什么都不共享。",
        ),
        Text(
            "Parameters and buffers go different ways, and so do the first update and all others.",
            "参数和 buffer 的处理不同，第一次更新和之后的更新也不同。",
        ),
        Text(
            "Under no_grad, for each pair of parameters: average.lerp_(current, 1 - decay), at the first update copy_; for each "
            "pair of buffers copy_.",
            "在 no_grad 下，对每一对参数：average.lerp_(current, 1 - decay)，第一次则用 copy_；对每一对 buffer：copy_。",
        ),
    ),
)
