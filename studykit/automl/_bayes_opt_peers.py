"""GP-EI beside its peers: Optuna's TPE, and the same search written with scikit-learn's Gaussian process.

``python -m studykit.automl._bayes_opt_peers [result.json]`` prints regrets and paired differences on three objectives, over twelve
seeds. All searches begin with the same five trials; nothing is tuned. TPE: Bergstra et al. 2011, Optuna: Akiba et al. 2019.
"""

import argparse
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import optuna
import torch
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from torch import Tensor

from studykit.automl._kernels import BOUNDS
from studykit.automl._objectives import Objective
from studykit.automl._space import Space
from studykit.automl.bayes_opt_experiment import FLOOR, SETS, objective, regrets, search
from studykit.bench.result import interval

OURS = "GP-EI"
ARMS = (OURS, "scikit-learn GP", "Optuna TPE", "random")
INITIAL, CANDIDATES, TRIALS, SEEDS = 5, 512, 20, 12
Setting = Row = dict[str, Any]


def first_trials(space: Space, seed: int) -> list[Setting]:
    """The Sobol points with which every search begins; those of `BayesianOptimizer` with that seed."""
    points = torch.quasirandom.SobolEngine(space.columns, scramble=True, seed=seed).draw(INITIAL, dtype=torch.float64)
    return [space.decode(point) for point in space.snap(points)]


