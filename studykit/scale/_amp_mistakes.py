"""The classic mistakes of loss scaling: each is a plain right scaler with one thing changed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from studykit.drill import Mistake

from ._amp_told_mistakes import TOLD


class Plain:
    """A right scaler with Python numbers; its pieces are there to be replaced."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ) -> None:
        self.s, self.growth, self.backoff, self.interval = init_scale, growth_factor, backoff_factor, growth_interval
        self.count = 0
        self.found: dict[int, bool] = {}

    def get_scale(self) -> float:
        return self.s

    def scale(self, loss: Tensor) -> Tensor:
        return loss * self.s

    def params(self, optimizer: Any) -> list[Tensor]:
        return [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]

    def bad(self, grads: list[Tensor]) -> bool:
        return not all(torch.isfinite(grad).all() for grad in grads)

    def divide(self, params: list[Tensor]) -> None:
        for p in params:
            p.grad.div_(self.s)

    def unscale_(self, optimizer: Any) -> None:
        if id(optimizer) in self.found:
            raise RuntimeError("unscaled already")
        params = self.params(optimizer)
        self.found[id(optimizer)] = self.bad([p.grad for p in params])
        with torch.no_grad():
            self.divide(params)

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if id(optimizer) not in self.found:
            self.unscale_(optimizer)
        if not self.skips(optimizer):
            return optimizer.step(*args, **kwargs)
        return None

    def skips(self, optimizer: Any) -> bool:
        return self.found[id(optimizer)]

    def update(self) -> None:
        self.adapt(any(self.found.values()))
        self.found = {}

    def adapt(self, bad: bool) -> None:
        if bad:
            self.s, self.count = self.s * self.backoff, 0
        else:
            self.count += 1
            if self.count == self.interval:
                self.s, self.count = self.s * self.growth, 0


def changed(**pieces: Callable[..., Any]) -> type[Plain]:
    """The right scaler with these methods replaced."""
    return type("GradScaler", (Plain,), pieces)


def _divides_weights(self: Plain, params: list[Tensor]) -> None:
    for p in params:
        p.div_(self.s)


def _multiplies(self: Plain, params: list[Tensor]) -> None:
    for p in params:
        p.grad.mul_(self.s)


def _rebinds(self: Plain, params: list[Tensor]) -> None:
    for p in params:
        _ = p.grad / self.s


def _one(self: Plain, params: list[Tensor]) -> None:
    for p in params[:1]:
        p.grad.div_(self.s)


