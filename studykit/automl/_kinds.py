"""Floats, NumPy arrays and tensors alike: into float64 tensors, and a result back into the caller's kind. NumPy isn't imported."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def in_float64(*given: Any) -> tuple[list[Tensor], Callable[[Tensor], Any]]:
    """The numbers as float64 tensors, and what turns a result into their kind.

    That is a tensor where one was given, else an array where one was, else a float; of the widest floating dtype given.
    """
    arrays = [each for each in given if hasattr(each, "__array__") and not isinstance(each, float)]
    tensors = [torch.as_tensor(each) for each in arrays]
    device = tensors[0].device if tensors else torch.device("cpu")
    dtypes = [each.dtype for each in tensors if each.dtype.is_floating_point]

    def back(result: Tensor) -> Any:
        if not arrays:
            return result.item()
        result = result.to(max(dtypes, key=lambda each: each.itemsize, default=torch.float64))
        return result if any(isinstance(each, Tensor) for each in arrays) else result.numpy()

    return [torch.as_tensor(each, dtype=torch.float64, device=device) for each in given], back
