"""The peers of GP-EI: that they search the same space from the same trials, and that what is said of them is counted right."""

import json
import math
from statistics import fmean

import optuna
import pytest
from scipy.stats import binomtest, ttest_rel

from studykit.automl import BayesianOptimizer, _bayes_opt_peers
from studykit.automl._bayes_opt_peers import (
    ARMS,
    INITIAL,
    OptunaSearch,
    ScikitSearch,
    curves,
    gather,
    main,
    paired,
    sign_test,
)
from studykit.automl._objectives import Objective, branin
from studykit.automl._space import Space

SPACE = {"lr": (1e-4, 1.0, "log"), "depth": (1, 6), "share": (0.0, 1.0), "kind": ["a", "b", "c"]}


def cost(at):
    return abs(math.log10(at["lr"]) + 2) + abs(at["depth"] - 4) / 3 + (at["share"] - 0.3) ** 2 + (at["kind"] != "b")


MIXED = Objective(SPACE, cost, 0.0, 0.0, 3.0)


@pytest.mark.parametrize("peer", [ScikitSearch, OptunaSearch])
@pytest.mark.parametrize("target", [MIXED, branin(0)], ids=["mixed", "branin"])
def test_a_peer_begins_as_ours_does_and_stays_inside(peer, target):
    ours, theirs = BayesianOptimizer(target.space, seed=3), peer(target, 3)
    for number in range(12):
        setting = theirs.suggest()
        Space(target.space).encode(setting)  # refuses what is outside
        if number < INITIAL:
            assert {name: pytest.approx(value) for name, value in ours.suggest().items()} == setting
            ours.observe(setting, target.value(setting))
        theirs.observe(setting, target.value(setting))


def test_a_peer_that_has_a_model_beats_its_own_start():
    for peer in (ScikitSearch, OptunaSearch):
        gains = []
        for seed in range(3):
            search, values = peer(MIXED, seed), []
            for _ in range(25):
                setting = search.suggest()
                values.append(cost(setting))
                search.observe(setting, values[-1])
            gains.append(min(values[:INITIAL]) - min(values))
        assert fmean(gains) > 0.3, peer


def test_curves_fall_and_share_their_start():
    found = curves("training", 0, 8)
    assert set(found) == set(ARMS)
    for curve in found.values():
        assert len(curve) == 8 and curve == sorted(curve, reverse=True)
    first = [found[arm][:INITIAL] for arm in ARMS[:3]]
    assert first[1] == pytest.approx(first[0]) and first[2] == pytest.approx(first[0])
    assert found == curves("training", 0, 8), "a seed is all that it depends on"


def test_the_paired_test_is_scipy_s():
    wins = [{arm: [0.0, -0.1 * n * (arm == "GP-EI") - 0.01 * n * n] for arm in ARMS} for n in range(1, 7)]
    apart = [{arm: [0.0, float(n % 3) * (arm == "random")] for arm in ARMS} for n in range(1, 7)]
    rows = {(row["objective"], row["against"]): row for row in paired({"one": wins, "other": apart}, 2)}
    one = rows["one", "random"]
    assert (one["wins"], one["losses"]) == (6, 0) and one["difference"] == pytest.approx(-0.35)
    expected = ttest_rel([-0.1 * n for n in range(1, 7)], [0.0] * 6).confidence_interval()
    assert (one["low"], one["high"]) == pytest.approx((expected.low, expected.high), rel=1e-3)
    assert (rows["other", "random"]["wins"], rows["other", "random"]["losses"]) == (4, 0), "ties count for neither"
    assert rows["mean of all", "random"]["difference"] == pytest.approx((-0.35 - 1.0) / 2)
    for counts in ((6, 0), (3, 3), (8, 4), (0, 5), (11, 1)):
        assert sign_test(*counts) == pytest.approx(binomtest(counts[0], sum(counts)).pvalue)
    assert sign_test(0, 0) == 1.0


def test_the_command_prints_and_writes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_bayes_opt_peers, "gather", lambda: gather(2, 6))
    monkeypatch.setattr(_bayes_opt_peers, "TRIALS", 6)
    monkeypatch.setattr(_bayes_opt_peers, "INITIAL", 5)
    main(tmp_path / "result.json")
    printed = capsys.readouterr().out
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert f"Optuna {optuna.__version__}" in printed and "Optuna TPE" in printed and "sign test p" in printed
    assert [len(written["curves"][name]) for name in ("branin", "hartmann", "training")] == [2, 2, 2]
    assert len(written["paired"]) == 2 * 3 * 4
