"""CutMix against the paper's equations, written out pixel by pixel, and the boxes' sizes and places against their distributions."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from studykit.data.cutmix import CutMix, box, cutmix

COUNT = 10


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def coded(shape=(2, 9, 14), dtype=torch.float64):
    """Every entry is a number of its own, so that each pixel tells where it comes from."""
    return torch.arange(COUNT * math.prod(shape)).view(COUNT, *shape).to(dtype)


def explained(x, new):
    """The box and the partners that explain a batch, pixel by pixel; asserts that there is one box."""
    height, width = x.shape[-2:]
    flat, made = x.reshape(COUNT, -1, height, width), new.reshape(COUNT, -1, height, width)
    inside, partners = torch.zeros(height, width, dtype=torch.bool), list(range(COUNT))
    for i in range(COUNT):
        changed = (made[i] != flat[i]).any(0)
        if changed.any():
            r, c = changed.nonzero()[0].tolist()
            (partners[i],) = [j for j in range(COUNT) if torch.equal(flat[j, :, r, c], made[i, :, r, c])]
            inside |= changed
    for i, j in enumerate(partners):
        assert torch.equal(made[i], torch.where(inside, flat[j], flat[i])), "x~ = M * x_i + (1 - M) * x_j"
    assert sorted(partners) == list(range(COUNT)), "the partners are a permutation"
    if inside.any():
        rows, columns = inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten()
        assert inside[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all(), "M is a box"
    return inside, partners


@pytest.mark.parametrize("shape", [(2, 9, 14), (1, 8, 8), (7, 5), (3, 4, 6, 11), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("alpha", [0.3, 1.0, 8.0])
@pytest.mark.parametrize("soft", [False, True])
def test_every_picture_is_the_papers_and_its_label_the_true_area(shape, alpha, soft):
    for seed in range(6):
        x, y = coded(shape), torch.randint(4, (COUNT,), generator=seeded(seed))
        rows = F.one_hot(y, 4).double()
        if soft:
            rows = torch.rand(COUNT, 4, generator=seeded(seed), dtype=torch.float64).softmax(1)
        new, labels = cutmix(x, rows if soft else y, 4, alpha, seeded(seed))
        inside, partners = explained(x, new)
        pasted = inside.sum().item() / inside.numel()
        expected = (1 - pasted) * rows + pasted * rows[partners]
        torch.testing.assert_close(labels.double(), expected, rtol=0, atol=1e-12)


def paper_box(height, width, lam, row, column):
    """Equation (2): r_w = W sqrt(1 - lambda), r_h = H sqrt(1 - lambda); then np.clip, as in clovaai/CutMix-PyTorch."""
    cut_h, cut_w = int(height * np.sqrt(1.0 - lam)), int(width * np.sqrt(1.0 - lam))
    rows = np.clip(row - cut_h // 2, 0, height), np.clip(row + cut_h // 2, 0, height)
    columns = np.clip(column - cut_w // 2, 0, width), np.clip(column + cut_w // 2, 0, width)
    return tuple(int(each) for each in (*rows, *columns))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 8), (9, 14), (32, 32), (224, 100)])
def test_the_box_is_that_of_the_papers_code(height, width):
    for seed in range(60):
        lam = torch.rand((), generator=seeded(1000 + seed), dtype=torch.float64).item()
        generator = seeded(seed)
        row, column = (int(torch.randint(side, (), generator=generator)) for side in (height, width))
        assert box(height, width, lam, seeded(seed)) == paper_box(height, width, lam, row, column)
    for lam, area in ((1.0, 0.0), (0.0, 1.0)):
        top, bottom, left, right = box(64, 64, lam, seeded(3))
        assert (bottom - top) * (right - left) <= area * 64 * 64


def drawn(alpha, count=1000, sides=(100, 160)):
    x, y, generator = torch.zeros(2, 1, *sides), torch.tensor([0, 1]), seeded(5)
    x[1] = 1
    found = []
    while len(found) < count:
        new, labels = cutmix(x, y, 2, alpha, generator)
        mask = new[0, 0] == 1
        if mask.any():
            rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
            edges = rows.min().item(), rows.max().item() + 1, columns.min().item(), columns.max().item() + 1
            assert labels[0, 1].item() == pytest.approx(mask.double().mean().item(), abs=1e-7)
            found.append(edges)
    return np.array(found)


def test_the_area_is_that_of_a_clipped_box_and_its_centre_is_uniform():
    height, width = 100, 160
    found = drawn(1.0)
    inside = (found[:, 0] > 0) & (found[:, 1] < height) & (found[:, 2] > 0) & (found[:, 3] < width)
    tall, wide = (found[:, 1] - found[:, 0]) / height, (found[:, 3] - found[:, 2]) / width
    assert np.abs(tall - wide)[inside].max() < 0.04, "the proportions of the picture"
    assert 0.1 < inside.mean() < 0.9
    # The published rule in NumPy: lambda uniform, a real box with a uniform centre, clipped.
    rng = np.random.default_rng(0)
    cut = np.sqrt(1 - rng.random(20_000))
    centre = rng.random((2, 20_000))
    spans = [np.minimum(each + cut / 2, 1) - np.maximum(each - cut / 2, 0) for each in centre]
    assert stats.ks_2samp(tall * wide, spans[0] * spans[1]).pvalue > 1e-3
    assert stats.ks_2samp(tall * wide, cut**2).pvalue < 1e-9, "not that of whole boxes"
    # A border is touched at the top as often as at the bottom, left as right.
    for first, last, side in ((0, 1, height), (2, 3, width)):
        low, high = (found[:, first] == 0).mean(), (found[:, last] == side).mean()
        assert abs(low - high) < 0.06


@pytest.mark.parametrize("alpha", [0.4, 6.0])
def test_lambda_is_distributed_as_beta(alpha):
    found = drawn(alpha, 800)
    rng = np.random.default_rng(1)

    def areas(lam):
        cut, centre = np.sqrt(1 - lam), rng.random((2, len(lam)))
        spans = [np.minimum(each + cut / 2, 1) - np.maximum(each - cut / 2, 0) for each in centre]
        return (spans[0] * spans[1])[cut > 2 / 100]

    ours = (found[:, 1] - found[:, 0]) * (found[:, 3] - found[:, 2]) / 16_000
    assert stats.ks_2samp(ours, areas(rng.beta(alpha, alpha, 20_000))).pvalue > 1e-3
    for other in (rng.beta(alpha, 1, 20_000), rng.random(20_000)):
        assert stats.ks_2samp(ours, areas(other)).pvalue < 1e-4, "the test would see another distribution"


def test_the_gradient_goes_where_the_pixels_came_from():
    x = coded().requires_grad_()
    new, _ = cutmix(x, torch.arange(COUNT), COUNT, 8.0, seeded(4))
    inside, partners = explained(x.detach(), new.detach())
    out = torch.randn(new.shape, generator=seeded(9), dtype=torch.float64)
    (gradient,) = torch.autograd.grad((new * out).sum(), x)
    expected = out * ~inside
    for i, j in enumerate(partners):
        expected[j] += out[i] * inside
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.uint8, torch.int64]
)
def test_types(dtype):
    x = torch.randint(200, (COUNT, 3, 9, 14), generator=seeded()).to(dtype)
    new, labels = cutmix(x, torch.arange(COUNT), COUNT, 8.0, seeded(2))
    assert (new.dtype, labels.dtype) == (dtype, torch.float64 if dtype == torch.float64 else torch.float32)
    assert set(new.flatten().tolist()) <= set(x.flatten().tolist()), "pixels are moved, never computed"
    assert cutmix(x, F.one_hot(torch.arange(COUNT)), None, 8.0, seeded(2))[1].equal(labels)


def test_the_generator_decides_all_and_torchs_own_is_left_alone():
    x, y = coded((1, 30, 30)), torch.arange(COUNT)
    before, generator = torch.get_rng_state(), seeded(1)
    first, second = cutmix(x, y, COUNT, 8.0, generator), cutmix(x, y, COUNT, 8.0, generator)
    state = generator.get_state()
    third = cutmix(x, y, COUNT, 8.0, generator)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, first, cutmix(x, y, COUNT, 8.0, seeded(1))))
    assert not torch.equal(first[0], second[0])
    assert all(map(torch.equal, third, cutmix(x, y, COUNT, 8.0, seeded().set_state(state)))), (
        "it goes on from a saved state"
    )


def test_arguments_are_left_as_they_are_and_nothing_is_shared():
    x, y = coded(), torch.rand(COUNT, 3, dtype=torch.float64)
    kept = x.clone(), y.clone()
    for alpha in (0.01, 8.0):  # also where nothing is pasted
        new, labels = cutmix(x, y, 3, alpha, seeded())
        new.zero_(), labels.zero_()
        assert torch.equal(x, kept[0])
        assert torch.equal(y, kept[1])


def test_small_batches():
    one = torch.randn(1, 3, 6, 6)
    new, labels = cutmix(one, torch.tensor([2]), 4, 8.0, seeded())
    assert torch.equal(new, one)
    torch.testing.assert_close(labels, torch.tensor([[0.0, 0, 1, 0]]))
    new, labels = cutmix(torch.zeros(0, 3, 6, 6), torch.zeros(0, dtype=torch.long), 4)
    assert (new.shape, labels.shape) == ((0, 3, 6, 6), (0, 4))


def test_the_module_is_the_function():
    x, y = coded(), torch.arange(COUNT)
    ours = CutMix(alpha=0.4, num_classes=COUNT, generator=seeded(2))
    assert all(map(torch.equal, ours(x, y), cutmix(x, y, COUNT, 0.4, seeded(2))))
    assert CutMix()(x, F.one_hot(y).double())[1].shape == (COUNT, COUNT)
    assert (ours.alpha, ours.num_classes, list(ours.state_dict())) == (0.4, COUNT, [])
    assert "alpha=0.4" in repr(nn.Sequential(ours))
    with pytest.raises(TypeError):
        CutMix(0.4)  # keyword only, as in torchvision
    for wrong in ({"alpha": 0}, {"num_classes": 0}):
        with pytest.raises(ValueError, match="must be"):
            CutMix(**wrong)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"alpha": 0.0}, "alpha must be > 0 and finite, got 0.0"),
        ({"alpha": math.nan}, "got nan"),
        ({"num_classes": None}, "num_classes must be given for indices"),
        ({"x": torch.zeros(3, 6)}, r"x must be pictures \(B, ..., H, W\), got \(3, 6\): a box needs"),
        ({"x": torch.zeros(3, 1, 0, 6)}, r"got \(3, 1, 0, 6\)"),
        ({"y": torch.tensor([0, 1])}, "as many samples"),
        ({"y": torch.zeros(3, 5)}, r"probabilities must be \(B, 4\), got \(3, 5\)"),
    ],
)
def test_bad_input_is_told_with_value_bound_and_remedy(change, says):
    arguments = {"x": torch.randn(3, 1, 5, 5), "y": torch.tensor([0, 1, 3]), "num_classes": 4, **change}
    with pytest.raises(ValueError, match=says) as caught:
        cutmix(**arguments)
    assert "\n" not in str(caught.value)


def test_an_index_that_is_no_class_is_an_index_error():
    with pytest.raises(IndexError, match=r"in \[0, 3\], got 4"):
        cutmix(torch.randn(3, 1, 5, 5), torch.tensor([0, 4, 3]), 4)
