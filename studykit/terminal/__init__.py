"""The desk in a terminal: review, rehearse, see what is known, check what you would say.

Here are only the commands with their options; each imports what it does when it is called.
"""

from pathlib import Path
from typing import Annotated

import typer

from studykit.errors import InputError
from studykit.language import Language, current

Lang = Annotated[str | None, typer.Option("--lang", help="`en` or `zh`; by default STUDYKIT_LANG's.")]
Level = Annotated[str | None, typer.Option("--level", help="`screen`, `onsite` or `expert`.")]


def quiz(
    techniques: Annotated[list[str] | None, typer.Argument(help="Techniques, sections or tiers; by default all.")] = None,
    level: Level = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many questions at most.")] = 20,
    lang: Lang = None,
) -> None:
    """Review what is due, then new questions: `u` takes the last answer back, `s` suspends, `q` leaves."""
    from studykit.terminal.quiz import Quiz

    raise typer.Exit(Quiz(techniques or ["all"], level, limit, _language(lang)).run())


def mock(
    minutes: Annotated[int, typer.Option("--minutes", help="Its length, 5 to 90.")] = 30,
    level: Level = "onsite",
    lang: Lang = None,
    focus: Annotated[str, typer.Option("--focus", help="`all`, a tier, a section or a technique.")] = "all",
    seed: Annotated[int | None, typer.Option("--seed", help="The same seed and answers give the same interview.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last one that was left.")] = False,
) -> None:
    """Rehearse an interview that follows your own words; an empty line ends an answer."""
    from studykit.interview import Settings
    from studykit.terminal.mock import Mock

    if resume:
        raise typer.Exit(Mock.resumed().run())
    given = {"minutes": minutes, "level": level, "lang": _language(lang), "focus": focus, "seed": seed}
    raise typer.Exit(Mock.begun(Settings.read(given)).run())


def progress(lang: Lang = None) -> None:
    """What is known and what is due, by tier."""
    from studykit.terminal.pages import show_progress

    show_progress(_language(lang))


def lint(
    file: Annotated[str, typer.Argument(help="A text file with an answer, or `-` for what is piped in.")],
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON on stdout.")] = False,
    lang: Lang = None,
) -> None:
    """Find what is wrong, outdated or without its condition: 0 nothing found, 1 something, 2 unreadable."""
    from studykit.terminal.pages import show_findings

    raise typer.Exit(show_findings(_text(file), as_json, _language(lang)))


def export_(
    file: Annotated[Path, typer.Argument(help="`.apkg` for Anki, or `.jsonl` for your progress.")],
    targets: Annotated[list[str] | None, typer.Argument(help="Whose questions, for Anki; by default all.")] = None,
) -> None:
    """Write the questions for Anki, or your progress to carry it elsewhere."""
    from studykit import anki, exchange
    from studykit.progress import Progress
    from studykit.technique import chosen

    if file.suffix == ".apkg":
        print(f"{file}: {anki.export(chosen(targets or ['all']), file)} cards")
    elif file.suffix == ".jsonl" and not targets:
        with Progress() as log:
            print(f"{file}: {exchange.write(log, file)} events")
    else:
        raise InputError(str(file), "is neither", "name a file .apkg, or .jsonl without techniques")


def import_(file: Annotated[Path, typer.Argument(help="What `studykit export x.jsonl` wrote.")]) -> None:
    """Merge progress from elsewhere into yours; what is there already is passed over."""
    from studykit import exchange
    from studykit.progress import Progress

    with Progress() as log:
        print(f"{file}: {exchange.read(log, file)} new events")


def _language(lang: str | None) -> Language:
    if lang is None:
        return current()
    if lang not in ("en", "zh"):
        raise InputError("--lang", f"is {lang!r}", "give en or zh")
    return "zh" if lang == "zh" else "en"


def _text(file: str) -> str:
    import sys

    if file == "-" and sys.stdin is None:
        raise InputError(file, "is closed", "pipe a text in, or name a file")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(file, f"is not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise InputError(file, f"can't be read ({what})", "give the path of a text file, or -") from None
