"""The sandwich rule with in-place distillation: each update trains the largest, the smallest and some random sub-networks at once.

Yu et al., "BigNAS: Scaling Up Neural Architecture Search with Big Single-Stage Models", ECCV 2020, arXiv:2003.11142, section 3.1;
the rule is from Yu & Huang, "Universally Slimmable Networks and Improved Training Techniques", ICCV 2019, arXiv:1903.05134.

    largest    CE(f(x; W), y)                                      on the labels
    others     CE(f(x; W_a), stop_gradient(softmax f(x; W)))       on the largest one's answer to the same batch
    update     one step with the sum of all gradients

Every sub-network shares the largest one's weights, so the two ends of the range bound what lies between; and the teacher costs nothing,
since its forward pass is done anyway.
"""

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Elastic(Protocol):
    """A network of networks, such as an elastic or a slimmable one: `net(x, config)` are the logits of a sub-network."""

    max_subnet: Any
    min_subnet: Any

    def sample(self, generator: torch.Generator | None = None) -> Any:
        """A configuration at random."""

    def __call__(self, x: Tensor, config: Any) -> Tensor:
        """Logits (B, classes)."""


def sandwich_step(
    net: Elastic,
    x: Tensor,
    y: Tensor,
    optimizer: torch.optim.Optimizer,
    n_random: int = 2,
    distill: bool = True,
    generator: torch.Generator | None = None,
) -> float:
    """One update of an elastic network by the sandwich rule. Gradients from before are discarded.

    Args:
        net: The elastic network, in the mode in which it is to be trained; all its passes are in that mode.
        x: Images (B, ...).
        y: Labels (B,).
        optimizer: Over the network's parameters.
        n_random: How many sub-networks are drawn beside the largest and the smallest, >= 0.
        distill: Teach the smallest and the random ones by the largest one's probabilities; else by the labels.
        generator: For the draws, one `net.sample(generator)` for each.

    Returns:
        The largest network's loss on the labels, before the update.

    Raises:
        ValueError: n_random is negative.

    Source: Yu et al. 2020, arXiv:2003.11142, section 3.1, sandwich rule and in-place distillation.
    """
    if n_random < 0:
        raise ValueError(f"n_random must be >= 0, got {n_random}; 0 leaves the largest and the smallest")
    optimizer.zero_grad()
    logits = net(x, net.max_subnet)  # (B, classes)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    # Detached: the students must not pull their teacher towards themselves.
    target = logits.detach().softmax(-1) if distill else y
    for config in (net.min_subnet, *(net.sample(generator) for _ in range(n_random))):
        F.cross_entropy(net(x, config), target).backward()  # adds to the gradients that are there
    optimizer.step()
    return loss.item()
