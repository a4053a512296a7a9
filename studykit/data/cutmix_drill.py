"""CutMix from a blank: the box, what it covers once it is cut off, and a label that says so."""

import math
import random

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._cutmix_mistakes import WRONG
from ._cutmix_probes import Areas
from ._mixing_laws_probes import Drawn, kept_area, of_cutmix
from ._mixing_probes import Blend, alone, generators, gradient, inputs
from .cutmix import cutmix


def as_torchvision(x, y, num_classes, alpha=1.0, generator=None):
    """Rolled by one; half sides; slices."""
    a, b = torch._standard_gamma(torch.full((2,), float(alpha), dtype=torch.float64), generator=generator).tolist()
    lam = a / (a + b) if a + b else 0.0
    h, w = x.shape[-2:]
    cx, cy = (int(torch.randint(side, (1,), generator=generator)) for side in (w, h))
    r = 0.5 * math.sqrt(1.0 - lam)
    x1, x2 = max(cx - int(r * w), 0), min(cx + int(r * w), w)
    y1, y2 = max(cy - int(r * h), 0), min(cy + int(r * h), h)
    out = x.clone()
    out[..., y1:y2, x1:x2] = x.roll(1, 0)[..., y1:y2, x1:x2]
    lam = 1.0 - (x2 - x1) * (y2 - y1) / (w * h)
    y = y if y.ndim == 2 else F.one_hot(y, num_classes).float()
    return out, y.roll(1, 0).mul(1.0 - lam).add(y.mul(lam))


def by_mask(x, y, num_classes, alpha=1.0, generator=None):
    """A mask of pixels whose distance to the centre is small enough; the weight is its mean."""
    rng = random.Random(int(torch.randint(2**62, (1,), generator=generator)))
    cut = math.sqrt(1 - rng.betavariate(alpha, alpha))
    inside = []
    for side in x.shape[-2:]:
        where = torch.arange(side)
        half, centre = int(cut * side) // 2, rng.randrange(side)
        inside.append((where >= centre - half) & (where < centre + half))
    mask = inside[0][:, None] & inside[1][None, :]
    order = torch.randperm(len(x), generator=generator)
    share = mask.double().mean().item()
    rows = F.one_hot(y, num_classes).to(torch.float64) if y.ndim == 1 else y
    return torch.where(mask, x[order], x), torch.lerp(rows, rows[order], share)


def odd_sides(x, y, num_classes, alpha=1.0, generator=None):
    """Sides rounded to any whole number, a centre between pixels, flipped as in timm."""
    lam = float(torch._sample_dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64), generator=generator)[0])
    spans = []
    for side in (x.size(-2), x.size(-1)):
        length = round(side * (1 - lam) ** 0.5)
        middle = torch.rand(1, generator=generator, dtype=torch.float64).item() * side
        first = round(middle - length / 2)
        spans.append((max(first, 0), min(first + length, side)))
    (t, b), (l, r) = spans  # noqa: E741
    area = (b - t) * (r - l) / (x.size(-2) * x.size(-1))
    rows = torch.eye(num_classes, dtype=torch.float64)[y] if not y.is_floating_point() else y
    wide = torch.cat([x[..., t:b, :l], x.flip(0)[..., t:b, l:r], x[..., t:b, r:]], -1)
    return torch.cat([x[..., :t, :], wide, x[..., b:, :]], -2), rows * (1 - area) + rows.flip(0) * area


