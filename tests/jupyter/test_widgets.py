"""The widgets without a browser: traits, messages, text, threads, and the bundler."""

import json
import math
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import ipywidgets
import pytest
import torch
import traitlets

from studykit.errors import InputError
from studykit.knobs import Choice, Knob, Log, Range, knobs_of
from studykit.language import Text
from studykit.optim.adam import Adam
from studykit.optim.adamw import AdamW
from studykit.optim.lion import Lion
from studykit.optim.sgd import SGD
from studykit.question import parse
from studykit.technique import SECTIONS
from studykit.widgets import Curves, DrillBox, Experiment, Play, Quiz
from studykit.widgets.bundle import bundle, constant

PACKAGE = Path(__file__).parents[2] / "studykit"
PICTURES = sorted(path for section in SECTIONS for path in (PACKAGE / section).glob("[a-z]*.js"))
LION = PACKAGE / "optim" / "lion.js"
VIEW = "application/vnd.jupyter.widget-view+json"


def text_of(widget):
    bundled = widget._repr_mimebundle_()
    data = bundled[0] if isinstance(bundled, tuple) else bundled
    assert VIEW in data, "without the view the notebook shows nothing but text"
    return data["text/plain"]


def receive(widget, **message):
    """What the browser's `model.send` does."""
    widget._handle_custom_msg(message, [])


# --- Play


@pytest.mark.parametrize("module", PICTURES, ids=lambda path: path.stem)
def test_a_picture_has_its_knobs_as_traits_and_says_them_in_text(module):
    play = Play(module)
    for name, knob in play.knobs.items():
        assert getattr(play, name) == knob.default
        assert play.traits()[name].metadata["sync"]
        assert re.search(rf"^  {name} +=", text_of(play), re.MULTILINE)
    assert set(play.knobs) <= set(play.get_state())
    labels = [play.title, *play.labels.values()]
    assert all(each.en and each.zh for each in labels)


