"""LayerNorm and RMSNorm against torch.nn: values, gradients, second derivatives, types and state."""

import pytest
import torch
from torch import nn

from studykit.architecture.layer_norm import LayerNorm, RMSNorm

CASES = [
    ((4, 6), 6),
    ((2, 3, 5), 5),
    ((2, 3, 5), (5,)),
    ((2, 3, 5), [3, 5]),
    ((2, 3, 4, 5), torch.Size([3, 4, 5])),
    ((2, 3, 4, 5), (5,)),
    ((7,), 7),
    ((3, 1), 1),
    ((0, 4), 4),
    ((2, 3, 4), (2, 3, 4)),
]
SETTINGS = {
    "layer": [
        {},
        {"eps": 0.3},
        {"elementwise_affine": False},
        {"bias": False},
        {"elementwise_affine": False, "bias": False},
    ],
    "rms": [{}, {"eps": 0.3}, {"eps": 0.0}, {"elementwise_affine": False}],
}
KINDS = {"layer": (LayerNorm, nn.LayerNorm), "rms": (RMSNorm, nn.RMSNorm)}
EVERY = [(kind, settings) for kind, all_settings in SETTINGS.items() for settings in all_settings]


def drawn(shape, seed, dtype=torch.float64):
    rng = torch.Generator().manual_seed(seed)
    return (1 + 2 * torch.randn(shape, generator=rng, dtype=torch.float64)).to(dtype)


def pair(kind, normalized_shape, dtype=torch.float64, **settings):
    """Ours and torch's, from the same random weights."""
    ours, theirs = (each(normalized_shape, dtype=dtype, **settings) for each in KINDS[kind])
    with torch.no_grad():
        for n, parameter in enumerate(theirs.parameters()):
            parameter.copy_(drawn(parameter.shape, 50 + n))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def agree(ours, theirs, x, **tolerance):
    """Values and all gradients."""
    found = []
    for module in (ours, theirs):
        each = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        y = module(each)
        upstream = drawn(y.shape, 9).to(y.dtype)
        found.append([y, *torch.autograd.grad((y * upstream).sum(), [each, *module.parameters()])])
    for mine, other in zip(*found, strict=True):
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
        torch.testing.assert_close(mine, other, **tolerance)


@pytest.mark.parametrize(("shape", "normalized_shape"), CASES, ids=str)
@pytest.mark.parametrize(("kind", "settings"), EVERY, ids=str)
def test_values_and_gradients_are_those_of_torch(shape, normalized_shape, kind, settings):
    ours, theirs = pair(kind, normalized_shape, **settings)
    for training in (True, False):
        agree(ours.train(training), theirs.train(training), drawn(shape, 1), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("inputs", "weights", "tolerance"),
    [
        (torch.float32, torch.float32, 1e-5),
        (torch.bfloat16, torch.bfloat16, 3e-2),
        (torch.float16, torch.float16, 4e-3),
    ],
    ids=str,
)
def test_types_are_kept(kind, inputs, weights, tolerance):
    ours, theirs = pair(kind, 48, dtype=weights)
    agree(ours, theirs, drawn((9, 48), 3, inputs), rtol=tolerance, atol=8 * tolerance)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_without_an_eps_it_is_the_epsilon_of_what_is_computed_in(dtype):
    for scale in (1e-8, 1e-4):
        ours, theirs = pair("rms", 16, dtype=dtype)
        x = scale * drawn((5, 16), 2, dtype)
        torch.testing.assert_close(ours(x), theirs(x), rtol=2e-2 if dtype is torch.bfloat16 else 1e-4, atol=0)
    assert pair("rms", 16)[0].eps is None


