"""Wrong ways to compute NT-Xent: one right computation, each deviating from it in one place."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def unit(z: Tensor) -> Tensor:
    return z / z.norm(dim=-1, keepdim=True)


def cosine(z: Tensor) -> Tensor:
    return z @ z.T


def divided(sim: Tensor, t: float) -> Tensor:
    return sim / t


def without_itself(logits: Tensor) -> Tensor:
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)


def halves(n: int) -> Tensor:
    return torch.cat([torch.arange(n, 2 * n), torch.arange(n)])


def safely(logits: Tensor, positive: Tensor) -> Tensor:
    return logits.logsumexp(1) - positive


def like(
    *,
    stacked: Callable[[Tensor, Tensor], Tensor] = lambda a, b: torch.cat([a, b]),
    length: Callable[[Tensor], Tensor] = unit,
    similar: Callable[[Tensor], Tensor] = cosine,
    scaled: Callable[[Tensor, float], Tensor] = divided,
    kept: Callable[[Tensor], Tensor] = without_itself,
    partner: Callable[[int], Tensor] = halves,
    losses: Callable[[Tensor, Tensor], Tensor] = safely,
    reduced: Callable[[Tensor, float], Tensor] = lambda losses, t: losses.mean(),
) -> Callable[..., Any]:
    """NT-Xent with these parts; by default it is right."""

    def candidate(z1: Tensor, z2: Tensor, temperature: float = 0.5) -> Tensor:
        n = len(z1)
        logits = scaled(similar(length(stacked(z1, z2))), temperature)  # (2N, 2N)
        positive = logits[torch.arange(2 * n), partner(n)]
        return reduced(losses(kept(logits), positive), temperature)

    return candidate


def itself_for_half(logits: Tensor, _: Tensor) -> Tensor:
    return F.cross_entropy(logits, torch.arange(len(logits) // 2).repeat(2), reduction="none")


def blanked(logits: Tensor, value: float) -> Tensor:
    return logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), value)


def of_the_other_view(logits: Tensor) -> Tensor:
    """All of the view's own half masked, so that N - 1 negatives are left."""
    half = torch.arange(len(logits)) < len(logits) // 2
    return logits.masked_fill(half[:, None] == half, -torch.inf)


def of_the_same_view(logits: Tensor) -> Tensor:
    """Of the other half only the partner is left."""
    half = torch.arange(len(logits)) < len(logits) // 2
    partner = torch.zeros_like(logits, dtype=torch.bool)
    partner[torch.arange(len(logits)), halves(len(logits) // 2)] = True
    return without_itself(logits).masked_fill((half[:, None] != half) & ~partner, -torch.inf)


def partner_left_out(logits: Tensor, positive: Tensor) -> Tensor:
    rest = logits.clone()
    rest[torch.arange(len(logits)), halves(len(logits) // 2)] = -torch.inf
    return rest.logsumexp(1) - positive


def partner_twice(logits: Tensor, positive: Tensor) -> Tensor:
    return torch.logaddexp(logits.logsumexp(1), positive) - positive


def by_hand(logits: Tensor, positive: Tensor) -> Tensor:
    """The greatest logit of all rows is taken out, and a row far below it vanishes."""
    top = logits.max().detach()
    return -((positive - top).exp() / (logits - top).exp().sum(1)).log()


def partner_masked(logits: Tensor) -> Tensor:
    rest = logits.clone()
    rest[torch.arange(len(logits)), halves(len(logits) // 2)] = -torch.inf
    return rest


def self_taken_off_afterwards(z1, z2, temperature=0.5):
    z = unit(torch.cat([z1, z2]))
    e = torch.exp(z @ z.T / temperature)
    own = torch.exp(torch.tensor(1 / temperature, dtype=z.dtype))
    positive = (z * z.roll(len(z1), 0)).sum(1) / temperature
    return (torch.log(e.sum(1) - own) - positive).mean()


def in_place(z1, z2, temperature=0.5):
    z = unit(torch.cat([z1, z2]))
    e = torch.exp(z @ z.T / temperature)
    positive = e[torch.arange(len(z)), halves(len(z1))]
    e.fill_diagonal_(0)
    return -torch.log(positive / e.sum(1)).mean()


def negatives_only_scaled(z1, z2, temperature=0.5):
    z = unit(torch.cat([z1, z2]))
    sim = z @ z.T
    positive = sim[torch.arange(len(z)), halves(len(z1))]
    return (without_itself(sim / temperature).logsumexp(1) - positive).mean()


def sigmoid_pairs(z1, z2, temperature=0.5):
    logits = unit(z1) @ unit(z2).T / temperature
    return F.binary_cross_entropy_with_logits(logits, torch.eye(len(z1), dtype=logits.dtype))


def one_way_among_the_others(z1, z2, temperature=0.5):
    return F.cross_entropy(unit(z1) @ unit(z2).T / temperature, torch.arange(len(z1)))


def one_side_held(z1, z2, temperature=0.5):
    return like()(z1, z2.detach(), temperature)


def other_side_held(z1, z2, temperature=0.5):
    return like()(z1.detach(), z2, temperature)


def both_held(z1, z2, temperature=0.5):
    return like()(z1.detach(), z2.detach(), temperature)


def into_the_input(z1, z2, temperature=0.5):
    with torch.no_grad():
        z1.div_(z1.norm(dim=1, keepdim=True))
        z2.div_(z2.norm(dim=1, keepdim=True))
    return like(length=lambda z: z)(z1, z2, temperature)


def no_parameter(z1, z2, temperature=0.5):
    return like()(z1, z2)


def no_length_gradient(z: Tensor) -> Tensor:
    return z / z.norm(dim=-1, keepdim=True).detach()


def negatives_held(z1, z2, temperature=0.5):
    z = unit(torch.cat([z1, z2]))
    own = (z * z.roll(len(z1), 0)).sum(1) / temperature
    return (without_itself(z @ z.detach().T / temperature).logsumexp(1) - own).mean()
