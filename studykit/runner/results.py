"""What runs found, as flat rows, as Parquet and as a page."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studykit.errors import InputError
from studykit.files import write_safely
from studykit.knobs import Knob
from studykit.runner.folders import FINAL, PARTIAL, held, load
from studykit.runner.report import page
from studykit.technique import REGIMES

MIME = "application/vnd.studykit.result+json"
TEXTS = (
    "technique",
    "run",
    "status",
    "reason",
    "regime",
    "metric",
    "arm",
    "against",
    "verdict",
    "expected",
    "agreement",
)
NUMBERS = ("seconds", "mean", "against_mean", "difference", "low", "high")
COUNTS = ("wins", "seeds")
FLAGS = ("higher_is_better",)


def collect(out: Path) -> list[dict[str, Any]]:
    """Every finding of every run in a folder.

    Args:
        out: What `run` was given.

    Returns:
        One flat row per run, regime and baseline: `technique`, `run` (its digest), `status` (`done`, `failed`,
        `interrupted`, `running`), `reason`, `seconds`, `notebook` (relative to `out`), `regime`, `metric`,
        `higher_is_better`, `arm`, `against`, `mean`, `against_mean`, `difference`, `low`, `high`, `wins`, `seeds`,
        `verdict`, `expected`, `agreement`, `changed` (the parameters that are not at their default) and one
        `parameter.<name>` each. A run that found nothing has one row without a finding.
    """
    rows: list[dict[str, Any]] = []
    for folder in sorted(path for path in Path(out).glob("*/*") if path.is_dir()):
        for name in (FINAL, PARTIAL):
            if (folder / name).exists():
                rows += _rows(folder / name, Path(out))
                break
    rows.sort(key=_order)
    return rows


def write_results(out: Path) -> tuple[Path, Path]:
    """Write `results.parquet` and `report.html` into the folder of results.

    Returns:
        Both paths.

    Raises:
        InputError: There are no results, or pyarrow is missing.
    """
    rows = collect(out)
    if not rows:
        raise InputError(str(out), "holds no results", "run something into it first: `studykit run lion`")
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            "results.parquet", "needs pyarrow, which is missing", "run `python -m pip install pyarrow`"
        ) from None
    kinds = [(TEXTS, pa.string()), (NUMBERS, pa.float64()), (COUNTS, pa.int64()), (FLAGS, pa.bool_())]
    types = {name: kind for names, kind in kinds for name in names}
    columns = {name: pa.array(values, types.get(name)) for name, values in _columns(rows).items()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    parquet, report = Path(out) / "results.parquet", Path(out) / "report.html"
    write_safely(parquet, sink.getvalue().to_pybytes())
    write_safely(report, page(rows))
    return parquet, report


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Values by column; techniques may disagree about a parameter's type, Parquet may not."""
    columns = {name: [row.get(name) for row in rows] for row in rows for name in row}
    for name, values in columns.items():
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            columns[name] = [None if value is None else float(value) for value in values]
        elif len(kinds) > 1:
            columns[name] = [None if value is None else str(value) for value in values]
    return columns


def _rows(path: Path, out: Path) -> list[dict[str, Any]]:
    notebook = load(path)
    about = notebook.get("metadata", {}).get("studykit", {})
    ran = about.get("run", {})
    values = ran.get("parameters") or notebook.get("metadata", {}).get("papermill", {}).get("parameters", {})
    defaults = {each["name"]: Knob.from_json(each).default for each in about.get("knobs", [])}
    changed = {name: value for name, value in values.items() if name not in defaults or defaults[name] != value}
    run = {
        "technique": path.parent.parent.name,
        "run": path.parent.name,
        "status": "done"
        if path.name == FINAL
        else ran.get("status") or ("running" if held(path.parent) else "interrupted"),
        "reason": ran.get("reason", ""),
        "seconds": ran.get("seconds"),
        "notebook": path.relative_to(out).as_posix(),
        "changed": json.dumps(changed, sort_keys=True),
    }
    parameters = {f"parameter.{name}": value for name, value in values.items()}
    found = [_finding(each) for each in _findings(notebook)] if run["status"] == "done" else []
    # A notebook may show a result twice; the later one is its last word.
    found = list({(each["regime"], each["metric"], each["against"]): each for each in found}.values())
    return [{**run, **finding, **parameters} for finding in found or [_finding({})]]


def _findings(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [row for output in outputs for row in output.get("data", {}).get(MIME, {}).get("rows", [])]


def _finding(row: dict[str, Any]) -> dict[str, Any]:
    names = {"arm": "technique", "against_mean": "other"}
    given = {name: row.get(names.get(name, name)) for name in (*TEXTS[4:], *NUMBERS[1:], *COUNTS, *FLAGS)}
    # JSON has no infinity, so an interval's end may have become a text or null on its way.
    return {name: float(value) if name in NUMBERS and value is not None else value for name, value in given.items()}


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    """Techniques and their regimes together, the points of a sweep in the order of their values."""
    values = [
        (name, 0, value, "") if isinstance(value, int | float) and math.isfinite(value) else (name, 1, 0, str(value))
        for name, value in sorted(row.items())
        if name.startswith("parameter.")
    ]
    regime = REGIMES.index(row["regime"]) if row["regime"] in REGIMES else len(REGIMES)
    return row["technique"], regime, *(str(row[name] or "") for name in ("metric", "against")), values, row["run"]
