"""The answer linter: finds in a typed answer what the ledger says can't be repeated so, with its correction and source.

A rule of `claims_patterns.toml` is a subject and what is said of it. It speaks only where the subject is the nearest one
named before, nothing denies, doubts or asks it, and the condition that makes it true isn't said. What no rule
matches was not checked: silence is no verdict. No pattern has an open-ended repetition, so time grows with the text.
"""

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from studykit.claims import Claim, Finding, claims
from studykit.wording import Sentence, Wording

PATTERNS = Path(__file__).resolve().with_name("claims_patterns.toml")
_NEAR, _FAR = 36, 110  # how many signs may lie between two parts of a rule: in a clause, in a sentence
_BACK = 220  # how far back the subject of a sentence that begins with "it" may have been named
_AROUND = 400  # how far from a statement its condition may stand, where a sentence has no end
_PART = 30  # how long a part may be
_JOINED = re.compile(r"(?:[ 、,/+&()]|和|与|及|跟|加|and|or|with|as well as){1,4}", re.ASCII)
_VERDICTS = ("wrong", "unverifiable", "outdated", "qualified")  # of two that overlap, the earlier is told


@dataclass(frozen=True)
class _Way:
    """One way of saying it: patterns in their order, whether each step may leave the clause, where it names the subject."""

    parts: tuple[re.Pattern[str], ...]
    far: tuple[bool, ...]
    names: bool
    names_first: bool
    denies: bool


@dataclass(frozen=True)
class Rule:
    """One claim said of one subject, in any of several ways.

    Attributes:
        claim: The claim's id.
        of: The subjects it may be said of.
        says: The ways.
        unless: What, said in the same sentence or in the next, makes the statement right.
        anywhere: Whether it is looked for even where no subject is named, because its ways name settings.
    """

    claim: str
    of: tuple[str, ...]
    says: tuple[_Way, ...]
    unless: re.Pattern[str] | None
    anywhere: bool


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    names: bool


@cache
def rules() -> tuple[tuple[Rule, ...], Mapping[str, re.Pattern[str]]]:
    """All rules, and the pattern of each subject's names."""
    data = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))
    names, words = data["subjects"], data["words"]
    found = []
    for table in data["rule"]:
        own = "|".join((names | data["settings"])[each] for each in table["of"])
        ways = tuple(_way(way, f"(?:{own})", words) for way in table["says"])
        unless = "|".join(_filled(each, words) for each in table.get("unless", ()))
        anywhere = not set(table["of"]) <= set(names)
        found.append(Rule(table["claim"], tuple(table["of"]), ways, re.compile(unless, re.ASCII) if unless else None, anywhere))
    return tuple(found), {subject: re.compile(pattern, re.ASCII) for subject, pattern in names.items()}


def subjects(text: str) -> list[str]:
    """The subjects that a text names, each once, in the order of their first mention; a technique's name is its id."""
    norm = Wording(text).norm
    first = {subject: match.start() for subject, names in rules()[1].items() if (match := names.search(norm))}
    return sorted(first, key=lambda subject: (first[subject], subject))


def lint(text: str) -> list[Finding]:
    """The findings in a text, as `studykit.claims.lint` gives them."""
    wording, found = Wording(text), []
    mentions = _Mentions(wording)
    for sentence in wording.sentences:
        for rule, hit in _said(wording, sentence, mentions):
            found.append((wording.original(hit.start, hit.end), rule.claim))
    ledger = claims()
    return [_finding(span, ledger[claim]) for span, claim in _apart(found, ledger)]


def _finding(span: tuple[int, int], claim: Claim) -> Finding:
    source = next((each for each in claim.sources if each.read == "text"), claim.sources[0])
    return Finding(span, claim.id, claim.verdict, claim.correct, f"{source.cite}; {source.where}")


def _apart(found: list[tuple[tuple[int, int], str]], ledger: Mapping[str, Claim]) -> list[tuple[tuple[int, int], str]]:
    """The worst of those that overlap, the longer of two that are as bad, in the order of the text."""

    def badness(each: tuple[tuple[int, int], str]) -> tuple[int, int, int, str]:
        (start, end), claim = each
        return _VERDICTS.index(ledger[claim].verdict), start - end, start, claim

    kept: list[tuple[tuple[int, int], str]] = []
    starts: list[int] = []
    for each in sorted(set(found), key=badness):
        (start, end), place = each[0], bisect_right(starts, each[0][0])
        before = place == 0 or kept[place - 1][0][1] <= start
        if before and (place == len(kept) or kept[place][0][0] >= end):
            kept.insert(place, each)
            starts.insert(place, start)
    return kept


