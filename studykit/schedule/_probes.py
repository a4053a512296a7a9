"""What the drills of the schedulers probe: the learning rate of every group at every step, from one scheduler or two."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import lr_scheduler, swa_utils
from torch.optim.optimizer import Optimizer

from studykit.drill import Probe
from studykit.language import Text

# Every function that torch's own schedulers add to their base class, which stays: it is plumbing.
FORBIDDEN = tuple(
    f"{each.__module__}.{each.__qualname__}.{name}"
    for each in (*vars(lr_scheduler).values(), swa_utils.SWALR)
    if isinstance(each, type)
    and issubclass(each, lr_scheduler.LRScheduler)
    and each.__qualname__ not in ("LRScheduler", "_LRScheduler")
    for name, member in vars(each).items()
    if callable(member) and hasattr(member, "__code__")
)
# Relative to the largest learning rate of a run: a formula in float32 tensors is right too.
CLOSE = 2e-5

Arguments = Mapping[str, Any]


class Run(NamedTuple):
    """A run of one scheduler.

    Args:
        steps: How often it steps; step 0 is where it stands when it was made.
        positional: Its arguments after the optimizer, by position.
        named: Further ones, by name.
        groups: Parameter groups, each with a learning rate of its own.
    """

    steps: int
    positional: tuple[Any, ...] = ()
    named: Arguments = {}  # noqa: RUF012
    groups: int = 1

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The learning rates, from step 0 on."""
        optimizer = optimizer_of(self.groups, seed)
        given = {f"given lr{_of(n)}": group["lr"] for n, group in enumerate(optimizer.param_groups)}
        scheduler = self.make(candidate, optimizer)
        return {**given, **table([rates(optimizer), *walk(optimizer, scheduler, self.steps)])}

    def make(self, candidate: Any, optimizer: Optimizer, **more: Any) -> Any:
        """The scheduler."""
        return candidate(optimizer, *self.positional, **{**self.named, **more})


def optimizer_of(groups: int, seed: int) -> Optimizer:
    """An optimizer whose groups have learning rates between 0.2 and 1."""
    rng = torch.Generator().manual_seed(seed)
    drawn = (0.2 + 0.8 * torch.rand(groups, generator=rng, dtype=torch.float64)).tolist()
    return torch.optim.SGD([{"params": [Parameter(torch.zeros(1))], "lr": rate} for rate in drawn], lr=0.1)


def rates(optimizer: Optimizer) -> list[float]:
    """The learning rate of each group."""
    return [float(group["lr"]) for group in optimizer.param_groups]


def walk(optimizer: Optimizer, scheduler: Any, steps: int) -> list[list[float]]:
    """The learning rates after each step."""
    found = []
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        found.append(rates(optimizer))
    return found


def table(found: list[list[float]], name: str = "lr") -> dict[str, Tensor]:
    """Steps by groups as one output for each group; its index is the step."""
    columns = torch.tensor(found, dtype=torch.float64).T
    return {f"{name}{_of(n)}": column for n, column in enumerate(columns)}


def _of(n: int) -> str:
    return f" of group {n + 1}" if n else ""


def common(run: Run, at: int) -> tuple[Probe, ...]:
    """The aspects of any schedule beyond its curve.

    Args:
        run: With several groups and all arguments.
        at: The step at which it is broken off and taken up again.
    """
    several = Text("several parameter groups with learning rates of their own", "多个参数组，学习率各不相同")
    resumed = Text(
        f"broken off after step {at} and resumed by last_epoch={at - 1}, each group with its initial_lr",
        f"在第 {at} 步之后中断，再以 last_epoch={at - 1} 恢复，各组带着 initial_lr",
    )
    loaded = Text(
        f"broken off after step {at} and resumed by load_state_dict", f"在第 {at} 步之后中断，再用 load_state_dict 恢复"
    )
    return (
        probe("groups", run, several),
        probe("two", _two(run), Text("two schedulers at once, on two optimizers", "两个调度器同时作用于两个优化器")),
        probe("last_epoch", _resumed(run, at), resumed),
        probe("state_dict", _loaded(run, at), loaded),
    )


def probe(name: str, run: Callable[[Any, int], Mapping[str, Any]], tells: Text) -> Probe:
    """A probe whose outputs are learning rates of 0.2 to 1 or less."""
    return Probe(name, run, tells, CLOSE, least=0.1)


def _two(run: Run) -> Callable[[Any, int], dict[str, Any]]:
    def probed(candidate: Any, seed: int) -> dict[str, Any]:
        optimizers = [optimizer_of(run.groups, seed + n) for n in range(2)]
        schedulers = [run.make(candidate, optimizer) for optimizer in optimizers]
        found: list[list[list[float]]] = [[], []]
        for step in range(run.steps):
            for n in range(2):
                # The second one lags behind: a count that both share would show.
                if n == 0 or step % 2:
                    found[n] += walk(optimizers[n], schedulers[n], 1)
        return {**table(found[0], "first lr"), **table(found[1], "second lr")}

    return probed


def _resumed(run: Run, at: int) -> Callable[[Any, int], dict[str, Any]]:
    def probed(candidate: Any, seed: int) -> dict[str, Any]:
        before = optimizer_of(run.groups, seed)
        walk(before, run.make(candidate, before), at)
        optimizer = optimizer_of(run.groups, seed + 1)
        optimizer.load_state_dict(before.state_dict())
        scheduler = run.make(candidate, optimizer, last_epoch=at - 1)
        return table([rates(optimizer), *walk(optimizer, scheduler, run.steps - at)], f"lr from step {at} on")

    return probed


def _loaded(run: Run, at: int) -> Callable[[Any, int], dict[str, Any]]:
    def probed(candidate: Any, seed: int) -> dict[str, Any]:
        before, optimizer = optimizer_of(run.groups, seed), optimizer_of(run.groups, seed)
        old = run.make(candidate, before)
        walk(before, old, at)
        scheduler = run.make(candidate, optimizer)
        optimizer.load_state_dict(before.state_dict())
        scheduler.load_state_dict(old.state_dict())
        return table(walk(optimizer, scheduler, run.steps - at), f"lr after step {at}")

    return probed
