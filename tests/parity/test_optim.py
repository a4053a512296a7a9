"""SGD, Adam and AdamW against torch.optim, Lion against lion-pytorch: the same parameters and states, step by step.

The oracle is torch's for-loop. What is compared is the largest difference in units of the tensor's largest entry.
"""

import copy
import inspect
import io
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import lion_pytorch
import pytest
import torch
from torch import Tensor, nn

from studykit.bench.train import state_bytes
from studykit.optim import SGD, Adam, AdamW, Lion, _compiled

Make = Callable[..., torch.optim.Optimizer]
OURS: dict[str, Make] = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW, "Lion": Lion}
ORACLE: dict[str, Make] = {
    **{name: partial(getattr(torch.optim, name), foreach=False) for name in ("SGD", "Adam", "AdamW")},
    "Lion": lion_pytorch.Lion,
}
TORCHS = ("SGD", "Adam", "AdamW")
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
        {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.02, "betas": (0.7, 0.95), "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True, "maximize": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.02, "betas": (0.7, 0.95), "eps": 1e-6, "weight_decay": 0.3, "amsgrad": True, "maximize": True},
    ],
    "Lion": [{}, {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.3}],
}
CASES = [pytest.param(name, each, id=f"{name}-{n}") for name, many in SETTINGS.items() for n, each in enumerate(many)]
LAST = {name: many[-1] for name, many in SETTINGS.items()}
FAST = pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
NAMES = pytest.mark.parametrize("name", OURS)
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}
STEPS = 50


