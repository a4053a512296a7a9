"""Layer-wise learning rates: the head learns at lr, and each layer below it at a fixed fraction of the one above.

Clark, Luong, Le & Manning, "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", ICLR 2020,
arXiv:2003.10555 (appendix on fine-tuning); for vision transformers Bao, Dong, Piao & Wei, "BEiT", ICLR 2022,
arXiv:2106.08254, and He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, arXiv:2111.06377.

    lr_l = lr * decay ** (L - l)          l = 0 the embedding, 1 ... L - 1 the blocks, L the head

A pre-trained network has general features below and those of its old task above: what is below should move less, the head,
which is new, most. For a network that starts from random weights there is no such order, and one learning rate is right.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn

STACKS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def layer_numbers(model: nn.Module) -> dict[nn.Parameter, int]:
    """The layer of each parameter, counted from the input.

    Every child of the model is a layer, in the order in which it was assigned; of a plain Sequential, ModuleList or ModuleDict
    each element is one. A norm (whatever has no parameter of two dimensions) belongs to the layer before it, as does an
    Embedding right after another. The model's own parameters, such as a class token, are of layer 0, and so is all that no
    child holds. A tied parameter is of its first layer. Layers are counted whether they learn or not.

    Args:
        model: Whose children stand in the order of its forward pass.
    """
    numbers: dict[nn.Parameter, int] = {}
    layer, before = -1, None
    for part in _parts(model):
        params = list(part.parameters())
        if not params:
            continue  # an activation, a pooling
        joins = all(param.ndim <= 1 for param in params) or (isinstance(part, nn.Embedding) and isinstance(before, nn.Embedding))
        if layer < 0 or not joins:
            layer += 1
        for param in params:
            numbers.setdefault(param, layer)
        before = part
    return {param: numbers.get(param, 0) for param in model.parameters()}


def _parts(model: nn.Module) -> Iterator[nn.Module]:
    for child in model.children():
        # A subclass is somebody's block, with a forward pass of its own: one layer.
        yield from child.children() if type(child) in STACKS else (child,)


def layerwise_lr_groups(model: nn.Module, lr: float, decay: float = 0.75, weight_decay: float = 0.0) -> list[dict[str, Any]]:
    """Parameter groups for any optimizer of ``torch.optim``: one learning rate per layer, and no decay on biases and norms.

    Every group sets ``lr`` and ``weight_decay``, so that the optimizer's defaults reach none. A scheduler of torch's takes each
    group's ``lr`` as its base and keeps the ratios, except OneCycleLR, which wants them as a list.

    Args:
        model: Whose layers are its children (see ``layer_numbers``); frozen parameters are left out, a tied one comes once.
        lr: Of the last layer, the head, >= 0.
        decay: What the layer below gets of a layer's learning rate, in (0, 1]; 1 is the same for all.
        weight_decay: Of the parameters with more than one dimension, >= 0, in the optimizer's own units.

    Returns:
        A dict for each layer and kind, in the model's order: ``params``, ``lr``, ``weight_decay``, and ``name``, such as
        ``layer_0_no_decay``.

    Raises:
        ValueError: An argument is out of its bounds.

    Source: timm, optim/_param_groups.py, param_groups_layer_decay; Bao et al. 2022, arXiv:2106.08254.
    """
    if not lr >= 0:  # NaN too
        raise ValueError(f"lr must be >= 0, got {lr}: give the learning rate of the head, the largest of all")
    if not 0 < decay <= 1:
        raise ValueError(f"decay must be in (0, 1], got {decay}: give 0.65 to 0.9, or 1 for one learning rate")
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay must be >= 0, got {weight_decay}: give 0 for none, or 0.05 with AdamW")
    numbers = layer_numbers(model)
    last = max(numbers.values(), default=0)
    groups: dict[str, dict[str, Any]] = {}
    for param, layer in numbers.items():
        if not param.requires_grad:
            continue
        kind, own = ("decay", weight_decay) if param.ndim > 1 else ("no_decay", 0.0)
        name = f"layer_{layer}_{kind}"
        settings = {"params": [], "lr": lr * decay ** (last - layer), "weight_decay": own, "name": name}
        groups.setdefault(name, settings)["params"].append(param)
    return list(groups.values())
