"""The classic mistakes of batch normalisation: each is the right solution with one thing changed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ._norm_mistakes import Told


def like(
    over: str = "channel",
    root: Callable[[Tensor, float], Tensor] = lambda var, eps: (var + eps).sqrt(),
    correction: int = 0,
    detached: tuple[str, ...] = (),
    kept: Callable[[Tensor, int], Tensor] = lambda var, count: var * count / (count - 1),
    share: Callable[[float | None, int], float] = lambda momentum, n: 1 / n if momentum is None else momentum,
    training: str = "batch",
    evaluation: str = "running",
    tracking: str = "training",
    affine: str = "after",
    start: tuple[float, float] = (0.0, 1.0),
    state: str = "buffer",
    fixed: dict[str, Any] | None = None,
) -> type[nn.Module]:
    """A solution with one thing changed.

    Args:
        over: What shares statistics: a `channel`, a `place` (channel and position), a `sample`, `all`.
        root: Variance and eps to the divisor.
        correction: Of the variance that normalises.
        detached: Which of `mean` and `var` no gradient goes through.
        kept: Batch variance and count to the variance that is kept.
        share: Momentum and number of the batch to the new batch's share.
        training: What normalises in training: `batch` or `running`.
        evaluation: What normalises in evaluation: `running` or `batch`.
        tracking: In `training`, `always` or `never`.
        affine: `after`, `before`, `none`, `frozen` or `scale` only.
        start: Of running mean and variance.
        state: `buffer`, `attribute` or `graph`.
        fixed: Arguments that are not read.
    """

    class Candidate(nn.Module):
        def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1) -> None:
            super().__init__()
            given = {"eps": eps, "momentum": momentum} | (fixed or {})
            self.eps, self.momentum, self.count = given["eps"], given["momentum"], 0
            if affine != "none":
                learn = affine != "frozen"
                self.weight = nn.Parameter(torch.ones(num_features), requires_grad=learn)
                if affine != "scale":
                    self.bias = nn.Parameter(torch.zeros(num_features), requires_grad=learn)
            for name, value in zip(("mean", "var"), start, strict=True):
                held = torch.full((num_features,), value)
                if state == "attribute":
                    setattr(self, name, held)
                else:
                    self.register_buffer(name, held)

        def forward(self, x: Tensor) -> Tensor:
            shape = (-1, *[1] * (x.ndim - 2))
            scale = self.weight.view(shape) if hasattr(self, "weight") else 1
            shift = self.bias.view(shape) if hasattr(self, "bias") else 0
            if affine == "before":
                x = x * scale + shift
            dims = {
                "channel": [0, *range(2, x.ndim)], "place": [0], "sample": list(range(1, x.ndim)), "all": list(range(x.ndim)),
            }[over]  # fmt: skip
            mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
            if tracking == "always" or (self.training and tracking == "training"):
                self.track(mean, var, x.numel() // x.shape[1])
            batch = (self.training and training == "batch") or (not self.training and evaluation == "batch")
            if batch:
                mean = mean.detach() if "mean" in detached else mean
                var = x.var(dims, correction=correction, keepdim=True) if correction else var
                var = var.detach() if "var" in detached else var
            else:
                mean, var = self.mean.view(shape), self.var.view(shape)
            y = (x - mean) / root(var, self.eps)
            return y if affine in ("before", "none") else y * scale + shift

        def track(self, mean: Tensor, var: Tensor, count: int) -> None:
            self.count += 1
            new = share(self.momentum, self.count)
            pair = (mean, kept(var, count))
            for name, each in zip(("mean", "var"), pair, strict=True):
                per_channel = each.mean([0, *range(2, each.ndim)])
                old = getattr(self, name)
                value = (1 - new) * old + new * per_channel.expand_as(old)
                setattr(self, name, value if state == "graph" else value.detach())

    return Candidate


WRONG: dict[str, Told] = {
    "kept_biased": Told(
        like(kept=lambda var, _: var),
        "You keep the variance that divides by m. The one kept for evaluation is the unbiased one, m / (m - 1) times as large; "
        "only the batch itself is normalised by the biased one.",
        "你把除以 m 的方差存了下来。留给推理用的应是无偏方差，乘以 m / (m - 1)；只有归一化当前 batch 时才用有偏的。",
    ),
    "normalised_by_unbiased": Told(
        like(correction=1),
        "The batch is normalised by the unbiased variance (torch.var's default). It divides by m here; m - 1 is for what is kept.",
        "归一化当前 batch 用了无偏方差（torch.var 的默认）。这里除以 m；m - 1 是给运行统计量的。",
    ),
    "momentum_reversed": Told(
        like(share=lambda momentum, n: 1 / n if momentum is None else 1 - momentum),
        "momentum is the share of the new batch in torch, not that of the old value: running = (1 - momentum) * running + "
        "momentum * new.",
        "torch 的 momentum 是新 batch 所占的比例，不是旧值的：running = (1 - momentum) * running + momentum * new。",
    ),
    "detached_statistics": Told(
        like(detached=("mean", "var")),
        "No gradient goes through mean and variance (detach, no_grad or .data). They are functions of x: without their share the "
        "gradient no longer sums to zero over a channel.",
        "梯度没有流过均值和方差（用了 detach、no_grad 或 .data）。它们也是 x 的函数；少了这部分，每个通道的梯度之和就不再是零。",
    ),
    "detached_variance": Told(
        like(detached=("var",)),
        "The gradient goes through the mean but not through the variance; it needs both.",
        "梯度流过了均值，却没有流过方差；两者都要。",
    ),
    "batch_statistics_in_evaluation": Told(
        like(evaluation="batch"),
        "In evaluation you normalise by the batch's own statistics: what a sample gets depends on what else is in its batch. "
        "The running ones are for that.",
        "推理时用了当前 batch 的统计量，样本的输出就取决于同批还有谁。这里要用运行统计量。",
    ),
    "running_statistics_in_training": Told(
        like(training="running"),
        "In training you normalise by the running statistics. The batch's own are what makes it batch normalisation.",
        "训练时用了运行统计量来归一化。训练时要用当前 batch 自己的，这才是 batch normalization。",
    ),
    "tracked_in_evaluation": Told(
        like(tracking="always"),
        "The running statistics also change in evaluation; only training batches count.",
        "推理时运行统计量也被更新了；只有训练的 batch 才算数。",
    ),
    "never_tracked": Told(
        like(tracking="never"),
        "The running statistics never change: evaluation still has mean 0 and variance 1.",
        "运行统计量从未更新：推理时仍是均值 0、方差 1。",
    ),
    "eps_outside_the_root": Told(
        like(root=lambda var, eps: var.sqrt() + eps),
        "eps is added to the standard deviation; it belongs to the variance, under the root.",
        "eps 加在了标准差上；它应该加在方差上，在根号里面。",
    ),
    "divided_by_the_variance": Told(
        like(root=lambda var, eps: var + eps), "You divide by the variance; take its root.", "除的是方差；要先开方。"
    ),
    "positions_apart": Told(
        like(over="place"),
        "Each position has statistics of its own. A channel's are over the batch and all positions.",
        "每个位置各算了一套统计量。一个通道的统计量要跨 batch 和所有位置一起算。",
    ),
    "over_the_sample": Told(
        like(over="sample"),
        "The statistics are those of each sample, over its channels: that is layer normalisation.",
        "统计量是在每个样本内部、跨通道算的：那是 layer normalization。",
    ),
    "over_everything": Told(
        like(over="all"),
        "One mean and one variance for the whole tensor; every channel has its own.",
        "整个张量只有一个均值、一个方差；应该每个通道一套。",
    ),
    "first_batch_counts_half": Told(
        like(share=lambda momentum, n: 1 / (n + 1) if momentum is None else momentum),
        "With momentum=None the first batch must count fully: the n-th has a share of 1 / n, counted from 1. Yours mixes the "
        "initial values in.",
        "momentum=None 时第一个 batch 应全额计入：第 n 个占 1 / n，n 从 1 起。你的做法把初始值也混了进去。",
    ),
    "none_is_the_default": Told(
        like(share=lambda momentum, _: 0.1 if momentum is None else momentum),
        "momentum=None means the plain average over all batches, not 0.1.",
        "momentum=None 表示对所有 batch 取普通平均，不是 0.1。",
    ),
    "zero_taken_for_none": Told(
        like(share=lambda momentum, n: momentum or 1 / n),
        "momentum=0 is taken for None: ask `is None`. With 0 the running statistics stay as they are.",
        "把 momentum=0 当成了 None：应该用 `is None` 判断。取 0 时运行统计量保持不变。",
    ),
    "starts_from_zero": Told(
        like(start=(0.0, 0.0)),
        "The running variance starts from 0; it starts from 1.",
        "运行方差从 0 开始了；应从 1 开始。",
    ),
    "no_scale_and_shift": Told(
        like(affine="none"),
        "Nothing is learned: weight (from 1) and bias (from 0) for each channel are missing.",
        "没有可学习的参数：缺少每个通道的 weight（初值 1）和 bias（初值 0）。",
    ),
    "scale_before": Told(
        like(affine="before"),
        "Scale and shift come after the normalisation; before it they are normalised away.",
        "缩放和平移要在归一化之后；放在前面会被归一化抹掉。",
    ),
    "no_shift": Told(like(affine="scale"), "The bias of each channel is missing.", "缺少每个通道的 bias。"),
    "no_buffers": Told(
        like(state="attribute"),
        "The running statistics are plain attributes: state_dict lacks them, and a loaded network evaluates with 0 and 1. Use "
        "register_buffer.",
        "运行统计量是普通属性：state_dict 里没有它们，加载后的网络推理时用的是 0 和 1。要用 register_buffer。",
    ),
    "kept_with_the_graph": Told(
        like(state="graph"),
        "The running statistics hold on to the graph of the training batch: detach them, or update them under no_grad.",
        "运行统计量还挂着训练 batch 的计算图：要 detach，或在 no_grad 下更新。",
    ),
    "eps_unread": Told(like(fixed={"eps": 1e-5}), "eps is always 1e-5, whatever is given.", "无论传入什么，eps 都是 1e-5。"),
    "momentum_unread": Told(
        like(fixed={"momentum": 0.1}), "momentum is always 0.1, whatever is given.", "无论传入什么，momentum 都是 0.1。"
    ),
}
