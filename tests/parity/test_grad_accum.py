"""Gradient accumulation against one big batch: gradients, weights and optimizer state over several updates."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.gradient.grad_accum import GradientAccumulator, accumulate
from studykit.models import CNN, MLP

SPLITS = [(8,), (4, 4), (1, 7), (5, 10, 20, 200), (1,) * 12, (3, 1, 2)]


def made(dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    return MLP(6, 4, width=16).to(dtype)


def batch(count, dtype=torch.float32, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=rng).to(dtype), torch.randint(4, (count,), generator=rng)


def cut(pair, sizes):
    return list(zip(*(each.split(list(sizes)) for each in pair), strict=True))


def grads(network):
    return [each.grad.clone() for each in network.parameters()]


def summed(network):
    return lambda part: F.cross_entropy(network(part[0]), part[1], reduction="sum")


def distance(ours, theirs):
    ours, theirs = (torch.cat([each.flatten() for each in one]) for one in (ours, theirs))
    return ((ours - theirs).norm() / theirs.norm()).item()


@pytest.mark.parametrize("sizes", SPLITS, ids=str)
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 5e-7), (torch.float64, 1e-15)])
def test_the_gradient_is_that_of_the_big_batch(sizes, dtype, close):
    network, pair = made(dtype), batch(sum(sizes), dtype)
    loss = F.cross_entropy(network(pair[0]), pair[1])
    loss.backward()
    wanted = grads(network)
    network.zero_grad()
    mean = accumulate(iter(cut(pair, sizes)), summed(network), lambda part: len(part[1]))
    assert distance(grads(network), wanted) < close
    torch.testing.assert_close(mean, loss.detach(), rtol=1e-6, atol=0)
    assert not mean.requires_grad


def test_it_adds_to_gradients_that_are_there():
    network, pair = made(), batch(6)
    accumulate(cut(pair, (2, 4)), summed(network), lambda part: len(part[1]))
    once = grads(network)
    accumulate(cut(pair, (3, 3)), summed(network), lambda part: len(part[1]))
    torch.testing.assert_close(grads(network), [2 * each for each in once], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("as_tensor", [False, True])
def test_tokens_are_counted_without_padding(as_tensor):
    rng = torch.Generator().manual_seed(0)
    network = nn.Embedding(9, 9)
    ids, lengths = torch.randint(9, (4, 30), generator=rng), [5, 10, 20, 30]
    target = ids.roll(-1, 1)
    for row, length in enumerate(lengths):
        target[row, length:] = -100
    wanted = torch.autograd.grad(F.cross_entropy(network(ids).flatten(0, 1), target.flatten()), network.weight)[0]

    def loss_sum(part):
        return F.cross_entropy(network(part[0]).flatten(0, 1), part[1].flatten(), reduction="sum")

    def count(part):
        found = (part[1] != -100).sum()
        return found if as_tensor else int(found)

    accumulate(cut((ids, target), (1, 2, 1)), loss_sum, count)
    torch.testing.assert_close(network.weight.grad, wanted, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("optimizer", [
    lambda weights: torch.optim.SGD(weights, 0.1, momentum=0.9, weight_decay=0.01),
    lambda weights: torch.optim.AdamW(weights, 1e-3),
])  # fmt: skip
def test_training_is_that_of_the_big_batch_and_goes_on_from_a_state_dict(optimizer):
    sizes = (3, 1, 8)
    ours, theirs = made(torch.float64), made(torch.float64)
    stepping, whole = optimizer(ours.parameters()), optimizer(theirs.parameters())
    accumulator = GradientAccumulator(stepping, len(sizes))
    for step in range(10):
        pair = batch(sum(sizes), torch.float64, step)
        told = []
        for part in cut(pair, sizes):
            told.append(accumulator.backward(summed(ours)(part), len(part[1])))
        assert told == [False, False, True]
        whole.zero_grad()
        F.cross_entropy(theirs(pair[0]), pair[1]).backward()
        whole.step()
        if step == 4:  # saved and loaded between two updates
            weights, state = ours.state_dict(), stepping.state_dict()
            ours = made(torch.float64, 9)
            ours.load_state_dict(weights)
            stepping = optimizer(ours.parameters())
            stepping.load_state_dict(state)
            accumulator = GradientAccumulator(stepping, len(sizes))
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-9, atol=1e-12)
        for key, value in whole.state[its].items():
            torch.testing.assert_close(stepping.state[mine][key], value, rtol=1e-8, atol=1e-12)


def test_convolutions_agree_too_and_batch_norm_does_not():
    rng = torch.Generator().manual_seed(0)
    pair = torch.randn(16, 1, 8, 8, generator=rng), torch.randint(10, (16,), generator=rng)
    found = {}
    for name, between in (("plain", nn.Identity), ("batch norm", lambda: nn.BatchNorm2d(1))):
        torch.manual_seed(0)
        network = nn.Sequential(between(), CNN(1, 8, 10))
        F.cross_entropy(network(pair[0]), pair[1]).backward()
        wanted = grads(network)
        network.zero_grad()
        accumulate(cut(pair, (4, 4, 4, 4)), summed(network), lambda part: len(part[1]))
        found[name] = distance(grads(network), wanted)
    assert found["plain"] < 1e-6 < 1e-3 < found["batch norm"]


def test_one_graph_at_a_time():
    network, pair, alive, most = made(), batch(12), [0], [0]

    def loss_sum(part):
        def gone(_):
            alive[0] -= 1

        alive[0] += 1
        most[0] = max(most[0], alive[0])
        loss = summed(network)(part)
        loss.register_hook(gone)
        return loss

    accumulate(cut(pair, (3, 3, 3, 3)), loss_sum, lambda part: len(part[1]))
    assert most == [1]


def test_the_rest_is_stepped_with_and_nothing_twice():
    network = made(torch.float64)
    reference = made(torch.float64)
    stepping = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
    whole = torch.optim.SGD(reference.parameters(), 0.1, momentum=0.9)
    clipped = []
    accumulator = GradientAccumulator(
        stepping, 3, before_step=lambda: clipped.append(network.layers[1].weight.grad.norm())
    )
    assert accumulator.flush() is False
    pair = batch(7, torch.float64)
    told = [accumulator.backward(summed(network)(part), len(part[1])) for part in cut(pair, (2, 5))]
    assert told == [False, False]
    assert accumulator.flush() is True
    assert accumulator.flush() is False
    F.cross_entropy(reference(pair[0]), pair[1]).backward()
    assert [each.item() for each in clipped] == [pytest.approx(reference.layers[1].weight.grad.norm().item())]
    whole.step()
    torch.testing.assert_close(list(network.parameters()), list(reference.parameters()), rtol=1e-12, atol=0)
    assert all(each.grad is None for each in network.parameters())


@pytest.mark.parametrize("parts", [[], [(torch.ones(0, 6), torch.ones(0, dtype=torch.long))]], ids=["none", "empty"])
def test_no_elements_are_refused(parts):
    network = made()
    with pytest.raises(ValueError, match="elements must be > 0 in all, got 0 in"):
        accumulate(parts, summed(network), lambda part: len(part[1]))
    assert all(each.grad is None for each in network.parameters())


def test_what_is_out_of_bounds_is_refused():
    network = made()
    with pytest.raises(ValueError, match=r"loss_sum must give a scalar, got shape \(3,\): sum it"):
        accumulate([batch(3)], lambda part: F.cross_entropy(network(part[0]), part[1], reduction="none"), lambda _: 3)
    for steps in (0, -2):
        with pytest.raises(ValueError, match=f"steps must be >= 1, got {steps}"):
            GradientAccumulator(torch.optim.SGD(network.parameters(), 0.1), steps)
