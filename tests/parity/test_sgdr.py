"""CosineAnnealingWarmRestarts against torch's, step by step."""

import copy
import io
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from _schedules import BASES, drawn, optimizer_of, rates, same, walk, weights
from torch.optim.lr_scheduler import ChainedScheduler, ExponentialLR, LRScheduler, SequentialLR
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts as TorchRestarts
from torch.optim.lr_scheduler import LinearLR as TorchLinear

from studykit.schedule.sgdr import CosineAnnealingWarmRestarts, cycle_at

PAIR = (CosineAnnealingWarmRestarts, TorchRestarts)


@pytest.mark.parametrize("T_0", [1, 2, 7, 10])
@pytest.mark.parametrize("T_mult", [1, 2, 3])
@pytest.mark.parametrize("eta_min", [0, 0.01, 0.3])
def test_every_step_of_several_cycles_and_the_weights_it_trains(T_0: int, T_mult: int, eta_min: float) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, T_0, T_mult, eta_min)
        start = rates(optimizer)
        runs.append((start, walk(optimizer, scheduler, 14 * T_0 + 1), weights(optimizer)))
    (start, ours, trained), (theirs_start, theirs, theirs_trained) = runs
    same(start, theirs_start)
    same(start, list(BASES))
    same(ours, theirs)
    same(trained, theirs_trained)


def test_the_cycles_are_the_paper_s() -> None:
    optimizer = optimizer_of((0.4,))
    ours = [[0.4], *walk(optimizer, CosineAnnealingWarmRestarts(optimizer, 4, 2, 0.1), 27)]
    expected = [[0.1 + 0.15 * (1 + math.cos(math.pi * t / length))] for length in (4, 8, 16) for t in range(length)]
    same(ours, expected)
    assert [t for t, (rate,) in enumerate(ours) if rate == 0.4] == [0, 4, 12]


@pytest.mark.parametrize("T_mult", [1, 2])
@pytest.mark.parametrize("at", [1, 4, 5, 6, 14, 15, 22])
def test_resumed_in_the_middle_from_state_dict_through_a_file(at: int, T_mult: int) -> None:
    ours, theirs = PAIR
    whole = []
    for first, second in ((ours, ours), (theirs, ours), (ours, theirs)):
        before = optimizer_of()
        old = first(before, 5, T_mult, 0.01)
        part = walk(before, old, at)
        file = io.BytesIO()
        torch.save({"optimizer": before.state_dict(), "scheduler": old.state_dict()}, file)
        file.seek(0)
        saved = torch.load(file, weights_only=True)
        after = optimizer_of()
        scheduler: LRScheduler = second(after, 5, T_mult, 0.01)
        after.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        assert scheduler.last_epoch == at
        whole.append(part + walk(after, scheduler, 45 - at))
    unbroken = optimizer_of()
    expected = walk(unbroken, TorchRestarts(unbroken, 5, T_mult, 0.01), 45)
    for each in whole:
        same(each, expected)


@pytest.mark.parametrize("steps", [0, 3, 7, 20])
def test_its_state_has_the_keys_and_values_of_torch_s(steps: int) -> None:
    states = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 5, 2, 0.01)
        walk(optimizer, scheduler, steps)
        states.append(scheduler.state_dict())
    assert states[0].keys() == states[1].keys()
    same(states[0].pop("_last_lr"), states[1].pop("_last_lr"))
    assert states[0] == states[1]


@pytest.mark.parametrize(("T_mult", "last_epoch"), [(1, 0), (1, 5), (1, 6), (1, 40), (2, 3), (2, 5), (2, 6), (2, 10), (3, 10)])
def test_resumed_by_last_epoch(T_mult: int, last_epoch: int) -> None:
    ours, theirs = (resumed(made, T_mult, last_epoch) for made in PAIR)
    assert ours[1] == theirs[1]
    same(ours[0], theirs[0])


def resumed(made: Any, T_mult: int, last_epoch: int) -> tuple[list[list[float]], tuple[int, ...]]:
    before = optimizer_of()
    walk(before, made(before, 6, T_mult, 0.01), last_epoch)
    after = optimizer_of()
    after.load_state_dict(before.state_dict())
    scheduler = made(after, 6, T_mult, 0.01, last_epoch)
    place = (scheduler.last_epoch, scheduler.T_cur, scheduler.T_i)
    return [rates(after), *walk(after, scheduler, 60)], place


