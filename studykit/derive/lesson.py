"""A lesson: Jupytext Markdown under fixed headings, the same in every notebook."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext

from studykit.errors import InputError
from studykit.language import Text

# Heading in the lesson to its key and its Chinese.
SECTIONS = {
    "The idea": ("idea", "核心思想"),
    "What an interviewer asks": ("asked", "面试官会问什么"),
    "The formula": ("formula", "公式与代码"),
    "Play": ("play", "动手调一调"),
    "Where it helps": ("helps", "它在哪里有用"),
    "Where it does not": ("does_not", "它在哪里没用"),
    "The trap": ("trap", "常见的误解"),
}
# What a section must call, so that no lesson leaves a part of the way out.
CALLS = {
    "formula": "lesson.code(",
    "play": "lesson.play(",
    "helps": 'lesson.run("helps")',
    "does_not": 'lesson.run("does_not")',
}
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$|```.*?```|`[^`]*`", re.DOTALL)
_WORDS = re.compile(r"[A-Za-z]{3}")
_DETAILS = re.compile(r"<details><summary>中文</summary>\n\n.+?\n\n</details>", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """One section: its key, its heading in both languages, and its cells as (kind, source)."""

    key: str
    heading: Text
    cells: tuple[tuple[str, str], ...]


def read_lesson(path: Path) -> tuple[Section, ...]:
    """The sections of a lesson.

    Args:
        path: A Jupytext Markdown file.

    Raises:
        InputError: A heading is missing, unknown or out of order, Chinese is missing, or a section lacks its call.
    """
    where = "/".join(path.parts[-3:])
    try:
        cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md").cells
    except OSError as error:
        raise InputError(where, f"can't be read ({error.strerror})", "write the lesson there") from None
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for cell in cells:
        if cell.cell_type == "code":
            _last(found, where)[1].append(("code", cell.source))
        else:
            _take_prose(cell.source, found, where)
    names = [name for name, _ in found]
    if names != list(SECTIONS):
        raise InputError(
            where, f"has the headings {', '.join(names)}", f"write these, in this order: {', '.join(SECTIONS)}"
        )
    return tuple(_section(name, parts, where) for name, parts in found)


def _last(found: list[tuple[str, list[tuple[str, str]]]], where: str) -> tuple[str, list[tuple[str, str]]]:
    if not found:
        raise InputError(where, "begins without a heading", f'write "## {next(iter(SECTIONS))}" first')
    return found[-1]


def _take_prose(source: str, found: list[tuple[str, list[tuple[str, str]]]], where: str) -> None:
    # Jupytext makes one cell of everything up to two empty lines: headings part it here.
    for piece in re.split(r"^(?=## )", source, flags=re.MULTILINE):
        heading = re.match(r"## (.+)\n?", piece)
        if heading:
            found.append((heading[1].strip(), []))
            piece = piece[heading.end() :]
        if piece.strip():
            _last(found, where)[1].append(("markdown", piece.strip()))


def _section(name: str, parts: list[tuple[str, str]], where: str) -> Section:
    key, chinese = SECTIONS[name]
    place = f"{where}: {name}"
    merged: list[tuple[str, str]] = []
    for kind, source in parts:
        if merged and kind == "markdown" == merged[-1][0]:
            merged[-1] = (kind, f"{merged[-1][1]}\n\n{source}")
        else:
            merged.append((kind, source))
    prose = [source for kind, source in merged if kind == "markdown"]
    if not prose:
        raise InputError(place, "has no prose", "write it in both languages")
    for source in prose:
        if _WORDS.search(_MATHS.sub("", source)) and not _DETAILS.search(source):
            first = " ".join(source.split())[:40]
            raise InputError(place, f'"{first} …" has no Chinese', "put it below in <details><summary>中文</summary>")
    call = CALLS.get(key)
    if call and not any(call in source for kind, source in merged if kind == "code"):
        raise InputError(place, f"lacks {call})".replace("))", ")"), "add a code cell with it")
    return Section(key, Text(name, chinese), tuple(merged))


def markdown_of(sections: tuple[Section, ...]) -> list[dict[str, Any]]:
    """The cells of all sections in order, each `{"id", "kind", "source"}`; a heading opens its section's first cell."""
    cells = []
    for number, section in enumerate(sections, 1):
        heading = f"## {number} · {section.heading.en} · {section.heading.zh}"
        parts = list(section.cells)
        if parts[0][0] == "markdown":
            parts[0] = ("markdown", f"{heading}\n\n{parts[0][1]}")
        else:
            parts.insert(0, ("markdown", heading))
        cells += [
            {"id": f"{section.key}-{n}", "kind": kind, "source": source} for n, (kind, source) in enumerate(parts, 1)
        ]
    return cells
