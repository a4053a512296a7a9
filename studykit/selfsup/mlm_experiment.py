"""Sentences with few labels, where pre-training on all of them by masked words helps the same network, and with all labels."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from statistics import fmean
from typing import Annotated, NamedTuple

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from studykit.bench.probe import few_shot, fine_tune, frozen, linear_probe
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.sentences import DATASETS, load, words
from studykit.bench.train import part, place, tell
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.selfsup._pretraining import Pretraining, held_out_loss
from studykit.selfsup._vocabulary import MASK, PAD, Vocabulary, special
from studykit.selfsup.mlm import BertMLM, mask_tokens

# Pre-training: lowest loss of masked validation words, seed 100: probabilities of 0.15, 0.3, 0.4, 0.5 (5.25, 5.07, 5.07, 5.09 after
# 700 steps), lr of 0.002 to 0.01 and of 0.005 to 0.04 for the embeddings. BERT's 0.15 needs more steps than fit here.
LR, EMBEDDING_LR, PROBABILITY, STEPS = 3e-3, 2e-2, 0.4, 700
# Fine-tuning: highest mean validation accuracy over seeds 100-102 (10 labels per class, two draws each) or 100-101 (all labels).
# 0.001, 0.003 pre-trained and 0.003, 0.01, 0.03 from scratch; with all labels 0.003, 0.01 for both. As with few labels the penalty
# of the probe and of TF-IDF is chosen on validation data in every run, which has more labels than the training.
RATES = {
    "helps": {"MLM, fine-tuned": 3e-3, "from scratch": 1e-2, "from scratch, masked": 1e-2},
    "does_not": {"MLM, fine-tuned": 1e-2, "from scratch": 3e-3},
}
TUNING_STEPS = {"helps": 60, "does_not": 300}
PER_CLASS = {"helps": 10, "does_not": 0}  # 0 is all
DRAWS = {"helps": 3, "does_not": 1}
WORDS, LONGEST = 1000, 24
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)  # C of TF-IDF's logistic regression, chosen on the validation data in every run


class Corpus(NamedTuple):
    """Texts as words, as numbers and as classes, split in three; the vocabulary is that of the training texts."""

    texts: tuple[list[list[str]], ...]
    ids: tuple[Tensor, ...]
    labels: tuple[Tensor, ...]
    vocabulary: Vocabulary
    classes: list[str]


@lru_cache(maxsize=8)
def corpus(dataset: str = "auto", seed: int = 0, most: int = WORDS) -> Corpus:
    """A text set with the numbers of its words.

    Args:
        dataset: `auto` (docstrings), or as in `studykit.bench.sentences.load`.
        seed: Of the split.
        most: Words that are known.
    """
    found = load("docstrings" if dataset == "auto" else dataset, seed=seed)
    splits = (found.train, found.validation, found.test)
    texts = tuple([words(text) for text in split[0]] for split in splits)
    vocabulary = Vocabulary(texts[0], most)
    ids = tuple(vocabulary.encode(each, LONGEST) for each in texts)
    return Corpus(texts, ids, tuple(torch.tensor(split[1]) for split in splits), vocabulary, found.classes)


def new_model(vocabulary: Vocabulary, seed: int, *, depth: int = 1, width: int = 64) -> BertMLM:
    """A fresh network that knows no more than how frequent each word is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertMLM(len(vocabulary), LONGEST, width, depth)
    counts = vocabulary.counts + 1.0
    model.bias.data = (counts / counts.sum()).log()
    return model


def unigram_loss(vocabulary: Vocabulary, ids: Tensor) -> float:
    """Nats per word of predicting every word of texts by its frequency in the training texts."""
    counts = vocabulary.counts[MASK + 1 :] + 1.0
    return -(counts / counts.sum()).log()[ids[~special(ids)] - MASK - 1].mean().item()


@lru_cache(maxsize=8)
def pretrained(
    dataset: str = "auto", seed: int = 0, steps: int = STEPS, probability: float = PROBABILITY, lr: float = LR, depth: int = 1,
    batch_size: int = 32, device: str = "auto",
) -> tuple[BertMLM, list[float]]:  # fmt: skip
    """A network trained on all training texts without their labels, and its losses; both regimes of a seed share it.

    Args:
        dataset: As for `corpus`.
        seed: As for `run`, as are all others.
        steps: Updates.
        probability: Of a word to be chosen.
        lr: Highest learning rate.
        depth: Blocks.
        batch_size: Texts per update.
        device: Where.
    """
    found, where = corpus(dataset, seed), place(device).device
    model = new_model(found.vocabulary, seed, depth=depth).to(where)
    training = Pretraining(
        model, found.ids[0].to(where), steps=steps, lr=lr, embedding_lr=lr * EMBEDDING_LR / LR, probability=probability,
        batch_size=batch_size, seed=seed,
    )  # fmt: skip
    for step in range(steps):
        training.step()
        if step % 10 == 0:
            tell(step / steps, {"MLM loss": training.losses})
    return model.eval(), training.losses


def tfidf(found: Corpus, picked: Tensor) -> float:
    """Test accuracy in percent of logistic regression on TF-IDF, its frequencies those of all training texts."""
    joined = [[" ".join(text) for text in split] for split in found.texts]
    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+").fit(joined[0])
    x, vx, tx = vectorizer.transform([joined[0][n] for n in picked.tolist()]), *map(vectorizer.transform, joined[1:])
    y, vy, ty = found.labels[0][picked.cpu()], *found.labels[1:]
    fitted = [LogisticRegression(C=c, max_iter=1000).fit(x, y) for c in STRENGTHS]
    return 100 * float(max(fitted, key=lambda model: model.score(vx, vy)).score(tx, ty))


