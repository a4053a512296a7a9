"""Dropout from a blank: which share is dropped, where the scaling goes, and what train() and eval() change."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._dropout_mistakes import WRONG, made
from .dropout import Dropout

P = 0.3


def probe(name: str, run: Callable[[Any, int], dict[str, Any]], en: str, zh: str, tolerance: float = 1e-5) -> Probe:
    """A probe whose masks depend on its seed, and that leaves the global generator as it was."""

    def seeded(candidate: Any, seed: int) -> dict[str, Any]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return run(candidate, seed)

    return Probe(name, seeded, Text(en, zh), tolerance)


def drawn(*shape: int, seed: int) -> Tensor:
    """Numbers away from zero, so that a zero in the output was dropped."""
    rng = torch.Generator().manual_seed(seed + 1_000_003)  # other numbers than the masks are made of
    size = 0.5 + torch.rand(shape, generator=rng, dtype=torch.float64)
    return size * (torch.randint(0, 2, shape, generator=rng) * 2 - 1)


def factor(outputs: Tensor, inputs: Tensor) -> dict[str, Any]:
    """What the outputs that are not zero were multiplied by, where it is one number. Said so that it holds for any draw."""
    ratio = (outputs / inputs)[outputs != 0]
    alike = ratio.numel() == 0 or bool((ratio - ratio[0]).abs().max() < 1e-5)
    return {"all survivors are scaled alike": alike, "factor of the survivors": float(ratio[0]) if alike and len(ratio) else None}


def survivors(candidate: Any, seed: int) -> dict[str, Any]:
    layer, x = candidate(p=P).train(), drawn(4, 6, seed=seed)
    outputs, x = torch.stack([layer(x.clone()) for _ in range(30)]), x.expand(30, 4, 6)
    gone, stay = x[outputs == 0].abs(), x[outputs != 0].abs()
    by_size = len(gone) > 0 and len(stay) > 0 and bool(gone.max() <= stay.min())
    return {"there are zeros": len(gone) > 0, "the smallest are dropped": by_size} | factor(outputs, x)


def drops(one: Tensor, other: Tensor) -> str:
    """How the zeros of two masks go together, told by how many they have in common."""
    left, right, both = (float(each.double().mean()) for each in (~one, ~other, ~one & ~other))
    if abs(both - left * right) < 0.03:
        return "independently"
    return "always together" if abs(both - min(left, right)) < 0.03 else "not independently"


def independence(candidate: Any, seed: int) -> dict[str, Any]:
    layer, x = candidate(p=P).train(), drawn(200, 300, seed=seed)
    mask, later = (layer(x.clone()) != 0 for _ in range(2))
    return {
        "two samples drop a unit": drops(mask[1:], mask[:-1]),
        "two units of a sample are dropped": drops(mask[:, 1:], mask[:, :-1]),
        "two calls drop a unit": drops(mask, later),
    }


def images(candidate: Any, seed: int) -> dict[str, Any]:
    mask = candidate(p=P).train()(drawn(5, 6, 40, 40, seed=seed)) != 0
    return {
        "two pixels of a channel are dropped": drops(mask[..., 1:], mask[..., :-1]),
        "two channels drop a pixel": drops(mask[:, 1:], mask[:, :-1]),
    }


def dropped(candidate: Any, seed: int, **arguments: float) -> dict[str, Any]:
    y = candidate(**arguments).train()(drawn(300, 300, seed=seed))
    return {"shape": list(y.shape), "share of zeros": float((y == 0).double().mean())}


def counts(candidate: Any, seed: int) -> dict[str, Any]:
    layer, x = candidate(p=0.5).train(), drawn(10, seed=seed)
    zeros = torch.stack([(layer(x.clone()) == 0).sum() for _ in range(400)]).double()
    ratio = float(zeros.var()) / 2.5
    varies = next(word for least, word in ((5, "far more than"), (1.4, "more than"), (0.6, "as"), (-1, "less than")) if ratio > least)
    return {"the number of zeros varies": f"{varies} that of independent draws"}


def evaluation(candidate: Any, seed: int) -> dict[str, Any]:
    layer, x = candidate(p=P).eval(), drawn(2, 12, seed=seed)
    y = layer(x.clone())
    found = {f"in evaluation: {name}": each for name, each in factor(y, x).items()}
    again = layer.train()(x.expand(50, 2, 12).clone())
    return found | {"evaluation has zeros": bool((y == 0).any()), "training has zeros": bool((again == 0).any())}


def nothing(candidate: Any, seed: int) -> dict[str, Any]:
    x = drawn(2, 3, seed=seed)
    return {"given x": x, "output": candidate(p=0.0).train()(x.clone())}


def gradient(candidate: Any, seed: int) -> dict[str, Any]:
    x = drawn(40, 40, seed=seed).requires_grad_()
    y = candidate(p=P).train()(x * 1)  # not a leaf, as in a network
    if not y.requires_grad:
        return {"a gradient comes back": False, "it went through the output's mask": False}
    coming = drawn(40, 40, seed=seed + 1)
    (back,) = torch.autograd.grad(y, x, coming)
    return {"a gradient comes back": True, "it went through the output's mask": torch.allclose(back, coming * y / x)}


def inputs(candidate: Any, seed: int) -> dict[str, Any]:
    x = drawn(20, 20, seed=seed)
    before = x.clone()
    candidate(p=P).train()(x)
    return {"the input is as it was": torch.equal(x, before)}


def repeated(candidate: Any, seed: int) -> dict[str, Any]:
    layer, x = candidate(p=P).train(), drawn(20, 20, seed=seed)
    torch.manual_seed(seed)
    one = layer(x.clone())
    torch.manual_seed(seed)
    again = candidate(p=P).train()(x.clone())
    torch.manual_seed(seed + 1)
    other = candidate(p=P).train()(x.clone())
    return {"one seed, one output": torch.equal(one, again), "another seed, another output": not torch.equal(one, other)}


class Bernoulli(nn.Module):
    """A mask by bernoulli, times the factor."""

    def __init__(self, p=0.5):
        super().__init__()
        self.keep = 1 - p

    def forward(self, x):
        if not self.training or self.keep == 1:
            return x
        return x * torch.bernoulli(torch.full_like(x, self.keep)) / self.keep


class Where(nn.Module):
    """Zeros by where, the rest divided; float32 uniforms whatever the input is."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training:
            u = torch.rand(x.shape)
            x = torch.where(u < self.p, torch.zeros_like(x), x / (1.0 - self.p))
        return x


