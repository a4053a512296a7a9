"""Wrong ways to part parameters for weight decay, each with what to tell someone who wrote it."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from studykit.drill import Mistake
from studykit.language import Text

Named = tuple[str, nn.Parameter]


def groups(decays: Callable[[str, nn.Parameter], bool], walk: Callable[[nn.Module], Any] | None = None) -> Any:
    """A candidate that walks the parameters and lets ``decays`` part them."""

    def made(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        found = list((walk or learning)(model))
        rest = [p for name, p in found if not decays(name, p)]
        chosen = [p for name, p in found if decays(name, p)]
        return [{"params": rest, "weight_decay": 0.0}, {"params": chosen, "weight_decay": weight_decay}]

    return made


def learning(model: nn.Module) -> Iterator[Named]:
    """What the right solution walks over."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def matrix(_name: str, p: nn.Parameter) -> bool:
    """The right rule."""
    return p.ndim > 1


def twice(model: nn.Module) -> Iterator[Named]:
    return ((name, p) for name, p in model.named_parameters(remove_duplicate=False) if p.requires_grad)


def of_known_layers(model: nn.Module) -> Iterator[Named]:
    known = (nn.Linear, nn.Conv2d, nn.Embedding, nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d)
    seen = set()
    for module in model.modules():
        if isinstance(module, known):
            for name, p in module.named_parameters(recurse=False):
                if p.requires_grad and p not in seen:
                    seen.add(p)
                    yield name, p


def no_key(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    rest, chosen = groups(matrix)(model, weight_decay)
    return [{"params": rest["params"]}, chosen]


def freezes(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    found = groups(matrix)(model, weight_decay)
    for p in found[0]["params"]:
        p.requires_grad_(False)
    return found


def only_decayed(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return groups(matrix)(model, weight_decay)[1:]


def fixed(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return groups(matrix)(model, 0.01)


def in_sets(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    found = groups(matrix)(model, weight_decay)
    return [{**each, "params": list(set(each["params"]))} for each in found]


def shrinks(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    found = groups(matrix)(model, weight_decay)
    with torch.no_grad():
        for p in found[1]["params"]:
            p.mul_(1 - weight_decay)
    return found


TOLD: dict[str, tuple[Any, Text]] = {
    "all_decay": (
        groups(lambda name, p: True),
        Text(
            "Everything decays, biases and norm gains too. Only what has more than one dimension should.",
            "所有参数都做了衰减，连偏置和归一化的增益也在内。只有维数大于 1 的才该衰减。",
        ),
    ),
    "biases_only": (
        groups(lambda name, p: not name.endswith("bias")),
        Text(
            "Biases are left out, but the gains of norms, which are called weight too, still decay. Ask for the number of dimensions, not "
            "for the name.",
            "偏置排除了，但归一化层的增益也叫 weight，仍在衰减。应该看维数，不要看名字。",
        ),
    ),
    "norms_by_name": (
        groups(lambda name, p: "bias" not in name and "norm" not in name),
        Text(
            'A norm is recognised by "norm" in its name. In an nn.Sequential it is called "1.weight", and decays. p.ndim needs no names.',
            "靠名字里有没有 norm 来认归一化层。放在 nn.Sequential 里它叫 1.weight，就漏掉了。看 p.ndim 不需要名字。",
        ),
    ),
    "swapped": (
        groups(lambda name, p: p.ndim <= 1),
        Text(
            "The two groups are swapped: vectors decay and matrices do not.",
            "两组弄反了：向量在衰减，矩阵没有衰减。",
        ),
    ),
    "above_two": (
        groups(lambda name, p: p.ndim > 2),
        Text(
            "Your bound is one too high: the weight of a linear layer has two dimensions, and should decay. p.ndim > 1.",
            "界取高了一档：线性层的权重是二维的，应该衰减。条件是 p.ndim > 1。",
        ),
    ),
    "vectors_decay": (
        groups(lambda name, p: p.ndim >= 1),
        Text(
            "Your bound is one too low: a bias has one dimension, so p.ndim >= 1 lets it decay. p.ndim > 1.",
            "界取低了一档：偏置是一维的，p.ndim >= 1 会让它也衰减。条件是 p.ndim > 1。",
        ),
    ),
    "frozen_included": (
        groups(matrix, lambda model: model.named_parameters()),
        Text(
            "Frozen parameters are in a group. The optimizer would carry them along, and they would take part in whatever else walks the "
            "groups; leave out what has requires_grad=False.",
            "冻结的参数也进了组。优化器会白白带着它们，凡是遍历参数组的代码也都会碰到它们；requires_grad=False 的应当排除。",
        ),
    ),
    "tied_twice": (
        groups(matrix, twice),
        Text(
            "A tied weight is listed twice, once under each of its names. named_parameters() names it once unless told otherwise.",
            "绑定的权重列了两次，每个名字一次。named_parameters() 默认只给一次。",
        ),
    ),
    "known_layers_only": (
        groups(matrix, of_known_layers),
        Text(
            "Parameters are lost: you walk over layer types that you know, and a class token, a position table or a layer of another type "
            "is in no group, so it never trains. Walk over model.named_parameters().",
            "有参数丢了：你只遍历认识的层类型，class token、位置编码或其他类型的层不在任何组里，也就永远不会被训练。应遍历 model.named_parameters()。",
        ),
    ),
    "by_type_name": (
        groups(lambda name, p: name.endswith("weight") and p.ndim > 1),
        Text(
            'Only what is called "weight" decays. A class token or a position table has another name and more than one dimension: by this '
            "rule it decays.",
            "只有名叫 weight 的才衰减。class token、位置编码名字不同，但维数大于 1，按本题的规则也要衰减。",
        ),
    ),
    "default_leaks": (
        no_key,
        Text(
            'The group without decay does not say so: without a "weight_decay" of its own it gets the optimizer\'s default, 0.01 in AdamW. '
            "Write 0.0 into it.",
            "不衰减的那一组没有写 weight_decay，会拿到优化器的默认值，AdamW 里是 0.01。要显式写 0.0。",
        ),
    ),
    "rest_is_lost": (
        only_decayed,
        Text(
            "Biases and norms are in no group at all. Undecayed does not mean untrained: give them a group with weight_decay 0.",
            "偏置和归一化参数不在任何组里。不衰减不等于不训练：给它们一个 weight_decay 为 0 的组。",
        ),
    ),
    "decay_ignored": (
        fixed,
        Text(
            "The argument weight_decay is not used: the decay is written into your code.",
            "没有用到参数 weight_decay：衰减系数写死在代码里了。",
        ),
    ),
    "freezes": (
        freezes,
        Text(
            "It switches off the gradient of what does not decay. Undecayed does not mean frozen: biases and gains still learn.",
            "你把不衰减的参数的梯度关掉了。不衰减不等于冻结：偏置和增益照样要学。",
        ),
    ),
    "unordered": (
        in_sets,
        Text(
            "The order inside a group is that of a set, another one in each process. A saved optimizer state is matched by position, so "
            "on resuming, momenta would land on other parameters. Keep lists.",
            "组内的顺序来自 set，每个进程都不一样。优化器状态是按位置恢复的，断点续训时动量会落到别的参数上。要用列表。",
        ),
    ),
    "shrinks_now": (
        shrinks,
        Text(
            "It shrinks the weights while making the groups. That is the optimizer's work, step by step; here they are only parted.",
            "分组的时候就把权重缩小了。那是优化器每一步做的事；这里只负责分组。",
        ),
    ),
}
MISTAKES = tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in TOLD.items())