def drawn(module, folder, **values):
    """What the picture draws; None where there is no Node, which nothing but these tests asks for."""
    node = shutil.which("node")
    bundled = folder / "picture.mjs"
    bundled.write_text(bundle(module), encoding="utf-8")
    if node is None:
        return None
    draw = [node, Path(__file__).with_name("draw.mjs"), bundled, json.dumps(values)]
    done = subprocess.run(draw, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", PICTURES, ids=lambda path: path.stem)
def test_a_picture_draws_from_its_defaults(module, tmp_path):
    if picture := drawn(module, tmp_path):
        assert picture["knobs"] == constant(module, "knobs"), "Python reads the knobs that the browser has"
        assert picture["summary"]["en"] and picture["summary"]["zh"]
        assert set(picture["kinds"]) <= {"surface", "lines", "bars", "heat", "cube", "tree"}


@pytest.mark.parametrize("surface", ["scaled", "bowl", "valley", "noisy"])
@pytest.mark.parametrize(
    ("optimizer", "knobs"),
    [
        (SGD, {"momentum": 0.8, "nesterov": True}),
        (SGD, {"momentum": 0}),
        (Adam, {}),
        (AdamW, {}),
        (Lion, {}),
    ],
)
def test_a_walk_in_the_browser_is_the_walk_of_the_implementation(optimizer, knobs, surface, tmp_path):
    module = LION.with_name(f"{optimizer.__name__.lower()}.js")
    picture = drawn(module, tmp_path, surface=surface, weight_decay=0.2, steps=40, lr=0.01, **knobs)
    if picture is None:
        return
    values, path = picture["values"], picture["path"]
    arguments = {name: values[name] for name in ("lr", "momentum", "nesterov", "weight_decay") if name in values}
    if "beta1" in values:
        arguments["betas"] = (values["beta1"], values["beta2"])
    weights = torch.tensor(path["points"][0], dtype=torch.float64, requires_grad=True)
    stepper = optimizer([weights], **arguments)
    for gradient, point in zip(path["gradients"], path["points"][1:], strict=True):
        weights.grad = torch.tensor(gradient, dtype=torch.float64)
        stepper.step()
        torch.testing.assert_close(weights.detach(), torch.tensor(point, dtype=torch.float64), rtol=1e-9, atol=1e-12)


def test_a_knob_is_observed_linked_and_laid_out():
    play, slider, seen = Play(LION), ipywidgets.FloatSlider(min=0.001, max=0.5), []
    play.observe(lambda change: seen.append(change["new"]), "lr")
    play.lr = 0.2
    assert seen == [0.2]
    assert play.values["lr"] == 0.2
    ipywidgets.jslink((play, "lr"), (slider, "value"))
    ipywidgets.link((play, "lr"), (slider, "value"))
    slider.value = 0.25
    assert play.lr == 0.25
    assert ipywidgets.HBox([play, slider]).children[0] is play
    assert ipywidgets.Tab([play], titles=["Lion"]).children == (play,)


def test_values_and_knobs_are_the_same_thing():
    play = Play(LION, lr=0.01, lang="zh")
    assert play.values["lr"] == 0.01
    play.values = {"steps": 9, "surface": "bowl"}
    assert (play.steps, play.surface, play.lr) == (9, "bowl", 0.01)
    assert set(play.values) == set(play.knobs)
    play.set_state({"lr": 0.3, "steps": 12.0})
    assert (play.values["lr"], play.values["steps"]) == (0.3, 12)
    assert "学习率" in text_of(play)


def test_what_is_out_of_range_is_refused_and_changes_nothing():
    play = Play(LION)
    before = dict(play.values)
    for wrong in ({"lr": 9}, {"surface": "moon"}, {"steps": 1.5}):
        name, value = next(iter(wrong.items()))
        with pytest.raises(traitlets.TraitError, match=name):
            setattr(play, name, value)
        with pytest.raises(traitlets.TraitError, match=name):
            play.values = wrong
    assert play.values == before
    with pytest.raises(InputError, match="speed: is no parameter"):
        Play(LION, speed=1)


def test_two_pictures_keep_their_own_knobs():
    lion, sgd = Play(LION), Play(LION.with_name("sgd.js"))
    assert lion.has_trait("beta1")
    assert not sgd.has_trait("beta1")
    assert lion._esm != sgd._esm


# --- the bundler


def module(folder, name, source):
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return path


def test_a_bundle_is_one_module_in_which_each_part_stands_once(tmp_path):
    module(tmp_path, "shared.js", "export const one = 1;\nexport function twice(n) { return 2 * n; }\n")
    module(tmp_path, "left.js", 'import { twice as double } from "./shared.js";\nexport default double(2);\n')
    entry = module(
        tmp_path,
        "entry.js",
        'import left from "./left.js";\nimport * as shared from "./shared.js";\nimport right from "right";\n'
        "export default { sum: left + shared.one + right };\n",
    )
    right = module(tmp_path, "other.js", "export default 10;\n")
    bundled = bundle(entry, right=right)
    assert bundled.count("const one = 1") == 1
    assert not re.search(r"^import", bundled, re.MULTILINE)
    assert bundled.count("export ") == 1
    if node := shutil.which("node"):
        check = module(tmp_path, "check.mjs", 'import it from "./bundled.mjs";\nconsole.log(it.sum);\n')
        module(tmp_path, "bundled.mjs", bundled)
        assert subprocess.run([node, check], capture_output=True, text=True, timeout=60).stdout.strip() == "15"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('import { a } from "./none.js";\n', "none.js: no such module .imported by entry.js"),
        ('import { a } from "./entry.js";\n', "entry.js: imports go in a circle"),
        ('export * from "./shared.js";\n', "is not understood"),
    ],
)
def test_the_bundler_says_what_it_does_not_understand(tmp_path, source, says):
    entry = module(tmp_path, "entry.js", source)
    with pytest.raises(ValueError, match=says):
        bundle(entry)


