"""The routes: authentication and XSRF as Jupyter has them, bodies checked against the description, one line per error."""

import asyncio
import contextlib
import functools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from studykit.errors import InputError, StorageError
from studykit.home import home
from studykit.judge.client import JudgeError
from studykit.server import pages
from studykit.server.desk import Conflict, Desk, Json, Unknown
from studykit.server.interviews import FORMATS, Rehearsals
from studykit.server.runs import Runs

DESCRIPTION = Path(__file__).with_name("openapi.json")


@functools.cache
def description() -> Json:
    """The OpenAPI description of all routes."""
    found: Json = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": description()["components"]}
    return Draft202012Validator(whole)


class Route(APIHandler):
    """What all routes share."""

    auth_resource = "studykit"

    def initialize(self, desk: Desk, runs: Runs, rehearsals: Rehearsals) -> None:
        """Take what the routes speak for."""
        self.desk, self.runs, self.rehearsals = desk, runs, rehearsals

    def body(self, schema: str) -> Json:
        """The body of a request, which fits a schema of the description."""
        try:
            given = json.loads(self.request.body or b"{}")
        except ValueError as error:
            raise InputError("body", f"is no JSON ({error})", "send an object") from None
        wrong = best_match(_validator(schema).iter_errors(given))
        if wrong:
            where = "/".join(map(str, wrong.absolute_path)) or "body"
            raise InputError(where, " ".join(wrong.message.split())[:200], f"send {schema} as openapi.json says")
        assert isinstance(given, dict)
        return given

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query."""
        given = self.get_query_argument(name, str(default))
        if not given.isascii() or not given.isdigit() or not least <= int(given) <= most:
            raise InputError(name, f"is {given[:40]!r}", f"give a whole number from {least} to {most}")
        return int(given)

    async def reply(self, work: Callable[[], Any], status: int = 200) -> None:
        """Do the work beside the server's loop, and send what it gives."""
        self.send(await asyncio.to_thread(work), status)

    def send(self, answer: Any, status: int = 200) -> None:
        """Send JSON."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(answer, ensure_ascii=False, allow_nan=False))

    def send_page(self, text: str, kind: str = "text/html") -> None:
        """Send a page that runs nothing and loads nothing."""
        self.set_header("Content-Security-Policy", pages.POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(text, set_content_type=f"{kind}; charset=utf-8")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What is wrong, in one line; of a fault of ours no more than that it is one."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, InputError):
            where, what, remedy = error.where, error.what, error.remedy
        elif isinstance(error, JudgeError):
            where, what, remedy = "the judge", str(error), "try again"
        elif isinstance(error, web.HTTPError):
            where, what = "request", error.log_message or error.reason or f"is refused ({status_code})"
            remedy = "sign in to Jupyter" if status_code == 403 else "ask as openapi.json says"
        else:
            where, what, remedy = "studykit", "met an error of its own", "see the server's log"
        told = {"where": where, "what": what, "remedy": remedy, "message": f"{where}: {what}; {remedy}"}
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(told, ensure_ascii=False))

    def log_exception(self, *args: Any) -> None:
        """Keep the log for what is ours."""
        if not isinstance(args[1], InputError):
            super().log_exception(*args)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Say by the status whose fault it is."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, StorageError):
            status_code = 503
        elif isinstance(error, Unknown):
            status_code = 404
        elif isinstance(error, InputError):
            status_code = 409 if isinstance(error, Conflict) else 400
        super().send_error(status_code, **kwargs)


def guarded(method: Any) -> Any:
    """Only for whom Jupyter lets in."""
    return web.authenticated(authorized(method))


class CatalogRoute(Route):
    """`catalog`."""

    @guarded
    async def get(self) -> None:
        """All techniques."""
        await self.reply(self.desk.catalog)


class ProgressRoute(Route):
    """`progress`, `progress/<id>`."""

    @guarded
    async def get(self, technique: str | None = None) -> None:
        """What is known of all, or the answers to one technique's questions."""
        await self.reply(lambda: self.desk.progress_of(technique) if technique else self.desk.progress())


class DueRoute(Route):
    """`due`."""

    @guarded
    async def get(self) -> None:
        """Questions to review now."""
        limit, new = self.whole("limit", 20, 1, 200), self.whole("new", 0, 0, 200)
        technique = self.get_query_argument("technique", None)
        await self.reply(lambda: self.desk.due(limit, new, technique))


class ReviewRoute(Route):
    """`reviews`, `reviews/undo`, `reviews/suspend`."""

    @guarded
    async def post(self, what: str | None = None) -> None:
        """Grade an answer, take one back, or leave a question out."""
        if what == "undo":
            event = self.body("Undo")["event"]
            await self.reply(lambda: self.desk.undo(event))
        elif what == "suspend":
            asked = self.body("Suspend")
            await self.reply(lambda: self.desk.suspend(asked["question"], asked["suspended"]))
        else:
            given = self.body("Answer")
            await self.reply(lambda: self.desk.review(given["question"], given["given"], given["seed"]))


class DrillRoute(Route):
    """`drills/<id>`."""

    @guarded
    async def get(self, technique: str) -> None:
        """Skeleton and hints."""
        await self.reply(lambda: self.desk.drill(technique))


