"""The scaler against torch.amp.GradScaler: scales, gradients, weights and counts at every step; and the report's kernels."""

import copy
import math
import pickle

import pytest
import torch
from torch import nn

from studykit.models import CharTransformer
from studykit.scale.amp import GradScaler, autocast_report

THEIRS = torch.amp.GradScaler
SETTINGS = [
    {},
    {"init_scale": 8.0, "growth_interval": 3},
    {"init_scale": 1000.0, "growth_factor": 3.0, "backoff_factor": 0.3, "growth_interval": 2},
    {"init_scale": 0.1, "growth_factor": 1.7, "backoff_factor": 0.9, "growth_interval": 1},
    {"init_scale": 2.0**126, "growth_interval": 1},
]


def nets(count=1, dtype=torch.float32):
    torch.manual_seed(3)
    made = [nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(dtype) for _ in range(count)]
    return made, copy.deepcopy(made)


def pair(**settings):
    return GradScaler("cpu", **settings), THEIRS("cpu", **settings)


def iterate(scaler, networks, optimizers, bad=(), seed=0, clip=None, unscaled=(), dtype=torch.float32):
    """One update; `bad` is (network, value): that gradient gets it."""
    rng = torch.Generator().manual_seed(seed)
    for n, (network, optimizer) in enumerate(zip(networks, optimizers, strict=True)):
        optimizer.zero_grad()
        x = torch.randn(5, 3, generator=rng).to(dtype)
        scaler.scale(network(x).float().square().mean()).backward()
        for which, value in bad:
            if which == n:
                network[0].weight.grad[1, 2] = value
    for n in unscaled:
        scaler.unscale_(optimizers[n])
        if clip:
            nn.utils.clip_grad_norm_(networks[n].parameters(), clip)
    for optimizer in optimizers:
        scaler.step(optimizer)
    scaler.update()


