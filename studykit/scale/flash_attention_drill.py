"""FlashAttention's forward pass from a blank: tiles, the running maximum and sum, the diagonal, and no matrix."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._attention_probes import Meter
from ._flash_attention_mistakes import WRONG_ONES
from .flash_attention import flash_attention

TILE = 64 * 64
FLASHES = ("flash_attention_for_cpu", "flash_attention", "efficient_attention", "cudnn_attention", "math")


class Call(NamedTuple):
    """A call with inputs drawn at random.

    Args:
        lengths: N_q and N_k.
        widths: d and d_v.
        lead: Dimensions before them.
        arguments: Beyond q, k, v.
        spread: Of the queries: how far apart the scores lie.
        rising: Later keys fit all queries better, so the maximum moves in every block.
        apart: Every other query has scores this much lower.
        dtype: Of all.
        strided: Whether the sequence lies before the heads in memory.
        measured: Whether it is told what was held instead of the values.
    """

    lengths: tuple[int, int] = (3, 5)
    widths: tuple[int, int] = (4, 4)
    lead: tuple[int, ...] = (2,)
    arguments: Mapping[str, Any] = {}
    spread: float = 1.0
    rising: float = 0.0
    apart: float = 0.0
    dtype: torch.dtype = torch.float64
    strided: bool = False
    measured: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The output, and what was given where it is small enough to read."""
        q, k, v = self.inputs(seed)
        if self.measured:
            return {"scores held at once": self.held(candidate, q, k, v)}
        before = [each.clone() for each in (q, k, v)]
        output = candidate(q, k, v, **self.arguments)
        given = {"given q": before[0], "given k": before[1]} if q.numel() + k.numel() <= 12 else {}
        changed = any(not torch.equal(one, other) for one, other in zip((q, k, v), before, strict=True))
        return {**given, "output": output.double(), "dtype": str(output.dtype), "inputs changed": changed}

    def inputs(self, seed: int) -> tuple[Tensor, Tensor, Tensor]:
        """q, k and v."""
        rng = torch.Generator().manual_seed(seed)
        sizes = zip((self.lengths[0], *[self.lengths[1]] * 2), (self.widths[0], *self.widths), strict=True)
        q, k, v = (torch.randn(*self.lead, *size, generator=rng, dtype=torch.float64) for size in sizes)
        q = q * self.spread
        if self.rising or self.apart:  # the first feature of q is 1 and that of k moves the scores of all queries alike
            q[..., 0] = self.widths[0] ** 0.5
            k[..., 0] = torch.linspace(0, self.rising, self.lengths[1]) if self.rising else 1.0
            q[..., ::2, 0] -= self.apart
        if self.strided:
            q, k, v = (each.transpose(-3, -2).contiguous().transpose(-3, -2) for each in (q, k, v))
        return q.to(self.dtype), k.to(self.dtype), v.to(self.dtype)

    def held(self, candidate: Any, q: Tensor, k: Tensor, v: Tensor) -> str:
        """How many scores exist at once, in words, by the largest product and the largest tensor that is no copy of q or k."""
        with Meter() as meter:
            candidate(q, k, v, **self.arguments)
        other = meter.largest if meter.largest > max(TILE * self.widths[0], q.numel(), k.numel()) else 0
        most = max(meter.largest_product, other)
        if most <= TILE:
            return "a tile of 64 x 64 or less"
        return "most of the matrix" if most > math.prod(self.lengths) / 2 else "more than a tile"


