"""The classic mistakes of synonym replacement: each is the right solution with one thing changed."""

import random
from collections.abc import Callable
from typing import Any

import torch

from studykit.language import Text


def _choices(word: str, synonyms: Any, itself: bool = False, empty: bool = False) -> list[str]:
    if itself or empty:
        return list(synonyms.get(word, ()))
    return [each for each in synonyms.get(word, ()) if each != word]


def _one(choices: list[str], generator: Any) -> str:
    return choices[int(torch.randint(len(choices), (1,), generator=generator))]


def like(
    able: str = "synonyms",
    pick: str = "without",
    itself: bool = False,
    first: bool = False,
    drawn: str = "given",
    place: str = "instead",
    form: str = "list",
    own: bool = True,
) -> Callable[..., Any]:
    """A solution with one thing changed.

    Args:
        able: The places to choose from: those with `synonyms`, those in the `mapping`, or `all`.
        pick: `without` replacement, `with` it, `leftmost`, each with a `probability`, or `never_last`.
        itself: A word may stand for itself.
        first: Always the first synonym.
        drawn: From the `given` generator, the `global` one, a `reseeded` one, or Python's `random`.
        place: The synonym stands `instead` of the word, or `beside` it.
        form: A `list`, a `tuple` or one `string`.
        own: The list is a copy.
    """

    def candidate(words: Any, n: int, synonyms: Any, generator: Any = None) -> Any:
        rng = {"global": None, "reseeded": torch.Generator().manual_seed(0)}.get(drawn, generator)
        out = list(words) if own or not isinstance(words, list) else words
        found = [
            place
            for place, word in enumerate(words)
            if able == "all" or (word in synonyms if able == "mapping" else _choices(word, synonyms, itself))
        ]
        size = min(n, len(found))
        if drawn == "python":
            chosen = random.sample(found, size)
        elif pick == "with" and found:
            chosen = [found[each] for each in torch.randint(len(found), (n,), generator=rng).tolist()]
        elif pick == "leftmost":
            chosen = found[:n]
        elif pick == "probability":
            share = n / max(1, len(found))
            chosen = [each for each in found if float(torch.rand(1, generator=rng)) < share]
        elif pick == "never_last":
            rest = found[:-1] if size < len(found) else found
            chosen = [rest[each] for each in torch.randperm(len(rest), generator=rng)[:n].tolist()]
        else:
            chosen = [found[each] for each in torch.randperm(len(found), generator=rng)[:n].tolist()]
        shift = 0
        for each in sorted(set(chosen)):
            choices = _choices(words[each] if own else out[each], synonyms, itself, able == "mapping")
            if not choices and able == "all":
                continue
            said = random.choice(choices) if drawn == "python" else choices[0] if first else _one(choices, rng)
            if place == "beside":
                out.insert(each + 1 + shift, said)
                shift += 1
            else:
                out[each] = said
        return " ".join(out) if form == "string" else tuple(out) if form == "tuple" else out

    return candidate


def all_occurrences(words, n, synonyms, generator=None):
    out = list(words)
    kinds = [word for word in dict.fromkeys(words) if _choices(word, synonyms)]
    for each in torch.randperm(len(kinds), generator=generator)[:n].tolist():
        said = _one(_choices(kinds[each], synonyms), generator)
        out = [said if word == kinds[each] else word for word in out]
    return out


def kinds_of_words(words, n, synonyms, generator=None):
    out = list(words)
    for _ in range(n):
        kinds = sorted({word for word, now in zip(words, out, strict=True) if word == now and _choices(word, synonyms)})
        if kinds:
            word = _one(kinds, generator)
            places = [n for n, (old, now) in enumerate(zip(words, out, strict=True)) if old == now == word]
            out[places[int(torch.randint(len(places), (1,), generator=generator))]] = _one(
                _choices(word, synonyms), generator
            )
    return out


def replaced_again(words, n, synonyms, generator=None):
    out = list(words)
    for _ in range(n):
        able = [place for place, word in enumerate(out) if _choices(word, synonyms)]
        if not able:
            break
        place = able[int(torch.randint(len(able), (1,), generator=generator))]
        out[place] = _one(_choices(out[place], synonyms), generator)
    return out


def one_for_all_places(words, n, synonyms, generator=None):
    out, said = list(words), {}
    able = [place for place, word in enumerate(words) if _choices(word, synonyms)]
    for each in torch.randperm(len(able), generator=generator)[:n].tolist():
        word = words[able[each]]
        if word not in said:
            said[word] = _one(_choices(word, synonyms), generator)
        out[able[each]] = said[word]
    return out


def one_at_least(words, n, synonyms, generator=None):
    return like()(words, max(1, n), synonyms, generator)