class DrillsRoute(Route):
    """`drills`."""

    @guarded
    async def post(self) -> None:
        """Judge a solution."""
        given = self.body("Solution")
        await self.reply(lambda: self.desk.grade(given["technique"], given["source"], given.get("lang")))


class RunsRoute(Route):
    """`runs`."""

    @guarded
    async def get(self) -> None:
        """All runs."""
        self.send({"runs": self.runs.all()})

    @guarded
    async def post(self) -> None:
        """Start a run."""
        asked = self.body("RunAsked")
        self.send(await self.runs.start(asked["technique"], asked.get("parameters", {})), 201)


class RunRoute(Route):
    """`runs/<id>`."""

    @guarded
    async def get(self, run_id: str) -> None:
        """One run with its log."""
        run = self.runs.get(run_id)
        self.send({**run.told, "log": run.log})

    @guarded
    async def delete(self, run_id: str) -> None:
        """Stop a run."""
        self.send(await self.runs.stop(run_id))


class EventsRoute(Route):
    """`runs/<id>/events`."""

    @guarded
    async def get(self, run_id: str) -> None:
        """Each change of a run as a line, until it ends."""
        self.runs.get(run_id)
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        with contextlib.suppress(StreamClosedError):  # whoever followed has left
            async for told in self.runs.follow(run_id):
                self.write(json.dumps(told, ensure_ascii=False) + "\n")
                await self.flush()


class PageRoute(Route):
    """`runs/<id>/result`, `evidence`."""

    @guarded
    async def get(self, run_id: str | None = None) -> None:
        """A page to look at."""
        path = Path(self.runs.get(run_id).notebook) if run_id else None
        self.send_page(await asyncio.to_thread(pages.notebook_page, path) if path else pages.evidence_page())


class InterviewsRoute(Route):
    """`interviews`."""

    @guarded
    async def get(self) -> None:
        """All of them."""
        await self.reply(self.rehearsals.all)

    @guarded
    async def post(self) -> None:
        """Start one."""
        settings = self.body("Settings")
        await self.reply(lambda: self.rehearsals.start(settings), 201)


class InterviewRoute(Route):
    """`interviews/<id>`."""

    @guarded
    async def get(self, name: str) -> None:
        """One with all its turns."""
        await self.reply(lambda: self.rehearsals.get(name))


class AnswersRoute(Route):
    """`interviews/<id>/answers`, `interviews/<id>/finish`."""

    @guarded
    async def post(self, name: str, what: str) -> None:
        """Answer, or end it."""
        if what == "finish":
            self.body("Nothing")
            await self.reply(lambda: self.rehearsals.finish(name))
        else:
            said = self.body("Spoken")
            await self.reply(lambda: self.rehearsals.answer(name, said["given"], said["seconds"]))


class ReportRoute(Route):
    """`interviews/<id>/report`."""

    @guarded
    async def get(self, name: str) -> None:
        """The report as a file to keep."""
        form = self.get_query_argument("format", "md")
        if form not in FORMATS:
            raise InputError("format", f"is {form[:40]!r}", f"give one of {', '.join(FORMATS)}")
        text = await asyncio.to_thread(self.rehearsals.report, name, form)
        self.set_header("Content-Disposition", f'attachment; filename="{name}.{form}"')
        self.send_page(text, FORMATS[form])


class DescriptionRoute(Route):
    """`openapi.json`."""

    @guarded
    async def get(self) -> None:
        """What all routes take and give."""
        self.send(description())


class NothingRoute(Route):
    """Whatever else begins with `studykit/`."""

    @guarded
    async def get(self, path: str) -> None:
        """Say that it is not there."""
        raise Unknown(path[:100], "is no route", "ask for one of openapi.json")

    post = put = patch = delete = get


def handlers(base_url: str) -> list[tuple[str, type[Route], dict[str, Any]]]:
    """The routes of one server.

    Args:
        base_url: Where the server's addresses begin.
    """
    desk, runs = Desk(), Runs(home() / "runs")
    # Reading a thousand cards takes seconds; nobody waits for it who opens the panel a moment later.
    threading.Thread(target=desk.catalog, daemon=True).start()
    name = "([A-Za-z0-9_-]{1,100})"
    routes: dict[str, type[Route]] = {
        "catalog": CatalogRoute,
        "progress": ProgressRoute,
        f"progress/{name}": ProgressRoute,
        "due": DueRoute,
        "reviews": ReviewRoute,
        r"reviews/(undo|suspend)": ReviewRoute,
        "drills": DrillsRoute,
        f"drills/{name}": DrillRoute,
        "runs": RunsRoute,
        f"runs/{name}": RunRoute,
        f"runs/{name}/events": EventsRoute,
        f"runs/{name}/result": PageRoute,
        "interviews": InterviewsRoute,
        f"interviews/{name}": InterviewRoute,
        f"interviews/{name}/(answers|finish)": AnswersRoute,
        f"interviews/{name}/report": ReportRoute,
        "evidence": PageRoute,
        r"openapi\.json": DescriptionRoute,
        "(.*)": NothingRoute,
    }
    given = {"desk": desk, "runs": runs, "rehearsals": Rehearsals(lambda: desk.log)}
    return [(rf"{base_url.rstrip('/')}/studykit/{path}/?", route, given) for path, route in routes.items()]
