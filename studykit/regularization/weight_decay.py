"""Weight decay by parameter groups: shrink the matrices, and leave biases, norms and scalars alone.

A decayed weight loses lr * weight_decay of itself at each step, beside what the gradient does to it. Hanson & Pratt,
"Comparing Biases for Minimal Network Construction with Back-Propagation", NeurIPS 1988; Krogh & Hertz, "A Simple Weight
Decay Can Improve Generalization", NeurIPS 1991; Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019,
arXiv:1711.05101, Algorithm 2.

    decay p  iff  p.ndim > 1                          linear and convolution kernels, embeddings
    w <- w - lr * (update + weight_decay * w)         with them; without decay w <- w - lr * update

What has one dimension or none is a bias, the gain or shift of a norm, or a temperature: few numbers, which sum over no
inputs, and whose pull to zero would fight what they are there for. That is a convention (timm, nanoGPT), no theorem.
"""

from typing import Any

from torch import nn


def weight_decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two parameter groups for any optimizer of ``torch.optim``: what does not decay, and what does.

    Both groups set ``weight_decay`` themselves, so that the optimizer's default (0.01 in AdamW) reaches neither. They keep the
    model's order, which ``optimizer.load_state_dict`` goes by, and both are there even where one is empty.

    Args:
        model: whose parameters; frozen ones (``requires_grad=False``) are left out, a tied one comes once.
        weight_decay: of every parameter with more than one dimension, >= 0, in the optimizer's own units.

    Returns:
        ``[{"params": [...], "weight_decay": 0.0}, {"params": [...], "weight_decay": weight_decay}]``.

    Raises:
        ValueError: weight_decay is negative or NaN.

    Source: timm, optim/_param_groups.py, param_groups_weight_decay; nanoGPT, model.py, configure_optimizers.
    """
    if not weight_decay >= 0:  # NaN too
        raise ValueError(f"weight_decay must be >= 0, got {weight_decay}: give 0 for none, or 0.01 to 0.3 with AdamW")
    trained = [param for param in model.parameters() if param.requires_grad]  # parameters() names a tied one once
    return [
        {"params": [param for param in trained if param.ndim <= 1], "weight_decay": 0.0},
        {"params": [param for param in trained if param.ndim > 1], "weight_decay": weight_decay},
    ]
