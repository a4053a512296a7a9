"""Batch normalisation against torch.nn: values, gradients and running statistics over several batches."""

import copy
import itertools

import pytest
import torch
from torch import nn

from studykit.architecture.batch_norm import BatchNorm1d, BatchNorm2d

SHAPES = [(7, 5), (6, 5, 4), (2, 5), (1, 5, 3), (4, 5, 3, 6), (2, 5, 1, 1), (1, 5, 2, 2), (3, 1, 4, 4)]
SETTINGS = [
    {},
    {"momentum": None},
    {"momentum": 0.7, "eps": 0.3},
    {"momentum": 0.0},
    {"momentum": 1.0, "eps": 1e-12},
    {"affine": False},
    {"bias": False},
    {"track_running_stats": False},
    {"track_running_stats": False, "affine": False, "eps": 1e-2},
    {"momentum": None, "affine": False},
]


def drawn(shape, seed, dtype=torch.float64):
    """A batch whose channels differ in mean and spread."""
    rng = torch.Generator().manual_seed(seed)
    per_channel = (shape[1], *[1] * (len(shape) - 2))
    spread, centre = (torch.randn(per_channel, generator=rng, dtype=torch.float64) for _ in range(2))
    return (3 * centre + (0.5 + spread.abs()) * torch.randn(shape, generator=rng, dtype=torch.float64)).to(dtype)


def pair(shape, dtype=torch.float64, **settings):
    """Ours and torch's, from the same random weights."""
    classes = (BatchNorm2d, nn.BatchNorm2d) if len(shape) == 4 else (BatchNorm1d, nn.BatchNorm1d)
    ours, theirs = (each(shape[1], dtype=dtype, **settings) for each in classes)
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def passed(module, x, upstream):
    """Output and all gradients of one call."""
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    module.zero_grad()
    y = module(x)
    (y * upstream).sum().backward()
    return [y, x.grad, *(parameter.grad for parameter in module.parameters())]


