"""Residual scaling from a blank: which matrices, by how much, and in place."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._gpt_probes import factors, gpt
from ._residual_scaling_mistakes import WRONG
from .residual_scaling import scale_residual_init_


def scaled(n_layers: int, **model: Any) -> Callable[[Any, int], dict[str, Any]]:
    """What every parameter was multiplied by."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        network = gpt(seed, **model)
        before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
        candidate(network, n_layers)
        return factors(before, network)

    return run


def in_place(candidate: Any, seed: int) -> dict[str, Any]:
    network = gpt(seed)
    before = dict(network.named_parameters())
    addresses = {name: parameter.data_ptr() for name, parameter in before.items()}
    given, after = candidate(network, 3), dict(network.named_parameters())
    return {
        "the parameters are the same objects": all(after.get(name) is each for name, each in before.items()),
        "their storage is the same": all(each.data_ptr() == addresses[name] for name, each in after.items()),
        "all of them learn": all(each.requires_grad and each.is_leaf for each in after.values()),
        "no gradient has come": all(each.grad is None for each in after.values()),
        "the head is still the embedding": network.lm_head.weight is network.wte.weight,
        "the mode is as it was": network.training,
        "the model is returned": given is network,
    }


def twice(candidate: Any, seed: int) -> dict[str, Any]:
    """Two models in turn: nothing is remembered; and no number is drawn."""
    state = torch.get_rng_state()
    found = {}
    for number, n_layers in enumerate((48, 5), 1):
        found |= {f"model {number}, {key}": value for key, value in scaled(n_layers, depth=1)(candidate, seed).items()}
    drew = not torch.equal(state, torch.get_rng_state())
    torch.set_rng_state(state)
    return found | {"random numbers were drawn": drew}


def in_evaluation(candidate: Any, seed: int) -> dict[str, Any]:
    network = gpt(seed).double().eval()
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    candidate(network, 7)
    return {"it is still in evaluation": not network.training, "dtype": str(next(network.parameters()).dtype), **factors(before, network)}


def by_modules(model, n_layers):
    """Modules by the last part of their name, .data in place."""
    for path, module in model.named_modules():
        if path.rpartition(".")[2] == "c_proj":
            module.weight.data.div_((2 * n_layers) ** 0.5)
    return model


def by_apply(model: nn.Module, n_layers: int) -> nn.Module:
    """Through model.apply, by attribute; shared weights are remembered."""
    seen: set[int] = set()

    def visit(module: nn.Module) -> None:
        last = getattr(module, "c_proj", None)
        if last is not None and id(last.weight) not in seen:
            seen.add(id(last.weight))
            with torch.no_grad():
                last.weight.copy_(last.weight / torch.tensor(2.0 * n_layers).sqrt())

    return model.apply(visit)


def by_state(model, n_layers):
    """Over the state, whose tensors share storage with the parameters; all at once."""
    wanted = {tensor.data_ptr(): tensor for key, tensor in model.state_dict().items() if key.split(".")[-2:] == ["c_proj", "weight"]}
    torch._foreach_mul_(list(wanted.values()), pow(n_layers + n_layers, -0.5))
    return model


drill = Drill(
    reference=scale_residual_init_,
    probes=(
        Probe("two blocks", scaled(6), Text("two blocks, n_layers=6", "两个 block，n_layers=6")),
        Probe("depth", scaled(4, depth=4), Text("four blocks, n_layers=4", "四个 block，n_layers=4")),
        Probe("deep", scaled(48, depth=1), Text("n_layers=48", "n_layers=48，单个 block")),
        Probe("decoys", scaled(6, decoys=True), Text("with c_proj_norm and c_proj_gate", "另有 c_proj_norm 和 c_proj_gate")),
        Probe("Conv1D", scaled(6, kind="conv1d"), Text("GPT-2's own Conv1D layers", "GPT-2 自己的 Conv1D 层")),
        Probe("shared", scaled(3, depth=3, shared=True), Text("three blocks that share weights", "三个共享权重的 block")),
        Probe("in place", in_place, Text("the parameters afterwards", "调用之后的参数")),
        Probe("two models", twice, Text("two models one after the other", "先后两个模型")),
        Probe("evaluation", in_evaluation, Text("a model in float64 and in evaluation", "float64、处于 eval 的模型")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"by_modules": by_modules, "by_apply": by_apply, "by_state": by_state},
    prompt=Text(
        "Write GPT-2's residual scaling for a model whose branches end in modules called c_proj: scale their weights, as they are, in "
        "place, by the factor that keeps the stream's variance, and return the model. n_layers is the number of blocks.",
        "写出 GPT-2 的残差缩放。模型里每个分支的最后一层都叫 c_proj：把它们的权重在原值上原地缩放，系数要让残差流的方差不随深度增长，"
        "并返回模型。n_layers 是 block 的个数。",
    ),
    hints=(
        Text(
            "How often does one block add something to the stream, and how many additions are there in all?",
            "一个 block 往残差流里加几次？总共加多少次？",
        ),
        Text(
            "Independent summands: variances add. N of them, each with 1/N of the variance, make one.",
            "相互独立的项，方差相加。N 项，每项方差是原来的 1/N，加起来还是一份。",
        ),
        Text(
            "Over named_parameters(): a name that ends in .c_proj.weight is multiplied by 1 / sqrt(2 * n_layers), under no_grad.",
            "遍历 named_parameters()：名字以 .c_proj.weight 结尾的，在 no_grad 下乘 1 / sqrt(2 * n_layers)。",
        ),
    ),
)
