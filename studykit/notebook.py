"""What a notebook talks to: `lesson = study("lion")`, then `lesson.play()`, `.run()`, `.drill()`, `.check()`, `.quiz()`."""

import ast
import html
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython
from IPython.display import clear_output, display

from studykit import colab
from studykit import drill as drills
from studykit.bench.result import Effect, Result
from studykit.bench.train import Stopped, part, watching
from studykit.errors import InputError
from studykit.knobs import Knob, Value, knobs_of, parse_all
from studykit.language import Text, current
from studykit.progress import Progress
from studykit.question import Graded, Question, parse
from studykit.reading import Runs, Shown
from studykit.technique import REGIMES, Technique, catalog, technique
from studykit.widgets import DrillBox, Experiment, Play, Quiz

SEEDS = Knob("seeds", "number", "int", 3, low=1)
BOTH = "both"


def notebook_knobs(run: Callable[..., Any]) -> dict[str, Knob]:
    """The parameters of a notebook: those of `run`, with both regimes by default, and how many seeds.

    Args:
        run: The experiment's function.
    """
    knobs = knobs_of(run)
    knobs["regime"] = Knob("regime", "choice", "str", BOTH, choices=(BOTH, *knobs["regime"].choices))
    return knobs | {"seeds": SEEDS}


def study(technique_id: str, *, lang: str | None = None) -> "Study":
    """All that belongs to a technique, for a notebook.

    Args:
        technique_id: Such as `lion`.
        lang: `en` or `zh`; by default the learner's.

    Raises:
        InputError: There is no such technique; the nearest id is named.
    """
    _restored()
    return Study(technique(technique_id), lang)


class Study:
    """One technique in a notebook; `study` makes it.

    Attributes:
        card: The technique.
        parameters: Those of the notebook.
    """

    def __init__(self, card: Technique, lang: str | None = None) -> None:
        self.card, self.lang = card, lang or current()
        self._experiment = import_module(card.module_of("_experiment"))
        self.knobs = notebook_knobs(self._experiment.run)
        self.parameters: dict[str, Value] = {name: knob.default for name, knob in self.knobs.items()}
        self._quiz: Quiz | None = None
        # The judge takes a second to load torch: it does so while the lesson is read.
        drills.warm(card.id)

    def __repr__(self) -> str:
        return f"study({self.card.id!r})"

    def given(self, **parameters: Any) -> "Study":
        """Take the notebook's parameters.

        Args:
            **parameters: Any of `run`'s, and `seeds`.

        Raises:
            InputError: One is unknown or out of range; it names field and remedy.
        """
        self.parameters |= parse_all(self.knobs, parameters)
        return self

    def code(self, name: str | None = None) -> Shown:
        """The source of a definition out of the implementation.

        Args:
            name: A function, class or method such as `Lion.step`; by default the first public name.

        Raises:
            InputError: There is no such definition.
        """
        source = self.card.path(".py").read_text(encoding="utf-8")
        text = _definition(source, name or self.card.names[0])
        if text is None:
            raise InputError(
                f"code({name!r})",
                f"is not defined in {self.card.path('.py').name}",
                "name a function, class or Class.method of it",
            )
        # Markdown is coloured by whoever shows it, in a light theme as in a dark one.
        return Shown(text, markdown=f"```python\n{text}\n```")

    def use(self, technique_id: str) -> Any:
        """The implementation (first public name) of another technique."""
        return technique(technique_id).implementation()

    def play(self, **values: Value) -> Play:
        """The picture with knobs that the browser computes.

        Args:
            **values: Knobs to begin with.
        """
        return Play(self.card.path(".js"), lang=self.lang, **values)

    def run(self, regime: str, **changed: Value) -> Runs:
        """Run the experiment over the notebook's seeds.

        Args:
            regime: `helps` or `does_not`; left out where the parameters ask for the other one only.
            **changed: Parameters other than the notebook's.

        Raises:
            InputError: A parameter can't be used.
        """
        values = {**self.parameters, **parse_all(self.knobs, changed)}
        wanted = values.pop("regime")
        if regime not in REGIMES:
            raise InputError("regime", f"is {regime!r}", f"give one of {', '.join(REGIMES)}")
        first, count = int(values.pop("seed")), int(values.pop("seeds"))
        results: list[Result] = []
        if wanted in (BOTH, regime):
            with _progress(f"{self.card.id}: {regime}"):
                for number in range(count):
                    with part(number, count):
                        results.append(self._experiment.run(**values, regime=regime, seed=first + number))
        effect = self._experiment.effect(results) if results else Effect(())
        return Runs(self.card, regime, tuple(results), effect)

    def experiment(self) -> Experiment:
        """The knobs of the experiment with Run, Stop, progress and live curves."""
        knobs = knobs_of(self._experiment.run)

        def start(values: Mapping[str, Value], report: Callable[..., None], stopped: Callable[[], bool]) -> None:
            def watch(done: float, curves: Mapping[str, Any]) -> None:
                if stopped():
                    raise Stopped
                drawn.update({name: list(each) for name, each in curves.items()})
                report(done, drawn)

            drawn: dict[str, list[float]] = {}
            with watching(watch):
                try:
                    self._experiment.run(**values)
                except Stopped:
                    return

        return Experiment(knobs, start, lang=self.lang)

    @property
    def _drill(self) -> drills.Drill:
        found: drills.Drill = import_module(self.card.module_of("_drill")).drill
        return found

    def blank(self) -> str:
        """The drill's skeleton."""
        return drills.blank(self.card)

    def drill(self) -> DrillBox:
        """An editor with the blank, check, hints and reset."""
        asked = self._drill
        title = Text(*(f"{each} · {self.card.names[0]}{self.card.signature}" for each in self.card.title))
        box = DrillBox(
            title,
            asked.prompt,
            self.blank(),
            lambda code: self._judge(code, box.lang),
            hints=asked.hints,
            lang=self.lang,
        )
        return box

    def check(self, solution: Any) -> Shown:
        """Have a solution judged.

        Args:
            solution: The class or function itself, or its source as text.

        Raises:
            InputError: Its source can't be had.
        """
        shell = get_ipython()
        namespace = shell.user_ns if shell else vars(sys.modules["__main__"])
        source = solution if isinstance(solution, str) else drills.source_of(solution, namespace)
        verdict = self._judge(source, self.lang)
        colour = "#107040" if verdict.passed else "#a03000"
        printed = f"\n{verdict.printed}" if verdict.printed else ""
        page = f'<p style="border-left:4px solid {colour};padding-left:.8em">{html.escape(verdict.message)}</p>'
        page += f"<pre>{html.escape(printed)}</pre>" if printed else ""
        return Shown(verdict.message + printed, html=page)

    def _judge(self, source: str, lang: str) -> drills.Verdict:
        verdict = drills.grade(self.card.id, source, lang=lang)
        _recorded(lambda log: log.drilled(self.card.id, verdict.passed, verdict.mistake, verdict.seconds))
        return verdict

    def questions(self, level: str | None = None) -> tuple[Question, ...]:
        """The technique's questions, all or those of a level (`screen`, `onsite`, `expert`)."""
        every = parse(self.card.questions, self.card.id)
        return tuple(question for question in every if level in (None, question.level))

    def quiz(self, level: str | None = None) -> Quiz:
        """The questions one by one; every answer is kept in the progress file."""
        self._quiz = Quiz(self.questions(level), lang=self.lang, on_answer=self._answered)
        return self._quiz

    def answer(self, given: object, question_id: str | None = None) -> None:
        """Answer in text: prints the feedback and the next question.

        Args:
            given: A letter, letters, a number, a line, the printed output or free text.
            question_id: By default the first question without an answer.
        """
        (self._quiz or self.quiz()).answer(given, question_id)

    def _answered(self, question: Question, given: object, graded: Graded) -> None:
        _recorded(
            lambda log: log.answered(question.id, self.card.id, correct=graded.correct, score=graded.score, given=given)
        )


