"""Batch normalisation from a blank: which axes, which variance, what the gradient goes through, and what evaluation uses."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._batch_norm_mistakes import WRONG
from ._norm_mistakes import named
from .batch_norm import BatchNorm1d

NAMES = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "native_batch_norm", "native_layer_norm", "native_group_norm")


class Call(NamedTuple):
    """A module made, trained on some batches, and asked for an output.

    Args:
        arguments: Beyond num_features.
        seen: Sizes of the batches that it sees first: in training mode, each followed by a backward pass; in evaluation mode
            where the size has a minus.
        shape: Of the batch asked for.
        training: Its mode then.
        learned: Whether scale and shift are moved off 1 and 0 first.
        gradients: Whether gradients are wanted too.
        reloaded: Whether the state goes into a new module before that.
    """

    arguments: Mapping[str, Any] = {}
    seen: tuple[int, ...] = ()
    shape: tuple[int, ...] = (6, 4)
    training: bool = True
    learned: bool = False
    gradients: bool = False
    reloaded: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The outputs, and what was given where it is small enough to read."""
        rng = torch.Generator().manual_seed(seed)
        channels = self.shape[1]
        module = candidate(channels, **self.arguments).double()
        if self.learned:
            _move(module, rng)
        for n, size in enumerate(self.seen):
            x = _drawn((abs(size), *self.shape[1:]), rng).requires_grad_(n % 2 == 1)  # the first layer's input has none
            y = module.train(size > 0)(x)
            if size > 0:
                (y**3).sum().backward()
        if self.reloaded:
            state, module = module.state_dict(), candidate(channels, **self.arguments).double()
            module.load_state_dict(state)
        module.zero_grad()
        x = _drawn(self.shape, rng).requires_grad_(self.gradients)
        before = x.detach().clone()
        y = module.train(self.training)(x)
        found = {"given x": before} if x.numel() <= 6 else {}
        found |= {"output": y, "x afterwards": x}
        if self.gradients:
            (y * torch.randn(y.shape, generator=rng, dtype=torch.float64)).sum().backward()
            found |= {"gradient of x": x.grad}
            learned = [each for each in module.parameters() if each.requires_grad]
            for what, each in zip(("scale", "shift"), _ordered(learned), strict=False):
                found[f"gradient of the {what}"] = None if each.grad is None else each.grad.flatten()
        return found


def _drawn(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Channels with a mean and a spread of their own, which differ from batch to batch."""
    own = (1, shape[1], *[1] * (len(shape) - 2))
    centre, spread = torch.randn(own, generator=rng, dtype=torch.float64), torch.rand(own, generator=rng, dtype=torch.float64)
    return 2 * centre + (0.3 + 2 * spread) * torch.randn(shape, generator=rng, dtype=torch.float64)


def _ordered(parameters: list[Any]) -> list[Any]:
    """The scale before the shift, whatever they are called: it is the greater one, also after `_move`."""
    return sorted(parameters, key=lambda each: -float(each.detach().sum()))


@torch.no_grad()
def _move(module: nn.Module, rng: torch.Generator) -> None:
    for n, each in enumerate(_ordered(list(module.parameters()))):
        each.copy_(torch.rand(each.shape, generator=rng, dtype=torch.float64) + (1.5 if n == 0 else -1.5))
        each.flatten()[0] *= -1 if n == 0 else 1  # a scale may be negative


class Flattened(nn.Module):
    """Channels last, one matrix; torch.var for both variances; lerp."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gamma = nn.Parameter(torch.ones(num_features))
        self.beta = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("var", torch.ones(num_features))
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x):
        rows = x.movedim(1, -1).reshape(-1, x.size(1))
        if self.training:
            mean, var = rows.mean(0), torch.var(rows, dim=0, unbiased=False)
            with torch.no_grad():
                self.seen += 1
                rate = self.momentum if self.momentum is not None else 1.0 / float(self.seen)
                self.mean.lerp_(mean, rate)
                self.var.lerp_(rows.var(0), rate)
        else:
            mean, var = self.mean, self.var
        rows = (rows - mean) / torch.sqrt(var + self.eps) * self.gamma + self.beta
        return rows.reshape(x.movedim(1, -1).shape).movedim(-1, 1)


