"""Dropout against torch: the same masks from the same seed on the CPU, and the statistics that hold anywhere."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.regularization.dropout import Dropout, dropout

SHARES = [0.0, 0.1, 0.5, 0.85, 1.0]


def layouts():
    """Tensors of every kind that torch takes."""
    generator = torch.Generator().manual_seed(0)
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        yield torch.randn(7, 30, generator=generator).to(dtype)
    for shape in ((), (1,), (0, 3), (64,), (2, 3, 4), (2, 3, 4, 5)):
        yield torch.randn(shape, generator=generator)
    yield torch.randn(20, 30, generator=generator).t()
    yield torch.randn(2, 8, 6, 6, generator=generator).to(memory_format=torch.channels_last)
    yield torch.randn(40, 40, generator=generator)[::2, ::3]
    yield torch.randn(1, 30, generator=generator).expand(5, 30)


def both(run):
    """What `run` gives with ours and with torch's, from the same seed."""
    found = []
    for function, module in ((dropout, Dropout), (F.dropout, nn.Dropout)):
        torch.manual_seed(7)
        found.append(run(function, module))
    return found


@pytest.mark.parametrize("p", SHARES)
@pytest.mark.parametrize("training", [True, False])
def test_the_masks_values_and_gradients_are_torchs(p, training):
    def run(function, module):
        results = []
        for each in layouts():
            x = each.detach().requires_grad_()
            y = function(x, p, training)
            results += [y, *torch.autograd.grad((y * torch.arange(y.numel()).view(y.shape)).sum(), x)]
            layer = module(p).train(training)
            results.append(layer(each))
        return results

    ours, theirs = both(run)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.dtype, one.shape, one.stride()) == (other.dtype, other.shape, other.stride())
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("p", SHARES)
def test_in_place_it_writes_where_torch_writes(p):
    def run(function, module):
        x = torch.arange(1.0, 41.0)
        given = (x * 1).requires_grad_() * 1
        y = function(given, p, True, True)
        z = module(p, inplace=True)(x)
        assert y is given
        assert z is x
        return [y, z, x]

    for one, other in zip(*both(run), strict=True):
        assert torch.equal(one, other)


def test_the_state_of_the_generator_after_a_step_is_torchs():
    def run(function, module):
        network = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), module(0.4), nn.Linear(32, 32), module(0.2), nn.Linear(32, 3))
        optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
        x, y, losses = torch.randn(16, 6), torch.randint(3, (16,)), []
        for step in range(12):
            network.train(step % 3 != 2)
            loss = F.cross_entropy(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses, torch.get_rng_state(), list(network.state_dict())

    (ours, our_state, our_keys), (theirs, their_state, their_keys) = both(run)
    assert ours == theirs
    assert torch.equal(our_state, their_state)
    assert our_keys == their_keys, "dropout has no state of its own"


def test_a_run_resumes_from_network_and_generator():
    torch.manual_seed(1)
    network, x = nn.Sequential(nn.Linear(5, 20), Dropout(0.5), nn.Linear(20, 2)), torch.randn(8, 5)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)

    def go_on(steps):
        losses = []
        for _ in range(steps):
            loss = network(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    go_on(3)
    weights, generator = {name: each.clone() for name, each in network.state_dict().items()}, torch.get_rng_state()
    expected = go_on(4)
    network.load_state_dict(weights)
    torch.set_rng_state(generator)
    assert go_on(4) == expected


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_scale_and_expectation(p):
    torch.manual_seed(3)
    n, x = 400_000, torch.full((400_000,), 3.0, dtype=torch.float64)
    y = dropout(x, p)
    zeros = (y == 0).double().mean().item()
    assert abs(zeros - p) < 5 * math.sqrt(p * (1 - p) / n)
    torch.testing.assert_close(y[y != 0].unique(), torch.tensor([3 / (1 - p)], dtype=torch.float64))
    assert abs(y.mean().item() - 3) < 5 * 3 * math.sqrt(p / (1 - p) / n)
    # The variance that the network has to live with: x^2 p / (1 - p).
    assert y.var().item() == pytest.approx(9 * p / (1 - p), rel=0.03)


def test_draws_are_independent_over_elements_and_calls():
    torch.manual_seed(4)
    one, two = (dropout(torch.ones(500, 400), 0.3) == 0 for _ in range(2))
    for left, right in ((one, two), (one[1:], one[:-1]), (one[:, 1:], one[:, :-1])):
        assert (left & right).float().mean().item() == pytest.approx(0.09, abs=0.005)


def test_training_and_evaluation():
    layer, x = Dropout(0.5), torch.randn(50, 50)
    assert layer.training
    assert (layer(x) == 0).any()
    assert layer.eval()(x) is x
    assert (layer.train()(x) == 0).any()
    assert dropout(x, 0.5, training=False) is x
    before = torch.get_rng_state()
    layer.eval()(x)
    dropout(x, 0.0)
    assert torch.equal(torch.get_rng_state(), before), "where nothing is dropped nothing is drawn"


def test_the_gradient_is_the_mask():
    torch.manual_seed(5)
    x = torch.rand(30, 30, dtype=torch.float64) + 1
    x.requires_grad_()
    y = dropout(x, 0.25)
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y != 0).double() / 0.75)
    torch.testing.assert_close(x.grad, (y / x).detach())


def test_p_one_gives_zeros_and_a_zero_gradient():
    x = torch.randn(4, 5, requires_grad=True)
    y = dropout(x, 1.0)
    y.sum().backward()
    assert torch.equal(y, torch.zeros(4, 5))
    assert torch.equal(x.grad, torch.zeros(4, 5))


def test_it_prints_as_torchs_does():
    assert repr(Dropout(0.2)) == repr(nn.Dropout(0.2))
    assert repr(Dropout(0.2, inplace=True)) == repr(nn.Dropout(0.2, inplace=True))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_out_of_bounds_is_told_with_value_bound_and_remedy(p):
    for make in (lambda: Dropout(p), lambda: dropout(torch.ones(2), p), lambda: dropout(torch.ones(2), p, training=False)):
        with pytest.raises(ValueError, match=r"p must be in \[0, 1\], got .*: it is the share of elements that is dropped"):
            make()


def test_whole_numbers_are_refused_as_by_torch():
    for function in (dropout, F.dropout):
        with pytest.raises(RuntimeError, match="can't be cast"):
            function(torch.arange(3), 0.5)
