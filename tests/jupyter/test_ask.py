"""`Ask` without a browser: what is typed is answered, what can't be is told, and the text says the same."""

import html

from studykit.errors import InputError
from studykit.language import Text
from studykit.reading import Shown
from studykit.widgets import Ask

VIEW = "application/vnd.jupyter.widget-view+json"


def echo(text: str) -> Shown:
    if text == "bad":
        raise InputError("caption", "has <no> meaning", "say more")
    if text == "worse":
        raise ValueError("must be a word")
    return Shown(f"found {text}", html=f"<b>{html.escape(text)}</b>")


def test_the_first_example_is_answered_at_once_and_what_is_typed_then() -> None:
    box = Ask(Text("caption", "文本"), echo, ["a red seven", "一个红色的七"])
    assert box.found.value == "<b>a red seven</b>"
    assert box.ask("<i>") == "found <i>"
    assert (box.field.value, box.found.value) == ("<i>", "<b>&lt;i&gt;</b>")
    assert list(box.field.options) == ["a red seven", "一个红色的七"]


def test_what_cannot_be_answered_is_told_in_one_line_and_the_next_is_answered() -> None:
    box = Ask(Text("caption", "文本"), echo, ["one"])
    assert box.ask("bad").startswith("caption: has <no> meaning")
    assert "&lt;no&gt;" in box.found.value
    assert box.ask("worse") == "must be a word"
    assert box.ask("one") == "found one"


def test_it_reads_the_same_in_text_in_both_languages() -> None:
    for lang, label in (("en", "caption"), ("zh", "文本")):
        box = Ask(Text("caption", "文本"), echo, ["one", "two"], lang=lang)
        bundle = box._repr_mimebundle_()
        assert VIEW in bundle
        assert bundle["text/plain"].splitlines()[:2] == [f"{label}: one", "found one"]
        assert ".ask('two')" in bundle["text/plain"]
        assert box.field.description == label
