"""CosineAnnealingLR against torch's, step by step."""

import copy
import io
import math
import warnings
from pathlib import Path

import pytest
import torch
from _schedules import BASES, drawn, optimizer_of, rates, same, walk, weights
from torch.optim.lr_scheduler import ChainedScheduler, ExponentialLR, LRScheduler, SequentialLR
from torch.optim.lr_scheduler import CosineAnnealingLR as TorchCosine
from torch.optim.lr_scheduler import LinearLR as TorchLinear

from studykit.schedule.cosine import CosineAnnealingLR

PAIR = (CosineAnnealingLR, TorchCosine)


@pytest.mark.parametrize("T_max", [1, 2, 3, 10, 47, 7.5])
@pytest.mark.parametrize("eta_min", [0, 0.0, 0.01, 0.3, 2.0])
def test_every_step_of_four_periods_and_the_weights_it_trains(T_max: float, eta_min: float) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, T_max, eta_min)
        start = rates(optimizer)
        runs.append((start, walk(optimizer, scheduler, round(4 * T_max) + 1), weights(optimizer)))
    (start, ours, trained), (theirs_start, theirs, theirs_trained) = runs
    assert start == theirs_start == list(BASES)
    same(ours, theirs)
    same(trained, theirs_trained)


def test_the_curve_is_the_paper_s_equation() -> None:
    optimizer = optimizer_of((0.4,))
    ours = walk(optimizer, CosineAnnealingLR(optimizer, 20, 0.1), 20)
    same(ours, [[0.1 + 0.5 * (0.4 - 0.1) * (1 + math.cos(math.pi * t / 20))] for t in range(1, 21)])
    assert ours[9][0] == pytest.approx(0.25) and ours[19][0] == 0.1


@pytest.mark.parametrize("at", [1, 6, 7, 8, 15])
def test_resumed_in_the_middle_from_state_dict_through_a_file(at: int) -> None:
    whole = []
    for first, second in ((CosineAnnealingLR, CosineAnnealingLR), (TorchCosine, CosineAnnealingLR), (CosineAnnealingLR, TorchCosine)):
        before = optimizer_of()
        old = first(before, 7, 0.01)
        part = walk(before, old, at)
        file = io.BytesIO()
        torch.save({"optimizer": before.state_dict(), "scheduler": old.state_dict()}, file)
        file.seek(0)
        saved = torch.load(file, weights_only=True)
        after = optimizer_of()
        after.param_groups[0]["params"][0].data.copy_(before.param_groups[0]["params"][0])
        scheduler: LRScheduler = second(after, 7, 0.01)
        after.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        assert scheduler.last_epoch == at
        whole.append(part + walk(after, scheduler, 25 - at))
    unbroken = optimizer_of()
    expected = walk(unbroken, TorchCosine(unbroken, 7, 0.01), 25)
    for each in whole:
        same(each, expected)


def test_its_state_has_the_keys_and_values_of_torch_s() -> None:
    ours, theirs = (made(optimizer_of(), 7, 0.01).state_dict() for made in PAIR)
    assert ours == theirs


@pytest.mark.parametrize("last_epoch", [0, 3, 6, 7, 11])
def test_resumed_by_last_epoch(last_epoch: int) -> None:
    runs = []
    for made in PAIR:
        before = optimizer_of()
        walk(before, made(before, 7, 0.01), last_epoch)
        after = optimizer_of()
        after.load_state_dict(before.state_dict())
        scheduler = made(after, 7, 0.01, last_epoch=last_epoch)
        runs.append((rates(after), scheduler.last_epoch, walk(after, scheduler, 15)))
    assert runs[0][1] == runs[1][1] == last_epoch + 1
    same(runs[0][0], runs[1][0])
    same(runs[0][2], runs[1][2])


def test_last_epoch_without_initial_lr_is_torch_s_error() -> None:
    for made in PAIR:
        with pytest.raises(KeyError, match="initial_lr"):
            made(optimizer_of(), 7, last_epoch=3)


def test_an_initial_lr_that_is_there_is_the_base() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of((0.5, 0.1))
        optimizer.param_groups[0]["initial_lr"] = 0.9
        scheduler = made(optimizer, 5, 0.01)
        runs.append((scheduler.base_lrs, walk(optimizer, scheduler, 12)))
    assert runs[0][0] == runs[1][0] == [0.9, 0.1]
    same(runs[0][1], runs[1][1])


