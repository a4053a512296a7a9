"""The techniques of regularization; derived by `studykit build` from their cards."""

from .drop_path import DropPath, drop_path
from .dropout import Dropout, dropout
from .label_smoothing import LabelSmoothingCrossEntropy, label_smoothing_cross_entropy
from .weight_decay import weight_decay_groups

__all__ = [
    "DropPath",
    "Dropout",
    "LabelSmoothingCrossEntropy",
    "drop_path",
    "dropout",
    "label_smoothing_cross_entropy",
    "weight_decay_groups",
]
