"""Label smoothing under label noise, where it curbs a network that is too sure; and on clean labels, where it makes it too unsure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor, nn

from studykit.bench.few_samples import BestSoFar, tested_on_the_rest
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import CONTEXT, DATASETS, Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Log, Range
from studykit.models import MLP
from studykit.regularization.label_smoothing import label_smoothing_cross_entropy
from studykit.technique import technique

# The lowest mean validation calibration error over seeds 100-102, with noise: smoothing of 0.01, 0.02, 0.05, 0.1, 0.2. The
# baselines have nothing to tune beforehand: temperature and stopping time are chosen on the validation split in each run.
SMOOTHING = 0.05
TEMPERATURES = [0.2 * 25 ** (n / 24) for n in range(25)]  # 0.2 to 5


def run(
    *,
    smoothing: Annotated[float, Range(0, 0.9)] = SMOOTHING,
    label_noise: Annotated[float, Range(0, 0.9)] = 0.2,
    size: Annotated[int, Log(50, 50_000)] = 200,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Choice("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a network trained with smoothed labels, and one without, which is then mended in two ways.

    Args:
        smoothing: The share of the uniform distribution in the target.
        label_noise: Share of the training labels that are wrong where it helps; where it does not, none is.
        size: Training samples; few, so that all of them are learnt by heart. Text is used whole.
        lr: Adam's learning rate, of both networks.
        batch_size: Samples per step.
        regime: `helps` (wrong labels) or `does_not` (clean labels).
        dataset: `auto` is digits.
        steps: Updates per network.
        seed: Of split, noise, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Four arms, compared by the calibration error on clean test data; accuracy and loss are beside it.
    """
    where, name = place(device, dtype), "digits" if dataset == "auto" else dataset
    of_images = {"size": size, "label_noise": label_noise if regime == "helps" else 0.0}
    task = load(name, seed=seed, device=where.device, **({} if name == "text" else of_images))
    if name == "digits":  # its test split is small
        task = tested_on_the_rest(task, load(name, seed=seed, device=where.device))
    if not task.sequence:
        task = replace(task, network=lambda: MLP(task.train[0][0].numel(), task.classes))
    adam = technique("adam").implementation()

    def smoothed(logits: Tensor, target: Tensor) -> Tensor:
        return label_smoothing_cross_entropy(logits.flatten(0, -2), target.flatten(), smoothing)

    def trained(arm: str, number: int, loss: Callable[[Tensor, Tensor], Tensor]) -> tuple[BestSoFar, list[float]]:
        network = task.make(seed)
        watch = BestSoFar(network, lambda: -task.evaluate(network, "validation")["loss"])
        batches, optimizer = task.batches(batch_size, seed), adam(network.parameters(), lr)
        after = watch if arm == "without" else None
        with part(number, 2):
            losses = train(
                network, optimizer, batches, loss, steps=steps, dtype=where.dtype, name=arm, after=after
            )
        return watch, losses

    ours, our_losses = trained("label smoothing", 0, smoothed)
    plain, losses = trained("without", 1, task.loss)
    temperature = min(TEMPERATURES, key=lambda t: task.evaluate(Cooled(plain.network, t), "validation")["loss"])
    curves = {"training loss": losses}
    arms = {
        "label smoothing": Arm(_measured(task, ours.network), {"training loss": our_losses}),
        "without": Arm(_measured(task, plain.network), curves),
        "temperature scaling": Arm(_measured(task, Cooled(plain.network, temperature)), curves),
        "early stopping": Arm(_measured(task, plain.restore()), curves),  # last: it changes the network
    }
    return Result(regime, seed, "calibration error", False, arms)


@torch.no_grad()
def _measured(task: Task, network: nn.Module) -> dict[str, float]:
    """The test metrics, and with a sign what the calibration error has without: above 0 the network is too sure."""
    x, y = (part[: 64 * CONTEXT].view(-1, CONTEXT) if task.sequence else part for part in task.test)
    confidence, predicted = network.eval()(x).float().softmax(-1).max(-1)
    too_sure = (confidence - (predicted == y).float()).mean().item()
    return task.evaluate(network) | {"confidence minus accuracy": too_sure}


class Cooled(nn.Module):
    """A network whose logits are divided by a temperature, which changes how sure it is and none of its decisions.

    Args:
        network: What gives the logits.
        temperature: Above 1 it makes the network less sure.
    """

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, x: Tensor) -> Tensor:
        """The logits of x, divided."""
        return self.network(x) / self.temperature


def effect(results: Iterable[Result]) -> Effect:
    """Label smoothing against each other arm, paired by seed."""
    return compare(results)
