"""The classic mistakes of FlashAttention: each is the right solution with one thing changed."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studykit.drill import Mistake
from studykit.language import Text

LOW = -math.inf
Mask = Callable[[Tensor, Tensor, int, int], Tensor]


class Told(NamedTuple):
    """Wrong solutions of one kind and what their author is told."""

    candidates: tuple[Any, ...]
    en: str
    zh: str


def _above(query: Tensor, key: Tensor, n_q: int, n_k: int) -> Tensor:
    return key > query[:, None]


def like(
    temperature: Callable[[int, float | None], float] = lambda d, scale: d**-0.5 if scale is None else scale,
    hidden: Mask | None = _above,
    highest: str = "rows",
    rescale: tuple[str, ...] = ("acc", "total"),
    divide: str = "end",
    axis: int = -1,
    rest: tuple[str, ...] = ("queries", "keys"),
    size: tuple[int, int] = (64, 64),
    keys: Callable[[int, int], int] = lambda n_q, n_k: n_k,
    width: Callable[[Tensor, Tensor], int] = lambda q, v: v.shape[-1],
    start: float = torch.finfo(torch.float32).min,
    backwards: bool = False,
    in_place: bool = False,
    wide: bool = True,
    together: bool = False,
) -> Callable[..., Tensor]:
    """A solution with one thing changed.

    Args:
        temperature: Of width and scale to the factor of the scores.
        hidden: Absolute numbers of queries and keys, and their counts, to what causal hides; None hides nothing.
        highest: What is subtracted: the running maximum of `rows`, the `first` tile's, each tile's own (`new`; `last`
            also loses what came before), `none`, or one for the tile: of a head (`all`) or of all (`everywhere`).
        rescale: Which of `acc` and `total` are scaled when the maximum moves.
        divide: At the `end`, by each `block`'s own sum, at every `step`, or `never`.
        axis: Over which the softmax sums.
        rest: Of what an incomplete last block counts.
        size: Queries and keys per tile; 0 is all.
        keys: Of the counts, how many keys are gone through.
        width: Of the result.
        start: Of the maximum.
        backwards: The last block of keys first.
        in_place: q is scaled where it lies.
        wide: Halves are summed in float32.
        together: Heads are laid end to end, as if one sequence.
    """

    def flash_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: float | None = None) -> Tensor:
        kind = q.dtype
        if wide and kind in (torch.float16, torch.bfloat16):
            q, k, v = q.float(), k.float(), v.float()
        lead = q.shape[:-2]
        if together and lead:
            q, k, v = (each.reshape(-1, each.shape[-1]) for each in (q, k, v))
        factor, n_q, n_k = temperature(q.shape[-1], scale), q.shape[-2], k.shape[-2]
        if in_place:
            q.mul_(factor)
            factor = 1.0
        out = v.new_zeros(*q.shape[:-1], width(q, v))
        block_q, block_k = size[0] or max(n_q, 1), size[1] or max(n_k, 1)
        stop = n_q if "queries" in rest else n_q // block_q * block_q or n_q
        for i in range(0, stop, block_q):
            qi = q[..., i : i + block_q, :]
            m = torch.full_like(qi[..., :1], start)
            total, acc = torch.zeros_like(m), v.new_zeros(*qi.shape[:-1], v.shape[-1])
            end = min(keys(n_q, n_k), n_k)
            end = end if "keys" in rest else end // block_k * block_k or end
            order = range(0, end, block_k)
            for j in reversed(order) if backwards else order:
                kj, vj = k[..., j : min(j + block_k, end), :], v[..., j : min(j + block_k, end), :]
                s = factor * qi @ kj.transpose(-1, -2)
                if causal and hidden is not None:
                    query, key = (torch.arange(n, n + c) for n, c in ((i, s.shape[-2]), (j, s.shape[-1])))
                    s = s.masked_fill(hidden(query, key, n_q, n_k), LOW)
                best = s.amax(axis, keepdim=True)
                if axis == -2:
                    p = (s - best).exp()
                    acc, total = acc + p / p.sum(-2, keepdim=True) @ vj, torch.ones_like(total)
                    continue
                new = {
                    "rows": torch.maximum(m, best), "new": best, "none": torch.zeros_like(m),
                    "all": torch.maximum(m, best).amax(-2, keepdim=True).expand_as(m),
                    "first": best if j == 0 else m, "everywhere": torch.maximum(m, s.amax().expand_as(m)), "last": best,
                }[highest]  # fmt: skip
                p, shrink = (s - new).exp(), (m - new).exp()
                if highest in ("new", "none", "first"):
                    shrink = torch.ones_like(shrink)
                if highest == "last":
                    shrink = torch.zeros_like(shrink)
                part = p.sum(-1, keepdim=True)
                if divide == "block":
                    acc, total = acc + (p / part) @ vj, total + 1
                elif divide == "step":
                    total = total * shrink + part
                    acc = (acc * shrink + p @ vj) / total
                else:
                    total = (total * shrink if "total" in rescale else total) + part
                    acc = (acc * shrink if "acc" in rescale else acc) + p @ vj
                m = new
            if divide == "end" or axis == -2:
                acc = acc / total
            elif divide == "mean":
                acc = acc / (total * 0 + n_k)
            out[..., i : i + block_q, :] = acc[..., : out.shape[-1]]
        return out.reshape(*lead, -1, out.shape[-1]).to(kind) if together else out.to(kind)

    return flash_attention


def _whole(q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: float | None = None) -> Tensor:
    s = q @ k.transpose(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if causal:
        s = s.masked_fill(torch.ones(s.shape[-2:], dtype=torch.bool).triu(1), LOW)
    return s.softmax(-1) @ v


WRONG: dict[str, Told] = {
    "no_rescaling": Told(
        (like(rescale=("total",)),),
        "The accumulator is not rescaled when the maximum grows. What it holds was summed with exp(s − old maximum): multiply it "
        "by exp(old − new) first.",
        "最大值变大时，累加器没有跟着缩放。它里面是按 exp(s − 旧最大值) 累加的，要先乘以 exp(旧 − 新)。",
    ),
    "sum_not_rescaled": Told(
        (like(rescale=("acc",)),),
        "The accumulator is rescaled and the running sum is not: both were built with the old maximum.",
        "累加器缩放了，分母的累加和却没有：两者都是按旧的最大值算出来的。",
    ),
    "nothing_rescaled": Told(
        (like(rescale=()),),
        "Neither the running sum nor the accumulator is rescaled when the maximum grows, so blocks are weighted by different units.",
        "最大值变大时，累加和与累加器都没有缩放，各块的单位就不一致了。",
    ),
    "maximum_not_carried": Told(
        (like(highest="new"), like(highest="last")),
        "Each block subtracts its own maximum and forgets the one before. Carry it: m = max(m, rowmax(s)), and bring what was summed "
        "to the new one.",
        "每一块都减自己的最大值，前面的就忘了。要带着走：m = max(m, rowmax(s))，并把已累加的部分换算到新的最大值。",
    ),
    "first_maximum_only": Told(
        (like(highest="first"),),
        "The maximum of the first block is kept for all. A later, greater score then overflows.",
        "所有块都用第一块的最大值，后面出现更大的分数就会溢出。",
    ),
    "no_maximum": Told(
        (like(highest="none"),),
        "No maximum is subtracted: exp overflows for great scores, and a row of very low ones becomes 0 / 0.",
        "没有减最大值：分数大时 exp 溢出，整行分数都很低时变成 0 / 0。",
    ),
    "one_maximum_for_the_tile": Told(
        (like(highest="all"), like(highest="everywhere")),
        "One maximum for all queries of a tile: a row far below it underflows to 0 / 0. Every row needs its own.",
        "整个 tile 共用一个最大值：远低于它的行会下溢成 0 / 0。每一行要有自己的最大值。",
    ),
    "each_block_normalised": Told(
        (like(divide="block"),),
        "Each block is divided by its own sum and the blocks are averaged. They do not weigh the same: keep one sum over all blocks and "
        "divide once at the end.",
        "每一块除以自己的和，再把各块平均。各块的权重并不相同：应该全部块共用一个累加和，最后除一次。",
    ),
    "divided_at_every_step": Told(
        (like(divide="step"),),
        "The accumulator is divided by the running sum in every block, so the earlier blocks are divided again and again. Divide once "
        "at the end (or undo it: multiply by the old sum first).",
        "每一块都把累加器除以累加和，前面的块被反复除。最后除一次即可（否则要先乘回旧的和）。",
    ),
    "never_divided": Told(
        (like(divide="never"),),
        "The accumulator is never divided by the sum: these are exponentials times v, not a mean of v.",
        "累加器最后没有除以累加和：得到的是指数乘 v，不是 v 的加权平均。",
    ),
    "not_scaled": Told(
        (like(temperature=lambda d, scale: 1.0 if scale is None else scale),),
        "The scores are not scaled: without a scale given it is 1 / sqrt(d).",
        "分数没有缩放：没给 scale 时应为 1 / sqrt(d)。",
    ),
    "divided_by_d": Told(
        (like(temperature=lambda d, scale: 1 / d if scale is None else scale),),
        "The scores are divided by d; it is its root, 1 / sqrt(d).",
        "分数除以了 d；应除以它的平方根，即 1 / sqrt(d)。",
    ),
    "scale_ignored": Told(
        (like(temperature=lambda d, _: d**-0.5),),
        "A scale that is given is not used: it takes the place of 1 / sqrt(d).",
        "没有用到传入的 scale：它应当替代 1 / sqrt(d)。",
    ),
    "scaled_twice": Told(
        (like(temperature=lambda d, scale: d**-0.5 if scale is None else scale * d**-0.5),),
        "scale is multiplied onto 1 / sqrt(d); it takes its place.",
        "scale 又乘了一次 1 / sqrt(d)；它应当替代后者。",
    ),
    "zero_scale_taken_for_none": Told(
        (like(temperature=lambda d, scale: scale or d**-0.5),),
        "scale=0 is taken for None: ask `is None`.",
        "把 scale=0 当成了 None：应该用 `is None` 判断。",
    ),
    "causal_ignored": Told(
        (like(hidden=None),),
        "causal hides nothing: query i may see keys 0 to i only.",
        "causal 没有起作用：第 i 个 query 只能看到第 0 到 i 个 key。",
    ),
    "causal_off_by_one": Told(
        (
            like(hidden=lambda query, key, *_: key > query[:, None] + 1),
            like(hidden=lambda query, key, *_: key >= query[:, None]),
        ),
        "The diagonal is off by one: query i sees keys 0 to i, its own included, the next one not.",
        "对角线差了一位：第 i 个 query 能看到第 0 到 i 个 key，包括自己，不包括下一个。",
    ),
    "causal_bottom_right": Told(
        (like(hidden=lambda query, key, n_q, n_k: key > query[:, None] + n_k - n_q),),
        "The diagonal ends at the last key (bottom-right), as a decoder with a cache wants it. Asked for is the one from the first query "
        "and key (top-left), as is_causal of torch has it.",
        "对角线对齐到了最后一个 key（右下对齐），那是带 KV cache 解码时的约定。这里要的是从第一个 query 和 key 开始（左上对齐），与 torch 的 "
        "is_causal 一致。",
    ),
    "causal_within_the_block": Told(
        (like(hidden=lambda query, key, *_: key - key[0] > (query - query[0])[:, None]),),
        "Each tile has a triangle of its own: compare the numbers of query and key in the sequence, i + row with j + column.",
        "每个 tile 各画了一个三角：要比较的是在整个序列里的位置，即 i + 行 与 j + 列。",
    ),
    "causal_reversed": Told(
        (like(hidden=lambda query, key, *_: key < query[:, None]),),
        "It is the past that is hidden: query i sees keys 0 to i.",
        "遮住的是过去：第 i 个 query 应看到第 0 到 i 个 key。",
    ),
    "softmax_over_queries": Told(
        (like(axis=-2),),
        "The softmax runs over the queries; each query's weights over the keys must sum to 1.",
        "softmax 沿 query 求了；应该让每个 query 对各个 key 的权重之和为 1。",
    ),
    "nan_from_an_empty_tile": Told(
        (
            like(start=LOW, backwards=True),
            like(start=LOW, backwards=True, size=(32, 32)),
            like(start=LOW, backwards=True, size=(128, 128)),
        ),
        "A tile in which a row sees no key has the maximum −inf, and −inf − (−inf) is NaN. Skip such tiles, or let the maximum start from "
        "the lowest finite number.",
        "某一行在一个 tile 里看不到任何 key 时，最大值是 −inf，而 −inf − (−inf) 是 NaN。跳过这种 tile，或让最大值从最小的有限数开始。",
    ),
    "last_keys_left_out": Told(
        (like(rest=("queries",)), like(rest=("queries",), size=(32, 32)), like(rest=("queries",), size=(16, 16))),
        "The last, incomplete block of keys is left out: N need not be a multiple of the block.",
        "最后不满一块的 key 被漏掉了：N 不一定是块大小的整数倍。",
    ),
    "last_queries_left_out": Told(
        (like(rest=("keys",)), like(rest=("keys",), size=(32, 32)), like(rest=("keys",), size=(16, 16))),
        "The last, incomplete block of queries is left out: their results stay 0.",
        "最后不满一块的 query 被漏掉了：它们的结果还是 0。",
    ),
    "keys_counted_as_queries": Told(
        (like(keys=lambda n_q, _: n_q),),
        "The loop over the keys ends at the number of queries; there may be more keys.",
        "遍历 key 的循环到 query 的个数就停了；key 可能更多。",
    ),
    "heads_mixed": Told(
        (like(together=True),),
        "Batch and heads are laid end to end, as if they were one sequence: each must attend within itself.",
        "把 batch 和各个头首尾相接，当成了一条序列：每个头只能在自己内部做注意力。",
    ),
    "inputs_changed": Told(
        (like(in_place=True),),
        "q is scaled in place: the caller's tensor changes.",
        "原地缩放了 q，调用者的张量被改掉了。",
    ),
    "sums_in_half": Told(
        (
            like(wide=False),
            like(wide=False, size=(32, 32)),
            like(wide=False, size=(16, 16)),
            like(wide=False, size=(128, 128)),
        ),
        "Maximum, sum and accumulator are kept in bfloat16, so every block rounds once more. Keep them in float32 and round the result "
        "once.",
        "最大值、累加和、累加器都用 bfloat16 存，每一块都要再舍入一次。应该用 float32 累加，只在最后舍入一次。",
    ),
    "whole_matrix": Told(
        (_whole,),
        "The values are right, but the whole N × N matrix of scores is built. Its memory is what FlashAttention avoids: hold one tile at "
        "a time.",
        "数值是对的，但整个 N × N 的分数矩阵都建出来了。FlashAttention 要省的正是这块内存：一次只放一个 tile。",
    ),
    "whole_rows": Told(
        (like(size=(64, 0)), like(size=(4, 0)), like(size=(0, 64))),
        "Only one side is cut into blocks, so a strip of scores as long as the sequence is held at once. Cut queries and keys, with the online "
        "softmax over the blocks of keys.",
        "只切了一边，一次要放下与序列等长的一条分数。query 和 key 都要切，沿 key 的各块做在线 softmax。",
    ),
    "tiles_too_large": Told(
        (like(size=(128, 128)), like(size=(256, 256))),
        "The tiles are larger than 64 queries by 64 keys. A tile has to fit on chip, beside its part of q, k, v and the result.",
        "tile 超过了 64 个 query × 64 个 key。一个 tile 连同它那部分 q、k、v 和结果，要能放在片上。",
    ),
}
WRONG_ONES = tuple(
    Mistake(name, each, Text(told.en, told.zh)) for name, told in WRONG.items() for each in told.candidates
)
