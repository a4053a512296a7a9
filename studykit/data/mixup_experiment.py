"""mixup where a network would learn wrong labels by heart; and on clean labels in a run too short to do so, where it loses."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from studykit.bench.result import Effect, Result, compare
from studykit.bench.train import place
from studykit.data._mixing_experiment import Way, compared, each, images, smoothed
from studykit.data.mixup import mixup
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.models import MLP

# Mean validation accuracy over seeds 100-102, one learning rate for all. With wrong labels: alpha in 0.1 to 8 and on to 32, where
# the paper's own grid for wrong labels ends, best at 32; smoothing in 0.05 to 0.6, best at 0.4; weight decay in 0.1 to 10, best
# at 3. Clean and short: alpha best at 0.1, smoothing at 0.4; weight decay gained nothing. The stopping time is chosen on
# validation in each run.
ALPHA, GENTLE, SMOOTHING, WEIGHT_DECAY = 32.0, 0.1, 0.4, 3.0


def run(
    *,
    alpha: Annotated[float, Log(0.01, 100)] = ALPHA,
    gentle_alpha: Annotated[float, Log(0.01, 100)] = GENTLE,
    label_noise: Annotated[float, Range(0, 0.9)] = 0.2,
    size: Annotated[int, Log(50, 50_000)] = 200,
    clean_size: Annotated[int, Log(50, 50_000)] = 1000,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    batch_size: Annotated[int, Log(2, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: the same network trained with mixup, plainly, and with simpler means against the same evil.

    Args:
        alpha: Of Beta(alpha, alpha), in both regimes; a great one blends half and half.
        gentle_alpha: Of a second mixup where it does not help, as validation chose it there.
        label_noise: Share of the training labels that are wrong where it helps; where it does not, none is.
        size: Training images where it helps; few, so that all of them are learnt by heart.
        clean_size: Training images where it does not.
        lr: Learning rate of every arm.
        batch_size: Images per step.
        regime: `helps` (wrong labels, learnt by heart) or `does_not` (clean labels, a fifth of the steps).
        dataset: `auto` is digits.
        steps: Updates per arm where it helps.
        seed: Of split, noise, initialisation, batches and mixing.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by accuracy on test images with right labels; loss and calibration are beside it. The training losses can't
        be compared: the targets are not the same.
    """
    where, noisy = place(device, dtype), regime == "helps"
    task = images(dataset, seed, where, size if noisy else clean_size, label_noise if noisy else 0.0)
    task = replace(task, network=lambda: MLP(task.train[0][0].numel(), task.classes))

    def mixed(strength: float) -> Way:
        return each(lambda x, y, generator: mixup(x, y, task.classes, strength, generator))

    ways = {"mixup": mixed(alpha), "without": Way()}
    if noisy:
        ways |= {"weight decay": Way(weight_decay=WEIGHT_DECAY), "label smoothing": smoothed(SMOOTHING)}
    else:
        ways |= {"gentle mixup": mixed(gentle_alpha), "label smoothing": smoothed(SMOOTHING)}
    updates = steps if noisy else max(1, steps // 5)
    arms = compared(task, ways, where, lr=lr, size=batch_size, steps=updates, seed=seed)
    return Result(regime, seed, "accuracy", True, arms)


def effect(results: Iterable[Result]) -> Effect:
    """Mixup against each other arm, paired by seed."""
    return compare(results)
