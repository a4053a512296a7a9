"""What an answer covers: which of the three layers it names, and whether it tells trade-offs and sources."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from studykit.language import Text
from studykit.linting import PATTERNS, subjects
from studykit.technique import catalog
from studykit.wording import Wording

LAYERS = {
    "algorithm": Text("algorithm", "算法"),
    "data": Text("data", "数据"),
    "engineering": Text("engineering", "工程"),
}


class Coverage(NamedTuple):
    """What an answer covers.

    Attributes:
        layers: Whether it names something of each layer.
        trade_offs: Whether it says what anything costs, or when it does not help.
        sources: Whether it names a paper, its authors or its year.
        techniques: The techniques of the catalog that it names, in the order of their first mention.
        one_sided: Those of them that are named without a trade-off in the same sentence or in the next two.
    """

    layers: dict[str, bool]
    trade_offs: bool
    sources: bool
    techniques: list[str]
    one_sided: list[str]


@cache
def _patterns() -> tuple[dict[str, Any], re.Pattern[str], re.Pattern[str]]:
    data = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))
    return data["layers"], *(re.compile(data["answer"][name], re.ASCII) for name in ("trade_offs", "sources"))


def layer_of(technique_id: str) -> str:
    """The layer a technique belongs to; a subject that is no technique belongs to none, the empty string."""
    card = catalog().get(technique_id)
    named = [name for name, layer in _patterns()[0].items() if technique_id in layer["techniques"]]
    by_section = [name for name, layer in _patterns()[0].items() if card and card.section in layer["sections"]]
    return [*named, *by_section, ""][0]


def coverage(text: str) -> Coverage:
    """What an answer covers.

    Args:
        text: Typed text in Chinese, English or both.
    """
    layers, costs, cited = _patterns()
    wording, named = Wording(text), subjects(text)
    found = {
        name: any(layer_of(each) == name for each in named)
        or re.search(layer["words"], wording.norm, re.ASCII) is not None
        for name, layer in layers.items()
    }
    techniques = [each for each in named if each in catalog()]
    return Coverage(
        found,
        costs.search(wording.norm) is not None,
        cited.search(wording.norm) is not None,
        techniques,
        _one_sided(wording, techniques, costs),
    )


def _one_sided(wording: Wording, techniques: Iterable[str], costs: re.Pattern[str]) -> list[str]:
    said = [wording.norm[each.start : each.end] for each in wording.sentences]
    names = [set(subjects(each)) for each in said]
    weighed = {
        technique
        for n, named in enumerate(names)
        for technique in named
        if costs.search(" ".join(said[n : n + 3]))
    }
    return [each for each in techniques if each not in weighed]
