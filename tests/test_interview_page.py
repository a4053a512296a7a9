"""The page on the whole subject: both languages say the same figures, and each figure comes from a claim or a measured row."""

import re
from collections import Counter

import pytest

from studykit.claims import claims
from studykit.derive.topic import MARKS, SOURCE, interview

TEXT = SOURCE.read_text(encoding="utf-8")
SECTIONS = {part.splitlines()[0]: part for part in re.split(r"^(?=## )", TEXT, flags=re.MULTILINE)}
# Names and lengths, which are no figures: `bf16`, `1.2 %` in the quoted phrase, the years of works that are claims.
NO_FIGURE = re.compile(r"`[^`]*`|bf16|fp16|FP8|FSDP2|“[^”]*”|MAE (?:and|是)[^“”]*|## .*|\d+ (?:seconds|minutes|秒|分钟)")


def paragraphs(text: str) -> list[str]:
    plain = re.sub(r"^```python.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [each for each in re.split(r"\n\s*\n", plain.replace("<zh>", "").replace("</zh>", "")) if each.strip()]


@pytest.mark.parametrize("name", SECTIONS)
def test_both_languages_have_the_same_sources_and_figures(name: str) -> None:
    chinese = "".join(re.findall(r"<zh>(.*?)</zh>", SECTIONS[name], re.DOTALL))
    english = re.sub(r"<zh>.*?</zh>", "", SECTIONS[name], flags=re.DOTALL)
    assert Counter(MARKS.findall(english)) == Counter(MARKS.findall(chinese))
    assert chinese.strip(), "has no Chinese"


@pytest.mark.parametrize("name", SECTIONS)
def test_no_figure_stands_without_its_source(name: str) -> None:
    for paragraph in paragraphs(SECTIONS[name]):
        bare = NO_FIGURE.sub("", MARKS.sub("", paragraph))
        assert not re.search(r"\d", bare) or MARKS.search(paragraph), paragraph


def test_what_the_article_says_of_the_whole_is_settled_here() -> None:
    named = {name for kind, name in MARKS.findall(TEXT) if kind == "claim"}
    asked = {claim.id for claim in claims().values() if claim.section == "5" or claim.owner == "interview"}
    assert asked - named <= {"mixer-no-self-attention"}  # true as it stands


def test_every_mark_is_filled_in() -> None:
    notebook = interview()
    shown = "\n".join(cell.source for cell in notebook.cells)
    assert "[[" not in shown and "<zh>" not in shown and "95 % interval" in shown and "95% 区间" in shown
    assert [cell.cell_type for cell in notebook.cells].count("code") == 2