def test_a_constant_is_read_with_what_it_spreads(tmp_path):
    module(tmp_path, "shared.js", 'export const more = [\n  { "b": 2 },\n  { "c": 3 }\n];\n')
    entry = module(
        tmp_path,
        "entry.js",
        'import { more as rest } from "./shared.js";\nexport const knobs = [{ "a": 1 }, ...rest];\n',
    )
    assert constant(entry, "knobs") == [{"a": 1}, {"b": 2}, {"c": 3}]
    with pytest.raises(ValueError, match=r"entry.js: no `export const title"):
        constant(entry, "title")
    loose = module(tmp_path, "loose.js", "export const knobs = [{ a: 1 }];\n")
    with pytest.raises(ValueError, match=r"loose.js: knobs is not JSON.*quote the keys"):
        constant(loose, "knobs")


# --- Quiz

SECRET = "only the momentum is kept"


def questions():
    return parse(Path(__file__).with_name("questions.toml"), "lion")


def both(text):
    return Text(text, f"{text}（中）")


def test_nothing_that_leaves_python_has_an_answer_before_one_is_given():
    quiz = Quiz(questions())
    state = {name: value for name, value in quiz.get_state().items() if name not in ("_esm", "_css")}
    sent = json.dumps(state, ensure_ascii=False, default=str)
    assert "How many state tensors?" in sent
    for secret in (
        SECRET,
        "4.25",
        "a pair is AdamW",
        '"right"',
        '"place"',
        '"why"',
        '"answer"',
        "explanation",
        "17 / 4",
    ):
        assert secret not in sent
    assert SECRET not in text_of(quiz) + repr(quiz) + str(quiz)
    assert quiz.results == {}


def test_an_answer_from_the_browser_is_graded_and_told():
    heard = []
    quiz = Quiz(
        questions(), on_answer=lambda question, given, graded: heard.append((question.id, given, graded.correct))
    )
    letter = {option.text.en: option.id for option in quiz.shown.options}
    receive(quiz, kind="answer", id="lion-state", given=letter["two"])
    result = quiz.results["lion-state"]
    assert (result["correct"], result["given"]) == (False, letter["two"])
    assert "a pair is AdamW" in result["feedback"]["en"]
    assert "一对是 AdamW" in result["feedback"]["zh"]
    assert heard == [("lion-state", letter["two"], False)]
    receive(quiz, kind="answer", id="lion-state", given=letter["one"])
    assert heard == [("lion-state", letter["two"], False)], "a second click records nothing"
    receive(quiz, kind="answer", id="lion-bytes", given="4.25 bytes")
    assert quiz.results["lion-bytes"]["correct"]
    receive(quiz, kind="answer", id="no-such", given="a")
    receive(quiz, kind="dance")
    assert len(heard) == 2


def test_what_cannot_be_read_is_said_and_not_recorded():
    heard = []
    quiz = Quiz(questions(), on_answer=lambda *each: heard.append(each))
    receive(quiz, kind="answer", id="lion-bytes", given="four")
    first = quiz.problem
    assert "not a number" in first["text"]
    receive(quiz, kind="answer", id="lion-bytes", given="four")
    assert quiz.problem != first, "the same mistake twice must be told twice"
    assert (quiz.results, heard) == ({}, [])
    with pytest.raises(InputError):
        quiz.answer("four", "lion-bytes")


