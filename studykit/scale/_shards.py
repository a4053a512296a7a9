"""One parameter cut into slices over ranks: the slice that an optimizer steps, and the whole that comes and goes in stage 3."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ._collectives import Ranks, storages, wide


class Memory(NamedTuple):
    """Bytes of model states on one rank; activations are not among them."""

    parameters: float
    gradients: float
    optimizer: float

    @property
    def total(self) -> float:
        """All three together."""
        return sum(self)


class Shard:
    """This rank's slice of a parameter.

    Args:
        param: The parameter; in stage 3 it is empty from now on, except between `gather` and `release`.
        ranks: Over which it is cut.
        cut: Whether the parameter itself is given up, as in stage 3.

    Attributes:
        master: The slice in float32 or wider, for the optimizer: a view of the parameter where that is as wide, else a copy.
        low: The slice in the parameter's dtype, in stage 3 only; `master` itself where that is as wide.
        grad: The slice of the mean gradient, in the parameter's dtype.
    """

    def __init__(self, param: nn.Parameter, ranks: Ranks, cut: bool) -> None:
        self.param, self.ranks, self.shape, self.count = param, ranks, param.shape, param.numel()
        self.grad: Tensor | None = None
        self.low: Tensor | None = None
        piece = self.own(param.detach())
        self.master = nn.Parameter(piece.to(wide(param.dtype), copy=cut))
        if cut:
            self.low = self.master.detach().to(param.dtype)
            self.whole, self.gathered = torch.empty_like(param.detach()), True
            self.release()

    def own(self, whole: Tensor) -> Tensor:
        """This rank's slice of a tensor of the parameter's shape."""
        low, high = self.ranks.bounds(self.count)
        return whole.reshape(-1)[low:high]

    def join(self, piece: Tensor) -> Tensor:
        """The tensor of the parameter's shape, of which each rank gives its slice."""
        return self.ranks.all_gather(piece.detach(), self.count).view(self.shape)

    def publish(self) -> None:
        """Bring the stepped slice to where it is needed: to every rank, or in stage 3 to this one's copy."""
        if self.low is None:
            self.param.copy_(self.join(self.master.to(self.param.dtype)))
        else:
            self.low.copy_(self.master)

    def gather(self) -> None:
        """Make the parameter whole."""
        if self.low is not None and not self.gathered:
            # The same storage again: what backward keeps of forward, such as a transposed view, refers to it. And by `data`,
            # since to autograd the weight has not changed.
            self.whole.untyped_storage().resize_(self.whole.numel() * self.whole.element_size())
            self.whole.data.copy_(self.join(self.low))
            self.param.data, self.gathered = self.whole, True

    def release(self) -> None:
        """Keep the slice only."""
        if self.low is not None and self.gathered:
            # Empty to whoever reads it: a shape with nothing behind it would end the process.
            self.param.data, self.gathered = self.whole.new_empty(0), False
            self.whole.untyped_storage().resize_(0)


def tensors(output: Any) -> Iterator[Tensor]:
    """All tensors in what a module gave, in tuples, lists and dicts too."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Mapping | list | tuple):
        for each in output.values() if isinstance(output, Mapping) else output:
            yield from tensors(each)


def held(shards: Iterable[Shard], state: Mapping[Any, Mapping[str, Any]]) -> Memory:
    """Bytes of the storages that hold parameters, gradients and all that the optimizer keeps, each counted once."""
    shards = list(shards)
    of_params = [s.param.detach() for s in shards] + [s.low for s in shards if s.low is not None]
    grads = [each for s in shards for each in (s.grad, s.param.grad) if each is not None]
    kept = [s.master.detach() for s in shards]
    kept += [each for entry in state.values() for each in entry.values() if isinstance(each, Tensor)]
    params, optimizer = storages(of_params), storages(kept)
    rest = sum(size for address, size in optimizer.items() if address not in params)
    return Memory(sum(params.values()), sum(storages(grads).values()), rest)


def total_norm(grads: list[Tensor], ranks: Ranks, norm_type: float, like: Tensor) -> Tensor:
    """The norm of all slices of all ranks as one vector; every rank has to take part, and gets the same.

    Args:
        grads: This rank's slices, of which some may be empty.
        ranks: Those that have the others.
        norm_type: The p of the norm.
        like: Gives device and dtype.
    """
    norms = [torch.linalg.vector_norm(each, norm_type, dtype=wide(each.dtype)).to(like.dtype) for each in grads if len(each)]
    own = torch.stack([*norms, like.new_zeros(())])
    if norm_type == torch.inf:
        return ranks.all_reduce_(own.max(), largest=True)
    return ranks.all_reduce_((own**norm_type).sum()) ** (1 / norm_type)


@torch.no_grad()
def each(do: Callable[[Shard], None], shards: list[Shard]) -> None:
    """Gather or release several of them, out of sight of autograd."""
    for shard in shards:
        do(shard)


def after_forward(output: Any, shards: list[Shard]) -> None:
    """Release what a module has used, and gather it again as soon as backward comes to its output."""
    for tensor in tensors(output):
        if tensor.requires_grad:
            tensor.register_hook(lambda _: each(Shard.gather, shards))
    each(Shard.release, shards)


def packed(shards: Iterable[Shard], state: Mapping[Any, Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """The state of an optimizer as it would be on one process; every rank has to take part.

    Args:
        shards: In the order of the parameters.
        state: Of the optimizer of the slices, by slice.
    """
    made: dict[int, dict[str, Any]] = {}
    for number, shard in enumerate(shards):
        entry = {}
        for name, value in state.get(shard.master, {}).items():
            cut = isinstance(value, Tensor) and value.shape == shard.master.shape
            entry[name] = shard.join(value) if cut else value.clone() if isinstance(value, Tensor) else value
        if shard.low is not None or shard.param.dtype != shard.master.dtype:
            entry["master"] = shard.join(shard.master)  # more than the parameters of the model can tell
        if entry:
            made[number] = entry
    return made


def unpack(shards: Iterable[Shard], saved: Mapping[str, Any]) -> Iterator[tuple[nn.Parameter, dict[str, Any]]]:
    """The state of each slice out of that of one process, which any number of ranks may have written."""
    order = list(chain.from_iterable(group["params"] for group in saved["param_groups"]))
    for number, shard in zip(order, shards, strict=True):
        entry = {}
        for name, value in saved["state"].get(number, {}).items():
            if isinstance(value, Tensor):
                cut = name != "step" and value.shape == shard.shape
                value = shard.own(value).to(shard.master.device, copy=True) if cut else value.clone()
            entry[name] = value
        if "master" in entry:
            shard.master.copy_(entry.pop("master"))
            shard.publish()
        yield shard.master, entry
