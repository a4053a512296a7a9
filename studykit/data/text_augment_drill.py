"""Synonym replacement from a blank: which words may change, how many do, and whose random numbers decide.

A right solution may draw in any order, so probes look at what is certain: what all outcomes of many calls have in common, which of
them come at all, and whether they come about as often as each other.
"""

import itertools
import random
from collections import Counter
from types import MappingProxyType
from typing import Any

import torch

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._text_augment_mistakes import WRONG
from .text_augment import synonym_replacement

CALLS = 300
SINGLE = {"big": ["large"], "fast": ["quick"], "store": ["save"], "show": ["print"]}
SEVERAL = {"big": ["large", "great", "huge"], "fast": ["quick", "rapid"]}
PLAIN = ["we", "show", "a", "big", "array", "and", "store", "it", "fast"]


def fresh(synonyms: Any) -> Any:
    """A mapping that a candidate may spoil."""
    return {word: list(each) for word, each in synonyms.items()} if isinstance(synonyms, dict) else synonyms


def many(candidate: Any, words: list[str], n: int, synonyms: Any, seed: int) -> list[Any]:
    """The outcomes of many calls with one generator."""
    rng = torch.Generator().manual_seed(seed)
    return [candidate(list(words), n, fresh(synonyms), generator=rng) for _ in range(CALLS)]


def evenly(counts: Counter[Any], kinds: list[Any], total: int) -> bool:
    """Each kind comes about as often as the others: within six standard deviations."""
    share = 1 / len(kinds)
    allowed = 6 * (total * share * (1 - share)) ** 0.5
    return all(abs(counts[each] - total * share) <= allowed for each in kinds)


def changed(words: list[str], said: Any) -> list[int]:
    return [place for place, (one, other) in enumerate(zip(words, said, strict=False)) if one != other]


def certain(words: list[str], n: int, synonyms: Any = None) -> Any:
    """A call with one possible outcome."""
    known = SINGLE if synonyms is None else synonyms

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        found = {"given words": words, "given n": n}
        return found | {"result": candidate(list(words), n, fresh(known), generator=rng)}

    return run


def how_many(words: list[str], n: int, synonyms: Any) -> Any:
    """How many words change, and how many there are afterwards."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        said = many(candidate, words, n, synonyms, seed)
        counts = [len(changed(words, each)) for each in said]
        return {
            "given words": words,
            "given n": n,
            "words afterwards": sorted({len(each) for each in said}),
            "fewest that changed": min(counts),
            "most that changed": max(counts),
        }

    return run


def which_places(words: list[str], n: int, synonyms: Any) -> Any:
    """Which places change, and whether all do equally often."""
    able = [place for place, word in enumerate(words) if synonyms.get(word)]

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        places = Counter(place for said in many(candidate, words, n, synonyms, seed) for place in changed(words, said))
        return {
            "given words": words,
            "given n": n,
            "places that change in some call": sorted(places),
            "all of these equally often": evenly(places, able, places.total()),
        }

    return run


def which_pairs(candidate: Any, seed: int) -> dict[str, Any]:
    """Whether every two places change together equally often."""
    pairs = Counter(tuple(changed(PLAIN, each)) for each in many(candidate, PLAIN, 2, SINGLE, seed))
    every = list(itertools.combinations([place for place, word in enumerate(PLAIN) if word in SINGLE], 2))
    return {
        "given words": PLAIN,
        "given n": 2,
        "pairs of places that change": sorted(str(pair) for pair in pairs),
        "all of these equally often": evenly(pairs, every, CALLS),
    }


def which_synonyms(candidate: Any, seed: int) -> dict[str, Any]:
    """Which synonyms come, and whether all do equally often."""
    said = Counter(each[0] for each in many(candidate, ["big"], 1, SEVERAL, seed))
    return {
        "given synonyms": SEVERAL["big"],
        "synonyms that come": sorted(map(str, said)),
        "equally often": evenly(said, SEVERAL["big"], CALLS),
    }


def one_by_one(candidate: Any, seed: int) -> dict[str, Any]:
    """Two places of one word get synonyms independently of each other."""
    pairs = {tuple(said) for said in many(candidate, ["fast", "fast"], 2, SEVERAL, seed)}
    return {"given words": ["fast", "fast"], "given n": 2, "results": sorted(" ".join(map(str, each)) for each in pairs)}


def drawn(candidate: Any, seed: int) -> dict[str, Any]:
    """Whose random numbers decide."""
    words = PLAIN * 4

    def series(rng: torch.Generator | None) -> list[Any]:
        return [candidate(list(words), 6, fresh(SEVERAL), generator=rng) for _ in range(6)]

    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        one, again = (series(torch.Generator().manual_seed(seed)) for _ in range(2))
        untouched = torch.equal(torch.get_rng_state(), before)
    return {
        "same generator, same results": one == again,
        "torch's global generator is untouched": untouched,
        "one call after the other gives something else": any(each != one[0] for each in one),
    }


def drawn_from_the_global(candidate: Any, seed: int) -> dict[str, Any]:
    """Without a generator it is torch's global one."""
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        found = []
        for _ in range(2):
            torch.manual_seed(seed)
            found.append([candidate(PLAIN * 4, 6, fresh(SEVERAL)) for _ in range(6)])
    same, one = found[0] == found[1], found[0]
    return {
        "same torch.manual_seed, same results": same,
        "one call after the other gives something else": any(each != one[0] for each in one),
    }


