"""The classic mistakes of dropout, each a module of its own."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from studykit.language import Text

Forward = Callable[[nn.Module, Tensor], Tensor]


def made(forward: Forward) -> type[nn.Module]:
    """A module with `p` around a forward pass."""

    class Made(nn.Module):
        def __init__(self, p: float = 0.5) -> None:
            super().__init__()
            self.p = p

        def forward(self, x: Tensor) -> Tensor:
            return forward(self, x)

    return Made


def kept(x: Tensor, p: float, shape: tuple[int, ...] | None = None) -> Tensor:
    """Zeros and ones of x's type, one with probability 1 - p."""
    return (torch.rand(x.shape if shape is None else shape) >= p).to(x.dtype)


def scaled(in_training: Callable[[float], float], at_test: Callable[[float], float] = lambda p: 1.0) -> Forward:
    """Elementwise dropout with other factors, in training on what is kept and at test time on all."""

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return x * kept(x, self.p) * in_training(self.p) if self.training else x * at_test(self.p)

    return forward


def masked(mask_of: Callable[[nn.Module, Tensor], Tensor]) -> Forward:
    """Dropout with the right factor and another mask."""

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return x * mask_of(self, x) / (1 - self.p) if self.training else x

    return forward


def drawn_once(self: nn.Module, x: Tensor) -> Tensor:
    masks = vars(self).setdefault("masks", {})
    if x.shape not in masks:
        masks[x.shape] = kept(x, self.p)
    return masks[x.shape]


def exact_count(self: nn.Module, x: Tensor) -> Tensor:
    mask = torch.ones(x.numel(), dtype=x.dtype)
    mask[torch.randperm(x.numel())[: round(self.p * x.numel())]] = 0
    return mask.view(x.shape)


def own_generator(self: nn.Module, x: Tensor) -> Tensor:
    generator = torch.Generator()
    generator.seed()
    return (torch.rand(x.shape, generator=generator) >= self.p).to(x.dtype)


def fixed_generator(self: nn.Module, x: Tensor) -> Tensor:
    generator = vars(self).setdefault("generator", torch.Generator().manual_seed(0))
    return (torch.rand(x.shape, generator=generator) >= self.p).to(x.dtype)


def seeded(self: nn.Module, x: Tensor) -> Tensor:
    torch.manual_seed(0)
    return kept(x, self.p)


def smallest(self: nn.Module, x: Tensor) -> Tensor:
    sizes, count = x.abs(), round(self.p * x.numel())
    return (sizes > sizes.flatten().kthvalue(count).values).to(x.dtype) if count else torch.ones_like(x)


def gaussian(self: nn.Module, x: Tensor) -> Tensor:
    return x * (1 + (self.p / (1 - self.p)) ** 0.5 * torch.randn_like(x)) if self.training else x


def right(self: nn.Module, x: Tensor) -> Tensor:
    return scaled(lambda p: 1 / (1 - p))(self, x)


def realised(self: nn.Module, x: Tensor) -> Tensor:
    if not self.training:
        return x
    mask = kept(x, self.p)
    return x * mask * (mask.numel() / mask.sum().clamp(min=1))


def always(self: nn.Module, x: Tensor) -> Tensor:
    return x * kept(x, self.p) / (1 - self.p)


def swapped(self: nn.Module, x: Tensor) -> Tensor:
    return x if self.training else always(self, x)


def straight_through(self: nn.Module, x: Tensor) -> Tensor:
    return x + (right(self, x) - x).detach()


def in_place(self: nn.Module, x: Tensor) -> Tensor:
    if self.training:
        x.data.mul_(kept(x, self.p) / (1 - self.p))
    return x


def first(x: Tensor) -> tuple[int, ...]:
    """The shape of a mask that is the same for all but the first dimensions."""
    return (*x.shape[: max(1, x.ndim - 2)], *[1] * (x.ndim - max(1, x.ndim - 2)))