def parameters(dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    """Vector, scalar, empty, convolution, large, channels last, transposed; the same at every call."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(5,), (), (0,), (4, 3, 3, 3), (300, 230), (4, 3, 3, 3), (6, 7)]
    made = [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]
    made[5] = made[5].to(memory_format=torch.channels_last)
    made[6] = made[6].t()
    return [nn.Parameter(each) for each in made]


def few() -> list[nn.Parameter]:
    return [each for each in parameters() if each.numel() < 1000]


@cache
def drawn(step: int, shapes: tuple[torch.Size, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1000 + step)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def give_gradients(params: list[nn.Parameter], step: int, precision: torch.dtype = torch.float64) -> None:
    """New ones at every step, of very different sizes; the same for the same step."""
    for n, (param, grad) in enumerate(zip(params, drawn(step, tuple(each.shape for each in params)), strict=True)):
        # A scalar is always pulled one way: if it ended near zero, a relative difference would say nothing.
        sized = (grad if param.ndim else grad.abs()) * 10.0 ** (n % 4 - 2)
        param.grad = torch.empty_like(param).copy_(sized.to(precision))


def advance(params: list[nn.Parameter], optimizer: torch.optim.Optimizer, steps: range, **given: Any) -> None:
    for step in steps:
        give_gradients(params, step, **given)
        optimizer.step()


def trained(make: Make, params: list[nn.Parameter], steps: int = STEPS, **settings: Any) -> torch.optim.Optimizer:
    optimizer = make(params, **settings)
    advance(params, optimizer, range(steps))
    return optimizer


def assert_close(got: Tensor, wanted: Tensor, tolerance: float) -> None:
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    assert torch.equal(got.isfinite(), wanted.isfinite())
    got, wanted = got.detach().double(), wanted.detach().double()
    finite = wanted.isfinite()
    assert torch.equal(got[~finite].nan_to_num(), wanted[~finite].nan_to_num())
    if finite.any():
        difference = (got - wanted)[finite].abs().max() / wanted[finite].abs().max().clamp(min=1e-30)
        assert difference <= tolerance


def assert_same(
    ours: tuple[list[nn.Parameter], torch.optim.Optimizer],
    theirs: tuple[list[nn.Parameter], torch.optim.Optimizer],
    tolerance: float = TOLERANCE[torch.float32],
) -> None:
    """Parameters, and all states under the same keys."""
    for got, wanted in zip(ours[0], theirs[0], strict=True):
        assert_close(got, wanted, tolerance)
        kept, expected = (
            {name: value for name, value in optimizer.state.get(param, {}).items() if value is not None}
            for optimizer, param in ((ours[1], got), (theirs[1], wanted))
        )
        assert kept.keys() == expected.keys()
        for name, value in expected.items():
            assert_close(kept[name], value, tolerance)


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`fast=True` over flat buffers by the update function itself: what is not about compiling needs no compiler."""
    monkeypatch.setattr(_compiled, "_kernel", cache(_compiled._kernel.__wrapped__))
    monkeypatch.setattr(_compiled, "_compile", lambda function, inputs, threads: function)


# The plain and the flat way through all settings and dtypes; the compiled one, which takes seconds, through fewer.
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(("name", "settings"), CASES)
@FAST
def test_fifty_steps(uncompiled: None, name: str, settings: dict[str, Any], dtype: torch.dtype, fast: bool) -> None:
    ours, theirs = parameters(dtype), parameters(dtype)
    optimizer = trained(partial(OURS[name], fast=fast), ours, **settings)
    oracle = trained(ORACLE[name], theirs, **settings)
    assert_same((ours, optimizer), (theirs, oracle), TOLERANCE[dtype])


COMPILED = [*((name, torch.float32) for name in OURS), ("AdamW", torch.float64)]


@pytest.mark.parametrize(("name", "dtype"), COMPILED, ids=str)
def test_fifty_steps_compiled(name: str, dtype: torch.dtype) -> None:
    ours, theirs = parameters(dtype), parameters(dtype)
    optimizer = trained(partial(OURS[name], fast=True), ours, **LAST[name])
    oracle = trained(ORACLE[name], theirs, **LAST[name])
    assert_same((ours, optimizer), (theirs, oracle), TOLERANCE[dtype])


def errors_in_bfloat16(make: Make, settings: dict[str, Any], exact: Any) -> list[float]:
    """How far parameters and states in bfloat16 end from those in float64, each in units of its norm."""
    params = parameters(torch.bfloat16)
    optimizer = make(params, **settings)
    advance(params, optimizer, range(STEPS), precision=torch.bfloat16)
    found = []
    for param, right in zip(params, exact[0], strict=True):
        pairs = [(param, right)]
        pairs += [(optimizer.state[param][name], value) for name, value in exact[1].state.get(right, {}).items()]
        found += [((a.double() - b).norm() / b.norm()).item() for a, b in pairs if b is not None and b.numel()]
    return found


def assert_as_exact_in_bfloat16(name: str, settings: dict[str, Any], fast: bool) -> None:
    """Nearly as near to the exact run as torch's for-loop in bfloat16: a kernel rounds less often, so it may be nearer."""
    params = [nn.Parameter(param.detach().double()) for param in parameters(torch.bfloat16)]
    oracle = ORACLE[name](params, **settings)
    advance(params, oracle, range(STEPS), precision=torch.bfloat16)
    exact = (params, oracle)
    ours = errors_in_bfloat16(partial(OURS[name], fast=fast), settings, exact)
    theirs = errors_in_bfloat16(ORACLE[name], settings, exact)
    for got, torchs in zip(ours, theirs, strict=True):
        assert got <= 1.1 * torchs + 4 * 2**-8  # one rounding is up to 2 ** -8


@pytest.mark.parametrize(("name", "settings"), CASES)
@FAST
def test_bfloat16(uncompiled: None, name: str, settings: dict[str, Any], fast: bool) -> None:
    assert_as_exact_in_bfloat16(name, settings, fast)


@pytest.mark.parametrize("name", ["AdamW", "Lion"])
def test_bfloat16_compiled(name: str) -> None:
    assert_as_exact_in_bfloat16(name, LAST[name], True)


def test_compiled_kernel_serves_every_length_and_learning_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    compile_once = _compiled._compile
    monkeypatch.setattr(_compiled, "_compile", lambda *given: compiled.append(given[2]) or compile_once(*given))
    monkeypatch.setattr(_compiled, "_kernel", cache(_compiled._kernel.__wrapped__))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for length, lr in ((1, 0.1), (1000, 0.2), (40_000, 0.3), (70_000, 0.4), (200_000, 0.5)):
            ours, theirs = ([nn.Parameter(torch.ones(length))] for _ in range(2))
            optimizer = trained(partial(SGD, fast=True), ours, 3, lr=lr)
            assert_same((ours, optimizer), (theirs, trained(ORACLE["SGD"], theirs, 3, lr=lr)))
    finally:
        torch.set_num_threads(before)
    assert compiled == [1, 2]  # short ones by one thread, long ones by all


WITHOUT_COMPILER = """
import warnings
import torch
from studykit.optim import AdamW
results = []
for fast in (False, True):
    param = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    optimizer = AdamW([param], fast=fast)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(3):
            param.grad = torch.cos(param.detach() + step)
            optimizer.step()
    results.append(param.detach())
    print(*(f"{each.category.__name__}: {each.message}" for each in caught), sep="\\n")
assert torch.allclose(*results, rtol=1e-6), results
"""


def test_without_a_compiler_it_warns_once_and_computes_the_same(tmp_path: Any) -> None:
    environment = {**os.environ, "CXX": "nonexistent", "CC": "nonexistent", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_COMPILER], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (said,) = (line for line in done.stdout.splitlines() if line)
    assert said.startswith("RuntimeWarning: fast=True runs uncompiled: ") and "compiler" in said


GROUPS: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"momentum": 0}, {"lr": 0.3, "momentum": 0.7, "nesterov": True}, {"weight_decay": 0.4}],
    "Adam": [{"betas": (0.5, 0.6)}, {"lr": 0.3, "eps": 1e-3}, {"weight_decay": 0.4, "amsgrad": True}],
    "AdamW": [{"betas": (0.5, 0.6)}, {"lr": 0.3, "eps": 1e-3}, {"weight_decay": 0.4, "amsgrad": True}],
    "Lion": [{"betas": (0.5, 0.6)}, {"lr": 0.3}, {"weight_decay": 0.4}],
}
BASE: dict[str, dict[str, Any]] = {"SGD": {"lr": 0.05, "momentum": 0.9}, "Adam": {}, "AdamW": {}, "Lion": {}}


