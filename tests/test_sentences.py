"""Texts with classes: what the three sources give, how they are split, and what is said of files that are no such thing."""

import functools
import hashlib
import http.server
import threading
from collections import Counter
from pathlib import Path

import pytest

from studykit.bench import sentences
from studykit.bench.sentences import GIVE_AWAY, LIBRARIES, WORDS, load, read_csv, sentences_of, words
from studykit.errors import InputError


def test_docstrings_are_balanced_prose_with_nothing_in_two_splits() -> None:
    texts, again, other = load(seed=0), load("docstrings", seed=0), load(seed=1)
    assert texts == again and texts.train != other.train
    assert texts.classes == list(LIBRARIES)
    splits = [texts.train, texts.validation, texts.test]
    for found, labels in splits:
        counts = Counter(labels)
        assert set(counts) == {0, 1, 2, 3} and min(counts.values()) > 0.6 * max(counts.values())
        assert all(WORDS[0] <= len(text.split()) <= WORDS[1] for text in found)
        assert not GIVE_AWAY & set(" ".join(found).split())
    every = [text for found, _ in splits for text in found]
    assert len(every) == len(set(every)) > 2000
    files = {
        sentence: (library, file)
        for library, found in sentences._docstrings().items()
        for file, lines in found.items()
        for sentence in lines
    }
    homes = [{files[text] for text in found} for found, _ in splits]
    assert not homes[0] & homes[1] and not homes[0] & homes[2] and not homes[1] & homes[2]
    for (text, label) in zip(*texts.test, strict=True):
        assert files[text][0] == texts.classes[label]


@pytest.mark.parametrize("size", [4, 10, 300])
def test_a_size_takes_the_classes_in_turn(size: int) -> None:
    whole, few = load(seed=2), load(seed=2, size=size)
    assert len(few.train[0]) == len(few.train[1]) == size
    counts = Counter(few.train[1])
    assert max(counts.values()) - min(counts.values()) <= 1
    assert set(few.train[0]) <= set(whole.train[0]) and few.test == whole.test and few.validation == whole.validation
    assert len(load(seed=2, size=10**6).train[0]) == len(whole.train[0])


def test_a_docstring_is_read_as_sentences(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        '"""Short one.\n\nThis sentence of a module tells what its functions are about, in\ntwo lines. Then `x = 1` is code '
        'that nobody would call a sentence here.\n\n    >>> print("This is an example that is left out of all of it.")\n"""\n'
        'def f():\n    """Gives a :class:`~numpy.ndarray` of torch tensors to each of the many callers that wait."""\n',
        encoding="utf-8",
    )
    assert list(sentences_of(path)) == [
        "this sentence of a module tells what its functions are about in two lines",
        "gives a of to each of the many callers that wait",
    ]
    path.write_text("def (", encoding="utf-8")
    assert list(sentences_of(path)) == []
    path.write_bytes(b'"""\xff"""')
    assert list(sentences_of(path)) == []


def test_words_are_lower_case_letters() -> None:
    assert words("It's a well-defined 3x3 Matrix, isn’t it?") == ["its", "a", "well", "defined", "x", "matrix", "isnt", "it"]
    assert words("Größe 42：很好 ok_no") == ["größe", "很", "好", "ok", "no"]


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    for name in ("angry", "glad"):
        (tmp_path / name).mkdir()
        for n in range(10):
            (tmp_path / name / f"{n}.txt").write_text(f"{name} letter {n}", encoding="utf-8")
    texts = load(str(tmp_path), seed=3)
    assert texts.classes == ["angry", "glad"]
    assert [len(found) for found, _ in (texts.train, texts.validation, texts.test)] == [12, 4, 4]
    for found, labels in (texts.train, texts.validation, texts.test):
        assert set(labels) == {0, 1}
        assert all(text.startswith(texts.classes[label]) for text, label in zip(found, labels, strict=True))
    assert len({*texts.train[0], *texts.validation[0], *texts.test[0]}) == 20
    with pytest.raises(InputError, match=r"^dataset: is '.*nowhere'; give one of docstrings, ag_news, or a folder"):
        load(str(tmp_path / "nowhere"))


def rows(count: int) -> bytes:
    lines = [f'"{n % 4 + 1}","Title {n}","He said ""so"", row {n}"' for n in range(count)]
    return "\n".join(lines).encode()


def test_ag_news_is_downloaded_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = tmp_path / "published"
    published.mkdir()
    for name, count in (("train.csv", 40), ("test.csv", 8)):
        (published / name).write_bytes(rows(count))
    handler = functools.partial(QuietHandler, directory=str(published))
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path / "home"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            monkeypatch.setattr(sentences, "AG_NEWS", f"http://127.0.0.1:{server.server_port}/")
            with pytest.raises(InputError, match="without the checksum b1a00f826fdfbd249f79597b59e1dc12"):
                load("ag_news")
            sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in published.iterdir()}
            monkeypatch.setattr(sentences, "AG_NEWS_MD5", {name: sums[name] for name in sentences.AG_NEWS_MD5})
            texts, other = load("ag_news", seed=0), load("ag_news", seed=1)
        finally:
            server.shutdown()
            thread.join()
    assert sorted(path.name for path in (tmp_path / "home/datasets/ag_news").iterdir()) == ["test.csv", "train.csv"]
    assert texts.classes == ["world", "sports", "business", "science and technology"]
    assert [len(found) for found, _ in (texts.train, texts.validation, texts.test)] == [32, 8, 8]
    assert texts.test == other.test and texts.train != other.train, "the test split stays as published"
    assert texts.test[0][5] == 'Title 5 He said "so", row 5' and texts.test[1][5] == 1


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of the requests."""


@pytest.mark.parametrize("text", ['"5","a","b"\n', '"0","a"\n', '"one","a"\n', '"1"\n', '\n', '"1","a\n', "\x00\n"])
def test_what_is_no_file_of_ag_news_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"train.csv: is no file of AG News .*; delete it and run again$") as told:
        read_csv(path)
    assert "\n" not in str(told.value)


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="docstrings needs numpy, which is not installed"):
        sentences._home("numpy")
