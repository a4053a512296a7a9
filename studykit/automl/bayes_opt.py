"""Bayesian optimisation: a Gaussian process guesses the loss where nothing was tried, and the next trial goes where a gain is expected.

Jones, Schonlau & Welch, "Efficient Global Optimization of Expensive Black-Box Functions", J. Global Optimization 13, 1998, equation 15;
Snoek, Larochelle & Adams, "Practical Bayesian Optimization of Machine Learning Algorithms", NeurIPS 2012, arXiv:1206.2944.

    mean(x) = k(x, X) (K + noise I)^-1 y       var(x) = k(x, x) - k(x, X) (K + noise I)^-1 k(X, x)
    EI(x)   = E[max(best - f(x), 0)] = (best - mean) Phi(z) + std phi(z)          z = (best - mean) / std
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ._kernels import KERNELS, bounds_of, correlation, log_likelihood, most_likely, safe_cholesky
from ._kinds import in_float64
from ._space import Space


def expected_improvement(mean: Any, std: Any, best: Any) -> Any:
    """By how much a value drawn from N(mean, std²) is expected to lie below the best one so far: minimisation.

    Args:
        mean: Of the prediction; a float, a NumPy array or a tensor, like the two others, all broadcast together.
        std: Its standard deviation, >= 0. At 0 the improvement is max(best - mean, 0).
        best: The lowest value so far.

    Returns:
        The expected improvement, computed in float64: a tensor where one was given, else an array where one was, else a float;
        of their own floating dtype. Gradients flow through tensors.

    Raises:
        ValueError: A std is negative.

    Source: Jones, Schonlau & Welch 1998, equation 15.
    """
    (m, s, b), back = in_float64(mean, std, best)
    if (s < 0).any():
        raise ValueError(f"std must be >= 0, got {s.min().item():g}; take the root of a variance clamped at 0")
    gain, certain = b - m, s == 0
    z = gain / s.where(~certain, 1.0)
    density = (-0.5 * z.square()).exp() / math.sqrt(2 * math.pi)
    # Far below 0 the two terms cancel; what is left is density * (1 - |z| * Mills' ratio), which erfcx gives without underflow.
    mills = math.sqrt(math.pi / 2) * torch.special.erfcx(z.clamp(max=0).abs() / math.sqrt(2))
    left = density * (1 + z * mills)
    right = density + z * torch.special.ndtr(z)
    return back(torch.where(certain, gain.clamp_min(0), s * torch.where(z < -1, left, right)))


class GaussianProcess:
    """Gaussian-process regression in float64; what is None is learned by marginal likelihood, within bounds for the unit cube.

    Args:
        kernel: `matern52` or `rbf`.
        lengthscale: One per dimension, or one for all, > 0, in units of the input.
        scale: Variance of the function, > 0 (of the standardised values where `normalize`).
        noise: Variance of the noise, > 0, likewise.
        normalize: Whether values are brought to mean 0 and standard deviation 1 first.
        restarts: Climbs to the likelihood's maximum, >= 1.
        seed: Of their starts; the same data give the same fit.

    Raises:
        ValueError: An argument is out of its bounds; in `fit` and `predict`: shapes don't fit, or a number is not finite.

    Source: Rasmussen & Williams 2006, algorithm 2.1.
    """

    def __init__(
        self, kernel: str = "matern52", *, lengthscale: Any = None, scale: float | None = None, noise: float | None = None,
        normalize: bool = True, restarts: int = 2, seed: int = 0,
    ) -> None:  # fmt: skip
        if kernel not in KERNELS:
            raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {kernel!r}")
        if restarts < 1:
            raise ValueError(f"restarts must be >= 1, got {restarts}")
        for name, value in {"lengthscale": lengthscale, "scale": scale, "noise": noise}.items():
            if value is not None and not (torch.as_tensor(value) > 0).all():
                raise ValueError(f"{name} must be > 0, got {value}; None has it learned")
        self.kernel, self.given = kernel, (lengthscale, scale, noise)
        self.normalize, self.restarts, self.seed = normalize, restarts, seed

    def fit(self, x: Any, y: Any) -> "GaussianProcess":
        """Learn from values y (n,) at points x (n, d); returns itself, with `lengthscale`, `scale`, `noise`, `log_likelihood`."""
        x, y = (torch.as_tensor(each, dtype=torch.float64) for each in (x, y))
        if x.ndim != 2 or y.shape != x.shape[:1] or not len(x) or not (x.isfinite().all() and y.isfinite().all()):
            raise ValueError(f"x must be (n, d) and y (n,), n >= 1, all finite, got {tuple(x.shape)} and {tuple(y.shape)}")
        spread = y.std(correction=0)
        self.shift = y.mean() if self.normalize else y.new_zeros(())
        self.spread = spread if self.normalize and spread > 0 else y.new_ones(())
        self.x, y = x, (y - self.shift) / self.spread
        low, high = bounds_of(self.given, x.shape[1])
        learned = not torch.equal(low, high)
        logs = most_likely(x, y, low, high, self.kernel, self.restarts, self.seed) if learned else low
        self.lengthscale, self.scale, self.noise = logs[:-2].exp(), logs[-2].exp().item(), logs[-1].exp().item()
        self.log_likelihood = log_likelihood(x, y, logs, self.kernel).item()
        covariance = self.scale * correlation(x, x, self.lengthscale, self.kernel)
        self.factor = safe_cholesky(covariance + self.noise * torch.eye(len(x), dtype=torch.float64))
        self.weights = torch.cholesky_solve(y[:, None], self.factor)  # (n, 1)
        return self

    def predict(self, x: Any) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (m,) of the function, without noise, at points x (m, d)."""
        x = torch.as_tensor(x, dtype=torch.float64)
        if x.ndim != 2 or x.shape[1] != self.x.shape[1]:
            raise ValueError(f"x must be (m, {self.x.shape[1]}), got {tuple(x.shape)}")
        cross = self.scale * correlation(x, self.x, self.lengthscale, self.kernel)  # (m, n)
        mean = (cross @ self.weights).squeeze(1)
        explained = torch.linalg.solve_triangular(self.factor, cross.T, upper=False).square().sum(0)
        return mean * self.spread + self.shift, (self.scale - explained).clamp_min(0).sqrt() * self.spread


