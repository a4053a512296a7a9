"""Plumbing to make wrong optimizers of wrong formulas, and the mistakes that any optimizer can make."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from studykit.drill import Mistake

from ._told_mistakes import DECOUPLED, MISUSE

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
        def __init__(self, params: Any, *given: Any, **named: Any) -> None:
            super().__init__(params, {**arguments, **dict(zip(arguments, given, strict=False)), **named})

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


def shrink(param: Tensor, group: Mapping[str, Any]) -> None:
    """Decoupled decay."""
    param.mul_(1 - group["lr"] * group["weight_decay"])


def misused(update: Update, arguments: Arguments) -> tuple[Mistake, ...]:
    """Right formulas in wrong plumbing: the mistakes that any optimizer can make."""
    right = made(update, arguments)
    wrong = [
        ("state_shared", made(update, arguments, shared_state)),
        ("state_by_position", made(update, arguments, numbered_state)),
        *((name, made(each, arguments)) for name, each in _wrapped(update).items()),
        *_other_settings(right, arguments),
        *_other_gradients(right),
        *_other_closures(right),
    ]
    return tuple(Mistake(name, candidate, MISUSE[name]) for name, candidate in wrong)


def misused_decay(undecayed: Update, arguments: Arguments) -> tuple[Mistake, ...]:
    """What goes wrong with decoupled decay in any optimizer.

    Args:
        undecayed: The right update without its decay.
        arguments: The defaults of the drill's signature.
    """

    def after(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        undecayed(param, grad, state, group)
        shrink(param, group)

    def first_lr(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        shrink(param, {**group, "lr": state.setdefault("first lr", group["lr"])})
        undecayed(param, grad, state, group)

    def unscaled(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        shrink(param, {**group, "lr": 1.0})
        undecayed(param, grad, state, group)

    class DecaysAll(made(undecayed, arguments)):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            loss = None if closure is None else torch.enable_grad()(closure)()
            with torch.no_grad():
                for group in self.param_groups:
                    for param in group["params"]:
                        shrink(param, group)
            super().step()
            return loss

    wrong = {
        "decay_not_scaled_by_lr": made(unscaled, arguments),
        "decay_after_step": made(after, arguments),
        "decay_by_first_lr": made(first_lr, arguments),
        "decays_without_gradient": DecaysAll,
        "no_decay": made(undecayed, arguments),
    }
    return tuple(Mistake(name, candidate, DECOUPLED[name]) for name, candidate in wrong.items())


def _wrapped(update: Update) -> dict[str, Update]:
    """Mistakes around the right update of one parameter."""

    def ascends(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        update(param, -grad, state, group)

    def lr_frozen(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        update(param, grad, state, {**group, "lr": state.setdefault("first lr", group["lr"])})

    def name_rebound(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        update(param.clone(), grad, state, group)

    def not_in_place(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        moved = param.detach().clone()
        update(moved, grad, state, group)
        param.data = moved

    def graph_kept(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        update(param, grad, state, group)
        with torch.enable_grad():
            state |= {name: each + 0 * param for name, each in state.items() if isinstance(each, Tensor)}

    def default_dtype(param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state |= {name: each.to(param.dtype) for name, each in state.items() if isinstance(each, Tensor)}
        update(param, grad, state, group)
        ours = torch.get_default_dtype()
        state |= {name: each.to(ours) for name, each in state.items() if isinstance(each, Tensor)}

    return {
        "ascends": ascends,
        "lr_frozen": lr_frozen,
        "name_rebound": name_rebound,
        "not_in_place": not_in_place,
        "graph_kept": graph_kept,
        "state_by_default_dtype": default_dtype,
    }


def _other_settings(right: Any, arguments: Arguments) -> list[tuple[str, type]]:
    """Settings of the first group where the group's own belong; one name, two ways to it."""

    def first(*kept: str) -> type:
        class First(right):  # type: ignore[misc]
            def step(self, closure: Any = None) -> Any:
                before = [dict(group) for group in self.param_groups]
                for group in self.param_groups[1:]:
                    group.update({key: before[0][key] for key in arguments if key not in kept})
                loss = super().step(closure)
                for group, old in zip(self.param_groups, before, strict=True):
                    group.update(old)
                return loss

        return First

    return [("one_group", first()), ("one_group", first("lr"))]


def _other_gradients(right: Any) -> list[tuple[str, type]]:
    """The right step on other gradients than are there, or with others left behind."""

    def on(change: Callable[[Optimizer], None], restore: bool = True) -> type:
        class Changed(right):  # type: ignore[misc]
            def step(self, closure: Any = None) -> Any:
                before = [param.grad for param in _params(self)]
                if closure is None:
                    change(self)
                loss = super().step(closure)
                if closure is None and restore:
                    for param, grad in zip(_params(self), before, strict=True):
                        param.grad = grad
                return loss

        return Changed

    def zero_for_none(optimizer: Optimizer) -> None:
        for param in _params(optimizer):
            param.grad = torch.zeros_like(param) if param.grad is None else param.grad

    def none_for_zero(optimizer: Optimizer) -> None:
        for param in _params(optimizer):
            param.grad = param.grad if param.grad is not None and param.grad.any() else None

    def none_after_none(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            grads = [param.grad for param in group["params"]]
            for n, param in enumerate(group["params"]):
                param.grad = None if None in [grad if grad is None else 0 for grad in grads[:n]] else param.grad

    def none_after_first_group(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups[1:]:
            for param in group["params"]:
                param.grad = None

    def clearing(to_none: bool) -> type:
        class Cleared(right):  # type: ignore[misc]
            def step(self, closure: Any = None) -> Any:
                loss = super().step(closure)
                self.zero_grad(set_to_none=to_none)
                return loss

        return Cleared

    return [
        ("none_as_zero", on(zero_for_none)),
        ("none_as_zero", on(zero_for_none, restore=False)),
        ("zero_skipped", on(none_for_zero)),
        ("stops_at_none", on(none_after_none)),
        ("stops_after_first_group", on(none_after_first_group)),
        ("gradient_cleared", clearing(to_none=True)),
        ("gradient_cleared", clearing(to_none=False)),
    ]


def _other_closures(right: Any) -> list[tuple[str, type]]:
    class Dropped(right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            super().step(closure)

    class WithoutGrad(right):  # type: ignore[misc]
        @torch.no_grad()
        def step(self, closure: Any = None) -> Any:
            loss = None if closure is None else closure()
            super().step()
            return loss

    class Afterwards(right):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            super().step()
            return None if closure is None else closure()

    return [
        ("closure_dropped", Dropped),
        ("closure_without_grad", WithoutGrad),
        ("closure_after_step", Afterwards),
    ]


def _params(optimizer: Optimizer) -> list[Tensor]:
    return [param for group in optimizer.param_groups for param in group["params"]]
