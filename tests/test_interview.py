"""The mock interview: it follows the candidate, keeps its time, has its two tasks, and its report holds what was said."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from studykit import drill
from studykit.claims import claims
from studykit.errors import InputError, StorageError
from studykit.interview import Interview, Interviews, Settings, Turn, keep
from studykit.interview.phrases import name_of
from studykit.interview.planning import MOST, bug, bugs
from studykit.interview.turn import gives_up, quoted
from studykit.judge.client import JudgeError
from studykit.progress import Progress
from studykit.technique import SECTIONS, TIERS, catalog, chosen

FOCUSES = ["all", *[each for each in (*TIERS, *SECTIONS) if chosen([each])], *catalog()]
FALSE = "I like Lion: it only tracks the sign of the momentum. Cosine annealing helps to escape local minima."
SOUND = "AdamW decouples the decay, at the price of two states (Loshchilov & Hutter 2019)."


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A judge that passes what says so, and writes down what it was asked."""
    asked: list[tuple[str, str]] = []

    def grade(technique_id: str, source: str, *, lang: str | None = None, seconds: float | None = None) -> drill.Verdict:
        asked.append((technique_id, source))
        passed = "right" in source
        return drill.Verdict(passed, None if passed else "sign_of_momentum", f"verdict in {lang}", 0.5)

    monkeypatch.setattr(drill, "grade", grade)
    return asked


def begin(minutes: int = 30, level: str = "onsite", lang: str = "en", focus: str = "all", seed: int = 1) -> Interview:
    return Interview.start(Settings(minutes, level, lang, focus, seed), name="one")


def go_on(interview: Interview, said: str = SOUND, seconds: float = 60, code: str = "right") -> Interview:
    """Answer all that is asked."""
    while interview.asked:
        interview.answer(code if interview.asked.kind == "drill" else said, seconds)
    return interview


@pytest.mark.parametrize("focus", FOCUSES)
def test_an_interview_has_one_drill_and_one_bug_and_repeats_nothing(focus: str, judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(focus=focus))
    kinds = [turn.kind for turn in interview.turns]
    assert kinds[0] == "broad" and kinds.count("broad") == 1
    assert kinds.count("drill") == kinds.count("debug") == 1
    assert kinds.count("closing") <= 1 and "closing" not in kinds[:-1]
    assert len({turn.key for turn in interview.turns}) == len({turn.prompt for turn in interview.turns}) == len(kinds)
    assert len(judged) == 1
    within = {card.id for card in chosen([focus])}
    [task] = [turn for turn in interview.turns if turn.kind == "drill"]
    assert task.technique in within and task.blank == drill.blank(str(task.technique))
    if any(bugs(each) for each in within):
        assert next(turn for turn in interview.turns if turn.kind == "debug").technique in within


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_speaks_its_language(lang: str, judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(lang=lang), said="AdamW and Lion")
    for turn in interview.turns:
        assert turn.note
        chinese = re.search("[一-鿿]", turn.prompt.split("```")[0]) is not None
        assert chinese == (lang == "zh"), turn.prompt
    assert interview.turns[[turn.kind for turn in interview.turns].index("drill")].note == f"verdict in {lang}"


def test_it_follows_from_seed_and_answers_alone(judged: list[tuple[str, str]]) -> None:
    prompts = [[turn.prompt for turn in go_on(begin(seed=seed)).turns] for seed in (1, 1, 2, 3)]
    assert prompts[0] == prompts[1]
    assert len({tuple(each) for each in prompts}) == 3
    other = [turn.prompt for turn in go_on(begin(seed=1), said="I use Dropout.").turns]
    assert other != prompts[0] and other[0] == prompts[0][0]


def test_it_goes_on_from_json_at_every_turn(judged: list[tuple[str, str]]) -> None:
    whole, carried = begin(), begin()
    while whole.asked:
        said = "right" if whole.asked.kind == "drill" else FALSE
        whole.answer(said, 70)
        carried = Interview.load(json.loads(json.dumps(carried.as_json())))
        carried.answer(said, 70)
        assert carried.as_json()["turns"] == whole.as_json()["turns"]
    assert carried.finished
    assert Interview.load(carried.as_json()).as_json() == carried.as_json()


