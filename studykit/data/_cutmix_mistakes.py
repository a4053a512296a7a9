"""The classic mistakes of CutMix: each is the right solution with one thing changed."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.language import Text

from ._cutmix_told_mistakes import TOLD
from ._mixing import beta

Edges = tuple[int, int, int, int]


def onehot(y: Tensor, classes: int) -> Tensor:
    """Labels as rows."""
    return y if y.ndim == 2 else F.one_hot(y, classes).double()


def cut(height: int, width: int, sides: tuple[float, float], rng: Any, inside: bool = False) -> Edges:
    """A box of these sides around a random centre, cut off at the border or moved inside."""
    found = []
    for side, wanted in zip((height, width), sides, strict=True):
        half = int(wanted / 2)
        centre = int(torch.randint(side, (), generator=rng))
        if inside:
            centre = min(max(centre, half), side - half)
        found += [max(centre - half, 0), min(centre + half, side)]
    return found[0], found[1], found[2], found[3]


def usual(height: int, width: int, lam: float) -> tuple[float, float]:
    """The sides that are asked for."""
    return height * math.sqrt(1 - lam), width * math.sqrt(1 - lam)


def whole(x: Tensor, lam: float, rng: Any) -> Edges:
    """The box that is asked for."""
    return cut(*x.shape[-2:], usual(*x.shape[-2:], lam), rng)


def area(edges: Edges) -> int:
    """Pixels of a box."""
    return (edges[1] - edges[0]) * (edges[3] - edges[2])


def like(
    draw: Callable[[float, Any], float] = beta,
    place: Callable[[Tensor, float, Any], Edges] = whole,
    order: Callable[[int, Any], Tensor] = lambda count, rng: torch.randperm(count, generator=rng),
    weight: Callable[[Tensor, Edges, float], float] = lambda x, edges, lam: (
        1 - area(edges) / (x.shape[-1] * x.shape[-2])
    ),
    rows: Callable[[Tensor, int], Tensor] = onehot,
    labels: Callable[[Tensor, Tensor, float], Tensor] = lambda y, other, lam: lam * y + (1 - lam) * other,
    order_of_labels: Callable[[int, Any], Tensor] | None = None,
) -> Callable[..., Any]:
    """A solution with one thing changed.

    Args:
        draw: lambda from alpha and the generator.
        place: The box from the batch, lambda and the generator.
        order: Whom each is paired with.
        weight: The first label's weight from the batch, the box and lambda.
        rows: Labels to rows.
        labels: Mixes them.
        order_of_labels: Another order for the labels.
    """

    def candidate(x: Tensor, y: Tensor, num_classes: int, alpha: float = 1.0, generator: Any = None) -> Any:
        lam = draw(alpha, generator)
        edges, paired = place(x, lam, generator), order(len(x), generator)
        y = rows(y, num_classes)
        of_labels = order_of_labels(len(x), generator) if order_of_labels else paired
        new = x.clone()
        new[..., edges[0] : edges[1], edges[2] : edges[3]] = x[paired][..., edges[0] : edges[1], edges[2] : edges[3]]
        return new, labels(y, y[of_labels], weight(x, edges, lam))

    return candidate


def placed(
    centre: Callable[[int, int, Any], tuple[int, int]], before: float = 1.0, after: float = 1.0
) -> Callable[[Tensor, float, Any], Edges]:
    """A box of the sides that are asked for, but elsewhere.

    Args:
        centre: Height, width and generator to the drawn point.
        before: How many half sides lie above and left of that.
        after: How many lie below and right of it.
    """

    def place(x: Tensor, lam: float, rng: Any) -> Edges:
        found = []
        for side, wanted, at in zip(x.shape[-2:], usual(*x.shape[-2:], lam), centre(*x.shape[-2:], rng), strict=True):
            half = int(wanted / 2)
            found += [min(max(int(at - before * half), 0), side), max(min(int(at + after * half), side), 0)]
        return found[0], max(found[:2]), found[2], max(found[2:])

    return place


def below(bound: int, rng: Any) -> int:
    return int(torch.randint(bound, (), generator=rng))


def share(rng: Any) -> float:
    return float(torch.rand((), generator=rng, dtype=torch.float64))


def one_share(height: int, width: int, rng: Any) -> tuple[int, int]:
    both = share(rng)
    return int(both * height), int(both * width)


def one_index(bound: Callable[[int, int], int]) -> Callable[[int, int, Any], tuple[int, int]]:
    return lambda height, width, rng: (below(bound(height, width), rng),) * 2


def in_place(x, y, num_classes, alpha=1.0, generator=None):
    lam = beta(alpha, generator)
    top, bottom, left, right = whole(x, lam, generator)
    paired, y = torch.randperm(len(x), generator=generator), onehot(y, num_classes)
    new = x if not x.requires_grad else x.clone()
    new[..., top:bottom, left:right] = x[paired][..., top:bottom, left:right]
    lam = 1 - area((top, bottom, left, right)) / (x.shape[-1] * x.shape[-2])
    return new, lam * y + (1 - lam) * y[paired]


def own_box(x, y, num_classes, alpha=1.0, generator=None):
    """A box for each picture."""
    lam = beta(alpha, generator)
    paired, y, new, weights = torch.randperm(len(x), generator=generator), onehot(y, num_classes), x.clone(), []
    for i, j in enumerate(paired.tolist()):
        edges = whole(x, lam, generator)
        new[i, ..., edges[0] : edges[1], edges[2] : edges[3]] = x[j, ..., edges[0] : edges[1], edges[2] : edges[3]]
        weights.append(1 - area(edges) / (x.shape[-1] * x.shape[-2]))
    w = torch.tensor(weights, dtype=y.dtype)[:, None]
    return new, w * y + (1 - w) * y[paired]


def blended_box(x, y, num_classes, alpha=1.0, generator=None):
    """Inside the box it is mixup."""
    lam = beta(alpha, generator)
    top, bottom, left, right = whole(x, lam, generator)
    paired, y, new = torch.randperm(len(x), generator=generator), onehot(y, num_classes), x.clone()
    inner = slice(top, bottom), slice(left, right)
    new[(..., *inner)] = lam * x[(..., *inner)] + (1 - lam) * x[paired][(..., *inner)]
    lam = 1 - area((top, bottom, left, right)) / (x.shape[-1] * x.shape[-2])
    return new, lam * y + (1 - lam) * y[paired]


def cut_out(x, y, num_classes, alpha=1.0, generator=None):
    lam = beta(alpha, generator)
    top, bottom, left, right = whole(x, lam, generator)
    torch.randperm(len(x), generator=generator)
    new = x.clone()
    new[..., top:bottom, left:right] = 0
    return new, onehot(y, num_classes)


def mask_of_pixels(x, y, num_classes, alpha=1.0, generator=None):
    lam, paired = beta(alpha, generator), torch.randperm(len(x), generator=generator)
    kept = torch.rand(x.shape[-2:], generator=generator) < lam
    weight, y = kept.double().mean(), onehot(y, num_classes)
    return torch.where(kept, x, x[paired]), weight * y + (1 - weight) * y[paired]


def wrong_place(x, y, num_classes, alpha=1.0, generator=None):
    """The box shows the partner's upper left corner."""
    lam = beta(alpha, generator)
    top, bottom, left, right = whole(x, lam, generator)
    paired, y, new = torch.randperm(len(x), generator=generator), onehot(y, num_classes), x.clone()
    new[..., top:bottom, left:right] = x[paired][..., : bottom - top, : right - left]
    lam = 1 - area((top, bottom, left, right)) / (x.shape[-1] * x.shape[-2])
    return new, lam * y + (1 - lam) * y[paired]


