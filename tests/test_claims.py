"""The ledger is complete and sound, and its errors say in one line where they stand."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from studykit.claims import READ, Claim, claims, parse, problems
from studykit.errors import InputError
from studykit.language import Text

GOOD = """\
[[claim]]
id = "lion-is-fast"
section = "1.1"
owner = "lion"
verdict = "qualified"
says = "更快"
en = "Faster per step."
zh = "每步更快。"
follow_up.en = "Than what?"
follow_up.zh = "跟谁比？"
[[claim.sources]]
cite = "Chen et al. 2023"
where = "abstract"
read = "text"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "ledger.toml"
    path.write_text(text, encoding="utf-8")
    return path


def chinese(text: str) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in text)


def test_ledger_has_every_statement_of_the_article() -> None:
    assert len(claims()) == 55
    assert Counter(each.verdict for each in claims().values()) == {
        "confirmed": 18, "qualified": 21, "outdated": 6, "wrong": 9, "unverifiable": 1,
    }  # fmt: skip


@pytest.mark.parametrize("claim", claims().values(), ids=claims())
def test_claim_speaks_both_languages_and_has_its_sources(claim: Claim) -> None:
    assert chinese(claim.says) or claim.says.startswith("《")
    for said in (claim.correct, claim.follow_up):
        assert said.en and not any("\u3000" <= each <= "\u303f" for each in said.en)
        assert chinese(said.zh)
    assert claim.sources
    for source in claim.sources:
        assert source.cite and source.where and source.read in READ


def test_no_statement_is_a_copy_of_another() -> None:
    for said in ("correct", "follow_up"):
        for lang in ("en", "zh"):
            texts = [getattr(each, said).say(lang) for each in claims().values()]
            assert len(set(texts)) == len(texts)


def test_claims_are_in_the_order_of_the_article() -> None:
    sections = [each.section for each in claims().values()]
    assert sections == sorted(sections)


def test_parse_reads_what_is_written(tmp_path: Path) -> None:
    claim = parse(written(tmp_path, GOOD))["lion-is-fast"]
    assert claim.correct == Text("Faster per step.", "每步更快。")
    assert claim.sources[0].read == "text" and claim.number == ""


@pytest.mark.parametrize(
    ("old", "new", "field", "remedy"),
    [
        ('zh = "每步更快。"\n', "", "zh", "fill it in"),
        ('en = "Faster per step."', 'en = " "', "en", "fill it in"),
        ('section = "1.1"', "section = 1.1", "section", "give a string"),
        ('"qualified"', '"half true"', "verdict", "confirmed, qualified, outdated, wrong, unverifiable"),
        ('read = "text"', 'read = "heard"', "sources[0]: read", "text, memory"),
        ('where = "abstract"\n', "", "sources[0]: where", "fill it in"),
        ('follow_up.zh = "跟谁比？"\n', "", "follow_up: zh", "fill it in"),
        ('says = "更快"', 'sais = "更快"', "sais", "use says"),
        (GOOD[GOOD.index("[[claim.sources]]") :], "", "sources", "[[claim.sources]]"),
    ],
)  # fmt: skip
def test_malformed_entry_is_one_line(tmp_path: Path, old: str, new: str, field: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(written(tmp_path, GOOD.replace(old, new)))
    message = str(caught.value)
    assert message.startswith(f"ledger.toml: lion-is-fast: {field}: ")
    assert remedy in message and "\n" not in message


def test_claim_without_id_is_named_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^ledger\.toml: claim 2: id: is missing; "):
        parse(written(tmp_path, GOOD + GOOD.replace('id = "lion-is-fast"\n', "")))


def test_id_used_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^ledger\.toml: lion-is-fast: id: is used twice; "):
        parse(written(tmp_path, GOOD + GOOD))


@pytest.mark.parametrize("text", ["[[claim]\n", "", 'claim = "none"\n'])
def test_file_that_is_no_ledger(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputError, match=r"^ledger\.toml: [^\n]+; write (it as valid TOML|at least one \[\[claim\]\])[^\n]*$"
    ):
        parse(written(tmp_path, text))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^absent\.toml: can't be read"):
        parse(tmp_path / "absent.toml")


def test_problems_finds_each_kind(tmp_path: Path) -> None:
    ledger = parse(written(tmp_path, GOOD))
    assert problems({"lion": ["lion-is-fast"]}, ledger) == []
    assert problems({}, ledger) == []
    assert problems({"lion": ["lion-is-fast"], "adam": ["lion-is-fats"]}, ledger) == [
        "adam: claims names 'lion-is-fats', which is no claim; did you mean lion-is-fast?"
    ]
    assert problems({"lion": []}, ledger) == ["lion: claims lacks lion-is-fast, which it owns; add it to the card"]
    ownerless = {"lion-is-fast": replace(ledger["lion-is-fast"], owner="")}
    assert problems({}, ownerless) == ["lion-is-fast: has no owner; name the technique that settles it, or interview"]


def test_problems_reads_the_kit_by_default() -> None:
    owned = [each.id for each in claims().values() if each.owner == "lion"]
    assert problems({"lion": owned}) == []
    assert len(problems({"lion": owned[1:]})) == 1
