"""Parameter groups against timm's published rule, written out here from its source."""

import math

import pytest
import torch
from torch import nn

from studykit.models import CNN, MLP, CharTransformer, ResidualMLP, ViT
from studykit.regularization.weight_decay import weight_decay_groups


def timm_groups(model, weight_decay):
    """timm 1.0, timm/optim/_param_groups.py, `param_groups_weight_decay`, with an empty `no_weight_decay_list`.

    It walks `named_parameters()`, skips what is frozen, exempts what has at most one dimension or a name in ".bias", and
    returns the exempt group first.
    """
    exempt, decayed = [], []
    for name, param in model.named_parameters():
        if not param.requires_grad:
            continue
        (exempt if param.ndim <= 1 or name.endswith(".bias") else decayed).append(param)
    return [{"params": exempt, "weight_decay": 0.0}, {"params": decayed, "weight_decay": weight_decay}]


class Mixed(nn.Module):
    """All kinds of parameters in one model: scalar, tied, unused gain, empty, complex shapes, nested, in containers."""

    def __init__(self):
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(2.0))
        self.token = nn.Embedding(7, 4)
        self.recurrent = nn.LSTM(4, 3)
        self.norms = nn.ModuleList([nn.BatchNorm1d(3), nn.GroupNorm(1, 3)])
        self.table = nn.ParameterDict({"gain": nn.Parameter(torch.ones(4)), "mix": nn.Parameter(torch.ones(1, 1, 4))})
        self.bilinear = nn.Bilinear(3, 3, 2)
        self.nothing = nn.Parameter(torch.zeros(0, 3))
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.token.weight


MODELS = {
    "vit": lambda: ViT(1, 8, 10, width=16, depth=2),
    "cnn": lambda: CNN(3, 8, 10, width=4),
    "mlp": lambda: MLP(64, 10, width=8),
    "residual": lambda: ResidualMLP(64, 10, width=8, depth=2),
    "transformer": lambda: CharTransformer(11, 8, width=8, depth=1),
    "mixed": Mixed,
}
each_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def frozen(model):
    """Every third parameter frozen."""
    for param in list(model.parameters())[::3]:
        param.requires_grad_(False)
    return model


@each_model
@pytest.mark.parametrize("prepare", [lambda model: model, frozen], ids=["all", "partly frozen"])
@pytest.mark.parametrize("weight_decay", [0, 0.05, 3.0])
def test_the_groups_are_timms(make, prepare, weight_decay):
    model = prepare(make())
    ours, theirs = weight_decay_groups(model, weight_decay), timm_groups(model, weight_decay)
    assert len(ours) == len(theirs) == 2
    for mine, other in zip(ours, theirs, strict=True):
        assert set(mine) == {"params", "weight_decay"}
        assert mine["weight_decay"] == other["weight_decay"]
        assert [id(param) for param in mine["params"]] == [id(param) for param in other["params"]]


@each_model
def test_every_parameter_that_learns_is_in_exactly_one_group(make):
    model = frozen(make())
    dealt = [id(param) for group in weight_decay_groups(model, 0.1) for param in group["params"]]
    assert sorted(dealt) == sorted(id(param) for param in set(model.parameters()) if param.requires_grad)


def test_biases_and_norms_of_a_vit_do_not_decay_and_its_matrices_do():
    model = ViT(1, 8, 10, width=16, depth=1)
    exempt, decayed = (
        {name for name, param in model.named_parameters() if any(param is each for each in group["params"])}
        for group in weight_decay_groups(model, 0.1)
    )
    norms = {
        f"{place}.{name}"
        for place, module in model.named_modules()
        if isinstance(module, nn.LayerNorm)
        for name, _ in module.named_parameters(recurse=False)
    }
    assert norms and norms <= exempt
    assert all(name.endswith("bias") for name in exempt - norms)
    assert decayed == {
        "cls_token", "pos_embed", "patch_embed.weight", "head.weight", "blocks.0.qkv.weight", "blocks.0.out.weight",
        "blocks.0.mlp.0.weight", "blocks.0.mlp.2.weight",
    }  # fmt: skip


@pytest.mark.parametrize("optimizer_class", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_training_is_what_it_is_with_timms_groups(optimizer_class, dtype):
    """Values, gradients and state after every step, and after resuming in the middle."""
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(CNN(1, 8, 10, width=2).to(dtype))
    optimizers = [
        optimizer_class(make(model, 0.5), lr=0.01, weight_decay=0.3)  # a default that must reach nobody
        for model, make in zip(models, (weight_decay_groups, timm_groups), strict=True)
    ]
    generator = torch.Generator().manual_seed(1)
    for step in range(5):
        x = torch.randn(4, 1, 8, 8, generator=generator).to(dtype)
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.zero_grad()
            model(x).float().square().mean().backward()
            optimizer.step()
        for mine, other in zip(*(model.parameters() for model in models), strict=True):
            torch.testing.assert_close(mine, other, rtol=0, atol=0)
            torch.testing.assert_close(mine.grad, other.grad, rtol=0, atol=0)
        if step == 2:
            saved = optimizers[0].state_dict()
            optimizers[0] = optimizer_class(weight_decay_groups(models[0], 0.5), lr=0.01, weight_decay=0.3)
            optimizers[0].load_state_dict(saved)
    states = [optimizer.state_dict()["state"] for optimizer in optimizers]
    assert states[0].keys() == states[1].keys()
    for place, state in states[0].items():
        for name, value in state.items():
            torch.testing.assert_close(value, states[1][place][name], rtol=0, atol=0)


def test_without_gradients_only_what_decays_shrinks():
    model = ViT(1, 8, 10, width=16, depth=1)
    before = {name: param.detach().clone() for name, param in model.named_parameters()}
    optimizer = torch.optim.AdamW(weight_decay_groups(model, 0.5), lr=0.1)
    for _ in range(3):
        for param in model.parameters():
            param.grad = torch.zeros_like(param)
        optimizer.step()
    for name, param in model.named_parameters():
        left = (1 - 0.1 * 0.5) ** 3 if before[name].ndim > 1 else 1.0
        torch.testing.assert_close(param.detach(), left * before[name])


@pytest.mark.parametrize("model", [nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(2, 2, bias=False)])
def test_a_group_may_be_empty(model):
    groups = weight_decay_groups(model, 0.1)
    assert [group["weight_decay"] for group in groups] == [0.0, 0.1]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))


def test_the_model_is_left_as_it_is():
    model = frozen(CNN(1, 8, 10, width=2))
    before = [(param.requires_grad, param.grad, param.detach().clone()) for param in model.parameters()]
    weight_decay_groups(model, 0.1)
    for (learns, grad, value), param in zip(before, model.parameters(), strict=True):
        assert (param.requires_grad, param.grad) == (learns, grad)
        assert torch.equal(param, value)


@pytest.mark.parametrize("wrong", [-1e-9, -1, math.nan])
def test_a_decay_that_would_grow_weights_is_refused(wrong):
    with pytest.raises(ValueError, match=r"weight_decay must be >= 0, got .*: give 0"):
        weight_decay_groups(MLP(4, 2), wrong)