def test_a_quiz_goes_on_in_text(capsys):
    quiz = Quiz(questions(), seed=3)
    assert "1/3" in text_of(quiz)
    assert ".answer(" in text_of(quiz)
    quiz.answer(next(option.id for option in quiz.shown.options if option.text.en == "one"))
    said = capsys.readouterr().out
    assert said.startswith("Right.")
    assert SECRET in said
    assert "Bytes?" in said, "the next question follows"
    quiz.answer("5", question_id="lion-bytes")
    assert "In which order?" not in capsys.readouterr().out, "who names a question goes their own way"
    quiz.index = 2
    quiz.answer(re.findall(r"(\w)\)", quiz.shown.solution().en))
    assert quiz.results["lion-order"]["correct"]
    with pytest.raises(InputError, match="every question is answered"):
        quiz.answer("a")
    with pytest.raises(InputError, match="is no question of this quiz"):
        quiz.answer("a", "lion-colour")


def test_a_quiz_speaks_both_languages():
    quiz = Quiz(questions(), lang="zh")
    assert "有几个状态张量？" in text_of(quiz)
    quiz.lang = "en"
    assert "How many state tensors?" in text_of(quiz)
    assert [each["zh"]["prompt"] for each in quiz.questions] == ["有几个状态张量？", "多少字节？", "什么顺序？"]
    with pytest.raises(InputError, match="has no question"):
        Quiz([])


# --- DrillBox


class Verdict(NamedTuple):
    passed: bool
    mistake: str | None
    message: str
    seconds: float


BLANK = "def update():\n    ...\n"


def drill(check, **more):
    return DrillBox(both("Write Lion"), both("Take the sign."), BLANK, check, **more)


def wait(widget):
    deadline = time.monotonic() + 10
    while widget.busy and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not widget.busy


def test_a_drill_is_checked_in_a_thread_once_at_a_time():
    go, calls = threading.Event(), []

    def check(code):
        calls.append((code, threading.current_thread()))
        go.wait(10)
        return Verdict(False, "momentum_first", "the momentum is updated too early", 0.5)

    box = drill(check)
    receive(box, kind="check", code="first")
    assert box.busy
    assert box.verdict == {}
    receive(box, kind="check", code="second")
    go.set()
    wait(box)
    assert [code for code, _ in calls] == ["first"]
    assert calls[0][1] is not threading.main_thread()
    assert box.verdict == {
        "passed": False,
        "mistake": "momentum_first",
        "message": "the momentum is updated too early",
        "seconds": 0.5,
    }


def test_a_check_that_breaks_is_one_line():
    def check(code):
        raise InputError("lion", "has no drill", "choose another")

    box = drill(check)
    box.check().join(10)
    assert not box.busy
    assert box.verdict["message"] == "InputError: lion: has no drill; choose another"


def test_a_reset_keeps_what_was_written():
    box = drill(lambda code: Verdict(True, None, "", 0.0))
    receive(box, kind="reset", code="mine")
    assert (box.code, box.copies) == (BLANK, ["mine"])
    receive(box, kind="reset", code=BLANK)
    assert box.copies == ["mine"], "a blank is no work to be kept"
    receive(box, kind="restore", code="newer")
    assert (box.code, box.copies) == ("mine", ["newer"])
    box.restore()
    assert (box.code, box.copies) == ("newer", ["mine"])
    box.reset()
    assert sorted(box.copies) == ["mine", "newer"]


def test_a_drill_speaks_in_text():
    box = drill(lambda code: Verdict(True, None, "", 0.0), hints=[both("sign")], lang="zh")
    assert "Write Lion（中）" in text_of(box)
    assert "def update():" in text_of(box)
    assert box.hints == [both("sign")._asdict()]
    assert box.revealed == 0


# --- Experiment


def knobs():
    def run(
        *,
        lr: Annotated[float, Log(1e-5, 1e-2)] = 3e-4,
        width: Annotated[int, Log(8, 512)] = 64,
        dropout: Annotated[float, Range(0, 1)] = 0.1,
        layers: Annotated[int, Range(1, 6)] = 2,
        regime: Choice("helps", "does_not") = "helps",
        steps: int = 100,
        fused: bool = False,
        device: str = "auto",
    ):
        raise AssertionError("only its signature is read")

    return knobs_of(run)


