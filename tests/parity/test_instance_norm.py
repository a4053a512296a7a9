"""Instance normalisation against torch.nn.InstanceNorm2d: values, gradients and running statistics over several batches."""

import copy

import pytest
import torch
from torch import nn

from studykit.architecture.instance_norm import InstanceNorm2d

SHAPES = [(3, 5, 4, 6), (1, 5, 3, 3), (2, 5, 1, 2), (4, 5, 7, 1), (5, 4, 3), (5, 1, 2)]
SETTINGS = [
    {},
    {"eps": 0.3},
    {"affine": True},
    {"affine": True, "eps": 0.0},
    {"affine": True, "bias": False},
    {"track_running_stats": True},
    {"affine": True, "track_running_stats": True, "momentum": 0.4, "eps": 1e-2},
    {"track_running_stats": True, "momentum": None},
    {"track_running_stats": True, "momentum": 0.0},
    {"affine": True, "track_running_stats": True, "momentum": 1.0},
]


def drawn(shape, seed, dtype=torch.float64):
    """Images whose channels differ in mean and spread, from image to image too."""
    rng = torch.Generator().manual_seed(seed)
    spread, centre = (torch.randn((*shape[:-2], 1, 1), generator=rng, dtype=torch.float64) for _ in range(2))
    return (3 * centre + (0.5 + spread.abs()) * torch.randn(shape, generator=rng, dtype=torch.float64)).to(dtype)


