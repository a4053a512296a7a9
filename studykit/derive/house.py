"""Every derived file with the text it should have: `build` writes them, `check` says which are stale, missing or stray."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from studykit import bootstrap, claims
from studykit.derive import notebooks, pages, panel, topic
from studykit.derive.scaffold import MARK
from studykit.errors import InputError
from studykit.question import parse
from studykit.technique import PACKAGE, ROOT, SECTIONS, TIERS, Technique, cards, catalog, ordered, read_card

# How many questions and proofs a technique has at least.
QUESTIONS, PROOFS = 8, 2
# Notebooks that belong to no technique.
PAGES: Mapping[Path, Callable[[], NotebookNode]] = {
    ROOT / "notebooks" / "index.ipynb": pages.index,
    ROOT / "notebooks" / "interview.ipynb": topic.interview,
}
Say = Callable[[str], None]


def section_package(section: str) -> str:
    """The text of a section's `__init__.py`: its techniques' public names."""
    found = sorted((each for each in catalog().values() if each.section == section), key=lambda each: each.id)
    imports = [f"from .{each.id} import {', '.join(sorted(each.names, key=_isort))}" for each in found]
    names = sorted((name for each in found for name in each.names), key=_isort)
    exported = "".join(f'    "{name}",\n' for name in names)
    title = section.replace("_", " ")
    head = f'"""The techniques of {title}; derived by `studykit build` from their cards."""\n'
    return f"{head}\n{chr(10).join(imports)}\n\n__all__ = [\n{exported}]\n" if found else ""


def _isort(name: str) -> tuple[int, str]:
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def texts() -> Iterator[tuple[Path, str]]:
    """Every derived file that is plain text, with what should stand in it."""
    # Derived from the cards alone, and first: everything else may import the sections.
    for section in SECTIONS:
        if text := section_package(section):
            yield PACKAGE / section / "__init__.py", text
    readme = ROOT / "README.md"
    yield readme, pages.readme(readme.read_text(encoding="utf-8"))
    pyproject, lock = ((ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "requirements.lock"))
    yield ROOT / "environment.yml", bootstrap.environment_yaml(pyproject, lock)
    yield ROOT / "evidence" / "README.md", pages.evidence_page(catalog().values())


def build(only: Iterable[str] = (), *, run: bool = True, force: bool = False, jobs: int = 1, say: Say = print) -> None:
    """Write all that is derived and not as it should be.

    Args:
        only: Ids of the techniques whose notebooks are built; by default all.
        run: Execute the notebooks whose code or results changed; else they lose outdated outputs.
        force: Execute them all.
        jobs: How many at once, one thread each.
        say: Told one line for each file written.

    Raises:
        InputError: A source is malformed, or a notebook fails.
    """
    if panel.problems():
        panel.make(panel.BUILT)
        say(_name(panel.BUILT))
    chosen = set(only) or set(catalog())
    for path, text in texts():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            say(_name(path))
    wanted = [(card.notebook, notebooks.derived(card)) for card in catalog().values() if card.id in chosen]
    with ThreadPoolExecutor(jobs) as pool:
        made = [
            (path, pool.submit(_build_notebook, path, new, run, force))
            for path, new in [*wanted, *((path, make()) for path, make in PAGES.items())]
        ]
        for path, written in made:
            if written.result():
                say(_name(path))


def _build_notebook(path: Path, new: NotebookNode, run: bool, force: bool) -> bool:
    old = read_notebook(path)
    if old is not None and not force and _take_outputs(old, new):
        if _same(old, new):
            return False
    elif run:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = notebooks.execute(new, path.parent)
    else:
        new.metadata.studykit["executed"] = ""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new, path)
    return True


def read_notebook(path: Path) -> NotebookNode | None:
    """A notebook file, None where there is none that can be read."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def _take_outputs(old: NotebookNode, new: NotebookNode) -> bool:
    """Give the new notebook the old one's outputs, if they are still what its code gives."""
    told = old.metadata.get("studykit", {})
    before = [cell for cell in old.cells if cell.cell_type == "code"]
    after = [cell for cell in new.cells if cell.cell_type == "code"]
    same = [cell.source for cell in before] == [cell.source for cell in after]
    if not same or told.get("executed") != new.metadata.studykit.get("executed"):
        return False
    for one, other in zip(before, after, strict=True):
        other.outputs, other.execution_count = one.outputs, one.execution_count
    return True


def _same(old: NotebookNode, new: NotebookNode) -> bool:
    return nbformat.writes(old) == nbformat.writes(new)


