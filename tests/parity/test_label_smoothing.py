"""Label smoothing against F.cross_entropy(label_smoothing=), and against two published formulas of other libraries."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.regularization.label_smoothing import LabelSmoothingCrossEntropy, label_smoothing_cross_entropy

SHAPES = [(7, 4), (3, 5, 6), (2, 3, 4, 5), (6, 2), (1, 9), (5,), (0, 3)]


def made(shape, seed, dtype=torch.float64):
    """Logits that learn, and indices for them."""
    generator = torch.Generator().manual_seed(seed)
    logits = (3 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype)
    classes, positions = (shape[0], ()) if len(shape) == 1 else (shape[1], (shape[0], *shape[2:]))
    return logits.requires_grad_(), torch.randint(classes, positions, generator=generator), classes


def agrees(logits, target, smoothing, weight, ignore_index, reduction, **tolerance):
    """Values and all gradients, the target's too where it is a distribution."""
    results = []
    for theirs in (True, False):
        x = logits.detach().clone().requires_grad_()
        q = target.clone().requires_grad_() if target.is_floating_point() else target
        if theirs:
            loss = F.cross_entropy(
                x, q, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
            )
        else:
            loss = label_smoothing_cross_entropy(x, q, smoothing, weight, ignore_index, reduction)
        scale = torch.arange(1, loss.numel() + 1, dtype=loss.dtype).view(loss.shape)
        wanted = [x, q] if q.requires_grad else [x]
        results.append([loss, *torch.autograd.grad((loss * scale).sum(), wanted)])
    for ours, theirs in zip(*reversed(results), strict=True):
        assert ours.dtype == theirs.dtype
        torch.testing.assert_close(ours, theirs, equal_nan=True, **tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["indices", "ignored", "probabilities"])
def test_values_and_gradients_are_those_of_torch(shape, reduction, weighted, kind):
    for number, smoothing in enumerate((0, 0.1, 0.45, 1)):
        logits, target, classes = made(shape, number)
        weight = torch.rand(classes, dtype=torch.float64) + 0.1 if weighted else None
        if kind == "ignored" and target.numel() > 1:
            target.view(-1)[:: number + 2] = -100
        if kind == "probabilities":
            target = torch.rand(shape, dtype=torch.float64).softmax(min(1, len(shape) - 1))
        agrees(logits, target, smoothing, weight, -100, reduction, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("ignore_index", [0, 2, -1, 255])
def test_any_index_may_be_the_ignored_one(ignore_index):
    logits, target, _ = made((30, 4), ignore_index)
    target[::3] = ignore_index
    for reduction in ("mean", "sum", "none"):
        for weight in (None, torch.tensor([0.5, 2.0, 0.0, 1.5], dtype=torch.float64)):
            agrees(logits, target, 0.2, weight, ignore_index, reduction, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_where_all_is_ignored_it_is_as_in_torch(reduction):
    logits, target, _ = made((5, 3), 1)
    agrees(logits, torch.full_like(target, -100), 0.1, None, -100, reduction)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 2e-2), (torch.float16, 3e-3), (torch.float64, 1e-12)]
)
def test_types_are_kept(dtype, tolerance):
    logits, target, classes = made((40, 12), 3, dtype)
    target[::5] = -100
    weight = (torch.rand(classes) + 0.2).to(dtype)
    for reduction in ("mean", "none"):
        for each in (None, weight):
            agrees(logits, target, 0.1, each, -100, reduction, rtol=tolerance, atol=tolerance)


def test_bytes_are_indices_as_in_torch_and_so_are_other_integers():
    logits, target, _ = made((6, 4), 5)
    expected = F.cross_entropy(logits, target.to(torch.uint8), label_smoothing=0.1)
    for kind in (torch.uint8, torch.int32, torch.int16):
        torch.testing.assert_close(label_smoothing_cross_entropy(logits, target.to(kind)), expected)


def test_great_logits_and_masked_classes():
    logits = torch.tensor([[800.0, -800.0, 0.0], [-1e4, 1e4, 3.0]])
    agrees(logits, torch.tensor([1, 1]), 0.1, None, -100, "none")
    masked = torch.tensor([[-torch.inf, 1.0, 0.5]])
    agrees(masked, torch.tensor([1]), 0.0, None, -100, "mean")
    assert label_smoothing_cross_entropy(masked, torch.tensor([1]), 0.1) == torch.inf
    assert F.cross_entropy(masked, torch.tensor([1]), label_smoothing=0.1) == torch.inf


def test_second_derivatives_and_the_closed_form_of_the_first():
    logits, target, classes = made((3, 4), 9)
    assert torch.autograd.gradgradcheck(lambda x: label_smoothing_cross_entropy(x, target, 0.3), (logits,))
    (gradient,) = torch.autograd.grad(label_smoothing_cross_entropy(logits, target, 0.3, reduction="sum"), logits)
    q = 0.7 * F.one_hot(target, classes) + 0.3 / classes
    torch.testing.assert_close(gradient, logits.softmax(1) - q)


