"""The fact ledger, `claims.toml`: what the article says, whether it may be repeated, what is true, and the source.

`lint` finds the statements that may not be repeated in a typed answer.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from studykit.errors import InputError
from studykit.language import Text

VERDICTS = ("confirmed", "qualified", "outdated", "wrong", "unverifiable")
READ = ("text", "memory")
# The owner of a claim that is about the whole subject, so that no technique settles it.
WHOLE_TOPIC = "interview"

LEDGER = Path(__file__).resolve().with_name("claims.toml")
_FIELDS = ("id", "section", "owner", "verdict", "says", "number", "en", "zh", "follow_up", "sources")


@dataclass(frozen=True)
class Source:
    """Where a claim was checked.

    Attributes:
        cite: Authors, year, title, venue, arXiv number; or the documentation or code.
        where: Section, table, file, and what it says there.
        read: `text` if the source itself was read, `memory` if it is still to be looked up.
    """

    cite: str
    where: str
    read: str


@dataclass(frozen=True)
class Claim:
    """One statement of the article.

    Attributes:
        id: Kebab case, such as `lion-tracks-sign-only`.
        section: Where the article says it, such as `1.1`.
        owner: The technique that settles it, `interview`, or empty where nobody does yet.
        says: The article's phrase, in Chinese.
        verdict: One of VERDICTS.
        correct: What is true, under which condition.
        follow_up: What an interviewer asks next.
        sources: At least one.
        number: The figure to remember and whose it is, or empty.
    """

    id: str
    section: str
    owner: str
    says: str
    verdict: str
    correct: Text
    follow_up: Text
    sources: tuple[Source, ...]
    number: str = ""


@dataclass(frozen=True)
class Finding:
    """A statement in a typed answer that can't be repeated as it is.

    Attributes:
        span: Where it stands in the text that was given: text[span[0]:span[1]].
        claim: The claim's id.
        verdict: `wrong`, `outdated`, `qualified` (true only under its condition) or `unverifiable`.
        correction: What is true.
        source: Where that was checked.
    """

    span: tuple[int, int]
    claim: str
    verdict: str
    correction: Text
    source: str


def lint(text: str) -> list[Finding]:
    """What in an answer is wrong, outdated, without its condition or without a source.

    Args:
        text: Typed text in Chinese, English or both.

    Returns:
        The findings in their order; none overlaps another. An empty list only means that no known statement was
        found: what the ledger doesn't have was not checked.
    """
    from studykit.linting import lint as find  # which is built on this ledger, and which few need

    return find(text)


@dataclass(frozen=True)
class _Entry:
    """One table of the file, with the place it stands at."""

    where: str
    table: Mapping[str, Any]

    def string(self, field: str, *, among: Sequence[str] = ()) -> str:
        value = self.table.get(field)
        if value is None:
            raise self.error(field, "is missing", "fill it in")
        if not isinstance(value, str):
            raise self.error(field, f"has the wrong type, got {value!r:.60}", "give a string")
        if not value.strip():
            raise self.error(field, "is empty", "fill it in")
        if among and value not in among:
            raise self.error(field, f"is {value!r}", f"give one of {', '.join(among)}")
        return value.strip()

    def optional(self, field: str) -> str:
        return self.string(field) if self.table.get(field, "") != "" else ""

    def text(self) -> Text:
        return Text(self.string("en"), self.string("zh"))

    def tables(self, field: str, header: str) -> list["_Entry"]:
        value = self.table.get(field)
        if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
            raise self.error(field, "has no entry", f"write at least one [[{header}]]")
        return [_Entry(f"{self.where}: {field}[{n}]", each) for n, each in enumerate(value)]

    def table_of(self, field: str) -> "_Entry":
        value = self.table.get(field)
        if not isinstance(value, dict):
            raise self.error(field, "is no table", f"write {field}.en and {field}.zh")
        return _Entry(f"{self.where}: {field}", value)

    def error(self, field: str, what: str, remedy: str) -> InputError:
        return InputError(f"{self.where}: {field}", what, remedy)


@cache
def claims() -> dict[str, Claim]:
    """Every claim by its id, in the order of the article. Raises InputError as `parse` does."""
    return parse(LEDGER)


def parse(path: Path) -> dict[str, Claim]:
    """Read a ledger.

    Args:
        path: A TOML file of `[[claim]]` tables.

    Returns:
        The claims by id, in the order of the file.

    Raises:
        InputError: The file can't be read, or an entry is malformed; names file, claim and field.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(path.name, f"can't be read ({error})", "write it as valid TOML in UTF-8") from None
    found: dict[str, Claim] = {}
    for n, entry in enumerate(_Entry(path.name, data).tables("claim", "claim"), start=1):
        claim = _claim(path.name, n, entry.table)
        if claim.id in found:
            raise InputError(f"{path.name}: {claim.id}: id", "is used twice", "rename one of the two")
        found[claim.id] = claim
    return found


def _claim(file: str, n: int, table: Mapping[str, Any]) -> Claim:
    # Until its id is known, a claim is named by its place in the file.
    name = _Entry(f"{file}: claim {n}", table).string("id")
    entry = _Entry(f"{file}: {name}", table)
    for field in table:
        if field not in _FIELDS:
            raise entry.error(field, "is no field of a claim", f"use {_nearest(field, _FIELDS)} or take it out")
    return Claim(
        id=name,
        section=entry.string("section"),
        owner=entry.optional("owner"),
        says=entry.string("says"),
        verdict=entry.string("verdict", among=VERDICTS),
        correct=entry.text(),
        follow_up=entry.table_of("follow_up").text(),
        sources=tuple(
            Source(each.string("cite"), each.string("where"), each.string("read", among=READ))
            for each in entry.tables("sources", "claim.sources")
        ),
        number=entry.optional("number"),
    )


def problems(cards: Mapping[str, Sequence[str]], ledger: Mapping[str, Claim] | None = None) -> list[str]:
    """What does not agree between the cards and the ledger.

    Args:
        cards: The claims that each card names, by technique.
        ledger: The claims; by default those of the kit.

    Returns:
        One line for each card that names an unknown claim, card that lacks a claim it owns, and claim without owner.
    """
    ledger = claims() if ledger is None else ledger
    found = [
        f"{technique}: claims names {each!r}, which is no claim; did you mean {_nearest(each, ledger)}?"
        for technique, named in cards.items()
        for each in named
        if each not in ledger
    ]
    for claim in ledger.values():
        if not claim.owner:
            found.append(f"{claim.id}: has no owner; name the technique that settles it, or {WHOLE_TOPIC}")
        elif claim.owner in cards and claim.id not in cards[claim.owner]:
            found.append(f"{claim.owner}: claims lacks {claim.id}, which it owns; add it to the card")
    return found


def _nearest(word: str, among: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.0)
    return close[0] if close else "another"
