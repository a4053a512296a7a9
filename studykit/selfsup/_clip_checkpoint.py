"""Checkpoints that are whole or not there, and that hold nothing but tensors, numbers and text."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def save(path: Path | str, state: Mapping[str, Any]) -> None:
    """Write to a file beside it, then rename: who is interrupted keeps the old checkpoint whole.

    Args:
        path: The file.
        state: What `state_dict` methods give; tensors, numbers, texts, and lists and dictionaries of them.
    """
    whole = Path(path)
    partial = whole.with_name(whole.name + ".partial")
    torch.save(dict(state), partial)
    os.replace(partial, whole)


def load(path: Path | str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What `save` wrote; with `weights_only`, since a pickle from elsewhere could run any code."""
    found: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return found
