"""`Ask`: a field to type into or to choose from, and below it what was found."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from studykit.errors import InputError
from studykit.language import Text, current
from studykit.widgets.readable import Readable

_HOW = Text("Ask again with .ask({!r}).", "可用 .ask({!r}) 再问。")


class Ask(Readable, ipywidgets.VBox):
    """Shows the answer to what is typed, at first that to the first example.

    Args:
        label: What is asked for.
        answer: Takes the text and gives something with a `_repr_mimebundle_` of HTML and plain text, such as a `Picture`; an
            `InputError` or `ValueError` is shown as its one line.
        examples: What can be chosen from the list beside typing.
        lang: `en` or `zh`; by default the learner's language.
    """

    def __init__(self, label: Text, answer: Callable[[str], Any], examples: Sequence[str], *, lang: str | None = None) -> None:
        self._answer, self._lang, self._label = answer, lang or current(), label
        self._examples, self._said = list(examples), ""
        self.field = ipywidgets.Combobox(
            value=self._examples[0],
            options=self._examples,
            description=label.say(self._lang),
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "min(100%, 32em)"},
        )
        self.found = ipywidgets.HTML()
        super().__init__([self.field, self.found])
        self.field.observe(lambda change: self._find(change["new"]), "value")
        self._find(self.field.value)

    def ask(self, text: str) -> str:
        """Put a text into the field; returns what was found in words."""
        self.field.value = text
        return self._said

    def _find(self, text: str) -> None:
        try:
            shown = self._answer(text)._repr_mimebundle_()
        except (InputError, ValueError) as error:
            self._said = str(error)
            self.found.value = f'<p role="status">{html.escape(self._said)}</p>'
            return
        self._said, self.found.value = shown["text/plain"], shown["text/html"]

    def plain(self) -> str:
        """The question as it stands, the answer in words, and how to ask again in text."""
        return f"{self._label.say(self._lang)}: {self.field.value}\n{self._said}\n{_HOW.say(self._lang).format(self._examples[-1])}"
