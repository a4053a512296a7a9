"""Pages for a reader: the table of techniques, the index notebook, the page of evidence."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from studykit.derive.notebooks import bootstrap_cell, folded, notebook_of
from studykit.language import Text
from studykit.question import parse
from studykit.technique import TIER_TITLES, TIERS, Technique, catalog

_START, _END = "<!-- techniques: derived by `studykit build` -->", "<!-- /techniques -->"
_WORDS = {"better": "better", "worse": "worse", "same": "no clear difference"}


def technique_table(prefix: str) -> str:
    """All techniques by tier in the order of study, as Markdown.

    Args:
        prefix: What leads from the page to the notebooks, such as `notebooks/`.
    """
    parts = []
    for tier in TIERS:
        cards = [each for each in catalog().values() if each.tier == tier]
        if not cards:
            continue
        title = TIER_TITLES[tier]
        rows = [_row(each, prefix) for each in cards]
        parts.append(
            "\n".join(
                [
                    f"**{title.en} · {title.zh}**",
                    "",
                    "| technique | in a sentence | questions |",
                    "|---|---|---|",
                    *rows,
                ]
            )
        )
    return "\n\n".join(parts)


def _row(card: Technique, prefix: str) -> str:
    count = len(parse(card.questions, card.id))
    summary = " ".join(card.summary.en.split())
    return f"| [{card.heading}]({prefix}{card.tier}/{card.id}.ipynb) | {summary} | {count} |"


def readme(text: str) -> str:
    """The README with the table of techniques as it should stand.

    Args:
        text: The README as it is; the table is between its two comments.

    Raises:
        ValueError: A comment is missing.
    """
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    if not start or not end:
        raise ValueError(f"README.md lacks {_START} … {_END}; put both in")
    return f"{before}{_START}\n\n{technique_table('notebooks/')}\n\n{_END}{after}"


def index() -> NotebookNode:
    """The notebook that Lab opens on."""
    welcome = Text(
        "Open a technique and go through it from top to bottom: the idea, the knobs, the experiment where it helps and where it "
        "does not, the drill, the quiz, and how to say it. What you answer comes back when you are about to forget it.",
        "打开一个技术，从头走到尾：核心思想、旋钮、它有用和没用的实验、动手写、自测，最后说出来。你答过的题会在快忘的时候再次出现。",
    )
    known = Text(
        "What you know and what is due; run the cell again to see it anew.",
        "已掌握的和今天该复习的；重新运行这个单元格即可刷新。",
    )
    whole = Text(
        "[“Which training tricks do you know?”](interview.ipynb): the answer by layer in 20 seconds, 60 seconds and 3 minutes, "
        "and the comparisons that follow.",
        "[“你知道哪些训练优化技巧？”](interview.ipynb)：按层面回答，20 秒、60 秒、3 分钟三种长度，以及随后的对比追问。",
    )
    cells: list[dict[str, Any]] = [
        {"id": "header", "kind": "markdown", "source": f"# studykit\n\n{welcome.en}\n\n{folded(welcome.zh)}"},
        bootstrap_cell(),
        {"id": "known", "kind": "markdown", "source": f"## Today · 今天\n\n{known.en}\n\n{folded(known.zh)}"},
        {"id": "desk", "kind": "code", "source": "from studykit.notebook import desk\n\ndesk()"},
        {"id": "techniques", "kind": "markdown", "source": f"## Techniques · 技术\n\n{technique_table('')}"},
        {"id": "whole", "kind": "markdown", "source": f"## The whole answer · 完整的回答\n\n{whole.en}\n\n{folded(whole.zh)}"},
    ]
    return notebook_of(cells, {"page": "index"})


def evidence_page(cards: Iterable[Technique]) -> str:
    """What `studykit report` measured, as one Markdown table; the figures come from `evidence/<id>.json` alone."""
    lines = [
        "# Evidence",
        "",
        "Derived by `studykit build` from the files beside it, which `studykit report` writes. One row: a technique against one",
        "other way of training in one regime; mean over seeds, and the 95 % interval of the paired difference.",
        "",
        "| technique | regime | metric | technique's | against | its | difference | 95 % interval | seeds won | found | card says |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    made = []
    for card in cards:
        if card.evidence.is_file():
            told = json.loads(card.evidence.read_text(encoding="utf-8"))
            lines += [_evidence_row(card, row) for row in told["rows"]]
            made.append(
                f"{card.id}: {told['made']['on']}, torch {told['made']['versions']['torch']}, {told['made']['hardware']}"
            )
    return "\n".join([*lines, "", *(f"- {each}" for each in made)]) + "\n"


def _evidence_row(card: Technique, row: Mapping[str, Any]) -> str:
    numbers = [
        "diverged" if row[name] is None else f"{row[name]:.4g}"
        for name in ("mean", "other", "difference", "low", "high")
    ]
    mean, other, difference, low, high = numbers
    expected = f"{_WORDS[row['expected']]} ({row['agreement']})" if row["expected"] else "–"
    arrow = "↑" if row["higher_is_better"] else "↓"
    cells = [
        f"[{card.id}](../notebooks/{card.tier}/{card.id}.ipynb)", row["regime"].replace("_", " "), f"{row['metric']} {arrow}",
        mean, row["against"], other, difference, f"{low} … {high}", f"{row['wins']}/{row['seeds']}", _WORDS[row["verdict"]], expected,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"
