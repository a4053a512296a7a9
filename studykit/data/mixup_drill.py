"""mixup from a blank: one lambda, one order of the batch, and both for pictures and labels alike."""

import math
import random

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._mixing_laws_probes import Drawn, of_mixup, own_weight
from ._mixing_probes import Blend, alone, generators, gradient, inputs
from ._mixup_mistakes import WRONG
from .mixup import mixup


def by_gammas(x, y, num_classes, alpha=1.0, generator=None):
    """A Beta is a share of two Gammas; lerp."""
    one, other = torch._standard_gamma(
        torch.full((2,), float(alpha), dtype=torch.float64), generator=generator
    ).tolist()
    lam = one / (one + other) if one + other else 0.0
    order = torch.randperm(x.size(0), generator=generator)
    if y.dim() == 1:
        y = torch.nn.functional.one_hot(y, num_classes).float()
    return torch.lerp(x[order], x, lam), torch.lerp(y[order], y, lam)


def by_seed(x, y, num_classes, alpha=1.0, generator=None):
    """Python's own generator, seeded from torch's."""
    rng = random.Random(int(torch.randint(2**62, (1,), generator=generator)))
    lam = rng.betavariate(alpha, alpha)
    order = list(range(len(x)))
    rng.shuffle(order)
    target = torch.zeros(len(y), num_classes, dtype=x.dtype)
    for i, j in enumerate(order):
        for row, weight in ((i, lam), (j, 1 - lam)):
            if y.ndim == 2:
                target[i] += weight * y[row].to(x.dtype)
            else:
                target[i, y[row]] += weight
    return x * lam + x[order] * (1 - lam), target


def rolled(x, y, num_classes, alpha=1.0, generator=None):
    """The batch rolled by one, as in torchvision; lambda by the Dirichlet distribution."""
    lam = float(torch._sample_dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64), generator=generator)[0])
    y = y if y.ndim == 2 else F.one_hot(y, num_classes).to(torch.float32)
    return x.roll(1, 0).mul(1.0 - lam).add(x.mul(lam)), y.roll(1, 0).mul(1.0 - lam).add(y.mul(lam))


def flipped(x, y, num_classes, alpha=1.0, generator=None):
    """The batch turned round, as in timm; lambda by rejection among uniform numbers (Jöhnk), or from a table."""
    grid = torch.linspace(0, 1, 4097, dtype=torch.float64)[1:-1]
    lam = None
    while lam is None and alpha <= 1:
        u, v = torch.rand(2, generator=generator, dtype=torch.float64).pow(1 / alpha).tolist()
        lam = u / (u + v) if 0 < u + v <= 1 else None
    if lam is None:
        density = ((alpha - 1) * (grid.log() + (1 - grid).log())).softmax(0)
        lam = grid[torch.multinomial(density, 1, generator=generator)].item()
    y = torch.eye(num_classes, dtype=torch.float64)[y] if not y.is_floating_point() else y
    mix = lambda each: lam * each + (1 - lam) * each.flip(0)  # noqa: E731
    return mix(x), mix(y)


def by_matrix(x, y, num_classes, alpha=1.0, generator=None):
    """One matrix of weights for both."""
    size = len(x)
    cuts = torch.empty(2, dtype=torch.float64)
    for n in range(2):  # Marsaglia and Tsang's gamma, for alpha + 1, then scaled down
        d = alpha + 1 - 1 / 3
        while True:
            z = torch.randn((), generator=generator, dtype=torch.float64).item()
            u = 1 - torch.rand((), generator=generator, dtype=torch.float64).item()
            v = (1 + z / math.sqrt(9 * d)) ** 3
            if v > 0 and math.log(u) < z * z / 2 + d - d * v + d * math.log(v):
                break
        cuts[n] = (
            math.log(d * v) + math.log(1 - torch.rand((), generator=generator, dtype=torch.float64).item()) / alpha
        )
    lam = torch.softmax(cuts, 0)[0]
    weights = torch.eye(size, dtype=torch.float64)
    weights = lam * weights + (1 - lam) * weights[torch.randperm(size, generator=generator)]
    labels = y.double() if y.ndim == 2 else F.one_hot(y, num_classes).double()
    return (weights.to(x.dtype) @ x.reshape(size, -1)).view_as(x), weights @ labels


