"""DropPath against the published code of timm and of torchvision, written out here from their sources, and by its statistics."""

import math

import pytest
import torch
from torch import nn

from studykit.models import ResidualMLP
from studykit.regularization.drop_path import DropPath, drop_path, linear_rates

SHAPES = [(7,), (6, 4), (5, 3, 8), (4, 2, 3, 3), (2, 2, 2, 2, 2), (1, 5), (0, 3)]
each_type = pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])


def timm_drop_path(x, drop_prob=0.0, training=False, scale_by_keep=True):
    """timm 1.0, timm/layers/drop.py: one Bernoulli number for each sample, in x's type, divided by what is kept."""
    if drop_prob == 0.0 or not training:
        return x
    keep_prob = 1 - drop_prob
    random_tensor = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep_prob)
    if keep_prob > 0.0 and scale_by_keep:
        random_tensor.div_(keep_prob)
    return x * random_tensor


def torchvision_stochastic_depth(x, p, mode, training=True):
    """torchvision 0.24, torchvision/ops/stochastic_depth.py, `stochastic_depth`."""
    if not training or p == 0.0:
        return x
    survival_rate = 1.0 - p
    size = [x.shape[0]] + [1] * (x.ndim - 1) if mode == "row" else [1] * x.ndim
    noise = torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(survival_rate)
    if survival_rate > 0.0:
        noise.div_(survival_rate)
    return x * noise


def drawn(shape, seed, dtype=torch.float64):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    return x.requires_grad_()


