"""Instance normalisation: bring every channel of every single image to mean 0 and variance 1, so that its contrast is gone.

Ulyanov, Vedaldi & Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016, arXiv:1607.08022,
equation 2.

    mean, var   over the positions of one channel of one image, H * W values; var divides by their number
    y = weight_c * (x - mean) / sqrt(var + eps) + bias_c          weight and bias only where affine

Training and evaluation are the same, unless running statistics are kept: then evaluation uses those, averaged over images.
"""

import torch
from torch import Tensor, nn


def normalise(x: Tensor, mean: Tensor, var: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """Standardise x (B, C, H, W) by mean and var (B or 1, C, 1, 1), then scale and shift it by weight and bias (C,)."""
    y = (x - mean) * (var + eps).rsqrt()
    if weight is not None:
        y = y * weight.view(-1, 1, 1)
    return y if bias is None else y + bias.view(-1, 1, 1)


class InstanceNorm2d(nn.Module):
    """Instance normalisation of (B, C, H, W) or (C, H, W); a drop-in for ``torch.nn.InstanceNorm2d``.

    Args:
        num_features: Channels C.
        eps: Added to the variance; with 0 a constant channel has no output.
        momentum: Share of the new batch in the running statistics, in [0, 1]; None, as in torch, leaves them as they are.
        affine: Learn ``weight`` and ``bias`` of each channel.
        track_running_stats: Keep running statistics, which evaluation then uses instead of the image's own.
        device: Where the state lives.
        dtype: Of parameters and running statistics.
        bias: Learn the shift too, where affine.

    Raises:
        ValueError: momentum is out of its bounds; in ``forward``: the shape does not fit, or there is 1 value to a channel.

    Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022, equation 2.
    """

    _version = 2  # of the state: torch asks for num_batches_tracked from version 2 on

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
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
        """The normalised x, of its shape and dtype; where statistics are tracked, training updates them."""
        self._check(x)
        images = x if x.ndim == 4 else x[None]  # (B, C, H, W)
        half = x.dtype in (torch.float16, torch.bfloat16)
        wide = images.float() if half else images  # sums of many halves lose too much
        if self.training or not self.track_running_stats:
            mean = wide.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
            var = (wide - mean).square().mean((2, 3), keepdim=True)  # (B, C, 1, 1), biased
            if self.running_mean is not None:  # also where tracking was switched off afterwards, as in torch
                self._track(mean.detach(), var.detach(), x.shape[-1] * x.shape[-2])
        else:
            mean, var = (each.view(1, -1, 1, 1) for each in (self.running_mean, self.running_var))
        return normalise(wide, mean, var, self.weight, self.bias, self.eps).to(x.dtype).view_as(x)

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, count: int) -> None:
        share = 0.0 if self.momentum is None else self.momentum
        unbiased = var * count / (count - 1)
        for running, new in ((self.running_mean, mean), (self.running_var, unbiased)):
            running.mul_(1 - share).add_(
                (share * new.mean((0, 2, 3))).to(running.dtype)
            )  # in place: the state dict shares it

    def _check(self, x: Tensor) -> None:
        if x.ndim not in (3, 4):
            raise ValueError(
                f"InstanceNorm2d takes 3D or 4D input, got {tuple(x.shape)}: give (B, C, H, W) or (C, H, W)"
            )
        if x.shape[-3] != self.num_features and (self.affine or self.track_running_stats):
            raise ValueError(f"x must have {self.num_features} channels, got {tuple(x.shape)}: see num_features")
        own = self.training or not self.track_running_stats
        if own and x.shape[-1] * x.shape[-2] == 1:
            raise ValueError(
                f"a channel needs more than 1 position, got {tuple(x.shape)}: normalise before pooling to 1 x 1"
            )

    def extra_repr(self) -> str:
        """The settings, for ``print``."""
        settings = f"eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
        settings += f", bias={self.bias is not None}"
        return f"{self.num_features}, {settings}, track_running_stats={self.track_running_stats}"
