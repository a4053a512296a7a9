"""How an interview went: what was covered, what was said that isn't so, what was missing, what to study next."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from studykit.claims import claims, lint
from studykit.coverage import LAYERS, coverage
from studykit.interview import phrases
from studykit.interview.settings import Settings
from studykit.interview.turn import Turn, gives_up, quoted
from studykit.language import Text
from studykit.technique import catalog

# What was typed may hold signs that steer a terminal, or end a file for some readers.
_CONTROL = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")
_NEXT = 6  # techniques that are named to study next
_ONE_SIDED = 5  # techniques that are told to lack their trade-off

_WORDS = {
    "title": Text("Mock interview", "模拟面试"),
    "length": Text("{minutes} of {whole} minutes, {turns} questions", "{whole} 分钟里用了 {minutes} 分钟，{turns} 个问题"),
    "layers": Text("Layers", "覆盖的层面"),
    "named": Text("{layer}: named", "{layer}：提到了"),
    "absent": Text("{layer}: not named", "{layer}：没有提到"),
    "judged": Text("“{text}” ({verdict})", "“{text}”（{verdict}）"),
    "findings": Text("Said, and not so", "说得不对或不完整的话"),
    "none": Text(
        "No known false or outdated statement was found. What the ledger doesn't have was not checked.",
        "没有发现已知的错误或过时说法。事实表以外的内容没有核对。",
    ),
    "missing": Text("Missing", "缺少的内容"),
    "nothing": Text("Nothing that is looked for.", "该提的都提到了。"),
    "drills": Text("Code", "代码"),
    "passed": Text("{title}: passed. {message}", "{title}——通过。{message}"),
    "refused": Text("{title}: not passed. {message}", "{title}——未通过。{message}"),
    "found": Text("{title}: the bug was found.", "{title}——找到了 bug。"),
    "missed": Text("{title}: the bug was not found.", "{title}——没找到 bug。"),
    "no_task": Text("The time was over before it.", "还没轮到，时间就用完了。"),
    "next": Text("Study next", "接下来学"),
    "fine": Text("Nothing in particular; go on with what is due.", "没有特别要补的，照常复习到期的内容。"),
    "talk": Text("The talk", "全程记录"),
    "source": Text("Source: {source}", "出处：{source}"),
    "wrong": Text("wrong", "错误"),
    "outdated": Text("outdated", "过时"),
    "qualified": Text("true only under its condition", "只在一定条件下成立"),
    "unverifiable": Text("without a source", "查无出处"),
    "no_layer": Text("The {layer} layer was not named.", "没有提到{layer}层面。"),
    "no_source": Text("No source was named: a paper, its authors, its year.", "没有引用来源：论文、作者或年份。"),
    "no_price": Text("{title}: no trade-off was named. What does it cost, and when doesn't it help?",
                     "{title}：没有讲取舍。代价是什么？什么时候没用？"),
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A finding in an answer: `turn` is its number, from 0, and `span` where in that answer it stands."""

    span: tuple[int, int]
    turn: int
    text: str
    claim: str
    verdict: str
    correction: str
    source: str


@dataclass(frozen=True)
class Report:
    """How an interview went.

    Attributes:
        layers: Whether each of the three was named.
        findings: Each false, outdated or unconditioned statement once, where it was first made.
        missing: What an interviewer would have liked to hear, in sentences.
        drills: The drill's technique, whether it passed, and the judge's message.
        bugs: The bug's technique, and whether it was found.
        next: Techniques to study next.
        markdown: All of it, to keep.
        html: The same as a page.
        plain: Without the talk, as a terminal shows it.
    """

    layers: dict[str, bool]
    findings: tuple[Said, ...]
    missing: tuple[str, ...]
    drills: tuple[dict[str, Any], ...]
    bugs: tuple[dict[str, Any], ...]
    next: tuple[str, ...]
    markdown: str
    html: str
    plain: str

    def as_json(self) -> dict[str, Any]:
        """All but the page and the terminal's."""
        return {name: value for name, value in asdict(self).items() if name not in ("html", "plain")}


