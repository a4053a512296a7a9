"""`DrillBox`: write it from the blank, check it, be told which mistake it was."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

from studykit.language import Text, current
from studykit.widgets.bundle import bundle
from studykit.widgets.readable import Readable

HERE = Path(__file__).parent
_HOW = Text(
    "Set .code to your solution, then .check() and read .verdict; .reset() keeps a copy, .restore() brings it back.",
    "把解答赋给 .code，然后 .check()，结果在 .verdict；.reset() 会留一份副本，.restore() 可取回。",
)


class Verdict(Protocol):
    """What a check returns."""

    @property
    def passed(self) -> bool: ...  # noqa: D102
    @property
    def mistake(self) -> str | None: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102


class DrillBox(Readable, anywidget.AnyWidget):
    """An editor with check, hints and a reset that never loses what was written.

    Args:
        title: What is to be written.
        prompt: The task, with the convention it asks for.
        blank: The text to begin with.
        check: Takes the code and returns the verdict; runs in a thread, so that the kernel stays free.
        hints: Shown one by one.
        lang: `en` or `zh`; by default the learner's language.
    """

    _esm = bundle(HERE / "drill.js")
    _css = "".join((HERE / name).read_text(encoding="utf-8") for name in ("base.css", "drill.css"))
    lang = traitlets.Enum(("en", "zh")).tag(sync=True)
    title = traitlets.Dict().tag(sync=True)
    prompt = traitlets.Dict().tag(sync=True)
    hints: traitlets.List[Any] = traitlets.List().tag(sync=True)
    revealed = traitlets.Int(0, help="How many hints are shown.").tag(sync=True)
    code = traitlets.Unicode(help="What the learner has written.").tag(sync=True)
    copies = traitlets.List(traitlets.Unicode(), help="What a reset put aside, the latest last.").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    verdict = traitlets.Dict(
        help="passed, mistake, message, seconds, and printed if something was; empty at first."
    ).tag(sync=True)

    def __init__(
        self,
        title: Text,
        prompt: Text,
        blank: str,
        check: Callable[[str], Verdict],
        *,
        hints: Iterable[Text] = (),
        lang: str | None = None,
    ) -> None:
        self._blank, self._check = blank, check
        super().__init__(
            title=title._asdict(),
            prompt=prompt._asdict(),
            hints=[hint._asdict() for hint in hints],
            code=blank,
            lang=lang or current(),
        )
        self.on_msg(self._receive)

    def check(self) -> threading.Thread:
        """Check `code` in a thread; `verdict` has the result when it ends. A check that is under way goes on alone."""
        thread = threading.Thread(target=self._judge, args=(self.code,), daemon=True)
        if not self.busy:
            self.busy = True
            thread.start()
        return thread

    def reset(self) -> None:
        """Begin again from the blank; what was written is kept in `copies`."""
        self._replace(self._blank)

    def restore(self) -> None:
        """Bring back the latest copy; what stands there now is kept in its place."""
        if self.copies:
            latest = self.copies[-1]
            self.copies = self.copies[:-1]
            self._replace(latest)

    def _replace(self, code: str) -> None:
        if self.code not in (self._blank, code, *self.copies):
            self.copies = [*self.copies, self.code]
        self.code, self.verdict = code, {}

    def _judge(self, code: str) -> None:
        try:
            verdict = self._check(code)
            shown = {name: getattr(verdict, name) for name in ("passed", "mistake", "message", "seconds")}
            if printed := getattr(verdict, "printed", ""):
                shown["printed"] = printed
        except Exception as error:  # The learner sees one line; a dead thread would show nothing at all.
            shown = {"passed": False, "mistake": None, "message": f"{type(error).__name__}: {error}", "seconds": 0.0}
        self.verdict = shown
        self.busy = False

    def _receive(self, _: object, message: dict[str, Any], __: object) -> None:
        # The text travels with the message: the trait's own update may still be on its way.
        self.code = str(message.get("code", self.code))
        {"check": self.check, "reset": self.reset, "restore": self.restore}.get(
            str(message.get("kind")), lambda: None
        )()

    def plain(self) -> str:
        """Title, task, the code as it stands, and how to go on in text."""
        title, prompt = Text(**self.title).say(self.lang), Text(**self.prompt).say(self.lang)
        return "\n".join([title, "", prompt, "", self.code.rstrip(), "", _HOW.say(self.lang)])
