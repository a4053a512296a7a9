"""Texts with classes: sentences of docstrings that are on every machine, AG News by download, or a folder of the user's own.

`docstrings` asks which of four libraries a sentence was written for: Python's own, NumPy, scikit-learn or PyTorch. Names that
would give it away are taken out, and no source file has sentences in two splits.
"""

import ast
import csv
import importlib.util
import random
import re
import sysconfig
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from studykit.bench import folders
from studykit.bench.download import fetch
from studykit.errors import InputError

DATASETS = ("docstrings", "ag_news")
Labelled = tuple[list[str], list[int]]

# Of each library the parts whose docstrings are prose, about as much of each.
LIBRARIES = {
    "python": ("asyncio", "email", "http", "logging", "unittest", "urllib"),
    "numpy": ("lib", "linalg", "fft", "polynomial"),
    "sklearn": ("cluster", "linear_model", "ensemble", "preprocessing", "decomposition"),
    "torch": ("nn/modules", "nn/utils", "optim", "distributions", "utils/data"),
}
# fmt: off
GIVE_AWAY = frozenset([
    "numpy", "np", "ndarray", "ndarrays", "sklearn", "scikit", "scipy", "torch", "pytorch", "tensor", "tensors", "autograd", "cuda",
    "python", "pythonic", "asyncio", "urllib", "unittest", "nn", "estimator", "estimators",
])
# fmt: on
PER_CLASS = 900
WORDS = (8, 30)  # the shortest and the longest sentence

# As in torchtext/datasets/ag_news.py.
AG_NEWS = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/"
AG_NEWS_MD5 = {"train.csv": "b1a00f826fdfbd249f79597b59e1dc12", "test.csv": "d52ea96a97a2d943681189a97654912d"}
AG_NEWS_CLASSES = ["world", "sports", "business", "science and technology"]


@dataclass(frozen=True)
class Texts:
    """Texts and their classes, split in three.

    Attributes:
        train: Texts, and for each the number of its class.
        validation: What hyper-parameters are chosen by.
        test: Read once, for the reported metric.
        classes: Their names.
    """

    train: Labelled
    validation: Labelled
    test: Labelled
    classes: list[str]


def load(dataset: str = "docstrings", *, seed: int = 0, size: int | None = None) -> Texts:
    """Texts by name.

    Args:
        dataset: One of `DATASETS`, or a folder with one subfolder of `.txt` files per class.
        seed: Of the split; a test split that was published stays as it is.
        size: Train on this many texts only, as many of each class as can be; by default on all.

    Raises:
        InputError: There is no such set or folder, or it can't be downloaded or used.
    """
    if dataset == "docstrings":
        found = _docstring_splits(seed)
    elif dataset == "ag_news":
        (texts, labels), test = _ag_news()
        (train, validation) = _cut(texts, labels, seed, 2)
        found = Texts(train, validation, test, AG_NEWS_CLASSES)
    elif Path(dataset).is_dir():
        texts, labels, classes = folders.texts(dataset)
        found = Texts(*_cut(texts, labels, seed, 3), classes)
    else:
        raise InputError("dataset", f"is {dataset!r}", f"give one of {', '.join(DATASETS)}, or a folder that is there")
    return replace(found, train=_balanced(found.train, size)) if size else found


def words(text: str) -> list[str]:
    """The words of a text: lower case, letters only, as in the EDA paper's own preparation; a Chinese sign is a word."""
    return re.findall(r"[一-鿿]|[^\W\d_一-鿿]+", text.lower().replace("'", "").replace("’", ""))


def _balanced(split: Labelled, size: int) -> Labelled:
    """The first `size` texts when the classes are taken in turn."""
    by_class: dict[int, list[str]] = {}
    for text, label in zip(*split, strict=True):
        by_class.setdefault(label, []).append(text)
    turns = [
        (row, label, text) for label, texts in by_class.items() for row, text in enumerate(texts)
    ]
    chosen = sorted(turns, key=lambda each: each[:2])[:size]
    return [text for _, _, text in chosen], [label for _, label, _ in chosen]


def _cut(texts: list[str], labels: list[int], seed: int, parts: int) -> list[Labelled]:
    """Training texts, and one or two splits of a fifth, every class in every split."""
    order = list(range(len(texts)))
    random.Random(seed).shuffle(order)
    seen: dict[int, int] = {}
    splits: list[Labelled] = [([], []) for _ in range(parts)]
    for n in order:
        turn = seen.setdefault(labels[n], 0)
        seen[labels[n]] += 1
        split = splits[turn % 5 + 1 if turn % 5 + 1 < parts else 0]
        split[0].append(texts[n])
        split[1].append(labels[n])
    return splits


