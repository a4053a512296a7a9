"""The classic mistakes of gradient accumulation: each is the right solution with one thing changed."""

from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from studykit.drill import Mistake
from studykit.language import Text


def like(**changed: Any) -> type:
    """A solution with one thing changed.

    Args:
        **changed: `divisor` of the gradients (`elements`, `none`, `steps`, `last`, `all`), `part` of the loss before backward (`sum`,
            `mean`), `zero` (`step`, `part`, `before`, `never`), `wait` (micro-batches more than asked), `at_end` (`step`, `ignored`, `always`),
            `graphs` (`freed`, `kept`, `late`), `told`, `first` (only the first group), `none` (raises on one).
    """

    def asked(name: str, default: Any) -> Any:
        return changed.get(name, default)

    class Accumulator:
        def __init__(self, optimizer: Optimizer, steps: int) -> None:
            self.optimizer, self.steps = optimizer, steps
            self.pending, self.elements, self.last, self.losses = 0, 0, 0, []

        def backward(self, loss_sum: Tensor, count: Any) -> Any:
            if asked("zero", "step") == "part":
                self.optimizer.zero_grad()
            part = loss_sum / count / self.steps if asked("part", "sum") == "mean" else loss_sum
            if asked("graphs", "freed") == "late":
                self.losses.append(part)
            else:
                part.backward(retain_graph=asked("graphs", "freed") == "kept")
            self.pending, self.elements, self.last = self.pending + 1, self.elements + count, count
            made = self._step() if self.pending >= self.steps + asked("wait", 0) else False
            return None if asked("told", True) is None else made

        def flush(self) -> Any:
            way = asked("at_end", "step")
            if way == "ignored" or (not self.pending and way != "always"):
                return False
            return self._step()

        def _step(self) -> bool:
            for loss in self.losses:
                loss.backward()
            divisor = {"none": 1, "steps": self.steps, "last": self.last, "pending": max(1, self.pending)}.get(
                asked("divisor", "elements"), self.elements or 1
            )
            if asked("part", "sum") == "mean":
                divisor = 1
            groups = self.optimizer.param_groups[: 1 if asked("first", False) else None]
            for param in (each for group in groups for each in group["params"]):
                if param.grad is not None or asked("none", False):
                    param.grad.div_(divisor)
            if asked("zero", "step") == "before":
                self.optimizer.zero_grad()
            self.optimizer.step()
            if asked("zero", "step") != "never":
                self.optimizer.zero_grad(set_to_none=asked("at_end", "step") != "always")
            self.pending, self.losses = 0, []
            if asked("divisor", "elements") != "all":
                self.elements = 0
            return True

    return Accumulator


class _Shared:
    """Counters of the class instead of the instance."""

    count = elements = 0

    def __init__(self, optimizer: Optimizer, steps: int) -> None:
        self.optimizer, self.steps = optimizer, steps
        _Shared.count = _Shared.elements = 0

    def backward(self, loss_sum: Tensor, count: Any) -> bool:
        loss_sum.backward()
        _Shared.count, _Shared.elements = _Shared.count + 1, _Shared.elements + count
        return self.flush() if _Shared.count == self.steps else False

    def flush(self) -> bool:
        if not _Shared.count:
            return False
        for param in (each for group in self.optimizer.param_groups for each in group["params"]):
            if param.grad is not None:
                param.grad.div_(_Shared.elements)
        self.optimizer.step()
        self.optimizer.zero_grad()
        _Shared.count = _Shared.elements = 0
        return True


class _EveryPart:
    def __init__(self, optimizer: Optimizer, steps: int) -> None:
        self.optimizer = optimizer

    def backward(self, loss_sum: Tensor, count: Any) -> bool:
        self.optimizer.zero_grad()
        (loss_sum / count).backward()
        self.optimizer.step()
        return True

    def flush(self) -> bool:
        return False


class _ByElements(like()):  # type: ignore[misc]
    def backward(self, loss_sum: Tensor, count: Any) -> Any:
        loss_sum.backward()
        self.pending, self.elements = self.pending + 1, self.elements + count
        return self._step() if self.elements >= self.steps else False


class _NeverRestarts(like()):  # type: ignore[misc]
    def backward(self, loss_sum: Tensor, count: Any) -> Any:
        loss_sum.backward()
        self.calls, self.elements = getattr(self, "calls", 0) + 1, self.elements + count
        return self._step() if self.calls % self.steps == 0 else False

    def flush(self) -> bool:
        return self._step() if self.elements else False


