"""Words and their numbers, for the small text encoders."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[MASK]")
PAD, UNK, CLS, MASK = range(len(SPECIAL))


class Vocabulary:
    """The most frequent words of some texts; all others are one unknown word.

    Args:
        texts: Each a sequence of words.
        most: Greatest number of words, the special ones not counted.

    Attributes:
        words: Word of each number, the special ones first.
        counts: How often each was seen (len(words),), 0 for special ones but the unknown.
    """

    def __init__(self, texts: Iterable[Sequence[str]], most: int) -> None:
        seen = Counter(word for text in texts for word in text)
        # Of equally frequent words the order is that of the alphabet, not that of the texts.
        known = sorted(seen, key=lambda word: (-seen[word], word))[:most]
        self.words = [*SPECIAL, *known]
        self.number = {word: n for n, word in enumerate(known, len(SPECIAL))}
        self.counts = torch.tensor([0] * len(SPECIAL) + [seen[word] for word in known])
        self.counts[UNK] = seen.total() - self.counts.sum()

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, texts: Sequence[Sequence[str]], longest: int) -> Tensor:
        """Numbers (texts, length): [CLS], the words up to `longest` in all, then padding."""
        rows = [[CLS, *(self.number.get(word, UNK) for word in text)][:longest] for text in texts]
        ids = torch.full((len(rows), max(map(len, rows))), PAD)
        for n, row in enumerate(rows):
            ids[n, : len(row)] = torch.tensor(row)
        return ids

    def decode(self, ids: Sequence[int]) -> list[str]:
        """The words of numbers."""
        return [self.words[n] for n in ids]


def special(ids: Tensor) -> Tensor:
    """Where (...) nothing is to be predicted: padding, class and unknown words."""
    return ids < MASK
