"""Instance normalisation from a blank: which axes, which variance, what the gradient goes through, and no memory of the batch."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._instance_norm_mistakes import WRONG
from ._norm_mistakes import named
from .instance_norm import InstanceNorm2d

NAMES = ("instance_norm", "batch_norm", "group_norm", "layer_norm", "rms_norm")
NATIVE = ("native_batch_norm", "native_layer_norm", "native_group_norm")


class Call(NamedTuple):
    """A module made, perhaps used before, and asked for an output.

    Args:
        shape: Of x.
        arguments: Beyond num_features.
        seen: How many batches it sees before, in training mode, each followed by a backward pass where something is learned.
        training: Its mode when asked.
        gradients: Whether gradients are wanted too.
        reloaded: Whether the state goes into a new module before that.
        spread: Of x.
        last: Whether x lies in memory with its channels last.
    """

    shape: tuple[int, ...] = (2, 3, 2, 2)
    arguments: Mapping[str, Any] = {}
    seen: int = 0
    training: bool = True
    gradients: bool = False
    reloaded: bool = False
    spread: float = 1.0
    last: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The outputs, and what was given where it is small enough to read; scale and shift are moved off 1 and 0."""
        rng = torch.Generator().manual_seed(seed)
        module = candidate(self.shape[1], **self.arguments).double()
        _move(module, torch.Generator().manual_seed(seed + 1))
        for _ in range(self.seen):
            y = module.train()(_drawn(self.shape, rng))
            if y.requires_grad:
                (y**3).sum().backward()
        if self.reloaded:
            state, module = module.state_dict(), candidate(self.shape[1], **self.arguments).double()
            module.load_state_dict(state)
        module.zero_grad()
        x = self.spread * _drawn(self.shape, rng)
        if self.last:
            x = x.to(memory_format=torch.channels_last)
        before = x.clone()
        y = module.train(self.training)(x.requires_grad_(self.gradients))
        found = {"given x": before} if x.numel() <= 8 else {}
        learned = [each for each in module.parameters() if each.requires_grad]
        found["numbers learned"] = sum(each.numel() for each in learned)
        found |= {"output": y, "x afterwards": x.detach()}
        if self.gradients:
            (y * torch.randn(y.shape, generator=rng, dtype=torch.float64)).sum().backward()
            found |= {"gradient of x": x.grad}
            for what, each in zip(("scale", "shift"), _ordered(learned), strict=False):
                found[f"gradient of the {what}"] = None if each.grad is None else each.grad.flatten()
        return found