WRONG = (
    Mistake(
        "elements_for_steps",
        _ByElements,
        Text(
            "A step is made after `steps` elements. It is `steps` micro-batches, whatever their sizes.",
            "攒够 `steps` 个元素就更新了。应是攒够 `steps` 个小 batch，不管各有多大。",
        ),
    ),
    Mistake(
        "pending_not_reset",
        _NeverRestarts,
        Text(
            "After a flush the count of micro-batches goes on, so the next update comes too early. Every step sets it back to 0.",
            "flush 之后小 batch 的计数没有清零，下一次更新就来早了。每次更新后都要归零。",
        ),
    ),
    Mistake(
        "mean_of_means",
        like(part="mean"),
        Text(
            "You average the means of the micro-batches. A token in a short one then counts for more than one in a long one: add up "
            "sums, and divide once by the number of all elements.",
            "你在对各小 batch 的均值再求平均，短序列里的 token 权重就比长序列的大。应累加总和，最后统一除以全部元素数。",
        ),
    ),
    Mistake(
        "not_divided",
        like(divisor="none"),
        Text(
            "The gradient is that of the sum. The large batch takes the mean: divide by the number of elements before the step.",
            "现在的梯度对应总和。大 batch 用的是均值：step 之前要除以元素总数。",
        ),
    ),
    Mistake(
        "divided_by_steps",
        like(divisor="steps"),
        Text(
            "You divide the sums by the number of micro-batches; divide by the number of elements in all of them.",
            "你把总和除以了小 batch 的个数；应除以所有小 batch 的元素总数。",
        ),
    ),
    Mistake(
        "divided_by_pending",
        like(divisor="pending"),
        Text(
            "You divide the sums by how many micro-batches came in; divide by the number of elements in them.",
            "你把总和除以了收到的小 batch 个数；应除以其中的元素总数。",
        ),
    ),
    Mistake(
        "divided_by_last",
        like(divisor="last"),
        Text(
            "You divide by the count of the last micro-batch only; the counts have to be added up.",
            "你只除以了最后一个小 batch 的元素数；各个小 batch 的元素数要累加。",
        ),
    ),
    Mistake(
        "count_not_reset",
        like(divisor="all"),
        Text(
            "The number of elements is never set back to 0: every update is divided by all elements since the beginning.",
            "元素计数没有清零：每次更新都除以了从头到现在的总数。",
        ),
    ),
    Mistake(
        "cleared_every_part",
        like(zero="part"),
        Text(
            "The gradients are cleared before every micro-batch, so that only the last one counts. Clear them after a step.",
            "每个小 batch 之前都清了梯度，结果只剩最后一个起作用。应在 step 之后再清。",
        ),
    ),
    Mistake(
        "cleared_before_step",
        like(zero="before"),
        Text(
            "The gradients are cleared before the step, which then has nothing to go by: step first.",
            "step 之前就把梯度清了，更新时什么都没有：应先 step 再清。",
        ),
    ),
    Mistake(
        "shared_counters",
        _Shared,
        Text(
            "Two accumulators share their counters: keep them on self, not on the class or in a global.",
            "两个累积器共用了计数：计数要放在 self 上，不要放在类属性或全局变量里。",
        ),
    ),
    Mistake(
        "never_cleared",
        like(zero="never"),
        Text(
            "The gradients are never cleared: the second update has the first one's in it.",
            "梯度一直没清：第二次更新里混着第一次的梯度。",
        ),
    ),
    Mistake(
        "step_every_part",
        _EveryPart,
        Text(
            "A step is made after every micro-batch: that is training with small batches.",
            "每个小 batch 之后都更新了一次：这就是在用小 batch 训练。",
        ),
    ),
    Mistake(
        "one_late",
        like(wait=1),
        Text(
            "The step comes one micro-batch too late: count first, then compare.",
            "更新晚了一个小 batch：应先计数，再比较。",
        ),
    ),
    Mistake(
        "one_early",
        like(wait=-1),
        Text("The step comes one micro-batch too early.", "更新早了一个小 batch。"),
    ),
    Mistake(
        "rest_dropped",
        like(at_end="ignored"),
        Text(
            "flush makes no step: the micro-batches left over at the end of an epoch are lost, or leak into the next one.",
            "flush 没有更新：每个 epoch 末尾剩下的小 batch 要么丢了，要么混进下一个 epoch。",
        ),
    ),
    Mistake(
        "empty_flush_steps",
        like(at_end="always"),
        Text(
            "flush makes a step although nothing is pending: momentum and weight decay move the weights all the same.",
            "没有待处理的小 batch，flush 也更新了：动量和权重衰减照样会改动权重。",
        ),
    ),
    *(
        Mistake(
            "graph_kept",
            like(graphs=way),
            Text(
                "The graph of a micro-batch is still there after your backward: all of them stay in memory, and nothing is saved. Call "
                "loss_sum.backward() at once.",
                "backward 之后小 batch 的计算图还在：全都留在显存里，等于一点没省。应立刻调用 loss_sum.backward()。",
            ),
        )
        for way in ("late", "kept")
    ),
    Mistake(
        "first_group_only",
        like(first=True),
        Text(
            "Only the first parameter group is divided; walk over all of optimizer.param_groups.",
            "只有第一个参数组除了；要遍历 optimizer.param_groups 的所有组。",
        ),
    ),
    Mistake(
        "none_gradient",
        like(none=True),
        Text(
            "A parameter that takes no part in the loss has .grad None: pass it over.",
            "没参与损失的参数 .grad 为 None，应跳过。",
        ),
    ),
    Mistake(
        "tells_nothing",
        like(told=None),
        Text(
            "backward has to tell whether a step was made: True or False; a scheduler steps by it.",
            "backward 要返回是否更新了：True 或 False，学习率调度要靠它。",
        ),
    ),
)
