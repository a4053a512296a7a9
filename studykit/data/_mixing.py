"""What mixup and CutMix share: the share that a picture keeps, whom it is paired with, and labels as probabilities."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def beta(alpha: float, generator: torch.Generator | None) -> float:
    """A number drawn from Beta(alpha, alpha).

    It is A / (A + B) for A, B from Gamma(alpha), and Gamma(alpha) = Gamma(alpha + 1) U^(1 / alpha): taken in logarithms, since
    for a small alpha both underflow. ``torch.distributions.Beta`` takes no generator.
    """
    device = generator.device if generator else "cpu"
    gammas = torch._standard_gamma(
        torch.full((2,), alpha + 1.0, dtype=torch.float64, device=device), generator=generator
    )
    uniform = 1 - torch.rand(2, dtype=torch.float64, device=device, generator=generator)  # in (0, 1]: its log is finite
    a, b = (gammas.log() + uniform.log() / alpha).tolist()
    return 1 / (1 + math.exp(min(b - a, 700)))


def partners(count: int, device: torch.device, generator: torch.Generator | None) -> Tensor:
    """A random order (count,) of a batch: whom each is mixed with."""
    return torch.randperm(count, generator=generator, device=generator.device if generator else "cpu").to(device)


def probabilities(x: Tensor, y: Tensor, num_classes: int | None) -> Tensor:
    """Labels as rows that sum to 1, (B, num_classes): indices one-hot, rows as they are."""
    if y.ndim == 2:
        return y if y.is_floating_point() else y.to(_at_least_float32(x))
    return F.one_hot(y.long(), num_classes).to(_at_least_float32(x))  # type: ignore[arg-type]


def _at_least_float32(x: Tensor) -> torch.dtype:
    # A weight of 0.93 would be 0.9297 in bfloat16.
    return torch.promote_types(x.dtype, torch.float32) if x.is_floating_point() else torch.float32


def check(x: Tensor, y: Tensor, num_classes: int | None, alpha: float) -> None:
    """Refuse what can't be mixed.

    Raises:
        ValueError: An argument is out of its bounds, or the shapes do not fit.
        IndexError: A label is no class (checked on the CPU only: a GPU would have to wait for the answer).
    """
    check_settings(num_classes, alpha)
    if y.ndim not in (1, 2) or (y.ndim == 1 and y.is_floating_point()):
        kind = "" if y.ndim != 1 else f" of {y.dtype}"
        raise ValueError(f"y must be indices (B,) or probabilities (B, num_classes), got {tuple(y.shape)}{kind}")
    if x.ndim == 0 or len(x) != len(y):
        raise ValueError(f"x and y must have as many samples, got shapes {tuple(x.shape)} and {tuple(y.shape)}")
    if y.ndim == 2 and num_classes not in (None, y.shape[1]):
        raise ValueError(
            f"probabilities must be (B, {num_classes}), got {tuple(y.shape)}: num_classes is {num_classes}"
        )
    if y.ndim == 1 and num_classes is None:
        raise ValueError("num_classes must be given for indices, got None: pass the number of classes")
    if y.ndim == 1 and y.device.type == "cpu":
        wrong = y[(y < 0) | (y >= num_classes)]  # type: ignore[operator]
        if wrong.numel():
            raise IndexError(f"an index must be in [0, {num_classes - 1}], got {wrong[0]}: raise num_classes?")  # type: ignore[operator]


def check_settings(num_classes: int | None, alpha: float) -> None:
    """Refuse what no batch can be mixed by."""
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha must be > 0 and finite, got {alpha}: leave the mixing out for none at all")
    if num_classes is not None and num_classes < 1:
        raise ValueError(f"num_classes must be >= 1, got {num_classes}: give the number of classes")
