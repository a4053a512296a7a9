"""EMA against torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn, and its picture against EMA."""

import copy
import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from studykit.optim.ema import EMA
from studykit.widgets.bundle import bundle

ROOT = Path(__file__).parents[2]


class Tied(nn.Module):
    """A weight under two names, a whole-number parameter, buffers of three kinds."""

    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(7, 4)
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.token.weight
        self.counts = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)
        self.register_buffer("absent", None)

    def forward(self, ids):
        return self.head(self.norm(self.token(ids)))


def convolutions():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))


MODELS = {"linear": lambda: nn.Linear(3, 2), "cnn": convolutions, "tied": Tied, "scalar": lambda: nn.PReLU()}


def made(kind, dtype=torch.float32, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MODELS[kind]().to(dtype)


@torch.no_grad()
def moved(model, generator):
    """As if trained by a step: every parameter and buffer has other numbers."""
    for tensor in (*model.parameters(), *model.buffers()):
        drawn = torch.randn(tensor.shape, generator=generator)
        tensor.copy_(10 * drawn if not tensor.is_floating_point() else drawn)


def same_state(ours, theirs, **tolerance):
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) != [] and set(mine) == set(other)
    for name, value in other.items():
        assert mine[name].dtype == value.dtype
        torch.testing.assert_close(mine[name], value, msg=lambda said, name=name: f"{name}: {said}", **tolerance)


def oracle(model, decay):
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("decay", [0, 0.3, 0.5, 0.9, 0.999, 1])
@pytest.mark.parametrize("kind", MODELS)
def test_every_update_is_that_of_torch(kind, decay, dtype):
    model, generator = made(kind, dtype), torch.Generator().manual_seed(1)
    ours, theirs = EMA(model, decay), oracle(model, decay)
    for _ in range(12):
        moved(model, generator)
        ours.update(model)
        theirs.update_parameters(model)
        same_state(ours, theirs, rtol=0, atol=0)


def test_the_default_decay_is_that_of_torch():
    model, generator = made("linear", torch.float64), torch.Generator().manual_seed(2)
    ours, theirs = EMA(model), AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn())
    for _ in range(300):
        moved(model, generator)
        ours.update(model)
        theirs.update_parameters(model)
    same_state(ours, theirs, rtol=1e-12, atol=1e-14)


def test_weights_of_the_past_fall_by_decay_and_sum_to_one():
    model = nn.Linear(12, 1, bias=False).double()
    ours, decay = EMA(model, 0.7), 0.7
    for step in range(12):
        model.weight.data = torch.eye(12, dtype=torch.float64)[[step]]  # so that the average shows how much step counts
        ours.update(model)
    expected = torch.tensor([decay**11] + [(1 - decay) * decay ** (11 - step) for step in range(1, 12)])
    torch.testing.assert_close(ours.module.weight.detach()[0].float(), expected)
    assert ours.module.weight.sum().item() == pytest.approx(1, abs=1e-12)


