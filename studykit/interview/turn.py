"""One question of an interview, what was answered and what was said to it."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from studykit.errors import InputError

KINDS = ("broad", "follow_up", "drill", "debug", "closing")
SPOKEN = ("broad", "follow_up", "closing")  # answered in prose, which is what the ledger is asked about

# With something after it that may be an answer, it is none of these.
_UNKNOWN = re.compile(
    r"(?!.*(?:\bbut\b|\bmaybe\b|\bi think\b|\bi guess\b|\bprobably\b|但|不过|可能|应该|大概|我猜|我觉得))"
    r"(?:(?:sorry|well|hmm+|uh|honestly|我|这个|这题|呃|嗯|抱歉|不好意思|真的?|还|也|好像|暂时|实在|i(?:'m| am| really| just)?|really) ?)*"
    r"(?:(?:不知道|不清楚|不了解|不太(?:清楚|了解|会|懂)|不记得|忘(?:记)?了|没(?:听|用|学|做|见)(?:说)?过|答不(?:上来|出来)).{0,16}"
    r"|(?:don't (?:really |quite )?know|do not (?:really )?know|(?:have )?no idea|not sure|can't (?:remember|recall|say|answer)"
    r"|don't remember|never heard|dunno).{0,32}"
    r"|(?:不会|不懂|跳过|下一题|pass|skip|idk|next)(?:了|这个|这题|这道题|的| please| this| this one| question)?)",
    re.IGNORECASE,
)

_EDGE = re.compile(r"[,，。;；:：!！?？\n]|\.(?=\s|$)")
_BEFORE, _AFTER, _LONG = 60, 40, 80  # signs: how far a quotation is widened, and how long it may get


def quoted(given: str, span: tuple[int, int]) -> str:
    """What stands there, with the rest of its clause, so that the quotation tells what it is about."""
    start, end = span
    edges = [each.end() for each in _EDGE.finditer(given, max(0, start - _BEFORE), start)]
    left = edges[-1] if edges else 0 if start <= _BEFORE else start
    after = _EDGE.search(given, end, end + _AFTER)
    right = after.start() if after else len(given) if len(given) - end <= _AFTER else end
    whole, only = (" ".join(given[slice(*each)].split()) for each in ((left, right), span))
    if len(whole) <= _LONG:
        return whole
    return only if len(only) <= _LONG else f"{only[:_LONG]}…"


def gives_up(text: str) -> bool:
    """Whether an answer says no more than that there is none."""
    said = re.sub(r"[,，.。!！…~?？]", " ", text.replace("’", "'"))
    said = " ".join(said.split())
    return not said or (len(said) <= 60 and _UNKNOWN.fullmatch(said) is not None)


@dataclass
class Turn:
    """One question.

    Attributes:
        kind: One of KINDS.
        technique: What it is about, or None.
        prompt: The question, in the interview's language.
        key: What is asked, so that it is asked only once: `claim:lion-faster`, `card:lion:0`, `question:lion-…`, ….
        blank: A drill's skeleton.
        given: The answer, None while there is none.
        seconds: How long it took.
        note: What is said to it.
        verdict: Of a drill `passed`, `mistake`, `message`, `seconds`; of a bug `correct`, `score`.
    """

    kind: str
    technique: str | None
    prompt: str
    key: str
    blank: str | None = None
    given: str | None = None
    seconds: float = 0.0
    note: str | None = None
    verdict: dict[str, Any] | None = None

    @property
    def spoken(self) -> bool:
        """Whether it was answered in prose that says something."""
        return self.kind in SPOKEN and self.given is not None and not gives_up(self.given)

    def as_json(self) -> dict[str, Any]:
        """As `read` takes it."""
        return asdict(self)

    @classmethod
    def read(cls, data: object, where: str) -> Self:
        """A turn that was kept.

        Raises:
            InputError: It is none.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(data, Mapping) or not {"kind", "prompt", "key", "technique"} <= set(data) <= known:
            raise InputError(where, f"{data!r:.60} is no turn", "start another interview")
        turn = cls(**data)
        texts = (turn.prompt, turn.key, turn.technique or "", turn.given or "", turn.note or "", turn.blank or "")
        if turn.kind not in KINDS or not all(isinstance(each, str) for each in texts):
            raise InputError(where, "is damaged", "start another interview")
        if not isinstance(turn.verdict, Mapping | None):
            raise InputError(where, "has a verdict that is none", "start another interview")
        turn.seconds = seconds_of(turn.seconds)
        return turn


def seconds_of(value: object) -> float:
    """How long an answer took.

    Raises:
        InputError: It is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise InputError("seconds", f"is {value!r}", "give a number >= 0")
    return float(value)
