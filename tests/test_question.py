"""Questions: what `parse` refuses, how each type is graded, what may be shown, and what every quiz promises."""

import contextlib
import io
import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from studykit.errors import InputError
from studykit.language import Text
from studykit.question import LEVELS, TYPES, Choice, Question, parse

QUIZZES = sorted((Path(__file__).parent.parent / "quizzes").glob("*/*.toml"))
HEAD = """
[[question]]
id = "lion-x"
type = "{type}"
level = "screen"
source = "here"
prompt = {{ en = "Why 2 of `7`?", zh = "为什么是 2？" }}
explanation = {{ en = "Because.", zh = "因为如此。" }}
"""
BODY = {
    "single": """
[[question.options]]
id = "a"
en = "left"
zh = "左"
why = { en = "left is wrong", zh = "左是错的" }
[[question.options]]
id = "b"
right = true
en = "middle"
zh = "中"
[[question.options]]
id = "c"
en = "right"
zh = "右"
why = { en = "the far side", zh = "另一边" }
""",
    "numeric": 'answer = 4\ntolerance = 0.01\nunit = "bytes"\nproof = "print(4)"\n',
    "predict": "answer = '''\nTrue\n3\n'''\ncode = '''\nprint(True)\nprint(3)\n'''\n",
    "bug": "answer = 2\ncode = '''\na = 1\nb = a\nc = b\n'''\n",
    "order": "".join(
        f'[[question.steps]]\nen = "{en}"\nzh = "{zh}"\n' for en, zh in (("one", "一"), ("two", "二"), ("three", "三"))
    ),
    "short": """
[[question.points]]
en = "half the memory"
zh = "显存减半"
match = ["memory", "显存"]
[[question.points]]
en = "a sign"
zh = "取符号"
match = ["sign", "符号"]
[[question.points]]
en = "large batches"
zh = "大 batch"
match = ["batch"]
[[question.traps]]
en = "stores signs"
zh = "只存符号"
match = ["stores only", "只存"]
""",
}
BODY["multiple"] = BODY["single"].replace('id = "c"', 'id = "c"\nright = true')


def write(folder: Path, text: str) -> Path:
    path = folder / "quizzes" / "basics" / "lion.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def toml(kind: str) -> str:
    return HEAD.format(type=kind) + BODY[kind]


@pytest.fixture
def make(tmp_path: Path):
    return lambda kind: parse(write(tmp_path, toml(kind)), "lion")[0]


