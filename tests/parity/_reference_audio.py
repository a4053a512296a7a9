"""Writes reference/audio_augment.npz: what torchaudio computes, which can't be installed beside this kit's torch.

In an environment with torch 2.9 and torchaudio 2.9: python tests/parity/_reference_audio.py
"""

from pathlib import Path

import numpy as np
import torch
import torchaudio
from torchaudio import functional as F

RATE, FACTORS = 8000, (0.9, 1.1, 0.5, 2.0, 0.93, 1.37)
MASKS = (  # frequency masks, their width, time masks, their width, their share of the frames
    (2, 5, 2, 10, 1.0), (1, 27, 1, 100, 0.2), (0, 5, 3, 7, 1.0), (2, 9, 0, 0, 1.0),
)  # fmt: skip


def pulled(result: torch.Tensor, weights: torch.Tensor, *leaves: torch.Tensor) -> list[torch.Tensor]:
    """Gradients of a weighted sum of the result."""
    return list(torch.autograd.grad((result * weights).sum(), leaves))


def main() -> None:
    rng = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    kept = {"torchaudio": np.array(torchaudio.__version__), "factors": np.array(FACTORS), "rate": np.array(RATE)}
    loudness = torch.tensor([[0.01], [1.0], [40.0]], dtype=torch.float64)
    wave, noise = ((drawn(2, 3, 100) * each).requires_grad_() for each in (loudness, 3.0))
    snr, weights = 20 * drawn(2, 3), drawn(2, 3, 100)
    noisy = F.add_noise(wave, noise, snr)
    grads = pulled(noisy, weights, wave, noise)
    names = ("wave", "noise", "snr", "weights", "noisy", "wave_grad", "noise_grad")
    kept |= dict(zip(names, (wave, noise, snr, weights, noisy, *grads), strict=True))

    sound = drawn(2, 90).requires_grad_()
    kept["sound"] = sound
    for n, factor in enumerate(FACTORS):
        fast = F.speed(sound, RATE, factor)[0]
        pull = drawn(*fast.shape)
        kept |= {f"fast{n}": fast, f"pull{n}": pull, f"fast{n}_grad": pulled(fast, pull, sound)[0]}

    kept["features"] = features = drawn(3, 2, 24, 40).float()
    for n, (freq_masks, freq_width, time_masks, time_width, share) in enumerate(MASKS):
        torch.manual_seed(n)
        masked = features
        for _ in range(freq_masks):
            masked = F.mask_along_axis_iid(masked, min(freq_width, 24), 0.0, 2)
        for _ in range(time_masks):
            masked = F.mask_along_axis_iid(masked, min(time_width, 40), 0.0, 3, share)
        kept |= {f"masked{n}": masked, f"policy{n}": np.array((freq_masks, freq_width, time_masks, time_width, share))}

    arrays = {name: each.detach().numpy() if isinstance(each, torch.Tensor) else each for name, each in kept.items()}
    np.savez_compressed(Path(__file__).parent / "reference" / "audio_augment.npz", **arrays)


if __name__ == "__main__":
    main()
