"""What the schedulers share besides their formulas."""

import warnings

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler


def current_rates(scheduler: LRScheduler) -> list[float | Tensor]:
    """The learning rate of every group as it stands; tensors as copies, since the optimizer writes into its own."""
    if not scheduler._get_lr_called_within_step:
        said = "get_lr computes the next learning rate, for `step` alone; the current one is in get_last_lr()"
        warnings.warn(said, UserWarning, stacklevel=3)
    rates = [group["lr"] for group in scheduler.optimizer.param_groups]
    return [rate.clone() if isinstance(rate, Tensor) else rate for rate in rates]
