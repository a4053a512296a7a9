"""Wrong rounds of exploit and explore: one right round, each deviating from it in one place."""

import math
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch

Setting = dict[str, float]


def ranked(scores: Any) -> list[int]:
    return sorted(range(len(scores)), key=lambda member: -math.inf if math.isnan(scores[member]) else scores[member])


def share(fraction: float, n: int) -> int:
    return min(max(1, round(fraction * n)), n // 2)


def draw(count: int, rng: Any) -> int:
    return int(torch.randint(count, (), generator=rng))


def drawn_donor(best: list[int], place: int, order: list[int], rng: Any) -> int:
    return best[draw(len(best), rng)]


def moved(donor: Setting, own: Setting, factors: Any, rng: Any) -> Setting:
    return {name: value * factors[draw(len(factors), rng)] for name, value in donor.items()}


def like(
    *,
    order: Callable[[Any], list[int]] = ranked,
    count: Callable[[float, int], int] = share,
    losers: Callable[[list[int], int], list[int]] = lambda order, k: order[:k],
    donor: Callable[[list[int], int, list[int], Any], int] = drawn_donor,
    carry: Callable[[Any, Any], Any] = lambda donor, own: deepcopy(donor),
    setting: Callable[[Setting, Setting, Any, Any], Setting] = moved,
    stay: Callable[[Setting, Any, Any, bool], Setting] = lambda own, factors, rng, best: dict(own),
    of_donor: Callable[[Any, Any], Any] = lambda state, copier: state,
    in_place: bool = False,
    generator: Callable[[Any], Any] = lambda rng: rng,
    parent_of_stayers: Callable[[int], Any] = lambda member: member,
) -> Callable[..., Any]:
    """A round with these parts; by default it is right."""

    def candidate(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator_given=None, **named):
        rng = generator(named.get("generator", generator_given))
        n = len(scores)
        line, k = order(scores), count(fraction, n)
        best, out = line[n - k :] if k else [], losers(line, k)
        states = weights if in_place else list(weights)
        settings = hyperparameters if in_place else [dict(each) for each in hyperparameters]
        parents = [parent_of_stayers(member) for member in range(n)]
        old_states, old_settings = list(weights), [dict(each) for each in hyperparameters]
        for place, member in enumerate(out):
            source = donor(best, place, line, rng)
            states[member] = carry(old_states[source], old_states[member])
            states[source] = of_donor(states[source], old_states[member])
            settings[member] = setting(old_settings[source], old_settings[member], factors, rng)
            parents[member] = source
        for member in range(n):
            if member not in out:
                settings[member] = stay(old_settings[member], factors, rng, member in best)
        return states, settings, parents

    def asked(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
        return candidate(scores, weights, hyperparameters, fraction, factors, generator)

    return asked


def for_the_whole_round(pick: Callable[..., Any]) -> Callable[..., Any]:
    """A right round in which `pick(scores, factors, rng)` makes one part, the same for all members of this round."""

    def candidate(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
        return like(**pick(scores, fraction, factors, generator))(scores, weights, hyperparameters, fraction, factors, generator)

    return candidate


def one_donor(scores, fraction, factors, rng):
    line, k = ranked(scores), share(fraction, len(scores))
    chosen = line[len(line) - k + draw(k, rng)]
    return {"donor": lambda *_: chosen}


def without_replacement(scores, fraction, factors, rng):
    left = torch.randperm(share(fraction, len(scores)), generator=rng).tolist()
    return {"donor": lambda best, place, order, rng: best[left[place]]}


def one_factor_each_name(scores, fraction, factors, rng):
    kept: dict[str, float] = {}

    def setting(donor, own, factors, rng):
        return {name: value * kept.setdefault(name, factors[draw(len(factors), rng)]) for name, value in donor.items()}

    return {"setting": setting}


def same_factor(donor, own, factors, rng):
    factor = factors[draw(len(factors), rng)]
    return {name: value * factor for name, value in donor.items()}


def between(donor, own, factors, rng):
    low, high = min(factors), max(factors)
    return {name: value * (low + (high - low) * torch.rand((), generator=rng).item()) for name, value in donor.items()}


def added(donor, own, factors, rng):
    return {name: value + factors[draw(len(factors), rng)] for name, value in donor.items()}


def shifted(donor, own, factors, rng):
    return {name: value + factors[draw(len(factors), rng)] - 1 for name, value in donor.items()}


def divided(donor, own, factors, rng):
    return {name: value / factors[draw(len(factors), rng)] for name, value in donor.items()}


def only_one_name(donor, own, factors, rng):
    chosen = list(donor)[draw(len(donor), rng)]
    return {name: value * factors[draw(len(factors), rng)] if name == chosen else value for name, value in donor.items()}


def without_nan(scores):
    return sorted((member for member in range(len(scores)) if not math.isnan(scores[member])), key=scores.__getitem__)


def nan_left_out(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
    sound = without_nan(scores)
    k = min(max(1, round(fraction * len(scores))), len(sound) // 2)
    round_of_these = like(
        order=lambda _: sound, count=lambda *_: k, donor=lambda best, place, order, rng: order[len(order) - k + draw(k, rng)]
    )
    return round_of_these(scores, weights, hyperparameters, fraction, factors, generator)


def nan_last(scores):
    return sorted(range(len(scores)), key=lambda member: (math.isnan(scores[member]), 0 if math.isnan(scores[member]) else scores[member]))


WRONG: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("minimised", like(order=lambda scores: ranked(scores)[::-1])),
    ("minimised", like(order=lambda scores: ranked([-each for each in scores]))),
    ("weights_not_copied", like(carry=lambda donor, own: own)),
    ("hyperparameters_not_copied", like(setting=lambda donor, own, factors, rng: dict(own))),
    ("hyperparameters_not_copied", like(setting=lambda donor, own, factors, rng: moved(own, own, factors, rng))),
    ("optimizer_left_behind", like(carry=lambda donor, own: {**own, "model": deepcopy(donor["model"])} if "model" in donor else deepcopy(donor))),
    ("aliased", like(carry=lambda donor, own: donor)),
    ("aliased", like(carry=lambda donor, own: dict(donor))),
    ("aliased", like(carry=lambda donor, own: {name: dict(each) if isinstance(each, dict) else each for name, each in donor.items()})),
    ("exchanged", like(of_donor=lambda state, copier: copier)),
    ("not_perturbed", like(setting=lambda donor, own, factors, rng: dict(donor))),
    ("winners_perturbed", like(stay=lambda own, factors, rng, best: moved(own, own, factors, rng) if best else dict(own))),
    ("all_perturbed", like(stay=lambda own, factors, rng, best: moved(own, own, factors, rng))),
    ("added", like(setting=added)),
    ("added", like(setting=shifted)),
    ("divided", like(setting=divided)),
    ("same_factor_for_all_names", like(setting=same_factor)),
    ("same_factor_for_all_members", for_the_whole_round(one_factor_each_name)),
    ("one_name_only", like(setting=only_one_name)),
    ("factor_between", like(setting=between)),
    ("best_only", like(donor=lambda best, place, order, rng: best[-1])),
    ("paired", like(donor=lambda best, place, order, rng: best[len(best) - 1 - place % len(best)])),
    ("paired", like(donor=lambda best, place, order, rng: best[place % len(best)])),
    ("one_parent_for_all", for_the_whole_round(one_donor)),
    ("parents_without_replacement", for_the_whole_round(without_replacement)),
    ("parent_from_the_rest", like(donor=lambda best, place, order, rng: order[len(best) + draw(len(order) - len(best), rng)])),
    ("all_but_the_best_copy", like(losers=lambda order, k: order[: len(order) - k])),
    ("only_the_worst_copies", like(losers=lambda order, k: order[:1])),
    ("rounded_down", like(count=lambda fraction, n: min(max(1, int(fraction * n)), n // 2))),
    ("rounded_up", like(count=lambda fraction, n: min(math.ceil(fraction * n), n // 2))),
    ("nobody_in_a_small_population", like(count=lambda fraction, n: min(round(fraction * n), n // 2))),
    ("more_than_half", like(count=lambda fraction, n: max(1, round(fraction * n)))),
    ("nan_is_the_best", like(order=lambda scores: torch.tensor(scores).argsort().tolist())),
    ("nan_is_the_best", like(order=nan_last)),
    ("nan_unsorted", like(order=lambda scores: sorted(range(len(scores)), key=scores.__getitem__))),
    ("nan_left_out", nan_left_out),
    ("generator_ignored", like(generator=lambda rng: None)),
    ("generator_ignored", like(generator=lambda rng: torch.Generator().manual_seed(random.getrandbits(40)))),
    ("given_changed", like(in_place=True)),
    ("stayers_without_parent", like(parent_of_stayers=lambda member: -1)),
    ("stayers_without_parent", like(parent_of_stayers=lambda member: None)),
)  # fmt: skip
