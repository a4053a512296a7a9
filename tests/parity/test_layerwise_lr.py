"""Layer-wise groups against timm's published rule, written out here from its source."""

import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from _schedules import drawn
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from studykit.models import CNN, MLP, CharTransformer, ResidualMLP, ViT
from studykit.schedule.layerwise_lr import layer_numbers, layerwise_lr_groups

# As a timm model's `group_matcher` says them: one pattern per kind of layer, from the input up; the group of digits counts the
# layers of the kind, JOINS puts what matches with the layer before, and what matches nothing is the head. The ViT's is timm's own
# (timm/models/vision_transformer.py); the others say in that form where this kit's networks have their layers.
JOINS = math.inf
VIT = [(r"cls_token|pos_embed|patch_embed", None), (r"blocks\.(\d+)", 1), (r"norm", JOINS)]
MATCHERS = {
    "vit": (lambda: ViT(1, 8, 10, width=16, depth=3), VIT),
    "deep vit": (lambda: ViT(3, 8, 4, width=8, depth=12, heads=2), VIT),
    "cnn": (lambda: CNN(3, 8, 10, width=4), [(r"features\.(\d+)", 0), (r"head\.(\d+)", 1)]),
    "mlp": (lambda: MLP(64, 10, width=8), [(r"layers\.(\d+)", 0)]),
    "residual": (
        lambda: ResidualMLP(64, 10, width=8, depth=3),
        [(r"stem", None), (r"branches\.(\d+)", 1), (r"head\.0", JOINS)],
    ),
    "transformer": (
        lambda: CharTransformer(11, 8, width=8, depth=2),
        [(r"token|position", None), (r"blocks\.(\d+)", 1), (r"norm", JOINS)],
    ),
}
each_model = pytest.mark.parametrize(("make", "matcher"), MATCHERS.values(), ids=MATCHERS)


def layer_map(model, matcher):
    """timm/models/_manipulate.py, group_with_matcher: sort the keys that the patterns give, and number them."""

    def key(name):
        for place, (pattern, _) in enumerate(matcher):
            found = re.match(pattern, name)
            if found:
                return (place, *map(int, found.groups()))
        return (len(matcher),)

    joins = {place for place, (_, kind) in enumerate(matcher) if kind == JOINS}
    keys = {name: key(name) for name, _ in model.named_parameters()}
    numbers, layer = {}, -1
    for each in sorted(set(keys.values())):
        layer += each[0] not in joins
        numbers[each] = layer
    return {name: numbers[each] for name, each in keys.items()}


def timm_groups(model, matcher, lr, decay, weight_decay):
    """timm/optim/_param_groups.py, param_groups_layer_decay: scale = decay ** (layer_max - layer); 1-D parameters don't decay."""
    layers = layer_map(model, matcher)
    last, groups = max(layers.values()), {}
    for name, param in model.named_parameters():
        if param.requires_grad:
            plain = param.ndim <= 1
            label = f"layer_{layers[name]}_{'no_decay' if plain else 'decay'}"
            scale = decay ** (last - layers[name])
            fresh = {"lr": lr * scale, "weight_decay": 0.0 if plain else weight_decay, "params": [], "name": label}
            groups.setdefault(label, fresh)["params"].append(param)
    return list(groups.values())


def frozen(model):
    """Every third parameter frozen, and the whole first layer."""
    for number, param in enumerate(model.parameters()):
        param.requires_grad_(number > 1 and number % 3 > 0)
    return model


def rates(model, **arguments):
    """The learning rate of each parameter by its name."""
    groups = layerwise_lr_groups(model, **arguments)
    return {name: next(g["lr"] for g in groups for each in g["params"] if each is param) for name, param in model.named_parameters()}


