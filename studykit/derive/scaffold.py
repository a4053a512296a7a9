"""`studykit new SECTION ID`: the files of a technique, each of which `studykit check` names until it is written."""

import re
from pathlib import Path

from studykit.derive.lesson import CALLS, SECTIONS
from studykit.errors import InputError
from studykit.technique import PACKAGE, REGIMES, ROOT, SPOKEN, catalog
from studykit.technique import SECTIONS as TIER_OF

# Stands in every file that was not written yet.
MARK = "scaffold of `studykit new`"

_PY = '''"""{Title}: the idea in one sentence. ({mark}: write the implementation, with paper and formula here)"""
'''
_EXPERIMENT = '''"""What is compared, where {id} helps and where it does not. ({mark}: write `run` and `effect`)"""
'''
_DRILL = '''"""{Title} from a blank. ({mark}: write `drill`, with at least 4 mistakes and 2 variants)"""
'''
_JS = """// {mark}: export `title`, `knobs` and a default picture; optim/lion.js shows how.
"""
_QUESTIONS = """# {mark}: write at least 8 [[question]] tables of several types and all levels, at least 2 with `proof`.
"""


def scaffold(section: str, technique_id: str) -> list[Path]:
    """Write the files of a new technique.

    Args:
        section: One of the nine sections.
        technique_id: Snake case, not used yet.

    Returns:
        The files, in the order in which they are best filled.

    Raises:
        InputError: The section is unknown, the id malformed or taken, or a file is there already.
    """
    if section not in TIER_OF:
        raise InputError(section, "is no section", f"use one of {', '.join(TIER_OF)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", technique_id):
        raise InputError(technique_id, "is no id", "write it in lower case with _, such as grad_clip")
    if technique_id in catalog():
        raise InputError(technique_id, f"is taken in {catalog()[technique_id].section}", "choose another id")
    texts = _texts(section, technique_id)
    for path in texts:
        if path.exists():
            raise InputError(path.relative_to(ROOT).as_posix(), "is there already", "move it away; nothing was written")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _texts(section: str, technique_id: str) -> dict[Path, str]:
    folder, tier = PACKAGE / section, TIER_OF[section]
    said = {"id": technique_id, "Title": technique_id.replace("_", " ").capitalize(), "mark": MARK}
    files = {".py": _PY, "_experiment.py": _EXPERIMENT, "_drill.py": _DRILL, ".js": _JS}
    return {
        folder / f"{technique_id}.toml": _card(),
        **{folder / f"{technique_id}{suffix}": text.format(**said) for suffix, text in files.items()},
        folder / f"{technique_id}.md": _lesson(),
        ROOT / "quizzes" / tier / f"{technique_id}.toml": _QUESTIONS.format(**said),
    }


def _card() -> str:
    both = 'en = ""\nzh = ""\n'
    lines = [
        f"# {MARK}: fill every field; optim/lion.toml shows how.",
        "after = []",
        "names = []",
        'signature = "()"',
        "claims = []",
    ]
    lines += ['oracle = ""', "minutes = 25", "", "[title]", both, "[summary]", both]
    lines += ["[[papers]]", 'authors = ""', "year = 2020", 'title = ""', 'arxiv = ""', ""]
    lines += [f"[expect.{regime}]\n" for regime in REGIMES]
    lines += [f"[spoken.{length}]\n{both}" for length in SPOKEN]
    return "\n".join(
        [*lines, "[[follow_ups]]", 'question.en = ""', 'question.zh = ""', 'answer.en = ""', 'answer.zh = ""', ""]
    )


def _lesson() -> str:
    parts = [f"<!-- {MARK}: write each section in both languages -->"]
    for heading, (key, _) in SECTIONS.items():
        parts.append(f"## {heading}")
        if key in CALLS:
            parts.append(f"```python\n{CALLS[key]}{'' if CALLS[key].endswith(')') else ')'}\n```")
    return "\n\n".join(parts) + "\n"
