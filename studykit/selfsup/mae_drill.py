"""Random masking from a blank: what is visible, the mask, and the way back. Any way to draw is right if every subset is as likely."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._mae_mistakes import WRONG
from .mae import random_masking

BLANK = 7.5  # stands for the mask token


def properties(x: Tensor, found: Any) -> dict[str, Any]:
    """What has to hold of a masking of x (B, N, D), whichever patches were drawn."""
    visible, mask, restore = found
    shapes = {name: list(each.shape) for name, each in (("visible", visible), ("mask", mask), ("restore", restore))}
    told: dict[str, Any] = {f"shape of {name}": shape for name, shape in shapes.items()}
    if shapes["mask"] != list(x.shape[:2]) or visible.ndim != 3 or len(visible) != len(x) or visible.shape[2] != x.shape[2]:
        return told
    hidden = mask.bool()
    equal = (visible.detach()[:, :, None] == x.detach()[:, None]).all(-1)  # (B, K, N)
    told["patches hidden, by row"] = hidden.sum(1).tolist()
    told["visible tokens that are of their row"] = equal.any(2).sum(1).tolist()
    told["visible tokens that the mask leaves visible, by row"] = (equal.any(1) & ~hidden).sum(1).tolist()
    return told | {"tokens in their place after restore, by row": in_place(x.detach(), visible.detach(), hidden, restore)}


def in_place(x: Tensor, visible: Tensor, hidden: Tensor, restore: Tensor) -> Any:
    """How many tokens of a row `restore` brings where they belong, a blank where one is hidden."""
    count, n, width = x.shape
    if list(restore.shape) != [count, n] or restore.is_floating_point() or visible.shape[1] > n:
        return "restore can't be applied"
    if not ((restore >= 0) & (restore < n)).all():
        return "restore points outside"
    padded = torch.cat([visible, torch.full((count, n - visible.shape[1], width), BLANK, dtype=x.dtype)], 1)
    back = padded.gather(1, restore.long()[..., None].expand(-1, -1, width))
    wanted = x.masked_fill(hidden[..., None], BLANK)
    return (back == wanted).all(-1).sum(1).tolist()


class Masked(NamedTuple):
    """One call on tokens drawn from the seed.

    Args:
        shape: (B, N, D).
        ratio: The share hidden; None leaves it to its default.
        dtype: Of the tokens.
    """

    shape: tuple[int, int, int]
    ratio: float | None = None
    dtype: torch.dtype = torch.float32

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The properties, and whether x is as it was."""
        x = torch.randn(self.shape, generator=torch.Generator().manual_seed(seed)).to(self.dtype)
        before, given = x.clone(), () if self.ratio is None else (self.ratio,)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found = candidate(x, *given, generator=torch.Generator().manual_seed(seed))
        told = properties(before, found)
        wanted = {"given shape of x": list(self.shape), "given ratio": 0.75 if self.ratio is None else self.ratio}
        return wanted | told | {"x is untouched": torch.equal(x, before), "dtype of visible": str(found[0].dtype)}


def spread(candidate: Any, seed: int) -> dict[str, Any]:
    """3000 rows of 8 patches, 2 of which are kept: there are 28 subsets, all as likely."""
    count, n = 3000, 8
    x = torch.arange(n, dtype=torch.float32)[None, :, None].expand(count, -1, -1).clone()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mask = candidate(x, 0.75, torch.Generator().manual_seed(seed))[1].bool()
    subsets = (mask.long() * 2 ** torch.arange(n)).sum(1)
    counts = subsets.unique(return_counts=True)[1]
    margin = 5 * math.sqrt(count / 28)
    return {
        "different masks in 3000 rows": len(counts),
        "each as often as any other": bool((counts - count / 28).abs().max() < margin),
        "rows with 6 of 8 hidden": int((mask.sum(1) == 6).sum()),
        "one row says nothing of the next": bool(((subsets[1:] == subsets[:-1]).sum() - count / 28).abs() < margin),
    }


