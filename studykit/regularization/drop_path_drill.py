"""DropPath from a blank: who shares a coin, which way the scale goes, and what evaluation does."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._drop_path_mistakes import MISTAKES
from .drop_path import DropPath

# Far from one half, so that keeping and dropping are told apart; the seed picks one.
PROBABILITIES = (0.2, 0.3, 0.7, 0.9)
DROPOUTS = ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")


class Timm(nn.Module):
    """A Bernoulli mask in x's type, divided in place."""

    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        if self.drop_prob == 0.0 or not self.training:
            return x
        mask = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(1 - self.drop_prob)
        if self.drop_prob < 1:
            mask.div_(1 - self.drop_prob)
        return x * mask


class Floor(nn.Module):
    """The older form: floor(keep + uniform)."""

    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.keep = 1.0 - float(drop_prob)

    def forward(self, x):
        if self.training and self.keep == 0:
            return torch.zeros_like(x) * x
        if self.training and self.keep < 1:
            shape = [len(x)] + [1] * (x.dim() - 1)
            return x / self.keep * torch.floor(self.keep + torch.rand(shape, device=x.device)).type_as(x)
        return x


class Gathered(nn.Module):
    """Only what is kept is touched."""

    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.p = drop_prob

    def forward(self, x):
        if not self.training:
            return x
        kept = (torch.rand(x.size(0)) >= self.p).nonzero(as_tuple=True)[0]
        scale = 1.0 if self.p >= 1 else 1 / (1 - self.p)
        return torch.zeros_like(x).index_add(0, kept, x[kept] * scale)


