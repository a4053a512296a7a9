"""ZeRO: what plain data parallelism keeps on every rank is cut into slices, one per rank, and gathered only where it is needed.

Rajbhandari, Rasley, Ruwase & He, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", SC 2020,
arXiv:1910.02054, sections 5 and 7. Of P parameters trained with Adam in mixed precision a rank of N holds, in bytes,

    plain      2 P   + 2 P   + 12 P      low-precision parameters, their gradients; float32 master copy and two moments
    stage 1    2 P   + 2 P   + 12 P/N    gradients are reduce-scattered, each rank steps its slice, parameters are all-gathered
    stage 2    2 P   + 2 P/N + 12 P/N    the same, each gradient as soon as it is there
    stage 3    2 P/N + 2 P/N + 12 P/N    parameters are gathered before a layer's forward and again before its backward

Passed to collectives per step: 2 P elements in stages 1 and 2, as in the all-reduce of plain data parallelism; 3 P in stage 3.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed import ProcessGroup
from torch.optim.optimizer import Optimizer, ParamsT

from ._collectives import Ranks
from ._shards import Memory, Shard, after_forward, each, total_norm
from ._sliced import Sliced


def zero_memory(params: float, world_size: int, stage: int, optimizer_bytes: float = 12) -> Memory:
    """Bytes of model states per rank when training in mixed precision.

    Args:
        params: number of parameters, such as 7.5e9.
        world_size: number of data-parallel ranks, >= 1.
        stage: 0 (plain data parallelism), 1, 2 or 3.
        optimizer_bytes: bytes that the optimizer keeps per parameter: 12 are Adam's float32 master copy and two moments.

    Returns:
        ``parameters``, ``gradients``, ``optimizer`` and their ``total``, in bytes; 1 GB is 1e9 of them.

    Raises:
        ValueError: an argument is out of its bounds.

    Source: Rajbhandari et al. 2020, arXiv:1910.02054, section 3.1 and figure 1.
    """
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage must be 0, 1, 2 or 3, got {stage}: 0 is plain data parallelism")
    if not params >= 0 or not world_size >= 1 or not optimizer_bytes >= 0:
        given = f"{params}, {world_size} and {optimizer_bytes}"
        raise ValueError(f"params must be >= 0, world_size >= 1, optimizer_bytes >= 0, got {given}: mend that one")
    share = params / world_size
    weights, grads, states = (share if stage >= first else params for first in (3, 2, 1))
    return Memory(2 * weights, 2 * grads, optimizer_bytes * states)


class ZeroOptimizer(Sliced):
    """An optimizer of which each rank keeps the states of its slice only: ZeRO stages 1 and 2.

    Each rank computes gradients of the mean loss over its own samples; those of all ranks are averaged, as in DDP, without
    which this works. Parameters below float32 get a float32 master copy. After a step ``.grad`` is None.

    Args:
        params: parameters, or dicts of parameter groups; all ranks start from those of the first rank.
        optimizer_class: such as ``torch.optim.AdamW``; it has to treat each element by itself, since it sees flat slices.
        stage: 1 keeps gradients whole until ``step``; 2 cuts each one while backward goes on, in every micro-batch. All ranks
            need gradients of the same parameters, in stage 2 in the same order.
        group: the ranks; None takes all, or this process alone where torch.distributed was not started.
        **defaults: arguments of ``optimizer_class``.

    Raises:
        ValueError: the stage is another one; in ``step``: a gradient is sparse.

    Source: Rajbhandari et al. 2020, arXiv:1910.02054, sections 5.1, 5.2 and 7.
    """

    _stages = (1, 2)

    def __init__(
        self,
        params: ParamsT,
        optimizer_class: type[Optimizer],
        stage: int = 1,
        group: ProcessGroup | None = None,
        **defaults: Any,
    ) -> None:
        if stage not in self._stages:
            raise ValueError(f"stage must be 1 or 2, got {stage}: for stage 3 call zero3(model, optimizer_class)")
        self.stage, self.ranks = stage, Ranks(group)
        super().__init__(params, defaults)
        with torch.no_grad():
            for param in chain.from_iterable(known["params"] for known in self.param_groups):
                self.ranks.broadcast_(param)
        cut = [[Shard(param, self.ranks, stage == 3) for param in known["params"]] for known in self.param_groups]
        self.shards = list(chain.from_iterable(cut))
        pairs = zip(self.param_groups, cut, strict=True)
        slices = [{**known, "params": [shard.master for shard in own]} for known, own in pairs]
        self.inner = optimizer_class(slices, **defaults)
        for outer, inner in zip(self.param_groups, self.inner.param_groups, strict=True):
            outer.update({name: value for name, value in inner.items() if name != "params"})
        for shard in self.shards:
            if stage >= 2 and shard.param.requires_grad:
                shard.param.register_post_accumulate_grad_hook(lambda _, shard=shard: self._reduce(shard))

    @torch.no_grad()
    def _reduce(self, shard: Shard) -> None:
        """Average a gradient over ranks, keep this rank's slice of it, let the rest go."""
        if shard.param.grad is None:
            return
        if shard.param.grad.layout != torch.strided:
            raise ValueError(f"gradients must be dense, got {shard.param.grad.layout}: use Embedding(sparse=False)")
        piece = self.ranks.reduce_scatter(shard.param.grad.reshape(-1) / self.ranks.size)
        shard.grad = piece if shard.grad is None else shard.grad + piece
        shard.param.grad = None
        shard.release()  # in stage 3: the parameter has done its work too

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Average gradients, step this rank's slice, gather the parameters; every rank has to call it."""
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        for shard in self.shards:
            self._reduce(shard)
            shard.master.grad = None if shard.grad is None else shard.grad.to(shard.master.dtype)
        for outer, inner in zip(self.param_groups, self.inner.param_groups, strict=True):
            inner.update({name: value for name, value in outer.items() if name != "params"})  # a schedule's lr
        self.inner.step()
        for shard in self.shards:
            shard.release()
            if shard.master.grad is not None:
                shard.master.grad = None
                shard.publish()
        return loss

    @torch.no_grad()
    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0) -> Tensor:
        """Clip by the norm of all gradients of all ranks, which no rank sees whole; before ``step``, on every rank.

        Args:
            max_norm: greatest norm, >= 0.
            norm_type: the p of the norm, ``inf`` for the greatest magnitude.

        Returns:
            The norm before clipping, the same on every rank.
        """
        if not max_norm >= 0 or not norm_type > 0:
            raise ValueError(f"max_norm must be >= 0 and norm_type > 0, got {max_norm}, {norm_type}: give 1.0 and 2.0")
        for shard in self.shards:
            self._reduce(shard)
        grads = [shard.grad for shard in self.shards if shard.grad is not None]
        total = total_norm(grads, self.ranks, norm_type, self.shards[0].master.detach())
        for grad in grads:
            grad.mul_((max_norm / (total + 1e-6)).clamp(max=1.0))
        return total


