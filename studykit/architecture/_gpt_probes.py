"""A tiny GPT-2 by its names, whose weights are what they are: it is never run."""

import torch
from torch import Tensor, nn


class Conv1D(nn.Module):
    """GPT-2's own linear layer: the weight is (in, out).

    Args:
        outputs: Units.
        inputs: Inputs.
    """

    def __init__(self, outputs: int, inputs: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(inputs, outputs)), nn.Parameter(torch.empty(outputs))


def linear(kind: str, inputs: int, outputs: int) -> nn.Module:
    """`linear` as in nanoGPT or `conv1d` as in the original."""
    return nn.Linear(inputs, outputs) if kind == "linear" else Conv1D(outputs, inputs)


def block(kind: str, width: int, decoys: bool) -> nn.Module:
    """Both branches of one block; with decoys, further layers whose names only look like a projection's."""
    made = nn.Module()
    made.ln_1, made.ln_2, made.attn, made.mlp = nn.LayerNorm(width), nn.LayerNorm(width), nn.Module(), nn.Module()
    made.attn.c_attn, made.attn.c_proj = linear(kind, width, 3 * width), linear(kind, width, width)
    made.mlp.c_fc, made.mlp.c_proj = linear(kind, width, 4 * width), linear(kind, 4 * width, width)
    if decoys:
        made.attn.c_proj_norm, made.mlp.c_proj_gate = nn.LayerNorm(width), linear(kind, width, width)
    return made


def gpt(seed: int, depth: int = 2, kind: str = "linear", decoys: bool = False, shared: bool = False) -> nn.Module:
    """The model, with random numbers in every parameter.

    Args:
        seed: Of the numbers.
        depth: Blocks.
        kind: As in `linear`.
        decoys: As in `block`.
        shared: All blocks are one and the same, as in ALBERT.
    """
    model, width = nn.Module(), 6
    model.wte, model.wpe, model.ln_f = nn.Embedding(11, width), nn.Embedding(5, width), nn.LayerNorm(width)
    blocks = [block(kind, width, decoys) for _ in range(1 if shared else depth)]
    model.h = nn.ModuleList(blocks * depth if shared else blocks)
    model.lm_head = nn.Linear(width, 11, bias=False)
    model.lm_head.weight = model.wte.weight
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 + torch.rand(parameter.shape, generator=generator))
    return model


def factors(before: dict[str, Tensor], model: nn.Module) -> dict[str, object]:
    """What each parameter was multiplied by, by name, where it is one number for all of its entries; else None."""
    found: dict[str, object] = {}
    for name, parameter in model.named_parameters():
        if name not in before:
            found[f"factor of {name}"] = "a parameter that was not there"
            continue
        ratio = (parameter.detach() / before[name]).flatten()
        alike = bool((ratio - ratio[0]).abs().max() < 1e-5)
        found[f"factor of {name}"] = float(ratio[0]) if alike else None
    return found | {"parameters": len(found)}
