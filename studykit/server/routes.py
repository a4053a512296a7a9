"""The routes of the server extension, by their paths under `/studykit/`."""

import asyncio
import contextlib
import json
import threading
from pathlib import Path
from typing import Any

from tornado.iostream import StreamClosedError

from studykit.errors import InputError
from studykit.home import home
from studykit.server import pages
from studykit.server.desk import Desk, Unknown
from studykit.server.interviews import FORMATS, Rehearsals
from studykit.server.route import Route, description, guarded
from studykit.server.runs import Runs


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
