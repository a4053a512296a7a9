"""Questions: seven types read from TOML, shown in shuffled order, graded with the reason for every mistake.

What a learner sees is `public` or `plain`; answer, reasons and proof stay in Python until something is graded.
"""

import math
import random
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from studykit import grading
from studykit.errors import InputError
from studykit.grading import LETTERS, Choice, Point, lettered
from studykit.language import Text

LEVELS = ("screen", "onsite", "expert")


class _Kind(NamedTuple):
    grade: Callable[["Question", object], grading.Verdict]
    how: Text
    needs: str  # its fields beyond those of every question
    may: str  # the fields it can do without


_SHARED = "id type level source claims prompt explanation"
_KINDS = {
    "single": _Kind(grading.choice, Text("Answer with one letter.", "请选一个字母。"), "options", "code proof"),
    "multiple": _Kind(
        grading.choice,
        Text("Choose all that are right, as in a,c.", "选出所有正确项，如 a,c。"),
        "options",
        "code proof",
    ),
    "numeric": _Kind(
        grading.numeric, Text("Answer with a number.", "请填一个数。"), "answer tolerance proof", "unit code"
    ),
    "predict": _Kind(grading.predict, Text("What does it print?", "这段代码会打印什么？"), "answer code", "proof"),
    "bug": _Kind(
        grading.bug, Text("Which line is wrong? Give its number.", "哪一行错了？请填行号。"), "answer code", ""
    ),
    "order": _Kind(
        grading.order, Text("Put the letters in order, as in c,a,b.", "按顺序写出字母，如 c,a,b。"), "steps", ""
    ),
    "short": _Kind(grading.short, Text("Answer in a few sentences.", "请用几句话回答。"), "points", "traps code"),
}
TYPES = tuple(_KINDS)


class Graded(NamedTuple):
    """A verdict: `score` is the share that was right, 0 to 1; `feedback` names every mistake, then explains."""

    correct: bool
    score: float
    feedback: Text


@dataclass(frozen=True)
class Question:
    """One question, made by `parse`. Its repr shows no answer."""

    id: str
    technique: str
    type: str
    level: str
    prompt: Text
    source: str
    explanation: Text = field(repr=False)
    claims: tuple[str, ...] = ()
    code: str = ""
    unit: str = ""
    options: tuple[Choice, ...] = ()
    steps: tuple[Choice, ...] = ()
    proof: str = field(default="", repr=False)
    answer: float | int | str | None = field(default=None, repr=False)
    tolerance: float = field(default=0.0, repr=False)
    points: tuple[Point, ...] = field(default=(), repr=False)
    traps: tuple[Point, ...] = field(default=(), repr=False)

    def shown(self, seed: int) -> "Question":
        """The question with its options or steps in an order drawn from `seed`, lettered in that order."""
        draw = random.Random(f"{self.id} {seed}")
        options, steps = (lettered(draw, choices) for choices in (self.options, self.steps))
        return replace(self, options=options, steps=steps)

    def public(self, lang: str | None = None) -> dict[str, Any]:
        """What may leave Python before an answer is given: JSON-safe, without answer, reasons or proof."""
        texts = {"prompt": self.prompt, "how": _KINDS[self.type].how}
        return {
            **{name: getattr(self, name) for name in ("id", "technique", "type", "level", "code", "unit")},
            **{name: text.say(lang) for name, text in texts.items()},
            "options": [{"id": option.id, "text": option.text.say(lang)} for option in self.options],
            "steps": [{"id": step.id, "text": step.text.say(lang)} for step in self.steps],
        }

    def plain(self, lang: str | None = None) -> str:
        """The question as a terminal shows it, never with its answer."""
        code = "".join(f"{number:3}  {line}\n" for number, line in enumerate(self.code.splitlines(), 1))
        choices = "".join(f"  {choice.id}) {choice.text.say(lang)}\n" for choice in (*self.options, *self.steps))
        how = _KINDS[self.type].how.say(lang) + (f" [{self.unit}]" if self.unit else "")
        return "\n".join(filter(None, [f"[{self.id} · {self.level}]", self.prompt.say(lang), code, choices, how]))

    def solution(self) -> Text:
        """The right answer in words."""
        if self.type == "order":
            steps = sorted(self.steps, key=lambda step: step.place)
            return _joined(" → ", [Text(*(f"{step.id}) {text}" for text in step.text)) for step in steps])
        if self.type == "bug":
            line = self.code.splitlines()[int(self.answer or 1) - 1].strip()
            return Text(f"line {self.answer}: {line}", f"第 {self.answer} 行：{line}")
        if self.type in ("numeric", "predict"):
            shown = f"{self.answer:g} {self.unit}".strip() if isinstance(self.answer, float) else str(self.answer)
            return Text(shown, shown)
        said = [
            Text(*(f"{o.id}) {text}" for text in o.text))
            for o in sorted(self.options, key=lambda option: option.id)
            if o.right
        ]
        return _joined("; ", said or [point.text for point in self.points])

    def grade(self, given: object) -> Graded:
        """Grade an answer.

        A `multiple` scores right minus wrong choices; an `order` the share of steps in their place; a `short` the share
        of points found, less one point per trap, and is correct with no trap and at most one point missed.

        Args:
            given: A letter, letters (list or "a,c"), number ("4", "4 bytes", "1/2"), line, printed output or free text.

        Returns:
            The verdict, with the reason for each mistake in both languages.

        Raises:
            InputError: What was given can't be read as an answer to this question, so nothing is to be recorded.
        """
        correct, score, remarks = _KINDS[self.type].grade(self, given)
        if not correct and self.type != "short":  # a short answer's points are among its remarks
            answer = self.solution()
            remarks.append(Text(f"Answer: {answer.en}", f"答案：{answer.zh}"))
        return Graded(correct, score, _joined("\n", [*remarks, self.explanation]))


