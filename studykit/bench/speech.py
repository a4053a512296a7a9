"""Ten spoken digits, synthesised and not recorded: a source of pulses or noise, and formants as its filter.

Vowels have the average formants of Peterson & Barney 1952 (JASA 24:175); the consonants are near Klatt 1980 (JASA 67:971), as far
as 8 kHz go. Each voice has its own pitch, length of vocal tract, tempo, loudness and accent. It is speech enough for a small
classifier to learn words from and to fail on noise; it says little about recorded speech.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

RATE, SAMPLES = 8000, 4800  # 0.6 s
WINDOW, HOP = 256, 64
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Formants in Hz; loudness of voice and of noise, and the noise's centre and width in Hz.
PHONES = {
    "": (500, 1500, 2500, 0, 0, 2000, 1000),
    "IY": (270, 2290, 3010, 1, 0, 2000, 1000), "IH": (390, 1990, 2550, 1, 0, 2000, 1000),
    "EH": (530, 1840, 2480, 1, 0, 2000, 1000), "AH": (640, 1190, 2390, 1, 0, 2000, 1000),
    "AA": (730, 1090, 2440, 1, 0, 2000, 1000), "AO": (570, 840, 2410, 1, 0, 2000, 1000),
    "UH": (440, 1020, 2240, 1, 0, 2000, 1000), "UW": (300, 870, 2240, 0.9, 0, 2000, 1000),
    "W": (300, 610, 2200, 0.5, 0, 2000, 1000), "R": (310, 1060, 1380, 0.6, 0, 2000, 1000),
    "N": (270, 1340, 2470, 0.35, 0, 2000, 1000), "V": (220, 1100, 2080, 0.2, 0.04, 2500, 1500),
    "Z": (240, 1390, 2530, 0.2, 0.15, 3700, 500), "S": (320, 1390, 2530, 0, 0.25, 3700, 500),
    "F": (340, 1100, 2080, 0, 0.06, 2500, 1500), "TH": (320, 1290, 2540, 0, 0.05, 2800, 900),
    "K": (350, 1700, 2400, 0, 0.3, 1800, 300), "T": (350, 1800, 2600, 0, 0.3, 3300, 700),
}  # fmt: skip
# Each word as phones and milliseconds; an empty phone is the closure of a stop.
SAID = (
    (("Z", 70), ("IH", 80), ("R", 60), ("AO", 80), ("UH", 70)), (("W", 70), ("AH", 120), ("N", 100)),
    (("", 30), ("T", 35), ("UW", 190)), (("TH", 80), ("R", 60), ("IY", 180)), (("F", 90), ("AO", 150), ("R", 90)),
    (("F", 80), ("AA", 110), ("IH", 80), ("V", 70)), (("S", 100), ("IH", 70), ("", 45), ("K", 25), ("S", 100)),
    (("S", 90), ("EH", 70), ("V", 50), ("AH", 50), ("N", 80)), (("EH", 90), ("IY", 80), ("", 50), ("T", 40)),
    (("N", 70), ("AA", 100), ("IH", 80), ("N", 80)),
)  # fmt: skip
LONGEST = max(map(len, SAID))


class Voices(NamedTuple):
    """What is one's own in a voice, for B of them.

    Args:
        pitch: Fundamental frequency in Hz (B,).
        tract: By what the formants are multiplied, (B,): a shorter vocal tract has higher ones.
        tempo: (B,).
        loudness: Peak of the wave, (B,).
        breath: Noise in the voice, (B,).
        accent: Further factors of the three formants, (B, 3).
    """

    pitch: Tensor
    tract: Tensor
    tempo: Tensor
    loudness: Tensor
    breath: Tensor
    accent: Tensor

    def of(self, who: Tensor) -> "Voices":
        """The voices at these places."""
        return Voices(*(each[who] for each in self))


def voices(count: int, rng: Generator) -> Voices:
    """Voices drawn at random, from low ones with long vocal tracts to high ones with short tracts."""
    height = torch.rand(count, generator=rng)
    normal = torch.randn(count, 6, generator=rng)
    return Voices(
        pitch=90 * 2 ** (1.4 * height),
        tract=0.92 + 0.26 * height + 0.03 * normal[:, 0],
        tempo=(0.15 * normal[:, 1]).exp(),
        loudness=0.5 * 10 ** (-torch.rand(count, generator=rng) / 2),
        breath=0.02 + 0.1 * torch.rand(count, generator=rng),
        accent=(0.05 * normal[:, 2:5]).exp(),
    )


def speech(speakers: int, takes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Every digit by every one of some speakers, several times.

    Args:
        speakers: How many voices.
        takes: How often each of them says each word.
        seed: Of voices and of how they say it.

    Returns:
        Waves (speakers * 10 * takes, 4800) at 8 kHz within [-1, 1], and the digits.
    """
    rng = torch.Generator().manual_seed(seed)
    known = voices(speakers, rng)
    who = torch.arange(speakers).repeat_interleave(len(WORDS) * takes)
    words = torch.arange(len(WORDS)).repeat(speakers * takes)
    return say(words, known.of(who), rng), words


