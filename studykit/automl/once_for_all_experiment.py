"""Two dozen devices, each with a budget of its own, from one training; and a single device, for which one network is trained alone."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from statistics import fmean
from typing import Annotated

import torch

from studykit.automl._elastic import Config, Trained
from studykit.automl._elastic_experiment import accuracy, alone, cut, devices, elastic, fresh, images, optimizer
from studykit.automl.once_for_all import ElasticNet, once_for_all_train
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.train import part, place, tell
from studykit.knobs import Choice, Dataset, Log, Range

# Mean validation accuracy over seeds 100-102, each arm with its own learning rate out of 3e-3, 1e-2, 2e-2, 4e-2: 2e-2 was best for the
# elastic network, and for networks trained alone, whether for few steps or at full length. Weight of the teacher out of 0, 1, 2.
LR, DISTILL = 2e-2, 1.0
SHARES = (1.0, 0.3, 0.3, 0.6)  # steps of the phases, of the first one's
SAMPLED = 4  # of the devices, for which a network is trained at full length


@lru_cache(maxsize=8)
def trained(
    dataset: str, seed: int, device: torch.device, steps: int, batch_size: int, lr: float, distill: float
) -> tuple[ElasticNet, Trained]:
    """An elastic network after progressive shrinking; kept, since both regimes and the lesson look at the same one."""
    task = images(dataset, seed, device)
    net = elastic(task, seed)
    phases = [max(1, round(share * steps)) for share in SHARES]
    told = reporting("once-for-all", sum(phases))
    log = once_for_all_train(
        net, task.batches(batch_size, seed), optimizer(lr), steps=phases, distill=distill,
        generator=torch.Generator().manual_seed(seed), seen=told,
    )  # fmt: skip
    return net, log


def reporting(name: str, steps: int) -> Callable[[list[float]], None]:
    """Tells the progress of a training of so many steps."""
    return lambda losses: tell(len(losses) / steps, {name: losses}) if len(losses) % 10 == 0 else None


def run(
    *,
    count: Annotated[int, Range(2, 100)] = 24,
    lr: Annotated[float, Log(1e-4, 0.3)] = LR,
    distill: Annotated[float, Range(0, 10)] = DISTILL,
    batch_size: Annotated[int, Log(8, 1024)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 80,
    seed: int = 0,
    device: str = "auto",
) -> Result:
    """One seed of one regime: sub-networks of an elastic network against the largest one's slices and against networks trained alone.

    Args:
        count: Devices where it helps, evenly spread over the logarithm of their budgets.
        lr: Learning rate of every arm.
        distill: Weight of the teacher's loss beside the labels'.
        batch_size: Images per step.
        regime: `helps` (many devices) or `does_not` (one device, in the middle).
        dataset: `auto` is digits.
        steps: Updates of a network trained alone at full length, and of the elastic network's first phase; then come 1.2 times as many.
        seed: Of split, initialisation, batches and sampling.
        device: `auto`, `cpu`, `cuda`.

    Returns:
        Arms compared by the mean test accuracy over the devices. Beside it stands the training's compute, where 1 is the largest
        network trained alone at full length.
    """
    task = images(dataset, seed, place(device).device)
    with part(0, 2):
        net, log = trained(dataset, seed, task.train[0].device, steps, batch_size, lr, distill)
    one = 3 * batch_size * steps  # what a network trained at full length costs, in passes of itself
    asked = devices(net, count if regime == "helps" else 1)
    needed = sum(map(net.macs, asked))
    arms = {"once-for-all": arm([cut(task, net, each) for each in asked], log.macs, net, one)}

    def separately(name: str, chosen: list[Config], updates: int) -> None:
        found = []
        for number, config in enumerate(chosen):
            network = fresh(task, config, seed)
            with part(number, len(chosen)):
                alone(task, network, updates, lr=lr, batch_size=batch_size, seed=seed, seen=reporting(name, updates))
            found.append(accuracy(task, network))
        arms[name] = arm(found, 3 * batch_size * updates * needed, net, one)

    with part(1, 2):
        if regime == "helps":
            whole = elastic(task, seed)
            updates = max(1, round(log.macs / (3 * batch_size * net.macs())))
            alone(task, whole, updates, lr=lr, batch_size=batch_size, seed=seed, seen=reporting("without", updates))
            arms["without"] = arm([cut(task, whole, each) for each in asked], log.macs, net, one)
            separately("each alone, same compute in all", asked, max(1, round(log.macs / (3 * batch_size * needed))))
            # At full length a few of them, of all sizes, stand for all; their compute is that of all.
            gap = max(1, len(asked) // SAMPLED)
            separately("each alone, at full length", asked[gap // 2 :: gap], steps)
        else:
            separately("alone", asked, steps)
            separately("alone, same compute", asked, max(1, round(log.macs / (3 * batch_size * needed))))
    return Result(regime, seed, "accuracy", True, arms)


def arm(accuracies: list[float], macs: float, net: ElasticNet, one: int) -> Arm:
    """Accuracy over devices, and the compute of training, where 1 is the largest network alone at full length."""
    return Arm({"accuracy": fmean(accuracies), "lowest accuracy": min(accuracies), "training compute": macs / (one * net.macs())})


def effect(results: Iterable[Result]) -> Effect:
    """Once-for-all against each other arm, paired by seed."""
    return compare(results)
