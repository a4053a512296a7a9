"""The classic mistakes of He initialisation: each is the right solution with one thing changed."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from studykit.language import Text

GAINS = {"relu": math.sqrt(2), "tanh": 5 / 3, "sigmoid": 1.0, "linear": 1.0, "selu": 0.75}


def fan_of(tensor: Tensor, mode: str) -> int:
    """The fan that is asked for."""
    return tensor.shape[1 if mode == "fan_in" else 0] * tensor[0, 0].numel()


def gain_of(nonlinearity: str, a: float) -> float:
    """The gain that is asked for."""
    return math.sqrt(2 / (1 + a * a)) if nonlinearity == "leaky_relu" else GAINS[nonlinearity]


def normal(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    """The draw that is asked for, not yet in place."""
    return torch.randn(tensor.shape, dtype=tensor.dtype, generator=generator) * std


def like(
    fan: Callable[[Tensor, str], float] = fan_of,
    gain: Callable[[str, float], float] = gain_of,
    std: Callable[[float, float], float] = lambda gain, fan: gain / math.sqrt(fan),
    draw: Callable[[Tensor, float, Generator | None], Tensor] = normal,
    put: Callable[[Tensor, Tensor], Tensor | None] = lambda tensor, drawn: tensor.copy_(drawn),
    **fixed: Any,
) -> Callable[..., Tensor | None]:
    """A solution with one thing changed.

    Args:
        fan: Tensor and mode to the fan.
        gain: Nonlinearity and slope to the gain.
        std: Gain and fan to the standard deviation.
        draw: Tensor, std and generator to the numbers.
        put: Where the numbers go.
        **fixed: Arguments that are not read.
    """

    @torch.no_grad()
    def candidate(
        tensor: Tensor,
        a: float = 0,
        mode: str = "fan_in",
        nonlinearity: str = "leaky_relu",
        generator: Generator | None = None,
    ) -> Tensor | None:
        a, mode = fixed.get("a", a), fixed.get("mode", mode)
        nonlinearity, generator = fixed.get("nonlinearity", nonlinearity), fixed.get("generator", generator)
        spread = std(gain(nonlinearity, a), fan(tensor, mode))
        return put(tensor, draw(tensor, spread, generator))

    return candidate


def recorded(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    return tensor.normal_(0, gain_of(nonlinearity, a) / math.sqrt(fan_of(tensor, mode)), generator=generator)


def seeded(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    torch.manual_seed(0)
    return normal(tensor, std, generator)


def trunc(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    """Cut at two standard deviations, and widened again so that the std is right, as Keras has it."""
    below = (1 + math.erf(-2 / math.sqrt(2))) / 2
    share = below + (1 - 2 * below) * torch.rand(tensor.shape, dtype=torch.float64, generator=generator)
    return (std / 0.87962566 * math.sqrt(2) * torch.erfinv(2 * share - 1)).to(tensor.dtype)


def uniform(factor: float) -> Callable[[Tensor, float, Generator | None], Tensor]:
    def draw(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
        return (2 * torch.rand(tensor.shape, dtype=tensor.dtype, generator=generator) - 1) * factor * std

    return draw


def one_row(tensor: Tensor, std: float, generator: Generator | None) -> Tensor:
    return torch.randn(tensor.shape[1:], dtype=tensor.dtype, generator=generator).expand(tensor.shape) * std


def last_dimension(tensor: Tensor, mode: str) -> int:
    return tensor.shape[-1] if mode == "fan_in" else tensor.shape[0]


def slope_for_all(nonlinearity: str, a: float) -> float:
    return math.sqrt(2 / (1 + a * a)) if nonlinearity == "relu" else gain_of(nonlinearity, a)


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "xavier": (
        like(lambda tensor, _: fan_of(tensor, "fan_in") + fan_of(tensor, "fan_out"), lambda *_: math.sqrt(2)),
        Text(
            "This is Xavier: the variance is 2 / (fan_in + fan_out). He takes one fan alone, and a gain for what ReLU sets to zero.",
            "这是 Xavier：方差是 2 / (fan_in + fan_out)。He 只用一个 fan，并用增益补上被 ReLU 置零的部分。",
        ),
    ),
    "xavier_with_gain": (
        like(lambda tensor, _: (fan_of(tensor, "fan_in") + fan_of(tensor, "fan_out")) / 2),
        Text(
            "The gain is right, but the fan is Xavier's mean of fan_in and fan_out. `mode` says which of the two is meant.",
            "增益对了，fan 却是 Xavier 的平均值。用 fan_in 还是 fan_out，由 `mode` 决定。",
        ),
    ),
    "gain_missing": (
        like(gain=lambda *_: 1.0),
        Text(
            "There is no gain: std = 1 / sqrt(fan) is LeCun's, for a linear unit. ReLU halves the second moment, hence sqrt(2).",
            "没有乘增益：std = 1 / sqrt(fan) 是 LeCun 初始化，适合线性单元。ReLU 让二阶矩减半，所以要乘 sqrt(2)。",
        ),
    ),
    "gain_of_relu_only": (
        like(gain=lambda nonlinearity, a: gain_of(nonlinearity, a) if "relu" in nonlinearity else 1.0),
        Text(
            "Only ReLU and its leaky form have a gain here. In torch's table tanh has 5/3 and SELU 3/4.",
            "只有 ReLU 和 leaky ReLU 有增益。按 torch 的表，tanh 是 5/3，SELU 是 3/4。",
        ),
    ),
    "nonlinearity_unheard": (
        like(nonlinearity="leaky_relu"),
        Text("The gain doesn't depend on `nonlinearity`.", "增益没有随 `nonlinearity` 变化。"),
    ),
    "variance_as_std": (
        like(std=lambda gain, fan: gain**2 / fan),
        Text(
            "gain^2 / fan is the variance. normal_ wants the standard deviation: take the root.",
            "gain^2 / fan 是方差。normal_ 要的是标准差：开根号。",
        ),
    ),
    "gain_under_the_root": (
        like(std=lambda gain, fan: math.sqrt(gain / fan)),
        Text(
            "The gain stands under the root. std = gain / sqrt(fan); ReLU's gain is sqrt(2) already.",
            "增益放到根号里去了。应为 std = gain / sqrt(fan)；ReLU 的增益本身就是 sqrt(2)。",
        ),
    ),
    "gain_twice": (
        like(std=lambda gain, fan: gain**2 / math.sqrt(fan)),
        Text(
            "The factor 2 is the variance's, so the std gets sqrt(2) only.",
            "因子 2 是方差的，标准差只乘 sqrt(2)。",
        ),
    ),
    "fans_exchanged": (
        like(lambda tensor, mode: fan_of(tensor, "fan_out" if mode == "fan_in" else "fan_in")),
        Text(
            "The fans are exchanged. torch keeps a weight as (out, in, ...): fan_in is size(1) times the kernel.",
            "fan_in 和 fan_out 弄反了。torch 的权重形状是 (out, in, ...)：fan_in 是 size(1) 乘卷积核大小。",
        ),
    ),
    "kernel_forgotten": (
        like(lambda tensor, mode: tensor.shape[1 if mode == "fan_in" else 0]),
        Text(
            "The kernel is left out: an output of a convolution sums over in_channels * kernel height * kernel width inputs.",
            "漏了卷积核：卷积的一个输出要对 in_channels * 核高 * 核宽 个输入求和。",
        ),
    ),
    "last_dimension": (
        like(last_dimension),
        Text(
            "shape[-1] is fan_in for a matrix only. For a convolution it is the width of the kernel.",
            "shape[-1] 只有对矩阵才是 fan_in，对卷积来说那是卷积核的宽度。",
        ),
    ),
    "kernel_missing_in_fan_out": (
        like(lambda tensor, mode: fan_of(tensor, mode) if mode == "fan_in" else tensor.shape[0]),
        Text(
            "fan_out has a kernel too: one input reaches out_channels * kernel outputs.",
            "fan_out 也要乘卷积核大小：一个输入会影响 out_channels * kernel 个输出。",
        ),
    ),
    "fan_of_all_weights": (
        like(lambda tensor, _: tensor.numel()),
        Text(
            "The fan is not the number of all weights, but of those that feed one output.",
            "fan 不是全部权重的个数，而是连到一个输出上的权重个数。",
        ),
    ),
    "mode_unheard": (
        like(mode="fan_in"),
        Text("fan_in is taken whatever `mode` says.", "不管 `mode` 是什么，都用了 fan_in。"),
    ),
    "slope_unheard": (
        like(a=0),
        Text(
            "The slope `a` is not read: leaky ReLU lets a share a^2 of the other half through, so the gain is sqrt(2 / (1 + a^2)).",
            "没有用到斜率 `a`：leaky ReLU 会让另一半的 a^2 通过，所以增益是 sqrt(2 / (1 + a^2))。",
        ),
    ),
    "slope_not_squared": (
        like(gain=lambda name, a: math.sqrt(2 / (1 + a)) if name == "leaky_relu" else gain_of(name, a)),
        Text(
            "The slope enters unsquared. It multiplies the signal, so its second moment has a^2.",
            "斜率没有平方。它乘在信号上，二阶矩里就是 a^2。",
        ),
    ),
    "slope_for_relu_too": (
        like(gain=slope_for_all),
        Text(
            "`a` is read for relu as well. It is leaky_relu's slope, and for the others it means nothing.",
            "relu 也用上了 `a`。它是 leaky_relu 的斜率，对别的激活函数没有意义。",
        ),
    ),
    "uniform_with_std_as_bound": (
        like(draw=uniform(1.0)),
        Text(
            "Numbers between -std and std: uniform, and with a std too small by sqrt(3). Draw from a normal distribution.",
            "在 -std 到 std 之间均匀取值：不是正态，标准差还小了 sqrt(3) 倍。应取正态分布。",
        ),
    ),
    "uniform": (
        like(draw=uniform(math.sqrt(3))),
        Text(
            "The std is right, the distribution is uniform: that is kaiming_uniform_.",
            "标准差对了，分布却是均匀的：那是 kaiming_uniform_。",
        ),
    ),
    "bound_as_std": (
        like(std=lambda gain, fan: gain * math.sqrt(3 / fan)),
        Text(
            "sqrt(3) belongs to the bound of the uniform form, where it makes up for Var U(-b, b) = b^2 / 3.",
            "sqrt(3) 是均匀分布的上界里才有的，用来抵消 Var U(-b, b) = b^2 / 3。这里是正态。",
        ),
    ),
    "truncated": (
        like(draw=trunc),
        Text(
            "The normal distribution is cut off at two standard deviations, as in Keras. torch's is not.",
            "正态分布在两倍标准差处被截断了（Keras 是这样），torch 不截断。",
        ),
    ),
    "one_row_for_all": (
        like(draw=one_row),
        Text(
            "All outputs get the same weights, so they stay equal for ever. Every entry is drawn by itself.",
            "所有输出的权重一样，之后会永远相同。每个元素都要独立抽取。",
        ),
    ),
    "generator_unheard": (
        like(generator=None),
        Text("The generator is not used: the draw comes from the global one.", "没有用传入的 generator，用的是全局随机数。"),
    ),
    "global_seed": (
        like(draw=seeded),
        Text(
            "You seed the global generator: every layer gets the same numbers, and the caller's randomness is spoilt.",
            "你在里面设了全局种子：每一层都会得到同样的数，调用方的随机状态也被改了。",
        ),
    ),
    "not_in_place": (
        like(put=lambda _, drawn: drawn),
        Text(
            "A new tensor is returned and the weight stays as it was. The underscore means in place.",
            "返回的是新张量，权重本身没变。名字末尾的下划线表示原地修改。",
        ),
    ),
    "added": (
        like(put=lambda tensor, drawn: tensor.add_(drawn)),
        Text("The numbers are added to what was there. They replace it.", "随机数被加到了原有的值上。应当覆盖。"),
    ),
    "nothing_returned": (
        like(put=lambda tensor, drawn: (tensor.copy_(drawn), None)[1]),
        Text("Nothing is returned. torch's initialisers return the tensor.", "没有返回值。torch 的初始化函数会返回该张量。"),
    ),
    "graph_recorded": (
        recorded,
        Text(
            "A parameter is written in place while autograd records, which it refuses. Use torch.no_grad().",
            "在 autograd 记录时原地改写参数，会被拒绝。要用 torch.no_grad()。",
        ),
    ),
}
