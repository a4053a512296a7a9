"""Layer normalisation: bring each sample's, or each token's, own features to mean 0 and variance 1; no other sample enters.

Ba, Kiros & Hinton, "Layer Normalization", 2016, arXiv:1607.06450, equations 3 and 4. Zhang & Sennrich, "Root Mean Square Layer
Normalization", NeurIPS 2019, arXiv:1910.07467, equation 4.

    mean, var   over the last dimensions, those of normalized_shape; var divides by their number
    LayerNorm   y = weight * (x - mean) / sqrt(var + eps) + bias
    RMSNorm     y = weight * x / sqrt(mean(x^2) + eps)          no mean, no bias

Training and evaluation are the same, and there is nothing to keep between batches.
"""

import torch
from torch import Tensor, nn


def normalise(x: Tensor, shape: tuple[int, ...], eps: float, *, centre: bool) -> Tensor:
    """Divide by the root of the mean square over the last dimensions, after their mean is taken out where `centre`.

    Args:
        x: (..., *shape).
        shape: The dimensions that are averaged over.
        eps: Added to the mean square, below the root.
        centre: LayerNorm's way; RMSNorm leaves the mean in.

    Returns:
        Shaped as x, in at least float32.

    Raises:
        ValueError: x does not end in `shape`.
    """
    if tuple(x.shape[-len(shape) :]) != shape:
        raise ValueError(f"x must end in the dimensions {shape}, got {tuple(x.shape)}: see normalized_shape")
    over = tuple(range(-len(shape), 0))
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # squares of halves overflow
    if centre:
        wide = wide - wide.mean(over, keepdim=True)  # (..., 1)
    return wide * (wide.square().mean(over, keepdim=True) + eps).rsqrt()


def _sizes(normalized_shape: int | list[int] | tuple[int, ...] | torch.Size) -> tuple[int, ...]:
    sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not sizes:
        raise ValueError("normalized_shape must have a dimension, got (): give the size of the last one")
    return sizes


class LayerNorm(nn.Module):
    """Layer normalisation over the last dimensions; a drop-in for ``torch.nn.LayerNorm``.

    Args:
        normalized_shape: Size of the last dimension, or sizes of the last ones.
        eps: Added to the variance, > 0.
        elementwise_affine: Learn ``weight`` and ``bias``, both of normalized_shape.
        bias: Learn the shift too, where affine.
        device: Where the parameters live.
        dtype: Of the parameters.

    Raises:
        ValueError: normalized_shape is empty; in ``forward``: x does not end in it.

    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.
    """

    def __init__(
        self,
        normalized_shape: int | list[int] | tuple[int, ...] | torch.Size,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = _sizes(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        ones, zeros = (make(self.normalized_shape, device=device, dtype=dtype) for make in (torch.ones, torch.zeros))
        self.register_parameter("weight", nn.Parameter(ones) if elementwise_affine else None)
        self.register_parameter("bias", nn.Parameter(zeros) if elementwise_affine and bias else None)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised x (..., *normalized_shape), of its shape and dtype."""
        y = normalise(x, self.normalized_shape, self.eps, centre=True)
        if self.weight is not None:
            y = y * self.weight
        return (y if self.bias is None else y + self.bias).to(x.dtype)


class RMSNorm(nn.Module):
    """Division by the root mean square over the last dimensions; a drop-in for ``torch.nn.RMSNorm``.

    Args:
        normalized_shape: As in ``LayerNorm``.
        eps: Added to the mean square; None takes the machine epsilon of the precision that is computed in.
        elementwise_affine: Learn ``weight``.
        device: Where it lives.
        dtype: Of ``weight``.
    """

    def __init__(
        self,
        normalized_shape: int | list[int] | tuple[int, ...] | torch.Size,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _sizes(normalized_shape), eps, elementwise_affine
        ones = torch.ones(self.normalized_shape, device=device, dtype=dtype)
        self.register_parameter("weight", nn.Parameter(ones) if elementwise_affine else None)

    def forward(self, x: Tensor) -> Tensor:
        """The scaled x (..., *normalized_shape), of its shape and dtype."""
        wide = torch.float64 if x.dtype == torch.float64 else torch.float32
        eps = torch.finfo(wide).eps if self.eps is None else self.eps
        y = normalise(x, self.normalized_shape, eps, centre=False)
        return (y if self.weight is None else y * self.weight).to(x.dtype)