def detached(x, y, num_classes, alpha=1.0, generator=None):
    new, labels = like()(x.detach(), y, num_classes, alpha, generator)
    return new, labels


def own_kept(x, y, num_classes, alpha=1.0, generator=None):
    """Its own box stays, and all around it is the partner's."""
    lam = beta(alpha, generator)
    top, bottom, left, right = whole(x, lam, generator)
    paired, y = torch.randperm(len(x), generator=generator), onehot(y, num_classes)
    new = x[paired]
    new[..., top:bottom, left:right] = x[..., top:bottom, left:right]
    lam = area((top, bottom, left, right)) / (x.shape[-1] * x.shape[-2])
    return new, lam * y + (1 - lam) * y[paired]


def now_and_then(x, y, num_classes, alpha=1.0, generator=None):
    if share(generator) < 0.5:
        return x.clone(), onehot(y, num_classes)
    return like()(x, y, num_classes, alpha, generator)


def unmixed_indices(x, y, num_classes, alpha=1.0, generator=None):
    return like()(x, y, num_classes, alpha, generator)[0], y


def four(x, y, num_classes, alpha=1.0, generator=None):
    new, labels = like()(x, y, num_classes, alpha, generator)
    return new, y, y.flip(0), labels.max()


def global_beta(alpha: float, _: Any) -> float:
    both = torch.tensor(alpha, dtype=torch.float64)
    return float(torch.distributions.Beta(both, both).sample())


