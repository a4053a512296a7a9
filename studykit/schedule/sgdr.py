"""SGDR: cosine annealing in cycles; at the end of each the learning rate jumps back to its base, and the weights stay.

Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, arXiv:1608.03983, equation 5.

    lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2          0 <= T_cur < T_i

T_cur counts the steps since the last restart. The first cycle has T_i = T_0 steps, each one after it T_mult times as many as
the one before. eta_min itself is never taken at a whole step: step T_i is step 0 of the next cycle.
"""

import math

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import Optimizer


def cycle_at(t: float, T_0: int, T_mult: int = 1) -> tuple[float, int]:
    """Where step t lies: the steps since the last restart, and the length of the cycle.

    Args:
        t: The step, >= 0, which may be a fraction.
        T_0: Steps of the first cycle.
        T_mult: How many times as long each further cycle is.
    """
    if T_mult == 1:
        return t % T_0, T_0
    start, length = 0, T_0
    # In integers: the logarithm that solves the geometric series rounds, and can miss a restart by a whole cycle.
    while t >= start + length:
        start, length = start + length, length * T_mult
    return t - start, length


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing with warm restarts; a drop-in for torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.

    In one thing it is not torch's: made with a ``last_epoch`` and T_mult > 1, torch's is in the wrong place from step
    2 * T_0 on (pytorch issue 88791); this one goes on where the run was.

    Args:
        optimizer: Whose groups' ``lr`` is set; what they hold at the start is each group's base learning rate.
        T_0: Steps of the first cycle, an integer >= 1.
        T_mult: How many times as long each cycle is as the one before, an integer >= 1.
        eta_min: The learning rate that every cycle falls towards, >= 0, the same for all groups.
        last_epoch: The last step that was taken; -1 begins anew, else every group must have its ``initial_lr``.

    Raises:
        ValueError: T_0, T_mult or eta_min is out of its bounds.
        KeyError: last_epoch is given and a group has no ``initial_lr``.

    Source: Loshchilov & Hutter 2017, arXiv:1608.03983, equation 5.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if not (isinstance(T_0, int) and T_0 >= 1):
            raise ValueError(f"T_0 must be an integer >= 1, got {T_0}: give the steps up to the first restart")
        if not (isinstance(T_mult, int) and T_mult >= 1):
            raise ValueError(f"T_mult must be an integer >= 1, got {T_mult}: give 1 for cycles of equal length")
        if not (isinstance(eta_min, float | int) and eta_min >= 0):  # NaN fails too
            raise ValueError(f"eta_min must be a number >= 0, got {eta_min}: a negative learning rate climbs")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)  # takes the step to last_epoch + 1, hence last

    def get_lr(self) -> list[float | Tensor]:
        """The learning rates at ``T_cur``, from the base ones: what another scheduler did to them is overwritten."""
        share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go one step on, or to a given one.

        Args:
            epoch: The step to go to, >= 0; with T_0 in epochs, ``epoch + batch / batches`` moves on with every batch.

        Raises:
            ValueError: epoch is negative or not finite.
        """
        if epoch is not None:
            if not 0 <= epoch < math.inf:  # NaN fails too
                raise ValueError(f"epoch must be >= 0 and finite, got {epoch}: count from the start of the run")
            self.T_cur, self.T_i = cycle_at(epoch, self.T_0, self.T_mult)
            self._update_lr(math.floor(epoch))
            return
        if self._is_initial:
            self.T_cur, self.T_i = cycle_at(self.last_epoch + 1, self.T_0, self.T_mult)
        else:
            # From T_cur rather than from last_epoch, which has lost a fraction that `epoch` may have had.
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        self._update_lr()
