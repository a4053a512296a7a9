"""Back-translation without a network: a dictionary used word by word. It knows no grammar, and that is the point of comparing two of them."""

from studykit.data._lexicon import english, german


class DictionaryTranslator:
    """English to German and back by looking up one word after the other.

    What comes back is no good English: word order and endings are those of nobody, and words that German does not tell apart come
    back as one. It shows what a translator's quality does; it is no substitute for one.

    Args:
        unknown: `keep` leaves a word that is not in the dictionary as it is; `drop` loses it, and with it most of what a technical
            text is about.
    """

    def __init__(self, unknown: str = "keep") -> None:
        if unknown not in ("keep", "drop"):
            raise ValueError(f"unknown must be keep or drop, got {unknown!r}")
        self.unknown, self._german, self._english = unknown, german(), english()

    def there(self, texts: list[str]) -> list[str]:
        """The German words for the English ones."""
        return [self._look_up(text, self._german) for text in texts]

    def back(self, texts: list[str]) -> list[str]:
        """The first English word for each German one."""
        return [self._look_up(text, self._english) for text in texts]

    def _look_up(self, text: str, dictionary: dict[str, str]) -> str:
        kept = [dictionary.get(word, word) for word in text.split() if self.unknown == "keep" or word in dictionary]
        return " ".join(kept) or text  # a text of which nothing is known is left alone
