"""What experiments with few training samples share: the baseline that each has to beat, and a test split that is not as small."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn


class BestSoFar:
    """Early stopping: called after each update, it keeps the weights with the best validation score.

    Args:
        network: What is trained.
        score: Its score on validation data, the higher the better.
        every: Updates between two looks.
    """

    def __init__(self, network: nn.Module, score: Callable[[], float], every: int = 25) -> None:
        self.network, self.score, self.every = network, score, every
        self.updates, self.best = 0, float("-inf")
        self.weights: dict[str, Tensor] = {}

    def __call__(self) -> None:
        """Count an update, and look where it is time to."""
        self.updates += 1
        if self.updates % self.every:
            return
        found = self.score()
        self.network.train()  # to score is to evaluate
        if found > self.best:
            self.best = found
            self.weights = {name: each.detach().clone() for name, each in self.network.state_dict().items()}

    def restore(self) -> nn.Module:
        """The network with its best weights; as it stands where it was never looked at."""
        if self.weights:
            self.network.load_state_dict(self.weights)
        return self.network


def tested_on_the_rest(few: Any, whole: Any) -> Any:
    """A task whose test split has also what it leaves untouched of the training data, with right labels.

    Args:
        few: The task with few training samples, the first of `whole`.
        whole: The same task with all of them, from the same seed.
    """
    used = len(few.train[0])
    test = (torch.cat([own, more[used:]]) for own, more in zip(few.test, whole.train, strict=True))
    return replace(few, test=tuple(test))
