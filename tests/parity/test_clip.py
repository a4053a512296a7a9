"""CLIP against figure 3 of Radford et al. 2021 (arXiv:2103.00020), written out in loops over float64 numbers.

open_clip's ClipLoss needs torchvision and can't live beside the locked torch; its loss module, loaded by itself, agreed with `clip_loss`
in values and in all three gradients to 4e-15 in float64 and 2e-6 in float32, for batches of 1 to 257, normalised or not.
"""

import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.bench.train import place
from studykit.selfsup._captions import COLOURS, LANGUAGES, TEMPLATES, Captions, paint, split, unseen
from studykit.selfsup._clip_checkpoint import load, save
from studykit.selfsup._clip_experiment import (
    NAMES,
    Contrast,
    Pairs,
    by_prompts,
    predicted,
    seen_pairs_loss,
    untrained,
    zero_shot,
)
from studykit.selfsup._text_encoder import TextEncoder
from studykit.selfsup.clip import CLIP, MAX_LOGIT_SCALE, clip_loss
from studykit.widgets.bundle import bundle


def published(image: list[list[float]], text: list[list[float]], scale: float) -> float:
    """Figure 3, line by line, from the scaled similarities on; plain numbers, no tensor."""
    n = len(image)
    logits = [[scale * math.fsum(a * b for a, b in zip(u, v, strict=True)) for v in text] for u in image]

    def cross_entropy(rows: list[list[float]]) -> float:
        total = 0.0
        for label, row in enumerate(rows):
            top = max(row)
            total += top + math.log(math.fsum(math.exp(each - top) for each in row)) - row[label]
        return total / n

    loss_i = cross_entropy(logits)
    loss_t = cross_entropy([[logits[r][c] for r in range(n)] for c in range(n)])
    return (loss_i + loss_t) / 2


def gradient(image: list[list[float]], text: list[list[float]], scale: float, h: float = 1e-5) -> tuple[list[list[float]], list[list[float]], float]:
    """Central differences of `published`."""

    def moved(matrix: list[list[float]], r: int, c: int, by: float) -> list[list[float]]:
        return [[v + by * ((i, j) == (r, c)) for j, v in enumerate(row)] for i, row in enumerate(matrix)]

    cells = [[(r, c) for c in range(len(row))] for r, row in enumerate(image)]
    of_image = [[(published(moved(image, *at, h), text, scale) - published(moved(image, *at, -h), text, scale)) / (2 * h) for at in row] for row in cells]
    of_text = [[(published(image, moved(text, *at, h), scale) - published(image, moved(text, *at, -h), scale)) / (2 * h) for at in row] for row in cells]
    return of_image, of_text, (published(image, text, scale + h) - published(image, text, scale - h)) / (2 * h)


def embeddings(n: int, d: int, unit: bool = True, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed + 100 * n + d)
    image, text = (torch.randn(n, d, generator=rng, dtype=torch.float64) for _ in range(2))
    return (F.normalize(image, dim=-1), F.normalize(text, dim=-1)) if unit else (image, text)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("scale", [1.0, 1 / 0.07, 100.0])
