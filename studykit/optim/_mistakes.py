"""Plumbing to make wrong optimizers of wrong formulas, and the mistakes that any optimizer can make."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Mistake
from studykit.language import Text

Arguments = Mapping[str, Any]
Update = Callable[[Tensor, Tensor, dict[str, Any], dict[str, Any]], None]


def made(
    update: Update, arguments: Arguments, state_of: Callable[[Any, Any, int], dict[str, Any]] | None = None
) -> type:
    """An optimizer class around an update of one parameter; mistakes and variants are made of it.

    Args:
        update: Takes parameter, gradient, its state and its group.
        arguments: The defaults of the drill's signature.
        state_of: Gives the state for (optimizer, parameter, number in the group), by default one per parameter.
    """

    class Made(Optimizer):
        def __init__(self, params: Any, **given: Any) -> None:
            super().__init__(params, {**arguments, **given})

        @torch.no_grad()
        def step(self, closure: Any = None) -> Any:  # type: ignore[override]
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                for n, param in enumerate(group["params"]):
                    if param.grad is not None:
                        state = state_of(self, param, n) if state_of else self.state[param]
                        update(param, param.grad, state, group)
            return loss

    return Made


def shared_state(optimizer: Any, param: Tensor, n: int) -> dict[str, Any]:
    """One state for all parameters of a shape: what "self.m" instead of a buffer per parameter comes to."""
    states: dict[Any, dict[str, Any]] = vars(optimizer).setdefault("shared", {})
    return states.setdefault(param.shape, {})


def numbered_state(optimizer: Any, param: Tensor, n: int) -> dict[str, Any]:
    """A state per place in the group, so that the groups share it."""
    states: dict[Any, dict[str, Any]] = vars(optimizer).setdefault("numbered", {})
    return states.setdefault((n, param.shape), {})


def misused(update: Update, arguments: Arguments) -> tuple[Mistake, ...]:
    """Right formulas in wrong plumbing: the mistakes that any optimizer can make."""

    class Right(made(update, arguments)):  # type: ignore[misc]
        pass

    def frozen(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        update(param, grad, state, {**group, "lr": state.setdefault("first lr", group["lr"])})

    def replaced(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        moved = param.detach().clone()
        update(moved, grad, state, group)
        param.data = moved

    class OneGroup(Right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            kept = [dict(group) for group in self.param_groups]
            for group in self.param_groups[1:]:
                group.update({key: kept[0][key] for key in arguments})
            loss = super().step(closure)
            for group, old in zip(self.param_groups, kept, strict=True):
                group.update(old)
            return loss

    class ZeroSkipped(Right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            if closure is None:
                for param in _params(self):
                    if param.grad is not None and not param.grad.any():
                        param.grad = None
            return super().step(closure)

    class ZeroForNone(Right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            if closure is None:
                for param in _params(self):
                    if param.grad is None:
                        param.grad = torch.zeros_like(param)
            return super().step(closure)

    class Dropped(Right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            super().step(closure)

    class WithoutGrad(Right):  # type: ignore[misc]
        @torch.no_grad()
        def step(self, closure: Any = None) -> Any:
            loss = None if closure is None else closure()
            super().step()
            return loss

    told = MISUSE
    return (
        Mistake("state_shared", made(update, arguments, shared_state), told["state_shared"]),
        Mistake("state_by_position", made(update, arguments, numbered_state), told["state_by_position"]),
        Mistake("lr_frozen", made(frozen, arguments), told["lr_frozen"]),
        Mistake("one_group", OneGroup, told["one_group"]),
        Mistake("none_as_zero", ZeroForNone, told["none_as_zero"]),
        Mistake("zero_skipped", ZeroSkipped, told["zero_skipped"]),
        Mistake("closure_dropped", Dropped, told["closure_dropped"]),
        Mistake("closure_without_grad", WithoutGrad, told["closure_without_grad"]),
        Mistake("not_in_place", made(replaced, arguments), told["not_in_place"]),
    )


def _params(optimizer: Optimizer) -> list[Tensor]:
    return [param for group in optimizer.param_groups for param in group["params"]]


MISUSE = {
    "state_shared": Text(
        "All parameters share one state. Each needs its own averages and its own step count, since each has its own "
        "gradients: keep them in a dict by parameter, as self.state[p] does.",
        "所有参数共用了一份状态。每个参数的梯度不同，各自的滑动平均与步数也必须分开：按参数存放，self.state[p] 正是为此而设。",
    ),
    "state_by_position": Text(
        "The state is kept by the parameter's place in its group, so the first ones of two groups share it. Keep it by "
        "the parameter itself, as self.state[p] does.",
        "状态按参数在组内的序号存放，于是不同参数组的同序号参数会共用状态。应以参数本身为键，如 self.state[p]。",
    ),
    "lr_frozen": Text(
        'The learning rate is read once and kept. A scheduler writes group["lr"] between the steps: read it from the group '
        "at every step.",
        '学习率只读取了一次就固定下来。调度器会在各步之间改写 group["lr"]，因此每一步都要从参数组里读取。',
    ),
    "one_group": Text(
        "Every group is updated with the first group's settings. lr, weight decay and the rest belong to the group: read "
        "them inside the loop over self.param_groups.",
        "所有参数组都用了第一组的设置。lr、权重衰减等属于各个参数组，应在遍历 self.param_groups 时逐组读取。",
    ),
    "none_as_zero": Text(
        "A parameter whose gradient is None took no part in the loss and must be left alone; yours is updated as if its "
        "gradient were zero, so that decay, momentum or the step count go on.",
        "梯度为 None 的参数没有参与本次损失，应原样跳过；你把它当作零梯度来更新，衰减、动量或步数因此继续推进了。",
    ),
    "zero_skipped": Text(
        "A gradient of zeros is a gradient: the averages must take it in, and momentum and decay still act. Only None "
        "means that there is nothing to do.",
        "全零的梯度也是梯度：滑动平均要把它计入，动量和衰减照常起作用。只有 None 才表示无事可做。",
    ),
    "closure_dropped": Text(
        "step(closure) must return the closure's loss; yours is lost.",
        "step(closure) 必须返回 closure 算出的损失，你的返回值丢失了。",
    ),
    "closure_without_grad": Text(
        "The closure runs with autograd off, so its backward() has nothing to go through. step itself runs under no_grad; "
        "switch autograd on again around the closure.",
        "closure 在关闭自动求导的状态下运行，里面的 backward() 便无从求导。step 本身处于 no_grad 之下，调用 closure 时要重新打开求导。",
    ),
    "not_in_place": Text(
        "The parameter got new storage (p.data = ...). Views of it, tied weights and flat buffers as in DDP or FSDP still "
        "hold the old numbers: change the parameter in place.",
        "参数换了一块新的存储（p.data = ...）。它的视图、绑定的权重以及 DDP、FSDP 的扁平缓冲区仍指向旧数值：应就地修改参数。",
    ),
    "writes_into_gradient": Text(
        "Your step writes into p.grad. The gradient belongs to the caller, who may log, accumulate or use it again: work on a "
        "new tensor.",
        "你的 step 改写了 p.grad。梯度属于调用方，之后可能用于记录、累积或再次使用：请在新的张量上运算。",
    ),
}
