"""Wrong ways to count the bytes of ZeRO: one function with a switch for each."""

from types import SimpleNamespace
from typing import Any

from studykit.drill import Mistake
from studykit.language import Text


def counted(
    *,
    weight: float = 2,
    gradient: float = 2,
    master: float = 0,
    cut_from: tuple[int, int, int] = (3, 2, 1),
    only: bool = False,
    unit: float = 1,
    whole: bool = False,
    ignores: bool = False,
    divided: bool = True,
    added: tuple[bool, bool, bool] = (True, True, True),
    everywhere: float = 0,
) -> Any:
    """A candidate.

    Args:
        weight: Bytes of a parameter.
        gradient: Bytes of its gradient.
        master: What is added to the optimizer's bytes.
        cut_from: The stage from which parameters, gradients and optimizer states are cut.
        only: Each stage cuts its own kind alone.
        unit: What the bytes are divided by.
        whole: The share of a rank is rounded down.
        ignores: 12 bytes for any optimizer.
        divided: Whether a share is one rank's.
        added: Which kinds are in the total.
        everywhere: Bytes per parameter added to stage 3: what is gathered, taken as kept.
    """

    def zero_memory(params: float, world_size: int, stage: int, optimizer_bytes: float = 12) -> SimpleNamespace:
        share = params // world_size if whole else params / world_size if divided else params
        sizes = (weight, gradient, (12 if ignores else optimizer_bytes) + master)
        cut = [stage == first if only else stage >= first for first in cut_from]
        held = [each * (share if is_cut else params) / unit for each, is_cut in zip(sizes, cut, strict=True)]
        held[0] += everywhere * params if stage == 3 else 0
        total = sum(each for each, is_added in zip(held, added, strict=True) if is_added)
        return SimpleNamespace(parameters=held[0], gradients=held[1], optimizer=held[2], total=total)

    return zero_memory


