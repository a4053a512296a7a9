"""What every page of the terminal shares: printing without markup, wrapped by the width of signs, and reading lines."""

import contextlib
import re
import sys
from typing import Any

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text as Line

BAR = 10  # signs of a full bar

# What a line is not broken in: a word, or a Chinese sign, each with the punctuation that belongs to it; and spaces.
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_PIECE = re.compile(rf"[^\S\n]+|[“‘（《「『【]*(?:[{_CJK}]|[^\s{_CJK}“‘]+)[，。、：；！？”’）》」』】…—]*|[“‘]")
_CONTROL = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


class Leave(Exception):
    """The learner goes: the end of what is piped in, or Ctrl-C, which is `interrupted`; `typed` was begun before."""

    def __init__(self, interrupted: bool) -> None:
        super().__init__()
        self.interrupted, self.typed = interrupted, ""

    @property
    def status(self) -> int:
        """The exit status."""
        return 130 if self.interrupted else 0


class Screen:
    """A console that shows text as it is, whatever brackets are in it; styles only repeat what words say."""

    def __init__(self) -> None:
        with contextlib.suppress(AttributeError, ValueError):
            # What is typed or piped may be anything; it is graded or refused, and never ends the session.
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        with contextlib.suppress(AttributeError, ValueError):
            # A terminal that lacks a sign shows another one.
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        self.console = Console(markup=False, highlight=False, emoji=False)

    def say(self, text: str = "", style: str = "") -> None:
        """Print, wrapped to the terminal; what could steer it is shown as a sign."""
        lines = [each for line in text.expandtabs(4).translate(_CONTROL).split("\n") for each in wrapped(line, self.console.width)]
        self.console.print(Line("\n".join(lines), style=style), overflow="fold")

    def show(self, prompt: str, style: str = "bold") -> None:
        """Print a question: what is between fences is code and keeps its lines."""
        for n, part in enumerate(prompt.split("```")):
            if part.strip():
                self.say(part.strip("\n"), "cyan" if n % 2 else style)

    def table(self, table: Any) -> None:
        """Print a table."""
        self.console.print(table)

    def line(self, prompt: str = "> ") -> str:
        """One line that is typed.

        Raises:
            Leave: There is none: the input has ended, or Ctrl-C.
        """
        if sys.stdin is None:  # it was closed
            raise Leave(interrupted=False)
        try:
            if sys.stdin.isatty():
                return input(prompt)
            self.console.out(prompt, end="", highlight=False)
            read = sys.stdin.readline()
            self.say()
        except EOFError:
            self.say()
            raise Leave(interrupted=False) from None
        except KeyboardInterrupt:
            self.say()
            raise Leave(interrupted=True) from None
        if not read:
            raise Leave(interrupted=False)
        return read.rstrip("\r\n")

    def lines(self, ends: str = "") -> str:
        """Lines as far as one that is `ends`, or as the input goes: Ctrl-D after some words ends them too.

        Raises:
            Leave: There are none; or Ctrl-C, which has those that were typed as its `typed`.
        """
        found: list[str] = []
        try:
            while (line := self.line()).rstrip() != ends:
                found.append(line)
        except Leave as leave:
            leave.typed = "\n".join(found)
            if leave.interrupted or not leave.typed.strip():
                raise
        return "\n".join(found)


def wrapped(line: str, width: int) -> list[str]:
    """A line as lines no wider than the terminal: Chinese may be broken after any sign, other text after its words."""
    lines, last, used = [], "", 0
    for piece in _PIECE.findall(line):
        size = cell_len(piece)
        if used + size > width and not (piece.isspace() and used):
            if last.strip():
                lines.append(last.rstrip())
                last, used = "", 0
            if used + size > width:
                *whole, piece = chop_cells(last + piece, width)
                lines += whole
                last, used, size = "", 0, cell_len(piece)
        last, used = last + piece, used + size
    return [*lines, last.rstrip()]


def bar(share: float) -> str:
    """A share, 0 to 1, as a bar that can be read without colour."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return "█" * full + "░" * (BAR - full)
