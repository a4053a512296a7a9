"""What is asked next: first what was said and isn't so, then what was named, then what wasn't; in between the two tasks."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from studykit import drill
from studykit.claims import Finding, claims, lint
from studykit.coverage import LAYERS, coverage
from studykit.errors import InputError
from studykit.interview import phrases
from studykit.interview.settings import Settings
from studykit.interview.turn import Turn, gives_up, quoted
from studykit.question import LEVELS, Question, parse
from studykit.technique import Technique, catalog

MOST = 60  # questions, however quick the answers
# After how many spoken questions a task comes, and at which share of the time at the latest.
_DRILL, _DEBUG = (4, 0.3), (7, 0.6)
_ALIKE = 0.75  # two questions that have more than this share of their words in common are one
_LAST = 0.9  # of the time: nothing new is begun after it


def opening(settings: Settings) -> Turn:
    """The broad question an interview begins with."""
    subject, lang = settings.subject, settings.lang
    if subject:
        return Turn("broad", subject.id, phrases.ABOUT.say(lang).format(title=phrases.name_of(subject, lang)), "broad")
    return Turn("broad", None, phrases.opening(settings.focus, settings.level).say(lang), "broad")


def following(settings: Settings, turns: Sequence[Turn]) -> Turn | None:
    """The next question, or None where the interview is over: the time is, or nothing is left to ask."""
    share = sum(turn.seconds for turn in turns) / (60 * settings.minutes)
    if share >= 1 or len(turns) >= MOST or turns[-1].kind == "closing":
        return None
    spoken = sum(turn.kind == "follow_up" or turn.kind == "broad" for turn in turns)
    kinds = {turn.kind for turn in turns}
    if "drill" not in kinds and (spoken >= _DRILL[0] or share >= _DRILL[1]):
        return _drill(settings, turns)
    if "debug" not in kinds and (spoken >= _DEBUG[0] or share >= _DEBUG[1]):
        return _debug(settings, turns)
    if share < _LAST:
        asked = {turn.key for turn in turns}
        for turn in _follow_ups(settings, turns):
            if turn.key not in asked:
                return turn
    for kind, task in (("drill", _drill), ("debug", _debug)):
        if kind not in kinds:
            return task(settings, turns)
    return Turn("closing", None, phrases.CLOSING.say(settings.lang), "closing")


def _follow_ups(settings: Settings, turns: Sequence[Turn]) -> Iterator[Turn]:
    """Everything that may be asked now, the best first."""
    challenged = sum(turn.key.startswith("claim:") for turn in turns[-2:])
    if challenged < 2:  # two in a row are enough: nobody likes to be only contradicted
        yield from _challenges(settings, turns)
    named = _named(settings, turns)
    asked = [turn.key.split(":")[0] for turn in turns]
    layers = [] if settings.focus != "all" else list(_layers(settings, turns))
    # A missing layer is asked for once two cards were, and again after two more.
    if asked.count("card") >= 2 * (asked.count("layer") + 1):
        yield from layers
    yield from _card_questions(settings, turns, named)
    yield from layers
    rest = [each for each in settings.techniques if each.id not in {card.id for card in named}]
    _draw(settings, "rest").shuffle(rest)
    yield from _card_questions(settings, turns, rest)
    yield from _challenges(settings, turns)


def _challenges(settings: Settings, turns: Sequence[Turn]) -> Iterator[Turn]:
    for turn in turns:
        for found in linted(turn.given or "") if turn.spoken else ():
            claim = claims()[found.claim]
            prompt = phrases.CHALLENGE.say(settings.lang).format(quote=quoted(turn.given or "", found.span))
            question = claim.follow_up.say(settings.lang)
            if not _heard(question, settings, turns):
                prompt += f"{' ' * (settings.lang == 'en')}{question}"
            owner = claim.owner if claim.owner in catalog() else None
            yield Turn("follow_up", owner, prompt, f"claim:{claim.id}")


def _named(settings: Settings, turns: Sequence[Turn]) -> list[Technique]:
    """The techniques in focus that the answers name, in their order."""
    within = {each.id for each in settings.techniques}
    order = dict.fromkeys(
        each for turn in turns if turn.spoken for each in covered(turn.given or "").techniques if each in within
    )
    if settings.subject:
        order = dict.fromkeys([settings.subject.id, *order])
    return [catalog()[each] for each in order]


def _least_asked(cards: Sequence[Technique], turns: Sequence[Turn]) -> list[Technique]:
    """Who didn't know about one technique is asked about another, and nobody about one alone."""
    given_up = {turn.technique for turn in turns if turn.given is not None and gives_up(turn.given)}
    times = Counter(turn.technique for turn in turns)
    return sorted(cards, key=lambda card: (card.id in given_up, times[card.id]))