def results(function, x, seed=0):
    """Value, gradient, and the state of the generator afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        x = x.detach().clone().requires_grad_()
        y = function(x)
        (y * torch.arange(y.numel(), dtype=y.dtype).view(y.shape)).sum().backward()
        return y.detach(), x.grad, torch.get_rng_state()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("p", [0, 0.1, 0.5, 0.9, 1])
@pytest.mark.parametrize("training", [True, False])
@each_type
def test_values_and_gradients_are_those_of_timm_and_torchvision(shape, p, training, dtype):
    for seed in range(3):
        x = drawn(shape, seed, dtype)
        ours = results(lambda x: drop_path(x, p, training), x, seed)
        for theirs in (
            results(lambda x: timm_drop_path(x, p, training), x, seed),
            results(lambda x: torchvision_stochastic_depth(x, p, "row", training), x, seed),
        ):
            for mine, other in zip(ours, theirs, strict=True):
                assert mine.dtype == other.dtype
                torch.testing.assert_close(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize("p", [0.2, 0.7, 1])
def test_without_scaling_it_is_timms(p):
    x = drawn((9, 3), 1)
    ours = results(lambda x: drop_path(x, p, True, scale_by_keep=False), x)
    theirs = results(lambda x: timm_drop_path(x, p, True, scale_by_keep=False), x)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)
    assert set(torch.unique(ours[0] / x.detach()).tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("p", [0.1, 0.4, 0.8])
def test_statistics(p):
    """Share dropped, expectation, and independence of the samples, within five standard errors."""
    count, draws = 500, 40
    with torch.random.fork_rng():
        torch.manual_seed(3)
        kept = torch.stack([drop_path(torch.ones(count, 2, 3), p) for _ in range(draws)])  # (draws, B, 2, 3)
    per_sample = kept[..., 0, 0]
    assert (kept == per_sample[..., None, None]).all(), "a sample is dropped whole"
    assert set(torch.unique(kept).tolist()) <= {0.0, torch.tensor(1 / (1 - p)).item()}
    error = math.sqrt(p * (1 - p) / (count * draws))
    assert abs((per_sample == 0).float().mean().item() - p) < 5 * error
    assert abs(per_sample.mean().item() - 1) < 5 * error / (1 - p)
    for other in (per_sample.roll(1, 1), per_sample.roll(1, 0)):  # the next sample, the next call
        both = ((per_sample == 0) & (other == 0)).float().mean().item()
        assert abs(both - p * p) < 5 * math.sqrt(p * p * (1 - p * p) / (count * draws)) * 1.5


def test_the_gradient_of_a_dropped_sample_is_zero_and_of_a_kept_one_scaled():
    x = drawn((50, 4), 2)
    y, gradient, _ = results(lambda x: drop_path(x, 0.5), x)
    weights = torch.arange(200, dtype=torch.float64).view(50, 4)
    dropped = (y == 0).all(1)
    assert 0 < dropped.sum() < 50
    assert (gradient[dropped] == 0).all()
    torch.testing.assert_close(gradient[~dropped], 2 * weights[~dropped])


def test_gradcheck_with_a_fixed_mask():
    def fixed(x):
        torch.manual_seed(5)
        return drop_path(x, 0.5)

    with torch.random.fork_rng():
        assert torch.autograd.gradcheck(fixed, drawn((4, 3), 4))


@pytest.mark.parametrize("x", [drawn((3, 2), 0), drawn((3,), 0)])
def test_where_nothing_is_to_be_done_x_itself_comes_back(x):
    assert drop_path(x, 0.5, training=False) is x
    assert drop_path(x, 0.0) is x
    assert drop_path(x) is x
    assert DropPath(0.5).eval()(x) is x
    before = torch.get_rng_state()
    DropPath()(x)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_input_is_left_as_it_is():
    x = drawn((6, 2), 0)
    before = x.detach().clone()
    drop_path(x, 0.5)
    assert torch.equal(x.detach(), before)


def test_the_module_follows_its_mode_and_holds_no_state():
    module = DropPath(0.3, scale_by_keep=False)
    assert (module.drop_prob, module.scale_by_keep) == (0.3, False)
    assert repr(module) == "DropPath(drop_prob=0.3)"
    assert not module.state_dict()
    x = drawn((40, 3), 1)
    for mine, other in zip(results(module, x), results(lambda x: timm_drop_path(x, 0.3, True, False), x), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)
    module.drop_prob = 0.0  # timm's schedules change it
    assert module(x) is x


def test_training_a_network_is_what_it_is_with_timms():
    """Weights after every step; the mask comes from the global generator, so resuming needs its state and no other."""

    class Timm(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.p = p

        def forward(self, x):
            return timm_drop_path(x, self.p, self.training)

    walks = []
    for layer in (DropPath, Timm):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            rates = linear_rates(0.5, 3)
            network = ResidualMLP(6, 3, width=5, depth=3, on_branch=lambda n: layer(rates[n])).double()  # noqa: B023
            optimizer, walk = torch.optim.Adam(network.parameters(), 0.01), []
            for step in range(6):
                loss = network(torch.randn(8, 6, dtype=torch.float64)).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                walk.append([param.detach().clone() for param in network.parameters()])
                if step == 2 and layer is DropPath:
                    state = torch.get_rng_state()
                    weights, kept = network.state_dict(), optimizer.state_dict()
                    network = ResidualMLP(6, 3, width=5, depth=3, on_branch=lambda n: layer(rates[n])).double()  # noqa: B023
                    network.load_state_dict(weights)
                    optimizer = torch.optim.Adam(network.parameters(), 0.01)
                    optimizer.load_state_dict(kept)
                    torch.set_rng_state(state)  # the new network's initialisation drew from it
            walks.append(walk)
    for ours, theirs in zip(*walks, strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize(("rate", "depth"), [(0.0, 4), (0.3, 1), (0.3, 2), (0.2, 12), (1.0, 5)])
def test_rates_are_those_of_timm(rate, depth):
    """timm 1.0, vision_transformer.py: `[x.item() for x in torch.linspace(0, drop_path_rate, depth)]`."""
    assert linear_rates(rate, depth) == pytest.approx([each.item() for each in torch.linspace(0, rate, depth)])
    if depth > 1:
        assert sum(1 - each for each in linear_rates(rate, depth)) == pytest.approx((1 - rate / 2) * depth)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(wrong):
    for call in (lambda: drop_path(torch.ones(2), wrong), lambda: DropPath(wrong), lambda: linear_rates(wrong, 2)):
        with pytest.raises(ValueError, match=r"drop_prob must be in \[0, 1\], got .*: it is the share"):
            call()


def test_what_has_no_samples_is_refused():
    with pytest.raises(ValueError, match=r"x must have a dimension of samples.*: give a tensor"):
        drop_path(torch.tensor(1.0), 0.5)
    with pytest.raises(ValueError, match="depth must be >= 1, got 0"):
        linear_rates(0.1, 0)