def tuned(
    start: BertMLM, train: tuple[Tensor, Tensor], classes: int, *, steps: int, lr: float, seed: int, masked: bool = False
) -> Callable[[Tensor], Tensor]:
    """What gives the class scores of texts, after training a copy of a network and a head on labels.

    Args:
        start: Is left as it is.
        train: Texts and labels.
        classes: Number of classes.
        steps: Updates.
        lr: Highest learning rate.
        seed: Of head, batches and masks.
        masked: Whether 15 % of the words are masked anew in every batch, as pre-training masks them.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Linear(start.norm.normalized_shape[0], classes).to(train[0].device)
        model = BertMLM(len(start.bias), LONGEST, head.in_features, len(start.blocks)).to(train[0].device)
    model.load_state_dict(start.state_dict())
    rng = torch.Generator().manual_seed(seed)

    def hidden(ids: Tensor) -> Tensor:
        inputs = mask_tokens(ids.cpu(), MASK, len(model.bias), special(ids.cpu()), 0.15, rng)[0].to(ids.device)
        return trimmed(inputs)

    fine_tune(
        model.features, list(model.parameters()), head, train, steps=steps, lr=lr, batch=32, seed=seed,
        augment=hidden if masked else trimmed,
    )  # fmt: skip
    model.eval()
    return torch.no_grad()(lambda ids: head(model.features(ids)))


def trimmed(ids: Tensor) -> Tensor:
    """Without columns that are all padding."""
    return ids[:, : int((ids != PAD).sum(1).max())]


def accuracy(score: Callable[[Tensor], Tensor], ids: Tensor, labels: Tensor) -> float:
    """In percent."""
    return 100 * (frozen(score, ids).argmax(1) == labels).float().mean().item()


def run(
    *,
    probability: Annotated[float, Range(0.05, 0.9)] = PROBABILITY,
    per_class: Annotated[int, Range(0, 10_000)] = 0,
    lr: Annotated[float, Log(1e-5, 0.1)] = LR,
    depth: Annotated[int, Range(1, 12)] = 1,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", *DATASETS) = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = STEPS,
    seed: int = 0,
    device: str = "auto",
) -> Result:
    """One seed of one regime: the network pre-trained on all texts, the same from scratch, and TF-IDF.

    Args:
        probability: Of a word to be chosen in pre-training.
        per_class: Labelled texts of each class; 0 is the regime's own, few or all.
        lr: Highest learning rate of pre-training; of the embeddings it is several times that.
        depth: Blocks of the network.
        batch_size: Texts per update of pre-training.
        regime: `helps` (few labels) or `does_not` (all of them).
        dataset: `auto` is docstrings; or a folder with one subfolder of .txt files per class.
        steps: Updates of pre-training.
        seed: Of split, labels, initialisation, batches and masks.
        device: `auto`, `cpu`, `cuda`.

    Returns:
        Five arms, four where all labels are used, compared by test accuracy in percent, averaged over draws of the few labels; the first also has the loss of
        masked test words beside that of guessing by frequency, in nats.
    """
    where = place(device).device
    found = corpus(dataset, seed)
    with part(0, 2):
        model, _ = pretrained(dataset, seed, steps, probability, lr, depth, batch_size, device)
    ids, labels = (tuple(each.to(where) for each in many) for many in (found.ids, found.labels))
    fresh = new_model(found.vocabulary, seed + 1, depth=depth).to(where)
    features = [frozen(model.features, each) for each in ids]
    scores: dict[str, list[float]] = {name: [] for name in (*RATES[regime], "MLM, frozen", "TF-IDF")}
    wanted, draws = per_class or PER_CLASS[regime], DRAWS[regime]
    for draw in range(draws):
        picked = few_shot(labels[0], wanted, 1000 * seed + draw) if wanted else torch.arange(len(labels[0]), device=where)
        train = ids[0][picked], labels[0][picked]
        for arm, rate in RATES[regime].items():
            start = model if arm.startswith("MLM") else fresh
            score = tuned(
                start, train, len(found.classes), steps=TUNING_STEPS[regime], lr=rate, seed=seed + draw, masked="masked" in arm
            )
            scores[arm].append(accuracy(score, ids[2], labels[2]))
        frozen_train = features[0][picked], labels[0][picked]
        scores["MLM, frozen"].append(linear_probe(frozen_train, (features[1], labels[1]), (features[2], labels[2]))[1])
        scores["TF-IDF"].append(tfidf(found, picked))
        tell(0.5 + 0.5 * (draw + 1) / draws, {})
    arms = {arm: Arm({"accuracy": fmean(each)}) for arm, each in scores.items()}
    losses = {"MLM loss": held_out_loss(model, ids[2]), "unigram loss": unigram_loss(found.vocabulary, found.ids[2])}
    arms["MLM, fine-tuned"] = Arm({**arms["MLM, fine-tuned"].metrics, **losses})
    return Result(regime, seed, "accuracy", True, arms)


def effect(results: Iterable[Result]) -> Effect:
    """The fine-tuned network against each other arm, paired by seed."""
    return compare(results)