def _card_questions(settings: Settings, turns: Sequence[Turn], cards: Sequence[Technique]) -> Iterator[Turn]:
    asked = {turn.key for turn in turns}
    said = {each for turn in turns if turn.spoken for each in covered(turn.given or "").techniques}
    for card in _least_asked(cards, turns):
        first = all(turn.technique != card.id for turn in turns)
        lead = phrases.NAMED if card.id in said else phrases.ASK
        left = [n for n in range(len(card.follow_ups)) if f"card:{card.id}:{n}" not in asked]
        _draw(settings, card.id).shuffle(left)
        for n in left:
            if _heard(card.follow_ups[n].question.say(settings.lang), settings, turns):
                continue
            question = card.follow_ups[n].question.say(settings.lang)
            title = phrases.name_of(card, settings.lang)
            prompt = lead.say(settings.lang).format(title=title, question=question) if first else question
            yield Turn("follow_up", card.id, prompt, f"card:{card.id}:{n}")


def _heard(question: str, settings: Settings, turns: Sequence[Turn]) -> bool:
    """Whether a question was asked before, in these words or nearly so: card and ledger may have the same one."""
    words = _words(question)
    return any(len(words & _words(turn.prompt)) >= _ALIKE * len(words) for turn in turns if turn.technique)


def _words(text: str) -> set[str]:
    """Words, and of Chinese each two signs."""
    pairs = re.findall(r"(?=([\u3400-\u9fff]{2}))", text)
    return {*re.findall(r"[a-z0-9√β]+", text.lower()), *pairs}


def _layers(settings: Settings, turns: Sequence[Turn]) -> Iterator[Turn]:
    said = covered("\n".join(turn.given or "" for turn in turns if turn.spoken))
    for layer, there in said.layers.items():
        if not there:
            prompt = phrases.LAYER.say(settings.lang).format(layer=LAYERS[layer].say(settings.lang))
            yield Turn("follow_up", None, prompt, f"layer:{layer}")


def _drill(settings: Settings, turns: Sequence[Turn]) -> Turn:
    named = [each for each in _named(settings, turns) if not settings.subject]
    pool = named or settings.techniques
    if settings.level == "screen":  # what is quickest to write
        pool = sorted(pool, key=lambda card: card.minutes)[:3]
    card = _draw(settings, "drill").choice(pool)
    prompt = phrases.DRILL.say(settings.lang).format(name=card.names[0], title=card.title.say(settings.lang))
    return Turn("drill", card.id, prompt, f"drill:{card.id}", blank=drill.blank(card))


def _debug(settings: Settings, turns: Sequence[Turn]) -> Turn | None:
    question = bug(settings)
    shown = question.public(settings.lang)
    code = "\n".join(f"{n:2}  {line}" for n, line in enumerate(question.code.splitlines(), 1))
    prompt = f"{phrases.DEBUG.say(settings.lang)} {shown['prompt']}\n\n```\n{code}\n```\n\n{shown['how']}"
    return Turn("debug", question.technique, prompt, f"question:{question.id}")


def bug(settings: Settings) -> Question:
    """The bug to find: in focus and of the level, else as near to both as there is one."""
    draw = _draw(settings, "debug")
    inside = list(settings.techniques)
    outside = [each for each in catalog().values() if each not in inside]
    wanted = LEVELS.index(settings.level)
    for pool in (inside, outside):
        draw.shuffle(pool)
        nearest: Question | None = None
        distance = len(LEVELS)
        for question in (each for card in pool for each in bugs(card.id)):
            if abs(LEVELS.index(question.level) - wanted) < distance:
                nearest, distance = question, abs(LEVELS.index(question.level) - wanted)
            if distance == 0:  # no need to read the other banks
                break
        if nearest:
            return nearest
    raise InputError("quizzes", "have no question of type bug", "write one in the bank of a technique")


@lru_cache(None)
def bugs(technique_id: str) -> tuple[Question, ...]:
    """The bugs to find in a technique's bank; none where there is no such technique."""
    card = catalog().get(technique_id)
    return tuple(each for each in parse(card.questions, card.id) if each.type == "bug") if card else ()


# The same answers are looked at again at every turn.
covered = lru_cache(200)(coverage)


@lru_cache(200)
def linted(text: str) -> tuple[Finding, ...]:
    """The findings in an answer."""
    return tuple(lint(text))


def _draw(settings: Settings, purpose: str) -> random.Random:
    return random.Random(f"{settings.seed} {purpose}")
