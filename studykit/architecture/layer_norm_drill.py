"""Layer normalisation from a blank: which axes, which variance, what the gradient goes through, and no memory of the batch."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._layer_norm_mistakes import WRONG
from ._norm_mistakes import named
from .layer_norm import LayerNorm

NAMES = ("layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm")


class Call(NamedTuple):
    """A module made, perhaps used before, and asked for an output.

    Args:
        shape: Of x.
        normalized: The first argument: how many of the last dimensions, or 0 for the last one as an int.
        arguments: Beyond that.
        seen: How many batches it sees before, in training mode, each followed by a backward pass.
        training: Its mode when asked.
        learned: Whether scale and shift are moved off 1 and 0 first.
        gradients: Whether gradients are wanted too.
        reloaded: Whether the state goes into a new module before that.
        spread: Of x.
        strided: Whether x lies transposed in memory.
    """

    shape: tuple[int, ...] = (3, 4)
    normalized: int = 0
    arguments: Mapping[str, Any] = {}
    seen: int = 0
    training: bool = True
    learned: bool = False
    gradients: bool = False
    reloaded: bool = False
    spread: float = 1.0
    strided: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The outputs, and what was given where it is small enough to read."""
        rng = torch.Generator().manual_seed(seed)
        over = self.shape[-self.normalized :] if self.normalized else self.shape[-1]
        module = candidate(over, **self.arguments).double()
        if self.learned:
            _move(module, torch.Generator().manual_seed(seed + 1))
        for _ in range(self.seen):
            (module.train()(_drawn(self.shape, rng)) ** 3).sum().backward()
        if self.reloaded:
            state, module = module.state_dict(), candidate(over, **self.arguments).double()
            module.load_state_dict(state)
        module.zero_grad()
        x = self.spread * _drawn(self.shape, rng)
        if self.strided:
            x = x.transpose(0, 1).contiguous().transpose(0, 1)
        before = x.clone()
        y = module.train(self.training)(x.requires_grad_(self.gradients))
        found = {"given x": before} if x.numel() <= 8 else {}
        found |= {"output": y, "x afterwards": x.detach()}
        if self.gradients:
            (y * torch.randn(y.shape, generator=rng, dtype=torch.float64)).sum().backward()
            found |= {"gradient of x": x.grad}
            learned = [each for each in module.parameters() if each.requires_grad]
            for what, each in zip(("scale", "shift"), _ordered(learned), strict=False):
                found[f"gradient of the {what}"] = None if each.grad is None else each.grad.flatten()
        return found


