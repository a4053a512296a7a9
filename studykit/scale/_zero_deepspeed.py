"""The experiment of ZeRO on DeepSpeed too: same network, samples, steps and optimizer, on CPU processes with gloo. Needs `deepspeed`."""

import copy
import gc
import importlib.util
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from ._collectives import storages
from ._ranks import launch
from ._shards import Memory
from ._zero_ranks import train

STAGES = (1, 2, 3)
# DeepSpeed would compile its collectives of shared memory first, for a minute; torch has gloo.
SHARED = "deepspeed_shm_comm"


class Compared(NamedTuple):
    """One stage on the first rank.

    Attributes:
        distance: Greatest difference of a weight of ours to plain data parallelism at the end.
        peer_distance: The same of DeepSpeed's.
        memory: Bytes that ours holds between the last backward and its step.
        peer_memory: The same of DeepSpeed, with `gradients` being all that is neither parameters nor optimizer.
        losses: Ours, step by step, the mean over ranks.
        peer_losses: The same of DeepSpeed.
    """

    distance: float
    peer_distance: float
    memory: Memory
    peer_memory: Memory
    losses: list[float]
    peer_losses: list[float]


def available() -> bool:
    """Whether DeepSpeed is installed; it is not imported here, which would choose its device for the whole process."""
    return importlib.util.find_spec("deepspeed") is not None


def compare_with_deepspeed(
    network: nn.Module,
    batches: Sequence[tuple[Tensor, Tensor]],
    ranks: int = 2,
    lr: float = 3e-3,
    parts: int = 1,
    clip: float = 1.0,
    dtype: torch.dtype = torch.bfloat16,
    tick: Callable[[], object] | None = None,
) -> dict[int, Compared]:
    """Train the same network with each stage of ours and of DeepSpeed, and with plain data parallelism.

    DeepSpeed averages without its contiguous buffers, the size of which is a setting and not the stage's.

    Args:
        network: In float32, on the CPU; left as it is.
        batches: One for each step, two or more; their length is a multiple of ranks times parts.
        ranks: Processes.
        lr: Of AdamW.
        parts: Micro-batches per step.
        clip: Greatest norm of all gradients.
        dtype: Of parameters and gradients: float32, or bfloat16 with float32 master weights.
        tick: As in `launch`.

    Returns:
        By stage.

    Raises:
        ImportError: DeepSpeed isn't installed.
        RuntimeError: A rank failed.
    """
    if not available():
        raise ImportError("deepspeed is not installed: python -m pip install deepspeed")
    timeout = 120.0 + 10.0 * len(batches)  # the import alone takes seconds
    return launch(_both, ranks, network, batches, lr, parts, clip, dtype, timeout=timeout, tick=tick)[0]


def _both(
    network: nn.Module, batches: Sequence[tuple[Tensor, Tensor]], lr: float, parts: int, clip: float, dtype: torch.dtype
) -> dict[int, Compared]:
    ours, deepspeed = train(network, batches, (0, *STAGES), lr, parts, clip, dtype, "cpu"), _imported()
    plain, found = ours[0].weights, {}
    for stage in STAGES:
        losses, weights, memory = _trained(deepspeed, network, batches, stage, lr, parts, clip, dtype)
        apart, peer_apart = (max((made[name] - plain[name]).abs().max().item() for name in plain) for made in (ours[stage].weights, weights))
        found[stage] = Compared(apart, peer_apart, ours[stage].memory, memory, ours[stage].losses, losses)
    return found


def _imported() -> Any:
    """DeepSpeed on this rank: on the CPU, on the process group that is there, and silent."""
    own = {"RANK": dist.get_rank(), "LOCAL_RANK": dist.get_rank(), "WORLD_SIZE": dist.get_world_size()}
    os.environ |= {name: str(value) for name, value in own.items()} | {"DS_ACCELERATOR": "cpu"}
    for kind in (FutureWarning, DeprecationWarning):  # it calls torch by names that torch 2.13 has replaced
        warnings.simplefilter("ignore", kind)
    logging.disable(logging.WARNING)
    import deepspeed

    deepspeed.ops.__compatible_ops__[SHARED] = False
    return deepspeed


def _trained(
    deepspeed: Any, network: nn.Module, batches: Sequence[tuple[Tensor, Tensor]], stage: int, lr: float, parts: int, clip: float,
    dtype: torch.dtype,
) -> tuple[list[float], dict[str, Tensor], Memory]:  # fmt: skip
    rank, world = dist.get_rank(), dist.get_world_size()
    before = storages(_alive())
    model = copy.deepcopy(network).to(dtype)
    inner = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0)
    settings = {
        "train_micro_batch_size_per_gpu": len(batches[0][0]) // (world * parts),
        "gradient_accumulation_steps": parts,
        "gradient_clipping": clip,
        "bf16": {"enabled": dtype == torch.bfloat16},
        # Stage 3 would keep small weights whole.
        "zero_optimization": {"stage": stage, "contiguous_gradients": False, "stage3_param_persistence_threshold": 0},
    }
    engine = deepspeed.initialize(model=model, optimizer=inner, config=settings, dist_init_required=False)[0]
    losses, memory = [], Memory(0, 0, 0)
    for step, batch in enumerate(batches):
        x, y = (each.chunk(world)[rank] for each in batch)
        x, total = x.to(dtype) if x.is_floating_point() else x, torch.zeros(())
        for number, (part, target) in enumerate(zip(x.chunk(parts), y.chunk(parts), strict=True), 1):
            loss = F.cross_entropy(engine(part).flatten(0, -2).float(), target.flatten())
            engine.backward(loss)  # which divides it by the number of parts
            total += loss.detach() / parts
            if step == len(batches) - 1 and number == parts:
                memory = _held(engine, inner, {*before, *storages([x, y])})
            engine.step()
        dist.all_reduce(total)
        losses.append(total.item() / world)
    with deepspeed.zero.GatheredParameters(list(model.parameters())):
        weights = {name: value.detach().float().clone() for name, value in model.state_dict().items()}
    engine.destroy()
    return losses, weights, memory


def _alive() -> list[Tensor]:
    """Every tensor that this process holds, with the gradients, which Python may not list."""
    gc.collect()
    found = [each for each in gc.get_objects() if issubclass(type(each), Tensor)]
    return found + [each.grad for each in found if each.is_leaf and each.grad is not None]


def _held(engine: Any, inner: torch.optim.Optimizer, before: Iterable[int]) -> Memory:
    """Bytes of the storages that came since `before`: of parameters, of the optimizer's tensors, and of all else."""
    model = engine.module
    cut = [each.ds_tensor for each in model.parameters() if hasattr(each, "ds_tensor")]
    params = storages([each.detach() for each in (*model.parameters(), *model.buffers(), *cut)])
    masters = [each for group in inner.param_groups for each in group["params"]]
    masters += getattr(engine.optimizer, "fp32_partitioned_groups_flat", [])  # in stage 3 the groups have them in a step only
    kept = masters + [each for entry in inner.state.values() for each in entry.values() if isinstance(each, Tensor)]
    optimizer = {at: size for at, size in storages(kept).items() if at not in params}
    known = {*params, *optimizer, *before}
    rest = {at: size for at, size in storages(_alive()).items() if at and at not in known}  # a tensor at 0 is of device meta
    return Memory(sum(params.values()), sum(rest.values()), sum(optimizer.values()))