NEVER = 9
WRONG = (
    Mistake(
        "no_master_copy",
        counted(master=-4),
        Text(
            "Your optimizer states are 4 bytes per parameter short: beside Adam's two moments there is a float32 master copy of "
            "the weights, 4 + 4 + 4 = 12, which is what optimizer_bytes holds.",
            "优化器状态每个参数少了 4 字节：除了 Adam 的两个动量，还有一份 fp32 主权重，4 + 4 + 4 = 12，"
            "optimizer_bytes 已经全部包含在内。",
        ),
    ),
    Mistake(
        "master_copy_twice",
        counted(master=4),
        Text(
            "The master copy is counted twice: optimizer_bytes has it in its 12.",
            "主权重算了两遍：optimizer_bytes 的 12 字节里已经有它。",
        ),
    ),
    Mistake(
        "float32_weights",
        counted(weight=4, gradient=4),
        Text(
            "Parameters and gradients take 2 bytes each in mixed precision, not 4; the float32 copy is among the optimizer's bytes.",
            "混合精度下参数和梯度各占 2 字节，不是 4；fp32 的那一份算在优化器里。",
        ),
    ),
    Mistake(
        "float32_parameters",
        counted(weight=4),
        Text(
            "The parameters that the network computes with take 2 bytes, not 4; their float32 copy is among the optimizer's bytes.",
            "网络计算用的参数占 2 字节，不是 4；fp32 的那一份算在优化器里。",
        ),
    ),
    Mistake(
        "float32_gradients",
        counted(gradient=4),
        Text(
            "In the paper's count gradients are kept in low precision: 2 bytes per parameter, not 4.",
            "按论文的算法，梯度以低精度保存：每个参数 2 字节，不是 4。",
        ),
    ),
    Mistake(
        "no_gradients",
        counted(gradient=0),
        Text(
            "Gradients are missing: 2 bytes per parameter, until the step is made.",
            "漏了梯度：在更新之前，每个参数还要 2 字节。",
        ),
    ),
    Mistake(
        "total_without_gradients",
        counted(added=(True, False, True)),
        Text("The total leaves out the gradients.", "总数里没有加上梯度。"),
    ),
    Mistake(
        "total_is_the_optimizer",
        counted(added=(False, False, True)),
        Text(
            "The total is only the optimizer's part; parameters and gradients belong to it.",
            "总数只有优化器那部分；参数和梯度也要加上。",
        ),
    ),
    Mistake(
        "all_from_stage_1",
        counted(cut_from=(1, 1, 1)),
        Text(
            "You divide everything by the number of ranks from stage 1 on. Stage 1 cuts optimizer states only, stage 2 gradients "
            "too, stage 3 parameters too.",
            "从阶段 1 起就把所有东西都除以卡数了。阶段 1 只切优化器状态，阶段 2 再切梯度，阶段 3 再切参数。",
        ),
    ),
    Mistake(
        "parameters_in_stage_1",
        counted(cut_from=(1, 2, 3)),
        Text(
            "The order is the other way round: optimizer states first, since they are the most and are needed only in the step; "
            "parameters last.",
            "顺序反了：先切优化器状态，它占得最多，而且只在更新时用到；参数最后切。",
        ),
    ),
    Mistake(
        "gradients_in_stage_1",
        counted(cut_from=(3, 1, 1)),
        Text(
            "In stage 1 each rank still holds whole gradients; they are cut in stage 2.",
            "阶段 1 每张卡仍保存完整的梯度，阶段 2 才切。",
        ),
    ),
    Mistake(
        "parameters_in_stage_2",
        counted(cut_from=(2, 2, 1)),
        Text(
            "In stage 2 each rank still holds all parameters; they are cut in stage 3.",
            "阶段 2 每张卡仍保存全部参数，阶段 3 才切。",
        ),
    ),
    Mistake(
        "a_stage_late",
        counted(cut_from=(4, 3, 2)),
        Text(
            "You are one stage late: stage 0 is plain data parallelism, and stage 1 cuts the optimizer states already.",
            "晚了一个阶段：阶段 0 是普通数据并行，阶段 1 就已经切分优化器状态。",
        ),
    ),
    Mistake(
        "a_stage_early",
        counted(cut_from=(2, 1, 0)),
        Text(
            "You are one stage early: stage 0 is plain data parallelism, in which nothing is cut.",
            "早了一个阶段：阶段 0 是普通数据并行，什么都不切。",
        ),
    ),
    Mistake(
        "each_stage_by_itself",
        counted(only=True),
        Text(
            "The stages add up: stage 2 cuts gradients and optimizer states, stage 3 all three.",
            "各阶段是累加的：阶段 2 切梯度和优化器状态，阶段 3 三样都切。",
        ),
    ),
    Mistake(
        "optimizer_stays_whole",
        counted(cut_from=(3, 2, NEVER)),
        Text(
            "The optimizer states are never cut, though they are three quarters of the whole: that is stage 1.",
            "优化器状态始终没切，而它占四分之三：这正是阶段 1 要做的。",
        ),
    ),
    Mistake(
        "gathered_is_kept",
        counted(cut_from=(NEVER, 2, 1)),
        Text(
            "In stage 3 parameters are gathered layer by layer and let go again: a rank keeps its slice, 2 bytes / N.",
            "阶段 3 的参数是逐层收集、用完就放：每张卡只留自己那一片，2 字节 / N。",
        ),
    ),
    Mistake(
        "slice_and_whole",
        counted(everywhere=2),
        Text(
            "In stage 3 you count the slice and the whole parameters too; the whole exists one layer at a time, and isn't counted.",
            "阶段 3 把切片和完整参数都算上了；完整的参数一次只有一层，不计入。",
        ),
    ),
    Mistake(
        "all_ranks_together",
        counted(divided=False),
        Text(
            "Nothing is divided by the number of ranks: asked for are the bytes of one rank.",
            "没有任何一项除以卡数：要的是单张卡的字节数。",
        ),
    ),
    Mistake(
        "gigabytes",
        counted(unit=1e9),
        Text("Asked for are bytes; yours are gigabytes.", "要的是字节，你给的是 GB。"),
    ),
    Mistake(
        "gibibytes",
        counted(unit=2**30),
        Text(
            "Asked for are bytes; yours are GiB, 2³⁰ bytes, which the paper's GB are not either.",
            "要的是字节，你给的是 GiB（2³⁰ 字节）；论文里的 GB 也不是它。",
        ),
    ),
    Mistake(
        "rounded_down",
        counted(whole=True),
        Text(
            "The share of a rank is rounded down; keep the fraction: params / world_size.",
            "每张卡的份额被向下取整了；请保留小数：params / world_size。",
        ),
    ),
    Mistake(
        "always_adam",
        counted(ignores=True),
        Text(
            "optimizer_bytes is ignored: other optimizers keep fewer bytes, 8-bit Adam with a master copy 6.",
            "没有用到 optimizer_bytes：别的优化器没这么多，比如 8-bit Adam 加主权重是 6 字节。",
        ),
    ),
)
