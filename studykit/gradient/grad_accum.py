"""Gradient accumulation: the gradients of several micro-batches are summed before one step, as if they were one batch.

Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, arXiv:1706.02677, section 3, on what has to be
divided by what; Hugging Face, "Fixing Gradient Accumulation", 2024, on token-level losses.

    L = sum over all elements of their losses / number of all elements              the large batch
      = sum over micro-batches k of (sum of the losses in k / N),   N = sum of n_k  its parts: each divided by N
    mean of means, (1/K) sum_k (sum of the losses in k / n_k), is the same only where all n_k are equal
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def accumulate(
    micro_batches: Iterable[Any],
    loss_sum: Callable[[Any], Tensor],
    count: Callable[[Any], int | Tensor],
) -> Tensor:
    """Add to ``.grad`` the gradient of the mean loss over all elements of all micro-batches; no step is made.

    Args:
        micro_batches: the parts of one batch, of any sizes; they are kept in a list, their graphs one at a time.
        loss_sum: a micro-batch to the *sum* of its elements' losses, a scalar with a graph.
        count: a micro-batch to the number of those elements: samples, or tokens that are no padding.

    Returns:
        The mean loss over all elements, without a graph.

    Raises:
        ValueError: there is no micro-batch, or no element in any of them; or a loss is no scalar.

    Source: Hugging Face blog 2024-10-16; Goyal et al. 2017, arXiv:1706.02677, section 3.
    """
    parts = list(micro_batches)
    total = sum(count(part) for part in parts)  # first: every part is divided by it
    if not total > 0:
        raise ValueError(
            f"elements must be > 0 in all, got {int(total)} in {len(parts)} micro-batches: nothing to average"
        )
    mean = torch.zeros(())
    for part in parts:
        loss = loss_sum(part)
        if loss.numel() != 1:
            raise ValueError(f"loss_sum must give a scalar, got shape {tuple(loss.shape)}: sum it over the elements")
        share = loss / total
        share.backward()  # frees this part's graph before the next one is built
        mean = mean.to(share.device) + share.detach()
    return mean


class GradientAccumulator:
    """Steps an optimizer after every ``steps`` micro-batches, with the mean gradient over all elements in them.

    For a loop that sees one micro-batch at a time: how many elements there are is known after the last one, so gradients of sums
    are gathered, and divided once, before the step.

    Args:
        optimizer: makes the steps; its gradients are clear when this is made, and are cleared after each step.
        steps: micro-batches per update, >= 1.
        before_step: called between the division and the step, such as to clip.

    Raises:
        ValueError: ``steps`` is out of its bounds.
    """

    def __init__(self, optimizer: Optimizer, steps: int, before_step: Callable[[], object] | None = None) -> None:
        if steps < 1:
            raise ValueError(f"steps must be >= 1, got {steps}: it is the number of micro-batches per update")
        self.optimizer, self.steps, self.before_step = optimizer, steps, before_step
        self.pending, self.elements = 0, 0

    def backward(self, loss_sum: Tensor, count: int | Tensor) -> bool:
        """Take in one micro-batch: the sum of its elements' losses, and their number; tells whether a step was made."""
        loss_sum.backward()
        self.pending, self.elements = self.pending + 1, self.elements + count
        return self.flush() if self.pending == self.steps else False

    def flush(self) -> bool:
        """Step with what has come in since the last step, such as at the end of an epoch; False where there is nothing."""
        stepped = bool(self.elements > 0)
        if stepped:
            for group in self.optimizer.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        param.grad.div_(self.elements)
            if self.before_step:
                self.before_step()
            self.optimizer.step()
        self.optimizer.zero_grad()
        self.pending, self.elements = 0, 0
        return stepped
