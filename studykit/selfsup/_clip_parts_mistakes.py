"""Parts of which the wrong ways to compute CLIP's loss are made: a right computation that takes each part, and wrong parts."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels)


def like(
    similarity: Callable[[Tensor, Tensor], Tensor] = lambda image, text: image @ text.T,
    scaled: Callable[[Tensor, Any], Tensor] = lambda similarity, scale: similarity * scale,
    labels: Callable[[int], Tensor] = torch.arange,
    row: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    both: Callable[[Tensor, Tensor], Any] = lambda captions, images: (captions + images) / 2,
) -> Callable[..., Any]:
    """The loss with these parts; by default it is right."""

    def candidate(image: Tensor, text: Tensor, logit_scale: Any) -> Any:
        logits = scaled(similarity(image, text), logit_scale)
        target = labels(len(logits))
        return both(row(logits, target), row(logits.T, target))

    return candidate


def whole(value: Callable[[Tensor], Any]) -> Callable[..., Any]:
    """A loss of the matrix of logits."""
    return lambda image, text, logit_scale: value(logit_scale * image @ text.T)


def diagonal_removed(logits: Tensor, labels: Tensor) -> Tensor:
    own = torch.eye(len(logits), dtype=torch.bool)
    return (logits.masked_fill(own, -torch.inf).logsumexp(1) - logits.diagonal()).mean()


def diagonal_masked(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -1e9), labels)


def without_maximum(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.exp().sum(1).log() - logits.diagonal()).mean()


def one_maximum_for_all(logits: Tensor, labels: Tensor) -> Tensor:
    moved = (logits - logits.max()).exp()
    return -(moved / moved.sum(1, keepdim=True)).diagonal().log().mean()


def in_place(image, text, logit_scale):
    with torch.no_grad():
        image.mul_(logit_scale)
    return like()(image, text, 1.0)


def other_views(image, text, logit_scale):
    z = torch.cat([image, text])
    logits = (logit_scale * z @ z.T).masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z)).roll(len(image)))


def soft_targets(image, text, logit_scale):
    logits = logit_scale * image @ text.T
    targets = (logit_scale * (image @ image.T + text @ text.T) / 2).softmax(-1)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets.T)) / 2


def hinge(logits: Tensor, labels: Tensor) -> Tensor:
    own = torch.eye(len(logits), dtype=torch.bool)
    return (0.2 + logits - logits.diagonal()[:, None]).clamp_min(0).masked_fill(own, 0).sum(1).mean()


def sigmoid(logits: Tensor) -> Tensor:
    return -F.logsigmoid(logits * (2 * torch.eye(len(logits), dtype=logits.dtype) - 1)).sum() / len(logits)
