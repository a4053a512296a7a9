"""LinearLR against torch's, step by step; warmup_cosine against the formula of transformers."""

import copy
import io
import math
import warnings
from pathlib import Path

import pytest
import torch
from _schedules import BASES, drawn, optimizer_of, rates, same, walk, weights
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LRScheduler,
    SequentialLR,
)
from torch.optim.lr_scheduler import LinearLR as TorchLinear

from studykit.schedule.warmup import LinearLR, warmup_cosine

PAIR = (LinearLR, TorchLinear)


def transformers_factor(step: int, warmup: int, total: int) -> float:
    """The factor on the base rate in Hugging Face transformers, src/transformers/optimization.py.

    `_get_cosine_schedule_with_warmup_lr_lambda`, which get_cosine_schedule_with_warmup gives to LambdaLR, with its default of
    half a cycle.
    """
    if step < warmup:
        return float(step) / float(max(1, warmup))
    done = float(step - warmup) / float(max(1, total - warmup))
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * 0.5 * 2.0 * done)))


# --- LinearLR


@pytest.mark.parametrize("total", [0, 1, 2, 5, 33])
@pytest.mark.parametrize(("start", "end"), [(1 / 3, 1.0), (1e-4, 1.0), (0.2, 0.7), (1.0, 0.0), (1.0, 1.0), (0.5, 0.5)])
def test_every_step_and_the_weights_it_trains(start: float, end: float, total: int) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, start, end, total)
        first = rates(optimizer)
        runs.append((first, walk(optimizer, scheduler, 2 * total + 3), weights(optimizer)))
    for ours, theirs in zip(*runs, strict=True):
        same(ours, theirs)


def test_its_defaults_are_torch_s() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        runs.append(walk(optimizer, made(optimizer), 8))
    same(*runs)
    assert runs[0][-1] == pytest.approx(list(BASES))


@pytest.mark.parametrize("at", [1, 4, 6, 7, 10])
def test_resumed_in_the_middle_from_state_dict_through_a_file(at: int) -> None:
    whole = []
    for first, second in ((LinearLR, LinearLR), (TorchLinear, LinearLR), (LinearLR, TorchLinear)):
        before = optimizer_of()
        old = first(before, 0.1, 0.8, 6)
        part = walk(before, old, at)
        file = io.BytesIO()
        torch.save({"optimizer": before.state_dict(), "scheduler": old.state_dict()}, file)
        file.seek(0)
        saved = torch.load(file, weights_only=True)
        after = optimizer_of()
        scheduler: LRScheduler = second(after, 0.1, 0.8, 6)
        after.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        assert scheduler.last_epoch == at
        whole.append(part + walk(after, scheduler, 14 - at))
    unbroken = optimizer_of()
    expected = walk(unbroken, TorchLinear(unbroken, 0.1, 0.8, 6), 14)
    for each in whole:
        same(each, expected)


def test_its_state_has_the_keys_and_values_of_torch_s() -> None:
    ours, theirs = (made(optimizer_of(), 0.1, 0.8, 6).state_dict() for made in PAIR)
    assert ours == theirs


@pytest.mark.parametrize("last_epoch", [0, 3, 6, 9])
def test_resumed_by_last_epoch(last_epoch: int) -> None:
    runs = []
    for made in PAIR:
        before = optimizer_of()
        walk(before, made(before, 0.1, 0.8, 6), last_epoch)
        after = optimizer_of()
        after.load_state_dict(before.state_dict())
        scheduler = made(after, 0.1, 0.8, 6, last_epoch=last_epoch)
        runs.append((rates(after), walk(after, scheduler, 9)))
    same(runs[0][0], runs[1][0])
    same(runs[0][1], runs[1][1])


def test_last_epoch_without_initial_lr_is_torch_s_error() -> None:
    for made in PAIR:
        with pytest.raises(KeyError, match="initial_lr"):
            made(optimizer_of(), last_epoch=3)


