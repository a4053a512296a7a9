"""Masked language modelling against transformers' collator (an output of it, frozen), against the published shares, and its promises."""

import io
import math

import pytest
import torch
import torch.nn.functional as F

from studykit.models import Block
from studykit.selfsup._pretraining import Pretraining, held_out_loss
from studykit.selfsup._vocabulary import CLS, MASK, PAD, UNK, Vocabulary, special
from studykit.selfsup.mlm import BertMLM, mask_tokens


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_draws_are_those_of_transformers_collator():
    # DataCollatorForLanguageModeling.torch_mask_tokens of transformers 5.24, probability 0.4, mask 3, vocabulary 1000, generator of seed 7.
    ids = torch.arange(4, 28).view(2, 12)
    never = torch.zeros(2, 12, dtype=torch.bool)
    never[:, 0] = never[1, 9:] = True
    inputs, labels = mask_tokens(ids, 3, 1000, never, 0.4, generator(7))
    assert inputs.tolist() == [[4, 3, 6, 7, 3, 9, 653, 11, 3, 13, 14, 15], [16, 3, 18, 3, 20, 3, 22, 603, 24, 25, 26, 27]]
    none = -100
    assert labels.tolist() == [
        [none, 5, none, none, 8, none, 10, none, 12, none, none, none],
        [none, 17, none, 19, none, 21, none, 23, none, none, none, none],
    ]


def within_chance(count, of, share):
    """Whether `count` of `of` is no further from `share` than 5 standard deviations of the binomial distribution."""
    return abs(int(count) - share * int(of)) <= 5 * math.sqrt(share * (1 - share) * int(of)) + 1e-9


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("probability", [0.15, 0.4, 1.0])
def test_shares_are_the_published_ones(seed, probability):
    # Devlin et al. 2019, A.1: of the chosen 80 % [MASK], 10 % a random word, 10 % unchanged.
    ids, vocabulary = torch.randint(5, 20_000, (500, 160), generator=generator(seed + 100)), 20_000
    inputs, labels = mask_tokens(ids, 4, vocabulary, probability=probability, generator=generator(seed))
    chosen = labels != -100
    assert within_chance(chosen.sum(), ids.numel(), probability)
    assert torch.equal(labels[chosen], ids[chosen])
    assert torch.equal(inputs[~chosen], ids[~chosen])
    masked, kept = (inputs == 4) & chosen, (inputs == ids) & chosen
    random = chosen & ~masked & ~kept
    for found, share in ((masked, 0.8), (random, 0.1), (kept, 0.1)):
        assert within_chance(found.sum(), chosen.sum(), share)
    # The bounds tell the classic mistakes apart: a tenth of the rest, two draws over each other.
    for found, share in ((random, 0.02), (kept, 0.18), (masked, 0.72), (masked, 1.0)):
        assert not within_chance(found.sum(), chosen.sum(), share)
    if probability < 1:
        assert not within_chance(chosen.sum(), ids.numel(), 0.8 * probability)


def test_random_words_are_even_over_the_whole_vocabulary():
    ids = torch.full((400, 300), 2)
    inputs, _ = mask_tokens(ids, 1, 10, None, 1.0, generator(0), mask_replace_prob=0.0, random_replace_prob=1.0)
    counts = torch.bincount(inputs.flatten(), minlength=11)
    assert counts[10] == 0
    assert all(within_chance(count, ids.numel(), 0.1) for count in counts[:10])


def test_tokens_decide_by_themselves():
    chosen = mask_tokens(torch.ones(2000, 100, dtype=torch.long), 0, 2, probability=0.15, generator=generator(1))[1] != -100
    for axis, n in ((0, 2000), (1, 100)):
        counts = chosen.sum(axis).double()
        assert counts.var().item() / (n * 0.15 * 0.85) == pytest.approx(1, abs=6 * math.sqrt(2 / len(counts)))
    assert (chosen[:, 1:] & chosen[:, :-1]).double().mean().item() == pytest.approx(0.0225, abs=0.003)


@pytest.mark.parametrize("mask_type", [torch.bool, torch.long])
def test_special_tokens_are_never_touched_and_the_input_neither(mask_type):
    ids = torch.randint(0, 50, (40, 60), generator=generator(3))
    given, never = ids.clone(), torch.rand(ids.shape, generator=generator(4)) < 0.5
    inputs, labels = mask_tokens(given, 3, 50, never.to(mask_type), 1.0, generator(5))
    assert torch.equal(given, ids)
    assert torch.equal(inputs[never], ids[never])
    assert (labels[never] == -100).all()
    assert torch.equal(labels[~never], ids[~never])


@pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_shapes_and_types_are_kept(shape, dtype):
    ids = torch.full(shape, 9, dtype=dtype)
    for probability in (0.0, 0.5, 1.0):
        inputs, labels = mask_tokens(ids, 3, 50, probability=probability)
        assert inputs.shape == labels.shape == ids.shape
        assert inputs.dtype == labels.dtype == dtype
    assert torch.equal(mask_tokens(ids, 3, 50, probability=0.0)[0], ids)


@pytest.mark.parametrize("shares", [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (0.5, 0.5), (0.5, 0.2), (0.9, 0.1)])
def test_other_shares(shares):
    ids = torch.full((300, 200), 7)
    inputs, labels = mask_tokens(ids, 3, 1000, None, 0.5, generator(2), mask_replace_prob=shares[0], random_replace_prob=shares[1])
    of = (labels != -100).sum()
    assert within_chance((inputs == 3).sum(), of, shares[0] + shares[1] / 1000)
    assert within_chance(((inputs != 3) & (inputs != 7)).sum(), of, shares[1] * 0.998)


def test_all_comes_from_the_generator_and_is_drawn_anew():
    ids = torch.randint(5, 100, (20, 30), generator=generator(0))
    rng, before = generator(1), torch.get_rng_state()
    first, second = mask_tokens(ids, 3, 100, generator=rng), mask_tokens(ids, 3, 100, generator=rng)
    assert torch.equal(torch.get_rng_state(), before)
    again = mask_tokens(ids, 3, 100, generator=generator(1))
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[1], second[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        free = mask_tokens(ids, 3, 100)
        torch.manual_seed(6)
        assert all(map(torch.equal, free, mask_tokens(ids, 3, 100)))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"mask_id": 50}, "mask_id"), ({"mask_id": -1}, "mask_id"), ({"probability": 1.1}, "probability"),
        ({"probability": -0.1}, "probability"), ({"mask_replace_prob": 0.95}, "shares"), ({"random_replace_prob": -0.1}, "shares"),
        ({"ids": torch.ones(2, 3)}, "integers"), ({"special_mask": torch.zeros(3, 2, dtype=torch.bool)}, "special_mask"),
        ({"probability": float("nan")}, "probability"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(arguments, named):
    given = {"ids": torch.ones(2, 3, dtype=torch.long), "mask_id": 3, "vocab_size": 50} | arguments
    with pytest.raises(ValueError, match=named):
        mask_tokens(**given)


# --- the encoder


def reference(model, ids):
    """The network's scores, written out: attention with a softmax over the keys that are no padding."""
    visible = ids != model.pad_id
    x = model.start(model.token.weight[ids] + model.position.weight[: ids.shape[1]])
    for block in model.blocks:
        b, n, d = x.shape
        q, k, v = (part.view(b, n, block.heads, -1).transpose(1, 2) for part in block.qkv(block.norm1(x)).split(d, -1))
        scores = (q @ k.transpose(2, 3) / math.sqrt(d // block.heads)).masked_fill(~visible[:, None, None], -torch.inf)
        x = x + block.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))
        x = x + block.mlp(block.norm2(x))
    return model.transform(model.norm(x)) @ model.token.weight.T + model.bias


def small(depth=2, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertMLM(30, 12, 16, depth, 2).double()


def texts(rows=6, seed=0):
    ids = torch.randint(4, 30, (rows, 10), generator=generator(seed))
    for n in range(rows):
        ids[n, 10 - n % 5 :] = PAD
    ids[:, 0] = CLS
    return ids


def test_scores_loss_and_gradients_are_those_written_out():
    model, ids = small(), texts()
    inputs, labels = mask_tokens(ids, MASK, 30, special(ids), 0.5, generator(0))
    torch.testing.assert_close(model(inputs), reference(model, inputs))
    loss = model.loss(inputs, labels)
    ours = torch.autograd.grad(loss, list(model.parameters()))
    chosen = labels != -100
    expected = -reference(model, inputs).log_softmax(-1).gather(-1, labels.clamp(min=0)[..., None]).squeeze(-1)[chosen].mean()
    torch.testing.assert_close(loss, expected)
    for one, other in zip(ours, torch.autograd.grad(expected, list(model.parameters())), strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(loss, F.cross_entropy(model(inputs).transpose(1, 2), labels))


def test_padding_changes_nothing():
    model, ids = small(), texts(1)
    longer = F.pad(ids, (0, 2), value=PAD)
    torch.testing.assert_close(model(longer)[:, :10], model(ids))
    torch.testing.assert_close(model.features(longer), model.features(ids))
    mean = torch.stack([model.encode(row[None, row != PAD])[0].mean(0) for row in texts()])
    torch.testing.assert_close(model.features(texts()), mean)


def test_a_position_sees_both_sides():
    model, ids = small(), texts(1)
    for changed in (1, 8):
        other = ids.clone()
        other[0, changed] = 4 + (ids[0, changed] - 3) % 26
        assert (model(other) - model(ids))[0, 5].abs().max() > 1e-6


def test_nothing_chosen_is_no_loss_and_no_gradient():
    model, ids = small(), texts()
    loss = model.loss(ids, torch.full_like(ids, -100))
    loss.backward()
    assert loss.item() == 0
    assert all(each.grad is None or not each.grad.any() for each in model.parameters())


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="<= 12 tokens, got 13"):
        small()(torch.ones(1, 13, dtype=torch.long))


def test_a_block_that_sees_all_is_as_without_a_mask():
    block = Block(16, 2, causal=False)
    x = torch.randn(3, 5, 16, generator=generator(0))
    torch.testing.assert_close(block(x, torch.ones(3, 5, dtype=torch.bool)), block(x))


# --- pre-training


def training(steps=12, **more):
    ids = texts(40, 5)
    model = small(1, 3).float()
    return Pretraining(
        model, ids, steps=steps, lr=1e-2, embedding_lr=2e-2, probability=0.4, batch_size=8, seed=1, **more
    )


@pytest.mark.parametrize("static", [False, True])
def test_a_checkpoint_is_read_safely_and_goes_on_to_the_bit(static):
    whole = training(static=static)
    expected = [whole.step() for _ in range(12)]
    half, file = training(static=static), io.BytesIO()
    assert [half.step() for _ in range(7)] == expected[:7]
    torch.save(half.state_dict(), file)
    file.seek(0)
    resumed = training(static=static)
    resumed.model.load_state_dict(small(1, 9).float().state_dict())  # another start, which the checkpoint replaces
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert [resumed.step() for _ in range(5)] == expected[7:]
    assert resumed.losses == expected
    assert all(map(torch.equal, resumed.model.state_dict().values(), whole.model.state_dict().values()))


def test_every_text_is_seen_once_an_epoch_and_masks_are_new_each_time():
    run = training()
    seen = torch.cat([run._next() for _ in range(5)])
    assert sorted(seen.tolist()) == list(range(40))
    ids = run.ids
    assert not torch.equal(run._masked(ids)[1], run._masked(ids)[1])


def test_training_learns_what_stands_beside():
    # Texts of pairs: every even word is followed by the one above it, which frequency alone can't tell.
    first = torch.randint(2, 15, (60, 4), generator=generator(0)) * 2
    ids = torch.cat([torch.full((60, 1), CLS), torch.stack([first, first + 1], 2).flatten(1)], 1)
    model = BertMLM(32, 12, 32, 1)
    run = Pretraining(model, ids, steps=150, lr=5e-3, embedding_lr=2e-2, probability=0.3, batch_size=20, seed=0)
    for _ in range(150):
        run.step()
    assert held_out_loss(model, ids) < 1.5 < math.log(26)


def test_a_vocabulary_counts_numbers_and_pads():
    words = Vocabulary([["b", "a", "b"], ["a", "b", "c"], ["d"]], 2)
    assert words.words == ["[PAD]", "[UNK]", "[CLS]", "[MASK]", "b", "a"]
    assert words.counts.tolist() == [0, 2, 0, 0, 3, 2]
    ids = words.encode([["a", "x", "b", "b"], ["b"]], 4)
    assert ids.tolist() == [[CLS, 5, UNK, 4], [CLS, 4, PAD, PAD]]
    assert words.decode(ids[0].tolist()) == ["[CLS]", "a", "[UNK]", "b"]
    assert special(ids).tolist() == [[True, False, True, False], [True, False, True, True]]
