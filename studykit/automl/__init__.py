"""The techniques of automl; derived by `studykit build` from their cards."""

from .bayes_opt import BayesianOptimizer, GaussianProcess, expected_improvement
from .bignas import sandwich_step
from .once_for_all import ElasticNet, elastic_conv2d, once_for_all_train
from .pbt import PopulationBasedTraining, exploit_and_explore

__all__ = [
    "BayesianOptimizer",
    "ElasticNet",
    "GaussianProcess",
    "PopulationBasedTraining",
    "elastic_conv2d",
    "expected_improvement",
    "exploit_and_explore",
    "once_for_all_train",
    "sandwich_step",
]
