"""One training run whose weights are averaged in several ways: the averages differ by nothing else."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from studykit.bench.result import Arm
from studykit.bench.tasks import Task
from studykit.bench.train import train
from studykit.technique import technique


@dataclass(frozen=True)
class Averaged:
    """An average and when it begins.

    Args:
        make: Makes it of the network; it has `update`, `module` and `n_averaged`.
        start: Share of the steps before its first update.
    """

    make: Callable[[nn.Module], Any]
    start: float = 0.0


def averaged(
    task: Task,
    averages: Mapping[str, Averaged],
    *,
    lr: float,
    momentum: float,
    cosine: bool,
    steps: int,
    batch_size: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
    last: str = "last iterate",
) -> dict[str, Arm]:
    """Train once by SGD and keep the averages as well as the last iterate.

    Args:
        task: Data and network.
        averages: Name to average.
        lr: Learning rate, the highest one under cosine decay.
        momentum: Of SGD.
        cosine: Decay the rate to 0 over the run; else it stays constant.
        steps: Updates.
        batch_size: Samples per step.
        seed: Of initialisation and batches.
        dtype: As in `train`.
        last: Name of the arm that holds the last iterate.

    Returns:
        An arm for each average, then the last iterate. The curve is the loss on each batch just before it is trained on.
    """
    network = task.make(seed)
    optimizer = technique("sgd").implementation()(network.parameters(), lr, momentum=momentum)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) if cosine else None
    made = {name: each.make(network).eval() for name, each in averages.items()}
    # The last step is always among those averaged, so that there is something to evaluate.
    first = {name: min(int(each.start * steps), steps - 1) for name, each in averages.items()}
    curves: dict[str, list[float]] = {name: [] for name in made}
    done = 0

    def watched() -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in task.batches(batch_size, seed):
            for name, average in made.items():
                with torch.no_grad():
                    model = average.module if done > first[name] else network
                    curves[name].append(task.loss(model(x).float(), y).item())
            yield x, y

    def after() -> None:
        nonlocal done
        for name, average in made.items():
            if done >= first[name]:
                average.update(network)
        done += 1
        if schedule:
            schedule.step()

    losses = train(network, optimizer, watched(), task.loss, steps=steps, dtype=dtype, name=last, after=after)
    curves = {name: curve[:steps] for name, curve in curves.items()}
    arms = {name: Arm(task.evaluate(made[name].module), {"training loss": curves[name]}) for name in made}
    return arms | {last: Arm(task.evaluate(network), {"training loss": losses})}
