"""The flat buffers of ``fast=True``: where parameters, gradients and states lie, and how they get there."""

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ._arguments import check_dense

_GRADIENT = operator.attrgetter("grad")
_ALIGNMENT = 16  # elements: each parameter starts where a vector register would


class Bucket:
    """Parameters of one dtype on one device, and the flat buffers behind their data, gradients and states."""

    def __init__(self, params: list[Tensor]) -> None:
        self._params = params
        aligned = (-(-param.numel() // _ALIGNMENT) * _ALIGNMENT for param in params)
        self._starts = list(itertools.accumulate(aligned, initial=0))
        self._buffers: dict[str, tuple[Tensor, list[Tensor]]] = {}
        for param, view in zip(params, self.buffer("param")[1], strict=True):
            view.copy_(param)
            param.data = view
        self._pointers = list(map(Tensor.data_ptr, params))
        self._offered: set[int] = set()

    def moved(self) -> bool:
        """Whether a parameter's data lies elsewhere than this bucket put it."""
        return list(map(Tensor.data_ptr, self._params)) != self._pointers

    def buffer(self, name: str) -> tuple[Tensor, list[Tensor]]:
        """A flat buffer, zeros when it is first asked for, and its views shaped like the parameters."""
        if name == "step" and name not in self._buffers:
            steps = torch.zeros(len(self._params))
            self._buffers[name] = steps, [steps[i] for i in range(len(steps))]
        elif name not in self._buffers:
            flat = self._params[0].new_zeros(self._starts[-1], requires_grad=False)
            places = zip(self._params, self._starts, strict=False)
            self._buffers[name] = flat, [flat.as_strided(p.size(), p.stride(), start) for p, start in places]
        return self._buffers[name]

    def part(self, name: str, start: int, stop: int) -> Tensor:
        """Elements start to stop of a flat buffer."""
        flat = self.buffer(name)[0]
        return flat if stop - start == self._starts[-1] else flat[start:stop]

    def take_gradients(self) -> Sequence[int]:
        """Have every gradient in the flat buffer; the indices of the parameters that have one."""
        views = self.buffer("grad")[1]
        grads = list(map(_GRADIENT, self._params))
        if all(map(operator.is_, grads, views)):
            return range(len(grads))
        loose = [(i, grad) for i, grad in enumerate(grads) if grad is not None and grad is not views[i]]
        for _, grad in loose:
            check_dense(grad)
        if loose:
            torch._foreach_copy_([views[i] for i, _ in loose], [grad for _, grad in loose])
        for i, _ in loose:
            # Once: who keeps gradients will keep the view, and who has them made anew would drop it every time.
            if i not in self._offered:
                self._params[i].grad = views[i]
                self._offered.add(i)
        return [i for i, grad in enumerate(grads) if grad is not None]

    def take_states(
        self, state: dict[Tensor, Any], active: Sequence[int], names: tuple[str, ...], counted: bool
    ) -> list[float]:
        """Have the states of the active parameters in the flat buffers; the step that each is about to take."""
        everywhere = len(active) == len(self._params)
        # Rows in the order of the parameters, as this method makes them, need no look-up each.
        in_order = everywhere and len(state) >= len(active) and all(map(operator.is_, state, self._params))
        rows = list(itertools.islice(state.values(), len(active))) if in_order else []
        rows = rows or [state[self._params[i]] for i in active if names]
        steps = [2.0 if names else 1.0] * len(active)
        for name in (*names, *(["step"] if counted else [])):
            views = self.buffer(name)[1]
            views = views if everywhere else [views[i] for i in active]
            if all(map(operator.is_, map(dict.get, rows, itertools.repeat(name)), views)):
                continue
            for place, (row, view) in enumerate(zip(rows, views, strict=True)):
                value = row.get(name)
                if value is None:
                    row[name] = view.zero_()
                    steps[place] = 1.0
                elif value is not view:
                    row[name] = view.copy_(torch.as_tensor(value))
        if not counted:
            return steps
        flat = self.buffer("step")[0]
        if everywhere:
            return flat.add_(1).tolist()
        flat[list(active)] += 1
        counts = flat.tolist()
        return [counts[i] for i in active]

    def ranges(self, active: Sequence[int], steps: list[float]) -> list[tuple[int, int, int]]:
        """The longest (start, stop, step) of neighbours that have a gradient and take the same step."""
        if len(active) == len(self._params) and steps.count(steps[0]) == len(steps):
            return [(0, self._starts[-1], int(steps[0]))] if self._starts[-1] else []
        ranges: list[tuple[int, int, int]] = []
        for i, step in zip(active, map(int, steps), strict=True):
            start, stop = self._starts[i], self._starts[i + 1]
            if ranges and ranges[-1][1:] == (start, step):
                start = ranges.pop()[0]
            if start < stop:
                ranges.append((start, stop, step))
        return ranges
