"""Dropout: in training set each unit to zero with probability p, and scale up what is left.

Hinton, Srivastava, Krizhevsky, Sutskever & Salakhutdinov, "Improving neural networks by preventing co-adaptation of
feature detectors", 2012, arXiv:1207.0580; Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, "Dropout: A Simple
Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014, sections 4 and 10 (the scaling in training).

    training    y = x * m / (1 - p)      m ~ Bernoulli(1 - p), anew for each element and each call
    evaluation  y = x                    E[y] is x in training too, so nothing is left to do
    gradient    dL/dx = dL/dy * m / (1 - p)

This is the inverted form that everyone runs. The paper's first form leaves training unscaled and multiplies weights by
1 - p at test time. Note that p is the share that is dropped; in the paper it is the share that is kept.
"""

import torch
from torch import Tensor, nn


def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero elements of ``x`` at random; as ``F.dropout``, on the CPU with the very mask that it draws from a seed.

    Args:
        x: any shape, floating point.
        p: probability that an element becomes zero, in [0, 1].
        training: whether anything is dropped at all.
        inplace: write into ``x``.

    Returns:
        A tensor of x's shape, type and expectation; ``x`` itself where nothing is to be done.

    Raises:
        ValueError: p is out of [0, 1].

    Source: Srivastava et al. 2014, JMLR 15, sections 4 and 10.
    """
    _check(p)
    if p == 0 or not training:
        return x
    if p == 1:  # 0 / 0 otherwise
        return x.mul_(0) if inplace else x * 0
    mask = torch.empty_like(x).bernoulli_(1 - p).div_(1 - p)  # 0 or 1 / (1 - p), in x's type
    return x.mul_(mask) if inplace else x * mask


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}: it is the share of elements that is dropped, such as 0.1")


class Dropout(nn.Module):
    """Drops in training mode and does nothing in evaluation mode; a drop-in for ``nn.Dropout``.

    Args:
        p: probability that an element becomes zero, in [0, 1].
        inplace: write into the input.

    Raises:
        ValueError: p is out of [0, 1].

    Source: Srivastava et al. 2014, JMLR 15, sections 4 and 10.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        _check(p)
        self.p, self.inplace = p, inplace

    def forward(self, x: Tensor) -> Tensor:
        """The tensor x, of any shape, with elements dropped while ``self.training``."""
        return dropout(x, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return f"p={self.p}, inplace={self.inplace}"
