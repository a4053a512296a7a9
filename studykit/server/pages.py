"""Pages that the panel shows in a frame without scripts: an executed notebook, and the evidence."""

import html
from functools import cache
from pathlib import Path

from studykit.errors import InputError
from studykit.server.desk import Unknown
from studykit.technique import ROOT

# Nothing is loaded from elsewhere, and nothing runs: what a notebook printed is only looked at.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:; sandbox allow-popups"
LARGEST = 20_000_000  # bytes of a notebook that are still turned into a page
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "table{border-collapse:collapse}td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:left}"
    "pre{white-space:pre-wrap;background:#f5f5f5;padding:.6rem}"
)


def notebook_page(path: Path) -> str:
    """An executed notebook as HTML.

    Raises:
        Unknown: It is not there, or no notebook.
        InputError: It is too large to be shown.
    """
    try:
        state = path.stat()
    except OSError:
        raise Unknown("result", "is not there", "start the run again") from None
    if state.st_size > LARGEST:
        raise InputError("result", f"has {state.st_size // 1_000_000} MB", "open the notebook itself")
    return _notebook_page(path, state.st_mtime_ns)


@cache
def _notebook_page(path: Path, changed: int) -> str:
    import nbformat
    from nbconvert import HTMLExporter

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises whatever its parsers do
        raise Unknown("result", f"is no notebook ({error})", "start the run again") from None
    body, _ = HTMLExporter(template_name="basic", exclude_input_prompt=True).from_notebook_node(notebook)
    return page(notebook.metadata.get("studykit", {}).get("technique", "studykit"), body)


def evidence_page() -> str:
    """The committed report of all experiments as HTML.

    Raises:
        Unknown: This installation has none.
    """
    from nbconvert.filters import markdown2html

    path = ROOT / "evidence" / "README.md"
    if not path.is_file():
        raise Unknown("evidence", "is not part of this installation", "run `studykit report` in a checkout")
    return page("evidence", markdown2html(path.read_text(encoding="utf-8")))


def page(title: str, body: str) -> str:
    """A whole document around a body."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
