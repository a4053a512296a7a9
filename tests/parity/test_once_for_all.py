"""Slices against stand-alone networks built by hand from copied weights, costs against a count by hooks, training against the formula."""

import copy
import itertools
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from studykit.automl._elastic import Kernels, Space, Stage
from studykit.automl._subnets import AccuracyPredictor, calibrated, rank_correlation, search
from studykit.automl.once_for_all import ElasticNet, elastic_conv2d, once_for_all_train


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def elastic(seed=0, **changed):
    """A network with every weight, matrix and statistic drawn at random."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ElasticNet(2, 9, 5, **{"stages": (4, 6), "kernels": (3, 5, 7), **changed}).double()
        with torch.no_grad():
            for name, each in (*net.named_parameters(), *net.named_buffers()):
                if each.is_floating_point():
                    each.add_(0.2 * torch.rand_like(each) if "var" in name else 0.2 * torch.randn_like(each))
    return net


def by_hand(net, config):
    """A plain network with the weights of the slices, put together from torch's own layers, one index at a time."""
    layers = []
    for entry, blocks, (depth, width, kernel) in zip(net.entries, net.blocks, config, strict=True):
        layers.append(copy.deepcopy(entry))
        for n in range(depth):
            source = blocks[n]
            channels = source.widen.weight.shape[1]
            block = SimpleNamespace(
                widen=nn.Conv2d(channels, width, kernel, padding=(kernel - 1) // 2, bias=False), norm1=nn.BatchNorm2d(width),
                project=nn.Conv2d(width, channels, 1, bias=False), norm2=nn.BatchNorm2d(channels),
            )  # fmt: skip
            with torch.no_grad():
                for o, i in itertools.product(range(width), range(channels)):
                    window = source.widen.weight[o, i]
                    for size in (5, 3):
                        if size >= kernel and size < window.shape[0]:
                            rim = (window.shape[0] - size) // 2
                            matrix = source.kernels.matrices[str(size)]
                            window = (matrix @ window[rim : rim + size, rim : rim + size].reshape(-1)).reshape(size, size)
                    block.widen.weight[o, i] = window
                    block.project.weight[i, o] = source.project.weight[i, o]
                for own, shared in ((block.norm1, source.norm1), (block.norm2, source.norm2)):
                    for name in ("weight", "bias", "running_mean", "running_var"):
                        getattr(own, name).copy_(getattr(shared, name)[: own.num_features])
            layers.append(block)
    head = copy.deepcopy(net.head)
    modules = [m for each in layers for m in (vars(each).values() if isinstance(each, SimpleNamespace) else [each])] + [head]

    def forward(x):
        for each in layers:
            plain = not isinstance(each, SimpleNamespace)
            x = each(x) if plain else x + each.norm2(each.project(F.relu(each.norm1(each.widen(x)))))
        return head(x.flatten(2).mean(2))

    return forward, nn.ModuleList(modules).double().train(net.training)


# --- the sliced convolution


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("out", "channels", "kernel", "largest"), [(3, 2, 3, 5), (5, 4, 5, 5), (1, 1, 1, 5), (4, 3, 3, 7), (2, 4, 7, 7), (2, 1, 1, 1)])
@pytest.mark.parametrize("biased", [True, False])
def test_a_sliced_convolution_is_the_smaller_layer(out, channels, kernel, largest, dtype, biased):
    weight = draw(5, 4, largest, largest, dtype=dtype).requires_grad_()
    bias = draw(5, seed=1, dtype=dtype).requires_grad_() if biased else None
    x = draw(2, channels, 6, 8, seed=2, dtype=dtype).requires_grad_()
    small = nn.Conv2d(channels, out, kernel, padding=(kernel - 1) // 2, bias=biased, dtype=dtype)
    rim = (largest - kernel) // 2
    with torch.no_grad():
        for o, i, a, b in itertools.product(range(out), range(channels), range(kernel), range(kernel)):
            small.weight[o, i, a, b] = weight[o, i, rim + a, rim + b]
        if biased:
            small.bias.copy_(bias[:out])
    y, other = elastic_conv2d(x, weight, bias, out, kernel), x.detach().clone().requires_grad_()
    expected = small(other)
    torch.testing.assert_close(y, expected)
    assert y.dtype == dtype
    push = draw(*y.shape, seed=3, dtype=dtype)
    (y * push).sum().backward(), (expected * push).sum().backward()
    torch.testing.assert_close(x.grad, other.grad)
    used = weight.grad[:out, :channels, rim : rim + kernel, rim : rim + kernel]
    torch.testing.assert_close(used, small.weight.grad)
    assert weight.grad.count_nonzero() == used.count_nonzero(), "what was not used has no gradient"
    if biased:
        torch.testing.assert_close(bias.grad[:out], small.bias.grad)
        assert not bias.grad[out:].any()


def test_kernels_begin_as_the_centre_and_are_chained_from_large_to_small():
    kernels, weight = Kernels((7, 3, 5)), draw(2, 3, 7, 7, dtype=torch.float32)
    for size in (7, 5, 3):
        rim = (7 - size) // 2
        assert torch.equal(kernels(weight, size), weight[..., rim : 7 - rim, rim : 7 - rim])
    assert sorted(kernels.matrices) == ["3", "5"]
    with torch.no_grad():
        kernels.matrices["5"].copy_(2 * torch.eye(25))
        kernels.matrices["3"].copy_(torch.eye(9).flip(0))
    assert torch.equal(kernels(weight, 3), 2 * weight[..., 2:5, 2:5].flip(2, 3))
    assert torch.equal(kernels(weight, 7), weight)


# --- sub-networks


@pytest.mark.parametrize("training", [False, True])
def test_a_slice_is_the_stand_alone_network(training):
    net = elastic().train(training)
    assert len(net.space.configs()) == net.space.count == (2 * 3 * 3) ** 2
    x = draw(4, 2, 9, 9)
    for config in [*net.space.configs()[::23], net.max_subnet, net.min_subnet]:
        before = copy.deepcopy(net.state_dict())
        expected, _ = by_hand(net, config)
        own = net.subnet(config)
        got, cut = net(x, config), own(x)
        assert torch.equal(got, cut)
        net.load_state_dict(before)
        torch.testing.assert_close(got, expected(x))
        assert own.training == training
        assert not {each.data_ptr() for each in own.parameters()} & {each.data_ptr() for each in net.parameters()}


def test_cutting_out_draws_nothing_from_the_global_generator():
    net, before = elastic(), torch.get_rng_state()
    net.subnet(net.min_subnet)
    assert torch.equal(torch.get_rng_state(), before)


def test_gradients_go_to_the_slices_alone():
    net, x, y = elastic().train(), draw(6, 2, 9, 9), torch.arange(6) % 5
    config = (Stage(1, 2, 7), Stage(2, 6, 7))
    expected, parts = by_hand(net, config)
    F.cross_entropy(net(x, config), y).backward()
    F.cross_entropy(expected(x), y).backward()
    block, (entry, widen, norm1, project, norm2) = net.blocks[0][0], list(parts)[:5]
    torch.testing.assert_close(block.widen.weight.grad[:2], widen.weight.grad)
    torch.testing.assert_close(block.project.weight.grad[:, :2], project.weight.grad)
    torch.testing.assert_close(block.norm1.bias.grad[:2], norm1.bias.grad)
    torch.testing.assert_close(block.norm2.weight.grad, norm2.weight.grad)
    torch.testing.assert_close(net.entries[0][0].weight.grad, entry[0].weight.grad)
    torch.testing.assert_close(net.head.weight.grad, parts[-1].weight.grad)
    assert not block.widen.weight.grad[2:].any() and not block.project.weight.grad[:, 2:].any() and not block.norm1.weight.grad[2:].any()
    assert net.blocks[0][1].widen.weight.grad is None, "a block that was left out"


def test_shared_statistics_move_where_they_were_used():
    net, config = elastic().train(), (Stage(1, 2, 3), Stage(1, 3, 3))
    before, (forward, parts), x = copy.deepcopy(net.blocks[0]), by_hand(net, config), draw(6, 2, 9, 9)
    net(x, config), forward(x)
    after = net.blocks[0]
    assert torch.equal(after[0].norm1.running_mean[2:], before[0].norm1.running_mean[2:])
    assert not torch.equal(after[0].norm1.running_mean[:2], before[0].norm1.running_mean[:2])
    assert torch.equal(after[1].norm1.running_mean, before[1].norm1.running_mean)
    torch.testing.assert_close(after[0].norm1.running_var[:2], parts[2].running_var)


@pytest.mark.parametrize("size", [7, 8, 12])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_cost_is_what_hooks_count(size, channels):
    net = ElasticNet(channels, size, 4, stages=(4, 6, 8), kernels=(1, 3))
    counts = []

    def count(layer, inputs, output):
        per_value = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels * layer.kernel_size[0] ** 2
        counts.append(output[0].numel() * per_value)

    for config in net.space.configs()[:: net.space.count // 40]:
        own = net.subnet(config)
        for layer in own.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        own(torch.zeros(2, channels, size, size))
        assert sum(counts) == net.macs(config)
        counts.clear()
    assert net.macs() == net.macs(net.max_subnet) > net.macs(net.min_subnet)


def test_sorting_leaves_the_largest_network_as_it_was():
    net, x = elastic().eval(), draw(3, 2, 9, 9)
    before, smaller = net(x), net(x, net.min_subnet)
    kept = net.blocks[1][0].project.weight.detach().abs().sum(0).flatten().sort(descending=True).values
    net.sort_channels()
    torch.testing.assert_close(net(x), before)
    assert not torch.allclose(net(x, net.min_subnet), smaller)
    torch.testing.assert_close(net.blocks[1][0].project.weight.abs().sum(0).flatten(), kept)


def test_a_state_that_is_saved_and_loaded_gives_the_same_networks():
    net, other, x = elastic(0).eval(), elastic(1).eval(), draw(3, 2, 9, 9)
    assert not torch.allclose(net(x), other(x))
    other.load_state_dict(net.state_dict())
    for config in (net.max_subnet, net.min_subnet):
        assert torch.equal(net(x, config), other(x, config))


def test_calibration_takes_the_statistics_of_the_images():
    net, x = elastic().eval(), draw(40, 2, 9, 9)
    own = calibrated(net.subnet(net.min_subnet), x, 10)
    first = own[0][0](x)
    torch.testing.assert_close(own[0][1].running_mean, first.mean((0, 2, 3)))
    torch.testing.assert_close(own[0][1].running_var, torch.stack([each.var((0, 2, 3)) for each in first.split(10)]).mean(0))
    assert not own.training and own[0][1].momentum == net.entries[0][1].momentum


# --- training


def stream(n=99, size=4):
    return [(draw(size, 2, 9, 9, seed=k), torch.arange(size) % 5) for k in range(n)]


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9)


def test_the_first_phase_is_the_plain_training_of_the_largest_network():
    net = elastic(kernels=(5, 3))
    forward, parts = by_hand(net, net.max_subnet)
    optimizer = sgd(parts.parameters())
    for n, (x, y) in enumerate(stream(4)):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * n / 4)) / 2
        optimizer.zero_grad()
        F.cross_entropy(forward(x), y).backward()
        optimizer.step()
    log = once_for_all_train(net, stream(), sgd, steps=(4, 0, 0, 0))
    net.eval(), parts.eval()
    torch.testing.assert_close(net(stream()[9][0]), forward(stream()[9][0]))
    assert log.macs == 4 * 4 * 3 * net.macs()
    assert len(log.losses) == 4


