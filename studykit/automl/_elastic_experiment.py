"""What the experiments with elastic networks share: devices, networks trained alone, and how a sub-network is measured."""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import nn

from studykit.automl._elastic import Config
from studykit.automl._subnets import calibrated
from studykit.automl.once_for_all import ElasticNet
from studykit.bench.tasks import Task, load

CALIBRATION = 512  # training images for a sub-network's own statistics


def images(dataset: str, seed: int, device: torch.device) -> Task:
    """The task by name; `auto` is digits."""
    return load("digits" if dataset == "auto" else dataset, seed=seed, device=device, only="images")


def elastic(task: Task, seed: int) -> ElasticNet:
    """An elastic network for the images of a task, whose initialisation depends on the seed alone."""
    x = task.train[0]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return ElasticNet(x.shape[1], x.shape[2], task.classes).to(x.device)


def fresh(task: Task, config: Config, seed: int) -> nn.Module:
    """A network of this form that was never part of a larger one."""
    x = task.train[0]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = ElasticNet(x.shape[1], x.shape[2], task.classes).subnet(config)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.reset_parameters()  # as a layer of its own size is initialised
    return network.to(x.device)


def optimizer(lr: float) -> Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]:
    """Makes Adam, all parameters in one kernel."""
    return lambda parameters: torch.optim.Adam(parameters, lr, fused=True)


def alone(
    task: Task, network: nn.Module, steps: int, *, lr: float, batch_size: int, seed: int, seen: Callable[[list[float]], object] | None = None
) -> list[float]:
    """Train a network on labels, with the same optimizer and the same half cosine as the elastic one; returns the losses."""
    losses: list[float] = []
    rule = optimizer(lr)(network.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(rule, lambda t: 0.5 + 0.5 * math.cos(math.pi * t / max(steps, 1)))
    network.train()
    for _, (x, y) in zip(range(steps), task.batches(batch_size, seed), strict=False):
        loss = F.cross_entropy(network(x), y)
        rule.zero_grad()
        loss.backward()
        rule.step()
        schedule.step()
        losses.append(loss.item())
        if seen:
            seen(losses)
    return losses


def accuracy(task: Task, network: nn.Module, split: str = "test") -> float:
    """Percent right, after the norms took their statistics from training images."""
    return task.evaluate(calibrated(network, task.train[0][:CALIBRATION]), split)["accuracy"]


def cut(task: Task, net: ElasticNet, config: Config, split: str = "test") -> float:
    """The accuracy of a sub-network, cut out."""
    return accuracy(task, net.subnet(config), split)


def devices(net: ElasticNet, count: int) -> list[Config]:
    """So many sub-networks, from the smallest to the largest, spread evenly over the logarithm of their cost."""
    left = sorted(net.space.configs(), key=net.macs)
    low, high = (math.log(net.macs(each)) for each in (left[0], left[-1]))
    found = []
    for number in range(min(count, len(left))):
        aim = low + (high - low) * number / max(count - 1, 1) if count > 1 else (low + high) / 2
        found.append(min(left, key=lambda each: abs(math.log(net.macs(each)) - aim)))
        left.remove(found[-1])
    return sorted(found, key=net.macs)
