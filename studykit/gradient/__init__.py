"""The techniques of gradient; derived by `studykit build` from their cards."""

from .grad_accum import GradientAccumulator, accumulate
from .grad_clip import clip_grad_norm_, clip_grad_value_, get_total_norm

__all__ = [
    "GradientAccumulator",
    "accumulate",
    "clip_grad_norm_",
    "clip_grad_value_",
    "get_total_norm",
]
