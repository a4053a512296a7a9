"""The techniques of schedule; derived by `studykit build` from their cards."""

from .cosine import CosineAnnealingLR
from .layerwise_lr import layerwise_lr_groups
from .sgdr import CosineAnnealingWarmRestarts
from .warmup import LinearLR, warmup_cosine

__all__ = [
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "LinearLR",
    "layerwise_lr_groups",
    "warmup_cosine",
]