@NAMES
@FAST
def test_groups_have_their_own_settings(uncompiled: None, name: str, fast: bool) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        groups = [{"params": params[n::3], **GROUPS[name][n]} for n in range(3)]
        optimizer = make(groups, **BASE[name])
        advance(params, optimizer, range(STEPS))
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=fast)), run(ORACLE[name]))


@NAMES
@FAST
def test_group_added_in_the_middle(uncompiled: None, name: str, fast: bool) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        optimizer = make(params[:2], **BASE[name])
        advance(params, optimizer, range(5))
        optimizer.add_param_group({"params": params[2:], "lr": 0.2})
        advance(params, optimizer, range(5, 20))
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=fast)), run(ORACLE[name]))


def checkpoint(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """The state_dict, through a file."""
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    return torch.load(file)


@NAMES
@FAST
@pytest.mark.parametrize("into", ["ours", "torch's"])
def test_state_dict_changes_class_in_the_middle(uncompiled: None, name: str, fast: bool, into: str) -> None:
    ours, theirs = partial(OURS[name], fast=fast), ORACLE[name]
    before, after = (theirs, ours) if into == "ours" else (ours, theirs)
    swapped, straight = parameters(), parameters()
    saved = checkpoint(trained(before, swapped, 20, **LAST[name]))
    optimizer = after(swapped, lr=0.7)  # which the checkpoint has to replace
    optimizer.load_state_dict(saved)
    if name == "Lion":
        assert optimizer.param_groups[0]["lr"] == LAST[name]["lr"]
    advance(swapped, optimizer, range(20, STEPS))
    assert_same((swapped, optimizer), (straight, trained(theirs, straight, **LAST[name])))


@NAMES
@FAST
def test_checkpoint_of_before_is_gone_back_to(uncompiled: None, name: str, fast: bool) -> None:
    params = few()
    optimizer = trained(partial(OURS[name], fast=fast), params, 5, **LAST[name])
    saved, values = checkpoint(optimizer), [param.detach().clone() for param in params]
    advance(params, optimizer, range(5, 9))
    once = [param.detach().clone() for param in params]
    optimizer.load_state_dict(saved)
    with torch.no_grad():
        for param, value in zip(params, values, strict=True):
            param.copy_(value)
    advance(params, optimizer, range(5, 9))
    for param, value in zip(params, once, strict=True):
        assert torch.equal(param, value)


@NAMES
@FAST
@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_copies_go_on_by_themselves(uncompiled: None, name: str, fast: bool, way: str) -> None:
    params = few()
    optimizer = trained(partial(OURS[name], fast=fast), params, 5, **LAST[name])
    pair = (params, optimizer)
    twins, twin = copy.deepcopy(pair) if way == "deepcopy" else pickle.loads(pickle.dumps(pair))
    values = [param.detach().clone() for param in params]
    advance(twins, twin, range(5, 9))
    for param, value in zip(params, values, strict=True):
        assert torch.equal(param, value)
    advance(params, optimizer, range(5, 9))
    assert twin.fast is fast and type(twin) is OURS[name]
    assert_same((twins, twin), (params, optimizer), 0.0)


@NAMES
@FAST
def test_parameter_without_gradient_stays_and_does_not_count(uncompiled: None, name: str, fast: bool) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        optimizer = make(params, **LAST[name])
        for step in range(20):
            give_gradients(params, step)
            for n, param in enumerate(params):
                if n == 1 or (step + n) % 3 == 0 or step < n:
                    param.grad = None
            optimizer.step()
        return params, optimizer

    ours, theirs = run(partial(OURS[name], fast=fast)), run(ORACLE[name])
    assert_same(ours, theirs)
    assert torch.equal(ours[0][1], few()[1]) and not ours[1].state.get(ours[0][1])


@NAMES
@FAST
def test_parameters_get_their_first_gradients_one_after_the_other(uncompiled: None, name: str, fast: bool) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        optimizer = make(params, **LAST[name])
        for step in range(3):
            give_gradients(params, step)
            for param in params[2 * step + 2 :]:
                param.grad = None
            optimizer.step()
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=fast)), run(ORACLE[name]))