def _drawn(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Numbers in which every place of every dimension has a mean of its own, so that no two axes look alike."""
    x = 0.5 + torch.randn(shape, generator=rng, dtype=torch.float64)
    for n, size in enumerate(shape):
        x = x + torch.randn((size, *[1] * (len(shape) - 1 - n)), generator=rng, dtype=torch.float64)
    return x * (0.3 + 2 * torch.rand((shape[0], *[1] * (len(shape) - 1)), generator=rng, dtype=torch.float64))


def _ordered(parameters: list[Any]) -> list[Any]:
    """The scale before the shift, whatever they are called: it is the greater one, also after `_move`."""
    return sorted(parameters, key=lambda each: -float(each.detach().mean()))


@torch.no_grad()
def _move(module: nn.Module, rng: torch.Generator) -> None:
    for n, each in enumerate(_ordered(list(module.parameters()))):
        each.copy_(torch.rand(each.shape, generator=rng, dtype=torch.float64) + (1.5 if n == 0 else -1.5))
        each.flatten()[0] *= -0.5 if n == 0 else 1  # a scale may be negative


class Flattened(nn.Module):
    """One row to a group, torch.var, scale and shift kept flat."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        size = torch.Size([normalized_shape] if isinstance(normalized_shape, int) else normalized_shape)
        self.size, self.eps = size.numel(), eps
        self.gamma, self.beta = nn.Parameter(torch.ones(self.size)), nn.Parameter(torch.zeros(self.size))

    def forward(self, x):
        rows = x.reshape(-1, self.size)
        var, mean = torch.var_mean(rows, dim=1, unbiased=False, keepdim=True)
        return ((rows - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta).reshape(x.shape)


class Moments(nn.Module):
    """E[x²] − E[x]², the bias made first, sums instead of means."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        shape = tuple(normalized_shape) if hasattr(normalized_shape, "__len__") else (normalized_shape,)
        self.bias, self.weight = nn.Parameter(torch.zeros(shape)), nn.Parameter(torch.ones(shape))
        self.eps, self.dims = eps, [-n for n in range(len(shape), 0, -1)]

    def forward(self, x):
        n = self.weight.numel()
        mean = x.sum(self.dims, keepdim=True) / n
        var = (x * x).sum(self.dims, keepdim=True) / n - mean.pow(2)
        return torch.addcmul(self.bias, self.weight, (x - mean) * (var + self.eps).pow(-0.5))


class _Standardise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, eps):
        centred = rows - rows.mean(1, keepdim=True)
        inverse = centred.square().mean(1, keepdim=True).add(eps).rsqrt()
        y = centred * inverse
        ctx.save_for_backward(y, inverse)
        return y

    @staticmethod
    def backward(ctx, up):
        y, inverse = ctx.saved_tensors
        return inverse * (up - up.mean(1, keepdim=True) - y * (up * y).mean(1, keepdim=True)), None


class ByHand(nn.Module):
    """The gradient written out."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.scale, self.shift = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))
        self.eps = eps

    def forward(self, x):
        rows = x.flatten(-self.scale.ndim).flatten(0, -2) if x.ndim > self.scale.ndim else x.reshape(1, -1)
        return _Standardise.apply(rows, self.eps).reshape(x.shape) * self.scale + self.shift


def probe(name: str, call: Call, en: str, zh: str) -> Probe:
    """A probe with its tolerance relative to numbers around 1."""
    return Probe(name, call, Text(en, zh), 1e-6, 1e-2)


drill = Drill(
    reference=LayerNorm,
    probes=(
        probe("two samples", Call((2, 3)), "x of (2, 3), over the last dimension", "x 为 (2, 3)，沿最后一维"),
        probe("batch", Call((5, 4)), "x of (5, 4), over the last dimension", "x 为 (5, 4)，沿最后一维"),
        probe("eps", Call((5, 4), arguments={"eps": 0.5}, spread=0.3), "eps=0.5, features close together", "eps=0.5，特征值接近"),
        probe("gradient", Call((5, 4), gradients=True), "with gradients", "含梯度"),
        probe(
            "tokens",
            Call((2, 3, 5), gradients=True),
            "x of (B, T, C) = (2, 3, 5), over C",
            "x 为 (B, T, C) = (2, 3, 5)，沿 C",
        ),
        probe("a tuple of one", Call((2, 3, 5), 1), "normalized_shape=(5,)", "normalized_shape=(5,)"),
        probe(
            "two dimensions", Call((4, 3, 5), 2, gradients=True), "normalized_shape=(3, 5)", "normalized_shape=(3, 5)"
        ),
        probe(
            "images", Call((2, 3, 4, 5), 3, gradients=True), "an image (3, 4, 5) as a whole", "整张图 (3, 4, 5) 一起"
        ),
        probe(
            "last of four",
            Call((2, 3, 4, 5), learned=True, gradients=True),
            "x of four dimensions, over the last one, scale and shift moved",
            "x 有四维，只沿最后一维，缩放与平移不再是 1 和 0",
        ),
        probe(
            "learned",
            Call((4, 3, 5), 2, {"eps": 0.1}, learned=True, gradients=True),
            "scale and shift moved off 1 and 0, normalized_shape=(3, 5), eps=0.1",
            "缩放与平移不再是 1 和 0，normalized_shape=(3, 5)，eps=0.1",
        ),
        probe(
            "last two of four",
            Call((2, 3, 4, 5), 2, gradients=True),
            "x of four dimensions, normalized_shape=(4, 5)",
            "x 有四维，normalized_shape=(4, 5)",
        ),
        probe("a single sample", Call((1, 6), learned=True, gradients=True), "a single sample", "单个样本"),
        probe(
            "a single sample, evaluated", Call((1, 6), training=False), "evaluation of a single sample", "推理单个样本"
        ),
        probe("no batch", Call((6,), gradients=True), "one vector, no batch dimension", "一个向量，没有 batch 维"),
        probe(
            "all of x", Call((3, 4), 2, gradients=True), "normalized_shape is all of x", "normalized_shape 就是整个 x"
        ),
        probe(
            "evaluation",
            Call((5, 4), seen=2, training=False, learned=True, gradients=True),
            "evaluation after two training batches",
            "训练两个 batch 之后推理",
        ),
        probe(
            "training again", Call((5, 4), seen=2), "training after two training batches", "训练两个 batch 之后再训练"
        ),
        probe(
            "nearly constant",
            Call((4, 6), arguments={"eps": 1e-8}, spread=1e-3, gradients=True),
            "features close together, eps=1e-8",
            "特征值非常接近，eps=1e-8",
        ),
        probe(
            "loaded",
            Call((5, 4), seen=1, training=False, learned=True, reloaded=True),
            "the state went into a new module",
            "把 state_dict 加载进新模块",
        ),
        probe(
            "transposed",
            Call((4, 3, 5), 2, learned=True, gradients=True, strided=True),
            "x that lies transposed in memory",
            "x 在内存中是转置存放的",
        ),
    ),
    mistakes=named(WRONG),
    variants={"flattened": Flattened, "moments": Moments, "by_hand": ByHand},
    forbidden=(
        *(f"torch.nn.functional.{name}" for name in NAMES),
        *(f"torch.{name}" for name in (*NAMES, "native_batch_norm", "native_layer_norm", "native_group_norm")),
        *(f"torch.ops.aten.{name}" for name in (*NAMES, "native_batch_norm", "native_layer_norm", "native_group_norm")),
        "torch.nn.modules.batchnorm",
        "torch.nn.modules.instancenorm",
        "torch.nn.modules.normalization",
    ),
    methods=("forward",),
    prompt=Text(
        "Write layer normalisation as a module. normalized_shape is the size of the last dimension, or a tuple with the sizes of the "
        "last ones, which are normalised together; a learned scale and shift of that shape start from 1 and 0.",
        "把 layer normalization 写成一个模块。normalized_shape 是最后一维的大小，或一个元组，给出最后几维的大小，这几维一起归一化；"
        "可学习的缩放和平移也是这个形状，初值 1 和 0。",
    ),
    hints=(
        Text(
            "Does one sample's output depend on the others? Then you average over the wrong axes.",
            "一个样本的输出受别的样本影响吗？受影响，就是平均的轴选错了。",
        ),
        Text(
            "Average over the last len(normalized_shape) dimensions with keepdim=True; the variance divides by their number.",
            "沿最后 len(normalized_shape) 维求平均，keepdim=True；方差除以元素个数。",
        ),
        Text(
            "(x - mean) / sqrt(var + eps) * weight + bias, in both modes, with the gradient through mean and var.",
            "(x - mean) / sqrt(var + eps) * weight + bias，两种模式都一样，梯度要流过 mean 和 var。",
        ),
    ),
)
