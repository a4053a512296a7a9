"""Pages that only show: progress, and the findings in an answer."""

import json
from typing import Any

from rich.table import Table

from studykit.claims import Finding, lint
from studykit.coverage import LAYERS, Coverage, coverage
from studykit.language import Language, Text
from studykit.progress import Progress
from studykit.question import parse
from studykit.technique import TIER_TITLES, TIERS, Technique, catalog
from studykit.terminal.screen import Screen, bar

_HEADS = (Text("technique", "技巧"), Text("known", "掌握"), Text("answered", "已答"), Text("due", "到期"), Text("drill", "代码"))
_NARROW = 60  # columns below which a table leaves no room for names
_LINE = Text("{title} · {known:.0%} known · {answered}/{total} answered{due}{drill}", "{title} · 掌握 {known:.0%} · 已答 {answered}/{total}{due}{drill}")
_LINE_DUE, _LINE_DRILL = Text(" · {due} due", " · 到期 {due}"), Text(" · drill {said}", " · 代码{said}")
_DRILL = {"passed": Text("passed", "通过"), "failed": Text("not yet", "未通过"), None: Text("", "")}
_DUE = Text("{due} due now; `studykit quiz` reviews them.", "现在有 {due} 题到期，`studykit quiz` 开始复习。")
_NO_DUE = Text("Nothing is due now.", "现在没有到期的题。")

VERDICTS = {
    "wrong": Text("wrong", "错误"),
    "outdated": Text("outdated", "过时"),
    "qualified": Text("true only under its condition", "只在一定条件下成立"),
    "unverifiable": Text("without a source", "查无出处"),
}
NOT_CHECKED = Text(
    "Only the statements in the ledger are known; all else was not checked.", "只核对事实表里有的说法，其余没有核对。"
)
_FOUND = Text("line {line}: “{text}” is {verdict}", "第 {line} 行：“{text}”——{verdict}")
_SOURCE = Text("Source: {source}", "出处：{source}")
_NONE = Text("No known false or outdated statement.", "没有发现已知的错误或过时说法。")
_LAYERS = Text("Layers named: {named}; not named: {absent}.", "提到的层面：{named}；没有提到：{absent}。")
_TRADE_OFFS = Text("Trade-offs: {said}.", "取舍：{said}。")
_SOURCES = Text("Sources: {said}.", "来源：{said}。")
_SAID = {True: Text("named", "提到了"), False: Text("none named", "没有提到")}
_NOTHING = Text("none", "无")


def show_progress(lang: Language) -> None:
    """What is known of every technique, by tier."""
    cards = list(catalog().values())
    totals = {card.id: len(parse(card.questions, card.id)) for card in cards}
    with Progress() as log:
        known = log.known(totals)
    screen = Screen()
    for tier in TIERS:
        rows = [card for card in cards if card.tier == tier]
        if rows and screen.console.width < _NARROW:
            screen.say(TIER_TITLES[tier].say(lang), "bold")
            for card in rows:
                screen.say(_line_of(card, known[card.id], totals[card.id], lang))
            screen.say()
        elif rows:
            screen.table(_table(TIER_TITLES[tier].say(lang), rows, known, totals, lang))
            screen.say()
    due = sum(known[card.id].due for card in cards)
    screen.say(_DUE.say(lang).format(due=due) if due else _NO_DUE.say(lang))


def _line_of(card: Technique, each: Any, total: int, lang: Language) -> str:
    due = _LINE_DUE.say(lang).format(due=each.due) if each.due else ""
    drill = _LINE_DRILL.say(lang).format(said=_DRILL[each.drill].say(lang)) if each.drill else ""
    told = {"title": card.title.say(lang), "known": each.mastery, "answered": each.answered, "total": total}
    return _LINE.say(lang).format(**told, due=due, drill=drill)


def _table(title: str, rows: list[Technique], known: Any, totals: dict[str, int], lang: Language) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for n, head in enumerate(_HEADS):
        table.add_column(head.say(lang), justify="right" if n in (2, 3) else "left", no_wrap=n > 0, overflow="fold")
    for card in rows:
        each = known[card.id]
        table.add_row(
            card.title.say(lang),
            f"{bar(each.mastery)} {each.mastery:4.0%}",
            f"{each.answered}/{totals[card.id]}",
            str(each.due or "·"),
            _DRILL[each.drill].say(lang),
        )
    return table


def show_findings(text: str, as_json: bool, lang: Language) -> int:
    """What is not so in an answer, and what it covers; 1 where something was found."""
    screen, found, covered = Screen(), lint(text), coverage(text)
    if as_json:
        print(json.dumps(_as_json(text, found, covered), ensure_ascii=False))
        return 1 if found else 0
    for each in found:
        said = " ".join(text[slice(*each.span)].split())
        told = {"line": _line_number(text, each), "text": said, "verdict": VERDICTS[each.verdict].say(lang)}
        screen.say(_FOUND.say(lang).format(**told), "bold")
        screen.say(each.correction.say(lang))
        screen.say(_SOURCE.say(lang).format(source=each.source), "dim")
        screen.say()
    if not found:
        screen.say(_NONE.say(lang))
    screen.say(NOT_CHECKED.say(lang), "dim")
    named = [LAYERS[name].say(lang) for name, there in covered.layers.items() if there]
    absent = [LAYERS[name].say(lang) for name, there in covered.layers.items() if not there]
    comma, nothing = Text(", ", "、").say(lang), _NOTHING.say(lang)
    screen.say(_LAYERS.say(lang).format(named=comma.join(named) or nothing, absent=comma.join(absent) or nothing))
    screen.say(_TRADE_OFFS.say(lang).format(said=_SAID[covered.trade_offs].say(lang)))
    screen.say(_SOURCES.say(lang).format(said=_SAID[covered.sources].say(lang)))
    return 1 if found else 0


def _line_number(text: str, finding: Finding) -> int:
    return text.count("\n", 0, finding.span[0]) + 1


def _as_json(text: str, found: list[Finding], covered: Coverage) -> dict[str, Any]:
    findings = [
        {
            "span": list(each.span),
            "line": _line_number(text, each),
            "text": text[slice(*each.span)],
            "claim": each.claim,
            "verdict": each.verdict,
            "correction": each.correction._asdict(),
            "source": each.source,
        }
        for each in found
    ]
    return {"findings": findings, "coverage": covered._asdict(), "note": NOT_CHECKED._asdict()}
