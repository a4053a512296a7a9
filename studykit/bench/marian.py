"""Back-translation by real translators: MarianMT models of the Hugging Face Hub, where transformers and a network are there."""

import importlib
from typing import Any

from studykit.errors import InputError

GERMAN = ("Helsinki-NLP/opus-mt-en-de", "Helsinki-NLP/opus-mt-de-en")


class MarianTranslator:
    """Translates with two MarianMT models; they are loaded when the first text comes.

    Args:
        there: Name or folder of the model into the other language.
        back: Of the one back.
        device: Where they run.
        batch_size: Texts at once.

    Source: Junczys-Dowmunt et al. 2018, arXiv:1804.00344; the models are OPUS-MT's (Tiedemann & Thottingal 2020).
    """

    def __init__(
        self, there: str = GERMAN[0], back: str = GERMAN[1], device: str = "cpu", batch_size: int = 32
    ) -> None:
        self.names, self.device, self.batch_size = {"there": there, "back": back}, device, batch_size
        self._loaded: dict[str, tuple[Any, Any]] = {}

    def there(self, texts: list[str]) -> list[str]:
        """Each text in the other language.

        Raises:
            InputError: transformers is not installed, or the model can't be had.
        """
        return self._translate("there", texts)

    def back(self, texts: list[str]) -> list[str]:
        """Each of those texts in the first language. Raises InputError as `there` does."""
        return self._translate("back", texts)

    def _translate(self, way: str, texts: list[str]) -> list[str]:
        tokenizer, model = self._load(way)
        found: list[str] = []
        for start in range(0, len(texts), self.batch_size):
            batch = tokenizer(texts[start : start + self.batch_size], return_tensors="pt", padding=True, truncation=True)
            found += tokenizer.batch_decode(model.generate(**batch.to(self.device)), skip_special_tokens=True)
        return found

    def _load(self, way: str) -> tuple[Any, Any]:
        if way not in self._loaded:
            name = self.names[way]
            try:
                transformers = importlib.import_module("transformers")
                tokenizer = transformers.MarianTokenizer.from_pretrained(name)
                model = transformers.MarianMTModel.from_pretrained(name).to(self.device).eval()
            except ImportError as error:  # transformers itself, or sentencepiece, which its tokenizer asks for
                line = " ".join(str(error).split())[:80]
                raise InputError(
                    "translator", f"needs a package ({line})", "pip install transformers sentencepiece"
                ) from None
            except (OSError, ValueError) as error:  # no network, no such model, a broken download
                line = " ".join(str(error).split())[:120]
                raise InputError("translator", f"{name} can't be had ({line})", "give a model's name or folder") from None
            self._loaded[way] = (tokenizer, model)
        return self._loaded[way]