def pair(dtype=torch.float64, channels=5, **settings):
    """Ours and torch's, from the same random weights."""
    ours, theirs = (each(channels, dtype=dtype, **settings) for each in (InstanceNorm2d, nn.InstanceNorm2d))
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=rng))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def agree(ours, theirs, x, **tolerance):
    """Values, all gradients, and the state afterwards."""
    found = []
    for module in (ours, theirs):
        each = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        y = module(each)
        upstream = torch.randn(y.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64).to(y.dtype)
        found.append([y, *torch.autograd.grad((y * upstream).sum(), [each, *module.parameters()])])
    for mine, other in zip(*found, strict=True):
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
        torch.testing.assert_close(mine, other, **tolerance)
    states = ours.state_dict(), theirs.state_dict()
    assert list(states[0]) == list(states[1])
    for mine, other in zip(*(state.values() for state in states), strict=True):
        assert mine.dtype == other.dtype
        torch.testing.assert_close(mine, other, **tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_values_gradients_and_statistics_are_those_of_torch(shape, settings):
    ours, theirs = pair(**settings)
    for step, training in enumerate((True, True, False, True, False)):
        agree(ours.train(training), theirs.train(training), drawn(shape, step), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_weights_move_as_torch_s_and_training_goes_on_from_a_state_dict_of_either(settings):
    ours, theirs = pair(**settings)
    for step in range(6):
        if step == 3:
            states = ours.state_dict(), theirs.state_dict()
            ours, theirs = pair(**settings)
            ours.load_state_dict(states[1])
            theirs.load_state_dict(states[0])
        for each in (ours, theirs):
            if settings.get("affine"):
                optimizer = torch.optim.SGD(each.parameters(), 0.1)
                optimizer.zero_grad()
                each(drawn((3, 5, 4, 6), step)).sin().sum().backward()
                optimizer.step()
            else:
                each(drawn((3, 5, 4, 6), step))
    for training in (True, False):
        agree(ours.train(training), theirs.train(training), drawn((2, 5, 3, 3), 7), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("settings", [{}, {"affine": True, "track_running_stats": True}], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_channels_last_and_other_layouts(settings, training):
    for shape in ((4, 5, 3, 6), (1, 5, 2, 2)):
        ours, theirs = (each.train(training) for each in pair(**settings))
        agree(ours, theirs, drawn(shape, 1).to(memory_format=torch.channels_last), rtol=1e-8, atol=1e-9)
        agree(ours, theirs, drawn(shape, 2).transpose(2, 3), rtol=1e-8, atol=1e-9)
    agree(ours, theirs, drawn((4, 3, 5), 1).permute(2, 0, 1), rtol=1e-8, atol=1e-9)
    x = drawn((4, 5, 3, 6), 1).to(memory_format=torch.channels_last)
    assert ours(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("settings", [{}, {"affine": True}, {"affine": True, "track_running_stats": True}], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_it_can_be_differentiated_twice(settings, training):
    ours, theirs = (each.train(training) for each in pair(channels=2, **settings))
    x = drawn((2, 2, 2, 3), 2).requires_grad_()
    assert torch.autograd.gradgradcheck(ours, x)
    second = []
    for each in (ours, theirs):
        (first,) = torch.autograd.grad(each(x).pow(3).sum(), x, create_graph=True)
        second.append(torch.autograd.grad(first.square().sum(), [x, *each.parameters()], allow_unused=True))
    for mine, other in zip(*second, strict=True):
        if other is None:  # the shift has no part in it
            assert mine is None or not mine.any()
        else:
            torch.testing.assert_close(mine, other, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2), (torch.float16, 4e-3)], ids=str
)
@pytest.mark.parametrize("training", [True, False])
def test_types_are_kept(dtype, tolerance, training):
    for settings in ({}, {"affine": True, "track_running_stats": True}):
        ours, theirs = (each.train(training) for each in pair(dtype, **settings))
        agree(ours, theirs, drawn((3, 5, 6, 6), 3, dtype), rtol=tolerance, atol=8 * tolerance)


def test_a_great_mean_does_not_eat_the_variance():
    x = (1e4 + drawn((2, 5, 16, 16), 1)).float()
    spread = InstanceNorm2d(5)(x).var((2, 3), correction=0)
    torch.testing.assert_close(
        spread, torch.ones(2, 5), rtol=0, atol=1e-2
    )  # E[x^2] - E[x]^2 is off by whole units here


def test_an_image_s_output_does_not_depend_on_the_others_nor_on_its_contrast():
    ours, _ = pair(affine=True, eps=1e-12)
    x = drawn((4, 5, 3, 3), 1)
    torch.testing.assert_close(ours(x)[1:2], ours.eval()(x[1:2]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ours(0.1 * x - 7), ours(x), rtol=1e-6, atol=1e-6)


def test_tracking_may_be_switched_off_afterwards_and_buffers_are_updated_in_place():
    ours, theirs = pair(track_running_stats=True)
    held, copied = ours.state_dict()["running_mean"], copy.deepcopy(ours)
    agree(ours, theirs, drawn((3, 5, 4, 6), 1), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(held, ours.running_mean, rtol=0, atol=0)
    assert not torch.equal(copied.running_mean, ours.running_mean)
    for each in (ours, theirs):
        each.track_running_stats = False
    for training in (True, False):
        agree(ours.train(training), theirs.train(training), drawn((3, 5, 4, 6), 2), rtol=1e-9, atol=1e-10)


def test_under_autocast_and_on_the_meta_device():
    ours, theirs = pair(torch.float32, affine=True)
    convolution = nn.Conv2d(2, 5, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for x in (drawn((2, 5, 4, 4), 1, torch.float32), convolution(drawn((2, 2, 6, 6), 1, torch.float32))):
            mine, other = ours(x), theirs(x)
            assert mine.dtype == other.dtype
            torch.testing.assert_close(mine, other, rtol=2e-2, atol=2e-2)
    settings = {"affine": True, "track_running_stats": True, "device": "meta", "dtype": torch.bfloat16}
    states = (each(5, **settings).state_dict() for each in (InstanceNorm2d, nn.InstanceNorm2d))
    mine, other = (
        {name: (each.dtype, each.shape, each.device.type) for name, each in state.items()} for state in states
    )
    assert mine == other


@pytest.mark.parametrize("shape", [(2, 5, 1, 1), (5, 1, 1)], ids=str)
def test_one_position_is_refused_wherever_the_image_s_own_statistics_are_used(shape):
    for settings, training in (({}, True), ({}, False), ({"track_running_stats": True}, True)):
        for each in pair(**settings):
            with pytest.raises(ValueError, match="more than 1"):
                each.train(training)(drawn(shape, 1))
    ours, theirs = (each.eval() for each in pair(track_running_stats=True))
    agree(ours, theirs, drawn(shape, 1), rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore:input's size:UserWarning")
def test_what_does_not_fit_is_refused():
    for settings in ({"affine": True}, {"track_running_stats": True}):
        for each in pair(**settings):
            for shape in ((2, 4, 3, 3), (4, 3, 3)):
                with pytest.raises((ValueError, RuntimeError)):
                    each(drawn(shape, 1))
    with pytest.raises(ValueError, match=r"x must have 5 channels, got \(2, 4, 3, 3\)"):
        InstanceNorm2d(5, affine=True)(torch.zeros(2, 4, 3, 3))
    for each in pair():
        for shape in ((5, 3), (1, 2, 5, 3, 3)):
            with pytest.raises(ValueError, match="3D or 4D input"):
                each(drawn(shape, 1))
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\], got 1.5"):
        InstanceNorm2d(5, momentum=1.5)


@pytest.mark.filterwarnings("ignore:input's size:UserWarning")
def test_without_anything_sized_any_number_of_channels_will_do():
    ours, theirs = pair()
    agree(ours, theirs, drawn((2, 4, 3, 3), 1), rtol=1e-10, atol=1e-12)


def test_it_prints_its_settings():
    for settings in ({}, {"affine": True, "momentum": None, "track_running_stats": True}):
        assert len({repr(each) for each in pair(**settings)}) == 1
