"""The Mixer from a blank: what is transposed when, what is shared, where norms and skips go, and what the head reads."""

import torch
import torch.nn.functional as F
from torch import nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._mixer_probes import Ask, Sizes, counted, in_colour, in_training
from ._mlp_mixer_mistakes import WRONG
from ._norm_mistakes import named
from .mlp_mixer import MLPMixer

# tanh's approximation of GELU and other epsilons are right too; they move an answer by less than this share of the greatest.
CLOSE = 4e-3


class Einsum(nn.Module):
    """Bare tensors (in, out), norms written out, patches flattened with the colour last."""

    def __init__(self, channels, size, classes, patch=2, width=64, depth=4, token_hidden=32, channel_hidden=256):
        super().__init__()
        self.patch, self.depth = patch, depth
        n = (size // patch) ** 2

        def pair(inputs, outputs):
            return [nn.Parameter(torch.randn(inputs, outputs) / inputs**0.5), nn.Parameter(torch.zeros(outputs))]

        def norm():
            return [nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))]

        self.stem = nn.ParameterList(pair(channels * patch * patch, width))
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            tokens, wide = pair(n, token_hidden) + pair(token_hidden, n), pair(width, channel_hidden) + pair(channel_hidden, width)
            self.blocks.append(nn.ParameterList([*norm(), *norm(), *tokens, *wide]))
        self.out = nn.ParameterList([*norm(), *pair(width, classes)])

    @staticmethod
    def normed(x, scale, shift):
        centred = x - x.mean(-1, keepdim=True)
        return centred * torch.rsqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-5) * scale + shift

    def forward(self, x):
        b, c, h, w = x.shape
        p = self.patch
        cut = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p * c)
        x = cut @ self.stem[0] + self.stem[1]
        for s1, b1, s2, b2, w1, c1, w2, c2, w3, c3, w4, c4 in self.blocks:
            hidden = F.gelu(torch.einsum("bnd,nt->btd", self.normed(x, s1, b1), w1) + c1[:, None])
            x = x + torch.einsum("btd,tn->bnd", hidden, w2) + c2[:, None]
            x = x + F.gelu(self.normed(x, s2, b2) @ w3 + c3) @ w4 + c4
        return self.normed(x, self.out[0], self.out[1]).mean(-2) @ self.out[2] + self.out[3]


class Residual(nn.Module):
    def __init__(self, width, function):
        super().__init__()
        self.function, self.norm = function, nn.LayerNorm(width)

    def forward(self, x):
        return self.function(self.norm(x)) + x


