"""NT-Xent against equation 1 of Chen et al. 2020 (arXiv:2002.05709), written out in decimal numbers and loops; SimCLR, its views and its checkpoints."""

import io
import json
import math
import shutil
import subprocess
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.bench.tasks import load
from studykit.models import CNN, ViT
from studykit.selfsup._augment import Augment
from studykit.selfsup.simclr import SimCLR, nt_xent
from studykit.selfsup.simclr_experiment import Pretraining
from studykit.widgets.bundle import bundle

PICTURE = Path(__file__).parents[2] / "studykit" / "selfsup" / "simclr.js"
DRAW = Path(__file__).parents[1] / "jupyter" / "draw.mjs"


def views(n=6, d=5, seed=0, dtype=torch.float64, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    z1 = torch.randn(n, d, generator=rng, dtype=torch.float64)
    z2 = z1 + 0.6 * torch.randn(n, d, generator=rng, dtype=torch.float64)
    return (scale * z1).to(dtype), (z2 / scale).to(dtype)


def equation_1(z1, z2, temperature):
    """The mean of l(2k-1, 2k) and l(2k, 2k-1), with 60 digits, where no exponential overflows and nothing cancels."""
    rows = [row for pair in zip(z1.tolist(), z2.tolist(), strict=True) for row in pair]  # x_{2k-1}, x_{2k} as in algorithm 1
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 60, 10**8, -(10**8)
        z = [[Decimal(each) for each in row] for row in rows]
        t = Decimal(temperature)

        def dot(u, v):
            return sum(a * b for a, b in zip(u, v, strict=True))

        def sim(i, j):
            lengths = (dot(z[i], z[i]) * dot(z[j], z[j])).sqrt()
            return dot(z[i], z[j]) / lengths if lengths else Decimal(0)

        def l(i, j):  # noqa: E743
            whole = sum((sim(i, k) / t).exp() for k in range(len(z)) if k != i)
            return -((sim(i, j) / t).exp() / whole).ln()

        n = len(z) // 2
        return float(sum(l(2 * k, 2 * k + 1) + l(2 * k + 1, 2 * k) for k in range(n)) / (2 * n))


@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.5, 1.0, 10.0])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (2, 3), (5, 2), (12, 7)])
def test_the_loss_is_equation_1(n, d, temperature):
    z1, z2 = views(n, d, n + d)
    expected = equation_1(z1, z2, temperature)
    assert nt_xent(z1, z2, temperature).item() == pytest.approx(expected, rel=1e-12, abs=1e-13)
    assert nt_xent(z1.float(), z2.float(), temperature).item() == pytest.approx(expected, rel=2e-5, abs=1e-5)


def test_the_temperature_is_one_half_by_default():
    z1, z2 = views()
    assert nt_xent(z1, z2).item() == pytest.approx(equation_1(z1, z2, 0.5), rel=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_gradients_are_those_of_the_equation(temperature):
    z1, z2 = (z.requires_grad_() for z in views(4, 3, 7, scale=1.7))
    assert torch.autograd.gradcheck(lambda a, b: nt_xent(a, b, temperature), (z1, z2))
    nt_xent(z1, z2, temperature).backward()
    step = 1e-5
    for which, row, column in ((0, 0, 0), (0, 3, 2), (1, 1, 1), (1, 2, 0)):
        ends = []
        for sign in (1, -1):
            moved = [z.detach().clone() for z in (z1, z2)]
            moved[which][row, column] += sign * step
            ends.append(equation_1(*moved, temperature))
        assert (z1, z2)[which].grad[row, column].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-9)


def test_the_gradient_is_what_the_softmax_misses_and_stands_upright_on_each_vector():
    z1, z2 = (z.requires_grad_() for z in views(5, 4, 3))
    nt_xent(z1, z2, 0.3).backward()
    for z in (z1, z2):
        assert (z * z.grad).sum(1).abs().max() < 1e-15  # length is free
    u = F.normalize(torch.cat([z1, z2])).detach()
    logits = u @ u.T / 0.3
    p = logits.fill_diagonal_(-math.inf).softmax(1)
    wanted = torch.eye(10, dtype=torch.float64).roll(5, 0)
    pulled = ((p - wanted) + (p - wanted).T) @ u / (10 * 0.3)  # by the unit vectors, as asker and as asked
    tangent = pulled - (pulled * u).sum(1, keepdim=True) * u
    lengths = torch.cat([z1, z2]).detach().norm(dim=1, keepdim=True)
    torch.testing.assert_close(torch.cat([z1.grad, z2.grad]), tangent / lengths, rtol=1e-10, atol=1e-14)


