"""PBT against the paper's toy, its rule written out once more, and what must hold of any population."""

import copy
import itertools
import math
import random
from collections import Counter

import pytest
import torch
from torch import nn

from studykit.automl._pbt_moves import tournament
from studykit.automl._pbt_population import Trainer, accuracies, forward, fresh
from studykit.automl.pbt import PopulationBasedTraining, exploit_and_explore, truncation
from studykit.models import MLP

# --- the toy of Jaderberg et al. 2017, figure 2: Q is wanted, its surrogate with h is what is climbed


def quality(theta):
    return 1.2 - theta[0] ** 2 - theta[1] ** 2


def climb(states, settings, lr=0.02):
    """One step of gradient ascent on 1.2 - h0 theta0² - h1 theta1², for every member."""
    states = [
        (a * (1 - 2 * lr * setting["h0"]), b * (1 - 2 * lr * setting["h1"]))
        for (a, b), setting in zip(states, settings, strict=True)
    ]
    return states, [quality(theta) for theta in states]


def toy(seed, interval=4, steps=200, factors=(0.8, 1.2), resample=0.25, keep=False):
    pbt = PopulationBasedTraining(
        {"h0": (0.0, 1.0), "h1": (0.0, 1.0)}, population=2, fraction=0.5, interval=10**9 if keep else interval, factors=factors,
        resample=resample, seed=seed,
    )  # fmt: skip
    pbt.settings, pbt.states = [{"h0": 1.0, "h1": 0.0}, {"h0": 0.0, "h1": 1.0}], [(0.9, 0.9)] * 2
    for _ in range(steps):
        pbt.step(climb)
    return pbt


def test_the_papers_toy_is_solved_by_pbt_and_not_by_its_two_settings_kept():
    kept = toy(0, keep=True)
    assert max(kept.history[-1].scores) == pytest.approx(1.2 - 0.81, abs=1e-4), "each setting moves along one axis only"
    for seed in range(10):
        assert max(toy(seed).history[-1].scores) > 1.19
    exploit_only = toy(0, factors=(1.0,), resample=0.0)
    assert max(exploit_only.history[-1].scores) == pytest.approx(0.39, abs=1e-4), "copies of one setting, and nothing new"
    assert exploit_only.settings[0] == exploit_only.settings[1]


def test_the_schedule_replayed_gives_the_winners_weights():
    for seed in range(5):
        pbt = toy(seed, interval=3, steps=60)
        state = [(0.9, 0.9)]
        for setting in pbt.schedule():
            state, score = climb(state, [setting])
        assert state[0] == pbt.states[pbt.best]
        assert score[0] == max(pbt.history[-1].scores)
        for member in range(2):
            line = pbt.lineage(member)
            assert line[-1] == member and len(line) == 60
            for before, now, made in zip(line, line[1:], pbt.history[1:], strict=False):
                assert made.parents[now] == before


# --- the rule


def by_the_rule(scores, fraction):
    """Truncation selection as the paper words it: who is copied from and who copies, as sets."""
    count = max(1, round(fraction * len(scores)))
    order = sorted(range(len(scores)), key=scores.__getitem__)
    return set(order[:count]), set(order[len(order) - count :])


