"""Cards: what is read, what is refused and how it is said, the order of study, and how little is imported for it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from studykit.errors import InputError
from studykit.language import Text
from studykit.technique import (
    PACKAGE,
    REGIMES,
    ROOT,
    SECTIONS,
    SPOKEN,
    TIERS,
    VERDICTS,
    FollowUp,
    Paper,
    Technique,
    cards,
    catalog,
    ordered,
    read_card,
    technique,
)

GOOD = """\
after = ["adam"]
names = ["Lion"]
signature = "(params, lr=1e-4)"
claims = ["lion-faster"]
oracle = "lion-pytorch"
minutes = 25
[title]
en = "Lion"
zh = "狮子"
[summary]
en = "Signs."
zh = "符号。"
[[papers]]
authors = "Chen et al."
year = 2023
title = "Symbolic Discovery"
venue = "NeurIPS 2023"
arxiv = "2302.06675"
note = "Algorithm 2"
[expect.helps]
adamw = "better"
[expect.does_not]
adamw = "worse"
[spoken]
20s = {en = "Short.", zh = "短。"}
60s = {en = "Longer.", zh = "长些。"}
3min = {en = "Long.", zh = "长。"}
[[follow_ups]]
question = {en = "Why?", zh = "为什么？"}
answer = {en = "Signs.", zh = "符号。"}
"""


def written(folder: Path, text: str | bytes = GOOD, where: str = "optim/lion.toml") -> Path:
    path = folder / "studykit" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_card(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_card_is_read_as_it_is_written(tmp_path: Path) -> None:
    card = read_card(written(tmp_path))
    paper = Paper("Chen et al.", 2023, "Symbolic Discovery", "NeurIPS 2023", "2302.06675", "Algorithm 2")
    assert card == Technique(
        id="lion",
        section="optim",
        title=Text("Lion", "狮子"),
        summary=Text("Signs.", "符号。"),
        after=("adam",),
        names=("Lion",),
        signature="(params, lr=1e-4)",
        claims=("lion-faster",),
        oracle="lion-pytorch",
        minutes=25,
        papers=(paper,),
        expect={"helps": {"adamw": "better"}, "does_not": {"adamw": "worse"}},
        spoken={"20s": Text("Short.", "短。"), "60s": Text("Longer.", "长些。"), "3min": Text("Long.", "长。")},
        follow_ups=(FollowUp(Text("Why?", "为什么？"), Text("Signs.", "符号。")),),
    )
    assert card.tier == "basics"
    assert card.path("_drill.py") == PACKAGE / "optim" / "lion_drill.py"
    assert card.module_of("_drill") == "studykit.optim.lion_drill"
    assert card.questions == ROOT / "quizzes" / "basics" / "lion.toml"
    assert card.notebook == ROOT / "notebooks" / "basics" / "lion.ipynb"
    assert card.evidence == ROOT / "evidence" / "lion.json"


def test_paper_is_cited_with_what_is_known_of_it() -> None:
    whole = Paper("Chen et al.", 2023, "Symbolic Discovery", "NeurIPS 2023", "2302.06675", "Algorithm 2")
    assert whole.cite() == (
        "Chen et al. (2023). [Symbolic Discovery](https://arxiv.org/abs/2302.06675). "
        "NeurIPS 2023, arXiv:2302.06675, Algorithm 2."
    )
    assert Paper("Polyak", 1964, "Some methods").cite() == "Polyak (1964). Some methods."
    assert Paper("A", 2000, "B", url="https://example.org/b").cite() == "A (2000). [B](https://example.org/b)."


def without(field: str) -> str:
    """The card without this line of its top, or without all tables of this name."""
    top, *tables = f"\n{GOOD}".split("\n[")
    lines = [line for line in top.splitlines() if not line.startswith(f"{field} = ")]
    return "\n[".join(["\n".join(lines), *(each for each in tables if not each.lstrip("[").startswith(field))])


REQUIRED = (
    "after", "names", "signature", "claims", "oracle", "minutes", "title", "summary", "papers", "expect", "spoken",
    "follow_ups",
)  # fmt: skip


@pytest.mark.parametrize("field", REQUIRED)
def test_missing_field(tmp_path: Path, field: str) -> None:
    said = refused(written(tmp_path, without(field)))
    assert said == (
        f"studykit/optim/lion.toml: {field}: is missing; fill it in; an existing card such as optim/lion.toml shows how"
    )


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ('oracle = "lion-pytorch"', 'orcale = "lion-pytorch"', "orcale", "is no field of a card; use oracle or take it out"),
        ("minutes = 25", 'minutes = "25"', "minutes", "has the wrong type, got '25'; give a whole number"),
        ('names = ["Lion"]', 'names = "Lion"', "names", "has the wrong type, got 'Lion'; give a list"),
        ('names = ["Lion"]', "names = []", "names", "is empty; give at least one"),
        ('after = ["adam"]', "after = [1]", "after", "has an entry that is no string, got [1]; quote every entry"),
        ('"(params, lr=1e-4)"', '"params, lr=1e-4"', "signature", "is 'params, lr=1e-4'; write it as \"(params, lr=1e-3)\""),
        ('zh = "狮子"', 'zh = " "', "title.zh", "is empty; write it in both languages"),
        ('en = "Lion"\n', "", "title.en", "is missing"),
        ('zh = "符号。"\n[[papers]]', "zh = 3\n[[papers]]", "summary.zh", "has the wrong type, got 3; give a string"),
        ('zh = "长些。"', 'zh = ""', "spoken.60s.zh", "is empty; write it in both languages"),
        ('3min = {en = "Long.", zh = "长。"}\n', "", "spoken.3min", "is missing"),
        ("year = 2023\n", "", "papers[0].year", "is missing"),
        ("year = 2023", 'year = "2023"', "papers[0].year", "has the wrong type, got '2023'; give a whole number"),
        ('arxiv = "2302.06675"', "arxiv = 2302.06675", "papers[0].arxiv", "has the wrong type, got 2302.06675; give a string"),
        ('note = "Algorithm 2"', 'not = "Algorithm 2"', "papers[0].not", "is no field of a paper; use note"),
        ('adamw = "better"', 'adamw = "good"', "expect.helps.adamw", "is 'good'; give one of better, worse, same"),
        ('[expect.does_not]\nadamw = "worse"\n', "", "expect.does_not", "is missing"),
        ('question = {en = "Why?", zh = "为什么？"}', 'question = "Why?"', "follow_ups[0].question", "give a table"),
        ('answer = {en = "Signs.", zh = "符号。"}', 'answer = {en = "Signs."}', "follow_ups[0].answer.zh", "is missing"),
    ],
)  # fmt: skip
def test_malformed_field(tmp_path: Path, old: str, new: str, field: str, said: str) -> None:
    assert GOOD.count(old) == 1
    message = refused(written(tmp_path, GOOD.replace(old, new)))
    assert message.startswith(f"studykit/optim/lion.toml: {field}: ") and said in message


@pytest.mark.parametrize("given", ["1", '"authors year title"'])
@pytest.mark.parametrize("field", ["papers", "follow_ups"])
def test_entry_that_is_no_table(tmp_path: Path, field: str, given: str) -> None:
    said = refused(written(tmp_path, f"{field} = [{given}]\n{without(field)}"))
    assert said.startswith(f"studykit/optim/lion.toml: {field}[0]: has the wrong type, got ")
    assert said.endswith("; give a table")


@pytest.mark.parametrize("text", ["names = [\n", "names = \\n\n", b"title = '\xff'", "a = 1\na = 2\n"])
def test_file_that_is_no_toml(tmp_path: Path, text: str | bytes) -> None:
    said = refused(written(tmp_path, text))
    assert said.startswith("studykit/optim/lion.toml: can't be read (")
    assert said.endswith("; write the card as valid TOML in UTF-8")


def test_card_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "optim" / "lion.toml").startswith(f"{tmp_path.name}/optim/lion.toml: can't be read (")


def test_cards_lie_in_the_sections(tmp_path: Path) -> None:
    for where in ("optim/b.toml", "optim/a.toml", "automl/c.toml", "elsewhere/d.toml", "claims.toml"):
        written(tmp_path, where=where)
    found = [path.relative_to(tmp_path / "studykit").as_posix() for path in cards(tmp_path / "studykit")]
    assert found == ["automl/c.toml", "optim/a.toml", "optim/b.toml"]
    assert cards(tmp_path) == []


@pytest.fixture
def card(tmp_path: Path) -> Technique:
    return replace(read_card(written(tmp_path)), after=())


def made(card: Technique, *rows: str) -> list[Technique]:
    """Cards from rows such as `optim/lion: adam adamw`."""
    found = []
    for row in rows:
        place, _, after = row.partition(":")
        section, name = place.split("/")
        found.append(replace(card, id=name, section=section, after=tuple(after.split())))
    return found


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        (["optim/b", "optim/a"], "a b"),
        (["optim/a: b", "optim/b"], "b a"),
        (["automl/a", "optim/z", "data/m"], "z m a"),
        (["optim/a: z", "automl/z", "schedule/b"], "b z a"),
        (["optim/d: b c", "optim/b: a", "optim/c: a", "optim/a"], "a b c d"),
        ([], ""),
    ],
)
def test_order_of_study(card: Technique, rows: list[str], order: str) -> None:
    for given in (rows, rows[::-1]):
        assert list(ordered(made(card, *given))) == order.split()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["optim/a: b", "optim/b: c", "data/c: a"], "cards: after: goes in a circle, "),
        (["optim/a: a"], "cards: after: goes in a circle, a -> a; take one of them out"),
        (["optim/lion: adamv", "optim/adamw"], "optim/lion.toml: after: 'adamv' is no technique; did you mean adamw?"),
        (["optim/lion", "data/lion"], "data/lion.toml: the id is used in optim and data; rename one of them"),
    ],
)
def test_order_that_cannot_be(card: Technique, rows: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        ordered(made(card, *rows))
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)
    if "circle, " in message and "a -> a" not in message:
        circle = str(caught.value).split("circle, ")[1].split(";")[0].split(" -> ")
        assert circle[0] == circle[-1] and set(circle) == {"a", "b", "c"}


def test_catalog_is_in_an_order_that_can_be_studied() -> None:
    found = catalog()
    assert len(found) == len(cards()) > 0
    place = {each: n for n, each in enumerate(found)}
    for each in found.values():
        assert each.section in SECTIONS and each.tier in TIERS
        assert all(place[before] < place[each.id] for before in each.after)
        assert set(each.spoken) == set(SPOKEN) and set(each.expect) == set(REGIMES)
        assert {verdict for arms in each.expect.values() for verdict in arms.values()} <= set(VERDICTS)
        assert each.path(".toml").is_file()


def test_technique_by_its_id() -> None:
    assert technique("lion") is catalog()["lion"]
    assert technique("lion").implementation().__name__ == "Lion"
    with pytest.raises(InputError, match=r"^lyon: is no technique; did you mean lion\? `studykit list` shows all$"):
        technique("lyon")


# What is imported


def imported(code: str) -> set[str]:
    """The modules that this code loads in a new interpreter, besides those of an empty one."""
    program = (
        f"import json, sys\nbefore = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_of_studykit_loads_itself_only() -> None:
    loaded = imported("import studykit")
    assert "studykit" in loaded
    assert loaded - {"studykit"} <= {"typing", *imported("import typing")}  # a few milliseconds, and no torch


def test_catalog_is_read_by_the_standard_library_alone() -> None:
    loaded = imported("from studykit.technique import catalog\nassert catalog()")
    outside = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"studykit"}
    assert not outside
    assert {name for name in loaded if name.startswith("studykit")} == {
        "studykit", "studykit.errors", "studykit.language", "studykit.technique",
    }  # fmt: skip


def test_implementation_loads_torch_and_its_section_only() -> None:
    loaded = imported("from studykit.optim import Lion\nassert Lion.__name__ == 'Lion'")
    ours = {name for name in loaded if name.startswith("studykit.")}
    assert "torch" in loaded and "studykit.optim.lion" in ours
    assert {name for name in ours if not f"{name}.".startswith("studykit.optim.")} == set()
    assert not {name for name in ours if name.endswith(("_drill", "_experiment"))}
    assert not {"matplotlib", "IPython", "ipywidgets", "rich", "sklearn", "torch._inductor"} & loaded
