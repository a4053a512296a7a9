"""Augmenting sound: noise at a chosen signal-to-noise ratio, another speed, and masks on the spectrogram.

Ko, Peddinti, Povey & Khudanpur, "Audio Augmentation for Speech Recognition", Interspeech 2015, section 3 (speed).
Park et al., "SpecAugment", Interspeech 2019, arXiv:1904.08779, section 2 (masks; their time warping is left out here).

    SNR = 10 log10(P_wave / P_noise) dB        P = mean square over the samples of one wave
    noisy = wave + a noise                     a = rms(wave) / rms(noise) * 10^(-SNR / 20), so that the SNR is met
    fast(t) = wave(factor t)                   1/factor as long, and every frequency times factor: pitch and formants too

Nothing is clipped: a noisy wave may exceed 1. Scale it down before it is stored as 16-bit integers.
"""

import math

import torch
from torch import Generator, Tensor

CROSSINGS, ROLLOFF = 6, 0.99  # zeros of the sinc on each side, and the share of the band that is kept


def add_noise(
    wave: Tensor, snr_db: float | Tensor, noise: Tensor | None = None, generator: Generator | None = None
) -> Tensor:
    """Noise at a signal-to-noise ratio, each wave by its own power. Silence stays silent; silent noise adds nothing.

    Args:
        wave: Sound (..., T), floating point.
        snr_db: Ratio of powers in dB; 0 is as loud as the wave. One number, or one for each wave (...).
        noise: The noise, broadcast to (..., T); by default white, drawn from a normal distribution.
        generator: Of the drawn noise, on the device of the wave; by default torch's global one.

    Returns:
        The noisy wave (..., T), not clipped.

    Raises:
        ValueError: ``wave`` is not floating point, ``noise`` does not fit it, or ``snr_db`` is NaN or -inf.

    Source: the definition of the SNR; torchaudio.functional.add_noise.
    """
    _sound(wave, "wave", 1)
    if not isinstance(snr_db, Tensor) and not snr_db > -math.inf:
        raise ValueError(f"snr_db must be a number > -inf, got {snr_db}: give decibels, such as 10.0")
    if noise is None:
        noise = torch.randn(wave.shape, dtype=wave.dtype, device=wave.device, generator=generator)
    if noise.shape[-1:] != wave.shape[-1:]:
        got = f"{noise.shape[-1] if noise.ndim else 'no'} samples"
        raise ValueError(f"noise must have the wave's {wave.shape[-1]} samples, got {got}: cut or repeat it")
    snr = torch.as_tensor(snr_db, dtype=wave.dtype, device=wave.device).unsqueeze(-1)  # (..., 1)
    # The number of samples cancels, so norms do for root mean squares; and a norm has a gradient (0) in silence.
    signal, hiss = (torch.linalg.vector_norm(each, dim=-1, keepdim=True) for each in (wave, noise))  # (..., 1)
    return wave + signal / torch.where(hiss > 0, hiss, 1) * 10 ** (-snr / 20) * noise


