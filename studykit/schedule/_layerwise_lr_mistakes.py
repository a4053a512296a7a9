"""Wrong layer-wise groups by name: one grouping with switches, and what to tell whoever wrote it so."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from studykit.drill import Mistake
from studykit.language import Text

STACKS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
Scale = Callable[[float, int, int], float]


def geometric(decay: float, layer: int, last: int) -> float:
    return decay ** (last - layer)


def grouping(
    *,
    scale: Scale = geometric,
    opens: bool = True,
    joins: bool = True,
    counts_empty: bool = False,
    counts_frozen: bool = True,
    own: str = "first",
    per_tensor: bool = False,
    takes_frozen: bool = False,
    tied: str = "first",
    kind: Callable[[str, Any], bool] = lambda name, param: param.ndim > 1,
    finish: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = lambda group, given: group,
) -> Callable[..., list[dict[str, Any]]]:
    """Groups with one thing wrong: as the arguments stand by default they are right."""

    def parts(model: nn.Module) -> Iterator[nn.Module]:
        for child in model.children():
            yield from child.children() if opens and type(child) in STACKS else (child,)

    def layers_of(model: nn.Module) -> list[list[Any]]:
        direct = list(model.parameters(recurse=False))
        layers: list[list[Any]] = []
        for part in parts(model):
            params = [param for param in part.parameters() if counts_frozen or param.requires_grad]
            if not params and not counts_empty:
                continue
            if layers and joins and params and all(param.ndim <= 1 for param in params):
                layers[-1] += params
            else:
                layers.append(params)
        if own == "below":
            return [direct, *layers] if direct else layers
        layers = layers or [[]]
        if own != "lost":
            layers[0 if own == "first" else -1] += direct
        return layers

    def groups(model: nn.Module, lr: float, decay: float = 0.75, weight_decay: float = 0.0) -> list[dict[str, Any]]:
        given = {"lr": lr, "decay": decay, "weight_decay": weight_decay}
        layers = [[param] for param in model.parameters()] if per_tensor else layers_of(model)
        names = {id(param): name for name, param in model.named_parameters()}
        seen: dict[int, int] = {}
        for number, params in enumerate(layers):
            for param in params:
                if tied == "last" or id(param) not in seen:
                    seen[id(param)] = number
        found = []
        for number, params in enumerate(layers):
            for param in dict.fromkeys(params):
                if (param.requires_grad or takes_frozen) and (tied == "twice" or seen[id(param)] == number):
                    rate = lr * scale(decay, number, len(layers) - 1)
                    shrink = weight_decay if kind(names[id(param)], param) else 0.0
                    found.append(finish({"params": [param], "lr": rate, "weight_decay": shrink}, given))
        return found

    return groups


def without(*names: str, **more: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Callable[..., dict[str, Any]]:
    """A finish that drops keys of a group, and sets others."""

    def finish(group: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        made = {name: make(group, given) for name, make in more.items()}
        return {name: value for name, value in group.items() if name not in names} | made

    return finish


def unless_exempt(group: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return group if group["weight_decay"] else without("weight_decay")(group, given)


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "one_lr": (
        grouping(scale=lambda decay, layer, last: 1.0),
        Text("Every layer gets lr itself: decay is not used.", "每一层的学习率都是 lr：没有用到 decay。"),
    ),
    "two_groups": (
        grouping(scale=lambda decay, layer, last: 1.0 if layer == last else decay),
        Text(
            "These are two rates, one for the backbone and one for the head. It is geometric: each layer has decay times the rate of the "
            "one above it.",
            "你只分了两档：backbone 一档，head 一档。应逐层几何衰减：每一层是上面一层的 decay 倍。",
        ),
    ),
    "upside_down": (
        grouping(scale=lambda decay, layer, last: decay**layer),
        Text(
            "Upside down: the embedding has the full rate and the head the smallest. The exponent is last - layer.",
            "方向反了：embedding 拿到完整的学习率，head 反而最小。指数应是 last - layer。",
        ),
    ),
    "head_decayed": (
        grouping(scale=lambda decay, layer, last: decay ** (last + 1 - layer)),
        Text(
            "One power too many: the head is to have lr itself, decay ** 0.",
            "多乘了一次 decay：head 的学习率就是 lr，即 decay ** 0。",
        ),
    ),
    "top_block_undecayed": (
        grouping(scale=lambda decay, layer, last: decay ** max(last - layer - 1, 0)),
        Text(
            "One power too few: the layer right below the head has decay ** 1.",
            "少乘了一次 decay：紧挨着 head 的那一层应是 decay ** 1。",
        ),
    ),
    "linear": (
        grouping(scale=lambda decay, layer, last: 1 - (1 - decay) * (last - layer) / max(last, 1)),
        Text(
            "The rates lie on a line. They are a geometric series: the same factor from each layer to the next.",
            "你的学习率是线性变化的。应是等比数列：相邻两层的比值相同。",
        ),
    ),
    "proportional": (
        grouping(scale=lambda decay, layer, last: (layer + 1) / (last + 1)),
        Text(
            "The rate is in proportion to the layer's number, and decay is not used. Each layer has decay times the rate of the one above.",
            "学习率与层号成正比，没有用到 decay。应是每一层等于上面一层的 decay 倍。",
        ),
    ),
    "decay_is_075": (
        grouping(scale=lambda decay, layer, last: 0.75 ** (last - layer)),
        Text("The factor is always 0.75: the argument decay is not used.", "系数写死成了 0.75：没有用到参数 decay。"),
    ),
    "stack_is_one_layer": (
        grouping(opens=False),
        Text(
            "A Sequential or ModuleList counts as one layer, so that all blocks have one rate. Each of its elements is a layer.",
            "你把整个 Sequential 或 ModuleList 当成一层，所有 block 学习率相同。其中每个元素才是一层。",
        ),
    ),
    "norm_is_a_layer": (
        grouping(joins=False),
        Text(
            "A norm counts as a layer of its own and pushes all below it down by one power. What has only vectors belongs to the layer before it.",
            "你把归一化也数成一层，下面各层都多乘了一次 decay。只含一维参数的模块归入前一层。",
        ),
    ),
    "activations_counted": (
        grouping(counts_empty=True),
        Text(
            "Modules without parameters, such as ReLU and pooling, count as layers: the exponents skip numbers.",
            "ReLU、池化这类没有参数的模块也被数成了层，指数出现了跳号。",
        ),
    ),
    "frozen_layers_not_counted": (
        grouping(counts_frozen=False),
        Text(
            "A frozen layer is left out of the count. It stays a layer: freezing one must not change the rate of another.",
            "冻结的层没有计入层数。它仍然是一层：冻结某一层不应改变别的层的学习率。",
        ),
    ),
    "frozen_included": (
        grouping(takes_frozen=True),
        Text(
            "Frozen parameters (requires_grad=False) are in the groups; leave them out.",
            "冻结的参数（requires_grad=False）也进了组，应当排除。",
        ),
    ),
    "own_parameters_lost": (
        grouping(own="lost"),
        Text(
            "The model's own parameters, such as the class token and the position table, are in no group: children() does not give them, "
            "so they would never be trained.",
            "模型自己的参数（class token、位置编码等）不在任何组里：children() 不会给出它们，于是永远得不到训练。",
        ),
    ),
    "own_parameters_on_top": (
        grouping(own="last"),
        Text(
            "The model's own parameters, such as the class token, learn at the head's rate. They are part of the embedding: layer 0.",
            "模型自己的参数（如 class token）用了 head 的学习率。它们属于 embedding，即第 0 层。",
        ),
    ),
    "own_parameters_below": (
        grouping(own="below"),
        Text(
            "The model's own parameters are a layer below the patch embedding. They are of layer 0 together with it.",
            "模型自己的参数单独成了 patch embedding 下面的一层。它们应与 patch embedding 同属第 0 层。",
        ),
    ),
    "layer_per_tensor": (
        grouping(per_tensor=True),
        Text(
            "Every tensor is a layer, so that even weight and bias of one layer differ. A layer is a child of the model, or an element of a stack.",
            "每个张量都成了一层，连同一层的 weight 和 bias 都不一样。一层是模型的一个子模块，或容器里的一个元素。",
        ),
    ),
    "tied_twice": (
        grouping(tied="twice"),
        Text(
            "A weight that two layers share is in a group twice; the optimizer refuses that. It is of its first layer, once.",
            "两层共享的权重进了两次组，优化器会拒绝。它只出现一次，属于先出现的那一层。",
        ),
    ),
    "tied_on_top": (
        grouping(tied="last"),
        Text(
            "A weight that two layers share has the rate of the upper one; it is of the first layer that has it.",
            "两层共享的权重用了上面那层的学习率；它应属于最先出现的那一层。",
        ),
    ),
    "everything_decays": (
        grouping(kind=lambda name, param: True),
        Text("Biases and norms get weight_decay too; they should have 0.", "偏置和归一化参数也用了 weight_decay，它们应为 0。"),
    ),
    "bias_by_name": (
        grouping(kind=lambda name, param: not name.endswith("bias")),
        Text(
            "Biases are left out by name, but the gain of a norm is called weight and decays. Go by ndim > 1.",
            "你按名字排除了 bias，但归一化的增益叫 weight，仍在衰减。应按 ndim > 1 判断。",
        ),
    ),
    "nothing_decays": (
        grouping(kind=lambda name, param: False),
        Text("weight_decay is not used: the matrices should have it.", "没有用到 weight_decay：矩阵应当用它。"),
    ),
    "weight_decay_scaled": (
        grouping(finish=without("weight_decay", weight_decay=lambda group, given: group["weight_decay"] * group["lr"] / given["lr"])),
        Text(
            "weight_decay is scaled by layer as well. Leave it: AdamW multiplies it by lr anyway.",
            "weight_decay 也被逐层缩放了。不用动它：AdamW 里它本来就要乘 lr。",
        ),
    ),
    "weight_decay_unset": (
        grouping(finish=unless_exempt),
        Text(
            "The groups that don't decay have no weight_decay, so that the optimizer's default reaches them (0.01 in AdamW). Write 0.",
            "不衰减的组没写 weight_decay，于是会拿到优化器的默认值（AdamW 为 0.01）。应明确写 0。",
        ),
    ),
    "lr_scale": (
        grouping(finish=without("lr", lr_scale=lambda group, given: group["lr"] / given["lr"])),
        Text(
            "The groups have no lr (torch's optimizers don't read lr_scale): every layer learns at the default. Multiply, and write lr.",
            "组里没有 lr（torch 的优化器不认 lr_scale），每层都会用默认学习率。应乘好之后写进 lr。",
        ),
    ),
}

MISTAKES = tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items())
