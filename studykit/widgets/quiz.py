"""`Quiz`: one question at a time; Python grades, so the right answer reaches the browser only with the feedback."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from studykit.errors import InputError
from studykit.language import Text, current
from studykit.question import Graded, Question
from studykit.widgets.bundle import bundle
from studykit.widgets.readable import Readable

HERE = Path(__file__).parent
_HOW = Text('Answer with .answer("…"); print(quiz) shows the question.', '用 .answer("…") 作答；print(quiz) 显示题目。')
_VERDICT = {True: Text("Right.", "答对了。"), False: Text("Not right.", "没有答对。")}


class Quiz(Readable, anywidget.AnyWidget):
    """Questions, each answered once in the browser or by `answer`.

    Args:
        questions: What is asked, in this order.
        lang: `en` or `zh`; by default the learner's language.
        seed: Draws the order of options and steps.
        on_answer: Called with question, what was given, and the verdict, before the feedback is shown.
    """

    _esm = bundle(HERE / "quiz.js")
    _css = "".join((HERE / name).read_text(encoding="utf-8") for name in ("base.css", "quiz.css"))
    lang = traitlets.Enum(("en", "zh")).tag(sync=True)
    questions: traitlets.List[Any] = traitlets.List(help="Per question its public part in both languages.").tag(
        sync=True
    )
    index = traitlets.Int(help="The question that is shown.").tag(sync=True)
    results = traitlets.Dict(help="By question id: given, correct, score and feedback in both languages.").tag(
        sync=True
    )
    problem = traitlets.Dict(
        help="Why the last answer could not be read: id, text, and n, which tells two alike apart."
    ).tag(sync=True)

    def __init__(
        self,
        questions: Iterable[Question],
        *,
        lang: str | None = None,
        seed: int = 0,
        on_answer: Callable[[Question, object, Graded], None] | None = None,
    ) -> None:
        self._asked = {question.id: question.shown(seed) for question in questions}
        if not self._asked:
            raise InputError("quiz", "has no question", "give at least one")
        self._on_answer = on_answer
        public = [{each: question.public(each) for each in ("en", "zh")} for question in self._asked.values()]
        super().__init__(questions=public, lang=lang or current())
        self.on_msg(self._receive)

    @property
    def shown(self) -> Question:
        """The question that is shown."""
        return list(self._asked.values())[self.index]

    def answer(self, given: object, question_id: str | None = None) -> None:
        """Answer in text: prints the feedback, then the next question unless one was asked for by its id.

        Args:
            given: A letter, letters (`"a,c"`), a number, a line, the printed output or free text.
            question_id: By default the first question from the shown one on that has no answer yet.

        Raises:
            InputError: There is no such question, or what was given can't be read; nothing is recorded.
        """
        question = self._asked[question_id] if question_id in self._asked else self._next(question_id)
        self.index = list(self._asked).index(question.id)
        graded = self._grade(question, given)
        print(_VERDICT[graded.correct].say(self.lang), graded.feedback.say(self.lang).strip(), sep="\n")
        if question_id is None and len(self.results) < len(self._asked):
            self.index = list(self._asked).index(self._next(None).id)
            print("", self.shown.plain(self.lang), sep="\n")

    def _next(self, question_id: str | None) -> Question:
        if question_id is not None:
            raise InputError(question_id, "is no question of this quiz", f"use one of {', '.join(self._asked)}")
        ids = list(self._asked)
        for name in (*ids[self.index :], *ids[: self.index]):
            if name not in self.results:
                return self._asked[name]
        raise InputError("quiz", "every question is answered", "name one by its question_id to answer it again")

    def _grade(self, question: Question, given: object) -> Graded:
        graded = question.grade(given)
        if self._on_answer:
            self._on_answer(question, given, graded)
        result = {
            "given": given,
            "correct": graded.correct,
            "score": graded.score,
            "feedback": graded.feedback._asdict(),
        }
        self.results = {**self.results, question.id: result}
        return graded

    def _receive(self, _: object, message: dict[str, Any], __: object) -> None:
        question = self._asked.get(message.get("id", ""))
        # A second click that was on its way must not be recorded as a second answer.
        if message.get("kind") != "answer" or question is None or question.id in self.results:
            return
        try:
            self._grade(question, message.get("given", ""))
        except InputError as error:
            self.problem = {
                "id": question.id,
                "text": f"{error.what}; {error.remedy}",
                "n": self.problem.get("n", 0) + 1,
            }

    def plain(self) -> str:
        """The question that is shown, and how to answer it in text."""
        place = f"{self.index + 1}/{len(self._asked)}"
        return f"{place} {self.shown.plain(self.lang)}\n\n{_HOW.say(self.lang)}"
