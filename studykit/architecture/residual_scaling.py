"""Residual scaling: start every branch small enough that the sum of all of them keeps the size of the residual stream.

Radford, Wu, Child, Luan, Amodei & Sutskever, "Language Models are Unsupervised Multitask Learners", 2019, section 2.3
(GPT-2): "scale the weights of residual layers at initialization by a factor of 1/sqrt(N), N the number of residual layers".

    x_{l+1} = x_l + branch_l(x_l)                  branches independent at the start: variances add
    Var[x_N] = Var[x_0] + N * v                    v: what one branch adds, unscaled; N = 2 * n_layers, attention and MLP
    W_proj <- W_proj / sqrt(N)                     each adds v / N, all of them together v, however deep the network

Only the last matrix of a branch is scaled, and only once: nothing changes in the forward pass or in training.
"""

import math

import torch
from torch import Tensor, nn

# The last matrix of a branch by its name in GPT-2, in torch's and LLaMA's blocks, and in ``studykit.models.Block``.
RESIDUAL = ("c_proj", "out_proj", "linear2", "o_proj", "down_proj", "out", "mlp.2")


def residual_projections(model: nn.Module) -> dict[str, Tensor]:
    """The weights that write into the residual stream, by name; one that is shared comes once.

    Args:
        model: transformer whose branches end in a module called as in ``RESIDUAL``.
    """
    endings = tuple(f".{name}.weight" for name in RESIDUAL)
    return {name: weight for name, weight in model.named_parameters() if f".{name}".endswith(endings)}


@torch.no_grad()
def scale_residual_init_(model: nn.Module, n_layers: int) -> nn.Module:
    """Start every residual branch smaller, in place, so that the stream keeps its size; to be called once, after the init.

    Args:
        model: transformer with initialised weights, two branches per block.
        n_layers: its number of blocks, > 0. A block with another number of branches: half the number of all branches.

    Returns:
        The model itself.

    Raises:
        ValueError: n_layers is not positive, or no weight of the model is called like a residual projection.

    Source: Radford et al. 2019, section 2.3.
    """
    if not n_layers > 0:
        raise ValueError(f"n_layers must be > 0, got {n_layers}: give the number of blocks")
    found = residual_projections(model)
    if not found:
        raise ValueError(
            f"the model has {len(list(model.parameters()))} parameters, >= 1 must end in {', '.join(RESIDUAL)}: "
            "rename the last layer of each branch"
        )
    for weight in found.values():
        weight.mul_(1 / math.sqrt(2 * n_layers))
    return model
