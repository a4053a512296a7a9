"""The initialisers against torch.nn.init: the very same numbers from the same state of a generator, and the same refusals."""

import itertools
import math
import warnings

import pytest
import torch
from torch import nn

from studykit.architecture import he_init as ours

KAIMING, XAVIER = ("kaiming_normal_", "kaiming_uniform_"), ("xavier_normal_", "xavier_uniform_")
MODULES = [
    nn.Linear(7, 4),
    nn.Conv1d(6, 8, 3),
    nn.Conv2d(6, 8, (3, 5), groups=2),
    nn.Conv3d(3, 4, 2),
    nn.ConvTranspose1d(6, 8, 3),
    nn.ConvTranspose2d(6, 8, (2, 3)),
    nn.ConvTranspose3d(3, 4, 2),
    nn.Embedding(9, 5),
    nn.Bilinear(3, 4, 5),
]
NONLINEARITIES = [
    *("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
]


def same(name, weight, *args, **kwargs):
    """Ours and torch's from one state: equal numbers, and the generator left at the same place."""
    found = []
    for home in (ours, nn.init):
        tensor, generator = weight.detach().clone(), torch.Generator().manual_seed(3)
        returned = getattr(home, name)(tensor, *args, generator=generator, **kwargs)
        assert returned is tensor
        found.append((tensor, generator.get_state()))
    (one, state), (other, theirs) = found
    assert torch.equal(one, other), f"{name} {args} {kwargs}"
    assert torch.equal(state, theirs)
    return one


@pytest.mark.parametrize("module", MODULES, ids=lambda module: type(module).__name__)
@pytest.mark.parametrize("name", KAIMING)
def test_kaiming_has_torchs_numbers(name, module):
    for mode, nonlinearity, a in itertools.product(("fan_in", "fan_out", "FAN_OUT"), NONLINEARITIES, (0, 0.01, -2, math.sqrt(5))):
        same(name, module.weight, a, mode, nonlinearity)
    same(name, module.weight)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: type(module).__name__)
@pytest.mark.parametrize("name", XAVIER)
def test_xavier_has_torchs_numbers(name, module):
    for gain in (1.0, 0.3, 5 / 3, 0):
        same(name, module.weight, gain)
    same(name, module.weight)


@pytest.mark.parametrize("name", KAIMING + XAVIER)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_types_and_strides_are_kept(name, dtype):
    assert same(name, torch.zeros(40, 30, dtype=dtype)).dtype == dtype
    same(name, torch.zeros(30, 40, dtype=dtype).T)
    same(name, torch.zeros(8, 6, 3, 3, dtype=dtype).to(memory_format=torch.channels_last))
    same(name, torch.zeros(1, 1, dtype=dtype))


@pytest.mark.parametrize("name", KAIMING + XAVIER)
def test_without_a_generator_the_global_one_is_used_and_autograd_sees_nothing(name):
    drawn = []
    for home in (ours, nn.init):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(11)
            weights = [nn.Parameter(torch.zeros(5, 3)), nn.Parameter(torch.zeros(4, 2, 3))]
            for weight in weights:
                version = weight._version
                assert getattr(home, name)(weight) is weight
                assert weight.is_leaf and weight.requires_grad and weight.grad is None and weight._version > version
            drawn.append(weights)
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))


def test_the_arguments_are_torchs_by_name_order_and_default():
    import inspect

    for name in KAIMING + XAVIER:
        mine, theirs = (inspect.signature(getattr(home, name)).parameters for home in (ours, nn.init))
        assert [(p.name, p.default) for p in mine.values()] == [(p.name, p.default) for p in theirs.values()]


def test_the_default_of_linear_is_kaiming_uniform_with_a_slope_of_root_five():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        default = nn.Linear(50, 30)
        torch.manual_seed(0)
        weight = ours.kaiming_uniform_(torch.empty(30, 50), a=math.sqrt(5))
    assert torch.equal(default.weight, weight)


def test_one_training_run_is_torchs():
    """The whole of a small training, from both initialisers: every weight agrees at every step."""
    runs = []
    for home in (ours, nn.init):
        generator = torch.Generator().manual_seed(0)
        network = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3)).double()
        for layer in (network[0], network[2]):
            home.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
        x = torch.randn(20, 6, dtype=torch.float64, generator=generator)
        optimizer, seen = torch.optim.SGD(network.parameters(), 0.1), []
        for _ in range(5):
            optimizer.zero_grad()
            network(x).square().mean().backward()
            seen.append([p.grad.clone() for p in network.parameters()])
            optimizer.step()
        runs.append(seen)
    for step, other in zip(*runs, strict=True):
        assert all(torch.equal(a, b) and a.abs().sum() > 0 for a, b in zip(step, other, strict=True))


def test_second_moments_pass_layers_as_the_formula_says():
    """Independent of torch.nn.init: E[y^2] = gain^2 * E[f(x)^2] for fan_in, and the same backward for fan_out."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4000, 300, generator=generator)
    forward = ours.kaiming_normal_(torch.empty(500, 300), nonlinearity="relu", generator=generator)
    assert (x.relu() @ forward.T).square().mean().item() == pytest.approx(1, rel=0.05)
    backward = ours.kaiming_normal_(torch.empty(300, 500), mode="fan_out", nonlinearity="relu", generator=generator)
    assert ((x * (x > 0)) @ backward).square().mean().item() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("name", KAIMING)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (2, 3, 0), (0,)])
def test_nothing_to_fill_is_a_warning(name, shape):
    for home in (ours, nn.init):
        tensor = torch.empty(shape)
        with pytest.warns(UserWarning) as told:
            assert getattr(home, name)(tensor) is tensor
        assert len(told) == 1
        assert told[0].filename == __file__


@pytest.mark.parametrize("name", XAVIER)
def test_xavier_is_silent_over_nothing(name):
    for shape in ((0, 4), (4, 0), (2, 3, 0), (0, 0)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tensor = torch.empty(shape)
            assert getattr(ours, name)(tensor) is tensor


@pytest.mark.parametrize(
    ("name", "tensor", "arguments", "says"),
    [
        *((name, torch.empty(3), {}, "tensor must have >= 2 dimensions, got 1: a bias has no fan") for name in KAIMING + XAVIER),
        *((name, torch.tensor(1.0), {}, "got 0") for name in KAIMING + XAVIER),
        *((name, torch.empty(3, 2), {"mode": "fan_avg"}, "mode must be fan_in or fan_out, got 'fan_avg'") for name in KAIMING),
        *((name, torch.empty(3, 2), {"nonlinearity": "gelu"}, "must be one of leaky_relu, sigmoid.*got 'gelu'") for name in KAIMING),
        *((name, torch.empty(3, 2), {"a": True}, "a must be a number, got True") for name in KAIMING),
        *((name, torch.empty(3, 2), {"a": "steep"}, "a must be a number, got 'steep'") for name in KAIMING),
    ],
)
def test_what_torch_refuses_is_refused_with_value_bound_and_remedy(name, tensor, arguments, says):
    with pytest.raises(ValueError):
        getattr(nn.init, name)(tensor, **arguments)
    with pytest.raises(ValueError, match=says) as caught:
        getattr(ours, name)(tensor, **arguments)
    assert "\n" not in str(caught.value)
