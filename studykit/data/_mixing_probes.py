"""What the drills of mixup and CutMix look at: facts that do not depend on how a solution draws its random numbers."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

COUNT = 16  # pictures of a batch: that a random order leaves all in their place has a chance of 1 in 2e13
SAME = 1e-6  # of weights in float64: a lambda may have been drawn as a float32


class Blend(NamedTuple):
    """One call; what is in each new picture, and whether the labels say so.

    Args:
        shape: Of one sample.
        alpha: Given to the candidate; None leaves it out.
        box: Whether boxes are pasted: the pixels are then followed, else weights are solved for.
        soft: Whether labels are given as probabilities.
        dtype: Of the samples.
    """

    shape: tuple[int, ...]
    alpha: float | None = 2.0
    box: bool = False
    soft: bool = False
    dtype: torch.dtype = torch.float64

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """Facts about x and y."""
        rng = torch.Generator().manual_seed(seed)
        x, classes = samples(self.shape, rng, self.box).to(self.dtype), COUNT + 3
        y = torch.randperm(COUNT, generator=rng)
        if self.soft:
            classes = 5
            y = torch.rand(COUNT, classes, generator=rng, dtype=torch.float64).softmax(1)
        chosen = {} if self.alpha is None else {"alpha": self.alpha}
        out = candidate(x.clone(), y.clone(), classes, generator=torch.Generator().manual_seed(seed), **chosen)
        if len(out) != 2:
            return {"number of things returned": len(out)}
        new, labels = out
        found = {
            "shape of x": str(tuple(new.shape)),
            "shape of y": str(tuple(labels.shape)),
            "type of x": str(new.dtype),
        }
        found["y is floating point"] = said(labels.is_floating_point())
        if new.shape != x.shape or labels.shape != (COUNT, classes):
            return found
        weights = followed(x, new, found) if self.box else solved(x, new, found)
        tolerance = 1e-5 if self.dtype == torch.float32 or labels.dtype == torch.float32 else SAME
        found |= pairs(weights, tolerance)
        given = y.double() if self.soft else F.one_hot(y, classes).double()
        return found | {"the labels' weights are": compared(labels.detach().double(), given, weights, 10 * tolerance)}


def said(fact: object) -> str:
    """A fact as a word."""
    return "yes" if fact else "no"


def samples(shape: tuple[int, ...], rng: torch.Generator, coded: bool) -> Tensor:
    """(COUNT, *shape): numbers drawn at random, or each entry a number of its own, from 1 on."""
    if coded:
        return torch.arange(1, 1 + COUNT * torch.Size(shape).numel(), dtype=torch.float64).view(COUNT, *shape)
    return torch.randn(COUNT, *shape, generator=rng, dtype=torch.float64)


def solved(x: Tensor, new: Tensor, found: dict[str, Any]) -> Tensor:
    """How much of each given sample is in each new one, (COUNT, COUNT), by least squares."""
    given, made = x.flatten(1).double(), new.detach().flatten(1).double()
    weights = torch.linalg.lstsq(given.T, made.T).solution.T  # made = weights @ given
    exact = torch.allclose(weights @ given, made, rtol=0, atol=1e-4 if x.dtype == torch.float32 else SAME)
    found["each new sample is a weighted sum of given ones"] = said(exact)
    return weights


def followed(x: Tensor, new: Tensor, found: dict[str, Any]) -> Tensor:
    """How much of each given picture is in each new one, by where every pixel comes from."""
    code = new.detach().double().flatten(1) - 1
    size = x[0].numel()
    whole = bool((code == code.round()).all() and code.min() >= 0 and code.max() < COUNT * size)
    found["every pixel is one of a given picture"] = said(whole)
    if not whole:
        return torch.zeros(COUNT, COUNT, dtype=torch.float64)
    owner = code.long() // size  # (COUNT, pixels)
    found["every pixel is at its place"] = said((code.long() % size == torch.arange(size)).all())
    foreign = (owner != torch.arange(COUNT)[:, None]).view(x.shape).flatten(1, -3)  # (COUNT, channels, H, W)
    shapes = {edges(each) for sample in foreign for each in sample if each.any()}
    kept = {edges(~each) for sample in foreign for each in sample if each.any() and not each.all()}
    found["what is pasted is a box"] = (
        "yes" if None not in shapes else "no, all but a box is" if None not in kept else "no"
    )
    found["number of different boxes in the batch"] = min(len(shapes), 2)
    return torch.stack([(owner == n).double().mean(1) for n in range(COUNT)], 1)


def edges(mask: Tensor) -> tuple[int, int, int, int] | None:
    """First row and the one after the last, first column and the one after the last, of a filled box; else None."""
    rows, columns = mask.any(1).nonzero().flatten().tolist(), mask.any(0).nonzero().flatten().tolist()
    found = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return found if mask[found[0] : found[1], found[2] : found[3]].all() else None


def pairs(weights: Tensor, tolerance: float) -> dict[str, Any]:
    """Facts about the weights: rows are new samples, columns given ones."""
    own = weights.diagonal()
    mixed = own[(own - 1).abs() > tolerance]
    used, strangers = weights.sum(0), weights - weights.diag().diag()
    return {
        "samples in a new one, at most": int((weights.abs() > tolerance).sum(1).max()),
        "weights sum to 1": said((weights.sum(1) - 1).abs().max() < tolerance * 10),
        "number of different λ in the batch": 0
        if not len(mixed)
        else 1
        if mixed.max() - mixed.min() < tolerance * 10
        else 2,
        "all are mixed with one and the same": said((strangers.abs().sum(0) > tolerance).sum() == 1),
        "every given sample is used as often": said((used - used.mean()).abs().max() < tolerance * 20),
    }


def compared(labels: Tensor, y: Tensor, weights: Tensor, tolerance: float) -> str:
    """What the weights of the labels are, beside those of the samples.

    Args:
        labels: What came out.
        y: The rows that went in.
        weights: Of the samples.
        tolerance: Of an entry.
    """
    eye, own = torch.eye(COUNT, dtype=torch.float64), weights.diagonal()[:, None]
    partner = (weights * (1 - eye) > tolerance).double()
    partner = partner + (partner.sum(1, keepdim=True) == 0) * eye  # who has no other is mixed with itself
    swapped = weights.diagonal()[:, None] * partner + (1 - own) * eye
    names = {
        "those of the samples": weights,
        "the other way round": torch.where((partner.diagonal() > 0)[:, None], eye, swapped),
        "those of the first alone": eye,
        "those of the second alone": partner,
        "half and half": (eye + partner) / 2,
    }
    for name, each in names.items():
        if torch.allclose(labels, each @ y, rtol=0, atol=tolerance):
            return name
    # What is left of the labels without the first one's part is that of another given label, or no given label's at all.
    lam = weights.diagonal().min()
    away = ((labels - lam * y)[:, None] - (1 - lam) * y).abs().amax(2).min(1).values  # (COUNT,)
    return "of another partner" if (away < 10 * tolerance).all() else "of another size"


def generators(shape: tuple[int, ...], alpha: float = 2.0) -> Callable[[Any, int], Mapping[str, Any]]:
    """A probe: what the generator decides, and what happens to torch's own."""

    def probe(candidate: Any, seed: int) -> Mapping[str, Any]:
        x, y = samples(shape, torch.Generator().manual_seed(seed), False), torch.arange(COUNT)

        def call(rng: torch.Generator) -> tuple[Tensor, Tensor]:
            """New samples and label weights."""
            new, labels = candidate(x.clone(), y.clone(), COUNT, alpha=alpha, generator=rng)
            return new, labels.double()

        rng, before = torch.Generator().manual_seed(seed), torch.get_rng_state()
        new, labels = call(rng)
        untouched = torch.equal(torch.get_rng_state(), before)
        later, _ = call(rng)
        again, labels_again = call(torch.Generator().manual_seed(seed))
        own = (labels.diagonal().min(), labels_again.diagonal().min())
        return {
            "λ with a generator of the same seed": "the same" if own[0] == own[1] else "another",
            "pairs with a generator of the same seed": said(((labels > 0) == (labels_again > 0)).all()),
            "batch with a generator of the same seed": "the same" if torch.equal(new, again) else "another",
            "batch when the same generator is used once more": "the same" if torch.equal(new, later) else "another",
            "torch's global generator": "left alone" if untouched else "used",
        }

    return probe