@pytest.mark.parametrize(("T_mult", "last_epoch"), [(2, 11), (2, 17), (2, 30), (2, 41), (3, 11), (3, 24), (3, 100)])
def test_beyond_twice_the_first_cycle_last_epoch_goes_on_where_torch_s_does_not(T_mult: int, last_epoch: int) -> None:
    unbroken = optimizer_of()
    expected = walk(unbroken, TorchRestarts(unbroken, 6, T_mult, 0.01), last_epoch + 61)[last_epoch:]
    same(resumed(CosineAnnealingWarmRestarts, T_mult, last_epoch)[0], expected)
    # If this fails, torch has been mended, and what the class, the lesson and the quiz say of it has to go.
    theirs = torch.tensor(resumed(TorchRestarts, T_mult, last_epoch)[0])
    assert not torch.allclose(theirs, torch.tensor(expected), rtol=1e-3)


@pytest.mark.parametrize("T_mult", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("T_0", [1, 3, 7])
def test_a_step_by_its_number_is_the_step_that_was_counted_up_to(T_0: int, T_mult: int) -> None:
    # torch finds it by a logarithm, which rounds and misses a restart here and there: its counting is the oracle.
    optimizer = optimizer_of((1.0,))
    counted = TorchRestarts(optimizer, T_0, T_mult)
    for t in range(1200):
        assert cycle_at(t, T_0, T_mult) == (counted.T_cur, counted.T_i)
        counted.step()


def test_last_epoch_without_initial_lr_is_torch_s_error() -> None:
    for made in PAIR:
        with pytest.raises(KeyError, match="initial_lr"):
            made(optimizer_of(), 7, last_epoch=3)


def test_an_initial_lr_that_is_there_is_the_base() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of((0.5, 0.1))
        optimizer.param_groups[0]["initial_lr"] = 0.9
        scheduler = made(optimizer, 5, 1, 0.01)
        runs.append(([float(base) for base in scheduler.base_lrs], walk(optimizer, scheduler, 12)))
    assert runs[0][0] == runs[1][0] == [0.9, 0.1]
    same(runs[0][1], runs[1][1])


@pytest.mark.parametrize("T_mult", [1, 2, 3])
@pytest.mark.parametrize(
    "epochs",
    [
        (0, 3, 7, 12, 5, 40),
        tuple(n / 4 for n in range(120)),  # batch by batch, as in step(epoch + batch / batches)
        (0.1, 4.99, 5.0, 5.01, 14.9999, 15, 15.5, 200.25, 0.0),
        (19,),
    ],
    ids=["whole", "quarters", "around restarts", "one"],
)
def test_a_step_given_by_its_number_and_fractions_of_steps(epochs: tuple[float, ...], T_mult: int) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 5, T_mult, 0.01)
        optimizer.step()
        found, places = [], []
        for epoch in epochs:
            scheduler.step(epoch)
            found.append(rates(optimizer))
            places.append((scheduler.last_epoch, float(scheduler.T_cur), float(scheduler.T_i)))
        runs.append((found + walk(optimizer, scheduler, 23), places))
    same(runs[0][0], runs[1][0])
    same(runs[0][1], runs[1][1])


def test_steps_by_number_and_steps_by_one_take_turns() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 4, 2)
        found = walk(optimizer, scheduler, 6)
        scheduler.step(26)
        found += [rates(optimizer), *walk(optimizer, scheduler, 5)]
        scheduler.step(2.5)
        found += [rates(optimizer), *walk(optimizer, scheduler, 9)]
        runs.append(found)
    same(*runs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_learning_rate_that_is_a_tensor_stays_that_tensor(dtype: torch.dtype) -> None:
    runs = []
    for made in PAIR:
        bases = tuple(torch.tensor(base, dtype=dtype) for base in BASES)
        optimizer = optimizer_of(bases, foreach=False)
        scheduler = made(optimizer, 5, 2, 0.01)
        found = walk(optimizer, scheduler, 23)
        assert all(group["lr"] is base for group, base in zip(optimizer.param_groups, bases, strict=True))
        last = scheduler.get_last_lr()
        assert all(isinstance(rate, torch.Tensor) and rate.dtype == dtype for rate in last)
        last[0].fill_(9)
        assert optimizer.param_groups[0]["lr"] != 9, "what get_last_lr gives is a copy"
        runs.append((found, [float(base) for base in scheduler.base_lrs]))
    same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]


def test_chained_with_another_scheduler() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        chained = ChainedScheduler([made(optimizer, 5, 2), ExponentialLR(optimizer, 0.9)])
        first = walk(optimizer, chained, 6)
        state = copy.deepcopy(chained.state_dict())
        again = ChainedScheduler([made(optimizer, 5, 2), ExponentialLR(optimizer, 0.9)])
        again.load_state_dict(state)
        for group, rate in zip(optimizer.param_groups, first[-1], strict=True):
            group["lr"] = rate
        runs.append(first + walk(optimizer, again, 20))
    same(*runs)


