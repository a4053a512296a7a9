"""CutMix: paste a box of one picture into another; the label's weight is the area that was truly pasted.

Yun, Han, Oh, Chun, Choe & Yoo, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV
2019, arXiv:1905.04899, equations (1) and (2).

    lambda ~ Beta(alpha, alpha)                           one number for the batch; alpha = 1 in the paper: uniform
    box: height H sqrt(1 - lambda), width W sqrt(1 - lambda), so that its area is a share of 1 - lambda,
         its centre uniform over the picture, cut off at the border
    x~ = x_i outside the box, x_j inside                  j: a random permutation of the batch
    lambda <- 1 - (area of the box as it was cut) / (H W)
    y~ = lambda * y_i + (1 - lambda) * y_j

The last line but one is what is forgotten: a box that sticks out, or is rounded to whole pixels, covers less than 1 - lambda.
As in the paper's code and in torchvision, half a side is rounded down and the centre is a whole pixel.
"""

import math

import torch
from torch import Tensor, nn

from ._mixing import beta, check, check_settings, partners, probabilities


def cutmix(
    x: Tensor, y: Tensor, num_classes: int | None, alpha: float = 1.0, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Paste into each picture of a batch the same box of another picture of it.

    Args:
        x: (B, ..., H, W), of any dtype, bytes too.
        y: Class indices (B,), or probabilities (B, num_classes).
        num_classes: Number of classes; None where y has probabilities.
        alpha: Of Beta(alpha, alpha), > 0.
        generator: Where lambda, box and pairs are drawn from; None is torch's global one.

    Returns:
        The pictures, of x's shape and dtype, and labels (B, num_classes); both are new tensors. Indices become float32, or
        float64 where x is.

    Raises:
        ValueError: An argument is out of its bounds, or the shapes do not fit.
        IndexError: An index is no class.

    Source: Yun et al. 2019, arXiv:1905.04899, equations (1) and (2).
    """
    check(x, y, num_classes, alpha)
    if x.ndim < 3 or 0 in x.shape[-2:]:
        raise ValueError(f"x must be pictures (B, ..., H, W), got {tuple(x.shape)}: a box needs height and width")
    height, width = x.shape[-2:]
    top, bottom, left, right = box(height, width, beta(alpha, generator), generator)
    order = partners(len(x), x.device, generator)  # (B,)
    pasted = x.clone()
    pasted[..., top:bottom, left:right] = x[order, ..., top:bottom, left:right]
    lam = 1 - (bottom - top) * (right - left) / (height * width)  # the true area, not the one that was drawn
    y = probabilities(x, y, num_classes)  # (B, num_classes)
    return pasted, lam * y + (1 - lam) * y[order.to(y.device)]


def box(height: int, width: int, lam: float, generator: torch.Generator | None = None) -> tuple[int, int, int, int]:
    """The box for a lambda, cut off at the border.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture.
        lam: The share of the picture that is to be left, in [0, 1].
        generator: Where the centre is drawn from.

    Returns:
        First row and the one after the last, first column and the one after the last.

    Source: Yun et al. 2019, arXiv:1905.04899, equation (2).
    """
    device = generator.device if generator else "cpu"
    edges = []
    for side in (height, width):
        half = int(0.5 * side * math.sqrt(1 - lam))
        centre = int(torch.randint(side, (), generator=generator, device=device))
        edges += [max(centre - half, 0), min(centre + half, side)]
    top, bottom, left, right = edges
    return top, bottom, left, right


class CutMix(nn.Module):
    """``cutmix`` as a transform of batches, called on (x, y); named and spelled as ``torchvision.transforms.v2.CutMix``.

    Args:
        alpha: Of Beta(alpha, alpha), > 0.
        num_classes: Needed where labels are indices.
        generator: Where it draws from; None is torch's global one. torchvision has no such argument.
    """

    def __init__(
        self, *, alpha: float = 1.0, num_classes: int | None = None, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        check_settings(num_classes, alpha)
        self.alpha, self.num_classes, self.generator = float(alpha), num_classes, generator

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The pictures (B, ..., H, W) with boxes pasted, and their labels (B, num_classes)."""
        return cutmix(x, y, self.num_classes, self.alpha, self.generator)

    def extra_repr(self) -> str:
        """The settings, for ``print``."""
        return f"alpha={self.alpha}, num_classes={self.num_classes}"
