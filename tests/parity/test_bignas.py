"""The sandwich step against its definition, written out with gradients by `torch.autograd.grad` and updates by hand."""

import copy

import pytest
import torch
from torch import nn

from studykit.automl.bignas import sandwich_step
from studykit.automl.once_for_all import ElasticNet


class Slim(nn.Module):
    """A hidden layer of which the first units are active; configurations are widths."""

    def __init__(self, dtype=torch.float64, classes=3):
        super().__init__()
        rng = torch.Generator().manual_seed(7)
        self.a, self.b = (nn.Parameter(torch.randn(*shape, generator=rng, dtype=torch.float64).to(dtype)) for shape in ((8, 5), (classes, 8)))
        self.unused = nn.Parameter(torch.ones(2, dtype=dtype))
        self.max_subnet, self.min_subnet = 8, 1

    def sample(self, generator=None):
        return 1 + int(torch.randint(8, (), generator=generator))

    def forward(self, x, config):
        return (x @ self.a[:config].T).relu() @ self.b[:, :config].T


def elastic():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ElasticNet(1, 6, 3, stages=(4, 6)).double()


def images(n, classes=3):
    rng = torch.Generator().manual_seed(n)
    return torch.randn(6, 1, 6, 6, generator=rng, dtype=torch.float64), torch.randint(classes, (6,), generator=rng)


def vectors(n, dtype=torch.float64, size=7):
    rng = torch.Generator().manual_seed(n)
    return torch.randn(size, 5, generator=rng, dtype=torch.float64).to(dtype), torch.randint(3, (size,), generator=rng)


def gradients(net, x, y, configs, distill):
    """The sum of the gradients of all losses, each by its definition; and the largest one's loss."""
    params = list(net.parameters())
    probabilities, total, first = None, [torch.zeros_like(p) for p in params], None
    for config in configs:
        log = net(x, config).log_softmax(1)
        if probabilities is None:
            first = -log[torch.arange(len(y)), y].mean()
            loss, probabilities = first, log.detach().exp()
        elif distill:
            loss = -(probabilities * log).sum(1).mean()
        else:
            loss = -log[torch.arange(len(y)), y].mean()
        for sum_, each in zip(total, torch.autograd.grad(loss, params, allow_unused=True), strict=True):
            if each is not None:
                sum_ += each
    return total, first.item()


@pytest.mark.parametrize("distill", [True, False])
@pytest.mark.parametrize("n_random", [0, 1, 2, 5])
@pytest.mark.parametrize("kind", ["slim", "elastic"])
def test_a_step_is_its_definition(kind, n_random, distill):
    net = Slim() if kind == "slim" else elastic()
    twin, draw = copy.deepcopy(net), (vectors if kind == "slim" else images)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    one, other = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    for n in range(4):
        x, y = draw(n)
        told = sandwich_step(net, x, y, optimizer, n_random, distill, one)
        configs = [twin.max_subnet, twin.min_subnet, *(twin.sample(other) for _ in range(n_random))]
        total, first = gradients(twin, x, y, configs, distill)
        with torch.no_grad():
            for p, g in zip(twin.parameters(), total, strict=True):
                p -= 0.1 * g
        assert told == pytest.approx(first)
        assert isinstance(told, float)
        for (name, p), q in zip(net.named_parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(p, q, msg=f"{name} after update {n + 1}")
    if kind == "elastic":  # the norms saw each batch as often, in the same order
        for (name, p), q in zip(net.named_buffers(), twin.buffers(), strict=True):
            torch.testing.assert_close(p, q, msg=name)


@pytest.mark.parametrize("rule", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_any_optimizer_steps_once_and_can_be_resumed(rule):
    settings = {"lr": 0.05, "weight_decay": 0.1} | ({"momentum": 0.9, "nesterov": True} if rule is torch.optim.SGD else {})
    net = Slim()
    optimizer, steps = rule(net.parameters(), **settings), []
    optimizer.register_step_post_hook(lambda *_: steps.append(1))
    rng = torch.Generator().manual_seed(0)
    for n in range(3):
        sandwich_step(net, *vectors(n), optimizer, generator=rng)
    assert len(steps) == 3
    other = Slim()
    other.load_state_dict(net.state_dict())
    resumed = rule(other.parameters(), **settings)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    twin = torch.Generator()
    twin.set_state(rng.get_state())
    for n in range(3, 6):
        assert sandwich_step(net, *vectors(n), optimizer, generator=rng) == sandwich_step(other, *vectors(n), resumed, generator=twin)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


def test_the_teacher_gets_no_gradient_from_its_students():
    net = Slim()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    x, y = vectors(0)
    sandwich_step(net, x, y, optimizer, 0)
    together = net.b.grad[:, 1:].clone()
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x, 8), y).backward()
    torch.testing.assert_close(together, net.b.grad[:, 1:], msg="units outside of the smallest learn from the labels alone")


def test_old_gradients_do_not_count_and_unused_parameters_stay_without():
    net, twin = Slim(), Slim()
    for each in (net, twin):
        optimizer = torch.optim.SGD(each.parameters(), lr=0.1)
        if each is net:
            each(vectors(9)[0], 8).square().sum().backward()
        sandwich_step(each, *vectors(0), optimizer, generator=torch.Generator().manual_seed(0))
        assert each.unused.grad is None
    assert torch.equal(net.a, twin.a)


@pytest.mark.parametrize("training", [True, False])
def test_every_sub_network_is_run_once_in_the_mode_that_was(training):
    net, seen = elastic().train(training), []
    forward = net.forward
    net.forward = lambda x, config=None: seen.append((config, net.training)) or forward(x, config)
    sandwich_step(net, *images(0), torch.optim.SGD(net.parameters(), lr=0.1), 3, generator=torch.Generator().manual_seed(1))
    assert [config for config, _ in seen[:2]] == [net.max_subnet, net.min_subnet]
    assert len(seen) == 5 and {mode for _, mode in seen} == {training}
    assert net.training == training


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1, 2, 9])
def test_dtypes_and_batches(dtype, size):
    net = Slim(dtype)
    x, y = vectors(0, dtype, size)
    before = net.a.detach().clone()
    told = sandwich_step(net, x, y, torch.optim.SGD(net.parameters(), lr=0.1), generator=torch.Generator().manual_seed(0))
    assert told == pytest.approx(nn.functional.cross_entropy(Slim(dtype)(x, 8), y).item(), rel=1e-5)
    assert net.a.dtype == dtype and not torch.equal(net.a, before)


def test_draws_come_from_the_generator_alone():
    ends = []
    for seed in (1, 1, 2):
        net, before = Slim(), torch.get_rng_state()
        for n in range(3):
            sandwich_step(net, *vectors(n), torch.optim.SGD(net.parameters(), lr=0.1), generator=torch.Generator().manual_seed(10 * seed + n))
        assert torch.equal(torch.get_rng_state(), before)
        ends.append(net.a.detach())
    assert torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match=r"n_random must be >= 0, got -1; 0 leaves the largest and the smallest"):
        sandwich_step(Slim(), *vectors(0), torch.optim.SGD(Slim().parameters(), lr=0.1), -1)
