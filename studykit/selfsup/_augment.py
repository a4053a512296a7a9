"""Random views of tiny images: rotated, slanted, scaled, shifted, of another contrast, with noise and a hole.

Chen, Kornblith, Norouzi & Hinton, "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020, arXiv:2002.05709,
section 3, compose crops, colour distortion and blur. On 8 x 8 pixels without colour a small affine map stands for the crop, a random
contrast with noise for the distortion, and erasing (Zhong et al., AAAI 2020, arXiv:1708.04896) for what a crop leaves out.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augment:
    """Draws a view of every image of a batch; each part is off at 0.

    Args:
        rotate: Greatest rotation in degrees, either way.
        shear: Greatest slant, either way: by how much the top moves against the middle, as a share of their distance.
        scale: Greatest relative change of size, either way, < 1.
        shift: Greatest shift in both directions, as a share of the side.
        contrast: Greatest relative change of contrast around the image's mean, either way.
        noise: Standard deviation of Gaussian noise, in units of the pixels.
        erase: Side of a square that is set to the image's mean, as a share of the image's side.

    Raises:
        ValueError: A part is negative, or `scale` is not below 1.
    """

    rotate: float = 15.0
    shear: float = 0.2
    scale: float = 0.2
    shift: float = 0.15
    contrast: float = 0.4
    noise: float = 0.1
    erase: float = 0.4

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name} must be >= 0, got {value}; 0 turns it off")
        if self.scale >= 1:
            raise ValueError(f"scale must be < 1, got {self.scale}; an image can't shrink to nothing")

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Views (B, C, H, W) of images (B, C, H, W), of their dtype and on their device.

        Every part draws its numbers whether it is on or off, on the generator's device: turning one off changes no other, and a
        GPU sees the views that a CPU sees.
        """
        where = generator.device if generator else torch.device("cpu")
        place, tone = (torch.rand(len(x), n, generator=generator, device=where).to(x.device) * 2 - 1 for n in (5, 3))  # in [-1, 1)
        grain = torch.randn(x.shape, generator=generator, device=where).to(x.device, x.dtype)
        x = self._moved(x, place)
        if self.contrast:
            mean = x.mean((1, 2, 3), keepdim=True)
            x = mean + (x - mean) * (1 + self.contrast * tone[:, 0]).to(x.dtype)[:, None, None, None]
        if self.noise:
            x = x + self.noise * grain
        return self._erased(x, tone[:, 1:]) if self.erase else x

    def _moved(self, x: Tensor, place: Tensor) -> Tensor:
        """Rotated, slanted, scaled and shifted; what comes in from outside repeats the border."""
        if not (self.rotate or self.shear or self.scale or self.shift):
            return x
        angle, size = place[:, 0] * math.radians(self.rotate), 1 / (1 + self.scale * place[:, 1])
        cos, sin, slant = angle.cos() * size, angle.sin() * size, self.shear * place[:, 4]
        shift = 2 * self.shift * place[:, 2:4]  # the side is 2 long in the grid
        down, along = ((torch.arange(side, device=x.device) * 2 + 1) / side - 1 for side in x.shape[2:])  # pixel centres in (-1, 1)
        down = down[:, None]  # (H, 1) beside (W)
        cos, sin, slant, right, low = (each[:, None, None] for each in (cos, sin, slant, *shift.unbind(1)))
        grid = torch.stack([cos * along + (slant * cos - sin) * down + right, sin * along + (slant * sin + cos) * down + low], -1)
        return F.grid_sample(x, grid.to(x.dtype), padding_mode="border", align_corners=False)

    def _erased(self, x: Tensor, centre: Tensor) -> Tensor:
        """A square around a random pixel is blank; at the border only a part of it lies in the image."""
        inside = [
            (torch.arange(side, device=x.device) + 0.5 - side * (centre[:, n, None] + 1) / 2).abs() < self.erase * side / 2
            for n, side in enumerate(x.shape[2:])
        ]  # (B, H), (B, W)
        hole = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]  # (B, 1, H, W)
        return torch.where(hole, x.mean((1, 2, 3), keepdim=True), x)
