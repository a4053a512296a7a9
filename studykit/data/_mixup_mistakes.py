"""The classic mistakes of mixup: each is the right solution with one thing changed."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.language import Text

from ._mixing import beta

Pair = tuple[Tensor, Tensor]


def onehot(y: Tensor, classes: int) -> Tensor:
    """Labels as rows."""
    return y if y.ndim == 2 else F.one_hot(y, classes).double()


def like(
    draw: Callable[[float, Any, int], Any] = lambda alpha, rng, _: beta(alpha, rng),
    order: Callable[[int, Any], Tensor] = lambda count, rng: torch.randperm(count, generator=rng),
    rows: Callable[[Tensor, int], Tensor] = onehot,
    labels: Callable[[Tensor, Tensor, Any], Any] = lambda y, other, lam: lam * y + (1 - lam) * other,
    pictures: Callable[[Tensor, Tensor, Any], Tensor] = lambda x, other, lam: lam * x + (1 - lam) * other,
    order_of_labels: Callable[[int, Any], Tensor] | None = None,
) -> Callable[..., Any]:
    """A solution with one thing changed.

    Args:
        draw: lambda from alpha, generator and the size of the batch.
        order: Whom each is paired with.
        rows: Labels to rows.
        labels: Mixes them.
        pictures: Mixes the samples.
        order_of_labels: Another order for the labels.
    """

    def candidate(x: Tensor, y: Tensor, num_classes: int, alpha: float = 1.0, generator: Any = None) -> Any:
        lam = draw(alpha, generator, len(x))
        paired = order(len(x), generator)
        y = rows(y, num_classes)
        of_labels = order_of_labels(len(x), generator) if order_of_labels else paired
        per_sample = isinstance(lam, Tensor)
        wide, narrow = (lam.view(-1, *[1] * (each.ndim - 1)) if per_sample else lam for each in (x, y))
        return pictures(x, x[paired], wide), labels(y, y[of_labels], narrow)

    return candidate


def per_pixel(x, y, num_classes, alpha=1.0, generator=None):
    order, y = torch.randperm(len(x), generator=generator), onehot(y, num_classes)
    lam = torch.tensor([beta(alpha, generator) for _ in range(x[0].numel())], dtype=x.dtype).view(x.shape[1:])
    return lam * x + (1 - lam) * x[order], lam.mean() * y + (1 - lam.mean()) * y[order]


def changed_input(x, y, num_classes, alpha=1.0, generator=None):
    new, labels = like()(x, y, num_classes, alpha, generator)
    return (new if x.requires_grad else x.copy_(new)), labels


def unmixed_indices(x, y, num_classes, alpha=1.0, generator=None):
    return like()(x, y, num_classes, alpha, generator)[0], y


def four(x, y, num_classes, alpha=1.0, generator=None):
    lam, order = beta(alpha, generator), torch.randperm(len(x), generator=generator)
    return lam * x + (1 - lam) * x[order], y, y[order], lam


def reseeded(x, y, num_classes, alpha=1.0, generator=None):
    if generator is not None:
        torch.manual_seed(generator.initial_seed())
    lam = float(torch.distributions.Beta(alpha, alpha).sample())
    order, y = torch.randperm(len(x)), onehot(y, num_classes)
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]


def restarted(x, y, num_classes, alpha=1.0, generator=None):
    own = generator and torch.Generator().manual_seed(generator.initial_seed())
    return like()(x, y, num_classes, alpha, own)


def always_indices(y: Tensor, classes: int) -> Tensor:
    return F.one_hot(y.long(), classes).double()


def counted(y: Tensor, _: int) -> Tensor:
    return y if y.ndim == 2 else F.one_hot(y).double()


def global_beta(alpha: float, _: Any, __: int) -> float:
    return float(
        torch.distributions.Beta(
            torch.tensor(alpha, dtype=torch.float64), torch.tensor(alpha, dtype=torch.float64)
        ).sample()
    )


def uneven_beta(alpha: float, rng: Any, _: int) -> float:
    # Gamma(a) is Gamma(a + 1) U^(1 / a), in logarithms.
    gammas = torch._standard_gamma(torch.tensor([alpha + 1, 2.0], dtype=torch.float64), generator=rng).log()
    a, b = gammas + (1 - torch.rand(2, generator=rng, dtype=torch.float64)).log() / torch.tensor([alpha, 1.0])
    return float((a - b).sigmoid())


def folded(alpha: float, rng: Any, _: int) -> float:
    lam = beta(alpha, rng)
    return max(lam, 1 - lam)


def each_its_own(alpha: float, rng: Any, count: int) -> Tensor:
    return torch.tensor([beta(alpha, rng) for _ in range(count)], dtype=torch.float64)


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "labels_not_mixed": (
        like(labels=lambda y, other, lam: y),
        Text(
            "The pictures are mixed, the labels are not: each keeps the label of its first picture. A blend of 70 % and 30 % has the "
            "label 0.7 and 0.3, by the same lambda.",
            "图混了，标签没混，还是第一张图的标签。70% 和 30% 混出来的图，标签也应按同一个 lambda 取 0.7 和 0.3。",
        ),
    ),
    "indices_returned": (
        unmixed_indices,
        Text(
            "The labels come back as class indices. A mixed label is a row of probabilities: one-hot first, then mix.",
            "返回的标签还是类别索引。混合后的标签是一行概率：先转 one-hot，再混。",
        ),
    ),
    "four_returned": (
        four,
        Text(
            "This returns both labels and lambda, as the paper's code does, for a loss of two terms. Asked for is (x, y) with y mixed: "
            "the loss is the same, since cross-entropy is linear in the target.",
            "返回了两份标签和 lambda，那是论文代码的写法，损失再写成两项。这里要的是 (x, y)，y 已混好：交叉熵对目标是线性的，损失相同。",
        ),
    ),
    "label_weights_swapped": (
        like(labels=lambda y, other, lam: (1 - lam) * y + lam * other),
        Text(
            "The labels' weights are the wrong way round: lambda belongs to the same sample in x and in y.",
            "标签的权重用反了：lambda 在 x 和 y 里要对应同一个样本。",
        ),
    ),
    "labels_half_and_half": (
        like(labels=lambda y, other, lam: (y + other) / 2),
        Text(
            "The labels are averaged half and half, whatever lambda is. They take the pictures' weights.",
            "不管 lambda 是多少，标签都按一半一半平均了。应与图的权重一致。",
        ),
    ),
    "labels_of_other_partners": (
        like(order_of_labels=lambda count, rng: torch.randperm(count, generator=rng)),
        Text(
            "Pictures and labels are shuffled apart: draw the order once and index both with it.",
            "图和标签各打乱了一次，对不上了。顺序只抽一次，两边都用它索引。",
        ),
    ),
    "pairs_with_itself": (
        like(order=lambda count, _: torch.arange(count)),
        Text(
            "Each sample is mixed with itself, so nothing changes. The partner is another sample: permute the batch.",
            "每个样本都和自己混，等于没混。搭档应是另一个样本：把 batch 打乱一份。",
        ),
    ),
    "partner_with_replacement": (
        like(order=lambda count, rng: torch.randint(count, (count,), generator=rng)),
        Text(
            "Partners are drawn with replacement: some samples are used several times, others never. Use a permutation of the batch.",
            "搭档是有放回地抽的：有的样本用了好几次，有的一次没用。应取 batch 的一个排列。",
        ),
    ),
    "one_partner_for_all": (
        like(order=lambda count, rng: torch.randint(count, (1,), generator=rng).expand(count)),
        Text(
            "All are mixed with one and the same sample. Each needs a partner of its own: a permutation of the batch.",
            "所有样本都和同一个样本混了。每个应有自己的搭档：取 batch 的一个排列。",
        ),
    ),
    "lambda_per_pixel": (
        per_pixel,
        Text(
            "Every pixel has a lambda of its own. That is noise between two pictures, and no label fits it: draw one number.",
            "每个像素各有一个 lambda，成了两张图之间的噪声，没有标签与之对应。只抽一个数。",
        ),
    ),
    "lambda_per_sample": (
        like(each_its_own),
        Text(
            "Every sample has its own lambda. That is a known variant; asked for is one number for the batch, as in the paper's code.",
            "每个样本各抽了一个 lambda。这是已知的变体；这里要求整个 batch 一个数，与论文代码一致。",
        ),
    ),
    "beta_alpha_one": (
        like(uneven_beta),
        Text(
            "lambda is drawn from Beta(alpha, 1). Both parameters are alpha: the two samples of a pair stand on an equal footing.",
            "lambda 是从 Beta(alpha, 1) 抽的。两个参数都应是 alpha：一对样本地位相同。",
        ),
    ),
    "uniform_lambda": (
        like(lambda _, rng, __: float(torch.rand((), generator=rng, dtype=torch.float64))),
        Text(
            "lambda is uniform whatever alpha says. Beta(alpha, alpha) is that for alpha = 1 only.",
            "不管 alpha 是多少，lambda 都是均匀分布。只有 alpha = 1 时 Beta(alpha, alpha) 才是均匀的。",
        ),
    ),
    "lambda_is_alpha": (
        like(lambda alpha, _, __: alpha),
        Text(
            "alpha itself is used as the weight. It is the parameter of the distribution that lambda is drawn from.",
            "直接拿 alpha 当权重了。alpha 是分布的参数，lambda 要从 Beta(alpha, alpha) 里抽。",
        ),
    ),
    "lambda_never_below_half": (
        like(folded),
        Text(
            "max(lambda, 1 - lambda) is MixMatch's, which wants to stay near the first sample. In mixup lambda is as it is drawn.",
            "max(lambda, 1 - lambda) 是 MixMatch 的做法，为了靠近第一个样本。mixup 里抽到多少就是多少。",
        ),
    ),
    "weights_sum_to_more": (
        like(pictures=lambda x, other, lam: x + (1 - lam) * other),
        Text(
            "The first sample keeps its full weight, so the sum is brighter than any picture. The weights are lambda and 1 - lambda.",
            "第一个样本没有乘 lambda，加出来比原图都亮。两个权重应是 lambda 和 1 - lambda。",
        ),
    ),
    "num_classes_unread": (
        like(rows=counted),
        Text(
            "The number of columns is guessed from the labels of this batch; a batch without the last class is then too narrow. Use "
            "num_classes.",
            "列数是从这个 batch 的标签猜的；碰上没有最后一类的 batch 就少一列。应使用 num_classes。",
        ),
    ),
    "soft_labels_as_indices": (
        like(rows=always_indices),
        Text(
            "Labels that are probabilities already, (B, num_classes), are taken for indices. Mix their rows as they are.",
            "标签已经是概率 (B, num_classes) 了，却被当成索引。直接混这些行即可。",
        ),
    ),
    "input_changed": (
        changed_input,
        Text(
            "The caller's x is overwritten. Make a new tensor: the plain batch may still be wanted, and it may be a view of the data set.",
            "改写了调用方的 x。应生成新张量：原始 batch 之后可能还要用，它也可能就是数据集的一个视图。",
        ),
    ),
    "detached": (
        like(pictures=lambda x, other, lam: (lam * x + (1 - lam) * other).detach()),
        Text(
            "The gradient does not reach x: the blend is computed on values that are cut off.",
            "梯度传不到 x：混合是在截断的值上算的。",
        ),
    ),
    "generator_ignored": (
        like(global_beta, order=lambda count, _: torch.randperm(count)),
        Text(
            "The generator is not used: lambda and order come from torch's global one. Pass it on, so that the batch can be repeated.",
            "没有用传入的 generator：lambda 和顺序都取自 torch 全局的。应传下去，这样结果才可复现。",
        ),
    ),
    "generator_for_pairs_only": (
        like(global_beta),
        Text(
            "The order comes from the generator, lambda does not: torch.distributions takes none. Draw lambda from it as well, say by "
            "torch._standard_gamma(..., generator=generator).",
            "顺序用了 generator，lambda 没用：torch.distributions 不接受 generator。lambda 也要由它来抽，例如 "
            "torch._standard_gamma(..., generator=generator)。",
        ),
    ),
    "generator_for_lambda_only": (
        like(order=lambda count, _: torch.randperm(count)),
        Text(
            "lambda comes from the generator, the order does not: torch.randperm takes generator= too.",
            "lambda 用了 generator，顺序没用：torch.randperm 也有 generator= 参数。",
        ),
    ),
    "generator_restarted": (
        restarted,
        Text(
            "A new generator is made from the first seed of the one given, so every call gives the same batch. Draw from that one itself.",
            "用传入 generator 的初始种子另建了一个，于是每次调用的 lambda 和配对都一样。应直接从传入的里抽，它会往前走。",
        ),
    ),
    "generator_only_read": (
        reseeded,
        Text(
            "The generator's first seed is used to seed torch's global one: that disturbs the caller's, and every call gives the same "
            "batch. Draw from the generator itself.",
            "拿 generator 的初始种子去设了全局种子：既干扰调用方，又让每次结果都一样。应直接从 generator 里抽。",
        ),
    ),
}
