"""Wrong ways to mask at random: one right computation, each deviating from it in one place."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from studykit.language import Text

Draws = torch.Generator | None


def at_random(x: Tensor, generator: Draws) -> Tensor:
    return torch.rand(x.shape[:2], generator=generator).argsort(1)


def rows(x: Tensor, numbers: Tensor) -> Tensor:
    return x[torch.arange(len(x))[:, None], numbers]


def like(
    *,
    order: Callable[[Tensor, Draws], Tensor] = at_random,
    kept: Callable[[int, float], int] = lambda n, ratio: round(n * (1 - ratio)),
    visible: Callable[[Tensor, Tensor, int], Tensor] = lambda x, order, kept: rows(x, order[:, :kept]),
    mask: Callable[[Tensor, int], Tensor] = lambda restore, kept: restore >= kept,
    restore: Callable[[Tensor, int], Tensor] = lambda order, kept: order.argsort(1),
) -> Callable[..., Any]:
    """Random masking with these parts; by default it is right."""

    def candidate(x: Tensor, ratio: float = 0.75, generator: Draws = None) -> Any:
        drawn = order(x, generator)
        k = kept(x.shape[1], ratio)
        return visible(x, drawn, k), mask(drawn.argsort(1), k), restore(drawn, k)

    return candidate


def one_for_all(x, generator):
    return torch.rand(x.shape[1], generator=generator).argsort().expand(x.shape[:2])


def never_random(x, generator):
    return torch.arange(x.shape[1]).expand(x.shape[:2])


def in_a_run(x, generator):
    """One stretch of neighbours, from a random place on, round the end."""
    start = torch.randint(x.shape[1], (len(x), 1), generator=generator)
    return (torch.arange(x.shape[1]) + start) % x.shape[1]


def from_the_global(x, generator):
    return at_random(x, None)


def seeded_anew(x, generator):
    return at_random(x, torch.Generator().manual_seed(0))


def seeds_the_global(x, generator):
    torch.manual_seed(0 if generator is None else generator.initial_seed())
    return at_random(x, None)


def coins(x, ratio=0.75, generator=None):
    """Each patch by itself; what is missing of the longest row is padded with zeros."""
    mask = torch.rand(x.shape[:2], generator=generator) < ratio
    order = mask.int().argsort(dim=1, stable=True)
    kept = int((~mask).sum(1).max())
    return rows(x * ~mask[..., None], order[:, :kept]), mask, order.argsort(1)


def coins_cut(x, ratio=0.75, generator=None):
    """Each patch by itself; rows are cut to the shortest."""
    mask = torch.rand(x.shape[:2], generator=generator) < ratio
    order = mask.int().argsort(dim=1, stable=True)
    return rows(x, order[:, : int((~mask).sum(1).min())]), mask, order.argsort(1)


def coins_zeroed(x, ratio=0.75, generator=None):
    """Each patch by itself, set to 0."""
    mask = torch.rand(x.shape[:2], generator=generator) < ratio
    return x * ~mask[..., None], mask, torch.arange(x.shape[1]).expand(x.shape[:2])


def with_replacement(x, ratio=0.75, generator=None):
    keep = torch.randint(x.shape[1], (len(x), round(x.shape[1] * (1 - ratio))), generator=generator)
    mask = torch.ones(x.shape[:2], dtype=torch.bool).scatter(1, keep, False)
    return rows(x, keep), mask, mask.int().argsort(dim=1, stable=True).argsort(1)


def zeroed(x, order, kept):
    return x * (order.argsort(1) < kept)[..., None]


def zeroed_in_place(x, order, kept):
    x[order.argsort(1) >= kept] = 0
    return x


WRONG: tuple[tuple[str, Callable[..., Any], Text], ...] = (
    (
        "one_mask_for_the_batch",
        like(order=one_for_all),
        Text(
            "All samples have the same mask: draw the noise for each of them, (B, N).",
            "整个 batch 用了同一个掩码：噪声要按样本各抽一份，形状 (B, N)。",
        ),
    ),
    (
        "mask_reversed",
        like(mask=lambda restore, kept: restore < kept),
        Text(
            "The mask is the wrong way round: it is true where a patch is hidden, for the loss is taken there.",
            "掩码反了：被遮住的位置才是 True，损失就算在那里。",
        ),
    ),
    (
        "restore_is_the_shuffle",
        like(restore=lambda order, kept: order),
        Text(
            "restore is the shuffle itself; it has to be its inverse, argsort of the argsort, or the patches come back in other places.",
            "restore 返回的是打乱的次序本身；应当是它的逆，即再做一次 argsort，否则图块回不到原位。",
        ),
    ),
    (
        "restore_does_nothing",
        like(restore=lambda order, kept: torch.arange(order.shape[1]).expand_as(order)),
        Text(
            "restore is 0, 1, 2, ...: the visible tokens stay at the front, whatever place they came from.",
            "restore 是 0, 1, 2, ……：可见 token 一直排在最前面，没有回到原来的位置。",
        ),
    ),
    (
        "restore_of_the_visible_only",
        like(restore=lambda order, kept: order[:, :kept].argsort(1)),
        Text(
            "restore covers only the visible patches; the decoder has all N to put in place.",
            "restore 只覆盖了可见图块；解码器要把全部 N 个放回原位。",
        ),
    ),
    (
        "mask_in_shuffled_order",
        like(mask=lambda restore, kept: (torch.arange(restore.shape[1]) >= kept).expand_as(restore)),
        Text(
            "The mask is in the order of the shuffle: kept ones first, in every row. Put it back in order as the patches are.",
            "掩码还停在打乱后的次序里：每一行都是前面保留、后面遮住。要和图块一样还原次序。",
        ),
    ),
    *(
        (
            "unequal_counts",
            candidate,
            Text(
                "Rows have different numbers of visible patches, as when each is hidden by a coin of its own, or indices are drawn with "
                "replacement: that makes no batch. Exactly round(N * (1 - ratio)) are kept in every row.",
                "各行可见的图块数目不同，比如每个图块各抛一次硬币，或者有放回地抽下标：这样拼不成 batch。每行要恰好保留 round(N * (1 - ratio)) 个。",
            ),
        )
        for candidate in (coins, coins_cut, coins_zeroed, with_replacement)
    ),
    (
        "ratio_is_kept",
        like(kept=lambda n, ratio: round(n * ratio)),
        Text(
            "You keep the ratio and hide the rest: the ratio is the share that is hidden.",
            "你保留了 ratio 这么多，遮住其余：ratio 是被遮住的比例。",
        ),
    ),
    (
        "the_hidden_are_returned",
        like(visible=lambda x, order, kept: rows(x, order[:, kept:])),
        Text(
            "What you return as visible are the hidden patches; the encoder must never see those.",
            "当作可见返回的，正是被遮住的图块；编码器绝不能看到它们。",
        ),
    ),
    *(
        (
            "hidden_set_to_zero",
            candidate,
            Text(
                "The hidden patches are blanked, set to zero say, but still there: the encoder then computes on all N, and nothing is saved. Leave them out.",
                "遮住的图块只是被抹掉（比如置零），仍在序列里：编码器还是要算全部 N 个，什么也没省。应当直接拿掉。",
            ),
        )
        for candidate in (like(visible=zeroed), like(visible=zeroed_in_place))
    ),
    *(
        (
            "rounded_down",
            like(kept=kept),
            Text(
                "The number of kept patches is rounded down: 10 * (1 - 0.9) is 0.9999..., which int() makes 0. Take round.",
                "保留数是向下取整的：10 * (1 - 0.9) 等于 0.9999……，int() 之后是 0。请用 round。",
            ),
        )
        for kept in (lambda n, ratio: int(n * (1 - ratio)), lambda n, ratio: n - math.ceil(n * ratio))
    ),
    (
        "rounded_up",
        like(kept=lambda n, ratio: n - int(n * ratio)),
        Text(
            "The number of kept patches is rounded up; it is round(N * (1 - ratio)).",
            "保留数是向上取整的；应为 round(N * (1 - ratio))。",
        ),
    ),
    (
        "not_random",
        like(order=never_random),
        Text("The first patches are always the ones that are kept: nothing is drawn.", "永远保留最前面的图块：根本没有随机抽。"),
    ),
    (
        "one_stretch",
        like(order=in_a_run),
        Text(
            "The kept patches are neighbours in one stretch: block masking. Here every subset has to be as likely as any other.",
            "保留的图块是连续的一段，这是分块遮挡（block masking）。这里要求每个子集的概率都一样。",
        ),
    ),
    (
        "generator_ignored",
        like(order=from_the_global),
        Text("The generator is not used: the draws come from the global one.", "没有用传进来的 generator：随机数来自全局生成器。"),
    ),
    (
        "same_masks_at_each_call",
        like(order=seeded_anew),
        Text(
            "The masks are the same at each call: a generator is made or seeded inside. Draw from the one that is given, else from the global one.",
            "每次调用掩码都一样：函数里新建或重设了生成器。应当从传入的那个抽，没传就用全局的。",
        ),
    ),
    (
        "global_generator_seeded",
        like(order=seeds_the_global),
        Text(
            "torch.manual_seed inside sets back everyone's random numbers, and repeats the masks. Pass the generator to torch.rand.",
            "函数里的 torch.manual_seed 会重置所有人的随机数，掩码也会重复。把 generator 传给 torch.rand。",
        ),
    ),
    (
        "first_feature_only",
        like(visible=lambda x, order, kept: x.gather(1, order[:, :kept, None])),
        Text(
            "gather with an index of one column takes the first feature of each token; expand the index over D.",
            "gather 的索引只有一列，只取到每个 token 的第一个特征；索引要沿 D 扩展。",
        ),
    ),
    (
        "rows_exchanged",
        like(visible=lambda x, order, kept: x.flatten(0, 1)[order[:, :kept]]),
        Text(
            "Every row takes its tokens from the first sample: a flat index lacks the offset of its row.",
            "每一行取到的都是第一个样本的 token：展平之后的索引少加了行偏移。",
        ),
    ),
    (
        "gradient_cut",
        like(visible=lambda x, order, kept: rows(x.detach(), order[:, :kept])),
        Text(
            "No gradient reaches the tokens: the patch embedding, which made them, would never learn.",
            "梯度传不回 token：产生它们的 patch embedding 永远学不到东西。",
        ),
    ),
)
