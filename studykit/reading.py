"""How what was run is shown: a picture, and the sentences that read its numbers."""

import html
from dataclasses import dataclass
from typing import Any

from studykit.bench import plots
from studykit.bench.result import Effect, Result, finite
from studykit.language import Text
from studykit.technique import Technique

RESULT = "application/vnd.studykit.result+json"


@dataclass(frozen=True)
class Shown:
    """Something that says the same as text and as HTML or Markdown."""

    text: str
    html: str = ""
    markdown: str = ""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        kinds = {"text/html": self.html, "text/markdown": self.markdown, "text/plain": self.text}
        return {kind: said for kind, said in kinds.items() if said}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Runs:
    """One regime over several seeds: shown as a picture and the sentences that read its numbers."""

    card: Technique
    regime: str
    results: tuple[Result, ...]
    effect: Effect

    def reading(self) -> Text:
        """What was found, and whether it is what the card promises."""
        lines = [
            Text(*(" ".join(pair) for pair in zip(f.say(), self._against(f), strict=True)))
            for f in self.effect.findings
        ]
        return (
            Text(*("\n".join(words) for words in zip(*lines, strict=True)))
            if lines
            else Text(*(_NOT_RUN.say(lang).format(self.regime) for lang in Text._fields))
        )

    def _against(self, finding: Any) -> Text:
        expected = self.card.expect.get(finding.regime, {}).get(finding.against)
        if expected is None or finding.seeds == 1:
            return Text("", "")
        return _AGREEMENT[finding.agreement(expected)]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        said = self.reading()
        english, chinese = (html.escape(words).replace("\n", "<br>") for words in said)
        page = f"<p>{english}</p><details><summary>中文</summary><p>{chinese}</p></details>"
        if self.results:
            page = plots.outcomes(self.results)._repr_mimebundle_()["text/html"] + page
        runs = [result.as_json() for result in self.results]
        data = finite({"technique": self.card.id, "rows": self.effect.rows(self.card.expect), "runs": runs})
        return {"text/html": page, "text/plain": said.say(), RESULT: data}

    def __str__(self) -> str:
        return self.reading().say()


_NOT_RUN = Text("The regime {} was left out by the notebook's parameters.", "按笔记本的参数，没有运行 {} 这一组。")
_AGREEMENT = {
    "agrees": Text("This agrees with the card.", "与卡片所述一致。"),
    "not shown": Text("The card's statement is not shown by these runs.", "这些运行没有显示出卡片所述的差别。"),
    "disagrees": Text("This disagrees with the card.", "与卡片所述不符。"),
}
