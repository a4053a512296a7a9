"""Wrong averages made of a formula, and the mistakes that EMA and SWA have in common."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Mistake
from studykit.language import Text

# (average, current weight, updates before this one, the average's settings) -> the new average
Mix = Callable[[Tensor, Tensor, int, Any], Tensor]


def made(mix: Mix, *, first: str = "copied", buffers: str = "copied", way: str = "") -> type:
    """An average around a formula; mistakes are made of it.

    Args:
        mix: The formula.
        first: Whether the first update is "copied" or "mixed".
        buffers: "copied", "averaged", "forgotten", or "floats" for those that are no whole numbers.
        way: What else is wrong.
    """

    class Made:
        shared: nn.Module | None = None

        def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
            self.decay, self.count, self.given = decay, 0, model
            self.module = model if way == "shares" else deepcopy(model)
            if way == "shared":
                Made.shared = self.module = Made.shared if _alike(Made.shared, model) else self.module
            if way == "zeros":
                _zero(self.module)
            if way == "graph":
                self.module.requires_grad_(False)

        def update(self, model: nn.Module) -> None:
            model = self.given if way == "ignores" else model
            with torch.set_grad_enabled(way == "graph"):
                self._average(model)
            with torch.no_grad():
                self._buffers(model)
            self.count += 1

        def _average(self, model: nn.Module) -> None:
            names = way != "twice"
            pairs = zip(
                self.module.named_parameters(remove_duplicate=names), model.named_parameters(remove_duplicate=names), strict=True
            )
            for (_, average), (_, current) in pairs:
                new = current if self.count == 0 and first == "copied" else mix(average, current, self.count, self)
                if way == "backwards":
                    current.copy_(new)
                elif way == "aliases":
                    average.data = current.data if self.count == 0 else new
                elif way != "never":
                    average.copy_(new)
                if way == "overwrites":
                    current.copy_(average)
                if way == "per_parameter":
                    self.count += 1
            if way == "per_parameter":
                self.count -= 1

        def _buffers(self, model: nn.Module) -> None:
            for average, current in zip(self.module.buffers(), model.buffers(), strict=True):
                if buffers == "copied" or (buffers == "floats" and current.is_floating_point()):
                    average.copy_(current)
                elif buffers == "averaged":
                    average.copy_(current if self.count == 0 else mix(average, current, self.count, self))

    return Made


def _alike(kept: nn.Module | None, model: nn.Module) -> bool:
    shapes = [None if each is None else [tuple(p.shape) for p in each.parameters()] for each in (kept, model)]
    return shapes[0] == shapes[1]


@torch.no_grad()
def _zero(module: nn.Module) -> None:
    for each in module.parameters():
        each.zero_()


def misused(mix: Mix) -> tuple[Mistake, ...]:
    """Right formulas in wrong plumbing: the mistakes that any average can make."""
    wrong = {
        "shares_storage": made(mix, way="shares"),
        "first_copy_shares_storage": made(mix, way="aliases"),
        "latest_only": made(lambda average, current, count, own: current),
        "state_dict_reassigned": made(mix, way="never"),
        "model_updated_instead": made(mix, way="backwards"),
        "model_overwritten": made(mix, way="overwrites"),
        "buffers_averaged": made(mix, buffers="averaged"),
        "buffers_forgotten": made(mix, buffers="forgotten"),
        "whole_number_buffers_forgotten": made(mix, buffers="floats"),
        "autograd_on": made(mix, way="graph"),
        "tied_weight_averaged_twice": made(mix, way="twice"),
        "argument_ignored": made(mix, way="ignores"),
        "shared_by_all_instances": made(mix, way="shared"),
    }
    return tuple(Mistake(name, candidate, MISUSE[name]) for name, candidate in wrong.items())


MISUSE = {
    "shares_storage": Text(
        "The average is the model itself: it holds the same tensors, so it moves with every step and averages nothing. Make a "
        "copy of its own with copy.deepcopy (copy.copy, or keeping model.state_dict(), still shares the tensors).",
        "平均和模型是同一份张量，模型每走一步它就跟着变，等于什么都没平均。用 copy.deepcopy 复制一份独立的模型"
        "（copy.copy 或直接存 model.state_dict() 仍共享张量）。",
    ),
    "first_copy_shares_storage": Text(
        "At the first update the average gets the model's own tensor (average.data = param.data), so that both change from then "
        "on. Copy the numbers: average.copy_(param).",
        "第一次更新时，平均直接拿到了模型的张量（average.data = param.data），之后两者会一起变。应复制数值：average.copy_(param)。",
    ),
    "latest_only": Text("Only the latest weights are kept; nothing is averaged.", "只保留了最近一次的权重，没有做平均。"),
    "state_dict_reassigned": Text(
        "The averaged module never changes. If you wrote state[name] = ... into the dict that state_dict() returned: that puts a "
        "new tensor into the dict and leaves the module's own alone. Write into the tensor (copy_, lerp_) or load the dict back.",
        "平均模型始终没变。如果你写的是 state[name] = ...，那只是往 state_dict() 返回的字典里换了个新张量，模型自己的张量并没动。"
        "应就地写入张量（copy_、lerp_），或把字典 load 回去。",
    ),
    "model_updated_instead": Text(
        "You write into the model and leave the average as it was. The average is what changes; training must not notice it.",
        "你改的是模型，平均反而没动。该变的是平均，训练本身不应受任何影响。",
    ),
    "model_overwritten": Text(
        "After the update the model has the average's weights, so that training goes on from there. That is another algorithm "
        "(Lookahead goes that way): an average only watches.",
        "更新之后模型被改成了平均后的权重，训练会从那里接着走，那是另一种算法（Lookahead 就是这类思路）。权重平均只旁观，不干预训练。",
    ),
    "buffers_averaged": Text(
        "The buffers are averaged. The convention asked for is torch's default: buffers are copied, since running statistics "
        "are averages already and counters are whole numbers.",
        "buffer 也被平均了。本题采用 torch 的默认约定：buffer 直接复制——滑动统计量本来就是平均值，计数器则是整数。",
    ),
    "buffers_forgotten": Text(
        "The buffers stay as they were at the beginning: a batch norm in the average would use the statistics of an untrained "
        "network. Copy them at every update.",
        "buffer 停留在最初的值：平均模型里的批归一化会用未训练时的统计量。每次更新都要把它们复制过来。",
    ),
    "whole_number_buffers_forgotten": Text(
        "Buffers of whole numbers, such as num_batches_tracked, are not copied. All buffers are.",
        "整数类型的 buffer（如 num_batches_tracked）没有复制。所有 buffer 都要复制。",
    ),
    "autograd_on": Text(
        "The update is recorded by autograd: the average hangs on the graphs of all updates before, and memory grows with every "
        "step. Run update under torch.no_grad().",
        "更新过程被自动求导记录了：平均值挂着之前所有更新的计算图，显存随步数一直涨。update 应放在 torch.no_grad() 下。",
    ),
    "tied_weight_averaged_twice": Text(
        "A weight with two names is updated twice in one update. parameters() gives it once, state_dict() under each name.",
        "同一个权重有两个名字时，一次更新里被平均了两遍。parameters() 只给一次，state_dict() 则每个名字各给一次。",
    ),
    "argument_ignored": Text(
        "update reads the model that was given to the constructor. Read the one that it is given.",
        "update 读的是构造时传入的模型。应读取本次传入的那个。",
    ),
    "shared_by_all_instances": Text(
        "Two averages share their state. Keep it in the instance (self), not in the class or a global.",
        "两个平均共用了状态。状态要放在实例（self）上，不要放在类属性或全局变量里。",
    ),
}
