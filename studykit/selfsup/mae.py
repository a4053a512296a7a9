"""Masked autoencoders: hide most patches, encode only those that are left, and let a light decoder paint the hidden ones.

He, Chen, Xie, Li, Dollár & Girshick, "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022, arXiv:2111.06377, section 3.

    noise ~ U(0, 1)^N      order = argsort(noise)      keep = order[:K]      restore = argsort(order)
    z = encoder(patches[keep])      y = decoder([z, m, ..., m][restore] + position)      m is learned, one for all
    loss = mean over hidden patches i of ||y_i - x_i||^2 / pixels in a patch
"""

import torch
from torch import Tensor, nn

from studykit.models import Block, ViT

__all__ = ["MAE", "patchify", "random_masking", "unpatchify"]


def patchify(images: Tensor, patch: int) -> Tensor:
    """Patches (B, N, patch * patch * C) of images (B, C, H, W), row by row, pixel by pixel, the channels of a pixel together.

    Args:
        images: H and W are multiples of `patch`; they may differ.
        patch: Side of a patch in pixels.

    Raises:
        ValueError: The sides are no multiples.
    """
    b, c, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError(f"the sides must be multiples of patch {patch}, got {height} x {width}; crop or resize")
    tiles = images.reshape(b, c, height // patch, patch, width // patch, patch)
    return tiles.permute(0, 2, 4, 3, 5, 1).reshape(b, -1, patch * patch * c)  # (B, N, P * P * C)


def unpatchify(patches: Tensor, patch: int, height: int, width: int) -> Tensor:
    """Images (B, C, height, width) of patches (B, N, patch * patch * C): the inverse of `patchify`.

    Args:
        patches: As `patchify` gives them.
        patch: Side of a patch in pixels.
        height: Of the images, a multiple of `patch`.
        width: Likewise.
    """
    tiles = patches.reshape(len(patches), height // patch, width // patch, patch, patch, -1)
    return tiles.permute(0, 5, 1, 3, 2, 4).reshape(len(patches), -1, height, width)


def random_masking(x: Tensor, ratio: float = 0.75, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Keep a random subset of each sequence, another one for every sample, all of one size.

    Args:
        x: Tokens (B, N, D), or anything (B, N, ...), such as the numbers of the patches.
        ratio: Share that is hidden, 0 <= ratio < 1; round(N * (1 - ratio)) are kept.
        generator: Draws the noise, on its own device; by default the global one of x's device.

    Returns:
        visible (B, K, ...): what is kept, in the order drawn; mask (B, N): True where hidden; restore (B, N): with the
        hidden ones appended in any order, `gather` by these indices puts every token back in its place.

    Raises:
        ValueError: The ratio is out of its bounds, or keeps none.

    Source: He et al. 2022, section 3, "Simple implementation".
    """
    count, length = x.shape[:2]
    if not 0 <= ratio < 1:
        raise ValueError(f"ratio must be >= 0 and < 1, got {ratio}")
    kept = round(length * (1 - ratio))
    if not kept:
        raise ValueError(f"ratio {ratio} keeps none of {length} patches; give a lower one, or smaller patches")
    noise = torch.rand(count, length, generator=generator, device=generator.device if generator else x.device).to(x.device)
    order = noise.argsort(1)  # (B, N): which patch comes at each place of the shuffle
    restore = order.argsort(1)  # its inverse: at which place of the shuffle each patch is
    visible = x[torch.arange(count, device=x.device)[:, None], order[:, :kept]]  # (B, K, ...)
    return visible, restore >= kept, restore


class MAE(nn.Module):
    """A masked autoencoder around a ViT; afterwards the decoder is thrown away and the ViT sees whole images.

    Args:
        encoder: What is to be trained; it alone reads the images, and of them only the visible patches.
        ratio: Share of the patches that is hidden, 0 < ratio < 1, by `random_masking`.
        width: Of the decoder.
        depth: Its blocks.
        heads: Its attention heads.
        norm_pix: Whether each patch to be painted is brought to mean 0 and variance 1 first.

    Raises:
        ValueError: The ratio hides no patch, or all of them.

    Source: He et al. 2022, section 3; positions are learned here, as in `ViT`, where the paper's are fixed sines.
    """

    def __init__(
        self, encoder: ViT, ratio: float = 0.75, *, width: int = 32, depth: int = 1, heads: int = 4, norm_pix: bool = False
    ) -> None:
        super().__init__()
        embed, length = encoder.patch_embed, encoder.pos_embed.shape[1] - 1
        if not 0 < round(length * (1 - ratio)) < length:
            raise ValueError(f"ratio must hide some of the {length} patches and not all, got {ratio}")
        self.encoder, self.ratio, self.norm_pix, self.patch = encoder, ratio, norm_pix, embed.kernel_size[0]
        self.bridge = nn.Linear(embed.out_channels, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, length + 1, width))
        nn.init.normal_(self.mask_token, std=0.02)
        nn.init.normal_(self.pos_embed, std=0.02)
        self.blocks = nn.Sequential(*(Block(width, heads, causal=False) for _ in range(depth)))
        self.norm, self.paint = nn.LayerNorm(width), nn.Linear(width, self.patch**2 * embed.in_channels)

    def decode(self, tokens: Tensor, restore: Tensor) -> Tensor:
        """Patches (B, N, P * P * C) painted from the encoder's tokens (B, 1 + K, D), class token first."""
        tokens = self.bridge(tokens)
        hidden = self.mask_token.to(tokens.dtype).expand(len(tokens), restore.shape[1] + 1 - tokens.shape[1], -1)
        shuffled = torch.cat([tokens[:, 1:], hidden], 1)  # (B, N, W)
        patches = shuffled.gather(1, restore[..., None].expand_as(shuffled))  # each in its place, before the positions
        whole = torch.cat([tokens[:, :1], patches], 1) + self.pos_embed
        return self.paint(self.norm(self.blocks(whole)))[:, 1:]

    def loss(self, images: Tensor, painted: Tensor, mask: Tensor) -> Tensor:
        """Mean squared error of patches (B, N, P * P * C), over those that mask (B, N) hides."""
        target = patchify(images, self.patch)
        target = target.to(torch.promote_types(target.dtype, torch.float32))
        if self.norm_pix:
            target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6).sqrt()
        error = (painted.to(target.dtype) - target).square().mean(-1)  # (B, N)
        return (error * mask).sum() / mask.sum()

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, painted patches (B, N, P * P * C) and mask (B, N) of images (B, C, H, W), masked anew at each call."""
        numbers = torch.arange(self.pos_embed.shape[1] - 1, device=images.device).expand(len(images), -1)
        keep, mask, restore = random_masking(numbers, self.ratio, generator)
        painted = self.decode(self.encoder.encode(images, keep), restore)
        return self.loss(images, painted, mask), painted, mask
