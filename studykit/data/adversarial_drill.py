"""FGSM from a blank: which way, how far, within which bounds, and what must be left as it was."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._adversarial_mistakes import MISTAKES
from ._adversarial_probes import Call, blind, cnn, linear, mlp, normed, sure
from .adversarial import fgsm


def by_backward(model: nn.Module, x: Tensor, y: Tensor, epsilon: float) -> Tensor:
    """backward() with every gradient put back, and a delta that is optimised."""
    kept = [each.grad for each in model.parameters()]
    modes = {each: each.training for each in model.modules()}
    model.eval()
    for each in model.parameters():
        each.grad = None
    delta = torch.zeros_like(x, requires_grad=True)
    with torch.enable_grad():
        nn.CrossEntropyLoss()(model(x.detach() + delta), y).backward()
    for each, grad in zip(model.parameters(), kept, strict=True):
        each.grad = grad
    for each, was in modes.items():
        each.train(was) if not list(each.children()) else setattr(each, "training", was)
    return torch.clamp(x.detach() + epsilon * torch.sign(delta.grad), min=0.0, max=1.0)


def sample_by_sample(model, x, y, epsilon):
    """Each sample by itself; log-softmax by hand; where instead of sign; minimum and maximum."""
    before = [(m, m.training) for m in model.modules()]
    model.eval()
    attacked = []
    for one, label in zip(x.detach(), y.tolist(), strict=True):
        one = one[None].clone().requires_grad_(True)
        logits = model(one)[0]
        loss = torch.logsumexp(logits, 0) - logits[label]
        g = torch.autograd.grad(loss, one)[0]
        step = torch.where(g > 0, epsilon, torch.where(g < 0, -epsilon, 0.0))
        moved = one.detach() + step.to(one.dtype)
        attacked.append(torch.minimum(torch.maximum(moved, torch.zeros_like(moved)), torch.ones_like(moved)))
    for m, t in before:
        m.training = t
    return torch.cat(attacked)


class Evaluating:
    """Evaluation mode for the length of a with block."""

    def __init__(self, model):
        self.modes = [(m, m.training) for m in model.modules()]
        model.eval()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for module, mode in self.modes:
            module.training = mode


def functional(model, x, y, epsilon):
    """A function of x alone, differentiated; the probability minus the one-hot label as the logits' gradient."""
    with Evaluating(model):
        copy = x.detach().requires_grad_()
        logits = model(copy)
        residual = logits.detach().softmax(-1) - F.one_hot(y, logits.shape[-1])
        (g,) = torch.autograd.grad(logits, copy, grad_outputs=residual.to(logits.dtype))
    with torch.no_grad():
        return x.detach().add(g.sgn(), alpha=epsilon).clip(0, 1)


def probe(name: str, call: Call, en: str, zh: str) -> Probe:
    """A probe; numbers are around 1."""
    return Probe(name, call, Text(en, zh), 1e-6, 1e-2)


drill = Drill(
    reference=fgsm,
    probes=(
        probe("one sample", Call(linear, (1, 6), given=True), "one sample, softmax regression", "一个样本，softmax 回归"),
        probe("batch", Call(mlp, (7, 6), 0.03), "seven samples, one hidden layer", "七个样本，一个隐藏层"),
        probe("bounds", Call(mlp, (9, 6), 0.3, (0.0, 1.0)), "entries near 0 and 1, epsilon=0.3", "元素靠近 0 和 1，epsilon=0.3"),
        probe("unseen", Call(blind, (4, 5)), "features with no influence on the output", "有的特征对输出没有影响"),
        probe("sure", Call(sure, (4, 4), wrong=True), "a model that is sure, and wrong", "模型非常确信，而且错了"),
        probe("images", Call(cnn, (3, 2, 4, 4), 8 / 255, (0.0, 1.0)), "images (B, C, H, W), epsilon=8/255", "图片 (B, C, H, W)，epsilon=8/255"),
        probe("nothing", Call(mlp, (5, 6), 0.0, (0.0, 1.0)), "epsilon=0", "epsilon=0"),
        probe("accumulated", Call(mlp, (5, 6), accumulated=True), "parameters that hold gradients already", "参数上已有梯度"),
        probe("marked", Call(mlp, (5, 6), marked=True), "an x that requires a gradient, and has one", "x 本身需要梯度，并且已有梯度"),
        probe("frozen", Call(mlp, (5, 6), frozen=True, accumulated=True), "a frozen first layer", "第一层冻结"),
        probe(
            "training",
            Call(normed, (8, 6), 0.05, training=True),
            "a model in training mode with dropout and BatchNorm, the last BatchNorm frozen in evaluation mode",
            "训练模式的模型，带 dropout 和 BatchNorm，最后一个 BatchNorm 冻结在推理模式",
        ),
        probe("one in training", Call(normed, (1, 6), training=True), "a batch of one, in training mode", "训练模式，batch 为 1"),
    ),
    mistakes=MISTAKES,
    variants={"by backward": by_backward, "sample by sample": sample_by_sample, "functional": functional},
    prompt=Text(
        "Write the fast gradient sign method: inputs x in [0, 1], moved so that the cross-entropy of the model's logits with y rises, "
        "every entry by epsilon, and the result again in [0, 1], without a graph. Attack in evaluation mode, and leave everything as it "
        "was: x, the parameters and their .grad, and the mode of every module.",
        "写出快速梯度符号法（FGSM）：输入 x 在 [0, 1] 内，让模型 logits 对 y 的交叉熵上升，每个元素移动 epsilon，结果仍在 [0, 1] 内，不带"
        "计算图。在推理模式下攻击，并且一切保持原样：x、参数及其 .grad、每个模块的模式。",
    ),
    hints=(
        Text(
            "You need the derivative with respect to the input, not the weights. Which function gives just that one?",
            "要的是对输入的导数，不是对权重的。哪个函数可以只求它？",
        ),
        Text(
            "torch.autograd.grad(loss, copy)[0].sign(), where copy is x.detach().clone().requires_grad_(). Then add, then clamp.",
            "torch.autograd.grad(loss, copy)[0].sign()，其中 copy 是 x.detach().clone().requires_grad_()。先加，再截断。",
        ),
        Text(
            "Note module.training of every module in model.modules() before model.eval(), and set it back afterwards.",
            "model.eval() 之前记下 model.modules() 里每个模块的 training，之后逐个恢复。",
        ),
    ),
)
