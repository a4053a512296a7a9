"""Tasks: data, a small network for it, its loss and its metrics.

`digits` (8 x 8 images, ships with scikit-learn) and `text` (the help texts that ship with Python) work offline;
`fashion_mnist` and `cifar10` are downloaded when asked for; a path stands for a folder of the user's own.
"""

import gzip
import math
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench import folders
from studykit.bench.download import fetch
from studykit.errors import InputError
from studykit.models import CNN, CharTransformer

DATASETS = ("digits", "text", "fashion_mnist", "cifar10")
CONTEXT = 64
SHORTEST_TEXT = 20 * CONTEXT  # characters, of which a tenth is held out twice


@dataclass(frozen=True)
class Task:
    """Data split in three, and what is trained on it.

    Attributes:
        train: Inputs and targets to train on; for text one line of ids (N,) and the same shifted by one.
        validation: What hyperparameters are chosen by.
        test: Read once, for the reported metric.
        network: Makes the network after the global generator was seeded.
        sequence: Whether a sample is a window of the ids.
        classes: Number of classes, or of different characters.
    """

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    network: Callable[[], nn.Module]
    sequence: bool
    classes: int

    def make(self, seed: int) -> nn.Module:
        """A network whose initialisation depends on the seed alone."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self.network().to(self.train[0].device)

    def batches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless random batches, the same for one seed: (B, C, H, W) and (B,) for images, (B, N) twice for text."""
        generator = torch.Generator().manual_seed(seed)
        x, y = self.train
        while True:
            if self.sequence:
                starts = torch.randint(len(x) - CONTEXT, (size, 1), generator=generator)
                picked = (starts + torch.arange(CONTEXT)).to(x.device)  # (B, N)
            else:
                picked = torch.randint(len(x), (size,), generator=generator).to(x.device)
            yield x[picked], y[picked]

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean cross-entropy in nats, over characters for text."""
        return F.cross_entropy(logits.flatten(0, -2), target.flatten())

    @torch.no_grad()
    def evaluate(self, network: nn.Module, split: str = "test") -> dict[str, float]:
        """Metrics on a split: `loss` (nats), `accuracy` (percent), `calibration error`.

        The last is the expected calibration error over 15 bins of confidence, 0 to 1 (Guo et al. 2017, arXiv:1706.04599).
        For text also the loss on common and rare characters.
        """
        x, y = getattr(self, split)
        if self.sequence:
            whole = len(x) // CONTEXT * CONTEXT
            x, y = x[:whole].view(-1, CONTEXT), y[:whole].view(-1, CONTEXT)  # (windows, N)
        network.eval()
        logits = torch.cat([network(part).float() for part in x.split(512)]).flatten(0, -2)  # (samples, classes)
        y = y.flatten()
        losses = F.cross_entropy(logits, y, reduction="none")
        found = {"loss": losses.mean().item(), "accuracy": 100 * (logits.argmax(-1) == y).float().mean().item()}
        found |= {"calibration error": calibration_error(logits, y)}
        if self.sequence:
            common = self._common().to(y.device)[y]
            found |= {"loss on common characters": losses[common].mean().item()}
            found |= {"loss on rare characters": losses[~common].mean().item()}
        return found

    def _common(self) -> Tensor:
        """Which characters make up the more frequent half of the training text."""
        counts = torch.bincount(self.train[0], minlength=self.classes).float()
        order = counts.argsort(descending=True)
        before = counts[order].cumsum(0) - counts[order]
        common = torch.zeros(self.classes, dtype=torch.bool, device=counts.device)
        common[order[before < counts.sum() / 2]] = True
        return common


def calibration_error(logits: Tensor, target: Tensor, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy, weighted by how many predictions a bin of confidence has.

    Args:
        logits: (B, classes).
        target: (B,).
        bins: Bins of equal width.
    """
    confidence, predicted = logits.softmax(-1).max(-1)
    if not confidence.isfinite().all():  # the network diverged
        return math.nan
    correct = (predicted == target).float()
    place = (confidence * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins, device=logits.device).index_add_(0, place, confidence - correct)  # sums, not means
    return float(gaps.abs().sum() / len(target))


def load(
    dataset: str,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    size: int | None = None,
    label_noise: float = 0.0,
    only: str = "",
) -> Task:
    """A task by name.

    Args:
        dataset: One of `DATASETS`, or the path of a folder: one subfolder of images per class, or `.txt` files.
        seed: Of the split; the test split of a set that has one of its own stays as published.
        device: Where the tensors go.
        size: Train on this many samples only; by default on all.
        label_noise: Share of the training labels that are replaced by another class, drawn at random; the other splits
            stay clean. For images.
        only: `images` or `texts`, for an experiment that can't use the other; by default it can.

    Returns:
        The task.

    Raises:
        InputError: The name is unknown, the set can't be downloaded, or the folder holds nothing that can be used here.
    """
    own = dataset not in DATASETS
    if own and not Path(dataset).is_dir():
        raise InputError("dataset", f"is {dataset!r}", f"give one of {', '.join(DATASETS)}, or the path of a folder")
    held = folders.kind(dataset) if own else "texts" if dataset == "text" else "images"
    if held == "waves":
        raise InputError(dataset, "holds sounds", "this one takes images or .txt files; audio_augment takes sounds")
    if only and held != only:
        takes = "images, one subfolder per class" if only == "images" else ".txt files"
        raise InputError(dataset, f"holds {held}", f"this one takes {takes}")
    if held == "texts":
        text = folders.corpus(dataset) if own else _help_texts()
        task = _text(text, device)
    else:
        task = _images(dataset, seed, torch.device(device))
    x, y = (part[:size] for part in task.train)
    return replace(task, train=(x, _noisy(y, label_noise, task.classes, seed)))