def same(networks, others):
    for one, other in zip(networks, others, strict=True):
        for mine, its in zip(one.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(mine, its, rtol=0, atol=0, equal_nan=True)
            torch.testing.assert_close(mine.grad, its.grad, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_every_step_is_that_of_torch_whatever_overflows(settings, dtype):
    mine, its = nets(2, dtype)
    scalers = pair(**settings)
    optimizers = [[torch.optim.SGD(net.parameters(), 0.05, momentum=0.9) for net in side] for side in (mine, its)]
    faults = {2: [(0, math.inf)], 5: [(1, math.nan)], 6: [(0, -math.inf), (1, math.nan)], 11: [(1, -math.inf)]}
    for step in range(25):
        for scaler, side, each in zip(scalers, (mine, its), optimizers, strict=True):
            iterate(scaler, side, each, faults.get(step, ()), step, 0.1, (0,) if step % 2 else (), dtype)
        same(mine, its)
        assert scalers[0].get_scale() == scalers[1].get_scale(), step
        assert scalers[0].state_dict() == scalers[1].state_dict(), step


@pytest.mark.parametrize("fused", [False, True])
def test_adam_keeps_its_state_when_a_step_is_skipped(fused):
    (mine, its), scalers = nets(), pair(init_scale=64.0, growth_interval=2)
    sides = [[torch.optim.Adam(side[0].parameters(), 0.01, fused=fused)] for side in (mine, its)]
    for step in range(8):
        for scaler, side, optimizers in zip(scalers, (mine, its), sides, strict=True):
            iterate(scaler, side, optimizers, [(0, math.nan)] if step in (3, 4) else (), step)
        for one, other in zip(mine[0].parameters(), its[0].parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=0)
            for name in ("exp_avg", "exp_avg_sq", "step"):
                torch.testing.assert_close(
                    sides[0][0].state[one][name], sides[1][0].state[other][name], rtol=1e-5, atol=1e-12
                )
        assert scalers[0].state_dict() == scalers[1].state_dict()


@pytest.mark.parametrize("middle", [0, 4, 7])
@pytest.mark.parametrize("made", [GradScaler, THEIRS])
def test_state_goes_both_ways_in_the_middle(middle, made):
    (mine, its), scalers = nets(), pair(init_scale=4.0, growth_interval=3)
    optimizers = [[torch.optim.SGD(side[0].parameters(), 0.1)] for side in (mine, its)]
    for step in range(14):
        if step == middle:
            resumed = made("cpu", init_scale=7.0)
            resumed.load_state_dict(scalers[made is GradScaler].state_dict())
            scalers = (resumed, scalers[1])
        for scaler, side, each in zip(scalers, (mine, its), optimizers, strict=True):
            iterate(scaler, side, each, [(0, math.inf)] if step in (2, 8) else (), step)
        same(mine, its)
        assert scalers[0].state_dict() == scalers[1].state_dict()
    running = GradScaler("cpu")
    running.scale(torch.ones(()))
    running.load_state_dict(scalers[1].state_dict())
    assert running.state_dict() == scalers[1].state_dict()
    assert pickle.loads(pickle.dumps(running)).state_dict() == running.state_dict()


def test_what_may_be_scaled():
    for value in (torch.ones(()), [torch.ones(2), torch.zeros(1)], (torch.ones(1), [torch.ones(2)]), []):
        ours, theirs = (scaler.scale(value) for scaler in pair(init_scale=32.0))
        assert type(ours) is type(theirs)
        torch.testing.assert_close(ours, theirs)
    ours, theirs = (list(scaler.scale(iter([torch.ones(1), torch.ones(2)]))) for scaler in pair())
    torch.testing.assert_close(ours, theirs)
    for scaler in pair():
        with pytest.raises(ValueError, match="iterable"):
            scaler.scale(3.0)
    loss = torch.ones((), requires_grad=True)
    GradScaler("cpu").scale(loss).backward()
    assert loss.grad == 2**16, "the product is in the graph"
    half = torch.tensor(0.5, dtype=torch.float16)
    ours, theirs = (scaler.scale(half) for scaler in pair())
    assert (ours, ours.dtype) == (theirs, theirs.dtype)


def test_sparse_and_missing_gradients():
    found = []
    for make in (GradScaler, THEIRS):
        torch.manual_seed(0)
        table, unused = nn.Embedding(6, 2, sparse=True), nn.Parameter(torch.ones(2))
        scaler, optimizer = make("cpu"), torch.optim.SGD([*table.parameters(), unused], 0.1)
        scaler.scale(table(torch.tensor([1, 1, 4])).square().sum()).backward()
        scaler.unscale_(optimizer)
        found.append((table.weight.grad.to_dense().clone(), unused.grad))
        scaler.step(optimizer)
        scaler.update()
        found[-1] += (table.weight.detach(), scaler.get_scale())
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.parametrize("new", [4.0, torch.tensor(8.0)], ids=str)
def test_a_scale_may_be_set_and_the_count_stays(new):
    (mine, its), scalers = nets(), pair(init_scale=4.0, growth_interval=3)
    for scaler, side in zip(scalers, (mine, its), strict=True):
        optimizer = torch.optim.SGD(side[0].parameters(), 0.1)
        iterate(scaler, side, [optimizer])
        scaler.scale(side[0](torch.ones(1, 3)).sum()).backward()
        scaler.step(optimizer)
        scaler.update(new)
        iterate(scaler, side, [optimizer], seed=1)
    assert scalers[0].state_dict() == scalers[1].state_dict()
    scalers[0].update(torch.tensor([32.0]))
    assert scalers[0].get_scale() == 32
    for bad in (torch.ones(2), torch.ones((), requires_grad=True), torch.ones((), device="meta")):
        with pytest.raises(ValueError, match="new_scale must be one number"):
            scalers[0].update(bad)


def test_methods_out_of_order_are_refused_as_in_torch():
    def after(*calls):
        def given(make):
            net, scaler = nn.Linear(2, 1), make("cpu")
            optimizer = torch.optim.SGD(net.parameters(), 0.1)
            for call in calls:
                if call == "backward":
                    scaler.scale(net(torch.ones(1, 2)).sum()).backward()
                elif call == "scale":
                    scaler.scale(torch.ones(()))
                elif call == "half":
                    scaler.scale(torch.ones(()))
                    half = nn.Parameter(torch.ones(1, dtype=torch.float16))
                    half.grad = torch.ones_like(half)
                    optimizer = torch.optim.SGD([half], 0.1)
                elif call == "closure":
                    scaler.step(optimizer, closure=lambda: 0)
                elif call == "update":
                    scaler.update()
                else:
                    getattr(scaler, call)(optimizer)

        return given

    for calls in [
        ("backward", "unscale_", "unscale_"), ("backward", "step", "unscale_"), ("backward", "step", "step"),
        ("unscale_",), ("step",), ("update",), ("scale", "update"), ("scale", "step"), ("half", "unscale_"), ("half", "step"),
        ("closure",), ("backward", "closure"),
    ]:  # fmt: skip
        with pytest.raises((AssertionError, RuntimeError, ValueError)):
            after(*calls)(THEIRS)
        with pytest.raises((RuntimeError, ValueError)) as caught:
            after(*calls)(GradScaler)
        assert "\n" not in str(caught.value) and ":" in str(caught.value)
    for calls in [("backward", "unscale_", "step", "update", "backward", "unscale_"), ("backward", "unscale_", "update")]:
        for make in (GradScaler, THEIRS):
            after(*calls)(make)


def test_disabled_it_does_nothing():
    scaler, its = pair(enabled=False, growth_factor=0.1)
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    loss, before = net(torch.ones(1, 2)).sum(), net.weight.detach().clone()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer, closure=lambda: loss)
    scaler.update()
    torch.testing.assert_close(net.weight.detach(), before - 0.1)
    assert (scaler.get_scale(), scaler.state_dict(), scaler.is_enabled()) == (1.0, {}, False)
    assert its.state_dict() == {}
    scaler.load_state_dict({})
    with pytest.raises(RuntimeError, match="empty"):
        GradScaler("cpu").load_state_dict({})


def test_it_returns_what_the_optimizer_returns_and_none_if_skipped():
    class Told(torch.optim.SGD):
        def step(self, told):
            return told

    for make in (GradScaler, THEIRS):
        weight, returned = nn.Parameter(torch.ones(1)), []
        optimizer, scaler = Told([weight], 0.1), make("cpu")
        for factor in (1.0, math.inf):
            scaler.scale(weight.sum() * factor).backward()
            returned.append(scaler.step(optimizer, 5))
            scaler.update()
        assert returned == [5, None]


@pytest.mark.parametrize("bad", [{"growth_factor": 1.0}, {"growth_factor": math.nan}, {"backoff_factor": 1.0}])
def test_factors_are_refused_in_one_line(bad):
    with pytest.raises(ValueError, match=r"must be [<>] 1, got .*: give one such as") as caught:
        GradScaler("cpu", **bad)
    assert "\n" not in str(caught.value)


def test_without_cuda_it_disables_itself_as_torch_does(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for make in (GradScaler, THEIRS):
        with pytest.warns(UserWarning, match="[Dd]isabl"):
            assert make().get_scale() == 1.0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_report_tells_the_kernels_that_ran(dtype):
    low, model = str(dtype).removeprefix("torch."), CharTransformer(20, 8, 16, 3, 2)
    found = {(each.name, each.precision): each.calls for each in autocast_report(model, torch.zeros(2, 8).long(), dtype=dtype)}
    # Counted off the model: 3 blocks of qkv, out and two layers of the MLP; two norms each and a last one; two embeddings.
    assert found["addmm", low] == 3 * 4
    assert found["mm", low] == 1
    assert found["native_layer_norm", "float32"] == 3 * 2 + 1
    assert found["embedding", "float32"] == 2
    assert found["add", "float32"] == 3 * 2 + 1
    assert found["gelu", low] == 3
    assert ("cast", f"float32 → {low}") in found
    assert not any(name in ("view", "t", "transpose") for name, _ in found)
    with pytest.raises(ValueError, match=r"dtype must be .*, got torch.float32"):
        autocast_report(model, torch.zeros(2, 8).long(), dtype=torch.float32)


def test_the_report_leaves_nothing_switched_on():
    autocast_report(nn.Linear(2, 2), torch.ones(1, 2))
    assert not torch.is_autocast_enabled("cpu")
    assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32
