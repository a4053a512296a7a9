"""What is to be run: notebooks with parameters, checked against the knobs that each notebook carries."""

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from studykit.errors import InputError
from studykit.knobs import Knob, Value, parse_all
from studykit.technique import chosen, technique

# More is a slip of the keyboard: `log:1e-5:1e-2:9` on three knobs is 729 runs.
MOST = 10_000
GRIDS = "low:high (whole numbers, high excluded), lin:low:high:count, log:low:high:count or a,b,c"


@dataclass(frozen=True)
class Source:
    """A notebook as it was read, with the values that it is run with.

    Attributes:
        text: The file's content.
        values: Every parameter, the defaults included.
        digest: Hash of code, sources and values; names the folder of the result.
    """

    text: str
    values: Mapping[str, Value]
    digest: str


@dataclass(frozen=True)
class Job:
    """One notebook with the parameters that differ from its defaults.

    Attributes:
        technique_id: The technique.
        parameters: Name to value.
        notebook: Another notebook than the technique's own.
    """

    technique_id: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    notebook: Path | None = None

    @property
    def path(self) -> Path:
        """Where the notebook is."""
        return self.notebook or technique(self.technique_id).notebook

    @property
    def label(self) -> str:
        """`lion lr=0.001 seed=2`."""
        return " ".join([self.technique_id, *(f"{name}={word(value)}" for name, value in self.parameters.items())])

    def source(self) -> Source:
        """Read the notebook and check the parameters.

        Raises:
            InputError: The notebook can't be used, or a parameter can't.
        """
        text, notebook, knobs = _read(self.path)
        values = {name: knob.default for name, knob in knobs.items()} | parse_all(knobs, self.parameters)
        code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        content = json.dumps([notebook["metadata"]["studykit"].get("executed"), code, values], sort_keys=True)
        return Source(text, values, hashlib.sha256(content.encode()).hexdigest()[:16])

    def folder(self, out: Path) -> Path:
        """Where the result of this job goes."""
        return out / self.technique_id / self.source().digest

    def as_json(self) -> dict[str, Any]:
        """What a worker process is told."""
        return {
            "technique_id": self.technique_id,
            "parameters": dict(self.parameters),
            "notebook": str(self.path.absolute()),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Job":
        """The job that a worker process was told."""
        return cls(data["technique_id"], data["parameters"], Path(data["notebook"]))


@dataclass(frozen=True)
class Step:
    """A cell begins.

    Attributes:
        cell: Code cells that are done.
        cells: Code cells of the notebook; 0 while the kernel starts.
        message: What runs: the heading above the cell.
    """

    cell: int
    cells: int
    message: str


@dataclass(frozen=True)
class Outcome:
    """How one job ended.

    Attributes:
        job: The job.
        status: `done`, `already done` (an earlier run's result is there) or `failed`.
        notebook: The executed notebook; of a failed job the partial one.
        reason: Why it failed, in one line.
        seconds: How long it ran.
    """

    job: Job
    status: Literal["done", "already done", "failed"]
    notebook: Path
    reason: str = ""
    seconds: float = 0.0


Watch = Callable[[Job, Step | Outcome], None]


def word(value: Any) -> str:
    """A parameter's value as it is written on the command line."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def jobs_of(targets: Sequence[str], assignments: Mapping[str, Any]) -> list[Job]:
    """One job per technique that is meant.

    Args:
        targets: Ids of techniques, sections, tiers, or `all`.
        assignments: Parameter to value (a text is parsed), the same for all of them.

    Returns:
        Jobs in the order of study, each technique once.

    Raises:
        InputError: A target is unknown, a notebook is missing, lacks a parameter or refuses its value.
    """
    meant = {each.id: each for each in chosen(targets)}
    if not meant:
        raise InputError("run", "was given nothing to run", "name a technique, a section, a tier or all")
    knobs = {name: _read(each.notebook)[2] for name, each in meant.items()}
    for name in assignments if len(meant) > 1 else ():
        lacking = [each for each in knobs if name not in knobs[each]]
        having = [each for each in knobs if name in knobs[each]]
        shared = [each for each in next(iter(knobs.values())) if all(each in other for other in knobs.values())]
        if lacking:
            remedy = f"run {', '.join(having)} apart" if having else f"use one that all have: {', '.join(shared)}"
            raise InputError(name, f"is no parameter of {', '.join(lacking)}", f"leave it out, or {remedy}")
    return [Job(each, _parsed(each, knobs[each], assignments)) for each in meant]


def sweep_of(technique_id: str, assignments: Mapping[str, Any]) -> list[Job]:
    """One job per point of a grid.

    Args:
        technique_id: The technique.
        assignments: Parameter to a value, a sequence of values or a text: `0:5` (whole numbers, 5 excluded),
            `lin:0:1:5`, `log:1e-5:1e-2:9`, `a,b,c`.

    Returns:
        The cartesian product, the last parameter moving fastest.

    Raises:
        InputError: As of `jobs_of`, or a grid is malformed.
    """
    knobs = _read(technique(technique_id).notebook)[2]
    _parsed(technique_id, knobs, {name: None for name in assignments if name not in knobs})
    axes = {name: _axis(technique_id, knobs[name], given) for name, given in assignments.items()}
    count = math.prod(len(axis) for axis in axes.values())
    if count > MOST:
        raise InputError(f"sweep {technique_id}", f"makes {count} runs", f"ask for {MOST} or fewer")
    return [Job(technique_id, dict(zip(axes, point, strict=True))) for point in itertools.product(*axes.values())]


def _read(path: Path) -> tuple[str, dict[str, Any], dict[str, Knob]]:
    """Text, content and knobs of a notebook."""
    where, build = Path(*path.parts[-3:]).as_posix(), f"run `studykit build {path.stem}`"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(where, "is missing", build) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(where, f"can't be read ({error})", build) from None
    try:
        notebook = json.loads(text)
        knobs = [Knob.from_json(each) for each in notebook["metadata"]["studykit"]["knobs"]]
    except (ValueError, KeyError, TypeError):
        raise InputError(where, "is no notebook of studykit: it has no parameters that can be read", build) from None
    return text, notebook, {knob.name: knob for knob in knobs}


def _parsed(technique_id: str, knobs: Mapping[str, Knob], given: Mapping[str, Any]) -> dict[str, Value]:
    """`parse_all`, with the technique in the error."""
    try:
        return parse_all(knobs, given)
    except InputError as error:
        raise InputError(f"{technique_id}: {error.where}", error.what, error.remedy) from None


def _axis(technique_id: str, knob: Knob, given: Any) -> list[Value]:
    """The values that one parameter takes, each once."""
    if isinstance(given, str):
        given = _grid(f"{technique_id}: {knob.name}", knob, given)
    elif not isinstance(given, Sequence):
        given = [given]
    values = [_parsed(technique_id, {knob.name: knob}, {knob.name: each})[knob.name] for each in given]
    return list(dict.fromkeys(values))


def _grid(where: str, knob: Knob, given: str) -> list[Any]:
    """The points of a grid; a text such as `cuda:1` is none."""
    wrong = InputError(where, f"is {given!r}", f"give a value, or {GRIDS}")
    kind, *ends = given.split(":")
    if knob.type not in ("int", "float") or not ends:
        values: list[Any] = [each.strip() for each in given.split(",")]
        if "" in values:
            raise wrong
        return values
    try:
        if kind not in ("lin", "log"):
            first, end = int(kind), int(*ends)
            values = list(range(first, min(end, first + MOST + 1)))
        else:
            low, high, count = float(ends[0]), float(ends[1]), int(*ends[2:])
            values = _spaced(kind, low, high, min(count, MOST + 1))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise wrong from None
    if not values:
        raise wrong
    return [round(each) for each in values] if knob.type == "int" else values


def _spaced(kind: str, low: float, high: float, count: int) -> list[float]:
    """`count` points from `low` to `high`, both included."""
    if not (math.isfinite(low) and math.isfinite(high)) or count < 1 or (count == 1 and low != high):
        raise ValueError(count)
    first, last = (math.log(low), math.log(high)) if kind == "log" else (low, high)
    points = [first + (last - first) * step / max(count - 1, 1) for step in range(1, count - 1)]
    # Twelve digits: 0.003, not 0.0030000000000000001.
    between = [float(f"{math.exp(each) if kind == 'log' else each:.12g}") for each in points]
    return [low, *between, high][:count]