def test_it_is_cross_entropy_with_2n_minus_1_classes():
    z1, z2 = views(6, 4)
    z = F.normalize(torch.cat([z1, z2]))
    rows = torch.arange(12)
    classes = torch.stack([row[rows != i] for i, row in enumerate(z @ z.T / 0.2)])  # (2N, 2N - 1): the view itself is cut out
    target = torch.tensor([(i + 6) % 12 - ((i + 6) % 12 > i) for i in range(12)])
    assert classes.shape == (12, 11)
    torch.testing.assert_close(nt_xent(z1, z2, 0.2), F.cross_entropy(classes, target), rtol=1e-12, atol=0)


def test_order_side_and_length_do_not_matter():
    z1, z2 = views()
    loss = nt_xent(z1, z2, 0.3)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    lengths = torch.logspace(-3, 3, 6, dtype=torch.float64)[:, None]
    for a, b in ((z2, z1), (z1[order], z2[order]), (z1 * lengths, z2 / lengths)):
        torch.testing.assert_close(nt_xent(a, b, 0.3), loss, rtol=1e-12, atol=0)
    assert not torch.isclose(nt_xent(z1, z2[order], 0.3), loss)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    z1, z2 = views(16, 8, dtype=dtype)
    loss = nt_xent(z1.requires_grad_(), z2.requires_grad_(), 0.05)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(equation_1(z1.double(), z2.double(), 0.05), rel=1e-5)
    loss.backward()
    assert z1.grad.dtype == z2.grad.dtype == dtype and z1.grad.isfinite().all()
    mixed = nt_xent(z1.detach(), z2.detach().double(), 0.05)
    assert mixed.dtype == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nt_xent(z1, z2, 0.05).item() == loss.item()  # the logits are not rounded to bfloat16


@pytest.mark.parametrize("temperature", [1e-4, 1e-3, 0.01])
def test_large_logits_neither_overflow_nor_vanish(temperature):
    z1, z2 = views(5, 3, 2)
    for dtype, close in ((torch.float64, 1e-9), (torch.float32, 1e-2)):
        a, b = (z.detach().to(dtype).requires_grad_() for z in (z1, z2))
        loss = nt_xent(a, b, temperature)
        assert loss.item() == pytest.approx(equation_1(a.detach(), b.detach(), temperature), rel=close, abs=close)
        loss.backward()
        assert a.grad.isfinite().all() and b.grad.isfinite().all()


def test_the_ends_of_the_temperature():
    z1, z2 = views(8, 16, 1)
    assert nt_xent(z1, z2, 1e9).item() == pytest.approx(math.log(15), abs=1e-8)  # all alike
    assert nt_xent(z1, z2, 1e-3).item() < 1e-6  # each is nearest to its partner
    far = nt_xent(z1, -z1, 1e-3).item()
    u = F.normalize(torch.cat([z1, -z1]))
    gap = (u @ u.T).fill_diagonal_(-2).amax(1) + 1  # the partner's cosine is -1
    assert far == pytest.approx((gap / 1e-3).mean().item(), rel=1e-3)


def test_equal_projections_cost_the_logarithm_of_what_is_asked():
    same = torch.ones(7, 3)
    assert nt_xent(same, same).item() == pytest.approx(math.log(13), rel=1e-6)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_tiny_and_huge_vectors_keep_their_direction(size):
    z1, z2 = (z.float() for z in views())
    a = (z1 * size).requires_grad_()
    loss = nt_xent(a, z2 * size, 0.2)
    torch.testing.assert_close(loss, nt_xent(z1, z2, 0.2), rtol=1e-5, atol=1e-6)
    if size > 1:
        loss.backward()
        assert a.grad.isfinite().all()


def test_a_zero_vector_has_cosine_0_and_a_finite_gradient():
    z1, z2 = views(4, 3)
    z1[1], z2[2] = 0, 0
    loss = nt_xent(z1.requires_grad_(), z2.requires_grad_(), 0.2)
    assert loss.item() == pytest.approx(equation_1(z1.detach(), z2.detach(), 0.2), rel=1e-12)
    loss.backward()
    assert z1.grad.isfinite().all() and z1.grad.abs().max() < 1e3 and z1.grad[1].abs().sum() > 0
    zeros = torch.zeros(3, 2, requires_grad=True)
    nt_xent(zeros, torch.zeros(3, 2)).backward()
    assert torch.equal(zeros.grad, torch.zeros(3, 2))


