"""A technique's notebook: put together from its sources, executed, and told to be stale by two hashes.

`text` is the hash of all cells as they should stand; `executed` that of what the outputs depend on. A lesson's prose
changes only the first, so that mending a sentence runs nothing.
"""

import hashlib
import json
import os
import tempfile
import textwrap
import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from studykit.claims import claims
from studykit.derive.lesson import SECTIONS, markdown_of, read_lesson
from studykit.errors import InputError
from studykit.knobs import Knob
from studykit.language import Text
from studykit.question import parse
from studykit.technique import PACKAGE, SPOKEN, Technique, technique

VIEW = "application/vnd.jupyter.widget-view+json"
LARGEST = 300_000
CHECKED = "# NBVAL_CHECK_OUTPUT"
LENGTHS = {"20s": Text("20 seconds", "20 秒"), "60s": Text("60 seconds", "60 秒"), "3min": Text("3 minutes", "3 分钟")}
VERDICTS = {
    "confirmed": Text("right", "正确"),
    "qualified": Text("true under a condition", "有条件才成立"),
    "outdated": Text("outdated", "已过时"),
    "wrong": Text("wrong", "错误"),
    "unverifiable": Text("not verifiable", "无法核实"),
}
Cell = dict[str, Any]


def derived(card: Technique) -> NotebookNode:
    """The notebook as it should stand, without outputs."""
    from studykit.notebook import notebook_knobs

    knobs = notebook_knobs(import_module(card.module_of("_experiment")).run)
    lesson = read_lesson(card.path(".md"))
    cells = [*_opening(card, knobs), *markdown_of(lesson), _claims_cell(card)]
    cells += [*_drill(card), *_quiz(card), *_spoken(card), _sources(card), *_proofs(card)]
    told = {
        "technique": card.id,
        "knobs": [knob.as_json() for knob in knobs.values()],
        "text": _hash(json.dumps(cells, ensure_ascii=False)),
        "executed": executed_hash(card, cells),
    }
    if address := colab_address(repository(), f"notebooks/{card.tier}/{card.id}.ipynb"):
        told["colab"] = address  # what the panel's button opens
    return notebook_of(cells, told)


def notebook_of(cells: list[Cell], told: Mapping[str, Any]) -> NotebookNode:
    """A notebook of cells, with `told` as `metadata.studykit`."""
    made = []
    for cell in cells:
        new = nbformat.v4.new_code_cell if cell["kind"] == "code" else nbformat.v4.new_markdown_cell
        node = new(cell["source"], id=cell["id"])
        node.metadata.update(cell.get("metadata", {}))
        made.append(node)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "studykit": dict(told),
    }
    return nbformat.v4.new_notebook(cells=made, metadata=metadata)


def executed_hash(card: Technique, cells: list[Cell]) -> str:
    """Of the code cells and of the files behind their outputs."""
    code = json.dumps([cell["source"] for cell in cells if cell["kind"] == "code"], ensure_ascii=False)
    files = [path for path in card.sources if path.suffix in (".py", ".js")]
    return _hash(code, *(path.read_text(encoding="utf-8") for path in files))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def repository() -> str:
    """The address in pyproject.toml: its one place."""
    pyproject = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    address: str = pyproject["project"]["urls"]["Repository"]
    return address


def colab_address(address: str, path: str) -> str:
    """Where Colab opens a notebook, which it takes from GitHub only; else the empty string.

    Args:
        address: The repository's.
        path: The notebook's path in it.
    """
    parts = urlsplit(address)
    if parts.hostname != "github.com":
        return ""
    return f"https://colab.research.google.com/github{parts.path.removesuffix('.git')}/blob/main/{path}"


def colab_badge(address: str, path: str) -> str:
    """The badge that opens a notebook in Colab, or the empty string; arguments as of `colab_address`."""
    target = colab_address(address, path)
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target})" if target else ""


def bootstrap_cell() -> Cell:
    """Installs studykit where it is not: in Colab."""
    source = (
        "# Installs studykit where it is missing (Colab); elsewhere it does nothing.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("studykit") is None:\n'
        f'    %pip install -q "git+{repository()}"'
    )
    return {"id": "bootstrap", "kind": "code", "source": source, "metadata": {"tags": ["bootstrap"]}}


