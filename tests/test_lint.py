"""The answer linter finds what may not be said, and nothing else: a corpus of phrasings, and the kit's own texts."""

import random
import re
import time
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from studykit.claims import Finding, claims, lint
from studykit.coverage import coverage, layer_of
from studykit.linting import PATTERNS, rules, subjects
from studykit.question import parse
from studykit.technique import catalog
from studykit.wording import Wording

CORPUS = tomllib.loads(Path(__file__).with_name("lint_corpus.toml").read_text(encoding="utf-8"))
CLEAN = CORPUS.pop("clean")["fine"]
NOT_TO_SAY = {each.id for each in claims().values() if each.verdict != "confirmed"}
PATTERN_FILE = tomllib.loads(PATTERNS.read_text(encoding="utf-8"))


def found(text: str) -> list[str]:
    return [each.claim for each in lint(text)]


def test_corpus_and_rules_have_every_claim_that_may_not_be_repeated() -> None:
    assert len(NOT_TO_SAY) == 37
    assert set(CORPUS) == NOT_TO_SAY
    assert {rule.claim for rule in rules()[0]} == NOT_TO_SAY
    for claim, said in CORPUS.items():
        assert all(len(said[kind]) >= 2 for kind in ("zh", "en", "fine")), claim
        texts = [*said["zh"], *said["en"], *said["fine"]]
        assert len(set(texts)) == len(texts), claim
        assert all(re.search("[一-鿿]", text) for text in said["zh"]), claim


@pytest.mark.parametrize(("claim", "said"), CORPUS.items(), ids=CORPUS)
def test_each_way_of_saying_it_is_found_and_nothing_beside(claim: str, said: dict[str, list[str]]) -> None:
    for text in [*said["zh"], *said["en"]]:
        assert set(found(text)) == {claim}, text


@pytest.mark.parametrize(("claim", "said"), CORPUS.items(), ids=CORPUS)
def test_denied_corrected_or_conditioned_it_is_not(claim: str, said: dict[str, list[str]]) -> None:
    for text in said["fine"]:
        assert found(text) == [], text


@pytest.mark.parametrize("text", CLEAN)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert lint(text) == []


def told(claim: str) -> str:
    """The article's phrase as an item; after the name of what it is about, where the phrase has none."""
    says, owner = claims()[claim].says, claims()[claim].owner.replace("_", " ")
    return f"• {says}。" if claim in found(says) else f"• {owner}：{says}。"


@pytest.mark.parametrize("claim", sorted(NOT_TO_SAY))
def test_the_article_s_own_phrase_is_found(claim: str) -> None:
    assert claim in found(told(claim)), told(claim)


def expert_texts() -> Iterator[tuple[str, str]]:
    for claim in claims().values():
        yield from ((f"{claim.id} {lang}", claim.correct.say(lang)) for lang in ("en", "zh"))
    for card in catalog().values():
        for lang in ("en", "zh"):
            yield f"{card.id} summary {lang}", card.summary.say(lang)
            yield from ((f"{card.id} {length} {lang}", text.say(lang)) for length, text in card.spoken.items())
            yield from ((f"{card.id} follow-up {lang}", each.answer.say(lang)) for each in card.follow_ups)
            yield from ((each.id, each.explanation.say(lang)) for each in parse(card.questions, card.id))


def test_no_answer_that_the_kit_teaches_is_flagged() -> None:
    texts = dict(expert_texts())
    assert len(texts) > 300
    flagged = {name: found(text) for name, text in texts.items() if found(text)}
    assert flagged == {}


def test_a_finding_is_the_ledger_s() -> None:
    text = "我觉得 Lion 仅跟踪动量符号。"
    [each] = lint(text)
    claim = claims()["lion-tracks-sign-only"]
    assert each == Finding((9, 16), claim.id, "wrong", claim.correct, each.source)
    assert text[slice(*each.span)] == "仅跟踪动量符号"
    assert claim.sources[0].cite in each.source


def test_every_finding_cites_a_source_that_was_read_where_there_is_one() -> None:
    for claim, said in CORPUS.items():
        [each] = lint(said["zh"][0])
        read = [source for source in claims()[claim].sources if source.read == "text"]
        assert any(each.source.startswith(source.cite) for source in read or claims()[claim].sources)