# Docstrings


@cache
def _docstring_splits(seed: int) -> Texts:
    """Whole files go to one split: sentences of one file repeat each other."""
    draw, splits = random.Random(seed), [([], []), ([], []), ([], [])]
    for label, found in enumerate(_docstrings().values()):
        files = sorted(found)
        draw.shuffle(files)
        total, taken = sum(map(len, found.values())), 0
        for file in files:
            # About a fifth for validation and a fifth for test, counted in sentences.
            split = splits[2 if taken < 0.2 * total else 1 if taken < 0.4 * total else 0]
            split[0].extend(found[file])
            split[1].extend([label] * len(found[file]))
            taken += len(found[file])
    shuffled = []
    for texts, labels in splits:
        pairs = list(zip(texts, labels, strict=True))
        draw.shuffle(pairs)
        shuffled.append(([text for text, _ in pairs], [label for _, label in pairs]))
    return Texts(*shuffled, list(LIBRARIES))


@cache
def _docstrings() -> dict[str, dict[str, list[str]]]:
    """Sentences by library and file, each once; a sentence that two libraries share is left out."""
    found = {library: dict(_of_library(library, parts)) for library, parts in LIBRARIES.items()}
    owners: dict[str, set[str]] = {}
    for library, files in found.items():
        for sentences in files.values():
            for sentence in sentences:
                owners.setdefault(sentence, set()).add(library)
    kept: dict[str, dict[str, list[str]]] = {}
    for library, files in found.items():
        seen: set[str] = set()
        own = []
        for file, sentences in sorted(files.items()):
            for sentence in sentences:
                if len(owners[sentence]) == 1 and sentence not in seen:
                    seen.add(sentence)
                    own.append((file, sentence))
        random.Random(0).shuffle(own)
        kept[library] = {}
        for file, sentence in own[:PER_CLASS]:
            kept[library].setdefault(file, []).append(sentence)
    return kept


def _of_library(library: str, parts: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    home = _home(library)
    for part in parts:
        for path in sorted((home / part).rglob("*.py")):
            if not any("test" in each for each in path.relative_to(home / part).parts):
                yield path.relative_to(home).as_posix(), list(sentences_of(path))


def _home(library: str) -> Path:
    if library == "python":
        return Path(sysconfig.get_paths()["stdlib"])
    spec = importlib.util.find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        raise InputError("dataset", f"docstrings needs {library}, which is not installed", "install it, or give a folder")
    return Path(spec.submodule_search_locations[0])


def sentences_of(path: Path) -> Iterator[str]:
    """The prose sentences of a module's docstrings, without its own library's names; the module is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of other people's escapes
            tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for paragraph in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
                yield from _sentences(paragraph)


def _sentences(paragraph: str) -> Iterator[str]:
    plain = re.sub(r":\w+:`~?\.?([^`<]*)`", r"\1", paragraph)  # a role of reStructuredText is read as its text
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(plain.split())):
        # What has the signs of code, tables or field lists is no sentence.
        if re.fullmatch(r"[A-Z][^\\>=:{}|_\[\]]*\.", sentence):
            kept = [word for word in words(sentence) if word not in GIVE_AWAY]
            if WORDS[0] <= len(kept) <= WORDS[1]:
                yield " ".join(kept)


# AG News


def _ag_news() -> tuple[Labelled, Labelled]:
    train, test = (read_csv(fetch("ag_news", AG_NEWS + name, md5)) for name, md5 in AG_NEWS_MD5.items())
    return train, test


@cache
def read_csv(path: Path) -> Labelled:
    """Texts and classes, from 0, of a file with the class, from 1, then title and text in each row.

    Raises:
        InputError: The file is no such thing.
    """
    texts, labels = [], []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file, strict=True):
                number, *rest = row
                if not rest or not 1 <= int(number) <= len(AG_NEWS_CLASSES):
                    raise ValueError(f"row {len(texts) + 1} is {row!r:.40}")
                texts.append(" ".join(rest))
                labels.append(int(number) - 1)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(str(path), f"is no file of AG News ({error})", "delete it and run again") from None
    return texts, labels
