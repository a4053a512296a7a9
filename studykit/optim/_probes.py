"""What the drills of the optimizers probe: a training run in small, and the aspects it is run for."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.optimizer import Optimizer

from studykit.drill import Probe
from studykit.language import Text

# All of torch's own optimizers, their functional forms and their kernels. `Optimizer` and the schedulers stay.
FORBIDDEN = (
    *(
        f"torch.optim.{name}"
        for name, each in vars(torch.optim).items()
        if isinstance(each, type) and issubclass(each, Optimizer) and each is not Optimizer
    ),
    *(f"torch.optim.{name}" for name in ("sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam", "_functional")),
    *(f"torch._fused_{name}_" for name in ("sgd", "adam", "adamw", "adagrad")),
    *(f"torch.ops.aten._fused_{name}_" for name in ("sgd", "adam", "adamw", "adagrad")),
)

Arguments = Mapping[str, Any]


class Run(NamedTuple):
    """A small training run with gradients drawn at random.

    Args:
        arguments: Of the optimizer.
        shapes: One parameter each.
        steps: How often `step` is called.
        groups: Arguments of further parameter groups; the parameters are dealt out to all groups in turn.
        absent: (step, parameter): that gradient is None.
        zero: (step, parameter): that gradient is all zeros.
        rates: Factors on every group's lr, one for each step, as a scheduler writes them.
        scale: Of the gradients.
        keep: Gradients add up over the steps, as without zero_grad.
        dtype: Of the parameters.
    """

    arguments: Arguments
    shapes: tuple[tuple[int, ...], ...] = ((2,),)
    steps: int = 1
    groups: tuple[Arguments, ...] = ()
    absent: frozenset[tuple[int, int]] = frozenset()
    zero: frozenset[tuple[int, int]] = frozenset()
    rates: tuple[float, ...] = ()
    scale: float = 1.0
    keep: bool = False
    dtype: torch.dtype = torch.float64

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The parameters after every step, and what was given where it is small enough to read."""
        rng = torch.Generator().manual_seed(seed)
        params = [Parameter(_drawn(shape, rng).to(self.dtype)) for shape in self.shapes]
        found: dict[str, Any] = {f"given {_name(n)}": each.detach().clone() for n, each in enumerate(params)}
        optimizer = candidate(self._dealt(params), **self.arguments)
        rates = [group["lr"] for group in optimizer.param_groups] if self.rates else []
        for step in range(self.steps):
            for group, rate in zip(optimizer.param_groups, rates, strict=False):
                group["lr"] = rate * self.rates[step]
            for n, param in enumerate(params):
                grad = _drawn(tuple(param.shape), rng).to(self.dtype) * self.scale
                if self.keep and param.grad is not None:
                    param.grad += grad
                else:
                    param.grad = None if (step, n) in self.absent else grad * ((step, n) not in self.zero)
                    found[f"given gradient {step + 1} of {_name(n)}"] = grad.clone() if param.grad is not None else None
            optimizer.step()
            found |= {f"{_name(n)} after step {step + 1}": each.detach().clone() for n, each in enumerate(params)}
        return (
            found if len(found) <= 6 else {name: each for name, each in found.items() if not name.startswith("given")}
        )

    def _dealt(self, params: list[Parameter]) -> Any:
        if not self.groups:
            return params
        several = [{"params": params[n :: len(self.groups) + 1]} for n in range(len(self.groups) + 1)]
        return [several[0], *({**each, **more} for each, more in zip(several[1:], self.groups, strict=True))]


def _drawn(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Numbers away from zero, where rounding could decide a sign."""
    size = 0.1 + 1.9 * torch.rand(shape, generator=rng, dtype=torch.float64)
    return size * (torch.randint(0, 2, shape, generator=rng) * 2 - 1)


def _name(n: int) -> str:
    return "pqrstuvw"[n]


SHAPES = ((3,), (3,), (4, 2), ())
EXACT = 1e-9


def common(settings: Arguments, other: Arguments, shapes: tuple[tuple[int, ...], ...] = SHAPES) -> tuple[Probe, ...]:
    """The aspects of any optimizer.

    Args:
        settings: Arguments far from the defaults, lr among them.
        other: Arguments of a second group that differ in all that may differ.
        shapes: Of the parameters; the first two are of one shape, so that state which they share goes unnoticed by shape.
    """
    late = frozenset({(0, 0), (1, 0), (0, 2), (2, 1)})
    runs = [
        ("several", Run(settings, shapes, 4), Text("several parameters, four steps", "多个参数，走四步")),
        (
            "schedule",
            Run(settings, shapes, 4, rates=(1.0, 0.5, 0.1, 2.0)),
            Text('a scheduler changes group["lr"] between the steps', '调度器在各步之间修改 group["lr"]'),
        ),
        (
            "groups",
            Run(settings, (shapes[0],) * 4, 3, groups=(other,)),
            Text("two parameter groups with different settings", "两个参数组，设置各不相同"),
        ),
        (
            "none",
            Run(settings, shapes, 5, absent=late),
            Text("some gradients are None at some steps", "某些步里部分参数的梯度为 None"),
        ),
        (
            "zero",
            Run(settings, shapes, 3, zero=frozenset({(0, 0), (1, 1), (2, 2)})),
            Text(
                "some gradients are all zeros (zeros are gradients; None is not)",
                "某些梯度全为零（零也是梯度，None 才不是）",
            ),
        ),
        (
            "accumulated",
            Run(settings, shapes[:3], 4, keep=True),
            Text("gradients add up in p.grad: no zero_grad between the steps", "各步之间不清零，梯度在 p.grad 里累积"),
        ),
    ]
    probes = [Probe(name, run, tells, EXACT) for name, run, tells in runs]
    single = Run(settings, shapes, 3, dtype=torch.float32)
    return (
        *probes,
        Probe("float32", single, Text("float32, three steps", "float32，走三步"), 1e-4),
        Probe("generator", _generator(settings), Text("the parameters come as a generator", "参数以生成器传入"), EXACT),
        Probe("closure", _closure(settings), Text("step(closure)", "step(closure)"), EXACT),
        Probe(
            "views", _views(settings), Text("a view of the parameter sees the update", "参数的视图应看到更新"), EXACT
        ),
    )


def _generator(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        model = torch.nn.Linear(3, 2, dtype=torch.float64)
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for param in model.parameters():
                param.copy_(_drawn(tuple(param.shape), rng))
        x = _drawn((4, 3), rng)
        optimizer = candidate(model.parameters(), **settings)
        for step in range(4):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            model(x).square().mean().backward()
            optimizer.step()
        return {"weight": model.weight, "bias": model.bias}

    return run


def _closure(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        param = Parameter(_drawn((3,), torch.Generator().manual_seed(seed)))
        optimizer = candidate([param], **settings)
        enabled = []

        def closure() -> Tensor:
            enabled.append(torch.is_grad_enabled())
            with torch.enable_grad():
                optimizer.zero_grad()
                loss = (param**3).sum()
                loss.backward()
            return loss

        losses = [optimizer.step(closure) for _ in range(2)]
        return {
            "p": param,
            "autograd on in the closure": enabled,
            "the loss that step returns": [None if loss is None else float(torch.as_tensor(loss).detach()) for loss in losses],
        }

    return run


def _views(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        param = Parameter(_drawn((4,), rng))
        view = param.detach()[:2]
        optimizer = candidate([param], **settings)
        param.grad = _drawn((4,), rng)
        optimizer.step()
        return {"the view": view}

    return run