@pytest.mark.parametrize("kind", KINDS)
def test_halves_do_not_overflow(kind):
    x = 300 * drawn((4, 32), 1, torch.float16)  # whose square is infinite in float16
    ours, theirs = pair(kind, 32, dtype=torch.float16)
    assert ours(x).isfinite().all()
    torch.testing.assert_close(ours(x), theirs(x), rtol=4e-3, atol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_differentiated_twice(kind):
    ours, theirs = pair(kind, (2, 3))
    x = drawn((2, 2, 3), 4).requires_grad_()
    assert torch.autograd.gradgradcheck(ours, x)
    second = []
    for each in (ours, theirs):
        (first,) = torch.autograd.grad(each(x).pow(3).sum(), x, create_graph=True)
        second.append(torch.autograd.grad(first.square().sum(), [x, each.weight]))
    for mine, other in zip(*second, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("kind", "settings"), EVERY, ids=str)
def test_weights_move_as_torch_s_and_training_goes_on_from_a_state_dict(kind, settings):
    ours, theirs = pair(kind, 6, **settings)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for step in range(6):
        if step == 3:
            states = ours.state_dict(), theirs.state_dict()
            ours, theirs = (each(6, dtype=torch.float64, **settings) for each in KINDS[kind])
            ours.load_state_dict(states[1])  # each goes on from the other's
            theirs.load_state_dict(states[0])
        for each in (ours, theirs):
            if list(each.parameters()):
                optimizer = torch.optim.SGD(each.parameters(), 0.1)
                optimizer.zero_grad()
                each(drawn((4, 6), step)).sin().sum().backward()
                optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_any_layout_in_memory(kind):
    ours, theirs = pair(kind, 5, dtype=torch.float32)
    agree(ours, theirs, drawn((2, 5, 4), 1, torch.float32).transpose(1, 2), rtol=1e-5, atol=1e-5)
    agree(
        ours, theirs, drawn((2, 3, 4, 5), 1, torch.float32).to(memory_format=torch.channels_last), rtol=1e-5, atol=1e-5
    )
    agree(ours, theirs, drawn((2, 5), 1, torch.float32)[:1].expand(3, 5), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Mismatch dtype:UserWarning")
def test_under_autocast_and_on_the_meta_device(kind):
    ours, theirs = pair(kind, 5, dtype=torch.float32)
    linear = nn.Linear(4, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for x in (drawn((3, 5), 1, torch.float32), linear(drawn((3, 4), 1, torch.float32))):
            mine, other = ours(x), theirs(x)
            assert mine.dtype == other.dtype
            torch.testing.assert_close(mine, other, rtol=2e-2, atol=2e-2)
    empty = KINDS[kind][0]((3, 4), device="meta", dtype=torch.bfloat16)
    assert {(each.device.type, each.dtype) for each in empty.parameters()} == {("meta", torch.bfloat16)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Mismatch dtype:UserWarning")
def test_halves_go_through_weights_in_float32(kind):
    ours, theirs = pair(kind, 48, dtype=torch.float32)
    agree(ours, theirs, drawn((9, 48), 3, torch.bfloat16), rtol=3e-2, atol=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_s_output_does_not_depend_on_the_others_nor_on_the_mode(kind):
    ours, _ = pair(kind, 6)
    x = drawn((5, 3, 6), 8)
    whole = ours(x)
    torch.testing.assert_close(whole[2:3], ours.eval()(x[2:3]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(whole[:, 1], ours(x[:, 1]), rtol=1e-12, atol=1e-12)


def test_a_great_mean_does_not_eat_the_variance():
    x = (1e4 + drawn((6, 512), 1)).float()
    spread = LayerNorm(512, elementwise_affine=False)(x).var(1, correction=0)
    torch.testing.assert_close(spread, torch.ones(6), rtol=0, atol=1e-2)  # E[x^2] - E[x]^2 is off by whole units here


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit_is_refused(kind):
    for shape, normalized_shape in (((2, 5), 4), ((5,), (2, 5)), ((2, 3, 4), (3, 5))):
        ours, theirs = pair(kind, normalized_shape)
        with pytest.raises(ValueError, match=r"x must end in the dimensions \("):
            ours(drawn(shape, 1))
        with pytest.raises((RuntimeError, ValueError)):
            theirs(drawn(shape, 1))
    with pytest.raises(ValueError, match="must have a dimension"):
        KINDS[kind][0](())
