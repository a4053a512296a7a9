"""He initialisation from a blank: which fan, which gain, and a draw in place that autograd does not see."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._he_init_mistakes import WRONG
from .he_init import kaiming_normal_

WIDE, IMAGE, SHORT, VOLUME = (240, 600), (120, 80, 3, 5), (300, 160, 3), (60, 40, 3, 4, 5)
OTHERS = ("tanh", "sigmoid", "linear", "selu")
# Of a std from 144,000 numbers the error is 0.2 %, of their kurtosis 0.5 %: between two draws these bounds are seven times that.
BY_STD, BY_SHAPE = 0.02, 0.05


def probe(name: str, run: Callable[[Any], dict[str, Any]], en: str, zh: str, tolerance: float = BY_STD) -> Probe:
    """A probe that draws from the global generator where it is given none, and leaves it as it was."""

    def seeded(candidate: Any, seed: int) -> dict[str, Any]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return run(candidate)

    return Probe(name, seeded, Text(en, zh), tolerance)


def filled(candidate: Any, *shape: int, **arguments: Any) -> Tensor:
    """A tensor of sevens, given to the candidate."""
    tensor = torch.full(shape, 7.0)
    candidate(tensor, **arguments)
    return tensor


def std(*shape: int, **arguments: Any) -> Callable[[Any], dict[str, Any]]:
    def run(candidate: Any) -> dict[str, Any]:
        x = filled(candidate, *shape, **arguments).double()
        found = {"the tensor was filled": not bool((x == 7).any()), "its rows differ": not torch.equal(x[0], x[1])}
        return {"given shape": list(shape), **found, "std": float(x.std())}

    return run


def gains(candidate: Any) -> dict[str, Any]:
    return {f"std before {name}": float(filled(candidate, *WIDE, nonlinearity=name).std()) for name in OTHERS}


def distribution(candidate: Any) -> dict[str, Any]:
    x = filled(candidate, *WIDE).double()
    z = (x - x.mean()) / x.std()
    return {
        "the mean is 0": bool(x.mean().abs() < 0.06 * x.std()),
        "fourth moment / variance^2": float((z**4).mean()),
        "its values are many": len(x.unique()) > 1000,
        "some lie beyond three standard deviations": bool((z.abs() > 3.05).any()),
    }


def independent(candidate: Any) -> dict[str, Any]:
    x = filled(candidate, *WIDE)
    found = {}
    for name, each in (("rows", x), ("columns", x.T)):
        between = torch.corrcoef(each).fill_diagonal_(0)
        found[f"two {name} have nothing in common"] = bool(between.abs().max() < 0.7)
    later = filled(candidate, *WIDE)
    return found | {"a second call draws other numbers": not torch.equal(x, later)}


def in_place(candidate: Any) -> dict[str, Any]:
    weight = torch.nn.Parameter(torch.full((30, 20), 7.0))
    address = weight.data_ptr()
    given = candidate(weight)
    return {
        "the very tensor is returned": given is weight,
        "it was changed": not bool((weight == 7).any()),
        "its storage is the same": weight.data_ptr() == address,
        "it is a leaf that learns": weight.is_leaf and weight.requires_grad and weight.grad is None,
    }


def drawn(candidate: Any) -> dict[str, Any]:
    """With a generator: its numbers, and the global one untouched."""
    global_state = torch.get_rng_state()
    one, again, other = (filled(candidate, 30, 20, generator=torch.Generator().manual_seed(n)) for n in (5, 5, 6))
    untouched, shared = torch.equal(torch.get_rng_state(), global_state), torch.Generator().manual_seed(7)
    return {
        "the tensor was filled": not bool((one == 7).any()),
        "the global generator is left alone": untouched,
        "one seed, one draw": torch.equal(one, again),
        "another seed, another draw": not torch.equal(one, other),
        "two layers from one generator differ": not torch.equal(*(filled(candidate, 30, 20, generator=shared) for _ in range(2))),
    }


def drawn_globally(candidate: Any) -> dict[str, Any]:
    start = torch.get_rng_state()
    one = filled(candidate, 30, 20)
    torch.set_rng_state(start)
    again = filled(candidate, 30, 20)
    return {"it repeats from one state": torch.equal(one, again), "the state moved on": not torch.equal(start, torch.get_rng_state())}


def small(candidate: Any) -> dict[str, Any]:
    """Twelve numbers have neither the mean 0 nor exactly the std that they are drawn with."""
    draws = torch.stack([filled(candidate, 4, 3) for _ in range(200)]).flatten(1)
    return {
        "two draws differ": not torch.equal(draws[0], draws[1]),
        "the mean of one draw may differ from 0": bool(draws.mean(1).std() > 0.1),
        "the std of one draw may differ": bool(draws.std(1).std() > 0.05),
    }


def view(candidate: Any) -> dict[str, Any]:
    """The weight of x @ w, given transposed, as torch's documentation advises."""
    weight = torch.full(WIDE, 7.0)
    candidate(weight.T)
    return {"given shape of the view": list(weight.T.shape), "std": float(weight.std())}


