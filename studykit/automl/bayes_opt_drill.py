"""Expected improvement from a blank: the formula for minimisation, its limit at std 0, its tail, and its gradient."""

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._bayes_opt_mistakes import WRONG
from .bayes_opt import expected_improvement


class Numbers(NamedTuple):
    """Single floats: best, how many std the mean lies above it, and std, each moved a little by the seed.

    Args:
        best: The best value.
        above: (mean - best) / std.
        std: The standard deviation.
        part: Relative size of what the seed adds to `above` and std.
        unit: What the value is reported in, where it is tiny: a difference from 0 would be lost in the tolerance.
    """

    best: float
    above: float
    std: float
    part: float = 0.1
    unit: float = 1.0

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What was given, and the value as the float that it has to be."""
        one, two = torch.rand(2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()
        std = self.std * (1 + self.part * one)
        mean = self.best + self.above * (1 + self.part * two) * (std or 1.0)
        value = candidate(mean, std, self.best)
        given = {"given mean": mean, "given std": std, "given best": self.best}
        return given | ({"expected improvement": value} if self.unit == 1 else {f"expected improvement / {self.unit:g}": value / self.unit})


class Tensors(NamedTuple):
    """Several candidates at once.

    Args:
        shape: Of the means.
        dtype: Of what is given.
        zeros: How many of the stds are 0.
        gradient: Whether the gradients of mean and std are wanted too.
        wide: Whether best and std broadcast against the means: (3, 1) and (4,).
    """

    shape: tuple[int, ...] = (6,)
    dtype: torch.dtype = torch.float64
    zeros: int = 0
    gradient: bool = False
    wide: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The values and their dtype, and with `gradient` where they lead."""
        rng = torch.Generator().manual_seed(seed)
        best = 0.5
        mean = best + torch.randn(self.shape, generator=rng, dtype=torch.float64)
        mean.flatten()[:2] = best + torch.tensor([-0.7, 0.6], dtype=torch.float64)  # on both sides of best
        std = 0.3 + torch.rand(self.shape[-1:] if self.wide else self.shape, generator=rng, dtype=torch.float64)
        std.flatten()[: self.zeros] = 0
        mean, std = mean.to(self.dtype), std.to(self.dtype)
        if self.wide:
            return {"expected improvement": candidate(mean, std, torch.tensor([[best], [0.0], [2.0]], dtype=self.dtype))}
        mean.requires_grad_(self.gradient), std.requires_grad_(self.gradient)
        found = candidate(mean, std, best)
        if not self.gradient:
            small = {"given mean": mean, "given std": std, "given best": best} if mean.numel() <= 3 else {}
            return small | {"expected improvement": found, "its dtype": str(found.dtype)}
        (found * torch.arange(1, found.numel() + 1)).sum().backward()
        return {"gradient of the mean": mean.grad, "gradient of std": std.grad}


def tail_first(mean, std, best):
    """Without a case for std 0: it is kept off 0 by a number too small to matter."""
    m, s, b = [torch.as_tensor(each, dtype=torch.float64) for each in (mean, std, best)]
    improvement = b - m
    z = improvement / torch.clamp(s, min=1e-300)
    pdf = torch.exp(-z.clamp(-1e3, 1e3) ** 2 / 2) * 0.3989422804014327
    ei = s * pdf + improvement * (torch.special.erfc(-z / 2**0.5) / 2)
    if not any(isinstance(each, torch.Tensor) for each in (mean, std, best)):
        return float(ei)
    return ei.type(next(each for each in (mean, std, best) if isinstance(each, torch.Tensor)).dtype)


def by_erfc(mean, std, best):
    """Floats by math, tensors by torch."""
    if not any(map(torch.is_tensor, (mean, std, best))):
        if std == 0:
            return max(best - mean, 0.0)
        z = (best - mean) / std
        return (best - mean) * 0.5 * math.erfc(-z / math.sqrt(2)) + std * NormalDist().pdf(z)
    dtype = mean.dtype if torch.is_tensor(mean) else std.dtype
    mean, std, best = (torch.as_tensor(each, dtype=torch.double) for each in (mean, std, best))
    zero = std == 0
    s = torch.where(zero, torch.ones_like(std), std)
    z = (best - mean) / s
    value = 0.5 * (best - mean) * torch.erfc(-z / 2**0.5) + s * torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5
    return torch.where(zero, torch.relu(best - mean), value).to(dtype)


def by_log(mean, std, best):
    """From logarithms, and masks filled in afterwards."""
    tensors = [x for x in (mean, std, best) if isinstance(x, Tensor)]
    m, s, b = torch.broadcast_tensors(*(torch.as_tensor(x, dtype=torch.float64) for x in (mean, std, best)))
    out = torch.maximum(b - m, torch.zeros_like(m))
    ok = s > 0
    z = (b[ok] - m[ok]) / s[ok]
    log_pdf = -(z**2) / 2 - 0.5 * math.log(2 * math.pi)
    out = out.masked_scatter(ok, s[ok] * (log_pdf.exp() + z * torch.special.log_ndtr(z).exp()))
    return out.to(tensors[0].dtype) if tensors else out.item()


