"""The techniques of optim; derived by `studykit build` from their cards."""

from .adam import Adam
from .adamw import AdamW
from .lion import Lion
from .sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Lion",
]