@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 1), (3, 5), (7, 4), (40, 16)])
def test_the_loss_is_that_of_figure_3(n, d, scale, unit):
    image, text = embeddings(n, d, unit)
    expected = published(image.tolist(), text.tolist(), scale)
    assert clip_loss(image, text, scale).item() == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert clip_loss(image.float(), text.float(), torch.tensor(scale)).item() == pytest.approx(expected, rel=2e-5, abs=2e-5)


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize(("n", "d", "scale"), [(2, 3, 1.0), (5, 4, 5.0), (4, 3, 14.0)])
def test_gradients_reach_both_towers_and_the_scale(n, d, scale, unit):
    image, text = (each.requires_grad_() for each in embeddings(n, d, unit, seed=7))
    multiplier = torch.tensor(scale, dtype=torch.float64, requires_grad=True)
    clip_loss(image, text, multiplier).backward()
    of_image, of_text, of_scale = gradient(image.tolist(), text.tolist(), scale)
    torch.testing.assert_close(image.grad, torch.tensor(of_image, dtype=torch.float64), rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(text.grad, torch.tensor(of_text, dtype=torch.float64), rtol=1e-6, atol=1e-8)
    assert multiplier.grad.item() == pytest.approx(of_scale, rel=1e-6, abs=1e-8)


def test_what_follows_from_the_formula():
    image, text = embeddings(6, 5)
    value = clip_loss(image, text, 10.0)
    torch.testing.assert_close(clip_loss(text, image, 10.0), value)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(clip_loss(image[order], text[order], 10.0), value)
    turn = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64))[0]
    torch.testing.assert_close(clip_loss(image @ turn, text @ turn, 10.0), value)
    torch.testing.assert_close(clip_loss(2 * image, text, 10.0), clip_loss(image, text, 20.0))
    same = torch.ones(8, 3, dtype=torch.float64)
    assert clip_loss(same, same, 50.0).item() == pytest.approx(math.log(8))
    one = torch.eye(6, dtype=torch.float64)
    assert clip_loss(one, one, 100.0).item() < 1e-40 < clip_loss(one, one.roll(1, 0), 100.0).item()
    twice = torch.eye(4, dtype=torch.float64).repeat(2, 1)  # every caption stands twice in the batch: false negatives leave log(2)
    assert clip_loss(twice, twice, 100.0).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_dtype_of_the_embeddings_comes_out_and_big_logits_stay_finite(dtype):
    image, text = (each.to(dtype) for each in embeddings(5, 8))
    found = clip_loss(image, text, torch.tensor(100.0, dtype=dtype))
    assert found.dtype == dtype and found.shape == () and found.isfinite()
    assert found.item() == pytest.approx(published(image.tolist(), text.tolist(), 100.0), rel=0.02 if dtype.itemsize == 2 else 1e-4)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: clip_loss(torch.ones(3, 2), torch.ones(4, 2), 1.0), r"must both be \(N, D\), N >= 1, got \(3, 2\) and \(4, 2\)"),
        (lambda: clip_loss(torch.ones(3, 2), torch.ones(3, 5), 1.0), r"\(3, 5\)"),
        (lambda: clip_loss(torch.ones(3), torch.ones(3), 1.0), r"\(3,\)"),
        (lambda: clip_loss(torch.ones(0, 4), torch.ones(0, 4), 1.0), "N >= 1"),
        (lambda: CLIP(nn.Identity(), nn.Identity(), 100.0), r"init_logit_scale must be <= log\(100\) = 4.605, got 100.0; give the logarithm"),
        (lambda: CLIP(nn.Identity(), nn.Identity(), math.nan), "init_logit_scale"),
        (lambda: Captions(NAMES["digits"]).encode("a pink seven"), "'pink' is in no caption"),
        (lambda: Captions(NAMES["digits"]).encode(" , "), "a caption must have 1 to"),
        (lambda: Captions(NAMES["digits"]).encode("red " * 40), "got 40; shorten it"),
    ],
)
def test_what_cannot_be_used_is_refused_with_value_bound_and_remedy(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def towers(seed: int = 0) -> CLIP:
    torch.manual_seed(seed)
    return CLIP(nn.Linear(5, 4), TextEncoder(9, 6, 4, width=8, depth=1)).double()


def test_the_model_gives_unit_vectors_and_a_scale_whose_logarithm_is_learned():
    model = towers()
    x, ids = torch.randn(7, 5, dtype=torch.float64), torch.randint(1, 9, (7, 6))
    image, text, scale = model(x, ids)
    for each in (image, text):
        torch.testing.assert_close(each.norm(dim=-1), torch.ones(7, dtype=torch.float64))
    assert scale.item() == pytest.approx(1 / 0.07)
    assert set(model.state_dict()) > {"logit_scale"} and model.logit_scale.shape == ()
    clip_loss(image, text, scale).backward()
    _, _, of_scale = gradient(image.tolist(), text.tolist(), scale.item())
    assert model.logit_scale.grad.item() == pytest.approx(of_scale * scale.item(), rel=1e-5)  # the chain rule through exp
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_several_steps_are_those_of_the_formula():
    model, rng = towers(3), torch.Generator().manual_seed(4)
    mine = {name: value.detach().clone().requires_grad_() for name, value in model.named_parameters()}
    optimizer, other = torch.optim.SGD(model.parameters(), 0.5), torch.optim.SGD(mine.values(), 0.5)
    for _ in range(4):
        x, ids = torch.randn(6, 5, generator=rng, dtype=torch.float64), torch.randint(1, 9, (6, 6), generator=rng)
        optimizer.zero_grad(), other.zero_grad()
        clip_loss(*model(x, ids)).backward()
        image = x @ mine["image_encoder.weight"].T + mine["image_encoder.bias"]
        text = torch.func.functional_call(model.text_encoder, {name.removeprefix("text_encoder."): v for name, v in mine.items() if "text" in name}, ids)
        image, text = image / image.square().sum(-1, keepdim=True).sqrt(), text / text.square().sum(-1, keepdim=True).sqrt()
        logits = mine["logit_scale"].exp() * torch.einsum("id,jd->ij", image, text)
        both = -torch.log(torch.exp(logits).diagonal() ** 2 / (torch.exp(logits).sum(0) * torch.exp(logits).sum(1)))
        (both.sum() / 12).backward()
        optimizer.step(), other.step()
        for name, value in model.named_parameters():
            torch.testing.assert_close(value, mine[name], rtol=1e-9, atol=1e-10)


def test_the_scale_ends_at_100_and_can_come_back():
    model = CLIP(nn.Identity(), nn.Identity(), MAX_LOGIT_SCALE)
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    for gradient_of_scale, expected in ((-0.5, 100.0), (0.25, 100 * math.exp(-0.25))):
        optimizer.zero_grad()
        (gradient_of_scale * model.logit_scale).backward()
        optimizer.step()
        model.clamp_scale()
        assert model(torch.eye(2), torch.eye(2))[2].item() == pytest.approx(expected, rel=1e-5)


def test_a_zero_shot_classifier_is_the_mean_of_its_prompts_at_unit_length():
    model = towers()
    prompts = torch.randint(1, 9, (5, 3, 6))
    weights = model.classifier(prompts)
    assert weights.shape == (5, 4)
    for c in range(5):
        mean = sum(model.encode_text(prompts[c, p : p + 1])[0] for p in range(3)) / 3
        torch.testing.assert_close(weights[c], mean / mean.norm())


@pytest.mark.parametrize("depth", [0, 2])
def test_padding_changes_no_text_and_only_blocks_see_the_order(depth):
    torch.manual_seed(0)
    encoder = TextEncoder(12, 8, 5, width=8, depth=depth)
    ids = torch.tensor([[3, 7, 5, 0, 0, 0, 0, 0], [4, 4, 9, 2, 0, 0, 0, 0]])
    torch.testing.assert_close(encoder(ids), encoder(ids[:, :4]))
    torch.testing.assert_close(encoder(ids)[:1], encoder(ids[:1, :3]))
    turned = (encoder(ids[:1, [1, 0, 2]]) - encoder(ids[:1, :3])).abs().max().item()
    assert (turned < 1e-6) is (depth == 0)


def test_captions_say_every_pair_in_both_languages():
    captions = Captions(NAMES["digits"])
    assert (captions.say(7, 0), captions.say(7, 0, 0, "zh")) == ("a red seven", "一个红色的七")
    assert [captions.say(8, 5), captions.say(1, 3, 3), captions.say(8, 0, 3)] == ["an orange eight", "a one painted in yellow", "an eight painted in red"]
    assert split("a RED seven，一个红色的七") == ["a", "red", "seven", "一", "个", "红", "色", "的", "七"]
    assert len(TEMPLATES["en"]) == len(TEMPLATES["zh"])
    for lang in LANGUAGES:
        ids = captions.ids[lang]
        assert ids.shape == (10, len(COLOURS), 5, captions.context) and ids.max() < captions.vocabulary
        assert len({tuple(each) for each in ids.flatten(0, 2).tolist()}) == 300
        assert ids[4, 2, 1].tolist() == captions.encode(captions.say(4, 2, 1, lang)).tolist()
    assert not {t for t in captions.tokens if t.isascii()} & {t for t in captions.tokens if not t.isascii()}


def test_a_painted_thing_has_its_colour_and_the_pairs_kept_out_are_spread():
    full = torch.ones(600, 4, 4)
    colours = torch.arange(6).repeat(100)
    rng = torch.Generator().manual_seed(0)
    images = paint(full, colours, rng)
    assert images.shape == (600, 3, 4, 4) and images.min() >= 0 and images.max() <= 1
    for number, rgb in enumerate(COLOURS.values()):
        torch.testing.assert_close(images[colours == number].mean((0, 2, 3)), torch.tensor(rgb), atol=0.03, rtol=0)
    assert torch.equal(paint(full, colours, torch.Generator().manual_seed(0)), images)
    empty = paint(torch.zeros(300, 4, 4), colours[:300], rng)
    assert (empty - empty.mean(1, keepdim=True)).abs().max() < 1e-6, "a background is grey"
    for each in (1, 2, 3):
        mask = unseen(10, each, seed=5)
        assert mask.sum(1).tolist() == [each] * 10
        assert mask.sum(0).max() - mask.sum(0).min() <= each
        assert torch.equal(mask, unseen(10, each, seed=5)) and not torch.equal(mask, unseen(10, each, seed=6))


def small_pairs(hidden: int = 2) -> Pairs:
    rng = torch.Generator().manual_seed(0)
    shapes, labels = torch.rand(60, 8, 8, generator=rng), torch.arange(60) % 10
    splits = dict.fromkeys(("train", "validation", "test"), (shapes, labels))
    return Pairs(splits, Captions(NAMES["digits"]), ~unseen(10, hidden, 0))


def test_training_never_shows_a_pair_that_is_kept_out():
    pairs, rng = small_pairs(), torch.Generator().manual_seed(0)
    shown = torch.zeros(10, len(COLOURS), dtype=torch.bool)
    for _ in range(20):
        _, things, colours = pairs.batch(64, rng)
        shown[things, colours] = True
    assert torch.equal(shown, pairs.allowed)


def test_training_resumes_bit_for_bit_from_a_checkpoint_of_weights_only(tmp_path):
    pairs, where = small_pairs(), place("cpu")

    def fresh(seed: int) -> Contrast:
        return Contrast(untrained(pairs, seed, depth=1), pairs, where, steps=8, lr=3e-3, size=16, seed=5)

    whole = fresh(1)
    losses = [whole.step() for _ in range(8)]
    half = fresh(1)
    first = [half.step() for _ in range(3)]
    file = tmp_path / "clip.pt"
    save(file, half.state_dict())
    assert [each.name for each in tmp_path.iterdir()] == ["clip.pt"], "nothing is left beside it"
    half.step()  # what comes after must not reach into the file
    resumed = fresh(2)
    resumed.load_state_dict(load(file))
    assert first + [resumed.step() for _ in range(5)] == losses
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_a_checkpoint_that_was_interrupted_leaves_the_old_one_whole(tmp_path):
    file = tmp_path / "clip.pt"
    save(file, {"step": 1})
    with pytest.raises(Exception, match="pickle"):
        save(file, {"step": 2, "bad": lambda: None})
    assert load(file) == {"step": 1}


def test_zero_shot_and_the_baselines_name_a_pair_by_its_number():
    pairs = small_pairs()
    model = untrained(pairs, 0).eval()
    weights = by_prompts(model, pairs)
    assert weights.shape == (60, 64)
    x = torch.randn(5, 3, 8, 8)
    assert torch.equal(zero_shot(model, x, weights), (model.encode_image(x) @ weights.T).argmax(1))
    logits = torch.randn(4, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    class Given(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            return logits

    assert predicted(Given(), x[:4], True).tolist() == [  # type: ignore[arg-type]
        max(range(60), key=lambda n: row[n // 6] + row[10 + n % 6]) for row in logits.tolist()
    ]
    labels = torch.tensor([[0, 1], [3, 2], [9, 5], [4, 4]])
    allowed = torch.rand(10, 6, generator=torch.Generator().manual_seed(2)) < 0.6
    allowed[labels[:, 0], labels[:, 1]] = True
    expected = 0.0
    for row, (thing, colour) in zip(logits.tolist(), labels.tolist(), strict=True):
        total = math.fsum(math.exp(row[t] + row[10 + c]) for t in range(10) for c in range(6) if allowed[t, c])
        expected += (math.log(total) - row[thing] - row[10 + colour]) / 4
    assert seen_pairs_loss(allowed)(logits, labels).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("values", [{}, {"scale": 150.0, "batch": 8}, {"twice": 3, "noise": 1.5}, {"batch": 2, "noise": 0.0}])
def test_the_browser_computes_the_same_loss(values, tmp_path):
    node, tests = shutil.which("node"), Path(__file__).parents[1]
    file = tmp_path / "picture.mjs"
    file.write_text(bundle(tests.parent / "studykit" / "selfsup" / "clip.js"), encoding="utf-8")
    if node:  # which nothing but such tests asks for
        drawn = [node, str(tests / "jupyter" / "draw.mjs"), str(file), json.dumps(values)]
        path = json.loads(subprocess.run(drawn, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout)["path"]
        image, text = (torch.tensor(path[name], dtype=torch.float64) for name in ("image", "text"))
        assert path["loss"] == pytest.approx(clip_loss(image, text, path["scale"]).item(), rel=1e-9, abs=1e-12)
