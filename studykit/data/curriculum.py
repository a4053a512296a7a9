"""Curriculum learning: begin with easy samples, or short ones, and let the harder ones in as training goes on.

Bengio, Louradour, Collobert & Weston, "Curriculum Learning", ICML 2009: from easy to hard, in two steps or more.
Platanios et al., "Competence-based Curriculum Learning for NMT", NAACL 2019, arXiv:1903.09848, equations 6 and 7: the pace.
Li, Zhang & He, "The Stability-Efficiency Dilemma", NeurIPS 2022, arXiv:2108.06084: the length of sequences as difficulty.

    linear   c(t) = c0 + (1 - c0) * min(1, t / T)                              the share of all samples that is in at t
    root     c(t) = sqrt(c0^2 + (1 - c0^2) * min(1, t / T))                    new samples come slower the more there are
    step     c(t) = c0 before T, 1 from T on
    pool(t)  the round(c(t) * n) easiest of n samples, one at least; in random order
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler

PACES = ("linear", "root", "step")


class CurriculumSampler(Sampler[int]):
    """Each epoch goes once, in random order, through the easiest samples: ever more of them, and all from `full_at` on.

    Args:
        difficulty: A number for each sample, the easiest the least; of two alike the earlier one counts as easier. (n,)
        full_at: The epoch from which on all samples are in, counted from 0; >= 1.
        start: Share of the samples in epoch 0, in (0, 1].
        pacing: `linear`, `root` or `step`.
        seed: Of the order, which is another one in every epoch.

    Raises:
        ValueError: An argument is out of its bounds, or a difficulty is nan.

    Source: Bengio et al. 2009; Platanios et al. 2019, arXiv:1903.09848, equations 6 and 7.
    """

    def __init__(
        self, difficulty: Sequence[float] | Tensor, full_at: int, start: float = 0.2, pacing: str = "linear", seed: int = 0
    ) -> None:
        scores = torch.as_tensor(difficulty, dtype=torch.float64)
        if scores.ndim != 1 or not len(scores) or scores.isnan().any():
            raise ValueError(f"difficulty must be one number for each sample, got shape {tuple(scores.shape)}: no nan")
        _check(full_at, start, pacing)
        self.ranked = scores.argsort(stable=True)  # by rank, not by value: one outlier would keep the pool small
        self.full_at, self.start, self.pacing, self.seed, self.epoch = full_at, start, pacing, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next, as with torch's DistributedSampler; without it the pool never grows.

        Args:
            epoch: Its number, >= 0, else a ValueError.
        """
        if epoch < 0:
            raise ValueError(f"epoch must be >= 0, got {epoch}: the first is 0")
        self.epoch = epoch

    def __len__(self) -> int:
        """The size of the pool in this epoch."""
        return max(1, round(share(self.epoch, self.full_at, self.start, self.pacing) * len(self.ranked)))

    def __iter__(self) -> Iterator[int]:
        """The indices of the pool in random order, each once."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        pool = self.ranked[: len(self)]
        yield from pool[torch.randperm(len(pool), generator=generator)].tolist()


def share(step: int, full_at: int, start: float, pacing: str = "linear") -> float:
    """What share of the difficulties is allowed at a step: `start` at 0, 1 from `full_at` on.

    Args:
        step: Step or epoch, >= 0.
        full_at: When all are allowed.
        start: The share at 0, in (0, 1].
        pacing: `linear`, `root` or `step`.
    """
    done = min(1.0, step / full_at)
    if pacing == "step":
        return start if done < 1 else 1.0
    return start + (1 - start) * done if pacing == "linear" else math.sqrt(start**2 + (1 - start**2) * done)


def length_curriculum(step: int, full_at: int, shortest: int, longest: int, pacing: str = "linear", multiple: int = 8) -> int:
    """How long the sequences of a step are; batches are cut to it.

    Args:
        step: The step, from 0.
        full_at: The step from which on sequences have full length, >= 1.
        shortest: Length at step 0, >= 1.
        longest: Full length, >= shortest.
        pacing: `linear` as DeepSpeed's, `root`, or `step`: short ones, then all long, as BERT.
        multiple: Lengths are rounded down to multiples of it, which GPUs like; never below shortest.

    Returns:
        The length, from shortest to longest.

    Raises:
        ValueError: An argument is out of its bounds.

    Source: Li et al. 2022, arXiv:2108.06084; the step: Devlin et al. 2019, arXiv:1810.04805, appendix A.2.
    """
    if not (1 <= shortest <= longest and multiple >= 1 and step >= 0):
        bounds = f"{shortest} to {longest} in multiples of {multiple} at step {step}"
        raise ValueError(f"lengths must be 1 <= shortest <= longest, got {bounds}: give 64 to 512 in multiples of 8, say")
    _check(full_at, shortest / longest, pacing)
    if step >= full_at:
        return longest
    length = int(longest * share(step, full_at, shortest / longest, pacing) + 1e-9)  # 1e-9: 24 may come as 23.999…
    return max(shortest, length - length % multiple)


def _check(full_at: int, start: float, pacing: str) -> None:
    if not full_at >= 1:
        raise ValueError(f"full_at must be >= 1, got {full_at}: it is when nothing is held back any more")
    if not 0 < start <= 1:
        raise ValueError(f"start must be in (0, 1], got {start}: it is the share to begin with, such as 0.2")
    if pacing not in PACES:
        raise ValueError(f"pacing must be one of {', '.join(PACES)}, got {pacing!r}: linear will do")
