"""A technique is a card found at a path, `studykit/<section>/<id>.toml`: the file system is the registry.

Longer than 300 lines: what a card is, what is wrong with one, and the order of all belong together.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import Any

from studykit.errors import InputError
from studykit.language import Text

TIERS: Mapping[str, tuple[str, ...]] = {
    "basics": ("optim", "schedule", "regularization"),
    "task_oriented": ("data", "gradient", "architecture"),
    "frontier": ("selfsup", "scale", "automl"),
}
TIER_TITLES: Mapping[str, Text] = {
    "basics": Text("Basics", "基础篇"),
    "task_oriented": Text("Task-oriented", "进阶篇"),
    "frontier": Text("Frontier", "前沿篇"),
}
SECTIONS: Mapping[str, str] = {section: tier for tier, sections in TIERS.items() for section in sections}
REGIMES = ("helps", "does_not")
VERDICTS = ("better", "worse", "same")
SPOKEN = ("20s", "60s", "3min")

PACKAGE = Path(__file__).resolve().parent
# A checkout keeps quizzes and notebooks beside the package; an installed wheel carries them inside it.
ROOT = PACKAGE.parent if (PACKAGE.parent / "quizzes").is_dir() else PACKAGE / "_shipped"


@dataclass(frozen=True)
class Paper:
    """A primary source."""

    authors: str
    year: int
    title: str
    venue: str = ""
    arxiv: str = ""
    note: str = ""
    url: str = ""

    @property
    def link(self) -> str:
        """Where it is read, or the empty string."""
        return self.url or (f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else "")

    def cite(self) -> str:
        """One line for a bibliography, in Markdown."""
        title = f"[{self.title}]({self.link})" if self.link else self.title
        tail = ", ".join(part for part in (self.venue, f"arXiv:{self.arxiv}" if self.arxiv else "", self.note) if part)
        return f"{self.authors} ({self.year}). {title}. {tail}".rstrip(". ") + "."


@dataclass(frozen=True)
class FollowUp:
    """What an interviewer asks next, and a crisp answer."""

    question: Text
    answer: Text


@dataclass(frozen=True)
class Technique:
    """One card with the paths of all that belongs to it."""

    id: str
    section: str
    title: Text
    summary: Text
    after: tuple[str, ...]
    names: tuple[str, ...]
    signature: str
    claims: tuple[str, ...]
    oracle: str
    minutes: int
    papers: tuple[Paper, ...]
    expect: Mapping[str, Mapping[str, str]]
    spoken: Mapping[str, Text]
    follow_ups: tuple[FollowUp, ...]

    @property
    def tier(self) -> str:
        """`basics`, `task_oriented` or `frontier`."""
        return SECTIONS[self.section]

    @property
    def heading(self) -> str:
        """Its title in both languages; once where the Chinese one begins with the English name."""
        english, chinese = self.title
        return chinese if chinese.startswith(english) else f"{english} · {chinese}"

    def path(self, suffix: str) -> Path:
        """The file of this technique with `suffix`, such as `.py`, `.md` or `_drill.py`."""
        return PACKAGE / self.section / f"{self.id}{suffix}"

    def module_of(self, suffix: str = "") -> str:
        """The dotted name of its module: `studykit.optim.lion`, with suffix `_drill` that of the drill."""
        return f"studykit.{self.section}.{self.id}{suffix}"

    def implementation(self) -> Any:
        """Its first public name; imports torch."""
        return getattr(import_module(self.module_of()), self.names[0])

    @property
    def questions(self) -> Path:
        """Its bank of questions."""
        return ROOT / "quizzes" / self.tier / f"{self.id}.toml"

    @property
    def notebook(self) -> Path:
        """Its derived notebook."""
        return ROOT / "notebooks" / self.tier / f"{self.id}.ipynb"

    @property
    def evidence(self) -> Path:
        """The committed result of `studykit report`."""
        return ROOT / "evidence" / f"{self.id}.json"

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files that the notebook is derived from; its browser picture where it has one."""
        suffixes = (".toml", ".md", ".py", "_experiment.py", "_drill.py")
        picture = (self.path(".js"),) if self.path(".js").exists() else ()
        return (*(self.path(suffix) for suffix in suffixes), self.questions, *picture)


