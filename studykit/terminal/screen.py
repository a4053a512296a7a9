"""What every page of the terminal shares: printing without markup, wrapped by the width of signs, and reading lines."""

import contextlib
import sys
from typing import Any

from rich.console import Console
from rich.text import Text as Line

BAR = 10  # signs of a full bar


class Leave(Exception):
    """The learner goes: the end of what is piped in, or Ctrl-C, which is `interrupted`."""

    def __init__(self, interrupted: bool) -> None:
        super().__init__()
        self.interrupted = interrupted

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
        self.console = Console(markup=False, highlight=False, emoji=False)

    def say(self, text: str = "", style: str = "") -> None:
        """Print, wrapped to the terminal."""
        self.console.print(Line(text, style=style), overflow="fold")

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
        """Lines as far as one that is `ends`.

        Raises:
            Leave: The input ends before it.
        """
        found: list[str] = []
        while (line := self.line()).rstrip() != ends:
            found.append(line)
        return "\n".join(found)


def bar(share: float) -> str:
    """A share, 0 to 1, as a bar that can be read without colour."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return "█" * full + "░" * (BAR - full)