def agree(ours, theirs, x, seed=0, **tolerance):
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(x.dtype)
    for mine, other in zip(passed(ours, x, upstream), passed(theirs, x, upstream), strict=True):
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
        torch.testing.assert_close(mine, other, **tolerance)
    states = ours.state_dict(), theirs.state_dict()
    assert list(states[0]) == list(states[1])
    for mine, other in zip(*(state.values() for state in states), strict=True):
        torch.testing.assert_close(mine, other, **tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_values_gradients_and_statistics_are_those_of_torch(shape, settings):
    ours, theirs = pair(shape, **settings)
    for step, training in enumerate((True, True, False, True, False, True)):
        ours.train(training)
        theirs.train(training)
        agree(ours, theirs, drawn(shape, step), step, rtol=1e-8, atol=1e-9)


def test_a_single_value_is_fine_in_evaluation_and_refused_in_training():
    for shape in ((1, 5), (1, 5, 1), (1, 5, 1, 1)):
        for each in pair(shape):
            with pytest.raises(ValueError, match="more than 1 value"):
                each(drawn(shape, 1))
        ours, theirs = (each.eval() for each in pair(shape))
        agree(ours, theirs, drawn(shape, 1), rtol=1e-10, atol=1e-12)
        ours, theirs = (each.eval() for each in pair(shape, track_running_stats=False))
        for each in (ours, theirs):
            with pytest.raises(ValueError, match="more than 1 value"):
                each(drawn(shape, 1))


def test_weights_move_as_torch_s_over_a_training():
    ours, theirs = pair((8, 5))
    optimizers = [torch.optim.SGD(each.parameters(), 0.3) for each in (ours, theirs)]
    for step in range(20):
        for each, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            each(drawn((8, 5), step)).sin().sum().backward()
            optimizer.step()
    for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_training_goes_on_from_a_state_dict_of_either(momentum):
    ours, theirs = pair((6, 5), momentum=momentum)
    for step in range(3):
        ours(drawn((6, 5), step))
        theirs(drawn((6, 5), step))
    swapped, back = pair((6, 5), momentum=momentum)
    swapped.load_state_dict(theirs.state_dict())
    back.load_state_dict(ours.state_dict())
    for step in range(3, 6):
        agree(swapped, back, drawn((6, 5), step), rtol=1e-8, atol=1e-10)
    assert int(swapped.num_batches_tracked) == 6


def test_the_buffers_are_updated_in_place_and_a_copy_has_its_own():
    ours, _ = pair((6, 5))
    held, copied = ours.state_dict()["running_mean"], copy.deepcopy(ours)
    ours(drawn((6, 5), 1))
    torch.testing.assert_close(held, ours.running_mean, rtol=0, atol=0)
    assert not torch.equal(copied.running_mean, ours.running_mean)


def test_tracking_may_be_switched_off_afterwards():
    ours, theirs = pair((6, 5))
    for each in (ours, theirs):
        each.track_running_stats = False
    for training in (True, False):
        agree(ours.train(training), theirs.train(training), drawn((6, 5), 1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_channels_last_stays_so(training):
    shape = (4, 5, 3, 6)
    ours, theirs = (each.train(training) for each in pair(shape))
    x = drawn(shape, 1).to(memory_format=torch.channels_last)
    agree(ours, theirs, x, rtol=1e-8, atol=1e-10)
    assert ours(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("inputs", "state", "tolerance"),
    [
        (torch.float32, torch.float32, 1e-5),
        (torch.bfloat16, torch.bfloat16, 3e-2),
        (torch.bfloat16, torch.float32, 3e-2),
        (torch.float16, torch.float32, 4e-3),
    ],
    ids=str,
)
@pytest.mark.parametrize("training", [True, False])
def test_types_are_kept_and_halves_are_summed_in_float32(inputs, state, tolerance, training):
    for shape in ((64, 5), (16, 5, 8, 8)):
        ours, theirs = (each.train(training) for each in pair(shape, dtype=state))
        for step in range(3):
            # absolute beside relative: sums over the batch cancel, and what is left carries the rounding of the terms
            agree(ours, theirs, drawn(shape, step, inputs), rtol=tolerance, atol=8 * tolerance)


def test_a_great_mean_does_not_eat_the_variance():
    x = (1e4 + drawn((64, 5), 1)).float()
    ours, _ = pair((64, 5), affine=False)
    spread = ours.float()(x).var(0, correction=0)
    torch.testing.assert_close(spread, torch.ones(5), rtol=0, atol=1e-2)  # E[x^2] - E[x]^2 is off by whole units here


@pytest.mark.parametrize("training", [True, False])
def test_it_can_be_differentiated_twice(training):
    for shape in ((4, 3), (3, 3, 2), (2, 3, 2, 2)):
        ours, theirs = (each.train(training) for each in pair(shape))
        x = drawn(shape, 2).requires_grad_()
        assert torch.autograd.gradgradcheck(ours, x)
        second = []
        for each in (ours, theirs):
            (first,) = torch.autograd.grad(each(x).pow(3).sum(), x, create_graph=True)
            second.append(torch.autograd.grad(first.square().sum(), [x, *each.parameters()]))
        for mine, other in zip(*second, strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-7, atol=1e-8)


def test_under_autocast_and_on_the_meta_device():
    ours, theirs = pair((8, 5, 4, 4), dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = [each(drawn((8, 5, 4, 4), 1, torch.float32)) for each in (ours, theirs)]
    assert outputs[0].dtype == outputs[1].dtype
    torch.testing.assert_close(*outputs)
    empty = BatchNorm2d(5, device="meta", dtype=torch.float64)
    assert {each.device.type for each in empty.state_dict().values()} == {"meta"}
    assert {name: each.dtype for name, each in empty.state_dict().items()} == {
        name: each.dtype for name, each in nn.BatchNorm2d(5, device="meta", dtype=torch.float64).state_dict().items()
    }


def test_without_anything_sized_any_number_of_channels_will_do():
    ours, theirs = pair((6, 5), affine=False, track_running_stats=False)
    agree(ours, theirs, drawn((6, 9), 1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_input_that_does_not_fit_is_refused(training):
    for (ours, theirs), shape in itertools.product((pair((2, 5)), pair((2, 5, 1, 1))), ((5,), (2, 5, 1, 1, 1))):
        for each in (ours.train(training), theirs.train(training)):
            with pytest.raises(ValueError, match="D input"):
                each(torch.zeros(shape, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"2D or 3D input, got \(2, 5, 1, 1\)"):
        BatchNorm1d(5).train(training)(torch.zeros(2, 5, 1, 1))
    with pytest.raises(ValueError, match=r"4D input, got \(2, 5\)"):
        BatchNorm2d(5).train(training)(torch.zeros(2, 5))
    with pytest.raises(ValueError, match=r"must have 5 channels in dimension 1, got \(2, 4\)"):
        BatchNorm1d(5).train(training)(torch.zeros(2, 4))


def test_settings_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\], got 1.5"):
        BatchNorm1d(5, momentum=1.5)
    for each in pair((4, 5), eps=0):
        with pytest.raises(ValueError, match="eps must be"):
            each(drawn((4, 5), 1))
    ours, theirs = (each.eval() for each in pair((4, 5), eps=0))
    agree(ours, theirs, drawn((4, 5), 1))


def test_it_prints_its_settings():
    assert repr(BatchNorm2d(3, momentum=None)) == (
        "BatchNorm2d(3, eps=1e-05, momentum=None, affine=True, track_running_stats=True)"
    )