# --- parsing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "old", "new", "field", "what"),
    [
        ("single", 'level = "screen"', 'level = "easy"', "lion-x: level", "'easy' is unknown; use one of screen"),
        ("single", 'source = "here"\n', "", "lion-x: source", "missing; add it"),
        ("single", 'source = "here"', "source = 3", "lion-x: source", "3 is of the wrong type"),
        ("single", 'source = "here"', 'source = "here"\ncolour = 1', "lion-x: colour", "unknown field; use only id"),
        ("single", 'source = "here"', 'source = "here"\nanswer = 1', "lion-x: answer", "unknown field"),
        ("single", 'id = "lion-x"', 'id = "adam-x"', "adam-x: id", "no id for lion; write it as lion-some-fact"),
        ("single", 'id = "lion-x"', 'id = "lion-X"', "lion-X: id", "kebab case"),
        ("single", 'type = "single"', 'type = "essay"', "question[1].type", "'essay' is unknown"),
        ("single", 'zh = "为什么是 2？"', 'zh = "为什么是 3？"', "lion-x: prompt", "differ in their numbers (2, 3)"),
        ("single", ', zh = "为什么是 2？"', "", "lion-x: prompt.zh", "missing"),
        ("single", 'zh = "左"', 'zh = ""', "lion-x: options[1].zh", "missing"),
        ("single", 'why = { en = "the far side", zh = "另一边" }', "", "lion-x: options[3].why", "missing"),
        ("single", 'id = "c"', 'id = "a"', "lion-x: options[3].id", "'a' is taken by another option"),
        ("single", 'id = "c"', 'id = "ab"', "lion-x: options[3].id", "'ab' is unknown"),
        ("single", "right = true", "right = false", "lion-x: options[2].why", "missing"),
        ("single", 'id = "c"', 'id = "c"\nright = true', "lion-x: options", "2 right options in a single question"),
        ("multiple", 'id = "c"\nright = true', 'id = "c"', "lion-x: options", "1 right options in a multiple question"),
        ("multiple", 'id = "a"', 'id = "a"\nright = true', "lion-x: options", "3 right options in a multiple question"),
        ("numeric", "answer = 4", 'answer = "4"', "lion-x: answer", "'4' is of the wrong type"),
        ("numeric", "answer = 4", "answer = nan", "lion-x: answer", "nan is not finite"),
        ("numeric", "answer = 4", "answer = true", "lion-x: answer", "True is of the wrong type"),
        ("numeric", "tolerance = 0.01", "tolerance = -1", "lion-x: tolerance", "-1.0 grades nothing"),
        ("numeric", 'proof = "print(4)"', "", "lion-x: proof", "missing"),
        ("bug", "answer = 2", "answer = 4", "lion-x: answer", "line 4 is not in the code; give a line from 1 to 3"),
        ("bug", "answer = 2", "answer = 0", "lion-x: answer", "line 0 is not in the code"),
        ("order", 'en = "two"', 'en = "2"', "lion-x: steps[2].zh", "differ in their numbers (2)"),
        ("short", 'match = ["sign", "符号"]', 'match = ["("]', "lion-x: points[2].match", "bad regular expression"),
        ("short", 'match = ["sign", "符号"]', "match = [3]", "lion-x: points[2].match", "bad regular expression"),
        ("short", 'match = ["sign", "符号"]', "match = []", "lion-x: points[2].match", "missing"),
    ],
)
def test_a_malformed_question_is_one_line_with_place_and_remedy(tmp_path, kind, old, new, field, what):
    text = toml(kind)
    assert old in text
    with pytest.raises(InputError) as caught:
        parse(write(tmp_path, text.replace(old, new, 1)), "lion")
    message = str(caught.value)
    assert message.startswith("quizzes/basics/lion.toml: question[1]")
    assert f"{field}: {what}" in message or (field in message and what in message)
    assert caught.value.remedy
    assert "\n" not in message


def test_malformed_files(tmp_path):
    for text, what in (("a = \n", "is not TOML"), ("", "question: missing"), ("question = 3", "wrong type")):
        with pytest.raises(InputError, match=what) as caught:
            parse(write(tmp_path, text), "lion")
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="line 3"):
        parse(write(tmp_path, "a = 1\nb = 2\nc = = 3\n"), "lion")
    with pytest.raises(InputError, match=r"question\[2\]\.id: 'lion-x' is taken"):
        parse(write(tmp_path, toml("single") + toml("bug")), "lion")
    with pytest.raises(InputError, match=r"no_such\.toml: can't be read .*; check the path"):
        parse(tmp_path / "no_such.toml", "lion")


def test_numbers_are_compared_by_value_and_not_inside_code(tmp_path):
    text = (
        toml("bug")
        .replace("Why 2 of `7`?", "10,000 steps at 1e-3, `x[3]`")
        .replace("为什么是 2？", "0.001 下走 10000 步")
    )
    assert parse(write(tmp_path, text), "lion")[0].prompt.en.startswith("10,000")


def test_an_id_is_kebab_case_where_the_technique_is_not(tmp_path):
    text = toml("bug").replace("lion-x", "drop-path-x")
    assert parse(write(tmp_path, text), "drop_path")[0].technique == "drop_path"