class ScikitSearch:
    """Expected improvement by the textbook on scikit-learn's Gaussian process: kernel, bounds and candidates as in ours.

    Args:
        target: What is minimised.
        seed: Of the first trials and the candidates.
    """

    def __init__(self, target: Objective, seed: int) -> None:
        self.space, self.seed = Space(target.space), seed
        self.first = first_trials(self.space, seed)
        self.points: list[Tensor] = []
        self.values: list[float] = []

    def suggest(self) -> Setting:
        """The setting to try next."""
        if len(self.values) < INITIAL:
            return self.first[len(self.values)]
        x = torch.stack(self.points)
        kernel = ConstantKernel(1.0, BOUNDS[1]) * Matern([0.5] * x.shape[1], BOUNDS[0], nu=2.5) + WhiteKernel(1e-3, BOUNDS[2])
        model = GaussianProcessRegressor(kernel, alpha=1e-10, normalize_y=True, random_state=self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length scale at its bound is an answer here
            model.fit(x.numpy(), self.values)
        rng = torch.Generator().manual_seed(100_003 * self.seed + len(self.values))
        drawn = torch.rand(CANDIDATES, self.space.columns, dtype=torch.float64, generator=rng)
        fitted = torch.as_tensor(model.predict(x.numpy()))
        centres = x[fitted.argsort()[:4]].repeat(CANDIDATES // 12 + 1, 1)
        points = torch.cat([self.space.snap(drawn), *(self.space.near(centres, step, rng) for step in (0.1, 0.03, 0.01))])
        # Its std includes the noise it has learned, which is next to none here.
        mean, std = (torch.as_tensor(each) for each in model.predict(points.numpy(), return_std=True))
        z = (fitted.min() - mean) / std
        density = (-0.5 * z.square()).exp() / math.sqrt(2 * math.pi)
        gains = std * (z * torch.special.ndtr(z) + density)
        return self.space.decode(points[gains.argmax()])

    def observe(self, setting: Mapping[str, Any], value: float) -> None:
        """Tell the value of a setting."""
        self.points.append(self.space.encode(setting))
        self.values.append(value)


class OptunaSearch:
    """Optuna's TPE, asked and told, from the same first trials.

    Args:
        target: What is minimised.
        seed: Of the first trials and of the sampler.
    """

    def __init__(self, target: Objective, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space = {name: _distribution(given) for name, given in target.space.items()}
        self.study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=INITIAL, seed=seed))
        for setting in first_trials(Space(target.space), seed):
            self.study.enqueue_trial(setting)

    def suggest(self) -> Setting:
        """The setting to try next."""
        self.trial = self.study.ask(self.space)
        return dict(self.trial.params)

    def observe(self, setting: Mapping[str, Any], value: float) -> None:
        """Tell the value of what was suggested last."""
        self.study.tell(self.trial, value)


def _distribution(given: Any) -> optuna.distributions.BaseDistribution:
    if isinstance(given, list):
        return optuna.distributions.CategoricalDistribution(given)
    low, high, *log = given
    whole = isinstance(low, int) and isinstance(high, int)
    kind = optuna.distributions.IntDistribution if whole else optuna.distributions.FloatDistribution
    return kind(low, high, log=bool(log))


def curves(name: str, seed: int, trials: int = TRIALS) -> dict[str, list[float]]:
    """log10 of the regret after each trial, by arm, on one objective of the experiment with one seed.

    Args:
        name: Such as `branin`.
        seed: Of all that is drawn.
        trials: Of each search.
    """
    target = objective(name, seed)
    found = {}
    for arm in ARMS:
        if arm in (OURS, "random"):
            each = search("gp" if arm == OURS else arm, target, trials, seed)
        else:
            peer = (ScikitSearch if arm == "scikit-learn GP" else OptunaSearch)(target, seed)
            each = regrets(target, iter(peer.suggest, None), trials, seed, peer.observe)
        found[arm] = [math.log10(max(regret, FLOOR)) for regret in each]
    return found


def gather(seeds: int = SEEDS, trials: int = TRIALS, first: int = 0) -> dict[str, list[dict[str, list[float]]]]:
    """The curves of every seed, by objective, on those where the experiment expects a model to help.

    Args:
        seeds: How many.
        trials: Of each search.
        first: The first seed.
    """
    return {name: [curves(name, seed, trials) for seed in range(first, first + seeds)] for name in SETS["helps"]}


def paired(found: Mapping[str, Sequence[Mapping[str, Sequence[float]]]], budget: int) -> list[Row]:
    """Ours less each other arm after a budget, paired by seed: by objective, and of the mean over the objectives.

    Args:
        found: As `gather` gives it.
        budget: Trials, >= 1.

    Returns:
        Rows with the mean difference of log10 regret, its 95 % interval, wins, losses, and p of the exact sign test, ties left out.
    """
    rows = []
    for against in ARMS[1:]:
        apart = {
            name: [each[OURS][budget - 1] - each[against][budget - 1] for each in seeds] for name, seeds in found.items()
        }
        apart["mean of all"] = [fmean(row) for row in zip(*apart.values(), strict=True)]
        for name, differences in apart.items():
            mean, half = interval(differences)
            wins, losses = sum(each < 0 for each in differences), sum(each > 0 for each in differences)
            rows.append({
                "objective": name, "against": against, "trials": budget, "difference": mean, "low": mean - half,
                "high": mean + half, "wins": wins, "losses": losses, "p": sign_test(wins, losses),
            })  # fmt: skip
    return rows


def sign_test(wins: int, losses: int) -> float:
    """How likely a count so uneven, or more, is if each were the throw of a coin.

    Args:
        wins: Of one side.
        losses: Of the same.
    """
    total = wins + losses
    return min(1.0, 2 * sum(math.comb(total, k) for k in range(max(wins, losses), total + 1)) / 2**total)


def main(out: Path | None = None) -> dict[str, Any]:
    """Search, print the tables and, if asked, write curves and comparisons as JSON."""
    found = gather()
    budgets = (INITIAL, TRIALS // 2, TRIALS)
    means = Table(title=f"Mean log10 regret over {SEEDS} seeds, Optuna {optuna.__version__}")
    for heading in ("objective", "search", *(f"{budget} trials" for budget in budgets)):
        means.add_column(heading)
    for name, seeds in found.items():
        for arm in ARMS:
            means.add_row(name, arm, *(f"{fmean(each[arm][budget - 1] for each in seeds):+.2f}" for budget in budgets))
    rows = [row for budget in budgets[1:] for row in paired(found, budget)]
    tests = Table(title=f"{OURS} less the other, paired by seed; below 0 ours is better")
    for heading in ("trials", "objective", "against", "difference [95 %]", "better", "worse", "sign test p"):
        tests.add_column(heading)
    for row in rows:
        middle = f"{row['difference']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
        counts = (str(row["wins"]), str(row["losses"]), f"{row['p']:.2g}")
        tests.add_row(str(row["trials"]), row["objective"], row["against"], middle, *counts)
    console = Console(width=120)
    console.print(means)
    console.print(tests)
    result = {"optuna": optuna.__version__, "seeds": SEEDS, "curves": found, "paired": rows}
    if out is not None:
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, help="where to write the result as JSON")
    main(parser.parse_args().out)
