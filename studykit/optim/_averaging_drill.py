"""What the drills of EMA and SWA probe: models whose weights change, and the aspects of any average of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.drill import Probe
from studykit.language import Text

# A share such as 1 / (n + 1) may well be computed in float32.
EXACT = 1e-6
# All that is defined in this module of torch: AveragedModel, its averaging functions, update_bn.
FORBIDDEN = ("torch.optim.swa_utils",)


# --- models


class Tied(nn.Module):
    """One weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(4, 3)
        self.head = nn.Linear(3, 4, bias=False)
        self.head.weight = self.token.weight


def pair() -> nn.Module:
    """Two numbers, which a message can show."""
    return nn.Linear(2, 1, bias=False)


def network() -> nn.Module:
    """Parameters of several shapes behind each other."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))


def drawn(shape: tuple[int, ...] | torch.Size, rng: torch.Generator) -> Tensor:
    """Numbers of both signs, away from zero."""
    size = 0.1 + 1.9 * torch.rand(shape, generator=rng, dtype=torch.float64)
    return size * (torch.randint(0, 2, shape, generator=rng) * 2 - 1)


@torch.no_grad()
def moved(model: nn.Module, rng: torch.Generator, scale: float = 1.0) -> nn.Module:
    """The model with other weights, as after a step of training."""
    for each in model.parameters():
        each.copy_(scale * drawn(each.shape, rng))
    return model


def weights(module: nn.Module, when: str) -> dict[str, Tensor]:
    """Every parameter by name, as it is now."""
    return {f"{name} {when}": each.detach().clone() for name, each in module.named_parameters()}


# --- probes


class Run(NamedTuple):
    """A model that gets new weights and is averaged, several times.

    Args:
        arguments: Of the average beside the model.
        make: Makes the model.
        updates: How often.
        scale: Of the weights.
    """

    arguments: Mapping[str, Any]
    make: Callable[[], nn.Module] = pair
    updates: int = 1
    scale: float = 1.0

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The average after every update; what was given where it is small enough to read."""
        rng = torch.Generator().manual_seed(seed)
        model = moved(self.make().double(), rng)
        found: dict[str, Any] = {f"given {name}": each for name, each in weights(model, "at first").items()}
        average = candidate(model, **self.arguments)
        for update in range(1, self.updates + 1):
            moved(model, rng, self.scale)
            when = f"at update {update}"
            found |= {f"given {name}": each for name, each in weights(model, when).items()}
            average.update(model)
            found |= weights(average.module, f"of the average after update {update}")
        few = len(found) <= 6
        return found if few else {name: each for name, each in found.items() if not name.startswith("given")}


def statistics(arguments: Mapping[str, Any], kind: str) -> Callable[[Any, int], dict[str, Any]]:
    """Buffers that a forward pass changes; `kind` is "running" or "tracked"."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        model = moved(network().double(), rng).train()
        average, found = candidate(model, **arguments), {}
        for update in range(1, 4):
            model(drawn((8, 3), rng))
            average.update(model)
            for name, each in average.module.named_buffers():
                if kind in name:
                    found[f"{name} of the average after update {update}"] = each.detach().clone()
        return found

    return run


def untouched(arguments: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """The model is as before an update, and the average as after it when the model moves on."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        model = moved(pair().double(), rng).train()
        average, found = candidate(model, **arguments), {}
        for update in (1, 2):
            average.update(moved(model, rng))
            found |= weights(model, f"of the model after update {update}")
            moved(model, rng)
            found |= weights(average.module, f"of the average when the model moved on after update {update}")
        return found | {
            "the model is in train mode": model.training,
            "parameters of the model that need gradients": sum(each.requires_grad for each in model.parameters()),
        }

    return run


def graph(arguments: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """Whether the average hangs on the graphs of all updates."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        model = moved(pair().double(), rng)
        average = candidate(model, **arguments)
        for _ in range(3):
            average.update(moved(model, rng))
        kept = any(each.grad_fn is not None for each in average.module.parameters())
        return {"autograd keeps the history of the average": kept} | weights(average.module, "of the average")

    return run


def tied(arguments: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """A weight under two names is averaged once, and stays one weight."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        found = Run(arguments, Tied, 3)(candidate, seed)
        average = candidate(Tied().double(), **arguments)
        average.update(Tied().double())
        module = average.module
        return found | {"both names are one weight": module.head.weight is module.token.weight}

    return run


def another(arguments: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """Each update is given another model, built alike."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        average = candidate(moved(pair().double(), rng), **arguments)
        found: dict[str, Any] = {}
        for update in (1, 2):
            average.update(moved(pair().double(), rng))
            found |= weights(average.module, f"of the average after update {update}")
        return found

    return run


def two(arguments: Mapping[str, Any], others: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """Two averages at once, which share nothing."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        model = moved(pair().double(), rng)
        first, found = candidate(model, **arguments), {}
        first.update(moved(model, rng))
        second = candidate(model, **others)
        for update in (2, 3):
            moved(model, rng)
            first.update(model)
            second.update(model)
            found |= weights(first.module, f"of the first average after update {update}")
            found |= weights(second.module, f"of the second average after update {update}")
        return found

    return run


def training(arguments: Mapping[str, Any]) -> Callable[[Any, int], dict[str, Any]]:
    """A training loop, with the average updated after each step."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        model = moved(network().double(), rng).train()
        average = candidate(model, **arguments)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        for _ in range(5):
            optimizer.zero_grad()
            model(drawn((8, 3), rng)).square().mean().backward()
            optimizer.step()
            average.update(model)
        output = average.module.eval()(drawn((2, 3), rng)).detach()
        grads = {f"gradient of {name} of the model": each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}
        return {"output of the average": output} | weights(average.module, "of the average") | grads

    return run


def probes(settings: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[Probe, ...]:
    """The aspects of any average.

    Args:
        settings: Arguments beside the model, far from the defaults.
        others: Other ones, for a second average.
    """
    said = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    set_to = Text(f"{said}, ", f"{said}，") if said else Text("", "")

    def tells(en: str, zh: str) -> Text:
        return Text(set_to.en + en, set_to.zh + zh)

    runs = [
        ("first", Run(settings), tells("one update", "更新一次")),
        ("second", Run(settings, updates=2), tells("two updates", "更新两次")),
        ("third", Run(settings, updates=3), tells("three updates", "更新三次")),
        ("many", Run(settings, network, 6), tells("a network, six updates", "一个网络，更新六次")),
        ("untouched", untouched(settings), tells("model and average apart", "模型与平均互不影响")),
        ("running statistics", statistics(settings, "running"), tells("running statistics of a batch norm", "批归一化的滑动统计量")),
        ("counter", statistics(settings, "tracked"), tells("a buffer of whole numbers", "整数类型的 buffer")),
        ("graph", graph(settings), tells("three updates with autograd on", "在自动求导开启时更新三次")),
        ("tied", tied(settings), tells("one weight under two names", "同一个权重有两个名字")),
        ("another", another(settings), tells("each update is given another model", "每次更新传入另一个模型")),
        ("two", two(settings, others), tells("two averages of one model", "同一个模型的两个平均")),
        ("training", training(settings), tells("a training loop, five steps", "训练循环，五步")),
    ]
    return tuple(Probe(name, run, told, EXACT) for name, run, told in runs)
