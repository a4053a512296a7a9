"""The classic mistakes of adding noise: each is the right solution with one thing changed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from studykit.drill import Mistake

from ._audio_augment_told_mistakes import TOLD


def power(sound: Tensor) -> Tensor:
    """The power that is asked for, (..., 1)."""
    return sound.square().mean(-1, keepdim=True)


def scale(signal: Tensor, hiss: Tensor, snr: Tensor) -> Tensor:
    """The factor of the noise that is asked for, of powers and decibels (..., 1)."""
    return (signal / torch.where(hiss > 0, hiss, 1) / 10 ** (snr / 10)).sqrt()


def white(wave: Tensor, generator: Generator | None) -> Tensor:
    """The noise that is asked for where none is given."""
    return torch.randn(wave.shape, dtype=wave.dtype, generator=generator)


def like(
    of: Callable[[Tensor], Tensor] = power,
    of_noise: Callable[[Tensor], Tensor] | None = None,
    scaled: Callable[[Tensor, Tensor, Tensor], Tensor] = scale,
    drawn: Callable[[Tensor, Generator | None], Tensor] = white,
    mixed: Callable[[Tensor, Tensor], Tensor] = lambda wave, noise: wave + noise,
    level: Callable[[Any, Tensor], Tensor] = lambda snr, wave: torch.as_tensor(snr, dtype=wave.dtype).unsqueeze(-1),
) -> Callable[..., Tensor]:
    """A solution with one thing changed.

    Args:
        of: A sound to its power (..., 1).
        of_noise: The noise to its power, if otherwise.
        scaled: Powers and decibels to the factor of the noise.
        drawn: White noise for a wave.
        mixed: Wave and scaled noise to the result.
        level: What is given as snr_db, and the wave, to decibels that broadcast against powers.
    """

    def candidate(
        wave: Tensor, snr_db: float | Tensor, noise: Tensor | None = None, generator: Generator | None = None
    ) -> Tensor:
        noise = drawn(wave, generator) if noise is None else noise
        return mixed(wave, scaled(of(wave), (of_noise or of)(noise), level(snr_db, wave)) * noise)

    return candidate


def _rms(sound: Tensor) -> Tensor:
    return power(sound).sqrt()


def _peak(sound: Tensor) -> Tensor:
    return sound.abs().amax(-1, keepdim=True).square()


def _whole(sound: Tensor) -> Tensor:
    return sound.square().mean().reshape([1] * sound.ndim)


def _variance(sound: Tensor) -> Tensor:
    return sound.var(-1, correction=0, keepdim=True)


def _mean_magnitude(sound: Tensor) -> Tensor:
    return sound.abs().mean(-1, keepdim=True).square()


def _scaled_wave(
    wave: Tensor, snr_db: float | Tensor, noise: Tensor | None = None, generator: Generator | None = None
) -> Tensor:
    noise = white(wave, generator) if noise is None else noise
    snr = torch.as_tensor(snr_db, dtype=wave.dtype).unsqueeze(-1)
    return wave / scale(power(wave), power(noise), snr).clamp(min=1e-12) + noise


def _in_place(
    wave: Tensor, snr_db: float | Tensor, noise: Tensor | None = None, generator: Generator | None = None
) -> Tensor:
    noise = white(wave, generator) if noise is None else noise
    snr = torch.as_tensor(snr_db, dtype=wave.dtype).unsqueeze(-1)
    with torch.no_grad():
        return wave.add_(scale(power(wave), power(noise), snr) * noise)


def _detached(
    wave: Tensor, snr_db: float | Tensor, noise: Tensor | None = None, generator: Generator | None = None
) -> Tensor:
    return wave + (like()(wave.detach(), snr_db, noise, generator) - wave.detach())


def _own_seed(wave: Tensor, _: Generator | None) -> Tensor:
    return torch.randn(wave.shape, dtype=wave.dtype, generator=torch.Generator().manual_seed(0))


def _one_for_all(wave: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(wave.shape[-1:], dtype=wave.dtype, generator=generator).expand(wave.shape)


MISTAKES = {
    "twenty_for_ten": [
        like(scaled=lambda s, n, snr: (s / torch.where(n > 0, n, 1) / 10 ** (snr / 20)).sqrt()),
        like(of=_rms, scaled=lambda s, n, snr: s / torch.where(n > 0, n, 1) / 10 ** (snr / 40)),
    ],
    "ten_on_amplitude": [
        like(of=_rms, scaled=lambda s, n, snr: s / torch.where(n > 0, n, 1) / 10 ** (snr / 10)),
    ],
    "no_root": [like(scaled=lambda s, n, snr: s / torch.where(n > 0, n, 1) / 10 ** (snr / 10))],
    "sign": [like(scaled=lambda s, n, snr: scale(s, n, -snr))],
    "natural_exponent": [
        like(scaled=lambda s, n, snr: (s / torch.where(n > 0, n, 1) / torch.exp(snr / 10)).sqrt()),
        like(scaled=lambda s, n, snr: (s / torch.where(n > 0, n, 1)).sqrt() * torch.exp(-snr / 20)),
    ],
    "not_decibels": [like(scaled=lambda s, n, snr: (s / torch.where(n > 0, n, 1) / snr.clamp(min=1e-6)).sqrt())],
    "noise_unscaled": [
        like(scaled=lambda s, n, snr: (s / 10 ** (snr / 10)).sqrt()),
    ],
    "signal_ignored": [
        like(scaled=lambda s, n, snr: (1 / torch.where(n > 0, n, 1) / 10 ** (snr / 10)).sqrt() + 0 * s),
        like(scaled=lambda s, n, snr: 10 ** (-snr / 20) + 0 * s),
    ],
    "peak": [like(of=_peak), like(of_noise=_peak)],
    "whole_batch": [like(of=_whole), like(of_noise=_whole), like(lambda sound: _whole(sound), power)],
    "sum_and_mean": [
        like(of=lambda sound: sound.square().sum(-1, keepdim=True), of_noise=power),
        like(of_noise=lambda sound: sound.square().sum(-1, keepdim=True)),
    ],
    "variance": [like(of=_variance), like(of=_variance, of_noise=power), like(of_noise=_variance)],
    "mean_magnitude": [like(of=_mean_magnitude)],
    "mean_not_power": [like(of=lambda sound: sound.mean(-1, keepdim=True).square())],
    "clipped": [like(mixed=lambda wave, noise: (wave + noise).clamp(-1, 1))],
    "normalised": [
        like(mixed=lambda wave, noise: (wave + noise) / (wave + noise).abs().amax(-1, keepdim=True).clamp(min=1e-12)),
        like(
            mixed=lambda wave, noise: (wave + noise) / (wave + noise).abs().amax(-1, keepdim=True).clamp(min=1.0),
        ),
    ],
    "wave_scaled": [_scaled_wave],
    "noise_only": [like(mixed=lambda wave, noise: noise + 0 * wave)],
    "in_place": [_in_place],
    "detached": [_detached],
    "global_generator": [like(drawn=lambda wave, _: white(wave, None))],
    "own_seed": [like(drawn=_own_seed)],
    "one_for_all": [like(drawn=_one_for_all)],
    "uniform": [like(drawn=lambda wave, rng: 2 * torch.rand(wave.shape, dtype=wave.dtype, generator=rng) - 1)],
    "off_centre": [like(drawn=lambda wave, rng: torch.rand(wave.shape, dtype=wave.dtype, generator=rng))],
    "silence": [
        like(scaled=lambda s, n, snr: (s / n / 10 ** (snr / 10)).sqrt()),
        like(scaled=lambda s, n, snr: 10 ** ((10 * torch.log10(s / n) - snr) / 20)),
    ],
    "one_number_only": [like(level=lambda snr, _: torch.tensor(float(snr)).reshape(1))],
    "last_axis": [like(level=lambda snr, wave: torch.as_tensor(snr, dtype=wave.dtype))],
    "always_white": [
        lambda wave, snr_db, noise=None, generator=None: like()(wave, snr_db, None, generator),
    ],
}
WRONG = tuple(Mistake(name, each, TOLD[name]) for name, candidates in MISTAKES.items() for each in candidates)
