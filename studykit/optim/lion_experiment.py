"""Lion keeps half of AdamW's state; on a short run over text it pays for that with a higher loss."""

from collections.abc import Iterable
from typing import Annotated

from studykit.bench.result import Effect, Result, compare
from studykit.bench.tasks import DATASETS, load
from studykit.bench.train import contest, place
from studykit.knobs import Choice, Log, Range
from studykit.optim.lion import Lion
from studykit.technique import technique

# AdamW's learning rates: the lowest mean validation loss over seeds 100-102 of a grid in half decades from 3e-4 to 3e-2.
ADAMW_LR = {"digits": 1e-2, "text": 3e-3}
# Lion's, chosen likewise: 3e-3 on digits and 1e-3 on text; one knob serves both.
ON_IMAGES = 3


def run(
    *,
    lr: Annotated[float, Log(1e-5, 1e-2)] = 1e-3,
    beta1: Annotated[float, Range(0, 0.999)] = 0.9,
    beta2: Annotated[float, Range(0, 0.9999)] = 0.99,
    weight_decay: Annotated[float, Range(0, 10)] = 0.0,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 150,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: Lion and AdamW, both without decay unless asked for.

    Args:
        lr: Lion's learning rate on text; on images it takes three times that, as validation chose.
        beta1: Weight of the momentum in the average whose sign is the step.
        beta2: Decay of the stored momentum.
        weight_decay: Lion's decoupled decay.
        batch_size: Samples per step.
        regime: `helps` (memory, on images) or `does_not` (loss, on text).
        dataset: `auto` takes the regime's own: digits or text.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Two arms, compared by optimizer state where Lion helps and by test loss where it does not.
    """
    where = place(device, dtype)
    name = {"helps": "digits", "does_not": "text"}[regime] if dataset == "auto" else dataset
    task = load(name, seed=seed, device=where.device)
    rate = lr if task.sequence else ON_IMAGES * lr
    adamw = technique("adamw").implementation()
    arms = {
        "lion": lambda parameters: Lion(parameters, rate, betas=(beta1, beta2), weight_decay=weight_decay),
        "adamw": lambda parameters: adamw(parameters, ADAMW_LR["text" if task.sequence else "digits"], weight_decay=0),
    }
    found = contest(task, arms, steps=steps, batch_size=batch_size, seed=seed, dtype=where.dtype)
    return Result(regime, seed, {"helps": "state bytes per parameter", "does_not": "loss"}[regime], False, found)


def effect(results: Iterable[Result]) -> Effect:
    """Lion against AdamW, paired by seed."""
    return compare(results)
