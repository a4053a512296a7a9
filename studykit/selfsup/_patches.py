"""Images as rows of patches, and back: any number of channels, any sides that are multiples of the patch."""

from torch import Tensor


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