def normal_tail(mean, std, best):
    """E[max(d, 0)] = E[max(-d, 0)] + d: always from the side where nothing cancels badly."""
    kind = next((x.dtype for x in (mean, std, best) if isinstance(x, Tensor)), None)
    d = torch.as_tensor(best, dtype=torch.float64) - torch.as_tensor(mean, dtype=torch.float64)
    s = torch.as_tensor(std, dtype=torch.float64) + torch.zeros_like(d)
    d = d + torch.zeros_like(s)
    u = d.abs() / torch.where(s == 0, 1.0, s)
    worse = s * ((-(u**2) / 2).exp() / math.sqrt(2 * math.pi) - u * torch.special.erfc(u / math.sqrt(2)) / 2)
    found = worse + d.clamp(min=0)
    return found.item() if kind is None else found.to(kind)


drill = Drill(
    reference=expected_improvement,
    probes=(
        Probe("better", Numbers(1.0, -1.0, 0.4), Text("floats, the mean one std below best", "浮点数，均值比 best 低一个 std")),
        Probe("worse", Numbers(1.0, 0.8, 0.4), Text("floats, the mean above best", "浮点数，均值高于 best")),
        Probe("equal", Numbers(-2.0, 0.0, 3.0), Text("floats, the mean at best", "浮点数，均值等于 best")),
        Probe("three", Tensors((3,)), Text("three candidates as tensors", "三个候选点，张量")),
        Probe("sure gain", Numbers(1.0, -0.5, 0.0), Text("std is 0, the mean below best", "std 为 0，均值低于 best")),
        Probe("sure loss", Numbers(1.0, 0.5, 0.0), Text("std is 0, the mean above best", "std 为 0，均值高于 best")),
        Probe("sure tie", Numbers(1.0, 0.0, 0.0), Text("std is 0, the mean at best", "std 为 0，均值等于 best")),
        Probe("some sure", Tensors((6,), zeros=2), Text("six candidates, two with std 0", "六个候选点，其中两个 std 为 0")),
        Probe("float32", Tensors((6,), torch.float32), Text("float32 tensors, and their dtype back", "float32 张量，返回同样的 dtype")),
        Probe("shapes", Tensors((3, 4), wide=True), Text("mean (3, 4), std (4,), best (3, 1)", "mean (3, 4)，std (4,)，best (3, 1)")),
        Probe("gradient", Tensors((5,), gradient=True), Text("the gradient of mean and std", "mean 和 std 的梯度")),
        Probe(
            "offset",
            Numbers(20000.0, 0.2, 1e-3),
            Text("losses around 20,000 with a std of 0.001", "损失在 20000 左右，std 为 0.001"),
            1e-4,  # the difference itself is rounded at 1e-9 of its size
        ),
        Probe(
            "far",
            Numbers(0.0, 9.0, 1.0, unit=1e-20),
            Text("the mean nine std above best: the value is tiny, neither 0 nor negative", "均值比 best 高九个 std：结果极小，但不是 0，也不是负数"),
            1e-4,
        ),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"tail_first": tail_first, "by_erfc": by_erfc, "by_log": by_log, "normal_tail": normal_tail},
    prompt=Text(
        "Write the expected improvement for minimisation: E[max(best - f, 0)] where f is normal with this mean and std. Arguments are "
        "floats or tensors that broadcast; compute in float64; floats give a float, tensors a tensor of their dtype, with gradients. "
        "Where std is 0 it is max(best - mean, 0). It has to be right also nine std above best, where it is about 1e-20.",
        "写出求最小值时的期望改进：E[max(best - f, 0)]，f 服从以 mean、std 为参数的正态分布。参数是浮点数或可广播的张量；内部用 float64 "
        "计算；给浮点数就返回浮点数，给张量就返回同 dtype 的张量，并保留梯度。std 为 0 处取 max(best - mean, 0)。均值比 best 高 9 个 std 时"
        "（结果约 1e-20）也要算对。",
    ),
    hints=(
        Text(
            "Integrate (best - f) times the density from minus infinity to best: one part is a cdf, the other a pdf.",
            "把 (best - f) 乘密度，从负无穷积到 best：一部分得 cdf，一部分得 pdf。",
        ),
        Text(
            "(best - mean) * cdf(z) + std * pdf(z) with z = (best - mean) / std.",
            "(best - mean) * cdf(z) + std * pdf(z)，其中 z = (best - mean) / std。",
        ),
        Text(
            "The cdf from erfc(-z / sqrt(2)) / 2, which keeps its digits in the lower tail; torch.where for std 0, with a harmless "
            "divisor in the branch that isn't taken.",
            "cdf 用 erfc(-z / sqrt(2)) / 2，下尾不丢精度；std 为 0 用 torch.where，没选中的分支里放一个无害的除数。",
        ),
    ),
)
