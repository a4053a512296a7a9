"""One contract over all techniques: whoever adds one adds no test here."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from studykit.bench.result import Result
from studykit.claims import claims
from studykit.derive.lesson import read_lesson
from studykit.knobs import knobs_of
from studykit.question import LEVELS, parse
from studykit.technique import REGIMES, Technique, catalog

CARDS = list(catalog().values())
each_card = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
PARITY = Path(__file__).with_name("parity")
# Words per minute at which an interview answer is spoken, and signs of Chinese; a bound, with a wide margin.
WORDS, SIGNS = 190, 330


@each_card
def test_public_names_are_documented_with_their_arguments(card: Technique) -> None:
    module = import_module(card.module_of())
    assert module.__doc__ and re.search(r"\b(19|20)\d\d\b", module.__doc__), "the module says its idea and its paper"
    for name in card.names:
        each = getattr(module, name)
        assert each.__doc__, f"{name} has no docstring"
        text = each.__doc__ + (each.__init__.__doc__ or "" if inspect.isclass(each) else "")
        parameters = [p for p in inspect.signature(each).parameters if p not in ("self", "args", "kwargs")]
        assert not parameters or "Args:" in text, f"{name} does not say its arguments"


@each_card
def test_an_oracle_agrees(card: Technique) -> None:
    files = [path for path in (PARITY / f"test_{card.id}.py", PARITY / f"test_{card.section}.py") if path.is_file()]
    assert files, f"write tests/parity/test_{card.id}.py against {card.oracle}"
    assert any(name in path.read_text(encoding="utf-8") for path in files for name in card.names)


@each_card
def test_the_experiment_is_described_by_its_signature(card: Technique) -> None:
    run = import_module(card.module_of("_experiment")).run
    knobs = knobs_of(run)
    assert {"regime", "dataset", "steps", "seed", "device"} <= set(knobs)
    assert knobs["regime"].choices == REGIMES
    assert knobs["device"].default == "auto"
    described = run.__doc__ or ""
    missing = [name for name in knobs if not re.search(rf"^\s+{name}: ", described, re.MULTILINE)]
    assert not missing, f"the docstring of run lacks {', '.join(missing)}"


def small(card: Technique, regime: str, seed: int) -> Result:
    """The experiment with as few steps as it takes."""
    run = import_module(card.module_of("_experiment")).run
    steps = getattr(import_module(card.module_of("_experiment")), "FEWEST_STEPS", 3)
    result: Result = run(regime=regime, seed=seed, steps=steps, device="cpu")
    return result


@each_card
@pytest.mark.parametrize("regime", REGIMES)
def test_a_run_is_one_seed_with_all_arms_and_depends_on_it_alone(card: Technique, regime: str) -> None:
    torch.manual_seed(123)
    before = torch.get_rng_state()
    one, again = small(card, regime, 0), small(card, regime, 0)
    assert torch.equal(torch.get_rng_state(), before), "the global generator is the caller's"
    assert (one.regime, one.seed) == (regime, 0)
    assert len(one.arms) >= 2
    assert one.metric in next(iter(one.arms.values())).metrics
    metrics: list[Any] = [{name: dict(arm.metrics) for name, arm in run.arms.items()} for run in (one, again)]
    for name, arm in metrics[0].items():
        for metric, value in arm.items():
            if not metric.endswith("seconds"):
                assert value == pytest.approx(metrics[1][name][metric], rel=1e-4, nan_ok=True), f"{name}: {metric}"
    effect = import_module(card.module_of("_experiment")).effect([one])
    technique, *others = one.arms
    assert {finding.against for finding in effect.findings} == set(others)
    assert all(finding.technique == technique for finding in effect.findings)
    assert set(card.expect[regime]) <= set(others), "the card expects something of an arm that is not there"
    assert card.expect[regime], "the card says what is expected"


@each_card
def test_claims_are_settled_in_both_directions(card: Technique) -> None:
    ledger = claims()
    assert all(name in ledger for name in card.claims)
    assert {claim.id for claim in ledger.values() if claim.owner == card.id} <= set(card.claims)


@each_card
def test_what_is_spoken_fits_its_time(card: Technique) -> None:
    for length, minutes in (("20s", 1 / 3), ("60s", 1), ("3min", 3)):
        words = len(card.spoken[length].en.split())
        signs = len(re.findall(r"[一-鿿]|[A-Za-z]+|\d+", card.spoken[length].zh))
        assert 0.35 * WORDS * minutes <= words <= WORDS * minutes * 1.15, f"{length}: {words} English words"
        assert 0.3 * SIGNS * minutes <= signs <= SIGNS * minutes * 1.15, f"{length}: {signs} Chinese signs"
    assert len(card.follow_ups) >= 3


@each_card
def test_questions_are_of_several_types_and_all_levels(card: Technique) -> None:
    found = parse(card.questions, card.id)
    assert {each.level for each in found} == set(LEVELS)
    assert len({each.type for each in found}) >= 5


@each_card
def test_the_lesson_has_its_sections_in_both_languages(card: Technique) -> None:
    sections = read_lesson(card.path(".md"))
    chinese = sum(
        len(re.findall(r"[一-鿿]", source))
        for section in sections
        for kind, source in section.cells
        if kind == "markdown"
    )
    assert chinese > 500
