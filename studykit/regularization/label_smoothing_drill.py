"""Label smoothing from a blank: which classes share epsilon, what is ignored, and what the mean divides by."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._label_smoothing_mistakes import WRONG
from .label_smoothing import label_smoothing_cross_entropy


class Call(NamedTuple):
    """One call with logits drawn at random.

    Args:
        arguments: Beyond logits, target and weight.
        shape: Of the logits, (N, C).
        ignored: Positions whose target is `ignore_index`.
        weighted: Whether the classes have weights.
        wanted: `loss`, `gradient` (of the logits, each position's loss counting differently) or `inputs` (as they are after it).
        scale: Of the logits.
        dtype: Of the logits.
    """

    arguments: Mapping[str, Any]
    shape: tuple[int, int] = (5, 4)
    ignored: tuple[int, ...] = ()
    weighted: bool = False
    wanted: str = "loss"
    scale: float = 2.0
    dtype: torch.dtype = torch.float64

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What was given where it is small enough to read, and what is wanted."""
        rng = torch.Generator().manual_seed(seed)
        count, classes = self.shape
        logits = (self.scale * torch.randn(self.shape, generator=rng, dtype=torch.float64)).to(self.dtype)
        target = (torch.arange(count) + torch.randint(classes, (1,), generator=rng)) % classes  # every class occurs
        arguments = dict(self.arguments)
        ignore_index = arguments.get("ignore_index", -100)
        if ignore_index >= 0:
            target[target == ignore_index] = (ignore_index + 1) % classes
        target[list(self.ignored)] = ignore_index
        found = {"given logits": logits.clone(), "given target": target.clone()} if count * classes <= 6 else {}
        if self.weighted:
            arguments["weight"] = 0.2 + 2 * torch.rand(classes, generator=rng, dtype=torch.float64)
        logits.requires_grad_(self.wanted == "gradient")
        loss = candidate(logits, target, **arguments)
        if self.wanted == "inputs":
            return found | {"logits": logits, "target": target, "weight": arguments.get("weight")}
        found["loss"] = loss
        if self.wanted == "gradient":
            (loss * torch.arange(1, loss.numel() + 1).view(loss.shape)).sum().backward()
            found["gradient of the logits"] = logits.grad
        return found


def gathered(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    """Two terms, as in timm."""
    logp = F.log_softmax(logits, dim=-1)
    w = torch.ones_like(logp[0]) if weight is None else weight
    keep = (target != ignore_index).to(logp.dtype)
    y = torch.clamp(target, min=0) * (target != ignore_index)
    hard = -w[y] * logp.gather(1, y[:, None])[:, 0]
    soft = -(logp * w).mean(dim=-1)
    loss = keep * ((1.0 - smoothing) * hard + smoothing * soft)
    if reduction == "mean":
        return loss.sum() / (keep * w[y]).sum()
    return loss.sum() if reduction == "sum" else loss


def distribution(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    """The target is built, then the cross-entropy of two distributions."""
    n, k = logits.shape
    q = torch.full((n, k), smoothing / k, dtype=logits.dtype)
    for i, y in enumerate(target.tolist()):
        if y == ignore_index:
            q[i] = 0
        else:
            q[i, y] += 1 - smoothing
    each = q * (torch.logsumexp(logits, 1, keepdim=True) - logits)
    count = (target != ignore_index).sum()
    if weight is not None:
        each = each * weight
        count = sum(weight[y] for y in target.tolist() if y != ignore_index)
    loss = each.sum(1)
    return {"none": loss, "sum": loss.sum(), "mean": loss.sum() / count}[reduction]


def by_nll(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    """nll_loss for the label, and for every class in turn."""
    logp = logits.log_softmax(1)
    hard = F.nll_loss(logp, target, weight=weight, ignore_index=ignore_index, reduction="none")
    w = logits.new_ones(logits.size(1)) if weight is None else weight
    valid = target.ne(ignore_index)
    soft = -torch.einsum("nk,k->n", logp, w) / logits.size(1)
    total = torch.lerp(hard, soft.masked_fill(~valid, 0.0), smoothing)
    if reduction == "none":
        return total
    return total.sum() if reduction == "sum" else total.sum() / w[target[valid]].sum()


def closed_form(logits, target, smoothing=0.1, weight=None, ignore_index=-100, reduction="mean"):
    """Only the rows that count are worked on; log-sum-exp minus a mean of logits."""
    rows = (target != ignore_index).nonzero().squeeze(1)
    x, y = logits[rows], target[rows]
    w = torch.ones(x.shape[1], dtype=x.dtype) if weight is None else weight
    lse = x.logsumexp(1)
    label = w[y] * (lse - x[torch.arange(len(y)), y])
    every = w.mean() * lse - (x @ w) / x.shape[1]
    loss = label - smoothing * label + smoothing * every
    if reduction == "mean":
        return loss.sum() / w[y].sum()
    return loss.sum() if reduction == "sum" else torch.zeros(len(target), dtype=x.dtype).index_put((rows,), loss)


HALF = {"smoothing": 0.25}
drill = Drill(
    reference=label_smoothing_cross_entropy,
    probes=(
        Probe("one sample", Call(HALF, (1, 4)), Text("one sample, smoothing=0.25", "一个样本，smoothing=0.25")),
        Probe("batch", Call({}, (6, 5)), Text("six samples, default arguments", "六个样本，默认参数")),
        Probe("two classes", Call(HALF, (3, 2)), Text("two classes, smoothing=0.25", "两个类别，smoothing=0.25")),
        Probe("hard", Call({"smoothing": 0.0}), Text("smoothing=0 is plain cross-entropy", "smoothing=0 就是普通交叉熵")),
        Probe("gradient", Call(HALF, wanted="gradient"), Text("the gradient of the mean", "平均损失的梯度")),
        Probe("none", Call({**HALF, "reduction": "none"}), Text('reduction="none"', 'reduction="none"')),
        Probe("sum", Call({**HALF, "reduction": "sum"}), Text('reduction="sum"', 'reduction="sum"')),
        Probe("ignored", Call(HALF, (6, 4), (1, 4)), Text("two of six targets are -100", "六个目标里有两个是 -100")),
        Probe(
            "ignored, none",
            Call({**HALF, "reduction": "none"}, (6, 4), (0, 3), wanted="gradient"),
            Text('two targets are -100, reduction="none", with gradient', '两个目标是 -100，reduction="none"，含梯度'),
        ),
        Probe(
            "other index",
            Call({"smoothing": 0.4, "ignore_index": 1}, (6, 4), (2, 5), wanted="gradient"),
            Text("ignore_index=1, with gradient", "ignore_index=1，含梯度"),
        ),
        Probe("weights", Call(HALF, (6, 4), weighted=True), Text("class weights", "有类别权重")),
        Probe(
            "weights, none",
            Call({**HALF, "reduction": "none"}, (6, 4), (1,), True, "gradient"),
            Text('class weights, a target of -100, reduction="none"', '有类别权重，一个目标是 -100，reduction="none"'),
        ),
        Probe(
            "weights, ignored",
            Call(HALF, (7, 3), (0, 4), True, "gradient"),
            Text("class weights, two targets of -100, the mean", "有类别权重，两个目标是 -100，取平均"),
        ),
        Probe(
            "great logits",
            Call({}, (4, 5), wanted="gradient", scale=300.0, dtype=torch.float32),
            Text("float32 logits of some hundreds", "float32，logits 达数百"),
            1e-3,  # float32 itself is off by 1e-4 there
        ),
        Probe("inputs", Call(HALF, (6, 4), (1, 4), True, "inputs"), Text("the inputs afterwards", "调用之后的输入")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"gathered": gathered, "distribution": distribution, "by_nll": by_nll, "closed_form": closed_form},
    forbidden=("torch.nn.functional.cross_entropy", "torch._C._nn.cross_entropy_loss", "torch.ops.aten.cross_entropy_loss"),
    prompt=Text(
        "Write the cross-entropy with label smoothing, for logits (N, C) and class indices (N,), in torch's convention: epsilon is "
        "shared by all C classes. A target of ignore_index costs 0 and is not counted in the mean. Weights stand inside the sum, "
        "- sum_k w_k q_k log p_k, and the mean divides by the sum of the labels' weights.",
        "写出带标签平滑的交叉熵：logits 形状 (N, C)，类别索引 (N,)，按 torch 的约定，epsilon 由全部 C 个类平分。目标为 ignore_index "
        "的位置损失为 0，也不计入平均。权重在求和号里面，- sum_k w_k q_k log p_k；取平均时除以各标签权重之和。",
    ),
    hints=(
        Text(
            "Two terms: (1 - eps) times the label's -log p, and eps times the mean of -log p over the classes.",
            "两项：(1 - eps) 乘标签的 -log p，eps 乘 -log p 对类别的平均。",
        ),
        Text(
            "gather can't look up -100: put in a valid class first, and zero those losses afterwards.",
            "gather 不能索引 -100：先换成一个合法类别，再把那些损失清零。",
        ),
        Text(
            "log_softmax, never softmax and then log; nll_loss is allowed, cross_entropy is not.",
            "用 log_softmax，不要先 softmax 再 log；可以用 nll_loss，不能用 cross_entropy。",
        ),
    ),
)
