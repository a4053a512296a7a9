"""The techniques of scale; derived by `studykit build` from their cards."""

from .amp import GradScaler, autocast_report
from .flash_attention import flash_attention, flash_attention_triton
from .zero import ZeroOptimizer, zero3, zero_memory

__all__ = [
    "GradScaler",
    "ZeroOptimizer",
    "autocast_report",
    "flash_attention",
    "flash_attention_triton",
    "zero3",
    "zero_memory",
]
