"""The results as one page without scripts: both languages, light and dark, a dot and interval beside each number."""

import html
import json
import math
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from itertools import groupby
from typing import Any
from urllib.parse import quote

from studykit.errors import InputError
from studykit.language import Text, current
from studykit.runner.jobs import word
from studykit.technique import technique

_WORDS = {
    "better": Text("better", "更好"),
    "worse": Text("worse", "更差"),
    "same": Text("no clear difference", "差异不明显"),
    "agrees": Text("agrees", "相符"),
    "not shown": Text("not shown", "未能证实"),
    "disagrees": Text("disagrees", "不符"),
    "no expectation": Text("no expectation", "无预期"),
    "helps": Text("where it should help", "应当有效的场景"),
    "does_not": Text("where it should not", "不应有效的场景"),
    "failed": Text("failed", "失败"),
    "interrupted": Text("interrupted", "中断"),
    "running": Text("running", "运行中"),
    "done": Text("no result", "没有结果"),
}
_HEADS = (
    Text("parameters", "参数"),
    Text("technique", "该技术"),
    Text("baseline", "基线"),
    Text("difference [95 % interval]", "差值 [95% 区间]"),
    Text("", ""),
    Text("seeds better", "占优种子"),
    Text("found", "结论"),
    Text("with the card", "与卡片预期"),
    Text("time", "用时"),
)
_UNFINISHED = (Text("run", "运行"), Text("status", "状态"), Text("reason", "原因"), Text("notebook", "notebook"))
_MARKS = {"better": "▲", "worse": "▼", "same": "○"}
WIDTH, HEIGHT, MARGIN = 220, 20, 8
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5a636e; --line: #d5dae0; --page: #ffffff; --good: #0072b2;
  --bad: #b34700; --even: #5a636e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --dim: #a3acb7; --line: #3a424c; --page: #15181c;
  --good: #56b4e9; --bad: #f0883e; --even: #a3acb7; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
