"""What a round of exploit and explore is asked: where draws are free, only what holds for all of them is looked at."""

from copy import deepcopy
from typing import Any, NamedTuple

import torch

NAMES = ("lr", "weight_decay")


def members(n: int, seed: int) -> tuple[list[float], list[Any], list[dict[str, float]], torch.Generator]:
    """Scores, all different and some negative; states with model and optimizer; hyper-parameters; a generator."""
    rng = torch.Generator().manual_seed(seed)
    scores = (torch.randperm(n, generator=rng) - n // 3 + 0.5 * torch.rand((), generator=rng)).tolist()
    weights = [
        {
            "model": {"weight": torch.full((2,), float(member)), "bias": torch.full((1,), 100.0 + member)},
            "optimizer": {"state": {0: {"exp_avg": torch.full((2,), -1.0 - member)}}, "param_groups": [{"step": member}]},
        }
        for member in range(n)
    ]
    values = torch.rand(n, len(NAMES), generator=rng, dtype=torch.float64) + 0.5
    return scores, weights, [dict(zip(NAMES, row, strict=True)) for row in values.tolist()], rng


def seen(weights: Any) -> dict[str, Any]:
    """A population's states as lists of numbers."""
    return {
        "weights": [each["model"]["weight"].tolist() + each["model"]["bias"].tolist() for each in weights],
        "optimizer states": [
            [*each["optimizer"]["state"][0]["exp_avg"].tolist(), each["optimizer"]["param_groups"][0]["step"]] for each in weights
        ],
    }


def numbers(parents: Any) -> list[Any]:
    """The parents as whole numbers, whether they came as such or in a tensor; None stays."""
    return [each if each is None else int(each) for each in parents]


def listed(hyperparameters: Any) -> list[list[float]]:
    """The values of every member, in the order of the names."""
    return [[float(each[name]) for name in NAMES] for each in hyperparameters]


class Sure(NamedTuple):
    """One copies one, and there is one factor: nothing is left to chance.

    Args:
        n: Members.
        fraction: So small that one member is a share.
        factor: The only one.
    """

    n: int
    fraction: float
    factor: float = 1.5

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """All that comes back."""
        scores, weights, settings, rng = members(self.n, seed)
        given = {"given scores": scores, "given hyperparameters": listed(settings)}
        made, changed, parents = candidate(scores, weights, settings, self.fraction, (self.factor,), rng)
        return given | {"parents": numbers(parents)} | seen(made) | {"hyper-parameters": listed(changed)}


class Diverged(NamedTuple):
    """One score is nan: each of them in turn, since a sort may be right by chance."""

    n: int
    fraction: float

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Whom each member descends from."""
        scores, weights, settings, rng = members(self.n, seed)
        outputs: dict[str, Any] = {}
        for place in range(self.n):
            spoiled = [float("nan") if member == place else score for member, score in enumerate(scores)]
            parents = numbers(candidate(spoiled, weights, settings, self.fraction, (1.5,), rng)[2])
            outputs |= {f"given scores {place}": spoiled, f"parents where member {place} has nan": parents}
        return outputs


class Shares(NamedTuple):
    """Who copies, of how many, and whether from among the best."""

    n: int
    fraction: float

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The scores of those that copied, and the lowest score that was copied, over some rounds."""
        scores, weights, settings, rng = members(self.n, seed)
        copied, copied_from, kept = set(), set(), True
        for _ in range(20):
            made, changed, parents = candidate(scores, weights, settings, self.fraction, (1.0,), rng)
            parents = [member if each is None or each < 0 else each for member, each in enumerate(numbers(parents))]
            moved = [member for member in range(self.n) if parents[member] != member]
            copied |= {scores[member] for member in moved}
            copied_from |= {scores[parents[member]] for member in moved}
            kept &= all(made[member]["model"]["weight"][0] == parents[member] for member in range(self.n))
            kept &= all(changed[member] == settings[parents[member]] for member in range(self.n))
        told = {"given scores": scores, "given fraction": self.fraction, "scores that copied": sorted(copied)}
        told["lowest score that was copied"] = min(copied_from, default=None)
        return told | {"weights and hyper-parameters are those of the parents": kept}


class Draws(NamedTuple):
    """What is drawn, over many rounds: from the two best of six, with three factors.

    Args:
        defaults: Leave fraction, factors and generator at their defaults, with eight members.
    """

    defaults: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Which donors, factors and pairs of them occur."""
        n = 8 if self.defaults else 6
        scores, _, settings, rng = members(n, seed)
        more = () if self.defaults else (0.34, (0.5, 3.0, 7.0), rng)
        order = sorted(range(n), key=scores.__getitem__)
        donors, factors, both, apart, together = set(), set(), set(), set(), set()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for _ in range(150):
                _, changed, parents = candidate(scores, [{"model": member} for member in range(n)], settings, *more)
                parents = numbers(parents)
                ratios = [
                    tuple(round(changed[m][name] / settings[parents[m]][name], 6) for name in NAMES) for m in order[:2]
                ]
                donors.add(scores[parents[order[0]]])
                factors |= {ratio for each in ratios for ratio in each}
                both.add(ratios[0])
                apart.add(parents[order[0]] == parents[order[1]])
                together.add(ratios[0][0] == ratios[1][0])
        counts = {"pairs of factors of one member": len(both)} if len(factors) <= 9 else {}  # else drawn from an interval
        return {
            "scores that the worst copied": sorted(donors),
            "factors": sorted(factors)[:4],
            **counts,
            "whether two copies had the same parent": sorted(apart),
            "whether two copies had the same factor": sorted(together),
        }


class Apart(NamedTuple):
    """Whether a copy is a copy, and what was given is left as it was.

    Args:
        given: Look at what was given; else train the copies further in place, and look at the whole population.
    """

    given: bool

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The states."""
        scores, weights, settings, rng = members(4, seed)
        before = deepcopy(settings)
        made, _, parents = candidate(scores, weights, settings, 0.25, (1.5,), rng)
        if self.given:
            kept = {"the settings given are as before": settings == before, "scores": list(scores)}
            return {f"{name} given": value for name, value in seen(weights).items()} | kept
        for member, parent in enumerate(numbers(parents)):
            if parent not in (member, None, -1):
                made[member]["model"]["weight"].add_(1000)
                made[member]["optimizer"]["state"][0]["exp_avg"].add_(1000)
                made[member]["optimizer"]["param_groups"][0]["step"] += 1000
        return {f"{name} after the copy trained on": value for name, value in seen(made).items()}


class Seeded(NamedTuple):
    """Whether the draws are the generator's."""

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Twice the same, and torch's global generator as it was."""
        scores, weights, settings, _ = members(20, seed)
        before = torch.get_rng_state()
        one, other = (
            candidate(scores, weights, settings, 0.5, (0.8, 1.2), torch.Generator().manual_seed(seed))[1:] for _ in range(2)
        )
        untouched = bool(torch.equal(before, torch.get_rng_state()))
        torch.set_rng_state(before)
        same = listed(one[0]) == listed(other[0]) and numbers(one[1]) == numbers(other[1])
        return {"the same seed gives the same round": same, "the global generator is left alone": untouched}
