"""Reviews in a terminal."""

import random
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

from studykit import reviews
from studykit.errors import InputError
from studykit.language import Language, Text
from studykit.progress import Progress
from studykit.question import LEVELS, Question, parse
from studykit.technique import chosen
from studykit.terminal.screen import Leave, Screen

_KEYS = Text("u: take the last answer back · s: suspend this question · q: leave", "u：撤回上一个答案 · s：暂停这道题 · q：退出")
_LINES = Text(r"Write \n between printed lines.", r"多行输出用 \n 隔开。")
_RIGHT, _PARTLY, _WRONG = Text("Right.", "对。"), Text("Partly right.", "部分正确。"), Text("Wrong.", "错。")
_AGAIN = Text("Comes again {when}.", "{when}再来。")
_UNREAD = Text("{what}; {remedy}. It counts for nothing.", "这个答案读不出来，不计分。{how}")
_UNDONE = Text("Taken back: {question}. Here it is again.", "已撤回：{question}。再来一次。")
_NOTHING = Text("There is no answer to take back.", "没有可以撤回的答案。")
_SUSPENDED = Text("Suspended: it will not be asked again; u takes that back.", "已暂停，不会再问；按 u 撤回。")
_EMPTY = Text("Nothing is due, and nothing new is left here.", "没有到期的题，这里也没有新题了。")
_END = Text("{right} of {answered} right. {due} due now.", "答了 {answered} 题，答对 {right} 题。现在还有 {due} 题到期。")
_SHOWN = 120  # signs of what is wrong with an answer, which quotes it


class Quiz:
    """One session of reviews.

    Args:
        targets: Techniques, sections, tiers or `all`.
        level: Only questions of this level, or None.
        limit: How many at most.
        lang: In which language.

    Raises:
        InputError: A target or the level is none.
    """

    def __init__(self, targets: Iterable[str], level: str | None, limit: int, lang: Language) -> None:
        if level is not None and level not in LEVELS:
            raise InputError("--level", f"is {level!r}", f"give one of {', '.join(LEVELS)}")
        banks = [parse(card.questions, card.id) for card in chosen(targets)]
        self.bank = {each.id: each for bank in banks for each in bank if level in (None, each.level)}
        self.limit, self.lang = limit, lang
        self.screen = Screen()
        self.results: dict[int, bool] = {}
        self.last: tuple[int | None, Question] | None = None  # without an event it was suspended

    def run(self) -> int:
        """Ask until all are answered or the learner leaves; every answer is on the disk before the next is asked."""
        with Progress() as log:
            waiting = deque(each for each, _ in reviews.to_ask(log, self.bank, self.limit, self.limit))
            if not waiting:
                self.screen.say(_EMPTY.say(self.lang))
                return 0
            self.screen.say(_KEYS.say(self.lang), "dim")
            count, status = len(waiting), 0
            try:
                while waiting and self._ask(log, waiting, count):
                    pass
            except Leave as leave:
                status = leave.status
            due = len(reviews.due(log, self.bank))
            told = {"right": sum(self.results.values()), "answered": len(self.results), "due": due}
            self.screen.say(_END.say(self.lang).format(**told))
        return status

    def _ask(self, log: Progress, waiting: deque[Question], count: int) -> bool:
        """Ask the first that waits; whether to go on."""
        question = waiting[0].shown(random.randrange(2**31))
        self.screen.say()
        self.screen.say(f"{count - len(waiting) + 1}/{count}", "dim")
        self.screen.say(question.plain(self.lang))
        if question.type == "predict":
            self.screen.say(_LINES.say(self.lang), "dim")
        while True:
            given = self.screen.line().strip()
            if given == "q":
                return False
            if given == "s":
                log.suspend(question.id, question.technique)
                self.screen.say(_SUSPENDED.say(self.lang))
                self.last = (None, waiting.popleft())
                return True
            if given == "u":
                if self._undo(log, waiting):
                    return True
            elif given and self._graded(log, question, given):
                self.last = self.last and (self.last[0], waiting.popleft())
                return True

    def _undo(self, log: Progress, waiting: deque[Question]) -> bool:
        if self.last is None:
            self.screen.say(_NOTHING.say(self.lang))
            return False
        event, question = self.last
        if event is None:
            log.suspend(question.id, question.technique, False)
        else:
            log.undo(event)
            self.results.pop(event, None)
        self.last = None
        waiting.appendleft(question)
        self.screen.say(_UNDONE.say(self.lang).format(question=question.id))
        return True

    def _graded(self, log: Progress, question: Question, given: str) -> bool:
        """Grade and record an answer; one that can't be read is told so and counts for nothing."""
        try:
            graded = question.grade(given)
        except InputError as error:
            how = question.public(self.lang)["how"]
            told = _UNREAD.say(self.lang).format(what=error.what[:_SHOWN], remedy=error.remedy, how=how)
            self.screen.say(told, "yellow")
            return False
        event = log.answered(
            question.id, question.technique, correct=graded.correct, score=graded.score, given=given
        )
        self.results[event], self.last = graded.correct, (event, question)
        verdict = _RIGHT if graded.correct else _PARTLY if graded.score else _WRONG
        self.screen.say(verdict.say(self.lang), "bold green" if graded.correct else "bold red")
        self.screen.say(graded.feedback.say(self.lang))
        due = log.due_of(question.id)
        if due:
            self.screen.say(_AGAIN.say(self.lang).format(when=_when(due, self.lang)), "dim")
        return True


def _when(due: datetime, lang: Language) -> str:
    days = (due - datetime.now(UTC)).total_seconds() / 86400
    if days < 1:
        return Text("within a day", "一天之内").say(lang)
    return Text(f"in {days:.0f} days" if round(days) > 1 else "in a day", f"{days:.0f} 天后").say(lang)
