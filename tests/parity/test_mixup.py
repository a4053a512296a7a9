"""mixup against the paper's equation, written out one sample after the other, and lambda against SciPy's Beta."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from studykit.data._mixing import beta
from studykit.data.mixup import MixUp, mixup

COUNT = 12


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(shape=(1, 3, 5), seed=0, dtype=torch.float64, classes=7):
    generator = seeded(seed)
    x = torch.randn(COUNT, *shape, generator=generator, dtype=torch.float64).to(dtype)
    return x, torch.randint(classes, (COUNT,), generator=generator), classes


def mixture(x, y, new, labels):
    """Lambda and partners that explain a batch, found by trying all of them; None where nothing does.

    Equation (1) of the paper: x~ = lambda x_i + (1 - lambda) x_j and y~ likewise, with one lambda for the batch.
    """
    found = []
    for i in range(len(x)):
        for j in [i, *range(len(x))]:  # itself first: with a weight of 1 any partner fits
            # The lambda that fits best: a projection onto x_i - x_j.
            along = (x[i] - x[j]).flatten()
            lam = 1.0 if i == j else float((new[i] - x[j]).flatten() @ along / (along @ along))
            fits = torch.allclose(lam * x[i] + (1 - lam) * x[j], new[i], rtol=0, atol=1e-9)
            if fits and -1e-9 < lam < 1 + 1e-9:
                assert torch.allclose(lam * y[i] + (1 - lam) * y[j], labels[i].to(y.dtype), rtol=0, atol=1e-6)
                found.append((j, lam))
                break
        else:
            return None
    return found


@pytest.mark.parametrize("shape", [(1, 3, 5), (3, 4, 4), (6,), (2, 9), (2, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
@pytest.mark.parametrize("soft", [False, True])
def test_every_sample_and_label_is_the_papers_mixture(shape, alpha, soft):
    for seed in range(5):
        x, y, classes = batch(shape, seed)
        rows = F.one_hot(y, classes).double()
        if soft:
            rows = torch.rand(COUNT, classes, generator=seeded(seed), dtype=torch.float64).softmax(1)
        new, labels = mixup(x, rows if soft else y, classes, alpha, seeded(seed))
        found = mixture(x, rows, new, labels)
        assert found is not None
        lams = [lam for i, (j, lam) in enumerate(found) if i != j] or [
            1.0
        ]  # alpha 0.2 draws a lambda of 1 now and then
        assert max(lams) - min(lams) < 1e-8, "one lambda for the batch"
        assert sorted(j for j, _ in found) == list(range(COUNT)), "the partners are a permutation"
        torch.testing.assert_close(labels.sum(1).double(), torch.ones(COUNT, dtype=torch.float64))


def lambdas(alpha, count):
    """Read off the new samples: of 8 unit vectors, the weight of their own."""
    x, y, generator = torch.eye(8, dtype=torch.float64), torch.zeros(8, dtype=torch.long), seeded(5)
    return [mixup(x, y, 1, alpha, generator)[0].diagonal().min().item() for _ in range(count)]


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.4, 1.0, 2.0, 32.0])
def test_lambda_is_distributed_as_beta(alpha):
    drawn = lambdas(alpha, 3000)
    assert stats.kstest(drawn, stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    for other in (stats.beta(alpha, 1), stats.beta(1, alpha), stats.beta(2.5 * alpha, 2.5 * alpha)):
        if other.args != (alpha, alpha):
            assert stats.kstest(drawn, other.cdf).pvalue < 1e-6, "the test would see another distribution"


def test_an_alpha_near_zero_leaves_the_samples_alone_and_one_that_underflows_is_no_nan():
    drawn = torch.tensor([beta(1e-3, generator) for generator in [seeded(1)] for _ in range(2000)])
    assert ((drawn < 1e-6) | (drawn > 1 - 1e-6)).double().mean() > 0.97
    assert 0.45 < (drawn > 0.5).double().mean() < 0.55  # torch.distributions.Beta gives 0.5 where both gammas underflow
    assert all(0 <= beta(1e-300, seeded(n)) <= 1 for n in range(50))
    assert all(abs(beta(1e6, seeded(n)) - 0.5) < 0.01 for n in range(50))


def test_partners_are_as_random_as_a_permutation():
    x, y, generator = torch.eye(4, dtype=torch.float64), torch.arange(4), seeded(3)
    alone, seen = 0, set()
    for _ in range(2000):
        labels = mixup(x, y, 4, 4.0, generator)[1]
        alone += int((labels.diagonal() > 1 - 1e-9).sum())
        seen.add(tuple((labels - labels.diag().diag()).argmax(1).tolist()))
    assert 1800 < alone < 2200, "one sample of a batch, on average, is mixed with itself"
    assert len(seen) > 12


def test_the_gradient_is_the_mixtures():
    x, y, classes = batch()
    x.requires_grad_()
    new, labels = mixup(x, y, classes, 2.0, seeded(4))
    out = torch.randn(new.shape, generator=seeded(9), dtype=torch.float64)
    (gradient,) = torch.autograd.grad((new * out).sum(), x)
    rows = F.one_hot(y, classes).double()
    expected = torch.zeros_like(x)
    for i, (j, lam) in enumerate(mixture(x.detach(), rows, new.detach(), labels)):
        expected[i] += lam * out[i]
        expected[j] += (1 - lam) * out[i]
    torch.testing.assert_close(gradient, expected)
    soft = rows.clone().requires_grad_()
    mixup(x.detach(), soft, classes, 2.0, seeded(4))[1].sum().backward()
    torch.testing.assert_close(soft.grad, torch.ones_like(soft))


def test_the_loss_is_the_papers_two_terms():
    # facebookresearch/mixup-cifar10, mixup_criterion: lam * criterion(pred, y_a) + (1 - lam) * criterion(pred, y_b).
    x, y, classes = batch()
    new, labels = mixup(x, y, classes, 1.0, seeded(2))
    logits = torch.randn(COUNT, classes, generator=seeded(8), dtype=torch.float64)
    found = mixture(x, F.one_hot(y, classes).double(), new, labels)
    partner, lam = y[[j for j, _ in found]], torch.tensor([lam for _, lam in found], dtype=torch.float64)
    two = lam * F.cross_entropy(logits, y, reduction="none") + (1 - lam) * F.cross_entropy(
        logits, partner, reduction="none"
    )
    torch.testing.assert_close(F.cross_entropy(logits, labels), two.mean())


def test_the_generator_decides_all_and_torchs_own_is_left_alone():
    x, y, classes = batch()
    before = torch.get_rng_state()
    generator = seeded(1)
    first, second = mixup(x, y, classes, 0.4, generator), mixup(x, y, classes, 0.4, generator)
    again = mixup(x, y, classes, 0.4, seeded(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], second[0])
    state = generator.get_state()
    third = mixup(x, y, classes, 0.4, generator)
    assert all(map(torch.equal, third, mixup(x, y, classes, 0.4, seeded().set_state(state)))), (
        "it goes on from a saved state"
    )


def test_without_a_generator_torchs_seed_decides():
    x, y, classes = batch()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first = mixup(x, y, classes)
        torch.manual_seed(3)
        assert all(map(torch.equal, first, mixup(x, y, classes)))
        assert not torch.equal(first[0], mixup(x, y, classes)[0])


@pytest.mark.parametrize(
    ("dtype", "of_labels"),
    [
        (torch.float64, torch.float64),
        (torch.float32, torch.float32),
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
    ],
)
def test_types(dtype, of_labels):
    x, y, classes = batch(dtype=dtype)
    new, labels = mixup(x, y, classes, 1.0, seeded(6))
    assert (new.dtype, labels.dtype, labels.shape) == (dtype, of_labels, (COUNT, classes))
    exact, _ = mixup(x.double(), y, classes, 1.0, seeded(6))
    torch.testing.assert_close(new.double(), exact, rtol=0, atol=4 * torch.finfo(dtype).eps * x.abs().max().item())
    for kind in (torch.int32, torch.uint8, torch.int16):
        assert torch.equal(mixup(x, y.to(kind), classes, 1.0, seeded(6))[1], labels)
    rows = F.one_hot(y, classes)
    torch.testing.assert_close(mixup(x, rows, classes, 1.0, seeded(6))[1], labels)
    assert mixup(x, rows.to(torch.float64), None, 1.0, seeded(6))[1].dtype == torch.float64


def test_arguments_are_left_as_they_are_and_nothing_is_shared():
    x, _, classes = batch()
    y = torch.rand(COUNT, classes, dtype=torch.float64)
    kept = x.clone(), y.clone()
    new, labels = mixup(x, y, classes, 1.0, seeded())
    new.zero_(), labels.zero_()
    assert torch.equal(x, kept[0])
    assert torch.equal(y, kept[1])


def test_small_batches():
    one = torch.randn(1, 2, 3, dtype=torch.float64)
    new, labels = mixup(one, torch.tensor([2]), 4, 1.0, seeded())
    torch.testing.assert_close(new, one)
    torch.testing.assert_close(labels.double(), torch.tensor([[0.0, 0, 1, 0]], dtype=torch.float64))
    new, labels = mixup(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long), 4)
    assert (new.shape, labels.shape) == ((0, 3), (0, 4))
    strided = torch.randn(COUNT, 5, 3, dtype=torch.float64).transpose(1, 2)
    new, _ = mixup(strided, torch.arange(COUNT), COUNT, 1.0, seeded(1))
    torch.testing.assert_close(new, mixup(strided.contiguous(), torch.arange(COUNT), COUNT, 1.0, seeded(1))[0])


def test_the_module_is_the_function():
    x, y, classes = batch()
    ours = MixUp(alpha=0.4, num_classes=classes, generator=seeded(2))
    assert all(map(torch.equal, ours(x, y), mixup(x, y, classes, 0.4, seeded(2))))
    rows = F.one_hot(y, classes).double()
    assert MixUp()(x, rows)[1].shape == (COUNT, classes)
    assert (ours.alpha, ours.num_classes, list(ours.state_dict())) == (0.4, classes, [])
    assert "alpha=0.4" in repr(nn.Sequential(ours))
    assert copy.deepcopy(MixUp(alpha=2.0)).alpha == 2.0
    with pytest.raises(TypeError):
        MixUp(0.4)  # keyword only, as in torchvision


def test_training_on_it_can_be_taken_up_in_the_middle():
    def steps(network, optimizer, generator, count):
        for _ in range(count):
            x, y = torch.randn(COUNT, 6, generator=generator), torch.randint(4, (COUNT,), generator=generator)
            x, y = mixup(x, y, 4, 0.4, generator)
            loss = F.cross_entropy(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def made():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = nn.Linear(6, 4)
        return network, torch.optim.SGD(network.parameters(), 0.1)

    whole, halves = made(), made()
    generator, other = seeded(7), seeded(7)
    steps(*whole, generator, 10)
    steps(*halves, other, 4)
    steps(*halves, seeded().set_state(other.get_state()), 6)
    assert torch.equal(whole[0].weight, halves[0].weight)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"alpha": 0.0}, "alpha must be > 0 and finite, got 0.0: leave"),
        ({"alpha": -1.0}, "got -1.0"),
        ({"alpha": math.nan}, "got nan"),
        ({"alpha": math.inf}, "got inf"),
        ({"num_classes": 0}, "num_classes must be >= 1, got 0"),
        ({"num_classes": None}, "num_classes must be given for indices"),
        ({"y": torch.zeros(3)}, r"y must be indices \(B,\) or probabilities .* got \(3,\) of torch.float32"),
        ({"y": torch.zeros(3, 4, 1)}, r"got \(3, 4, 1\)"),
        ({"y": torch.zeros(3, 5)}, r"probabilities must be \(B, 4\), got \(3, 5\)"),
        ({"y": torch.tensor([0, 1])}, r"as many samples, got shapes \(3, 2\) and \(2,\)"),
        ({"x": torch.tensor(1.0)}, r"got shapes \(\) and \(3,\)"),
        (
            {"x": torch.zeros(3, 2, dtype=torch.uint8)},
            "x must be floating point, got torch.uint8: .* divide them by 255",
        ),
    ],
)
def test_bad_input_is_told_with_value_bound_and_remedy(change, says):
    arguments = {"x": torch.randn(3, 2), "y": torch.tensor([0, 1, 3]), "num_classes": 4, **change}
    with pytest.raises(ValueError, match=says) as caught:
        mixup(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("index", [4, -1])
def test_an_index_that_is_no_class_is_an_index_error(index):
    with pytest.raises(IndexError, match=rf"in \[0, 3\], got {index}"):
        mixup(torch.randn(3, 2), torch.tensor([0, index, 3]), 4)


def test_a_module_refuses_what_the_function_refuses_when_it_is_made():
    for wrong in ({"alpha": 0}, {"num_classes": 0}):
        with pytest.raises(ValueError, match="must be"):
            MixUp(**wrong)