def test_the_temperature_may_be_learned():
    z1, z2 = views()
    t = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    nt_xent(z1, z2, t).backward()
    expected = (equation_1(z1, z2, 0.4 + 1e-6) - equation_1(z1, z2, 0.4 - 1e-6)) / 2e-6
    assert t.grad.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: nt_xent(torch.ones(1, 3), torch.ones(1, 3)), "N >= 2 pairs, got 1; without a negative the loss is 0"),
        (lambda: nt_xent(torch.ones(0, 3), torch.ones(0, 3)), "N >= 2 pairs, got 0"),
        (lambda: nt_xent(torch.ones(3, 2), torch.ones(2, 2)), r"one shape \(N, D\), got \(3, 2\) and \(2, 2\)"),
        (lambda: nt_xent(torch.ones(3), torch.ones(3)), r"one shape \(N, D\)"),
        (lambda: nt_xent(torch.ones(2, 3, 4), torch.ones(2, 3, 4)), r"one shape \(N, D\)"),
        (lambda: nt_xent(torch.ones(2, 3).long(), torch.ones(2, 3)), r"floating, got torch.int64 and torch.float32; .*\.float\(\)"),
        (lambda: nt_xent(torch.ones(2, 3), torch.ones(2, 3), 0.0), "temperature must be > 0, got 0.0"),
        (lambda: nt_xent(torch.ones(2, 3), torch.ones(2, 3), -1), "temperature must be > 0, got -1"),
        (lambda: nt_xent(torch.ones(2, 3), torch.ones(2, 3), math.nan), "temperature must be > 0, got nan"),
        (lambda: SimCLR(nn.Identity(), 0), "width must be >= 1, got 0"),
        (lambda: SimCLR(nn.Identity(), 4, 0), "projection must be >= 1, got 0"),
        (lambda: Augment(noise=-0.1), "noise must be >= 0, got -0.1; 0 turns it off"),
        (lambda: Augment(scale=1.0), "scale must be < 1, got 1.0"),
    ],
)
def test_what_cannot_be_used_is_refused_with_value_bound_and_remedy(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_the_model_keeps_features_and_projections_apart():
    torch.manual_seed(0)
    x = torch.randn(5, 1, 8, 8)
    cnn, vit = CNN(1, 8, 10), ViT(1, 8, 10, width=32, depth=1)
    for model, features in (
        (SimCLR(cnn, 64, 12), cnn.encode(x)),
        (SimCLR(vit, 32, 12), vit.encode(x)[:, 0]),  # the class token
        (SimCLR(nn.Flatten(), 64, 12), x.flatten(1)),
    ):
        torch.testing.assert_close(model.features(x), features)
        torch.testing.assert_close(model(x), model.head(features))
        assert model(x).shape == (5, 12)
        torch.testing.assert_close(model.loss(x, x + 0.1, 0.2), nt_xent(model(x), model(x + 0.1), 0.2))


def test_both_views_share_one_batch():
    torch.manual_seed(0)
    model = SimCLR(nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64)), 64)
    one, other = torch.randn(6, 1, 8, 8), 5 + torch.randn(6, 1, 8, 8)
    z = model(torch.cat([one, other]))
    torch.testing.assert_close(model.loss(one, other), nt_xent(z[:6], z[6:]))


