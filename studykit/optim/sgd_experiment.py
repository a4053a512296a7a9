"""SGD with momentum on images, where it is as good as Adam with half its state, and on text, where it is not."""

from collections.abc import Iterable
from typing import Annotated

from studykit.bench.result import Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import contest, place
from studykit.knobs import Choice, Log, Range
from studykit.optim.sgd import SGD
from studykit.technique import technique

# Baselines' learning rates, and `lr` below: the lowest mean validation loss over seeds 100-102, on images of 0.02 to 0.2 with
# momentum, 0.2 to 1 without, 3e-3 to 2e-2 for Adam; on text of a grid in half decades. The notebook draws that sweep.
PLAIN_LR, ADAM_LR = {"digits": 0.5, "text": 0.3}, {"digits": 1e-2, "text": 3e-3}
# On text: a quarter of the batch, since a window is 64 predictions, and half the rate, as validation chose.
BATCH_ON_TEXT, LR_ON_TEXT = 0.25, 0.5


def run(
    *,
    lr: Annotated[float, Log(1e-3, 3)] = 0.1,
    momentum: Annotated[float, Range(0, 0.99)] = 0.9,
    batch_size: Annotated[int, Log(4, 1024)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 150,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: SGD with momentum, without, and Adam.

    Args:
        lr: Learning rate of SGD with momentum on images; on text half of it.
        momentum: Its momentum.
        batch_size: Images per step; of text a quarter as many windows. Where it is small, noise and not curvature sets the
            pace, and momentum has little to do.
        regime: `helps` (images) or `does_not` (text).
        dataset: `auto` takes the regime's own: digits or text.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Three arms, compared by test accuracy on images and by test loss on text.
    """
    where = place(device, dtype)
    name = {"helps": "digits", "does_not": "text"}[regime] if dataset == "auto" else dataset
    task = load(name, seed=seed, device=where.device)
    adam = technique("adam").implementation()
    kind = "text" if task.sequence else "digits"
    size, rate = (round(BATCH_ON_TEXT * batch_size), LR_ON_TEXT * lr) if task.sequence else (batch_size, lr)
    arms = {
        "sgd with momentum": lambda parameters: SGD(parameters, rate, momentum=momentum),
        "without momentum": lambda parameters: SGD(parameters, PLAIN_LR[kind]),
        "adam": lambda parameters: adam(parameters, ADAM_LR[kind]),
    }
    found = contest(task, arms, steps=steps, batch_size=size, seed=seed, dtype=where.dtype)
    metric, higher = ("loss", False) if task.sequence else ("accuracy", True)
    return Result(regime, seed, metric, higher, found)


def effect(results: Iterable[Result]) -> Effect:
    """SGD with momentum against each other arm, paired by seed."""
    return compare(results)