def check() -> list[str]:
    """What is stale, missing, stray or malformed: one line each, with the file and the remedy. Executes no notebook."""
    malformed = [line for path in cards() for line in _tried(_card, path)] or _tried(_order)
    problems = [*_scaffolds(), *_strays(), *malformed]
    if malformed:  # without all cards there is no catalog, and everything else begins with it
        return problems
    problems += claims.problems({each.id: each.claims for each in catalog().values()})
    for card in catalog().values():
        problems += [line for one in (_complete, _questions, _notebook) for line in _tried(one, card)]
    return problems + panel.problems() + _tried(_texts) + [line for page in PAGES for line in _tried(_page, page)]


def _tried(one: Callable[..., list[str]], *of: object) -> list[str]:
    """What a check says, or the one line of the error that it met."""
    try:
        return one(*of)
    except (InputError, ValueError, TypeError, SyntaxError, ImportError, AttributeError, KeyError) as error:
        return [str(error).partition("\n")[0]]


def _card(path: Path) -> list[str]:
    read_card(path)
    return []


def _order() -> list[str]:
    ordered([read_card(path) for path in cards()])
    return []


def _texts() -> list[str]:
    stale = [path for path, text in texts() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return [f"{_name(path)}: is stale; run `studykit build --no-run`" for path in stale]


def _scaffolds() -> list[str]:
    """Files of `studykit new` that nobody has written yet."""
    places = [*(PACKAGE / section for section in SECTIONS), *(ROOT / "quizzes" / tier for tier in TIERS)]
    files = sorted(
        path for place in places for path in place.glob("*.*") if path.suffix in (".py", ".toml", ".md", ".js")
    )
    unwritten = [path for path in files if MARK in path.read_text(encoding="utf-8")]
    return [f"{_name(path)}: is still the scaffold; write it and take the line with the word out" for path in unwritten]


def _strays() -> list[str]:
    """Files in a section, or notebooks and quizzes, that belong to no card."""
    found = []
    known = {(path.parent.name, path.stem) for path in cards()}
    for section in SECTIONS:
        for path in sorted((PACKAGE / section).glob("[!_]*.*")):
            stem = re.sub(r"(_experiment|_drill)$", "", path.stem)
            if (section, stem) not in known:
                found.append(f"{section}/{path.name}: belongs to no card; remove it, or write {section}/{stem}.toml")
    by_tier = {(SECTIONS[section], stem) for section, stem in known}
    for folder, suffix in ((ROOT / "notebooks", ".ipynb"), (ROOT / "quizzes", ".toml")):
        for tier in TIERS:
            for path in sorted((folder / tier).glob("*")):
                if path.suffix != suffix or (tier, path.stem) not in by_tier:
                    found.append(f"{_name(path)}: belongs to no card; remove it")
    return found


def _complete(card: Technique) -> list[str]:
    wanted = [*card.sources, card.path(".js")]
    return [
        f"{_name(path)}: is missing; write it, `studykit new {card.section} {card.id}` makes a scaffold"
        for path in wanted
        if not path.is_file()
    ]


def _questions(card: Technique) -> list[str]:
    found = parse(card.questions, card.id)
    proved = sum(bool(each.proof) for each in found)
    problems = []
    if len(found) < QUESTIONS:
        problems.append(f"quizzes/{card.tier}/{card.id}.toml: has {len(found)} questions; write at least {QUESTIONS}")
    if proved < PROOFS:
        problems.append(f"quizzes/{card.tier}/{card.id}.toml: has {proved} proofs; give at least {PROOFS}")
    unknown = [claim for each in found for claim in each.claims if claim not in claims.claims()]
    return problems + [
        f"quizzes/{card.tier}/{card.id}.toml: names the claim {each!r}, which is none; see claims.toml"
        for each in unknown
    ]


def _notebook(card: Technique) -> list[str]:
    if not all(path.is_file() for path in card.sources):
        return []
    return _compared(card.notebook, notebooks.derived(card), card.id)


def _page(path: Path) -> list[str]:
    return _compared(path, PAGES[path](), "")


def _compared(path: Path, new: NotebookNode, argument: str) -> list[str]:
    old, command = read_notebook(path), f"studykit build {argument}".strip()
    if old is None:
        return [f"{_name(path)}: is missing; run `{command}`"]
    if not _take_outputs(old, new):
        return [f"{_name(path)}: its outputs are stale; run `{command}`"]
    return [] if _same(old, new) else [f"{_name(path)}: its text is stale; run `{command} --no-run`"]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