def test_controls_come_from_the_knobs():
    experiment = Experiment(knobs(), lambda *_: None)
    kinds = {name: type(control).__name__ for name, control in experiment.controls.items()}
    assert kinds == {
        "lr": "FloatLogSlider",
        "width": "FloatLogSlider",
        "dropout": "FloatSlider",
        "layers": "IntSlider",
        "regime": "Dropdown",
        "steps": "BoundedIntText",
        "fused": "Checkbox",
        "device": "Text",
    }
    assert all(control.description == name for name, control in experiment.controls.items())
    assert experiment.values == {name: knob.default for name, knob in experiment.knobs.items()}
    assert experiment.values["width"] == 64
    experiment.controls["lr"].value = experiment.controls["lr"].base ** experiment.controls["lr"].max
    assert experiment.values["lr"] == pytest.approx(1e-2)
    for name in ("lr", "width", "dropout"):
        slider, default = experiment.controls[name], experiment.knobs[name].default
        place = (default if name == "dropout" else math.log10(default)) - slider.min
        assert round(place / slider.step) * slider.step == pytest.approx(place, abs=1e-3), (
            "the browser snaps to a position"
        )
    assert "lr      = " in text_of(experiment)
    assert "helps | does_not" in text_of(experiment)


def test_a_run_streams_and_ends():
    def start(values, report, stopped):
        losses = []
        for step in range(50):
            losses.append(1 / (step + 1))
            report((step + 1) / 50, {"loss": losses, "nan": [float("nan")]})

    seen = []
    experiment = Experiment(knobs(), start)
    experiment.curves.observe(lambda change: seen.append(len(change["new"].get("loss", ()))), "curves")
    experiment.run().join(10)
    assert experiment.curves.curves["loss"][-1] == 1 / 50
    assert experiment.curves.curves["nan"] == [None]
    assert len(seen) < 50, "the picture is not redrawn for every step"
    assert experiment.progress.value == 1.0
    assert experiment.curves.status["zh"].startswith("完成")
    assert (experiment.run_button.disabled, experiment.stop_button.disabled) == (False, True)
    assert "loss: 0.02 (50)" in text_of(experiment)


def test_stop_reaches_the_run_and_a_second_run_waits_for_it():
    started = threading.Event()

    def start(values, report, stopped):
        started.set()
        while not stopped():
            time.sleep(0.005)

    experiment = Experiment(knobs(), start)
    thread = experiment.run()
    assert started.wait(10)
    assert experiment.run() is thread
    experiment.stop_button.click()
    thread.join(10)
    assert not experiment.busy
    assert experiment.curves.status["en"].startswith("Stopped")


def test_a_run_that_breaks_is_one_line():
    def start(values, report, stopped):
        raise ValueError("lr must be > 0, got 0\nmore")

    experiment = Experiment(knobs(), start)
    experiment.run().join(10)
    assert experiment.curves.failed
    assert experiment.curves.status["en"] == "Failed. ValueError: lr must be > 0, got 0"
    assert experiment.progress.bar_style == "danger"
    assert not experiment.run_button.disabled


def test_curves_stand_alone():
    curves = Curves({"loss": [1.0, float("inf"), 0.5]})
    assert curves.curves == {"loss": [1.0, None, 0.5]}
    assert text_of(curves) == "loss: 0.5 (3)"
    assert json.loads(json.dumps(curves.get_state()["curves"])) == {"loss": [1.0, None, 0.5]}


def test_a_knob_without_bounds_has_a_control():
    experiment = Experiment({"scale": Knob("scale", "number", "float", 1.5)}, lambda *_: None)
    assert experiment.values == {"scale": 1.5}


# --- what every module of the browser must hold to


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("widgets/*.js")), ids=lambda path: path.stem)
def test_no_widget_reads_text_as_html(path):
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text(encoding="utf-8")
    )