@each_model
@pytest.mark.parametrize("prepare", [lambda model: model, frozen], ids=["all", "partly frozen"])
@pytest.mark.parametrize(("lr", "decay", "weight_decay"), [(1e-3, 0.75, 0.0), (0.1, 0.65, 0.05), (1, 1, 3), (0, 0.5, 0.1)])
def test_the_groups_are_timms(make, matcher, prepare, lr, decay, weight_decay):
    model = prepare(make())
    ours = layerwise_lr_groups(model, lr, decay, weight_decay)
    theirs = timm_groups(model, matcher, lr, decay, weight_decay)
    assert [group["name"] for group in ours] == [group["name"] for group in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.keys() == other.keys()
        assert mine["lr"] == pytest.approx(other["lr"], rel=1e-12)
        assert mine["weight_decay"] == other["weight_decay"]
        assert [id(param) for param in mine["params"]] == [id(param) for param in other["params"]]


@each_model
def test_every_parameter_that_learns_is_in_exactly_one_group(make, matcher):
    model = frozen(make())
    dealt = [id(param) for group in layerwise_lr_groups(model, 0.1) for param in group["params"]]
    assert sorted(dealt) == sorted(id(param) for param in model.parameters() if param.requires_grad)


@pytest.mark.parametrize("depth", [1, 4, 12])
def test_a_vit_has_its_embedding_below_its_blocks_and_its_head_on_top(depth):
    found = rates(ViT(1, 8, 10, width=8, depth=depth, heads=2), lr=0.5, decay=0.6)
    for name in ("cls_token", "pos_embed", "patch_embed.weight", "patch_embed.bias"):
        assert found[name] == pytest.approx(0.5 * 0.6 ** (depth + 1))
    for number in range(depth):
        assert found[f"blocks.{number}.qkv.weight"] == pytest.approx(0.5 * 0.6 ** (depth - number))
    assert found["norm.weight"] == found[f"blocks.{depth - 1}.norm1.bias"] == pytest.approx(0.3)
    assert found["head.weight"] == found["head.bias"] == 0.5


def test_biases_and_norms_do_not_decay_and_matrices_do():
    model = ViT(1, 8, 10, width=8, depth=2)
    for group in layerwise_lr_groups(model, 0.1, 0.7, weight_decay=0.4):
        assert group["weight_decay"] == (0.4 if group["name"].endswith("_decay") and "no_" not in group["name"] else 0)
        assert {param.ndim > 1 for param in group["params"]} == {group["weight_decay"] > 0}
    norms = {id(p) for m in model.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()}
    biases = {id(p) for name, p in model.named_parameters() if name.endswith("bias")}
    exempt = {id(p) for g in layerwise_lr_groups(model, 0.1, weight_decay=0.4) if not g["weight_decay"] for p in g["params"]}
    assert norms | biases == exempt


class Own(nn.Sequential):
    """Somebody's block: a Sequential with a parameter of its own."""

    def __init__(self):
        super().__init__(nn.Linear(3, 3), nn.Linear(3, 3))
        self.gain = nn.Parameter(torch.ones(3))


class Odd(nn.Module):
    """Layers of every make: a dict of blocks, a subclass of Sequential, a table of parameters, one without any, a tied head."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.token, self.position = nn.Embedding(5, 3), nn.Embedding(4, 3)
        self.blocks = nn.ModuleDict({"one": nn.Linear(3, 3), "norm": nn.BatchNorm1d(3), "two": nn.GRU(3, 3)})
        self.nothing = nn.Sequential(nn.ReLU())
        self.own = Own()
        self.table = nn.ParameterList([torch.ones(2, 3), torch.ones(3)])
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.token.weight


def test_the_rule_where_layers_come_in_every_make():
    model = Odd()
    numbers = {name: layer_numbers(model)[param] for name, param in model.named_parameters()}
    expected = {"scale": 0, "token": 0, "position": 0, "blocks.one": 1, "blocks.norm": 1, "blocks.two": 2, "own": 3, "table": 4}
    assert numbers == {name: next(n for start, n in expected.items() if name.startswith(start)) for name in numbers}
    assert "head.weight" not in numbers, "it is the token table, of layer 0"


@pytest.mark.parametrize("model", [nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(3)), nn.LayerNorm(3)])
def test_a_single_layer_has_the_learning_rate_itself(model):
    assert {group["lr"] for group in layerwise_lr_groups(model, 0.3, 0.5)} == {0.3}


def test_a_model_without_parameters_has_no_groups():
    assert layerwise_lr_groups(nn.ReLU(), 0.1) == []


@pytest.mark.parametrize("optimizer_class", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_training_is_what_it_is_with_timms_groups(optimizer_class, dtype):
    """Values, gradients and state after every step, with a schedule, and after resuming in the middle."""
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(ViT(1, 4, 3, width=8, depth=2, heads=2).to(dtype))
    made = [layerwise_lr_groups(models[0], 0.01, 0.7, 0.5), timm_groups(models[1], VIT, 0.01, 0.7, 0.5)]
    optimizers = [optimizer_class(groups, lr=0.3, weight_decay=0.3) for groups in made]  # defaults that must reach nobody
    schedulers = [LambdaLR(optimizer, lambda t: 1 / (1 + t)) for optimizer in optimizers]
    generator = torch.Generator().manual_seed(1)
    for step in range(5):
        x = torch.randn(4, 1, 4, 4, generator=generator).to(dtype)
        for model, optimizer, scheduler in zip(models, optimizers, schedulers, strict=True):
            optimizer.zero_grad()
            model(x).float().square().mean().backward()
            optimizer.step()
            scheduler.step()
        for mine, other in zip(*(model.parameters() for model in models), strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-7)
            torch.testing.assert_close(mine.grad, other.grad, rtol=1e-6, atol=1e-7)
        if step == 2:
            saved = optimizers[0].state_dict()
            groups = layerwise_lr_groups(models[0], 9, 0.1, 9)
            optimizers[0] = optimizer_class(groups, lr=0.3)
            optimizers[0].load_state_dict(saved)
            schedulers[0] = LambdaLR(optimizers[0], lambda t: 1 / (1 + t), last_epoch=schedulers[0].last_epoch - 1)
    states = [optimizer.state_dict()["state"] for optimizer in optimizers]
    assert states[0].keys() == states[1].keys()
    for place, state in states[0].items():
        for name, value in state.items():
            torch.testing.assert_close(value, states[1][place][name], rtol=1e-5, atol=1e-7)


def test_one_step_of_sgd_moves_each_layer_by_its_rate():
    model = ViT(1, 4, 3, width=8, depth=3, heads=2)
    before = {name: param.detach().clone() for name, param in model.named_parameters()}
    optimizer = torch.optim.SGD(layerwise_lr_groups(model, 0.1, 0.5))
    for param in model.parameters():
        param.grad = torch.ones_like(param)
    optimizer.step()
    moved = {name: (before[name] - param.detach()).max().item() for name, param in model.named_parameters()}
    by_layer = [moved[name] for name in ("pos_embed", "blocks.0.out.weight", "blocks.1.norm1.weight", "blocks.2.qkv.bias", "head.bias")]
    assert by_layer == pytest.approx([0.1 / 16, 0.1 / 8, 0.1 / 4, 0.1 / 2, 0.1], rel=1e-4)


def test_the_model_is_left_as_it_is_and_the_order_is_the_same_each_time():
    model = frozen(ViT(1, 4, 3, width=8, depth=2))
    learns = [param.requires_grad for param in model.parameters()]
    values = [param.detach().clone() for param in model.parameters()]
    one, two = (layerwise_lr_groups(model, 0.1, 0.5, 0.1) for _ in range(2))
    assert [param.requires_grad for param in model.parameters()] == learns
    assert all(map(torch.equal, values, model.parameters()))
    assert [[id(p) for p in g["params"]] for g in one] == [[id(p) for p in g["params"]] for g in two]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"lr": -1e-3}, r"lr must be >= 0, got -0.001"),
        ({"lr": math.nan}, r"lr must be >= 0, got nan"),
        ({"lr": 0.1, "decay": 0}, r"decay must be in \(0, 1\], got 0: give"),
        ({"lr": 0.1, "decay": 1.1}, r"decay must be in \(0, 1\], got 1.1: give"),
        ({"lr": 0.1, "decay": math.nan}, r"decay must be in \(0, 1\], got nan"),
        ({"lr": 0.1, "weight_decay": -1}, r"weight_decay must be >= 0, got -1: give"),
    ],
)
def test_what_is_out_of_bounds_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        layerwise_lr_groups(MLP(4, 2), **arguments)


@pytest.mark.parametrize("values", [{}, {"decay": 0.65, "depth": 12, "lr": 0.02}, {"decay": 1, "depth": 1}])
def test_the_browser_draws_the_rates_of_the_implementation(values, tmp_path: Path):
    picture = drawn("layerwise_lr", values, tmp_path)
    if picture is None:
        return
    knobs = picture["values"]
    found = rates(ViT(1, 8, 10, width=8, depth=knobs["depth"], heads=2), lr=knobs["lr"], decay=knobs["decay"])
    names = ["pos_embed", *(f"blocks.{n}.qkv.weight" for n in range(knobs["depth"])), "head.weight"]
    assert picture["path"] == pytest.approx([found[name] for name in names], rel=1e-9)
    ratios = {round(low / high, 9) for low, high in pairwise(picture["path"])}
    assert ratios == {round(knobs["decay"], 9)}
