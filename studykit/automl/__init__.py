"""The techniques of automl; derived by `studykit build` from their cards."""

from .bayes_opt import BayesianOptimizer, GaussianProcess, expected_improvement

__all__ = [
    "BayesianOptimizer",
    "GaussianProcess",
    "expected_improvement",
]