def repeated(candidate: Any, seed: int) -> dict[str, Any]:
    """Two generators of one seed, two calls of one generator, and the global one."""
    x = torch.randn(8, 32, 2, generator=torch.Generator().manual_seed(seed))
    one, two = (torch.Generator().manual_seed(seed + 1) for _ in range(2))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        first, other = candidate(x, 0.75, one)[1], candidate(x, 0.75, two)[1]
        untouched = torch.equal(state, torch.get_rng_state())
        second = candidate(x, 0.75, one)[1]
    return {
        "two generators of one seed give one mask": torch.equal(first, other),
        "one generator gives another mask at the next call": not torch.equal(first, second),
        "the global generator is untouched": untouched,
    }


def without(candidate: Any, seed: int) -> dict[str, Any]:
    """No generator is given."""
    x = torch.randn(8, 32, 2, generator=torch.Generator().manual_seed(seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second = (candidate(x.clone(), 0.75)[1] for _ in range(2))
        torch.manual_seed(seed)
        again = candidate(x.clone(), 0.75)[1]
    return {
        "after torch.manual_seed the mask is the same": torch.equal(first, again),
        "the next call gives another mask": not torch.equal(first, second),
    }


def gradient(candidate: Any, seed: int) -> dict[str, Any]:
    """Of the sum of what is visible."""
    x = torch.randn(3, 12, 4, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        visible, mask, _ = candidate(x * 1.0, 0.5, torch.Generator().manual_seed(seed))
    if not visible.requires_grad:
        return {"tokens with the right gradient": "visible has no gradient"}
    visible.sum().backward()
    return {"tokens with the right gradient": int((x.grad == (~mask.bool())[..., None]).all(-1).sum())}


def by_permutations(x, ratio=0.75, generator=None):
    """A permutation for each row, in a loop."""
    kept = round(x.size(1) * (1 - ratio))
    visible, masks, restores = [], [], []
    for row in x:
        order = torch.randperm(len(row), generator=generator)
        mask = torch.zeros(len(row))
        mask[order[kept:]] = 1
        restore = torch.empty_like(order)
        restore[order] = torch.arange(len(row))
        visible.append(row[order[:kept]]), masks.append(mask), restores.append(restore)
    return torch.stack(visible), torch.stack(masks), torch.stack(restores)


def in_image_order(x, ratio=0.75, generator=None):
    """The visible ones stay in the order of the image; ranks by cumulative sums."""
    b, n, d = x.shape
    kept = n - round(n * ratio) if n * ratio % 1 == 0 else round(n * (1 - ratio))
    noise = torch.rand(b, n, generator=generator)
    seen = torch.zeros(b, n, dtype=torch.bool).scatter(1, noise.topk(kept, 1).indices, True)
    restore = torch.where(seen, seen.cumsum(1) - 1, kept + (~seen).cumsum(1) - 1)
    return x[seen].view(b, kept, d), ~seen, restore


def authors_way(x, ratio=0.75, generator=None):
    """As the authors' code does it: two argsorts, a float mask, gather."""
    n, length, d = x.shape
    keep = round(length * (1 - ratio))
    shuffle = torch.argsort(torch.rand(n, length, generator=generator), dim=1)
    restore = torch.argsort(shuffle, dim=1)
    visible = torch.gather(x, 1, shuffle[:, :keep].unsqueeze(-1).repeat(1, 1, d))
    mask = torch.ones([n, length])
    mask[:, :keep] = 0
    return visible, torch.gather(mask, 1, restore), restore


def by_multinomial(x, ratio=0.75, generator=None):
    """The hidden ones are drawn, an integer mask, one-hot products in place of indexing."""
    count, n = x.shape[:2]
    k = round((1 - ratio) * n)
    order = torch.multinomial(torch.ones(count, n), n, generator=generator)
    onto = torch.nn.functional.one_hot(order, n).to(x.dtype)  # (B, place, patch)
    restore = onto.transpose(1, 2).argmax(2)
    return onto[:, :k] @ x, (restore >= k).int(), restore


drill = Drill(
    reference=random_masking,
    probes=(
        Probe("small", Masked((3, 6, 2), 0.5), Text("three samples of six patches, half hidden", "三个样本，各六个图块，遮一半")),
        Probe("usual", Masked((4, 16, 5)), Text("sixteen patches, the default of 75 %", "十六个图块，默认遮 75%")),
        Probe("tenth", Masked((3, 10, 2), 0.9), Text("ten patches, 90 % hidden: one is left", "十个图块，遮 90%：剩一个")),
        Probe("rounding", Masked((3, 16, 2), 0.7), Text("sixteen patches, 70 % hidden: 4.8 is 5", "十六个图块，遮 70%：4.8 取 5")),
        Probe("rounding down", Masked((3, 16, 2), 0.8), Text("sixteen patches, 80 % hidden: 3.2 is 3", "十六个图块，遮 80%：3.2 取 3")),
        Probe("nothing hidden", Masked((2, 6, 2), 0.0), Text("ratio 0: all are visible", "ratio 为 0：全部可见")),
        Probe("doubles", Masked((1, 25, 1), 0.4, torch.float64), Text("one sample, float64, 40 % hidden", "一个样本，float64，遮 40%")),
        Probe("spread", spread, Text("3000 samples of 8 patches: which subsets come up", "3000 个样本，各 8 个图块：出现了哪些子集")),
        Probe("generator", repeated, Text("with a generator given", "传入 generator")),
        Probe("no generator", without, Text("without a generator: the global one", "不传 generator：用全局生成器")),
        Probe("gradient", gradient, Text("the gradient of the visible tokens", "可见 token 的梯度")),
    ),
    mistakes=tuple(Mistake(*each) for each in WRONG),
    variants={
        "by_permutations": by_permutations,
        "in_image_order": in_image_order,
        "by_multinomial": by_multinomial,
        "authors_way": authors_way,
    },
    prompt=Text(
        "Mask tokens x (B, N, D) at random. For each sample on its own keep exactly round(N * (1 - ratio)) of them, every subset as "
        "likely as any other. Return (visible, mask, restore): visible (B, K, D) in any order; mask (B, N), true or 1 where hidden; "
        "restore (B, N), integers: when hidden tokens are appended to visible, gathering by restore puts each in its place. Draw from "
        "`generator`, or from the global one without it. x stays as it is; gradients flow.",
        "随机遮住 token x (B, N, D)。每个样本各自恰好保留 round(N * (1 - ratio)) 个，每个子集的概率都相同。返回 (visible, mask, restore)："
        "visible (B, K, D)，次序任意；mask (B, N)，被遮住处为 True 或 1；restore (B, N)，整数：把遮住的 token 接在 visible 后面，按 restore 做 "
        "gather，每个都回到原位。随机数取自 `generator`，没传就用全局的。x 不能被改动，梯度要能流回去。",
    ),
    hints=(
        Text(
            "Noise of shape (B, N), argsort, and the first K are kept: a shuffle without replacement, one for each row.",
            "抽 (B, N) 的噪声，argsort，前 K 个保留：这就是逐行的不放回抽样。",
        ),
        Text(
            "argsort of an order is its inverse: it says at which place of the shuffle each patch is. Both restore and mask come from it.",
            "对次序再做一次 argsort 就是它的逆：每个图块在打乱后排第几。restore 和 mask 都由它得到。",
        ),
        Text(
            "order = noise.argsort(1); restore = order.argsort(1); mask = restore >= K; visible is x gathered by order[:, :K].",
            "order = noise.argsort(1)；restore = order.argsort(1)；mask = restore >= K；visible 是按 order[:, :K] 从 x 里取。",
        ),
    ),
)
