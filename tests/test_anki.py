"""The Anki package, opened again as Anki does: a zip of a SQLite collection with its media."""

import hashlib
import html
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studykit.anki import FIELDS, export
from studykit.errors import InputError
from studykit.question import parse
from studykit.technique import catalog, technique


class Opened:
    """An exported package: its notes by identity, its decks, its kinds of notes, its media."""

    def __init__(self, path: Path, folder: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
        media = json.loads((folder / "media").read_text(encoding="utf-8"))
        self.media = {name: (folder / number).read_bytes() for number, name in media.items()}
        connection = sqlite3.connect(folder / "collection.anki2")
        self.notes: dict[str, tuple[Any, ...]] = {
            row[0]: row for row in connection.execute("SELECT guid, mid, tags, flds, sfld, csum, id FROM notes")
        }
        self.cards = connection.execute("SELECT nid, did, ord FROM cards").fetchall()
        models, decks, version = connection.execute("SELECT models, decks, ver FROM col").fetchone()
        self.models, self.decks, self.version = json.loads(models), json.loads(decks), version
        connection.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("anki")
    count = export(list(catalog().values()), folder / "all.apkg")
    found = Opened(folder / "all.apkg", folder / "all")
    assert count == len(found.notes)
    return found


def test_every_question_is_a_note_with_one_card_in_its_deck(opened: Opened) -> None:
    questions = {f"studykit {q.id}" for card in catalog().values() for q in parse(card.questions, card.id)}
    assert set(opened.notes) == questions and opened.version == 11
    ids = {row[6] for row in opened.notes.values()}
    assert {nid for nid, _, _ in opened.cards} == ids and len(opened.cards) == len(ids)
    named = {int(number): deck["name"] for number, deck in opened.decks.items()}
    assert {named[did] for _, did, _ in opened.cards} == {f"studykit::{c.tier}::{c.heading}" for c in catalog().values()}


def test_notes_are_as_the_schema_wants_them(opened: Opened) -> None:
    for _, model, tags, fields, sort, checksum, _ in opened.notes.values():
        shape = opened.models[str(model)]
        parts = fields.split("\x1f")
        assert [field["name"] for field in shape["flds"]] == list(FIELDS) and len(parts) == len(FIELDS)
        assert sort == parts[0] and tags == f" {tags.strip()} "
        assert int(hashlib.sha1(parts[0].encode()).hexdigest()[:8], 16) == checksum or checksum == 0
        assert all(part.count("<pre>") == part.count("</pre>") and "{{" not in part for part in parts)


def test_both_languages_code_and_picture_are_on_a_card(opened: Opened) -> None:
    for card in catalog().values():
        for question in parse(card.questions, card.id):
            english, chinese, answer, answer_zh, source, picture = opened.notes[f"studykit {question.id}"][3].split("\x1f")
            plain = [html.unescape(re.sub(r"<[^>]*>", "", each)) for each in (english, chinese)]
            for text, prompt in zip(plain, question.prompt, strict=True):
                words = re.sub(r"[`*\s]", "", prompt)
                assert words[:30] in re.sub(r"[*\s]", "", text)
            assert answer and answer_zh and source
            assert ("<pre>" in english) == bool(question.code)
            name = re.search(r'src="([^"]+)"', picture)
            assert name and opened.media[name[1]].startswith(b"\x89PNG") and 'alt=""' not in picture


def test_the_front_tells_no_answer(opened: Opened) -> None:
    lion = opened.models[str(next(iter(opened.notes.values()))[1])]
    front = lion["tmpls"][0]["qfmt"]
    assert "Answer" not in front and "答案" not in front and "Picture" not in front


def test_a_second_export_is_the_same_notes(tmp_path: Path) -> None:
    cards = [technique("lion")]
    found = []
    for n in range(2):
        export(cards, tmp_path / f"{n}.apkg")
        found.append(Opened(tmp_path / f"{n}.apkg", tmp_path / str(n)))
    assert set(found[0].notes) == set(found[1].notes) and set(found[0].decks) == set(found[1].decks)
    assert set(found[0].models) == set(found[1].models)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written"):
        export([technique("lion")], tmp_path)
