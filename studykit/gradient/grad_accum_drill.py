"""Gradient accumulation from a blank: sums are gathered, divided once by the number of all elements, then one step."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._grad_accum_mistakes import WRONG
from .grad_accum import GradientAccumulator

CLOSE = 1e-5


class Run(NamedTuple):
    """A run over micro-batches of a linear model with squared errors.

    Args:
        counts: Elements of each micro-batch in turn; 0 stands for a flush.
        steps: Micro-batches per update.
        settings: Of the SGD optimizer.
        groups: Parameter groups.
        idle: Whether there is a parameter that takes no part.
        wanted: `weights` after the run, `told` by each call, the `walk` of both, or whether each `graph` is freed.
        tensors: Counts as tensors.
    """

    counts: tuple[int, ...]
    steps: int
    settings: Mapping[str, Any] = {"lr": 0.1}
    groups: int = 1
    idle: bool = False
    wanted: str = "weights"
    tensors: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What is wanted."""
        rng = torch.Generator().manual_seed(seed)
        weights = [nn.Parameter(torch.randn(3, generator=rng, dtype=torch.float64)) for _ in range(2)]
        spare = [nn.Parameter(torch.ones(2, dtype=torch.float64))] if self.idle else []
        listed = [{"params": weights[:1]}, {"params": weights[1:]}] if self.groups > 1 else weights
        optimizer = torch.optim.SGD([*spare, *listed] if self.groups == 1 else listed, **self.settings)
        accumulator = candidate(optimizer, self.steps)
        found: dict[str, Any] = {}
        told, walk = [], []
        for number, count in enumerate(self.counts):
            if count == 0:
                told.append(accumulator.flush())
            else:
                loss = self.loss(weights, count, rng)
                given = torch.tensor(count) if self.tensors else count
                told.append(accumulator.backward(loss, given))
                if self.wanted == "graph":
                    found[f"graph of micro-batch {number + 1} freed"] = freed(loss, weights[0])
            walk.append(torch.cat([each.detach().clone() for each in weights]))
        if self.wanted in ("told", "walk"):
            found["told"] = [bool(each) if isinstance(each, bool | Tensor) else each for each in told]
        if self.wanted in ("weights", "graph"):
            found["weights"] = walk[-1]
        if self.wanted == "walk":
            found |= {f"weights after call {number + 1}": each for number, each in enumerate(walk)}
        return found

    @staticmethod
    def loss(weights: list[nn.Parameter], count: int, rng: torch.Generator) -> Tensor:
        """The sum of the losses of elements drawn at random."""
        x = torch.randn(count, 3, generator=rng, dtype=torch.float64)
        y = torch.randn(count, generator=rng, dtype=torch.float64)
        return ((x @ weights[0] + (x**2) @ weights[1] - y) ** 2).sum()


def two(candidate: Any, seed: int) -> dict[str, Any]:
    """Two accumulators that take turns."""
    rng = torch.Generator().manual_seed(seed)
    models = [[nn.Parameter(torch.randn(3, generator=rng, dtype=torch.float64)) for _ in range(2)] for _ in range(2)]
    accumulators = [candidate(torch.optim.SGD(weights, lr=0.1), 3) for weights in models]
    for count in (2, 1, 4, 3):
        for weights, accumulator in zip(models, accumulators, strict=True):
            accumulator.backward(Run.loss(weights, count, rng), count)
    return {f"weights of model {n + 1}": torch.cat([*weights]).detach() for n, weights in enumerate(models)}


def freed(loss: Tensor, weight: Tensor) -> bool:
    """Whether the graph is gone: then a second backward is refused."""
    try:
        torch.autograd.grad(loss, weight, retain_graph=True)
    except RuntimeError:
        return True
    return False


class Hand:
    """A counter that runs down; gradients multiplied; zeros instead of None."""

    def __init__(self, optimizer, steps):
        self.opt = optimizer
        self.k = steps
        self.left = steps
        self.n = 0.0

    def backward(self, loss_sum, count):
        loss_sum.backward()
        self.n += float(count)
        self.left -= 1
        if self.left > 0:
            return False
        return self.flush()

    def flush(self):
        if self.left == self.k:
            return False
        for group in self.opt.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad *= 1.0 / self.n
        self.opt.step()
        self.opt.zero_grad(set_to_none=False)
        self.left, self.n = self.k, 0.0
        return True


class Buffers:
    """Gradients gathered in buffers of its own."""

    def __init__(self, optimizer, steps):
        self.optimizer, self.steps = optimizer, steps
        self.reset()

    def reset(self):
        self.sums, self.counts = {}, []

    def backward(self, loss_sum, count):
        params = [p for g in self.optimizer.param_groups for p in g["params"]]
        for p, g in zip(params, torch.autograd.grad(loss_sum, params, allow_unused=True), strict=True):
            if g is not None:
                self.sums[p] = self.sums.get(p, 0) + g
        self.counts.append(int(count))
        return len(self.counts) == self.steps and self.flush()

    def flush(self):
        if not self.counts:
            return False
        for p, g in self.sums.items():
            p.grad = g / sum(self.counts)
        self.optimizer.step()
        for p in self.sums:
            p.grad = None
        self.reset()
        return True