def findings_of(settings: Settings, turns: Sequence[Turn]) -> tuple[Said, ...]:
    """What was said and isn't so, each claim where it was first made."""
    found: dict[str, Said] = {}
    for n, turn in enumerate(turns):
        given = turn.given or ""
        for each in lint(given) if turn.spoken else ():
            text, correction = given[slice(*each.span)], each.correction.say(settings.lang)
            said = Said(each.span, n, text, each.claim, each.verdict, correction, each.source)
            found.setdefault(each.claim, said)
    return tuple(found.values())


def report_of(settings: Settings, turns: Sequence[Turn], elapsed: float) -> Report:
    """How an interview went."""
    findings = findings_of(settings, turns)
    said = coverage("\n\n".join(turn.given or "" for turn in turns if turn.spoken))
    drills = [
        {"technique": turn.technique, **{key: turn.verdict[key] for key in ("passed", "message")}}
        for turn in turns
        if turn.kind == "drill" and turn.verdict
    ]
    bugs = [
        {"technique": turn.technique, "found": turn.verdict["correct"]}
        for turn in turns
        if turn.kind == "debug" and turn.verdict
    ]
    lang = settings.lang
    missing = []
    if settings.focus == "all":
        absent = [LAYERS[name].say(lang) for name, there in said.layers.items() if not there]
        missing = [_WORDS["no_layer"].say(lang).format(layer=layer) for layer in absent]
    for name in said.one_sided[:_ONE_SIDED]:
        missing.append(_WORDS["no_price"].say(lang).format(title=phrases.name_of(catalog()[name], lang).strip()))
    if not said.sources:
        missing.append(_WORDS["no_source"].say(lang))
    study = _next(turns, findings)
    parts = _Parts(settings, turns, elapsed, said.layers, findings, missing, drills, bugs, study)
    shown = (each.translate(_CONTROL) for each in (parts.markdown(), parts.html(), parts.plain()))
    return Report(said.layers, findings, tuple(missing), tuple(drills), tuple(bugs), tuple(study), *shown)


def _next(turns: Sequence[Turn], findings: Iterable[Said]) -> list[str]:
    wanted = [claims()[each.claim].owner for each in findings]
    for turn in turns:
        failed = turn.verdict and not turn.verdict.get("passed", turn.verdict.get("correct"))
        if turn.technique and (failed or (turn.given is not None and gives_up(turn.given))):
            wanted.append(turn.technique)
    return [each for each in dict.fromkeys(wanted) if each in catalog()][:_NEXT]