def uneven_beta(alpha: float, rng: Any) -> float:
    # Gamma(a) is Gamma(a + 1) U^(1 / a), in logarithms.
    gammas = torch._standard_gamma(torch.tensor([alpha + 1, 2.0], dtype=torch.float64), generator=rng).log()
    a, b = gammas + (1 - torch.rand(2, generator=rng, dtype=torch.float64)).log() / torch.tensor([alpha, 1.0])
    return float((a - b).sigmoid())


def by(
    sides: Callable[[int, int, float], tuple[float, float]], inside: bool = False
) -> Callable[[Tensor, float, Any], Edges]:
    """Boxes of other sides."""
    return lambda x, lam, rng: cut(*x.shape[-2:], sides(*x.shape[-2:], lam), rng, inside)


def folded(alpha: float, rng: Any) -> float:
    lam = beta(alpha, rng)
    return max(lam, 1 - lam)


SEVERAL: dict[str, tuple[Callable[..., Any], ...]] = {
    "one_number_for_both_axes": tuple(
        like(place=placed(centre))
        for centre in (
            one_share,
            one_index(lambda height, _: height),
            one_index(max),
        )
    ),
    "corner_for_centre": tuple(
        like(place=placed(lambda height, width, rng: (below(height, rng), below(width, rng)), 0, sides))
        for sides in (2, 1)
    ),
    "centre_near_the_middle": (
        like(place=placed(lambda height, width, rng: (height // 2, width // 2))),
        like(place=placed(lambda h, w, rng: (h // 4 + below(h // 2, rng), w // 4 + below(w // 2, rng)))),
    ),
    "height_and_width_exchanged_for_the_centre": (
        like(place=placed(lambda height, width, rng: (below(width, rng), below(height, rng)))),
    ),
}
BY_NAME: dict[str, Callable[..., Any]] = {
    "own_box_kept": own_kept,
    "now_and_then": now_and_then,
    "lambda_never_below_half": like(folded),
    "lambda_not_recomputed": like(weight=lambda x, edges, lam: lam),
    "side_without_the_root": like(place=by(lambda h, w, lam: (h * (1 - lam), w * (1 - lam)))),
    "sides_turned": like(place=by(lambda h, w, lam: (w * math.sqrt(1 - lam), h * math.sqrt(1 - lam)))),
    "square_box": like(place=by(lambda h, w, lam: (math.sqrt((1 - lam) * h * w),) * 2)),
    "half_side_taken_whole": like(place=by(lambda h, w, lam: (2 * h * math.sqrt(1 - lam), 2 * w * math.sqrt(1 - lam)))),
    "box_moved_inside": like(place=by(usual, inside=True)),
    "labels_not_mixed": like(labels=lambda y, other, lam: y),
    "indices_returned": unmixed_indices,
    "four_returned": four,
    "label_weights_swapped": like(labels=lambda y, other, lam: (1 - lam) * y + lam * other),
    "labels_of_other_partners": like(order_of_labels=lambda count, rng: torch.randperm(count, generator=rng)),
    "pasted_from_itself": like(order=lambda count, _: torch.arange(count)),
    "partner_with_replacement": like(order=lambda count, rng: torch.randint(count, (count,), generator=rng)),
    "box_for_each_picture": own_box,
    "blended_in_the_box": blended_box,
    "cut_out": cut_out,
    "scattered_pixels": mask_of_pixels,
    "from_another_place": wrong_place,
    "beta_alpha_one": like(uneven_beta),
    "uniform_lambda": like(lambda _, rng: float(torch.rand((), generator=rng, dtype=torch.float64))),
    "soft_labels_as_indices": like(rows=lambda y, classes: F.one_hot(y.long(), classes).double()),
    "input_changed": in_place,
    "detached": detached,
    "generator_ignored": like(
        global_beta,
        place=lambda x, lam, _: whole(x, lam, None),
        order=lambda count, _: torch.randperm(count),
    ),
    "generator_not_for_lambda": like(global_beta),
}
WRONG: tuple[tuple[str, Callable[..., Any], Text], ...] = tuple(
    (name, wrong, TOLD[name])
    for name, candidates in {**{name: (wrong,) for name, wrong in BY_NAME.items()}, **SEVERAL}.items()
    for wrong in candidates
)