PICTURE = (2, 9, 14)
drill = Drill(
    reference=cutmix,
    probes=(
        Probe(
            "one",
            alone(PICTURE),
            Text("a batch of one, which can only be pasted into itself", "batch 里只有一张图，只能贴到自己身上"),
            1e-6,
        ),
        Probe(
            "pictures",
            Blend(PICTURE, 8.0, box=True),
            Text("16 pictures with class indices, alpha=8", "16 张图，标签是类别索引，alpha=8"),
        ),
        Probe("wide", Blend((1, 30, 48), 8.0, box=True), Text("greater pictures, alpha=8", "大一些的图，alpha=8")),
        Probe(
            "soft",
            Blend((1, 30, 48), 8.0, box=True, soft=True),
            Text("labels that are probabilities already", "标签本来就是概率"),
        ),
        Probe("inputs", inputs((2, 30, 48), 8.0), Text("the arguments afterwards", "调用之后的输入")),
        Probe("gradient", gradient((2, 30, 48), 8.0), Text("the gradient of x", "x 的梯度")),
        Probe("generator", generators((1, 30, 48), 8.0), Text("the generator", "随机数来自 generator")),
        Probe("areas", Areas(1.0), Text("250 boxes on pictures of 40 x 64 pixels", "40 x 64 像素的图，250 个框")),
        Probe(
            "default",
            Drawn(None, of_cutmix, kept_area),
            Text("the area left in 250 batches, alpha left out", "250 个 batch 剩下的面积，不传 alpha"),
        ),
        Probe(
            "extreme",
            Drawn(0.1, of_cutmix, kept_area),
            Text("the area left in 250 batches, alpha=0.1", "250 个 batch 剩下的面积，alpha=0.1"),
        ),
        Probe(
            "central",
            Drawn(8.0, of_cutmix, kept_area),
            Text("the area left in 250 batches, alpha=8", "250 个 batch 剩下的面积，alpha=8"),
        ),
    ),
    mistakes=tuple(Mistake(*each) for each in WRONG),
    variants={"as_torchvision": as_torchvision, "by_mask": by_mask, "odd_sides": odd_sides},
    prompt=Text(
        "Write CutMix for pictures x (B, C, H, W) with labels y: class indices (B,) or probabilities (B, num_classes). Draw one lambda "
        "from Beta(alpha, alpha) and one box for the batch: H * sqrt(1 - lambda) by W * sqrt(1 - lambda), its centre uniform over the "
        "picture, cut off at the border. Paste it from a permutation of the batch (shuffled, rolled or flipped), and mix the labels by "
        "the area that was truly pasted. Return (x, y) with y of shape (B, num_classes). All randomness comes from `generator`, the "
        "arguments stay as they are, and the gradient flows through x.",
        "为图像写出 CutMix：x 形状 (B, C, H, W)，标签 y 是类别索引 (B,) 或概率 (B, num_classes)。整个 batch 从 Beta(alpha, alpha) 抽一个 "
        "lambda、定一个框：高 H * sqrt(1 - lambda)，宽 W * sqrt(1 - lambda)，中心在图上均匀，超出边界的裁掉。从 batch 的一个排列（打乱、滚动、"
        "翻转都行）贴过来，标签按真正贴上的面积混合。返回 (x, y)，y 形状为 (B, num_classes)。随机数都取自 `generator`，不改动输入，梯度能传到 x。",
    ),
    hints=(
        Text(
            "Five steps: lambda, the box, an order of the batch, paste into a clone, and lambda again from the box.",
            "五步：lambda、框、batch 的顺序、贴进副本，再由框重算 lambda。",
        ),
        Text(
            "Per side: half = int(0.5 * side * sqrt(1 - lambda)), centre = torch.randint(side, (), generator=generator), then "
            "max(centre - half, 0) to min(centre + half, side).",
            "每条边：half = int(0.5 * side * sqrt(1 - lambda))，centre = torch.randint(side, (), generator=generator)，取 "
            "max(centre - half, 0) 到 min(centre + half, side)。",
        ),
        Text(
            "A Beta is a / (a + b) of two Gamma(alpha) numbers: torch._standard_gamma(tensor, generator=generator).",
            "两个 Gamma(alpha) 随机数 a、b，取 a / (a + b) 就是 Beta：torch._standard_gamma(tensor, generator=generator)。",
        ),
    ),
)
