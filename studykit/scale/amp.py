"""Loss scaling: multiply the loss before backward so that small gradients survive float16, divide them before the step.

Micikevicius et al., "Mixed Precision Training", ICLR 2018, arXiv:1710.03740, section 3.2; the automatic scale as in torch.amp.

    backward of S * loss                      every gradient is S times as large: above float16's least number, 2^-24
    g <- g / S, in float32                    before clipping, before the step
    some g is inf or nan:   skip the step,    S <- S * backoff_factor,   count <- 0
    else:                   step,             count <- count + 1;   at growth_interval:   S <- S * growth_factor, count <- 0
"""

import warnings
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from ._autocast import Operation, watched
from ._scaler_state import check_factors, ready, restore, saved, set_scale


class GradScaler:
    """Scales losses, unscales gradients, skips steps that overflowed, and adapts the scale. Drop-in for torch.amp's.

    Args:
        device: ``"cuda"`` or ``"cpu"``; as in torch, the scaler disables itself for cuda where there is none.
        init_scale: The first scale S.
        growth_factor: S is multiplied by it after ``growth_interval`` updates in a row without inf or nan; > 1.
        backoff_factor: S is multiplied by it after an inf or a nan; < 1.
        growth_interval: Updates in a row.
        enabled: If not, ``step`` calls the optimizer and all else does nothing.

    Raises:
        ValueError: A factor is on the wrong side of 1.
        RuntimeError: From the methods, where they are called out of order.

    Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.2.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cuda" and not torch.cuda.is_available():
            warnings.warn("GradScaler is for cuda, which is not available: disabled. Give device='cpu'", stacklevel=2)
            enabled = False
        if enabled:
            check_factors(growth_factor, backoff_factor)
        self._device, self._enabled = device, enabled
        self._growth_factor, self._backoff_factor, self._growth_interval = growth_factor, backoff_factor, growth_interval
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._scale: Tensor | None = None  # on the device of the first loss; so is the count
        self._growth_tracker: Tensor | None = None
        self._found: dict[int, Tensor | None] = {}  # since the last update: optimizer -> did it meet an inf or a nan
        self._stepped: set[int] = set()

    def scale(self, outputs: Any) -> Any:
        """The loss, or losses (in lists, tuples, iterables), times S; the product is in the loss's graph."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = torch.tensor(self._init_scale, dtype=torch.float32, device=outputs.device)
                self._growth_tracker = torch.tensor(self._init_growth_tracker, dtype=torch.int32, device=outputs.device)
            return outputs * self._scale.to(outputs.device)
        if not isinstance(outputs, Iterable):
            raise ValueError(f"outputs must be a tensor or an iterable of tensors, got {type(outputs).__name__}")
        scaled = map(self.scale, outputs)
        return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled

    @torch.no_grad()
    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients by S in place and note whether one is inf or nan; once per update, before clipping."""
        if not self._enabled:
            return
        if id(optimizer) in self._found or id(optimizer) in self._stepped:
            raise RuntimeError("unscale_() was called after unscale_() or step(): once per optimizer between updates")
        scale = ready(self._scale, "unscale_")
        inverse = scale.double().reciprocal().float()
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(grad.dtype == torch.float16 for grad in grads):
            raise ValueError("gradients must not be float16, got some: keep float32 weights and compute under autocast")
        found = None
        for grad in (grad._values() if grad.is_sparse else grad for grad in grads):
            # Looked at before it is divided, as S < 1 could make infinities; and no `if`, for which a GPU would have to wait.
            bad = (~grad.isfinite()).any().to(scale.device)
            found = bad if found is None else found | bad
            grad.copy_(grad.to(torch.promote_types(grad.dtype, torch.float32)) * inverse.to(grad.device))
        self._found[id(optimizer)] = found

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Unscale unless that was done, then ``optimizer.step(*args, **kwargs)`` unless it has an inf or a nan: then None."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("a closure computes its gradients unscaled: call step() without")
        ready(self._scale, "step")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() was called twice since the last update(): call update() once per iteration")
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        found = self._found[id(optimizer)]
        if found is None:
            raise RuntimeError("no parameter of the optimizer has a gradient: call backward on the scaled loss first")
        self._stepped.add(id(optimizer))
        return None if found else optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt S to what all optimizers met since the last call, once per iteration; or set it to ``new_scale``."""
        if not self._enabled:
            return
        scale, found = ready(self._scale, "update"), [each for each in self._found.values() if each is not None]
        if new_scale is not None:
            set_scale(scale, new_scale, self._device)
        elif not found:
            raise RuntimeError("nothing was unscaled since the last update(): call step() first")
        else:
            bad, count = torch.stack(found).any(), self._growth_tracker + 1
            due = ~bad & (count == self._growth_interval)
            grown, shrunk = ((scale.double() * each).float() for each in (self._growth_factor, self._backoff_factor))
            scale.copy_(torch.where(bad, shrunk, torch.where(due & grown.isfinite(), grown, scale)))
            self._growth_tracker.copy_(torch.where(bad | due, 0, count))
        self._found, self._stepped = {}, set()

    def get_scale(self) -> float:
        """S as a number, 1 if disabled; a GPU is waited for."""
        return (self._init_scale if self._scale is None else self._scale.item()) if self._enabled else 1.0

    def state_dict(self) -> dict[str, Any]:
        """Scale, factors, interval and count; empty if disabled. Take it after ``update``."""
        return saved(self) if self._enabled else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict``, torch's or ours; the empty one of a disabled scaler is refused."""
        if self._enabled:
            restore(self, state_dict)

    def is_enabled(self) -> bool:
        """Whether it scales at all."""
        return self._enabled


def autocast_report(model: nn.Module, *inputs: Any, dtype: torch.dtype = torch.bfloat16) -> list[Operation]:
    """Run the model once under autocast and tell which operations ran in which precision.

    Args:
        model: Called once, in the mode that it is in; its device decides whose rules hold: those of CPU and CUDA differ.
        *inputs: What it is called with.
        dtype: The low precision, ``torch.bfloat16`` or ``torch.float16``.

    Returns:
        The operations of the forward pass in order of first use, without views and copies; casts are their own rows.

    Raises:
        ValueError: ``dtype`` is no 16-bit floating type.

    Source: PyTorch, Autocast Op Reference.
    """
    if dtype not in (torch.bfloat16, torch.float16):
        raise ValueError(f"dtype must be torch.bfloat16 or torch.float16, got {dtype}: autocast lowers to one of them")
    return watched(model, inputs, dtype)
