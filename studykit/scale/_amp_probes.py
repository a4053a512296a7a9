"""What the drill of loss scaling runs: some iterations, with overflows put into chosen gradients."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

NAMES = "pqrstuvw"


class Told(torch.optim.SGD):
    """Returns how it was called."""

    def step(self, told: float = 0.0) -> float:
        super().step()
        return 1.0 + told


class Train(NamedTuple):
    """Some iterations of scaling, backward, step and update.

    Args:
        arguments: Of the scaler.
        faults: Per step, (optimizer, parameter, value): one entry of that gradient.
        steps: Iterations.
        optimizers: How many, each over its own parameters.
        shapes: Of the parameters of each.
        groups: Whether every parameter is a group of its own.
        unscaled: The optimizers that are unscaled by hand and clipped.
        repeated: Whether unscale_ is called once more, which has to raise a RuntimeError.
        backwards: How often gradients are added up before a step.
        without: Parameters that have no gradient.
        told: An argument that step hands on.
    """

    arguments: Mapping[str, Any]
    faults: Mapping[int, tuple[tuple[int, int, float], ...]] = {}
    steps: int = 1
    optimizers: int = 1
    shapes: tuple[tuple[int, ...], ...] = ((3,),)
    groups: bool = False
    unscaled: tuple[int, ...] = ()
    repeated: bool = False
    backwards: int = 1
    without: tuple[int, ...] = ()
    told: float | None = None

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """After every step t: the scaled loss, the scale, gradients and weights."""
        rng = torch.Generator().manual_seed(seed)
        scaler = made(candidate, self.arguments)
        sets = [
            [nn.Parameter(torch.randn(shape, generator=rng, dtype=torch.float64)) for shape in self.shapes]
            for _ in range(self.optimizers)
        ]
        groups = [[{"params": [p]} for p in each] if self.groups else each for each in sets]
        optimizers = [Told(each, 0.1, momentum=0.9, weight_decay=0.01) for each in groups]
        found: dict[str, Any] = {"scale at first": float(scaler.get_scale())}
        for t in range(1, self.steps + 1):
            for optimizer in optimizers:
                optimizer.zero_grad()
            for _ in range(self.backwards):
                for n, params in enumerate(sets):
                    loss = self.loss(params, rng)
                    scaled = scaler.scale(loss)
                    found[f"scaled loss {n + 1} (t={t})"] = scaled.item()
                    found[f"loss {n + 1} after scale (t={t})"] = loss.item()
                    scaled.backward()
            for n, m, value in self.faults.get(t, ()):
                sets[n][m].grad.view(-1)[-1] = value
            for n in self.unscaled:
                scaler.unscale_(optimizers[n])
                if self.repeated:
                    try:
                        scaler.unscale_(optimizers[n])
                        found["second unscale_"] = "accepted"
                    except RuntimeError:
                        found["second unscale_"] = "RuntimeError"
                self.tell(found, f"unscaled, t={t}", sets[n : n + 1], weights=False)
                torch.nn.utils.clip_grad_norm_(sets[n], 0.5)
            for n, optimizer in enumerate(optimizers):
                result = scaler.step(optimizer) if self.told is None else scaler.step(optimizer, self.told)
                if self.told is not None:
                    found[f"step returned (t={t})"] = result
                found[f"scale after step {n + 1} (t={t})"] = float(scaler.get_scale())
            scaler.update()
            found[f"scale after update (t={t})"] = float(scaler.get_scale())
            self.tell(found, f"t={t}", sets)
        return found

    def loss(self, params: list[nn.Parameter], rng: torch.Generator) -> torch.Tensor:
        """Linear in the parameters that have a gradient."""
        terms = []
        for m, p in enumerate(params):
            factors = torch.randn(p.shape, generator=rng, dtype=torch.float64)
            if m not in self.without:
                terms.append((p * factors).sum())
        return torch.stack(terms).sum()

    def tell(self, found: dict[str, Any], when: str, sets: list[list[nn.Parameter]], weights: bool = True) -> None:
        """Weights and gradients of each set."""
        flat = [p for params in sets for p in params]
        for name, p in zip(NAMES, flat, strict=False):
            if weights:
                found[f"{name} ({when})"] = p.detach().clone()
            found[f"{name}.grad ({when})"] = None if p.grad is None else p.grad.clone()


def made(candidate: Any, arguments: Mapping[str, Any]) -> Any:
    """The scaler; one that takes a device, as torch's does, is told the CPU, for else it may disable itself."""
    try:
        takes = "device" in inspect.signature(candidate).parameters
    except (TypeError, ValueError):
        takes = False
    return candidate(**({"device": "cpu"} if takes else {}), **arguments)


def defaults(candidate: Any, seed: int) -> dict[str, Any]:
    """The first scale of GradScaler(), and what an overflow makes of it; the interval is too long to be waited for."""
    known = inspect.signature(candidate).parameters.get("growth_interval")
    interval = 2000 if known is None or known.default is inspect.Parameter.empty else known.default
    return {**Train({}, {1: ((0, 0, math.inf),)}, 3)(candidate, seed), "default growth_interval": interval}
