"""SimCLR: two random views of one image are to be near each other, and far from every other view in the batch; no label is read.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
arXiv:2002.05709, equation 1 and algorithm 1.

    l(i, j) = -log  exp(sim(z_i, z_j) / t) / sum over k != i of exp(sim(z_i, z_k) / t)        sim(u, v) = u · v / (|u| |v|)
    L       = 1 / (2N)  sum over k of  l(2k-1, 2k) + l(2k, 2k-1)                              N pairs, so 2N views
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def nt_xent(z1: Tensor, z2: Tensor, temperature: float | Tensor = 0.5) -> Tensor:
    """The normalised, temperature-scaled cross-entropy: each of the 2N views has to find its partner among the 2N - 1 others.

    Args:
        z1: Projections (N, D) of the first views, of any length; they are normalised here.
        z2: Projections (N, D) of the second views, in the same order.
        temperature: > 0; small ones make the nearest negatives count most.

    Returns:
        The mean over the 2N views, in nats; computed and given in float32 at least.

    Raises:
        ValueError: The shapes differ or are no (N, D), there is one pair only, an input is not floating, or the temperature is not > 0.

    Source: Chen et al. 2020, equation 1.
    """
    if z1.ndim != 2 or z1.shape != z2.shape:
        raise ValueError(f"z1 and z2 must have one shape (N, D), got {tuple(z1.shape)} and {tuple(z2.shape)}")
    if len(z1) < 2:
        raise ValueError(f"a batch must have N >= 2 pairs, got {len(z1)}; without a negative the loss is 0 whatever z is")
    if not (z1.is_floating_point() and z2.is_floating_point()):
        raise ValueError(f"z1 and z2 must be floating, got {z1.dtype} and {z2.dtype}; convert them with .float()")
    if not temperature > 0:
        raise ValueError(f"temperature must be > 0, got {float(temperature)}; the paper's are 0.1 to 1")
    # Under autocast the logits would be rounded to 8 bits, which is up to 0.06 at a logit of 20.
    with torch.autocast(z1.device.type, enabled=False):
        z = direction(torch.cat([z1, z2]))  # (2N, D)
        logits = z @ z.T / temperature  # (2N, 2N)
        logits = logits.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)  # no view is its own negative
        partner = torch.arange(len(z), device=z.device).roll(len(z1))  # of view i it is i + N, of i + N it is i
        return F.cross_entropy(logits, partner)


def direction(z: Tensor) -> Tensor:
    """Vectors (..., D) at length 1, in float32 at least; a zero vector stays zero, and its gradient stays finite.

    Divided by its largest entry first, a vector is at least 1 long unless it is zero: no square overflows or vanishes.
    """
    z = z.to(torch.promote_types(z.dtype, torch.float32))
    largest = z.detach().abs().amax(-1, keepdim=True)
    z = z / torch.where(largest > 0, largest, 1)
    return z / torch.linalg.vector_norm(z, dim=-1, keepdim=True).clamp_min(1)


class SimCLR(nn.Module):
    """An encoder with a projection head: the loss is taken behind the head, what is kept afterwards is before it.

    Args:
        encoder: A network whose `encode(x)`, or else whose call, gives features (B, width); of tokens (B, K, width) the first counts.
        width: Size of a feature vector, >= 1.
        projection: Size of a projection, >= 1.

    Raises:
        ValueError: A size is below 1.

    Source: Chen et al. 2020, section 2.1 (the head has one hidden layer as wide as the features).
    """

    def __init__(self, encoder: nn.Module, width: int, projection: int = 64) -> None:
        super().__init__()
        for name, size in {"width": width, "projection": projection}.items():
            if size < 1:
                raise ValueError(f"{name} must be >= 1, got {size}")
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, projection))

    def features(self, x: Tensor) -> Tensor:
        """What a probe or a fine-tuned layer reads (B, width), of samples (B, ...)."""
        found = getattr(self.encoder, "encode", self.encoder)(x)
        return found[:, 0] if found.ndim == 3 else found

    def forward(self, x: Tensor) -> Tensor:
        """Projections (B, projection), for the loss alone."""
        return self.head(self.features(x))

    def loss(self, one: Tensor, other: Tensor, temperature: float | Tensor = 0.5) -> Tensor:
        """`nt_xent` of two views (N, ...) of the same samples, which go through the network as one batch."""
        return nt_xent(*self(torch.cat([one, other])).chunk(2), temperature)
