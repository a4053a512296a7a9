"""What the drill of CutMix looks at over many calls: where boxes lie, and what share the labels say."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ._mixing_laws_probes import CALLS, SIDES
from ._mixing_probes import edges, said

FEW = 4  # pictures of a batch


class Areas(NamedTuple):
    """Many CutMix calls on pictures that are not square: proportions of the boxes, and whether labels say the pasted area.

    Args:
        alpha: Given to the candidate.
    """

    alpha: float

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """Facts over all calls, and over those whose box is cut off."""
        height, width = SIDES
        x, y = torch.arange(FEW * 1.0).view(FEW, 1, 1, 1).expand(FEW, 1, height, width), torch.arange(FEW)
        exact, boxes = [], []
        for n in range(CALLS):
            rng = torch.Generator().manual_seed(seed * CALLS + n)
            new, labels = candidate(x.clone(), y.clone(), FEW, alpha=self.alpha, generator=rng)
            changed = (new != x).flatten(1).any(1).nonzero().flatten().tolist()
            if not changed:
                continue
            mask = new[changed[0], 0] != x[changed[0], 0]
            found = edges(mask)
            if found is None or labels.shape != (FEW, FEW):
                return {"what is pasted is a box": said(found), "shape of y": str(tuple(labels.shape))}
            exact.append(abs(1 - labels[changed[0], changed[0]].item() - mask.double().mean().item()) < 1e-6)
            boxes.append(found)
        often = len(boxes) > 0.75 * CALLS  # one order in 24 leaves all in their place
        return {
            "the label's weight is the pasted area": said(all(exact)),
            "something is pasted": "nearly always" if often else "now and then",
            **_places(torch.tensor(boxes or [[0, 0, 0, 0]], dtype=torch.float64)),
        }


def _places(boxes: Tensor) -> dict[str, Any]:
    """Facts about where boxes (N, 4) lie; right ones are told from chance by five standard deviations."""
    touched = boxes == torch.tensor([0.0, SIDES[0], 0.0, SIDES[1]])  # (N, 4)
    within, few = ~touched.any(1), 5 / len(boxes) ** 0.5
    often = touched.double().mean(0)
    # Above the middle, or below: a sign for each axis, which says nothing of the other axis.
    ways = torch.stack([boxes[:, 0] + boxes[:, 1] - SIDES[0], boxes[:, 2] + boxes[:, 3] - SIDES[1]]).sign()
    lengths = torch.stack([boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]], 1)  # (N, 2)
    shares = lengths / torch.tensor(SIDES)
    alike = ((shares[:, 0] - shares[:, 1]).abs() < 0.07).double()
    return {
        "some boxes touch the border": said(touched.any()),
        "some boxes do not": said(within.any()),
        "opposite borders are touched about as often": said(
            max(abs(often[0] - often[1]), abs(often[2] - often[3])) < few
        ),
        "both axes meet the border about as often": said(abs(often[:2].sum() - often[2:].sum()) < few),
        "row and column of the centre": "drawn apart" if ways.prod(0).mean().abs() < few else "drawn together",
        "boxes at the border keep the proportions": said((alike[~within].mean() if (~within).any() else 0.0) > 0.9),
        "proportions of a whole box": _proportions(
            [
                (a - b, int(h - w), (a, b))
                for (a, b), (h, w) in zip(shares[within].tolist(), lengths[within].tolist(), strict=True)
            ]
        ),
    }


def _proportions(boxes: list[tuple[float, int, tuple[float, float]]]) -> str:
    if all(abs(difference) < 0.07 for difference, _, _ in boxes):
        return "those of the picture"
    if all(abs(pixels) <= 2 for _, pixels, _ in boxes):
        return "square"
    height, width = SIDES
    if all(abs(sides[0] * height / width - sides[1] * width / height) < 0.12 for _, _, sides in boxes):
        return "those of the picture, turned"
    return "drawn anew each time"