def test_what_is_not_so_is_asked_about_first(judged: list[tuple[str, str]]) -> None:
    interview = begin()
    interview.answer(FALSE, 60)
    assert interview.asked and interview.asked.key == "claim:lion-tracks-sign-only"
    assert "“it only tracks the sign of the momentum”. Are you sure?" in interview.asked.prompt
    assert claims()["lion-tracks-sign-only"].follow_up.en in interview.asked.prompt
    again = interview.answer("Yes, Lion only tracks the sign of the momentum.", 20)
    assert again.note and again.note.startswith("It is better not to say that. Lion keeps the momentum itself")
    assert "arXiv:2302.06675" in again.note
    assert interview.asked.key == "claim:cosine-avoids-local-optima"
    backed = interview.answer("No, it only lowers the noise.", 20)
    assert backed.note and backed.note.startswith("Thank you. To be exact: A learning rate that only falls")
    # Two in a row are enough; then what was named.
    assert interview.asked.key.startswith("card:")
    assert interview.asked.technique in ("lion", "cosine")


def test_a_sound_answer_is_followed_along_what_it_names(judged: list[tuple[str, str]]) -> None:
    interview = begin()
    interview.answer("I'd take EMA of the weights.", 60)
    assert interview.asked and interview.asked.technique == "ema"
    assert any(each.question.en in interview.asked.prompt for each in catalog()["ema"].follow_ups)
    n = int(interview.asked.key.rpartition(":")[2])
    turn = interview.answer("Because it averages.", 30)
    assert turn.note == f"A crisp answer: {catalog()['ema'].follow_ups[n].answer.en}"


def test_a_layer_that_is_missing_is_asked_for(judged: list[tuple[str, str]]) -> None:
    keys = [turn.key for turn in go_on(begin()).turns]
    assert "layer:data" in keys and "layer:engineering" in keys
    named = "AdamW, MixUp on the data side, and mixed precision for memory, at the cost of nothing."
    keys = [turn.key for turn in go_on(begin(), said=named).turns]
    assert not any(key.startswith("layer") for key in keys)
    assert not any(turn.key.startswith("layer") for turn in go_on(begin(focus="lion")).turns)


def test_who_does_not_know_is_treated_kindly_and_asked_something_else(judged: list[tuple[str, str]]) -> None:
    interview = begin(lang="zh")
    interview.answer("Lion 和 EMA", 30)
    first = interview.asked
    turn = interview.answer("不知道", 10)
    assert turn.note and turn.note.startswith("没关系")
    assert first and interview.asked and interview.asked.technique != first.technique
    go_on(interview, said="不会")
    report = interview.report()
    assert report and first.technique in report.next


@pytest.mark.parametrize(
    "said",
    ["", "  ", "?", "I don't know", "I don’t know.", "no idea", "Sorry, I don't know", "not sure", "I'm not sure about this one",
     "不知道", "我不太清楚", "没用过", "呃，不会", "不知道怎么回答", "跳过", "pass", "Skip this one"],
)  # fmt: skip
def test_giving_up_is_seen(said: str) -> None:
    assert gives_up(said)


@pytest.mark.parametrize(
    "said",
    ["AdamW", "不会过拟合", "Passes the sign on", "Not sure, but I think AdamW decouples decay", "不太清楚，可能是解耦",
     "Nobody knows why warmup works, but it lets the peak rate be higher, as Kalra showed.",
     "我知道", "不是 L2，是解耦的衰减", "The decay does not know about the gradient."],
)  # fmt: skip
def test_an_answer_is_no_giving_up(said: str) -> None:
    assert not gives_up(said)


@pytest.mark.parametrize("minutes", [5, 20, 90])
def test_it_closes_when_the_time_is_over(minutes: int, judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(minutes=minutes), seconds=45)
    assert interview.finished and interview.asked is None
    assert interview.elapsed == 45 * len(interview.turns)
    assert interview.elapsed <= 60 * minutes + 45 or len(interview.turns) <= MOST
    with pytest.raises(InputError, match="is over"):
        interview.answer("more", 1)