# --- grading ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "score"),
    [
        ("single", "b", 1), ("single", " B ", 1), ("single", ["b"], 1), ("single", "ｂ", 1), ("single", "a", 0),
        ("multiple", "b,c", 1), ("multiple", "c b", 1), ("multiple", "bc", 1), ("multiple", ["c", "b"], 1),
        ("multiple", "b、c", 1), ("multiple", "b", 0.5), ("multiple", "a,b,c", 0.5), ("multiple", "a", 0),
        ("numeric", 4.0, 1), ("numeric", 4, 1), ("numeric", "4", 1), ("numeric", "4.0", 1), ("numeric", "4 bytes", 1),
        ("numeric", "4 Byte", 1), ("numeric", "4e0", 1), ("numeric", "8/2", 1), ("numeric", "４", 1),
        ("numeric", "+4.009", 1), ("numeric", "4.011", 0), ("numeric", "1/2", 0), ("numeric", "-4", 0),
        ("numeric", "−4", 0), ("numeric", "4,000", 0),
        ("predict", "True\n3", 1), ("predict", "True  \r\n3\n\n", 1), ("predict", r"True\n3", 1),
        ("predict", "True\n 3", 0), ("predict", "true\n3", 0), ("predict", 3, 0),
        ("bug", 2, 1), ("bug", "2", 1), ("bug", "line 2", 1), ("bug", "第 2 行", 1), ("bug", 3, 0),
        ("short", "Half the MEMORY, takes a sign", 2 / 3), ("short", "显存少，只取符号，要大 batch", 1),
        ("short", "saves memory", 1 / 3), ("short", "memory, sign, batch; it stores only signs", 2 / 3),
    ],
)  # fmt: skip
def test_grading(make, kind, given, score):
    question = make(kind)
    graded = question.grade(given)
    assert graded.score == pytest.approx(score)
    if kind != "short":
        assert graded.correct == (score == 1)
    assert all("\n" in text or text in question.explanation for text in graded.feedback)
    assert graded.feedback.zh.endswith(question.explanation.zh)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("single", "d"), ("single", ""), ("single", "a,b"), ("single", 3), ("single", "none"),
        ("multiple", []), ("multiple", "a,a"), ("multiple", "a,z"),
        ("numeric", "four"), ("numeric", ""), ("numeric", "nan"), ("numeric", "inf"), ("numeric", math.nan),
        ("numeric", -math.inf), ("numeric", "1/0"), ("numeric", "1e999"), ("numeric", True), ("numeric", "4 kB"),
        ("numeric", "4,5"), ("numeric", "4 or 5"), ("numeric", None),
        ("predict", ""), ("predict", " \n "), ("bug", 0), ("bug", 4), ("bug", "b = a"), ("bug", "2.5"),
        ("order", "a,b"), ("order", "a,b,b"), ("order", "a,b,d"), ("order", ""), ("short", ""), ("short", " \n"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(make, kind, given):
    with pytest.raises(InputError) as caught:
        make(kind).grade(given)
    assert caught.value.where == "lion-x"
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_feedback_names_each_mistake_in_both_languages(make):
    assert make("multiple").grade("a,b").feedback == Text(
        "a) left is wrong\nmissed: c\nAnswer: b) middle; c) right\nBecause.",
        "a) 左是错的\n漏选：c\n答案：b) 中; c) 右\n因为如此。",
    )
    assert make("numeric").grade(5).feedback.en == "Answer: 4 bytes\nBecause."
    assert make("bug").grade(1).feedback.zh == "答案：第 2 行：b = a\n因为如此。"
    assert make("single").grade("b").feedback == Text("Because.", "因为如此。")
    short = make("short").grade("memory, and it stores only that")
    assert short.feedback.en.splitlines()[:4] == [
        "said: half the memory",
        "missing: a sign",
        "missing: large batches",
        "trap: stores signs",
    ]


def test_a_short_answer_may_miss_one_point_but_fall_into_no_trap(make):
    question = make("short")
    assert question.grade("memory and sign").correct
    assert not question.grade("memory").correct
    assert not question.grade("memory, sign, batch, stores only signs").correct


# --- shuffling and showing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["single", "multiple", "order"])
def test_shuffling_keeps_grading_right(make, kind):
    question = make(kind)
    orders = set()
    for seed in range(30):
        shown = question.shown(seed)
        assert shown == question.shown(seed)
        choices = shown.options or shown.steps
        orders.add(tuple(choice.text.en for choice in choices))
        if kind == "order":
            assert [step.id for step in shown.steps] == ["a", "b", "c"]
            letters = {step.text.en: step.id for step in shown.steps}
            right = [letters[name] for name in ("one", "two", "three")]
            assert shown.grade(right).correct
            assert shown.grade(",".join(right)).correct
            assert shown.grade("".join(right)).correct
            assert not shown.grade(right[::-1]).correct
            assert shown.grade(right[::-1]).score == pytest.approx(1 / 3)
        else:
            assert [choice.id for choice in choices] == ["a", "b", "c"]
            rights = [choice.id for choice in choices if choice.right]
            assert shown.grade(",".join(rights)).correct
            wrong = next(choice for choice in choices if choice.text.en == "left")
            assert f"{wrong.id}) left is wrong" in shown.grade(wrong.id).feedback.en
            assert shown.shown(seed) == shown
    assert len(orders) > 3


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_shown_before_an_answer_gives_it_away(make, kind):
    question = make(kind)
    secrets = (
        "left is wrong",
        "far side",
        "是错的",
        "另一边",
        "Because",
        "因为",
        "half the memory",
        "显存减半",
        "print(4)",
    )
    for lang in ("en", "zh"):
        public = question.public(lang)
        assert set(public) == {"id", "technique", "type", "level", "prompt", "how", "code", "unit", "options", "steps"}
        assert all(set(choice) == {"id", "text"} for choice in public["options"] + public["steps"])
        for shown in (json.dumps(public, ensure_ascii=False), question.plain(lang), repr(question)):
            assert not [secret for secret in secrets if secret in shown]
            assert "answer=" not in shown
    assert "right" not in repr(Choice("a", Text("x", "x"), right=True))


def test_plain_numbers_the_code_and_letters_the_options(make):
    assert make("bug").plain("en").splitlines()[2:5] == ["  1  a = 1", "  2  b = a", "  3  c = b"]
    assert "  b) 中" in make("single").plain("zh")
    assert make("numeric").plain("en").endswith("[bytes]")


# --- every quiz ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def banks() -> dict[str, tuple[Question, ...]]:
    return {path.stem: parse(path, path.stem) for path in QUIZZES}


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: path.stem)
def test_a_technique_has_enough_questions_of_every_kind(banks, path):
    questions = banks[path.stem]
    assert len(questions) >= 8
    assert {question.type for question in questions} == set(TYPES)
    assert {question.level for question in questions} == set(LEVELS)
    assert sum(bool(question.proof) for question in questions) >= 2


