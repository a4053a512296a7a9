"""Batch normalisation: bring every channel to mean 0 and variance 1 over the batch, then let it learn scale and shift.

Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training ...", ICML 2015, arXiv:1502.03167, Algorithms 1, 2.

    mean_c, var_c   over the batch and all positions, one pair for each channel c; var divides by their number m
    y = weight_c * (x - mean_c) / sqrt(var_c + eps) + bias_c
    running <- (1 - momentum) * running + momentum * batch's          the variance kept is the unbiased one, m / (m - 1)

In training the gradient also goes through mean and var. In evaluation the running values are constants: an affine map.
"""

import torch
from torch import Tensor, nn


def normalise(x: Tensor, mean: Tensor, var: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """Standardise each channel of x (B, C, ...), then scale and shift it; mean, var, weight and bias are (C,)."""
    scale = (var + eps).rsqrt()
    if weight is not None:
        scale = scale * weight
    per_channel = (-1, *[1] * (x.ndim - 2))  # (C, 1, ...) beside (B, C, ...)
    y = (x - mean.view(per_channel)) * scale.view(per_channel)
    return y if bias is None else y + bias.view(per_channel)


class BatchNorm1d(nn.Module):
    """Batch normalisation of (B, C) or (B, C, L); a drop-in for ``torch.nn.BatchNorm1d``.

    Args:
        num_features: Channels C.
        eps: Added to the variance, > 0 in training.
        momentum: Share of the new batch in the running statistics, in [0, 1]; None averages all batches alike.
        affine: Learn ``weight`` and ``bias`` of each channel.
        track_running_stats: Keep running statistics; without them evaluation uses the batch's too.
        device: Where the state lives.
        dtype: Of parameters and running statistics.
        bias: Learn the shift too, where affine.

    Raises:
        ValueError: An argument is out of its bounds; in ``forward``: the shape does not fit, or there is 1 value to a channel.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2.
    """

    _version = 2  # of the state: torch asks for num_batches_tracked from version 2 on
    dims: tuple[int, ...] = (2, 3)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1], got {momentum}: it is the new batch's share, or None")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        ones, zeros = (make(num_features, device=device, dtype=dtype) for make in (torch.ones, torch.zeros))
        self.register_parameter("weight", nn.Parameter(ones) if affine else None)
        self.register_parameter("bias", nn.Parameter(zeros) if affine and bias else None)
        self.register_buffer("running_mean", zeros.clone() if track_running_stats else None)
        self.register_buffer("running_var", ones.clone() if track_running_stats else None)
        counted = torch.zeros((), dtype=torch.long, device=device) if track_running_stats else None
        self.register_buffer("num_batches_tracked", counted)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised batch, of x's shape and dtype; in training the running statistics take it in."""
        self._check(x)
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # sums of many halves lose too much
        mean, var = self.running_mean, self.running_var
        if self.training or mean is None:
            over = [dim for dim in range(x.ndim) if dim != 1]
            mean = wide.mean(over)  # (C,)
            var = (wide - mean.view(-1, *[1] * (x.ndim - 2))).square().mean(over)  # (C,), biased
            if self.training and self.track_running_stats:
                self._track(mean.detach(), var.detach(), x.numel() // x.shape[1])
        return normalise(wide, mean, var, self.weight, self.bias, self.eps).to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, count: int) -> None:
        self.num_batches_tracked.add_(1)
        # Without a momentum every batch counts alike: the n-th one has a share of 1 / n.
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        unbiased = var * count / (count - 1)
        for running, new in ((self.running_mean, mean), (self.running_var, unbiased)):
            running.mul_(1 - share).add_((share * new).to(running.dtype))  # in place: the state dict shares it

    def _check(self, x: Tensor) -> None:
        if x.ndim not in self.dims:
            wanted = " or ".join(f"{dim}D" for dim in self.dims)
            raise ValueError(f"{type(self).__name__} takes {wanted} input, got {tuple(x.shape)}: give (B, C, ...)")
        sized = self.weight if self.running_mean is None else self.running_mean
        if sized is not None and x.shape[1] != len(sized):
            raise ValueError(f"x must have {len(sized)} channels in dimension 1, got {tuple(x.shape)}: see num_features")
        if self.training or self.running_mean is None:
            if x.numel() == x.shape[1]:
                raise ValueError(f"a channel needs more than 1 value in training, got {tuple(x.shape)}: enlarge the batch")
            if self.eps <= 0:
                raise ValueError(f"eps must be > 0 in training, got {self.eps}: a channel may be constant, give 1e-5")

    def extra_repr(self) -> str:
        """The settings, for ``print``."""
        settings = f"eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
        return f"{self.num_features}, {settings}, track_running_stats={self.track_running_stats}"


class BatchNorm2d(BatchNorm1d):
    """``BatchNorm1d`` for images (B, C, H, W). Args: as there."""

    dims = (4,)