caption { text-align: left; color: var(--dim); padding: .3rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { color: var(--dim); font-weight: 600; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; }
.better { color: var(--good); } .worse { color: var(--bad); } .same { color: var(--even); }
.disagrees, .failed { color: var(--bad); font-weight: 600; }
a { color: var(--good); }
svg { display: block; } svg .zero { stroke: var(--line); } svg .bar { stroke: currentColor; stroke-width: 2; }
svg .dot { fill: currentColor; }
body:has(#zh:checked) .en, body:has(#en:checked) .zh { display: none; }
.languages { float: right; }
"""


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The report of rows as `collect` gives them."""
    found = [row for row in rows if row["against"] is not None]
    lost = [row for row in rows if row["against"] is None]
    lang = current()
    pick = "".join(
        f'<label><input type="radio" name="language" id="{each}"{" checked" if each == lang else ""}> {name}</label> '
        for each, name in (("en", "English"), ("zh", "中文"))
    )
    runs = len({(row["technique"], row["run"]) for row in rows})
    odd = sum(row["agreement"] == "disagrees" for row in found)
    summary = Text(
        f"Runs: {runs}. Comparisons: {len(found)}; against what the card expects: {odd}. Runs without result: {len(lost)}.",
        f"共 {runs} 次运行、{len(found)} 项比较，其中 {odd} 项与卡片预期不符；{len(lost)} 次运行没有结果。",
    )
    how = Text(
        "A difference is the technique's mean minus the baseline's, paired by seed; blue with ▲ is better, orange with ▼ "
        "worse, grey with ○ means that the interval includes zero. Each table's plots share one scale; the vertical "
        "line is zero.",
        "差值为该技术的均值减去基线的均值，按种子配对；蓝色 ▲ 表示更好，橙色 ▼ 表示更差，灰色 ○ 表示区间包含 0。"
        "同一张表内的图使用同一刻度，竖线为 0。",
    )
    body = [f"<p>{_both(summary)}</p>", f"<p>{_both(how)}</p>"]
    for name, group in groupby(found, key=lambda row: row["technique"]):
        body.append(f"<h2>{_both(_title(name))}</h2>")
        body += [_table(list(part)) for _, part in groupby(group, key=_panel)]
    if lost:
        body += [f"<h2>{_both(Text('Runs without result', '没有结果的运行'))}</h2>", _unfinished(lost)]
    title = Text("What the runs found", "运行结果")
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>studykit: {title.say(lang)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<form class="languages" aria-label="Language, 语言">{pick}</form>\n<h1>{_both(title)}</h1>\n'
        + "\n".join(body)
        + f"\n<p>{html.escape(_environment())}</p>\n</body>\n</html>\n"
    )


def _panel(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["regime"], row["metric"], row["against"], row["arm"]


def _table(rows: list[dict[str, Any]]) -> str:
    first = rows[0]
    better = Text("higher is better", "越高越好") if first["higher_is_better"] else Text("lower is better", "越低越好")
    regime = _WORDS.get(first["regime"], Text(first["regime"], first["regime"]))
    arms = f"{first['arm']} / {first['against']}"
    caption = Text(
        f"{regime.en}: {arms}, {first['metric']} ({better.en})",
        f"{regime.zh}：{arms}，{first['metric']}（{better.zh}）",
    )
    ends = [row[name] for row in rows for name in ("low", "difference", "high")]
    scale = _scale(ends)
    lines = [_line(row, scale) for row in rows]
    return _framed(caption, _HEADS, lines)


def _line(row: dict[str, Any], scale: tuple[float, float]) -> str:
    parameters = ", ".join(f"{name}={word(value)}" for name, value in json.loads(row["changed"]).items())
    named = html.escape(parameters) if parameters else _both(Text("defaults", "默认值"))
    verdict, agreement = str(row["verdict"]), str(row["agreement"])
    interval = f"{_show(row['difference'])} [{_show(row['low'])}, {_show(row['high'])}]"
    if not _finite(row["low"], row["high"]):
        interval = _show(row["difference"])
    cells = (
        f'<td><a href="{html.escape(quote(row["notebook"]))}">{named}</a></td>',
        *(f'<td class="n">{html.escape(_show(row[name]))}</td>' for name in ("mean", "against_mean")),
        f'<td class="n">{html.escape(interval)}</td>',
        f'<td class="{_class(verdict)}">{_plot(row, scale)}</td>',
        f'<td class="n">{html.escape(str(row["wins"]))}/{html.escape(str(row["seeds"]))}</td>',
        f'<td class="n {_class(verdict)}">{_MARKS.get(verdict, "")} {_word(verdict)}</td>',
        f'<td class="n {_class(agreement)}">{_word(agreement)}</td>',
        f'<td class="n">{html.escape(_show(row["seconds"]))} s</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _unfinished(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        changed = json.loads(row["changed"])
        label = " ".join([row["technique"], *(f"{name}={word(value)}" for name, value in changed.items())])
        link = html.escape(quote(row["notebook"]))
        lines.append(
            f'<tr><td>{html.escape(label)}</td><td class="{_class(row["status"])}">{_word(row["status"])}</td>'
            f'<td>{html.escape(row["reason"] or "")}</td><td><a href="{link}">{html.escape(row["notebook"])}</a></td></tr>'
        )
    return _framed(Text("", ""), _UNFINISHED, lines)


def _framed(caption: Text, heads: Iterable[Text], lines: list[str]) -> str:
    head = "".join(f'<th scope="col">{_both(each)}</th>' for each in heads)
    above = f"<caption>{_both(caption)}</caption>" if caption.en else ""
    return (
        f'<div class="wide"><table>{above}<thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def _plot(row: dict[str, Any], scale: tuple[float, float]) -> str:
    """The difference as a dot on its interval, zero as a line."""
    if not _finite(row["difference"]):
        return ""
    low, high = scale

    def x(value: float) -> str:
        return f"{MARGIN + (value - low) / (high - low) * (WIDTH - 2 * MARGIN):.1f}"

    says, middle, bar = f"{_show(row['difference'])}", HEIGHT / 2, ""
    if _finite(row["low"], row["high"]):
        says += f" [{_show(row['low'])}, {_show(row['high'])}]"
        bar = f'<line class="bar" x1="{x(row["low"])}" x2="{x(row["high"])}" y1="{middle}" y2="{middle}"/>'
    return (
        f'<svg role="img" aria-label="{html.escape(says)}" width="{WIDTH}" height="{HEIGHT}">'
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{HEIGHT}"/>{bar}'
        f'<circle class="dot" cx="{x(row["difference"])}" cy="{middle}" r="4"/></svg>'
    )


def _scale(values: Iterable[float | None]) -> tuple[float, float]:
    """The range of all that is drawn, zero included."""
    known = [0.0, *(value for value in values if value is not None and math.isfinite(value))]
    low, high = min(known), max(known)
    return (low, high) if low < high else (-1.0, 1.0)


def _finite(*values: float | None) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _both(text: Text) -> str:
    """Both languages, of which the style sheet shows one."""
    return "".join(
        f'<span class="{name}" lang="{lang}">{html.escape(words)}</span>'
        for name, lang, words in (("en", "en", text.en), ("zh", "zh-CN", text.zh))
    )


def _word(name: str) -> str:
    return _both(_WORDS[name]) if name in _WORDS else html.escape(name)


def _class(name: str) -> str:
    return name if name in _WORDS and " " not in name else ""


def _title(technique_id: str) -> Text:
    try:
        return technique(technique_id).title
    except InputError:
        return Text(technique_id, technique_id)


def _environment() -> str:
    versions = [f"Python {platform.python_version()}"]
    for name in ("torch", "numpy", "papermill"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {', '.join(versions)} · {platform.system()} {platform.machine()}"
