"""The memory of ZeRO from a blank: 2 + 2 + 12 bytes per parameter, and which of the three each stage divides by the ranks.

The drill asks for this and not for `ZeroOptimizer`: a probe of that one would need several processes for each candidate and
seed, which a judge with time limits, whose children may start no process, can't give.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NamedTuple

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._zero_mistakes import WRONG
from .zero import zero_memory

KINDS = ("parameters", "gradients", "optimizer", "total")


class Asked(NamedTuple):
    """Calls with numbers drawn at random.

    Args:
        stages: One call for each.
        ranks: Least and greatest number of them.
        params: Least and greatest number of parameters.
        optimizer_bytes: None leaves it at its default.
        named: Whether the arguments are given by name.
        fraction: Parameters are a float.
    """

    stages: tuple[int, ...]
    ranks: tuple[int, int] = (2, 1024)
    params: tuple[int, int] = (10**6, 10**12)
    optimizer_bytes: float | None = None
    named: bool = False
    fraction: bool = False

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """What was given, and the bytes of each kind."""
        draw = random.Random(f"{seed} {self}")
        ranks = draw.randint(*self.ranks)
        # No multiple of the ranks, so that a share has a fraction.
        params = draw.randint(*self.params) // ranks * ranks + (ranks > 1)
        given: dict[str, Any] = {"params": float(params) if self.fraction else params, "world_size": ranks}
        found: dict[str, Any] = {f"given {name}": value for name, value in given.items()}
        more = {} if self.optimizer_bytes is None else {"optimizer_bytes": self.optimizer_bytes}
        for stage in self.stages:
            by_name, in_order = {"stage": stage, **given, **more}, (*given.values(), stage, *more.values())
            memory = candidate(**by_name) if self.named else candidate(*in_order)
            where = f" in stage {stage}" if len(self.stages) > 1 else ""
            found |= {f"{kind}{where}": float(getattr(memory, kind)) for kind in KINDS}
        return found


@dataclass
class Bytes:
    """A table that adds up by itself."""

    parameters: float
    gradients: float
    optimizer: float

    @property
    def total(self):
        """All three."""
        return self.parameters + self.gradients + self.optimizer


def stage_by_stage(params, world_size, stage, optimizer_bytes=12):
    """Everything whole, then one kind after the other is cut."""
    held = Bytes(2.0 * params, 2.0 * params, float(optimizer_bytes) * params)
    if stage > 0:
        held.optimizer /= world_size
    if stage > 1:
        held.gradients /= world_size
    if stage > 2:
        held.parameters /= world_size
    return held


def by_divisors(params, world_size, stage, optimizer_bytes=12):
    """A row of divisors for each stage."""
    rows = {
        0: (1, 1, 1),
        1: (1, 1, world_size),
        2: (1, world_size, world_size),
        3: (world_size, world_size, world_size),
    }
    p, g, o = (size * params / by for size, by in zip((2, 2, optimizer_bytes), rows[stage], strict=True))
    return SimpleNamespace(total=p + g + o, parameters=p, gradients=g, optimizer=o)


def exact(params, world_size, stage, optimizer_bytes=12):
    """Fractions, and the total from the formula of the paper instead of a sum."""
    one, n = Fraction(params), world_size
    shares = [one / n if stage >= first else one for first in (3, 2, 1)]
    total = {
        0: (4 + Fraction(optimizer_bytes)) * one,
        1: 4 * one + Fraction(optimizer_bytes) * one / n,
        2: 2 * one + (2 + Fraction(optimizer_bytes)) * one / n,
        3: (4 + Fraction(optimizer_bytes)) * one / n,
    }[stage]
    row = type("Row", (), {})()
    row.parameters, row.gradients, row.optimizer = 2 * shares[0], 2 * shares[1], Fraction(optimizer_bytes) * shares[2]
    row.total = total
    return row


drill = Drill(
    reference=zero_memory,
    probes=(
        Probe("one rank", Asked((0,), (1, 1)), Text("one rank, stage 0", "单卡，阶段 0")),
        Probe("plain", Asked((0,)), Text("several ranks, stage 0", "多卡，阶段 0")),
        Probe("stage 1", Asked((1,)), Text("stage 1", "阶段 1")),
        Probe("stage 2", Asked((2,)), Text("stage 2", "阶段 2")),
        Probe("stage 3", Asked((3,)), Text("stage 3", "阶段 3")),
        Probe("two ranks", Asked((0, 1, 2, 3), (2, 2)), Text("two ranks, every stage", "两张卡，每个阶段")),
        Probe("one rank, all", Asked((0, 1, 2, 3), (1, 1)), Text("one rank, every stage", "单卡，每个阶段")),
        Probe(
            "few parameters",
            Asked((1, 2, 3), (3, 9), (5, 99)),
            Text("a number of parameters that the ranks don't divide", "参数个数不能被卡数整除"),
        ),
        Probe(
            "a float",
            Asked((0, 1, 2, 3), (64, 64), (7 * 10**9, 8 * 10**9), fraction=True),
            Text("parameters as a float, such as 7.5e9, on 64 ranks", "参数个数是浮点数，如 7.5e9，64 张卡"),
        ),
        Probe(
            "8-bit states",
            Asked((0, 1, 2, 3), optimizer_bytes=6),
            Text("optimizer_bytes=6: a master copy, two moments of one byte", "optimizer_bytes=6：主权重，加两个 1 字节的动量"),
        ),
        Probe(
            "nothing kept",
            Asked((0, 1, 2, 3), optimizer_bytes=0),
            Text("optimizer_bytes=0: plain SGD without a master copy", "optimizer_bytes=0：朴素 SGD，没有主权重"),
        ),
        Probe(
            "by name",
            Asked((0, 1, 2, 3), optimizer_bytes=8.5, named=True),
            Text("all arguments by name, optimizer_bytes=8.5", "参数全部按名字给出，optimizer_bytes=8.5"),
        ),
    ),
    mistakes=WRONG,
    variants={"stage_by_stage": stage_by_stage, "by_divisors": by_divisors, "exact": exact},
    prompt=Text(
        "Write zero_memory: the bytes of model states that one of world_size data-parallel ranks holds between backward and step, "
        "in mixed precision. Stage 0 is plain data parallelism. optimizer_bytes is all that the optimizer keeps per parameter, "
        "master copy included. Return an object with the numbers parameters, gradients, optimizer and total, such as "
        "types.SimpleNamespace(parameters=..., gradients=..., optimizer=..., total=...); a share is params / world_size, "
        "fractions are kept; what is gathered for a moment and activations don't count.",
        "写出 zero_memory：混合精度训练时，world_size 张数据并行的卡中，每张卡在反向之后、更新之前保存的模型状态字节数。"
        "阶段 0 是普通数据并行。optimizer_bytes 是优化器为每个参数保存的全部字节，含主权重。返回一个带 parameters、"
        "gradients、optimizer、total 四个数的对象，如 types.SimpleNamespace(parameters=..., gradients=..., optimizer=..., "
        "total=...)；每卡份额是 params / world_size，保留小数；临时收集的参数和激活都不算。",
    ),
    hints=(
        Text(
            "Count one rank without ZeRO first: what does a parameter cost in low precision, its gradient, its optimizer?",
            "先算不用 ZeRO 的一张卡：一个参数的低精度权重、梯度、优化器状态各占多少？",
        ),
        Text(
            "2 + 2 + optimizer_bytes. Each stage divides one more of the three by the ranks: which one is the largest, and needed last?",
            "2 + 2 + optimizer_bytes。每个阶段多切一项：哪一项最大、又最晚才用到？",
        ),
        Text(
            "optimizer: / world_size from stage 1; gradients: from stage 2; parameters: from stage 3.",
            "optimizer 从阶段 1 起除以 world_size；gradients 从阶段 2 起；parameters 从阶段 3 起。",
        ),
    ),
)
