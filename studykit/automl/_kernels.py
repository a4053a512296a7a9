"""What a Gaussian process is computed from: correlations, a Cholesky factor that does not fail, the marginal likelihood.

Rasmussen & Williams, "Gaussian Processes for Machine Learning", MIT Press 2006: equations 4.9 and 4.17 (kernels), 2.30 (likelihood).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

KERNELS = ("matern52", "rbf")
# Of hyper-parameters for inputs in the unit cube and values of variance 1: length scale, variance of the function, of the noise.
BOUNDS = ((0.05, 10.0), (0.05, 20.0), (1e-6, 1.0))
DRAWN = 64


def correlation(a: Tensor, b: Tensor, lengthscale: Tensor, kernel: str) -> Tensor:
    """The correlations (..., n, m) of points a (..., n, d) and b (..., m, d), with one length scale per dimension (..., d)."""
    a, b = a / lengthscale.unsqueeze(-2), b / lengthscale.unsqueeze(-2)
    squared = (a.unsqueeze(-2) - b.unsqueeze(-3)).square().sum(-1)  # (..., n, m)
    if kernel == "rbf":
        return (-0.5 * squared).exp()
    r = (5 * squared).clamp_min(1e-30).sqrt()  # the root has no gradient at 0
    return (1 + r + r.square() / 3) * (-r).exp()


def safe_cholesky(matrix: Tensor) -> Tensor:
    """The lower factor (..., n, n) of a covariance; where rounding has made it indefinite, with a growing jitter on the diagonal.

    Raises:
        ValueError: No jitter up to a hundredth of the diagonal helps.
    """
    diagonal = matrix.diagonal(dim1=-2, dim2=-1).detach().mean(-1)
    for share in (0.0, *(10.0**power for power in range(-12, -1))):
        eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
        factor, info = torch.linalg.cholesky_ex(matrix + (share * diagonal)[..., None, None] * eye)
        if not info.any():
            return factor
    raise ValueError(f"a covariance must be positive definite within a jitter of 0.01, got {matrix}; look for nan in the points")


def log_likelihood(x: Tensor, y: Tensor, logs: Tensor, kernel: str) -> Tensor:
    """Log p(y | x) of values y (n,) at points x (n, d), for each row of log hyper-parameters (..., d + 2)."""
    lengthscale, scale, noise = logs[..., :-2].exp(), logs[..., -2].exp(), logs[..., -1].exp()
    eye = torch.eye(len(x), dtype=x.dtype, device=x.device)
    covariance = scale[..., None, None] * correlation(x, x, lengthscale, kernel) + noise[..., None, None] * eye
    factor = safe_cholesky(covariance)
    white = torch.linalg.solve_triangular(factor, y[:, None].expand(*factor.shape[:-1], 1), upper=False).squeeze(-1)
    determinant = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return -0.5 * white.square().sum(-1) - determinant - 0.5 * len(x) * math.log(2 * math.pi)


def bounds_of(given: Sequence[Any], dimensions: int) -> tuple[Tensor, Tensor]:
    """Of the log hyper-parameters (d + 2,), from (length scale, scale, noise): equal for what is given, wide for what is None."""
    rows = [limits if value is None else (value, value) for value, limits in zip(given, BOUNDS, strict=True)]
    ends = [[torch.as_tensor(row[end], dtype=torch.float64).flatten() for row in rows] for end in (0, 1)]
    if ends[0][0].numel() not in (1, dimensions):
        raise ValueError(f"lengthscale must be 1 number or {dimensions}, one for each dimension, got {ends[0][0].numel()}")
    low, high = (torch.cat([each[0].expand(dimensions), each[1], each[2]]).log() for each in ends)
    return low, high


def most_likely(x: Tensor, y: Tensor, low: Tensor, high: Tensor, kernel: str, restarts: int, seed: int) -> Tensor:
    """The log hyper-parameters (d + 2,) between low and high that make y most likely.

    The best few of some draws are climbed from, each by L-BFGS; a sigmoid keeps them inside. Equal bounds hold one fixed.
    """
    rng = torch.Generator().manual_seed(seed)
    starts = 3 * torch.rand(DRAWN, len(low), dtype=torch.float64, generator=rng) - 1.5
    starts = torch.cat([torch.zeros(1, len(low), dtype=torch.float64), starts]).to(x)

    def inside(free: Tensor) -> Tensor:
        return low + (high - low) * free.sigmoid()

    with torch.no_grad():
        order = log_likelihood(x, y, inside(starts), kernel).argsort(descending=True)
    free = starts[order[:restarts]].clone().requires_grad_()  # all climb at once: their sum is at its top where each is
    optimizer = torch.optim.LBFGS([free], max_iter=20, tolerance_change=1e-6, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -log_likelihood(x, y, inside(free), kernel).sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimizer.step(closure)
    with torch.no_grad():
        logs = torch.cat([inside(free), inside(starts[order[:1]])])  # should a climb fail, its start
        return logs[log_likelihood(x, y, logs, kernel).nan_to_num(-math.inf).argmax()]
