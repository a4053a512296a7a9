"""The classic mistakes of the Mixer: each is the right solution with one thing changed."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._norm_mistakes import Told


class Mlp(nn.Module):
    def __init__(self, size: int, hidden: int, act: Callable[[Tensor], Tensor] = F.gelu, late: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(size, hidden, bias=bias), nn.Linear(hidden, size, bias=bias)
        self.act, self.late = act, late

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.act(self.first(x)))
        return self.act(y) if self.late else y


class PerChannel(nn.Module):
    """An MLP across patches for each channel by itself."""

    def __init__(self, patches: int, hidden: int, width: int) -> None:
        super().__init__()
        self.w1, self.b1 = nn.Parameter(torch.zeros(width, hidden, patches)), nn.Parameter(torch.zeros(width, hidden))
        self.w2, self.b2 = nn.Parameter(torch.zeros(width, patches, hidden)), nn.Parameter(torch.zeros(width, patches))

    def forward(self, x: Tensor) -> Tensor:  # (B, D, N)
        hidden = F.gelu(torch.einsum("dtn,bdn->bdt", self.w1, x) + self.b1)
        return torch.einsum("dnt,bdt->bdn", self.w2, hidden) + self.b2


class Changed(nn.Module):
    """A block; `how` names what is different, "" nothing."""

    def __init__(self, n: int, d: int, t: int, c: int, how: str, depth: int) -> None:
        super().__init__()
        self.how, self.depth = how, depth
        act = {"relu": F.relu, "silu": F.silu, "sigmoid": torch.sigmoid, "linear": lambda x: x}.get(how, F.gelu)
        more = {"act": act, "late": how == "late", "bias": how != "no bias"}
        t, c = (c, t) if how == "swapped hidden" else (t, c)
        norm = {"batch": lambda: nn.BatchNorm1d(d), "rms": lambda: nn.RMSNorm(d), "bare": lambda: nn.LayerNorm(d, elementwise_affine=False)}.get(
            how, lambda: nn.LayerNorm(d)
        )
        self.norm1 = nn.LayerNorm(n) if how == "norm over patches" else nn.Identity() if how == "no norm1" else norm()
        self.tokens = PerChannel(n, t, d) if how == "per channel" else Mlp(d if how == "tokens along channels" else n, t, **more)
        self.norm2 = self.norm1 if how == "one norm" else nn.Identity() if how == "no norm2" else norm()
        self.channels = Mlp(d, c, **more)
        if how == "layer scale":
            self.scale1, self.scale2 = nn.Parameter(torch.full((d,), 0.1)), nn.Parameter(torch.full((d,), 0.1))

    def mix(self, x: Tensor) -> Tensor:
        if self.how == "tokens along channels":
            return self.tokens(x)
        b, n, d = x.shape
        if self.how == "reshaped":
            return self.tokens(x.reshape(b, d, n)).reshape(b, n, d)
        return self.tokens(x.transpose(1, 2)).transpose(1, 2)

    def normed(self, norm: nn.Module, x: Tensor) -> Tensor:
        turned = self.how == "batch" or (self.how == "norm over patches" and norm is self.norm1)
        return norm(x.transpose(1, 2)).transpose(1, 2) if turned else norm(x)

    def forward(self, x: Tensor) -> Tensor:
        how, factor = self.how, 1 / math.sqrt(2 * self.depth) if self.how == "residual scaling" else 1.0
        factor = math.sqrt(0.5) if how == "sqrt half" else factor
        if how == "post norm":
            x = self.norm1(x + self.mix(x))
            return self.norm2(x + self.channels(x))
        if how == "skip from the normed":
            x = self.norm1(x)
            x = self.norm2(x + self.mix(x))
            return x + self.channels(x)
        if how == "parallel":
            return x + self.mix(self.norm1(x)) + self.channels(self.norm2(x))
        if how == "channels first":
            x = x + self.channels(self.norm2(x))
            return x + self.mix(self.norm1(x))
        mixed = self.mix(self.normed(self.norm1, x))
        mixed = mixed * self.scale1 if how == "layer scale" else mixed
        x = mixed if how in ("no skip", "no first skip") else (x + mixed) * factor if how == "sqrt half" else x + factor * mixed
        mixed = self.channels(self.normed(self.norm2, x))
        mixed = mixed * self.scale2 if how == "layer scale" else mixed
        if how in ("no skip", "no second skip"):
            return mixed
        return (x + mixed) * factor if how == "sqrt half" else x + factor * mixed


def like(how: str = "", stem: str = "", pool: str = "mean", fixed: dict[str, int] | None = None) -> type[nn.Module]:
    """A solution with one thing changed.

    Args:
        how: In the blocks, as in `Changed`; also `shared blocks`, `one block`, `dropout`.
        stem: `class token`, `position`, `columns first`, `activated`, `normed`, `grey` or `no bias`.
        pool: `mean`, `first`, `max`, `sum`, `flat`, `before the norm`, `no norm`, `softmax` or `class token`.
        fixed: Arguments that are not read.
    """

    class Candidate(nn.Module):
        def __init__(
            self, channels: int, size: int, classes: int, patch: int = 2, width: int = 64, depth: int = 4,
            token_hidden: int = 32, channel_hidden: int = 256,
        ) -> None:  # fmt: skip
            super().__init__()
            token_hidden, depth = (fixed or {}).get("token_hidden", token_hidden), (fixed or {}).get("depth", depth)
            side = size // patch
            n = side**2 + (stem == "class token")
            self.stem = nn.Conv2d(channels, width, patch, patch, bias=stem != "no bias")
            if stem == "class token":
                self.token = nn.Parameter(torch.zeros(1, 1, width))
            if stem == "position":
                self.position = nn.Parameter(torch.zeros(1, n, width))
            self.first = nn.LayerNorm(width) if stem == "normed" else nn.Identity()
            distinct = 1 if how == "shared blocks" else depth
            self.blocks = nn.ModuleList(Changed(n, width, token_hidden, channel_hidden, how, depth) for _ in range(distinct))
            self.depth = depth
            self.norm = nn.Identity() if pool == "no norm" else nn.LayerNorm(width)
            self.head = nn.Linear(n * width if pool == "flat" else width, classes, bias=pool != "no bias")

        def table(self, x: Tensor) -> Tensor:
            grid = self.stem(x.mean(1, keepdim=True).expand_as(x) if stem == "grey" else x)
            grid = F.gelu(grid) if stem == "activated" else grid
            table = (grid.transpose(2, 3) if stem == "columns first" else grid).flatten(2).transpose(1, 2)
            if stem == "class token":
                table = torch.cat([self.token.expand(len(x), -1, -1), table], 1)
            return self.first(table + self.position if stem == "position" else table)

        def forward(self, x: Tensor) -> Tensor:
            x = self.table(x)
            for number in range(self.depth):
                x = self.blocks[number % len(self.blocks)](x)
                x = F.dropout(x, 0.1, self.training) if how == "dropout" else x
            if pool == "before the norm":
                return self.head(self.norm(x.mean(1)))
            x = self.norm(x)
            pooled = {"first": lambda: x[:, 0], "class token": lambda: x[:, 0], "max": lambda: x.amax(1), "sum": lambda: x.sum(1),
                      "flat": lambda: x.flatten(1), "over channels": lambda: x.mean(2)}.get(pool, lambda: x.mean(1))()  # fmt: skip
            logits = self.head(pooled)
            return logits.softmax(1) if pool == "softmax" else logits

    return Candidate


WRONG: dict[str, Told] = {
    "reshaped_not_transposed": Told(
        like("reshaped"),
        "You turn (B, N, D) into (B, D, N) by reshape or view. That only cuts the same run of numbers elsewhere, so patches and channels "
        "get mixed up. Transpose.",
        "你用 reshape 或 view 把 (B, N, D) 变成 (B, D, N)。那只是把同一串数换个地方切开，图块和通道全混了。要用 transpose。",
    ),
    "never_transposed": Told(
        like("tokens along channels"),
        "The token-mixing MLP runs along the channels: without transposing, both MLPs do the same job and no patch hears of another.",
        "token-mixing MLP 也沿通道算了：不转置，两个 MLP 干的是同一件事，图块之间没有任何交流。",
    ),
    "mlp_of_its_own_for_every_channel": Told(
        like("per channel"),
        "Every channel has a token-mixing MLP of its own. The Mixer shares one among all channels.",
        "每个通道各有一个 token-mixing MLP。Mixer 是所有通道共用一个。",
    ),
    "post_norm": Told(
        like("post norm"),
        "The norms come after the sums (post-norm). Here they come before each MLP, and the skip goes around both.",
        "归一化放在了相加之后（post-norm）。这里应放在每个 MLP 之前，跳连绕过归一化和 MLP。",
    ),
    "skip_from_the_normed": Told(
        like("skip from the normed"),
        "The skip starts behind the norm: x = norm(x); x = x + mlp(x). It has to carry x as it came in.",
        "跳连从归一化之后才开始：x = norm(x); x = x + mlp(x)。跳连要带着原来的 x。",
    ),
    "norm_over_patches": Told(
        like("norm over patches"),
        "The first LayerNorm runs over the patches, after the transposition. It is over the channels of each patch, before it.",
        "第一个 LayerNorm 在转置之后、沿图块做了。应在转置之前、沿每个图块的通道做。",
    ),
    "one_norm_for_both": Told(
        like("one norm"),
        "One LayerNorm serves both MLPs of a block. Each has its own.",
        "一个 block 里两个 MLP 共用了一个 LayerNorm。应各有一个。",
    ),
    "first_norm_missing": Told(like("no norm1"), "There is no norm before token mixing.", "token mixing 之前没有归一化。"),
    "second_norm_missing": Told(like("no norm2"), "There is no norm before channel mixing.", "channel mixing 之前没有归一化。"),
    "batch_norm": Told(
        like("batch"),
        "The norms are BatchNorm: an image's answer depends on its batch. The Mixer has LayerNorm.",
        "用了 BatchNorm，一张图的输出会取决于同批的图。Mixer 用的是 LayerNorm。",
    ),
    "rms_norm": Told(like("rms"), "RMSNorm takes no mean out and has no shift. It is LayerNorm here.", "RMSNorm 不减均值，也没有平移。这里用 LayerNorm。"),
    "norms_do_not_learn": Told(like("bare"), "The norms of the blocks have no learned scale and shift.", "block 里的归一化没有可学习的缩放和平移。"),
    "no_skip": Told(
        like("no skip"),
        "There is no skip connection: x + mlp(norm(x)), twice in each block.",
        "没有跳连：每个 block 里应有两次 x + mlp(norm(x))。",
    ),
    "no_skip_around_tokens": Told(like("no first skip"), "The skip around token mixing is missing.", "token mixing 缺了跳连。"),
    "no_skip_around_channels": Told(like("no second skip"), "The skip around channel mixing is missing.", "channel mixing 缺了跳连。"),
    "channels_first": Told(
        like("channels first"),
        "The channels are mixed before the patches. Tokens come first.",
        "先混了通道再混图块。应该先混图块（token）。",
    ),
    "both_at_once": Told(
        like("parallel"),
        "Both MLPs read the same x. Channel mixing reads what token mixing has given.",
        "两个 MLP 读的是同一个 x。channel mixing 应读 token mixing 之后的结果。",
    ),
    "relu": Told(like("relu"), "Between the linear layers is ReLU. It is GELU here.", "两个线性层之间用了 ReLU。这里是 GELU。"),
    "silu": Told(like("silu"), "Between the linear layers is SiLU. It is GELU here.", "两个线性层之间用了 SiLU。这里是 GELU。"),
    "no_activation": Told(
        like("linear"),
        "There is nothing between the two linear layers, so they are one linear map. GELU goes there.",
        "两个线性层之间什么都没有，等于只有一个线性映射。中间要有 GELU。",
    ),
    "activation_at_the_end_too": Told(like("late"), "There is an activation after the second linear layer too.", "第二个线性层之后也加了激活函数。"),
    "hidden_sizes_swapped": Told(like("swapped hidden"), "token_hidden and channel_hidden have changed places.", "token_hidden 和 channel_hidden 用反了。"),
    "residual_scaling": Told(
        like("residual scaling"),
        "The branches are multiplied by 1 / sqrt(2 * depth). The Mixer has no residual scaling: plain x + mlp(norm(x)).",
        "分支乘了 1 / sqrt(2 * depth)。Mixer 没有残差缩放，就是 x + mlp(norm(x))。",
    ),
    "sum_times_sqrt_half": Told(
        like("sqrt half"),
        "Each sum is multiplied by sqrt(0.5), as in ConvS2S. The Mixer's skips are plain.",
        "每次相加后乘了 sqrt(0.5)，那是 ConvS2S 的做法。Mixer 的跳连什么都不乘。",
    ),
    "layer_scale": Told(
        like("layer scale"),
        "A learned vector scales each branch: that is LayerScale, of CaiT and ResMLP. The Mixer has none.",
        "每个分支乘了一个可学习的向量，那是 CaiT 和 ResMLP 的 LayerScale。Mixer 没有。",
    ),
    "class_token": Told(
        like(stem="class token", pool="class token"),
        "There is a class token, as in ViT. The Mixer has none: it takes the mean over the patches.",
        "加了 class token，那是 ViT 的做法。Mixer 没有，是对图块取平均。",
    ),
    "class_token_and_mean": Told(
        like(stem="class token"),
        "There is a class token among the patches, as in ViT. The Mixer has patches only.",
        "图块里多了一个 class token，那是 ViT 的做法。Mixer 只有图块。",
    ),
    "position_embedding": Told(
        like(stem="position"),
        "A position embedding is added, as in ViT. The token-mixing weights have a column for every place already.",
        "加了位置编码，那是 ViT 的做法。token-mixing 的权重本来就一个位置一列。",
    ),
    "grey": Told(like(stem="grey"), "The colours are averaged before the patches are mapped.", "图块映射之前就把颜色通道平均了。"),
    "columns_first": Told(
        like(stem="columns first"),
        "The patches are numbered column by column. Number them row by row, or trained weights won't fit.",
        "图块按列编号了。要按行编号，否则训练好的权重对不上。",
    ),
    "activation_after_the_stem": Told(like(stem="activated"), "There is an activation after the patches' linear map.", "图块的线性映射之后加了激活函数。"),
    "norm_after_the_stem": Told(like(stem="normed"), "There is a norm right after the stem.", "stem 之后多了一个归一化。"),
    "first_patch_only": Told(
        like(pool="first"),
        "The head reads the first patch only. Take the mean over all.",
        "分类头只读了第一个图块。应对所有图块取平均。",
    ),
    "max_pool": Told(like(pool="max"), "You take the maximum over the patches. It is the mean.", "对图块取了最大值。应取平均。"),
    "sum_pool": Told(like(pool="sum"), "You add the patches up. It is the mean.", "把图块加了起来。应取平均。"),
    "flat_head": Told(like(pool="flat"), "The head reads all patches, flattened. Take their mean first.", "分类头读的是展平后的所有图块。应先取平均。"),
    "norm_after_the_mean": Told(
        like(pool="before the norm"),
        "The mean is taken before the last norm. Normalise every patch, then average.",
        "先取了平均再做最后的归一化。应先归一化每个图块，再平均。",
    ),
    "last_norm_missing": Told(like(pool="no norm"), "There is no norm before the mean and the head.", "取平均和分类头之前没有归一化。"),
    "probabilities": Told(like(pool="softmax"), "You return probabilities. Asked for are logits.", "返回的是概率。要的是 logits。"),
    "no_biases": Told(like("no bias"), "The MLPs have no biases.", "MLP 没有偏置。"),
    "head_without_bias": Told(like(pool="no bias"), "The head has no bias.", "分类头没有偏置。"),
    "stem_without_bias": Told(like(stem="no bias"), "The patches' linear map has no bias.", "图块的线性映射没有偏置。"),
    "shared_blocks": Told(
        like("shared blocks"),
        "All blocks are one and the same. Each has weights of its own.",
        "所有 block 是同一个。每个 block 应有自己的权重。",
    ),
    "depth_unheard": Told(like(fixed={"depth": 1}), "There is one block whatever depth says.", "不管 depth 是多少，都只有一个 block。"),
    "token_hidden_unheard": Told(
        like(fixed={"token_hidden": 32}),
        "token_hidden is not read; its default is in its place.",
        "没有用 token_hidden，写死了默认值。",
    ),
    "dropout_inside": Told(like("dropout"), "There is dropout in it, which was not asked for.", "里面有 dropout，题目没有要求。"),
}
