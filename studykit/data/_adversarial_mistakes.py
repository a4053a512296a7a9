"""The classic mistakes of the fast gradient sign method: each is the right solution with one thing changed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.drill import Mistake
from studykit.language import Text


def like(
    loss_of: Callable[[Tensor, Tensor], Tensor] = lambda logits, y: F.cross_entropy(logits, y),
    change: Callable[[Tensor, float], Tensor] = lambda g, epsilon: epsilon * g.sign(),
    result: Callable[[Tensor, Tensor], Tensor] = lambda x, change: (x + change).clamp(0, 1),
    gradients: str = "of x",
    x_is: str = "copied",
    mode: str = "each restored",
    attached: bool = False,
) -> Callable[..., Any]:
    """A solution with one thing changed.

    Args:
        loss_of: Logits and y to the loss that is ascended.
        change: Gradient and epsilon to the change.
        result: x and the change to what is returned.
        gradients: `of x`; `left` on the parameters; `wiped`, those from before too; `frozen`: parameters are frozen meanwhile, and
            all require a gradient afterwards.
        x_is: `copied`, `marked` as requiring a gradient, or `moved` in place.
        mode: `each restored`, `kept` as it is, left in `eval`, set to `train`, or restored as that of the `whole`.
        attached: Whether the result has a graph.
    """

    def candidate(model: nn.Module, x: Tensor, y: Tensor, epsilon: float) -> Tensor:
        modes, whole = [(each, each.training) for each in model.modules()], model.training
        if mode != "kept":
            model.eval()
        if gradients == "frozen":
            model.requires_grad_(False)
        asked = x.requires_grad_() if x_is == "marked" else x.detach().clone().requires_grad_()
        loss = loss_of(model(asked), y)
        if gradients in ("left", "wiped"):
            asked.grad = None
            loss.backward()
            g = asked.grad
            if x_is == "marked":
                asked.grad = None
        else:
            (g,) = torch.autograd.grad(loss, asked)
        if gradients == "wiped":
            model.zero_grad()
        if gradients == "frozen":
            model.requires_grad_(True)
        if mode == "train":
            model.train()
        elif mode == "whole":
            model.train(whole)
        elif mode == "each restored":
            for each, was in modes:
                each.training = was
        moved = result(asked if attached else asked.detach(), change(g, epsilon))
        if x_is == "moved":
            return x.data.copy_(moved)
        return moved

    return candidate


def _no_softmax_floor(logits: Tensor, y: Tensor) -> Tensor:
    return -logits.softmax(1).gather(1, y[:, None]).log().sum()


def _unit(g: Tensor, epsilon: float) -> Tensor:
    length = g.flatten(1).norm(dim=1).clamp_min(1e-12)
    return epsilon * g / length.view(-1, *[1] * (g.ndim - 1))


def _largest(g: Tensor, epsilon: float) -> Tensor:
    return epsilon * g / g.abs().flatten(1).amax(1).clamp_min(1e-12).view(-1, *[1] * (g.ndim - 1))


def _either_way(g: Tensor, epsilon: float) -> Tensor:
    return torch.where(g >= 0, epsilon, -epsilon).to(g.dtype)


class _Told(NamedTuple):
    candidate: Any
    en: str
    zh: str


WRONG: dict[str, _Told] = {
    "descends": _Told(
        like(change=lambda g, epsilon: -epsilon * g.sign()),
        "It goes down the loss: x is moved to where the model is surer of the right class. An attack adds epsilon times the sign.",
        "方向反了：损失在下降，模型对正确类别反而更有把握。攻击应当加上 epsilon 乘以梯度的符号。",
    ),
    "raw_gradient": _Told(
        like(change=lambda g, epsilon: epsilon * g),
        "The gradient itself is added. Its sign is meant: every entry moves by epsilon, however small its derivative is.",
        "加的是梯度本身。应当取符号：不管导数多小，每个元素都移动 epsilon。",
    ),
    "summed_gradient": _Told(
        like(loss_of=lambda logits, y: F.cross_entropy(logits, y, reduction="sum"), change=lambda g, epsilon: epsilon * g),
        "The gradient itself is added. Its sign is meant: every entry moves by epsilon, however small its derivative is.",
        "加的是梯度本身。应当取符号：不管导数多小，每个元素都移动 epsilon。",
    ),
    "unit_gradient": _Told(
        like(change=_unit),
        "The gradient is brought to unit length: that is the step for the 2-norm. Within the maximum norm every entry may move by the "
        "whole epsilon, hence the sign.",
        "梯度被归一化成单位长度，那是 2 范数下的攻击。在无穷范数的约束里，每个元素都可以走满 epsilon，所以取符号。",
    ),
    "largest_one": _Told(
        like(change=_largest),
        "The gradient is divided by its largest entry, so only one entry moves by epsilon. Take the sign: all of them may.",
        "梯度除以了自己的最大元素，只有一个元素走满 epsilon。应当取符号，每个元素都可以走满。",
    ),
    "not_clamped": _Told(
        like(result=lambda x, change: x + change),
        "The result leaves [0, 1], where inputs live. Clamp it after the change was added.",
        "结果超出了输入的取值范围 [0, 1]。加完扰动之后要截断。",
    ),
    "clamped_change": _Told(
        like(result=lambda x, change: x + change.clamp(0, 1)),
        "The change is clamped to [0, 1], which loses every step downwards. It is the changed x that must stay in [0, 1].",
        "被截断到 [0, 1] 的是扰动，负方向的全没了。应当截断的是扰动之后的 x。",
    ),
    "clamped_to_seen": _Told(
        like(result=lambda x, change: (x + change).clamp(x.min(), x.max())),
        "It is clamped to the least and greatest value in this very batch. The bounds of an input are 0 and 1, whatever the batch holds.",
        "截断到了这个 batch 自己的最小值和最大值。输入的范围是 0 到 1，与 batch 里有什么无关。",
    ),
    "of_255": _Told(
        like(change=lambda g, epsilon: epsilon / 255 * g.sign()),
        "Epsilon is divided by 255. It is on the scale of x already, which is [0, 1].",
        "epsilon 又除以了 255。它已经是 x 的尺度，也就是 [0, 1]。",
    ),
    "predicted_labels": _Told(
        like(loss_of=lambda logits, _: F.cross_entropy(logits, logits.argmax(1))),
        "The loss is that of the predicted class; y is not used. Where the prediction is wrong already, this drives it elsewhere, maybe "
        "to the right class.",
        "损失是对预测类别算的，没有用 y。预测本来就错的样本会被推向别处，甚至推回正确类别。",
    ),
    "softmax_twice": _Told(
        like(loss_of=lambda logits, y: F.cross_entropy(logits.softmax(1), y)),
        "cross_entropy takes logits and has the softmax in it; here the softmax is taken twice, so the gradient is another one.",
        "cross_entropy 的输入是 logits，里面已经有 softmax；这里做了两遍，梯度就不一样了。",
    ),
    "log_of_softmax": _Told(
        like(loss_of=_no_softmax_floor),
        "Where the softmax comes out as 0, this loss has no gradient, or nan, and nothing moves. Take cross_entropy or log_softmax, which "
        "never leave the logs.",
        "softmax 算出 0 的地方，这个损失没有梯度（或者是 nan），x 就不动了。用 cross_entropy 或 log_softmax，它们全程在对数域计算。",
    ),
    "true_logit": _Told(
        like(loss_of=lambda logits, y: -logits.gather(1, y[:, None]).sum()),
        "Only the true class's logit is pushed down. The loss is cross-entropy, which also lifts the others, each by its probability.",
        "只压低了正确类别的 logit。损失应为交叉熵，其他类别也会按各自的概率被抬高。",
    ),
    "both_ways_at_zero": _Told(
        like(change=_either_way),
        "Entries whose gradient is 0 are moved too. The sign of 0 is 0: what the model does not see stays.",
        "梯度为 0 的元素也被移动了。0 的符号是 0，模型看不到的元素应保持不变。",
    ),
    "one_for_all": _Told(
        like(change=lambda g, epsilon: epsilon * g.sum(0, keepdim=True).sign().expand_as(g)),
        "The whole batch gets one and the same change. Every sample has a gradient of its own.",
        "整个 batch 用了同一个扰动。每个样本有自己的梯度。",
    ),
    "gradients_left": _Told(
        like(gradients="left"),
        "backward() has put gradients on the parameters, which the next update would take for its own. torch.autograd.grad asks for "
        "that of x alone.",
        "backward() 把梯度留在了参数上，下一次更新会把它们当成自己的。用 torch.autograd.grad 只求 x 的梯度。",
    ),
    "gradients_wiped": _Told(
        like(gradients="wiped"),
        "zero_grad() has thrown away gradients that the parameters held before, such as accumulated ones. torch.autograd.grad with "
        "respect to x touches none.",
        "zero_grad() 把参数上原有的梯度（例如正在累积的）也清掉了。用 torch.autograd.grad 只对 x 求导，参数的梯度不会动。",
    ),
    "all_require_gradients": _Told(
        like(gradients="frozen"),
        "All parameters require a gradient afterwards, also those that were frozen. torch.autograd.grad needs no freezing.",
        "之后所有参数都需要梯度，原来冻结的也解冻了。用 torch.autograd.grad 就不必冻结。",
    ),
    "x_marked": _Told(
        like(x_is="marked"),
        "The caller's x requires a gradient afterwards. Mark a copy: x.detach().clone().requires_grad_().",
        "调用者的 x 之后变成了需要梯度的张量。应在副本上设置：x.detach().clone().requires_grad_()。",
    ),
    "x_moved": _Told(
        like(x_is="moved"),
        "The caller's x is changed in place: whoever trains on clean and attacked inputs has only attacked ones then. Return a new tensor.",
        "调用者的 x 被原地改掉了：想同时用干净样本和对抗样本训练的人，手里就只剩对抗样本。应返回新张量。",
    ),
    "attached": _Told(
        like(attached=True),
        "The result still requires a gradient. Detach it, or training on it holds on to the graph of the attack.",
        "结果还带着梯度要求。要 detach，否则拿它训练会一直拖着攻击的计算图。",
    ),
    "in_its_mode": _Told(
        like(mode="kept"),
        "The attack runs in the mode that the model is in: in training, dropout makes the gradient random and BatchNorm takes the "
        "attack into its running statistics. Attack in evaluation mode.",
        "攻击时沿用了模型当前的模式：训练模式下 dropout 让梯度变随机，BatchNorm 还会把这次前向记进运行统计量。应在推理模式下攻击。",
    ),
    "left_in_eval": _Told(
        like(mode="eval"),
        "The model is left in evaluation mode: from the first attack on it trains without dropout and with frozen statistics.",
        "模型被留在了推理模式：从第一次攻击起，训练就没有 dropout，统计量也冻结了。",
    ),
    "set_to_train": _Told(
        like(mode="train"),
        "The model is put into training mode, though it was in evaluation mode. Restore the mode that it had.",
        "模型本来在推理模式，却被改成了训练模式。应恢复原来的模式。",
    ),
    "thawed": _Told(
        like(mode="whole"),
        "model.train(mode) sets all submodules alike: a BatchNorm that was frozen is thawed. Keep the mode of each module.",
        "model.train(mode) 会把所有子模块设成一样，冻结的 BatchNorm 就解冻了。要逐个模块记住并恢复模式。",
    ),
}
MISTAKES = tuple(
    # With a sum instead of a mean the same mistake gives other numbers; it has one name.
    Mistake("raw_gradient" if name == "summed_gradient" else name, each.candidate, Text(each.en, each.zh))
    for name, each in WRONG.items()
)
