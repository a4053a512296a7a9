"""`Experiment`: the knobs of a `run` signature, Run and Stop, progress and curves that grow while it runs."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from studykit.knobs import Knob, Value
from studykit.language import Text, current
from studykit.widgets.bundle import bundle
from studykit.widgets.readable import Readable, listed

HERE = Path(__file__).parent
Series = Mapping[str, Sequence[float]]
Report = Callable[[float, Series], None]
Start = Callable[[dict[str, Value], Report, Callable[[], bool]], object]

_HOW = Text(
    "Set a knob with .controls[name].value, then .run() and .stop().",
    "用 .controls[name].value 设旋钮，再用 .run() 和 .stop()。",
)
_RUN, _STOP = Text("Run", "运行"), Text("Stop", "停止")
_RUNNING, _STOPPING = Text("Running …", "正在运行……"), Text("Stopping after this step …", "这一步结束后停止……")
EXACT = 10_000  # the largest whole number that a slider is good for
REDRAW_SECONDS = 0.1  # Ten pictures a second look alive and leave the processor to the training.


class Curves(Readable, anywidget.AnyWidget):
    """Curves over steps, drawn in the browser; assign `curves` to redraw.

    Args:
        curves: By name the values at step 1, 2, …
        lang: `en` or `zh`; by default the learner's language.
    """

    _esm = bundle(HERE / "experiment.js")
    _css = "".join((HERE / name).read_text(encoding="utf-8") for name in ("base.css", "play.css"))
    curves = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict(help="One line in both languages.").tag(sync=True)
    failed = traitlets.Bool(False).tag(sync=True)
    lang = traitlets.Enum(("en", "zh")).tag(sync=True)

    def __init__(self, curves: Series | None = None, *, lang: str | None = None) -> None:
        super().__init__(
            curves={name: _finite(values) for name, values in (curves or {}).items()}, lang=lang or current()
        )

    def show(self, **traits: Any) -> None:
        """Set several traits in one message, so that the picture never shows half of them."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    def plain(self) -> str:
        """The last value of each curve, and the status."""
        ends = [
            f"{name}: {values[-1]:.4g} ({len(values)})"
            for name, values in self.curves.items()
            if values and values[-1] is not None
        ]
        return "\n".join([*ends, *filter(None, [self.status.get(self.lang)])])


class Experiment(Readable, ipywidgets.VBox):
    """Knobs, Run, Stop, progress and curves around a function that trains something.

    Args:
        knobs: What can be set, as `knobs_of(run)` gives it.
        start: Called in a thread with the values, `report(fraction, curves)` and `stopped()`; it should call the first
            now and then and end when the second is true.
        lang: `en` or `zh`; by default the learner's language.
    """

    def __init__(self, knobs: Mapping[str, Knob], start: Start, *, lang: str | None = None) -> None:
        self.knobs, self._start, self._lang = dict(knobs), start, lang or current()
        self._stop, self._thread = threading.Event(), threading.Thread()
        self.controls = {name: _control(knob) for name, knob in self.knobs.items()}
        self.curves = Curves(lang=self._lang)
        self.progress = ipywidgets.FloatProgress(value=0.0, max=1.0, layout={"width": "auto", "display": "none"})
        self.run_button = ipywidgets.Button(description=_RUN.say(self._lang), icon="play", button_style="primary")
        self.stop_button = ipywidgets.Button(description=_STOP.say(self._lang), icon="stop", disabled=True)
        self.run_button.on_click(lambda _: self.run())
        self.stop_button.on_click(lambda _: self.stop())
        columns = "repeat(auto-fit, minmax(min(300px, 100%), 1fr))"
        grid = ipywidgets.GridBox(list(self.controls.values()), layout={"grid_template_columns": columns})
        buttons = ipywidgets.HBox([self.run_button, self.stop_button], layout={"flex_flow": "row wrap"})
        super().__init__([grid, buttons, self.progress, self.curves])
        self.add_class("sk-experiment")

    @property
    def values(self) -> dict[str, Value]:
        """The values as the knobs stand."""
        return {name: _read(knob, self.controls[name].value) for name, knob in self.knobs.items()}

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self._thread.is_alive()

    def run(self) -> threading.Thread:
        """Run with the values as they stand, in a thread, unless one is under way.

        Raises:
            InputError: A value is out of its knob's range.
        """
        if not self.busy:
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, args=(self.values,), daemon=True)
            self.run_button.disabled, self.stop_button.disabled = True, False
            self.progress.value, self.progress.bar_style, self.progress.layout.display = 0.0, "info", "flex"
            self.curves.show(curves={}, status=_RUNNING._asdict(), failed=False)
            self._thread.start()
        return self._thread

    def stop(self) -> None:
        """Ask the run that is under way to end."""
        if self.busy:
            self._stop.set()
            self.stop_button.disabled = True
            self.curves.status = _STOPPING._asdict()

    def _work(self, values: dict[str, Value]) -> None:
        began, error = time.perf_counter(), None
        stream = _Stream(self)
        try:
            self._start(values, stream.report, self._stop.is_set)
        except Exception as raised:  # Shown as one line: a thread's traceback would land in some other cell.
            error = f"{type(raised).__name__}: {raised}".splitlines()[0]
        stream.flush()
        self._end(time.perf_counter() - began, error)

    def _end(self, seconds: float, error: str | None) -> None:
        if error:
            style, status = "danger", Text(f"Failed. {error}", f"出错：{error}")
        elif self._stop.is_set():
            style, status = "warning", Text(f"Stopped after {seconds:.1f} s.", f"{seconds:.1f} 秒后停止。")
        else:
            style, status = "success", Text(f"Done in {seconds:.1f} s.", f"完成，用时 {seconds:.1f} 秒。")
            self.progress.value = 1.0
        self.progress.bar_style = style
        self.curves.show(status=status._asdict(), failed=bool(error))
        self.run_button.disabled, self.stop_button.disabled = False, True

    def plain(self) -> str:
        """The knobs with value and range, the last values, and how to run in text."""
        lines = listed(self.knobs, self.values)
        return "\n".join(
            [
                Text("Experiment", "实验").say(self._lang),
                *lines,
                *filter(None, [self.curves.plain()]),
                _HOW.say(self._lang),
            ]
        )


