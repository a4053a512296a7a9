"""A curriculum sampler from a blank: which samples are in, at which pace, and in what order."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch.utils.data import Sampler

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._curriculum_mistakes import MISTAKES
from .curriculum import CurriculumSampler


class Call(NamedTuple):
    """A sampler over random difficulties, asked in some epochs.

    Args:
        count: Samples.
        full_at: As in the sampler.
        epochs: Those that are asked for, in this order.
        arguments: Beyond difficulty and full_at.
        ties: Whether difficulties are whole numbers from 0 to 3.
        outlier: Whether one sample is much harder than all others.
        as_list: Whether difficulties come as a list.
    """

    count: int
    full_at: int
    epochs: tuple[int, ...]
    arguments: Mapping[str, Any] = {}
    ties: bool = False
    outlier: bool = False
    as_list: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What is in, how many are said to be, and whether the order is random; nothing depends on how it is drawn."""
        rng = torch.Generator().manual_seed(seed)
        difficulty = torch.randn(self.count, generator=rng, dtype=torch.float64)
        if self.ties:
            difficulty = torch.randint(0, 4, (self.count,), generator=rng).double()
        if self.outlier:
            difficulty[int(torch.randint(self.count, (1,), generator=rng))] = 1000.0
        given = difficulty.tolist() if self.as_list else difficulty
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found: dict[str, Any] = {"given difficulty": difficulty.clone()} if self.count <= 6 else {}
            rank = {index: place for place, index in enumerate(difficulty.argsort(stable=True).tolist())}
            sampler, before = candidate(given, self.full_at, **self.arguments), torch.get_rng_state()
            orders = []
            for epoch in self.epochs:
                sampler.set_epoch(epoch)
                found[f"len in epoch {epoch}"] = len(sampler)
                indices = [int(each) for each in sampler]
                orders.append(indices)
                found[f"indices of epoch {epoch}, sorted"] = sorted(indices)
                found[f"the order in epoch {epoch}"] = order_of(indices, rank)
                found[f"epoch {epoch} is the same again"] = [int(each) for each in sampler] == indices
            if self.count > 20:
                different = list(dict(zip(self.epochs, orders, strict=True)).values())
                pairs = [one == other for n, one in enumerate(different) for other in different[:n] if len(one) == len(other) > 9]
                found["two epochs of the same size have the same order"] = any(pairs)

                def order(**more: Any) -> list[int]:
                    """That of the last epoch, by a new sampler."""
                    new = candidate(given, self.full_at, **{**self.arguments, **more})
                    new.set_epoch(self.epochs[-1])
                    return [int(each) for each in new]

                found["another seed gives the same order"] = order(seed=12345) == orders[-1]
                found["a new sampler gives the same order"] = order() == orders[-1]
            found["torch's global generator is left alone"] = torch.equal(torch.get_rng_state(), before)
            found["difficulty afterwards"] = difficulty
            return found


def order_of(indices: list[int], rank: Mapping[int, int]) -> str:
    """What an order looks like; the correlation is told from chance by five standard deviations."""
    if len(indices) < 27:
        return "not asked"
    places = torch.arange(len(indices), dtype=torch.float64)
    ranks = torch.tensor([rank.get(each, -1) for each in indices], dtype=torch.float64)
    for name, values in (("by difficulty", ranks), ("as in the data", torch.tensor(indices, dtype=torch.float64))):
        found = torch.corrcoef(torch.stack([places, values]))[0, 1].item()
        if abs(found) > 5 / math.sqrt(len(indices) - 1):
            return name if found > 0 else f"{name}, backwards"
    return "random"


class Batchless(Sampler):
    """numpy-free, in plain Python: sorted, random.Random, and the share written out."""

    def __init__(self, difficulty, full_at, start=0.2, pacing="linear", seed=0):
        values = [float(each) for each in difficulty]
        self.order = sorted(range(len(values)), key=values.__getitem__)
        self.settings = (full_at, start, pacing, seed)
        self.set_epoch(0)

    def set_epoch(self, epoch):
        full_at, start, pacing, seed = self.settings
        t = epoch / full_at
        if t >= 1:
            c = 1.0
        elif pacing == "linear":
            c = t * (1 - start) + start
        elif pacing == "root":
            c = (t * (1 - start * start) + start * start) ** 0.5
        else:
            c = start
        self.pool = self.order[: max(math.floor(c * len(self.order) + 0.5), 1)]
        self.key = f"{seed} {epoch}"

    def __len__(self):
        return len(self.pool)

    def __iter__(self):
        import random

        mixed = list(self.pool)
        random.Random(self.key).shuffle(mixed)
        return iter(mixed)


class Masked(Sampler):
    """Ranks by a double argsort, a mask, and a permutation of all of which the mask keeps some."""

    def __init__(self, difficulty, full_at, start=0.2, pacing="linear", seed=0):
        difficulty = torch.as_tensor(difficulty)
        self.rank = torch.argsort(torch.argsort(difficulty, stable=True))
        self.full_at, self.start, self.pacing, self.seed = full_at, start, pacing, seed
        self.epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def _share(self):
        if self.epoch >= self.full_at:
            return 1.0
        power = {"linear": 1, "root": 2}.get(self.pacing)
        if power is None:
            return self.start
        low = self.start**power
        return (low + (1 - low) * self.epoch / self.full_at) ** (1 / power)

    def __len__(self):
        return max(1, round(self._share() * len(self.rank)))

    def __iter__(self):
        everyone = torch.randperm(len(self.rank), generator=torch.Generator().manual_seed(1000 * self.seed + self.epoch))
        for index in everyone[self.rank[everyone] < len(self)]:
            yield index.item()