def test_an_update_is_the_sum_over_sub_networks_of_labels_and_teacher(monkeypatch):
    asked, net = [], elastic(kernels=(5, 3)).train()
    sample = net.sample
    monkeypatch.setattr(net, "sample", lambda generator, elastic: asked.append(sample(generator, elastic)) or asked[-1])
    twin = copy.deepcopy(net)
    log = once_for_all_train(net, stream(), sgd, steps=(0, 0, 0, 1), distill=0.7, generator=torch.Generator().manual_seed(3))
    assert len(asked) == 4 and len(set(asked)) > 1
    teacher = copy.deepcopy(twin).eval()
    twin.sort_channels()
    x, y = stream()[0]
    soft = teacher(x).softmax(1)
    optimizer = sgd(twin.parameters())
    losses = []
    for config in asked:
        logits = twin(x, config)
        losses.append(F.nll_loss(logits.log_softmax(1), y) - 0.7 * (soft * logits.log_softmax(1)).sum(1).mean())
    torch.stack(losses).sum().backward()
    optimizer.step()
    for one, other in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert log.losses == pytest.approx([sum(losses).item() / 4])
    assert log.macs == 4 * (3 * sum(map(net.macs, asked)) + net.macs())


def test_phases_let_more_and_more_vary():
    net, asked = elastic(kernels=(5, 3)), []
    sample = net.sample
    net.sample = lambda generator, elastic: asked.append(sample(generator, elastic)) or asked[-1]
    once_for_all_train(net, stream(), sgd, steps=(2, 6, 6, 6), generator=torch.Generator().manual_seed(0))
    phases = [asked[:2], asked[2:8], asked[8:20], asked[20:44]]
    assert len(asked) == 44
    varied = [[name for n, name in enumerate(Stage._fields) if len({config[0][n] for config in phase}) > 1] for phase in phases]
    assert varied == [[], ["kernel"], ["depth", "kernel"], ["depth", "width", "kernel"]]


