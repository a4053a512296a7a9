"""FGSM, PGD and the adversarial update against their published formulas, written out here; nothing may be left behind.

Goodfellow et al. 2015, arXiv:1412.6572, section 4: x + epsilon sign(grad_x J). Madry et al. 2018, arXiv:1706.06083, section 2.1:
x_{t+1} = Pi_{x + S}(x_t + alpha sgn(grad_x L)). Both clipped to [0, 1], where images are.
"""

import copy
import itertools
import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from studykit.data import adversarial
from studykit.data.adversarial import adversarial_step, fgsm, pgd
from studykit.widgets.bundle import bundle

DRAW = Path(__file__).parents[1] / "jupyter" / "draw.mjs"
PICTURE = Path(adversarial.__file__).with_suffix(".js")
NETWORKS = {
    "softmax regression": ((6, 5), lambda: nn.Linear(5, 3)),
    "one sample": ((1, 5), lambda: nn.Linear(5, 3)),
    "hidden layer": ((8, 5), lambda: nn.Sequential(nn.Linear(5, 9), nn.Tanh(), nn.Linear(9, 4))),
    "images": ((4, 2, 6, 6), lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.GELU(), nn.Flatten(), nn.Linear(48, 5))),
    "sequences": ((3, 7, 4), lambda: nn.Sequential(nn.Flatten(), nn.Linear(28, 2))),
}
each_network = pytest.mark.parametrize("name", NETWORKS)


def drawn(name, seed=0, dtype=torch.float64):
    """A network, inputs all over [0, 1] with some at its ends, and labels."""
    shape, make = NETWORKS[name]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make().to(dtype).eval()
        x = (1.6 * torch.rand(shape, dtype=torch.float64) - 0.3).clamp(0, 1).to(dtype)
        y = torch.randint(model(x).shape[1], (len(x),))
    return model, x, y


def slope(model, x, y):
    """dL/dx through backward(), on a copy of the model."""
    model = copy.deepcopy(model)
    x = x.detach().clone().requires_grad_()
    logits = model(x)
    (logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]).sum().backward()
    return x.grad


def by_definition(model, x, y, epsilon, step_size, steps, start=None):
    """PGD with the projection as it is written: the difference is clamped, then the picture."""
    moved = x if start is None else start
    for _ in range(steps):
        moved = moved + step_size * torch.sgn(slope(model, moved, y))
        difference = torch.minimum(torch.maximum(moved - x, torch.full_like(x, -epsilon)), torch.full_like(x, epsilon))
        moved = torch.clip(x + difference, 0.0, 1.0)
    return moved


@each_network
@pytest.mark.parametrize("epsilon", [0.0, 8 / 255, 0.1, 0.5, 2.0])
def test_fgsm_is_its_formula(name, epsilon):
    for seed in range(3):
        model, x, y = drawn(name, seed)
        expected = torch.clip(x + epsilon * torch.sgn(slope(model, x, y)), 0.0, 1.0)
        torch.testing.assert_close(fgsm(model, x, y, epsilon), expected, rtol=0, atol=1e-12)


@each_network
@pytest.mark.parametrize(("epsilon", "step_size", "steps"), [(0.1, 0.025, 7), (0.3, 0.3, 1), (0.2, 0.5, 3), (0.1, 0.01, 4), (0, 0.1, 2)])
def test_pgd_is_its_formula(name, epsilon, step_size, steps):
    for seed in range(2):
        model, x, y = drawn(name, seed)
        found = pgd(model, x, y, epsilon, step_size, steps)
        torch.testing.assert_close(found, by_definition(model, x, y, epsilon, step_size, steps), rtol=0, atol=1e-12)
        assert (found - x).abs().max() <= epsilon + 1e-12


def test_one_wide_step_of_pgd_is_fgsm():
    model, x, y = drawn("images")
    torch.testing.assert_close(pgd(model, x, y, 0.1, 0.1, 1), fgsm(model, x, y, 0.1), rtol=0, atol=1e-12)


def test_of_two_classes_and_a_linear_model_fgsm_finds_the_worst_corner():
    model, x, y = drawn("sequences")
    model, x = nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).double(), x.flatten(1)[:, :6]
    corners = torch.tensor(list(itertools.product((-0.2, 0.2), repeat=6)), dtype=torch.float64)
    with torch.no_grad():
        for one, label, moved in zip(x, y, fgsm(model, x, y, 0.2), strict=True):
            worst = F.cross_entropy(model((one + corners).clamp(0, 1)), label.expand(64), reduction="none").max()
            torch.testing.assert_close(F.cross_entropy(model(moved[None]), label[None]), worst, rtol=1e-12, atol=0)