class _Mentions:
    """Where subjects are named, without those something else is merely compared with."""

    def __init__(self, wording: Wording) -> None:
        found: dict[int, tuple[int, str]] = {}
        for subject, names in rules()[1].items():
            for match in names.finditer(wording.norm):
                at, end = match.span()
                # The longest name at a place is meant.
                if end > found.get(at, (0, ""))[0] and not wording.compared(at):
                    found[at] = (end, subject)
        self.starts: list[int] = []
        last = 0
        for at in sorted(found):  # a name inside a longer one is none of its own: CLIP in "grad clip"
            if at >= last:
                self.starts.append(at)
                last = found[at][0]
        self.subjects = [found[at][1] for at in self.starts]
        ends = [found[at][0] for at in self.starts]
        # "SimCLR and CLIP", "EMA (exponential moving average)": subjects together.
        self._joined = [False] + [
            _JOINED.fullmatch(wording.norm, end, at) is not None for end, at in zip(ends, self.starts[1:], strict=False)
        ]

    def between(self, start: int, end: int) -> list[str]:
        """The subjects named there."""
        return self.subjects[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def nearest_is(self, of: Iterable[str], before: int, after: int) -> bool:
        """Whether one of them is the last named before a place, or is named together with the last."""
        place, wanted = bisect_left(self.starts, before) - 1, set(of)
        while place >= 0 and self.starts[place] >= after:
            if self.subjects[place] in wanted:
                return True
            if not self._joined[place]:
                return False
            place -= 1
        return False


def _said(wording: Wording, sentence: Sentence, mentions: _Mentions) -> Iterator[tuple[Rule, _Hit]]:
    present = set(mentions.between(max(0, sentence.start - _BACK), sentence.end))
    if sentence.asks:
        return
    for rule in _of(frozenset(present)):
        for hit in _hits(wording, sentence, rule):
            if _is_of(wording, sentence, rule, hit, mentions):
                around = max(sentence.start, hit.start - _AROUND), min(sentence.reach, hit.end + _AROUND)
                if not (rule.unless and rule.unless.search(wording.norm, *around)):
                    yield rule, hit
                break


@lru_cache(1000)
def _of(present: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that may speak where these subjects are named."""
    return tuple(rule for rule in rules()[0] if rule.anywhere or not present.isdisjoint(rule.of))


def _hits(wording: Wording, sentence: Sentence, rule: Rule) -> Iterator[_Hit]:
    """Every place where the rule's words stand and nothing denies them."""
    for way in rule.says:
        for match in way.parts[0].finditer(wording.norm, sentence.start, sentence.end):
            # Of each part only the nearest next is tried, so that no text makes it go back and forth.
            start, end = match.span()
            for far, part in zip(way.far, way.parts[1:], strict=True):
                nearest = part.search(wording.norm, end, min(sentence.end, end + (_FAR if far else _NEAR) + _PART))
                if not nearest or not (far or wording.one_clause(end, nearest.start())):
                    break
                # A subject that only leads to what is said of it is no part of the statement.
                start = nearest.start() if way.names_first and part is way.parts[1] else start
                end = nearest.end()
            else:
                if wording.asserted(sentence, start, end, way.denies):
                    yield _Hit(start, end, way.names)


def _is_of(wording: Wording, sentence: Sentence, rule: Rule, hit: _Hit, mentions: _Mentions) -> bool:
    """Whether a subject of the rule is named in the words themselves, or is the nearest before them."""
    if hit.names or not set(mentions.between(hit.start, hit.end)).isdisjoint(rule.of):
        return True
    back = max(0, sentence.start - _BACK) if wording.carries_on(sentence, hit.start) else sentence.start
    return mentions.nearest_is(rule.of, hit.start, back)


def _way(way: str, own: str, words: Mapping[str, str]) -> _Way:
    parts = re.split(r" (~~?) ", way.removeprefix("! "))
    patterns = tuple(re.compile(_filled(part.replace("@", own), words), re.ASCII) for part in parts[::2])
    return _Way(patterns, tuple(each == "~~" for each in parts[1::2]), "@" in way, parts[0] == "@", way.startswith("! "))


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda name: f"(?:{words[name[1]]})", pattern)
