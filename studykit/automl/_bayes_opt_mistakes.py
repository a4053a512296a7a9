"""Wrong ways to compute expected improvement: one right computation, each deviating from it in one place."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from studykit.language import Text


def density(z: Tensor) -> Tensor:
    return (-0.5 * z * z).exp() / math.sqrt(2 * math.pi)


def below(z: Tensor) -> Tensor:
    return torch.special.erfc(-z / math.sqrt(2)) / 2


def formula(gain: Tensor, std: Tensor, z: Tensor, pdf: Callable[[Tensor], Tensor], cdf: Callable[[Tensor], Tensor]) -> Tensor:
    return gain * cdf(z) + std * pdf(z)


def like(
    value: Callable[..., Tensor] = formula,
    *,
    gain: Callable[[Tensor, Tensor], Tensor] = lambda mean, best: best - mean,
    score: Callable[[Tensor, Tensor], Tensor] = lambda gain, std: gain / std,
    pdf: Callable[[Tensor], Tensor] = density,
    cdf: Callable[[Tensor], Tensor] = below,
    certain: Callable[[Tensor], Tensor] | None = lambda gain: gain.clamp_min(0),
    dtype: torch.dtype = torch.float64,
    reduced: Callable[[Tensor], Tensor] = lambda found: found,
    returned: str = "",
) -> Callable[..., Any]:
    """Expected improvement with these parts; by default it is right.

    `certain` is what holds where std is 0, None for no such case; `returned` is `tensor` for floats too, or `double` whatever was given.
    """

    def candidate(mean: Any, std: Any, best: Any) -> Any:
        given = [each for each in (mean, std, best) if isinstance(each, Tensor)]
        m, s, b = (torch.as_tensor(each, dtype=dtype) for each in (mean, std, best))
        d = gain(m, b)
        if certain is None:
            found = value(d, s, score(d, s), pdf, cdf)
        else:
            safe = torch.where(s > 0, s, torch.ones_like(s))
            found = torch.where(s > 0, value(d, safe, score(d, safe), pdf, cdf), certain(d))
        found = reduced(found)
        if not given:
            return found if returned == "tensor" else found.item()
        return found if returned == "double" else found.to(given[0].dtype)

    return candidate


def detached(mean, std, best):
    return like()(*(each.detach() if isinstance(each, Tensor) else each for each in (mean, std, best)))


def lowest_of_these(mean, std, best):
    return like()(mean, std, mean.min() if isinstance(mean, Tensor) else mean)



WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "maximisation": (
        like(gain=lambda mean, best: mean - best),
        Text(
            "This is the improvement of a maximisation, mean - best. Here lower is better: best - mean.",
            "这是求最大值时的改进量 mean - best。这里越小越好，应为 best - mean。",
        ),
    ),
    "sign_of_z": (
        like(score=lambda gain, std: -gain / std),
        Text(
            "z has the wrong sign: (best - mean) / std, the same difference as in front of the cdf.",
            "z 的符号反了：应为 (best - mean) / std，与 cdf 前面的差相同。",
        ),
    ),
    "pdf_and_cdf_exchanged": (
        like(lambda gain, std, z, pdf, cdf: gain * pdf(z) + std * cdf(z)),
        Text(
            "The density and the distribution are exchanged: the gain goes with the cdf, std with the pdf.",
            "pdf 和 cdf 用反了：差值乘 cdf，std 乘 pdf。",
        ),
    ),
    "std_missing": (
        like(lambda gain, std, z, pdf, cdf: gain * cdf(z) + pdf(z)),
        Text(
            "The pdf of the standard normal has no unit; multiply it by std, or the value changes with the scale of the loss.",
            "标准正态的 pdf 没有量纲，要乘 std，否则结果会随损失的尺度改变。",
        ),
    ),
    "variance_taken_for_std": (
        like(lambda gain, std, z, pdf, cdf: gain * cdf(gain / std.sqrt()) + std.sqrt() * pdf(gain / std.sqrt())),
        Text(
            "You take the root of std: the argument is the standard deviation already, not the variance.",
            "你对 std 又开了方：传进来的已经是标准差，不是方差。",
        ),
    ),
    "divided_by_the_variance": (
        like(score=lambda gain, std: gain / std.square()),
        Text("z is divided by the variance; it is (best - mean) / std.", "z 除的是方差；应为 (best - mean) / std。"),
    ),
    "probability_of_improvement": (
        like(lambda gain, std, z, pdf, cdf: cdf(z), certain=lambda gain: (gain > 0).double()),
        Text(
            "This is the probability of improvement: it does not ask by how much, and so stays where a tiny gain is nearly sure.",
            "这是改进概率（PI）：不管改进多少，于是会守着几乎必然、但微乎其微的改进。",
        ),
    ),
    "lower_confidence_bound": (
        like(lambda gain, std, z, pdf, cdf: gain + std, certain=lambda gain: gain),
        Text(
            "This is a confidence bound (gain plus std), another acquisition: it can be negative, an expected improvement can't.",
            "这是置信界（差值加 std），另一种采集函数：它可以为负，期望改进不会。",
        ),
    ),
    "improvement_of_the_mean": (
        like(lambda gain, std, z, pdf, cdf: gain.clamp_min(0)),
        Text(
            "This is the improvement of the expectation, max(best - mean, 0). The expectation of the maximum is greater: where std is "
            "large there is something to gain above best too.",
            "这是“期望的改进” max(best - mean, 0)。要的是“改进的期望”，它更大：std 大的地方，均值高于 best 也可能有收获。",
        ),
    ),
    "only_the_cdf_term": (
        like(lambda gain, std, z, pdf, cdf: gain * cdf(z)),
        Text(
            "The term std * pdf(z) is missing, which is what rewards uncertainty; without it the value is negative above best.",
            "少了 std * pdf(z) 这一项，鼓励探索的正是它；没有它，均值高于 best 时结果为负。",
        ),
    ),
    "only_the_pdf_term": (
        like(lambda gain, std, z, pdf, cdf: std * pdf(z)),
        Text(
            "The term (best - mean) * cdf(z) is missing: a point that is predicted to be far better earns nothing for it.",
            "少了 (best - mean) * cdf(z) 这一项：预测明显更好的点得不到应有的分数。",
        ),
    ),
    "gain_clamped_too_early": (
        like(gain=lambda mean, best: (best - mean).clamp_min(0)),
        Text(
            "best - mean is clamped at 0 before the formula. The maximum with 0 is inside the expectation and already in the formula; a "
            "mean above best has to lower the value.",
            "best - mean 在代入公式前就截到了 0。与 0 取最大是在期望里面做的，公式已经包含了；均值高于 best 时，结果理应更小。",
        ),
    ),
    "margin_added": (
        like(gain=lambda mean, best: best - mean - 0.01),
        Text(
            "A margin (xi = 0.01) is subtracted, as some tutorials do. It depends on the scale of the loss and is not asked for.",
            "你减去了一个余量（xi = 0.01），有些教程这么写。它依赖损失的尺度，这里没有要求。",
        ),
    ),
    "best_of_the_means": (
        lowest_of_these,
        Text(
            "best is not used: you take the lowest of the means given. best is what was reached so far; candidates don't set it.",
            "没有用到 best，而是取了候选点均值的最小值。best 是到目前为止达到的值，与候选点无关。",
        ),
    ),
    "density_not_normalised": (
        like(pdf=lambda z: (-0.5 * z * z).exp()),
        Text("The density lacks its 1 / sqrt(2 pi).", "pdf 少了系数 1 / sqrt(2 pi)。"),
    ),
    "density_without_the_half": (
        like(pdf=lambda z: (-z * z).exp() / math.sqrt(2 * math.pi)),
        Text("The exponent of the density is -z² / 2; the half is missing.", "pdf 的指数是 -z² / 2，少了二分之一。"),
    ),
    "erf_without_root_of_two": (
        like(cdf=lambda z: torch.special.erfc(-z) / 2),
        Text("erf wants z / sqrt(2): the cdf is (1 + erf(z / sqrt(2))) / 2.", "erf 的自变量是 z / sqrt(2)：cdf 为 (1 + erf(z / sqrt(2))) / 2。"),
    ),
    "logistic_for_the_cdf": (
        like(cdf=lambda z: (1.702 * z).sigmoid()),
        Text(
            "A logistic function stands for the normal cdf: off by up to 0.01, and by far more, relatively, in the tail.",
            "用 logistic 函数代替了正态 cdf：误差可达 0.01，在尾部相对误差更大。",
        ),
    ),
    "tail_lost": (
        like(cdf=lambda z: (1 + torch.erf(z / math.sqrt(2))) / 2),
        Text(
            "(1 + erf) / 2 rounds to 0 far below, and the two terms no longer cancel: the value is dozens of times too large. "
            "torch.distributions.Normal and torch.special.ndtr compute it so too. Use erfc(-z / sqrt(2)) / 2.",
            "z 很小时 (1 + erf) / 2 舍入成 0，两项不再相消，结果大了几十倍。torch.distributions.Normal 和 torch.special.ndtr 也是这样算的。"
            "请用 erfc(-z / sqrt(2)) / 2。",
        ),
    ),
    "clamped_at_a_small_number": (
        like(lambda gain, std, z, pdf, cdf: formula(gain, std, z, pdf, cdf).clamp_min(1e-9)),
        Text(
            "The value is kept above a small number, so all far points look alike. It is small there, and that is right.",
            "结果被截在一个小数之上，远处的点全都一样了。那里本来就该很小。",
        ),
    ),
    "single_precision": (
        like(dtype=torch.float32),
        Text(
            "It is computed in float32 (torch.tensor makes that of a float): of best - mean, where both are large, hardly a digit is "
            "left. Convert to float64 first.",
            "是在 float32 里算的（torch.tensor 把 float 变成 float32）：best 和 mean 都很大时，差值几乎没有有效位。请先转成 float64。",
        ),
    ),
    "no_case_for_std_0": (
        like(certain=None),
        Text(
            "Where std is 0 you divide by it. At the best point itself, without noise, that is 0 / 0: nan, which argmax then picks. "
            "Nothing is uncertain there: max(best - mean, 0).",
            "std 为 0 时你还在除它。无噪声时，当前最优点处就是 0 / 0，得到 nan，argmax 偏偏会选中它。此处没有不确定性：max(best - mean, 0)。",
        ),
    ),
    "nothing_where_std_is_0": (
        like(certain=torch.zeros_like),
        Text(
            "Where std is 0 yours is 0, as in several libraries. The limit is max(best - mean, 0): a sure gain is a gain.",
            "std 为 0 时你返回 0，好几个库也这么写。极限应是 max(best - mean, 0)：确定的改进也是改进。",
        ),
    ),
    "loss_where_std_is_0": (
        like(certain=lambda gain: gain),
        Text(
            "Where std is 0 yours is best - mean, also below 0. Who doesn't improve keeps the best: max(best - mean, 0).",
            "std 为 0 时你返回 best - mean，可能为负。没有改进就保留原来的最优：max(best - mean, 0)。",
        ),
    ),
    "std_kept_off_0": (
        like(
            lambda gain, std, z, pdf, cdf: formula(gain, std + 0.01, gain / (std + 0.01), pdf, cdf),
            certain=lambda gain: formula(gain, torch.full_like(gain, 0.01), gain / 0.01, density, below),
        ),
        Text(
            "A constant of 0.01 is added to std against the division by 0; it changes every value. Treat 0 apart.",
            "为了避免除以 0，给 std 加了 0.01，所有结果都变了。应单独处理 0。",
        ),
    ),
    "tensor_for_floats": (
        like(returned="tensor"),
        Text(
            "The number is right, but for floats it has to be a float, not a tensor: .item().",
            "数值对，但给的是浮点数就该返回浮点数，不是张量：用 .item()。",
        ),
    ),
    "dtype_not_given_back": (
        like(returned="double"),
        Text(
            "The values are right, but the dtype is not the caller's: compute in float64, then return float32 where float32 was given.",
            "数值对，但 dtype 不是调用方的：内部用 float64 算，给的是 float32 就转回 float32。",
        ),
    ),
    "greatest_only": (
        like(reduced=lambda found: found.amax()),
        Text("You return one number; asked for is the value of every candidate.", "你只返回了一个数；要的是每个候选点各自的值。"),
    ),
    "averaged": (
        like(reduced=lambda found: found.mean()),
        Text("You average over the candidates; asked for is the value of each.", "你对候选点取了平均；要的是每个点各自的值。"),
    ),
    "divided_by_the_sum": (
        like(reduced=lambda found: found / found.sum()),
        Text("You normalise over the candidates; the value is in units of the loss.", "你在候选点之间做了归一化；结果应保持损失的量纲。"),
    ),
    "detached": (
        detached,
        Text(
            "The values are right but no gradient reaches mean and std: detach, item() or a new tensor cuts it. It is needed to climb to "
            "the maximum.",
            "数值对，但梯度传不到 mean 和 std：被 detach、item() 或新建张量切断了。用梯度求最大值时需要它。",
        ),
    ),
}
