"""`Play`: a picture that the browser computes, with a knob for every value it depends on.

A technique's module, `studykit/<section>/<id>.js`, exports `title` and `knobs` as JSON, which Python reads too, and as
its default `{ title, knobs, scene }`; `scene(values)` says what to draw (scenes.js lists the kinds).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from studykit.errors import InputError
from studykit.knobs import Knob, Value, parse_all
from studykit.language import Text, current
from studykit.widgets.bundle import bundle, constant
from studykit.widgets.readable import Readable, listed

HERE = Path(__file__).parent


class _KnobTrait(traitlets.TraitType[Value, Value]):
    """A trait that takes what its knob takes."""

    def __init__(self, knob: Knob) -> None:
        super().__init__(default_value=knob.default)
        self.knob = knob

    def validate(self, obj: Any, value: Any) -> Value:
        try:
            return self.knob.parse(value)
        except InputError as error:
            raise traitlets.TraitError(str(error)) from None


class Play(Readable, anywidget.AnyWidget):
    """A picture with knobs; every knob is a synced trait of its own (`play.lr`), `values` holds all of them.

    Args:
        module: The technique's ES module, such as `studykit/optim/lion.js`.
        lang: `en` or `zh`; by default the learner's language.
        **values: Knobs to begin with, such as `lr=1e-3`.

    Raises:
        ValueError: The module can't be read, or a knob has the name of another trait.
        InputError: A value is out of its knob's range, or its name is no knob.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = "".join((HERE / name).read_text(encoding="utf-8") for name in ("base.css", "play.css"))
    lang = traitlets.Enum(("en", "zh")).tag(sync=True)
    values = traitlets.Dict()

    def __init__(self, module: Path | str, *, lang: str | None = None, **values: Value) -> None:
        path = Path(module)
        self.title = Text(**constant(path, "title"))
        described = constant(path, "knobs")
        self.labels = {each["name"]: Text(**each["label"]) for each in described}
        self.knobs = {each["name"]: _knob(each) for each in described}
        for name in self.knobs:
            if hasattr(self, name):
                raise ValueError(f"{path.name}: a knob can't be called {name!r}, a widget has that already; rename it")
        parse_all(self.knobs, values)
        self.add_traits(**{name: _KnobTrait(knob).tag(sync=True) for name, knob in self.knobs.items()})
        super().__init__(_esm=bundle(HERE / "play.js", technique=path), lang=lang or current(), **values)
        self.values = self._together()
        self.observe(lambda _: self.set_trait("values", self._together()), list(self.knobs))

    def _together(self) -> dict[str, Value]:
        return {name: getattr(self, name) for name in self.knobs}

    @traitlets.validate("values")
    def _complete(self, proposal: dict[str, Any]) -> dict[str, Value]:
        try:
            return {**self._together(), **parse_all(self.knobs, proposal["value"])}
        except InputError as error:
            raise traitlets.TraitError(str(error)) from None

    @traitlets.observe("values")
    def _spread(self, change: dict[str, Any]) -> None:
        with self.hold_sync():
            for name, value in change["new"].items():
                setattr(self, name, value)

    def plain(self) -> str:
        """Title, and each knob with its value and range."""
        heading = Text("A picture with knobs", "带旋钮的图").say(self.lang)
        labels = {name: label.say(self.lang) for name, label in self.labels.items()}
        lines = listed(self.knobs, self._together(), labels)
        return "\n".join([f"{self.title.say(self.lang)} · {heading}", *lines])


def _knob(described: dict[str, Any]) -> Knob:
    kinds = {
        "log": "float",
        "range": "int" if described.get("step") == 1 else "float",
        "choice": "str",
        "switch": "bool",
    }
    kind, bounds = described["kind"], (described.get("low"), described.get("high"))
    choices = tuple(choice["value"] for choice in described.get("choices", ()))
    knob = Knob(described["name"], kind, kinds[kind], described["default"], *bounds, choices)
    return replace(knob, default=knob.parse(knob.default))