class Where(nn.Module):
    """torch.where over an expanded mask, through a function of its own."""

    def __init__(self, drop_prob=0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        return self._drop(x) if self.training and self.drop_prob > 0 else x.clone()

    def _drop(self, x):
        dropped = torch.rand(x.shape[0]).lt(self.drop_prob)
        while dropped.ndim < x.ndim:
            dropped = dropped.unsqueeze(-1)
        return torch.where(dropped, torch.zeros((), dtype=x.dtype), x / max(1 - self.drop_prob, 1e-12))


def probe(name: str, run: Callable[[Any, int, float], dict[str, Any]], tells: Text) -> Probe:
    """Runs with a probability that the seed picks, the global generator seeded and given back."""

    def seeded(candidate: Any, seed: int) -> dict[str, Any]:
        p = PROBABILITIES[seed % len(PROBABILITIES)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return {"given drop_prob": p, **run(candidate, seed, p)}

    return Probe(name, seeded, tells, 1e-5)


def drawn(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Numbers away from zero, so that a zero in the output was dropped."""
    rng = torch.Generator().manual_seed(seed)
    return (0.5 + torch.rand(shape, generator=rng, dtype=torch.float64)).to(dtype)


def described(y: Tensor, x: Tensor, digits: int = 4) -> dict[str, Any]:
    """What happened to x, said so that it is the same for any draw of the mask."""
    if y.shape != x.shape:
        return {"shape": list(y.shape)}
    ratio = (y / x).double().reshape(len(x), -1)  # (B, elements)
    alike = bool((ratio == 0).all(1).logical_or((ratio != 0).all(1)).all())
    together = len(ratio) > 50 and bool((ratio == ratio[0]).all())
    kept = ratio[ratio != 0]
    even = len(kept) > 0 and bool((kept - kept[0]).abs().max() < 1e-2)
    by_channel = {}
    if x.ndim > 2:
        channels = (y / x).flatten(2)  # (B, C, the rest)
        by_channel = {"a channel is dropped or kept whole": bool(((channels == 0).all(2) | (channels != 0).all(2)).all())}
    return {
        **by_channel,
        "shape": list(y.shape),
        "a sample is dropped or kept whole": alike,
        "all samples share one fate": together,
        "share that is dropped (one decimal)": round(float((ratio == 0).double().mean()), 1) if not together else "all or none",
        "what is kept is multiplied by": (round(float(kept[0]), digits) if even else "different numbers") if len(kept) else "nothing is kept",
    }


def vectors(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    x = drawn(3000, 3, seed=seed)
    y = candidate(p).train()(x.clone())
    found = described(y, x)
    if y.shape == x.shape:
        dropped = (y[:, 0] == 0).double()
        covariance = float((dropped[1:] * dropped[:-1]).mean() - dropped.mean() ** 2)
        found["neighbours are dropped independently"] = abs(covariance) < 0.02
    # One call in which a coin for the whole batch shows no loss by chance: its scale is not compared.
    return {name: value for name, value in found.items() if name != "what is kept is multiplied by"} | _scale(candidate, p, x)


def _scale(candidate: Any, p: float, x: Tensor) -> dict[str, Any]:
    """The factors of what is kept over several calls."""
    layer = candidate(drop_prob=p).train()
    ratios = torch.cat([(layer(x[:200].clone()) / x[:200]).flatten() for _ in range(60)])
    kept = ratios[ratios != 0]
    even = len(kept) > 0 and bool((kept - kept[0]).abs().max() < 1e-6)
    return {"what is kept is multiplied by": float(kept[0]) if even else "different numbers" if len(kept) else "nothing is kept"}


def shaped(*shape: int) -> Callable[[Any, int, float], dict[str, Any]]:
    def run(candidate: Any, seed: int, p: float) -> dict[str, Any]:
        x = drawn(*shape, seed=seed)
        found = described(candidate(p).train()(x.clone()), x)
        found.pop("what is kept is multiplied by", None)
        return found

    return run


def evaluated(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    x = drawn(400, 2, seed=seed)
    layer = candidate(p).train()
    layer(x.clone())
    quiet = layer.eval()(x.clone())
    again = layer.train()(x.clone())
    factors = torch.unique((quiet / x).round(decimals=4)).tolist()
    return {"in eval() the input is multiplied by": factors, "after train() it drops again": not torch.equal(again, x)}


def calls(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    layer, x = candidate(p).train(), drawn(40, 2, seed=seed)
    zeros = torch.stack([(layer(x.clone()) == 0).all(1) for _ in range(60)])  # (calls, B)
    return {
        "the global seed was set": torch.initial_seed() != seed,
        "two calls drop the same samples": bool((zeros == zeros[0]).all()),
        "the number of dropped samples varies": len(torch.unique(zeros.sum(1))) > 1,
    }


def single(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    layer, x = candidate(p).train(), drawn(1, 4, seed=seed)
    ratios = torch.stack([layer(x.clone()) / x for _ in range(2000)]).flatten(1)  # (calls, 4)
    kept = ratios[ratios != 0]
    return {
        "share of the calls that drop it (one decimal)": round(float((ratios == 0).double().mean()), 1),
        "otherwise it is multiplied by": float(kept[0]) if len(kept) and bool((kept - kept[0]).abs().max() < 1e-6) else "no one number",
    }


def gradient(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    x = drawn(600, 3, seed=seed).requires_grad_()
    y = candidate(p).train()(x * 1.0)
    if not y.requires_grad:
        return {"the output has a gradient": False}
    y.sum().backward()
    dropped = (y == 0).all(1)
    return {
        "the output has a gradient": True,
        "gradient where dropped": torch.unique(x.grad[dropped].round(decimals=4)).tolist(),
        "gradient where kept": torch.unique(x.grad[~dropped].round(decimals=4)).tolist(),
    }


def untouched(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    x = drawn(300, 2, seed=seed)
    before = x.clone()
    candidate(p).train()(x)
    return {"the input afterwards is as it was": torch.equal(x, before)}


def ends(candidate: Any, seed: int, _p: float) -> dict[str, Any]:
    x = drawn(50, 3, seed=seed)
    one = candidate(drop_prob=1.0).train()(x.clone())
    return {
        "drop_prob=0 gives x": torch.equal(candidate(drop_prob=0.0).train()(x.clone()), x),
        "DropPath() gives x": torch.equal(candidate().train()(x.clone()), x),
        "drop_prob=1 gives": "NaN" if bool(one.isnan().any()) else torch.unique(one).abs().tolist(),
    }


def types(candidate: Any, seed: int, p: float) -> dict[str, Any]:
    kinds = (torch.float32, torch.float64, torch.bfloat16)
    return {f"type for {kind}": str(candidate(p).train()(drawn(8, 2, seed=seed, dtype=kind)).dtype) for kind in kinds}


drill = Drill(
    reference=DropPath,
    probes=(
        probe("vectors", vectors, Text("3000 samples of 3 numbers, training", "3000 个样本，每个 3 个数，训练模式")),
        probe("evaluation", evaluated, Text("eval(), then train() again", "先 eval()，再 train()")),
        probe("tokens", shaped(2000, 3, 4), Text("tokens (B, N, D)", "token (B, N, D)")),
        probe("images", shaped(1500, 3, 2, 2), Text("images (B, C, H, W)", "图像 (B, C, H, W)")),
        probe("videos", shaped(1500, 2, 2, 2, 2), Text("five dimensions", "五维输入")),
        probe("flat", shaped(3000), Text("one number for each sample", "每个样本一个数")),
        probe("calls", calls, Text("60 calls on one batch", "同一个 batch 上调用 60 次")),
        probe("single", single, Text("a batch of one, 2000 calls", "batch 为 1，调用 2000 次")),
        probe("gradient", gradient, Text("the gradient", "梯度")),
        probe("ends", ends, Text("drop_prob 0 and 1, and the default", "drop_prob 取 0、取 1，以及默认值")),
        probe("input", untouched, Text("the input after the call", "调用之后的输入")),
        probe("types", types, Text("float32, float64 and bfloat16", "float32、float64 和 bfloat16")),
    ),
    mistakes=MISTAKES,
    variants={"timm": Timm, "floor": Floor, "gathered": Gathered, "where": Where},
    forbidden=(
        *(f"torch.nn.functional.{name}" for name in (*DROPOUTS, "dropout1d", "dropout2d", "dropout3d") if hasattr(F, name)),
        *(f"torch.{name}{end}" for name in DROPOUTS for end in ("", "_")),
        *(f"torch.{name}" for name in ("native_dropout", "_fused_dropout")),
    ),
    methods=("forward",),
    prompt=Text(
        "Write DropPath as a module, in timm's form: in training each sample of the batch is set to zero with probability drop_prob, whole "
        "and by a coin of its own, and what is kept is scaled so that the expectation stays; evaluation changes nothing. drop_prob may be 0 "
        "or 1, x of any shape (B, ...) and floating type. Store drop_prob in the constructor.",
        "按 timm 的形式把 DropPath 写成模块：训练时，batch 里每个样本各自以 drop_prob 的概率整个置零，保留的放大，使期望不变；推理时什么都不做。"
        "drop_prob 可以是 0 或 1，x 形状任意 (B, ...)，任意浮点类型。在构造函数里保存 drop_prob。",
    ),
    hints=(
        Text("How many random numbers does a batch of shape (B, N, D) need?", "形状为 (B, N, D) 的 batch 需要几个随机数？"),
        Text(
            "A mask of shape (B, 1, ..., 1) is broadcast over all that belongs to a sample. What must it be divided by?",
            "形状 (B, 1, ..., 1) 的掩码会广播到一个样本的全部元素上。它应该除以多少？",
        ),
        Text(
            "mask = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(1 - drop_prob); divide by 1 - drop_prob unless that is 0.",
            "mask = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(1 - drop_prob)；再除以 1 - drop_prob（为 0 时除外）。",
        ),
    ),
)