@NAMES
@FAST
def test_no_gradient_at_all(uncompiled: None, name: str, fast: bool) -> None:
    params = few()
    assert OURS[name](params, lr=0.1, fast=fast).step() is None
    assert all(torch.equal(param, untouched) for param, untouched in zip(params, few(), strict=True))


@NAMES
@FAST
def test_closure_is_called_once_with_autograd_and_its_loss_returned(uncompiled: None, name: str, fast: bool) -> None:
    param = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer, calls = OURS[name]([param], lr=0.1, fast=fast), []

    def closure() -> Tensor:
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = param.square().sum()
        loss.backward()
        calls.append(loss)
        return loss

    assert optimizer.step(closure) is calls[0] and len(calls) == 1
    assert param.abs().sum() < 3 and param.requires_grad and param.is_leaf


SCHEDULERS: dict[str, Callable[[torch.optim.Optimizer], Any]] = {
    "cosine": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 20),
    "warm-up": lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, 1.0, 10),
    "one cycle": lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.1, total_steps=20, cycle_momentum="momentum" in optimizer.defaults or "betas" in optimizer.defaults
    ),
}


@NAMES
@FAST
@pytest.mark.parametrize("kind", SCHEDULERS)
def test_schedulers_of_torch(uncompiled: None, name: str, fast: bool, kind: str) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        optimizer = make(params, **BASE[name])
        scheduler = SCHEDULERS[kind](optimizer)
        for step in range(20):
            give_gradients(params, step)
            optimizer.step()
            scheduler.step()
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=fast)), run(ORACLE[name]))


