"""Cosine annealing: the learning rate falls along half a cosine, slowly at both ends and fastest in the middle.

Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, arXiv:1608.03983, equation 5;
here as one cycle, without the restarts.

    lr_t = eta_min + (base_lr - eta_min) * (1 + cos(pi * t / T_max)) / 2          t = 0, 1, 2, ...

Like torch's, the scheduler takes that curve step by step, by the factor (lr_t - eta_min) / (lr_{t-1} - eta_min), so that
what another scheduler does to the learning rate is kept. Past T_max the curve goes up again: it is a cosine.
"""

import math

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer

from ._rates import current_rates


def cosine_share(t: float, T_max: float) -> float:
    """What is left of base_lr - eta_min at step t: 1 at t = 0, a half at T_max / 2, 0 at T_max.

    Args:
        t: The step.
        T_max: The step at which it is 0.
    """
    return (1 + math.cos(math.pi * t / T_max)) / 2


class CosineAnnealingLR(LRScheduler):
    """Cosine annealing without restarts; a drop-in for torch.optim.lr_scheduler.CosineAnnealingLR.

    Args:
        optimizer: Whose groups' ``lr`` is set; what they hold at the start is each group's base learning rate.
        T_max: Steps from the base learning rate down to eta_min, > 0: as many as the run has.
        eta_min: The learning rate at T_max, >= 0, the same for all groups.
        last_epoch: The last step that was taken; -1 begins anew, else every group must have its ``initial_lr``.

    Raises:
        ValueError: T_max or eta_min is out of its bounds.
        KeyError: last_epoch is given and a group has no ``initial_lr``.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if not T_max > 0:  # NaN fails too
            raise ValueError(f"T_max must be > 0, got {T_max}: give the number of steps of the whole run")
        if not eta_min >= 0:
            raise ValueError(f"eta_min must be >= 0, got {eta_min}: a negative learning rate climbs")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)  # takes the step to last_epoch + 1, hence last

    def get_lr(self) -> list[float | Tensor]:
        """The learning rates at ``last_epoch``, from those of the step before."""
        rates, t = current_rates(self), self.last_epoch
        if self._is_initial:
            return rates
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The step before stood at eta_min, and no factor leads away from there.
            first = 1 - cosine_share(1, self.T_max)
            return [rate + (base - self.eta_min) * first for rate, base in zip(rates, self.base_lrs, strict=True)]
        factor = cosine_share(t, self.T_max) / cosine_share(t - 1, self.T_max)
        return [self.eta_min + (rate - self.eta_min) * factor for rate in rates]

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        """The formula itself; torch calls it where a step is given by its number, as in SequentialLR."""
        share = cosine_share(self.last_epoch, self.T_max)
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]
