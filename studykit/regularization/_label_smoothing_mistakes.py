"""The classic mistakes of label smoothing: each is the right solution with one thing changed."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from studykit.language import Text

Mix = Callable[[Tensor, float], Tensor]


def share(onehot: Tensor, smoothing: float) -> Tensor:
    """The target that is asked for."""
    return (1 - smoothing) * onehot + smoothing / onehot.shape[1]


def like(
    mix: Mix = share,
    logs: Callable[[Tensor], Tensor] = lambda logits: logits.log_softmax(1),
    weights: str = "inside",
    divisor: str = "weights",
    ignoring: str = "zero",
    forced: str | None = None,
    **fixed: Any,
) -> Callable[..., Tensor]:
    """A solution with one thing changed.

    Args:
        mix: One-hot rows and epsilon to the target distribution.
        logs: Logits to what stands for their log-probabilities.
        weights: `inside` the sum, on the `hard` part only, of the `label` on all of a position, or `none`.
        divisor: Of the mean: `weights`, their `count`, `all` positions, or every `entry`.
        ignoring: `zero`; `hard` leaves the uniform part in, `removed` shortens the result, `unheard` looks for no index.
        forced: A reduction that is done whatever is asked.
        **fixed: Arguments that are not read.
    """

    def candidate(
        logits: Tensor,
        target: Tensor,
        smoothing: float = 0.1,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> Tensor:
        smoothing = fixed.get("smoothing", smoothing)
        kept = target != fixed.get("ignore_index", ignore_index)
        index = target if ignoring == "unheard" else target.where(kept, 0)
        w = logits.new_ones(logits.shape[1]) if weight is None or weights == "none" else weight
        onehot, scores = F.one_hot(index, logits.shape[1]).to(logits.dtype), logs(logits)
        if ignoring == "hard":
            onehot = onehot * kept.unsqueeze(1)
        q = mix(onehot, smoothing)
        factor = {"label": w[index].unsqueeze(1), "hard": onehot * w + 1 - onehot}.get(weights, w)
        losses = -(q * scores * factor).sum(1)
        if weights == "hard":
            losses = -((1 - smoothing) * onehot * scores * w + smoothing / logits.shape[1] * scores).sum(1)
        if ignoring == "zero":
            losses = losses * kept
        if ignoring == "removed":
            losses = losses[kept]
        reduction = forced or reduction
        if reduction != "mean":
            return losses if reduction == "none" else losses.sum()
        by = {"weights": (w[index] * kept).sum(), "count": kept.sum(), "all": len(target), "entry": logits.numel()}
        return losses.sum() / by[divisor]

    return candidate


def predictions_smoothed(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    def logs(each: Tensor) -> Tensor:
        return ((1 - smoothing) * each.softmax(1) + smoothing / each.shape[1]).log()

    return like(lambda onehot, _: onehot, logs)(logits, target, smoothing, weight, ignore_index, reduction)


def kl_divergence(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    kept, classes = target != ignore_index, logits.shape[1]
    q = share(F.one_hot(target.where(kept, 0), classes).to(logits.dtype), smoothing)
    w = logits.new_ones(classes) if weight is None else weight
    losses = (q * (q.log().where(q > 0, 0) - logits.log_softmax(1)) * w).sum(1) * kept
    if reduction != "mean":
        return losses if reduction == "none" else losses.sum()
    return losses.sum() / (w[target.where(kept, 0)] * kept).sum()


def uniform_detached(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    rest = target, 1.0, weight, ignore_index, reduction
    hard = like()(logits, target, 0.0, weight, ignore_index, reduction)
    return (1 - smoothing) * hard + smoothing * like()(logits.detach(), *rest)


def target_overwritten(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    loss = like()(logits, target, smoothing, weight, ignore_index, reduction)
    target[target == ignore_index] = 0
    return loss


def _rest(onehot: Tensor) -> int:
    return onehot.shape[1] - 1


WRONG: dict[str, tuple[Callable[..., Tensor], Text]] = {
    "epsilon_over_the_others": (
        like(lambda onehot, eps: (1 - eps) * onehot + eps / _rest(onehot) * (1 - onehot)),
        Text(
            "Epsilon is shared by the K - 1 other classes: tensor2tensor's and fairseq's convention. Asked for is Szegedy's and "
            "torch's: the uniform distribution covers all K classes, so the true one gets 1 - eps + eps / K.",
            "epsilon 只分给了其余 K - 1 个类，这是 tensor2tensor 和 fairseq 的约定。这里要的是 Szegedy 和 torch 的：均匀分布覆盖全部 "
            "K 个类，正类得到 1 - eps + eps / K。",
        ),
    ),
    "shares_swapped": (
        like(lambda onehot, eps: share(onehot, 1 - eps)),
        Text(
            "The shares are the wrong way round: epsilon belongs to the uniform distribution, 1 - epsilon to the label.",
            "两个系数用反了：epsilon 属于均匀分布，1 - epsilon 属于标签。",
        ),
    ),
    "label_keeps_all": (
        like(lambda onehot, eps: onehot + eps / onehot.shape[1]),
        Text(
            "The uniform part is added, but the label keeps its full weight of 1: the target sums to 1 + eps. Scale the one-hot "
            "by 1 - eps.",
            "加上了均匀分布，标签的权重却还是 1，目标之和变成 1 + eps。one-hot 要乘 1 - eps。",
        ),
    ),
    "label_without_its_share": (
        like(lambda onehot, eps: (1 - eps) * onehot + eps / onehot.shape[1] * (1 - onehot)),
        Text(
            "The true class gets 1 - eps and the others eps / K: that sums to less than 1. The uniform distribution gives the "
            "true class its eps / K too.",
            "正类给了 1 - eps，其余各给 eps / K，加起来不到 1。均匀分布里正类也有一份 eps / K。",
        ),
    ),
    "epsilon_not_divided": (
        like(lambda onehot, eps: (1 - eps) * onehot + eps),
        Text(
            "Every class gets a full epsilon: the uniform part is summed over the classes instead of averaged. Divide by K.",
            "每个类都拿到了一整个 epsilon：均匀部分是对类别求和，而不是求平均。要除以 K。",
        ),
    ),
    "epsilon_for_each_other": (
        like(lambda onehot, eps: (1 - eps) * onehot + eps * (1 - onehot)),
        Text(
            "Each of the other classes gets a full epsilon, so the target sums to far more than 1. Epsilon is shared: eps / K each.",
            "其余每个类都拿到一整个 epsilon，目标之和远大于 1。epsilon 是大家平分的：每类 eps / K。",
        ),
    ),
    "predictions_smoothed": (
        predictions_smoothed,
        Text(
            "You smooth the prediction and leave the label hard. That only bounds the loss; nothing holds the network back from "
            "being certain. It is the target that is mixed.",
            "你平滑的是预测，标签还是硬的。这样只是给损失加了上界，网络照样可以无限自信。要混合的是目标分布。",
        ),
    ),
    "log_missing": (
        like(logs=lambda logits: logits.softmax(1)),
        Text(
            "The probabilities enter without a logarithm. Cross-entropy is - sum q log p.",
            "用的是概率，没有取对数。交叉熵是 - sum q log p。",
        ),
    ),
    "softmax_twice": (
        like(logs=lambda logits: logits.softmax(1).log_softmax(1)),
        Text(
            "The softmax is taken twice: log_softmax wants logits, not probabilities.",
            "softmax 做了两遍：log_softmax 的输入应是 logits，不是概率。",
        ),
    ),
    "log_of_softmax": (
        like(logs=lambda logits: logits.softmax(1).log()),
        Text(
            "The logarithm of a softmax is -inf where the probability underflows, and every class counts here. Use log_softmax, or "
            "subtract logsumexp.",
            "先 softmax 再取对数，概率下溢时得到 -inf，而这里每个类都要计入。请用 log_softmax，或减去 logsumexp。",
        ),
    ),
    "constant_in_the_log": (
        like(logs=lambda logits: (logits.softmax(1) + 1e-8).log()),
        Text(
            "A small constant in the logarithm hides the underflow and bounds the loss, with the gradient gone. Use log_softmax.",
            "在对数里加小常数，只是掩盖了下溢：损失被截住，梯度也没了。请用 log_softmax。",
        ),
    ),
    "softmax_over_the_batch": (
        like(logs=lambda logits: logits.log_softmax(0)),
        Text("The softmax runs over the batch. The classes are dimension 1.", "softmax 沿 batch 维做了。类别在第 1 维。"),
    ),
    "sign_lost": (
        like(logs=lambda logits: -logits.log_softmax(1)),
        Text("The sign is missing: the loss is minus the sum of q log p.", "少了负号：损失是 q log p 之和的相反数。"),
    ),
    "kl_divergence": (
        kl_divergence,
        Text(
            "This is the KL divergence: the target's entropy is subtracted, as tensor2tensor does. The gradient is the same, the "
            "value is not; asked for is the cross-entropy.",
            "这是 KL 散度：减去了目标分布的熵（tensor2tensor 就这么做）。梯度一样，数值不同；这里要的是交叉熵。",
        ),
    ),
    "uniform_part_detached": (
        uniform_detached,
        Text(
            "The uniform part has no gradient: the value is right, but nothing is smoothed. It must reach the logits.",
            "均匀部分没有梯度：数值对，训练时却等于没有平滑。这部分的梯度也要传到 logits。",
        ),
    ),
    "smoothing_unused": (
        like(lambda onehot, _: onehot),
        Text("Nothing is smoothed: this is the cross-entropy of the hard label.", "没有做平滑：这是硬标签的交叉熵。"),
    ),
    "smoothing_fixed": (
        like(smoothing=0.1),
        Text("Epsilon is fixed at 0.1. Read the argument.", "epsilon 写死成了 0.1。应使用传入的参数。"),
    ),
    "ignored_in_the_mean": (
        like(divisor="all"),
        Text(
            "The mean divides by all positions, also those that are ignored: the more padding, the smaller the loss. Divide by what "
            "counts (and with weights by the sum of their w_y).",
            "求平均时除以了全部位置，被忽略的也算在内：padding 越多，损失越小。应除以有效的部分（有权重时除以其 w_y 之和）。",
        ),
    ),
    "ignored_still_smoothed": (
        like(ignoring="hard"),
        Text(
            "At ignored positions the label costs nothing, but the uniform part still does, and pulls the padding's logits together. "
            "All of the loss is 0 there.",
            "在被忽略的位置，标签项是没了，均匀项还在，仍会把 padding 的 logits 往一起拉。那里的损失应整个为 0。",
        ),
    ),
    "ignored_removed": (
        like(ignoring="removed"),
        Text(
            'With reduction="none" the ignored positions are cut out. The result has one number for each position, 0 for these.',
            'reduction="none" 时你把被忽略的位置删掉了。结果应与位置一一对应，这些位置填 0。',
        ),
    ),
    "ignored_unheard": (
        like(ignoring="unheard"),
        Text(
            "The index -100 is looked up as if it were a class. Replace it by any class first, and zero the loss afterwards.",
            "-100 被当成类别去索引了。应先换成任意一个合法类别，再把那里的损失置 0。",
        ),
    ),
    "ignore_index_fixed": (
        like(ignore_index=-100),
        Text("The ignored index is fixed at -100. Read the argument.", "忽略的索引写死成了 -100。应使用传入的参数。"),
    ),
    "weight_unused": (like(weights="none"), Text("The class weights are not used.", "没有用到类别权重。")),
    "weight_of_the_label": (
        like(weights="label"),
        Text(
            "All of a position's loss is multiplied by the weight of its label. In torch each class has its own weight inside the "
            "sum: - sum_k w_k q_k log p_k.",
            "整个位置的损失都乘了标签的权重。在 torch 里，权重在求和号里面，每个类各乘各的：- sum_k w_k q_k log p_k。",
        ),
    ),
    "weight_on_the_label_only": (
        like(weights="hard"),
        Text(
            "Only the label's part is weighted. In torch the uniform part is too: - sum_k w_k q_k log p_k.",
            "只有标签那一项乘了权重。在 torch 里均匀项也要乘：- sum_k w_k q_k log p_k。",
        ),
    ),
    "weighted_mean_by_count": (
        like(divisor="count"),
        Text(
            "With weights the mean divides by the sum of the labels' weights, not by the number of positions.",
            "有权重时，平均是除以各标签权重之和，不是除以位置数。",
        ),
    ),
    "reduction_unheard": (
        like(forced="mean"),
        Text("The mean is taken whatever `reduction` says.", "不管 `reduction` 是什么，都取了平均。"),
    ),
    "mean_over_classes_too": (
        like(divisor="entry"),
        Text(
            "The mean runs over positions and classes, so the loss is K times too small. Sum over the classes, then average.",
            "平均把类别也算进去了，损失小了 K 倍。应先对类别求和，再对位置取平均。",
        ),
    ),
    "target_overwritten": (
        target_overwritten,
        Text(
            "The caller's target is written into. Replace the ignored index in a copy: target.where(...).",
            "改写了调用方的 target。应在副本里替换被忽略的索引：target.where(...)。",
        ),
    ),
}