def speed_perturb(wave: Tensor, rate: int, factor: float) -> Tensor:
    """The wave played ``factor`` times as fast, at the same rate: shorter for factors above 1, and higher in pitch.

    Args:
        wave: Sound (..., T), floating point.
        rate: Samples a second; the speed is rounded to 1/rate.
        factor: New speed over old; 0.9, 1 and 1.1 are customary.

    Returns:
        The wave (..., ceil(T / factor)), interpolated by a windowed sinc. What would lie above half the rate is cut off.

    Raises:
        ValueError: ``wave`` is not floating point, or ``rate`` or ``factor`` is not positive.

    Source: Ko et al. 2015, section 3; torchaudio.functional.speed.
    """
    _sound(wave, "wave", 1)
    if not rate >= 1:
        raise ValueError(f"rate must be >= 1 sample a second, got {rate}: give that of the wave, such as 16000")
    if not 1 / rate <= factor < math.inf:
        raise ValueError(f"factor must be from 1/rate to below inf, got {factor}: give a speed, such as 1.1")
    source = round(rate * factor)  # the wave is read as if recorded at this rate, and resampled to `rate`
    if source == rate:
        return wave
    length = -(-wave.shape[-1] * rate // source)
    where = torch.arange(length, dtype=torch.float64, device=wave.device) * source / rate  # in samples of the wave
    cutoff = ROLLOFF * min(1.0, rate / source)  # share of the band that survives: when sped up, less of it
    reach = math.ceil(CROSSINGS / cutoff)
    # Time comes first, so that a tap picks whole rows.
    padded = torch.nn.functional.pad(wave, (reach, reach + 1)).movedim(-1, 0).contiguous()  # (T + 2 reach + 1, ...)
    fast = wave.new_zeros(length, *wave.shape[:-1])
    for tap in range(-reach, reach + 1):
        n = where.floor().long() + tap
        t = ((n - where) * cutoff).clamp(-CROSSINGS, CROSSINGS)
        weight = cutoff * torch.sinc(t) * torch.cos(math.pi * t / (2 * CROSSINGS)) ** 2
        fast.addcmul_(padded[n + reach], weight.to(wave.dtype).view(-1, *[1] * (wave.ndim - 1)))
    return fast.movedim(0, -1)


def spec_augment(
    features: Tensor,
    freq_masks: int = 2,
    freq_width: int = 27,
    time_masks: int = 2,
    time_width: int = 100,
    time_share: float = 1.0,
    value: float = 0.0,
    generator: Generator | None = None,
) -> Tensor:
    """SpecAugment's masks on the bands and on the frames of a spectrogram, drawn anew for each one of a batch.

    Its time warping is not done. The defaults are the policy LD, for 80 bands and frames every 10 ms.

    Args:
        features: Log-mel or other features (..., F, T), floating point.
        freq_masks: Masks over bands.
        freq_width: Bands that a mask spares: its width is drawn from [0, freq_width), at most F.
        time_masks: Masks over frames.
        time_width: The same for frames, at most T.
        time_share: Greatest share of the frames that one mask may hide, 0 to 1.
        value: What is put there; 0 is the mean where features are normalised to it.
        generator: Of the masks, on the device of the features; by default torch's global one.

    Returns:
        The masked features (..., F, T); what was given is left as it was.

    Raises:
        ValueError: ``features`` has fewer than two axes, or a count, width or share is out of range.

    Source: Park et al. 2019, arXiv:1904.08779, section 2 and table 1.
    """
    _sound(features, "features", 2)
    if min(freq_masks, freq_width, time_masks, time_width) < 0:
        raise ValueError(f"counts and widths must be >= 0, got {(freq_masks, freq_width, time_masks, time_width)}")
    if not 0 <= time_share <= 1:
        raise ValueError(f"time_share must be from 0 to 1, got {time_share}: give the share one mask may hide")
    most = min(time_width, int(time_share * features.shape[-1]))
    for axis, width, count in ((-2, freq_width, freq_masks), (-1, most, time_masks)):
        size = features.shape[axis]
        place = torch.arange(size, device=features.device)
        for _ in range(count):
            draws = [torch.rand(features.shape[:-2], device=features.device, generator=generator) for _ in range(2)]
            wide = draws[0] * min(width, size)
            first = (draws[1] * (size - wide)).long().unsqueeze(-1)  # (..., 1)
            hidden = (place >= first) & (place < first + wide.long().unsqueeze(-1))  # (..., size)
            features = features.masked_fill(hidden.unsqueeze(-1 if axis == -2 else -2), value)
    return features


def _sound(given: Tensor, name: str, axes: int) -> None:
    if not given.is_floating_point():
        raise ValueError(f"{name} must be floating point, got {given.dtype}: divide 16-bit samples by 32768 first")
    if given.ndim < axes:
        raise ValueError(f"{name} must have at least {axes} axes, got {given.ndim}: give (..., {'FT'[-axes:]})")
