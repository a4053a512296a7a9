"""One contract over all drills: a right solution passes, a wrong one is told its mistake. A new technique needs no test here."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from studykit.drill import Drill, Verdict, blank, grade
from studykit.judge import verdict
from studykit.judge.skeleton import is_blank, parameters
from studykit.judge.verdict import Finding, Outcome, examine
from studykit.language import Text
from studykit.technique import Technique, catalog

each_card = pytest.mark.parametrize("card", list(catalog().values()), ids=lambda card: card.id)
SEEDS = (1, 2, 3)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Carries modules of the kit into the judge under another package's name: there the kit's own are the answer key.
CARRIER = """
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader

SOURCES = {sources!r}


class Carried(MetaPathFinder, Loader):
    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self, is_package=not SOURCES[name]) if name in SOURCES else None

    def exec_module(self, module):
        exec(compile(SOURCES[module.__name__], module.__name__, "exec"), vars(module))


sys.meta_path.insert(0, Carried())
from {module} import drill

{name} = {expression}
"""


def drill_of(card: Technique) -> Drill:
    found = import_module(card.module_of("_drill")).drill
    assert isinstance(found, Drill)
    return found


def carried(card: Technique, expression: str) -> str:
    """A solution in one text: what `expression` gives, where `drill` is the card's, with all the modules that it rests on."""
    sources = {"carried": ""}
    for path in _needed(card.path("_drill.py"), set()):
        sources[f"carried.{path.parent.name}"] = ""
        sources[f"carried.{path.parent.name}.{path.stem}"] = path.read_text(encoding="utf-8")
    module = card.module_of("_drill").replace("studykit", "carried", 1)
    return CARRIER.format(sources=sources, module=module, name=card.names[0], expression=expression)


def _needed(path: Path, seen: set[Path]) -> set[Path]:
    """The module itself and those of the kit that it imports by a relative name."""
    if path not in seen:
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                home = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                names = [home] if node.module else [home / each.name for each in node.names]
                for each in names:
                    _needed(each.with_suffix(".py"), seen)
    return seen


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same candidate in the same probe with the same seed is run once."""
    known: dict[tuple[int, str, int], Outcome] = {}
    run = verdict.outcome

    def outcome(candidate, probe, seed):  # type: ignore[no-untyped-def]
        key = (id(candidate), probe.name, seed)
        if key not in known:
            known[key] = run(candidate, probe, seed)
        return known[key]

    monkeypatch.setattr(verdict, "outcome", outcome)


def examined(drill: Drill, candidate: object, seed: int, lang: str = "en") -> Finding | None:
    tried = [verdict.outcome(candidate, probe, seed) for probe in drill.probes]
    return examine(drill, tried, seed, lang)


def texts(drill: Drill) -> Iterator[tuple[str, Text]]:
    yield "prompt", drill.prompt
    yield from ((f"hint {n + 1}", each) for n, each in enumerate(drill.hints))
    yield from ((each.name, each.tells) for each in (*drill.probes, *drill.mistakes))


@each_card
def test_has_what_a_drill_needs(card: Technique) -> None:
    drill = drill_of(card)
    assert drill.reference is card.implementation()
    assert len({each.name for each in drill.mistakes}) >= 4
    assert len(drill.variants) >= 2
    assert drill.probes and drill.hints
    assert len({probe.name for probe in drill.probes}) == len(drill.probes), "two probes have one name"


@each_card
def test_says_everything_in_both_languages(card: Technique) -> None:
    for where, text in texts(drill_of(card)):
        assert text.en.strip() and text.zh.strip(), where
        assert not CHINESE.search(text.en), f"{where}: Chinese in the English text"
        # A text that is all code, such as "step(closure)", is the same in both.
        assert CHINESE.search(text.zh) or not re.search(r"[a-z]+ [a-z]+", text.en), (
            f"{where}: no Chinese in {text.zh!r}"
        )
        assert "Traceback" not in text.en + text.zh, where


@each_card
def test_asks_for_the_signature_of_the_card(card: Technique) -> None:
    drill = drill_of(card)
    required, named = parameters(card.signature)
    wrong = {each.name: each.candidate for each in drill.mistakes}
    for name, candidate in {"the reference": drill.reference, **drill.variants, **wrong}.items():
        try:
            inspect.signature(candidate).bind(*required, **dict.fromkeys(named))
        except TypeError as error:
            pytest.fail(f"{name}: {error}")
    asked = ast.parse(f"def asked{card.signature}: ...").body[0]
    assert isinstance(asked, ast.FunctionDef)
    defaults = asked.args.defaults + [each for each in asked.args.kw_defaults if each is not None]
    offered = inspect.signature(drill.reference).parameters
    for name, default in zip(named, defaults, strict=True):
        assert offered[name].default == ast.literal_eval(default), f"{name}: card and implementation differ"


@each_card
def test_right_solutions_pass(card: Technique) -> None:
    drill = drill_of(card)
    for name, candidate in {"the reference": drill.reference, **drill.variants}.items():
        for seed in SEEDS:
            assert examined(drill, candidate, seed) is None, f"{name} with seed {seed}"


@each_card
def test_every_mistake_is_told_by_its_name(card: Technique, remembering: None) -> None:
    drill = drill_of(card)
    found = {
        (number, mistake.name, seed): examined(drill, mistake.candidate, seed)
        for seed in SEEDS
        for number, mistake in enumerate(drill.mistakes)
    }
    assert not {key: each for key, each in found.items() if each is None}, "wrong, and accepted"
    assert not {key: each for key, each in found.items() if each and each.mistake != key[1]}, (
        "taken for another mistake"
    )
    told = {each.name: each.tells for each in drill.mistakes}
    assert all(each.message == told[key[1]].en for key, each in found.items() if each)


@each_card
def test_nothing_written_is_no_mistake(card: Technique) -> None:
    start = blank(card)
    assert is_blank(ast.parse(start), card.names[0], drill_of(card).methods)
    for lang, said in (("en", "Nothing is written yet"), ("zh", "还没有开始写")):
        told = grade(card.id, start, lang=lang)
        assert not told.passed and told.mistake is None
        assert said in told.message


def by_the_judge(card: Technique, expression: str, lang: str = "en") -> Verdict:
    return grade(card.id, carried(card, expression), lang=lang)


@each_card
def test_the_judge_passes_the_reference_and_a_variant(card: Technique) -> None:
    for expression in ("drill.reference", "list(drill.variants.values())[-1]"):
        told = by_the_judge(card, expression)
        assert told.passed, f"{expression}: {told.message}"
        assert told.mistake is None


@each_card
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_judge_names_a_mistake(card: Technique, lang: str) -> None:
    mistake = drill_of(card).mistakes[0]
    told = by_the_judge(card, "drill.mistakes[0].candidate", lang)
    assert not told.passed
    assert (told.mistake, told.message) == (mistake.name, mistake.tells.say(lang))