class _Stream:
    """Passes reports on at most every `REDRAW_SECONDS`; the last one always arrives."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.shown_at = experiment, 0.0
        self.latest: tuple[float, Series] | None = None

    def report(self, fraction: float, curves: Series) -> None:
        self.latest = (fraction, curves)
        if time.perf_counter() - self.shown_at >= REDRAW_SECONDS:
            self.flush()

    def flush(self) -> None:
        if self.latest:
            fraction, curves = self.latest
            self.latest, self.shown_at = None, time.perf_counter()
            self.experiment.progress.value = min(max(float(fraction), 0.0), 1.0)
            self.experiment.curves.curves = {name: _finite(values) for name, values in curves.items()}


def _finite(values: Sequence[float]) -> list[float | None]:
    """JSON has no NaN: a gap is None."""
    return [float(value) if math.isfinite(value) else None for value in values]


def _read(knob: Knob, shown: Any) -> Value:
    # What runs is what the slider shows: so many digits, and never a rounding error beyond the bounds.
    if knob.kind in ("log", "range"):
        shown = round(shown) if knob.type == "int" else float(f"{shown:.{_digits(knob)}g}")
        shown = min(max(shown, knob.low or 0), knob.high or 0)
    return knob.parse(shown)


def _digits(knob: Knob) -> int:
    """How many digits of a slider count: 0.9999 is not 1."""
    return 3 if knob.kind == "log" else 4


def _round_step(low: float, high: float, default: float) -> float:
    """A round step with the default among its positions, so that what someone types is one of them too."""
    rough = math.floor(math.log10((high - low) / 90))
    for step in (digit * 10.0 ** (rough - down) for down in range(2) for digit in (5, 2, 1)):
        positions = (default - low) / step
        if step <= (high - low) / 90 and abs(positions - round(positions)) < 1e-6:
            return step
    return _step(low, high, default)


def _step(low: float, high: float, default: float) -> float:
    """About a hundredth of the way, with the default among the positions: the browser moves it to the nearest."""

    def miss(count: int) -> tuple[float, int]:
        position = (default - low) / (high - low) * count
        return round(abs(position - round(position)), 3), abs(count - 100)

    return (high - low) / min(range(50, 200), key=miss)


def _control(knob: Knob) -> ipywidgets.Widget:
    """The ipywidgets control of a knob, labelled with its name."""
    common: dict[str, Any] = {
        "description": knob.name,
        "value": knob.default,
        "style": {"description_width": "7.5em"},
        "layout": {"width": "auto"},
    }
    # A whole number out of so many is typed: a slider with a hundred positions could not be set to 200.
    if knob.type == "int" and knob.kind != "choice" and (knob.high is None or knob.high > EXACT):
        high = 2**31 - 1 if knob.high is None else int(knob.high)
        return ipywidgets.BoundedIntText(min=int(knob.low or 0), max=high, **common)
    if knob.kind == "log":
        low, high, default = (math.log10(float(each or 0)) for each in (knob.low, knob.high, knob.default))
        shown = ".0f" if knob.type == "int" else f".{_digits(knob)}"  # no letter: as short as it can be, 0.9
        return ipywidgets.FloatLogSlider(
            min=low, max=high, step=_step(low, high, default), readout_format=shown, **common
        )
    if knob.kind == "range" and knob.type == "int":
        return ipywidgets.IntSlider(min=int(knob.low or 0), max=int(knob.high or 0), **common)
    if knob.kind == "range":
        low, high, default = (float(each or 0) for each in (knob.low, knob.high, knob.default))
        step, shown = _round_step(low, high, default), f".{_digits(knob)}"
        return ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=shown, **common)
    if knob.kind == "choice":
        return ipywidgets.Dropdown(options=knob.choices, **common)
    controls = {"float": ipywidgets.FloatText, "bool": ipywidgets.Checkbox, "str": ipywidgets.Text}
    return controls[knob.type](**common)