@pytest.mark.parametrize("T_mult", [1, 2])
def test_after_a_warm_up_in_a_sequence(T_mult: int) -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        warm = TorchLinear(optimizer, 0.1, total_iters=4)
        sequence = SequentialLR(optimizer, [warm, made(optimizer, 6, T_mult, 0.01)], milestones=[4])
        runs.append(walk(optimizer, sequence, 30))
    same(*runs)


def test_a_learning_rate_changed_from_outside_is_overwritten_as_torch_does() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 12, 1, 0.01)
        found = walk(optimizer, scheduler, 4)
        optimizer.param_groups[1]["lr"] *= 3
        runs.append(found + walk(optimizer, scheduler, 12))
    same(*runs)


def test_a_group_added_later_is_torch_s_error() -> None:
    for made in PAIR:
        optimizer = optimizer_of()
        scheduler = made(optimizer, 3)
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.1})
        optimizer.step()
        with pytest.raises(ValueError):
            scheduler.step()


def test_before_another_scheduler_in_a_sequence() -> None:
    runs = []
    for made in PAIR:
        optimizer = optimizer_of()
        sequence = SequentialLR(optimizer, [made(optimizer, 3), ExponentialLR(optimizer, 0.9)], milestones=[7])
        runs.append(walk(optimizer, sequence, 15))
    same(*runs)


def test_get_lr_outside_of_step_is_the_current_one() -> None:
    optimizer = optimizer_of()
    scheduler = CosineAnnealingWarmRestarts(optimizer, 5, 2, 0.01)
    walk(optimizer, scheduler, 8)
    assert scheduler.get_lr() == scheduler.get_last_lr()


@pytest.mark.parametrize("epoch", [math.nan, math.inf])
def test_a_step_that_is_nowhere_is_refused_and_leaves_the_state(epoch: float) -> None:
    scheduler = CosineAnnealingWarmRestarts(optimizer_of(), 5, 2)
    before = copy.deepcopy(scheduler.state_dict())
    with pytest.raises(ValueError, match="epoch must be >= 0 and finite, got"):
        scheduler.step(epoch)
    assert scheduler.state_dict() == before


def test_a_negative_step_is_refused_as_by_torch() -> None:
    for made in PAIR:
        scheduler = made(optimizer_of(), 5)
        for epoch in (-1, -0.5):
            with pytest.raises(ValueError, match=r"negative epoch|epoch must be >= 0 and finite, got"):
                scheduler.step(epoch)


@pytest.mark.parametrize("T_0", [0, -3, 2.0, math.nan])
def test_a_length_that_is_no_count_is_refused_as_by_torch(T_0: Any) -> None:
    with pytest.raises(ValueError, match=r"T_0 must be an integer >= 1, got .*first restart"):
        CosineAnnealingWarmRestarts(optimizer_of(), T_0)
    with pytest.raises(ValueError, match="T_0"):
        TorchRestarts(optimizer_of(), T_0)


@pytest.mark.parametrize("T_mult", [0, -1, 0.5, 2.0, math.nan])
def test_a_factor_that_is_no_count_is_refused_as_by_torch(T_mult: Any) -> None:
    with pytest.raises(ValueError, match=r"T_mult must be an integer >= 1, got .*equal length"):
        CosineAnnealingWarmRestarts(optimizer_of(), 5, T_mult)
    with pytest.raises(ValueError, match="T_mult"):
        TorchRestarts(optimizer_of(), 5, T_mult)


@pytest.mark.parametrize("eta_min", [-1e-3, math.nan, torch.tensor(0.1), "0"])
def test_a_floor_that_is_no_learning_rate_is_refused(eta_min: Any) -> None:
    with pytest.raises(ValueError, match=r"eta_min must be a number >= 0, got .*negative"):
        CosineAnnealingWarmRestarts(optimizer_of(), 5, 1, eta_min)


def test_what_is_no_optimizer_is_torch_s_error() -> None:
    for made in PAIR:
        with pytest.raises(TypeError, match="is not an Optimizer"):
            made(torch.nn.Linear(1, 1), 5)


@pytest.mark.parametrize("values", [{}, {"budget": 100, "T_mult": 3, "floor": 0.1}, {"T_mult": 1, "lr": 0.03}])
def test_the_browser_draws_the_schedule_of_the_implementation(values: dict[str, float], tmp_path: Path) -> None:
    picture = drawn("sgdr", values, tmp_path)
    if picture is None:
        return
    knobs, path = picture["values"], picture["path"]
    optimizer = optimizer_of((knobs["lr"],))
    scheduler = CosineAnnealingWarmRestarts(optimizer, knobs["T_0"], knobs["T_mult"], knobs["lr"] * knobs["floor"])
    assert len(path) == knobs["budget"] + 1
    same([[rate] for rate in path], [[knobs["lr"]], *walk(optimizer, scheduler, len(path) - 1)])
