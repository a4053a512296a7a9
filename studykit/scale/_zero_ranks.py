"""What the ranks of the experiment do; apart from it, so that a rank imports torch and nothing else."""

import copy
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from ._collectives import Ranks
from ._shards import Memory
from .zero import ZeroOptimizer, zero3


class Trained(NamedTuple):
    """One stage on one rank.

    Attributes:
        losses: The mean over ranks, step by step.
        weights: By name, at the end.
        memory: Bytes held between the last backward and its step.
        traffic: Bytes passed to collectives per step, an all-reduce twice.
        seconds: Of the training.
    """

    losses: list[float]
    weights: dict[str, Tensor]
    memory: Memory
    traffic: float
    seconds: float


def train(
    network: nn.Module,
    batches: Sequence[tuple[Tensor, Tensor]],
    stages: Sequence[int],
    lr: float,
    parts: int,
    clip: float,
    dtype: torch.dtype,
    device: str,
) -> dict[int, Trained]:
    """Train the same network once with each stage; to be called on every rank.

    Args:
        network: In float32, on the CPU; left as it is.
        batches: One for each step; each rank takes its part of it.
        stages: 0 is plain data parallelism.
        lr: Of AdamW.
        parts: Micro-batches per step.
        clip: Greatest norm of all gradients.
        dtype: Of parameters and gradients; what is below float32 gets float32 master weights.
        device: Such as `cpu`.
    """
    # A group that is one rank by itself: there the optimizer of stage 1 keeps everything.
    alone = [dist.new_group([rank]) for rank in range(dist.get_world_size())][dist.get_rank()]
    return {stage: _trained(network, batches, stage, lr, parts, clip, dtype, device, alone) for stage in stages}


def _trained(
    network: nn.Module,
    batches: Sequence[tuple[Tensor, Tensor]],
    stage: int,
    lr: float,
    parts: int,
    clip: float,
    dtype: torch.dtype,
    device: str,
    alone: Any,
) -> Trained:
    world, model = Ranks(), copy.deepcopy(network).to(device, dtype)
    if stage == 3:
        model, optimizer = zero3(model, torch.optim.AdamW, lr=lr, weight_decay=0.0)
    else:
        group = None if stage else alone
        optimizer = ZeroOptimizer(model.parameters(), torch.optim.AdamW, max(stage, 1), group, lr=lr, weight_decay=0.0)
    losses, memory, began = [], Memory(0, 0, 0), time.perf_counter()
    for step, batch in enumerate(batches):
        x, y = (each.chunk(world.size)[world.rank].to(device) for each in batch)
        x = x.to(dtype) if x.is_floating_point() else x
        optimizer.zero_grad()
        total = torch.zeros((), device=device)
        for part, target in zip(x.chunk(parts), y.chunk(parts), strict=True):
            logits = model(part).flatten(0, -2).float()
            loss = F.cross_entropy(logits, target.flatten(), reduction="sum") / y.numel()
            loss.backward()
            total += loss.detach()
        if step == len(batches) - 1:
            memory = optimizer.memory()
        if not stage:
            for param in model.parameters():
                if param.grad is not None:
                    world.all_reduce_(param.grad.div_(world.size))
        optimizer.clip_grad_norm_(clip)
        optimizer.step()
        dist.all_reduce(total)
        losses.append(total.item() / world.size)
    seconds = time.perf_counter() - began
    traffic = (world.traffic + optimizer.traffic) / len(batches)
    with optimizer.gathered():
        weights = {name: value.detach().float().cpu().clone() for name, value in model.state_dict().items()}
    return Trained(losses, weights, memory, traffic, seconds)