def test_training_depends_on_its_seed_alone():
    ends = []
    for seed in (1, 1, 2):
        net = elastic(kernels=(5, 3))
        seen = []
        log = once_for_all_train(
            net, stream(), sgd, steps=(1, 1, 1, 2), generator=torch.Generator().manual_seed(seed), seen=lambda losses, to=seen: to.append(len(losses))
        )
        assert seen == [1, 2, 3, 4, 5]
        ends.append((log.losses, net.head.weight))
    assert ends[0][0] == ends[1][0] and torch.equal(ends[0][1], ends[1][1])
    assert ends[0][0] != ends[2][0]


# --- what is found with it


def test_a_predictor_ranks_what_it_has_not_seen():
    space = Space((1, 2), [(4, 8, 16)] * 2, (3, 5))
    worth = lambda config: sum(math.log(s.depth * s.width) + 0.2 * s.kernel for s in config)  # noqa: E731
    configs = space.configs()
    order = torch.randperm(len(configs), generator=torch.Generator().manual_seed(0)).tolist()
    known, new = [configs[n] for n in order[:60]], [configs[n] for n in order[60:]]
    before = torch.get_rng_state()
    predictor = AccuracyPredictor(space).fit(known, [worth(each) for each in known])
    assert torch.equal(torch.get_rng_state(), before)
    found, true = predictor.predict(new), [worth(each) for each in new]
    assert rank_correlation(found, true) > 0.9
    assert sum(abs(a - b) for a, b in zip(found, true, strict=True)) / len(new) < 0.3 * torch.tensor(true).std()
    assert rank_correlation([1, 2, 2, 5], [0.1, 0.3, 0.3, 9]) == pytest.approx(1)
    assert rank_correlation(found[:20], true[:20]) == pytest.approx(stats.spearmanr(found[:20], true[:20]).statistic)


