"""MLP-Mixer: an image as a table of patches by channels; one MLP works along its columns, the other along its rows.

Tolstikhin, Houlsby, Kolesnikov, Beyer et al., "MLP-Mixer: An all-MLP Architecture for Vision", NeurIPS 2021, arXiv:2105.01601,
equation 1. Of the table X, which has N patches (rows) and D channels (columns):

    U[:, c] = X[:, c] + W2 gelu(W1 LayerNorm(X)[:, c])      token mixing: the same MLP for every channel c
    Y[p, :] = U[p, :] + W4 gelu(W3 LayerNorm(U)[p, :])      channel mixing: the same MLP for every patch p

Then LayerNorm, the mean over patches and a linear head. No attention, no convolution but the one that cuts the image into
patches, no position embedding: W1 has a column for every position, so it knows positions, and fixes their number.
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-6  # of the norms: Flax's default and timm's; torch's is 1e-5


class Perceptron(nn.Module):
    """Two linear layers with GELU in between, over the last axis.

    Args:
        size: Inputs and outputs.
        hidden: Units between.
    """

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(size, hidden), nn.Linear(hidden, size)

    def forward(self, x: Tensor) -> Tensor:
        """The input (..., size), mixed along its last axis."""
        return self.fc2(F.gelu(self.fc1(x)))  # the paper's own code approximates gelu by tanh, which differs by 5e-4 at most


class MixerBlock(nn.Module):
    """Token mixing, then channel mixing, each with a LayerNorm before it and a plain skip connection around both.

    Args:
        patches: Rows N of the table.
        width: Channels D.
        token_hidden: Hidden units of the MLP across patches.
        channel_hidden: Hidden units of the MLP across channels.
    """

    def __init__(self, patches: int, width: int, token_hidden: int, channel_hidden: int) -> None:
        super().__init__()
        self.norm1, self.mlp_tokens = nn.LayerNorm(width, EPS), Perceptron(patches, token_hidden)
        self.norm2, self.mlp_channels = nn.LayerNorm(width, EPS), Perceptron(width, channel_hidden)

    def forward(self, x: Tensor) -> Tensor:
        """The table (B, N, D), one block on."""
        columns = self.norm1(x).transpose(1, 2)  # (B, D, N)
        x = x + self.mlp_tokens(columns).transpose(1, 2)  # (B, N, D)
        return x + self.mlp_channels(self.norm2(x))


class Patches(nn.Module):
    """Cuts images into square patches and gives each the same linear map.

    Args:
        channels: Colour channels.
        width: Channels D of the table.
        patch: Side of a patch in pixels.
    """

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        """The table (B, N, D) of images (B, channels, size, size), patches row by row."""
        return self.proj(x).flatten(2).transpose(1, 2)


class MLPMixer(nn.Module):
    """A classifier of square images by token mixing and channel mixing alone.

    Parameters are named as in timm's ``MlpMixer``, whose weights can be loaded.

    Args:
        channels: Colour channels.
        size: Side of the square image in pixels, a multiple of ``patch``.
        classes: Number of classes.
        patch: Side of a patch in pixels.
        width: Channels D of the table.
        depth: Blocks.
        token_hidden: Hidden units of the token-mixing MLP; in the paper half of ``width``.
        channel_hidden: Hidden units of the channel-mixing MLP; in the paper four times ``width``.

    Raises:
        ValueError: A size is below 1, or ``patch`` does not divide ``size``; in ``forward``: the images have another shape.

    Source: Tolstikhin et al. 2021, arXiv:2105.01601, section 2; initialisation as in vit_jax/models_mixer.py.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        classes: int,
        patch: int = 2,
        width: int = 64,
        depth: int = 4,
        token_hidden: int = 32,
        channel_hidden: int = 256,
    ) -> None:
        super().__init__()
        given = {"channels": channels, "size": size, "classes": classes, "patch": patch, "width": width, "depth": depth}
        for name, value in (given | {"token_hidden": token_hidden, "channel_hidden": channel_hidden}).items():
            if value < 1:
                raise ValueError(f"{name} must be >= 1, got {value}: give a whole number")
        if size % patch:
            raise ValueError(f"patch must divide size {size}, got {patch}: crop the images or give a divisor")
        self.shape, patches = (channels, size, size), (size // patch) ** 2
        self.stem = Patches(channels, width, patch)
        self.blocks = nn.Sequential(*(MixerBlock(patches, width, token_hidden, channel_hidden) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width, EPS), nn.Linear(width, classes)
        self.apply(initialise)
        nn.init.zeros_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, channels, size, size)."""
        if x.shape[1:] != self.shape:
            raise ValueError(f"x must be (B, {', '.join(map(str, self.shape))}), got {tuple(x.shape)}: resize the images")
        table = self.norm(self.blocks(self.stem(x)))  # (B, N, D)
        return self.head(table.mean(1))


def initialise(module: nn.Module) -> None:
    """Flax's default for a linear or convolutional layer: variance 1 / fan-in, cut off at two sigma; bias 0."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        cut = math.sqrt(1 / module.weight[0].numel()) / 0.87962566  # of std 1, cut at 2, the std is 0.8796
        nn.init.trunc_normal_(module.weight, std=cut, a=-2 * cut, b=2 * cut)
        nn.init.zeros_(module.bias)