class Moments(nn.Module):
    """E[x²] − E[x]², the bias made first, statistics in one buffer, reassigned."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, num_features, 1))
        self.weight = nn.Parameter(torch.ones(1, num_features, 1))
        self.register_buffer("stats", torch.stack([torch.zeros(num_features), torch.ones(num_features)]))
        self.register_buffer("n", torch.zeros(()))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        flat = x if x.dim() == 3 else x[..., None]
        if self.training:
            m = flat.shape[0] * flat.shape[2]
            mean = flat.sum((0, 2)) / m
            var = (flat**2).sum((0, 2)) / m - mean**2
            self.n = self.n + 1
            keep = 1 - (self.momentum if self.momentum is not None else 1 / self.n)
            new = torch.stack([mean, var * m / (m - 1)]).detach()
            self.stats = keep * self.stats + (1 - keep) * new
        else:
            mean, var = self.stats
        y = (flat - mean[:, None]) * torch.pow(var[:, None] + self.eps, -0.5)
        return (self.weight * y + self.bias).view_as(x)


class Folded(nn.Module):
    """Scale and shift folded into one affine map; sums and counts kept for momentum None."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))
        for name, value in (("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((num_features,), value))
        self.register_buffer("sums", torch.zeros(3, num_features))

    def forward(self, x):
        dims, shape = tuple(d for d in range(x.dim()) if d != 1), [1, -1] + [1] * (x.dim() - 2)
        var, mean = self.running_var, self.running_mean
        if self.training:
            mean = torch.mean(x, dim=dims)
            centred = x - mean.reshape(shape)
            var = (centred * centred).mean(dim=dims)
            m = x[:, 0].numel()
            kept = torch.stack([mean.data, centred.data.pow(2).sum(dims) / (m - 1), torch.ones_like(mean)])
            if self.momentum is None:
                self.sums += kept
                kept = self.sums / self.sums[2]
            share = 1.0 if self.momentum is None else self.momentum
            self.running_mean.copy_(share * kept[0] + (1 - share) * self.running_mean)
            self.running_var.copy_(share * kept[1] + (1 - share) * self.running_var)
        a = self.weight / (var + self.eps) ** 0.5
        b = self.bias - a * mean
        return x * a.reshape(shape) + b.reshape(shape)


def probe(name: str, call: Call, en: str, zh: str, tolerance: float = 1e-6) -> Probe:
    """A probe with its tolerance relative to numbers around 1."""
    return Probe(name, call, Text(en, zh), tolerance, 1e-2)


drill = Drill(
    reference=BatchNorm1d,
    probes=(
        probe("one channel", Call(shape=(3, 1)), "training, three samples, one channel", "训练模式，三个样本，一个通道"),
        probe("batch", Call(shape=(6, 4)), "training, six samples, four channels", "训练模式，六个样本，四个通道"),
        probe("eps", Call({"eps": 0.5}), "training, eps=0.5", "训练模式，eps=0.5"),
        probe("gradient", Call(gradients=True), "training, with gradients", "训练模式，含梯度"),
        probe("positions", Call(shape=(3, 4, 5), gradients=True), "training, x of (B, C, L)", "训练模式，x 为 (B, C, L)"),
        probe("learned", Call(learned=True, gradients=True), "scale and shift moved off 1 and 0", "缩放与平移不再是 1 和 0"),
        probe("fresh", Call(training=False, gradients=True), "evaluation before any training", "还没训练就推理"),
        probe(
            "evaluation", Call(seen=(5,), training=False), "evaluation after one training batch", "训练一个 batch 之后推理"
        ),
        probe(
            "one sample",
            Call({"eps": 0.2}, (3, 6), (1, 4, 3), training=False, learned=True, gradients=True),
            "evaluation of a single sample, with gradients, eps=0.2",
            "推理单个样本，含梯度，eps=0.2",
        ),
        probe(
            "uneven batches",
            Call({"momentum": 0.3}, (5, 2, 9), training=False),
            "momentum=0.3, training batches of 5, 2 and 9, then evaluation",
            "momentum=0.3，先训练大小为 5、2、9 的 batch，再推理",
        ),
        probe(
            "no momentum, one batch",
            Call({"momentum": None}, (5,), training=False),
            "momentum=None, one training batch, then evaluation",
            "momentum=None，训练一个 batch，再推理",
        ),
        probe(
            "no momentum",
            Call({"momentum": None}, (5, -4, 2, -3, 9), (4, 3, 2), training=False),
            "momentum=None, training batches of 5, 2 and 9 with evaluation in between, then evaluation",
            "momentum=None，先训练大小为 5、2、9 的 batch，其间穿插推理，最后推理",
        ),
        probe(
            "momentum one",
            Call({"momentum": 1.0}, (4, 3), training=False),
            "momentum=1, so that only the last batch counts",
            "momentum=1，只有最后一个 batch 算数",
        ),
        probe(
            "momentum zero",
            Call({"momentum": 0.0}, (4, 3), training=False),
            "momentum=0, so that no batch counts",
            "momentum=0，任何 batch 都不算数",
        ),
        probe(
            "evaluation twice",
            Call(seen=(4, -3, -7), training=False),
            "evaluation of other batches in between",
            "中间先推理了别的 batch",
        ),
        probe(
            "training again",
            Call({"momentum": 0.2}, (4, 5, -3), (5, 3, 2), gradients=True),
            "training, evaluation, training again",
            "训练、推理、再训练",
        ),
        probe(
            "loaded",
            Call({"momentum": 0.4}, (4, 6), training=False, reloaded=True),
            "evaluation after the state went into a new module",
            "把 state_dict 加载进新模块之后推理",
        ),
        probe(
            "two samples",
            Call(seen=(2, 2, 2), shape=(2, 3), learned=True, gradients=True),
            "training with batches of two",
            "batch 为 2 的训练",
        ),
    ),
    mistakes=named(WRONG),
    variants={"flattened": Flattened, "moments": Moments, "folded": Folded},
    forbidden=(
        *(f"torch.nn.functional.{name}" for name in (*NAMES[:4], "rms_norm")),
        *(f"torch.{name}" for name in (*NAMES, "batch_norm_stats", "batch_norm_elemt")),
        *(f"torch.ops.aten.{name}" for name in (*NAMES, "_native_batch_norm_legit", "_batch_norm_impl_index")),
        "torch.nn.modules.batchnorm",
        "torch.nn.modules.instancenorm",
        "torch.nn.modules.normalization",
    ),
    methods=("forward",),
    prompt=Text(
        "Write batch normalisation for x of (B, C) or (B, C, L), as a module: a learned scale and shift for each channel, from 1 and "
        "0; running mean and variance as buffers, from 0 and 1. momentum is the share of the new batch, as in torch; None averages "
        "all training batches alike.",
        "把 batch normalization 写成一个模块，x 为 (B, C) 或 (B, C, L)：每个通道有可学习的缩放和平移，初值 1 和 0；运行均值和方差是 "
        "buffer，初值 0 和 1。momentum 是新 batch 所占的比例，与 torch 相同；None 表示对所有训练 batch 取普通平均。",
    ),
    hints=(
        Text(
            "Which axes share a mean? All but the channels. And which mode uses whose statistics?",
            "哪些轴共用一个均值？除通道外的所有轴。再想想：哪种模式用谁的统计量？",
        ),
        Text(
            "Two variances: the batch is divided by the root of the biased one plus eps, the unbiased one is what is kept.",
            "方差有两个：归一化用有偏方差加 eps 再开方，存下来的是无偏方差。",
        ),
        Text(
            "Update the buffers under no_grad; let the gradient through mean and var in the output. For momentum=None count the "
            "batches: the n-th has a share of 1 / n.",
            "在 no_grad 下更新 buffer；输出里的 mean 和 var 要让梯度流过。momentum=None 时数 batch 的个数：第 n 个占 1 / n。",
        ),
    ),
)
