"""The page on the whole subject, `notebooks/interview.ipynb`: prose in which every figure is put in from claim or evidence."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from studykit.claims import LEDGER, claims
from studykit.derive.notebooks import bootstrap_cell, folded, notebook_of
from studykit.errors import InputError
from studykit.technique import PACKAGE, catalog

SOURCE = Path(__file__).with_name("interview.md")
MARKS = re.compile(r"\[\[(claim|evidence):([^\]]+)\]\]")
_CHINESE = re.compile(r"<zh>(.*?)</zh>", re.DOTALL)
# What the outputs depend on, beside the code of the cells.
_BEHIND = (LEDGER, *(PACKAGE / name for name in ("claims_patterns.toml", "linting.py", "wording.py")))


def interview() -> NotebookNode:
    """The notebook as it should stand, without outputs.

    Raises:
        InputError: A mark in the prose names no claim or no row of evidence.
    """
    cells = list(_cells(SOURCE.read_text(encoding="utf-8")))
    code = [cell["source"] for cell in cells if cell["kind"] == "code"]
    behind = [path.read_text(encoding="utf-8") for path in _BEHIND]
    executed = hashlib.sha256("\0".join([*code, *behind]).encode()).hexdigest()[:16]
    return notebook_of(cells, {"page": "interview", "executed": executed})


def _cells(source: str) -> Iterator[dict[str, Any]]:
    for number, section in enumerate(re.split(r"^(?=## )", source, flags=re.MULTILINE)):
        for part, text in enumerate(re.split(r"^```python\n(.*?)\n```$", section, flags=re.MULTILINE | re.DOTALL)):
            if text.strip():
                kind = "code" if part % 2 else "markdown"
                shown = text.strip() if part % 2 else _markdown(text)
                yield {"id": f"part-{number}-{part}", "kind": kind, "source": shown}
        if not number:
            yield bootstrap_cell()


def _markdown(text: str) -> str:
    """The prose with its figures, Chinese folded under the English."""
    english = _CHINESE.sub(lambda found: f"\0{found[1]}\0", text)
    parts = [_filled(part, chinese=bool(n % 2)) for n, part in enumerate(english.split("\0"))]
    return "".join(folded(part.strip()) if n % 2 else part for n, part in enumerate(parts)).strip()


def _filled(text: str, *, chinese: bool) -> str:
    return MARKS.sub(lambda mark: (_claim if mark[1] == "claim" else _evidence)(mark[2], chinese), text)


def _claim(name: str, chinese: bool) -> str:
    """A link to the lesson that settles the claim, or its source where there is none."""
    if name not in claims():
        raise InputError("interview.md", f"names the claim {name!r}", "take one of claims.toml")
    claim = claims()[name]
    if claim.owner in catalog():
        card = catalog()[claim.owner]
        said = f"出处：{card.title.zh}" if chinese else f"source: {card.title.en}"
        return f"([{said}]({card.tier}/{card.id}.ipynb))"
    return f"(*{claim.sources[0].cite}*)"


def _evidence(name: str, chinese: bool) -> str:
    """A measured difference with its interval: `technique/regime/against`."""
    technique_id, regime, against = name.split("/")
    card = catalog().get(technique_id)
    rows = json.loads(card.evidence.read_text(encoding="utf-8"))["rows"] if card and card.evidence.is_file() else []
    found = [row for row in rows if (row["regime"], row["against"]) == (regime, against)]
    if not found or card is None:
        raise InputError("interview.md", f"names the evidence {name!r}", "take a row of evidence/README.md")
    middle, low, high = (f"{found[0][key]:+.3g}".replace("-", "−") for key in ("difference", "low", "high"))
    link = f"{card.tier}/{card.id}.ipynb"
    seeds = found[0]["seeds"]
    if chinese:
        return f"**{middle}**（95% 区间 {low} 到 {high}，[{seeds} 个种子]({link})）"
    return f"**{middle}** (95 % interval {low} to {high}, [{seeds} seeds]({link}))"
