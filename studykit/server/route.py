"""What all routes share: who is let in, bodies checked against the description, one line per error."""

import asyncio
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from studykit.errors import InputError, StorageError
from studykit.judge.client import JudgeError
from studykit.server import pages
from studykit.server.desk import Conflict, Desk, Json, Unknown
from studykit.server.interviews import Rehearsals
from studykit.server.runs import Runs

_LONGEST = 240  # signs that tell what is wrong
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
            if b"\\u" in self.request.body:
                json.dumps(given, ensure_ascii=False).encode()  # half a surrogate pair could be neither kept nor shown
        except (ValueError, RecursionError) as error:
            raise InputError("body", f"is no JSON ({error})"[:200], "send an object") from None
        wrong = best_match(_validator(schema).iter_errors(given))
        if wrong:
            where = "/".join(map(str, wrong.absolute_path)) or "body"
            raise InputError(where, " ".join(wrong.message.split())[:200], f"send {schema} as openapi.json says")
        assert isinstance(given, dict)
        return given

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query."""
        given = self.get_query_argument(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", given) or not least <= int(given) <= most:
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
        what = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"  # it may quote all that was sent
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
