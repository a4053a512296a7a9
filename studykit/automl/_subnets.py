"""What is done with the sub-networks of a trained elastic network: fresh norms, a predictor of their accuracy, a search within a budget."""

import itertools
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._elastic import Config, Space

FEW = 5_000  # of so many configurations all are looked at; of more, some


def calibrated(network: nn.Module, x: Tensor, batch_size: int = 256) -> nn.Module:
    """Give a network running statistics of its own: a plain mean over batches of these images; returns it, in eval mode.

    The running statistics of a shared norm are a blend of all that was sampled, and right for none.

    Args:
        network: A stand-alone sub-network; its norms are changed.
        x: Training images.
        batch_size: Images at once.

    Source: Yu & Huang 2019, arXiv:1903.05134, post-statistics of batch norm; Cai et al. 2020 and Yu et al. 2020 do the same.
    """
    with torch.no_grad():
        torch.optim.swa_utils.update_bn(x.split(batch_size), network)
    return network.eval()


class AccuracyPredictor:
    """A small network that tells the accuracy of a sub-network from its configuration; most have never been measured.

    Args:
        space: What configurations there are.
        width: Hidden units.
        steps: Updates of Adam on all measurements at once.
        seed: Of its initialisation.

    Source: Cai et al. 2020, arXiv:1908.09791, section 3.4: three layers, fitted to 16,000 measurements.
    """

    def __init__(self, space: Space, width: int = 64, steps: int = 200, seed: int = 0) -> None:
        self.space, self.width, self.steps, self.seed = space, width, steps, seed

    def fit(self, configs: Sequence[Config], accuracies: Sequence[float]) -> "AccuracyPredictor":
        """Learn from measured accuracies; returns itself."""
        if len(configs) != len(accuracies) or len(configs) < 2:
            raise ValueError(f"fit needs as many accuracies as configurations, >= 2, got {len(accuracies)} for {len(configs)}")
        x = torch.stack([self.space.encode(each) for each in configs])
        y = torch.tensor(accuracies, dtype=torch.float32)
        self.shift, self.spread = y.mean(), y.std().clamp_min(1e-6)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.layers = nn.Sequential(
                nn.Linear(x.shape[1], self.width), nn.ReLU(), nn.Linear(self.width, self.width), nn.ReLU(), nn.Linear(self.width, 1)
            )
        optimizer = torch.optim.Adam(self.layers.parameters(), 1e-2, weight_decay=1e-3)
        for _ in range(self.steps):
            optimizer.zero_grad()
            F.mse_loss(self.layers(x).squeeze(1), (y - self.shift) / self.spread).backward()
            optimizer.step()
        return self

    @torch.no_grad()
    def predict(self, configs: Sequence[Config]) -> list[float]:
        """The accuracies to be expected, in the unit of those it was fitted to."""
        x = torch.stack([self.space.encode(each) for each in configs])
        return (self.layers(x).squeeze(1) * self.spread + self.shift).tolist()


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's: the correlation of the ranks, of which equal values share the mean."""
    a, b = (torch.tensor(each, dtype=torch.float64) for each in (one, other))
    ranks = [((each[:, None] > each).double() + 0.5 * (each[:, None] == each)).sum(1) for each in (a, b)]
    return float(torch.corrcoef(torch.stack(ranks))[0, 1])


def search(
    space: Space,
    score: Callable[[Sequence[Config]], Sequence[float]],
    cost: Callable[[Config], float],
    budget: float,
    *,
    population: int = 50,
    generations: int = 20,
    exhaustive: bool | None = None,
    generator: torch.Generator | None = None,
) -> Config:
    """The configuration of the greatest score among those that cost no more than the budget.

    Args:
        space: What there is.
        score: Scores of many configurations, such as `AccuracyPredictor.predict`.
        cost: Of one, such as `ElasticNet.macs`.
        budget: The greatest cost.
        population: How many live at once; a quarter are parents.
        generations: How often they are replaced.
        exhaustive: Look at all; by default where there are no more than 5,000.
        generator: For evolution.

    Raises:
        ValueError: Nothing fits the budget, or the numbers leave nothing to evolve.

    Source: Real et al. 2019, arXiv:1802.01548; Cai et al. 2020, arXiv:1908.09791, section 3.4.
    """
    if population < 4 or generations < 1:
        raise ValueError(f"population must be >= 4 and generations >= 1, got {population} and {generations}")
    if cost(space.smallest) > budget:
        raise ValueError(f"budget must be >= {cost(space.smallest):g}, what the smallest costs, got {budget:g}")
    if exhaustive is None:
        exhaustive = space.count <= FEW
    if exhaustive:
        fitting = [each for each in space.configs() if cost(each) <= budget]
        return max(zip(score(fitting), fitting, strict=True))[1]

    def first(make: Callable[[], Config]) -> Config:
        # After so many tries that cost too much, the smallest always fits.
        return next((each for each in (make() for _ in range(100)) if cost(each) <= budget), space.smallest)

    alive = [first(lambda: space.sample(generator)) for _ in range(population)]
    for _ in range(generations):
        parents = [each for _, each in sorted(zip(score(alive), alive, strict=True), reverse=True)[: population // 4]]
        half = (population - len(parents)) // 2
        mutated = [first(lambda each=each: space.mutate(each, generator)) for each in itertools.islice(itertools.cycle(parents), half)]
        crossed = [first(lambda pair=parents: space.cross(pair, generator)) for _ in range(population - len(parents) - half)]
        alive = parents + mutated + crossed
    return max(zip(score(alive), alive, strict=True))[1]
