"""InstanceNorm where test images have less contrast than those of the training; and where the contrast is what is asked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from studykit.architecture.instance_norm import InstanceNorm2d
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.technique import technique


class Standardise(nn.Module):
    """Each image to mean 0 and standard deviation 1, once, at the input."""

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W)."""
        return (x - x.mean((1, 2, 3), keepdim=True)) / (x.std((1, 2, 3), keepdim=True) + 1e-5)


class Way(NamedTuple):
    """A norm (given the channels), what is done with the input first, the least contrast in training, and the two rates."""

    norm: Callable[[int], nn.Module]
    first: Callable[[], nn.Module] = nn.Identity
    least: float = 1.0
    helps: float = 0.1
    does_not: float = 0.1


# The highest mean validation accuracy over seeds 100-102, 120 steps, of rates in half decades from 3e-2 to 0.3; where it helps on
# images of full contrast, so that nobody has seen the others. `lr` stands for the technique's own.
WAYS = {
    "instance_norm": Way(InstanceNorm2d, helps=3e-2, does_not=3e-2),
    "without": Way(lambda _: nn.Identity()),
    "standardised": Way(lambda _: nn.Identity(), Standardise),
    "augmented": Way(lambda _: nn.Identity(), least=0.2),
    "batch_norm": Way(nn.BatchNorm2d, helps=3e-2),
}
LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0)  # of contrast, where it is the label


def run(
    *,
    lr: Annotated[float, Log(1e-4, 10)] = 3e-2,
    contrast: Annotated[float, Range(0, 2)] = 0.3,
    affine: bool = False,
    padding: Choice("reflect", "zeros") = "reflect",
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 120,
    batch_size: Annotated[int, Log(2, 1024)] = 32,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a small CNN with InstanceNorm after each convolution, with nothing, and with BatchNorm.

    Args:
        lr: The technique's rate; the others have their own; all fall to 0 along a cosine.
        contrast: Of the test images where it helps: each is pulled to its own mean by this factor.
        affine: Whether InstanceNorm learns a scale and a shift.
        padding: Of all convolutions: `reflect`, as in networks for style, or `zeros`, whose edge tells the contrast.
        regime: `helps`: the digit is asked, trained on full contrast. `does_not`: which of five contrasts an image has is asked.
        dataset: `auto` is digits; or a folder of your own images.
        steps: Updates per arm.
        batch_size: Images per step.
        seed: Of split, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms, compared by test accuracy: `standardised` brings each image to mean 0 and deviation 1 at the input, `augmented`
        draws a contrast from 0.2 to 1 for each training image (only where it helps). `accuracy at full contrast` is that of
        the unchanged test images.
    """
    where = place(device, dtype)
    task = load("digits" if dataset == "auto" else dataset, seed=seed, device=where.device, only="images")
    helps, arms = regime == "helps", {}
    if not helps:
        task = of_contrast(task, seed)
    shifted = replace(task, test=(with_contrast(task.test[0], contrast), task.test[1])) if helps else task
    ways = {name: way for name, way in WAYS.items() if helps or name != "augmented"}
    for number, (name, way) in enumerate(ways.items()):
        norm, rate = way.norm, way.helps if helps else way.does_not
        if name == "instance_norm":
            norm, rate = partial(InstanceNorm2d, affine=affine), lr
        made = partial(cnn, task.train[0].shape[1:], task.classes, norm, way.first, padding)
        network = replace(task, network=made).make(seed)
        optimizer = technique("sgd").implementation()(network.parameters(), rate, momentum=0.9)
        schedule = technique("cosine").implementation()(optimizer, steps)
        drawn = dimmed(task.batches(batch_size, seed), way.least, seed)
        with part(number, len(ways)):
            losses = train(
                network, optimizer, drawn, task.loss, steps=steps, dtype=where.dtype, name=name, after=schedule.step
            )
        found = shifted.evaluate(network)
        if helps:
            found["accuracy at full contrast"] = task.evaluate(network)["accuracy"]
        arms[name] = Arm(found, {"training loss": losses})
    return Result(regime, seed, "accuracy", True, arms)


def cnn(
    shape: Iterable[int],
    classes: int,
    norm: Callable[[int], nn.Module],
    first: Callable[[], nn.Module] = nn.Identity,
    padding: str = "reflect",
    width: int = 12,
) -> nn.Sequential:
    """Two convolutions, each with `norm` before its ReLU, for images of `shape` (C, H, W)."""
    channels, height, across = shape
    layers = [first()]
    for inputs, outputs in ((channels, width), (width, 2 * width)):
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode=padding),
            norm(outputs),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2 * width * (height // 4) * (across // 4), classes))


def with_contrast(x: Tensor, contrast: float | Tensor) -> Tensor:
    """Images (B, C, H, W) pulled to their own mean by a factor, or by one for each, (B, 1, 1, 1)."""
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + contrast * (x - mean)


def dimmed(batches: Iterable[tuple[Tensor, Tensor]], least: float, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches, each image with a contrast drawn evenly from `least` to 1."""
    generator = torch.Generator().manual_seed(seed)
    for x, y in batches:
        drawn = least + (1 - least) * torch.rand(len(x), 1, 1, 1, generator=generator)
        yield (x if least == 1 else with_contrast(x, drawn.to(x.device))), y


def of_contrast(task: Task, seed: int) -> Task:
    """The same images, each with one of five contrasts, which is its label now."""
    generator = torch.Generator().manual_seed(seed)
    levels, splits = torch.tensor(LEVELS), {}
    for split in ("train", "validation", "test"):
        x, _ = getattr(task, split)
        label = torch.randint(len(LEVELS), (len(x),), generator=generator).to(x.device)
        splits[split] = (with_contrast(x, levels.to(x.device)[label].view(-1, 1, 1, 1)), label)
    return replace(task, classes=len(LEVELS), **splits)


def effect(results: Iterable[Result]) -> Effect:
    """InstanceNorm against each other arm, paired by seed."""
    return compare(results)
