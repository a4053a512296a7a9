"""The same population on Ray Tune: its own scheduler `PopulationBasedTraining`, with our space, interval and budget. Needs `ray[tune]`."""

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .pbt import PopulationBasedTraining

Train = Callable[[list[Any], list[dict[str, Any]]], tuple[Sequence[Any], Sequence[float]]]
STATE = "state.pt"


class Tuned(NamedTuple):
    """What Ray Tune found: the best member's last score, its state, and the setting that it had at the end."""

    score: float
    state: Any
    setting: dict[str, Any]


def available() -> bool:
    """Whether Ray Tune can be imported."""
    try:
        from ray import tune  # noqa: F401
    except ImportError:
        return False
    return True


def train_with_ray(
    pbt: PopulationBasedTraining, train: Train, rounds: int, *, folder: str | os.PathLike[str] | None = None, cpus: float = 1.0
) -> Tuned:
    """Train the members of a population that has not begun yet, on Ray Tune instead of `pbt.step`.

    Args:
        pbt: Space, settings and states to begin with, interval, fraction, factors, resampling and seed.
        train: As `PopulationBasedTraining.step` takes it; called with one member at a time, in Ray's processes.
        rounds: Calls of `train` for each member.
        folder: Where Ray keeps results and checkpoints; by default a temporary one.
        cpus: Of each member.

    Returns:
        The best member.

    Raises:
        ImportError: Ray Tune isn't installed.
        ValueError: The population has begun already, or is not one of truncation selection, which is all that Ray has.
    """
    import ray
    from ray import tune
    from ray.tune.schedulers import PopulationBasedTraining as Scheduler

    if pbt.history or pbt.exploit.__name__ != "truncation":
        raise ValueError("pbt must be a fresh population with truncation selection: make a new one")
    beginnings, members = list(pbt.states), range(len(pbt.settings))

    def member(config: dict[str, Any]) -> None:
        """One member; after an exploit Ray starts it again from the other's checkpoint, with the changed setting."""
        setting = {name: config[name] for name in pbt.space.parts}
        state, done = beginnings[config["member"]], 0
        if checkpoint := tune.get_checkpoint():
            with checkpoint.as_directory() as kept:
                state, done = torch.load(Path(kept) / STATE, weights_only=True)
        for number in range(done, rounds):
            (state,), (score,) = train([state], [setting])
            with tempfile.TemporaryDirectory() as kept:
                torch.save((state, number + 1), Path(kept) / STATE)
                tune.report({"score": score, "round": number + 1}, checkpoint=tune.Checkpoint.from_directory(kept))

    def bounded(config: dict[str, Any]) -> dict[str, Any]:
        """Ray's factors know no bounds; ours stop there."""
        numbers = {name: part.bounds for name, part in pbt.space.parts.items() if hasattr(part, "bounds")}
        return {**config, **{name: min(max(config[name], low), high) for name, (low, high) in numbers.items()}}

    start = {name: tune.sample_from(lambda spec, name=name: pbt.settings[spec.config["member"]][name]) for name in pbt.space.parts}
    scheduler = Scheduler(
        time_attr="round", metric="score", mode="max", perturbation_interval=pbt.interval, quantile_fraction=pbt.fraction,
        resample_probability=pbt.resample, perturbation_factors=pbt.factors, custom_explore_fn=bounded, synch=True,
        hyperparam_mutations={name: _domain(tune, part) for name, part in pbt.space.parts.items()},
    )  # fmt: skip
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    # Ray prints a table of its settings whatever its verbosity.
    with tempfile.TemporaryDirectory() as own, contextlib.redirect_stdout(io.StringIO()):
        found = tune.Tuner(
            tune.with_resources(member, {"cpu": cpus}),
            param_space={"member": tune.grid_search(list(members)), **start},
            tune_config=tune.TuneConfig(scheduler=scheduler, reuse_actors=True),
            run_config=tune.RunConfig(name="pbt", storage_path=str(Path(folder or own).resolve()), verbose=0),
        ).fit()
        best = found.get_best_result("score", "max")
        with best.checkpoint.as_directory() as kept:
            state, _ = torch.load(Path(kept) / STATE, weights_only=True)
    return Tuned(best.metrics["score"], state, {name: best.config[name] for name in pbt.space.parts})


def _domain(tune: Any, part: Any) -> Any:
    """Where Ray draws a hyper-parameter anew."""
    if not hasattr(part, "bounds"):
        return list(part.choices)
    low, high = part.bounds
    if part.whole:
        return (tune.lograndint if part.log else tune.randint)(low, high + 1)
    return (tune.loguniform if part.log else tune.uniform)(low, high)


