"""Residual scaling against GPT-2's published initialisation and against the variance it is meant to keep.

transformers, models/gpt2/modeling_gpt2.py, _init_weights: every parameter called c_proj.weight is drawn with the std
initializer_range / sqrt(2 * n_layer). nanoGPT, model.py: c_proj.weight with std 0.02 / sqrt(2 * n_layer). Both by the rule below.
"""

import copy
import math
import re

import pytest
import torch
from torch import nn

from studykit.architecture.residual_scaling import RESIDUAL, residual_projections, scale_residual_init_
from studykit.models import CharTransformer, ViT


def named(tree):
    """A module out of nested dicts whose leaves are modules."""
    if isinstance(tree, nn.Module):
        return tree
    made = nn.Module()
    for name, each in tree.items():
        setattr(made, name, named(each))
    return made


def gpt2(layers, width=16):
    """The parameters of GPT-2, by its names."""
    one = {
        "ln_1": nn.LayerNorm(width),
        "attn": {"c_attn": nn.Linear(width, 3 * width), "c_proj": nn.Linear(width, width)},
        "ln_2": nn.LayerNorm(width),
        "mlp": {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)},
    }
    blocks = nn.ModuleList(copy.deepcopy(named(one)) for _ in range(layers))
    model = named({"wte": nn.Embedding(50, width), "h": blocks, "ln_f": nn.LayerNorm(width)})
    model.lm_head = nn.Linear(width, 50, bias=False)
    model.lm_head.weight = model.wte.weight
    return model


def published(model, layers, seed, spread=0.02):
    """The formula of transformers and nanoGPT, written out: draw all, then draw the projections again, smaller."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                last = re.search(r"(^|\.)c_proj\.weight$", name)
                weight.normal_(0, spread / math.sqrt(2 * layers) if last else spread, generator=generator)


@pytest.mark.parametrize("layers", [1, 2, 12, 48])
def test_scaling_a_plain_init_is_the_published_one(layers):
    ours, theirs = gpt2(layers), gpt2(layers)
    theirs.load_state_dict(ours.state_dict())
    published(theirs, layers, 0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in ours.parameters():
            if weight.ndim == 2:
                weight.normal_(0, 0.02, generator=generator)
    assert scale_residual_init_(ours, layers) is ours
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0, msg=name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_only_the_projections_change_and_in_place(dtype):
    model = gpt2(3).to(dtype)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    objects = dict(model.named_parameters())
    scale_residual_init_(model, 3)
    for name, weight in model.named_parameters():
        factor = 6**-0.5 if name.endswith("c_proj.weight") else 1
        assert weight is objects[name] and weight.requires_grad and weight.is_leaf and weight.dtype == dtype
        torch.testing.assert_close(weight, before[name] * factor, msg=name)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CharTransformer(10, 8, 16, 3, 2), 6),
        (ViT(1, 8, 10, depth=2, width=16), 4),
        (nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32), 3, enable_nested_tensor=False), 6),
        (gpt2(5), 10),
        (named({"layers": nn.ModuleList([named({"self_attn": {"o_proj": nn.Linear(4, 4)}, "mlp": {"down_proj": nn.Linear(8, 4)}})])}), 2),
    ],
    ids=["CharTransformer", "ViT", "torch", "GPT-2", "LLaMA"],
)
def test_two_weights_of_a_block_are_found_by_name(model, expected):
    found = residual_projections(model)
    assert len(found) == expected
    assert all(weight.ndim == 2 and name.endswith(".weight") for name, weight in found.items())


def test_a_name_is_compared_by_whole_parts():
    model = named({"c_proj_norm": nn.LayerNorm(4), "xc_proj": nn.Linear(4, 4), "a": {"c_proj": nn.Linear(4, 4)}, "c_proj": nn.Linear(4, 4)})
    assert list(residual_projections(model)) == ["a.c_proj.weight", "c_proj.weight"]
    assert "c_proj" in RESIDUAL


def test_a_shared_weight_is_scaled_once():
    model = gpt2(1)
    model.h.append(model.h[0])
    before = model.h[0].mlp.c_proj.weight.detach().clone()
    scale_residual_init_(model, 2)
    torch.testing.assert_close(model.h[1].mlp.c_proj.weight, before / 2)


def test_the_variance_that_the_branches_add_is_the_same_at_every_depth():
    """Independent of names: N branches of unit variance, each through its own projection."""
    generator, added = torch.Generator().manual_seed(0), []
    for layers in (4, 32):
        model = named({"h": nn.ModuleList(named({"a": {"c_proj": nn.Linear(64, 64)}, "b": {"c_proj": nn.Linear(64, 64)}}) for _ in range(layers))})
        with torch.no_grad():
            for weight in model.parameters():
                weight.normal_(0, 1 / 8, generator=generator)
        scale_residual_init_(model, layers)
        inputs = torch.randn(500, 2 * layers, 64, generator=generator)
        weights = residual_projections(model).values()
        stream = sum(inputs[:, n] @ weight.detach().T for n, weight in enumerate(weights))
        added.append(stream.square().mean().item())
    assert added[0] == pytest.approx(1, rel=0.1)
    assert added[1] == pytest.approx(1, rel=0.1)


def test_training_goes_on_as_that_of_the_published_init():
    layers, runs = 2, []
    for scaled in (True, False):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = CharTransformer(7, 6, 8, layers, 2).double()
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if not scaled and re.search(r"\.(out|mlp\.2)\.weight$", name):
                    weight /= math.sqrt(2 * layers)
        if scaled:
            scale_residual_init_(model, layers)
        ids = torch.arange(12).view(2, 6) % 7
        optimizer, losses = torch.optim.SGD(model.parameters(), 0.1), []
        for _ in range(4):
            loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        runs.append(losses)
    assert runs[0] == pytest.approx(runs[1], rel=1e-9)
    assert runs[0][-1] < runs[0][0]


@pytest.mark.parametrize(
    ("model", "layers", "says"),
    [
        (gpt2(1), 0, "n_layers must be > 0, got 0: give the number of blocks"),
        (gpt2(1), -2, "got -2"),
        (gpt2(1), float("nan"), "got nan"),
        (nn.Linear(3, 3), 2, "the model has 2 parameters, >= 1 must end in c_proj, .*: rename the last layer of each branch"),
    ],
)
def test_bad_input_is_told_with_value_bound_and_remedy(model, layers, says):
    with pytest.raises(ValueError, match=says) as caught:
        scale_residual_init_(model, layers)
    assert "\n" not in str(caught.value)
