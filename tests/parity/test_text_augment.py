"""Text augmentation against the definitions of Wei & Zou 2019 (arXiv:1901.11196, section 2), written here once more.

An operation is compared with all that its definition allows, and with how often: the outcomes that it can have are counted by
hand, and what comes out of thousands of calls has to show each of them as often as it should.
"""

import itertools
import math
import sys
from collections import Counter
from types import ModuleType, SimpleNamespace

import pytest
import torch

from studykit.bench.marian import MarianTranslator
from studykit.data._eda import eda
from studykit.data._lexicon import DICTIONARY, english, german, synonyms
from studykit.data._pivot import DictionaryTranslator
from studykit.data.text_augment import (
    back_translate,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
)
from studykit.errors import InputError

SYNONYMS = {"fast": ["quick", "rapid"], "big": ["large"], "odd": ["odd"], "none": []}
SENTENCE = ["a", "big", "fast", "big", "odd", "none", "step"]
CALLS = 4000


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def agree(counts, shares):
    """Every outcome that has a share came, no other did, and each as often as five standard deviations allow."""
    assert set(counts) == set(shares)
    total = counts.total()
    for outcome, share in shares.items():
        assert abs(counts[outcome] - total * share) <= 5 * math.sqrt(total * share * (1 - share)) + 1, outcome


def outcomes(operation, *arguments):
    rng = generator(1)
    return Counter(tuple(operation(*arguments, generator=rng)) for _ in range(CALLS))


def normalised(weights):
    whole = sum(weights.values())
    return {outcome: weight / whole for outcome, weight in weights.items()}


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_replacement_picks_places_and_synonyms_evenly(n):
    able = [place for place, word in enumerate(SENTENCE) if set(SYNONYMS.get(word, ())) - {word}]
    assert able == [1, 2, 3]
    shares = Counter()
    chosen = list(itertools.combinations(able, min(n, len(able))))
    for places in chosen:
        ways = list(itertools.product(*(SYNONYMS[SENTENCE[place]] for place in places)))
        for way in ways:
            said = list(SENTENCE)
            for place, word in zip(places, way, strict=True):
                said[place] = word
            shares[tuple(said)] += 1 / (len(chosen) * len(ways))
    agree(outcomes(synonym_replacement, SENTENCE, n, SYNONYMS), shares)


def test_insertion_picks_word_synonym_and_place_evenly():
    shares = Counter()
    for word, place in itertools.product(["big", "fast", "big"], range(len(SENTENCE) + 1)):
        for synonym in SYNONYMS[word]:
            said = (*SENTENCE[:place], synonym, *SENTENCE[place:])
            shares[said] += 1 / (3 * len(SYNONYMS[word]) * (len(SENTENCE) + 1))
    agree(outcomes(random_insertion, SENTENCE, 1, SYNONYMS), shares)


def test_insertions_leave_the_sentence_in_its_order_and_take_no_synonyms_of_synonyms():
    chain = {"fast": ["quick"], "quick": ["rapid"]}
    rng = generator()
    for n in range(5):
        for _ in range(50):
            said = random_insertion(["so", "fast"], n, chain, rng)
            assert len(said) == 2 + n
            assert [word for word in said if word != "quick"] == ["so", "fast"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_swaps_take_every_pair_alike(n):
    words, pairs = ("a", "b", "c", "d"), list(itertools.combinations(range(4), 2))
    weights = Counter({words: 1.0})
    for _ in range(n):
        after = Counter()
        for said, weight in weights.items():
            for a, b in pairs:
                moved = list(said)
                moved[a], moved[b] = moved[b], moved[a]
                after[tuple(moved)] += weight / len(pairs)
        weights = after
    agree(outcomes(random_swap, words, n), weights)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_deletions_are_independent_and_one_word_stays(p):
    words, shares = ("a", "b", "c"), Counter()
    for kept in itertools.product([True, False], repeat=3):
        share = math.prod(1 - p if stays else p for stays in kept)
        left = tuple(itertools.compress(words, kept))
        for outcome in [left] if left else [(word,) for word in words]:
            shares[outcome] += share / (1 if left else 3)
    agree(outcomes(random_deletion, words, p), {outcome: share for outcome, share in shares.items() if share})


OPERATIONS = [
    (synonym_replacement, (2, SYNONYMS)),
    (random_insertion, (2, SYNONYMS)),
    (random_swap, (2,)),
    (random_deletion, (0.4,)),
]


@pytest.mark.parametrize(("operation", "arguments"), OPERATIONS, ids=lambda each: getattr(each, "__name__", ""))
def test_nothing_but_the_given_generator_is_drawn_from_and_nothing_given_is_changed(operation, arguments):
    for words in (list(SENTENCE), tuple(SENTENCE)):
        torch.manual_seed(3)
        before = torch.get_rng_state()
        one, again = (operation(words, *arguments, generator=generator(5)) for _ in range(2))
        assert one == again and isinstance(one, list)
        assert torch.equal(torch.get_rng_state(), before)
        assert list(words) == SENTENCE and one is not words
    rng = generator(5)
    series = [operation(SENTENCE, *arguments, generator=rng) for _ in range(12)]
    rng = generator(5)
    for _ in range(6):
        operation(SENTENCE, *arguments, generator=rng)
    state = rng.get_state()
    resumed = torch.Generator()
    resumed.set_state(state)
    assert [operation(SENTENCE, *arguments, generator=resumed) for _ in range(6)] == series[6:]
    torch.manual_seed(3)
    first = operation(SENTENCE, *arguments)
    torch.manual_seed(3)
    assert operation(SENTENCE, *arguments) == first


@pytest.mark.parametrize(("operation", "arguments"), OPERATIONS, ids=lambda each: getattr(each, "__name__", ""))
def test_short_sentences_and_what_is_no_sentence(operation, arguments):
    assert operation([], *arguments) == []
    assert operation(["step"], *arguments) == ["step"]
    with pytest.raises(ValueError, match=r"got one string: give text\.split"):
        operation("a big step", *arguments)


@pytest.mark.parametrize("operation", [synonym_replacement, random_insertion, random_swap])
def test_a_number_below_zero_is_refused(operation):
    more = () if operation is random_swap else (SYNONYMS,)
    with pytest.raises(ValueError, match="n must be >= 0, got -1"):
        operation(SENTENCE, -1, *more)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\], got"):
        random_deletion(SENTENCE, p)


