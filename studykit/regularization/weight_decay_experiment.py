"""Weight decay where a network would learn wrong labels by heart, and where all labels are right."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

from torch import nn

from studykit.bench.few_samples import BestSoFar, tested_on_the_rest
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import DATASETS, Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import MLP
from studykit.regularization.weight_decay import weight_decay_groups
from studykit.technique import technique

# Mean validation accuracy over seeds 100-102, 500 steps, of lr in 1e-3, 3e-3, 1e-2 and decay in 0, 0.3, 1, 3, 10: with wrong
# labels lr 1e-3 was the best with and without decay, and decay 3; with right labels, at that lr, decay 0.3. The stopping time is
# chosen on validation in each run. (A smaller lr does not get to the wrong labels in so few steps: that is early stopping too.)
WEAK = 0.1  # of the decay that wrong labels want
Groups = Callable[[nn.Module], Iterable[object]]


def run(
    *,
    weight_decay: Annotated[float, Log(1e-3, 30)] = 3.0,
    lr: Annotated[float, Log(1e-5, 0.1)] = 1e-3,
    label_noise: Annotated[float, Range(0, 0.9)] = 0.3,
    size: Annotated[int, Log(50, 50_000)] = 200,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: AdamW with decay by groups, without decay, stopped early, and decayed in another way.

    Args:
        weight_decay: Of the matrices, in both regimes.
        lr: Learning rate of every arm.
        label_noise: Share of the training labels that are wrong where decay helps; where it does not, none is.
        size: Training samples; few, so that all of them are learnt by heart. Text is used whole.
        batch_size: Samples per step.
        regime: `helps` (wrong labels) or `does_not` (right labels).
        dataset: `auto` is digits; on text all labels are right, nothing is stopped early and the loss is compared.
        steps: Updates per arm.
        seed: Of split, noise, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by accuracy on test data with right labels, each with the `norm of the matrices`. The last arm decays
        everything where labels are wrong, and where they are right the matrices by a tenth, as validation chose there.
    """
    where, name = place(device, dtype), "digits" if dataset == "auto" else dataset
    if name == "text":
        task = load(name, seed=seed, device=where.device)
    else:
        noise = label_noise if regime == "helps" else 0.0
        task = load(name, seed=seed, device=where.device, size=size, label_noise=noise)
        if name == "digits":  # its test split is small
            task = tested_on_the_rest(task, load(name, seed=seed, device=where.device))
        task = replace(task, network=lambda: MLP(task.train[0][0].numel(), task.classes))
    makers: dict[str, Groups] = {
        "weight decay": lambda network: weight_decay_groups(network, weight_decay),
        "no decay": lambda network: weight_decay_groups(network, 0.0),
    }
    if regime == "helps":
        makers["all decayed"] = lambda network: [{"params": list(network.parameters()), "weight_decay": weight_decay}]
    else:
        makers["weak decay"] = lambda network: weight_decay_groups(network, WEAK * weight_decay)
    arms: dict[str, Arm] = {}
    for number, (arm, groups) in enumerate(makers.items()):
        watched = arm == "no decay" and not task.sequence
        with part(number, len(makers)):
            arms |= _trained(task, arm, groups, lr, watched, steps, batch_size, seed, where.dtype)
    return Result(regime, seed, *(("loss", False) if task.sequence else ("accuracy", True)), arms)


def _trained(
    task: Task, arm: str, groups: Groups, lr: float, watched: bool, steps: int, batch_size: int, seed: int, dtype: object
) -> dict[str, Arm]:
    """The arm, and where it is watched the same run at its best validation accuracy."""
    network = task.make(seed)
    optimizer = technique("adamw").implementation()(groups(network), lr)
    best = BestSoFar(network, lambda: task.evaluate(network, "validation")["accuracy"]) if watched else None
    batches = task.batches(batch_size, seed)
    losses = train(network, optimizer, batches, task.loss, steps=steps, dtype=dtype, name=arm, after=best)
    found = {arm: Arm(_measured(task, network), {"training loss": losses})}
    if best:
        found["early stopping"] = Arm(_measured(task, best.restore()), {"training loss": losses})
    return found


def _measured(task: Task, network: nn.Module) -> dict[str, float]:
    squares = sum(param.detach().double().square().sum().item() for param in network.parameters() if param.ndim > 1)
    return task.evaluate(network) | {"norm of the matrices": squares**0.5}


def effect(results: Iterable[Result]) -> Effect:
    """Decay by groups against each other arm, paired by seed."""
    return compare(results)