def folded(text: str) -> str:
    """Chinese under the English, folded."""
    return f"<details><summary>中文</summary>\n\n{text}\n\n</details>"


def _opening(card: Technique, knobs: Mapping[str, Knob]) -> list[Cell]:
    after = [technique(each) for each in card.after]
    links = [f"[{each.title.en}]({_relative(card, each)})" for each in after]
    first = f" · after {', '.join(links)}" if links else ""
    badge = colab_badge(repository(), f"notebooks/{card.tier}/{card.id}.ipynb")
    lines = [f"# {card.heading}", badge, card.summary.en, folded(card.summary.zh)]
    lines.append(f"About {card.minutes} min{first} · [all techniques](../index.ipynb)")
    width = max(len(f"{name} = {knob.default!r}") for name, knob in knobs.items())
    settings = [f"{f'{name} = {knob.default!r}':{width}}  # {knob.span}" for name, knob in knobs.items()]
    names = textwrap.fill(
        ", ".join(f"{name}={name}" for name in knobs), 100, initial_indent="    ", subsequent_indent="    "
    )
    setup = f'from studykit.notebook import study\n\nlesson = study("{card.id}").given(\n{names},\n)'
    return [
        {"id": "header", "kind": "markdown", "source": "\n\n".join(filter(None, lines))},
        bootstrap_cell(),
        {"id": "parameters", "kind": "code", "source": "\n".join(settings), "metadata": {"tags": ["parameters"]}},
        {"id": "setup", "kind": "code", "source": setup},
    ]


def _relative(card: Technique, other: Technique) -> str:
    return f"{other.id}.ipynb" if other.tier == card.tier else f"../{other.tier}/{other.id}.ipynb"


def _claims_cell(card: Technique) -> Cell:
    ledger, english, chinese = claims(), [], []
    for name in card.claims:
        claim = ledger[name]
        verdict = VERDICTS[claim.verdict]
        cited = "; ".join(f"{each.cite} ({each.where})" for each in claim.sources)
        said = " ".join(claim.correct.en.split())
        english.append(f"- “{claim.says}”: **{verdict.en}**. {said} *{cited}*")
        chinese.append(f"- “{claim.says}”：**{verdict.zh}**。{claim.correct.zh}")
    text = "\n".join(["### What is said, and what is true", "", *english, "", folded("\n".join(chinese))])
    return {"id": "claims", "kind": "markdown", "source": text}


def _drill(card: Technique) -> list[Cell]:
    from studykit.drill import blank

    number = len(SECTIONS) + 1
    asked = import_module(card.module_of("_drill")).drill.prompt
    cell = Text(
        f"Write it in the editor below, or in the cell after it and run `lesson.check({card.names[0]})`. The judge names the mistake.",
        f"写在下面的编辑器里，或写在其后的单元格里再运行 `lesson.check({card.names[0]})`。判题会指出你犯的是哪种错误。",
    )
    return [
        {
            "id": "drill",
            "kind": "markdown",
            "source": f"## {number} · Write it yourself · 自己写一遍\n\n{asked.en} {cell.en}\n\n{folded(asked.zh + cell.zh)}",
        },
        {"id": "drill-editor", "kind": "code", "source": "lesson.drill()"},
        {"id": "drill-blank", "kind": "code", "source": blank(card).rstrip(), "metadata": {"tags": ["drill"]}},
        {
            "id": "drill-check",
            "kind": "code",
            "source": f"lesson.check({card.names[0]})",
            "metadata": {"tags": ["drill-check"]},
        },
    ]


def _quiz(card: Technique) -> list[Cell]:
    said = Text(
        'Click, or answer in text with `lesson.answer("b")`. The programs that compute the answers which can be computed stand '
        "at the very end of this notebook.",
        '点选，或用 `lesson.answer("b")` 作答。凡能算出的答案都由程序算出，程序放在本笔记本的最后。',
    )
    heading = f"## {len(SECTIONS) + 2} · Quiz · 自测\n\n{said.en}\n\n{folded(said.zh)}"
    return [
        {"id": "quiz", "kind": "markdown", "source": heading},
        {"id": "quiz-cell", "kind": "code", "source": f"{CHECKED}\nlesson.quiz()", "metadata": {"tags": ["quiz"]}},
    ]


