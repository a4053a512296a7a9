"""SWA: the plain mean of weights gathered late in training, then batch-norm statistics made anew for that mean.

Izmailov, Podoprikhin, Garipov, Vetrov & Wilson, "Averaging Weights Leads to Wider Optima and Better Generalization",
UAI 2018, arXiv:1803.05407, Algorithm 1. Meanwhile the learning rate stays constant or goes in cycles.

    average <- (average * n + weights) / (n + 1)          n: weights gathered so far; the first are copied
    update_bn: one pass over the training data, running mean and variance = plain mean over its batches
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ._averaging import counter, paired


def swa_update(average: Tensor, current: Tensor, *, gathered: int) -> None:
    """One update of one weight, in place on ``average``.

    Args:
        average: mean of the weights so far, of any shape.
        current: the model's weight, of the same shape; left as it is.
        gathered: how many weights the mean holds already.
    """
    # The same as (average * n + current) / (n + 1), and average * n would not grow out of fp16's range.
    average.copy_(average + (current - average) / (gathered + 1))


class SWA(nn.Module):
    """Equal average of a model's weights, itself a model.

    State compatible with ``torch.optim.swa_utils.AveragedModel(model)``. As there ``module`` keeps the mode it was copied in.

    Args:
        model: what to average; it is deep-copied, so that nothing is shared with it.

    Attributes:
        module: the averaged model.
        n_averaged: number of weights in the mean, a scalar tensor.

    Raises:
        ValueError: in ``update``: the model has other parameters or buffers.

    Source: Izmailov et al. 2018, arXiv:1803.05407, Algorithm 1.
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", counter(model))

    def forward(self, *inputs: Any, **keywords: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*inputs, **keywords)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the model's weights into the mean; call it after a step, or at the end of each epoch or cycle.

        Args:
            model: the model that is trained. Its buffers are copied, not averaged; see ``update_bn``.
        """
        (parameters, buffers), gathered = paired(self.module, model), int(self.n_averaged)
        for average, current in parameters:
            if gathered == 0:  # module holds the initialisation, which is none of the weights to be averaged
                average.copy_(current)
            else:
                swa_update(average, current, gathered=gathered)
        for buffer, current in buffers:
            buffer.copy_(current)
        self.n_averaged += 1


@torch.no_grad()
def update_bn(loader: Iterable[Any], model: nn.Module, device: torch.device | int | str | None = None) -> None:
    """Make the running statistics of all batch norms anew, for weights that were averaged and never trained.

    Args:
        loader: batches of training data: tensors, lists or tuples that begin with one, or dicts, which ``model`` takes.
        model: the averaged model, or one that has it inside; without batch norm nothing is done.
        device: where batches are brought; by default they stay where they are.

    Raises:
        ValueError: the loader gives no batch, which leaves the statistics at 0 and 1.

    Source: PyTorch, torch.optim.swa_utils.update_bn; Izmailov et al. 2018, section 3.2.
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    modes, empty = {module: module.training for module in model.modules()}, True
    model.train()
    for norm in momenta:
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch's word for a plain mean over all batches
    try:
        for batch in loader:
            model(_inputs(batch, device))
            empty = False
    finally:
        for norm, momentum in momenta.items():
            norm.momentum = momentum
        for module, training in modes.items():
            module.training = training
    if empty:
        raise ValueError("loader must give at least one batch, got none: pass one that was not used up")


def _inputs(batch: Any, device: torch.device | int | str | None) -> Any:
    """What the model takes of a batch, on the device."""
    inputs = batch[0] if isinstance(batch, list | tuple) else batch
    if device is not None and isinstance(inputs, Mapping):
        return {name: value.to(device) if isinstance(value, Tensor) else value for name, value in inputs.items()}
    return inputs if device is None else inputs.to(device)
