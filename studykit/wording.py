"""How a typed answer is put together: its sentences and clauses, and what in them is asserted and what denied.

The text is read in one form (NFKC, lower case, straight quotes, no emphasis marks, no space beside Chinese), and
every place in it leads back to the text as it was given.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache

_PLAIN = str.maketrans("’‘“”「」『』–—−×→", "''\"\"\"\"\"\"---x>")
_DROPPED = frozenset("*`\u200b\u200c\u200d\ufeff\ufe0f")
_NEAR = 200  # how far from a statement what denies it may stand, where a sentence has no end
_WRAPPED = 60  # a line at least as wide as this may have been broken for its length
_CJK = re.compile(r"[\u3400-\u9fff。、]")
_ITEM = re.compile(r"[ \t]*(?:[•*#>|+-]|\d{1,2}[.)、]|[一二三四五六七八九十]{1,2}、|\n)")

_END = re.compile(r"[。!?;\n]|(?<!\bet al)(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bcf)\.(?=\s|$|[^\x00-\x7f])", re.ASCII)
# Where the reach of a "not" ends.
_BREAK = re.compile(
    r"(?<!\d),|,(?!\d)|[:()。!?;\n]| - |\b(?:and|but|while|whereas|so|because|it's|it is)\b"
    r"|而是|但|却|然而|不过|所以|因此|因为|其实|(?<!可)(?<!而)以及|也(?!不)|就(?!不)|便(?=能|可)|才(?=能|可)",
    re.ASCII,
)
_NOT = re.compile(
    r"(?<![离必])不(?!可缺|仅|但|只是|单|过|断|错|同|可或缺|可缺|够|足|变|少|用说|止)|没(?!错|准)|并非|绝非|而非|无法|无需|无须|未必|从未|尚未|未能|谈不上|算不上|称不上"
    r"|难以|很少|(?:如果|假如|倘若|是否|能否)|查无"
    r"|\bnot\b(?! (?:only|just|merely))|n't\b|\b(?:no longer|never|neither|nor|cannot|hardly|rarely|seldom|fails? to|failed to|unable"
    r"|rather than|instead of|if|whether|no such|nothing(?! but)|nobody|no)\b(?! doubt)",
    re.ASCII,
)
# Said of a whole statement, before it or after it.
_HEARSAY = re.compile(
    r"误区|误解|谬误|陷阱|原话|听说|弱的答案|差的回答|讹传|传言|常说|有人说|有些人说|很多人说|不能说|不要说|别说|谁说|所谓|据说|自报|文章说|网上说|说法|原文|笔误|写成"
    r"|\b(?:myths?|traps?|weak answer|you.?ll hear|you (?:may|often) hear|so-called)\b"
    r"|\b(?:misconceptions?|misunderstanding|fallacy|wrong to|wrongly|outdated to|false that|mistake|contrary to|slip for"
    r"|people (?:often )?say|often said|commonly said|sometimes said|often claimed|commonly claimed|some claim|the article|don't say|never say)\b"
    r"|以为|(?:很多|有些|不少|一些|多数|许多|大家)人?(?:都|总)?(?:认为|觉得|相信)"
    r"|\b(?:used to|most people|many people|some people|people) (?:often )?(?:think|believe|assume)\b"
    r"|\b(?:doubt|doubts|disagree|supposedly|allegedly|(?:often|commonly|widely) (?:assumed|believed|thought|sold|described|presented)|is said to)\b"
    r"|我?(?:怀疑|不同意|不认同|不赞成)"
    r"|\b(?:some|many|most) (?:papers?|blogs?|posts?|tutorials?|sources|authors) (?:say|claim|state)\b"
    r"|\b(?:authors|paper) (?:report|claim)|作者(?:报告|声称|说)",
    re.ASCII,
)
_REFUTED = re.compile(
    r"是错|错误的|不对|不准确|不严谨|不成立|站不住|夸大|片面|不完整|过时|笔误|查无出处|没有(?:出处|依据|根据)|不是一种|不存在|这种说法"
    r"|\b(?:is|are|was|that's|it's|this is) (?:an? |simply |just |plainly )?"
    r"(?:wrong|false|incorrect|inaccurate|not true|untrue|myth|misconception|outdated|misleading|imprecise|oversimpl\w{1,12})\b"
    r"|\bhas no source\b|\b(?:it|that|this) (?:isn't|is not|doesn't|does not|didn't|did not)[:,.;!]",
    re.ASCII,
)
_COMPARED = re.compile(
    r"(?:比起|相比|相较于?|对比|不同于|区别于|优于|比|而非|而不是|不是|代替|替代"
    r"|\b(?:than|unlike|vs\.?|versus|against|compared (?:with|to)|instead of|rather than|not|relative to))"
    r"(?:于)?[ \"'(]{0,2}(?:the |a |plain |tuned |调好的)?$",
    re.ASCII,
)
_PRONOUN = re.compile(r"[ \"'(]{0,3}(?:(?:it|its|this|that|these|they|their)\b|它|其|该|这|那)", re.ASCII)
_QUESTION = re.compile(r"\?|(?:吗|么|呢)[\"')]?$")


@dataclass(frozen=True)
class Sentence:
    """A sentence from `start` to `end`; what makes it right may stand as far as `reach`, in the one that follows."""

    start: int
    end: int
    reach: int
    asks: bool


class Wording:
    """A text in one form.

    Args:
        text: As it was typed.

    Attributes:
        norm: The form in which it is read.
        sentences: In their order.
    """

    def __init__(self, text: str) -> None:
        self.norm, self._at = _normalised(text)
        self.sentences = _sentences(self.norm)
        self._breaks = [match.start() for match in _BREAK.finditer(self.norm)]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The same span in the text as it was given."""
        return self._at[start], self._at[end - 1] + 1

    def one_clause(self, start: int, end: int) -> bool:
        """Whether nothing ends a clause between the two."""
        place = bisect_left(self._breaks, start)
        return place == len(self._breaks) or self._breaks[place] >= end

    def compared(self, at: int) -> bool:
        """Whether what is named there is only what something else is compared with."""
        return _COMPARED.search(self.norm, max(0, at - 24), at) is not None

    def carries_on(self, sentence: Sentence, at: int) -> bool:
        """Whether the subject may stand in an earlier sentence: this one begins with a pronoun, or with its predicate."""
        return at - sentence.start <= 6 or _PRONOUN.match(self.norm, sentence.start) is not None

    def asserted(self, sentence: Sentence, start: int, end: int, denies: bool) -> bool:
        """Whether what stands there, which itself may be a denial, is said so: not denied, doubted, refuted, hearsay."""
        place = bisect_right(self._breaks, start) - 1
        clause = max(sentence.start, self._breaks[place] if place >= 0 else 0, start - _NEAR)
        denied = _NOT.search(self.norm, clause, start if denies else end)
        told = _HEARSAY.search(self.norm, max(sentence.start, start - _NEAR), min(sentence.end, end + _NEAR))
        return not (denied or told or _REFUTED.search(self.norm, end, min(sentence.reach, end + 80)))