def test_more_steps_find_a_higher_loss():
    model, x, y = drawn("hidden layer", 3)
    for module in model:
        if isinstance(module, nn.Linear):
            module.weight.data *= 6  # bent enough for one step to be too few
    attacked = [x, fgsm(model, x, y, 0.3), pgd(model, x, y, 0.3, 0.03, 40)]
    losses = [F.cross_entropy(model(each), y).item() for each in attacked]
    assert losses[0] < losses[1] < losses[2]


@each_network
def test_a_random_start_is_within_epsilon_the_generator_s_and_the_formula_goes_on_from_it(name):
    model, x, y = drawn(name)
    before = torch.get_rng_state()
    one, again = (pgd(model, x, y, 0.1, 0.02, 3, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, again)
    assert torch.equal(torch.get_rng_state(), before)
    uniform = torch.rand(x.shape, generator=torch.Generator().manual_seed(5)).double()
    start = torch.clip(x + 0.1 * (2 * uniform - 1), 0, 1)
    torch.testing.assert_close(one, by_definition(model, x, y, 0.1, 0.02, 3, start), rtol=0, atol=1e-12)
    assert not torch.equal(one, pgd(model, x, y, 0.1, 0.02, 3))


def attacks():
    return [partial(fgsm, epsilon=0.1), partial(pgd, epsilon=0.1, step_size=0.05, steps=3)]


@pytest.mark.parametrize("attack", attacks(), ids=["fgsm", "pgd"])
def test_nothing_is_left_behind(attack):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))
    model.train()
    model[4].eval()  # frozen, and to stay so
    model[0].weight.requires_grad_(False)
    model[5].weight.grad = torch.ones(3, 6)
    x, y = torch.rand(4, 5).requires_grad_(), torch.randint(3, (4,))
    x.grad = torch.full((4, 5), 3.0)
    kept = {name: each.clone() for name, each in model.state_dict().items()}
    given, modes = x.detach().clone(), [each.training for each in model.modules()]
    moved = attack(model, x, y)
    assert [each.training for each in model.modules()] == modes
    assert all(torch.equal(each, kept[name]) for name, each in model.state_dict().items())
    assert torch.equal(model[5].weight.grad, torch.ones(3, 6))
    assert [each.grad is None for each in model.parameters()] == [name != "5.weight" for name, _ in model.named_parameters()]
    assert [each.requires_grad for each in model.parameters()] == [name != "0.weight" for name, _ in model.named_parameters()]
    assert torch.equal(x, given) and x.requires_grad and torch.equal(x.grad, torch.full((4, 5), 3.0))
    assert not moved.requires_grad and moved.grad_fn is None
    torch.testing.assert_close(moved, attack(model.eval(), x, y))  # as the model is when it is used: no dropout
    assert moved.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("attack", attacks(), ids=["fgsm", "pgd"])
def test_modes_come_back_after_an_error_and_no_grad_does_not_hinder(attack):
    model, x, y = drawn("hidden layer")
    with torch.no_grad():
        torch.testing.assert_close(attack(model, x, y), attack(model, x, y), rtol=0, atol=0)
        assert not torch.equal(attack(model, x, y), x)
    model.train()
    with pytest.raises(RuntimeError):
        attack(model, x[:, :3], y)
    assert all(each.training for each in model.modules())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("attack", attacks(), ids=["fgsm", "pgd"])
def test_types_and_empty_batches(attack, dtype):
    model, x, y = drawn("images", dtype=dtype)
    moved = attack(model, x, y)
    assert (moved.dtype, moved.shape) == (dtype, x.shape)
    assert (moved - x).abs().max() <= 0.1 + 0.005 and moved.min() >= 0 and moved.max() <= 1
    assert attack(model, x[:0], y[:0]).shape == (0, 2, 6, 6)


