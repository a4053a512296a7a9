"""A network of networks that is small enough to be followed, for probes: a hidden layer of which the first units are active."""

import torch
from torch import Tensor, nn


class Slim(nn.Module):
    """Three inputs, 2 to 6 hidden units, four classes; it remembers who was run, and in which mode.

    Args:
        seed: Of the weights.
        normed: Whether the hidden units pass a batch norm.
    """

    max_subnet, min_subnet = 6, 2

    def __init__(self, seed: int, normed: bool = False) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(seed)
        self.hidden, self.out, self.spare = (nn.Parameter(torch.randn(*shape, generator=rng, dtype=torch.float64)) for shape in ((6, 3), (4, 6), (2,)))
        self.norm = nn.BatchNorm1d(6, dtype=torch.float64) if normed else None
        self.runs: list[tuple[int, bool]] = []
        self.drawn = 0

    def sample(self, generator: torch.Generator | None = None) -> int:
        """A width at random."""
        self.drawn += 1
        return 2 + int(torch.randint(5, (), generator=generator))

    def forward(self, x: Tensor, config: int) -> Tensor:
        """Logits (B, 4) with this many hidden units."""
        self.runs.append((config, self.training))
        hidden = (x @ self.hidden.T).tanh()
        if self.norm:
            hidden = self.norm(hidden)
        return hidden[:, :config] @ self.out[:, :config].T

    def weights(self) -> Tensor:
        """All that is shared, in one line."""
        return torch.cat([self.hidden.detach().flatten(), self.out.detach().flatten()])