def _sentences(norm: str) -> list[Sentence]:
    ends = [match.end() for match in _END.finditer(norm)] + [len(norm)]
    bounds = [(start, end) for start, end in zip([0, *ends], ends, strict=False) if norm[start:end].strip()]
    found = []
    for n, (start, end) in enumerate(bounds):
        # What is said in the next item of a list qualifies nothing here.
        follows = n + 1 < len(bounds) and "\n" not in norm[end - 1 : bounds[n + 1][0]]
        asks = _QUESTION.search(norm[max(start, end - 4) : end].strip()) is not None
        found.append(Sentence(start, end, bounds[n + 1][1] if follows else end, asks))
    return found


def _normalised(text: str) -> tuple[str, list[int]]:
    signs: list[str] = []
    at: list[int] = []
    line = 0
    for index, sign in enumerate(text):
        line += 1 if sign.isascii() else 2
        if sign == "\n":
            # A long line was only wrapped and goes on; a short one, an item or a paragraph ends the sentence.
            wrapped = line > _WRAPPED and index + 1 < len(text) and not _ITEM.match(text, index + 1)
            sign, line = " " if wrapped else "\n", 0
        for each in _plain(sign):
            # A space separates nothing beside another one, and beside Chinese.
            if each == " " and (not signs or signs[-1] in " \n" or _CJK.match(signs[-1])):
                continue
            if signs and signs[-1] == " " and _CJK.match(each):
                signs.pop()
                at.pop()
            signs.append(each)
            at.append(index)
    return "".join(signs), at


@lru_cache(10_000)
def _plain(sign: str) -> str:
    """How one sign is read."""
    if sign in _DROPPED:
        return ""
    if sign.isspace() and sign != "\n":
        return " "
    return sign.lower() if sign.isascii() else unicodedata.normalize("NFKC", sign).translate(_PLAIN).lower()
