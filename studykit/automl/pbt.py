"""Population-based training: a population trains side by side; now and then the worst copy the best and change the hyper-parameters a little.

Jaderberg et al., "Population Based Training of Neural Networks", 2017, arXiv:1711.09846, algorithm 1; here in step, not asynchronous.

    exploit   a member among the worst takes weights and hyper-parameters of one among the best     (truncation selection)
    explore   h <- h * factor, factor drawn from {0.8, 1.2} for each h; now and then h is drawn anew from the search space

What is found is a schedule of hyper-parameters, read off the winner's line of ancestors, and weights that were trained along it.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch

from ._pbt_moves import anew, drawn, explored, ranked, tournament
from ._space import Space

Setting = dict[str, Any]


def truncation(scores: Sequence[float], fraction: float, generator: torch.Generator | None = None) -> list[int]:
    """Whom each member copies, itself where it stays: the worst `fraction` one of the best `fraction`, drawn at random.

    Args:
        scores: One per member, higher is better; nan is the worst.
        fraction: Of the population, rounded to whole members, at least one and at most half of them.
        generator: Of the draws.
    """
    order, parents = ranked(scores), list(range(len(scores)))
    cut = min(max(1, round(fraction * len(order))), len(order) // 2)
    for member in order[:cut]:
        parents[member] = order[len(order) - cut + drawn(cut, generator)]
    return parents


EXPLOIT = {"truncation": truncation, "tournament": tournament}


def exploit_and_explore(
    scores: Sequence[float], weights: Sequence[Any], hyperparameters: Sequence[Mapping[str, Any]], fraction: float = 0.25,
    factors: Sequence[float] = (0.8, 1.2), generator: torch.Generator | None = None, *,
    select: Callable[..., list[int]] = truncation, explore: Callable[..., Setting] | None = None,
) -> tuple[list[Any], list[Setting], list[int]]:  # fmt: skip
    """One round: the worst members take a copy of a good one's weights, and its hyper-parameters, changed.

    Args:
        scores: One per member, n >= 2 of them; higher is better, nan is the worst.
        weights: What each member carries, such as a state dict with that of its optimizer; left as it is.
        hyperparameters: A mapping of numbers for each member, left as it is.
        fraction: How much of the population copies, and is copied from, > 0 and <= 0.5; rounded, at least one member.
        factors: Each copied hyper-parameter is multiplied by one of them, drawn for it alone; > 0.
        generator: Of the draws; by default torch's global one.
        select: `truncation` or `tournament`.
        explore: Called with hyper-parameters and generator, gives the changed ones; by default the factors.

    Returns:
        Weights, hyper-parameters, and for each member the one that it now descends from, itself where nothing changed.

    Raises:
        ValueError: The lengths differ, or an argument is out of its bounds.

    Source: Jaderberg et al. 2017, arXiv:1711.09846, algorithm 1, truncation selection with perturbation.
    """
    n = len(scores)
    if n < 2 or not n == len(weights) == len(hyperparameters):
        raise ValueError(f"scores, weights, hyperparameters must be of one length >= 2, got {n}, {len(weights)}, {len(hyperparameters)}")
    if not 0 < fraction <= 0.5:
        raise ValueError(f"fraction must be > 0 and <= 0.5, got {fraction}: the same member can't be among the worst and the best")
    if not factors or min(factors) <= 0:
        raise ValueError(f"factors must be > 0, at least 1 of them, got {factors}: such as (0.8, 1.2)")

    def perturbed(setting: Mapping[str, Any], generator: torch.Generator | None) -> Setting:
        return {name: value * factors[drawn(len(factors), generator)] for name, value in setting.items()}

    parents = select(scores, fraction, generator)
    copied = [deepcopy(weights[parent]) if parent != member else weights[member] for member, parent in enumerate(parents)]
    changed = [
        (explore or perturbed)(hyperparameters[parent], generator) if parent != member else dict(hyperparameters[member])
        for member, parent in enumerate(parents)
    ]
    return copied, changed, parents


class Round(NamedTuple):
    """One interval: whose weights each member started from, the setting that it trained with, and the score it reached."""

    parents: list[int]
    settings: list[Setting]
    scores: list[float]


class PopulationBasedTraining:
    """Trains a population and its hyper-parameters together. `step` trains all members once; `schedule` is what was found.

    Args:
        space: For each name a tuple of bounds, `(1e-5, 1e-1, "log")`, `(0.0, 1.0)`, `(1, 8)` for whole numbers, or a list of choices.
        population: Members, >= 2.
        interval: Steps from one exploit to the next, >= 1.
        exploit: `truncation` or `tournament`.
        fraction: As of `exploit_and_explore`.
        factors: Likewise; a number stays within its bounds, a whole one moves at least by 1, a choice only when drawn anew.
        resample: Probability that a hyper-parameter is drawn anew from the space instead.
        seed: What happens depends on it and on the scores, on nothing else.

    Attributes:
        settings: Of each member, drawn from the space; may be replaced before the first step.
        states: What `train` returned for each member; None at first.
        history: A `Round` for each step.

    Raises:
        ValueError: The space or an argument can't be used.

    Source: Jaderberg et al. 2017, arXiv:1711.09846, algorithm 1.
    """

    def __init__(
        self, space: Mapping[str, Any], *, population: int = 8, interval: int = 1, exploit: str = "truncation",
        fraction: float = 0.25, factors: Sequence[float] = (0.8, 1.2), resample: float = 0.25, seed: int = 0,
    ) -> None:  # fmt: skip
        for name, number, least in (("population", population, 2), ("interval", interval, 1)):
            if number < least:
                raise ValueError(f"{name} must be >= {least}, got {number}")
        if exploit not in EXPLOIT:
            raise ValueError(f"exploit must be one of {', '.join(EXPLOIT)}, got {exploit!r}")
        if not 0 <= resample <= 1:
            raise ValueError(f"resample must be a probability, from 0 to 1, got {resample}")
        self.space, self.interval, self.resample, self.seed = Space(space), interval, resample, seed
        self.exploit, self.fraction, self.factors = EXPLOIT[exploit], fraction, tuple(factors)
        generator = torch.Generator().manual_seed(seed)
        self.settings = [anew(self.space, generator) for _ in range(population)]
        self.states: list[Any] = [None] * population
        self.history: list[Round] = []

    def step(self, train: Callable[[list[Any], list[Setting]], tuple[Sequence[Any], Sequence[float]]]) -> Round:
        """Exploit and explore if an interval is over, then train every member.

        Args:
            train: Called with the states (None at first) and settings of all members; returns their new states, which hold all
                that training goes on from, and their scores, higher is better. It may work on all at once, or in parallel.
        """
        parents = list(range(len(self.states)))
        if self.history and len(self.history) % self.interval == 0:
            self.states, self.settings, parents = exploit_and_explore(
                self.history[-1].scores, self.states, self.settings, self.fraction, self.factors,
                torch.Generator().manual_seed(100_003 * self.seed + len(self.history)), select=self.exploit,
                explore=lambda setting, generator: explored(self.space, setting, self.factors, self.resample, generator),
            )  # fmt: skip
        states, scores = train(self.states, [dict(setting) for setting in self.settings])
        if not len(states) == len(scores) == len(self.settings):
            raise ValueError(f"train must return {len(self.settings)} states and scores, got {len(states)} and {len(scores)}")
        self.states = list(states)
        self.history.append(Round(parents, self.settings, [float(score) for score in scores]))
        return self.history[-1]

    @property
    def best(self) -> int:
        """The member with the highest score in the last step."""
        return ranked(self.history[-1].scores)[-1]

    def lineage(self, member: int | None = None) -> list[int]:
        """In which member's place the weights of `member`, by default the best, were at each step."""
        place, line = self.best if member is None else member, []
        for each in reversed(self.history):
            line.append(place)
            place = each.parents[place]
        return line[::-1]

    def schedule(self, member: int | None = None) -> list[Setting]:
        """The settings that the weights of `member`, by default the best, were trained with, step by step."""
        return [dict(each.settings[place]) for each, place in zip(self.history, self.lineage(member), strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All that training goes on from, as if it had not been interrupted: a copy."""
        return deepcopy({"settings": self.settings, "states": self.states, "history": [tuple(each) for each in self.history]})

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what `state_dict` gave, with the same arguments and seed."""
        state = deepcopy(dict(state))
        self.settings, self.states = state["settings"], state["states"]
        self.history = [Round(*each) for each in state["history"]]
