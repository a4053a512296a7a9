"""A small text encoder: the mean over the tokens of a text, as they are or after causal blocks."""

import torch
from torch import Tensor, nn

from studykit.models import Block


class TextEncoder(nn.Module):
    """Token ids to one vector each.

    A token sees those before it alone and the mean leaves padding out, so what stands behind the end of a text changes nothing:
    no mask is needed. CLIP's own encoder is deeper, and read off at the end of the text only.

    Args:
        vocabulary: Number of tokens; id 0 pads a text.
        context: Greatest length of a text.
        embed_dim: Size of what is given out.
        width: Size of the residual stream.
        depth: Number of blocks; 0 is a bag of words.
        heads: Attention heads.

    Source: Radford et al. 2021, arXiv:2103.00020, sections 2.3 (bag of words) and 2.4.
    """

    def __init__(
        self, vocabulary: int, context: int, embed_dim: int = 64, width: int = 64, depth: int = 0, heads: int = 4
    ) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(context, width) if depth else None  # a mean over tokens has no order
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, embed_dim, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors (B, embed_dim) of ids (B, L)."""
        x = self.token(ids)  # (B, L, width)
        if self.position:
            x = x + self.position(torch.arange(ids.shape[1], device=ids.device))
        real = (ids > 0)[..., None].to(x.dtype)  # (B, L, 1)
        mean = (self.blocks(x) * real).sum(1) / real.sum(1).clamp_min(1)
        return self.head(self.norm(mean))
