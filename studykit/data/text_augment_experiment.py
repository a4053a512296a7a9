"""Augmented sentences for a network that has few of them; and for TF-IDF, which is better to begin with and gains nothing.

Longer than most, as the texts, the network and the linear model are all its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from studykit.bench.marian import MarianTranslator
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.sentences import DATASETS, Labelled, load, words
from studykit.bench.train import Place, part, place, train
from studykit.data._eda import eda
from studykit.data._lexicon import synonyms
from studykit.data._pivot import DictionaryTranslator
from studykit.data.text_augment import Translator, back_translate, random_deletion
from studykit.knobs import Choice, Dataset, Log, Range

# Highest mean validation accuracy over seeds 100-102 with 300 texts. The network's lr: 0.003, 0.01, 0.03, with EDA, with deletion and
# (within 0.4 of its best) without. EDA: alpha of 0.05, 0.1, 0.2, 0.3, 0.5, with 4, 8, 16 copies. Deletion: p of 0.1, 0.2, 0.3, 0.5, 0.7,
# with 8, 16 copies. TF-IDF: C of 0.3, 1, 3, 10, 30.
ALPHA, COPIES, LR = 0.3, 16, 1e-2
DELETED, DELETION_COPIES = 0.5, 8
STRENGTH = 3.0
LONGEST = 64  # words of a text that the network reads


def run(
    *,
    alpha: Annotated[float, Range(0, 1)] = ALPHA,
    copies: Annotated[int, Range(1, 32)] = COPIES,
    deleted: Annotated[float, Range(0, 1)] = DELETED,
    translator: Choice("dictionary", "marian") = "dictionary",
    classifier: Choice("auto", "network", "tf-idf") = "auto",
    size: Annotated[int, Log(10, 120_000)] = 300,
    lr: Annotated[float, Log(1e-5, 0.1)] = LR,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 400,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a classifier trained on the texts as they are, and on more of them by each augmentation.

    Args:
        alpha: Share of the words that EDA changes in a copy.
        copies: Changed copies of each text by EDA.
        deleted: Probability with which word deletion, the one operation alone, removes a word.
        translator: For back-translation: `dictionary`, word by word and offline, or `marian`, real models by download.
        classifier: `auto` is a network where it helps, and TF-IDF with logistic regression where it does not.
        size: Training texts.
        lr: Adam's learning rate, of all networks.
        batch_size: Texts per step.
        regime: `helps` (few texts, a network) or `does_not` (as few, TF-IDF).
        dataset: `auto` is docstrings; or a folder with one subfolder of .txt files per class.
        steps: Updates per network, as many with augmentation as without.
        seed: Of split, augmentation, initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Six arms where a network is trained, else five, compared by test accuracy in percent; beside it the number of
        different words that were trained on.
    """
    where = place(device, dtype)
    if classifier == "auto":
        classifier = "network" if regime == "helps" else "tf-idf"
    texts = load("docstrings" if dataset == "auto" else dataset, seed=seed, size=size)
    plain = ([" ".join(words(text)) for text in texts.train[0]], texts.train[1])
    test = ([" ".join(words(text)) for text in texts.test[0]], texts.test[1])
    if translator == "dictionary":
        good, spoken = DictionaryTranslator(), plain[0]
    else:  # a real one wants whole sentences
        good, spoken = MarianTranslator(device=str(where.device)), texts.train[0]
    arms, sets = {}, dict(training_sets(plain, spoken, good, alpha, copies, deleted, seed))
    for number, (name, labelled) in enumerate(sets.items()):
        with part(number, len(sets)):
            if classifier == "tf-idf":
                arms[name] = Arm({"accuracy": tfidf(labelled, test), **_vocabulary(labelled)})
                continue
            network, vocabulary, losses = trained(
                labelled, len(texts.classes), where, name, steps=steps, batch_size=batch_size, lr=lr, seed=seed
            )
            accuracy = accuracy_of(network, vocabulary, test, where.device)
            arms[name] = Arm({"accuracy": accuracy, **_vocabulary(labelled)}, {"training loss": losses})
    if classifier == "network":
        curves = {"training loss": arms["without"].curves["training loss"]}
        arms["TF-IDF"] = Arm({"accuracy": tfidf(plain, test), **_vocabulary(plain)}, curves)
    return Result(regime, seed, "accuracy", True, arms)


