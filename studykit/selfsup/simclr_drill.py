"""NT-Xent from a blank: its value on a few and many pairs, every temperature, its gradient, and no overflow."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._simclr_told_mistakes import WRONG
from .simclr import nt_xent


class Pairs(NamedTuple):
    """Two views of some samples.

    Args:
        n: Pairs.
        d: Size of a projection.
        temperature: None leaves it out.
        long: By how much the lengths differ, as the exponent of 10, either way.
        alike: How many pairs have two equal views.
        gradient: Whether the gradients are wanted instead of the value.
        kept: Whether the arguments are looked at afterwards.
        dtype: Of what is given.
        apart: All views point away from each other: no cosine is above 0.
    """

    n: int
    d: int = 8
    temperature: float | None = None
    long: float = 0.0
    alike: int = 0
    gradient: bool = False
    kept: bool = False
    dtype: torch.dtype = torch.float64
    apart: bool = False

    def given(self, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """z1 and z2 (N, D)."""
        rng = torch.Generator().manual_seed(seed)
        z1, noise = (torch.randn(self.n, self.d, generator=rng, dtype=torch.float64) for _ in range(2))
        z2 = z1 + 0.7 * noise
        if self.apart:
            corners = torch.eye(2 * self.n, dtype=torch.float64) - 1 / (2 * self.n)  # of a simplex: every cosine is -1 / (2N - 1)
            z1, z2 = (corners + 0.02 * torch.randn(corners.shape, generator=rng, dtype=torch.float64)).chunk(2)
        lengths = 10 ** (self.long * (2 * torch.rand(2, self.n, 1, generator=rng, dtype=torch.float64) - 1))
        z1, z2 = z1 * lengths[0], z2 * lengths[1]
        z2[: self.alike] = z1[: self.alike]
        return z1.to(self.dtype), z2.to(self.dtype)

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The loss, or where it leads."""
        z1, z2 = self.given(seed)
        z1.requires_grad_(self.gradient), z2.requires_grad_(self.gradient)
        loss = candidate(z1, z2) if self.temperature is None else candidate(z1, z2, self.temperature)
        if self.kept:
            return {"z1 afterwards": z1, "z2 afterwards": z2}
        if not self.gradient:
            small = {"given z1": z1, "given z2": z2} if z1.numel() <= 6 else {}
            return small | {"loss": loss}
        if isinstance(loss, torch.Tensor) and loss.requires_grad:
            loss.backward()
        return {f"gradient of {name}": torch.zeros_like(z) if z.grad is None else z.grad for name, z in (("z1", z1), ("z2", z2))}


def by_classes(z1, z2, temperature=0.5):
    """Cross-entropy with 2N - 1 classes: the diagonal is cut out and the partner put first."""
    n = z1.size(0)
    reps = F.normalize(torch.cat((z1, z2), dim=0), dim=1)
    sim = torch.matmul(reps, reps.t())
    positives = torch.cat([torch.diag(sim, n), torch.diag(sim, -n)]).unsqueeze(1)
    rows = torch.arange(2 * n)
    rest = (rows[:, None] != rows[None]) & (rows[:, None] % n != rows[None] % n)
    negatives = sim[rest].view(2 * n, 2 * n - 2)
    logits = torch.cat([positives, negatives], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(2 * n, dtype=torch.long), reduction="sum") / (2 * n)


def by_blocks(z1, z2, temperature=0.5):
    """Four blocks of N by N, as in the authors' code."""
    a, b = (z / z.pow(2).sum(1, keepdim=True).sqrt() for z in (z1, z2))
    n, big = len(a), 1e9
    own = torch.eye(n, dtype=a.dtype)
    aa, bb = a @ a.T / temperature - own * big, b @ b.T / temperature - own * big
    ab = a @ b.T / temperature
    labels = torch.arange(n)
    first = F.cross_entropy(torch.cat([ab, aa], 1), labels)
    second = F.cross_entropy(torch.cat([ab.T, bb], 1), labels)
    return (first + second) / 2


def by_loops(z1, z2, temperature=0.5):
    """Equation 1 as it stands, view by view."""
    views = [v / torch.linalg.norm(v) for pair in zip(z1, z2, strict=True) for v in pair]  # 2k and 2k + 1 belong together
    total = 0
    for i, view in enumerate(views):
        logits = torch.stack([view @ other for k, other in enumerate(views) if k != i]) / temperature
        # The partner is 2k + 1 of 2k and back; those behind i have moved up by one.
        total = total - F.log_softmax(logits, dim=0)[i if i % 2 == 0 else i - 1]
    return total / len(views)