def _joined(separator: str, texts: Iterable[Text]) -> Text:
    return Text(*(separator.join(lines) for lines in zip(*texts, strict=True)))


def _numerals(text: str) -> Counter[float]:
    prose = re.sub(r"```.*?```|`[^`]*`", " ", unicodedata.normalize("NFKC", text), flags=re.DOTALL)
    found = re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", prose)
    return Counter(float(numeral.replace(",", "")) for numeral in found)


class _Table:
    """A TOML table that knows where it stands, so that every complaint names file, question and field."""

    def __init__(self, data: object, where: str, fields: str | None, joint: str = ".") -> None:
        if not isinstance(data, dict):
            raise InputError(where, f"{data!r} is not a table", "write it with fields such as en and zh")
        self.data: dict[str, Any] = data
        self.where, self.joint = where, joint
        known = fields.split() if fields else list(data)
        for name in data:
            if name not in known:
                raise self.error(name, "unknown field", f"use only {', '.join(known)}")

    def error(self, name: str, what: str, remedy: str) -> InputError:
        return InputError(self.where + self.joint + name, what, remedy)

    def take(self, name: str, kind: type | tuple[type, ...], known: Collection[str] = ()) -> Any:
        value = self.data.get(name)
        if value is None or value == "" or value == []:
            raise self.error(name, "missing", "add it")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(name, f"{value!r} is of the wrong type", "write it as the other questions do")
        if known and value not in known:
            raise self.error(name, f"{value!r} is unknown", f"use one of {', '.join(known)}")
        return value

    def text(self, name: str = "") -> Text:
        """The en and zh of a field, or of this very table, which must have the same numbers."""
        here = _Table(self.take(name, dict), self.where + self.joint + name, "en zh") if name else self
        text = Text(*(str(here.take(lang, str)).strip() for lang in Text._fields))
        en, zh = map(_numerals, text)
        if en != zh:
            odd = ", ".join(f"{numeral:g}" for numeral in sorted((en - zh) + (zh - en)))
            raise self.error(name or "zh", f"en and zh differ in their numbers ({odd})", "give both the same numbers")
        return text

    def rows(self, name: str, fields: str | None, least: int = 2, most: int = len(LETTERS)) -> list["_Table"]:
        data = self.take(name, list)
        if not least <= len(data) <= most:
            raise self.error(name, f"{len(data)} given", f"write {least} to {most}")
        return [_Table(row, f"{self.where}{self.joint}{name}[{number}]", fields) for number, row in enumerate(data, 1)]


def _options(table: _Table, kind: str) -> tuple[Choice, ...]:
    options: list[Choice] = []
    for row in table.rows("options", "id right en zh why", least=3):
        letter, right = row.take("id", str, LETTERS), "right" in row.data and row.take("right", bool)
        if letter in [option.id for option in options]:
            raise row.error("id", f"{letter!r} is taken by another option", "give each option its own letter")
        why = row.text("why") if "why" in row.data or not right else None
        options.append(Choice(letter, row.text(), right, why, place=len(options)))
    rights = sum(option.right for option in options)
    if (rights != 1) if kind == "single" else not 2 <= rights < len(options):
        asked = "exactly one" if kind == "single" else "at least two but not all"
        raise table.error("options", f"{rights} right options in a {kind} question", f"mark {asked} with right = true")
    return tuple(options)