def test_eda_takes_the_operations_in_turn_and_at_least_one_word():
    text = "we need a fast and simple method here"
    copies = [each.split() for each in eda(text, 8, 0.01, synonyms(), generator())]
    words = text.split()
    for first in (0, 4):
        replaced, inserted, swapped, deleted = copies[first : first + 4]
        assert sum(a != b for a, b in zip(words, replaced, strict=True)) == 1
        assert len(inserted) == len(words) + 1
        assert sorted(swapped) == sorted(words) and sum(a != b for a, b in zip(words, swapped, strict=True)) == 2
        assert not Counter(deleted) - Counter(words)
    assert len(eda(text, 4, 0.5, synonyms(), generator())[1].split()) == len(words) + 4


def test_back_translation_goes_there_and_back_in_this_order():
    said = []

    def way(name):
        return lambda texts: said.append((name, texts)) or [f"{name} {text}" for text in texts]

    translator = SimpleNamespace(there=way("there"), back=way("back"))
    assert back_translate(("one", "two"), translator) == ["back there one", "back there two"]
    assert said == [("there", ["one", "two"]), ("back", ["there one", "there two"])]
    assert back_translate([], translator) == []
    with pytest.raises(ValueError, match=r"give \[text\]"):
        back_translate("one", translator)
    translator.back = lambda texts: texts[:1]
    with pytest.raises(ValueError, match="back must give as many texts as it gets, 2, got 1"):
        back_translate(["one", "two"], translator)


def test_the_dictionary_says_each_word_once_and_its_synonyms_are_mutual():
    spoken = [word for line in DICTIONARY.strip().splitlines() for word in line.partition(": ")[2].split() if word != "/"]
    assert len(spoken) == len(set(spoken)) == len(german())
    known = synonyms()
    assert len(known) > 300
    for word, others in known.items():
        assert others and word not in others
        assert all(word in known[other] for other in others)
    assert not {"the", "a", "and", "of", "not", "is"} & set(known), "stop words have no synonyms"
    assert {german()[word] for word in english().values()} == set(english())


def test_two_dictionaries_of_different_quality():
    keep, drop = DictionaryTranslator(), DictionaryTranslator("drop")
    text = "big arrays and the eigenvalues"
    assert keep.there([text]) == ["groß arrays und der eigenvalues"]
    assert back_translate([text], keep) == ["large arrays and the eigenvalues"]
    assert back_translate([text], drop) == ["large and the"]
    assert back_translate(["eigenvalues"], drop) == ["eigenvalues"], "a text of which nothing is known stays"
    with pytest.raises(ValueError, match="unknown must be keep or drop, got 'lose'"):
        DictionaryTranslator("lose")


class Batch(dict):
    def to(self, device):
        return self


class Marian:
    """Stands for both of the library's classes: tokens are the texts themselves, and to translate is to say whose model did."""

    def __init__(self, name):
        self.name, self.device, self.sizes = name, None, []

    @classmethod
    def from_pretrained(cls, name):
        if name == "nowhere":
            raise OSError("We couldn't connect to\n the server")
        return cls(name)

    def to(self, device):
        self.device = device
        return self

    def eval(self):
        return self

    def __call__(self, texts, return_tensors, padding, truncation):
        assert (return_tensors, padding, truncation) == ("pt", True, True)
        return Batch(texts=texts)

    def generate(self, texts):
        self.sizes.append(len(texts))
        return [f"{self.name}({text})" for text in texts]

    def batch_decode(self, tokens, skip_special_tokens):
        assert skip_special_tokens
        return tokens


def test_a_real_translator_is_asked_batch_by_batch(monkeypatch):
    library = ModuleType("transformers")
    library.MarianTokenizer = library.MarianMTModel = Marian
    monkeypatch.setitem(sys.modules, "transformers", library)
    translator = MarianTranslator("en-de", "de-en", batch_size=2)
    assert back_translate(["a", "b", "c"], translator) == ["de-en(en-de(a))", "de-en(en-de(b))", "de-en(en-de(c))"]
    assert [model.sizes for _, model in translator._loaded.values()] == [[2, 1], [2, 1]]
    with pytest.raises(InputError, match=r"^translator: nowhere can't be had \(We couldn't connect to the server\); give") as told:
        back_translate(["a"], MarianTranslator("nowhere"))
    assert "\n" not in str(told.value)


def test_without_the_library_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"^translator: needs a package .*; pip install transformers sentencepiece$") as told:
        back_translate(["a"], MarianTranslator())
    assert "\n" not in str(told.value)
