"""Wrong ways to drop paths, each with what to tell someone who wrote it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Mistake
from studykit.language import Text

Forward = Callable[[Any, Tensor], Tensor]


def made(forward: Forward) -> type:
    """A module class around a forward that reads ``drop_prob`` and ``training``."""

    class Made(nn.Module):
        def __init__(self, drop_prob: float = 0.0) -> None:
            super().__init__()
            self.drop_prob = drop_prob

        def forward(self, x: Tensor) -> Tensor:
            return forward(self, x)

    return Made


def rows(x: Tensor) -> tuple[int, ...]:
    """The shape of one number for each sample."""
    return (len(x), *[1] * (x.ndim - 1))


def masked(shape: Callable[[Tensor], tuple[int, ...]], scale: Callable[[float], float] = lambda p: 1 / (1 - p) if p < 1 else 0.0) -> Forward:
    """The right thing, except for the mask's shape or the scale."""

    def forward(self: Any, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * (torch.rand(shape(x), dtype=x.dtype) >= self.drop_prob).to(x.dtype) * scale(self.drop_prob)

    return forward


right = masked(rows)


def inverted(self: Any, x: Tensor) -> Tensor:
    if not self.training or self.drop_prob == 0:
        return x
    keep = 1 - self.drop_prob
    return x * x.new_empty(rows(x)).bernoulli_(self.drop_prob) / (keep or 1.0)


def in_eval(self: Any, x: Tensor) -> Tensor:
    keep = 1 - self.drop_prob
    return x * x.new_empty(rows(x)).bernoulli_(keep) / (keep or 1.0)


def scaled_at_test(self: Any, x: Tensor) -> Tensor:
    keep = 1 - self.drop_prob
    return x * x.new_empty(rows(x)).bernoulli_(keep) if self.training else x * keep


def once(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    if getattr(self, "mask", None) is None or len(self.mask) != len(x):
        self.mask = torch.rand(len(x)) >= self.drop_prob
    scale = 1 / (1 - self.drop_prob) if self.drop_prob < 1 else 0.0
    return x * self.mask.to(x.dtype).view(rows(x)) * scale


def images_only(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    keep = 1 - self.drop_prob
    return x * (torch.rand(len(x), 1, 1, 1) < keep).to(x.dtype) / (keep or 1.0)


def channels(x: Tensor) -> tuple[int, ...]:
    return (1, x.shape[1], *[1] * (x.ndim - 2)) if x.ndim > 1 else (len(x),)


def each_channel(x: Tensor) -> tuple[int, ...]:
    return (*x.shape[:2], *[1] * (x.ndim - 2))


def detached(self: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        return right(self, x)


def in_place(self: Any, x: Tensor) -> Tensor:
    if self.training:
        x.data.copy_(right(self, x.detach()))
    return x


def divides_by_zero(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    keep = 1 - self.drop_prob
    return x * (torch.rand(rows(x)) < keep).to(x.dtype) / torch.tensor(keep, dtype=x.dtype)


def wide(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    keep = 1 - self.drop_prob
    return x * (torch.rand(rows(x)) < keep).float() / (keep or 1.0)


def exact_count(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    keep = round(len(x) * (1 - self.drop_prob))
    mask = x.new_zeros(len(x))
    mask[torch.randperm(len(x))[:keep]] = 1 / (1 - self.drop_prob) if keep else 0.0
    return x * mask.view(rows(x))


def realised(self: Any, x: Tensor) -> Tensor:
    if not self.training:
        return x
    mask = (torch.rand(rows(x)) >= self.drop_prob).to(x.dtype)
    return x * mask / mask.mean().clamp(min=1e-9)


def reseeds(self: Any, x: Tensor) -> Tensor:
    if self.training:
        torch.manual_seed(0)
    return right(self, x)


def all_at_one(self: Any, x: Tensor) -> Tensor:
    return right(self, x) if self.drop_prob < 1 else x


def past_the_mask(self: Any, x: Tensor) -> Tensor:
    return x + (right(self, x) - x).detach()


TOLD: dict[str, tuple[Forward, Text]] = {
    "per_element": (
        masked(lambda x: tuple(x.shape)),
        Text(
            "Each element is dropped by itself: that is dropout. DropPath draws one number for each sample, of shape (B, 1, ..., 1), and "
            "drops the branch whole.",
            "每个元素各自丢弃，那是 Dropout。DropPath 每个样本只抽一个数，形状 (B, 1, ..., 1)，整条分支一起丢。",
        ),
    ),
    "per_batch": (
        masked(lambda x: (1,) * x.ndim),
        Text(
            "One number decides for the whole batch. That is the paper's form; the one asked for, timm's, draws one for each sample.",
            "整个 batch 共用一个随机数。那是原论文的形式；这里要的是 timm 的形式，每个样本各抽一个。",
        ),
    ),
    "per_channel": (
        masked(channels),
        Text(
            "The mask lies along the channels, not the samples: its shape is (B, 1, ..., 1).",
            "掩码放在了通道维上，不是样本维：形状应为 (B, 1, ..., 1)。",
        ),
    ),
    "each_channel": (
        masked(each_channel),
        Text(
            "Each channel of each sample is dropped by itself, as in Dropout2d. A path is dropped with all its channels.",
            "每个样本的每个通道各自丢弃，那是 Dropout2d。路径要连同所有通道一起丢。",
        ),
    ),
    "unscaled": (
        masked(rows, lambda p: 1.0),
        Text(
            "What is kept is not scaled, so in training the branch is smaller on average than in evaluation. Divide by 1 - drop_prob.",
            "保留的样本没有放大，训练时分支的均值就比推理时小。要除以 1 - drop_prob。",
        ),
    ),
    "scaled_by_drop": (
        masked(rows, lambda p: 1 / p if p > 0 else 1.0),
        Text(
            "What is kept is divided by drop_prob. Divide by the probability of being kept, 1 - drop_prob.",
            "保留的样本除以了 drop_prob。应除以保留的概率 1 - drop_prob。",
        ),
    ),
    "multiplied": (
        masked(rows, lambda p: 1 - p),
        Text(
            "What is kept is multiplied by 1 - drop_prob, which makes it smaller still. Divide by it.",
            "保留的样本乘了 1 - drop_prob，反而更小了。应该除以它。",
        ),
    ),
    "inverted": (
        inverted,
        Text(
            "It keeps with probability drop_prob. bernoulli_(q) gives ones with probability q: q is 1 - drop_prob.",
            "你以 drop_prob 的概率保留了样本。bernoulli_(q) 以概率 q 给出 1，q 应为 1 - drop_prob。",
        ),
    ),
    "in_eval": (
        in_eval,
        Text(
            "It drops in evaluation mode too: look at self.training.",
            "eval 模式下也在丢：要看 self.training。",
        ),
    ),
    "scaled_at_test": (
        scaled_at_test,
        Text(
            "You scale in evaluation instead of in training. That was the paper's way; the form asked for leaves evaluation untouched and "
            "divides by 1 - drop_prob in training.",
            "你把缩放放在了推理时。那是原论文的做法；这里要的是训练时除以 1 - drop_prob，推理时原样返回。",
        ),
    ),
    "mask_kept": (
        once,
        Text(
            "The mask is drawn once and kept: the same samples are dropped at every call. Draw it in forward, anew each time.",
            "掩码只抽了一次就一直用：每次丢的都是同样的样本。要在 forward 里每次重新抽。",
        ),
    ),
    "reseeded": (
        reseeds,
        Text(
            "It sets the global seed in forward, so that every call draws the same mask, and everybody else's random numbers repeat too.",
            "你在 forward 里设了全局种子，每次抽到的掩码都一样，别处的随机数也跟着重复。",
        ),
    ),
    "images_only": (
        images_only,
        Text(
            "The mask has four dimensions whatever x has. For tokens (B, N, D) or vectors (B, D) it broadcasts to a wrong shape: write "
            "(len(x),) + (1,) * (x.ndim - 1).",
            "不管 x 是几维，掩码都是四维。遇到 (B, N, D) 或 (B, D)，广播后形状就错了：应写成 (len(x),) + (1,) * (x.ndim - 1)。",
        ),
    ),
    "no_gradient": (
        detached,
        Text(
            "No gradient comes through: the branch would never learn. Only the mask is a constant.",
            "梯度传不过去，分支永远学不到东西。只有掩码是常数。",
        ),
    ),
    "overwrites": (
        in_place,
        Text(
            "It writes into its input, which others may still need, and the mask is missing from the gradient. Return a new tensor.",
            "它改写了输入，别处可能还要用，而且梯度里少了掩码。应返回新的张量。",
        ),
    ),
    "nan_at_one": (
        divides_by_zero,
        Text(
            "At drop_prob = 1 it computes 0 / 0, which is NaN. Where nothing is kept the result is 0.",
            "drop_prob = 1 时算出 0 / 0，得到 NaN。什么都不保留时结果应为 0。",
        ),
    ),
    "all_at_one": (
        all_at_one,
        Text(
            "At drop_prob = 1 it returns x, so that everything is kept. There all is dropped: the result is 0.",
            "drop_prob = 1 时你原样返回 x，等于全部保留。此时应全部丢弃，结果为 0。",
        ),
    ),
    "gradient_past_mask": (
        past_the_mask,
        Text(
            "The gradient goes past the mask: a dropped sample still gets one, and a kept one is not scaled. Multiply x by the mask.",
            "梯度绕过了掩码：被丢的样本仍有梯度，保留的又没有放大。应当用 x 乘掩码。",
        ),
    ),
    "dtype_changed": (
        wide,
        Text(
            "The result has another type than x: a float32 mask turns bfloat16 into float32. Make the mask in x.dtype.",
            "结果的类型和 x 不同：float32 的掩码会把 bfloat16 变成 float32。掩码要用 x.dtype。",
        ),
    ),
    "exact_count": (
        exact_count,
        Text(
            "Always the same number of samples is dropped. Each sample has a coin of its own, so the number varies; with one sample a fixed "
            "number never drops, or always.",
            "每次丢的样本数都一样。每个样本各抛各的硬币，丢的个数应当是变的；只有一个样本时，固定个数要么从不丢，要么总是丢。",
        ),
    ),
    "realised_share": (
        realised,
        Text(
            "It divides by the share that happened to be kept. Divide by the probability, 1 - drop_prob: only that leaves each sample's "
            "expectation as it is.",
            "你除的是这一次实际保留的比例。应除以概率 1 - drop_prob，这样每个样本的期望才不变。",
        ),
    ),
}
MISTAKES = tuple(Mistake(name, made(forward), tells) for name, (forward, tells) in TOLD.items())
