"""A drill: what a learner writes from a blank, how it is probed, and the mistakes that are known by name.

This side is the parent's: standard library only. What the learner wrote runs in the judge's processes (`studykit.judge`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from studykit.errors import InputError
from studykit.judge.client import the_judge
from studykit.judge.skeleton import blank_of, hints_of
from studykit.judge.source import source_of
from studykit.language import Text, current
from studykit.technique import Technique, technique

__all__ = ["Drill", "Mistake", "Probe", "Verdict", "blank", "grade", "read", "source_of", "warm"]


class Probe(NamedTuple):
    """One aspect of what is asked, isolated.

    Args:
        name: What it is called in tests and benchmarks.
        run: Takes a candidate and a seed, gives outputs by name: tensors, numbers, strings, lists of them. A name
            that begins with "given " is an input that the message shows; all else is compared with the reference's.
        tells: The setting in a few words, shown to the learner when it fails.
        tolerance: Relative to the largest magnitude of the expected output.
        least: And to no smaller one than this: where terms of this size cancel, what is left carries their rounding.
    """

    name: str
    run: Callable[[Any, int], Mapping[str, Any]]
    tells: Text
    tolerance: float = 1e-6
    least: float = 0.0


class Mistake(NamedTuple):
    """A classic wrong solution: its name, the solution itself, and what to tell someone who wrote it."""

    name: str
    candidate: Any
    tells: Text


@dataclass(frozen=True)
class Drill:
    """What `<id>_drill.py` holds under the name `drill`.

    Args:
        reference: The implementation, which is the answer key.
        probes: From the smallest input to the most general.
        mistakes: At least four.
        variants: Right solutions that are written differently, by name; at least two.
        forbidden: Dotted names whose use answers the task by a library call: a class, a function, a module (all that
            is defined in it), or the name of a package.
        methods: The methods of a class that `blank` empties; by default all public ones. A literal tuple.
        prompt: The task.
        hints: From gentle to plain.
        seconds: Time limit.
        megabytes: Memory beyond what torch itself takes.
    """

    reference: Any
    probes: tuple[Probe, ...]
    mistakes: tuple[Mistake, ...]
    variants: Mapping[str, Any]
    prompt: Text
    forbidden: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    hints: tuple[Text, ...] = field(default=())
    seconds: float = 10.0
    megabytes: int = 2000


class Verdict(NamedTuple):
    """What the judge says of a solution.

    Args:
        passed: Every probe agreed with the reference.
        mistake: The name of a known mistake, else None.
        message: One short text in the learner's language.
        seconds: How long the solution ran.
        printed: What the solution printed, at most 10 kB.
    """

    passed: bool
    mistake: str | None
    message: str
    seconds: float
    printed: str = ""

    def as_json(self) -> dict[str, Any]:
        """The four fields that a terminal and the panel see."""
        return {name: getattr(self, name) for name in ("passed", "mistake", "message", "seconds")}


def blank(of: Technique | str) -> str:
    """The skeleton to start from, cut out of the implementation.

    Args:
        of: A technique or its id.

    Raises:
        InputError: There is no such technique.
    """
    return blank_of(technique(of) if isinstance(of, str) else of)


def hints(of: Technique | str) -> list[Text]:
    """The hints of a drill, from gentle to plain, read without loading it.

    Args:
        of: A technique or its id.

    Raises:
        InputError: There is no such technique.
    """
    return hints_of(technique(of) if isinstance(of, str) else of)


def grade(technique_id: str, source: str, *, lang: str | None = None, seconds: float | None = None) -> Verdict:
    """Judge a solution.

    Args:
        technique_id: Whose drill it is.
        source: The text of the solution.
        lang: `en` or `zh`, by default the learner's.
        seconds: Another time limit than the drill's.

    Raises:
        InputError: There is no such technique. Whatever the solution does is a verdict.
    """
    card = technique(technique_id)
    job = {
        "module": card.module_of("_drill"),
        "source": source,
        "name": card.names[0],
        "signature": card.signature,
        "lang": lang or current(),
        "seconds": seconds,
    }
    return Verdict(**the_judge().check(job))


def warm(technique_id: str | None = None) -> None:
    """Start the judge in the background, so that the first answer is quick; with an id its drill is loaded too."""
    the_judge().start(technique(technique_id).module_of("_drill") if technique_id else None)


def read(path: Path) -> str:
    """The text of a solution's file.

    Raises:
        InputError: It can't be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"is not UTF-8 at byte {error.start}", "save it as UTF-8") from None
    except OSError as error:
        raise InputError(str(path), f"can't be read ({error.strerror})", "give the path of a Python file") from None
