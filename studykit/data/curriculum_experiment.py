"""Short sequences before long ones for a language model, which saves compute; easy digits before hard ones, which gains nothing."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import CONTEXT, Task, load
from studykit.bench.train import part, place, train
from studykit.data.curriculum import CurriculumSampler, length_curriculum
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.technique import technique

# Best mean over seeds 100-102 on the validation split: of 2e-3, 4e-3 and 8e-3 for the text (8e-3 is the technique's), of 0.03, 0.1
# and 0.2 for the digits, where it was 0.1 for all four.
RATES = {"helps": {"without": 4e-3, "smaller batch": 4e-3, "shuffled lengths": 4e-3}}
DIGITS = 0.1
WIDTH, DEPTH = 64, 2  # of the language model, for its operations
SCORING = 60  # steps of the network whose loss says how hard an image is


def run(
    *,
    shortest: Annotated[int, Range(1, 64)] = 8,
    grow: Annotated[float, Range(0.05, 1)] = 0.6,
    start: Annotated[float, Range(0.05, 1)] = 0.2,
    full_at: Annotated[int, Range(1, 100)] = 5,
    pacing: Choice("linear", "root", "step") = "linear",
    lr: Annotated[float, Log(1e-5, 1)] = 8e-3,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "text", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 60,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a curriculum beside the same training without one, and beside the same pace without its order.

    Args:
        shortest: Length of the first sequences, where it helps; full length is 64.
        grow: Share of the updates in which sequences grow, where it helps.
        start: Share of the images in the first epoch, where it does not help.
        full_at: Epoch from which on all images are in, where it does not help.
        pacing: `linear`, `root` or `step`.
        lr: The technique's rate with text; all others have their own, and all fall to 0 along a cosine.
        batch_size: Sequences per step; twice as many images.
        regime: `helps`: length as difficulty, in a language model; `does_not`: the loss of another network, in a classifier.
        dataset: `auto` is text where it helps and digits where it does not; or a folder of your own, with .txt files or with images in
            one subfolder per class. In the regime that a data set is not for, that of `auto` is taken.
        steps: Updates of full length that the others' operations are equal to; for images three times as many updates.
        seed: Of split, initialisation and order.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Four arms. For text they are compared by test loss at the same number of operations: `without` has full length from the
        beginning, `smaller batch` too, with as many updates as the technique; `shuffled lengths` has the technique's in random order.
        For images by accuracy after the same updates: `random order` has the same growing pool, of images drawn at random; `hard
        first` begins with the hardest.
    """
    where = place(device, dtype)
    texts = regime == "helps"
    own = {True: "text", False: "digits"}[texts]
    task = load(own if dataset == "auto" else dataset, seed=seed, device=where.device)
    if task.sequence != texts:
        task = load(own, seed=seed, device=where.device)
    arms = {}
    if texts:
        plans = planned(shortest, grow, pacing, batch_size, steps, seed)
        for number, (name, plan) in enumerate(plans.items()):
            with part(number, len(plans)):
                rate = lr if name == "curriculum" else RATES["helps"][name]
                arms[name] = read(task, plan, rate, seed, where.dtype, name)
        return Result(regime, seed, "loss", False, arms)
    orders = ordered(task, seed)
    for number, (name, difficulty) in enumerate(orders.items()):
        sampler = CurriculumSampler(difficulty, full_at, 1.0 if name == "without" else start, pacing, seed)
        with part(number, len(orders)):
            arms[name] = seen(task, sampler, 2 * batch_size, 3 * steps, seed, where.dtype, name)
    return Result(regime, seed, "accuracy", True, arms)


Plan = list[tuple[int, int]]  # sequences and their length, step by step


def operations(plan: Plan, parameters: int = 12 * DEPTH * WIDTH**2) -> float:
    """Multiplications and additions of a training, without the embedding's: 6 for each weight and token, and attention's."""
    # Attention compares each token with `length` others: 2 products of 2 operations for each width and layer, three times over.
    return float(sum(b * n * (6 * parameters + 12 * DEPTH * WIDTH * n) for b, n in plan))