class Running:
    """A running mean: what was gathered is rescaled at every micro-batch."""

    def __init__(self, optimizer, steps):
        self.optimizer, self.steps, self.calls, self.total = optimizer, steps, 0, 0

    def params(self):
        return (p for g in self.optimizer.param_groups for p in g["params"] if p.grad is not None)

    def backward(self, loss_sum, count):
        new = self.total + count
        for p in self.params():
            p.grad.mul_(self.total / new)
        (loss_sum / new).backward()
        self.calls, self.total = self.calls + 1, new
        return self.flush() if self.calls % self.steps == 0 else False

    def flush(self):
        if self.total == 0:
            return False
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.calls = self.total = 0
        return True


MOMENTUM = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}
drill = Drill(
    reference=GradientAccumulator,
    probes=(
        Probe(
            "one", Run((4,), 1), Text("steps=1, a micro-batch of 4 elements", "steps=1，一个小 batch，4 个元素"), CLOSE
        ),
        Probe("uneven", Run((1, 6, 2), 3), Text("micro-batches of 1, 6 and 2", "小 batch 大小为 1、6、2"), CLOSE),
        Probe("equal", Run((3, 3), 2), Text("two micro-batches of 3 elements", "两个小 batch，各 3 个元素"), CLOSE),
        Probe(
            "between",
            Run((2, 3, 4, 1, 5), 2, wanted="walk"),
            Text("five micro-batches, steps=2, after every call", "五个小 batch，steps=2，看每次调用之后"),
            CLOSE,
        ),
        Probe(
            "updates",
            Run((2, 3, 4, 1, 5, 2, 7, 1), 2, MOMENTUM),
            Text("four updates, momentum and weight decay", "四次更新，带动量和权重衰减"),
            CLOSE,
        ),
        Probe("graph", Run((2, 3, 4), 3, wanted="graph"), Text("what is kept of a graph", "计算图还留着什么"), CLOSE),
        Probe("groups", Run((2, 5, 3, 4), 2, MOMENTUM, groups=2), Text("two parameter groups", "两个参数组"), CLOSE),
        Probe("idle", Run((2, 5), 2, idle=True), Text("a parameter without gradient", "有一个参数没有梯度"), CLOSE),
        Probe(
            "flush",
            Run((2, 5, 3, 0, 1, 4, 6), 3, MOMENTUM, wanted="walk"),
            Text("flush right after a step, then three micro-batches", "刚更新完就 flush，再来三个小 batch"),
            CLOSE,
        ),
        Probe(
            "rest",
            Run((2, 5, 3, 4, 0, 1, 6, 2), 3, MOMENTUM, wanted="walk"),
            Text("one micro-batch left over, then flush, then three more", "剩一个小 batch 时 flush，之后再来三个"),
            CLOSE,
        ),
        Probe("two", two, Text("two accumulators in turns", "两个累积器交替使用"), CLOSE),
        Probe(
            "tensors",
            Run((2, 5, 3, 1, 0, 0), 3, wanted="walk", tensors=True),
            Text("counts as tensors, flush twice", "元素数以张量给出，flush 两次"),
            CLOSE,
        ),
    ),
    mistakes=WRONG,
    variants={"hand": Hand, "buffers": Buffers, "running": Running},
    methods=("backward", "flush"),
    prompt=Text(
        "Write GradientAccumulator. backward(loss_sum, count) takes the summed loss of a micro-batch and its number of elements; after "
        "`steps` of them it makes one step of the optimizer with the gradient of the mean over all their elements, clears the "
        "gradients, and returns whether it stepped. flush() does so with what is pending; where nothing is, no step and False.",
        "写出 GradientAccumulator。backward(loss_sum, count) 接收一个小 batch 的损失之和与元素数；攒够 `steps` 个，就用“对全部元素求平均”的"
        "梯度让优化器更新一次，清空梯度，并返回是否更新了。flush() 用已攒下的部分更新；什么都没攒时不更新，返回 False。",
    ),
    hints=(
        Text(
            "Gradients of sums add up in .grad by themselves: backward does that.",
            "总和的梯度会自动累加在 .grad 里，backward 就是这么工作的。",
        ),
        Text(
            "How many elements there are is known after the last micro-batch: divide the gradients then, once.",
            "元素总数要等最后一个小 batch 才知道：到那时再统一除一次。",
        ),
        Text(
            "for group in optimizer.param_groups: for p in group['params']: if p.grad is not None: p.grad.div_(elements); step; "
            "zero_grad; both counters to 0.",
            "for group in optimizer.param_groups: for p in group['params']: if p.grad is not None: p.grad.div_(elements)；然后 step、"
            "zero_grad，两个计数都清零。",
        ),
    ),
)