def _noisy(labels: Tensor, share: float, classes: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]
    others = torch.randint(1, classes, chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + others.to(labels.device)) % classes
    return noisy


def _images(dataset: str, seed: int, device: torch.device) -> Task:
    published = {"digits": _digits, "fashion_mnist": _fashion_mnist, "cifar10": _cifar10}
    if dataset in published:
        ((x, y), test), classes = published[dataset](), 10
    else:
        x, y, names = folders.images(dataset)
        test, classes = None, len(names)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    held = len(x) // 5
    if test is None:
        test, x, y = (x[:held], y[:held]), x[held:], y[held:]
    splits = [(x[held:], y[held:]), (x[:held], y[:held]), test]
    train, validation, test = ((a.to(device), b.to(device)) for a, b in splits)
    channels, size = x.shape[1], x.shape[2]
    return Task(train, validation, test, lambda: CNN(channels, size, classes), sequence=False, classes=classes)


@cache
def _digits() -> tuple[tuple[Tensor, Tensor], None]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return (torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels)), None


@cache
def _fashion_mnist() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    address = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    files = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    parts = [read_idx(fetch("fashion_mnist", address + name, md5)) for name, md5 in files.items()]
    pictures, labels = (parts[0], parts[2]), (parts[1], parts[3])
    train, test = ((_pixels(x[:, None]), y.long()) for x, y in zip(pictures, labels, strict=True))
    return train, test


@cache
def _cifar10() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    url, md5 = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"
    train, test = read_cifar(fetch("cifar10", url, md5))
    return train, test


def read_idx(path: Path) -> Tensor:
    """The bytes of a gzipped IDX file as a tensor of its shape.

    Raises:
        InputError: The file is no such thing.
    """
    try:
        raw = gzip.decompress(path.read_bytes())
        rank = raw[3]
        shape = [int.from_bytes(raw[4 + 4 * n : 8 + 4 * n], "big") for n in range(rank)]
        return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).copy()).view(shape)
    except (OSError, EOFError, IndexError, RuntimeError, ValueError, zlib.error) as error:
        raise InputError(str(path), f"is no gzipped IDX file ({error})", "delete it and run again") from None


def read_cifar(path: Path) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Training and test set of CIFAR-10's binary archive: images (N, 3, 32, 32) in [0, 1] and labels (N,).

    Raises:
        InputError: The archive lacks a file or is damaged.
    """
    names = [[f"data_batch_{n}.bin" for n in range(1, 6)], ["test_batch.bin"]]
    try:
        with tarfile.open(path, "r:gz") as archive:
            raw = {Path(member.name).name: archive.extractfile(member).read() for member in archive if member.isfile()}
        sets = []
        for wanted in names:
            rows = np.frombuffer(b"".join(raw[name] for name in wanted), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
            images = torch.from_numpy(rows[:, 1:].copy()).view(-1, 3, 32, 32)
            sets.append((_pixels(images), torch.from_numpy(rows[:, 0].astype(np.int64))))
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zlib.error) as error:
        raise InputError(str(path), f"is no CIFAR-10 binary archive ({error})", "delete it and run again") from None
    return sets[0], sets[1]


def _pixels(images: Tensor) -> Tensor:
    return images.float() / 255


def _text(text: str, device: torch.device | str) -> Task:
    if len(text) < SHORTEST_TEXT:
        raise InputError("dataset", f"has {len(text)} characters in all", f"give a text of at least {SHORTEST_TEXT}")
    ids, vocabulary = _characters(text)
    ids = ids.to(device)
    cuts = [0, int(0.8 * len(ids)), int(0.9 * len(ids)), len(ids)]
    parts = [(ids[a : b - 1], ids[a + 1 : b]) for a, b in pairwise(cuts)]
    train, validation, test = parts
    # A tenth of the held-out text is enough for a mean over thousands of characters, and a CPU reads it in a second.
    validation, test = (tuple(part[: 64 * 256] for part in split) for split in (validation, test))
    return Task(
        train, validation, test, lambda: CharTransformer(vocabulary, CONTEXT), sequence=True, classes=vocabulary
    )


@cache
def _help_texts() -> str:
    from pydoc_data.topics import topics

    return "\n".join(topics[key] for key in sorted(topics))


@cache
def _characters(text: str) -> tuple[Tensor, int]:
    alphabet = {character: n for n, character in enumerate(sorted(set(text)))}
    return torch.tensor([alphabet[character] for character in text]), len(alphabet)