def test_a_search_finds_the_best_within_the_budget():
    net = elastic(kernels=(3, 5))
    values = dict(zip(net.space.configs(), draw(net.space.count).tolist(), strict=True))
    score = lambda configs: [net.macs(each) ** 0.5 + values[each] for each in configs]  # noqa: E731
    for budget in (net.macs(net.min_subnet), 40_000, net.macs()):
        fits = [each for each in net.space.configs() if net.macs(each) <= budget]
        best = max(fits, key=lambda each: score([each])[0])
        assert search(net.space, score, net.macs, budget) == best
        found = search(net.space, score, net.macs, budget, exhaustive=False, generator=torch.Generator().manual_seed(0))
        assert net.macs(found) <= budget
        better = sum(score([each])[0] > score([found])[0] for each in fits)
        assert better <= len(fits) * 0.05


def test_every_configuration_has_its_code():
    space = Space((1, 2), [(4, 8), (6, 12, 24)], (3,))
    codes = {tuple(space.encode(each).tolist()) for each in space.configs()}
    assert len(codes) == space.count == 24
    assert all(sum(code) == 6 for code in codes)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: elastic_conv2d(draw(1, 2, 4, 4), draw(3, 2, 3, 3), None, 4, 3), "out_channels must be from 1 to 3, got 4"),
        (lambda: elastic_conv2d(draw(1, 3, 4, 4), draw(3, 2, 3, 3), None, 3, 3), "channels of x must be from 1 to 2, got 3"),
        (lambda: elastic_conv2d(draw(1, 2, 4, 4), draw(3, 2, 3, 3), None, 3, 5), "kernel_size must be from 1 to 3, got 5"),
        (lambda: elastic_conv2d(draw(1, 2, 4, 4), draw(3, 2, 3, 3), None, 3, 2), "kernel_size must be odd"),
        (lambda: ElasticNet(1, 8, 10, kernels=(3, 4)), r"kernels must be odd, got \[4\]"),
        (lambda: ElasticNet(1, 8, 10, depths=()), "depths must be numbers >= 1"),
        (lambda: ElasticNet(1, 8, 10, widths=(0.01,)), r"widths\[0\] must be numbers >= 1"),
        (lambda: elastic()(draw(1, 2, 9, 9), ((1, 2, 3),)), "2 stages here, got 1"),
        (lambda: elastic().subnet(((1, 3, 3), (1, 3, 3))), "width of stage 0 must be one of 2, 4, 8, got 3"),
        (lambda: once_for_all_train(elastic(), [], sgd, steps=(1, 1)), "steps must be 4 numbers"),
        (lambda: AccuracyPredictor(elastic().space).fit([elastic().max_subnet], [1.0]), "as many accuracies as configurations"),
        (lambda: search(elastic().space, len, elastic().macs, 10.0), "budget must be >= "),
        (lambda: search(elastic().space, len, elastic().macs, 1e9, population=2), "population must be >= 4"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_value_bound_and_remedy(call, told):
    with pytest.raises(ValueError, match=told):
        call()