@pytest.mark.parametrize(("n", "fraction"), [(2, 0.5), (4, 0.25), (5, 0.2), (8, 0.25), (10, 0.2), (20, 0.2), (7, 0.5), (3, 0.1)])
def test_truncation_is_the_rule_for_every_draw(n, fraction):
    rng = random.Random(0)
    for trial in range(30):
        scores = rng.sample(range(-50, 50), n)
        worst, best = by_the_rule(scores, min(fraction, (n // 2) / n))
        parents = truncation([float(each) for each in scores], fraction, torch.Generator().manual_seed(trial))
        assert {member for member, parent in enumerate(parents) if parent != member} == worst
        assert {parents[member] for member in worst} <= best


def test_donors_are_drawn_evenly():
    rng = torch.Generator().manual_seed(0)
    counts = Counter(truncation([0.0, 1.0, 2.0, 3.0], 0.5, rng)[0] for _ in range(2000))
    assert set(counts) == {2, 3} and abs(counts[2] - 1000) < 150
    counts = Counter(parent for _ in range(2000) for parent in tournament([0.0, 1.0, 2.0], 0.25, rng)[:1])
    assert set(counts) == {1, 2} and abs(counts[1] - 1000) < 150


def test_a_tournament_copies_only_what_is_better():
    rng = torch.Generator().manual_seed(1)
    for _ in range(200):
        scores = torch.randn(6, generator=rng).tolist()
        parents = tournament(scores, 0.25, rng)
        assert all(scores[parent] >= scores[member] for member, parent in enumerate(parents))
        assert parents[scores.index(max(scores))] == scores.index(max(scores))
        assert parents[scores.index(min(scores))] != scores.index(min(scores))


@pytest.mark.parametrize("select", [truncation, tournament])
def test_a_member_that_diverged_is_the_worst(select):
    for place in range(4):
        scores = [1.0, -2.0, 3.0, -4.0]
        scores[place] = math.nan
        parents = select(scores, 0.25, torch.Generator().manual_seed(place))
        assert parents[place] != place and place not in (parent for member, parent in enumerate(parents) if member != place)
    assert truncation([math.nan] * 3 + [-1e9], 0.25, torch.Generator().manual_seed(0)).count(3) == 2


def test_every_factor_and_every_combination_occurs_and_nothing_else():
    rng = torch.Generator().manual_seed(0)
    seen = Counter()
    for _ in range(1000):
        _, changed, parents = exploit_and_explore([0.0, 1.0], ["a", "b"], [{"lr": 1.0, "wd": 9.0}, {"lr": 2.0, "wd": 4.0}], 0.5, (0.8, 1.2), rng)
        assert parents == [1, 1] and changed[1] == {"lr": 2.0, "wd": 4.0}
        seen[changed[0]["lr"] / 2, changed[0]["wd"] / 4] += 1
    assert set(seen) == set(itertools.product((0.8, 1.2), repeat=2))
    assert max(seen.values()) < 330 and min(seen.values()) > 180


def test_states_are_copied_deeply_and_what_was_given_stays():
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    states = [{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "n": n} for n in range(4)]
    given = copy.deepcopy(states)
    settings = [{"lr": 0.1 * (n + 1)} for n in range(4)]
    made, changed, parents = exploit_and_explore([3.0, 0.0, 1.0, 2.0], states, settings, generator=torch.Generator().manual_seed(0))
    assert parents == [0, 0, 2, 3] and made[1]["n"] == 0
    assert made[1]["model"]["weight"].data_ptr() != states[0]["model"]["weight"].data_ptr()
    moments = [each["optimizer"]["state"][0]["exp_avg"] for each in (made[1], states[0])]
    assert torch.equal(*moments) and moments[0].data_ptr() != moments[1].data_ptr()
    with torch.no_grad():
        made[1]["model"]["weight"].fill_(7)
        moments[0].fill_(7)
    changed[2]["lr"] = 5.0
    assert settings == [{"lr": 0.1 * (n + 1)} for n in range(4)]
    for one, other in zip(states, given, strict=True):
        assert torch.equal(one["model"]["weight"], other["model"]["weight"])
        assert torch.equal(one["optimizer"]["state"][0]["exp_avg"], other["optimizer"]["state"][0]["exp_avg"])


# --- the population

SPACE = {"lr": (1e-4, 1e-1, "log"), "dropout": (0.0, 0.5), "layers": (1, 6), "act": ["relu", "gelu", None]}


def counting(states, settings):
    """Training that notes what it was given: the state is the list of settings so far."""
    states = [[*(state or []), setting] for state, setting in zip(states, settings, strict=True)]
    return states, [math.log(setting["lr"]) for setting in settings]


def test_settings_stay_in_the_space_and_move_by_the_factors():
    pbt = PopulationBasedTraining(SPACE, population=6, resample=0.0, seed=3)
    for _ in range(40):
        before = pbt.step(counting).settings
        made = pbt.step(counting)
        for member, parent in enumerate(made.parents):
            old, new = before[parent], made.settings[member]
            if member == parent:
                assert old == new
                continue
            assert new["act"] == old["act"] and type(new["layers"]) is int
            for name in ("lr", "dropout"):
                low, high = SPACE[name][:2]
                assert any(new[name] == pytest.approx(min(max(old[name] * f, low), high)) for f in (0.8, 1.2))
            assert abs(new["layers"] - old["layers"]) >= (1 if 1 < old["layers"] < 6 else 0)
            assert 1 <= new["layers"] <= 6
    assert pbt.settings[pbt.best]["lr"] == pytest.approx(0.1), "the score is lr: it went to the upper bound"


def test_resampling_draws_from_the_space():
    pbt = PopulationBasedTraining(SPACE, population=4, resample=1.0, seed=0)
    drawn = []
    for _ in range(200):
        made = pbt.step(lambda states, settings: (states, [0.0, 1.0, 2.0, 3.0]))
        drawn += [setting for member, setting in enumerate(made.settings) if made.parents[member] != member]
    assert {each["act"] for each in drawn} == {"relu", "gelu", None}
    assert {each["layers"] for each in drawn} == set(range(1, 7))
    assert sorted(each["lr"] for each in drawn)[len(drawn) // 2] == pytest.approx(10**-2.5, rel=0.5)


def test_states_carry_their_own_history_through_every_copy():
    pbt = PopulationBasedTraining(SPACE, population=5, fraction=0.4, interval=3, seed=1)
    for number in range(30):
        made = pbt.step(counting)
        if number % 3:
            assert made.parents == list(range(5)), "exploit only where an interval is over"
    copies = sum(parent != member for made in pbt.history for member, parent in enumerate(made.parents))
    assert copies == 9 * 2
    for member in range(5):
        assert pbt.states[member] == pbt.schedule(member)


def test_it_resumes_in_the_middle_and_depends_on_its_seed_alone():
    before = torch.get_rng_state()
    whole = PopulationBasedTraining(SPACE, population=6, interval=2, seed=5)
    for _ in range(20):
        whole.step(counting)
    for stop in (1, 2, 7):
        half = PopulationBasedTraining(SPACE, population=6, interval=2, seed=5)
        for _ in range(stop):
            half.step(counting)
        kept = half.state_dict()
        half.step(counting)  # what was kept is a copy
        resumed = PopulationBasedTraining(SPACE, population=6, interval=2, seed=5)
        resumed.load_state_dict(kept)
        for _ in range(20 - stop):
            resumed.step(counting)
        assert resumed.history == whole.history and resumed.states == whole.states
    assert torch.equal(torch.get_rng_state(), before)
    assert PopulationBasedTraining(SPACE, seed=6).settings != PopulationBasedTraining(SPACE, seed=5).settings


# --- what the experiment trains with


def test_many_networks_at_once_are_each_trained_as_if_alone():
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(40, 1, 3, 2, generator=rng), torch.randint(4, (40,), generator=rng)
    settings = [{"lr": 0.1, "weight_decay": 0.01, "dropout": 0.0}, {"lr": 0.02, "weight_decay": 0.0, "dropout": 0.4}]
    trainer = Trainer((x, y), (x, y), interval=7, batch_size=8, seed=3, rate=lambda step: 1 - step / 20)
    states = [fresh(6, 4, 5, seed) for seed in range(2)]
    together, scores = trainer(*trainer(states, settings)[:1], settings)
    for member in range(2):
        alone, score = trainer(trainer(states[member : member + 1], settings[member : member + 1])[0], settings[member : member + 1])
        assert alone[0]["step"] == together[member]["step"] == 14 and score[0] == scores[member]
        for one, other in zip(alone[0]["weights"], together[member]["weights"], strict=True):
            torch.testing.assert_close(one, other)
    network = MLP(6, 4, width=5)
    layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for n, layer in enumerate(layers):
            layer.weight.copy_(states[0]["weights"][n].T), layer.bias.copy_(states[0]["weights"][3 + n][0])
    assert torch.allclose(forward([each[None] for each in states[0]["weights"]], x.flatten(1))[0], network(x), atol=1e-6)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    for step in range(14):
        picked = torch.randint(40, (8,), generator=torch.Generator().manual_seed(300_009 + step))
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 20)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x[picked]), y[picked]).backward()
        optimizer.step()
    for n, layer in enumerate(layers):
        torch.testing.assert_close(layer.weight.detach().T, together[0]["weights"][n], atol=1e-5, rtol=1e-4)
    assert accuracies(together[:1], x, y)[0] == pytest.approx(100 * (network(x).argmax(1) == y).float().mean().item())


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: exploit_and_explore([1.0], [0], [{}]), "one length >= 2, got 1, 1, 1"),
        (lambda: exploit_and_explore([1.0, 2.0], [0], [{}, {}]), "one length >= 2, got 2, 1, 2"),
        (lambda: exploit_and_explore([1.0, 2.0], [0, 1], [{}, {}], 0.6), "fraction must be > 0 and <= 0.5, got 0.6"),
        (lambda: exploit_and_explore([1.0, 2.0], [0, 1], [{}, {}], 0.0), "fraction must be > 0"),
        (lambda: exploit_and_explore([1.0, 2.0], [0, 1], [{}, {}], 0.5, ()), "at least 1 of them"),
        (lambda: exploit_and_explore([1.0, 2.0], [0, 1], [{}, {}], 0.5, (-1.0, 1.2)), "factors must be > 0"),
        (lambda: PopulationBasedTraining({}), "at least 1 parameter"),
        (lambda: PopulationBasedTraining({"lr": (1.0, 0.1)}), "low < high"),
        (lambda: PopulationBasedTraining(SPACE, population=1), "population must be >= 2, got 1"),
        (lambda: PopulationBasedTraining(SPACE, interval=0), "interval must be >= 1, got 0"),
        (lambda: PopulationBasedTraining(SPACE, exploit="best"), "exploit must be one of truncation, tournament"),
        (lambda: PopulationBasedTraining(SPACE, resample=2.0), "resample must be a probability, from 0 to 1, got 2.0"),
        (lambda: PopulationBasedTraining(SPACE).step(lambda states, settings: (states, [0.0])), "must return 8 states and scores, got 8 and 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_value_bound_and_remedy(call, told):
    with pytest.raises(ValueError, match=told):
        call()
