"""Spoken words as data: waves with labels, split in three by speaker, and their log-mel spectrograms.

`synthesised` (ten digits, `studykit.bench.speech`) works offline; `speech_commands` (recorded, 2.4 GB) is downloaded when asked for;
a path stands for a folder of the user's own with one subfolder of `.wav` files per class.
"""

import io
import tarfile
import wave as wavefile
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from studykit.bench import folders
from studykit.bench.download import fetch
from studykit.bench.speech import RATE, WORDS, speech
from studykit.errors import InputError

DATASETS = ("synthesised", "speech_commands")
URL = "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
MD5 = "6b74f3901214cb2c2934e98196829835"
PER_WORD = 400  # recordings of each word that are read: an epoch of all 38,000 would say little more here
VOICES = ((0, 12, 2), (1, 10, 2), (2, 20, 1))  # stream, speakers and takes of training, validation and test
FLOOR = 1e-6  # power below which a band counts as silent


@dataclass(frozen=True)
class Sounds:
    """Waves (N, T) with labels (N,), split in three.

    Attributes:
        train: To train on.
        validation: What hyperparameters are chosen by.
        test: Read once, for the reported metric.
        classes: Names of the words.
        rate: Samples a second.
    """

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: tuple[str, ...]
    rate: int


def load(dataset: str = "synthesised", *, seed: int = 0, device: torch.device | str = "cpu") -> Sounds:
    """Spoken words by name.

    Args:
        dataset: One of `DATASETS`, or the path of a folder with one subfolder of `.wav` files per class.
        seed: Of voices; of a folder's split, which is drawn at random since nobody knows its speakers.
        device: Where the tensors go.

    Returns:
        The sounds; of the two data sets each split has speakers of its own.

    Raises:
        InputError: The name is unknown, the set can't be downloaded, or the folder holds nothing that can be used.
    """
    if dataset == "synthesised":
        splits, classes = [_said(speakers, takes, 3 * seed + n) for n, speakers, takes in VOICES], WORDS
    elif dataset == "speech_commands":
        splits, classes = _recorded(fetch("speech_commands", URL, MD5)), WORDS
    elif Path(dataset).is_dir():
        splits, classes = _own(dataset, seed)
    else:
        known = ", ".join(DATASETS)
        raise InputError("dataset", f"is {dataset!r}", f"give one of {known}, or the path of a folder of .wav files")
    train, validation, test = ((x.to(device), y.to(device)) for x, y in splits)
    return Sounds(train, validation, test, classes, RATE)


def log_mel(wave: Tensor, rate: int, bands: int = 24) -> Tensor:
    """Log-mel spectrogram: power in triangular bands that are even on the mel scale, in natural logarithms.

    Args:
        wave: Sound (..., T).
        rate: Samples a second.
        bands: Number of bands from 60 Hz to half the rate.

    Returns:
        Features (..., bands, frames): windows of 32 ms, one every 10 ms.
    """
    size = round(0.032 * rate)
    window = torch.hann_window(size, device=wave.device, dtype=wave.dtype)
    flat = wave.reshape(-1, wave.shape[-1])
    spectrum = torch.stft(flat, size, round(0.01 * rate), window=window, return_complex=True)  # (B, bins, frames)
    power = (spectrum.real**2 + spectrum.imag**2) / window.square().sum()
    energies = mel_filters(rate, size, bands).to(power) @ power
    return (energies + FLOOR).log().reshape(*wave.shape[:-1], bands, -1)


def mel_filters(rate: int, size: int, bands: int, low: float = 60.0) -> Tensor:
    """Triangles (bands, bins) over the bins of a window of `size` samples; mel = 2595 log10(1 + Hz/700) (O'Shaughnessy 1987)."""
    ends = [2595 * np.log10(1 + hertz / 700) for hertz in (low, rate / 2)]
    edges = 700 * (10 ** (np.linspace(*ends, bands + 2) / 2595) - 1)
    hertz = np.linspace(0, rate / 2, size // 2 + 1)
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    return torch.from_numpy(np.clip(np.minimum(rising, falling), 0, None)).float()


def babble(waves: Tensor, count: int, generator: Generator, talkers: int = 6) -> Tensor:
    """Noise (count, T) of several talkers at once, each as loud as the others, made of waves (N, T)."""
    who = torch.randint(len(waves), (count, talkers), generator=generator).to(waves.device)
    shift = torch.randint(waves.shape[-1], (count, talkers, 1), generator=generator).to(waves.device)
    turned = (torch.arange(waves.shape[-1], device=waves.device) + shift) % waves.shape[-1]
    level = waves.square().mean(-1, keepdim=True).sqrt()
    return (waves / level)[who].gather(-1, turned).sum(1)


def fitted(wave: Tensor, length: int) -> Tensor:
    """A wave (..., T) cut to its middle, or padded with zeros on both sides, to (..., length)."""
    spare = length - wave.shape[-1]
    return torch.nn.functional.pad(wave, (spare // 2, spare - spare // 2))


@cache
def _said(speakers: int, takes: int, seed: int) -> tuple[Tensor, Tensor]:
    return speech(speakers, takes, seed)


def _own(folder: str, seed: int) -> tuple[list[tuple[Tensor, Tensor]], tuple[str, ...]]:
    found, labels, names = folders.waves(folder, RATE)
    x, y = torch.stack([fitted(each, RATE) for each in found]), torch.tensor(labels)  # one second of each
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    held = max(1, len(x) // 5)
    parts = order[2 * held :], order[:held], order[held : 2 * held]
    return [(x[part], y[part]) for part in parts], tuple(names)


@cache
def _recorded(archive: Path, per_word: int = PER_WORD) -> list[tuple[Tensor, Tensor]]:
    """Training, validation and test set, by the archive's own lists, which keep speakers apart."""
    waves: dict[str, Tensor] = {}
    lists: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    try:
        with tarfile.open(archive, "r|gz") as stream:
            for member in stream:
                name = member.name.removeprefix("./")
                word = name.partition("/")[0]
                if name in ("validation_list.txt", "testing_list.txt"):
                    lists[name] = set(stream.extractfile(member).read().decode().split())
                elif word in WORDS and name.endswith(".wav") and counts[word] < per_word:
                    counts[word] += 1
                    waves[name] = _pcm(stream.extractfile(member).read())
        held = [lists["validation_list.txt"], lists["testing_list.txt"]]
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error, wavefile.Error) as error:
        raise InputError(str(archive), f"is no Speech Commands archive ({error})", "delete it and run again") from None
    names = [[name for name in waves if name not in held[0] | held[1]], *([n for n in waves if n in each] for each in held)]
    if not all(names):
        raise InputError(str(archive), "has a split without one of the ten digits", "delete it and run again")
    return [
        (torch.stack([waves[name] for name in split]), torch.tensor([WORDS.index(name.split("/")[0]) for name in split]))
        for split in names
    ]


def _pcm(raw: bytes) -> Tensor:
    """One second (RATE,) of a 16-bit wave file."""
    from scipy.signal import resample_poly

    with wavefile.open(io.BytesIO(raw)) as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError("a recording is not mono with 16 bits")
        samples, rate = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()
    if not samples.size:
        raise ValueError("a recording is empty")
    return fitted(torch.from_numpy(resample_poly(samples, RATE, rate).astype(np.float32)), RATE)