@pytest.mark.parametrize("shape", [(6, 1, 8, 8), (3, 3, 32, 32), (2, 1, 6, 10)])
def test_views_are_of_the_images_shape_and_come_from_the_generator(shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    augment = Augment()
    one, again, other = (augment(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.shape == x.shape and one.dtype == x.dtype and torch.equal(one, again) and not torch.equal(one, other)
    assert augment(x.bfloat16(), torch.Generator()).dtype == torch.bfloat16
    off = Augment(0, 0, 0, 0, 0, 0, 0)
    assert torch.equal(off(x, torch.Generator()), x)
    kept = x.clone()
    augment(x)
    assert torch.equal(x, kept)


def test_each_part_of_a_view_does_what_it_says():
    x = torch.rand(4, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    turn = torch.tensor([[1.0, 0, 0, 0, 0]]).expand(4, -1)
    torch.testing.assert_close(Augment(rotate=90, shear=0, scale=0, shift=0)._moved(x, turn), x.rot90(1, (2, 3)), atol=1e-5, rtol=0)
    right = torch.tensor([[0.0, 0, -1, 0, 0]]).expand(4, -1)
    moved = Augment(rotate=0, shear=0, scale=0, shift=0.25)._moved(x, right)  # a quarter of 8 pixels
    torch.testing.assert_close(moved[..., 2:], x[..., :-2], atol=1e-5, rtol=0)
    slant = Augment(rotate=0, shear=1, scale=0, shift=0)._moved(x, torch.tensor([[0.0, 0, 0, 0, 1]]).expand(4, -1))
    for row in range(2, 6):  # the middle stays; each row is moved one pixel more, so by halves between two
        at = [column + math.floor(row - 3.5) for column in range(3, 5)]
        moved = (x[:, :, row][..., at] + x[:, :, row][..., [each + 1 for each in at]]) / 2
        torch.testing.assert_close(slant[:, :, row, 3:5], moved, atol=1e-5, rtol=0)
    small = Augment(rotate=0, shear=0, scale=0.5, shift=0)._moved(torch.nn.functional.pad(x, (8, 8, 8, 8)), torch.tensor([[0.0, -1, 0, 0, 0]]).expand(4, -1))
    assert small.sum().item() == pytest.approx(x.sum().item() / 4, rel=0.02)  # half as large either way
    for name in ("contrast", "noise", "erase"):
        only = Augment(**{**dict.fromkeys(("rotate", "shear", "scale", "shift", "contrast", "noise", "erase"), 0.0), name: 0.5})
        many = only(x[:1].repeat(400, 1, 1, 1), torch.Generator().manual_seed(0))
        if name == "contrast":
            gains = many.std((1, 2, 3)) / x[0].std()
            assert 0.5 <= gains.min() < 0.52 and 1.48 < gains.max() <= 1.5
            torch.testing.assert_close(many.mean((1, 2, 3)), x[0].mean().expand(400))
        elif name == "noise":
            assert (many - x[0]).std().item() == pytest.approx(0.5, rel=0.02)
        else:
            blank = many == x[0].mean()
            assert torch.equal(many[~blank], x[:1].expand(400, -1, -1, -1)[~blank])
            assert blank.flatten(1).sum(1).max() == 2 * 16  # a square of half the side, in both channels
            assert 0.1 < blank.float().mean() < 0.25  # at the border a part of it is cut off


def test_turning_one_part_off_leaves_the_others_as_they_were():
    x = torch.rand(3, 1, 8, 8)
    with_noise, without = (Augment(noise=noise, erase=0)(x, torch.Generator().manual_seed(3)) for noise in (0.1, 0.0))
    difference = with_noise - without
    assert difference.std().item() == pytest.approx(0.1, rel=0.25)
    assert Augment(erase=0, noise=0)(x, torch.Generator().manual_seed(3)).equal(without)


def test_a_checkpoint_is_read_back_as_weights_alone_and_goes_on_bit_for_bit():
    task = load("digits", size=120)

    def new():
        return Pretraining(task, steps=6, batch_size=16, temperature=0.2, lr=3e-3, seed=1)

    whole = new()
    whole.train()
    half = new()
    half.train(until=3)
    file = io.BytesIO()
    torch.save(half.state_dict(), file)
    half.train(until=4)  # what happens afterwards is not in the file
    file.seek(0)
    state = torch.load(file, weights_only=True)
    before = torch.get_rng_state()
    resumed = new()
    resumed.load_state_dict(state)
    assert len(resumed.losses) == 3
    resumed.train()
    assert torch.equal(torch.get_rng_state(), before)
    assert resumed.losses == whole.losses and len(whole.losses) == 6
    for (name, one), other in zip(whole.model.state_dict().items(), resumed.model.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_pretraining_reads_no_label():
    task = load("digits", size=60)
    wrong = type(task)(**{**vars(task), "train": (task.train[0], torch.zeros_like(task.train[1]))})
    runs = [Pretraining(each, steps=2, batch_size=8, temperature=0.2, lr=3e-3, seed=0) for each in (task, wrong)]
    for run in runs:
        run.train()
    assert runs[0].losses == runs[1].losses


def test_the_picture_computes_the_loss_and_its_force(tmp_path):
    node = shutil.which("node")
    if node is None:  # nothing but this and the widgets' tests asks for it
        return
    bundled = tmp_path / "picture.mjs"
    bundled.write_text(bundle(PICTURE), encoding="utf-8")
    for values in ({}, {"temperature": 0.05, "negatives": 9, "partner": 70}):
        done = subprocess.run([node, DRAW, bundled, json.dumps(values)], capture_output=True, text=True, encoding="utf-8", check=True)
        shown = json.loads(done.stdout)
        knobs, found = shown["values"], shown["path"]
        angle = torch.zeros((), dtype=torch.float64, requires_grad=True)
        others = torch.tensor([knobs["partner"], *found["others"]], dtype=torch.float64).deg2rad()
        loss = F.cross_entropy(torch.cos(others - angle) / knobs["temperature"], torch.tensor(0))
        loss.backward()
        assert found["loss"] == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
        assert found["pull"] + found["push"] == pytest.approx(-angle.grad.item(), rel=1e-9, abs=1e-12)