@pytest.mark.parametrize("clean", [0.0, 0.3, 1.0])
def test_a_training_is_that_of_the_written_out_loop(clean):
    model, x, y = drawn("hidden layer")
    other = copy.deepcopy(model)
    optimizers = [torch.optim.SGD(each.parameters(), 0.3, momentum=0.9) for each in (model, other)]
    for step in range(8):
        part = torch.randperm(8, generator=torch.Generator().manual_seed(step))[:5]
        loss = adversarial_step(model, optimizers[0], x[part], y[part], partial(fgsm, epsilon=0.1), clean=clean)
        moved = torch.clip(x[part] + 0.1 * torch.sgn(slope(other, x[part], y[part])), 0, 1)
        expected = (1 - clean) * F.cross_entropy(other(moved), y[part]) + clean * F.cross_entropy(other(x[part]), y[part])
        optimizers[1].zero_grad()
        expected.backward()
        optimizers[1].step()
        assert not loss.requires_grad
        torch.testing.assert_close(loss, expected.detach())
        if step == 3:  # and on from a state dict
            states = model.state_dict(), optimizers[0].state_dict()
            model, _, _ = drawn("hidden layer", 9)
            optimizers[0] = torch.optim.SGD(model.parameters(), 0.1)
            model.load_state_dict(states[0])
            optimizers[0].load_state_dict(states[1])
    for mine, others in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, others)


def test_the_update_is_in_the_mode_of_the_model():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    adversarial_step(model, optimizer, torch.rand(6, 4), torch.randint(3, (6,)), partial(fgsm, epsilon=0.1))
    assert int(model[1].num_batches_tracked) == 1, "the update's batch, and not the attack's"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"x": torch.full((2, 5), 1.5, dtype=torch.float64)}, r"x must be floating point in \[0, 1\], got .* in \[1.5, 1.5\].*255"),
        ({"x": torch.full((2, 5), -0.1, dtype=torch.float64)}, r"in \[-0.1, -0.1\]"),
        ({"x": torch.ones(2, 5, dtype=torch.uint8)}, "torch.uint8"),
        ({"x": torch.full((2, 5), torch.nan, dtype=torch.float64)}, r"in \[nan, nan\]"),
        ({"epsilon": -0.1}, "epsilon must be >= 0, got -0.1: .*8 / 255"),
        ({"epsilon": float("nan")}, "epsilon must be >= 0, got nan"),
        ({"step_size": 0.0}, "step_size must be > 0 and steps >= 1, got 0.0 and 3: take"),
        ({"steps": 0}, "got 0.05 and 0"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_what_can_t_be_used_is_said(wrong, says):
    model, _, y = drawn("softmax regression")
    given = {"x": torch.full((2, 5), 0.5, dtype=torch.float64), "epsilon": 0.1, "step_size": 0.05, "steps": 3} | wrong
    with pytest.raises(ValueError, match=says):
        pgd(model, given.pop("x"), y[:2], **given)
    if not {"step_size", "steps"} & set(wrong):
        given = {"x": torch.full((2, 5), 0.5, dtype=torch.float64), "epsilon": 0.1} | wrong
        with pytest.raises(ValueError, match=says):
            fgsm(model, given["x"], y[:2], given["epsilon"])


def test_a_weight_of_the_clean_loss_is_a_share():
    model, x, y = drawn("softmax regression")
    for clean in (-0.1, 1.1):
        with pytest.raises(ValueError, match=rf"clean must be in \[0, 1\], got {clean}: "):
            adversarial_step(model, torch.optim.SGD(model.parameters(), 0.1), x, y, partial(fgsm, epsilon=0.1), clean=clean)


@pytest.mark.parametrize("training", ["usual", "adversarial"])
def test_the_picture_in_the_browser_is_the_implementation(training, tmp_path):
    node = shutil.which("node")
    (tmp_path / "picture.mjs").write_text(bundle(PICTURE), encoding="utf-8")
    for digit, attack in itertools.product("0258", ("fgsm", "pgd")) if node else ():
        values = json.dumps({"digit": digit, "attack": attack, "training": training, "epsilon": 0.15, "steps": 4})
        command = [node, DRAW, tmp_path / "picture.mjs", values]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=True)
        path = {name: torch.tensor(each, dtype=torch.float64) for name, each in json.loads(done.stdout)["path"].items()}
        model = nn.Linear(64, 10).double()
        model.load_state_dict({"weight": path["weights"], "bias": path["bias"]})
        x, y = path["x"][None], torch.tensor([int(digit)])
        expected = fgsm(model, x, y, 0.15) if attack == "fgsm" else pgd(model, x, y, 0.15, 2.5 * 0.15 / 4, 4)
        torch.testing.assert_close(path["moved"], expected[0], rtol=0, atol=1e-12)
        torch.testing.assert_close(path["before"], model(x).softmax(1)[0].detach(), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(path["after"], model(expected).softmax(1)[0].detach(), rtol=1e-9, atol=1e-12)
        assert path["before"].argmax() == int(digit), "a digit that is recognised to begin with"