def inputs(shape: tuple[int, ...], alpha: float = 2.0) -> Callable[[Any, int], Mapping[str, Any]]:
    """A probe: the arguments after the call."""

    def probe(candidate: Any, seed: int) -> Mapping[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        x, y = samples(shape, rng, False), torch.rand(COUNT, 3, generator=rng, dtype=torch.float64)
        given = x.clone(), y.clone()
        new, _ = candidate(x, y, 3, alpha=alpha, generator=rng)
        same = torch.equal(x, given[0]), torch.equal(y, given[1])
        shared = new.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
        return {
            "x is left as it was": said(same[0]),
            "y is left as it was": said(same[1]),
            "x is a new tensor": said(not shared),
        }

    return probe


def gradient(shape: tuple[int, ...], alpha: float = 2.0) -> Callable[[Any, int], Mapping[str, Any]]:
    """A probe: the gradient that arrives at x, by the derivative along a direction."""

    def probe(candidate: Any, seed: int) -> Mapping[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        x, y = samples(shape, rng, False).requires_grad_(), torch.arange(COUNT)
        direction = torch.randn(x.shape, generator=rng, dtype=torch.float64)
        outs = [
            candidate(each, y, COUNT, alpha=alpha, generator=torch.Generator().manual_seed(seed))[0]
            for each in (x, x.detach() + direction)
        ]
        if not outs[0].requires_grad:
            return {"x' has a gradient": "no"}
        weight = torch.randn(x.shape, generator=rng, dtype=torch.float64)
        (found,) = torch.autograd.grad((outs[0] * weight).sum(), x)
        change = ((outs[1] - outs[0]) * weight).sum()  # exact: x' is linear in x
        right = torch.allclose((found * direction).sum(), change, rtol=1e-9, atol=1e-9)
        return {"x' has a gradient": "yes", "it is that of the mixture": said(right)}

    return probe


def alone(shape: tuple[int, ...]) -> Callable[[Any, int], Mapping[str, Any]]:
    """A probe: a batch of one sample, which can only be mixed with itself."""

    def probe(candidate: Any, seed: int) -> Mapping[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        x = samples(shape, rng, False)[:1]
        new, labels = candidate(x.clone(), torch.tensor([1]), 3, generator=rng)
        return {"x": new, "y": labels.double()}

    return probe