def test_an_answer_that_takes_all_the_time_ends_it(judged: list[tuple[str, str]]) -> None:
    interview = begin(minutes=5)
    turn = interview.answer(SOUND, 400)
    assert interview.finished and turn.note and turn.note.endswith("That's our time. Thank you for the talk.")
    report = interview.report()
    assert report and report.drills == () and "The time was over before it." in report.markdown


def test_quick_answers_end_too(judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(minutes=90), seconds=0)
    assert len(interview.turns) <= MOST
    kinds = [turn.kind for turn in interview.turns]
    assert kinds.count("drill") == kinds.count("debug") == 1


def test_finishing_early_takes_the_open_question_back(judged: list[tuple[str, str]]) -> None:
    interview = begin()
    assert interview.report() is None
    interview.answer(FALSE, 30)
    interview.finish()
    interview.finish()
    assert [turn.kind for turn in interview.turns] == ["broad"]
    report = interview.report()
    assert report and len(report.findings) == 2


def test_the_bug_is_judged_by_its_line(judged: list[tuple[str, str]]) -> None:
    question = bug(Settings(focus="lion", seed=1))
    right = str(question.answer)
    wrong = "1" if right != "1" else "2"
    for said, correct, note in (
        (right, True, "Right, that is the line."),
        (f"I see 99 oddities, but line {right} is wrong", True, "Right, that is the line."),
        (f"第 {right} 行", True, "Right"),
        (wrong, False, "Not that one."),
        ("line 999", False, "The bug is here"),
        ("the loop", False, "The bug is here"),
        ("I don't know", False, "No problem"),
    ):
        interview = begin(focus="lion")
        while interview.asked and interview.asked.kind != "debug":
            interview.answer("right", 30)
        turn = interview.answer(said, 30)
        assert turn.verdict and turn.verdict["correct"] is correct, said
        assert turn.note and turn.note.startswith(note), said
        assert question.explanation.en in turn.note
        assert "```" in turn.prompt and question.code.splitlines()[0] in turn.prompt


def test_the_level_chooses_the_bug(judged: list[tuple[str, str]]) -> None:
    there = {question.level for card in catalog() for question in bugs(card)}
    for level in there:
        assert {bug(Settings(level=level, seed=seed)).level for seed in range(5)} == {level}


def test_a_drill_is_judged_by_the_judge_itself() -> None:
    interview = begin(focus="lion")
    while interview.asked and interview.asked.kind != "drill":
        interview.answer(SOUND, 30)
    assert interview.asked and interview.asked.technique == "lion"
    turn = interview.answer("class Lion: pass", 30)
    assert turn.verdict and turn.verdict["passed"] is False
    assert turn.note == turn.verdict["message"]


def test_a_drill_that_is_not_tried_is_not_judged(judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(), code="I don't know")
    assert judged == []
    report = interview.report()
    assert report and [each["passed"] for each in report.drills] == [False]


def test_whatever_goes_wrong_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    interview = begin()
    while interview.asked and interview.asked.kind != "drill":
        interview.answer(SOUND, 30)

    def broken(*_: object, **__: object) -> None:
        raise JudgeError("no process")

    monkeypatch.setattr(drill, "grade", broken)
    before = interview.as_json()
    with pytest.raises(JudgeError):
        interview.answer("class A: pass", 30)
    for given, seconds in ((3, 1), (None, 1), ("x" * 100_001, 1), ("x", -1), ("x", float("nan")), ("x", "1"), ("x", True)):
        with pytest.raises(InputError):
            interview.answer(given, seconds)  # type: ignore[arg-type]
    assert interview.as_json() == before


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"minutes": 4}, "minutes"), ({"minutes": 91}, "minutes"), ({"minutes": 7.5}, "minutes"), ({"minutes": True}, "minutes"),
        ({"level": "guru"}, "level"), ({"lang": "fr"}, "lang"), ({"focus": "lino"}, "lino"), ({"focus": 3}, "focus"),
        ({"seed": "x"}, "seed"), ({"length": 3}, "length"), ([], "settings"), (None, "settings"),
    ],
)  # fmt: skip
def test_bad_settings_are_one_line(data: object, field: str) -> None:
    with pytest.raises(InputError, match=field) as caught:
        Settings.read(data)
    assert "\n" not in str(caught.value)