@pytest.mark.parametrize(
    "text",
    [
        "Lion only tracks the sign of the momentum, I think.",
        "LION ONLY TRACKS THE SIGN OF THE MOMENTUM",
        "lion 只 跟 踪 动 量 符 号",
        "Ｌｉｏｎ　仅跟踪动量符号！",
        "🦁Lion🦁仅跟踪动量符号👍🏽",
        "**Lion** 仅*跟踪*动量`符号`",
        "大家好我先说优化器Lion仅跟踪动量符号所以省显存然后是别的",
        "Lion\u200b 仅跟踪\u200b动量符号",
        "我用的是 Lion optimizer，它 only tracks the sign of momentum",
        "Lion is a recent optimizer. It only tracks the sign of the momentum.",
        "Lion 是新优化器。它只存动量的符号。",
        "Lion is a recent optimizer from Google, and what I like about it is that compared to AdamW it only\n"
        "tracks the sign of the momentum.",
    ],
)
def test_however_it_is_written(text: str) -> None:
    assert found(text) == ["lion-tracks-sign-only"]
    [each] = lint(text)
    plain = re.sub(r"[\s*`\u200b]", "", text[slice(*each.span)]).lower()
    assert ("only" in plain and "sign" in plain) or ("符号" in plain and plain[0] in "仅只")


@pytest.mark.parametrize(
    "text",
    [
        "signSGD only keeps the sign. Lion keeps a full momentum.",  # said of another
        "Unlike signSGD, which only stores the sign, Lion stores the momentum.",
        "Does Lion only track the sign of the momentum?",  # asked
        "Lion 只跟踪动量符号吗？",
        "If Lion only tracked the sign of the momentum, its state would be one bit.",  # supposed
        "Whether Lion only tracks the sign is easy to check.",
        "It would be wrong to say that Lion only tracks the sign of the momentum.",  # refuted before
        "Lion only tracks the sign of the momentum: that is wrong, the buffer is real-valued.",  # and after
        "“Lion 只跟踪动量符号”这种说法不准确。",
        "有人说 Lion 只跟踪动量符号，其实动量是实数。",
        "Lion 不是只存动量的符号。",
        "Lion doesn't only track the sign; the momentum is kept.",
        "Lion never stores only the sign.",
    ],
)
def test_what_is_not_asserted_is_not_found(text: str) -> None:
    assert found(text) == []


def test_a_denial_of_something_else_denies_nothing() -> None:
    assert found("Lion 不用二阶矩，仅跟踪动量符号。") == ["lion-tracks-sign-only"]
    assert found("Lion does not keep a second moment and only tracks the sign of the momentum.") == ["lion-tracks-sign-only"]
    assert found("MLP-Mixer 不用自注意力也能达到SOTA") == ["mixer-sota"]


def test_the_condition_may_follow_but_not_in_the_next_item() -> None:
    said = "AMP gives a 2-3x speedup."
    assert found(f"{said} That is on Tensor Cores, against FP32.") == []
    assert found(f"- {said}\n- Tensor Cores are fast.") == ["amp-2-3x"]
    assert found(f"{said} I like it. And GPUs have Tensor Cores.") == ["amp-2-3x"]


def test_spans_never_overlap_and_come_in_order() -> None:
    whole = "\n".join(told(claim) for claim in claims())
    everything = lint(whole)
    assert {each.claim for each in everything} == NOT_TO_SAY
    for before, after in pairwise(everything):
        assert before.span[1] <= after.span[0]
    assert all(0 <= each.span[0] < each.span[1] <= len(whole) for each in everything)


def test_of_two_that_overlap_the_worse_is_told() -> None:
    # "2022" is wrong, "SOTA" is wrong, and each is told once however often it is said.
    assert found("Google 2022年提出《MLP-Mixer》，也能达到SOTA") == ["mixer-google-2022", "mixer-sota"]
    assert found("课程学习从易到难，增强难样本学习") != []


LONG = {
    "one word": "lion ",
    "half of a rule": "lion only track ",
    "rule without subject": "仅跟踪动量符号",
    "rule": "lion仅跟踪动量符号",
    "tiny sentences": "lion。",
    "lists": "lion,1k-10k,",
    "denials": "not lion if never ",
    "spaces": " ",
    "lines": "\n",
    "stars": "*",
    "emoji": "🦁",
    "quotes": "“",
    "all numbers": "amp fp16+fp32 提速 50% 2-3 1.2 auc ema swa 0.9 0.1 label smoothing ",
    "corpus": "，".join(text for said in CORPUS.values() for text in said["zh"]),
    "corpus in sentences": "\n".join(text for said in CORPUS.values() for text in [*said["en"], *said["fine"]]),
    "corpus without an end": re.sub(r"\W", "", "".join(text for said in CORPUS.values() for text in said["zh"])),
}


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG)
def test_a_hundred_kilobytes_take_less_than_a_second(unit: str) -> None:
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    lint("Lion is faster")  # the patterns are compiled
    began = time.process_time()
    lint(text)
    assert time.process_time() - began < 1.0