class BayesianOptimizer:
    """Minimises an expensive function: a Sobol start, then the point of greatest expected improvement, one after another.

    Args:
        space: For each name a tuple of bounds, `(1e-5, 1e-1, "log")`, `(0.0, 1.0)`, `(1, 8)` for whole numbers, or a list of choices.
        initial: Trials before the model is asked, >= 1.
        candidates: Random points that compete; as many again come from around the best ones.
        kernel: `matern52` or `rbf`.
        seed: A suggestion depends on it and on what was observed, on nothing else.

    Raises:
        ValueError: The space or an argument can't be used; in `observe`: a setting is outside of it, or a value not finite.

    Source: Snoek, Larochelle & Adams 2012; whole numbers and categories as in Garrido-Merchán & Hernández-Lobato 2020.
    """

    def __init__(
        self, space: Mapping[str, Any], *, initial: int = 5, candidates: int = 512, kernel: str = "matern52", seed: int = 0
    ) -> None:
        for name, number in {"initial": initial, "candidates": candidates}.items():
            if number < 1:
                raise ValueError(f"{name} must be >= 1, got {number}")
        self.space, self.initial, self.candidates, self.seed = Space(space), initial, candidates, seed
        self.model = GaussianProcess(kernel, seed=seed)
        self.trials: list[tuple[dict[str, Any], float]] = []

    @torch.no_grad()
    def suggest(self) -> dict[str, Any]:
        """The setting to try next."""
        if len(self.trials) < self.initial:
            sobol = torch.quasirandom.SobolEngine(self.space.columns, scramble=True, seed=self.seed)
            points = sobol.draw(len(self.trials) + 1, dtype=torch.float64)
            return self.space.decode(self.space.snap(points[-1:])[0])
        x = torch.stack([self.space.encode(setting) for setting, _ in self.trials])
        self.model.fit(x, [value for _, value in self.trials])
        fitted = self.model.predict(x)[0]
        rng = torch.Generator().manual_seed(100_003 * self.seed + len(self.trials))
        drawn = torch.rand(self.candidates, self.space.columns, dtype=torch.float64, generator=rng)
        centres = x[fitted.argsort()[:4]].repeat(self.candidates // 12 + 1, 1)
        points = torch.cat([self.space.snap(drawn), *(self.space.near(centres, step, rng) for step in (0.1, 0.03, 0.01))])
        gains = expected_improvement(*self.model.predict(points), fitted.min())  # noise: the best mean, not the luckiest value
        known = (points[:, None] - x).abs().amax(-1).amin(1) < 1e-9
        return self.space.decode(points[gains.where(~known, -1.0).argmax()])

    def observe(self, setting: Mapping[str, Any], value: float) -> None:
        """Tell the value, finite, of a setting, suggested or not."""
        self.space.encode(setting)
        if not math.isfinite(value):
            raise ValueError(f"value must be finite, got {value}; give a failed trial the worst value so far")
        self.trials.append((dict(setting), float(value)))

    @property
    def best(self) -> tuple[dict[str, Any], float]:
        """The setting of the lowest value observed, and the value."""
        return min(self.trials, key=lambda each: each[1])

    def state_dict(self) -> dict[str, Any]:
        """All that was observed, from which the search goes on as if it had not been interrupted."""
        return {"trials": [(dict(setting), value) for setting, value in self.trials]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what `state_dict` gave, in an optimizer of the same space and seed."""
        self.trials = []
        for setting, value in state["trials"]:
            self.observe(setting, value)