class Convolved(nn.Module):
    """One nn.Sequential; token mixing as a Conv1d of width 1, for which patches are channels; tanh's GELU."""

    def __init__(self, channels, size, classes, patch=2, width=64, depth=4, token_hidden=32, channel_hidden=256):
        super().__init__()
        n = (size // patch) ** 2

        def mlp(inputs, hidden, layer):
            return nn.Sequential(layer(inputs, hidden), nn.GELU(approximate="tanh"), nn.Dropout(0.0), layer(hidden, inputs))

        def across(inputs, outputs):
            return nn.Conv1d(inputs, outputs, 1)

        blocks = []
        for _ in range(depth):
            blocks += [Residual(width, mlp(n, token_hidden, across)), Residual(width, mlp(width, channel_hidden, nn.Linear))]
        self.stem = nn.Conv2d(channels, width, kernel_size=patch, stride=patch)
        self.body = nn.Sequential(*blocks, nn.LayerNorm(width, eps=1e-6))
        self.head = nn.Linear(width, classes)
        nn.init.zeros_(self.head.weight)

    def forward(self, images):
        table = self.body(torch.flatten(self.stem(images), 2).mT)
        return self.head(table.sum(1) / table.size(1))


class ChannelsFirst(nn.Module):
    """The table kept as (B, D, N); F.unfold and a Linear for the stem, two ModuleLists of layers; the mean as an average pooling."""

    def __init__(self, channels, size, classes, patch=2, width=64, depth=4, token_hidden=32, channel_hidden=256):
        super().__init__()
        n = (size // patch) * (size // patch)
        self.cut, self.embed = nn.Unfold(patch, stride=patch), nn.Linear(channels * patch**2, width)
        self.head, self.last = nn.Linear(width, classes), nn.LayerNorm(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * depth))
        self.up = nn.ModuleList()
        self.down = nn.ModuleList()
        for _ in range(depth):
            self.up.extend([nn.Linear(n, token_hidden), nn.Linear(width, channel_hidden)])
            self.down.extend([nn.Linear(token_hidden, n), nn.Linear(channel_hidden, width)])

    def forward(self, x):
        x = self.embed(self.cut(x).transpose(1, 2)).transpose(1, 2)
        for i, (norm, up, down) in enumerate(zip(self.norms, self.up, self.down, strict=True)):
            y = norm(x.transpose(1, 2))
            mixed = down(F.gelu(up(y.transpose(1, 2) if i % 2 == 0 else y)))
            x = x + (mixed if i % 2 == 0 else mixed.transpose(1, 2))
        x = self.last(x.movedim(1, 2)).movedim(1, 2)
        return self.head(F.adaptive_avg_pool1d(x, 1).squeeze(2))


def probe(name: str, ask: Ask, en: str, zh: str) -> Probe:
    return Probe(name, ask, Text(en, zh), CLOSE, 0.1)


LARGER = Sizes(3, 6, 4, 2, 8, 2, 7, 13)
BOTH = ("tokens", "channels")

drill = Drill(
    reference=MLPMixer,
    probes=(
        Probe("parameters", counted, Text("how many numbers can learn", "可学习的数有多少个")),
        probe("silent blocks", Ask(Sizes(), BOTH, 1, True), "one image; the MLPs of the block add 0", "一张图，block 里的 MLP 都输出 0"),
        probe("token mixing", Ask(Sizes(), ("channels",), 1, True), "one block, whose channel mixing adds 0", "一个 block，channel mixing 输出 0"),
        probe("channel mixing", Ask(Sizes(), ("tokens",), 1, True), "one block, whose token mixing adds 0", "一个 block，token mixing 输出 0"),
        probe("block", Ask(Sizes()), "one block, two images", "一个 block，两张图"),
        probe("blocks", Ask(Sizes(depth=3)), "three blocks", "三个 block"),
        probe("one patch", Ask(Sizes(size=2, token_hidden=7, channel_hidden=9)), "an image of a single patch", "整张图只有一个图块"),
        probe("colours", Ask(LARGER, images=3), "three colour channels, nine patches, two blocks", "三个颜色通道，九个图块，两个 block"),
        Probe("own weights", in_colour, Text("what the pixels of a patch and its colours are told apart by", "图块里的像素和颜色各有各的权重")),
        probe("large patches", Ask(Sizes(1, 9, 5, 3, 6, 1, 4, 13)), "patches of 3 x 3 in a 9 x 9 image", "9 x 9 的图，图块 3 x 3"),
        probe("gradient", Ask(LARGER, gradients=True), "the gradient of the images", "对图像的梯度"),
        probe("defaults", Ask(None), "MLPMixer(1, 8, 10)", "MLPMixer(1, 8, 10)"),
        Probe("training", in_training, Text("training mode, and other batches", "训练模式，以及换一批图")),
    ),
    mistakes=named(WRONG),
    variants={"einsum": Einsum, "convolved": Convolved, "channels_first": ChannelsFirst},
    methods=("forward",),
    prompt=Text(
        "Write the MLP-Mixer for square images (B, channels, size, size): patches row by row, blocks of token and channel mixing with "
        "LayerNorm before each MLP, a last LayerNorm, the mean over patches, a linear head. Every linear map has a bias; norms have "
        "scale and shift and start at 1 and 0; all else may start as you like. Names are free: parameters are known by their "
        "shapes; of two alike, the one made first is the first layer.",
        "为正方形图像 (B, channels, size, size) 写出 MLP-Mixer：图块按行编号；block 由 token mixing 和 channel mixing 组成，每个 MLP 之前有 "
        "LayerNorm；最后再一个 LayerNorm，对图块取平均，接线性分类头。线性层都带偏置；归一化有缩放和平移，初值 1 和 0；其余怎么初始化都行。"
        "名字随意：参数按形状识别，形状一样时，先创建的是第一层。",
    ),
    hints=(
        Text(
            "Think of a table of patches by channels. Which MLP runs along rows, which along columns, and what is shared?",
            "把它想成一张“图块 × 通道”的表。哪个 MLP 沿行走，哪个沿列走？哪些权重是共用的？",
        ),
        Text(
            "nn.Linear works on the last axis. For token mixing the patches must be there, so transpose before and after.",
            "nn.Linear 作用在最后一维。做 token mixing 时最后一维必须是图块，所以前后各转置一次。",
        ),
        Text(
            "x = x + tokens(norm1(x).transpose(1, 2)).transpose(1, 2); x = x + channels(norm2(x)); in the end head(norm(x).mean(1)).",
            "x = x + tokens(norm1(x).transpose(1, 2)).transpose(1, 2)；x = x + channels(norm2(x))；最后 head(norm(x).mean(1))。",
        ),
    ),
)
