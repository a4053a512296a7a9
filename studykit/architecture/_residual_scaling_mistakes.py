"""The classic mistakes of residual scaling: each is the right solution with one thing changed."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from studykit.language import Text

Picked = Callable[[str, Tensor], bool]


def projection(name: str, _: Tensor) -> bool:
    """The weights that are asked for."""
    return name.endswith(".c_proj.weight")


def like(
    picked: Picked = projection,
    factor: Callable[[int], float] = lambda n: 1 / math.sqrt(2 * n),
    put: Callable[[Tensor, float], Any] = lambda weight, factor: weight.mul_(factor),
    returned: Callable[[nn.Module], Any] = lambda model: model,
) -> Callable[[nn.Module, int], Any]:
    """A solution with one thing changed.

    Args:
        picked: Which parameters, by name.
        factor: Of n_layers.
        put: What is done to each.
        returned: What is given back.
    """

    @torch.no_grad()
    def candidate(model: nn.Module, n_layers: int) -> Any:
        for name, weight in model.named_parameters():
            if picked(name, weight):
                put(weight, factor(n_layers))
        return returned(model)

    return candidate


def blocks_counted(model, n_layers):
    return like()(model, len(model.h))


@torch.no_grad()
def by_block(model, n_layers):
    for number, block in enumerate(dict.fromkeys(model.h), 1):
        for layer in (block.attn, block.mlp):
            layer.c_proj.weight /= math.sqrt(2 * number)
    return model


@torch.no_grad()
def shared_twice(model, n_layers):
    for block in model.h:
        for layer in (block.attn, block.mlp):
            layer.c_proj.weight /= math.sqrt(2 * n_layers)
    return model


@torch.no_grad()
def linear_only(model, n_layers):
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and name.endswith("c_proj"):
            module.weight /= math.sqrt(2 * n_layers)
    return model


def replaced(model, n_layers):
    for name, module in list(model.named_modules()):
        if name.endswith("c_proj"):
            module.weight = nn.Parameter(module.weight.detach() / math.sqrt(2 * n_layers))
    return model


def copied(model, n_layers):
    return like()(copy.deepcopy(model), n_layers)


@torch.no_grad()
def moved(model, n_layers):
    for name, weight in model.named_parameters():
        if projection(name, weight):
            weight.data = weight.data / math.sqrt(2 * n_layers)
    return model


def recorded(model, n_layers):
    for name, weight in model.named_parameters():
        if projection(name, weight):
            weight /= math.sqrt(2 * n_layers)
    return model


def frozen(model, n_layers):
    for name, weight in model.named_parameters():
        if projection(name, weight):
            weight.requires_grad_(False).div_(math.sqrt(2 * n_layers))
    return model


WRONG: dict[str, tuple[Callable[..., Any], Text]] = {
    "one_branch_per_block": (
        like(factor=lambda n: 1 / math.sqrt(n)),
        Text(
            "1 / sqrt(n_layers) counts blocks. A block writes into the stream twice, attention and MLP: N = 2 * n_layers.",
            "1 / sqrt(n_layers) 数的是 block。每个 block 往残差流写两次，注意力一次、MLP 一次：N = 2 * n_layers。",
        ),
    ),
    "root_missing": (
        like(factor=lambda n: 1 / (2 * n)),
        Text(
            "The root is missing. Variances add, so a branch's variance wants 1/N and its weights 1/sqrt(N).",
            "漏了开根号。相加的是方差，所以每个分支的方差取 1/N，权重乘 1/sqrt(N)。",
        ),
    ),
    "root_of_a_half": (
        like(factor=lambda _: math.sqrt(0.5)),
        Text(
            "sqrt(0.5) whatever the depth is ConvS2S's factor for (x + branch) in the forward pass. GPT-2's depends on the depth.",
            "不管多深都乘 sqrt(0.5)，那是 ConvS2S 在前向里给 (x + branch) 用的系数。GPT-2 的系数随深度变。",
        ),
    ),
    "enlarged": (
        like(factor=lambda n: math.sqrt(2 * n)),
        Text("The weights are multiplied by sqrt(2 * n_layers). Divide.", "权重乘了 sqrt(2 * n_layers)。应该除。"),
    ),
    "every_matrix": (
        like(lambda name, weight: name.startswith("h.") and weight.ndim == 2),
        Text(
            "Every matrix of a block is scaled. Only the last of each branch writes into the stream.",
            "block 里所有矩阵都缩放了。只有每个分支的最后一个矩阵才写入残差流。",
        ),
    ),
    "first_matrix": (
        like(lambda name, _: name.endswith(("c_attn.weight", "c_fc.weight"))),
        Text(
            "The first matrix of each branch is scaled, not the last. Smaller queries and keys change attention itself.",
            "缩放的是每个分支的第一个矩阵，不是最后一个。query 和 key 变小会改变注意力本身。",
        ),
    ),
    "attention_only": (
        like(lambda name, _: name.endswith("attn.c_proj.weight")),
        Text("The MLP's projection is left out: it writes into the stream too.", "漏了 MLP 的投影：它也写入残差流。"),
    ),
    "mlp_only": (
        like(lambda name, _: name.endswith("mlp.c_proj.weight")),
        Text("Attention's projection is left out: it writes into the stream too.", "漏了注意力的投影：它也写入残差流。"),
    ),
    "biases_too": (
        like(lambda name, _: ".c_proj." in name),
        Text("The bias of the projection is scaled too. GPT-2 scales the weight.", "投影的偏置也缩放了。GPT-2 只缩放权重。"),
    ),
    "embeddings_too": (
        like(lambda name, weight: projection(name, weight) or name.startswith(("wte", "wpe"))),
        Text("The embeddings are scaled too. They are where the stream starts.", "embedding 也缩放了。它是残差流的起点。"),
    ),
    "name_contains": (
        like(lambda name, _: "c_proj" in name and name.endswith("weight")),
        Text(
            "Every name that contains c_proj is taken, c_proj_norm and c_proj_gate with it. Compare the whole name of the module.",
            "凡是名字里含 c_proj 的都算上了，连 c_proj_norm、c_proj_gate 也在内。要比较模块的完整名字。",
        ),
    ),
    "redrawn": (
        like(put=lambda weight, factor: weight.normal_(0, 0.02 * factor)),
        Text(
            "The weights are drawn anew with std 0.02 / sqrt(2 * n_layers), which GPT-2's init does. Here whatever they were is scaled.",
            "权重按 std 0.02 / sqrt(2 * n_layers) 重新抽了一遍，GPT-2 初始化时是这么做的。这里要的是在原值上缩放。",
        ),
    ),
    "n_layers_unheard": (
        blocks_counted,
        Text("The blocks are counted in the model. Read n_layers.", "层数是从模型里数的。应使用参数 n_layers。"),
    ),
    "by_place_of_the_block": (
        by_block,
        Text(
            "Each block has a factor of its own, by its place. GPT-2's is one factor for all, of the total depth.",
            "每个 block 按位置各用各的系数。GPT-2 是同一个系数，由总深度决定。",
        ),
    ),
    "shared_twice": (
        shared_twice,
        Text(
            "A weight that several blocks share is scaled once for each of them. Walk over parameters, which come once each.",
            "多个 block 共享的权重被缩放了多次。应遍历参数，每个参数只出现一次。",
        ),
    ),
    "linear_only": (
        linear_only,
        Text(
            "Only nn.Linear is looked at. GPT-2's own layers are Conv1D; go by the name.",
            "只找了 nn.Linear。GPT-2 自己用的是 Conv1D；要按名字找。",
        ),
    ),
    "parameters_replaced": (
        replaced,
        Text(
            "The module gets a new Parameter, and an optimizer that was made before keeps the old one. Scale in place.",
            "给模块换了新的 Parameter，之前创建的优化器还握着旧的。应原地缩放。",
        ),
    ),
    "frozen": (
        frozen,
        Text("The scaled weights no longer ask for a gradient: they would never learn.", "缩放后的权重不再要梯度，永远学不动了。"),
    ),
    "graph_recorded": (
        recorded,
        Text(
            "A parameter is changed in place while autograd records, which it refuses. Use torch.no_grad().",
            "在 autograd 记录时原地改写参数，会被拒绝。要用 torch.no_grad()。",
        ),
    ),
    "nothing_returned": (
        like(returned=lambda _: None),
        Text("What is returned is not the model; asked for is the model that was given.", "返回的不是模型；应返回传入的模型。"),
    ),
    "copied": (
        copied,
        Text(
            "A copy is scaled and returned; the model that was given is as it was. Scale it in place, as the underscore in the name says.",
            "缩放并返回的是副本，传入的模型没有变。应原地缩放，函数名末尾的下划线就是这个意思。",
        ),
    ),
    "storage_replaced": (
        moved,
        Text(
            "weight.data = ... puts another storage behind the parameter: whatever shares the old one (a flat buffer, a state dict that was "
            "taken) no longer follows. Scale in place: mul_.",
            "weight.data = ... 给参数换了一块存储：和旧存储共享的东西（展平的缓冲区、先前取出的 state_dict）不再跟着变。应原地缩放：mul_。",
        ),
    ),
}
