"""The techniques of schedule; derived by `studykit build` from their cards."""

from .cosine import CosineAnnealingLR
from .warmup import LinearLR, warmup_cosine

__all__ = [
    "CosineAnnealingLR",
    "LinearLR",
    "warmup_cosine",
]