def _again(self: Plain, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    self.found.pop(id(optimizer), None)
    self.unscale_(optimizer)
    return None if self.found[id(optimizer)] else optimizer.step(*args, **kwargs)


def _twice(self: Plain, optimizer: Any) -> None:
    self.found.pop(id(optimizer), None)
    Plain.unscale_(self, optimizer)


def _quietly(self: Plain, optimizer: Any) -> None:
    if id(optimizer) not in self.found:
        Plain.unscale_(self, optimizer)


def _in_step(self: Plain, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    result = Plain.step(self, optimizer, *args, **kwargs)
    self.adapt(self.found[id(optimizer)])
    return result


def _zeroes(self: Plain, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    if id(optimizer) not in self.found:
        self.unscale_(optimizer)
    if self.found[id(optimizer)]:
        for p in self.params(optimizer):
            p.grad.zero_()
    return optimizer.step(*args, **kwargs)


def _cleans(self: Plain, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    if id(optimizer) not in self.found:
        self.unscale_(optimizer)
    for p in self.params(optimizer):
        p.grad.nan_to_num_(0.0, 0.0, 0.0)
    return optimizer.step(*args, **kwargs)


def _once_for_all(self: Plain, optimizer: Any) -> bool:
    self.ever = getattr(self, "ever", False) or self.found[id(optimizer)]
    return self.ever


def _adapting(
    bad_scale: Callable[[Plain], float] = lambda self: self.s * self.backoff,
    good_scale: Callable[[Plain], float] = lambda self: self.s * self.growth,
    due: Callable[[Plain], bool] = lambda self: self.count >= self.interval,
    reset: bool = True,
    after: int = 0,
) -> Callable[[Plain, bool], None]:
    def adapt(self: Plain, bad: bool) -> None:
        if bad:
            self.s, self.count = bad_scale(self), 0 if reset else self.count
            return
        self.count += 1
        if due(self):
            self.s, self.count = good_scale(self), after if after >= 0 else self.count

    return adapt


def _keeps_found(self: Plain) -> None:
    self.adapt(any(self.found.values()))
    self.found = dict.fromkeys(self.found, False) if not any(self.found.values()) else self.found


def _last_only(self: Plain) -> None:
    self.adapt(list(self.found.values())[-1])
    self.found = {}


def _first_only(self: Plain) -> None:
    self.adapt(next(iter(self.found.values())))
    self.found = {}


def _all_bad(self: Plain) -> None:
    self.adapt(all(self.found.values()))
    self.found = {}


def _each_backs_off(self: Plain) -> None:
    for bad in self.found.values():
        self.adapt(bad)
    self.found = {}


def _needs_all(self: Plain, optimizer: Any) -> list[Tensor]:
    found = [p for group in optimizer.param_groups for p in group["params"]]
    if any(p.grad is None for p in found):
        raise AttributeError("None has no values")
    return found


def _first_group(self: Plain, optimizer: Any) -> list[Tensor]:
    return [p for p in optimizer.param_groups[0]["params"] if p.grad is not None]


MISTAKES = {
    "steps_despite_inf": [changed(skips=lambda self, _: False)],
    "nan_not_seen": [changed(bad=lambda self, grads: any(torch.isinf(grad).any() for grad in grads))],
    "inf_not_seen": [changed(bad=lambda self, grads: any(torch.isnan(grad).any() for grad in grads))],
    "minus_inf_not_seen": [changed(bad=lambda self, grads: any(grad.isnan().any() or grad.max() == torch.inf for grad in grads))],
    "last_gradient_decides": [changed(bad=lambda self, grads: not torch.isfinite(grads[-1]).all())],
    "first_gradient_decides": [changed(bad=lambda self, grads: not torch.isfinite(grads[0]).all())],
    "first_group_only": [changed(params=_first_group)],
    "never_unscaled": [changed(divide=lambda self, params: None), changed(divide=_rebinds)],
    "divides_weights": [changed(divide=_divides_weights)],
    "multiplies_again": [changed(divide=_multiplies)],
    "one_parameter_unscaled": [changed(divide=_one)],
    "unscaled_twice": [changed(step=_again)],
    "unscale_repeated": [changed(unscale_=_twice)],
    "unscale_repeat_silent": [changed(unscale_=_quietly)],
    "updates_in_step": [changed(step=_in_step, update=lambda self: self.found.clear())],
    "steps_on_zeros": [changed(step=_zeroes)],
    "replaces_bad_entries": [changed(step=_cleans)],
    "others_skip_too": [changed(skips=lambda self, _: any(self.found.values()))],
    "skips_for_ever": [changed(skips=_once_for_all)],
    "found_not_cleared": [changed(update=_keeps_found)],
    "last_optimizer_decides": [changed(update=_last_only)],
    "first_optimizer_decides": [changed(update=_first_only)],
    "all_must_overflow": [changed(update=_all_bad)],
    "update_per_optimizer": [changed(update=_each_backs_off)],
    "never_backs_off": [changed(adapt=_adapting(bad_scale=lambda self: self.s))],
    "subtracts": [changed(adapt=_adapting(bad_scale=lambda self: self.s - self.backoff))],
    "divides_by_growth": [changed(adapt=_adapting(bad_scale=lambda self: self.s / self.growth))],
    "back_to_start": [changed(adapt=_adapting(bad_scale=lambda self: 1.0))],
    "floor_of_one": [changed(adapt=_adapting(bad_scale=lambda self: max(1.0, self.s * self.backoff)))],
    "capped_at_the_default": [changed(adapt=_adapting(good_scale=lambda self: min(2.0**16, self.s * self.growth)))],
    "loss_changed_in_place": [changed(scale=lambda self, loss: loss.mul_(self.s))],
    "never_grows": [changed(adapt=_adapting(due=lambda self: False))],
    "grows_every_time": [changed(adapt=_adapting(due=lambda self: True))],
    "one_late": [changed(adapt=_adapting(due=lambda self: self.count > self.interval))],
    "one_early": [changed(adapt=_adapting(due=lambda self: self.count >= max(1, self.interval - 1)))],
    "count_survives_inf": [changed(adapt=_adapting(reset=False))],
    "count_survives_growth": [changed(adapt=_adapting(after=-1))],
    "adds_growth": [changed(adapt=_adapting(good_scale=lambda self: self.s + self.growth))],
    "loss_not_scaled": [changed(scale=lambda self, loss: loss), changed(scale=lambda self, loss: loss / self.s)],
    "cut_from_graph": [changed(scale=lambda self, loss: (loss.detach() * self.s).requires_grad_())],
    "none_gradient": [changed(params=_needs_all)],
    "result_lost": [changed(step=lambda self, optimizer, *args, **kwargs: [Plain.step(self, optimizer, *args, **kwargs), None][1])],
}
WRONG = tuple(Mistake(name, each, TOLD[name]) for name, candidates in MISTAKES.items() for each in candidates)
