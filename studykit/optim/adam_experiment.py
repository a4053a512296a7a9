"""Adam on text, where gradients differ in size by orders of magnitude, and on images, where SGD with momentum is as good."""

from collections.abc import Iterable
from typing import Annotated

from studykit.bench.result import Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import contest, place
from studykit.knobs import Choice, Log, Range
from studykit.optim.adam import Adam
from studykit.technique import technique

# SGD's learning rates: the lowest mean validation loss over seeds 100-102 of a grid from 0.01 to 1.
SGD_LR = {"digits": 0.05, "text": 0.07}
# Adam's, chosen likewise: 1e-2 on digits and 3e-3 on text; one knob serves both.
ON_IMAGES = 3


def run(
    *,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    beta1: Annotated[float, Range(0, 0.999)] = 0.9,
    beta2: Annotated[float, Range(0, 0.9999)] = 0.999,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 150,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: Adam and SGD with momentum.

    Args:
        lr: Adam's learning rate on text; on images it takes three times that, as validation chose.
        beta1: Decay of the mean of gradients.
        beta2: Decay of the mean of squared gradients.
        batch_size: Samples per step.
        regime: `helps` (text) or `does_not` (images).
        dataset: `auto` takes the regime's own: text or digits.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Two arms, compared by test loss on text and by test accuracy on images.
    """
    where = place(device, dtype)
    name = {"helps": "text", "does_not": "digits"}[regime] if dataset == "auto" else dataset
    task = load(name, seed=seed, device=where.device)
    rate = lr if task.sequence else ON_IMAGES * lr
    sgd = technique("sgd").implementation()
    arms = {
        "adam": lambda parameters: Adam(parameters, rate, betas=(beta1, beta2)),
        "sgd": lambda parameters: sgd(parameters, SGD_LR["text" if task.sequence else "digits"], momentum=0.9),
    }
    found = contest(task, arms, steps=steps, batch_size=batch_size, seed=seed, dtype=where.dtype)
    metric, higher = ("loss", False) if task.sequence else ("accuracy", True)
    return Result(regime, seed, metric, higher, found)


def effect(results: Iterable[Result]) -> Effect:
    """Adam against SGD, paired by seed."""
    return compare(results)
