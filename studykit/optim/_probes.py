"""What the drills of the optimizers probe: a training run in small, and the aspects it is run for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.optimizer import Optimizer

from studykit.drill import Probe
from studykit.language import Text

_FUSED = ("_fused_sgd", "_fused_adam", "_fused_adamw", "_fused_adagrad")
# All of torch's own optimizers, their functional forms and their kernels. `Optimizer` and the schedulers stay.
FORBIDDEN = (
    *(
        f"torch.optim.{name}"
        for name, each in vars(torch.optim).items()
        if isinstance(each, type) and issubclass(each, Optimizer) and each is not Optimizer
    ),
    *(f"torch.optim.{name}" for name in ("sgd", "adam", "adamw", "rmsprop", "adagrad", "nadam", "_functional")),
    *(f"torch.{name}_" for name in _FUSED),
    *(f"torch.ops.aten.{name}{end}" for name in _FUSED for end in ("", "_")),
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
        gradients: A new tensor at every step; or the same one, which each step adds to or overwrites.
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
    gradients: Literal["new", "added", "overwritten"] = "new"
    dtype: torch.dtype = torch.float64

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Parameters and gradients after each step t, and what was given where it is little enough to read."""
        rng = torch.Generator().manual_seed(seed)
        params = [Parameter(drawn(shape, rng).to(self.dtype)) for shape in self.shapes]
        given = {f"given {_name(n)}": each.detach().clone() for n, each in enumerate(params)}
        optimizer = candidate(self._dealt(params), **self.arguments)
        rates = [group["lr"] for group in optimizer.param_groups] if self.rates else []
        found: dict[str, Any] = {}
        for step in range(self.steps):
            for group, rate in zip(optimizer.param_groups, rates, strict=False):
                group["lr"] = rate * self.rates[step]
            for n, param in enumerate(params):
                grad = drawn(tuple(param.shape), rng).to(self.dtype) * self.scale * ((step, n) not in self.zero)
                given[f"given {_name(n)}.grad (t={step + 1})"] = grad.clone()
                self._give(param, None if (step, n) in self.absent else grad)
            optimizer.step()
            found |= {f"{_name(n)} (t={step + 1})": each.detach().clone() for n, each in enumerate(params)}
            grads = {f"{_name(n)}.grad (t={step + 1})": each.grad for n, each in enumerate(params)}
            found |= {name: None if grad is None else grad.clone() for name, grad in grads.items()}
        return {**given, **found} if len(given) <= 4 else found

    def _dealt(self, params: list[Parameter]) -> Any:
        if not self.groups:
            return params
        several = [{"params": params[n :: len(self.groups) + 1]} for n in range(len(self.groups) + 1)]
        return [several[0], *({**each, **more} for each, more in zip(several[1:], self.groups, strict=True))]

    def _give(self, param: Parameter, grad: Tensor | None) -> None:
        if self.gradients == "new" or param.grad is None or grad is None:
            param.grad = grad
        elif self.gradients == "added":
            param.grad += grad
        else:
            param.grad.copy_(grad)