def unrolled(q, k, v, causal=False, scale=None):
    """Keys outside, as algorithm 1 has it: result, maximum and sum of all queries are kept and put right."""
    n, d = q.shape[-2:]
    q, wide = q * (d**-0.5 if scale is None else scale), torch.promote_types(q.dtype, torch.float32)
    out = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=wide)
    top = torch.full((*q.shape[:-1], 1), float("-inf"), dtype=wide)
    mass = torch.zeros_like(top)
    for j in range(0, k.shape[-2], 48):
        kj, vj = k[..., j : j + 48, :].to(wide), v[..., j : j + 48, :].to(wide)
        for i in range(j // 48 * 48 if causal else 0, n, 48):
            at = (..., slice(i, i + 48), slice(None))
            s = torch.einsum("...id,...jd->...ij", q[at].to(wide), kj)
            if causal:
                s = torch.where(torch.ones(s.shape[-2:], dtype=torch.bool).tril(i - j), s, float("-inf"))
            new = torch.max(top[at], s.max(-1, keepdim=True).values)
            old_mass = mass[at] * torch.exp(top[at] - new)
            p = torch.exp(s - new)
            mass[at] = old_mass + p.sum(-1, keepdim=True)
            out[at] = (out[at] * torch.exp(top[at] - new) * 1 + p @ vj) if j else p @ vj
            top[at] = new
    return (out / mass).to(v.dtype)


def by_logsumexp(q, k, v, causal=False, scale=None):
    """Every block gives its own softmax and logsumexp; two of them are joined by the share of each."""
    kind, scale = q.dtype, q.shape[-1] ** -0.5 if scale is None else scale
    q, k, v = (t if t.dtype == torch.float64 else t.float() for t in (q, k, v))
    pieces = []
    for i, qi in zip(range(0, q.shape[-2], 32), q.split(32, -2), strict=True):
        result, lse = 0.0, None
        for j, (kj, vj) in zip(
            range(0, k.shape[-2], 32), zip(k.split(32, -2), v.split(32, -2), strict=True), strict=True
        ):
            if causal and j > i + qi.shape[-2] - 1:
                break
            s = scale * (qi @ kj.mT)
            if causal:
                later = (j + torch.arange(kj.shape[-2]))[None, :] > (i + torch.arange(qi.shape[-2]))[:, None]
                s = s + torch.zeros(later.shape, dtype=s.dtype).masked_fill(later, -1e30)
            here = s.logsumexp(-1, keepdim=True)
            both = here if lse is None else torch.logaddexp(lse, here)
            mine = torch.exp(s - both) @ vj
            result = mine if lse is None else result * torch.exp(lse - both) + mine
            lse = both
        pieces.append(result)
    return torch.cat(pieces, -2).to(kind)


def two_passes(q, k, v, causal=False, scale=None, block=16):
    """The greatest score of each row first, then sums with it: no correction, at the price of the products twice."""
    scale = scale if scale is not None else 1 / q.shape[-1] ** 0.5
    wide = torch.float64 if q.dtype == torch.float64 else torch.float32
    heads = [each.reshape(-1, *each.shape[-2:]).to(wide) for each in (q, k, v)]
    n, m = q.shape[-2], k.shape[-2]

    def scores(a, b, i, j):
        s = torch.matmul(a[i : i + block], b[j : j + block].t()) * scale
        if causal:
            for row in range(len(s)):
                s[row, max(0, i + row + 1 - j) :] = -float("inf")
        return s

    done = []
    for a, b, c in zip(*heads, strict=True):
        rows = []
        for i in range(0, n, block):
            parts = range(0, min(m, i + block) if causal else m, block)
            most = torch.stack([scores(a, b, i, j).amax(1) for j in parts]).amax(0)[:, None]
            top, bottom = 0, 0
            for j in parts:
                weights = (scores(a, b, i, j) - most).exp()
                top, bottom = top + weights @ c[j : j + block], bottom + weights.sum(1, True)
            rows.append(top / bottom)
        done.append(torch.cat(rows))
    return torch.stack(done).reshape(*q.shape[:-1], v.shape[-1]).to(q.dtype)


def probe(name: str, call: Call, en: str, zh: str, tolerance: float = 1e-6) -> Probe:
    """A probe with its tolerance relative to the largest number."""
    return Probe(name, call, Text(en, zh), tolerance)


CAUSAL = {"causal": True}
drill = Drill(
    reference=flash_attention,
    probes=(
        probe("one tile", Call(), "3 queries, 5 keys, d=4", "3 个 query，5 个 key，d=4"),
        probe("a single key", Call((2, 1), (2, 2), ()), "2 queries, a single key", "2 个 query，只有一个 key"),
        probe("scale", Call(arguments={"scale": 0.3}), "scale=0.3", "scale=0.3"),
        probe("scale 0", Call(arguments={"scale": 0.0}), "scale=0", "scale=0"),
        probe("causal", Call((6, 6), arguments=CAUSAL), "6 queries and keys, causal", "6 个 query 和 key，causal"),
        probe(
            "causal, more keys",
            Call((4, 7), arguments=CAUSAL),
            "4 queries, 7 keys, causal",
            "4 个 query，7 个 key，causal",
        ),
        probe("three blocks of keys", Call((64, 192)), "64 queries, 192 keys", "64 个 query，192 个 key"),
        probe(
            "a greater maximum in every block",
            Call((5, 320), rising=40.0),
            "5 queries, 320 keys, later keys score higher",
            "5 个 query，320 个 key，越往后的 key 分数越高",
        ),
        probe("three blocks of queries", Call((192, 64)), "192 queries, 64 keys", "192 个 query，64 个 key"),
        probe("a rest of keys", Call((64, 150)), "64 queries, 150 keys", "64 个 query，150 个 key"),
        probe("a rest of queries", Call((150, 64)), "150 queries, 64 keys", "150 个 query，64 个 key"),
        probe(
            "causal over blocks",
            Call((192, 192), arguments=CAUSAL),
            "192 queries and keys, causal",
            "192 个 query 和 key，causal",
        ),
        probe(
            "causal over blocks, more keys",
            Call((100, 230), arguments=CAUSAL),
            "100 queries, 230 keys, causal",
            "100 个 query，230 个 key，causal",
        ),
        probe(
            "causal over blocks, more queries",
            Call((230, 100), arguments={**CAUSAL, "scale": 0.7}),
            "230 queries, 100 keys, causal, scale=0.7",
            "230 个 query，100 个 key，causal，scale=0.7",
        ),
        probe(
            "heads",
            Call((70, 90), (8, 8), (2, 3)),
            "q of (B, H, N, d) = (2, 3, 70, 8)",
            "q 为 (B, H, N, d) = (2, 3, 70, 8)",
        ),
        probe("no batch", Call((70, 90), lead=()), "q of (N, d)", "q 为 (N, d)"),
        probe("another width of values", Call((70, 90), (8, 3)), "d=8, values of width 3", "d=8，value 宽度为 3"),
        probe("great scores", Call((70, 150), spread=1e3), "scores in the thousands", "分数上千"),
        probe(
            "low scores",
            Call((70, 150), apart=2e3),
            "every other query's scores are 2,000 lower",
            "每隔一个 query，分数低 2,000",
        ),
        probe(
            "bfloat16",
            Call((64, 640), (16, 16), dtype=torch.bfloat16),
            "bfloat16, 640 keys",
            "bfloat16，640 个 key",
            1e-2,
        ),
        probe(
            "transposed",
            Call((70, 90), (8, 8), (2, 3), CAUSAL, strided=True),
            "q, k, v that lie transposed in memory, causal",
            "q、k、v 在内存中是转置存放的，causal",
        ),
        probe(
            "memory, many keys",
            Call((24, 4200), (2, 2), (1,), measured=True),
            "what is held with 24 queries, 4,200 keys",
            "24 个 query、4,200 个 key 时占用的内存",
        ),
        probe(
            "memory, many queries",
            Call((4200, 24), (2, 2), (1,), measured=True),
            "what is held with 4,200 queries, 24 keys",
            "4,200 个 query、24 个 key 时占用的内存",
        ),
        probe(
            "memory, square",
            Call((200, 200), (2, 2), (1,), measured=True),
            "what is held with 200 queries and keys",
            "200 个 query、200 个 key 时占用的内存",
        ),
    ),
    mistakes=WRONG_ONES,
    variants={"unrolled": unrolled, "by_logsumexp": by_logsumexp, "two_passes": two_passes},
    forbidden=(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch._C._nn.scaled_dot_product_attention",
        "torch.Tensor.numpy",  # what NumPy holds isn't seen
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.modules.activation.MultiheadAttention",
        "torch.nn.attention.flex_attention.flex_attention",
        "torch.ops.aten.scaled_dot_product_attention",
        *(f"torch.ops.aten._scaled_dot_product_{name}" for name in ("attention_math", *FLASHES[:-1])),
    ),
    prompt=Text(
        "Write the forward pass of FlashAttention for q (..., N_q, d), k (..., N_k, d) and v (..., N_k, d_v), in plain torch, in tiles of at "
        "most 64 queries by 64 keys: no more scores than that may exist at once for a head. scale defaults to 1 / sqrt(d); causal lets query i "
        "see keys 0 to i, both counted from the first. Lengths need not be multiples of 64. Halves are summed in float32.",
        "用 torch 的张量运算写 FlashAttention 的前向：q (..., N_q, d)、k (..., N_k, d)、v (..., N_k, d_v)，按最多 64 个 query × 64 个 key 的 tile 来算，"
        "每个头同时存在的分数不能更多。scale 默认 1 / sqrt(d)；causal 时第 i 个 query 只看第 0 到 i 个 key，都从头数起。长度不必是 64 的倍数。"
        "半精度输入用 float32 累加。",
    ),
    hints=(
        Text(
            "For each block of queries keep three things: the maximum m of each row so far, the sum l, and the unnormalised result.",
            "对每块 query 记住三样东西：每行目前的最大值 m、累加和 l、还没归一化的结果。",
        ),
        Text(
            "When a block of keys raises the maximum, everything summed before was measured with the old one: multiply by exp(old − new).",
            "某块 key 抬高了最大值，之前累加的都是按旧最大值算的：乘以 exp(旧 − 新)。",
        ),
        Text(
            "s = scale * q_i k_j^T; m' = max(m, rowmax s); p = exp(s − m'); l = l·exp(m − m') + rowsum p; acc = acc·exp(m − m') + p v_j; last, acc / l.",
            "s = scale * q_i k_j^T；m' = max(m, rowmax s)；p = exp(s − m')；l = l·exp(m − m') + rowsum p；acc = acc·exp(m − m') + p v_j；最后 acc / l。",
        ),
    ),
)
