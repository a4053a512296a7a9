"""The classic mistakes of a curriculum sampler: each is the right solution with one thing changed."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Sampler

from studykit.drill import Mistake
from studykit.language import Text

Pace = Callable[[int, int, float, str], float]


def pace(epoch: int, full_at: int, start: float, pacing: str) -> float:
    """The share that is asked for."""
    done = min(1.0, epoch / full_at)
    if pacing == "step":
        return start if done < 1 else 1.0
    return start + (1 - start) * done if pacing == "linear" else math.sqrt(start**2 + (1 - start**2) * done)


def by_rank(scores: Tensor, share: float) -> Tensor:
    """The pool that is asked for."""
    return scores.argsort(stable=True)[: max(1, round(share * len(scores)))]


def by_value(scores: Tensor, share: float) -> Tensor:
    """Those below a share of the range of difficulties."""
    pool = (scores <= scores.min() + share * (scores.max() - scores.min())).nonzero().flatten()
    return pool[scores[pool].argsort(stable=True)]


def band(scores: Tensor, share: float) -> Tensor:
    """Only the hardest fifth of those that are in."""
    pool = by_rank(scores, share)
    return pool[-max(1, round(0.2 * len(scores))) :]


def shuffled(pool: Tensor, seed: int, epoch: int) -> list[int]:
    """The order that is asked for."""
    return pool[torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed + epoch))].tolist()


def again(pool: Tensor, seed: int, epoch: int) -> list[int]:
    """With replacement."""
    return pool[torch.randint(len(pool), (len(pool),), generator=torch.Generator().manual_seed(seed + epoch))].tolist()


def like(
    share: Pace = pace,
    pool_of: Callable[[Tensor, float], Tensor] = by_rank,
    order: Callable[[Tensor, int, int], list[int]] = shuffled,
    length: Callable[[int, int], int] = lambda pool, _: pool,
    grows: bool = True,
    itself: bool = False,
) -> type[Sampler]:
    """A sampler with one thing changed.

    Args:
        share: Epoch, full_at, start and pacing to the share.
        pool_of: Scores and share to the indices that are in.
        order: Pool, seed and epoch to what is gone through.
        length: Sizes of the pool and of all to `len`.
        grows: Whether set_epoch has an effect.
        itself: Whether each iteration counts an epoch on.
    """

    class Candidate(Sampler):
        def __init__(
            self, difficulty: Any, full_at: int, start: float = 0.2, pacing: str = "linear", seed: int = 0
        ) -> None:
            self.scores = torch.as_tensor(difficulty, dtype=torch.float64)
            self.full_at, self.start, self.pacing, self.seed, self.epoch = full_at, start, pacing, seed, 0

        def set_epoch(self, epoch: int) -> None:
            if grows:
                self.epoch = epoch

        def pool(self) -> Tensor:
            return pool_of(self.scores, share(self.epoch, self.full_at, self.start, self.pacing))

        def __len__(self) -> int:
            return length(len(self.pool()), len(self.scores))

        def __iter__(self) -> Iterator[int]:
            found = order(self.pool(), self.seed, self.epoch)
            self.epoch += itself
            return iter(found)

    return Candidate


def _late(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return min(pace(epoch, full_at + 1, start, pacing), 1 - start * 0.25)


def _one_early(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return pace(epoch + 1, full_at, start, pacing)


def _plain_root(epoch: int, full_at: int, start: float, pacing: str) -> float:
    if pacing != "root":
        return pace(epoch, full_at, start, pacing)
    return start + (1 - start) * math.sqrt(min(1.0, epoch / full_at))


def _unbounded(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return epoch / full_at if epoch < full_at else 1.0


def _fixed(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return pace(epoch, full_at, start, "linear")


class _Told(NamedTuple):
    candidate: Any
    en: str
    zh: str


WRONG: dict[str, _Told] = {
    "hardest_first": _Told(
        like(pool_of=lambda scores, share: by_rank(-scores, share)),
        "It begins with the hardest. A curriculum lets the least difficulty in first; the other way round is called anti-curriculum.",
        "从最难的开始了。课程学习先放难度最小的；反过来叫反课程。",
    ),
    "by_value": _Told(
        like(pool_of=by_value),
        "The share is taken of the range of difficulties, not of the samples: one outlier keeps nearly all the others in, or out. Sort, and "
        "take the first of the ranking.",
        "比例取的是难度的取值范围，不是样本数：一个离群值就会让几乎所有样本都进来或都进不来。应当排序后按名次取前面的。",
    ),
    "never_grows": _Told(
        like(grows=False),
        "The pool is that of epoch 0 for ever: set_epoch has no effect on it.",
        "样本池永远停在第 0 个 epoch：set_epoch 没有起作用。",
    ),
    "everything_at_once": _Told(
        like(share=lambda *_: 1.0),
        "All samples are in from the first epoch on, so this is plain shuffling.",
        "第一个 epoch 就放进了全部样本，这只是普通的打乱。",
    ),
    "not_shuffled": _Told(
        like(order=lambda pool, *_: pool.tolist()),
        "The pool is gone through from easy to hard. The curriculum is which samples are in; within them the order is random, or batches are "
        "all of a kind.",
        "池内按从易到难的顺序走了一遍。课程只决定放哪些样本进来，池内要随机，否则一个 batch 里全是同一类。",
    ),
    "same_order": _Told(
        like(order=lambda pool, seed, _: shuffled(pool, seed, 0)),
        "Every epoch has the same random order: the generator is made from the seed alone. Let the epoch in, as seed + epoch.",
        "每个 epoch 的随机顺序都一样：生成器只用了 seed。应把 epoch 也算进去，比如 seed + epoch。",
    ),
    "one_seed": _Told(
        like(order=lambda pool, _, epoch: shuffled(pool, 0, epoch)),
        "The seed has no effect on the order.",
        "seed 对顺序没有影响。",
    ),
    "with_replacement": _Told(
        like(order=again),
        "Samples are drawn with replacement: some come twice, a third not at all. An epoch has each of the pool once.",
        "有放回地抽样：有的出现两次，三分之一根本没出现。一个 epoch 里池中每个样本恰好一次。",
    ),
    "full_length": _Told(
        like(length=lambda _, whole: whole),
        "len is that of the whole data set. It has to be what the epoch really yields; progress bars and schedules count on it.",
        "len 返回的是整个数据集的大小。应当是这个 epoch 真正产出的个数，进度条和学习率调度都靠它。",
    ),
    "repeated_to_full": _Told(
        like(
            order=lambda pool, seed, epoch: [int(each) for _ in range(2) for each in shuffled(pool, seed, epoch)],
            length=lambda pool, _: 2 * pool,
        ),
        "Samples come more than once in an epoch. Each of the pool comes once, so early epochs are short.",
        "一个 epoch 里样本出现了不止一次。池中每个样本只出现一次，所以前几个 epoch 比较短。",
    ),
    "last_never_in": _Told(
        like(share=_late),
        "The hardest samples never come in. From epoch full_at on, the share is 1.",
        "最难的样本始终没有进来。从第 full_at 个 epoch 起，比例应为 1。",
    ),
    "one_epoch_early": _Told(
        like(share=_one_early),
        "The pace is one epoch ahead: epoch 0 has the share start, and epoch full_at the share 1.",
        "进度快了一个 epoch：第 0 个 epoch 的比例是 start，第 full_at 个才是 1。",
    ),
    "plain_root": _Told(
        like(share=_plain_root),
        "The root pace is sqrt(start² + (1 - start²) t / T): the root is over all of it, so that it begins at start.",
        "root 节奏是 sqrt(start² + (1 - start²) t / T)：根号罩住整个式子，这样才从 start 开始。",
    ),
    "start_forgotten": _Told(
        like(share=_unbounded),
        "start is not read: the share begins at 0, so that the first epoch has one sample.",
        "没有用到 start：比例从 0 开始，第一个 epoch 只有一个样本。",
    ),
    "linear_only": _Told(
        like(share=_fixed),
        "pacing is not read: every pace is linear.",
        "没有用到 pacing：所有节奏都成了线性。",
    ),
    "only_the_new": _Told(
        like(pool_of=band),
        "Easy samples are dropped when harder ones come in. The pool grows: what is in stays in.",
        "放进难样本的同时把简单的丢掉了。样本池只增不减，进来的就一直留着。",
    ),
    "counts_by_itself": _Told(
        like(itself=True),
        "Each iteration counts an epoch on by itself. The epoch is what set_epoch says, so that a resumed or repeated epoch is the same.",
        "每迭代一次就自己加一个 epoch。epoch 应以 set_epoch 为准，这样恢复训练或重复某个 epoch 时结果一致。",
    ),
}
MISTAKES = tuple(Mistake(name, each.candidate, Text(each.en, each.zh)) for name, each in WRONG.items())
