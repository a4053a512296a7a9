"""The questions as an Anki package: one deck per technique, both languages on each card, its experiment's picture behind.

A card keeps its identity from one export to the next, so that importing again changes texts and leaves reviews alone.
"""

import base64
import hashlib
import html
import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import genanki

from studykit.errors import InputError
from studykit.files import write_safely
from studykit.language import Text
from studykit.question import Question, parse
from studykit.technique import Technique

# Drawn once: Anki knows a kind of note by its number.
MODEL = 1_762_905_431
FIELDS = ("Question", "题目", "Answer", "答案", "Source", "Picture")
_FRONT = "{{Question}}<hr><div lang=zh>{{题目}}</div>"
_BACK = (
    "{{FrontSide}}<hr id=answer>{{Answer}}<hr><div lang=zh>{{答案}}</div>{{Picture}}<p class=source>{{Source}}</p>"
)
_STYLE = (
    ".card{font:18px/1.5 sans-serif;text-align:left;max-width:44em;margin:auto;padding:0 1em}"
    "pre{background:rgba(128,128,128,.15);padding:.6em;overflow-x:auto;font-size:15px}"
    "img{max-width:100%;background:#fff}.source{font-size:14px;opacity:.75}"
)


def export(cards: Iterable[Technique], path: Path) -> int:
    """Write an `.apkg`.

    Args:
        cards: The techniques whose questions are meant.
        path: Where; replaced whole or not at all.

    Returns:
        How many cards it has.

    Raises:
        InputError: The file can't be written.
    """
    decks, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        pictures = []
        for card in cards:
            found = _picture(card)
            name = f"studykit-{card.id}.png"
            if found:
                (Path(folder) / name).write_bytes(found[0])
                pictures.append(str(Path(folder) / name))
            shown = f'<img src="{name}" alt="{html.escape(found[1])}">' if found else ""
            deck = genanki.Deck(_number(card.id), f"studykit::{card.tier}::{card.heading}")
            for question in parse(card.questions, card.id):
                deck.add_note(_note(question, shown))
                count += 1
            decks.append(deck)
        package = genanki.Package(decks, media_files=pictures)
        made = Path(folder) / "made.apkg"
        package.write_to_file(str(made))
        try:
            write_safely(path, made.read_bytes())
        except OSError as error:
            raise InputError(str(path), f"can't be written ({error.strerror})", "name another file") from None
    return count


def _note(question: Question, picture: str) -> genanki.Note:
    shown = question.shown(0)
    sides = []
    for lang in ("en", "zh"):
        choices = "".join(f"<br>{each.id}) {_html(each.text.say(lang))}" for each in (*shown.options, *shown.steps))
        code = f"<pre>{_lines(question.code)}</pre>" if question.code else ""
        public = shown.public(lang)
        how = public["how"] + (f" [{question.unit}]" if question.unit else "")
        asked = f"{_html(question.prompt.say(lang))}{code}{choices}<p><small>{_html(how)}</small></p>"
        reasons = _reasons(shown).say(lang)
        sides += [asked, f"<b>{_html(shown.solution().say(lang))}</b><p>{_html(question.explanation.say(lang))}</p>{reasons}"]
    model = genanki.Model(
        MODEL,
        "studykit",
        fields=[{"name": name} for name in FIELDS],
        templates=[{"name": "Card", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )
    fields = [sides[0], sides[2], sides[1], sides[3], _html(question.source), picture]
    return genanki.Note(
        model, fields, guid=f"studykit {question.id}", tags=["studykit", question.technique, question.level]
    )


def _reasons(question: Question) -> Text:
    """Why each wrong option is wrong."""
    wrong = [each for each in question.options if each.why and not each.right]
    return Text(*("".join(f"<br>{each.id}) {_html(each.why.say(lang))}" for each in wrong if each.why) for lang in ("en", "zh")))  # fmt: skip


def _html(text: str) -> str:
    """Text with `code` and **stress** as HTML; everything else in it is only text."""
    safe = html.escape(text.strip(), quote=False).replace("\n", "<br>")
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe)
    return safe.replace("{{", "{<!-- -->{")  # Anki would read a field's name


def _lines(code: str) -> str:
    numbered = "\n".join(f"{number:3}  {line}" for number, line in enumerate(code.splitlines(), 1))
    return html.escape(numbered, quote=False).replace("{{", "{<!-- -->{")


def _picture(card: Technique) -> tuple[bytes, str] | None:
    """The picture of the experiment where the technique helps, with what it shows, from the executed notebook."""
    try:
        cells = json.loads(card.notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    cells.sort(key=lambda cell: not str(cell.get("id")).startswith("helps"))
    for cell in cells:
        for output in cell.get("outputs", ()):
            page = "".join(output.get("data", {}).get("text/html", ""))
            if found := re.search(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]+)"', page):
                return base64.b64decode(found[2]), html.unescape(found[1])
    return None


def _number(name: str) -> int:
    """A deck's number, the same for a name always."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % (1 << 30) + (1 << 30)
