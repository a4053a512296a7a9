"""The server extension over real HTTP: what each route gives, whom it lets in, and what it says to nonsense."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import schemathesis
import thousand
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from studykit.question import parse
from studykit.server.route import description
from studykit.server.runs import Run, Runs
from studykit.technique import catalog, technique

ROOT = Path(__file__).parents[1]
TOKEN = "only-for-this-test"
SGD = {each.id: each for each in parse(technique("sgd").questions, "sgd")}
EFFECTIVE = SGD["sgd-effective-lr"]


class Reply(NamedTuple):
    status: int
    text: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Server:
    """A Jupyter server of its own with the extension, and what a browser would ask of it."""

    def __init__(self, home: Path, path: Path | None = None) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = home.parent / f"server-{self.port}.log"
        arguments = {
            "ServerApp.jpserver_extensions": '{"studykit.server": True}',
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": home.parent,
            "IdentityProvider.token": TOKEN,
        }
        command = [sys.executable, "-m", "jupyter_server", *(f"--{name}={value}" for name, value in arguments.items())]
        env = {**os.environ, "STUDYKIT_HOME": str(home), "PYTHONPATH": str(path or ROOT), "STUDYKIT_LANG": "en"}
        env |= {"JUPYTER_CONFIG_DIR": str(home.parent / "config"), "JUPYTER_RUNTIME_DIR": str(home.parent / "runtime")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=home.parent)
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail("the server did not start:\n" + self.log.read_text(errors="replace")[-2000:])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/studykit"

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None, token: str = TOKEN) -> Reply:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        known = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(f"{self.address}/{path}", data, {**known, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Reply(answer.status, answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read().decode(), error.headers)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status == status, answer
        return answer.json

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("server") / "home"
    running = Server(home)
    yield running
    running.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "home")
    yield running
    running.close()


def right(question: Any, seed: int) -> str:
    shown = question.shown(seed)
    return ",".join(option.id for option in shown.options if option.right) if shown.options else str(shown.answer)


# What it gives


def test_catalog_has_every_technique_and_what_its_panel_needs(server: Server) -> None:
    found = server.get("catalog")
    assert [each["id"] for each in found["techniques"]] == list(catalog())
    lion = next(each for each in found["techniques"] if each["id"] == "lion")
    assert lion["notebook"] == "basics/lion.ipynb" and lion["drill"] == "Lion" and lion["title"]["zh"]
    assert {"lr", "seeds", "regime"} <= {knob["name"] for knob in lion["knobs"]}
    assert lion["questions"] == len(parse(technique("lion").questions, "lion"))


def test_no_question_leaves_with_its_answer(server: Server) -> None:
    asked = server.get("due?limit=200&new=200")
    assert len(asked["questions"]) == 200 and asked["count"] == 0
    for each in asked["questions"]:
        for lang in ("en", "zh"):
            assert set(each[lang]) == {"id", "technique", "type", "level", "code", "unit", "prompt", "how", "options", "steps"}
            assert all(set(option) == {"id", "text"} for option in each[lang]["options"] + each[lang]["steps"])


def test_a_review_is_graded_scheduled_and_taken_back(fresh: Server) -> None:
    asked = fresh.get("due?technique=sgd&new=5")
    seed, ids = asked["seed"], [each["en"]["id"] for each in asked["questions"]]
    assert ids == list(SGD)[:5] and all(each["due"] is None for each in asked["questions"])
    question = ids[0]
    told = fresh.post("reviews", {"question": question, "given": right(SGD[question], seed), "seed": seed})
    assert told["correct"] and told["score"] == 1 and told["feedback"]["zh"]
    known = fresh.get("progress")["techniques"]["sgd"]
    assert known["answered"] == 1 and known["mastery"] == pytest.approx(1 / len(SGD))
    assert fresh.get("due?technique=sgd&new=5")["questions"][0]["en"]["id"] == ids[1]
    history = fresh.get("progress/sgd")
    assert [(each["question"], each["correct"]) for each in history["answers"]] == [(question, True)]
    assert len(history["retention"]) == 30 and history["past"][0]["right"] == 1
    assert fresh.post("reviews/undo", {"event": told["event"]}) == {"question": question, "due": None}
    assert fresh.get("progress")["techniques"]["sgd"]["answered"] == 0
    again = fresh.ask("POST", "reviews/undo", {"event": told["event"]})
    assert again.status == 409 and "taken back already" in again.json["message"]


def test_what_was_failed_is_due_first_and_a_suspended_question_is_not_asked(fresh: Server) -> None:
    told = fresh.post("reviews", {"question": EFFECTIVE.id, "given": "-5", "seed": 0})
    assert not told["correct"] and told["due"]
    fresh.post("drills", {"technique": "sgd", "source": "def nothing(): ..."})  # a failed drill: all that was seen is due
    asked = fresh.get("due?new=3")
    assert asked["count"] == 1 and asked["questions"][0]["en"]["id"] == EFFECTIVE.id
    assert fresh.get("progress")["techniques"]["sgd"]["drill"] == "failed"
    fresh.post("reviews/suspend", {"question": EFFECTIVE.id, "suspended": True})
    assert EFFECTIVE.id not in [each["en"]["id"] for each in fresh.get("due?new=200&limit=200")["questions"]]
    fresh.post("reviews/suspend", {"question": EFFECTIVE.id, "suspended": False})
    assert fresh.get("due")["count"] == 1


def test_letters_are_those_that_were_shown(server: Server) -> None:
    question = next(each for each in SGD.values() if each.type == "single")
    for seed in range(4):
        told = server.post("reviews", {"question": question.id, "given": right(question, seed), "seed": seed})
        assert told["correct"]


def test_an_answer_that_cannot_be_read_is_not_recorded(fresh: Server) -> None:
    answer = fresh.ask("POST", "reviews", {"question": EFFECTIVE.id, "given": "ten", "seed": 0})
    assert answer.status == 400
    assert answer.json["message"] == "sgd-effective-lr: 'ten' is not a number; answer with one, such as 4, 0.5, 1/2 or 1e-3"
    assert fresh.get("progress/sgd")["answers"] == []


def test_a_drill_is_judged(server: Server) -> None:
    asked = server.get("drills/sgd")
    assert asked["blank"].startswith("import torch") and "class SGD" in asked["blank"] and len(asked["hints"]) >= 2
    blank = server.post("drills", {"technique": "sgd", "source": asked["blank"], "lang": "zh"})
    assert not blank["passed"] and any("一" <= sign <= "鿿" for sign in blank["message"])
    whole = technique("sgd").path(".py").read_text(encoding="utf-8")
    assert server.post("drills", {"technique": "sgd", "source": whole + "\nprint('told')"})["mistake"] != "time_limit"


def test_evidence_is_a_page_that_runs_nothing(server: Server) -> None:
    answer = server.ask("GET", "evidence")
    assert answer.status == 200 and "<table>" in answer.text and "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy


# Runs


def follow(server: Server, run: str) -> Iterator[Any]:
    request = urllib.request.Request(
        f"{server.address}/runs/{run}/events", headers={"Authorization": f"token {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=120) as stream:
        for line in stream:
            yield json.loads(line)


def test_a_run_is_pushed_to_its_end_and_its_result_is_shown(fresh: Server) -> None:
    run = fresh.post("runs", {"technique": "adam", "parameters": {"steps": "3", "seeds": 1}}, 201)
    assert run["status"] == "running" and run["parameters"] == {"steps": 3, "seeds": 1}
    told = list(follow(fresh, run["id"]))
    assert len(told) > 5 and told[-1]["status"] == "done" and told[-1]["cell"] == told[-1]["cells"] > 0
    assert [each["cell"] for each in told] == sorted(each["cell"] for each in told)
    assert fresh.get(f"runs/{run['id']}")["log"] and fresh.get("runs")["runs"][0]["seconds"] > 0
    page = fresh.ask("GET", f"runs/{run['id']}/result")
    assert page.status == 200 and "Adam" in page.text and page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_run_is_stopped_and_known_after_a_restart(tmp_path: Path) -> None:
    server = Server(tmp_path / "home")
    try:
        run = server.post("runs", {"technique": "adam", "parameters": {"steps": 100_000}}, 201)
        other = server.post("runs", {"technique": "sgd", "parameters": {"steps": 100_000}}, 201)
        full = server.ask("POST", "runs", {"technique": "lion"})
        assert full.status == 409 and full.json["message"] == "runs: 2 are going; stop one, or wait for its end"
        next(follow(server, run["id"]))
        stopped = server.ask("DELETE", f"runs/{run['id']}")
        assert stopped.status == 200 and stopped.json["status"] == "stopped"
        assert list(follow(server, run["id"]))[-1]["status"] == "stopped"
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    finally:
        server.close()
    again = Server(tmp_path / "home")
    try:
        status = {each["id"]: each["status"] for each in again.get("runs")["runs"]}
        assert status[run["id"]] == "stopped" and status.get(other["id"], "stopped") == "stopped"
    finally:
        again.close()
        subprocess.run(["pkill", "-f", str(tmp_path)], check=False)


def test_a_full_disk_keeps_nobody_waiting_for_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studykit.server.runs.write_safely", full)

    async def ended() -> bool:
        runs = Runs(tmp_path)
        run = Run({"id": "run-1", "status": "running"}, "x.ipynb")

        async def wait() -> bool:
            async with run.changed:
                return await run.changed.wait_for(lambda: not run.going)

        waits = asyncio.create_task(wait())
        await asyncio.sleep(0)
        run.told["status"] = "done"
        await runs._tell(run)
        return await asyncio.wait_for(waits, 5)

    assert asyncio.run(ended())


def test_a_parameter_that_cannot_be_used_starts_nothing(server: Server) -> None:
    for parameters, said in (({"lr": "abc"}, "lion: lr: is 'abc'"), ({"nothing": 1}, "lion: nothing: is no parameter")):
        answer = server.ask("POST", "runs", {"technique": "lion", "parameters": parameters})
        assert answer.status == 400 and answer.json["message"].startswith(said)
    assert server.ask("POST", "runs", {"technique": "../lion"}).status == 400


# Mock interviews


def test_an_interview_goes_on_over_a_restart_and_ends_in_a_report(tmp_path: Path) -> None:
    server = Server(tmp_path / "home")
    try:
        asked = server.post("interviews", {"minutes": 20, "level": "onsite", "lang": "zh", "focus": "all", "seed": 5}, 201)
        name = asked["id"]
        assert asked["turns"][-1]["kind"] == "broad" and asked["turns"][-1]["given"] is None and not asked["finished"]
        said = "Warmup 可以防止梯度爆炸。<script>alert(1)</script>"
        asked = server.post(f"interviews/{name}/answers", {"given": said, "seconds": 40.5})
        assert asked["elapsed"] == 40.5 and len(asked["turns"]) == 2 and asked["turns"][0]["given"] == said
        early = server.ask("GET", f"interviews/{name}/report")
        assert early.status == 409 and "is not over" in early.json["message"]
        server.process.kill()
        server.process.wait()
    finally:
        server.close()
    server = Server(tmp_path / "home")
    try:
        assert server.get(f"interviews/{name}")["turns"] == asked["turns"]
        done = server.post(f"interviews/{name}/finish", {})
        assert done["finished"] and [each["claim"] for each in done["report"]["findings"]] == ["warmup-prevents-explosion"]
        page = server.ask("GET", f"interviews/{name}/report?format=html")
        assert "<script>alert" not in page.text and page.headers["Content-Type"].startswith("text/html")
        assert server.ask("GET", f"interviews/{name}/report").text.startswith("# ")
        again = server.ask("POST", f"interviews/{name}/answers", {"given": "more", "seconds": 1})
        assert again.status == 409 and again.json["message"] == f"{name}: is over; start another interview"
        assert [each["id"] for each in server.get("interviews")["interviews"]] == [name]
    finally:
        server.close()


# Whom it lets in

ROUTES = [
    ("GET", "catalog"), ("GET", "progress"), ("GET", "progress/sgd"), ("GET", "due"), ("POST", "reviews"),
    ("POST", "reviews/undo"), ("POST", "reviews/suspend"), ("GET", "drills/sgd"), ("POST", "drills"), ("GET", "runs"),
    ("POST", "runs"), ("GET", "runs/x"), ("DELETE", "runs/x"), ("GET", "runs/x/events"), ("GET", "runs/x/result"),
    ("GET", "evidence"), ("GET", "openapi.json"), ("GET", "interviews"), ("POST", "interviews"), ("GET", "interviews/y"),
    ("POST", "interviews/y/answers"), ("POST", "interviews/y/finish"), ("GET", "interviews/y/report"),
]  # fmt: skip


def test_every_route_is_described_and_every_described_one_is_there() -> None:
    described = {(method.upper(), path) for path, methods in description()["paths"].items() for method in methods}
    shapes = {(m, p.replace("/sgd", "/{technique}").replace("/x", "/{run}").replace("/y", "/{interview}")) for m, p in ROUTES}
    assert {(method, path.removeprefix("/")) for method, path in described} == shapes


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_without_a_token_gets_in(server: Server, method: str, path: str) -> None:
    for token in ("", "wrong"):
        answer = server.ask(method, path, {} if method == "POST" else None, token=token)
        assert answer.status == 403 and "studykit" not in answer.text.lower().replace(path, "")


def test_a_cookie_without_the_xsrf_token_changes_nothing(server: Server) -> None:
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    for page in ("login", f"login?next=/api&token={TOKEN}"):
        opener.open(f"http://127.0.0.1:{server.port}/{page}", timeout=20).close()
    body = json.dumps({"question": EFFECTIVE.id, "suspended": False}).encode()

    def post(headers: dict[str, str]) -> int:
        request = urllib.request.Request(f"{server.address}/reviews/suspend", body, headers)
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert post({}) == 403
    [xsrf] = [cookie.value for cookie in jar if cookie.name == "_xsrf"]
    assert post({"X-XSRFToken": xsrf}) == 200


# What it says to nonsense


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "reviews", b"{", 400, "body: is no JSON ("),
        ("POST", "reviews", b"\xff", 400, "body: is no JSON ("),
        ("POST", "reviews", b"[" * 100_000, 400, "body: is no JSON ("),
        ("POST", "drills", b'{"technique": "lion", "source": "\\ud800"}', 400, "body: is no JSON ("),
        ("POST", "interviews", b'{"minutes": 1' + b"0" * 400 + b"}", 400, "minutes: 1000"),
        ("POST", "runs", b'{"technique": "lion", "parameters": {"lr": 1' + b"0" * 400 + b"}}", 400, "lion: lr: is 1000"),
        ("GET", "due?limit=" + "9" * 5000, None, 400, "limit: is '9999"),
        ("POST", "reviews", {}, 400, "body: 'question' is a required property; send Answer as openapi.json says"),
        ("POST", "reviews", [], 400, "body: [] is not of type 'object'; send Answer as openapi.json says"),
        ("POST", "reviews", {"question": "x", "given": "a", "seed": 1, "more": 2}, 400, "body: Additional properties"),
        ("POST", "reviews", {"question": "nope", "given": "a", "seed": 1}, 404, "nope: is no question"),
        ("POST", "reviews", {"question": EFFECTIVE.id, "given": "1" * 20_001, "seed": 1}, 400, "given: "),
        ("POST", "reviews/undo", {"event": 10**15}, 409, "event 1000000000000000: is no answer"),
        ("POST", "reviews/undo", {"event": True}, 400, "event: True is not of type 'integer'"),
        ("POST", "drills", {"technique": "nope", "source": ""}, 404, "nope: is no technique; did you mean"),
        ("GET", "progress/nope", None, 404, "nope: is no technique; did you mean"),
        ("GET", "drills/nope", None, 404, "nope: is no technique; did you mean"),
        ("GET", "due?technique=nope", None, 404, "nope: is no technique; did you mean"),
        ("GET", "due?limit=0", None, 400, "limit: is '0'; give a whole number from 1 to 200"),
        ("GET", "due?limit=%D9%A3", None, 400, "limit: is '٣'; give a whole number from 1 to 200"),
        ("GET", "runs/nope", None, 404, "nope: is no run; take one of those listed"),
        ("GET", "runs/nope/events", None, 404, "nope: is no run; take one of those listed"),
        ("DELETE", "runs/nope", None, 404, "nope: is no run; take one of those listed"),
        ("DELETE", "catalog", None, 405, "request: "),
    ],
)
def test_nonsense_is_answered_in_one_line(
    server: Server, method: str, path: str, body: Any, status: int, said: str
) -> None:
    answer = server.ask(method, path, body)
    assert answer.status == status and answer.json["message"].startswith(said)
    assert "\n" not in answer.json["message"] and len(answer.json["message"]) < 400
    assert set(answer.json) == {"where", "what", "remedy", "message"}


@pytest.mark.parametrize("path", ["drills/..%2Flion", "progress/..", "runs/%2e%2e%2fetc/result", "drills/" + "a" * 101])
def test_things_are_named_by_id_and_never_by_path(server: Server, path: str) -> None:
    assert server.ask("GET", path).status == 404


def test_a_progress_file_that_cannot_be_used_is_said_and_the_rest_works(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "progress.sqlite3").write_text("not a database, but mine")
    server = Server(home)
    try:
        answer = server.ask("GET", "progress")
        assert answer.status == 503 and "is not a progress file" in answer.json["message"]
        assert server.ask("POST", "reviews", {"question": EFFECTIVE.id, "given": "1", "seed": 0}).status == 503
        assert server.get("catalog")["techniques"] and server.get("drills/sgd")
        assert (home / "progress.sqlite3").read_text() == "not a database, but mine"
        (home / "progress.sqlite3").unlink()  # moved away by its owner: no restart is needed
        assert server.get("progress")["due"] == 0
    finally:
        server.close()


schema = schemathesis.openapi.from_dict(description())
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_description_holds_whatever_is_sent(case: Any, server: Server) -> None:
    case.call_and_validate(
        base_url=server.address, headers={"Authorization": f"token {TOKEN}"}, checks=CHECKS, timeout=60
    )


# A thousand techniques


def test_a_thousand_techniques_and_a_hundred_thousand_answers_are_quick(tmp_path: Path) -> None:
    """p95 of the routes that the panel asks when it opens, in milliseconds."""
    home = tmp_path / "home"
    package = thousand.make(tmp_path, home)
    server = Server(home, package)
    try:
        assert len(server.get("catalog")["techniques"]) == 1000  # waits until all is read
        for path in ("catalog", "progress", "due?limit=20&new=5", "progress/copy3", "runs"):
            times = []
            for _ in range(21):
                began = time.perf_counter()
                server.get(path)
                times.append(1000 * (time.perf_counter() - began))
            print(f"{path}: median {sorted(times)[10]:.0f} ms, p95 {sorted(times)[19]:.0f} ms")
            # Ten times what is aimed at: a machine that does other things beside it must not fail the test.
            assert sorted(times)[10] < 1000, path
    finally:
        server.close()