def planned(shortest: int, grow: float, pacing: str, batch_size: int, steps: int, seed: int) -> dict[str, Plan]:
    """What each arm reads, at the operations of `steps` batches of full length."""
    budget = operations([(batch_size, CONTEXT)] * steps)
    count = steps

    def growing(count: int) -> Plan:
        reach = max(1, round(grow * count))
        return [(batch_size, length_curriculum(step, reach, shortest, CONTEXT, pacing)) for step in range(count)]

    while operations(growing(count + 1)) <= budget:
        count += 1
    plan = growing(count)
    smaller = max(1, round(budget / operations([(1, CONTEXT)] * count)))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).tolist()
    return {
        "curriculum": plan,
        "without": [(batch_size, CONTEXT)] * steps,
        "smaller batch": [(smaller, CONTEXT)] * count,
        "shuffled lengths": [plan[step] for step in order],
    }


def read(task: Task, plan: Plan, lr: float, seed: int, dtype: torch.dtype, name: str) -> Arm:
    """The task's language model, trained on batches of the planned sizes."""
    network = task.make(seed)
    optimizer = technique("adamw").implementation()(network.parameters(), lr, weight_decay=0.0)
    schedule = technique("cosine").implementation()(optimizer, len(plan))

    def windows() -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(seed)
        x, y = task.train
        for size, length in plan:
            picked = torch.randint(len(x) - length, (size, 1), generator=generator) + torch.arange(length)
            yield x[picked.to(x.device)], y[picked.to(x.device)]

    losses = train(
        network, optimizer, windows(), task.loss, steps=len(plan), dtype=dtype, name=name, after=schedule.step
    )
    spent = {"updates": float(len(plan)), "tokens": float(sum(b * n for b, n in plan)), "GFLOP": operations(plan) / 1e9}
    return Arm(task.evaluate(network) | spent, {"training loss": losses})


def hardness(task: Task, seed: int) -> Tensor:
    """The loss of every training image, by another network of the same kind that was trained a little."""
    network = task.make(seed + 1000)
    optimizer = technique("sgd").implementation()(network.parameters(), DIGITS, momentum=0.9)
    train(network, optimizer, task.batches(32, seed + 1000), task.loss, steps=SCORING, name="scoring")
    network.eval()
    x, y = task.train
    with torch.no_grad():
        return torch.cat([F.cross_entropy(network(a), b, reduction="none") for a, b in zip(x.split(512), y.split(512), strict=True)])


def ordered(task: Task, seed: int) -> dict[str, Tensor]:
    """The difficulty that each arm goes by."""
    hard = hardness(task, seed).cpu()
    chance = torch.rand(len(hard), generator=torch.Generator().manual_seed(seed))
    return {"curriculum": hard, "without": hard, "random order": chance, "hard first": -hard}


def seen(
    task: Task, sampler: CurriculumSampler, size: int, steps: int, seed: int, dtype: torch.dtype, name: str
) -> Arm:
    """The task's classifier, trained in the sampler's order."""
    network = task.make(seed)
    optimizer = technique("sgd").implementation()(network.parameters(), DIGITS, momentum=0.9)
    schedule = technique("cosine").implementation()(optimizer, steps)
    drawn = [0]

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        x, y = task.train
        while True:
            sampler.set_epoch(drawn[0])
            drawn[0] += 1
            for picked in torch.tensor(list(sampler)).to(x.device).split(size):
                yield x[picked], y[picked]

    losses = train(network, optimizer, batches(), task.loss, steps=steps, dtype=dtype, name=name, after=schedule.step)
    return Arm(task.evaluate(network) | {"epochs begun": float(drawn[0])}, {"training loss": losses})


def effect(results: Iterable[Result]) -> Effect:
    """The curriculum against each other arm, paired by seed."""
    return compare(results)
