"""A folder of the user's own as data: one subfolder per class with images, `.txt` or `.wav` files.

What can't be used is named in one line and left out; the rest is used.
"""

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from studykit.errors import InputError

SUFFIXES = {
    "images": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    "texts": (".txt",),
    "waves": (".wav",),
}
SIDE = 32  # pixels, to which images are resized
FEWEST = 10  # samples, so that each of the three splits has some
T = TypeVar("T")
State = tuple[tuple[Path, int, int], ...]  # path, bytes and time of change: what a cached reading depends on


class Unusable(Exception):
    """Why one file can't be used."""


def kind(folder: str | Path) -> str:
    """`images`, `texts` or `waves`: what most of the files below a folder are.

    Raises:
        InputError: There is none of them.
    """
    counts = Counter(
        name for path in _below(Path(folder)) for name, ends in SUFFIXES.items() if path.suffix.lower() in ends
    )
    if not counts:
        raise InputError(str(folder), "holds no images, .txt or .wav files", "put one folder per class there")
    return counts.most_common(1)[0][0]


def images(folder: str | Path) -> tuple[Tensor, Tensor, list[str]]:
    """Images (N, 3, 32, 32) in [0, 1], labels (N,) and the names of the classes.

    Raises:
        InputError: Fewer than two classes, or too few images, can be used.
    """
    found, labels, names = _classes(Path(folder), "images", _image)
    return torch.stack(found), torch.tensor(labels), names


def texts(folder: str | Path) -> tuple[list[str], list[int], list[str]]:
    """Texts, labels and the names of the classes; a file is one text.

    Raises:
        InputError: Fewer than two classes, or too few texts, can be used.
    """
    return _classes(Path(folder), "texts", _text)


def waves(folder: str | Path, rate: int) -> tuple[list[Tensor], list[int], list[str]]:
    """Sounds (T,) in [-1, 1] with one channel at `rate` samples a second, labels and the names of the classes.

    Channels are averaged; a file whose samples exceed 1 is scaled down to 1 and never clipped.

    Args:
        folder: One subfolder per class.
        rate: Samples a second.

    Raises:
        InputError: Fewer than two classes, or too few sounds, can be used.
    """
    found, labels, names = _classes(Path(folder), "waves", _wave)
    return [_resampled(wave, own, rate) for wave, own in found], labels, names


def corpus(folder: str | Path) -> str:
    """All `.txt` files below a folder as one text, in the order of their paths.

    Raises:
        InputError: None can be used.
    """
    found = [text for _, text in _read(_state(_of(Path(folder), "texts")), _text)]
    if not found:
        raise InputError(str(folder), "holds no .txt file that can be used", "give a folder with some")
    return "\n".join(found)


def _classes(folder: Path, what: str, reader: Callable[[Path], T]) -> tuple[list[T], list[int], list[str]]:
    by_class = {
        each.name: _of(each, what) for each in sorted(folder.iterdir()) if each.is_dir() and each.name[0] != "."
    }
    found = _read(_state(path for paths in by_class.values() for path in paths), reader)
    read = dict(found)
    names = [name for name, paths in by_class.items() if any(path in read for path in paths)]
    example = f"{folder / 'name-of-a-class' / '1'}{SUFFIXES[what][0]}"
    if len(names) < 2:
        raise InputError(
            str(folder), f"has {len(names)} classes with usable {what}", f"give each of two or more a folder: {example}"
        )
    if len(read) < FEWEST:
        raise InputError(str(folder), f"has {len(read)} usable {what}", f"give at least {FEWEST}, such as {example}")
    samples = [(read[path], n) for n, name in enumerate(names) for path in by_class[name] if path in read]
    return [sample for sample, _ in samples], [label for _, label in samples], names


def _below(folder: Path) -> Iterator[Path]:
    """Every file below a folder in the order of names, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _of(folder: Path, what: str) -> list[Path]:
    """The files of one kind; one line says how many others there are."""
    every = list(_below(folder))
    found = [path for path in every if path.suffix.lower() in SUFFIXES[what]]
    if len(found) < len(every):
        print(f"{folder}: {len(every) - len(found)} of {len(every)} files are no {what} and are left out")
    return found


def _state(paths: Iterable[Path]) -> State:
    return tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths)


@cache
def _read(files: State, reader: Callable[[Path], T]) -> list[tuple[Path, T]]:
    """What can be read, with its path; a line for what can't, once for all the runs of a process."""
    found = []
    for path, size, _ in files:
        try:
            if not size:
                raise Unusable("is empty")
            found.append((path, reader(path)))
        except Unusable as why:
            print(f"{path}: {why}; left out")
        except OSError as error:
            print(f"{path}: can't be read ({error.strerror or error}); left out")
    return found


def _image(path: Path) -> Tensor:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                upright = ImageOps.exif_transpose(opened)
                if upright.mode[0] in "IF":  # 16 bits or more, which Pillow would cut off at 255
                    levels = np.asarray(upright, np.float32)
                    upright = Image.fromarray((levels * (255 / max(levels.max(), 1))).astype(np.uint8))
                pixels = np.asarray(upright.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    except UnidentifiedImageError:
        raise Unusable("is no image") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Unusable("has more pixels than can be read safely") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Unusable(f"is damaged ({error})") from None
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255  # (3, H, W)


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"is not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise Unusable("has nothing but space")
    return text


def _wave(path: Path) -> tuple[Tensor, int]:
    """Samples (T,) in [-1, 1] and their rate."""
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # about chunks of other programs
            warnings.filterwarnings("error", "Reached EOF", wavfile.WavFileWarning)
            rate, samples = wavfile.read(path)
    except Exception as error:  # damaged headers make scipy raise almost anything
        raise Unusable(f"is no sound, or damaged ({' '.join(str(error).split()) or type(error).__name__})") from None
    if not samples.size or rate < 1:
        raise Unusable("has no samples")
    if samples.dtype == np.uint8:
        wave = (samples.astype(np.float64) - 128) / 128
    elif samples.dtype.kind == "i":  # 24 bits come as the upper ones of 32
        wave = samples / -float(np.iinfo(samples.dtype).min)
    else:
        wave = samples.astype(np.float64)
    if wave.ndim == 2:
        wave = wave.mean(1)
    if not np.isfinite(wave).all():
        raise Unusable("has samples that are no numbers")
    return torch.from_numpy(wave.astype(np.float32)), int(rate)


def _resampled(wave: Tensor, own: int, rate: int) -> Tensor:
    from scipy.signal import resample_poly

    if own != rate:
        divisor = math.gcd(own, rate)
        wave = torch.from_numpy(resample_poly(wave.numpy(), rate // divisor, own // divisor).astype(np.float32))
    return wave / max(1.0, wave.abs().max().item())
