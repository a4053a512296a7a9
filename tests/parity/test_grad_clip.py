"""Gradient clipping against torch.nn.utils: norms, gradients, what it takes as parameters, and what it refuses."""

import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn import utils

from studykit.gradient.grad_clip import clip_grad_norm_, clip_grad_value_, get_total_norm

NORMS = [2.0, 1, 1.5, 3.0, math.inf, "inf", -math.inf, 0.0]
KINDS = {
    "one": [(7,)],
    "several": [(3, 4), (5,), (), (2, 1, 3)],
    "scalar": [()],
    "many": [(n,) for n in range(1, 30)],
}


def made(kind, scale=1.0, dtypes=(torch.float64,), seed=0, without=()):
    """Parameters with gradients; `without` are the positions that have none."""
    rng = torch.Generator().manual_seed(seed)
    parameters = []
    for n, shape in enumerate(KINDS[kind]):
        dtype = dtypes[n % len(dtypes)]
        parameter = nn.Parameter(torch.zeros(shape, dtype=dtype))
        if n not in without:
            parameter.grad = (scale * torch.randn(shape, generator=rng, dtype=torch.float64)).to(dtype)
        parameters.append(parameter)
    return parameters


def same(ours, theirs, **tolerance):
    for mine, its in zip(ours, theirs, strict=True):
        assert (mine.grad is None) == (its.grad is None)
        if its.grad is not None:
            assert mine.grad.dtype == its.grad.dtype
            torch.testing.assert_close(mine.grad, its.grad, equal_nan=True, **tolerance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm_type", NORMS, ids=str)
@pytest.mark.parametrize("foreach", [None, True, False])
def test_norm_and_gradients_are_those_of_torch(kind, norm_type, foreach):
    for seed, (scale, max_norm) in enumerate([(1, 0.1), (1, 1.0), (1e-3, 1.0), (1e3, 5), (1, 0), (0, 1.0), (1, math.inf)]):
        ours, theirs = (made(kind, scale, seed=seed) for _ in range(2))
        before = [each.grad for each in ours]
        total = clip_grad_norm_(ours, max_norm, norm_type, foreach=foreach)
        expected = utils.clip_grad_norm_(theirs, max_norm, norm_type, foreach=foreach)
        torch.testing.assert_close(total, expected, rtol=1e-12, atol=0)
        assert (total.shape, total.dtype) == (expected.shape, expected.dtype)
        same(ours, theirs, rtol=1e-12, atol=0)
        assert all(each.grad is grad for each, grad in zip(ours, before, strict=True)), "in place"


@pytest.mark.parametrize("dtypes", [
    (torch.float32,), (torch.bfloat16,), (torch.float16,), (torch.complex64,),
    (torch.float32, torch.bfloat16), (torch.float16, torch.float64), (torch.bfloat16, torch.float32, torch.float64),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("foreach", [None, True, False])
def test_dtypes_may_be_mixed(dtypes, foreach):
    for max_norm in (0.5, 100.0):
        ours, theirs = (made("several", 2, dtypes) for _ in range(2))
        total = clip_grad_norm_(ours, max_norm, foreach=foreach)
        expected = utils.clip_grad_norm_(theirs, max_norm, foreach=foreach)
        assert total.dtype == expected.dtype
        torch.testing.assert_close(total, expected, rtol=1e-3, atol=0)
        # The order in which norms of several dtypes are summed differs; so may the last digit of the coarsest one.
        same(ours, theirs, rtol=1e-2 if torch.bfloat16 in dtypes else 2e-3, atol=0)


def test_what_is_taken_as_parameters():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    for give in (
        lambda each: each.parameters(),
        lambda each: list(each.parameters()),
        lambda each: tuple(each.parameters()),
        lambda each: {number: p for number, p in enumerate(each.parameters())}.values(),
        lambda each: (p for p in each.parameters() if p.ndim > 1),
        lambda each: each[0].weight,
        lambda each: iter(each.parameters()),
    ):
        pair = []
        for clip in (clip_grad_norm_, utils.clip_grad_norm_):
            module.zero_grad()
            (100 * module(torch.ones(2, 3)).sum()).backward()
            total = clip(give(module), 1.0)
            pair.append((total, [p.grad.clone() for p in module.parameters()]))
        torch.testing.assert_close(*pair)


def test_parameters_without_gradient_are_passed_over():
    ours, theirs = (made("several", 3, without=(0, 2)) for _ in range(2))
    torch.testing.assert_close(clip_grad_norm_(ours, 1.0), utils.clip_grad_norm_(theirs, 1.0))
    same(ours, theirs)
    assert ours[0].grad is None


@pytest.mark.parametrize("nothing", [[], [nn.Parameter(torch.ones(2))], ()], ids=["none", "no gradient", "tuple"])
def test_of_nothing_the_norm_is_zero(nothing):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        total = clip_grad_norm_(nothing, 1.0)
        clip_grad_value_(nothing, 1.0)
    expected = utils.clip_grad_norm_(nothing, 1.0)
    assert (total.item(), total.dtype, total.shape) == (expected.item(), expected.dtype, expected.shape)
    assert get_total_norm([]).item() == utils.get_total_norm([]).item() == 0


def test_an_empty_generator_is_told_as_torch_does():
    parameters = made("one")
    read = (each for each in parameters)
    list(read)
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_(read, 1.0)
    with pytest.warns(UserWarning, match="empty generator") as told:
        assert clip_grad_norm_(read, 1.0) == 0
    assert told[0].filename == __file__, "the warning points at the caller"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("norm_type", [2.0, math.inf])
@pytest.mark.parametrize("foreach", [None, True, False])
def test_a_norm_that_is_not_finite(bad, norm_type, foreach):
    ours, theirs = (made("several") for _ in range(2))
    for parameters in (ours, theirs):
        parameters[1].grad[2] = bad
    kept = [each.grad.clone() for each in ours]
    for clip, parameters in ((clip_grad_norm_, ours), (utils.clip_grad_norm_, theirs)):
        with pytest.raises(RuntimeError, match="finite"):
            clip(parameters, 1.0, norm_type, error_if_nonfinite=True, foreach=foreach)
    for parameter, grad in zip(ours, kept, strict=True):
        torch.testing.assert_close(parameter.grad, grad, equal_nan=True, rtol=0, atol=0)
    total = clip_grad_norm_(ours, 1.0, norm_type, foreach=foreach)
    torch.testing.assert_close(total, utils.clip_grad_norm_(theirs, 1.0, norm_type, foreach=foreach), equal_nan=True)
    same(ours, theirs)


@pytest.mark.parametrize("foreach", [None, True, False])
@pytest.mark.parametrize("value", [0, 0.3, 2, math.inf])
def test_values_are_clamped_as_in_torch(foreach, value):
    for kind in KINDS:
        for bad in (None, math.nan, math.inf, -math.inf):
            ours, theirs = (made(kind, 2, (torch.float32, torch.bfloat16), without=(3,)) for _ in range(2))
            if bad is not None:
                for parameters in (ours, theirs):
                    parameters[0].grad.view(-1)[0] = bad
            assert clip_grad_value_(ours, value, foreach) is None
            utils.clip_grad_value_(theirs, value, foreach)
            same(ours, theirs, rtol=0, atol=0)
    single = made("one", 5)[0]
    clip_grad_value_(single, 1.0)
    assert single.grad.abs().max() == 1


@pytest.mark.parametrize("norm_type", NORMS, ids=str)
@pytest.mark.parametrize("foreach", [None, True, False])
def test_the_total_norm_of_tensors(norm_type, foreach):
    for kind in KINDS:
        tensors = [each.grad for each in made(kind, 3)]
        mine = get_total_norm(iter(tensors), norm_type, foreach=foreach)
        torch.testing.assert_close(mine, utils.get_total_norm(tensors, norm_type, foreach=foreach), rtol=1e-12, atol=0)
    flat = torch.cat([each.grad.flatten() for each in made("several")])
    torch.testing.assert_close(
        get_total_norm([each.grad for each in made("several")]), torch.linalg.vector_norm(flat)
    )
    torch.testing.assert_close(get_total_norm(flat, norm_type), utils.get_total_norm(flat, norm_type))


def test_a_total_norm_that_is_not_finite_is_refused():
    for bad in (math.nan, math.inf):
        with pytest.raises(RuntimeError, match=f"must be finite, got {bad}"):
            get_total_norm(torch.tensor([1.0, bad]), error_if_nonfinite=True)
        assert not get_total_norm(torch.tensor([1.0, bad])).isfinite()


def test_no_graph_is_built_and_views_are_clipped_in_place():
    parameter = nn.Parameter(torch.ones(3))
    (parameter.grad,) = torch.autograd.grad((parameter**2).sum(), parameter, create_graph=True)
    total = clip_grad_norm_(parameter, 1.0)
    assert not total.requires_grad
    whole = torch.full((6,), 5.0)
    views = [nn.Parameter(torch.zeros(3)) for _ in range(2)]
    for n, view in enumerate(views):
        view.grad = whole[3 * n : 3 * n + 3]
    clip_grad_norm_(views, 1.0)
    assert whole.norm().item() == pytest.approx(1, abs=1e-5)


def test_training_is_the_same_step_by_step():
    def trained(clip):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()
        optimizer, norms = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9), []
        for _ in range(20):
            x = torch.randn(5, 4, dtype=torch.float64)
            optimizer.zero_grad()
            (10 * net(x) ** 2).mean().backward()
            norms.append(clip(net.parameters(), max_norm=0.7).item())
            optimizer.step()
        return norms, [each.detach() for each in net.parameters()]

    torch.testing.assert_close(trained(clip_grad_norm_), trained(utils.clip_grad_norm_), rtol=1e-10, atol=1e-12)


def test_devices_may_be_mixed():
    parameters = [nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(2, device="meta"))]
    for each in parameters:
        each.grad = torch.ones_like(each)
    assert clip_grad_norm_(parameters[1:], 1.0).device.type == "meta"
    clip_grad_value_(parameters, 0.5)
    torch.testing.assert_close(parameters[0].grad, torch.full((3,), 0.5))
    assert parameters[1].grad.shape == (2,)


@pytest.mark.parametrize("bad", [-1, -1e-9, math.nan, -math.inf])
def test_bounds_are_refused_in_one_line(bad):
    for clip, name in ((clip_grad_norm_, "max_norm"), (clip_grad_value_, "clip_value")):
        parameters = made("one")
        kept = parameters[0].grad.clone()
        with pytest.raises(ValueError, match=f"{name} must be >= 0, got .*: give a bound") as caught:
            clip(parameters, bad)
        assert "\n" not in str(caught.value)
        torch.testing.assert_close(parameters[0].grad, kept)