class Filled(nn.Module):
    """masked_fill, with a distribution object."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training and self.p > 0:
            drop = torch.distributions.Bernoulli(probs=self.p).sample(x.size()).bool()
            return x.masked_fill(drop, 0).mul(1 / (1 - self.p))
        return x.clone()


class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, p):
        mask = torch.zeros_like(x).uniform_().gt(p).to(x.dtype).div(1 - p)
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None


class WithBackward(nn.Module):
    """Forward and backward by hand."""

    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        return Function.apply(x, self.p) if self.training else x


NAMES = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
drill = Drill(
    reference=Dropout,
    probes=(
        probe("survivors", survivors, "p=0.3, training: what survives", "p=0.3，训练：留下来的元素"),
        probe("independence", independence, "p=0.3, training: which elements", "p=0.3，训练：哪些元素被丢弃"),
        probe("share", lambda c, seed: dropped(c, seed, p=P), "p=0.3, training: how many", "p=0.3，训练：丢弃多少", 0.04),
        probe("defaults", lambda c, seed: dropped(c, seed), "Dropout(), training", "Dropout()，训练", 0.04),
        probe("evaluation", evaluation, "eval(), then train() again", "先 eval()，再 train()"),
        probe("nothing", nothing, "p=0, training", "p=0，训练"),
        probe("images", images, "images (B, C, H, W)", "图像 (B, C, H, W)"),
        probe("counts", counts, "ten units, p=0.5, 400 calls", "十个单元，p=0.5，调用 400 次"),
        probe("gradient", gradient, "the gradient", "梯度"),
        probe("inputs", inputs, "the input afterwards", "调用之后的输入"),
        probe("repeated", repeated, "torch.manual_seed before each call", "每次调用前都设 torch.manual_seed"),
    ),
    mistakes=tuple(Mistake(name, made(forward), tells) for name, (forward, tells) in WRONG.items()),
    variants={"bernoulli": Bernoulli, "where": Where, "filled": Filled, "with_backward": WithBackward},
    forbidden=(
        *(f"torch.nn.functional.{name}" for name in (*NAMES, "dropout1d", "dropout2d", "dropout3d")),
        *(f"torch.{name}{end}" for name in NAMES for end in ("", "_")),
        *(f"torch._VF.{name}{end}" for name in NAMES for end in ("", "_")),
        *(f"torch.{name}" for name in ("native_dropout", "_fused_dropout")),
        *(f"torch.ops.aten.{name}" for name in ("dropout", "native_dropout", "_fused_dropout", "alpha_dropout")),
    ),
    methods=("forward",),
    prompt=Text(
        "Write inverted dropout as a module: in training each element becomes zero with probability p (0 <= p < 1), independently, and "
        "the rest is scaled so that the expectation stays; in evaluation nothing happens. Draw from torch's global generator.",
        "把 inverted dropout 写成一个模块：训练时每个元素独立地以概率 p（0 <= p < 1）置零，其余的放大，使期望不变；推理时什么也不做。"
        "随机数取自 torch 的全局生成器。",
    ),
    hints=(
        Text("Keep p in the constructor; self.training says which mode it is.", "在构造函数里保存 p；self.training 表示当前模式。"),
        Text("The expectation of x * mask is (1 - p) * x. What brings it back?", "x * mask 的期望是 (1 - p) * x。怎样还原？"),
        Text(
            "mask = torch.rand_like(x) >= p; return x * mask / (1 - p) in training, x otherwise.",
            "mask = torch.rand_like(x) >= p；训练时返回 x * mask / (1 - p)，否则返回 x。",
        ),
    ),
)
