"""The few small networks that techniques and experiments share."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """Two hidden layers on flattened input.

    Args:
        features: Number of inputs after flattening.
        classes: Number of classes.
        width: Units of each hidden layer.
    """

    def __init__(self, features: int, classes: int, width: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(features, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images or vectors (B, ...)."""
        return self.layers(x)


class CNN(nn.Module):
    """Two convolutions and one hidden layer, for small square images.

    Args:
        channels: Colour channels.
        size: Side of the image in pixels, a multiple of 4.
        classes: Number of classes.
        width: Channels of the first convolution; the second has twice as many.
    """

    def __init__(self, channels: int, size: int, classes: int, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(2 * width * (size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, classes)
        )

    def encode(self, x: Tensor) -> Tensor:
        """What the last layer reads (B, 64), of images (B, channels, size, size)."""
        return self.head[:-1](self.features(x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, channels, size, size)."""
        return self.head(self.features(x))


class Block(nn.Module):
    """One transformer block.

    Args:
        width: Size of the residual stream.
        heads: Attention heads.
        causal: A position sees only those before it.
        post_norm: Normalise after each sum, as in the first Transformer; else before each branch.
    """

    def __init__(self, width: int, heads: int, *, causal: bool = True, post_norm: bool = False) -> None:
        super().__init__()
        self.heads, self.causal, self.post_norm = heads, causal, post_norm
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def attend(self, x: Tensor, visible: Tensor | None = None) -> Tensor:
        """Self-attention on (B, N, D); where `visible` (B, N) is False there is padding, which no position reads."""
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)  # (B, H, N, D/H)
        mask = None if visible is None else visible[:, None, None]  # (B, 1, 1, N)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.causal)
        return self.out(attended.transpose(1, 2).reshape(b, n, d))  # (B, N, D)

    def forward(self, x: Tensor, visible: Tensor | None = None) -> Tensor:
        """The residual stream (B, N, D), one block on; `visible` as in `attend`, for blocks that are not causal."""
        if self.post_norm:
            x = self.norm1(x + self.attend(x, visible))
            return self.norm2(x + self.mlp(x))
        x = x + self.attend(self.norm1(x), visible)
        return x + self.mlp(self.norm2(x))


class CharTransformer(nn.Module):
    """A causal language model over characters.

    Args:
        vocabulary: Number of different characters.
        context: Greatest length of a sequence.
        width: Size of the residual stream.
        depth: Number of blocks.
        heads: Attention heads.
        post_norm: As in `Block`.
    """

    def __init__(
        self,
        vocabulary: int,
        context: int = 64,
        width: int = 64,
        depth: int = 2,
        heads: int = 4,
        *,
        post_norm: bool = False,
    ) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.normal_(self.position.weight, std=0.02)
        self.blocks = nn.Sequential(*(Block(width, heads, post_norm=post_norm) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, N, vocabulary) of the next character for ids (B, N)."""
        x = self.token(ids) + self.position(torch.arange(ids.shape[1], device=ids.device))  # (B, N, D)
        return self.head(self.norm(self.blocks(x)))


class ViT(nn.Module):
    """A small vision transformer with a class token.

    Args:
        channels: Colour channels.
        size: Side of the image in pixels, a multiple of `patch`.
        classes: Number of classes.
        patch: Side of a patch in pixels.
        width: Size of the residual stream.
        depth: Number of blocks.
        heads: Attention heads.
    """

    def __init__(
        self, channels: int, size: int, classes: int, patch: int = 2, width: int = 64, depth: int = 4, heads: int = 4
    ) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(channels, width, patch, stride=patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        nn.init.normal_(self.cls_token, std=0.02)
        nn.init.normal_(self.pos_embed, std=0.02)
        self.blocks = nn.Sequential(*(Block(width, heads, causal=False) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def encode(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """Normalised tokens (B, 1 + K, width), the class token first.

        Args:
            x: Images (B, channels, size, size).
            keep: Numbers (B, K) of the patches that the network sees; by default all N of them, row by row.
        """
        patches = self.patch_embed(x).flatten(2).transpose(1, 2) + self.pos_embed[:, 1:]  # (B, N, D)
        if keep is not None:
            patches = patches.gather(1, keep[..., None].expand(-1, -1, patches.shape[2]))  # (B, K, D)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        return self.norm(self.blocks(torch.cat([first, patches], 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, channels, size, size)."""
        return self.head(self.encode(x)[:, 0])


class ResidualMLP(nn.Module):
    """Residual blocks on flattened input, each with something of the caller's on its branch.

    Args:
        features: Number of inputs after flattening.
        classes: Number of classes.
        width: Size of the residual stream.
        depth: Number of blocks.
        on_branch: Given the number of a block, from 0, what its branch ends in, such as a DropPath.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        width: int = 64,
        depth: int = 8,
        on_branch: Callable[[int], nn.Module] = lambda _: nn.Identity(),
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Flatten(), nn.Linear(features, width))
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), on_branch(number)
            )
            for number in range(depth)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images or vectors (B, ...)."""
        x = self.stem(x)
        for branch in self.branches:
            x = x + branch(x)
        return self.head(x)
