"""``fast=True``: any update function, run over flattened storage by one compiled kernel.

A step over hundreds of tensors is mostly the cost of starting operations. Here the parameters of a group that share
dtype and device are views into one flat buffer, and so are their gradients and states: the update, being elementwise,
runs once over all. A gradient that autograd made anew is gathered; one kept by ``zero_grad(set_to_none=False)`` is in
the flat buffer already. Each step compares the views with what the caller holds and takes in what was replaced
(``load_state_dict``, ``deepcopy``, ``.to()``): nothing has to be announced.
"""

import itertools
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ._arguments import check_dense, check_supported
from ._bucket import Bucket
from ._compiled import run


def flat_step(
    optimizer: torch.optim.Optimizer,
    group: dict[str, Any],
    update: Callable[..., None],
    names: tuple[str, ...],
    settings: Callable[[dict[str, Any], int], dict[str, Any]],
    counted: bool = False,
) -> None:
    """Step a group by ``update(param, grad, *states, **settings(group, step))``, elementwise and in place.

    ``names`` are the states' keys in ``optimizer.state``. ``counted``: the step is kept there as ``step``; else it says
    only whether a parameter is at its first step (1) or a later one (2).
    """
    check_supported(differentiable=group.get("differentiable"))
    flattened = vars(optimizer).setdefault("_flattened", {})
    params, buckets = flattened.get(id(group["params"]), ([], []))
    same = len(params) == len(group["params"]) and all(map(operator.is_, params, group["params"]))
    if not same or any(bucket.moved() for bucket in buckets):
        params = list(group["params"])
        buckets = _flatten(params)
        flattened[id(group["params"])] = params, buckets
    for bucket in buckets:
        active = bucket.take_gradients()
        steps = bucket.take_states(optimizer.state, active, names, counted)
        for start, stop, step in bucket.ranges(active, steps):
            param, grad, *states = (bucket.part(name, start, stop) for name in ("param", "grad", *names))
            run(update, [param, -grad if group.get("maximize") else grad, *states], settings(group, step))


def _flatten(params: list[Tensor]) -> list[Bucket]:
    kinds: dict[tuple[torch.dtype, torch.device], list[Tensor]] = {}
    spans = []
    for param in params:
        check_dense(param)
        if torch.empty_like(param, device="meta").stride() != param.stride():
            raise ValueError(f"fast=True needs dense parameters, got strides {param.stride()}: use .contiguous()")
        kinds.setdefault((param.dtype, param.device), []).append(param)
        if param.numel():
            spans.append((str(param.device), param.data_ptr(), param.data_ptr() + param.nbytes))
    for before, after in itertools.pairwise(sorted(spans)):
        if before[0] == after[0] and after[1] < before[2]:
            raise ValueError(
                "fast=True would part two parameters that share memory: leave it out, or tie one Parameter"
            )
    return [Bucket(kind) for kind in kinds.values()]
