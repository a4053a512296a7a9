"""The classic mistakes of a curriculum sampler: each is the right solution with one thing changed."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Sampler

from studykit.drill import Mistake

from ._curriculum_told_mistakes import TOLD

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


def at_random(scores: Tensor, share: float) -> Tensor:
    """As many as asked for, whatever their difficulty."""
    return torch.randperm(len(scores), generator=torch.Generator().manual_seed(0))[: len(by_rank(scores, share))]


def later_first(scores: Tensor, share: float) -> Tensor:
    """Of two alike the later one counts as easier."""
    return len(scores) - 1 - by_rank(scores.flip(0), share)


def unstable(scores: Tensor, share: float) -> Tensor:
    """Of two alike, whichever the sort happens to leave first."""
    return scores.argsort()[: len(by_rank(scores, share))]


def ranks(scores: Tensor, share: float) -> Tensor:
    """The rank of each sample in the place of the sample at each rank."""
    return scores.argsort(stable=True).argsort()[: len(by_rank(scores, share))]


def rounded_down(scores: Tensor, share: float) -> Tensor:
    """A part of a sample is dropped."""
    return scores.argsort(stable=True)[: max(1, int(share * len(scores)))]


def maybe_empty(scores: Tensor, share: float) -> Tensor:
    """Without the least size."""
    return scores.argsort(stable=True)[: round(share * len(scores))]


def global_order(pool: Tensor, *_: int) -> list[int]:
    """From torch's global generator."""
    return pool[torch.randperm(len(pool))].tolist()


def reseeded(pool: Tensor, seed: int, epoch: int) -> list[int]:
    """From torch's global generator, which is seeded first."""
    torch.manual_seed(seed + epoch)
    return global_order(pool)


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


class OneGenerator(like()):  # type: ignore[misc]
    """Its generator is made once and goes on from epoch to epoch."""

    def __init__(
        self, difficulty: Any, full_at: int, start: float = 0.2, pacing: str = "linear", seed: int = 0
    ) -> None:
        super().__init__(difficulty, full_at, start, pacing, seed)
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[int]:
        pool = self.pool()
        return iter(pool[torch.randperm(len(pool), generator=self.generator)].tolist())


class DrawnInSetEpoch(OneGenerator):
    """The same, but the order is drawn when the epoch is set."""

    def set_epoch(self, epoch: int) -> None:
        super().set_epoch(epoch)
        self.order = list(super().__iter__())

    def __iter__(self) -> Iterator[int]:
        return iter(self.order)


class NeverBack(like()):  # type: ignore[misc]
    """An earlier epoch than the last is taken for that one."""

    def set_epoch(self, epoch: int) -> None:
        self.epoch = max(self.epoch, epoch)


class Overlong(like()):  # type: ignore[misc]
    """Its share, and with it its length, goes on growing."""

    def __len__(self) -> int:
        return max(1, round(_unlimited(self.epoch, self.full_at, self.start, self.pacing) * len(self.scores)))


def _behind(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return pace(max(0, epoch - 1), full_at, start, pacing)


def _last_is_full(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return pace(epoch, max(1, full_at - 1), start, pacing)


def _unlimited(epoch: int, full_at: int, start: float, pacing: str) -> float:
    done = epoch / full_at
    if pacing == "step":
        return pace(epoch, full_at, start, pacing)
    return start + (1 - start) * done if pacing == "linear" else math.sqrt(start**2 + (1 - start**2) * done)


def _step_late(epoch: int, full_at: int, start: float, pacing: str) -> float:
    return pace(epoch - (pacing == "step" and epoch == full_at), full_at, start, pacing)


def _not_squared(epoch: int, full_at: int, start: float, pacing: str) -> float:
    share = pace(epoch, full_at, start, "linear" if pacing == "root" else pacing)
    return math.sqrt(share) if pacing == "root" else share


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


BY_NAME: tuple[tuple[str, Any], ...] = (
    ("hardest_first", like(pool_of=lambda scores, share: by_rank(-scores, share))),
    ("by_value", like(pool_of=by_value)),
    ("never_grows", like(grows=False)),
    ("everything_at_once", like(share=lambda *_: 1.0)),
    ("not_shuffled", like(order=lambda pool, *_: pool.tolist())),
    ("same_order", like(order=lambda pool, seed, _: shuffled(pool, seed, 0))),
    ("one_seed", like(order=lambda pool, _, epoch: shuffled(pool, 0, epoch))),
    ("with_replacement", like(order=again)),
    ("full_length", like(length=lambda _, whole: whole)),
    (
        "repeated_to_full",
        like(
            order=lambda pool, seed, epoch: [int(each) for _ in range(2) for each in shuffled(pool, seed, epoch)],
            length=lambda pool, _: 2 * pool,
        ),
    ),
    ("last_never_in", like(share=_late)),
    ("one_epoch_early", like(share=_one_early)),
    ("plain_root", like(share=_plain_root)),
    ("start_forgotten", like(share=_unbounded)),
    ("linear_only", like(share=_fixed)),
    ("only_the_new", like(pool_of=band)),
    ("counts_by_itself", like(itself=True)),
    ("difficulty_ignored", like(pool_of=at_random)),
    ("ranks_for_indices", like(pool_of=ranks)),
    ("ranks_for_indices", like(pool_of=lambda scores, share: torch.arange(len(by_rank(scores, share))))),
    ("later_of_two_alike", like(pool_of=later_first)),
    ("later_of_two_alike", like(pool_of=unstable)),
    ("rounded_down", like(pool_of=rounded_down)),
    ("empty_pool", like(pool_of=maybe_empty)),
    ("hard_to_easy_inside", like(order=lambda pool, *_: pool.tolist()[::-1])),
    ("order_of_the_data", like(order=lambda pool, *_: sorted(pool.tolist()))),
    ("global_generator", like(order=global_order)),
    ("global_generator_seeded", like(order=reseeded)),
    ("one_generator_for_all", OneGenerator),
    ("one_generator_for_all", DrawnInSetEpoch),
    ("never_back", NeverBack),
    ("one_epoch_late", like(share=_behind)),
    ("full_one_epoch_early", like(share=_last_is_full)),
    ("share_over_1", Overlong),
    ("step_one_epoch_late", like(share=_step_late)),
    ("root_of_plain_start", like(share=_not_squared)),
)
MISTAKES = tuple(Mistake(name, candidate, TOLD[name]) for name, candidate in BY_NAME)
