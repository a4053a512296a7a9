"""What the drill of masked language modelling looks at: facts that hold for whatever random numbers a solution draws.

A share is called by its expected value where chance allows it: 6 standard deviations, beyond which one check in 500 million lies.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

ROWS, LENGTH, VOCABULARY, MASK = 400, 150, 1000, 3
# What the known mistakes give, so that one of them is said alike in every run.
KNOWN = (0.0, 1.0, 0.02, 0.04, 0.08, 0.1, 0.15, 0.18, 0.2, 0.4, 0.5, 0.6, 0.72, 0.8, 0.85, 0.9)


def share(count: Any, of: Any, expected: float = 0.0) -> str:
    """A share in words: the expected one, another known one, or roughly."""
    if int(of) == 0:
        return "none"
    found = int(count) / int(of)
    for each in (expected, *KNOWN):
        if abs(found - each) <= 6 * (each * (1 - each) / int(of)) ** 0.5 + 1e-9:
            return f"{100 * each:g} %"
    return f"about {100 * found:.0f} %"


def said(fact: object) -> str:
    return "yes" if fact else "no"


FORM = {"what is returned": "two int64 tensors shaped like ids"}


def form_of(out: Any, ids: Tensor) -> dict[str, str]:
    """What came out, in words: `FORM` where nothing is wrong with it."""
    name = next(iter(FORM))
    if not isinstance(out, tuple | list) or len(out) != 2 or not all(isinstance(each, Tensor) for each in out):
        return {name: "something else than two tensors"}
    if any(each.shape != ids.shape for each in out):
        return {name: "tensors of the shapes " + " and ".join(str(tuple(each.shape)) for each in out)}
    if any(each.dtype != torch.int64 for each in out):
        return {name: "tensors of the types " + " and ".join(str(each.dtype) for each in out)}
    return FORM


def label_of_others(ids: Tensor, labels: Tensor) -> str:
    """The label of tokens whose label isn't the token itself."""
    values = labels[labels != ids].unique().tolist()
    return "none" if not values else str(values[0]) if len(values) == 1 else "different ones"


class Call(NamedTuple):
    """One call on many tokens; shares and what hangs together.

    Args:
        probability: Given to the candidate; None leaves it out.
        special: Share of the tokens that are special; 0 gives no mask.
        shape: Of ids.
        fates: Whether the shares of the three fates are looked at.
        together: Whether it is looked at whether tokens decide by themselves.
        zeros: Whether a third of the tokens have number 0, which is a word as any other.
    """

    probability: float | None = None
    special: float = 0.0
    shape: tuple[int, ...] = (ROWS, LENGTH)
    fates: bool = False
    together: bool = False
    zeros: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Facts about input and labels."""
        # Of another seed than the candidate's generator: else what is special and what is drawn hang together.
        rng = torch.Generator().manual_seed(seed + 1_000_003)
        ids = torch.randint(MASK + 1, VOCABULARY, self.shape, generator=rng)
        if self.zeros:
            ids = ids.masked_fill(torch.rand(self.shape, generator=rng) < 1 / 3, 0)
        asked: dict[str, Any] = {} if self.probability is None else {"probability": self.probability}
        special = torch.rand(self.shape, generator=rng) < self.special
        if self.special:
            asked["special_mask"] = special.clone()
        given = ids.clone()
        out = candidate(given, MASK, VOCABULARY, generator=torch.Generator().manual_seed(seed), **asked)
        found: dict[str, Any] = {**form_of(out, ids)}
        if found != FORM:
            return found
        inputs, labels = out
        p = 0.15 if self.probability is None else self.probability
        chosen, changed = labels != -100, inputs != ids
        normal = ~special
        found["ids are left as they were"] = said(torch.equal(given, ids))
        found["label of what is not predicted"] = label_of_others(ids, labels)
        if self.special:
            found["special tokens that are changed"] = share((changed & special).sum(), special.sum())
            found["special tokens that have a label"] = share((chosen & special).sum(), special.sum())
            found["special_mask is left as it was"] = said(torch.equal(asked["special_mask"], special))
        found["share of the tokens with a label"] = share((chosen & normal).sum(), normal.sum(), p)
        found["labels that are the original token"] = share((labels == ids)[chosen].sum(), chosen.sum(), 1.0)
        found["tokens without a label that are changed"] = share((changed & ~chosen).sum(), (~chosen).sum())
        if self.fates:
            masked, of = inputs == MASK, chosen.sum()
            found["of those with a label, the mask"] = share((masked & chosen).sum(), of, 0.8)
            found["of those with a label, another token"] = share((changed & ~masked & chosen).sum(), of, 0.1)
            found["of those with a label, as they were"] = share((~changed & chosen).sum(), of, 0.1)
        if self.zeros:
            found["share of the zeros with a label"] = share((chosen & (ids == 0)).sum(), (ids == 0).sum(), p)
        return found | (together(chosen, p) if self.together else {})


def together(chosen: Tensor, p: float) -> dict[str, str]:
    """Whether tokens were chosen by themselves: spread of the counts of rows and of columns, and neighbours."""
    rows, columns = chosen.shape
    found = {}
    for name, axis, n in (("rows", 1, columns), ("columns", 0, rows)):
        counts = chosen.sum(axis).double()
        ratio = (counts.var() / (n * p * (1 - p))).item()
        allowed = 6 * (2 / len(counts)) ** 0.5
        size = "none at all" if ratio == 0 else "less than by chance" if ratio < 1 else "more than by chance"
        found[f"how the counts of {name} differ"] = "as by chance" if abs(ratio - 1) <= allowed else size
    pairs = (chosen[:, 1:] & chosen[:, :-1]).double().mean().item()
    sigma = (p * p * (1 - p * p) / chosen.numel()) ** 0.5
    found["neighbours chosen together"] = "as by chance" if abs(pairs - p * p) <= 10 * sigma else "more" if pairs > p * p else "less"
    return found


class Drawn(NamedTuple):
    """Which tokens stand for the original, in texts that consist of two words."""

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Facts about a vocabulary of 20; whether the mask and the word itself may be drawn is left open."""
        vocabulary, words, mask = 20, [7, 8], 5
        ids = torch.tensor(words).repeat(300, 100)
        out = candidate(ids.clone(), mask, vocabulary, probability=1.0, generator=torch.Generator().manual_seed(seed))
        if form_of(out, ids) != FORM:
            return form_of(out, ids)
        seen = out[0][(out[0] != mask) & (out[0] != ids)]
        counts = torch.bincount(seen.clamp(0, vocabulary), minlength=vocabulary + 1)
        others = [n for n in range(vocabulary) if n not in (mask, *words)]
        missing = [n for n in others if counts[n] == 0]
        mean = counts[others].double().mean()
        even = all((counts[n] - mean).abs() <= 7 * mean.sqrt() for n in others if counts[n])
        few = "none" if not missing else str(missing[0]) if len(missing) == 1 else "several"
        return FORM | {
            "given vocab_size": vocabulary,
            "a token outside the vocabulary": said(((seen < 0) | (seen >= vocabulary)).any()),
            "tokens that never stand for another": few,
            "different tokens that do": min(int((counts > 0).sum()), 3) if few == "several" else "as many as there can be",
            "all equally often": said(even),
        }