def drawn(shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Numbers away from zero, where rounding could decide a sign."""
    size = 0.1 + 1.9 * torch.rand(shape, generator=rng, dtype=torch.float64)
    return size * (torch.randint(0, 2, shape, generator=rng) * 2 - 1)


def _name(n: int) -> str:
    return "pqrstuvw"[n]


SHAPES = ((3,), (3,), (4, 2), ())


def common(settings: Arguments, other: Arguments, shapes: tuple[tuple[int, ...], ...] = SHAPES) -> tuple[Probe, ...]:
    """The aspects of any optimizer.

    Args:
        settings: Arguments far from the defaults, lr among them, and with a weight decay.
        other: Arguments of a second group that differ in all that may differ.
        shapes: Of the parameters; the first two are of one shape, so that state which they share goes unnoticed by it.
    """
    late = frozenset({(0, 0), (1, 0), (0, 2), (2, 1), (4, 2), (5, 0)})
    undecayed = {**settings, "weight_decay": 0}
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
            Run(settings, shapes, 8, absent=late),
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
            Run(settings, shapes[:3], 4, gradients="added"),
            Text("gradients add up in p.grad: no zero_grad between the steps", "各步之间不清零，梯度在 p.grad 里累积"),
        ),
        (
            "overwritten",
            Run(undecayed, shapes[:3], 4, gradients="overwritten"),
            Text(
                "p.grad is one tensor that backward writes into anew, as after zero_grad(set_to_none=False)",
                "p.grad 始终是同一个张量，backward 每次写入新值，如同 zero_grad(set_to_none=False) 之后",
            ),
        ),
        ("float32", Run(settings, shapes, 3, dtype=torch.float32), Text("float32, three steps", "float32，走三步")),
        ("generator", _generator(settings), Text("the parameters come as a generator", "参数以生成器传入")),
        ("closure", _closure(settings), Text("step(closure)", "step(closure)")),
        ("views", _views(settings), Text("a view of the parameter sees the update", "参数的视图应看到更新")),
        ("state", _state(settings), Text("what the optimizer keeps after three steps", "走三步之后优化器里存的东西")),
    ]
    return tuple(probe(*each, tolerance=1e-4 if each[0] == "float32" else 1e-6) for each in runs)


def probe(name: str, run: Callable[[Any, int], Mapping[str, Any]], tells: Text, tolerance: float = 1e-6) -> Probe:
    """A probe whose outputs are weights of about 1, or moved from there."""
    return Probe(name, run, tells, tolerance, least=1.0)


def _generator(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        model = torch.nn.Linear(3, 2, dtype=torch.float64)
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for param in model.parameters():
                param.copy_(drawn(tuple(param.shape), rng))
        x = drawn((4, 3), rng)
        optimizer = candidate(model.parameters(), **settings)
        for step in range(4):
            optimizer.zero_grad(set_to_none=step % 2 == 0)
            model(x).square().mean().backward()
            optimizer.step()
        return {"weight": model.weight, "bias": model.bias}

    return run


def _closure(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        param = Parameter(drawn((3,), torch.Generator().manual_seed(seed)))
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
            "torch.is_grad_enabled()": enabled,
            "step(closure)": [None if loss is None else _number(loss) for loss in losses],
            "p": param,
        }

    return run


def _number(loss: Any) -> float:
    return float(loss.detach() if isinstance(loss, Tensor) else loss)


def _views(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        param = Parameter(drawn((4,), rng))
        view = param.detach()[:2]
        optimizer = candidate([param], **settings)
        param.grad = drawn((4,), rng)
        optimizer.step()
        return {"view": view}

    return run


def _state(settings: Arguments) -> Callable[[Any, int], dict[str, Any]]:
    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        param = Parameter(drawn((3,), rng).float())
        ours, unlikely = torch.get_default_dtype(), torch.float16
        # A buffer made by torch.zeros(p.shape) shows itself by the default dtype; on a GPU it would be on the wrong device.
        torch.set_default_dtype(unlikely)
        try:
            optimizer = candidate([param], **settings)
            for _ in range(3):
                param.grad = drawn((3,), rng).float()
                optimizer.step()
        finally:
            torch.set_default_dtype(ours)
        kept = [each for each in _tensors(vars(optimizer), set()) if each is not param]
        alike = [each for each in kept if each.shape == param.shape]
        return {
            "grad_fn is not None": any(each.grad_fn is not None for each in kept),
            "dtype is the global default": any(each.dtype == unlikely for each in alike),
        }

    return run


def _tensors(value: Any, seen: set[int]) -> Iterator[Tensor]:
    """All tensors in containers and objects, however deep."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each, seen)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _tensors(each, seen)
    elif hasattr(value, "__dict__") and not callable(value):
        yield from _tensors(vars(value), seen)