@pytest.mark.parametrize("epochs", [(0, 3, 7, 12, 5), (20,)])
def test_a_step_given_by_its_number_takes_the_closed_form(epochs: tuple[int, ...]) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 7, 0.01)
        optimizer.step()
        found = []
        for epoch in epochs:
            with pytest.warns(UserWarning, match="epoch parameter"):
                scheduler.step(epoch)
            found.append(rates(optimizer))
        runs.append(found + walk(optimizer, scheduler, 9))
    same(*runs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_learning_rate_that_is_a_tensor_stays_that_tensor(dtype: torch.dtype) -> None:
    runs = []
    for made in PAIR:
        bases = tuple(torch.tensor(base, dtype=dtype) for base in BASES)
        optimizer = optimizer_of(bases, foreach=False)
        scheduler = made(optimizer, 5, 0.01)
        found = walk(optimizer, scheduler, 13)
        assert all(group["lr"] is base for group, base in zip(optimizer.param_groups, bases, strict=True))
        last = scheduler.get_last_lr()
        assert all(isinstance(rate, torch.Tensor) and rate.dtype == dtype for rate in last)
        last[0].fill_(9)
        assert optimizer.param_groups[0]["lr"] != 9, "what get_last_lr gives is a copy"
        runs.append((found, [float(base) for base in scheduler.base_lrs]))
    same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]


def test_chained_with_another_scheduler_both_factors_count() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        chained = ChainedScheduler([made(optimizer, 9), ExponentialLR(optimizer, 0.9)])
        first = walk(optimizer, chained, 6)
        state = copy.deepcopy(chained.state_dict())
        again = ChainedScheduler([made(optimizer, 9), ExponentialLR(optimizer, 0.9)])
        again.load_state_dict(state)
        for group, rate in zip(optimizer.param_groups, first[-1], strict=True):
            group["lr"] = rate
        runs.append(first + walk(optimizer, again, 14))
    same(*runs)


@pytest.mark.parametrize("eta_min", [0, 0.01])
def test_after_a_warm_up_in_a_sequence(eta_min: float) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        warm = TorchLinear(optimizer, 0.1, total_iters=4)
        sequence = SequentialLR(optimizer, [warm, made(optimizer, 10, eta_min)], milestones=[4])
        runs.append(walk(optimizer, sequence, 20))
    same(*runs)


def test_a_learning_rate_changed_from_outside_is_kept_as_torch_keeps_it() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 12, 0.01)
        found = walk(optimizer, scheduler, 4)
        optimizer.param_groups[1]["lr"] *= 3
        runs.append(found + walk(optimizer, scheduler, 12))
    same(*runs)


def test_a_group_added_later_is_torch_s_error() -> None:
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 1)
        walk(optimizer, scheduler, 1)
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.1})
        with pytest.raises(ValueError):
            walk(optimizer, scheduler, 1)


def test_get_lr_outside_of_step_warns_and_step_does_not() -> None:
    for made in PAIR:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scheduler = made(optimizer_of(), 5)
        with pytest.warns(UserWarning, match=r"get_last_lr\(\)"):
            assert scheduler.get_lr() is not None


@pytest.mark.parametrize("T_max", [0, -3, math.nan])
def test_a_length_that_is_none_is_refused(T_max: float) -> None:
    with pytest.raises(ValueError, match=r"T_max must be > 0, got .*number of steps"):
        CosineAnnealingLR(optimizer_of(), T_max)  # type: ignore[arg-type]


@pytest.mark.parametrize("eta_min", [-1e-3, math.nan])
def test_a_negative_floor_is_refused(eta_min: float) -> None:
    with pytest.raises(ValueError, match=r"eta_min must be >= 0, got .*negative"):
        CosineAnnealingLR(optimizer_of(), 5, eta_min)


def test_what_is_no_optimizer_is_torch_s_error() -> None:
    for made in PAIR:
        with pytest.raises(TypeError, match="is not an Optimizer"):
            made(torch.nn.Linear(1, 1), 5)


@pytest.mark.parametrize("values", [{}, {"run": 2, "T_max": 30, "floor": 0.1}, {"run": 0.5, "lr": 0.03}])
def test_the_browser_draws_the_schedule_of_the_implementation(values: dict[str, float], tmp_path: Path) -> None:
    picture = drawn("cosine", values, tmp_path)
    if picture is None:
        return
    knobs, path = picture["values"], picture["path"]
    optimizer = optimizer_of((knobs["lr"],))
    scheduler = CosineAnnealingLR(optimizer, knobs["T_max"], knobs["lr"] * knobs["floor"])
    assert len(path) == round(knobs["T_max"] * knobs["run"]) + 1
    same([[rate] for rate in path], [[knobs["lr"]], *walk(optimizer, scheduler, len(path) - 1)])
