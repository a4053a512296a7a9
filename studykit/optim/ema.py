"""EMA: keep a second copy of the weights that follows them slowly, and use that copy.

The iterates of SGD at a constant learning rate hover around a minimum; their average lies closer to it than any of them.
Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control and Optimization 1992, average
all iterates with equal weights. The exponential form forgets the way to the minimum: Tarvainen & Valpola, "Mean teachers
are better role models", NeurIPS 2017, arXiv:1703.01780, section 2.

    average_1 <- weights_1                                          the first update copies
    average_t <- decay * average_{t-1} + (1 - decay) * weights_t

The weights of k updates ago count decay^k as much: the memory is about 1 / (1 - decay) updates long.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from ._averaging import counter, paired


def ema_update(average: Tensor, current: Tensor, *, decay: float) -> None:
    """One update of one weight, in place on ``average``.

    Args:
        average: the average, of any shape.
        current: the model's weight, of the same shape; left as it is.
        decay: what is kept of the average.
    """
    if average.is_floating_point() or average.is_complex():
        average.lerp_(current, 1 - decay)  # decay * average + (1 - decay) * current, and exact at decay = 0 and 1
    else:
        average.copy_(decay * average + (1 - decay) * current)  # whole numbers are cut off, as in torch


class EMA(nn.Module):
    """Exponential moving average of a model's weights, itself a model.

    State compatible with ``torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))``:
    ``module.*`` and ``n_averaged``. As there the decay is no part of the state, and the mode (train or eval) of ``module``
    is the one that the model had when it was copied: call ``ema.eval()`` before you evaluate.

    Args:
        model: what to average; it is deep-copied, so that nothing is shared with it.
        decay: what is kept of the average in one update, in [0, 1].

    Attributes:
        module: the averaged model.
        n_averaged: number of updates, a scalar tensor.

    Raises:
        ValueError: decay is out of its bounds; in ``update``: the model has other parameters or buffers.

    Source: Tarvainen & Valpola 2017, arXiv:1703.01780, section 2; PyTorch, torch.optim.swa_utils.
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        if not 0 <= decay <= 1:  # NaN fails too
            raise ValueError(f"decay must be in [0, 1], got {decay}: 0.999 remembers about 1000 updates")
        super().__init__()
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", counter(model))
        self.decay = decay

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*inputs, **keywords)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the model's weights in; call it after each step of the optimizer.

        Args:
            model: the model that is trained. Its buffers are copied, not averaged: they have averages of their own.
        """
        parameters, buffers = paired(self.module, model)
        first = bool(self.n_averaged == 0)  # until then module holds the initialisation, which must leave no trace
        for average, current in parameters:
            if first:
                average.copy_(current)
            else:
                ema_update(average, current, decay=self.decay)
        for buffer, current in buffers:
            buffer.copy_(current)
        self.n_averaged += 1