class _Reader:
    """Reads one card and says in one line what is wrong with a field."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(
                self.where(), f"can't be read ({error})", "write the card as valid TOML in UTF-8"
            ) from None

    def where(self, field: str = "") -> str:
        name = "/".join(self.path.parts[-3:])
        return f"{name}: {field}" if field else name

    def get(
        self, field: str, kind: type | tuple[type, ...], table: Mapping[str, Any] | None = None, at: str = ""
    ) -> Any:
        table, name = self.data if table is None else table, f"{at}{field}"
        if field not in table:
            raise InputError(
                self.where(name), "is missing", "fill it in; an existing card such as optim/lion.toml shows how"
            )
        if not isinstance(table[field], kind):
            raise InputError(self.where(name), f"has the wrong type, got {table[field]!r:.60}", f"give {_kind(kind)}")
        return table[field]

    def table(self, value: Any, at: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise InputError(self.where(at.rstrip(".")), f"has the wrong type, got {value!r:.60}", "give a table")
        return value

    def text(self, field: str, table: Mapping[str, Any] | None = None, at: str = "") -> Text:
        pair = self.get(field, dict, table, at)
        said = [self.get(lang, str, pair, f"{at}{field}.").strip() for lang in ("en", "zh")]
        for lang, words in zip(("en", "zh"), said, strict=True):
            if not words:
                raise InputError(self.where(f"{at}{field}.{lang}"), "is empty", "write it in both languages")
        return Text(*said)

    def strings(self, field: str) -> tuple[str, ...]:
        values = self.get(field, list)
        if not all(isinstance(value, str) for value in values):
            raise InputError(
                self.where(field), f"has an entry that is no string, got {values!r:.60}", "quote every entry"
            )
        return tuple(values)

    def expect(self) -> dict[str, dict[str, str]]:
        table = self.get("expect", dict)
        for regime in REGIMES:
            for arm, verdict in self.get(regime, dict, table, "expect.").items():
                if verdict not in VERDICTS:
                    raise InputError(
                        self.where(f"expect.{regime}.{arm}"), f"is {verdict!r}", f"give one of {', '.join(VERDICTS)}"
                    )
        return {regime: dict(table[regime]) for regime in REGIMES}


def _kind(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(
        {str: "a string", int: "a whole number", list: "a list", dict: "a table"}[each] for each in kinds
    )


_FIELDS = {field.name for field in fields(Technique)} - {"id", "section"}
_PAPER = {field.name: int if field.name == "year" else str for field in fields(Paper)}


def read_card(path: Path) -> Technique:
    """Read one card.

    Args:
        path: `studykit/<section>/<id>.toml`.

    Returns:
        The technique.

    Raises:
        InputError: A field is missing, unknown, empty or of the wrong type.
    """
    card = _Reader(path)
    for field in card.data:
        if field not in _FIELDS:
            raise InputError(
                card.where(field), "is no field of a card", f"use {_nearest(field, _FIELDS)} or take it out"
            )
    papers = []
    for n, paper in enumerate(card.get("papers", list)):
        at = f"papers[{n}]."
        for field in ("authors", "year", "title", *card.table(paper, at)):
            if field not in _PAPER:
                raise InputError(card.where(f"{at}{field}"), "is no field of a paper", f"use {_nearest(field, _PAPER)}")
            card.get(field, _PAPER[field], paper, at)
        papers.append(Paper(**paper))
    spoken = card.get("spoken", dict)
    technique = Technique(
        id=path.stem,
        section=path.parent.name,
        title=card.text("title"),
        summary=card.text("summary"),
        after=card.strings("after"),
        names=card.strings("names"),
        signature=card.get("signature", str),
        claims=card.strings("claims"),
        oracle=card.get("oracle", str),
        minutes=card.get("minutes", int),
        papers=tuple(papers),
        expect=card.expect(),
        spoken={length: card.text(length, spoken, "spoken.") for length in SPOKEN},
        follow_ups=tuple(
            FollowUp(*(card.text(field, card.table(each, at), at) for field in ("question", "answer")))
            for at, each in ((f"follow_ups[{n}].", each) for n, each in enumerate(card.get("follow_ups", list)))
        ),
    )
    for field, filled in (("names", technique.names), ("papers", papers), ("follow_ups", technique.follow_ups)):
        if not filled:
            raise InputError(card.where(field), "is empty", "give at least one")
    if not re.fullmatch(r"\(.*\)", technique.signature):
        raise InputError(card.where("signature"), f"is {technique.signature!r}", 'write it as "(params, lr=1e-3)"')
    return technique


def cards(package: Path = PACKAGE) -> list[Path]:
    """Every card of the package, by path."""
    return sorted(path for section in SECTIONS for path in (package / section).glob("*.toml"))


@cache
def catalog() -> dict[str, Technique]:
    """Every technique in the order of study: topological by `after`, otherwise by tier, section and id.

    Raises:
        InputError: A card is malformed, two have one id, `after` names an unknown id or goes in a circle.
    """
    return ordered([read_card(path) for path in cards()])


def ordered(found: list[Technique]) -> dict[str, Technique]:
    """The techniques in the order of study. Raises InputError as `catalog` does."""
    by_id: dict[str, Technique] = {}
    for technique in sorted(found, key=lambda each: (list(SECTIONS).index(each.section), each.id)):
        if technique.id in by_id:
            twice = f"{by_id[technique.id].section} and {technique.section}"
            raise InputError(
                f"{technique.section}/{technique.id}.toml", f"the id is used in {twice}", "rename one of them"
            )
        by_id[technique.id] = technique
    for technique in by_id.values():
        for other in technique.after:
            if other not in by_id:
                where = f"{technique.section}/{technique.id}.toml: after"
                raise InputError(where, f"{other!r} is no technique", f"did you mean {_nearest(other, by_id)}?")
    try:
        rank = {each: n for n, each in enumerate(by_id)}
        sorter = TopologicalSorter({each.id: each.after for each in by_id.values()})
        sorter.prepare()
        order: list[str] = []
        while sorter.is_active():
            # Among what is free to be studied, the earlier section comes first.
            ready = sorted(sorter.get_ready(), key=rank.__getitem__)
            order += ready
            sorter.done(*ready)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise InputError("cards: after", f"goes in a circle, {circle}", "take one of them out") from None
    return {each: by_id[each] for each in order}


def technique(technique_id: str) -> Technique:
    """The technique with this id.

    Raises:
        InputError: There is none; the nearest id is named.
    """
    found = catalog()
    if technique_id not in found:
        raise InputError(
            technique_id, "is no technique", f"did you mean {_nearest(technique_id, found)}? `studykit list` shows all"
        )
    return found[technique_id]


def _nearest(word: str, among: Any) -> str:
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.0)
    return close[0] if close else "another"


def chosen(targets: Iterable[str]) -> list[Technique]:
    """The techniques that some words stand for, in the order of study.

    Args:
        targets: Ids, sections, tiers, or `all`.

    Raises:
        InputError: A word is none of these; the nearest is named.
    """
    found = catalog()
    wanted: set[str] = set()
    for target in targets:
        belongs = [each.id for each in found.values() if target in ("all", each.id, each.section, each.tier)]
        # A section or tier that is still empty stands for nothing, and is no mistake.
        if not belongs and target not in (*SECTIONS, *TIERS, "all"):
            near = _nearest(target, [*found, *SECTIONS, *TIERS, "all"])
            raise InputError(target, "is no technique, section or tier", f"did you mean {near}? `studykit list` shows all")
        wanted.update(belongs)
    return [each for each in found.values() if each.id in wanted]