@dataclass(frozen=True)
class _Parts:
    settings: Settings
    turns: Sequence[Turn]
    elapsed: float
    layers: dict[str, bool]
    findings: Sequence[Said]
    missing: Sequence[str]
    drills: Sequence[dict[str, Any]]
    bugs: Sequence[dict[str, Any]]
    study: Sequence[str]

    def say(self, name: str, **values: object) -> str:
        return _WORDS[name].say(self.settings.lang).format(**values)

    def title(self, technique: str | None) -> str:
        return catalog()[technique].title.say(self.settings.lang) if technique in catalog() else str(technique or "")

    @property
    def length(self) -> str:
        asked = sum(turn.given is not None for turn in self.turns)
        return self.say("length", minutes=round(self.elapsed / 60), whole=self.settings.minutes, turns=asked)

    @property
    def tasks(self) -> list[str]:
        lines = []
        for each in self.drills:
            told = {"title": self.title(each["technique"]), "message": each["message"]}
            lines.append(self.say("passed" if each["passed"] else "refused", **told))
        for each in self.bugs:
            lines.append(self.say("found" if each["found"] else "missed", title=self.title(each["technique"])))
        return lines or [self.say("no_task")]

    @property
    def covered(self) -> list[str]:
        return [
            self.say("named" if there else "absent", layer=LAYERS[name].say(self.settings.lang))
            for name, there in self.layers.items()
        ]

    def sections(self) -> list[tuple[str, list[str]]]:
        """The headings with the lines that are plain text, but for the findings and the talk."""
        return [
            (self.say("layers"), self.covered),
            (self.say("missing"), list(self.missing) or [self.say("nothing")]),
            (self.say("drills"), self.tasks),
            (self.say("next"), [self.title(each) for each in self.study] or [self.say("fine")]),
        ]

    def markdown(self) -> str:
        lines = [f"# {self.say('title')}", "", self.length, ""]
        for n, (heading, items) in enumerate(self.sections()):
            if n == 1:
                lines += self._findings_in_markdown()
            lines += [f"## {heading}", "", *(f"- {_plain(item)}" for item in items), ""]
        lines += [f"## {self.say('talk')}", ""]
        for turn in self.turns:
            if turn.given is not None:
                lines += [_shown(turn.prompt), "", _quoted(turn.given, turn.kind == "drill"), ""]
                lines += [_plain(turn.note), ""] if turn.note else []
        return "\n".join(lines)

    def plain(self) -> str:
        lines = [self.say("title"), self.length, ""]
        for n, (heading, items) in enumerate(self.sections()):
            if n == 1:
                lines += [self.say("findings"), *self._findings_in_plain(), ""]
            lines += [heading, *(f"  - {item}" for item in items), ""]
        return "\n".join(lines)

    def _judged(self, each: Said) -> str:
        text = quoted(self.turns[each.turn].given or "", each.span)
        return self.say("judged", text=text, verdict=self.say(each.verdict))

    def _findings_in_plain(self) -> list[str]:
        if not self.findings:
            return [f"  - {self.say('none')}"]
        lines = []
        for each in self.findings:
            lines.append(f"  - {self._judged(each)}")
            lines += [f"    {line}" for line in (each.correction, self.say("source", source=each.source))]
        return lines

    def _findings_in_markdown(self) -> list[str]:
        lines = [f"## {self.say('findings')}", ""]
        for each in self.findings:
            told = (self._judged(each), each.correction, self.say("source", source=each.source))
            lines.append("- " + "\\\n  ".join(_plain(line) for line in told))
        return [*lines, *([] if self.findings else [self.say("none")]), ""]

    def html(self) -> str:
        lang = {"en": "en", "zh": "zh-CN"}[self.settings.lang]
        body = [f"<h1>{self._text('title')}</h1><p>{html.escape(self.length)}</p>"]
        for n, (heading, items) in enumerate(self.sections()):
            if n == 1:
                body.append(f"<h2>{self._text('findings')}</h2>{self._findings_in_html()}")
            listed = "".join(f"<li>{html.escape(item)}</li>" for item in items)
            body.append(f"<h2>{html.escape(heading)}</h2><ul>{listed}</ul>")
        body.append(f"<h2>{self._text('talk')}</h2>")
        for turn in self.turns:
            if turn.given is not None:
                body.append(f"<pre><strong>{html.escape(turn.prompt)}</strong></pre>")
                body.append(f"<blockquote><pre>{html.escape(turn.given)}</pre></blockquote>")
                body.append(f"<p>{html.escape(turn.note or '')}</p>")
        style = "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}pre{white-space:pre-wrap}"
        head = f'<meta charset="utf-8"><title>{self._text("title")}</title><style>{style}</style>'
        return f'<!doctype html>\n<html lang="{lang}"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"

    def _text(self, name: str) -> str:
        return html.escape(self.say(name))

    def _findings_in_html(self) -> str:
        if not self.findings:
            return f"<p>{self._text('none')}</p>"
        items = [
            f"<li><strong>{html.escape(self._judged(each))}</strong>"
            f"<br>{html.escape(each.correction)}<br><small>{html.escape(self.say('source', source=each.source))}</small></li>"
            for each in self.findings
        ]
        return f"<ul>{''.join(items)}</ul>"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_\[\]#|~$])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _shown(prompt: str) -> str:
    """A question: its code stays code, whatever else is plain."""
    parts = re.split(r"(```.*?```)", prompt, flags=re.DOTALL)
    return "\n\n".join(part if part.startswith("```") else f"**{_plain(part)}**" for part in parts if part.strip())


def _quoted(given: str, code: bool) -> str:
    if not code:
        return "\n".join(f"> {_plain(line)}" for line in given.splitlines() or [""])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", given)), default=0))
    return f"{fence}python\n{given}\n{fence}"
