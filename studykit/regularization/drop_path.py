"""DropPath, also called stochastic depth: in training drop whole residual branches, each for some samples only.

Huang, Sun, Liu, Sedra & Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016, arXiv:1603.09382, sections 3 and 4,
drop a branch for a whole mini-batch, and scale branches at test time. Here it is as in timm and as everyone runs it: anew for
each sample, and scaled in training, so that evaluation needs nothing.

    training    y_i = x_i * m_i / (1 - p)     m_i ~ Bernoulli(1 - p), one for each sample i; block: h + y
    evaluation  y = x                         E[y] = x
    rates       p_l = rate * l / (L - 1)      for branches l = 0 ... L - 1: early ones are kept

With L branches, sum(1 - p_l) are expected to be run: for linear rates (1 - rate / 2) * L.
"""

import torch
from torch import Tensor, nn


def drop_path(x: Tensor, drop_prob: float = 0.0, training: bool = True, scale_by_keep: bool = True) -> Tensor:
    """Zero whole samples of a residual branch's output at random.

    Args:
        x: what the branch gave, (B, ...), floating point; the sum with the stream comes after.
        drop_prob: probability that a sample's branch is dropped, in [0, 1].
        training: whether anything is dropped at all.
        scale_by_keep: divide what is kept by 1 - drop_prob, so that the expectation stays.

    Returns:
        A tensor of x's shape and type; ``x`` itself where nothing is to be done.

    Raises:
        ValueError: drop_prob is out of [0, 1], or x has no dimension of samples.

    Source: Huang et al. 2016, arXiv:1603.09382, section 3; timm, layers/drop.py.
    """
    _check(drop_prob)
    if drop_prob == 0 or not training:
        return x
    if x.ndim == 0:
        raise ValueError("x must have a dimension of samples, got a scalar: give a tensor of shape (B, ...)")
    keep = 1 - drop_prob
    mask = x.new_empty(len(x), *[1] * (x.ndim - 1)).bernoulli_(keep)  # (B, 1, ..., 1)
    if scale_by_keep and keep > 0:  # 0 / 0 otherwise
        mask /= keep
    return x * mask


def _check(drop_prob: float) -> None:
    if not 0 <= drop_prob <= 1:  # NaN too
        raise ValueError(f"drop_prob must be in [0, 1], got {drop_prob}: it is the share that is dropped, such as 0.1")


class DropPath(nn.Module):
    """The last layer of a residual branch: ``x + drop_path(branch(x))``. It drops in training mode only.

    Args:
        drop_prob: probability that a sample's branch is dropped, in [0, 1].
        scale_by_keep: divide what is kept by 1 - drop_prob.

    Raises:
        ValueError: drop_prob is out of [0, 1].

    Source: Huang et al. 2016, arXiv:1603.09382, section 3; timm, layers/drop.py.
    """

    def __init__(self, drop_prob: float = 0.0, scale_by_keep: bool = True) -> None:
        super().__init__()
        _check(drop_prob)
        self.drop_prob, self.scale_by_keep = drop_prob, scale_by_keep

    def forward(self, x: Tensor) -> Tensor:
        """The branch's output (B, ...), samples dropped while ``self.training``."""
        return drop_path(x, self.drop_prob, self.training, self.scale_by_keep)

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return f"drop_prob={self.drop_prob}"


def linear_rates(rate: float, depth: int) -> list[float]:
    """A drop_prob for each branch, from 0 for the first to ``rate`` for the last.

    Args:
        rate: of the last branch, in [0, 1].
        depth: number of branches, >= 1.

    Returns:
        ``depth`` probabilities; a single branch gets 0.

    Raises:
        ValueError: rate or depth is out of its bounds.

    Source: Huang et al. 2016, arXiv:1603.09382, section 4 (there the first of L branches has rate / L); timm's rates.
    """
    _check(rate)
    if depth < 1:
        raise ValueError(f"depth must be >= 1, got {depth}: it is the number of residual branches")
    return torch.linspace(0, rate, depth, dtype=torch.float64).tolist()
