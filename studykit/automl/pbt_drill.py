"""Exploit and explore from a blank: who copies whom, copies that are copies, factors, nan, and draws that are the generator's."""

import copy
import math
import random

import torch

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._pbt_mistakes import WRONG
from ._pbt_probes import Apart, Diverged, Draws, Seeded, Shares, Sure
from ._pbt_told_mistakes import TOLD
from .pbt import exploit_and_explore


def by_argsort(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
    """Ranks and draws as tensors."""
    table = torch.tensor([float(each) for each in scores], dtype=torch.float64).nan_to_num(nan=-math.inf, posinf=math.inf, neginf=-math.inf)
    n = len(table)
    k = max(1, min(round(n * fraction), n // 2))
    order = table.argsort()
    parents = torch.arange(n)
    parents[order[:k]] = order[-k:][torch.randint(k, (k,), generator=generator)]
    names = list(hyperparameters[0])
    picked = torch.tensor(factors, dtype=torch.float64)[torch.randint(len(factors), (n, len(names)), generator=generator)]
    picked[parents == torch.arange(n)] = 1
    old = torch.tensor([[each[name] for name in names] for each in hyperparameters], dtype=torch.float64)
    new = [dict(zip(names, row, strict=True)) for row in (old[parents] * picked).tolist()]
    return [copy.deepcopy(weights[p]) for p in parents], new, parents.tolist()


def member_by_member(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
    """Each member asks for its own rank; Python's random, seeded by the generator."""
    rng = random.Random(int(torch.randint(2**62, (1,), generator=generator)))
    sound = [s if s == s else float("-inf") for s in scores]
    k = min(len(sound) // 2, max(round(fraction * len(sound)), 1))
    low, high = sorted(sound)[k - 1], sorted(sound)[-k]
    best = [m for m, s in enumerate(sound) if s >= high]
    out_w, out_h, out_p = [], [], []
    for m, s in enumerate(sound):
        p = rng.choice(best) if s <= low else m
        out_p += [p]
        out_w += [copy.deepcopy(weights[p])]
        out_h += [{k_: v * rng.choice(factors) if p != m else v for k_, v in hyperparameters[p].items()}]
    return out_w, out_h, out_p


def cloned(state):
    """A deep copy without `copy`."""
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    if isinstance(state, dict):
        return {name: cloned(each) for name, each in state.items()}
    return type(state)(cloned(each) for each in state) if isinstance(state, list | tuple) else state


def by_cloning(scores, weights, hyperparameters, fraction=0.25, factors=(0.8, 1.2), generator=None):
    """Copies first, then replaces; draws by a permutation and by a threshold."""
    n = len(scores)
    worst_first = sorted(range(n), key=lambda i: (not math.isnan(scores[i]), scores[i] if not math.isnan(scores[i]) else 0.0))
    k = max(1, round(fraction * n))
    k = k if k <= n // 2 else n // 2
    new_weights, new_settings, parents = list(weights), [dict(each) for each in hyperparameters], list(range(n))
    for loser in worst_first[:k]:
        winner = worst_first[n - 1 - int(torch.rand((), generator=generator) * k)]
        new_weights[loser], parents[loser] = cloned(weights[winner]), winner
        for name in hyperparameters[winner]:
            which = torch.randperm(len(factors), generator=generator)[0]
            new_settings[loser][name] = hyperparameters[winner][name] * factors[which]
    return new_weights, new_settings, parents


drill = Drill(
    reference=exploit_and_explore,
    probes=(
        Probe("two", Sure(2, 0.5), Text("two members, one of them copies", "两个成员，其中一个抄另一个")),
        Probe("four", Sure(4, 0.25, 0.5), Text("four members, one copies, one factor", "四个成员，一个抄，只有一个因子")),
        Probe("few", Sure(3, 0.1), Text("three members and a fraction of 0.1: one copies", "三个成员，fraction 为 0.1：仍有一个抄")),
        Probe("share", Shares(8, 0.25), Text("eight members, two copy from the two best", "八个成员，两个去抄最好的两个")),
        Probe("rounded", Shares(7, 0.4), Text("seven members, a fraction of 0.4: three", "七个成员，fraction 为 0.4：三个")),
        Probe("rounded down", Shares(9, 0.25), Text("nine members, a fraction of 0.25: two", "九个成员，fraction 为 0.25：两个")),
        Probe("half", Shares(7, 0.5), Text("seven members, a fraction of 0.5: three at most", "七个成员，fraction 为 0.5：至多三个")),
        Probe("draws", Draws(), Text("what is drawn over many rounds, two copies each", "跑很多轮，看都抽到了什么，每轮两个拷贝")),
        Probe("defaults", Draws(True), Text("fraction, factors and generator at their defaults", "fraction、factors、generator 取默认值")),
        Probe("a copy", Apart(False), Text("the copy is trained on in place", "原地继续训练拷贝")),
        Probe("as given", Apart(True), Text("what was given, after the call", "调用之后，传进来的东西")),
        Probe("nan", Diverged(4, 0.25), Text("one of four scores is nan", "四个分数里有一个是 nan")),
        Probe("nan of seven", Diverged(7, 0.1), Text("one of seven scores is nan", "七个分数里有一个是 nan")),
        Probe("seeded", Seeded(), Text("a generator is given, twice with one seed", "给了 generator，同一种子跑两次")),
    ),
    mistakes=tuple(Mistake(name, candidate, TOLD[name]) for name, candidate in WRONG),
    variants={"by_argsort": by_argsort, "member_by_member": member_by_member, "by_cloning": by_cloning},
    prompt=Text(
        "Write one round of PBT. Higher scores are better, nan is the worst. The worst k = round(fraction * n) members, at least 1 and "
        "at most n // 2, each take a parent drawn at random from the best k: a deep copy of its weights (a state of nested dicts), and its "
        "hyper-parameters, each multiplied by one of the factors, drawn for it alone. All others stay as they are. Return three new lists: "
        "weights, hyperparameters (dicts of numbers), parents (the number of the member each now descends from, its own where it stayed). "
        "Leave what is given unchanged; draw with the generator.",
        "写出 PBT 的一轮。分数越高越好，nan 算最差。最差的 k = round(fraction * n) 个成员（至少 1 个，至多 n // 2 个），各从最好的 k 个里随机抽一个父代："
        "深拷贝它的权重（嵌套字典形式的状态），拿它的超参，每个超参各自随机抽一个因子相乘。其余成员不变。返回三个新列表：weights、hyperparameters"
        "（数值字典）、parents（每个成员如今的父代编号，没抄的填自己）。不要改动传进来的东西；随机抽取用 generator。",
    ),
    hints=(
        Text(
            "Sort the members by score once, nan as minus infinity: the first k are the losers, the last k the possible parents.",
            "按分数给成员排一次序，nan 当作负无穷：前 k 个是落后者，后 k 个是候选父代。",
        ),
        Text(
            "For each loser draw a parent, then for each of its hyper-parameters a factor: torch.randint(len(factors), (), generator=generator).",
            "每个落后者抽一个父代，再为每个超参抽一个因子：torch.randint(len(factors), (), generator=generator)。",
        ),
        Text(
            "copy.deepcopy(weights[parent]); begin the new lists from list(weights), [dict(h) for h in hyperparameters], list(range(n)).",
            "copy.deepcopy(weights[parent])；新列表从 list(weights)、[dict(h) for h in hyperparameters]、list(range(n)) 开始。",
        ),
    ),
)
