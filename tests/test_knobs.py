"""Knobs: what a `run` signature says, what may be given for it, and errors that say both in one line."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest

from studykit.errors import InputError
from studykit.knobs import Choice, Dataset, Knob, Log, Range, knobs_of, parse_all, split_assignments


def run(
    *,
    lr: Annotated[float, Log(1e-5, 1e-2)] = 3e-4,
    momentum: Annotated[float, Range(0, 0.999)] = 0.9,
    batch_size: Annotated[int, Log(1, 1024)] = 16,
    regime: Choice("helps", "does_not") = "helps",
    seed: int = 0,
    temperature: float = 1.0,
    nesterov: bool = False,
    dataset: Dataset("auto", "digits") = "auto",
    device: str = "auto",
) -> None:
    """A signature with a knob of every kind."""


KNOBS = knobs_of(run)


def test_signature_is_the_control_panel() -> None:
    assert list(KNOBS.values()) == [
        Knob("lr", "log", "float", 3e-4, 1e-5, 1e-2),
        Knob("momentum", "range", "float", 0.9, 0, 0.999),
        Knob("batch_size", "log", "int", 16, 1, 1024),
        Knob("regime", "choice", "str", "helps", choices=("helps", "does_not")),
        Knob("seed", "number", "int", 0, low=0),
        Knob("temperature", "number", "float", 1.0),
        Knob("nesterov", "switch", "bool", False),
        Knob("dataset", "dataset", "str", "auto", choices=("auto", "digits")),
        Knob("device", "text", "str", "auto"),
    ]
    assert list(KNOBS) == [knob.name for knob in KNOBS.values()]


def test_defaults_are_values_that_may_be_given() -> None:
    for knob in KNOBS.values():
        parsed = knob.parse(knob.default)
        assert parsed == knob.default and type(parsed) is type(knob.default)
        assert knob.parse(str(knob.default)) == knob.default


@pytest.mark.parametrize("knob", KNOBS.values(), ids=KNOBS)
def test_knob_survives_json(knob: Knob) -> None:
    text = json.dumps(knob.as_json(), allow_nan=False)
    assert Knob.from_json(json.loads(text)) == knob
    assert "null" not in text


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("lr", "1e-3", 1e-3),
        ("lr", " 0.002 ", 2e-3),
        ("lr", 1e-5, 1e-5),
        ("lr", "1e-2", 1e-2),
        ("momentum", 0, 0.0),
        ("batch_size", "32", 32),
        ("batch_size", "1e3", 1000),
        ("batch_size", 64.0, 64),
        ("regime", "does_not", "does_not"),
        ("seed", "12345678", 12345678),
        ("temperature", "-2.5", -2.5),
        ("nesterov", "True", True),
        ("nesterov", "no", False),
        ("nesterov", 1, True),
        ("device", "cuda:1", "cuda:1"),
    ],
)
def test_what_may_be_given(name: str, given: Any, value: Any) -> None:
    parsed = KNOBS[name].parse(given)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("lr", "abc", "lr: is 'abc'; give a number from 1e-05 to 0.01"),
        ("lr", "-1", "lr: is '-1'; give a number from 1e-05 to 0.01"),
        ("lr", -1, "lr: is -1; give a number from 1e-05 to 0.01"),
        ("lr", "nan", "lr: is 'nan'; give a number from 1e-05 to 0.01"),
        ("lr", math.nan, "lr: is nan; give a number from 1e-05 to 0.01"),
        ("lr", "inf", "lr: is 'inf'; give a number from 1e-05 to 0.01"),
        ("lr", "", "lr: is ''; give a number from 1e-05 to 0.01"),
        ("lr", "1e-3\nimport os", r"lr: is '1e-3\nimport os'; give a number from 1e-05 to 0.01"),
        ("lr", True, "lr: is True; give a number from 1e-05 to 0.01"),
        ("lr", None, "lr: is None; give a number from 1e-05 to 0.01"),
        ("lr", [1e-3], "lr: is [0.001]; give a number from 1e-05 to 0.01"),
        ("momentum", "1", "momentum: is '1'; give a number from 0 to 0.999"),
        ("batch_size", "0", "batch_size: is '0'; give a whole number from 1 to 1024"),
        ("batch_size", "1.5", "batch_size: is '1.5'; give a whole number from 1 to 1024"),
        ("batch_size", "inf", "batch_size: is 'inf'; give a whole number from 1 to 1024"),
        ("regime", "hurts", "regime: is 'hurts'; give one of helps, does_not"),
        ("regime", None, "regime: is None; give one of helps, does_not"),
        ("seed", "-1", "seed: is '-1'; give a whole number from 0"),
        ("seed", 10**400, f"seed: is {10**400}; give a whole number from 0"),
        ("temperature", "warm", "temperature: is 'warm'; give a number"),
        ("temperature", "nan", "temperature: is 'nan'; give a number"),
        ("temperature", "-inf", "temperature: is '-inf'; give a number"),
        ("nesterov", "perhaps", "nesterov: is 'perhaps'; give true or false"),
        ("dataset", "digts", "dataset: is 'digts'; give one of auto, digits, or the path of a folder of your own"),
    ],
)
def test_what_may_not_be_given_is_one_line(name: str, given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        KNOBS[name].parse(given)
    assert str(caught.value) == message


def test_folder_is_a_data_set_wherever_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("pictures", "./pictures", "~/pictures", tmp_path / "pictures"):
        assert KNOBS["dataset"].parse(given) == str((tmp_path / "pictures").resolve())
    (tmp_path / "digits").mkdir()
    assert KNOBS["dataset"].parse("digits") == "digits"


def test_parse_all_takes_those_given() -> None:
    assert parse_all(KNOBS, {"seed": "3", "lr": "1e-4"}) == {"seed": 3, "lr": 1e-4}
    assert parse_all(KNOBS, {}) == {}


def test_unknown_name_is_one_line_with_those_that_are() -> None:
    with pytest.raises(InputError) as caught:
        parse_all(KNOBS, {"lr": "1e-3", "learning_rate": "1e-3"})
    assert str(caught.value) == f"learning_rate: is no parameter of this notebook; use one of {', '.join(KNOBS)}"


def test_assignments() -> None:
    assert split_assignments(["lr=1e-3", " seed = 2 ", "device=a=b", "regime="]) == {
        "lr": "1e-3", "seed": "2", "device": "a=b", "regime": "",
    }  # fmt: skip


@pytest.mark.parametrize("pair", ["lr", "=1", " = 1", ""])
def test_no_assignment(pair: str) -> None:
    with pytest.raises(InputError) as caught:
        split_assignments(["seed=1", pair])
    assert str(caught.value) == f"-p {pair}: is no assignment; write -p name=value, such as -p lr=1e-3"


def positional(lr: float = 1e-3) -> None:
    pass


def without_default(*, lr: float) -> None:
    pass


def without_annotation(*, lr=1e-3) -> None:  # type: ignore[no-untyped-def]
    pass


def of_a_list(*, rates: list[float] = []) -> None:  # noqa: B006
    pass


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (positional, r"positional: lr must be keyword-only, annotated and have a default$"),
        (without_default, r"without_default: lr must be keyword-only, annotated and have a default$"),
        (without_annotation, r"without_annotation: lr must be keyword-only, annotated and have a default$"),
        (of_a_list, r"^rates must be float, int, bool, str, Log, Range, Choice or Dataset, got list\[float\]$"),
    ],
)
def test_signature_that_is_no_control_panel(function: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        knobs_of(function)


def test_annotations_in_quotes_are_read_too() -> None:
    def quoted(*, lr: "Annotated[float, Log(1e-5, 1e-2)]" = 1e-3) -> "None":
        pass

    assert knobs_of(quoted) == {"lr": Knob("lr", "log", "float", 1e-3, 1e-5, 1e-2)}


def test_knobs_need_no_torch() -> None:
    code = "import sys, studykit.knobs; assert not {'torch', 'numpy', 'ipywidgets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