def test_no_pattern_may_repeat_without_bound() -> None:
    patterns = [part for rule in rules()[0] for way in rule.says for part in way.parts]
    patterns += [rule.unless for rule in rules()[0] if rule.unless] + list(rules()[1].values())
    assert len(patterns) > 300
    for pattern in patterns:
        text = re.sub(r"\\.", "_", pattern.pattern)  # an escaped sign is only itself
        text = re.sub(r"\[[^\]]*\]", "_", text)  # and so is one in a class
        assert not re.search(r"[*+]|\{\d*,\}", text), pattern.pattern


def test_nothing_makes_it_fall_over() -> None:
    draw = random.Random(5)
    words = ["lion", "跟踪", "符号", "\r\n", "**", "not", "if", *"仅。，\n\t ()`“”×－１％?不也𝓛ﬁ²①İß\x00\ud800\u0301"]
    words += [text for said in CORPUS.values() for text in said["en"][:1]]
    for _ in range(300):
        text = "".join(draw.choices(words, k=draw.randrange(30)))
        result = lint(text)
        assert all(0 <= each.span[0] < each.span[1] <= len(text) for each in result)
        assert result == lint(text)
    assert lint("") == lint(" \n ") == lint("。") == []


def test_every_place_leads_back_to_the_text_as_it_was_given() -> None:
    text = "ﬁ ² ①　Ａ  中 文 **b** ½"
    wording = Wording(text)
    assert wording.norm == "fi 2 1 a中文b 1⁄2"
    for n, sign in enumerate(wording.norm):
        start, end = wording.original(n, n + 1)
        assert end - start == 1
        assert sign in Wording(text[start:end]).norm or sign == " "


def test_settings_and_subjects_that_rules_name_are_there() -> None:
    known = {*PATTERN_FILE["subjects"], *PATTERN_FILE["settings"]}
    assert {name for rule in PATTERN_FILE["rule"] for name in rule["of"]} <= known
    assert not set(PATTERN_FILE["subjects"]) & set(PATTERN_FILE["settings"])
    assert set(catalog()) <= set(PATTERN_FILE["subjects"])


def test_a_technique_is_known_by_its_titles() -> None:
    for card in catalog().values():
        assert card.id in subjects(card.title.en), card.title.en
        assert card.id in subjects(card.title.zh), card.title.zh


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("", set()),
        ("I would go for a walk.", set()),
        ("AdamW with warmup and cosine", {"algorithm"}),
        ("先做数据清洗，再上 MixUp", {"data"}),
        ("Gradient accumulation, ZeRO and mixed precision", {"engineering"}),
        ("算法上用 AdamW，数据上做增强和课程学习，工程上混合精度", {"algorithm", "data", "engineering"}),
        ("zero-shot and a mean of zero", set()),
    ],
)
def test_coverage_names_the_layers(text: str, layers: set[str]) -> None:
    assert {name for name, there in coverage(text).layers.items() if there} == layers


def test_coverage_of_trade_offs_and_sources() -> None:
    bare = coverage("I use Lion and Dropout.")
    assert (bare.trade_offs, bare.sources) == (False, False)
    assert bare.techniques == bare.one_sided == ["lion", "dropout"]
    weighed = coverage("Lion saves memory at the cost of retuning (Chen et al. 2023). I use Dropout. I like it. It is old.")
    assert (weighed.trade_offs, weighed.sources) == (True, True)
    assert weighed.one_sided == ["dropout"]
    assert coverage("Lion 省显存，代价是要重新调参，见 Chen 等（2023）").sources
    assert coverage("Lion 省显存，代价是要重新调参").one_sided == []


def test_every_technique_has_its_layer() -> None:
    assert {layer_of(each) for each in catalog()} <= {"algorithm", "data", "engineering"}
    assert (layer_of("lion"), layer_of("mixup"), layer_of("grad_accum")) == ("algorithm", "data", "engineering")
    assert layer_of("muon") == ""


def test_nearly_all_spoken_answers_are_seen_to_tell_trade_offs() -> None:
    texts = [card.spoken["3min"].say(lang) for card in catalog().values() for lang in ("en", "zh")]
    assert sum(coverage(text).trade_offs for text in texts) >= 0.9 * len(texts)
