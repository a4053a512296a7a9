"""Every widget says the same in plain text, for a terminal, GitHub, nbconvert and whoever can't use the picture."""

from collections.abc import Mapping
from typing import Any

from studykit.knobs import Knob, Value


class Readable:
    """Puts `plain()` beside the widget's view; a subclass of a widget inherits it first."""

    def plain(self) -> str:
        """What the widget shows, as text."""
        raise TypeError(f"{type(self).__name__} must define plain()")

    def __str__(self) -> str:
        return self.plain()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # ipywidgets gives the data alone, anywidget data and metadata.
        given = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        data = given[0] if isinstance(given, tuple) else given
        data["text/plain"] = self.plain()
        return given


def listed(knobs: Mapping[str, Knob], values: Mapping[str, Value], says: Mapping[str, str] | None = None) -> list[str]:
    """One line per knob: name, value, range in signs that every language has, and what it is called.

    Args:
        knobs: The knobs.
        values: Their values.
        says: Their names in the learner's language, where there are any.
    """
    width = max(map(len, knobs), default=0)
    lines = [f"  {name:{width}} = {values[name]!s:<8} {_range(knob):<18} " for name, knob in knobs.items()]
    return [f"{line}{(says or {}).get(name, '')}".rstrip() for name, line in zip(knobs, lines, strict=True)]


def _range(knob: Knob) -> str:
    if knob.choices or knob.type == "bool":
        return " | ".join(knob.choices or ("True", "False"))
    if knob.low is None:
        return ""
    return f"{knob.low:g} … " + (f"{knob.high:g}" if knob.high is not None else "")
