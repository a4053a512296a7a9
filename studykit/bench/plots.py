"""Pictures of results, each with a text that says what it shows."""

import base64
import html
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from studykit.bench.result import Result, interval, show

# Okabe and Ito's colours, which stay apart for colour-blind readers; the technique comes first and is blue.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SMOOTH = 20


@dataclass(frozen=True)
class Picture:
    """A PNG with its alternative text."""

    png: bytes
    alt: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        # An image of its own mime type is shown with an empty `alt`, hence HTML; terminals and nbval read the plain text.
        data = base64.b64encode(self.png).decode()
        return {
            "text/html": f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}">',
            "text/plain": self.alt,
        }


def picture(figure: Figure, alt: str) -> Picture:
    """The figure as a PNG of screen resolution."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80, bbox_inches="tight")
    return Picture(file.getvalue(), alt)


def outcomes(results: Sequence[Result]) -> Picture:
    """Loss curves by arm, and the compared metric of every seed with the mean's 95 % interval.

    Args:
        results: Runs of one regime, one per seed.
    """
    first = results[0]
    curves = [name for name in next(iter(first.arms.values())).curves]
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, len(curves) + 1, squeeze=False)[0]
    for axis, curve in zip(axes, curves, strict=False):
        for colour, name in zip(itertools.cycle(COLOURS), first.arms, strict=False):
            runs = [smooth(run.arms[name].curves[curve]) for run in results]
            mean = [fmean(values) for values in zip(*runs, strict=True)]
            axis.plot(mean, color=colour, label=name, linewidth=1.8)
            low, high = ([edge(values) for values in zip(*runs, strict=True)] for edge in (min, max))
            axis.fill_between(range(len(mean)), low, high, color=colour, alpha=0.15, linewidth=0)
        tidy(axis, "step", f"{curve} (mean over {SMOOTH} steps)")
        axis.legend(frameon=False, fontsize=9)
    _dots(axes[-1], results)
    seeds = "1 seed" if len(results) == 1 else f"{len(results)} seeds"
    figure.suptitle(f"regime: {first.regime.replace('_', ' ')}, {seeds}", fontsize=10)
    means = {name: fmean(run.arms[name].metrics[first.metric] for run in results) for name in first.arms}
    words = ", ".join(f"{name} {show(mean)}" for name, mean in means.items())
    return picture(figure, f"{first.metric} by arm, mean over {seeds}: {words}")


def _dots(axis: Axes, results: Sequence[Result]) -> None:
    first = results[0]
    names = list(first.arms)
    for row, (colour, name) in enumerate(zip(itertools.cycle(COLOURS), names, strict=False)):
        values = [run.arms[name].metrics[first.metric] for run in results]
        axis.plot(values, [row] * len(values), "o", color=colour, alpha=0.45, markersize=6)
        mean, half = interval(values)
        if len(values) > 1:
            axis.errorbar(mean, row, xerr=half, fmt="D", color=colour, capsize=4, markersize=5)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    better = "right" if first.higher_is_better else "left"
    tidy(axis, f"{first.metric} (better to the {better})", "")


def lines(series: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str, *, log: str = "") -> Picture:
    """Lines with markers.

    Args:
        series: Name to x and y values.
        x: Label with unit.
        y: Label with unit.
        log: Which axes are logarithmic: `""`, `"x"`, `"y"` or `"xy"`.
    """
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axis = figure.subplots()
    for colour, (name, (xs, ys)) in zip(itertools.cycle(COLOURS), series.items(), strict=False):
        axis.plot(xs, ys, "o-", color=colour, label=name, linewidth=1.8, markersize=4)
    for each in log:
        getattr(axis, f"set_{each}scale")("log")
    tidy(axis, x, y)
    axis.legend(frameon=False, fontsize=9)
    spoken = {
        name: ", ".join(f"{show(a)} → {show(b)}" for a, b in zip(*points, strict=True))
        for name, points in series.items()
    }
    words = "; ".join(f"{name}: {points}" for name, points in spoken.items())
    return picture(figure, f"{y} over {x}. {words}")


def tidy(axis: Axes, x: str, y: str) -> None:
    """Labels and only the two axes that carry numbers."""
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25)


def smooth(values: Sequence[float], width: int = SMOOTH) -> list[float]:
    """Mean over the last `width` values at each place."""
    return [fmean(values[max(0, n - width + 1) : n + 1]) for n in range(len(values))]
