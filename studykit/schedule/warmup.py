"""Warm-up: begin with a small learning rate and raise it in a line, so that a larger one can be used afterwards.

Goyal, Dollár, Girshick, Noordhuis, Wesolowski, Kyrola, Tulloch, Jia & He, "Accurate, Large Minibatch SGD: Training ImageNet
in 1 Hour", 2017, arXiv:1706.02677, section 2.2; Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762,
equation 3.

    LinearLR        lr_t = base_lr * (start_factor + (end_factor - start_factor) * min(t, total_iters) / total_iters)
    warmup_cosine   lr_t = base_lr * t / warmup_steps                                                       t < warmup_steps
                    lr_t = min_lr + (base_lr - min_lr) * (1 + cos(pi * p)) / 2                              then, with
                    p = (t - warmup_steps) / (total_steps - warmup_steps)
"""

import math

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer

from ._rates import current_rates


class LinearLR(LRScheduler):
    """The learning rate's factor goes from start_factor to end_factor in a line; a drop-in for torch's LinearLR.

    Args:
        optimizer: Whose groups' ``lr`` is set; what they hold at the start is each group's base learning rate.
        start_factor: Factor on the base learning rate at step 0, in (0, 1].
        end_factor: Factor from step total_iters on, in [0, 1].
        total_iters: Steps from one to the other, >= 0.
        last_epoch: The last step that was taken; -1 begins anew, else every group must have its ``initial_lr``.

    Raises:
        ValueError: A factor or total_iters is out of its bounds.
        KeyError: last_epoch is given and a group has no ``initial_lr``.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            remedy = "each step multiplies the lr it finds, and 0 stays 0; for a start at 0 take warmup_cosine"
            raise ValueError(f"start_factor must be in (0, 1], got {start_factor}: {remedy}")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"end_factor must be in [0, 1], got {end_factor}: raise the optimizer's lr instead")
        if not total_iters >= 0:
            raise ValueError(f"total_iters must be >= 0, got {total_iters}: give the number of warm-up steps")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)  # takes the step to last_epoch + 1, hence last

    def _factor(self, t: int) -> float:
        done = min(t, self.total_iters) / self.total_iters if self.total_iters else 0.0
        return self.start_factor + (self.end_factor - self.start_factor) * done

    def get_lr(self) -> list[float | Tensor]:
        """The learning rates at ``last_epoch``, from those of the step before, so that other schedulers' factors stay."""
        rates, t = current_rates(self), self.last_epoch
        if t == 0:
            return [rate * self.start_factor for rate in rates]
        if self._is_initial or t > self.total_iters:
            return rates
        return [rate * (self._factor(t) / self._factor(t - 1)) for rate in rates]

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        """The formula itself; torch calls it where a step is given by its number, as in SequentialLR."""
        return [base * self._factor(self.last_epoch) for base in self.base_lrs]


class _WarmupCosine(LRScheduler):
    """Closed form, since no factor leads away from the 0 that it begins with."""

    def __init__(self, optimizer: Optimizer, warmup_steps: int, total_steps: int, min_lr: float, last_epoch: int) -> None:
        self.warmup_steps, self.total_steps, self.min_lr = warmup_steps, total_steps, min_lr
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        t, warmup = self.last_epoch, self.warmup_steps
        if t < warmup:
            return [base * (t / warmup) for base in self.base_lrs]
        share = (1 + math.cos(math.pi * (t - warmup) / max(1, self.total_steps - warmup))) / 2
        return [self.min_lr + (base - self.min_lr) * share for base in self.base_lrs]


def warmup_cosine(
    optimizer: Optimizer, warmup_steps: int, total_steps: int, min_lr: float = 0.0, last_epoch: int = -1
) -> LRScheduler:
    """A line from 0 to each group's base learning rate, then half a cosine down to min_lr.

    Args:
        optimizer: Whose groups' ``lr`` is set.
        warmup_steps: Steps of the line, >= 0; the first update has learning rate 0, as in transformers.
        total_steps: Steps of the whole run, > 0 and >= warmup_steps. Past them the cosine goes up again.
        min_lr: The learning rate at total_steps, >= 0, the same for all groups.
        last_epoch: The last step that was taken; -1 begins anew, else every group must have its ``initial_lr``.

    Returns:
        The scheduler; call its ``step`` after each of the optimizer's.

    Raises:
        ValueError: An argument is out of its bounds.
        KeyError: last_epoch is given and a group has no ``initial_lr``.

    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 3, with a cosine (arXiv:1608.03983, equation 5) after the line.
    """
    if not 0 <= warmup_steps <= total_steps:
        bounds = f"in [0, total_steps], got {warmup_steps} of {total_steps}"
        raise ValueError(f"warmup_steps must be {bounds}: total_steps counts the warm-up too")
    if not total_steps > 0:
        raise ValueError(f"total_steps must be > 0, got {total_steps}: give the number of steps of the whole run")
    if not min_lr >= 0:
        raise ValueError(f"min_lr must be >= 0, got {min_lr}: a negative learning rate climbs")
    return _WarmupCosine(optimizer, warmup_steps, total_steps, min_lr, last_epoch)