class Fates(NamedTuple):
    """A hundred calls on 200 tokens: whether each token has its own fate."""

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Facts about all calls together."""
        rng, alike, masks = torch.Generator().manual_seed(seed), 0, 0
        ids = torch.randint(MASK + 1, VOCABULARY, (4, 50), generator=torch.Generator().manual_seed(seed + 1_000_003))
        for _ in range(100):
            out = candidate(ids.clone(), MASK, VOCABULARY, probability=1.0, generator=rng)
            if form_of(out, ids) != FORM:
                return form_of(out, ids)
            masked, kept = out[0] == MASK, out[0] == ids
            alike += int(masked.all() or kept.all() or not (masked | kept).any())
            masks += int(masked.sum())
        return FORM | {
            "calls in which all tokens have one fate": "none" if alike == 0 else "all" if alike == 100 else "some",
            "all of them masks": said(masks == 100 * ids.numel()),
        }


class Again(NamedTuple):
    """Several calls: what comes from the generator, and what is drawn anew."""

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """Facts about repeated calls."""
        ids = torch.randint(MASK + 1, VOCABULARY, (60, 50), generator=torch.Generator().manual_seed(seed + 1_000_003))

        def call(generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
            out = candidate(ids.clone(), MASK, VOCABULARY, generator=generator)
            return out[0], out[1]

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            one = torch.Generator().manual_seed(seed)
            (first, labels), (later, later_labels) = call(one), call(one)
            torch.manual_seed(seed + 1)
            again, again_labels = call(torch.Generator().manual_seed(seed))
            free = [call(None)[1] for _ in range(2)]
            counts = {int((call(one)[1] != -100).sum()) for _ in range(20)}
        return {
            "the same labels from a generator with the same seed": said(torch.equal(labels, again_labels)),
            "the same input from a generator with the same seed": said(torch.equal(first, again)),
            "other labels from the generator's next numbers": said(not torch.equal(labels, later_labels)),
            "other input from the generator's next numbers": said(not torch.equal(first, later)),
            "other labels in every call without a generator": said(not torch.equal(*free)),
            "calls differ in the number of labels": said(len(counts) > 1),
        }