def by_interleaving(z1, z2, temperature=0.5):
    """Neighbours are partners; cosine_similarity normalises; the maximum is taken out by hand."""
    z = torch.stack([z1, z2], dim=1).reshape(-1, z1.shape[-1])
    s = F.cosine_similarity(z.unsqueeze(1), z.unsqueeze(0), dim=-1).div(temperature)
    s = s - 1e30 * torch.eye(len(z)).to(s) if s.dtype is torch.float32 else s.fill_diagonal_(float("-inf"))
    top = s.max(dim=1, keepdim=True).values.detach()
    log_sum = top.squeeze(1) + (s - top).exp().sum(1).log()
    i = torch.arange(0, len(z), 2)
    return 0.5 * ((log_sum[i] - s[i, i + 1]).mean() + (log_sum[i + 1] - s[i + 1, i]).mean())


def by_distance(z1, z2, temperature=0.5):
    """On unit vectors minus half the squared distance is the cosine less 1, and the softmax doesn't see the 1."""
    u = torch.nn.functional.normalize(torch.vstack([z1, z2]))
    s = -0.5 * (u[:, None, :] - u[None, :, :]).pow(2).sum(-1) / temperature
    keep = ~torch.eye(u.shape[0], dtype=bool)
    target = torch.roll(torch.arange(u.shape[0]), z1.shape[0])
    return -torch.where(keep, s, -float("inf")).log_softmax(-1).gather(1, target[:, None]).mean()


drill = Drill(
    reference=nt_xent,
    probes=(
        Probe("two", Pairs(2, 3), Text("two pairs in three dimensions, temperature left out", "两对样本，3 维，不传温度")),
        Probe("warm", Pairs(3, 5, 1.3), Text("three pairs, temperature=1.3", "三对样本，temperature=1.3")),
        Probe("many", Pairs(17, 6, 0.2), Text("17 pairs, temperature=0.2", "17 对样本，temperature=0.2")),
        Probe("lengths", Pairs(7, 9, 0.4, long=2.5), Text("vectors of very different lengths", "长度相差很大的向量"), 1e-5),
        Probe("float32", Pairs(8, 16, 0.1, dtype=torch.float32), Text("float32, temperature=0.1", "float32 下 temperature=0.1"), 1e-5),
        Probe("twins", Pairs(5, 6, 0.3, alike=2), Text("two of the pairs have equal views", "有两对的两个视图完全相同")),
        Probe("gradient", Pairs(4, 5, 0.3, long=0.5, gradient=True), Text("the gradients of z1 and z2", "z1 和 z2 的梯度")),
        Probe("arguments", Pairs(3, 4, 0.5, long=0.5, kept=True), Text("the arguments afterwards", "调用之后的输入")),
        Probe(
            "cold",
            Pairs(12, 4, 0.002, dtype=torch.float32),
            Text("temperature=0.002 in float32", "float32 下 temperature=0.002"),
            5e-4,
            1.0,
        ),
        Probe(
            "cold and apart",
            Pairs(3, 6, 0.001, apart=True),
            Text("temperature=0.001, and every similarity is negative", "temperature=0.001，所有相似度都为负"),
            1e-5,
        ),
        Probe(
            "cold gradient",
            Pairs(5, 4, 0.005, dtype=torch.float32, gradient=True),
            Text("the gradients at temperature=0.005 in float32", "temperature=0.005、float32 下的梯度"),
            2e-3,
            1.0,
        ),
    ),
    mistakes=tuple(Mistake(*each) for each in WRONG),
    variants={"by_classes": by_classes, "by_blocks": by_blocks, "by_loops": by_loops, "by_interleaving": by_interleaving, "by_distance": by_distance},
    prompt=Text(
        "Write SimCLR's loss. z1 and z2 (N, D), N >= 2, are projections of two views of the same N samples, of any length and not zero; "
        "normalise them yourself. Each of the 2N views has to find its partner among the 2N - 1 others by a softmax of cosine / temperature. "
        "Return the mean over all 2N as a scalar tensor with gradients to both; it must be right at a temperature of 0.001 too.",
        "写出 SimCLR 的损失。z1、z2 形状 (N, D)，N >= 2，是同样 N 个样本的两个视图的投影，长度任意、非零，归一化由你来做。2N 个视图中的每一个，都要在"
        "其余 2N - 1 个里找到自己的另一半，用 cosine / temperature 的 softmax。返回对全部 2N 个的平均，标量张量，梯度能传到两侧；温度低到 0.001 也要算对。",
    ),
    forbidden=("pytorch_metric_learning", "lightly"),
    hints=(
        Text("Stack z1 on z2: one matrix of 2N by 2N cosines holds everything.", "把 z1 和 z2 摞起来：一个 2N × 2N 的余弦矩阵就包含了全部。"),
        Text(
            "Put -inf on the diagonal of the logits; the partner of row i is column (i + N) mod 2N.",
            "logits 的对角线填 -inf；第 i 行的正样本在第 (i + N) mod 2N 列。",
        ),
        Text(
            "F.cross_entropy(logits, partner) is the rest: log-softmax without overflow, and the mean over 2N rows.",
            "剩下的就是 F.cross_entropy(logits, partner)：不会溢出的 log-softmax，并对 2N 行取平均。",
        ),
    ),
)