def _proofs(card: Technique) -> list[Cell]:
    """The answers that are computed; last, so that they give nothing away to who is still at the quiz."""
    heading = f"## {len(SECTIONS) + 5} · Proved answers · 由程序算出的答案"
    cells: list[Cell] = [{"id": "proofs", "kind": "markdown", "source": heading}]
    for question in parse(card.questions, card.id):
        if question.proof:
            source = f"# {question.id}\n{CHECKED}\n{question.proof.strip()}"
            hidden = {"tags": ["proof"], "jupyter": {"source_hidden": True, "outputs_hidden": True}}
            cells.append({"id": question.id[:64], "kind": "code", "source": source, "metadata": hidden})
    return cells


def _spoken(card: Technique) -> list[Cell]:
    parts = [f"## {len(SECTIONS) + 3} · Say it · 说出来"]
    for length in SPOKEN:
        said, name = card.spoken[length], LENGTHS[length]
        parts += [f"### {name.en} · {name.zh}", said.en, folded(said.zh)]
    parts.append("### They ask next · 追问")
    asked = [
        Text(*(_answered(*pair) for pair in zip(each.question, each.answer, strict=True))) for each in card.follow_ups
    ]
    parts += [each.en for each in asked] + [folded("\n\n".join(each.zh for each in asked))]
    return [{"id": "say", "kind": "markdown", "source": "\n\n".join(parts)}]


def _answered(question: str, answer: str) -> str:
    """A question that opens to its answer."""
    return f"<details><summary>{question}</summary>\n\n{answer}\n\n</details>"


def _sources(card: Technique) -> Cell:
    papers = "\n".join(f"- {paper.cite()}" for paper in card.papers)
    command = f"studykit run {card.id} -p device=cuda -p seeds=5"
    text = f"## {len(SECTIONS) + 4} · Sources, and at real scale · 出处与放大运行\n\n{papers}\n\n"
    scale = Text(
        "The same notebook, headless, on a GPU; every parameter above can be given with `-p`:",
        "同一份笔记本在 GPU 上无界面运行；上面的每个参数都可以用 `-p` 指定：",
    )
    return {
        "id": "sources",
        "kind": "markdown",
        "source": f"{text}{scale.en}\n\n```\n{command}\n```\n\n{folded(scale.zh)}",
    }


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run all cells in a kernel of their own, with an empty home, and keep what can be read without widgets.

    Args:
        notebook: It gets the outputs.
        folder: The working directory.

    Raises:
        InputError: A cell failed, or the outputs are too large.
    """
    told = notebook.metadata.studykit.get("technique") or notebook.metadata.studykit["page"]
    with tempfile.TemporaryDirectory(prefix="studykit-") as home:
        own = {"STUDYKIT_HOME": home, "STUDYKIT_LANG": "en", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3", store_widget_state=False, record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )  # fmt: skip
        client.create_kernel_manager()
        client.km.connection_file = f"{home}/kernel.json"
        if os.name == "posix":  # files instead of ports: several kernels that start at once never meet
            client.km.transport = "ipc"
        try:
            client.execute(env={**os.environ, **own})
        except CellExecutionError as error:
            raise InputError(
                f"{told}.ipynb", f"{error.ename}: {error.evalue}", "mend the lesson or what it calls"
            ) from None
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_readable, cell.outputs) if output]
    size = len(nbformat.writes(notebook).encode())
    if size > LARGEST:
        raise InputError(f"{told}.ipynb", f"has {size} bytes", f"make its pictures smaller: at most {LARGEST}")
    return notebook


def _readable(output: NotebookNode) -> NotebookNode | None:
    """The output without the view of a widget whose model is gone; nothing where nothing is left of it."""
    data = output.get("data", {})
    if VIEW in data:
        del data[VIEW]
        # A bar or a slider by itself says nothing in text; ours say what they show.
        if data.get("text/plain", "").startswith("FloatProgress("):
            return None
    return output
