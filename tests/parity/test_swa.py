"""SWA and update_bn against torch.optim.swa_utils, and the picture against SWA."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import swa_utils
from torch.optim.swa_utils import AveragedModel

from studykit.optim.swa import SWA, update_bn
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
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.register_buffer("scratch", torch.zeros(2), persistent=False)

    def forward(self, ids):
        return self.head(self.norm(self.token(ids)))


def convolutions():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Flatten(), nn.Linear(12, 2))


MODELS = {"linear": lambda: nn.Linear(3, 2), "cnn": convolutions, "tied": Tied}


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


# --- SWA ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("kind", MODELS)
def test_every_update_is_that_of_torch(kind, dtype):
    model, generator = made(kind, dtype), torch.Generator().manual_seed(1)
    ours, theirs = SWA(model), AveragedModel(model)
    # One step of rounding: torch takes another form of the same mean on some devices.
    step = {torch.float64: 1e-14, torch.float32: 1e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype]
    for _ in range(12):
        moved(model, generator)
        ours.update(model)
        theirs.update_parameters(model)
        same_state(ours, theirs, rtol=step, atol=step)


def test_it_is_the_plain_mean_over_many_updates_without_the_initialisation():
    model, generator, gathered = made("linear", torch.float64), torch.Generator().manual_seed(2), []
    ours = SWA(model)
    for _ in range(400):
        moved(model, generator)
        ours.update(model)
        gathered.append(model.weight.detach().clone())
    torch.testing.assert_close(ours.module.weight.detach(), torch.stack(gathered).mean(0), rtol=1e-12, atol=1e-13)
    assert int(ours.n_averaged) == 400


def test_large_half_precision_weights_do_not_overflow():
    model = nn.Linear(1, 1, bias=False).half()
    nn.init.constant_(model.weight, 30000.0)
    ours = SWA(model)
    for _ in range(10):
        ours.update(model)
    assert ours.module.weight.item() == 30000


@pytest.mark.parametrize("kind", MODELS)
def test_nothing_is_shared_with_the_model_and_nothing_of_it_changes(kind):
    model = made(kind)
    ours = SWA(model)
    addresses = {tensor.data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    assert not addresses & {tensor.data_ptr() for tensor in (*ours.parameters(), *ours.buffers())}
    generator = torch.Generator().manual_seed(4)
    for _ in range(3):
        moved(model, generator)
        before = copy.deepcopy(model)
        ours.update(model)
        same_state(model, before, rtol=0, atol=0)


def test_a_tied_weight_is_averaged_once_and_stays_tied():
    model, generator = made("tied"), torch.Generator().manual_seed(5)
    ours = SWA(model)
    for _ in range(3):
        moved(model, generator)
        ours.update(model)
    assert ours.module.head.weight is ours.module.token.weight


def test_no_graph_is_built_and_the_mode_is_kept():
    model = made("cnn").eval()
    ours, theirs = SWA(model), AveragedModel(model)
    model.train()
    for _ in range(2):
        ours.update(model)
        theirs.update_parameters(model)
    assert ours.module.training is theirs.module.training is False
    assert all(each.is_leaf and each.requires_grad and each.grad is None for each in ours.parameters())


def test_a_state_dict_resumes_in_the_middle_and_goes_to_torch_and_back():
    model, generator = made("tied", torch.float64), torch.Generator().manual_seed(8)
    ours, theirs = SWA(model), AveragedModel(model)
    for _ in range(4):
        moved(model, generator)
        ours.update(model)
        theirs.update_parameters(model)
    saved = copy.deepcopy(ours.state_dict())
    resumed, from_torch, to_torch = (make(made("tied", torch.float64, seed=9)) for make in (SWA, SWA, AveragedModel))
    resumed.load_state_dict(saved)
    from_torch.load_state_dict(theirs.state_dict())
    to_torch.load_state_dict(saved)
    for _ in range(3):
        moved(model, generator)
        for each in (ours, resumed, from_torch):
            each.update(model)
        for each in (theirs, to_torch):
            each.update_parameters(model)
    for each in (ours, resumed, from_torch, to_torch):
        same_state(each, theirs, rtol=1e-13, atol=1e-14)
    assert int(resumed.n_averaged) == 7


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (nn.Linear(3, 2, bias=False), "model must have 2 parameters like the average, got 1"),
        (nn.Linear(3, 4), r"parameter 0 of model must have the average's shape \(2, 3\), got \(4, 3\)"),
    ],
)
def test_another_model_is_refused_and_changes_nothing(other, said):
    ours = SWA(made("linear"))
    before = copy.deepcopy(ours)
    with pytest.raises(ValueError, match=said):
        ours.update(other)
    same_state(ours, before, rtol=0, atol=0)


# --- update_bn ----------------------------------------------------------------------------------------------------


class Named(nn.Module):
    """Takes a dict, as the models of transformers do."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3, momentum=0.3)

    def forward(self, batch):
        return self.norm(batch["x"])


def norms(model):
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def both(model, loader, device=None):
    """The model after our update_bn, and a copy of it after torch's, on the same batches."""
    other, batches = copy.deepcopy(model), list(loader)
    with torch.random.fork_rng():
        torch.manual_seed(3)  # dropout is active while statistics are gathered, in torch as well
        update_bn(batches, model, device)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        swa_utils.update_bn(batches, other, device)
    return model, other


def images(count=5, size=4, generator=None):
    generator = generator or torch.Generator().manual_seed(12)
    return [torch.randn(size + n, 1, 4, 4, generator=generator) * (n + 1) for n in range(count)]