def inputs(candidate: Any, seed: int) -> dict[str, Any]:
    """What was given is as it was."""
    words, synonyms = list(PLAIN), fresh(SINGLE)
    result = candidate(words, 4, synonyms, generator=torch.Generator().manual_seed(seed))
    nothing = [candidate(words, n, each, generator=torch.Generator().manual_seed(seed)) for n, each in ((0, synonyms), (2, {}))]
    return {
        "words afterwards": words,
        "synonyms afterwards": [f"{word}: {each}" for word, each in synonyms.items()],
        "the result is a list of its own": isinstance(result, list) and all(each is not words for each in (result, *nothing)),
    }


def shuffled(words, n, synonyms, generator=None):
    """Places in random order, until n are done."""
    result, done = list(words), 0
    for place in torch.randperm(len(result), generator=generator).tolist():
        options = [s for s in synonyms.get(words[place], []) if s != words[place]]
        if done < n and options:
            result[place] = options[torch.randint(0, len(options), (1,), generator=generator).item()]
            done += 1
    return result


def sorted_keys(words, n, synonyms, generator=None):
    """A random key for each place; the n with the least are taken."""
    able = {i: tuple(s for s in synonyms[w] if s != w) for i, w in enumerate(words) if w in synonyms}
    keys = torch.rand(len(words), generator=generator, dtype=torch.float64).tolist()
    taken = set(sorted((i for i in able if able[i]), key=keys.__getitem__)[:n])
    said = {i: able[i][int(torch.rand((), generator=generator, dtype=torch.float64) * len(able[i]))] for i in taken}
    return [said.get(i, w) for i, w in enumerate(words)]


def drawn_one_by_one(words, n, synonyms, generator=None):
    """A pool that shrinks."""
    out, pool = [*words], []
    for place, word in enumerate(words):
        if any(each != word for each in synonyms.get(word, ())):
            pool.append(place)
    while pool and n > 0:
        place = pool.pop(int(torch.randint(len(pool), (), generator=generator)))
        others = sorted(set(synonyms[out[place]]) - {out[place]})
        out[place] = others[int(torch.multinomial(torch.ones(len(others)), 1, generator=generator))]
        n -= 1
    return out


def by_weights(words, n, synonyms, generator=None):
    """Multinomial without replacement over a mask."""
    options = [[s for s in synonyms.get(w, ()) if s != w] for w in words]
    mask = torch.tensor([float(bool(each)) for each in options])
    k = min(n, int(mask.sum()))
    picked = torch.multinomial(mask, k, generator=generator).tolist() if k else []
    return [
        each[int(torch.randint(len(each), (1,), generator=generator))] if i in picked else w
        for i, (w, each) in enumerate(zip(words, options, strict=True))
    ]


