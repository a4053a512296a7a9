"""Few trials of a smooth function of few parameters, where a model of it pays, and of noisy ones of many parameters or of categories."""

import math
from collections.abc import Iterable, Iterator
from statistics import fmean
from typing import Annotated, Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from studykit.automl._objectives import Objective, branin, categories, descent, hartmann, rugged, training
from studykit.automl._space import Space
from studykit.automl.bayes_opt import BayesianOptimizer
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.train import part, place, tell
from studykit.knobs import Choice, Range

# Nothing here is tuned: kernel, initial design and candidates are the defaults; the baselines have no hyper-parameters.
SETS = {"helps": ("branin", "hartmann", "training"), "does_not": ("rugged", "categories")}
METRIC = "log10 regret"
FLOOR = 1e-4  # where every arm counts as having arrived


def digits(seed: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """150 digits (8 x 8) to fit, half of them with labels drawn anew, so that both knobs matter, and 400 held out."""
    data = load_digits()
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data.target), generator=rng)[:550]
    x, y = torch.tensor(data.data)[order] / 16 - 0.3, torch.tensor(data.target)[order]
    y[:150] = torch.where(torch.rand(150, generator=rng) < 0.5, torch.randint(10, (150,), generator=rng), y[:150])
    answers = torch.nn.functional.one_hot(y, 10).double() - 0.1
    x, answers = x.to(device), answers.to(device)
    return x[:150], answers[:150], x[150:], answers[150:]


def objective(name: str, seed: int, device: str = "cpu") -> Objective:
    """One of the five by name."""
    made = {"branin": branin, "hartmann": hartmann, "rugged": rugged, "categories": categories}
    return training(descent(*digits(seed, device))) if name == "training" else made[name](seed)


def regrets(target: Objective, settings: Iterator[dict[str, Any]], trials: int, seed: int, seen: Any = None) -> list[float]:
    """The exact regret, after each trial, of the setting that measured best so far."""
    rng = torch.Generator().manual_seed(seed)
    lowest, found = math.inf, []
    for _ in range(trials):
        setting = next(settings)
        measured = target.value(setting) + target.noise * torch.randn((), generator=rng, dtype=torch.float64).item()
        if seen:
            seen(setting, measured)
        if measured < lowest:
            lowest, regret = measured, target.regret(setting)
        found.append(regret)
    return found


def search(arm: str, target: Objective, trials: int, seed: int, kernel: str = "matern52") -> list[float]:
    """The regrets of one arm on one objective: `gp`, `random`, `sobol`."""
    if arm == "gp":
        optimizer = BayesianOptimizer(target.space, kernel=kernel, seed=seed)
        return regrets(target, iter(optimizer.suggest, None), trials, seed, optimizer.observe)
    space = Space(target.space)
    rng = torch.Generator().manual_seed(seed + 1000)
    points = torch.rand(trials, space.columns, dtype=torch.float64, generator=rng)
    if arm == "sobol":
        points = torch.quasirandom.SobolEngine(space.columns, scramble=True, seed=seed).draw(trials, dtype=torch.float64)
    return regrets(target, map(space.decode, space.snap(points)), trials, seed)


def run(
    *,
    kernel: Choice("matern52", "rbf") = "matern52",
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", "branin", "hartmann", "training", "rugged", "categories") = "auto",
    steps: Annotated[int, Range(1, 200)] = 20,
    seed: int = 0,
    device: str = "auto",
) -> Result:
    """One seed of one regime: GP with expected improvement, random search, Sobol points, and random search with twice the trials.

    Args:
        kernel: Of the Gaussian process.
        regime: `helps` (smooth, two or three parameters, no noise) or `does_not` (noise, with ten parameters or six categories).
        dataset: The objective; `auto` is all of the regime, averaged.
        steps: Trials per arm.
        seed: Of the draws, of the noise, and of those objectives that are drawn.
        device: `auto`, `cpu`, `cuda`: where the objective `training` is computed.

    Returns:
        GP-EI first, compared by the mean over objectives of log10 of the final regret (1 is an average setting).
    """
    where = place(device).device.type
    names = SETS[regime] if dataset == "auto" else (dataset,)
    plans = {"GP-EI": ("gp", steps), "random": ("random", steps), "Sobol": ("sobol", steps), "random, twice the trials": ("random", 2 * steps)}
    logs: dict[str, list[list[float]]] = {name: [] for name in plans}
    for number, name in enumerate(names):
        target = objective(name, seed, where)
        with part(number, len(names)):
            for arm, (kind, trials) in plans.items():
                found = search(kind, target, trials, seed, kernel)
                logs[arm].append([math.log10(max(each, FLOOR)) for each in found])
                tell((len([*filter(None, logs.values())])) / len(plans), {arm: logs[arm][-1][:steps]})
    arms = {}
    for arm, curves in logs.items():
        each = {f"{METRIC}, {name}": curve[-1] for name, curve in zip(names, curves, strict=True)}
        arms[arm] = Arm({METRIC: fmean(each.values()), **each})
    return Result(regime, seed, METRIC, False, arms)


def effect(results: Iterable[Result]) -> Effect:
    """GP-EI against each other arm, paired by seed."""
    return compare(results)