class Keys:
    """No sampler by birth: ranks by counting who is easier, the order by sorting random keys, all anew each time."""

    def __init__(self, difficulty, full_at, start=0.2, pacing="linear", seed=0):
        d, place = torch.tensor([float(each) for each in difficulty], dtype=torch.float64), torch.arange(len(difficulty))
        easier = (d[None] < d[:, None]) | ((d[None] == d[:, None]) & (place[None] < place[:, None]))
        self.rank, self.given, self.now = easier.sum(1), (full_at, start, pacing, seed), 0

    def set_epoch(self, epoch):
        self.now = epoch

    def __len__(self):
        full_at, start, pacing, _ = self.given
        rest = max(0.0, 1 - self.now / full_at)
        missing = {"linear": (1 - start) * rest, "step": (1 - start) * (rest > 0)}.get(pacing)
        share = math.sqrt(1 - (1 - start**2) * rest) if missing is None else 1 - missing
        return max(1, round(share * len(self.rank)))

    def __iter__(self):
        keys = torch.rand(len(self.rank), generator=torch.Generator().manual_seed(10**6 * self.given[3] + self.now))
        keys[self.rank >= len(self)] = 2.0
        return iter(keys.argsort()[: len(self)])


def probe(name: str, call: Call, en: str, zh: str) -> Probe:
    """A probe; all that it compares is exact."""
    return Probe(name, call, Text(en, zh))


drill = Drill(
    reference=CurriculumSampler,
    probes=(
        probe("six samples", Call(6, 3, (0, 1, 2, 3), {"start": 0.33}), "six samples, full_at=3, start=0.33", "六个样本，full_at=3，start=0.33"),
        probe("linear", Call(101, 4, (0, 1, 2, 3, 4, 5, 9)), "101 samples, full_at=4", "101 个样本，full_at=4"),
        probe("root", Call(97, 5, (0, 1, 2, 3, 4, 5, 6), {"pacing": "root", "start": 0.3}), "pacing='root', start=0.3", "pacing='root'，start=0.3"),
        probe("step", Call(53, 3, (0, 1, 2, 3, 4), {"pacing": "step", "start": 0.4}), "pacing='step', start=0.4", "pacing='step'，start=0.4"),
        probe("outlier", Call(61, 4, (0, 1, 3), outlier=True), "one sample is far harder than all others", "有一个样本远比其他难"),
        probe("ties", Call(43, 3, (0, 1, 2), ties=True), "many samples of the same difficulty", "很多样本难度相同"),
        probe("list", Call(31, 2, (0, 1, 2), {"seed": 7}, as_list=True), "difficulty as a list, seed=7", "difficulty 是列表，seed=7"),
        probe("all from the start", Call(37, 3, (0, 1, 2), {"start": 1.0}), "start=1", "start=1"),
        probe("back again", Call(47, 4, (5, 0, 2, 0)), "epochs in another order: 5, 0, 2, 0", "epoch 不按顺序：5、0、2、0"),
        probe("few", Call(3, 2, (0, 1, 2), {"start": 0.1}), "three samples, start=0.1", "三个样本，start=0.1"),
    ),
    mistakes=MISTAKES,
    variants={"plain Python": Batchless, "masked": Masked, "keys": Keys},
    forbidden=("torch.utils.data.RandomSampler", "torch.utils.data.SubsetRandomSampler", "torch.utils.data.DistributedSampler"),
    methods=("set_epoch", "__len__", "__iter__"),
    prompt=Text(
        "Write a sampler with a curriculum: epoch e, as told by set_epoch, yields the indices of the round(c·n) easiest samples (one at "
        "least; of two alike the earlier is easier), each once, in a random order that seed and epoch alone determine, without touching "
        "torch's global generator. c goes from start in epoch 0 to 1 in epoch full_at: linear; root, sqrt(start² + (1 - start²) e / "
        "full_at); or step, start until full_at. len is the size of that epoch.",
        "写一个带课程的采样器：set_epoch 给出的第 e 个 epoch，产出最容易的 round(c·n) 个样本的下标（至少一个；难度相同则靠前的算更容易），"
        "每个一次，顺序随机，只由 seed 和 epoch 决定，不动 torch 的全局生成器。c 从第 0 个 epoch 的 start 增到第 full_at 个的 1："
        "linear 线性；root 为 sqrt(start² + (1 - start²) e / full_at)；step 在 full_at 之前一直是 start。len 是这个 epoch 的大小。",
    ),
    hints=(
        Text(
            "Rank the samples once: argsort. What changes from epoch to epoch is only how many of them are in.",
            "先排一次名：argsort。每个 epoch 变的只是放进来多少个。",
        ),
        Text(
            "pool = ranked[:max(1, round(c * n))]; its order comes from torch.randperm with a generator seeded by seed + epoch.",
            "pool = ranked[:max(1, round(c * n))]；顺序用 torch.randperm 生成，generator 的种子是 seed + epoch。",
        ),
        Text(
            "The share: min(1, epoch / full_at) is how far it is; __len__ is the size of the pool, not of the data.",
            "比例：min(1, epoch / full_at) 是进度；__len__ 是池子的大小，不是数据集的大小。",
        ),
    ),
)