def too_few_words(words, n, synonyms, generator=None):
    able = [place for place, word in enumerate(words) if _choices(word, synonyms)]
    if n > len(able):
        raise ValueError("Sample larger than population")
    return like()(words, n, synonyms, generator)


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "all_occurrences": (
        all_occurrences,
        Text(
            "You choose n different words and replace every occurrence of each, as the authors' published code does. Asked for is the "
            "paper's sentence: n words of the sentence, so n places; a word that occurs twice has two.",
            "你选的是 n 个不同的词，并把每个词的所有出现都换掉，作者公开的代码就是这样。这里要的是论文的说法：句子中的 n 个词，"
            "也就是 n 个位置；出现两次的词算两个位置。",
        ),
    ),
    "kinds_of_words": (
        kinds_of_words,
        Text(
            "You draw among the different words first and then one place of it: a word that occurs three times is chosen as often as "
            "one that occurs once. Every place is to be equally likely.",
            "你先在不同的词里抽，再抽它的一个位置：出现三次的词和只出现一次的词机会一样。应当让每个位置的机会相等。",
        ),
    ),
    "places_twice": (
        like(pick="with"),
        Text(
            "The places are drawn with replacement, so one can come twice and fewer than n words change. Use the first n of a "
            "permutation.",
            "位置是有放回地抽的，同一处可能抽到两次，实际换掉的就少于 n 个。取一个随机排列的前 n 个。",
        ),
    ),
    "any_word_counts": (
        like(able="all"),
        Text(
            "You choose n of all words and then find that some have no synonym: fewer than n change. Choose among those that have one.",
            "你在全部词里选 n 个，其中一些没有同义词，结果换掉的少于 n 个。应当只在有同义词的词里选。",
        ),
    ),
    "empty_entry": (
        like(able="mapping"),
        Text(
            "A word whose entry holds no synonym (an empty list, or only the word itself) is taken for one that can be replaced. Look at "
            "what the entry holds, not at whether there is one.",
            "条目里没有可用同义词的词（空列表，或只有它自己）也被当成能替换的。要看条目里有什么，而不是有没有条目。",
        ),
    ),
    "itself": (
        like(itself=True),
        Text(
            "A word may be replaced by itself, which changes nothing. Dictionaries such as WordNet list the word among its own "
            "synonyms: leave it out.",
            "词可能被换成它自己，等于没换。WordNet 之类的词典会把词本身列在同义词里，要去掉。",
        ),
    ),
    "first_synonym": (
        like(first=True),
        Text(
            "It is always the same synonym, such as the first. Each of them is to come equally often, or all copies of a sentence are alike.",
            "总是取同一个同义词，比如第一个。应当等概率地取其中一个，否则一个句子的各份副本都一样。",
        ),
    ),
    "one_for_all_places": (
        one_for_all_places,
        Text(
            "A word that is replaced at two places gets the same synonym at both. Each place draws for itself.",
            "同一个词在两处被替换时，换成了同一个同义词。每一处应当各自抽取。",
        ),
    ),
    "leftmost": (
        like(pick="leftmost"),
        Text(
            "The first n words that have a synonym are replaced, always the same ones. The places are chosen at random.",
            "替换的总是最左边的 n 个有同义词的词。位置应当随机选。",
        ),
    ),
    "never_last": (
        like(pick="never_last"),
        Text(
            "The last place that could be replaced never is: the upper bound of torch.randint is exclusive already.",
            "最后一个可替换的位置永远选不到：torch.randint 的上界本来就不包含。",
        ),
    ),
    "each_with_a_probability": (
        like(pick="probability"),
        Text(
            "Each word is replaced with a probability, so that n is only the mean. Exactly n are to change: probabilities belong to "
            "random deletion.",
            "每个词按概率替换，n 只是平均数。应当恰好换 n 个；按概率处理的是随机删除。",
        ),
    ),
    "replaced_again": (
        replaced_again,
        Text(
            "A word that has just been put in is looked up and replaced again: meanings drift, and fewer than n places change. Choose all "
            "places in the given sentence.",
            "刚换上去的词又被拿去查、再换一次：意思会越走越偏，换掉的位置也少于 n 个。所有位置都应在原句里选定。",
        ),
    ),
    "inserted": (
        like(place="beside"),
        Text(
            "The word stays and its synonym is put beside it. That is closer to random insertion; here the synonym takes the word's place.",
            "原词还在，同义词加在了旁边，这更像随机插入。这里是让同义词取代原词。",
        ),
    ),
    "one_at_least": (
        one_at_least,
        Text(
            "With n = 0 one word is replaced: the loop replaces first and compares afterwards. The authors' code does so too.",
            "n = 0 时也换了一个词：循环先替换、后比较。作者的代码也有这个问题。",
        ),
    ),
    "more_than_there_are": (
        too_few_words,
        Text(
            "Where fewer than n words have a synonym it raises. Then all that can be replaced are.",
            "有同义词的词不足 n 个时，你的代码报错了。此时应把能换的都换掉。",
        ),
    ),
    "words_overwritten": (
        like(own=False),
        Text(
            "The caller's list is changed: the next copy would start from this one. Work on a copy.",
            "调用者传入的列表被改掉了，下一份副本就会从这一份接着改。要先复制一份。",
        ),
    ),
    "generator_ignored": (
        like(drawn="global"),
        Text(
            "The generator isn't used: the same one gives other results each time, and torch's global one is drawn from. Hand it to "
            "every call that draws.",
            "没有用传入的 generator：同一个生成器每次结果都不同，还动了 torch 的全局生成器。每次抽随机数都要传给它。",
        ),
    ),
    "python_random": (
        like(drawn="python"),
        Text(
            "Python's random is drawn from, which neither the generator nor torch.manual_seed governs. Use torch.randperm and "
            "torch.randint with generator=generator.",
            "用了 Python 的 random，generator 和 torch.manual_seed 都管不到它。请用 torch.randperm、torch.randint，并传 "
            "generator=generator。",
        ),
    ),
    "reseeded": (
        like(drawn="reseeded"),
        Text(
            "Each call seeds a generator of its own, so that every call gives the same copy. Draw from the one given, which moves on.",
            "每次调用都用固定种子新建生成器，于是每次得到同一份副本。应从传入的生成器里抽，它会自己往前走。",
        ),
    ),
    "a_tuple": (
        like(form="tuple"),
        Text("It gives a tuple. Asked for is a new list, which the caller may change.", "返回的是元组。要求返回新列表，调用者可以再改。"),
    ),
    "one_string": (
        like(form="string"),
        Text(
            "It gives one string. Asked for is a list, with as many words as there were.",
            "返回的是一个字符串。要求返回列表，词数和原来一样。",
        ),
    ),
}
