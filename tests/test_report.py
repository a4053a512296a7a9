"""`studykit report`: evidence that can be repeated, and the table made of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studykit import report
from studykit.derive import pages
from studykit.technique import REGIMES, Technique, catalog, technique


def test_evidence_holds_all_that_a_repetition_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Technique, "evidence", property(lambda card: tmp_path / f"{card.id}.json"))
    card = technique("adamw")
    report.write(card, report.measure("adamw", 2, {"steps": 3}))
    told = json.loads(card.evidence.read_text(encoding="utf-8"))
    assert {"python", "torch", "numpy"} <= set(told["made"]["versions"])
    assert told["made"]["hardware"] and told["made"]["parameters"] == {"steps": 3}
    assert {(run["regime"], run["seed"]) for run in told["runs"]} == {
        (regime, seed) for regime in REGIMES for seed in (0, 1)
    }
    page = pages.evidence_page([card, replace(card, id="unmeasured")])
    rows = [line for line in page.splitlines() if line.startswith("| [adamw]")]
    assert len(rows) == len(told["rows"])
    assert "adam + l2" in rows[0] and "2/2" in rows[0]


@pytest.mark.parametrize("card", catalog().values(), ids=lambda card: card.id)
def test_every_technique_has_evidence_over_five_seeds_or_more(card: Technique) -> None:
    told = json.loads(card.evidence.read_text(encoding="utf-8"))
    assert told["made"]["seeds"] >= report.SEEDS
    assert told["made"]["parameters"] == {}
    for row in told["rows"]:
        diverged = None in (row["low"], row["difference"], row["high"])
        assert diverged or row["low"] <= row["difference"] <= row["high"]
        assert row["expected"] == card.expect[row["regime"]].get(row["against"]), (
            "the card changed: run `studykit report`"
        )