def _definition(source: str, name: str) -> str | None:
    scope: list[ast.stmt] = ast.parse(source).body
    found: ast.stmt | None = None
    for each in name.split("."):
        named = [node for node in scope if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == each]
        if not named:
            return None
        found, scope = named[0], named[0].body
    return ast.get_source_segment(source, found, padded=True) if found else None


def _recorded(write: Callable[[Progress], Any]) -> None:
    """Keep an event; a progress file that can't be used is told and stops nobody from learning."""
    try:
        with Progress() as log:
            write(log)
            colab.save(log)
    except InputError as error:
        print(error, file=sys.stderr)


@contextmanager
def _progress(name: str) -> Iterator[None]:
    """A bar while something is computed, in a notebook; it goes when that is done."""
    if not hasattr(get_ipython(), "kernel"):
        yield
        return
    bar = ipywidgets.FloatProgress(max=1.0, description=name, style={"description_width": "initial"})
    display(bar)  # type: ignore[no-untyped-call]
    said = io.StringIO()
    try:
        with watching(lambda done, _: bar.set_trait("value", done)), redirect_stdout(said):
            yield
    finally:
        bar.close()
        # The result takes its place; a saved notebook would keep an output without a widget.
        clear_output(wait=True)
        print(said.getvalue(), end="")  # such as the files of a folder that can't be used


def _restored() -> None:
    """In Colab, take in the progress that is on the learner's Drive; a file that can't be used is told."""
    try:
        colab.restore()
    except InputError as error:
        print(error, file=sys.stderr)


def desk() -> Shown:
    """What there is to study, what is known of it, and what is due today."""
    _restored()
    with Progress() as log:
        totals = {each.id: len(parse(each.questions, each.id)) for each in catalog().values()}
        mastery = log.mastery(totals)
        due = [each.technique for each in log.due()]
    rows = []
    for each in catalog().values():
        link = f"{each.tier}/{each.id}.ipynb"
        rows.append((link, each.title, each.summary, round(100 * mastery[each.id]), due.count(each.id)))
    head = "<tr><th></th><th>known · 已掌握</th><th>due · 待复习</th></tr>"
    body = "".join(
        f'<tr><td style="text-align:left"><a href="{link}">{html.escape(title.say())}</a></td><td>{known} %</td><td>{waiting}</td></tr>'
        for link, title, _, known, waiting in rows
    )
    text = "\n".join(f"{title.say():28} {known:3} %  {waiting} due" for _, title, _, known, waiting in rows)
    return Shown(text, html=f"<table>{head}{body}</table>")
