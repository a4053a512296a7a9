"""Text augmentation: change a few words, or say the sentence again by way of another language, and keep the label.

Wei & Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", EMNLP 2019,
arXiv:1901.11196, section 2. With a sentence of l words and a share alpha:

    synonym replacement   n = alpha * l words that are no stop words become one of their synonyms
    random insertion      n times: a random synonym of a random word, at a random place
    random swap           n times: two words change places
    random deletion       each word goes with probability p = alpha

Back-translation is of Sennrich, Haddow & Birch, "Improving Neural Machine Translation Models with Monolingual Data", ACL 2016,
arXiv:1511.06709, section 3; as augmentation of classified text see Xie et al. 2020, UDA, arXiv:1904.12848.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch

Synonyms = Mapping[str, Sequence[str]]


class Translator(Protocol):
    """What `back_translate` needs: anything with these two methods."""

    def there(self, texts: list[str]) -> list[str]:
        """Each text in the other language."""

    def back(self, texts: list[str]) -> list[str]:
        """Each of those texts in the first language."""


def synonym_replacement(
    words: Sequence[str], n: int, synonyms: Synonyms, generator: torch.Generator | None = None
) -> list[str]:
    """Replace n words, chosen at random among those that have a synonym, by one of their synonyms at random.

    Args:
        words: The sentence; it stays as it is. Words are looked up as they are written.
        n: How many places change; all that can where there are fewer. A word that occurs twice has two places.
        synonyms: For each word those that may stand for it. A stop word is one that it has no entry for.
        generator: Of the random numbers; by default torch's global one.

    Returns:
        As many words as there were, in the same places.

    Raises:
        ValueError: n is negative, or words is one string.

    Source: Wei & Zou 2019, arXiv:1901.11196, section 2. Their published code replaces every occurrence of a chosen word.
    """
    _check(words, n)
    changed, able = list(words), _able(words, synonyms)
    for pick in torch.randperm(len(able), generator=generator)[:n].tolist():
        place, choices = able[pick]
        changed[place] = choices[_below(len(choices), generator)]
    return changed


def random_insertion(
    words: Sequence[str], n: int, synonyms: Synonyms, generator: torch.Generator | None = None
) -> list[str]:
    """N times: insert a random synonym of a random word of the sentence at a random place, both ends among them.

    Args:
        words: The sentence; it stays as it is.
        n: How many words are inserted; none where no word has a synonym.
        synonyms: As for `synonym_replacement`.
        generator: Of the random numbers.

    Raises:
        ValueError: n is negative, or words is one string.

    Source: Wei & Zou 2019, arXiv:1901.11196, section 2. The word is one of the original sentence each time.
    """
    _check(words, n)
    changed, able = list(words), _able(words, synonyms)
    for _ in range(n if able else 0):
        choices = able[_below(len(able), generator)][1]
        changed.insert(_below(len(changed) + 1, generator), choices[_below(len(choices), generator)])
    return changed


def random_swap(words: Sequence[str], n: int, generator: torch.Generator | None = None) -> list[str]:
    """N times: let the words at two different places, chosen at random, change places.

    Args:
        words: The sentence; it stays as it is.
        n: How many swaps; a later one may undo an earlier one.
        generator: Of the random numbers.

    Raises:
        ValueError: n is negative, or words is one string.

    Source: Wei & Zou 2019, arXiv:1901.11196, section 2.
    """
    _check(words, n)
    changed = list(words)
    for _ in range(n if len(changed) > 1 else 0):
        a, b = torch.randperm(len(changed), generator=generator)[:2].tolist()
        changed[a], changed[b] = changed[b], changed[a]
    return changed


def random_deletion(words: Sequence[str], p: float = 0.1, generator: torch.Generator | None = None) -> list[str]:
    """Remove each word with probability p, independently of the others; where all would go, one at random stays.

    Args:
        words: The sentence; it stays as it is.
        p: In [0, 1].
        generator: Of the random numbers.

    Raises:
        ValueError: p is no probability, or words is one string.

    Source: Wei & Zou 2019, arXiv:1901.11196, section 2.
    """
    _check(words, 0)
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}: it is a probability, such as 0.1")
    kept = torch.rand(len(words), generator=generator) >= p  # (len(words),)
    left = [word for word, stays in zip(words, kept.tolist(), strict=True) if stays]
    return left or [words[_below(len(words), generator)] for _ in range(min(1, len(words)))]


def back_translate(texts: Sequence[str], translator: Translator) -> list[str]:
    """Translate each text into another language and back; what comes back says the same in other words, or should.

    Args:
        texts: Sentences, not words.
        translator: Anything with `there(texts)` and `back(texts)`, both from list of str to list of str.

    Returns:
        One text for each.

    Raises:
        ValueError: texts is one string, or the translator gives another number of texts than it got.

    Source: Sennrich et al. 2016, arXiv:1511.06709; Xie et al. 2020, arXiv:1904.12848, section 3.
    """
    if isinstance(texts, str):
        raise ValueError("texts must be a list of texts, got one string: give [text]")
    said = list(texts)
    for name in ("there", "back"):
        found = getattr(translator, name)(said)
        if len(found) != len(said):
            raise ValueError(f"{name} must give as many texts as it gets, {len(said)}, got {len(found)}: one for each")
        said = list(found)
    return said


def _check(words: Sequence[str], n: int) -> None:
    if isinstance(words, str):
        raise ValueError("words must be a list of words, got one string: give text.split()")
    if n < 0:
        raise ValueError(f"n must be >= 0, got {n}: it counts words, such as round(0.1 * len(words))")


def _able(words: Sequence[str], synonyms: Synonyms) -> list[tuple[int, list[str]]]:
    """The places whose word has a synonym, and which; a word is no synonym of itself."""
    found = ((place, [each for each in synonyms.get(word, ()) if each != word]) for place, word in enumerate(words))
    return [(place, choices) for place, choices in found if choices]


def _below(bound: int, generator: torch.Generator | None) -> int:
    return int(torch.randint(bound, (1,), generator=generator))
