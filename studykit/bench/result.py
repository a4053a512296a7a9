"""Results over seeds: one run is one seed and one regime with all arms, so that differences are paired."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, stdev
from typing import Any

from studykit.language import Text

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom, and the normal's.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_Z95 = 1.959964


@dataclass(frozen=True)
class Arm:
    """One way of training: its final metrics and its curves over steps."""

    metrics: Mapping[str, float]
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One seed and one regime.

    Attributes:
        regime: `helps` or `does_not`.
        seed: The seed of data split, initialisation and batches, the same for all arms.
        metric: The metric that the arms are compared by.
        higher_is_better: Its direction.
        arms: Name to arm; the technique is the first, the others are baselines.
    """

    regime: str
    seed: int
    metric: str
    higher_is_better: bool
    arms: Mapping[str, Arm]

    def as_json(self) -> dict[str, Any]:
        """The result without its curves."""
        row = asdict(self)
        row["arms"] = {name: dict(arm.metrics) for name, arm in self.arms.items()}
        return row


@dataclass(frozen=True)
class Finding:
    """The technique against one other arm in one regime, over seeds.

    Attributes:
        difference: Mean paired difference, technique minus other.
        low: Lower end of its 95 % interval (Student's t over seeds).
        high: Upper end; both infinite for one seed.
        wins: Seeds in which the technique was strictly the better one.
    """

    regime: str
    metric: str
    higher_is_better: bool
    technique: str
    against: str
    mean: float
    other: float
    difference: float
    low: float
    high: float
    wins: int
    seeds: int

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the interval excludes zero, else `same`: no difference was shown."""
        if not (self.low > 0 or self.high < 0):  # NaN is neither: a run that diverged shows nothing
            return "same"
        return "better" if (self.difference > 0) == self.higher_is_better else "worse"

    def agreement(self, expected: str) -> str:
        """`agrees`, `not shown` (the interval includes zero, or a run diverged) or `disagrees` with the card."""
        if self.verdict == expected and math.isfinite(self.difference):
            return "agrees"
        return "not shown" if self.verdict == "same" else "disagrees"

    def say(self) -> Text:
        """The finding as a sentence."""
        word = {
            "better": Text("better than", f"优于 {self.against}"),
            "worse": Text("worse than", f"差于 {self.against}"),
            "same": Text("not clearly different from", f"与 {self.against} 差异不明显"),
        }[self.verdict]
        interval = f"[{show(self.low)}, {show(self.high)}]"
        numbers = f"{show(self.mean)} / {show(self.other)}"
        if not math.isfinite(self.difference) or self.seeds == 1:
            why = Text("one seed has no interval", "仅一个种子，没有区间")
            if not math.isfinite(self.difference):
                why = Text("a run diverged, so nothing can be compared", "有训练发散，无法比较")
            return Text(
                f"{self.technique} vs {self.against}, {self.metric}: {numbers}; {why.en}.",
                f"{self.technique} 对 {self.against}，{self.metric}：{numbers}，{why.zh}。",
            )
        return Text(
            f"{self.technique} was {word.en} {self.against} in {self.metric}: {numbers}, paired difference "
            f"{show(self.difference)} {interval} (95 %), better in {self.wins} of {self.seeds} seeds.",
            f"{self.technique} {word.zh}（{self.metric}）：{numbers}，配对差 {show(self.difference)} "
            f"{interval}（95%），{self.seeds} 个种子中 {self.wins} 个更好。",
        )


@dataclass(frozen=True)
class Effect:
    """What was found, over all runs given."""

    findings: tuple[Finding, ...]

    def of(self, regime: str, against: str) -> Finding:
        """The finding in this regime against this arm."""
        return next(each for each in self.findings if (each.regime, each.against) == (regime, against))

    def rows(self, expect: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
        """One row per finding that the card has an expectation of or that was measured besides."""
        rows = []
        for finding in self.findings:
            expected = expect.get(finding.regime, {}).get(finding.against)
            agreement = finding.agreement(expected) if expected else "no expectation"
            rows.append({**asdict(finding), "verdict": finding.verdict, "expected": expected, "agreement": agreement})
        return rows


def compare(results: Iterable[Result]) -> Effect:
    """The first arm against every other one, by regime, paired by seed.

    Args:
        results: Runs of one experiment, one per regime and seed.

    Returns:
        The findings, regime by regime.

    Raises:
        ValueError: A seed was given twice for one regime.
    """
    by_regime: dict[str, list[Result]] = {}
    for result in results:
        by_regime.setdefault(result.regime, []).append(result)
    findings = []
    for regime, runs in by_regime.items():
        if len({run.seed for run in runs}) < len(runs):
            raise ValueError(
                f"{regime}: a seed was given twice, which would make the interval too narrow; give each once"
            )
        first = runs[0]
        technique, *others = first.arms
        for other in others:
            ours = [run.arms[technique].metrics[first.metric] for run in runs]
            theirs = [run.arms[other].metrics[first.metric] for run in runs]
            findings.append(_finding(first, technique, other, ours, theirs))
    return Effect(tuple(findings))


def _finding(run: Result, technique: str, other: str, ours: list[float], theirs: list[float]) -> Finding:
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    mean, half = interval(differences)
    wins = sum(difference > 0 if run.higher_is_better else difference < 0 for difference in differences)
    return Finding(
        run.regime, run.metric, run.higher_is_better, technique, other,
        fmean(ours), fmean(theirs), mean, mean - half, mean + half, wins, len(differences),
    )  # fmt: skip


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % interval (Student's t): infinite for one value, NaN where one is not finite."""
    if len(values) == 1:
        return values[0], math.inf
    if not all(map(math.isfinite, values)):
        return math.nan, math.nan
    freedom = len(values) - 1
    # Beyond the table: the first two terms of t's expansion around the normal (Abramowitz & Stegun 26.7.5).
    first, second = (_Z95**3 + _Z95) / 4, (5 * _Z95**5 + 16 * _Z95**3 + 3 * _Z95) / 96
    t = _T95[freedom - 1] if freedom <= len(_T95) else _Z95 + first / freedom + second / freedom**2
    return fmean(values), t * stdev(values) / math.sqrt(len(values))


def show(value: float) -> str:
    """A number for a reader: four significant digits."""
    return f"{value:.4g}"


def finite(value: Any) -> Any:
    """JSON has no infinity, which is where an interval over one seed ends, and no NaN, which a diverged run ends in."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value
