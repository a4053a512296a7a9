"""An optimizer over slices beside its step: what it holds, how it is saved and taken up by other ranks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim.optimizer import Optimizer

from ._collectives import Ranks
from ._shards import Memory, Shard, each, held, packed, unpack


class Sliced(Optimizer):
    """The plumbing of ``ZeroOptimizer``, which makes these three."""

    ranks: Ranks
    shards: list[Shard]
    inner: Optimizer

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As in torch, while it is made; a ValueError afterwards."""
        if hasattr(self, "inner"):
            raise ValueError("groups must be given at the start, got another one: make a new optimizer and load the state")
        super().add_param_group(param_group)

    @property
    def traffic(self) -> int:
        """Bytes of the whole tensors that were given to collectives so far; an all-reduce would count twice."""
        return self.ranks.traffic

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, those of the slices too."""
        super().zero_grad(set_to_none)
        for shard in self.shards:
            shard.grad = None

    def memory(self) -> Memory:
        """Bytes that this rank holds now, by the storages of its tensors."""
        return held(self.shards, self.inner.state)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Inside, the parameters of stage 3 are whole, to be read or saved; every rank has to enter. Changes are lost."""
        each(Shard.gather, self.shards)
        try:
            yield
        finally:
            each(Shard.release, self.shards)

    def state_dict(self) -> dict[str, Any]:
        """The state as the optimizer of one process has it, with master weights; every rank takes part and gets all of it."""
        return {**super().state_dict(), "state": packed(self.shards, self.inner.state)}

    @torch.no_grad()
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take this rank's slices out of a state that any number of ranks, or ``optimizer_class`` by itself, has written."""
        super().load_state_dict({"state": {}, "param_groups": state_dict["param_groups"]})
        for master, state in unpack(self.shards, state_dict):
            self.inner.state[master] = state
