"""The recommendation task: its data, its AUC, its interval."""

import hashlib
import zipfile

import pytest
import torch
from sklearn.metrics import roc_auc_score

from studykit.bench import clicks
from studykit.bench.clicks import (
    Clicks,
    Events,
    auc_by_user,
    click_loss,
    interval_over_users_and_seeds,
    load_clicks,
    read_ratings,
)
from studykit.bench.train import train
from studykit.errors import InputError


def drawn(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def events(users, clicked):
    pairs = torch.tensor([[user, n] for n, user in enumerate(users)])
    return Events(pairs, torch.tensor(clicked, dtype=torch.float32))


# --- data


def test_generated_clicks_depend_on_the_seed_alone_and_leave_the_global_generator():
    before = torch.get_rng_state()
    one, again, other = load_clicks(seed=3), load_clicks(seed=3), load_clicks(seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    for split in ("train", "validation", "test"):
        assert torch.equal(getattr(one, split).pairs, getattr(again, split).pairs)
        assert torch.equal(getattr(one, split).clicked, getattr(again, split).clicked)
    assert not torch.equal(one.train.pairs, other.train.pairs)


def test_the_splits_are_disjoint_and_of_the_promised_sizes():
    found = load_clicks(seed=0)
    sizes = [len(getattr(found, split).pairs) for split in ("train", "validation", "test")]
    total = sum(sizes)
    assert sizes == [total * 7 // 10, total // 10, total * 2 // 10]
    pairs = torch.cat([found.train.pairs, found.validation.pairs, found.test.pairs])
    assert len(pairs.unique(dim=0)) == total, "no pair of user and item is shown twice"
    assert pairs[:, 0].max() == found.users - 1
    assert pairs[:, 1].max() < found.items


def test_clicks_come_as_often_as_their_probabilities_say():
    logits, clicked = [], []
    for seed in range(4):
        found = load_clicks(seed=seed)
        logits.append(found.true_logits)
        clicked.append(found.test.clicked)
    chances, clicked = torch.cat(logits).sigmoid(), torch.cat(clicked)
    for low in (0.0, 0.2, 0.5, 0.8):
        inside = (chances >= low) & (chances < low + 0.2)
        error = (chances[inside] * (1 - chances[inside])).sum().sqrt() / inside.sum()
        assert abs(clicked[inside].mean() - chances[inside].mean()) < 4 * error


def test_an_unknown_set_is_one_line():
    with pytest.raises(InputError, match="dataset: is 'netflix'; give one of generated, movielens"):
        load_clicks("netflix")


def archive(path, text):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ml-100k/u.data", text)
        file.writestr("ml-100k/README", "not read")
    return path


ROWS = "".join(f"{user}\t{item}\t{(user * item) % 5 + 1}\t88{user}{item}\n" for user in range(1, 21) for item in range(1, 31))


def test_ratings_are_read_and_counted_from_zero(tmp_path):
    pairs, stars = read_ratings(archive(tmp_path / "ml-100k.zip", "196\t242\t3\t881250949\n1\t1\t5\t874965758\n"))
    assert pairs.tolist() == [[195, 241], [0, 0]]
    assert stars.tolist() == [3, 5]


def test_movielens_is_looked_for_by_its_checksum_and_four_stars_are_a_click(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    clicks._movielens.cache_clear()
    folder = tmp_path / "datasets" / "movielens"
    folder.mkdir(parents=True)
    path = archive(folder / "ml-100k.zip", ROWS)
    with pytest.raises(InputError, match=r"has not the checksum 0e33842e24a9c977be4e0107933c0723"):
        load_clicks("movielens")
    monkeypatch.setattr(clicks, "MOVIELENS_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    found = load_clicks("movielens", seed=1)
    assert (found.users, found.items, found.true_logits) == (20, 30, None)
    both = [torch.cat(parts) for parts in zip(found.train, found.validation, found.test, strict=True)]
    stars = (both[0] + 1).prod(1) % 5 + 1
    assert torch.equal(both[1], (stars >= 4).float())
    assert not torch.equal(found.test.pairs, load_clicks("movielens", seed=2).test.pairs)
    clicks._movielens.cache_clear()


@pytest.mark.parametrize("text", ["", "1\t2\n", "1\t2\t3\tx\n", "0\t2\t3\t4\n", "1\t2\t6\t4\n", "1\t2\t3\n"])
def test_a_damaged_table_is_one_line(tmp_path, text):
    with pytest.raises(InputError, match="is no archive of MovieLens 100K") as caught:
        read_ratings(archive(tmp_path / "ml-100k.zip", text))
    assert "\n" not in str(caught.value)


def test_a_damaged_archive_is_one_line(tmp_path):
    path = tmp_path / "ml-100k.zip"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(InputError, match="delete it and run again"):
        read_ratings(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("other", "")
    with pytest.raises(InputError, match="delete it and run again"):
        read_ratings(path)


# --- AUC


def test_auc_is_that_of_scikit_learn_for_each_user_with_ties():
    users = torch.randint(12, (600,), generator=torch.Generator().manual_seed(0))
    clicked = (drawn(600, seed=1) < 0.3).float()
    scores = (drawn(600, seed=2) * 8).round()  # many ties
    made = Events(torch.stack([users, torch.zeros_like(users)], 1), clicked)
    expected = [roc_auc_score(clicked[users == user], scores[users == user]) for user in range(12)]
    torch.testing.assert_close(auc_by_user(scores, made), torch.tensor(expected, dtype=torch.float32))


def test_users_without_both_kinds_are_left_out():
    made = events([0, 0, 2, 2, 3, 5, 5], [1, 1, 0, 1, 0, 1, 0])
    scores = torch.tensor([0.0, 1.0, 0.2, 0.9, 0.5, 0.1, 0.4])
    assert auc_by_user(scores, made).tolist() == [1.0, 0.0]
    assert auc_by_user(scores[:2], Events(made.pairs[:2], made.clicked[:2])).tolist() == []


def test_auc_within_users_ignores_what_differs_between_them():
    made = events([0, 0, 1, 1], [0, 1, 0, 1])
    scores = torch.tensor([0.0, 0.1, 100.0, 100.1])
    assert auc_by_user(scores, made).tolist() == [1.0, 1.0]
    assert roc_auc_score(made.clicked, scores) == 0.75


# --- interval


def test_the_interval_is_about_that_of_a_normal_mean():
    by_seed = [0.6 + 0.1 * torch.randn(400, generator=torch.Generator().manual_seed(n)) for n in range(8)]
    mean, low, high = interval_over_users_and_seeds(by_seed)
    assert mean == pytest.approx(torch.stack([each.mean() for each in by_seed]).mean().item())
    # Users vary and seeds do not: the error is 0.1 / sqrt(3200), seen twice, since seeds are drawn as well.
    assert low < mean < high
    assert 2 * 1.96 * 0.1 / 3200**0.5 * 0.9 < high - low < 2 * 1.96 * 0.1 / 3200**0.5 * 2


def test_the_interval_knows_that_seeds_differ():
    same = [torch.zeros(50) for _ in range(5)]
    apart = [torch.full((50,), float(n)) for n in range(5)]
    assert interval_over_users_and_seeds(same) == (0, 0, 0)
    mean, low, high = interval_over_users_and_seeds(apart)
    assert mean == 2
    assert low < 1 and high > 3
    assert interval_over_users_and_seeds(apart) == (mean, low, high)


@pytest.mark.parametrize("by_seed", [[], [torch.ones(3), torch.empty(0)]])
def test_nothing_to_average_is_refused(by_seed):
    with pytest.raises(ValueError, match="by_seed must hold one number per user"):
        interval_over_users_and_seeds(by_seed)


# --- model


def test_the_model_learns_and_stays_below_the_ceiling():
    found = load_clicks(seed=0)
    model = found.make(0)
    before = found.auc(model).mean()
    state = torch.get_rng_state()
    found.make(1)
    assert torch.equal(torch.get_rng_state(), state)
    losses = train(
        model, torch.optim.AdamW(model.parameters(), 0.02, weight_decay=1.0), found.batches(256, 0), click_loss, steps=200
    )
    after = found.auc(model).mean()
    ceiling = auc_by_user(found.true_logits, found.test).mean()
    assert losses[-1] < losses[0]
    assert before < 0.56 and 0.65 < after < ceiling < 0.9


def test_logits_are_biases_and_a_product():
    model = Clicks(3, 4, *(events([0], [1]),) * 3).make(0, width=2)
    pairs = torch.tensor([[0, 3], [2, 1]])
    by_hand = [
        model.bias + model.user_bias.weight[u, 0] + model.item_bias.weight[i, 0] + model.user.weight[u] @ model.item.weight[i]
        for u, i in pairs.tolist()
    ]
    torch.testing.assert_close(model(pairs), torch.stack(by_hand))


def test_batches_are_the_same_for_one_seed():
    found = load_clicks(seed=0)
    one, other = found.batches(32, 5), found.batches(32, 5)
    for _ in range(3):
        (x, y), (p, q) = next(one), next(other)
        assert x.shape == (32, 2) and torch.equal(x, p) and torch.equal(y, q)
