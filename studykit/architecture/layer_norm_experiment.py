"""LayerNorm with 2 images to a batch, where BatchNorm has no statistics to speak of; and with 32, where BatchNorm has."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Annotated, NamedTuple

from torch import nn

from studykit.architecture.layer_norm import LayerNorm, RMSNorm
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Dataset, Log
from studykit.technique import technique


class Way(NamedTuple):
    """A norm (given a width), whether weights start as He's, and the rates where it helps and where it does not."""

    norm: Callable[[int], nn.Module]
    he: bool
    small: float
    large: float


# The highest mean validation accuracy over seeds 100-102, 300 steps, of rates in half decades from 1e-3 to 0.1 with 2 images
# and from 1e-2 to 1 with 32. `lr` stands for the technique's own; RMSNorm's were 3e-3 and 1e-2, within a point of these.
WAYS = {
    "layer_norm": Way(LayerNorm, False, 3e-3, 3e-2),
    "without": Way(lambda _: nn.Identity(), False, 3e-2, 0.1),
    "he_init": Way(lambda _: nn.Identity(), True, 1e-2, 0.1),
    "batch_norm": Way(lambda width: technique("batch_norm").implementation()(width), False, 3e-3, 0.1),
}
LARGE = 10  # times the technique's rate: what 32 images want


def run(
    *,
    lr: Annotated[float, Log(1e-4, 10)] = 3e-3,
    batch_size: Annotated[int, Log(2, 1024)] = 2,
    large_batch_size: Annotated[int, Log(2, 1024)] = 32,
    depth: Annotated[int, Log(1, 50)] = 3,
    norm: Choice("layer_norm", "rms_norm") = "layer_norm",
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 300,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a perceptron with LayerNorm before every ReLU, with nothing, and with BatchNorm.

    Args:
        lr: The technique's rate where it helps; ten times that where it does not. The others have their own; all fall to 0
            along a cosine.
        batch_size: Images per step where it helps.
        large_batch_size: Images per step where it does not.
        depth: Hidden layers.
        norm: What the technique's arm has: `layer_norm` or `rms_norm`.
        regime: `helps` or `does_not`.
        dataset: `auto` is digits; or a folder of your own images.
        steps: Updates per arm.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Four arms, compared by test accuracy: all from torch's own initialisation of linear layers but `he_init`, which has no
        norm and He's.
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device, only="images")
    small, arms = regime == "helps", {}
    for number, (name, way) in enumerate(WAYS.items()):
        chosen = RMSNorm if (name, norm) == ("layer_norm", "rms_norm") else way.norm
        rate = way.small if small else way.large
        if name == "layer_norm":
            rate = lr if small else LARGE * lr
        made = partial(mlp, task.train[0][0].numel(), task.classes, chosen, depth, he=way.he)
        network = replace(task, network=made).make(seed)
        optimizer = technique("sgd").implementation()(network.parameters(), rate, momentum=0.9)
        schedule = technique("cosine").implementation()(optimizer, steps)
        drawn = task.batches(batch_size if small else large_batch_size, seed)
        with part(number, len(WAYS)):
            losses = train(
                network, optimizer, drawn, task.loss, steps=steps, dtype=where.dtype, name=name, after=schedule.step
            )
        arms[name] = Arm(task.evaluate(network), {"training loss": losses})
    return Result(regime, seed, "accuracy", True, arms)


def mlp(
    features: int, classes: int, norm: Callable[[int], nn.Module], depth: int = 3, width: int = 64, he: bool = False
) -> nn.Sequential:
    """A perceptron with `norm` before every ReLU; `he` starts the hidden layers as He does, else as torch does."""
    layers: list[nn.Module] = [nn.Flatten()]
    for number in range(depth):
        linear = nn.Linear(width if number else features, width)
        if he:
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            nn.init.zeros_(linear.bias)
        layers += [linear, norm(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, classes))


def effect(results: Iterable[Result]) -> Effect:
    """LayerNorm against each other arm, paired by seed."""
    return compare(results)