def test_ids_are_unique_over_all_files(banks):
    counts = Counter(question.id for questions in banks.values() for question in questions)
    assert [name for name, count in counts.items() if count > 1] == []


def chosen(banks: dict[str, tuple[Question, ...]]) -> Iterator[tuple[Choice, ...]]:
    return (question.options for questions in banks.values() for question in questions if question.options)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("extreme", [max, min])
def test_the_length_of_an_option_gives_nothing_away(banks, lang, extreme):
    hits = chance = variance = 0.0
    for options in chosen(banks):
        lengths = [len(option.text.say(lang)) for option in options]
        ends = [option for option, length in zip(options, lengths, strict=True) if length == extreme(lengths)]
        hits += sum(option.right for option in ends) / len(ends)
        share = sum(option.right for option in options) / len(options)
        chance, variance = chance + share, variance + share * (1 - share)
    assert hits <= chance + 2 * math.sqrt(variance)


def test_no_letter_is_right_more_often_than_chance(banks):
    rights = [option.id for options in chosen(banks) for option in options if option.right]
    per_letter = Counter(option.id for options in chosen(banks) for option in options)
    for letter, count in Counter(rights).items():
        share = len(rights) / per_letter.total()
        margin = 2.5 * math.sqrt(per_letter[letter] * share * (1 - share))
        assert count <= per_letter[letter] * share + margin, letter


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: path.stem)
def test_every_proof_prints_its_answer(banks, path):
    for question in banks[path.stem]:
        if question.proof:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(question.proof, question.id, "exec"), {"__name__": question.id})
            assert question.grade(printed.getvalue()).correct, f"{question.id}: the proof prints {printed.getvalue()!r}"
