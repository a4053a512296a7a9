"""The four operations of EDA together, as the paper uses them: some copies of a text, each by one operation."""

import torch

from studykit.data.text_augment import (
    Synonyms,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
)


def eda(text: str, copies: int, alpha: float, synonyms: Synonyms, generator: torch.Generator) -> list[str]:
    """Changed copies of a text, the operations in turn.

    Args:
        text: Words with spaces between.
        copies: How many.
        alpha: Share of the words that change.
        synonyms: For `synonym_replacement` and `random_insertion`.
        generator: Of the random numbers.

    Source: Wei & Zou 2019, arXiv:1901.11196, section 2; as in their code, at least one word changes.
    """
    words, found = text.split(), []
    n = max(1, int(alpha * len(words)))
    for copy in range(copies):
        match copy % 4:
            case 0:
                changed = synonym_replacement(words, n, synonyms, generator)
            case 1:
                changed = random_insertion(words, n, synonyms, generator)
            case 2:
                changed = random_swap(words, n, generator)
            case _:
                changed = random_deletion(words, alpha, generator)
        found.append(" ".join(changed))
    return found
