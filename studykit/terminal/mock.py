"""A mock interview in a terminal; it is saved at each answer, so that it can be left and gone on with."""

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Self

from studykit import drill
from studykit.errors import InputError, StorageError
from studykit.interview import Interview, Interviews, Settings, Turn, keep
from studykit.judge.client import JudgeError
from studykit.language import Text
from studykit.progress import Progress
from studykit.terminal.screen import Leave, Screen

_HOW = Text(
    "Answer in your own words; an empty line ends an answer. Ctrl-C leaves, `studykit mock --resume` goes on.",
    "用自己的话回答，空行结束。Ctrl-C 离开，`studykit mock --resume` 继续。",
)
_CLOCK = Text("{minutes:.0f} of {whole} minutes", "{whole} 分钟已用 {minutes:.0f} 分钟")
_PATH = Text(
    "Give the path of a .py file with your solution, or the solution itself; a line with a single . ends it.",
    "输入解答文件（.py）的路径，或者直接写代码，最后单独一行 . 结束。",
)
_EDITOR = Text("Your editor is opened; save and close it when you are done: {path}", "已打开编辑器，写完保存并关闭：{path}")
_NO_EDITOR = Text("The editor could not be used: {why}.", "编辑器打不开：{why}。")
_LEFT = Text("Kept. Go on with `studykit mock --resume`.", "已保存。用 `studykit mock --resume` 继续。")
_BEGUN = Text("You had begun like this; go on:", "上次说到这里，接着说：")
_WRITTEN = Text("What you had written is in {path}.", "上次写的代码在 {path}。")
_RETRY = Text("Your answer is still here: Enter tries to keep it again.", "你的回答还在；处理好后按回车重试保存。")
_KEPT = Text("Report: {paths}", "报告：{paths}")
_JUDGE = Text("The judge could not be asked ({why}). Nothing is lost: try again with `studykit mock --resume`.",
              "判题进程不可用（{why}）。内容都在，用 `studykit mock --resume` 再试。")  # fmt: skip


class Mock:
    """One interview at a terminal.

    Args:
        interview: The interview, new or left before.
    """

    def __init__(self, interview: Interview) -> None:
        self.interview, self.lang = interview, interview.settings.lang
        self.store, self.screen = Interviews(), Screen()

    @classmethod
    def begun(cls, settings: Settings) -> Self:
        """A new one."""
        return cls(Interview.start(settings))

    @classmethod
    def resumed(cls) -> Self:
        """The last that was left.

        Raises:
            InputError: There is none.
        """
        for interview in Interviews().all():
            if not interview.finished or not interview.kept:
                return cls(interview)
        raise InputError("--resume", "no interview was left", "start one with `studykit mock`")

    def run(self) -> int:
        """Ask until it is over or left."""
        self.store.save(self.interview)
        self.screen.say(_HOW.say(self.lang), "dim")
        try:
            while self.interview.asked:
                self._turn(self.interview.asked)
        except Leave as leave:
            self._draft(leave.typed)
            self.screen.say(_LEFT.say(self.lang))
            return leave.status
        except JudgeError as error:
            self.screen.say(_JUDGE.say(self.lang).format(why=error), "yellow")
            return 2
        return self._report()

    def _turn(self, turn: Turn) -> None:
        whole, minutes = self.interview.settings.minutes, self.interview.elapsed / 60
        self.screen.say()
        self.screen.say(_CLOCK.say(self.lang).format(minutes=minutes, whole=whole), "dim")
        self.screen.show(turn.prompt)
        began = time.monotonic()
        given = self._solution(turn) if turn.kind == "drill" else self._spoken()
        try:
            answered = self.interview.answer(given, time.monotonic() - began)
        except KeyboardInterrupt:  # while it is judged
            self._draft(given)
            raise Leave(interrupted=True) from None
        except InputError as error:  # far too long; it is asked again
            self.screen.say(str(error), "yellow")
            return
        self._save()
        self._file(".txt").unlink(missing_ok=True)
        if answered.note:
            self.screen.say()
            self.screen.say(answered.note)

    def _save(self) -> None:
        """Keep the interview, if need be at the second try: what was said just now is nowhere else yet."""
        while True:
            try:
                self.store.save(self.interview)
                return
            except StorageError as error:
                self.screen.say(str(error), "yellow")
                self.screen.say(_RETRY.say(self.lang))
                try:
                    self.screen.line()
                except Leave:
                    raise error from None

    def _file(self, suffix: str) -> Path:
        return self.store.folder / f"{self.interview.id}{suffix}"

    def _attach(self, suffix: str, text: str) -> Path:
        return self.store.attach(self.interview.id, suffix, text)

    def _draft(self, typed: str) -> None:
        """Keep what was begun and not yet answered."""
        turn = self.interview.asked
        if turn and typed.strip():
            self._attach(".py" if turn.kind == "drill" else ".txt", typed)

    def _spoken(self) -> str:
        """An answer in prose, after what was begun of it before the interview was left."""
        path = self._file(".txt")
        begun = path.read_text(encoding="utf-8") if path.exists() else ""
        if begun:
            self.screen.say(_BEGUN.say(self.lang), "dim")
            self.screen.say(begun)
        try:
            return "\n".join(filter(None, [begun, self.screen.lines()]))
        except Leave as leave:
            leave.typed = "\n".join(filter(None, [begun, leave.typed]))
            raise

    def _solution(self, turn: Turn) -> str:
        blank, editor = turn.blank or "", os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if editor:
            path = self._file(".py")
            if not path.exists():  # what was written before the interview was left is still there
                self._attach(".py", blank)
            self.screen.say(_EDITOR.say(self.lang).format(path=path), "dim")
            try:
                subprocess.run([*shlex.split(editor), str(path)], check=True)
                return drill.read(path)
            except KeyboardInterrupt:
                raise Leave(interrupted=True) from None
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                self.screen.say(_NO_EDITOR.say(self.lang).format(why=error), "yellow")
        self.screen.show(f"```\n{blank}\n```")
        self.screen.say(_PATH.say(self.lang), "dim")
        if self._file(".py").exists():
            self.screen.say(_WRITTEN.say(self.lang).format(path=self._file(".py")), "dim")
        return self._file_or_lines()

    def _file_or_lines(self) -> str:
        first = self.screen.line()
        while first.strip().endswith(".py") and " " not in first.strip():
            try:
                return drill.read(Path(first.strip()).expanduser())
            except InputError as error:
                self.screen.say(str(error), "yellow")
                first = self.screen.line()
        if first.strip() in ("", "."):
            return ""
        try:
            return f"{first}\n{self.screen.lines(ends='.')}\n"
        except Leave as leave:
            leave.typed = f"{first}\n{leave.typed}"
            raise

    def _report(self) -> int:
        """Show how it went, and keep it where it is found again."""
        report = self.interview.report()
        assert report is not None
        paths = []
        for suffix, text in ((".md", report.markdown), (".html", report.html)):
            paths.append(str(self._attach(suffix, text)))
        self.screen.say()
        self.screen.say(report.plain)
        self.screen.say(_KEPT.say(self.lang).format(paths=", ".join(paths)), "dim")
        with Progress() as log:
            keep(self.interview, log)
        self.store.save(self.interview)
        return 0
