"""The classic mistakes of instance normalisation: each is the right solution with one thing changed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ._norm_mistakes import Told


def like(
    over: tuple[int, ...] = (2, 3),
    correction: int = 0,
    root: Callable[[Tensor, float], Tensor] = lambda var, eps: (var + eps).sqrt(),
    centred: bool = True,
    divided: bool = True,
    detached: tuple[str, ...] = (),
    evaluation: str = "own",
    affine: str = "asked",
    order: str = "after",
    learn: bool = True,
    fixed_eps: float | None = None,
    in_place: bool = False,
) -> type[nn.Module]:
    """A solution with one thing changed.

    Args:
        over: The dimensions that share statistics.
        correction: Of the variance.
        root: Variance and eps to the divisor.
        centred: Whether the mean is taken out.
        divided: Whether the deviation is divided by.
        detached: Which of `mean` and `var` no gradient goes through.
        evaluation: What normalises there: its `own` statistics, `running` ones, or `none`.
        affine: Scale and shift where `asked`, `always`, `never`, or `scale` only, `shift` only, or `one` number each.
        order: They come `after` the normalisation or `before`, or after it but the `shift first`.
        learn: Whether they are trained.
        fixed_eps: What eps always is.
        in_place: Whether the mean is taken out of x itself.
    """

    class Candidate(nn.Module):
        def __init__(self, num_features: int, eps: float, wanted: bool) -> None:
            super().__init__()
            self.eps = eps if fixed_eps is None else fixed_eps
            size = 1 if affine == "one" else num_features
            if (wanted or affine == "always") and affine != "never":
                if affine != "shift":
                    self.weight = nn.Parameter(torch.ones(size), requires_grad=learn)
                if affine != "scale":
                    self.bias = nn.Parameter(torch.zeros(size), requires_grad=learn)
            self.register_buffer("mean", torch.zeros(1, num_features, 1, 1))
            self.register_buffer("var", torch.ones(1, num_features, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            scale = self.weight.view(-1, 1, 1) if hasattr(self, "weight") else 1
            shift = self.bias.view(-1, 1, 1) if hasattr(self, "bias") else 0
            if order == "before":
                x = x * scale + shift
            mean, var = x.mean(over, keepdim=True), x.var(over, correction=correction, keepdim=True)
            if evaluation == "running":
                mean, var = self.followed(mean, var)
            mean, var = (each.detach() if name in detached else each for name, each in (("mean", mean), ("var", var)))
            if in_place and not x.requires_grad:
                x.sub_(mean)
                mean = torch.zeros_like(mean)
            y = (x - mean if centred else x) / (root(var, self.eps) if divided else 1)
            if evaluation == "none" and not self.training:
                y = x
            if order == "shift first":
                return (y + shift) * scale
            return y if order == "before" else y * scale + shift

        @torch.no_grad()
        def followed(self, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
            if not self.training:
                return self.mean, self.var
            for kept, new in ((self.mean, mean), (self.var, var)):
                kept.mul_(0.9).add_(0.1 * new.mean((0, 2, 3), keepdim=True))
            return mean, var

    class Asked(Candidate):
        def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False) -> None:
            super().__init__(num_features, eps, affine)

    return Asked


WRONG: dict[str, Told] = {
    "batch_norm": Told(
        like(over=(0, 2, 3)),
        "Each channel is normalised over the whole batch: that is batch normalisation. Here every image has its own statistics.",
        "每个通道在整个 batch 上做了归一化：那是 batch normalization。这里每张图各有自己的统计量。",
    ),
    "layer_norm": Told(
        like(over=(1, 2, 3)),
        "All channels of an image share one mean: that is layer normalisation. Here every channel has its own.",
        "一张图的所有通道共用一个均值：那是 layer normalization。这里每个通道各算各的。",
    ),
    "over_the_channels": Told(
        like(over=(1,)),
        "You average over the channels at each position. It is over the positions, for each channel.",
        "你在每个位置上沿通道求了平均。应该是每个通道沿各个位置求。",
    ),
    "over_rows": Told(
        like(over=(3,)),
        "Each row of a channel is normalised by itself; height and width share their statistics.",
        "通道里的每一行各自归一化了；高和宽要一起算。",
    ),
    "over_columns": Told(
        like(over=(2,)),
        "Each column of a channel is normalised by itself; height and width share their statistics.",
        "通道里的每一列各自归一化了；高和宽要一起算。",
    ),
    "over_everything": Told(
        like(over=(0, 1, 2, 3)),
        "One mean and one variance for the whole tensor; every channel of every image has its own.",
        "整个张量只有一个均值、一个方差；应该每张图的每个通道各一套。",
    ),
    "unbiased_variance": Told(
        like(correction=1),
        "The variance divides by H * W - 1 (the default of torch.var). It divides by H * W here.",
        "方差除的是 H * W - 1（torch.var 的默认）。这里除以 H * W。",
    ),
    "eps_outside_the_root": Told(
        like(root=lambda var, eps: var.sqrt() + eps),
        "eps is added to the standard deviation; it belongs to the variance, under the root.",
        "eps 加在了标准差上；它应该加在方差上，在根号里面。",
    ),
    "torch_std_plus_eps": Told(
        like(correction=1, root=lambda var, eps: var.sqrt() + eps),
        "x.std() + eps differs twice: torch.std divides by H * W - 1, and eps belongs to the variance, under the root.",
        "x.std() + eps 有两处不同：torch.std 除的是 H * W - 1；eps 应加在方差上，在根号里面。",
    ),
    "no_eps": Told(
        like(root=lambda var, eps: var.sqrt()),
        "eps is not added at all: a channel of one colour gives nan. It belongs to the variance, under the root.",
        "没有加 eps：纯色的通道会得到 nan。它应加在方差上，在根号里面。",
    ),
    "eps_as_a_floor": Told(
        like(root=lambda var, eps: var.clamp(min=eps).sqrt()),
        "eps is a lower bound of the variance in yours; it is added to it.",
        "你把 eps 当成方差的下限；它应该加在方差上。",
    ),
    "divided_by_the_variance": Told(
        like(root=lambda var, eps: var + eps), "You divide by the variance; take its root.", "除的是方差；要先开方。"
    ),
    "only_centred": Told(
        like(divided=False),
        "The mean is taken out, but the contrast stays: nothing is divided by the standard deviation.",
        "只减了均值，没有除以标准差：对比度还在。",
    ),
    "mean_left_in": Told(
        like(centred=False),
        "You divide by the standard deviation but leave the mean in.",
        "除了标准差，却没有减均值。",
    ),
    "detached_statistics": Told(
        like(detached=("mean", "var")),
        "No gradient goes through mean and variance (detach, no_grad or .data). They are functions of x too.",
        "梯度没有流过均值和方差（用了 detach、no_grad 或 .data）。它们也是 x 的函数。",
    ),
    "detached_variance": Told(
        like(detached=("var",)),
        "The gradient goes through the mean but not through the variance; it needs both.",
        "梯度流过了均值，却没有流过方差；两者都要。",
    ),
    "running_statistics": Told(
        like(evaluation="running"),
        "Evaluation uses running statistics. InstanceNorm keeps none unless asked: each image has its own, in both modes alike.",
        "推理时用了运行统计量。InstanceNorm 默认不存统计量：两种模式下，每张图都用自己的。",
    ),
    "off_in_evaluation": Told(
        like(evaluation="none"),
        "In evaluation nothing is normalised. Both modes do the same.",
        "推理时没有归一化。两种模式做的事应该一样。",
    ),
    "affine_always": Told(
        like(affine="always"),
        "Scale and shift are there without being asked for. In contrast to BatchNorm's, affine is False by default here.",
        "没要求也带了缩放和平移。和 BatchNorm 不同，这里的 affine 默认是 False。",
    ),
    "affine_never": Told(
        like(affine="never"),
        "With affine=True nothing is learned: weight (from 1) and bias (from 0) of each channel are missing.",
        "affine=True 时没有可学习的参数：缺少每个通道的 weight（初值 1）和 bias（初值 0）。",
    ),
    "no_shift": Told(like(affine="scale"), "The bias of each channel is missing.", "缺少每个通道的 bias。"),
    "no_scale": Told(like(affine="shift"), "The weight of each channel is missing.", "缺少每个通道的 weight。"),
    "shift_scaled_too": Told(
        like(order="shift first"),
        "The shift is added before the scale, so it is scaled as well: weight * normalised + bias.",
        "先加了平移再乘缩放，平移也被缩放了：应是 weight * 归一化结果 + bias。",
    ),
    "one_scale_for_all": Told(
        like(affine="one"),
        "There is a single scale and a single shift; every channel has its own.",
        "缩放和平移各只有一个数；应该每个通道一个。",
    ),
    "scale_before": Told(
        like(order="before"),
        "Scale and shift come after the normalisation; before it they are normalised away.",
        "缩放和平移要在归一化之后；放在前面会被归一化抹掉。",
    ),
    "scale_not_trained": Told(
        like(learn=False), "Scale and shift get no gradient; they are learned.", "缩放和平移没有梯度；它们是要学习的。"
    ),
    "eps_unread": Told(like(fixed_eps=1e-5), "eps is always 1e-5, whatever is given.", "无论传入什么，eps 都是 1e-5。"),
    "changes_its_input": Told(
        like(in_place=True),
        "x itself is changed (sub_ or -=): a residual connection around the layer then adds something else.",
        "x 本身被改了（用了 sub_ 或 -=）：绕过这一层的残差连接加上的就不再是原来的 x。",
    ),
}
