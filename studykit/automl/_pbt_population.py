"""Many small networks trained at once: the members of a population are the first dimension of every tensor."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Any]


def fresh(features: int, classes: int, width: int, seed: int) -> State:
    """A member before its first step: weights of two hidden layers, momentum, and the number of steps taken.

    Args:
        features: Inputs of the network.
        classes: Outputs.
        width: Units of each hidden layer.
        seed: Of the weights.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = [(features, width), (width, width), (width, classes)]
    weights = [torch.randn(size, generator=generator) * math.sqrt(2 / size[0]) for size in sizes]
    weights += [torch.zeros(1, size[1]) for size in sizes]
    return {"weights": weights, "momentum": [torch.zeros_like(each) for each in weights], "step": 0}


class Trainer:
    """Trains all members for one interval; what `PopulationBasedTraining.step` takes.

    A member's setting has lr, weight_decay and dropout. All see the same batches, which depend on seed and step alone, so that a
    state and a setting are all that a member's training depends on.

    Args:
        train: Images (N, ...) and labels (N,).
        held: Likewise, for the score: percent that are right.
        interval: Steps of gradient descent with momentum.
        batch_size: Images per step.
        seed: Of the batches and of dropout.
        rate: What lr is multiplied by at a step, such as a cosine.
    """

    def __init__(
        self, train: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor], *, interval: int, batch_size: int = 64, seed: int = 0,
        rate: Callable[[int], float] = lambda step: 1.0,
    ) -> None:  # fmt: skip
        (x, self.y), (held_x, self.held_y) = train, held
        self.x, self.held_x = x.flatten(1), held_x.flatten(1)
        self.interval, self.batch_size, self.seed, self.rate = interval, batch_size, seed, rate

    def __call__(self, states: Sequence[State], settings: Sequence[Mapping[str, Any]]) -> tuple[list[State], list[float]]:
        """The states after the interval, and their scores."""
        step, device = states[0]["step"], self.x.device
        weights, momentum = (
            [torch.stack(each).to(device) for each in zip(*(state[kind] for state in states), strict=True)]
            for kind in ("weights", "momentum")
        )
        lr, decay, dropout = (
            torch.tensor([setting[name] for setting in settings], device=device)[:, None, None]
            for name in ("lr", "weight_decay", "dropout")
        )
        for now in range(step, step + self.interval):
            grads = self._gradients(weights, dropout, torch.Generator().manual_seed(100_003 * self.seed + now))
            torch._foreach_add_(grads, torch._foreach_mul(weights, [decay] * len(weights)))
            torch._foreach_mul_(momentum, 0.9)
            torch._foreach_add_(momentum, grads)
            torch._foreach_sub_(weights, torch._foreach_mul(momentum, [lr * self.rate(now)] * len(weights)))
        after = [
            {"weights": [each[n].clone() for each in weights], "momentum": [each[n].clone() for each in momentum], "step": now + 1}
            for n in range(len(states))
        ]
        return after, accuracies(after, self.held_x, self.held_y)

    def _gradients(self, weights: list[Tensor], dropout: Tensor, generator: torch.Generator) -> list[Tensor]:
        picked = torch.randint(len(self.x), (self.batch_size,), generator=generator)
        x, y = self.x[picked], self.y[picked]
        masks = torch.rand(2, 1, len(picked), weights[0].shape[-1], generator=generator).to(x.device)  # shared by all members
        leaves = [each.requires_grad_() for each in weights]
        logits = forward(leaves, x, [(mask >= dropout) / (1 - dropout) for mask in masks])  # (members, B, classes)
        loss = F.cross_entropy(logits.flatten(0, 1), y.repeat(len(logits)), reduction="sum") / len(y)
        grads = torch.autograd.grad(loss, leaves)  # each member's own: no weight is in two of them
        for each in weights:
            each.requires_grad_(False)
        return list(grads)


def forward(weights: Sequence[Tensor], x: Tensor, masks: Sequence[Tensor | float] = (1.0, 1.0)) -> Tensor:
    """Logits (members, B, classes) of flat images (B, features)."""
    for weight, bias, mask in zip(weights[:2], weights[3:5], masks, strict=True):
        x = F.relu(x @ weight + bias) * mask  # (members, B, width)
    return x @ weights[2] + weights[5]


@torch.no_grad()
def accuracies(states: Sequence[State], x: Tensor, y: Tensor) -> list[float]:
    """Percent of images (N, ...) with labels (N,) that each member has right; nan where it diverged."""
    weights = [torch.stack(each).to(x.device) for each in zip(*(state["weights"] for state in states), strict=True)]
    logits = forward(weights, x.flatten(1))
    right = 100 * (logits.argmax(-1) == y).double().mean(-1)
    return right.where(logits.isfinite().all(-1).all(-1), math.nan).tolist()