def test_a_seed_is_drawn_once_and_kept() -> None:
    drawn = Settings.read({"minutes": 10, "level": None})
    assert Settings.read(drawn.as_json()) == drawn
    assert len({Settings.read({}).seed for _ in range(5)}) > 1


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_holds_what_was_said(judged: list[tuple[str, str]]) -> None:
    evil = f"{FALSE} <script>alert(1)</script> <img src=x onerror=y> [a](javascript:b) **bold**"
    interview = go_on(begin(), said=evil, code="right <b>``` </script>")
    report = interview.report()
    assert report
    assert report.layers == {"algorithm": True, "data": False, "engineering": False}
    assert [each.claim for each in report.findings] == ["lion-tracks-sign-only", "cosine-avoids-local-optima"]
    for each in report.findings:
        given = interview.turns[each.turn].given or ""
        assert given[slice(*each.span)] == each.text
        assert each.correction == claims()[each.claim].correct.en and each.source
    assert report.missing[:2] == ("The data layer was not named.", "The engineering layer was not named.")
    assert any(each.startswith("Lion: no trade-off") for each in report.missing)
    assert [each["passed"] for each in report.drills] == [True]
    assert report.next[:2] == ("lion", "cosine")
    page = Page(report.html)
    assert page.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "strong", "br", "small", "pre", "blockquote"}
    assert "<script>alert(1)</script>" in page.text
    for text in (report.markdown, page.text, report.plain):
        for each in report.findings:
            assert re.sub(r"\W", "", each.correction) in re.sub(r"\W|&amp|&lt|&gt", "", text)
    outside = re.sub(r"^(`{3,})python\n.*?^\1$", "", report.markdown, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in outside and "<img" not in outside and not re.search(r"(?<!\\)\]\(javascript", outside)
    json.dumps(report.as_json())
    assert set(report.as_json()) == {"layers", "findings", "missing", "drills", "bugs", "next", "markdown"}


def test_a_clean_interview_says_that_only_the_ledger_was_checked(judged: list[tuple[str, str]]) -> None:
    report = go_on(begin(lang="zh"), said="AdamW 把权重衰减解耦，代价是两份状态（Loshchilov 等，2019）").report()
    assert report and report.findings == () and "没有核对" in report.markdown and "没有核对" in report.html


def test_its_outcomes_go_into_the_progress_once(tmp_path: Path, judged: list[tuple[str, str]]) -> None:
    interview = go_on(begin(focus="lion"), said=f"{FALSE} line 1", code="wrong")
    with Progress(tmp_path / "p.sqlite3") as log:
        log.answered("lion-what-is-stored", "lion", correct=True, score=1.0, given="a")
        assert [each.question_id for each in log.due()] == []
        assert keep(begin(), log) == 0
        count = keep(interview, log)
        assert keep(interview, log) == 0
        events = list(log.events())[1:]
        assert count == len(events)
        lints = [(event.technique, event.item) for event in events if event.kind == "lint"]
        assert lints == [("lion", "lion-tracks-sign-only"), ("cosine", "cosine-avoids-local-optima")]
        assert [event.data["passed"] for event in events if event.kind == "drill"] == [False]
        [answer] = [event for event in events if event.kind == "quiz"]
        assert answer.item == bug(Settings(focus="lion", seed=1)).id
        assert "lion-what-is-stored" in [each.question_id for each in log.due()]
    assert Interview.load(interview.as_json()).kept


def test_interviews_are_kept_whole_and_listed_newest_first(tmp_path: Path) -> None:
    store = Interviews(tmp_path / "interviews")
    assert store.all() == []
    first, second = begin(), Interview.start(Settings(), name="two")
    first.started, second.started = "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"
    for each in (first, second):
        path = store.save(each)
    first.answer(FALSE, 3)
    store.save(first)
    assert [each.id for each in store.all()] == ["two", "one"]
    assert store.load("one").as_json() == first.as_json()
    assert {each.name for each in path.parent.iterdir()} == {"one.json", "two.json"}


def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, interview = Interviews(tmp_path), begin()
    store.save(interview)
    before = (tmp_path / "one.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    interview.answer(FALSE, 3)
    with pytest.raises(StorageError, match="No space left"):
        store.save(interview)
    assert (tmp_path / "one.json").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["one.json"]


@pytest.mark.parametrize("name", ["../one", "", "a/b", "x" * 65, ".hidden", "a\n", "无", "absent"])
def test_only_an_id_that_is_there_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no interview"):
        Interviews(tmp_path).load(name)


def damaged() -> list[object]:
    good = begin().as_json()
    turn = good["turns"][0]
    return [
        [], 3, None, {}, {**good, "version": 2}, {**good, "turns": []}, {**good, "turns": [{}]}, {**good, "finished": "no"},
        {**good, "finished": True}, {**good, "settings": {"minutes": 1}}, {**good, "started": None},
        {**good, "turns": [{**turn, "kind": "dance"}]}, {**good, "turns": [{**turn, "prompt": 3}]},
        {**good, "turns": [{**turn, "seconds": -1}]}, {**good, "turns": [{**turn, "verdict": "yes"}]},
        {**good, "turns": [turn, turn]}, {**good, "turns": [{**turn, "more": 1}]},
    ]  # fmt: skip


@pytest.mark.parametrize("data", damaged(), ids=lambda data: json.dumps(data)[-60:])
def test_a_damaged_file_is_one_line_and_hides_no_other(data: object, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(data), encoding="utf-8")
    (tmp_path / "worse.json").write_bytes(b"\xff{")
    store = Interviews(tmp_path)
    store.save(begin())
    for name in ("bad", "worse"):
        with pytest.raises(InputError) as caught:
            store.load(name)
        assert "\n" not in str(caught.value)
    assert [each.id for each in store.all()] == ["one"]


def test_a_bank_that_lost_its_question_stops_nobody(judged: list[tuple[str, str]]) -> None:
    interview = begin(focus="lion")
    while interview.asked and interview.asked.kind != "debug":
        interview.answer("right", 30)
    data = interview.as_json()
    data["turns"][-1]["key"] = "question:lion-gone"
    carried = Interview.load(data)
    turn = carried.answer("line 3", 3)
    assert turn.verdict == {"correct": False, "score": 0.0}


def test_it_needs_neither_torch_nor_the_net() -> None:
    code = (
        "import sys, socket\n"
        "def refuse(*_): raise AssertionError('the net')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from studykit.interview import Interview, Settings\n"
        "i = Interview.start(Settings())\n"
        "while i.asked: i.answer('I do not know' if i.asked.kind == 'drill' else 'Lion is faster', 60)\n"
        "assert i.report().findings\n"
        "assert not {'torch', 'numpy', 'tornado'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("given", "part", "shown"),
    [
        ("预热防止梯度爆炸，CV 任务常用 SGD+动量。", "用 SGD", "CV 任务常用 SGD+动量"),
        ("First. Then I say\nLion is faster, as they report", "is faster", "Lion is faster"),
        ("x" * 200 + " is faster " + "y" * 200, "is faster", "is faster"),
        ("Lion only " + "z" * 90, "only " + "z" * 90, "only " + "z" * 75 + "…"),
        ("faster", "faster", "faster"),
    ],
)
def test_a_quotation_tells_what_it_is_about(given: str, part: str, shown: str) -> None:
    at = given.index(part)
    assert quoted(given, (at, at + len(part))) == shown


def test_signs_that_steer_a_terminal_are_in_no_report() -> None:
    interview = begin()
    interview.answer("Lion \x1b[31mis faster\x00, I\x9bsay.", 60)
    interview.finish()
    report = interview.report()
    assert report
    for text in (report.markdown, report.html, report.plain):
        assert "faster" in text and not set(text) & set("\x00\x1b\x9b")


def test_a_technique_is_called_by_its_short_name() -> None:
    assert name_of(catalog()["adam"], "zh") == " Adam" and name_of(catalog()["cosine"], "zh") == "余弦退火"
    assert name_of(catalog()["swa"], "en") == "SWA"


def test_a_turn_is_spoken_only_where_it_says_something() -> None:
    assert Turn("broad", None, "?", "k", given="AdamW").spoken
    assert not Turn("broad", None, "?", "k", given="不知道").spoken
    assert not Turn("broad", None, "?", "k").spoken
    assert not Turn("drill", None, "?", "k", given="Lion is faster").spoken