def _points(table: _Table, name: str) -> tuple[Point, ...]:
    points = []
    for row in table.rows(name, "en zh match", least=2 if name == "points" else 1):
        try:
            match = tuple(re.compile(pattern, re.IGNORECASE) for pattern in row.take("match", list))
        except (re.error, TypeError) as error:
            raise row.error("match", f"bad regular expression ({error})", "mend it") from error
        points.append(Point(row.text(), match))
    return tuple(points)


def _answer(table: _Table, kind: str, lines: int) -> float | int | str:
    answer: float | int | str = table.take("answer", {"predict": str, "bug": int}.get(kind, (int, float)))
    if kind == "bug" and not 1 <= int(answer) <= lines:
        raise table.error("answer", f"line {answer} is not in the code", f"give a line from 1 to {lines}")
    if kind == "numeric" and not math.isfinite(float(answer)):
        raise table.error("answer", f"{answer} is not finite", "give a finite number")
    return float(answer) if kind == "numeric" else answer


def _own(table: _Table, kind: str) -> dict[str, Any]:
    own: dict[str, Any] = {
        name: table.take(name, str).rstrip() for name in ("code", "proof", "unit") if name in table.data
    }
    if kind in ("single", "multiple"):
        return own | {"options": _options(table, kind)}
    if kind == "order":
        steps = [step.text() for step in table.rows("steps", "en zh", least=3)]
        return own | {"steps": tuple(Choice(LETTERS[place], text, place=place) for place, text in enumerate(steps))}
    if kind == "short":
        return own | {name: _points(table, name) for name in ("points", "traps") if name in table.data}
    if kind == "numeric":
        own["tolerance"] = float(table.take("tolerance", (int, float)))
        if not 0 <= own["tolerance"] < math.inf:
            raise table.error("tolerance", f"{own['tolerance']} grades nothing", "give a number >= 0")
    if kind == "predict":
        own.setdefault("proof", own["code"])  # what it shows is itself the program that computes its answer
    return own | {"answer": _answer(table, kind, len(own.get("code", "").splitlines()))}


def _question(row: _Table, technique: str) -> Question:
    name, kind = str(row.take("id", str)), str(row.take("type", str, TYPES))
    fields = f"{_SHARED} {_KINDS[kind].needs} {_KINDS[kind].may}"
    table = _Table(row.data, f"{row.where} {name}", fields, ": ")
    prefix = technique.replace("_", "-")
    if not re.fullmatch(rf"{prefix}(-[a-z0-9]+)+", name):
        raise table.error("id", f"{name!r} is no id for {technique}", f"write it as {prefix}-some-fact, in kebab case")
    for need in _KINDS[kind].needs.split():
        table.take(need, object)
    claims = table.take("claims", list) if "claims" in table.data else []
    level, source = table.take("level", str, LEVELS), table.take("source", str)
    prompt, explanation = table.text("prompt"), table.text("explanation")
    own = _own(table, kind)
    made = Question(name, technique, kind, level, prompt, source, explanation, claims=tuple(claims), **own)
    return made.shown(0) if kind == "order" else made  # in the file steps stand in their right order


def parse(path: Path, technique_id: str) -> tuple[Question, ...]:
    """Read the questions of one technique, options as they stand in the file and steps as `shown(0)` gives them.

    Args:
        path: A TOML file of `[[question]]` tables.
        technique_id: The technique they belong to; each id begins with it.

    Raises:
        InputError: The first thing that is malformed, with file, question, field and remedy.
    """
    where = "/".join(path.parts[-3:])
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(where, f"can't be read ({error.strerror})", "check the path") from error
    except ValueError as error:
        raise InputError(where, f"is not TOML ({error})", "mend that line") from error
    questions: dict[str, Question] = {}
    for row in _Table(data, where, "question", ": ").rows("question", None, least=1, most=999):
        question = _question(row, technique_id)
        if question.id in questions:
            raise row.error("id", f"{question.id!r} is taken by an earlier question", "give each its own id")
        questions[question.id] = question
    return tuple(questions.values())