@pytest.mark.parametrize("name", TORCHS)
@FAST
def test_learning_rate_as_tensor(uncompiled: None, name: str, fast: bool) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params, lr = few(), torch.tensor(0.05)
        optimizer = make(params, lr=lr)
        advance(params, optimizer, range(10))
        lr.mul_(0.5)
        advance(params, optimizer, range(10, 20))
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=fast)), run(ORACLE[name]))


def test_learning_rate_as_tensor_in_lion(uncompiled: None) -> None:
    params = [few() for _ in range(3)]
    number = trained(Lion, params[0], 10, lr=0.0625)
    for fast in (False, True):
        tensor = trained(Lion, params[1 + fast], 10, lr=torch.tensor(0.0625), fast=fast)
        assert_same((params[1 + fast], tensor), (params[0], number))


def run_into_infinity(make: Make, settings: dict[str, Any]) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
    params = [nn.Parameter(torch.ones(6)), nn.Parameter(torch.full((3,), torch.inf))]
    optimizer = make(params, **settings)
    for step in range(4):
        give_gradients(params, step)
        if step == 1:
            params[0].grad[:5] = torch.tensor([torch.inf, -torch.inf, torch.nan, 3e38, 1e-45])
        optimizer.step()
    return params, optimizer


def assert_lost_alike(name: str, settings: dict[str, Any], fast: bool) -> None:
    """Parameters are infinite or NaN where the oracle's are; of states, torch's lerp makes NaN of some infinities."""
    ours = run_into_infinity(partial(OURS[name], fast=fast), settings)
    theirs = run_into_infinity(ORACLE[name], settings)
    for got, wanted in zip(ours[0], theirs[0], strict=True):
        assert_close(got, wanted, TOLERANCE[torch.float32])
        for key, value in theirs[1].state[wanted].items():
            if value is not None:
                assert torch.equal(ours[1].state[got][key].isfinite(), value.isfinite())


@pytest.mark.parametrize(("name", "settings"), CASES)
@FAST
def test_gradients_that_are_not_finite(uncompiled: None, name: str, settings: dict[str, Any], fast: bool) -> None:
    assert_lost_alike(name, settings, fast)


@NAMES
def test_gradients_that_are_not_finite_compiled(name: str) -> None:
    assert_lost_alike(name, LAST[name], True)


@NAMES
@FAST
def test_gradient_is_left_as_it_is(uncompiled: None, name: str, fast: bool) -> None:
    params = few()
    optimizer = OURS[name](params, **{**LAST[name], "maximize": True}, fast=fast)
    for step in range(3):
        give_gradients(params, step)
        before = [param.grad.clone() for param in params]
        optimizer.step()
        assert all(torch.equal(param.grad, grad) for param, grad in zip(params, before, strict=True))


@FAST
def test_lion_maximizes_what_it_minimized(uncompiled: None, fast: bool) -> None:
    down, up = few(), few()
    lion = trained(partial(Lion, fast=fast), down, 10)
    ascending = Lion(up, maximize=True, fast=fast)
    for step in range(10):
        give_gradients(up, step)
        for param in up:
            param.grad.neg_()
        ascending.step()
    for a, b in zip(down, up, strict=True):
        assert torch.equal(a, b) and torch.equal(lion.state[a]["exp_avg"], ascending.state[b]["exp_avg"])


