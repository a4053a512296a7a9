"""What EMA and SWA share: the tensors of an average beside those of a model."""

import torch
from torch import Tensor, nn

Pairs = list[tuple[Tensor, Tensor]]


def paired(average: nn.Module, model: nn.Module) -> tuple[Pairs, Pairs]:
    """Parameters and buffers of an average, each with the model's: in their order, a tied weight once.

    By order and not by name, so that a model wrapped by DDP, which changes the names, may be given as well.

    Raises:
        ValueError: The two do not have the same parameters and buffers.
    """
    return (
        _pairs("parameter", list(average.parameters()), list(model.parameters())),
        _pairs("buffer", list(average.buffers()), list(model.buffers())),
    )


def _pairs(kind: str, ours: list[Tensor], theirs: list[Tensor]) -> Pairs:
    remedy = "pass the model that was given to the constructor, or one built like it"
    if len(ours) != len(theirs):
        raise ValueError(f"model must have {len(ours)} {kind}s like the average, got {len(theirs)}: {remedy}")
    for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if mine.shape != other.shape:
            shapes = f"{tuple(mine.shape)}, got {tuple(other.shape)}"
            raise ValueError(f"{kind} {place} of model must have the average's shape {shapes}: {remedy}")
    # An average in float32 of a bfloat16 model is what one wants: 1 - decay is finer than bfloat16's resolution.
    return [(mine, other.detach().to(mine.device, mine.dtype)) for mine, other in zip(ours, theirs, strict=True)]


def counter(model: nn.Module) -> Tensor:
    """A count of 0 where the model is, so that counting needs no copy between devices."""
    device = next((parameter.device for parameter in model.parameters()), None)
    return torch.tensor(0, device=device)
