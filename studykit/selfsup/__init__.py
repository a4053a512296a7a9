"""The techniques of selfsup; derived by `studykit build` from their cards."""

from .clip import CLIP, clip_loss
from .mae import MAE, patchify, random_masking, unpatchify
from .mlm import BertMLM, mask_tokens
from .simclr import SimCLR, nt_xent

__all__ = [
    "CLIP",
    "MAE",
    "BertMLM",
    "SimCLR",
    "clip_loss",
    "mask_tokens",
    "nt_xent",
    "patchify",
    "random_masking",
    "unpatchify",
]