def test_kept_gradients_lie_in_one_buffer(uncompiled: None) -> None:
    params = few()
    optimizer = AdamW(params, fast=True)
    give_gradients(params, 0)
    optimizer.step()
    kept = [param.grad for param in params]
    assert len({grad.untyped_storage().data_ptr() for grad in kept}) == 1
    optimizer.zero_grad(set_to_none=False)
    sum(param.sum() for param in params).backward()
    assert all(param.grad is grad for param, grad in zip(params, kept, strict=True))
    optimizer.step()
    for tensors in (
        params,
        *zip(*([state["exp_avg"], state["exp_avg_sq"]] for state in optimizer.state.values()), strict=True),
    ):
        assert len({tensor.untyped_storage().data_ptr() for tensor in tensors}) == 1


@NAMES
def test_what_is_replaced_between_steps_is_taken_in(uncompiled: None, name: str) -> None:
    """Data, states and a single state's value, each replaced by hand: `fast=True` sees what the plain way sees."""

    def run(fast: bool) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = few()
        optimizer = trained(partial(OURS[name], fast=fast), params, 3, **LAST[name])
        params[0].data = torch.full_like(params[0], 3.0)
        advance(params, optimizer, range(3, 6))
        optimizer.state[params[1]].clear()
        advance(params, optimizer, range(6, 9))
        for state in list(optimizer.state.values())[-2:]:
            for key, value in state.items():
                state[key] = value / 2 if key != "step" else value + 3
        advance(params, optimizer, range(9, 12))
        optimizer.state = type(optimizer.state)(dict, reversed(optimizer.state.items()))
        advance(params, optimizer, range(12, 15))
        with torch.no_grad():
            for param in params:
                param.mul_(2)
        advance(params, optimizer, range(15, 18))
        return params, optimizer

    assert_same(run(True), run(False))


@NAMES
def test_two_dtypes_in_one_group(uncompiled: None, name: str) -> None:
    def run(make: Make) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
        params = [param for pair in zip(few(), parameters(torch.float64), strict=False) for param in pair]
        optimizer = make(params, **LAST[name])
        advance(params, optimizer, range(10))
        return params, optimizer

    assert_same(run(partial(OURS[name], fast=True)), run(ORACLE[name]))


@NAMES
@FAST
def test_sparse_and_complex_are_one_clear_error(uncompiled: None, name: str, fast: bool) -> None:
    embedding = nn.Embedding(4, 2, sparse=True)
    optimizer = OURS[name](embedding.parameters(), lr=0.1, fast=fast)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(ValueError, match=r"^a gradient is sparse, [^\n]*: build the layer with sparse=False$"):
        optimizer.step()
    param = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    param.grad = torch.ones_like(param)
    with pytest.raises(ValueError, match=r"^a parameter is complex, [^\n]*: optimize torch.view_as_real\(param\)$"):
        OURS[name]([param], lr=0.1, fast=fast).step()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([torch.ones(4, 4)[:, ::2]], "needs dense parameters, got strides (4, 2): use .contiguous()"),
        ([torch.ones(1).expand(3)], "needs dense parameters, got strides (0,): use .contiguous()"),
        ((lambda whole: [whole[:3], whole[2:]])(torch.ones(5)), "share memory: leave it out, or tie one Parameter"),
    ],
)
def test_flattening_refuses_what_it_would_change(uncompiled: None, params: list[Tensor], message: str) -> None:
    leaves = [nn.Parameter(param) for param in params]
    for leaf in leaves:
        leaf.grad = torch.ones_like(leaf)
    with pytest.raises(ValueError, match=re.escape(message)):
        SGD(leaves, fast=True).step()


