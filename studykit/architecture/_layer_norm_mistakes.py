"""The classic mistakes of layer normalisation: each is the right solution with one thing changed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ._norm_mistakes import Told


def like(
    over: str = "given",
    centred: str = "both",
    spread: Callable[[Tensor, list[int]], Tensor] = lambda d, dims: d.square().mean(dims, keepdim=True),
    root: Callable[[Tensor, float], Tensor] = lambda var, eps: (var + eps).sqrt(),
    detached: tuple[str, ...] = (),
    affine: str = "after",
    parameters: Callable[[tuple[int, ...]], tuple[int, ...]] = lambda shape: shape,
    learn: bool = True,
    start: float = 1.0,
    evaluation: str = "own",
    fixed_eps: float | None = None,
    in_place: bool = False,
) -> type[nn.Module]:
    """A solution with one thing changed.

    Args:
        over: What shares statistics: the dimensions `given`, the `batch`, the `sample`, the `last` one only, the `first` of those
            given, `all`, dimension 1 (`channels`).
        centred: Where the mean is taken out: of `both` numerator and variance, the `numerator` only, the `variance` only, `neither`.
        spread: Distance from the mean and the dimensions to the variance.
        root: Variance and eps to the divisor.
        detached: Which of `mean` and `var` no gradient goes through.
        affine: `after`, `before`, `none`, `scale` only, `shift` only, `shift first` or `one more` than weight as the scale.
        parameters: normalized_shape to the shape of scale and shift.
        learn: Whether they are trained.
        start: Of the scale.
        evaluation: What normalises there: its `own` statistics, `running` ones, or `none`.
        fixed_eps: What eps always is.
        in_place: Whether the mean is taken out of x itself.
    """

    class Candidate(nn.Module):
        def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5) -> None:
            super().__init__()
            self.given = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
            self.eps = eps if fixed_eps is None else fixed_eps
            if affine not in ("none", "shift"):
                more = float(affine == "one more")
                self.weight = nn.Parameter(torch.full(parameters(self.given), start - more), requires_grad=learn)
            if affine not in ("none", "scale"):
                self.bias = nn.Parameter(torch.zeros(parameters(self.given)), requires_grad=learn)
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("var", torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            last, n = list(range(-len(self.given), 0)), x.ndim
            dims = {
                "given": last, "batch": [0], "sample": list(range(min(1, n - 1), n)), "last": [-1], "first": last[:1],
                "all": list(range(n)), "channels": [min(1, n - 1)],
            }[over]  # fmt: skip
            scale = self.weight if hasattr(self, "weight") else 1
            shift = self.bias if hasattr(self, "bias") else 0
            if affine == "before":
                x = x * scale + shift
            mean = x.mean(dims, keepdim=True)
            var = spread(x - mean if centred in ("both", "variance") else x, dims)
            if evaluation == "running":
                mean, var = self.followed(mean, var)
            mean, var = (each.detach() if name in detached else each for name, each in (("mean", mean), ("var", var)))
            if in_place and not x.requires_grad:
                x.sub_(mean)
                mean = torch.zeros_like(mean)
            y = (x - mean if centred in ("both", "numerator") else x) / root(var, self.eps)
            if evaluation == "none" and not self.training:
                y = x
            if affine == "shift first":
                return (y + shift) * scale
            return y if affine in ("before", "none") else y * (scale + (affine == "one more")) + shift

        @torch.no_grad()
        def followed(self, mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
            if not self.training:
                return self.mean, self.var
            for kept, new in ((self.mean, mean), (self.var, var)):
                kept.mul_(0.9).add_(0.1 * new.mean())
            return mean, var

    return Candidate


def unbiased(d: Tensor, dims: list[int]) -> Tensor:
    """The variance that divides by the count less one."""
    count = d.numel() // d.mean(dims, keepdim=True).numel()
    return d.square().sum(dims, keepdim=True) / (count - 1)


WRONG: dict[str, Told] = {
    "over_the_batch": Told(
        like(over="batch"),
        "Each feature is normalised over the batch: that is batch normalisation. Here a sample is normalised by its own features.",
        "每个特征在 batch 上做了归一化：那是 batch normalization。这里要用样本自己的特征来归一化。",
    ),
    "over_the_whole_sample": Told(
        like(over="sample"),
        "The statistics are taken over all of a sample. normalized_shape says which of the last dimensions share them: with "
        "(B, T, C) and C each token has its own.",
        "统计量跨了整个样本。normalized_shape 说的才是最后哪几维共用：输入 (B, T, C)、只给 C 时，每个 token 各有一套。",
    ),
    "over_the_last_dimension_only": Told(
        like(over="last"),
        "Only the last dimension shares statistics; all of normalized_shape must, together.",
        "只有最后一维共用统计量；normalized_shape 里的各维要一起算。",
    ),
    "over_the_first_of_those_given": Told(
        like(over="first"),
        "Only the first dimension of normalized_shape shares statistics; all of them must, together.",
        "只有 normalized_shape 的第一维共用统计量；各维要一起算。",
    ),
    "over_dimension_one": Told(
        like(over="channels"),
        "You normalise over dimension 1, where images have their channels. LayerNorm takes the last dimensions.",
        "你沿第 1 维做了归一化，那是图像放通道的位置。LayerNorm 沿的是最后几维。",
    ),
    "over_everything": Told(
        like(over="all"),
        "One mean and one variance for the whole tensor, so samples depend on each other.",
        "整个张量只有一个均值、一个方差，样本之间就互相影响了。",
    ),
    "unbiased_variance": Told(
        like(spread=unbiased),
        "The variance divides by the count less one (the default of torch.var and torch.std). It divides by the count here.",
        "方差除的是个数减一（torch.var、torch.std 的默认）。这里要除以个数。",
    ),
    "eps_outside_the_root": Told(
        like(root=lambda var, eps: var.sqrt() + eps),
        "eps is added to the standard deviation; it belongs to the variance, under the root.",
        "eps 加在了标准差上；它应该加在方差上，在根号里面。",
    ),
    "torch_std_plus_eps": Told(
        like(spread=unbiased, root=lambda var, eps: var.sqrt() + eps),
        "x.std() + eps differs twice: torch.std divides by the count less one, and eps belongs to the variance, under the root.",
        "x.std() + eps 有两处不同：torch.std 除的是个数减一；eps 应加在方差上，在根号里面。",
    ),
    "no_eps": Told(
        like(root=lambda var, eps: var.sqrt()),
        "eps is not added at all: features that are all alike give nan. It belongs to the variance, under the root.",
        "没有加 eps：特征全相同时会得到 nan。它应加在方差上，在根号里面。",
    ),
    "eps_squared": Told(
        like(root=lambda var, eps: (var + eps**2).sqrt()),
        "eps is squared. It is added to the variance as it is.",
        "eps 被平方了。应原样加到方差上。",
    ),
    "eps_as_a_floor": Told(
        like(root=lambda var, eps: var.clamp(min=eps).sqrt()),
        "eps is a lower bound of the variance in yours; it is added to it.",
        "你把 eps 当成方差的下限；它应该加在方差上。",
    ),
    "divided_by_the_variance": Told(
        like(root=lambda var, eps: var + eps), "You divide by the variance; take its root.", "除的是方差；要先开方。"
    ),
    "mean_absolute_deviation": Told(
        like(spread=lambda d, dims: d.abs().mean(dims, keepdim=True).square()),
        "You divide by the mean absolute deviation; it is the root of the mean squared one.",
        "除的是平均绝对偏差；应该是偏差平方的均值再开方。",
    ),
    "rms_norm": Told(
        like(centred="neither"),
        "No mean is taken out: that is RMSNorm.",
        "没有减均值：那是 RMSNorm。",
    ),
    "only_centred": Told(
        like(root=lambda var, eps: torch.ones_like(var)),
        "The mean is taken out, but nothing is divided by the standard deviation.",
        "只减了均值，没有除以标准差。",
    ),
    "variance_about_zero": Told(
        like(centred="numerator"),
        "The mean is taken out above, but what you divide by is the mean square of x itself, not of its distance from the mean.",
        "分子减了均值，分母用的却是 x 本身的均方，而不是到均值距离的均方。",
    ),
    "mean_left_in": Told(
        like(centred="variance"),
        "You divide by the right standard deviation but leave the mean in.",
        "标准差除对了，均值却没有减。",
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
    "detached_mean": Told(
        like(detached=("mean",)),
        "The gradient goes through the variance but not through the mean; it needs both.",
        "梯度流过了方差，却没有流过均值；两者都要。",
    ),
    "running_statistics": Told(
        like(evaluation="running"),
        "Evaluation uses running statistics. LayerNorm keeps none: each sample has its own, in both modes alike.",
        "推理时用了运行统计量。LayerNorm 不存任何统计量：两种模式下，每个样本都用自己的。",
    ),
    "off_in_evaluation": Told(
        like(evaluation="none"),
        "In evaluation nothing is normalised. LayerNorm is no dropout: both modes do the same.",
        "推理时没有归一化。LayerNorm 不是 dropout：两种模式做的事一样。",
    ),
    "no_scale_and_shift": Told(
        like(affine="none"),
        "Nothing is learned: weight (from 1) and bias (from 0) of normalized_shape are missing.",
        "没有可学习的参数：缺少形状为 normalized_shape 的 weight（初值 1）和 bias（初值 0）。",
    ),
    "no_shift": Told(like(affine="scale"), "The bias is missing.", "缺少 bias。"),
    "no_scale": Told(like(affine="shift"), "The weight is missing.", "缺少 weight。"),
    "scale_before": Told(
        like(affine="before"),
        "Scale and shift come after the normalisation; before it most of them is normalised away.",
        "缩放和平移要在归一化之后；放在前面，大半会被归一化抹掉。",
    ),
    "shift_scaled_too": Told(
        like(affine="shift first"),
        "The shift is added before the scale, so it is scaled as well: weight * normalised + bias.",
        "先加了平移再乘缩放，平移也被缩放了：应是 weight * 归一化结果 + bias。",
    ),
    "scale_as_one_plus": Told(
        like(affine="one more"),
        "Your scale is 1 + weight with a weight from 0, as in Gemma's RMSNorm. Asked for is a weight that starts from 1 and is the scale.",
        "你的缩放是 1 + weight，weight 从 0 开始，Gemma 的 RMSNorm 是这样。这里要的是 weight 本身就是缩放，从 1 开始。",
    ),
    "one_scale_for_all": Told(
        like(parameters=lambda _: (1,)),
        "There is a single scale and a single shift; every feature has its own.",
        "缩放和平移各只有一个数；应该每个特征一个。",
    ),
    "scale_of_the_last_dimension": Told(
        like(parameters=lambda shape: shape[-1:]),
        "Scale and shift have the size of the last dimension; they are of normalized_shape.",
        "缩放和平移只有最后一维那么大；它们的形状应是 normalized_shape。",
    ),
    "scale_not_trained": Told(
        like(learn=False), "Scale and shift get no gradient; they are learned.", "缩放和平移没有梯度；它们是要学习的。"
    ),
    "scale_from_zero": Told(
        like(start=0.0), "The scale starts from 0; it starts from 1.", "缩放从 0 开始了；应从 1 开始。"
    ),
    "eps_unread": Told(like(fixed_eps=1e-5), "eps is always 1e-5, whatever is given.", "无论传入什么，eps 都是 1e-5。"),
    "changes_its_input": Told(
        like(in_place=True),
        "x itself is changed (sub_ or -=): a residual connection around the layer then adds something else.",
        "x 本身被改了（用了 sub_ 或 -=）：绕过这一层的残差连接加上的就不再是原来的 x。",
    ),
}
