"""One visible training loop: `device` and `dtype` are values, there is no branch for either."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import torch
from torch import Tensor, nn

from studykit.bench.result import Arm
from studykit.bench.tasks import Task
from studykit.errors import InputError

DTYPES = {"auto": torch.float32, "float32": torch.float32, "bfloat16": torch.bfloat16}
Watch = Callable[[float, Mapping[str, Sequence[float]]], None]
_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


class Stopped(Exception):
    """The learner pressed stop."""


class Place(NamedTuple):
    """Where and how precisely a network is trained."""

    device: torch.device
    dtype: torch.dtype


def place(device: str = "auto", dtype: str = "auto") -> Place:
    """Resolve the `device` and `dtype` of a run.

    Args:
        device: `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:1`, ...
        dtype: `auto` (bfloat16 autocast on a GPU, else float32), `float32` or `bfloat16`.

    Returns:
        The place.

    Raises:
        InputError: The device is unknown or not there, or the dtype is neither.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError):  # the latter where PyTorch was built without CUDA
        raise InputError("device", f"is {device!r}, which PyTorch can't use here", "give auto or cpu") from None
    if dtype not in DTYPES:
        raise InputError("dtype", f"is {dtype!r}", f"give one of {', '.join(DTYPES)}")
    if dtype == "auto":
        dtype = "bfloat16" if found.type == "cuda" else "float32"
    return Place(found, DTYPES[dtype])


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Have every training loop inside report its fraction done and its curves; `watch` may raise `Stopped`."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@contextmanager
def part(number: int, count: int) -> Iterator[None]:
    """What is watched inside is one part of `count` equal ones."""
    watch = _watch.get()
    if watch is None:
        yield
        return
    with watching(lambda done, curves: watch((number + done) / count, curves)):
        yield


def tell(done: float, curves: Mapping[str, Sequence[float]]) -> None:
    """Report from a loop of one's own what `train` reports of its: the fraction done, and curves by arm.

    Raises:
        Stopped: The learner pressed stop.
    """
    watch = _watch.get()
    if watch:
        watch(done, curves)


def train(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss_of: Callable[[Tensor, Tensor], Tensor],
    *,
    steps: int,
    dtype: torch.dtype = torch.float32,
    name: str = "loss",
    after: Callable[[], object] | None = None,
) -> list[float]:
    """Train for `steps` steps.

    Args:
        network: The network, on its device already.
        optimizer: Over its parameters.
        batches: Pairs (x, y) on the same device; as many as steps or more.
        loss_of: Mean loss of (logits, y).
        steps: Number of updates.
        dtype: bfloat16 runs forward and loss under autocast; float32 as is.
        name: The arm's name in the live curves.
        after: Called after each update: a scheduler's `step`, the update of an average.

    Returns:
        The loss of every step.

    Raises:
        Stopped: The learner pressed stop.
    """
    watch, losses = _watch.get(), []
    network.train()
    for step, (x, y) in zip(range(steps), batches, strict=False):
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype is not torch.float32):
            loss = loss_of(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if after:
            after()
        losses.append(loss.item())
        if watch and (step % 10 == 0 or step == steps - 1):
            watch((step + 1) / steps, {name: losses})
    return losses


def contest(
    task: Task,
    arms: Mapping[str, Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]],
    *,
    steps: int,
    batch_size: int,
    seed: int,
    dtype: torch.dtype = torch.float32,
) -> dict[str, Arm]:
    """Train the same network from the same start on the same batches, once with each optimizer.

    Args:
        task: Data and network.
        arms: Name to what makes the optimizer of the network's parameters.
        steps: Updates of each arm.
        batch_size: Samples of each step.
        seed: Of initialisation and batches.
        dtype: As in `train`.

    Returns:
        Arms with the test metrics of `task.evaluate`, `state bytes per parameter`, and the curve `training loss`.
    """
    found = {}
    for number, (name, make) in enumerate(arms.items()):
        network = task.make(seed)
        optimizer = make(network.parameters())
        with part(number, len(arms)):
            losses = train(
                network, optimizer, task.batches(batch_size, seed), task.loss, steps=steps, dtype=dtype, name=name
            )
        size = sum(parameter.numel() for parameter in network.parameters())
        metrics = task.evaluate(network) | {"state bytes per parameter": state_bytes(optimizer) / size}
        found[name] = Arm(metrics, {"training loss": losses})
    return found


def state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Bytes of all tensors with more than one element that the optimizer keeps between steps."""
    tensors = (value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor))
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors if tensor.numel() > 1)


def search(
    task: Task,
    make: Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer],
    rates: Sequence[float],
    *,
    steps: int,
    batch_size: int,
    seed: int,
) -> dict[float, dict[str, float]]:
    """Metrics on the validation split for each learning rate; the test split is left unread.

    Args:
        task: Data and network.
        make: Makes the optimizer of parameters and learning rate.
        rates: Learning rates, best over several decades: in a narrow grid the ranking of two optimizers may flip.
        steps: Updates per rate.
        batch_size: Samples of each step.
        seed: Of initialisation and batches.

    Returns:
        Learning rate to the metrics of `task.evaluate`.
    """
    found = {}
    for number, rate in enumerate(rates):
        network = task.make(seed)
        with part(number, len(rates)):
            optimizer = make(network.parameters(), rate)
            train(network, optimizer, task.batches(batch_size, seed), task.loss, steps=steps, name=f"lr {rate:g}")
        found[rate] = task.evaluate(network, "validation")
    return found