def _drawn(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Numbers in which every place of every dimension has a mean and a spread of its own, so that no two axes look alike."""
    x = 0.5 + torch.randn(shape, generator=rng, dtype=torch.float64)
    for n, size in enumerate(shape):
        x = x + torch.randn((size, *[1] * (len(shape) - 1 - n)), generator=rng, dtype=torch.float64)
    return x * (0.3 + 2 * torch.rand((*shape[:2], 1, 1), generator=rng, dtype=torch.float64))


def _ordered(parameters: list[Any]) -> list[Any]:
    """The scale before the shift, whatever they are called: it is the greater one, also after `_move`."""
    return sorted(parameters, key=lambda each: -float(each.detach().mean()))


@torch.no_grad()
def _move(module: nn.Module, rng: torch.Generator) -> None:
    for n, each in enumerate(_ordered(list(module.parameters()))):
        each.copy_(torch.rand(each.shape, generator=rng, dtype=torch.float64) + (1.5 if n == 0 else -1.5))
        each.flatten()[0] *= -0.5 if n == 0 else 1  # a scale may be negative


class Flattened(nn.Module):
    """One row to a channel of an image, torch.var_mean."""

    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.eps, self.affine = eps, affine
        if affine:
            self.gamma, self.beta = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))

    def forward(self, x):
        rows = x.reshape(x.size(0), x.size(1), -1)
        var, mean = torch.var_mean(rows, dim=2, unbiased=False, keepdim=True)
        rows = (rows - mean) / torch.sqrt(var + self.eps)
        if self.affine:
            rows = rows * self.gamma[:, None] + self.beta[:, None]
        return rows.reshape(x.shape)


class Moments(nn.Module):
    """E[x²] − E[x]², the bias made first, sums instead of means."""

    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, num_features, 1, 1)) if affine else None
        self.weight = nn.Parameter(torch.ones(1, num_features, 1, 1)) if affine else None
        self.eps = eps

    def forward(self, x):
        n = x.shape[2] * x.shape[3]
        mean = x.sum((-1, -2), keepdim=True) / n
        var = (x * x).sum((-1, -2), keepdim=True) / n - mean.pow(2)
        y = (x - mean) * (var + self.eps).pow(-0.5)
        return y if self.weight is None else torch.addcmul(self.bias, self.weight, y)


class OneByOne(nn.Module):
    """Image by image, channel by channel."""

    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.eps = eps
        made = [nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))]
        self.learned = nn.ParameterList(made if affine else [])

    def forward(self, x):
        images = []
        for image in x:
            channels = []
            for c, plane in enumerate(image):
                centred = plane - plane.mean()
                plane = centred / (centred.square().mean() + self.eps).sqrt()
                if len(self.learned):
                    plane = plane * self.learned[0][c] + self.learned[1][c]
                channels.append(plane)
            images.append(torch.stack(channels))
        return torch.stack(images)


def probe(name: str, call: Call, en: str, zh: str) -> Probe:
    """A probe with its tolerance relative to numbers around 1."""
    return Probe(name, call, Text(en, zh), 1e-6, 1e-2)


AFFINE = {"affine": True}
drill = Drill(
    reference=InstanceNorm2d,
    probes=(
        probe("one image", Call((1, 2, 2, 2)), "a single image, two channels of 2 × 2", "单张图，两个通道，2 × 2"),
        probe("batch", Call((3, 4, 2, 3)), "three images, four channels", "三张图，四个通道"),
        probe("eps", Call((3, 4, 2, 3), {"eps": 0.5}, spread=0.3), "eps=0.5, images of little contrast", "eps=0.5，对比度低的图"),
        probe("gradient", Call((3, 4, 2, 3), gradients=True), "with gradients", "含梯度"),
        probe(
            "affine",
            Call((3, 4, 2, 3), AFFINE, gradients=True),
            "affine=True, moved off 1 and 0",
            "affine=True，缩放平移不再是 1 和 0",
        ),
        probe(
            "affine, one channel",
            Call((3, 1, 2, 2), AFFINE, gradients=True),
            "affine=True, one channel",
            "affine=True，一个通道",
        ),
        probe("one row", Call((3, 2, 1, 5), gradients=True), "images of one row", "只有一行的图"),
        probe("one column", Call((3, 2, 5, 1), gradients=True), "images of one column", "只有一列的图"),
        probe(
            "square",
            Call((4, 4, 4, 4), AFFINE, gradients=True),
            "all four sizes alike, affine=True",
            "四个维度一样大，affine=True",
        ),
        probe(
            "evaluation",
            Call((3, 4, 2, 3), AFFINE, seen=2, training=False, gradients=True),
            "evaluation after two training batches, affine=True",
            "训练两个 batch 之后推理，affine=True",
        ),
        probe(
            "plain evaluation", Call((1, 4, 2, 3), seen=1, training=False), "evaluation of a single image", "推理单张图"
        ),
        probe(
            "training again",
            Call((3, 4, 2, 3), seen=2),
            "training after two training batches",
            "训练两个 batch 之后再训练",
        ),
        probe(
            "nearly constant",
            Call((2, 3, 3, 3), {"eps": 1e-8}, spread=1e-3, gradients=True),
            "images of hardly any contrast, eps=1e-8",
            "几乎没有对比度的图，eps=1e-8",
        ),
        probe(
            "bright",
            Call((2, 3, 3, 3), {"eps": 2.0, **AFFINE}, gradients=True),
            "eps=2 and affine=True",
            "eps=2，并且 affine=True",
        ),
        probe(
            "loaded",
            Call((3, 4, 2, 3), AFFINE, seen=1, training=False, reloaded=True),
            "the state went into a new module, affine=True",
            "把 state_dict 加载进新模块，affine=True",
        ),
        probe(
            "channels last",
            Call((2, 3, 4, 5), AFFINE, gradients=True, last=True),
            "x with its channels last in memory",
            "x 在内存中通道在最后",
        ),
    ),
    mistakes=named(WRONG),
    variants={"flattened": Flattened, "moments": Moments, "one_by_one": OneByOne},
    forbidden=(
        *(f"torch.nn.functional.{name}" for name in NAMES),
        *(f"torch.{name}" for name in (*NAMES, *NATIVE)),
        *(f"torch.ops.aten.{name}" for name in (*NAMES, *NATIVE)),
        "torch.nn.modules.batchnorm",
        "torch.nn.modules.instancenorm",
        "torch.nn.modules.normalization",
    ),
    methods=("forward",),
    prompt=Text(
        "Write instance normalisation for x of (B, C, H, W), as a module. With affine=True each channel has a learned scale and shift, "
        "from 1 and 0; by default there is nothing to learn. No running statistics.",
        "把 instance normalization 写成一个模块，x 为 (B, C, H, W)。affine=True 时每个通道有可学习的缩放和平移，初值 1 和 0；默认没有可学习的"
        "参数。不存运行统计量。",
    ),
    hints=(
        Text(
            "How many means are there for B images with C channels? B times C.",
            "B 张图、C 个通道，一共有多少个均值？B 乘 C 个。",
        ),
        Text(
            "Average over the last two dimensions with keepdim=True; the variance divides by H * W.",
            "沿最后两维求平均，keepdim=True；方差除以 H * W。",
        ),
        Text(
            "(x - mean) / sqrt(var + eps), in both modes; where affine, times weight.view(-1, 1, 1), plus bias.view(-1, 1, 1).",
            "(x - mean) / sqrt(var + eps)，两种模式都一样；affine 时再乘 weight.view(-1, 1, 1)，加 bias.view(-1, 1, 1)。",
        ),
    ),
)