WRONG: dict[str, tuple[Forward, Text]] = {
    "not_rescaled": (
        scaled(lambda p: 1.0),
        Text(
            "What survives is not scaled up, so in training the layer's expectation is only 1 - p of what it is in evaluation. "
            "Divide by 1 - p.",
            "留下来的没有放大，训练时输出的期望就只有推理时的 1 - p。要除以 1 - p。",
        ),
    ),
    "scaled_at_test": (
        scaled(lambda p: 1.0, lambda p: 1 - p),
        Text(
            "This is the paper's first form: nothing in training, times 1 - p at test time. Asked for is the inverted form: divide by "
            "1 - p in training, and evaluation is the identity.",
            "这是论文最初的写法：训练时不缩放，测试时乘 1 - p。这里要的是 inverted 形式：训练时除以 1 - p，推理时原样返回。",
        ),
    ),
    "scaled_twice": (
        scaled(lambda p: 1 / (1 - p), lambda p: 1 - p),
        Text(
            "You scale in training and in evaluation. Once is enough: with the division in training, evaluation is the identity.",
            "训练和推理都缩放了。一次就够：训练时除过，推理就原样返回。",
        ),
    ),
    "enlarged_at_test": (
        scaled(lambda p: 1 / (1 - p), lambda p: 1 / (1 - p)),
        Text(
            "Evaluation is scaled up by 1 / (1 - p) too. Nothing was dropped there, so there is nothing to make up for.",
            "推理时也放大了 1 / (1 - p)。推理没有丢弃任何元素，无需补偿。",
        ),
    ),
    "shrunk_in_training": (
        scaled(lambda p: 1 - p),
        Text(
            "What survives is multiplied by 1 - p. To keep the expectation it must be divided by it.",
            "留下来的乘了 1 - p。要保持期望不变，应该是除以 1 - p。",
        ),
    ),
    "divided_by_p": (
        scaled(lambda p: 1 / p),
        Text(
            "You divide by p, the share that is dropped. Divide by 1 - p, the share that is kept.",
            "除以了 p，也就是丢弃的比例。应除以 1 - p，即保留的比例。",
        ),
    ),
    "p_taken_as_kept": (
        lambda self, x: x * kept(x, 1 - self.p) / self.p if self.training else x,
        Text(
            "You keep with probability p. That is the paper's p (and TensorFlow 1's keep_prob); torch's p, asked for here, is the "
            "share that is dropped.",
            "你以概率 p 保留元素。那是论文里的 p（也是 TensorFlow 1 的 keep_prob）；这里按 torch 的约定，p 是丢弃的比例。",
        ),
    ),
    "mask_inverted": (
        lambda self, x: x * kept(x, 1 - self.p) / (1 - self.p) if self.training else x,
        Text(
            "The mask is the wrong way round: it keeps a share p, although the factor is right for 1 - p.",
            "mask 反了：它保留的比例是 p，而缩放系数对应的是 1 - p。",
        ),
    ),
    "always_on": (
        always,
        Text(
            "It drops in evaluation too. Look at self.training, which train() and eval() set.",
            "推理时也在丢弃。要看 self.training，train() 和 eval() 会设置它。",
        ),
    ),
    "modes_swapped": (
        swapped,
        Text("Training and evaluation are the wrong way round.", "训练和推理两种模式写反了。"),
    ),
    "nothing_dropped": (lambda self, x: x, Text("Nothing is dropped in training.", "训练时什么都没有丢弃。")),
    "batch_shares_a_mask": (
        masked(lambda self, x: kept(x, self.p, (1, *x.shape[1:]))),
        Text(
            "All samples of a batch get the same mask. Each element of the input has a draw of its own.",
            "整个 batch 共用一个 mask。输入的每个元素都要单独抽样。",
        ),
    ),
    "whole_samples": (
        masked(lambda self, x: kept(x, self.p, (len(x), *[1] * (x.ndim - 1)))),
        Text(
            "A sample is dropped as a whole, as in stochastic depth. Each element has a draw of its own.",
            "整个样本被一起丢弃，那是 stochastic depth 的做法。每个元素都要单独抽样。",
        ),
    ),
    "whole_channels": (
        masked(lambda self, x: kept(x, self.p, first(x)) if x.ndim > 2 else kept(x, self.p)),
        Text(
            "Whole channels are dropped: that is Dropout2d. Each element has a draw of its own.",
            "整个通道被一起丢弃，那是 Dropout2d。每个元素都要单独抽样。",
        ),
    ),
    "mask_drawn_once": (
        masked(drawn_once),
        Text(
            "The mask is drawn once and kept: that trains one thinned network. Draw anew in each call.",
            "mask 只抽了一次就一直沿用：这等于只训练一个固定的子网络。每次调用都要重新抽。",
        ),
    ),
    "exact_count": (
        masked(exact_count),
        Text(
            "You drop exactly a share p of the elements. The draws are independent, so the number varies from call to call.",
            "你正好丢弃了比例为 p 的元素。各元素应独立抽样，每次丢弃的个数并不固定。",
        ),
    ),
    "scaled_by_what_was_kept": (
        realised,
        Text(
            "The factor comes from how many survived this time, so it changes from call to call. It is 1 / (1 - p), always.",
            "缩放系数取自这一次实际留下的个数，每次都不同。系数应恒为 1 / (1 - p)。",
        ),
    ),
    "gradient_ignores_the_mask": (
        straight_through,
        Text(
            "The gradient passes as if nothing had been dropped. It goes through the same mask: 0 where the output is 0, else 1 / (1 - p).",
            "梯度像没有丢弃过一样直接通过。它应经过同一个 mask：输出为 0 处为 0，其余为 1 / (1 - p)。",
        ),
    ),
    "gradient_lost": (
        lambda self, x: right(self, x.detach()),
        Text(
            "No gradient comes back to the input: it was detached (or .data was used). All layers below stop learning.",
            "输入收不到梯度：它被 detach 了（或用了 .data），下面的层就都学不到东西了。",
        ),
    ),
    "input_overwritten": (
        in_place,
        Text(
            "The input itself is changed. Whoever else uses it, as a residual branch does, gets the dropped values: work on a new tensor.",
            "输入本身被改写了。其他用到它的地方（如残差分支）拿到的就是丢弃后的值：请返回新的张量。",
        ),
    ),
    "own_generator": (
        masked(own_generator),
        Text(
            "The mask doesn't follow torch.manual_seed, so a run can't be repeated. Draw from torch's global generator.",
            "mask 不受 torch.manual_seed 控制，训练无法复现。请从 torch 的全局生成器抽样。",
        ),
    ),
    "fixed_generator": (
        masked(fixed_generator),
        Text(
            "The generator is seeded by you: whatever torch.manual_seed says, every run has the same masks. Draw from torch's global "
            "generator.",
            "你自己给生成器固定了种子：不管 torch.manual_seed 设什么，每次训练的 mask 都一样。请从 torch 的全局生成器抽样。",
        ),
    ),
    "seed_set_inside": (
        masked(seeded),
        Text(
            "The seed is set inside forward: every call draws the same mask, and everyone else's random numbers start over too.",
            "在 forward 里设了种子：每次调用抽到同一个 mask，还把别处的随机数也重置了。",
        ),
    ),
    "smallest_dropped": (
        masked(smallest),
        Text(
            "The smallest activations are dropped: that is pruning by size. Dropout doesn't look at the values.",
            "丢弃的是数值最小的激活，那是按大小剪枝。Dropout 不看数值。",
        ),
    ),
    "gaussian_noise": (
        gaussian,
        Text(
            "This multiplies by Gaussian noise of the same variance (Gaussian dropout). Asked for is a mask of zeros.",
            "你乘的是方差相同的高斯噪声（Gaussian dropout）。这里要的是置零的 mask。",
        ),
    ),
    "p_unused": (
        lambda self, x: x * kept(x, 0.5) / 0.5 if self.training else x,
        Text("p is fixed at 0.5. Keep the argument and use it.", "p 写死成了 0.5。应保存并使用传入的参数。"),
    ),
}