def kept(candidate: Any) -> dict[str, Any]:
    weight = torch.full(WIDE, 7.0, dtype=torch.float64)
    candidate(weight)
    found = {"dtype": str(weight.dtype), "shape": list(weight.shape), "requires_grad": weight.requires_grad}
    return found | {"std": float(weight.std())}


def by_hand(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Through .data, the fan from strides of thought: all weights over one side."""
    n = tensor.numel() // (tensor.size(0) if mode == "fan_in" else tensor.size(1))
    gain = {"tanh": 5.0 / 3, "selu": 0.75, "relu": 2**0.5, "leaky_relu": (2 / (1 + a**2)) ** 0.5}.get(nonlinearity, 1)
    tensor.data.copy_(gain * n**-0.5 * torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype))
    return tensor


def flattened(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """The fan from a flattened row; a standard normal that is scaled in place."""
    with torch.no_grad():
        fan = tensor[0].numel() if mode == "fan_in" else tensor[:, 0].numel()
        variance = 1.0 / fan
        if nonlinearity == "relu":
            variance *= 2
        elif nonlinearity == "leaky_relu":
            variance *= 2 / (1 + a * a)
        elif nonlinearity == "tanh":
            variance *= 25 / 9
        elif nonlinearity == "selu":
            variance *= 9 / 16
        return tensor.normal_(generator=generator).mul_(variance**0.5)


@torch.no_grad()
def box_muller(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal numbers from uniform ones: another stream, the same distribution."""
    channels = {"fan_in": 1, "fan_out": 0}[mode]
    fan = torch.tensor([tensor.shape[channels], *tensor.shape[2:]]).prod().item()
    table = {"relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + a * a)), "tanh": 5 / 3, "selu": 3 / 4}
    u, v = torch.rand(2, *tensor.shape, generator=generator, dtype=torch.float64)
    tensor[...] = table.get(nonlinearity, 1.0) / math.sqrt(fan) * torch.sqrt(-2 * torch.log1p(-u)) * torch.cos(2 * math.pi * v)
    return tensor


drill = Drill(
    reference=kaiming_normal_,
    probes=(
        probe("matrix", std(*WIDE), "a weight (240, 600), default arguments", "权重 (240, 600)，默认参数"),
        probe("relu", std(*WIDE, nonlinearity="relu"), 'nonlinearity="relu"', 'nonlinearity="relu"'),
        probe("fan_out", std(*WIDE, mode="fan_out"), 'mode="fan_out"', 'mode="fan_out"'),
        probe("slope", std(*WIDE, a=0.6), "leaky ReLU with a=0.6", "leaky ReLU，斜率 a=0.6"),
        probe("steep", std(*WIDE, a=-1.5), "leaky ReLU with a=-1.5", "leaky ReLU，斜率 a=-1.5"),
        probe(
            "slope not asked for",
            std(*WIDE, a=0.9, nonlinearity="relu"),
            'a=0.9 with nonlinearity="relu"',
            'nonlinearity="relu"，同时 a=0.9',
        ),
        probe("gains", gains, "tanh, sigmoid, linear, selu", "tanh、sigmoid、linear、selu"),
        probe("convolution", std(*IMAGE), "a convolution (120, 80, 3, 5)", "卷积权重 (120, 80, 3, 5)"),
        probe("convolution, fan_out", std(*IMAGE, mode="fan_out"), "that one with fan_out", "同一个卷积，fan_out"),
        probe(
            "short convolution",
            std(*SHORT, a=0.5, mode="fan_out"),
            "a convolution (300, 160, 3), fan_out, a=0.5",
            "卷积权重 (300, 160, 3)，fan_out，a=0.5",
        ),
        probe("volume", std(*VOLUME), "a convolution (60, 40, 3, 4, 5)", "卷积权重 (60, 40, 3, 4, 5)"),
        probe("distribution", distribution, "the distribution of the weights", "权重的分布", BY_SHAPE),
        probe("independent", independent, "what entries have in common", "元素之间是否独立"),
        probe("small", small, "two hundred small weights (4, 3)", "两百个小权重 (4, 3)"),
        probe("in place", in_place, "a parameter that learns", "一个需要梯度的参数"),
        probe("generator", drawn, "with a generator", "传入 generator"),
        probe("global generator", drawn_globally, "without a generator", "不传 generator"),
        probe("view", view, "a transposed view", "转置后的视图"),
        probe("dtype", kept, "a weight in float64", "float64 的权重"),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"by_hand": by_hand, "flattened": flattened, "box_muller": box_muller},
    forbidden=(
        "torch.nn.init.kaiming_normal_",
        "torch.nn.init.kaiming_uniform_",
        "torch.nn.init.kaiming_normal",
        "torch.nn.init.kaiming_uniform",
        "torch.nn.init.xavier_normal_",
        "torch.nn.init.xavier_uniform_",
        "torch.nn.init.xavier_normal",
        "torch.nn.init.xavier_uniform",
        "torch.nn.init.calculate_gain",
        "torch.nn.init._calculate_correct_fan",
        "torch.nn.init._calculate_fan_in_and_fan_out",
    ),
    prompt=Text(
        "Write kaiming_normal_ for weights (out, in, ...): fill in place from a normal distribution, without truncation, and return "
        "the tensor. The gains are torch's: leaky_relu by its slope a, relu sqrt(2), tanh 5/3, selu 3/4, linear and sigmoid 1.",
        "写出 kaiming_normal_，权重形状 (out, in, ...)：从正态分布（不截断）原地填充，并返回该张量。增益按 torch：leaky_relu 由斜率 a "
        "决定，relu 为 sqrt(2)，tanh 5/3，selu 3/4，linear 和 sigmoid 为 1。",
    ),
    hints=(
        Text(
            "How many products are summed into one output? That number is fan_in; the variance of the sum is fan_in times that of one.",
            "一个输出是多少个乘积之和？这个数就是 fan_in；和的方差等于单项方差乘以它。",
        ),
        Text(
            "fan_in = size(1) * kernel, fan_out = size(0) * kernel, the kernel being the product of all further dimensions.",
            "fan_in = size(1) * kernel，fan_out = size(0) * kernel，kernel 是其余各维的乘积。",
        ),
        Text(
            "std = gain / sqrt(fan); then, under torch.no_grad(), tensor.normal_(0, std, generator=generator).",
            "std = gain / sqrt(fan)；然后在 torch.no_grad() 下 tensor.normal_(0, std, generator=generator)。",
        ),
    ),
)