@pytest.mark.parametrize("epochs", [(0, 3, 5, 12, 2), (9,)])
def test_a_step_given_by_its_number_takes_the_closed_form(epochs: tuple[int, ...]) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 0.1, 0.8, 6)
        optimizer.step()
        found = []
        for epoch in epochs:
            with pytest.warns(UserWarning, match="epoch parameter"):
                scheduler.step(epoch)
            found.append(rates(optimizer))
        runs.append(found + walk(optimizer, scheduler, 7))
    same(*runs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_learning_rate_that_is_a_tensor_stays_that_tensor(dtype: torch.dtype) -> None:
    runs = []
    for made in PAIR:
        bases = tuple(torch.tensor(base, dtype=dtype) for base in BASES)
        optimizer = optimizer_of(bases, foreach=False)
        scheduler = made(optimizer, 0.1, 0.8, 4)
        runs.append(walk(optimizer, scheduler, 7))
        assert all(group["lr"] is base for group, base in zip(optimizer.param_groups, bases, strict=True))
        last = scheduler.get_last_lr()
        last[0].fill_(9)
        assert optimizer.param_groups[0]["lr"] != 9, "what get_last_lr gives is a copy"
    same(*runs)


def test_chained_with_another_scheduler_both_factors_count() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        chained = ChainedScheduler([made(optimizer, 0.1, 1.0, 5), ExponentialLR(optimizer, 0.9)])
        first = walk(optimizer, chained, 3)
        state = copy.deepcopy(chained.state_dict())
        again = ChainedScheduler([made(optimizer, 0.1, 1.0, 5), ExponentialLR(optimizer, 0.9)])
        again.load_state_dict(state)
        for group, rate in zip(optimizer.param_groups, first[-1], strict=True):
            group["lr"] = rate
        runs.append(first + walk(optimizer, again, 9))
    same(*runs)


def test_in_a_sequence_before_a_cosine() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        schedulers = [made(optimizer, 0.1, total_iters=4), CosineAnnealingLR(optimizer, 10)]
        runs.append(walk(optimizer, SequentialLR(optimizer, schedulers, milestones=[4]), 18))
    same(*runs)


def test_in_a_sequence_as_the_cooldown_at_the_end() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        schedulers = [ExponentialLR(optimizer, 0.95), made(optimizer, 1.0, 0.0, total_iters=5)]
        runs.append(walk(optimizer, SequentialLR(optimizer, schedulers, milestones=[6]), 14))
    same(*runs)


def test_get_lr_outside_of_step_warns_and_step_does_not() -> None:
    for made in PAIR:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scheduler = made(optimizer_of())
        with pytest.warns(UserWarning, match=r"get_last_lr\(\)"):
            assert scheduler.get_lr() is not None


@pytest.mark.parametrize(
    ("named", "value"),
    [
        ("start_factor", 0), ("start_factor", -0.1), ("start_factor", 1.1), ("start_factor", math.nan),
        ("end_factor", -0.1), ("end_factor", 1.1), ("end_factor", math.nan), ("total_iters", -1),
    ],
)  # fmt: skip
def test_a_factor_out_of_bounds_is_refused(named: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{named} must be .*, got {value}: \w+"):
        LinearLR(optimizer_of(), **{named: value})  # type: ignore[arg-type]


# --- warmup_cosine


@pytest.mark.parametrize(("warmup", "total"), [(0, 1), (0, 20), (1, 20), (7, 20), (19, 20), (20, 20), (100, 400)])
def test_every_step_is_transformers_and_so_are_those_past_the_end(warmup: int, total: int) -> None:
    ours, theirs = optimizer_of(), optimizer_of()
    mine = warmup_cosine(ours, warmup, total)
    other = LambdaLR(theirs, lambda step: transformers_factor(step, warmup, total))
    assert rates(ours) == rates(theirs) == ([0.0, 0.0, 0.0] if warmup else list(BASES))
    same(walk(ours, mine, total + 15), walk(theirs, other, total + 15))
    same(weights(ours), weights(theirs))


@pytest.mark.parametrize("min_lr", [0.0, 0.005, 0.02])
def test_it_is_a_line_to_the_base_and_a_cosine_to_the_floor(min_lr: float) -> None:
    optimizer = optimizer_of()
    scheduler = warmup_cosine(optimizer, 8, 28, min_lr)
    found = [rates(optimizer), *walk(optimizer, scheduler, 28)]
    for step, row in enumerate(found):
        for rate, base in zip(row, BASES, strict=True):
            half = 0.5 * (1 + math.cos(math.pi * (step - 8) / 20))
            expected = base * step / 8 if step < 8 else min_lr + (base - min_lr) * half
            assert rate == pytest.approx(expected, abs=1e-12)
    assert found[0] == [0.0] * 3 and found[4] == pytest.approx([base / 2 for base in BASES])
    assert found[8] == pytest.approx(list(BASES)) and found[28] == pytest.approx([min_lr] * 3)


@pytest.mark.parametrize("at", [1, 4, 8, 15])
def test_a_run_broken_off_goes_on_by_either_way(at: int) -> None:
    unbroken = optimizer_of()
    expected = walk(unbroken, warmup_cosine(unbroken, 8, 28, 0.01), 32)
    before = optimizer_of()
    old = warmup_cosine(before, 8, 28, 0.01)
    walk(before, old, at)
    file = io.BytesIO()
    torch.save({"optimizer": before.state_dict(), "scheduler": old.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    loaded = optimizer_of()
    scheduler = warmup_cosine(loaded, 8, 28, 0.01)
    loaded.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    same(walk(loaded, scheduler, 32 - at), expected[at:])
    given = optimizer_of()
    given.load_state_dict(saved["optimizer"])
    scheduler = warmup_cosine(given, 8, 28, 0.01, last_epoch=at - 1)
    same([rates(given), *walk(given, scheduler, 32 - at)], expected[at - 1 :])


def test_it_is_a_scheduler_and_takes_a_tensor_as_rate() -> None:
    base = torch.tensor(0.5, dtype=torch.float64)
    optimizer = optimizer_of((base, 0.5), foreach=False)
    scheduler = warmup_cosine(optimizer, 3, 9, 0.1)
    assert isinstance(scheduler, LRScheduler)
    found = walk(optimizer, scheduler, 12)
    assert optimizer.param_groups[0]["lr"] is base
    same([row[0] for row in found], [row[1] for row in found])


def test_a_group_s_initial_lr_is_its_base() -> None:
    optimizer = optimizer_of((0.5, 0.1))
    optimizer.param_groups[0]["initial_lr"] = 0.9
    found = walk(optimizer, warmup_cosine(optimizer, 4, 10), 4)
    assert found[3] == [0.9, 0.1]


@pytest.mark.parametrize(
    ("warmup", "total", "min_lr", "said"),
    [
        (-1, 10, 0.0, r"warmup_steps must be in \[0, total_steps\], got -1 of 10"),
        (11, 10, 0.0, r"warmup_steps must be in \[0, total_steps\], got 11 of 10: total_steps counts"),
        (0, 0, 0.0, "total_steps must be > 0, got 0: give"),
        (0, math.nan, 0.0, "got 0 of nan"),
        (2, 10, -0.1, "min_lr must be >= 0, got -0.1: a negative"),
        (2, 10, math.nan, "min_lr must be >= 0, got nan"),
    ],
)
def test_what_is_out_of_bounds_is_refused(warmup: int, total: int, min_lr: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        warmup_cosine(optimizer_of(), warmup, total, min_lr)


def test_resuming_without_initial_lr_is_torch_s_error() -> None:
    with pytest.raises(KeyError, match="initial_lr"):
        warmup_cosine(optimizer_of(), 2, 10, last_epoch=3)


# --- the picture


@pytest.mark.parametrize("values", [{}, {"warmup_steps": 0, "total_steps": 60}, {"warmup_steps": 60, "floor": 0.2, "lr": 0.03}])
def test_the_browser_draws_the_schedule_of_the_implementation(values: dict[str, float], tmp_path: Path) -> None:
    picture = drawn("warmup", values, tmp_path)
    if picture is None:
        return
    knobs, path = picture["values"], picture["path"]
    optimizer = optimizer_of((knobs["lr"],))
    scheduler = warmup_cosine(optimizer, knobs["warmup_steps"], knobs["total_steps"], knobs["lr"] * knobs["floor"])
    same([[rate] for rate in path], [rates(optimizer), *walk(optimizer, scheduler, knobs["total_steps"])])
