"""The desk in a terminal, as a process with piped input: what it says, what it keeps, how it is left."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from studykit.errors import StorageError
from studykit.interview import Interview, Interviews, Settings
from studykit.language import Language
from studykit.progress import Progress
from studykit.question import parse
from studykit.technique import TIERS, catalog
from studykit.terminal.mock import Mock
from studykit.terminal.screen import Leave, Screen, bar, wrapped

LION = parse(catalog()["lion"].questions, "lion")


def environment(home: Path, **more: str) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if key not in ("EDITOR", "VISUAL", "FORCE_COLOR")}
    return {**own, "STUDYKIT_HOME": str(home), "STUDYKIT_LANG": "en", "PYTHONIOENCODING": "utf-8", "COLUMNS": "80", **more}


def studykit(*arguments: str, home: Path, typed: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "studykit", *arguments], env=environment(home, **more), input=typed, capture_output=True,
        encoding="utf-8", errors="surrogateescape", timeout=120,
    )  # fmt: skip


def log(home: Path) -> Progress:
    return Progress(home / "progress.sqlite3")


# Reviews


def test_quiz_grades_records_and_tells_when_it_comes_again(tmp_path: Path) -> None:
    done = studykit("quiz", "lion", "--limit", "1", home=tmp_path, typed="zz\n\na\n")
    assert done.returncode == 0, done.stderr
    assert "[lion-what-is-stored · screen]" in done.stdout and "1/1" in done.stdout
    assert "'z' is no option" in done.stdout
    assert re.search(r"^(Right|Wrong)\.", done.stdout, re.MULTILINE)
    assert re.search(r"Comes again (in|within) ", done.stdout)
    with log(tmp_path) as kept:
        [event] = kept.events()
        assert (event.kind, event.item, event.data["given"]) == ("quiz", "lion-what-is-stored", "a")
        right = event.data["correct"]
    assert f"{int(right)} of 1 right." in done.stdout
    assert ("Right." in done.stdout) == right
    assert done.stderr == ""


def test_quiz_undoes_suspends_and_leaves(tmp_path: Path) -> None:
    done = studykit("quiz", "lion", "--limit", "3", home=tmp_path, typed="u\na\nu\nb\ns\nq\n")
    assert done.returncode == 0
    assert done.stdout.index("There is no answer to take back.") < done.stdout.index("Taken back: lion-what-is-stored.")
    assert done.stdout.count("[lion-what-is-stored") == 2
    assert "Suspended" in done.stdout and "of 1 right" in done.stdout
    with log(tmp_path) as kept:
        assert [event.kind for event in kept.events()] == ["quiz", "undo", "quiz", "suspend"]
        assert kept.suspended() == {LION[1].id}
        assert kept.answered_questions() == {LION[0].id}
    again = studykit("quiz", "lion", home=tmp_path, typed="q\n")
    assert LION[1].id not in again.stdout and LION[2].id in again.stdout


def test_a_suspended_question_is_taken_in_again(tmp_path: Path) -> None:
    done = studykit("quiz", "lion", "--limit", "2", home=tmp_path, typed="s\nu\nq\n")
    assert "u takes that back" in done.stdout and f"Taken back: {LION[0].id}." in done.stdout
    assert done.stdout.count(f"[{LION[0].id}") == 2
    with log(tmp_path) as kept:
        assert kept.suspended() == set()


def test_an_answer_that_can_t_be_read_is_said_shortly_in_its_language(tmp_path: Path) -> None:
    english = studykit("quiz", "sgd", "--limit", "1", home=tmp_path, typed=f"{'x' * 5000}\nq\n")
    assert "It counts for nothing." in english.stdout and len(english.stdout) < 2000
    chinese = studykit("quiz", "sgd", "--limit", "1", "--lang", "zh", home=tmp_path, typed=f"{'x' * 5000}\nq\n")
    assert "这个答案读不出来，不计分。请" in chinese.stdout and "answer with" not in chinese.stdout


def test_quiz_asks_what_is_due_before_what_is_new(tmp_path: Path) -> None:
    with log(tmp_path) as kept:
        kept.answered(LION[3].id, "lion", correct=True, score=1.0, given="a")
        kept.drilled("lion", False)  # which makes it due
        assert [each.question_id for each in kept.due()] == [LION[3].id]
    done = studykit("quiz", "lion", home=tmp_path, typed="q\n")
    assert LION[3].id in done.stdout and LION[0].id not in done.stdout


def test_quiz_keeps_to_level_limit_and_language(tmp_path: Path) -> None:
    expert = [each.id for each in LION if each.level == "expert"]
    assert expert
    done = studykit("quiz", "lion", "--level", "expert", "--limit", "1", "--lang", "zh", home=tmp_path, typed="q\n")
    assert f"[{expert[0]} · expert]" in done.stdout and "1/1" in done.stdout
    assert "撤回上一个答案" in done.stdout and "答对" in done.stdout


@pytest.mark.parametrize("typed", ["", "a\n", "a\n "])
def test_the_end_of_the_input_leaves_with_all_kept(typed: str, tmp_path: Path) -> None:
    done = studykit("quiz", "lion", home=tmp_path, typed=typed)
    assert done.returncode == 0 and done.stderr == ""
    assert "right." in done.stdout.splitlines()[-1]
    with log(tmp_path) as kept:
        assert len(list(kept.events())) == typed.count("a")


def test_quiz_with_nothing_left_says_so(tmp_path: Path) -> None:
    with log(tmp_path) as kept:
        for each in LION:
            kept.suspend(each.id, "lion")
    assert "Nothing is due" in studykit("quiz", "lion", home=tmp_path).stdout


def test_a_question_shows_no_answer_before_it_is_given(tmp_path: Path) -> None:
    for n, each in enumerate(LION):
        done = studykit("quiz", "lion", home=tmp_path, typed="s\n")
        assert each.id in done.stdout
        assert each.explanation.en[:40] not in done.stdout
        if n == 1:
            break


def test_ctrl_c_leaves_cleanly(tmp_path: Path) -> None:
    for command in (["quiz", "lion"], ["mock", "--seed", "1"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "studykit", *command], env=environment(tmp_path, PYTHONUNBUFFERED="1"), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout and process.stdin
        shown = ""
        while "> " not in shown:
            shown += process.stdout.read(1)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in err and err == ""
        assert ("Kept." if command[0] == "mock" else "0 of 0 right.") in out


# Rehearsing


def test_mock_can_be_left_and_gone_on_with(tmp_path: Path) -> None:
    first = studykit("mock", "--minutes", "10", "--seed", "1", home=tmp_path, typed="Lion only tracks the sign\nof the momentum.\n\n")
    assert first.returncode == 0
    assert "Are you sure?" in first.stdout and "Kept. Go on with `studykit mock --resume`." in first.stdout
    [interview] = Interviews(tmp_path / "interviews").all()
    assert interview.turns[0].given == "Lion only tracks the sign\nof the momentum."
    asked = interview.turns[-1].prompt
    second = studykit("mock", "--resume", home=tmp_path, typed="No.\n\n")
    assert " ".join(asked.split())[:40] in " ".join(second.stdout.split())
    [interview] = Interviews(tmp_path / "interviews").all()
    assert [turn.given for turn in interview.turns[:2]] == ["Lion only tracks the sign\nof the momentum.", "No."]


def test_ctrl_d_after_some_words_ends_the_answer(tmp_path: Path) -> None:
    studykit("mock", "--minutes", "10", "--seed", "1", home=tmp_path, typed="Lion halves the state,\nnot the run.")
    [interview] = Interviews(tmp_path / "interviews").all()
    assert interview.turns[0].given == "Lion halves the state,\nnot the run."


def test_ctrl_c_keeps_what_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    typed = iter(["Lion halves", KeyboardInterrupt(), "the state.", "", KeyboardInterrupt()])

    def line(self: Screen, prompt: str = "> ") -> str:
        given = next(typed)
        if isinstance(given, KeyboardInterrupt):
            raise Leave(interrupted=True)
        return given

    monkeypatch.setattr(Screen, "line", line)
    assert Mock.begun(Settings(seed=1)).run() == 130
    assert Mock.resumed().run() == 130
    [interview] = Interviews().all()
    assert interview.turns[0].given == "Lion halves\nthe state."
    assert [path.suffix for path in Interviews().folder.iterdir()] == [".json"]


def test_code_that_was_begun_is_kept_where_a_path_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    at_the_drill(tmp_path)
    typed = iter(["class SGD:", "    half = True"])

    def line(self: Screen, prompt: str = "> ") -> str:
        given = next(typed, None)
        if given is None:
            raise Leave(interrupted=True)
        return given

    monkeypatch.setattr(Screen, "line", line)
    assert Mock.resumed().run() == 130
    assert (tmp_path / "interviews" / "one.py").read_text(encoding="utf-8") == "class SGD:\n    half = True"
    done = studykit("mock", "--resume", home=tmp_path, typed="")
    assert "one.py" in re.sub(r"\s", "", done.stdout)


def test_a_report_that_can_t_be_written_is_one_line_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    interview = Interview.start(Settings(seed=1), name="one")
    interview.answer("Lion is faster.")
    interview.finish()
    Interviews().save(interview)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("studykit.interview.keeping.write_safely", full)
        with pytest.raises(StorageError, match=r"one.md: can.t be written \(No space left on device\)"):
            Mock.resumed()._report()
    assert Mock.resumed()._report() == 0
    assert "faster" in (tmp_path / "interviews" / "one.md").read_text(encoding="utf-8")


def test_an_answer_that_can_t_be_kept_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    typed = iter(["Lion halves the state.", "", "", None])
    once = [StorageError("disk", "is full", "free some space")]

    def line(self: Screen, prompt: str = "> ") -> str:
        given = next(typed)
        if given is None:
            raise Leave(interrupted=True)
        return given

    def save(self: Interviews, interview: Interview) -> Path:
        if interview.turns[0].given and once:
            raise once.pop()
        return kept(self, interview)

    kept = Interviews.save
    monkeypatch.setattr(Screen, "line", line)
    monkeypatch.setattr(Interviews, "save", save)
    assert Mock.begun(Settings(seed=1)).run() == 130
    assert "disk: is full; free some space\nYour answer is still here" in capsys.readouterr().out
    assert Interviews().all()[0].turns[0].given == "Lion halves the state."


def at_the_drill(home: Path) -> Interview:
    """An interview that was left where the code is asked for."""
    interview = Interview.start(Settings(focus="sgd", seed=1, minutes=5), name="one")
    while interview.asked and interview.asked.kind != "drill":
        interview.answer("Lion is faster, and SGD is old.", 20)
    Interviews(home / "interviews").save(interview)
    return interview


def test_mock_ends_in_a_report_and_in_the_progress(tmp_path: Path) -> None:
    at_the_drill(tmp_path)
    typed = "class SGD:\n\n    pass\n.\n" + "line 1\n\n" + "x\n\n" * 60
    done = studykit("mock", "--resume", home=tmp_path, typed=typed)
    assert done.returncode == 0, done.stderr
    [interview] = Interviews(tmp_path / "interviews").all()
    assert interview.finished and interview.kept
    [task] = [turn for turn in interview.turns if turn.kind == "drill"]
    assert task.given == "class SGD:\n\n    pass\n" and task.verdict and task.verdict["passed"] is False
    assert "Mock interview" in done.stdout and "Said, and not so" in done.stdout and "“Lion is faster”" in done.stdout
    for suffix in (".md", ".html"):
        assert "Wen et al" in (tmp_path / "interviews" / f"one{suffix}").read_text(encoding="utf-8")
    with log(tmp_path) as kept:
        assert {"lint", "drill", "quiz"} == {event.kind for event in kept.events()}
        count = len(list(kept.events()))
    again = studykit("mock", "--resume", home=tmp_path)
    assert again.returncode == 2 and "no interview was left" in again.stderr
    with log(tmp_path) as kept:
        assert len(list(kept.events())) == count


def test_a_drill_is_taken_from_a_file(tmp_path: Path) -> None:
    at_the_drill(tmp_path)
    (tmp_path / "mine.py").write_text("class SGD:\n    mine = True\n", encoding="utf-8")
    done = studykit("mock", "--resume", home=tmp_path, typed=f"{tmp_path}/absent.py\n{tmp_path}/mine.py\n")
    assert "absent.py:can'tberead" in re.sub(r"\s", "", done.stdout)  # a long path is wrapped
    [interview] = Interviews(tmp_path / "interviews").all()
    [task] = [turn for turn in interview.turns if turn.kind == "drill"]
    assert task.given == "class SGD:\n    mine = True\n"


def test_a_drill_opens_the_editor_on_its_skeleton(tmp_path: Path) -> None:
    interview = at_the_drill(tmp_path)
    editor = tmp_path / "my editor"
    editor.write_text(f'#!/bin/sh\ncp "$2" "{tmp_path}/seen"\nprintf "class SGD: edited = True\\n" > "$2"\n', encoding="utf-8")
    editor.chmod(0o755)
    studykit("mock", "--resume", home=tmp_path, EDITOR=f"'{editor}' --wait")
    assert (tmp_path / "seen").read_text(encoding="utf-8") == interview.turns[-1].blank
    [kept] = Interviews(tmp_path / "interviews").all()
    [task] = [turn for turn in kept.turns if turn.kind == "drill"]
    assert task.given == "class SGD: edited = True\n"


def test_an_editor_that_fails_is_replaced_by_typing(tmp_path: Path) -> None:
    at_the_drill(tmp_path)
    done = studykit("mock", "--resume", home=tmp_path, EDITOR="no-such-editor-here", typed="I don't know\n.\n")
    assert "The editor could not be used" in done.stdout
    [kept] = Interviews(tmp_path / "interviews").all()
    [task] = [turn for turn in kept.turns if turn.kind == "drill"]
    assert task.verdict and task.verdict["message"] == "No solution was given."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quiz", "lino"), "lino: is no technique, section or tier; did you mean lion?"),
        (("quiz", "--level", "guru"), "--level: is 'guru'; give one of screen, onsite, expert"),
        (("quiz", "--limit", "0"), "'--limit'"),
        (("quiz", "--lang", "fr"), "--lang: is 'fr'; give en or zh"),
        (("mock", "--minutes", "2"), "minutes: is 2; give 5 to 90"),
        (("mock", "--focus", "lino"), "lino: is no technique, section or tier"),
        (("mock", "--resume"), "--resume: no interview was left"),
        (("progress", "--lang", "fr"), "--lang: is 'fr'"),
        (("lint", "absent.txt"), "absent.txt: can't be read (No such file or directory)"),
        (("lint", "."), ".: can't be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_line_and_status_2(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = studykit(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", [("quiz", "lion"), ("progress",)])
def test_a_progress_file_that_can_t_be_used_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "progress.sqlite3").write_bytes(b"not a database, but long enough to look like some file" * 30)
    done = studykit(*command, home=tmp_path)
    assert done.returncode == 2 and "is not a progress file" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


# Pages


def test_progress_shows_every_technique_by_tier_without_streaks(tmp_path: Path) -> None:
    with log(tmp_path) as kept:
        for each in LION:
            kept.answered(each.id, "lion", correct=True, score=1.0, given="a")
        kept.drilled("lion", True)
        kept.answered(parse(catalog()["sgd"].questions, "sgd")[0].id, "sgd", correct=False, score=0.0, given="a")
        kept.drilled("sgd", False)
    done = studykit("progress", home=tmp_path, COLUMNS="120")
    assert done.returncode == 0
    for card in catalog().values():
        assert card.title.en in done.stdout
    tiers = [title for title in ("Basics", "Task-oriented", "Frontier") if title in done.stdout]
    assert len(tiers) == len({card.tier for card in catalog().values()}) <= len(TIERS)
    [lion] = [line for line in done.stdout.splitlines() if line.startswith("Lion ")]
    assert f"{'█' * 10} 100%" in lion and f"{len(LION)}/{len(LION)}" in lion and lion.rstrip().endswith("passed")
    [sgd] = [line for line in done.stdout.splitlines() if line.startswith("SGD with")]
    assert f"{'░' * 10}   0%" in sgd and "not yet" in sgd and re.search(r" 1 +not yet", sgd)
    assert "1 due now; `studykit quiz` reviews them." in done.stdout
    assert "streak" not in done.stdout.lower() and "\x1b" not in done.stdout


def test_columns_stand_below_each_other_in_chinese(tmp_path: Path) -> None:
    done = studykit("progress", "--lang", "zh", home=tmp_path, COLUMNS="100")
    rows = [line for line in done.stdout.splitlines() if "░" in line]
    assert len(rows) == len(catalog())
    by_tier: dict[str, set[int]] = {}
    for card, row in zip(sorted(catalog().values(), key=lambda each: list(TIERS).index(each.tier)), rows, strict=True):
        by_tier.setdefault(card.tier, set()).add(cell_len(row[: row.index("░")]))
    assert all(len(columns) == 1 for columns in by_tier.values())


@pytest.mark.parametrize("width", [20, 40, 100])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_shown_keeps_to_the_width(width: int, lang: str, tmp_path: Path) -> None:
    text = "Lion 仅跟踪动量符号，训练速度更快。"
    shown = [studykit("lint", "-", "--lang", lang, home=tmp_path, typed=text, COLUMNS=str(width)).stdout]
    shown += [studykit("progress", "--lang", lang, home=tmp_path, COLUMNS=str(width)).stdout]
    shown += [studykit("quiz", "lion", "--lang", lang, home=tmp_path, typed="a\nq\n", COLUMNS=str(width)).stdout]
    for line in "\n".join(shown).splitlines():
        assert cell_len(line) <= width, line


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_narrow_terminal_still_shows_whole_names(lang: Language, tmp_path: Path) -> None:
    shown = studykit("progress", "--lang", lang, home=tmp_path, COLUMNS="40").stdout
    for card in catalog().values():
        assert re.sub(r"\s", "", card.title.say(lang)) in re.sub(r"\s", "", shown)
    assert all(len(line) > 2 for line in shown.splitlines() if line), shown


@pytest.mark.parametrize(
    ("line", "width", "lines"),
    [
        ("Lion 存的是动量本身，取符号的是更新。", 20, ["Lion 存的是动量本", "身，取符号的是更新。"]),
        ("什么时候用，什么时候不用", 10, ["什么时候", "用，什么时", "候不用"]),
        ("他说“对”", 5, ["他说", "“对”"]),
        ("one two three", 8, ["one two", "three"]),
        ("    x = 1", 20, ["    x = 1"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("", 10, [""]),
    ],
)
def test_lines_are_broken_where_a_reader_would(line: str, width: int, lines: list[str]) -> None:
    assert wrapped(line, width) == lines


def test_nothing_that_is_shown_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("a\x1b[31mb\x07\x9bc\td")
    assert capsys.readouterr().out == "a\ufffd[31mb\ufffd\ufffdc  d\n"


@pytest.mark.parametrize(("share", "shown"), [(0, "░" * 10), (0.04, "░" * 10), (0.5, "█" * 5 + "░" * 5), (1, "█" * 10), (7, "█" * 10), (-1, "░" * 10)])
def test_a_bar_is_as_full_as_its_share(share: float, shown: str) -> None:
    assert bar(share) == shown


def test_lint_tells_line_verdict_correction_and_source(tmp_path: Path) -> None:
    (tmp_path / "answer.md").write_text("# Mine\n\nLion [x] only tracks the sign of the momentum.\n", encoding="utf-8")
    done = studykit("lint", str(tmp_path / "answer.md"), home=tmp_path)
    assert done.returncode == 1 and done.stderr == ""
    assert "line 3: “only tracks the sign” is wrong" in done.stdout
    plain = " ".join(done.stdout.split())
    assert "Lion keeps the momentum itself" in plain and "Source: Chen et al. 2023" in plain
    assert "all else was not checked" in plain and "Layers named: algorithm; not named: data, engineering." in plain


def test_lint_finds_nothing_and_says_what_that_means(tmp_path: Path) -> None:
    done = studykit("lint", "-", home=tmp_path, typed="AdamW 解耦权重衰减，代价是两份状态。")
    assert done.returncode == 0
    assert "No known false or outdated statement." in done.stdout and "was not checked" in done.stdout
    assert studykit("lint", "-", home=tmp_path).returncode == 0


def test_lint_as_json(tmp_path: Path) -> None:
    text = "好。\nLion 仅跟踪动量符号🦁\n"
    done = studykit("lint", "-", "--json", home=tmp_path, typed=text)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    [found] = told["findings"]
    assert (found["line"], found["text"], found["claim"], found["verdict"]) == (2, "仅跟踪动量符号", "lion-tracks-sign-only", "wrong")
    assert text[slice(*found["span"])] == found["text"]
    assert set(found["correction"]) == set(told["note"]) == {"en", "zh"} and found["source"]
    assert told["coverage"]["layers"] == {"algorithm": True, "data": False, "engineering": False}


def test_lint_refuses_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    done = studykit("lint", str(tmp_path / "x"), home=tmp_path)
    assert done.returncode == 2 and "is not UTF-8 at byte 0" in done.stderr


@pytest.mark.parametrize("command", [["progress"], ["quiz", "lion"], ["lint", "-", "--json"]])
def test_a_terminal_without_the_signs_is_no_error(command: list[str], tmp_path: Path) -> None:
    done = studykit(*command, "--lang", "zh", home=tmp_path, typed="Lion 仅跟踪动量符号。", PYTHONIOENCODING="ascii")
    assert done.returncode in (0, 1) and done.stderr == "" and "?" in done.stdout


@pytest.mark.parametrize(("command", "status"), [(["lint", "-"], 2), (["quiz", "lion"], 0), (["mock"], 0)])
def test_a_closed_input_is_one_line(command: list[str], status: int, tmp_path: Path) -> None:
    shell = 'exec "$@" <&-'
    done = subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-m", "studykit", *command], env=environment(tmp_path), text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == status and done.stderr.count("\n") == (status == 2)


def test_help_comes_without_what_it_does_not_need(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom studykit.cli import app\n"
        "assert not {'torch', 'rich', 'fsrs', 'studykit.claims', 'studykit.progress'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment(tmp_path))
