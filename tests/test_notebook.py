"""`study`, as a notebook or a plain Python session uses it, and the derivation of notebooks."""

import json
from pathlib import Path

import nbformat
import pytest
from IPython.testing.globalipapp import get_ipython as a_shell

from studykit import drill
from studykit.bench.result import Finding
from studykit.derive import house, lesson, notebooks
from studykit.errors import InputError
from studykit.notebook import BOTH, Study, desk, study
from studykit.progress import Progress
from studykit.reading import RESULT
from studykit.technique import catalog, technique

HEADINGS = list(lesson.SECTIONS)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_parameters_are_checked_in_one_line() -> None:
    lion = study("lion")
    assert lion.given(lr="1e-3", seeds=2).parameters["lr"] == 1e-3
    for given, said in (({"lr": -1}, "lr: is -1"), ({"rl": 1}, "rl: is no parameter"), ({"seeds": 0}, "seeds: is 0")):
        with pytest.raises(InputError, match=said):
            lion.given(**given)
    with pytest.raises(InputError, match="did you mean lion"):
        study("lino")
    with pytest.raises(InputError, match="regime: is 'sometimes'"):
        lion.run("sometimes")


def test_a_run_says_what_it_found_and_carries_its_numbers() -> None:
    lion = study("lion").given(seeds=2, steps=3)
    runs = lion.run("helps")
    bundle = runs._repr_mimebundle_()
    data = json.loads(json.dumps(bundle[RESULT]))
    assert [row["against"] for row in data["rows"]] == ["adamw"]
    assert data["rows"][0]["agreement"] == "agrees"
    assert [run["seed"] for run in data["runs"]] == [0, 1]
    assert "agrees with the card" in bundle["text/plain"] and "与卡片所述一致" in bundle["text/html"]
    assert '<img alt="state bytes per parameter by arm' in bundle["text/html"]
    one = lion.run("helps", seeds=1)
    assert "one seed has no interval" in str(one)
    json.dumps(one._repr_mimebundle_()[RESULT], allow_nan=False)
    assert "agrees" not in str(one)


def test_a_regime_can_be_left_out() -> None:
    lion = study("lion").given(seeds=1, steps=2, regime="helps")
    assert lion.knobs["regime"].choices[0] == BOTH
    assert lion.run("does_not").results == ()
    assert "was left out" in str(lion.run("does_not"))


def test_code_is_the_implementations_own() -> None:
    lion = study("lion")
    assert str(lion.code("lion_update")).startswith("def lion_update(")
    assert "def step" in str(lion.code("Lion.step"))
    assert str(lion.code()).startswith("class Lion")
    with pytest.raises(InputError, match="is not defined in lion"):
        lion.code("tiger")


def test_a_check_names_the_mistake_and_is_kept(home: Path) -> None:
    lion = study("lion", lang="en")
    start = drill.blank("lion").rsplit("        ...", 1)[0]
    assert "Nothing is written yet" in str(lion.check(drill.blank("lion")))
    body = "        for group in self.param_groups:\n            for p in group['params']:\n                p.sub_(group['lr'] * p.grad.sign())\n"
    said = lion.check(start + body)
    assert "signSGD" in said.text and "<p" in said.html
    with Progress(home / "progress.sqlite3") as log:
        kept = [event.data for event in log.events("drill")]
    assert [event["mistake"] for event in kept] == [None, "sign_of_gradient"]


def right_letter(lion: Study) -> str:
    """The letter under which the quiz shows the right option of its first question."""
    shown = next(each for each in lion.questions() if each.id == "lion-what-is-stored").shown(0)
    return next(option.id for option in shown.options if option.right)


def test_an_answer_in_text_is_graded_and_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lion = study("lion", lang="en")
    lion.answer(right_letter(lion), "lion-what-is-stored")
    assert capsys.readouterr().out.startswith("Right")
    with Progress(home / "progress.sqlite3") as log:
        assert [(event.item, event.data["correct"]) for event in log.events("quiz")] == [("lion-what-is-stored", True)]
    assert "Lion" in desk().text


