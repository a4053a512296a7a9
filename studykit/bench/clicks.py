"""A recommendation task in small: who clicks on what, an embedding model, the AUC within users, and its interval.

`generated` draws clicks from known probabilities, so that the best AUC that can be had is known too; `movielens` takes the
ratings of MovieLens 100K (Harper & Konstan, ACM TiiS 2015), downloaded when asked for, and calls 4 stars or more a click.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench.download import fetch
from studykit.errors import InputError

SETS = ("generated", "movielens")
MOVIELENS = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
MOVIELENS_MD5 = "0e33842e24a9c977be4e0107933c0723"
LIKED = 4  # stars


class Events(NamedTuple):
    """What was shown: pairs of user and item (N, 2), and whether it was clicked (N,), 0.0 or 1.0."""

    pairs: Tensor
    clicked: Tensor


@dataclass(frozen=True)
class Clicks:
    """Events split in three at random.

    Attributes:
        users: Number of users.
        items: Number of items.
        train: To train on.
        validation: What hyperparameters are chosen by.
        test: Read once, for what is reported.
        true_logits: Of the test events, where clicks are generated: no model can rank better. Else None.
    """

    users: int
    items: int
    train: Events
    validation: Events
    test: Events
    true_logits: Tensor | None = None

    def make(self, seed: int, width: int = 8) -> "Embeddings":
        """A model whose initialisation depends on the seed alone."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return Embeddings(self.users, self.items, width).to(self.train.pairs.device)

    def batches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless random batches of (B, 2) pairs and (B,) clicks, the same for one seed."""
        generator = torch.Generator().manual_seed(seed)
        while True:
            picked = torch.randint(len(self.train.pairs), (size,), generator=generator).to(self.train.pairs.device)
            yield self.train.pairs[picked], self.train.clicked[picked]

    @torch.no_grad()
    def auc(self, model: nn.Module, split: str = "test") -> Tensor:
        """The AUC within each user (`auc_by_user`) of a model's logits on a split."""
        events: Events = getattr(self, split)
        return auc_by_user(model.eval()(events.pairs), events)


class Embeddings(nn.Module):
    """A factorisation: the logit of a click is a bias, one of the user, one of the item, and a product of embeddings.

    Args:
        users: Number of users.
        items: Number of items.
        width: Size of an embedding.
    """

    def __init__(self, users: int, items: int, width: int = 8) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(users, width), nn.Embedding(items, width)
        self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.bias = nn.Parameter(torch.zeros(()))
        for table, std in ((self.user, 0.1), (self.item, 0.1), (self.user_bias, 0.0), (self.item_bias, 0.0)):
            nn.init.normal_(table.weight, std=std)

    def forward(self, pairs: Tensor) -> Tensor:
        """Logits (B,) of pairs (B, 2) of user and item."""
        user, item = pairs.unbind(-1)
        match = (self.user(user) * self.item(item)).sum(-1)
        return self.bias + self.user_bias(user).squeeze(-1) + self.item_bias(item).squeeze(-1) + match


def click_loss(logits: Tensor, clicked: Tensor) -> Tensor:
    """Mean binary cross-entropy in nats."""
    return F.binary_cross_entropy_with_logits(logits.float(), clicked)


def auc_by_user(scores: Tensor, events: Events) -> Tensor:
    """For each user the chance that a clicked item is scored above one that was not, a tie counting half.

    Args:
        scores: Of the events, (N,).
        events: What was shown.

    Returns:
        One AUC for each user with both kinds of events, by ascending user; the others have none and are left out.
    """
    order = events.pairs[:, 0].argsort(stable=True)
    counts = events.pairs[:, 0].bincount()
    found = []
    for mine, clicked in zip(scores[order].split(counts.tolist()), events.clicked[order].split(counts.tolist()), strict=True):
        wins = mine[clicked > 0, None] - mine[clicked == 0]  # (clicked, not clicked)
        if wins.numel():
            found.append(((wins > 0).float() + 0.5 * (wins == 0).float()).mean())
    return torch.stack(found) if found else torch.empty(0)


