"""What the mistakes of the norms are written down as."""

from typing import Any, NamedTuple

from studykit.drill import Mistake
from studykit.language import Text


class Told(NamedTuple):
    """A wrong solution and what its author is told."""

    candidate: Any
    en: str
    zh: str


def named(wrong: dict[str, Told]) -> tuple[Mistake, ...]:
    """The drill's mistakes."""
    return tuple(Mistake(name, each.candidate, Text(each.en, each.zh)) for name, each in wrong.items())
