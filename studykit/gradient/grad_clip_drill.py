"""Clipping by the global norm from a blank: one norm over all gradients, one factor that is at most 1, in place."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._grad_clip_mistakes import WRONG
from .grad_clip import clip_grad_norm_

# A condition on the norm instead of a clamped factor differs by the 1e-6 that stands beside the norm: both are right.
CLOSE = 1e-5


class Call(NamedTuple):
    """One call with gradients drawn at random.

    Args:
        arguments: Beyond parameters.
        shapes: Of the parameters.
        length: The 2-norm of all gradients.
        without: Positions of the parameters that have no gradient.
        given: Parameters as a `list`, a `generator` or a single `tensor`.
        wanted: `gradients` as .grad has them, `kept` as the tensors that were there before, or the `parameters` too.
        bad: A value that is written into one gradient.
        dtypes: In turn.
    """

    arguments: Mapping[str, Any]
    shapes: tuple[tuple[int, ...], ...] = ((4,),)
    length: float = 5.0
    without: tuple[int, ...] = ()
    given: str = "list"
    wanted: str = "gradients"
    bad: float | None = None
    dtypes: tuple[torch.dtype, ...] = (torch.float64,)

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What was given where it is small enough to read, the returned norm, and what was left in the parameters."""
        parameters = self.parameters(seed)
        held = [each.grad for each in parameters]
        found = {"given gradient": held[0].clone()} if len(held) == 1 else {}
        given = {"list": list, "tuple": tuple, "generator": iter, "tensor": lambda each: each[0]}[self.given](
            parameters
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                total = candidate(given, **self.arguments)
                found["norm"] = total if total is None else float(total)
            except RuntimeError:
                if not self.arguments.get("error_if_nonfinite"):
                    raise
                found["raised"] = "RuntimeError"
        for n, parameter in enumerate(parameters):
            found[f"gradient of parameter {n + 1}"] = held[n] if self.wanted == "kept" else parameter.grad
            if self.wanted == "parameters":
                found[f"parameter {n + 1}"] = parameter
        return found

    def parameters(self, seed: int) -> list[nn.Parameter]:
        """Parameters with gradients."""
        rng = torch.Generator().manual_seed(seed)
        draws = [[torch.randn(shape, generator=rng, dtype=torch.float64) for shape in self.shapes] for _ in range(2)]
        for n in self.without:
            draws[1][n].zero_()
        size = math.sqrt(sum(each.square().sum().item() for each in draws[1])) or 1.0
        made = []
        for n, (weights, grad) in enumerate(zip(*draws, strict=True)):
            dtype = self.dtypes[n % len(self.dtypes)]
            parameter = nn.Parameter(weights.to(dtype))
            if n not in self.without:
                parameter.grad = (grad * (self.length / size)).to(dtype)
            made.append(parameter)
        if self.bad is not None:
            made[0].grad.view(-1)[0] = self.bad
        return made


def by_hand(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Sums of powers, a condition, Python numbers."""
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    grads = [p.grad.data for p in parameters if p.grad is not None]
    if norm_type == float("inf"):
        total = max((g.abs().max().item() for g in grads), default=0.0)
    else:
        total = sum(g.abs().double().pow(norm_type).sum().item() for g in grads) ** (1.0 / norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"norm is {total}")
    if total > max_norm:
        for g in grads:
            g *= max_norm / (total + 1e-6)
    return total


@torch.no_grad()
def flattened(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """All gradients in one vector."""
    ps = [parameters] if torch.is_tensor(parameters) else [*parameters]
    ps = [p for p in ps if p.grad is not None]
    if not ps:
        return torch.tensor(0.0)
    flat = torch.cat([p.grad.reshape(-1).double() for p in ps])
    total = torch.linalg.vector_norm(flat, ord=float(norm_type))
    if error_if_nonfinite and (total.isnan() or total.isinf()):
        raise RuntimeError("non-finite gradient norm")
    flat *= torch.minimum(torch.ones(()), max_norm / (total + 1e-6))
    for p, piece in zip(ps, flat.split([p.numel() for p in ps]), strict=True):
        p.grad.copy_(piece.view_as(p))
    return total


def multi_tensor(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of the norms with torch's multi-tensor kernels."""
    if isinstance(parameters, torch.Tensor):
        parameters = (parameters,)
    grads = [g for g in (p.grad for p in parameters) if g is not None]
    if len(grads) == 0:
        return torch.zeros(())
    norms = torch.stack([n.double() for n in torch._foreach_norm(grads, norm_type)])
    total = norms.max() if norm_type == math.inf else (norms**norm_type).sum() ** (1 / norm_type)
    if error_if_nonfinite and not bool(torch.isfinite(total)):
        raise RuntimeError("the norm is not finite")
    torch._foreach_mul_(grads, float(torch.clamp(max_norm / (total + 1e-6), 0, 1)))
    return total


SHAPES = ((3, 4), (5,), (), (2, 1, 3))
ONE = {"max_norm": 1.0}
drill = Drill(
    reference=clip_grad_norm_,
    probes=(
        Probe("one", Call(ONE), Text("one parameter, max_norm=1", "一个参数，max_norm=1"), CLOSE),
        Probe(
            "short",
            Call(ONE, length=0.5),
            Text("a gradient of norm 0.5, max_norm=1", "梯度范数 0.5，max_norm=1"),
            CLOSE,
        ),
        Probe(
            "almost",
            Call(ONE, length=0.9),
            Text("a gradient of norm 0.9, max_norm=1", "梯度范数 0.9，max_norm=1"),
            CLOSE,
        ),
        Probe("two", Call(ONE, ((3,), (3,))), Text("two parameters", "两个参数"), CLOSE),
        Probe("several", Call({"max_norm": 2}, SHAPES), Text("parameters of four shapes", "四个不同形状的参数"), CLOSE),
        Probe(
            "weights",
            Call(ONE, SHAPES, wanted="parameters"),
            Text("gradients and parameters afterwards", "调用之后的梯度和参数"),
            CLOSE,
        ),
        Probe(
            "none",
            Call(ONE, SHAPES, without=(0, 2)),
            Text("two of four parameters have no gradient", "四个参数里有两个没有梯度"),
            CLOSE,
        ),
        Probe(
            "generator",
            Call(ONE, SHAPES, given="generator"),
            Text("parameters as a generator", "参数以生成器给出"),
            CLOSE,
        ),
        Probe("tensor", Call(ONE, ((3, 2),), given="tensor"), Text("a single tensor", "只给一个张量"), CLOSE),
        Probe("empty", Call(ONE, ()), Text("an empty list", "空列表"), CLOSE),
        Probe("p = 1", Call({**ONE, "norm_type": 1.0}, SHAPES), Text("norm_type=1", "norm_type=1"), CLOSE),
        Probe(
            "p = 3",
            Call({"max_norm": 0.3, "norm_type": 3}, SHAPES, without=(1,)),
            Text("norm_type=3, max_norm=0.3", "norm_type=3，max_norm=0.3"),
            CLOSE,
        ),
        Probe(
            "p = inf",
            Call({"max_norm": 0.4, "norm_type": math.inf}, ((1,), (3, 4), ())),
            Text("norm_type=inf", "norm_type=inf"),
            CLOSE,
        ),
        Probe(
            "p = inf, negative",
            Call({"max_norm": 0.4, "norm_type": math.inf}, ((3,), (2,)), bad=-50.0),
            Text("norm_type=inf, the greatest entry is negative", "norm_type=inf，绝对值最大的是负数"),
            CLOSE,
        ),
        Probe(
            "nan",
            Call({**ONE, "error_if_nonfinite": True}, ((3,), (2,)), bad=math.nan),
            Text("a nan, error_if_nonfinite=True", "有一个 nan，error_if_nonfinite=True"),
            CLOSE,
        ),
        Probe(
            "inf",
            Call({**ONE, "error_if_nonfinite": True}, ((3,), (2,)), bad=-math.inf),
            Text("an infinity, error_if_nonfinite=True", "有一个无穷，error_if_nonfinite=True"),
            CLOSE,
        ),
        Probe(
            "inf, no error",
            Call(ONE, ((3,), (2,)), bad=math.inf),
            Text("an infinity, error_if_nonfinite=False", "有一个无穷，error_if_nonfinite=False"),
            CLOSE,
        ),
        Probe(
            "finite, strict",
            Call({**ONE, "error_if_nonfinite": True, "foreach": True}, SHAPES),
            Text(
                "all finite, error_if_nonfinite=True, foreach=True", "全部有限，error_if_nonfinite=True，foreach=True"
            ),
            CLOSE,
        ),
        Probe(
            "in place",
            Call(ONE, SHAPES, wanted="kept"),
            Text("the gradient tensors that were there before", "调用之前的那些梯度张量"),
            CLOSE,
        ),
        Probe(
            "dtypes",
            Call(ONE, ((3,), (4,), (2, 2)), dtypes=(torch.float32, torch.float64)),
            Text("float32 and float64 mixed", "float32 与 float64 混用"),
            CLOSE,
        ),
        Probe("zeros", Call(ONE, SHAPES, length=0.0), Text("gradients of zeros", "梯度全为零"), CLOSE),
        Probe("nothing left", Call({"max_norm": 0}, SHAPES), Text("max_norm=0", "max_norm=0"), CLOSE),
        Probe(
            "tiny",
            Call({"max_norm": 1e-7}, SHAPES, length=1e-6),
            Text("gradients of norm 1e-6, max_norm=1e-7", "梯度范数 1e-6，max_norm=1e-7"),
            CLOSE,
        ),
    ),
    mistakes=WRONG,
    variants={"by_hand": by_hand, "flattened": flattened, "multi_tensor": multi_tensor},
    forbidden=("torch.nn.utils.clip_grad",),
    prompt=Text(
        "Write clip_grad_norm_: all gradients as one vector, scaled in place by min(1, max_norm / (norm + 1e-6)). Return the norm "
        "before clipping. With error_if_nonfinite a norm that is nan or infinite raises a RuntimeError and leaves the gradients as "
        "they are. foreach may be ignored.",
        "写出 clip_grad_norm_：把全部梯度看成一个向量，原地乘以 min(1, max_norm / (norm + 1e-6))，返回裁剪前的范数。设了 "
        "error_if_nonfinite 时，范数为 nan 或无穷要抛 RuntimeError，且梯度保持原样。foreach 可以忽略。",
    ),
    hints=(
        Text(
            "What is given may be a generator, which can be read once, or a single tensor. Some parameters have no gradient.",
            "传进来的可能是只能遍历一次的生成器，也可能就是一个张量；有的参数没有梯度。",
        ),
        Text(
            "The norm of all is the norm of the norms; for inf it is the greatest magnitude; of nothing it is 0.",
            "总范数等于各范数的范数；inf 时是绝对值的最大值；空集为 0。",
        ),
        Text(
            "factor = (max_norm / (total + 1e-6)).clamp(max=1), then grad.mul_(factor) for each. Check for nan before that.",
            "factor = (max_norm / (total + 1e-6)).clamp(max=1)，然后逐个 grad.mul_(factor)；nan 要在这之前检查。",
        ),
    ),
)