def training_sets(
    plain: Labelled, spoken: list[str], translator: Translator, alpha: float, copies: int, deleted: float, seed: int
) -> Iterator[tuple[str, Labelled]]:
    """Each arm's name and texts: the given ones first, then their changed copies with the same labels.

    Args:
        plain: Texts as words with spaces between, and labels.
        spoken: The same texts as the translator gets them.
        translator: The better of the two.
        alpha: As for `run`.
        copies: As for `run`.
        deleted: As for `run`.
        seed: Of the changes.
    """
    known, generators = synonyms(), [torch.Generator().manual_seed(seed) for _ in range(2)]
    yield "EDA", grown(plain, [eda(text, copies, alpha, known, generators[0]) for text in plain[0]])
    yield "without", plain
    shorter = [
        [" ".join(random_deletion(text.split(), deleted, generators[1])) for _ in range(DELETION_COPIES)]
        for text in plain[0]
    ]
    yield "word deletion", grown(plain, shorter)
    poor = ("poor translator", DictionaryTranslator("drop"), plain[0])
    for name, each, said in (("back-translation", translator, spoken), poor):
        yield name, grown(plain, [[" ".join(words(text))] for text in back_translate(said, each)])


def grown(plain: Labelled, changed: Iterable[list[str]]) -> Labelled:
    """The texts and, with the same labels, their copies."""
    texts, labels = list(plain[0]), list(plain[1])
    for label, more in zip(plain[1], changed, strict=True):
        texts += more
        labels += [label] * len(more)
    return texts, labels


class TextCNN(nn.Module):
    """Convolution over three words and the maximum over places, the smaller of the two networks of the EDA paper.

    Args:
        vocabulary: Number of words, without the padding, which is 0.
        classes: Number of classes.
        width: Size of a word's vector.
        filters: Number of filters.

    Source: Kim 2014, arXiv:1408.5882.
    """

    def __init__(self, vocabulary: int, classes: int, width: int = 32, filters: int = 48) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary + 1, width, padding_idx=0)
        self.convolution = nn.Conv1d(width, filters, 3, padding=1)
        self.head = nn.Linear(filters, classes)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, classes) of ids (B, N)."""
        vectors = self.embedding(ids).transpose(1, 2)  # (B, D, N)
        return self.head(self.convolution(vectors).relu().amax(2))


def trained(
    labelled: Labelled,
    classes: int,
    where: Place,
    name: str,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    seed: int,
) -> tuple[nn.Module, dict[str, int], list[float]]:
    """A network trained on texts; with it the number of each word, from 1, and the loss of each step."""
    vocabulary = {word: n for n, word in enumerate(dict.fromkeys(" ".join(labelled[0]).split()), 1)}
    x, y = numbered(labelled[0], vocabulary).to(where.device), torch.tensor(labelled[1]).to(where.device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TextCNN(len(vocabulary), classes).to(where.device)
    order = torch.Generator().manual_seed(seed)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            picked = torch.randint(len(x), (batch_size,), generator=order).to(x.device)
            yield x[picked], y[picked]

    optimizer = torch.optim.Adam(network.parameters(), lr)
    losses = train(network, optimizer, batches(), nn.functional.cross_entropy, steps=steps, dtype=where.dtype, name=name)
    return network, vocabulary, losses


def numbered(texts: list[str], vocabulary: Mapping[str, int]) -> Tensor:
    """The numbers of the words (texts, words), padded with 0; a word that was never trained on is left out."""
    rows = [[vocabulary[word] for word in text.split() if word in vocabulary][:LONGEST] for text in texts]
    ids = torch.zeros(len(rows), max(3, *map(len, rows)), dtype=torch.long)
    for place_, row in enumerate(rows):
        ids[place_, : len(row)] = torch.tensor(row, dtype=torch.long)
    return ids


@torch.no_grad()
def accuracy_of(network: nn.Module, vocabulary: Mapping[str, int], held_out: Labelled, device: torch.device) -> float:
    """The network's accuracy on labelled texts, in percent."""
    network.eval()
    ids, labels = numbered(held_out[0], vocabulary).to(device), torch.tensor(held_out[1]).to(device)
    found = torch.cat([network(some).argmax(1) for some in ids.split(512)])
    return 100 * (found == labels).float().mean().item()


def tfidf(labelled: Labelled, held_out: Labelled, strength: float = STRENGTH) -> float:
    """The accuracy of logistic regression on TF-IDF, in percent: the baseline that any network has to beat."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+")
    model = LogisticRegression(C=strength, max_iter=1000).fit(vectorizer.fit_transform(labelled[0]), labelled[1])
    return 100 * float(model.score(vectorizer.transform(held_out[0]), held_out[1]))


def _vocabulary(labelled: Labelled) -> dict[str, float]:
    return {"different words": float(len(set(" ".join(labelled[0]).split())))}


def effect(results: Iterable[Result]) -> Effect:
    """EDA against each other arm, paired by seed."""
    return compare(results)