def test_a_progress_file_that_cannot_be_used_stops_nobody(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "progress.sqlite3").write_bytes(b"something else entirely, and not short either" * 40)
    lion = study("lion", lang="en")
    lion.answer(right_letter(lion), "lion-what-is-stored")
    told = capsys.readouterr()
    assert told.out.startswith("Right")
    assert "is not a progress file" in told.err


def test_the_extension_gives_study_and_desk() -> None:
    import studykit

    shell = a_shell()
    studykit.load_ipython_extension(shell)
    assert {"study", "desk"} <= set(shell.user_ns)


def written(folder: Path, text: str) -> Path:
    path = folder / "lesson.md"
    path.write_text(text, encoding="utf-8")
    return path


def whole(**replaced: str) -> str:
    parts = []
    for heading in HEADINGS:
        key = lesson.SECTIONS[heading][0]
        call = lesson.CALLS.get(key, "1")
        call += "" if call.endswith(")") else ")"
        body = f"Said in English.\n\n<details><summary>中文</summary>\n\n中文。\n\n</details>\n\n```python\n{call if key in lesson.CALLS else 1}\n```"
        parts.append(f"## {heading}\n\n{replaced.get(key, body)}")
    return "\n\n".join(parts) + "\n"


def test_a_lesson_is_read_section_by_section(tmp_path: Path) -> None:
    sections = lesson.read_lesson(written(tmp_path, whole()))
    assert [section.heading.en for section in sections] == HEADINGS
    cells = lesson.markdown_of(sections)
    assert cells[0]["source"].startswith("## 1 · The idea · 核心思想\n\nSaid in English.")
    assert len({cell["id"] for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (whole().replace("## Play", "## Games"), "has the headings"),
        (whole(trap="Only English here."), '"Only English here. …" has no Chinese'),
        (whole(play="Words.\n\n<details><summary>中文</summary>\n\n字。\n\n</details>"), "lacks lesson.play()"),
        ("Words before any heading.\n", "begins without a heading"),
        (whole(idea="```python\n1\n```"), "has no prose"),
    ],
)
def test_what_a_lesson_lacks_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lesson") as told:
        lesson.read_lesson(written(tmp_path, text))
    assert said in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_prose_makes_the_text_stale_and_code_the_outputs() -> None:
    old = notebooks.derived(technique("lion"))
    for cell in old.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="kept")]
    new = notebooks.derived(technique("lion"))
    next(cell for cell in new.cells if cell.cell_type == "markdown").source += " More."
    assert house._take_outputs(old, new)
    assert new.cells[1].outputs[0].text == "kept"
    new.cells[1].source += "\n2"
    assert not house._take_outputs(old, new)


def test_a_notebook_tells_its_knobs_without_torch() -> None:
    for card in catalog().values():
        told = nbformat.read(card.notebook, as_version=4).metadata.studykit
        assert told.technique == card.id
        names = [knob["name"] for knob in told.knobs]
        assert names[-1] == "seeds" and {"device", "dataset", "steps", "seed"} <= set(names)
        assert len(card.notebook.read_bytes()) <= notebooks.LARGEST


def test_the_badge_leads_to_colab_from_github_only() -> None:
    badge = notebooks.colab_badge("https://github.com/someone/studykit.git", "notebooks/basics/lion.ipynb")
    assert "colab.research.google.com/github/someone/studykit/blob/main/notebooks/basics/lion.ipynb" in badge
    assert notebooks.colab_badge("https://example.org/studykit", "x") == ""


def test_the_panel_knows_where_colab_opens_a_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "colab" not in notebooks.derived(technique("lion")).metadata.studykit
    monkeypatch.setattr(notebooks, "repository", lambda: "https://github.com/someone/studykit")
    told = notebooks.derived(technique("lion")).metadata.studykit["colab"]
    assert told == "https://colab.research.google.com/github/someone/studykit/blob/main/notebooks/basics/lion.ipynb"


def test_a_finding_reads_the_same_in_both_languages() -> None:
    finding = Finding("helps", "loss", False, "lion", "adamw", 1.0, 2.0, -1.0, -1.5, -0.5, 3, 3)
    english, chinese = finding.say()
    for number in ("1", "2", "-1", "[-1.5, -0.5]", "3"):
        assert number in english and number in chinese