def test_the_first_update_leaves_no_trace_of_the_initialisation():
    model = made("cnn")
    nn.init.constant_(model[0].weight, math.inf)
    ours = EMA(model, 0.9)
    moved(model, torch.Generator().manual_seed(3))
    ours.update(model)
    for average, current in zip(ours.module.parameters(), model.parameters(), strict=True):
        assert torch.equal(average, current)


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_is_shared_with_the_model_and_nothing_of_it_changes(kind):
    model = made(kind)
    ours = EMA(model, 0.5)
    addresses = {tensor.data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    assert not addresses & {tensor.data_ptr() for tensor in (*ours.parameters(), *ours.buffers())}
    generator = torch.Generator().manual_seed(4)
    for _ in range(3):
        moved(model, generator)
        before = copy.deepcopy(model)
        ours.update(model)
        same_state(model, before, rtol=0, atol=0)
    kept = copy.deepcopy(ours)
    moved(model, generator)
    same_state(ours, kept, rtol=0, atol=0)


def test_a_tied_weight_is_averaged_once_and_stays_tied():
    model, generator = made("tied"), torch.Generator().manual_seed(5)
    ours = EMA(model, 0.5)
    for _ in range(2):
        moved(model, generator)
        ours.update(model)
    assert ours.module.head.weight is ours.module.token.weight
    assert len(list(ours.parameters())) == len(list(model.parameters()))


def test_buffers_are_copies_and_not_averages():
    model = made("tied")
    ours = EMA(model, 0.999)
    model.train()
    for _ in range(5):
        model(torch.randint(7, (8,), generator=torch.Generator().manual_seed(6)))
        ours.update(model)
    assert torch.equal(ours.module.norm.running_var, model.norm.running_var)
    assert ours.module.norm.num_batches_tracked == 5
    assert ours.module.norm.num_batches_tracked.dtype == torch.long


def test_no_graph_is_built_and_parameters_stay_leaves():
    model, generator = made("tied"), torch.Generator().manual_seed(7)
    theirs, ours = oracle(model, 0.9), EMA(model, 0.9)
    with torch.enable_grad():
        for _ in range(3):
            moved(model, generator)
            ours.update(model)
            assert torch.is_grad_enabled()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.is_leaf and mine.grad is None
        assert mine.requires_grad == other.requires_grad
    x = torch.randint(7, (8,), generator=generator)
    ours(x).sum().backward()  # it is a model like any other
    assert ours.module.token.weight.grad is not None and model.token.weight.grad is None


def test_the_gradient_of_a_training_step_survives_an_update():
    model = made("linear")
    ours = EMA(model, 0.9)
    loss = model(torch.ones(4, 3)).square().sum()
    ours.update(model)
    loss.backward()
    before = model.weight.grad.clone()
    ours.update(model)
    assert torch.equal(model.weight.grad, before)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_kept_as_in_torch(training):
    model = made("cnn").train(training)
    ours, theirs = EMA(model), AveragedModel(model)
    model.train(not training)
    ours.update(model)
    theirs.update_parameters(model)
    assert ours.module.training == theirs.module.training == training
    assert ours.module[1].training == training
    ours.eval()
    assert not ours.module[1].training


def test_forward_is_that_of_the_averaged_module_with_keywords():
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    ours, x = EMA(layer).eval(), torch.ones(1, 3, 4)
    output, weights = ours(x, x, value=x, need_weights=False)
    assert weights is None
    torch.testing.assert_close(output, layer.eval()(x, x, x, need_weights=False)[0])


def test_a_state_dict_resumes_in_the_middle_and_goes_to_torch_and_back():
    generator = torch.Generator().manual_seed(8)
    model = made("tied")
    ours, theirs = EMA(model, 0.8), oracle(model, 0.8)
    for _ in range(4):
        moved(model, generator)
        ours.update(model)
        theirs.update_parameters(model)
    saved = copy.deepcopy(ours.state_dict())
    resumed, from_torch = EMA(made("tied", seed=9), 0.8), EMA(made("tied", seed=9), 0.8)
    resumed.load_state_dict(saved)
    from_torch.load_state_dict(theirs.state_dict())
    to_torch = oracle(made("tied", seed=9), 0.8)
    to_torch.load_state_dict(saved)
    assert int(resumed.n_averaged) == int(to_torch.n_averaged) == 4
    for _ in range(3):
        moved(model, generator)
        for each in (ours, resumed, from_torch):
            each.update(model)
        for each in (theirs, to_torch):
            each.update_parameters(model)
    for each in (ours, resumed, from_torch, to_torch):
        same_state(each, theirs, rtol=0, atol=0)


def test_a_deep_copy_goes_its_own_way():
    model = made("linear")
    ours = EMA(model, 0.5)
    ours.update(model)
    other = copy.deepcopy(ours)
    moved(model, torch.Generator().manual_seed(10))
    other.update(model)
    assert other.decay == 0.5 and int(other.n_averaged) == 2 and int(ours.n_averaged) == 1
    assert not torch.equal(other.module.weight, ours.module.weight)


def test_an_average_in_float32_of_a_bfloat16_model_does_not_stall():
    model = nn.Linear(1, 1, bias=False).bfloat16()
    nn.init.ones_(model.weight)
    coarse, fine = EMA(model, 0.999), EMA(model, 0.999).float()
    for average in (coarse, fine):
        average.update(model)
    nn.init.constant_(model.weight, 1.125)
    for _ in range(1000):
        coarse.update(model)
        fine.update(model)
    assert fine.module.weight.item() == pytest.approx(1.125 - 0.125 * 0.999**1000, abs=1e-4)
    assert coarse.module.weight.item() == 1, "1e-3 of the gap is below bfloat16's resolution: it is rounded away"


def test_a_wrapper_that_renames_parameters_may_be_given():
    model = made("cnn")
    ours, theirs = EMA(model, 0.5), EMA(model, 0.5)
    generator = torch.Generator().manual_seed(11)
    for _ in range(3):
        moved(model, generator)
        ours.update(nn.ModuleDict({"module": model}))
        theirs.update(model)
    same_state(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize("decay", [-0.1, 1.1, math.nan, math.inf])
def test_a_decay_out_of_bounds_is_refused(decay):
    with pytest.raises(ValueError, match=r"decay must be in \[0, 1\], got"):
        EMA(nn.Linear(1, 1), decay)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (nn.Linear(3, 2, bias=False), "model must have 2 parameters like the average, got 1"),
        (nn.Linear(3, 4), r"parameter 0 of model must have the average's shape \(2, 3\), got \(4, 3\)"),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, affine=False)), "model must have 0 buffers like the average, got 3"),
    ],
)
def test_another_model_is_refused_and_changes_nothing(other, said):
    ours = EMA(made("linear"))
    before = copy.deepcopy(ours)
    with pytest.raises(ValueError, match=said):
        ours.update(other)
    same_state(ours, before, rtol=0, atol=0)


def test_the_picture_averages_as_the_implementation_does(tmp_path):
    node = shutil.which("node")
    if node is None:  # nothing but this test asks for it
        return
    bundled = tmp_path / "picture.mjs"
    bundled.write_text(bundle(ROOT / "studykit" / "optim" / "ema.js"), encoding="utf-8")
    draw = [node, str(ROOT / "tests" / "jupyter" / "draw.mjs"), str(bundled), json.dumps({"decay": 0.9, "steps": 40})]
    path = json.loads(subprocess.run(draw, capture_output=True, text=True, check=True, timeout=60).stdout)["path"]
    model = nn.Linear(2, 1, bias=False).double()
    model.weight.data.copy_(torch.tensor(path["iterates"][:1], dtype=torch.float64))
    ours = EMA(model, 0.9)
    assert len(path["iterates"]) == len(path["averages"]) == 41
    assert path["averages"][0] == path["iterates"][0]
    for iterate, average in list(zip(path["iterates"], path["averages"], strict=True))[1:]:
        model.weight.data.copy_(torch.tensor([iterate], dtype=torch.float64))
        ours.update(model)
        torch.testing.assert_close(ours.module.weight.data[0], torch.tensor(average, dtype=torch.float64))