def test_inputs_are_left_as_they_are():
    logits, target, classes = made((6, 4), 2)
    target[1] = -100
    weight = torch.rand(classes, dtype=torch.float64)
    kept = [each.detach().clone() for each in (logits, target, weight)]
    label_smoothing_cross_entropy(logits, target, 0.1, weight).backward()
    assert all(torch.equal(a, b) for a, b in zip(kept, (logits, target, weight), strict=True))


def test_the_formula_of_timm_is_this_one():
    # timm/loss/cross_entropy.py, LabelSmoothingCrossEntropy(smoothing), its two terms written out.
    logits, target, _ = made((8, 5), 4)
    logs = F.log_softmax(logits, -1)
    expected = (0.9 * F.nll_loss(logs, target, reduction="none") + 0.1 * -logs.mean(-1)).mean()
    torch.testing.assert_close(LabelSmoothingCrossEntropy(0.1)(logits, target), expected)


def test_the_convention_of_tensor2tensor_is_another_smoothing():
    # tensor2tensor's smoothing_cross_entropy: 1 - eps on the true class, eps / (K - 1) on each other.
    logits, target, classes = made((8, 5), 4)
    off = 0.1 / (classes - 1)
    q = F.one_hot(target, classes) * (0.9 - off) + off
    expected = -(q * F.log_softmax(logits, -1)).sum(-1).mean()
    ours = label_smoothing_cross_entropy(logits, target, 0.1 * classes / (classes - 1))
    torch.testing.assert_close(ours, expected)
    assert not torch.isclose(label_smoothing_cross_entropy(logits, target, 0.1), expected)


def test_the_module_is_the_function_and_carries_torchs_state():
    logits, target, classes = made((3, 5, 2), 6)
    weight = torch.rand(classes, dtype=torch.float64)
    theirs = nn.CrossEntropyLoss(weight, ignore_index=1, reduction="sum", label_smoothing=0.2)
    ours = LabelSmoothingCrossEntropy(smoothing=0.2, weight=torch.ones(5, dtype=torch.float64), ignore_index=1, reduction="sum")
    ours.load_state_dict(theirs.state_dict())
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    torch.testing.assert_close(ours(logits, target), theirs(logits, target))
    assert list(LabelSmoothingCrossEntropy().state_dict()) == list(nn.CrossEntropyLoss().state_dict()) == []
    assert LabelSmoothingCrossEntropy(weight=torch.ones(2)).half().weight.dtype == torch.float16


def test_several_steps_of_training_are_those_of_torch():
    curves = []
    for loss_of in (LabelSmoothingCrossEntropy(0.2), nn.CrossEntropyLoss(label_smoothing=0.2)):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4)).double()
        x, y = torch.randn(32, 6, dtype=torch.float64), torch.randint(4, (32,))
        optimizer, losses = torch.optim.SGD(network.parameters(), 0.5, momentum=0.9), []
        for _ in range(20):
            loss = loss_of(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        curves.append(losses)
    assert curves[0] == pytest.approx(curves[1], rel=1e-9)
    assert curves[0][-1] < curves[0][0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"smoothing": 1.5}, r"smoothing must be in \[0, 1\], got 1.5: it is a share"),
        ({"smoothing": -0.1}, "got -0.1"),
        ({"smoothing": float("nan")}, "got nan"),
        ({"reduction": "average"}, "reduction must be mean, sum or none, got 'average'"),
        ({"weight": torch.ones(3)}, r"weight must be \(4,\), one number for each class, got \(3,\)"),
        ({"target": torch.tensor([0, 1])}, r"indices must be \(3,\) for logits \(3, 4\), got \(2,\)"),
        ({"target": torch.tensor([[0], [1], [2]])}, r"got \(3, 1\)"),
        ({"target": torch.rand(3, 5)}, r"probabilities must have logits' shape \(3, 4\), got \(3, 5\)"),
        ({"target": torch.rand(3, 4), "ignore_index": 1}, "ignore_index must be < 0 for probabilities, got 1"),
        ({"logits": torch.tensor(1.0)}, "got a scalar"),
    ],
)
def test_bad_input_is_told_with_value_bound_and_remedy(change, says):
    arguments = {"logits": torch.randn(3, 4), "target": torch.tensor([0, 1, 3]), **change}
    with pytest.raises(ValueError, match=says) as caught:
        label_smoothing_cross_entropy(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("index", [4, -1])
def test_an_index_that_is_no_class_is_an_index_error_as_in_torch(index):
    logits, target = torch.randn(3, 4), torch.tensor([0, index, 3])
    with pytest.raises(IndexError):
        F.cross_entropy(logits, target, label_smoothing=0.1)
    with pytest.raises(IndexError, match=rf"in \[0, 3\] or -100, which is ignored, got {index}"):
        label_smoothing_cross_entropy(logits, target)


def test_a_module_refuses_what_the_function_refuses_when_it_is_made():
    for wrong in ({"smoothing": 2}, {"reduction": "max"}):
        with pytest.raises(ValueError, match="must be"):
            LabelSmoothingCrossEntropy(**wrong)
