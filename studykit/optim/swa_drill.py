"""SWA from a blank: a running mean whose count is right, of weights alone."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._averaging_drill import EXACT, FORBIDDEN, Run, network, probes
from ._averaging_mistakes import made, misused
from .swa import SWA


def right(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + (current - average) / (count + 1)


def init_counted(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + (current - average) / (count + 2)


def count_behind(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + (current - average) / max(count, 1)


def not_divided_right(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return (average * count + current) / max(count, 1)


def reversed_shares(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return (average + count * current) / (count + 1)


def half(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return (average + current) / 2


def exponential(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return 0.999 * average + 0.001 * current


def total(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return average + current


def divided_again(average: Tensor, current: Tensor, count: int, own: Any) -> Tensor:
    return (average + current) / (count + 1)


class InPlace(nn.Module):
    """lerp_ with weight 1 / n, which copies at n = 1."""

    def __init__(self, model):
        super().__init__()
        self.module, self.n = deepcopy(model), 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        for a, p in zip(self.module.parameters(), model.parameters(), strict=True):
            a.lerp_(p, 1 / self.n)
        for a, b in zip(self.module.buffers(), model.buffers(), strict=True):
            a.copy_(b)


class Summed:
    """Sums kept aside by name, divided when they are written into the module."""

    def __init__(self, model):
        self.module, self.sums, self.n = deepcopy(model).requires_grad_(False), {}, 0

    def update(self, model):
        self.n += 1
        for name, p in model.named_parameters():
            self.sums[name] = self.sums.get(name, 0) + p.detach().clone()
            self.module.get_parameter(name).copy_(self.sums[name] / self.n)
        for name, b in model.named_buffers():
            self.module.get_buffer(name).data.copy_(b)


class Kept:
    """All weights kept in a list, their mean taken anew; loaded through a state_dict."""

    def __init__(self, model):
        self.module, self.seen = deepcopy(model), []

    @torch.no_grad()
    def update(self, model):
        self.seen.append({name: p.clone() for name, p in model.named_parameters(remove_duplicate=False)})
        state = model.state_dict()
        for name in self.seen[0]:
            state[name] = torch.stack([each[name] for each in self.seen]).mean(0)
        self.module.load_state_dict(state)


class Late:
    """Copies the whole model at the first update; foreach; Algorithm 1 as it is printed."""

    def __init__(self, model):
        self.n = 0

    @torch.no_grad()
    def update(self, model):
        if self.n == 0:
            self.module = deepcopy(model)
        else:
            ours = list(self.module.parameters())
            torch._foreach_mul_(ours, self.n)
            torch._foreach_add_(ours, list(model.parameters()))
            torch._foreach_div_(ours, self.n + 1)
            for a, b in zip(self.module.buffers(), model.buffers(), strict=True):
                a.data = b.clone()
        self.n += 1


WRONG = {
    "initialisation_counted": (
        made(init_counted, first="mixed"),
        Text(
            "The weights that the constructor copied count as the first of the mean. Only what update was given counts: the first "
            "update copies.",
            "构造时复制的权重被算作了第一份。只有传给 update 的才算：第一次更新应直接复制。",
        ),
    ),
    "count_ahead": (
        made(init_counted),
        Text(
            "The count is one ahead: the new weights get 1 / (n + 2) where n are in the mean already. They get 1 / (n + 1).",
            "计数多了一：平均里已有 n 份时，新权重占的是 1 / (n + 2)，应为 1 / (n + 1)。",
        ),
    ),
    "count_behind": (
        made(count_behind),
        Text(
            "The count is one behind: the second update replaces the first weights instead of taking the mean of two. Raise the "
            "count after each update, and divide by n + 1.",
            "计数少了一：第二次更新直接替换了第一份权重，而不是取两份的平均。每次更新后计数加一，除数是 n + 1。",
        ),
    ),
    "divided_by_n": (
        made(not_divided_right),
        Text(
            "The sum average * n + weights is divided by n; there are n + 1 weights in it.",
            "average * n + weights 里已有 n + 1 份权重，你除的却是 n。",
        ),
    ),
    "shares_reversed": (
        made(reversed_shares),
        Text(
            "The shares are reversed: the average keeps n / (n + 1), the new weights get 1 / (n + 1).",
            "两个比重反了：平均保留 n / (n + 1)，新权重占 1 / (n + 1)。",
        ),
    ),
    "half_and_half": (
        made(half),
        Text(
            "Average and new weights count a half each, so the first weights fall by half at every update: an EMA with decay 0.5. "
            "In SWA all count alike.",
            "平均与新权重各占一半，最早的权重每次减半，这是 decay 为 0.5 的 EMA。SWA 里所有权重等权。",
        ),
    ),
    "exponential": (
        made(exponential),
        Text(
            "Old weights fade by a fixed factor: that is an EMA. In SWA all weights gathered count alike.",
            "旧权重按固定系数衰减，那是 EMA。SWA 里收集到的所有权重等权。",
        ),
    ),
    "sum_not_mean": (
        made(total),
        Text("The weights are summed and never divided.", "权重只求了和，没有除以份数。"),
    ),
    "mean_divided_again": (
        made(divided_again),
        Text(
            "You add the new weights to the mean and divide by n + 1. What is kept is a mean, not a sum: multiply it by n first, or "
            "keep the sum.",
            "你把新权重加到平均上再除以 n + 1。存的是平均而不是总和：应先乘 n，或者改为保存总和。",
        ),
    ),
    "counted_per_parameter": (
        made(right, way="per_parameter"),
        Text(
            "The count is raised inside the loop over the parameters, so each of them sees another one. Raise it once per update.",
            "计数在遍历参数的循环里增加，每个参数看到的次数都不同。每次 update 只加一次。",
        ),
    ),
}

drill = Drill(
    reference=SWA,
    probes=(
        *probes({}, {}),
        Probe("long", Run({}, network, 30), Text("thirty updates", "更新三十次"), EXACT),
    ),
    mistakes=(
        *(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
        *misused(right),
    ),
    variants={"in_place": InPlace, "summed": Summed, "kept": Kept, "late": Late},
    forbidden=FORBIDDEN,
    methods=("update",),
    prompt=Text(
        "Write the constructor and update(model) of SWA: the plain mean of all weights that update was given. .module is the "
        "averaged model, a copy of its own. torch's convention: buffers are copied, not averaged; update_bn is not part of this.",
        "写出 SWA 的构造函数和 update(model)：对传给 update 的所有权重取等权平均。.module 是平均后的模型，是一份独立的副本。约定同 torch："
        "buffer 直接复制，不做平均；update_bn 不在本题范围内。",
    ),
    hints=(
        Text(
            "How many weights are in the mean before the first update? The copy in the constructor is none.",
            "第一次更新之前，平均里有几份权重？构造时的那份副本不算。",
        ),
        Text(
            "With n weights in the mean, which share does the next one get, and which is left to the old mean?",
            "平均里已有 n 份时，下一份占多少，旧的平均还剩多少？",
        ),
        Text(
            "average += (current - average) / (n + 1) for parameters, under no_grad; copy_ for buffers; then n += 1.",
            "在 no_grad 下，对参数：average += (current - average) / (n + 1)；对 buffer：copy_；最后 n += 1。",
        ),
    ),
)
