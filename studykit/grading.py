"""How an answer to each type of question is read and judged; `studykit.question` holds the questions themselves.

An answer that can't be read raises `InputError` and counts for nothing; one that can be read is right or wrong.
"""

import math
import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from studykit.errors import InputError
from studykit.language import Text

if TYPE_CHECKING:
    from studykit.question import Question

LETTERS = tuple("abcdefgh")
Verdict = tuple[bool, float, list[Text]]  # correct, score from 0 to 1, what to say about this answer


@dataclass(frozen=True)
class Choice:
    """An option, or a step to be put in order, which belongs at `place` (from 0) whatever letter it is shown with."""

    id: str
    text: Text
    right: bool = field(default=False, repr=False)
    why: Text | None = field(default=None, repr=False)
    place: int = field(default=0, repr=False)


def lettered(draw: random.Random, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The choices in a drawn order, each with the letter of its new place."""
    # From the order of the file, so that a question that was shown before is drawn like any other.
    drawn = draw.sample(sorted(choices, key=lambda choice: choice.place), len(choices))
    return tuple(replace(choice, id=letter) for letter, choice in zip(LETTERS, drawn, strict=False))


@dataclass(frozen=True)
class Point:
    """Something a short answer should say, or a trap it should not, found by any of its patterns."""

    text: Text
    match: tuple[re.Pattern[str], ...]

    def said_in(self, answer: str) -> bool:
        """Whether the answer says it."""
        return any(pattern.search(answer) for pattern in self.match)


def _letters(question: "Question", given: object, choices: Iterable[Choice]) -> list[str]:
    known = sorted(known.id for known in choices)
    text = ",".join(map(str, given)) if isinstance(given, list | tuple) else str(given)
    parts = [part for part in re.split(r"[\s,;、>→]+", unicodedata.normalize("NFKC", text).lower()) if part]
    letters = list(parts[0]) if len(parts) == 1 else parts
    unknown = [letter for letter in letters if letter not in known]
    if unknown or not letters or len(set(letters)) < len(letters):
        what = f"{unknown[0]!r} is no option" if unknown else f"{text!r} names none, or one twice"
        raise InputError(question.id, what, f"answer with letters out of {', '.join(known)}")
    return letters


def choice(question: "Question", given: object) -> Verdict:
    """Letters against the options that are right."""
    chosen = _letters(question, given, question.options)
    if question.type == "single" and len(chosen) > 1:
        raise InputError(question.id, f"{len(chosen)} letters given, one is asked", "answer with one letter")
    rights = [option for option in question.options if option.right]
    wrong = [option for option in question.options if option.id in chosen and not option.right]
    missed = [option for option in rights if option.id not in chosen]
    remarks = [Text(*(f"{option.id}) {reason}" for reason in option.why or option.text)) for option in wrong]
    if question.type == "multiple" and missed:
        letters = ",".join(option.id for option in missed)
        remarks.append(Text(f"missed: {letters}", f"漏选：{letters}"))
    score = max(0.0, (len(rights) - len(missed) - len(wrong)) / len(rights))
    return not wrong and not missed, score, remarks


def _unit(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("×", "x").strip().casefold().removesuffix("s")


def numeric(question: "Question", given: object) -> Verdict:
    """A number, or a fraction, with or without the unit that is asked."""
    text = unicodedata.normalize("NFKC", str(given)).replace("−", "-").strip()
    digits = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    read = re.fullmatch(rf"({digits})(?:\s*/\s*({digits}))?\s*(\D.*)?", text)
    if isinstance(given, bool) or not read:
        raise InputError(question.id, f"{text!r} is not a number", "answer with one, such as 4, 0.5, 1/2 or 1e-3")
    above, below, unit = (part or "" for part in read.groups())
    if unit and _unit(unit) != _unit(question.unit):
        asked = f"in {question.unit}" if question.unit else "as a number without a unit"
        raise InputError(question.id, f"unit {unit!r} is not the one asked", f"answer {asked}")
    divisor = float(below.replace(",", "") or 1)
    value = float(above.replace(",", "")) / divisor if divisor else math.nan
    if not math.isfinite(value):
        raise InputError(question.id, f"{text!r} is not a finite number", "answer with a finite one")
    target = float(question.answer or 0)
    correct = abs(value - target) <= question.tolerance + 1e-12 * abs(target)
    return correct, float(correct), []


def _printed(text: str) -> str:
    """Output as it is compared: without the white space that ends its lines, and without empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def predict(question: "Question", given: object) -> Verdict:
    r"""Printed output, line by line; a written \n ends a line too, for answers given in one line."""
    output = _printed(str(given))
    if not output:
        raise InputError(question.id, "no output given", r"answer with what is printed, \n between its lines")
    correct = _printed(str(question.answer)) in (output, _printed(output.replace("\\n", "\n")))
    return correct, float(correct), []


def bug(question: "Question", given: object) -> Verdict:
    """The number of the wrong line."""
    last = len(question.code.splitlines())
    read = re.fullmatch(r"(?:line|第)?\s*(\d+)\s*行?", unicodedata.normalize("NFKC", str(given)).strip().lower())
    if not read or not 1 <= int(read[1]) <= last:
        raise InputError(question.id, f"{str(given)!r} is no line of the code", f"answer with a line from 1 to {last}")
    correct = int(read[1]) == question.answer
    return correct, float(correct), []


def order(question: "Question", given: object) -> Verdict:
    """The letters of all steps."""
    letters = _letters(question, given, question.steps)
    if len(letters) != len(question.steps):
        raise InputError(question.id, f"{len(letters)} of {len(question.steps)} steps given", "name each step once")
    place = {step.id: step.place for step in question.steps}
    score = sum(place[letter] == index for index, letter in enumerate(letters)) / len(letters)
    return score == 1, score, []


def short(question: "Question", given: object) -> Verdict:
    """Free text against points and traps."""
    text = " ".join(str(given).split())
    if not text:
        raise InputError(question.id, "the answer is empty", "write a few sentences")
    found = [point for point in question.points if point.said_in(text)]
    trapped = [trap for trap in question.traps if trap.said_in(text)]
    marks = [Text(f"said: {p.text.en}", f"已答到：{p.text.zh}") for p in found]
    marks += [Text(f"missing: {p.text.en}", f"缺：{p.text.zh}") for p in question.points if p not in found]
    marks += [Text(f"trap: {p.text.en}", f"陷阱：{p.text.zh}") for p in trapped]
    score = max(0.0, (len(found) - len(trapped)) / len(question.points))
    return not trapped and len(found) >= len(question.points) - 1, score, marks
