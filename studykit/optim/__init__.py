"""The techniques of optim; derived by `studykit build` from their cards."""

from .adam import Adam
from .adamw import AdamW
from .ema import EMA
from .lion import Lion
from .sgd import SGD
from .swa import SWA, update_bn

__all__ = [
    "EMA",
    "SGD",
    "SWA",
    "Adam",
    "AdamW",
    "Lion",
    "update_bn",
]