PICTURE = (1, 5, 7)
drill = Drill(
    reference=mixup,
    probes=(
        Probe(
            "one",
            alone(PICTURE),
            Text("a batch of one, which can only be mixed with itself", "batch 里只有一个样本，只能和自己混"),
            1e-6,
        ),
        Probe(
            "pictures",
            Blend(PICTURE),
            Text("16 pictures with class indices, alpha=2", "16 张图，标签是类别索引，alpha=2"),
        ),
        Probe("default", Blend(PICTURE, None), Text("alpha left out", "不传 alpha")),
        Probe("colours", Blend((3, 4, 6), 4.0), Text("pictures of three channels", "三通道的图")),
        Probe("features", Blend((40,), 2.0, dtype=torch.float32), Text("plain vectors, float32", "一维特征，float32")),
        Probe(
            "soft", Blend(PICTURE, 2.0, soft=True), Text("labels that are probabilities already", "标签本来就是概率")
        ),
        Probe("inputs", inputs(PICTURE), Text("the arguments afterwards", "调用之后的输入")),
        Probe("gradient", gradient(PICTURE), Text("the gradient of x", "x 的梯度")),
        Probe("generator", generators(PICTURE), Text("the generator", "随机数来自 generator")),
        Probe(
            "uniform",
            Drawn(None, of_mixup, own_weight),
            Text("lambda in 250 batches, alpha left out", "250 个 batch 的 lambda，不传 alpha"),
        ),
        Probe(
            "extreme",
            Drawn(0.1, of_mixup, own_weight),
            Text("lambda in 250 batches, alpha=0.1", "250 个 batch 的 lambda，alpha=0.1"),
        ),
        Probe(
            "central",
            Drawn(8.0, of_mixup, own_weight),
            Text("lambda in 250 batches, alpha=8", "250 个 batch 的 lambda，alpha=8"),
        ),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"by_gammas": by_gammas, "by_seed": by_seed, "rolled": rolled, "flipped": flipped, "by_matrix": by_matrix},
    prompt=Text(
        "Write mixup for a batch x (B, ...) with labels y: class indices (B,) or probabilities (B, num_classes). Draw one lambda from "
        "Beta(alpha, alpha) for the batch; pair the batch with a permutation of itself (shuffled, rolled or flipped); blend x and y by "
        "the same weights, and return (x, y) with y of shape (B, num_classes). All randomness comes from `generator`, the arguments "
        "stay as they are, and the gradient flows through x.",
        "为一个 batch 写出 mixup：x 形状 (B, ...)，标签 y 是类别索引 (B,) 或概率 (B, num_classes)。整个 batch 从 Beta(alpha, alpha) 抽一个 "
        "lambda；搭档是 batch 的一个排列（打乱、滚动、翻转都行）；x 和 y 用同样的权重混合，返回 (x, y)，y 形状为 (B, num_classes)。随机数都取自 "
        "`generator`，不改动输入，梯度能传到 x。",
    ),
    hints=(
        Text(
            "Four lines: lambda, an order of the batch, one-hot labels, and the same weighted sum twice.",
            "四行：lambda、batch 的顺序、one-hot 标签，然后同一个加权和写两遍。",
        ),
        Text(
            "torch.distributions.Beta takes no generator. A Beta is a / (a + b) of two Gamma(alpha) numbers, and "
            "torch._standard_gamma(tensor, generator=generator) draws them.",
            "torch.distributions.Beta 不接受 generator。两个 Gamma(alpha) 随机数 a、b，取 a / (a + b) 就是 Beta；"
            "torch._standard_gamma(tensor, generator=generator) 可以抽 Gamma。",
        ),
        Text(
            "order = torch.randperm(len(x), generator=generator), then x[order] and y[order]: one order for both.",
            "order = torch.randperm(len(x), generator=generator)，然后 x[order] 和 y[order]：两边用同一个顺序。",
        ),
    ),
)
