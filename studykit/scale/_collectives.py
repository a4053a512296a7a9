"""The collectives that ZeRO is made of, over tensors of any length, with the bytes that were passed to them."""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

# torch 2.13 renamed them.
_reduce_scatter = getattr(dist, "reduce_scatter_single", None) or dist.reduce_scatter_tensor
_all_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor


class Ranks:
    """A process group; one rank that talks to nobody where torch.distributed was not started.

    Args:
        group: The processes that share; None takes all.

    Attributes:
        size: Number of ranks.
        rank: Which of them this is.
        traffic: Bytes of the whole tensors given to reduce-scatter and all-gather so far; an all-reduce is one of each.
    """

    def __init__(self, group: dist.ProcessGroup | None = None) -> None:
        alone = group is None and not dist.is_initialized()
        self.group = group
        self.size, self.rank = (1, 0) if alone else (dist.get_world_size(group), dist.get_rank(group))
        if self.rank < 0:
            raise ValueError("group must have this process in it, got one without: make the optimizer on its ranks only")
        self.traffic = 0

    def length(self, count: int) -> int:
        """Elements of a rank's slice of `count`, rounded up: the last slices are shorter, or empty."""
        return -(-count // self.size)

    def bounds(self, count: int) -> tuple[int, int]:
        """Where this rank's slice begins and ends."""
        low = min(self.rank * self.length(count), count)
        return low, min(low + self.length(count), count)

    def reduce_scatter(self, flat: Tensor) -> Tensor:
        """The slice of this rank of the sum over ranks of `flat` (n,)."""
        low, high = self.bounds(flat.numel())
        if self.size == 1:
            return flat
        self._count(flat)
        piece = flat.new_empty(self.length(flat.numel()))
        _reduce_scatter(piece, F.pad(flat, (0, self.size * len(piece) - len(flat))), group=self.group)
        return piece[: high - low]

    def all_gather(self, piece: Tensor, count: int) -> Tensor:
        """All slices, one after the other (count,)."""
        if self.size == 1:
            return piece
        length = self.length(count)
        flat = piece.new_empty(self.size * length)
        _all_gather(flat, F.pad(piece, (0, length - len(piece))), group=self.group)
        self._count(flat[:count])
        return flat[:count]

    def all_reduce_(self, value: Tensor, largest: bool = False) -> Tensor:
        """The sum over ranks, or the largest, in place."""
        if self.size > 1:
            self._count(value, 2)
            dist.all_reduce(value, dist.ReduceOp.MAX if largest else dist.ReduceOp.SUM, group=self.group)
        return value

    def broadcast_(self, value: Tensor) -> None:
        """What the first rank has, in place; not counted, as it is done once."""
        if self.size > 1:
            first = 0 if self.group is None else dist.get_global_rank(self.group, 0)
            whole = value.contiguous()
            dist.broadcast(whole, first, group=self.group)
            value.copy_(whole)

    def _count(self, value: Tensor, times: int = 1) -> None:
        self.traffic += times * value.numel() * value.element_size()


def storages(tensors: list[Tensor]) -> dict[int, int]:
    """Bytes of the storages behind some tensors, each once, by address."""
    held = [each.untyped_storage() for each in tensors]
    return {each.data_ptr(): each.nbytes() for each in held if each.nbytes()}


def wide(dtype: torch.dtype) -> torch.dtype:
    """At least float32: what an optimizer computes in."""
    return torch.promote_types(dtype, torch.float32)
