"""mixup: train on blends of two samples, with labels blended by the same weight.

Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018, arXiv:1710.09412, equation (1) and
figure 1.

    lambda ~ Beta(alpha, alpha)                    one number for the batch, as in the paper's code
    x~ = lambda * x_i + (1 - lambda) * x_j         j: a random permutation of the batch
    y~ = lambda * y_i + (1 - lambda) * y_j         y one-hot, or already a distribution

alpha -> 0 leaves the samples alone (lambda is 0 or 1), alpha = 1 draws lambda uniformly, a great alpha blends half and half.
Whom a sample is mixed with differs between libraries: the paper permutes, torchvision rolls the batch by one, timm flips it.
Where the batch is shuffled the pairs are equally random; here it is the paper's, in which one sample of a batch, on average,
is mixed with itself.
"""

import torch
from torch import Tensor, nn

from ._mixing import beta, check, check_settings, partners, probabilities


def mixup(
    x: Tensor, y: Tensor, num_classes: int | None, alpha: float = 1.0, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Blend each sample of a batch with another one of it.

    Args:
        x: (B, ...), floating point: images, or whatever a weighted mean makes sense for.
        y: Class indices (B,), or probabilities (B, num_classes).
        num_classes: Number of classes; None where y has probabilities.
        alpha: Of Beta(alpha, alpha), > 0. The paper takes 0.1 to 0.4 on ImageNet and 1 on CIFAR.
        generator: Where lambda and the pairs are drawn from; None is torch's global one.

    Returns:
        x blended, of x's shape and dtype, and y blended, (B, num_classes); both are new tensors. Indices become float32, or
        float64 where x is.

    Raises:
        ValueError: An argument is out of its bounds, or the shapes do not fit.
        IndexError: An index is no class.

    Source: Zhang et al. 2018, arXiv:1710.09412, equation (1).
    """
    check(x, y, num_classes, alpha)
    if not x.is_floating_point():
        raise ValueError(f"x must be floating point, got {x.dtype}: bytes can't hold a blend, divide them by 255 first")
    lam = beta(alpha, generator)
    order = partners(len(x), x.device, generator)  # (B,)
    y = probabilities(x, y, num_classes)  # (B, num_classes)
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order.to(y.device)]


class MixUp(nn.Module):
    """``mixup`` as a transform of batches, called on (x, y); named and spelled as ``torchvision.transforms.v2.MixUp``.

    It goes after batching, on the device: ``for x, y in loader: x, y = mix(x, y)``. Not on validation or test data.

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
        """The batch (B, ...) blended, and its labels (B, num_classes)."""
        return mixup(x, y, self.num_classes, self.alpha, self.generator)

    def extra_repr(self) -> str:
        """The settings, for ``print``."""
        return f"alpha={self.alpha}, num_classes={self.num_classes}"