def say(words: Tensor, by: Voices, rng: Generator) -> Tensor:
    """Waves (B, 4800) of the digits `words` (B,), each by one voice."""
    where, spoken = _timed(words, by.tempo, rng)  # (B, frames)
    table = torch.tensor(list(PHONES.values()), dtype=torch.float32)
    # Lips and tongue are on their way before and after a word too, so its ends have the formants of the nearest phone.
    nearest = where.clamp(min=1).minimum((spoken[:, 1:] >= 0).sum(1, keepdim=True))
    formants = _smoothed(table[spoken.gather(1, nearest), :3], 9) * (by.tract[:, None] * by.accent)[:, None]
    voiced, noisy, centre, width = _smoothed(table[spoken.clamp(min=0).gather(1, where), 3:], 3).unbind(-1)  # (B, frames)

    pulses, noise = (_spectrum(each) for each in (_pulses(by.pitch, rng), torch.randn(len(words), SAMPLES, generator=rng)))
    hertz = torch.linspace(0, RATE / 2, WINDOW // 2 + 1)  # (bins,)
    filters = _even(_resonances(hertz, formants, by.tract))  # (B, frames, bins)
    hiss = _even(torch.exp(-0.5 * ((hertz - centre[..., None]) / width[..., None]) ** 2))
    voice = voiced[..., None] * filters * (pulses + by.breath[:, None, None] * noise)
    mixed = (voice + noisy[..., None] * hiss * noise).transpose(1, 2)  # (B, bins, frames)
    wave = torch.istft(mixed, WINDOW, HOP, window=torch.hann_window(WINDOW), length=SAMPLES)
    wave = wave / wave.abs().amax(1, keepdim=True) * by.loudness[:, None]
    return wave + 5e-4 * torch.randn(wave.shape, generator=rng)  # a microphone is never silent


def _timed(words: Tensor, tempo: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Which phone each frame has (B, frames), as a place in the row of phones (B, LONGEST + 2): silence, the word, silence."""
    names = list(PHONES)
    rows = [[0, *(names.index(phone) for phone, _ in said), *[-1] * (LONGEST + 1 - len(said))] for said in SAID]
    lengths = torch.tensor([[ms / 1000 for _, ms in said] + [0.0] * (LONGEST - len(said)) for said in SAID])[words]
    lengths = lengths * (0.15 * torch.randn(lengths.shape, generator=rng)).exp() / tempo[:, None]
    lasts = lengths.sum(1, keepdim=True)
    most = 0.9 * SAMPLES / RATE
    lengths, lasts = lengths * (most / lasts).clamp(max=1), lasts.clamp(max=most)
    start = torch.rand(len(words), 1, generator=rng) * (SAMPLES / RATE - lasts)
    bounds = torch.cat([start, start + lengths.cumsum(1)], 1)  # (B, LONGEST + 1)
    times = torch.arange(SAMPLES // HOP + 1) * HOP / RATE
    return (times[:, None] >= bounds[:, None]).sum(-1), torch.tensor(rows)[words]


def _smoothed(tracks: Tensor, frames: int) -> Tensor:
    """Tracks (B, frames, N) averaged over time: nothing in a mouth jumps."""
    kernel = torch.hann_window(frames + 2, periodic=False)[1:-1]
    lead = tracks.transpose(1, 2).reshape(-1, 1, tracks.shape[1])
    padded = F.pad(lead, (frames // 2, frames // 2), mode="replicate")
    smooth = F.conv1d(padded, (kernel / kernel.sum()).view(1, 1, -1))
    return smooth.view(len(tracks), -1, tracks.shape[1]).transpose(1, 2)


def _pulses(pitch: Tensor, rng: Generator) -> Tensor:
    """The glottis: harmonics that fall off geometrically, at a pitch that sinks and wavers (B, 4800)."""
    time = torch.linspace(-0.5, 0.5, SAMPLES)
    sinks, wavers, phase = torch.rand(3, len(pitch), 1, generator=rng)
    glide = 2 ** (-0.5 * (sinks - 0.2) * time + 0.05 * wavers * torch.sin(8 * time + 6.28 * phase))
    angle = 2 * torch.pi * (pitch[:, None] * glide / RATE).cumsum(1)
    ratio = 0.9
    wave = (ratio * angle.cos() - ratio**2) / (1 - 2 * ratio * angle.cos() + ratio**2)
    return wave / wave.square().mean(1, keepdim=True).sqrt()


def _resonances(hertz: Tensor, formants: Tensor, tract: Tensor) -> Tensor:
    """Magnitude of four resonances in a row, at frequencies (bins,): (B, frames, bins)."""
    fourth = (3400 * tract)[:, None, None].expand(-1, formants.shape[1], 1)
    response = torch.ones(())
    for centre, width in zip(torch.cat([formants, fourth], -1).unbind(-1), (60, 90, 150, 250), strict=True):
        square = centre[..., None] ** 2
        response = response * square / ((square - hertz**2) ** 2 + (width * hertz) ** 2).sqrt()
    return response


def _even(response: Tensor) -> Tensor:
    """Scaled to a mean square of 1 over the frequencies, so that loudness is what the table says."""
    return response / response.square().mean(-1, keepdim=True).sqrt()


def _spectrum(wave: Tensor) -> Tensor:
    return torch.stft(wave, WINDOW, HOP, window=torch.hann_window(WINDOW), return_complex=True).transpose(1, 2)