def interval_over_users_and_seeds(by_seed: Sequence[Tensor], *, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Mean and 95 % interval of a quantity that was measured for users under several seeds.

    Seeds are drawn with replacement, then users within each: what is left to chance is which users came and how training
    went. With few seeds it is somewhat too narrow.

    Args:
        by_seed: For each seed one number per user.
        draws: Of the bootstrap.
        seed: Of the draws.

    Returns:
        Mean, lower end, upper end.

    Raises:
        ValueError: There is no seed, or one without users.
    """
    if not by_seed or not all(len(each) for each in by_seed):
        raise ValueError("by_seed must hold one number per user for each seed, got none: leave out what has no users")
    generator = torch.Generator().manual_seed(seed)
    # The mean over users drawn anew, many times for each seed; then which seeds a draw of the whole consists of.
    redrawn = torch.stack(
        [each.cpu()[torch.randint(len(each), (draws, len(each)), generator=generator)].mean(1) for each in by_seed]
    )
    chosen = torch.randint(len(by_seed), (len(by_seed), draws), generator=generator)
    columns = torch.randint(draws, chosen.shape, generator=generator)  # a seed drawn twice has other users each time
    means = redrawn[chosen, columns].mean(0)
    low, high = means.quantile(torch.tensor([0.025, 0.975])).tolist()
    return float(torch.stack([each.mean() for each in by_seed]).mean()), low, high


def load_clicks(dataset: str = "generated", *, seed: int = 0, device: torch.device | str = "cpu") -> Clicks:
    """Clicks by name: 70 % to train on, 10 % for validation, 20 % for the test.

    Args:
        dataset: `generated` or `movielens`.
        seed: Of the split, and of what is generated.
        device: Where the tensors go.

    Returns:
        The clicks.

    Raises:
        InputError: The name is unknown, or the set can't be downloaded.
    """
    if dataset not in SETS:
        raise InputError("dataset", f"is {dataset!r}", f"give one of {', '.join(SETS)}")
    generator = torch.Generator().manual_seed(seed)
    if dataset == "generated":
        users, items = 400, 150
        pairs, logits = _shown(users, items, generator)
        clicked = torch.bernoulli(logits.sigmoid(), generator=generator)
    else:
        pairs, stars = _movielens()
        users, items = (int(each) + 1 for each in pairs.amax(0))
        clicked, logits = (stars >= LIKED).float(), None
    order = torch.randperm(len(pairs), generator=generator)
    parts = order.split([len(order) - 3 * (len(order) // 10), len(order) // 10, 2 * (len(order) // 10)])
    train, validation, test = (Events(pairs[part].to(device), clicked[part].to(device)) for part in parts)
    truth = None if logits is None else logits[parts[2]].to(device)
    return Clicks(users, items, train, validation, test, truth)


def _shown(users: int, items: int, generator: torch.Generator, each: int = 100, rank: int = 2) -> tuple[Tensor, Tensor]:
    """Pairs of which no two are alike, and the logits that clicks are drawn from."""
    tastes, traits = (torch.randn(count, rank, generator=generator) for count in (users, items))
    quality, mood = (torch.randn(count, generator=generator) for count in (items, users))
    popularity = 0.5 * quality + torch.randn(items, generator=generator)  # better items are shown somewhat more often
    item = torch.multinomial(popularity.softmax(0).expand(users, -1), each, generator=generator)  # (users, each)
    user = torch.arange(users)[:, None].expand_as(item)
    match = (tastes[user] * traits[item]).sum(-1) / rank**0.5
    logits = -1.5 + 0.5 * mood[user] + 0.7 * quality[item] + 1.5 * match  # about a quarter is clicked
    return torch.stack([user, item], -1).view(-1, 2), logits.reshape(-1)


@cache
def _movielens() -> tuple[Tensor, Tensor]:
    return read_ratings(fetch("movielens", MOVIELENS, MOVIELENS_MD5))


def read_ratings(path: Path) -> tuple[Tensor, Tensor]:
    """Pairs (N, 2) of user and item, each counted from 0, and stars (N,) out of the archive of MovieLens 100K.

    Raises:
        InputError: The archive is damaged, or its `u.data` is no table of user, item, stars and time.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            lines = archive.read("ml-100k/u.data").decode("ascii").splitlines()
        table = torch.from_numpy(np.array([line.split("\t") for line in lines], dtype=np.int64))
        pairs, stars = table[:, :2] - 1, table[:, 2]
        if table.shape[1] != 4 or pairs.min() < 0 or stars.min() < 1 or stars.max() > 5:
            raise ValueError("its rows are not user, item, stars 1 to 5, time")
    except (OSError, KeyError, IndexError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(str(path), f"is no archive of MovieLens 100K ({error})", "delete it and run again") from None
    return pairs, stars