@pytest.mark.parametrize("momentum", [0.1, 0.9, None, 0.0])
@pytest.mark.parametrize("wrapped", [False, True])
def test_statistics_are_those_of_torch_and_momentum_is_restored(momentum, wrapped):
    model = made("cnn")
    model[1].momentum = momentum
    model = SWA(model) if wrapped else model
    ours, theirs = both(model, images())
    same_state(ours, theirs, rtol=0, atol=0)
    assert [norm.momentum for norm in norms(ours)] == [momentum]


def test_statistics_are_the_plain_mean_over_batches():
    norm = nn.BatchNorm1d(2, momentum=0.01).double()
    batches = [torch.randn(n, 2, dtype=torch.float64) + n for n in (4, 9, 30)]
    update_bn(batches, norm)
    torch.testing.assert_close(norm.running_mean, torch.stack([batch.mean(0) for batch in batches]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([batch.var(0) for batch in batches]).mean(0))
    assert norm.num_batches_tracked == 3


def test_norms_behind_norms_and_of_several_kinds():
    def make():
        torch.manual_seed(4)
        return nn.Sequential(
            nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3, momentum=0.2), nn.Tanh(), nn.BatchNorm1d(3, affine=False),
            nn.InstanceNorm1d(3, track_running_stats=True), nn.BatchNorm1d(3, track_running_stats=False, momentum=0.7),
        )  # fmt: skip

    with torch.random.fork_rng():
        model = make()
    batches = [torch.randn(4, 2, 6, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    ours, theirs = both(model, batches)
    same_state(ours, theirs, rtol=0, atol=0)
    assert [norm.momentum for norm in norms(ours)] == [0.2, 0.1, 0.7]


@pytest.mark.parametrize("kind", ["tensor", "tuple", "list"])
@pytest.mark.parametrize("device", [None, "cpu", torch.device("cpu")])
def test_batches_of_every_kind(kind, device):
    labels = torch.zeros(1)
    wrap = {"tensor": lambda x: x, "tuple": lambda x: (x, labels, "name"), "list": lambda x: [x, labels]}[kind]
    ours, theirs = both(made("cnn"), [wrap(x) for x in images()], device)
    same_state(ours, theirs, rtol=0, atol=0)


def test_a_dict_goes_to_the_model_as_it_is():
    batches = [{"x": torch.randn(5, 3), "id": "first"}, {"x": torch.randn(6, 3), "id": "second"}]
    ours, theirs = both(Named(), batches)
    same_state(ours, theirs, rtol=0, atol=0)
    again = copy.deepcopy(ours)
    update_bn(batches, again, torch.device("cpu"))  # torch can't bring a dict to a device
    same_state(again, ours, rtol=0, atol=0)


def test_a_data_loader_and_a_generator():
    data = torch.utils.data.TensorDataset(torch.randn(20, 1, 4, 4), torch.zeros(20))
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    one, other = made("cnn").eval(), made("cnn").eval()
    one[2].p = other[2].p = 0.0
    update_bn(loader, one)
    swa_utils.update_bn((batch for batch in loader), other)
    same_state(one, other, rtol=0, atol=0)


def test_without_batch_norm_nothing_is_read_or_changed():
    def never():
        raise RuntimeError("the loader was read")
        yield

    model = made("linear").eval()
    before = copy.deepcopy(model)
    update_bn(never(), model)
    same_state(model, before, rtol=0, atol=0)
    assert not model.training


@pytest.mark.parametrize("training", [True, False])
def test_modes_come_back_each_its_own(training):
    model = made("cnn").train(training)
    model[2].eval()  # a layer that was frozen on purpose; torch would set it to the mode of the whole
    update_bn(images(), model)
    assert (model.training, model[1].training, model[2].training) == (training, training, False)


def test_gradients_are_off_and_weights_stay():
    model = made("cnn")
    weights = [each.detach().clone() for each in model.parameters()]
    with torch.enable_grad():
        update_bn(images(), model)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))
    assert all(each.grad is None for each in model.parameters())
    assert not model[1].running_mean.requires_grad


def test_momentum_and_mode_come_back_when_a_batch_fails():
    model = made("cnn").eval()
    with pytest.raises(RuntimeError):
        update_bn([*images(1), torch.zeros(2, 5, 4, 4)], model)
    assert model[1].momentum == 0.1
    assert not model.training


def test_a_loader_without_a_batch_is_refused():
    model = made("cnn").eval()
    used_up = iter(images())
    list(used_up)
    with pytest.raises(ValueError, match="loader must give at least one batch, got none"):
        update_bn(used_up, model)
    assert model[1].momentum == 0.1
    assert not model.training


def test_the_picture_averages_as_the_implementation_does(tmp_path):
    node = shutil.which("node")
    if node is None:  # nothing but this test asks for it
        return
    bundled = tmp_path / "picture.mjs"
    bundled.write_text(bundle(ROOT / "studykit" / "optim" / "swa.js"), encoding="utf-8")
    draw = [node, str(ROOT / "tests" / "jupyter" / "draw.mjs"), str(bundled), json.dumps({"start": 0.5, "steps": 40})]
    path = json.loads(subprocess.run(draw, capture_output=True, text=True, check=True, timeout=60).stdout)["path"]
    model = nn.Linear(2, 1, bias=False).double()
    ours = SWA(model)
    assert len(path["iterates"]) == len(path["averages"]) == 41
    assert path["averages"][:21] == path["iterates"][:21], "before the start the weights themselves are what one has"
    for iterate, average in list(zip(path["iterates"], path["averages"], strict=True))[21:]:
        model.weight.data.copy_(torch.tensor([iterate], dtype=torch.float64))
        ours.update(model)
        torch.testing.assert_close(ours.module.weight.data[0], torch.tensor(average, dtype=torch.float64))