class _Zero3(ZeroOptimizer):
    """The optimizer of a model whose parameters are cut too."""

    _stages = (3,)


def zero3(
    model: nn.Module,
    optimizer_class: type[Optimizer],
    params: ParamsT | None = None,
    group: ProcessGroup | None = None,
    **defaults: Any,
) -> tuple[nn.Module, ZeroOptimizer]:
    """Cut the parameters of a model too: ZeRO stage 3, by hooks on every module that has parameters of its own.

    Between uses a parameter is empty; ``with optimizer.gathered(): ...`` makes all of them whole, such as to save the model.

    Args:
        model: it is changed in place. A module may use the parameters of no other one, except those of nn.MultiheadAttention,
            and gives what it computes as its output.
        optimizer_class: as in ``ZeroOptimizer``.
        params: parameter groups; None takes all parameters. Those left out stay whole, and are not averaged.
        group: as in ``ZeroOptimizer``.
        **defaults: arguments of ``optimizer_class``.

    Returns:
        The model, and a ``ZeroOptimizer``.

    Source: Rajbhandari et al. 2020, arXiv:1910.02054, sections 5.3 and 7.2.2.
    """
    optimizer = _Zero3(model.parameters() if params is None else params, optimizer_class, 3, group, **defaults)
    known = {shard.param: shard for shard in optimizer.shards}
    for module in model.modules():
        # MultiheadAttention calls no forward of its output layer but reads that one's weights.
        own = module.parameters(recurse=isinstance(module, nn.MultiheadAttention))
        shards = [known[param] for param in own if param in known]
        if shards:
            module.register_forward_pre_hook(lambda *_, shards=shards: each(Shard.gather, shards))
            module.register_forward_hook(lambda *given, shards=shards: after_forward(given[-1], shards))
    return model, optimizer