BAD: list[tuple[str, dict[str, Any], str]] = [
    *((name, {"lr": -1e-3}, "lr must be >= 0, got -0.001") for name in OURS),
    *((name, {"lr": float("nan")}, "lr must be >= 0, got nan") for name in OURS),
    *((name, {"lr": torch.tensor([0.1, 0.2])}, "lr must have one element, got shape (2,)") for name in OURS),
    *((name, {"weight_decay": -1}, "weight_decay must be >= 0, got -1.0") for name in OURS),
    *((name, {"betas": (1.0, 0.9)}, "betas[0] must be in [0, 1), got 1.0") for name in ("Adam", "AdamW", "Lion")),
    *((name, {"betas": (0.9, -0.1)}, "betas[1] must be in [0, 1), got -0.1") for name in ("Adam", "AdamW", "Lion")),
    *((name, {"eps": -1e-8}, "eps must be >= 0, got -1e-08") for name in ("Adam", "AdamW")),
    ("SGD", {"momentum": -0.5}, "momentum must be >= 0, got -0.5"),
    ("SGD", {"nesterov": True}, "nesterov needs momentum > 0 and dampening = 0, got 0 and 0"),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening = 0, got 0.9 and 0.1"),
    *((name, {"foreach": True}, "foreach=True is a choice inside torch.optim; leave it out") for name in TORCHS),
    *((name, {"fused": True}, "fused=True is a choice inside torch.optim; leave it out") for name in TORCHS),
    *((name, {"differentiable": True}, "differentiable=True needs a step recorded by autograd") for name in TORCHS),
    *((name, {"capturable": True}, "capturable=True needs the step count on the device") for name in ("Adam", "AdamW")),
    ("Adam", {"decoupled_weight_decay": True}, "decoupled_weight_decay=True is AdamW; use AdamW"),
]


@pytest.mark.parametrize(("name", "settings", "message"), BAD)
def test_bad_argument_says_value_and_bound(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        OURS[name](few(), **settings)
    assert "\n" not in str(caught.value)


@NAMES
def test_no_parameters_is_torchs_own_error(name: str) -> None:
    with pytest.raises(ValueError, match="empty parameter list"):
        OURS[name]([])


@FAST
@pytest.mark.parametrize("name", TORCHS)
def test_state_dict_that_cannot_be_obeyed_is_refused(uncompiled: None, name: str, fast: bool) -> None:
    params = few()
    optimizer = OURS[name](params, fast=fast)
    optimizer.load_state_dict(getattr(torch.optim, name)(params, differentiable=True).state_dict())
    give_gradients(params, 0)
    with pytest.raises(ValueError, match=r"^differentiable=True needs a step recorded by autograd"):
        optimizer.step()
    if name == "Adam":
        optimizer.load_state_dict(torch.optim.AdamW(params).state_dict())
        with pytest.raises(
            ValueError, match=r"^decoupled_weight_decay=True is AdamW; use AdamW, also for a state_dict"
        ):
            optimizer.step()


@pytest.mark.parametrize("name", TORCHS)
def test_signature_is_torchs_with_fast_at_its_end(name: str) -> None:
    ours, torchs = (
        [(each.name, each.kind, each.default) for each in inspect.signature(make).parameters.values()]
        for make in (OURS[name], getattr(torch.optim, name))
    )
    assert ours == [*torchs, ("fast", inspect.Parameter.KEYWORD_ONLY, False)]


def test_signature_of_lion_begins_as_lion_pytorchs() -> None:
    ours, oracle = (
        [(each.name, each.default) for each in inspect.signature(make).parameters.values()]
        for make in (Lion, lion_pytorch.Lion)
    )
    assert ours[:4] == oracle[:4] and [name for name, _ in ours[4:]] == ["maximize", "fast"]


@FAST
def test_lion_keeps_half_of_the_bytes(uncompiled: None, fast: bool) -> None:
    kept = []
    for make in (Lion, AdamW):
        params = parameters()
        kept.append(state_bytes(trained(partial(make, fast=fast), params, 1)))
    assert kept[0] * 2 == kept[1] == 8 * sum(param.numel() for param in params if param.numel() > 1)
