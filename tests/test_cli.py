"""The command line as a user meets it: exit codes, one line for what is wrong, what the words promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studykit import drill
from studykit.progress import Progress
from studykit.technique import catalog, technique


def studykit(*arguments: str, home: Path, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    own = {**os.environ, "STUDYKIT_HOME": str(home), "STUDYKIT_LANG": "en", **environment}
    return subprocess.run(
        [sys.executable, "-m", "studykit", *arguments], cwd=cwd, env=own, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "lion", "-p", "lr=abc"), "lr: is 'abc'; give a number from 1e-05 to 0.01"),
        (("run", "lion", "-p", "lr=-1"), "lr: is '-1'; give a number from 1e-05 to 0.01"),
        (("run", "lion", "-p", "lr"), "-p lr: is no assignment; write -p name=value, such as -p lr=1e-3"),
        (("run", "lion", "-p", "momentum=1"), "momentum: is no parameter of"),
        (("run", "lino"), "lino: is no technique, section or tier; did you mean lion?"),
        (("grade", "lino", "x.py"), "lino: is no technique; did you mean lion?"),
        (("grade", "lion", "missing.py"), "missing.py: can't be read (No such file or directory)"),
        (("grade", "lion"), "Missing argument 'file'"),
        (("new", "optimizers", "x"), "optimizers: is no section; use one of optim,"),
        (("new", "optim", "Big"), "Big: is no id; write it in lower case"),
        (("new", "optim", "lion"), "lion: is taken in optim; choose another id"),
        (("build", "lino"), "lino: is no technique"),
        (("report", "lino"), "lino: is no technique, section or tier"),
        (("report", "lion", "--seeds", "2"), "Invalid value for '--seeds'"),
        (("bench", "lino"), "lino: is no benchmark; use one of judge, optim"),
        (("export", "progress.txt"), "progress.txt: is neither; name a file .apkg, or .jsonl without techniques"),
        (("export", "x.apkg", "lino"), "lino: is no technique, section or tier"),
        (("import", "absent.jsonl"), "absent.jsonl: can't be read (No such file or directory)"),
        (("dance",), "No such command 'dance'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_line_and_status_2(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = studykit(*arguments, home=tmp_path / "home", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "runs").exists()


def test_progress_is_carried_from_home_to_home(tmp_path: Path) -> None:
    with Progress(tmp_path / "here" / "progress.sqlite3") as log:
        log.answered("lion-idle", "lion", correct=True, score=1.0, given="a")
    carried = str(tmp_path / "carried.jsonl")
    assert studykit("export", carried, home=tmp_path / "here", cwd=tmp_path).stdout == f"{carried}: 1 events\n"
    for new in (1, 0):
        done = studykit("import", carried, home=tmp_path / "there", cwd=tmp_path)
        assert done.stdout == f"{carried}: {new} new events\n"


def test_list_has_every_technique_in_the_order_of_study(tmp_path: Path) -> None:
    done = studykit("list", home=tmp_path, cwd=tmp_path, COLUMNS="160")
    ids = [line.split()[0] for line in done.stdout.splitlines()[1:] if line.strip()]
    assert ids == list(catalog())


def test_list_speaks_chinese(tmp_path: Path) -> None:
    done = studykit("list", home=tmp_path, cwd=tmp_path, STUDYKIT_LANG="zh_CN", COLUMNS="160")
    assert technique("lion").title.zh in done.stdout


def test_grade_says_pass_refusal_and_name(tmp_path: Path) -> None:
    solution, home = tmp_path / "my_lion.py", tmp_path / "home"
    made = studykit("grade", "lion", "my_lion.py", "--blank", home=home, cwd=tmp_path)
    assert made.returncode == 0
    assert solution.read_text(encoding="utf-8") == drill.blank("lion")
    again = studykit("grade", "lion", "my_lion.py", "--blank", home=home, cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    empty = studykit("grade", "lion", "my_lion.py", home=home, cwd=tmp_path)
    assert empty.returncode == 1

    body = """        loss = None
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                {step}
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)
                print("a step")
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        return loss
"""
    wrong = "p.add_(m.sign(), alpha=-group['lr'])"
    start = drill.blank("lion").rsplit("        ...", 1)[0]
    solution.write_text(start + body.format(step=wrong), encoding="utf-8")
    refused = studykit("grade", "lion", "my_lion.py", "--json", home=home, cwd=tmp_path)
    told = json.loads(refused.stdout.splitlines()[-1])
    assert refused.returncode == 1
    assert set(told) == {"passed", "mistake", "message", "seconds"}
    assert (told["passed"], told["mistake"]) == (False, "sign_of_old_momentum")
    assert "a step" in refused.stderr and "a step" not in refused.stdout


def test_grade_keeps_the_verdict_and_a_broken_progress_file_stops_nobody(tmp_path: Path) -> None:
    from studykit.progress import Progress

    solution, home = tmp_path / "s.py", tmp_path / "home"
    solution.write_text("def SGD(): return 1", encoding="utf-8")
    assert studykit("grade", "sgd", "s.py", home=home, cwd=tmp_path).returncode == 1
    with Progress(home / "progress.sqlite3") as log:
        assert [event.kind for event in log.events()] == ["drill"]
    (home / "progress.sqlite3").write_bytes(b"not a database, but long enough to look like some file" * 30)
    done = studykit("grade", "sgd", "s.py", home=home, cwd=tmp_path)
    assert done.returncode == 1
    assert "is not a progress file" in done.stderr


@pytest.mark.parametrize("bad", [b"\xff\xfe\x00", b"x = 1\n\x00"], ids=["not utf-8", "null byte"])
def test_a_file_that_is_no_text_is_no_traceback(bad: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_bytes(bad)
    done = studykit("grade", "lion", "s.py", home=tmp_path, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr


def test_bench_names_what_can_be_measured(tmp_path: Path) -> None:
    assert "optim" in studykit("bench", home=tmp_path, cwd=tmp_path).stdout.split()