WITH_ITSELF = {"big": ["big", "large"], "odd": ["odd"], "none": [], "fast": ["fast", "quick"]}
CHAIN = {"fast": ["quick"], "quick": ["rapid"], "rapid": ["swift"]}
TWICE = {"big": ["large"], "fast": ["quick"]}
drill = Drill(
    reference=synonym_replacement,
    probes=(
        Probe("one word", certain(["big"], 1), Text("a sentence of one word", "只有一个词的句子")),
        Probe("every one", certain(PLAIN, 4), Text("as many as have a synonym", "n 恰好等于有同义词的词数")),
        Probe("none", certain(PLAIN, 0), Text("n = 0 changes nothing", "n = 0 时什么都不变")),
        Probe("too many", certain(PLAIN, 7), Text("n is more than have a synonym", "n 多于有同义词的词数")),
        Probe("nothing known", certain(["so", "it", "is"], 2), Text("no word has a synonym", "没有一个词有同义词")),
        Probe("empty", certain([], 2), Text("a sentence without words", "没有词的句子")),
        Probe("number", how_many(PLAIN, 2, SINGLE), Text("how many change, over many calls", "多次调用，每次换了几个")),
        Probe(
            "repeated",
            how_many(["big", "or", "big", "or", "big"], 1, TWICE),
            Text("a word that occurs three times, n = 1", "同一个词出现三次，n = 1"),
        ),
        Probe("places", which_places(PLAIN, 1, SINGLE), Text("which words are chosen, over many calls", "多次调用，选中了哪些词")),
        Probe(
            "places of one word",
            which_places(["big", "fast", "big", "big"], 1, TWICE),
            Text("every place is equally likely, also those of one word", "每个位置机会相等，同一个词的几处也是"),
        ),
        Probe("pairs", which_pairs, Text("which two words are chosen for n = 2, over many calls", "n = 2，多次调用，选中了哪两个词")),
        Probe("synonyms", which_synonyms, Text("a word with three synonyms", "一个词有三个同义词")),
        Probe("one by one", one_by_one, Text("a word that occurs twice, n = 2", "同一个词出现两次，n = 2")),
        Probe(
            "itself",
            how_many(["big", "odd", "none", "fast"], 1, WITH_ITSELF),
            Text("entries that hold the word itself, or nothing", "条目里有词本身，或者是空的"),
        ),
        Probe(
            "itself, all",
            certain(["none", "big", "odd", "fast"], 3, WITH_ITSELF),
            Text("entries that hold the word itself, or nothing; n = 3", "条目里有词本身，或者是空的；n = 3"),
        ),
        Probe("chain", certain(["fast", "it"], 3, CHAIN), Text("the synonym has a synonym too", "同义词自己也有同义词")),
        Probe(
            "read-only",
            certain(PLAIN, 4, MappingProxyType({word: tuple(each) for word, each in SINGLE.items()})),
            Text("another kind of mapping, with tuples", "另一种映射，值是元组"),
        ),
        Probe("inputs", inputs, Text("the arguments afterwards", "调用之后的参数")),
        Probe("generator", drawn, Text("six calls with one generator", "用同一个生成器调用六次")),
        Probe("global", drawn_from_the_global, Text("without a generator", "不传生成器")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={
        "shuffled": shuffled,
        "sorted_keys": sorted_keys,
        "drawn_one_by_one": drawn_one_by_one,
        "by_weights": by_weights,
    },
    forbidden=("nltk", "nlpaug", "textattack"),
    prompt=Text(
        "Write EDA's synonym replacement. words is a list of words, synonyms maps a word to a sequence of those that may stand for "
        "it. Choose n places at random among those whose word has a synonym, each equally likely, and put one of its synonyms there, "
        "each equally likely; the word itself does not count as one. Where fewer places can change, all do. Return a new list; draw "
        "only from generator, or where it is None from torch's global one.",
        "写出 EDA 的同义词替换。words 是词的列表，synonyms 把词映射到可以替换它的词的序列。在有同义词的位置里随机选 n 个，机会均等；"
        "每处换成它的一个同义词，机会均等；词本身不算同义词。能换的不足 n 处时全部换掉。返回新列表；随机数只从 generator 里取，它为 "
        "None 时用 torch 的全局生成器。",
    ),
    hints=(
        Text(
            "First list the places that can change, and only then choose among them.",
            "先列出能换的位置，再在里面选。",
        ),
        Text(
            "A choice of n without repetition is the first n of torch.randperm(len(able), generator=generator).",
            "不重复地选 n 个，就是取 torch.randperm(len(able), generator=generator) 的前 n 个。",
        ),
        Text(
            "Work on a copy, but look up the words of the sentence that was given.",
            "在副本上改，但查同义词要用原句里的词。",
        ),
    ),
)
