"""Parameter groups from a blank: which parameters decay, in one group each, and none of them lost."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text
from studykit.models import CNN, CharTransformer, ViT

from ._weight_decay_mistakes import MISTAKES
from .weight_decay import weight_decay_groups

# A group that does not say its decay would get this one from the optimizer.
LEAK = 0.625


def one_pass(model, weight_decay):
    """One loop, and the decayed group first, as in nanoGPT."""
    decay, rest = [], []
    for _, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if p.dim() >= 2:
            decay.append(p)
        else:
            rest.append(p)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0}]


def alone(model, weight_decay):
    """A group for each parameter."""
    return [{"params": p, "weight_decay": weight_decay * (len(p.shape) > 1)} for p in model.parameters() if p.requires_grad]


def named(model, weight_decay):
    """Names along with the parameters, sorted by name, and only the groups that are needed."""
    found = {0.0: [], weight_decay: []}
    for name, p in sorted(model.named_parameters()):
        if p.requires_grad:
            found[weight_decay if p.ndim > 1 else 0.0].append((name, p))
    return tuple({"weight_decay": decay, "params": params} for decay, params in found.items() if params)


def by_module(model, weight_decay):
    """Module by module, tied weights kept out by identity; generators as groups."""
    seen, found = set(), []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if id(p) not in seen and p.requires_grad:
                seen.add(id(p))
                found.append(p)
    matrices = dict(params=(p for p in found if p.ndim > 1), weight_decay=weight_decay)
    yield matrices
    yield dict(params=filter(lambda p: p.ndim < 2, found), weight_decay=0.0)


def dealt(candidate: Any, model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The groups, with lists of parameters; a set stays one, which torch refuses. Bare parameters are a group, as in torch."""
    groups = list(candidate(model, weight_decay))
    groups = [dict(group) for group in groups] if all(isinstance(group, dict) for group in groups) else [{"params": groups}]
    for group in groups:
        if isinstance(group["params"], Tensor):
            group["params"] = [group["params"]]
        elif not isinstance(group["params"], set):
            group["params"] = list(group["params"])
    return groups


def bare(groups: list[dict[str, Any]]) -> list[list[Any]]:
    """The parameters of each group, without the names that may come along."""
    return [[each[1] if isinstance(each, tuple) else each for each in group["params"]] for group in groups]


def decays(candidate: Any, model: nn.Module, weight_decay: float) -> dict[str, Any]:
    """What an optimizer with these groups would do to each parameter, by name."""
    groups = dealt(candidate, model, weight_decay)
    every = [param for params in bare(groups) for param in params]
    given: dict[int, float] = {}
    if len({id(p) for p in every}) == len(every):  # else torch would stop at the first one that comes twice
        optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=LEAK) if every else None
        given = {id(p): float(each["weight_decay"]) for each in (optimizer.param_groups if optimizer else []) for p in each["params"]}
    found: dict[str, Any] = {}
    for name, param in model.named_parameters():
        times = sum(each is param for each in every)
        known = given.get(id(param), "in a group") if times == 1 else f"in {times} groups" if times else "in no group"
        found[f"weight decay of {name} {tuple(param.shape)}"] = known
    return found


def probe(name: str, make: Callable[[torch.Generator], nn.Module], tells: Text, weight_decay: float | None = None) -> Probe:
    """A model, and what each of its parameters gets."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        decay = round(0.05 + torch.rand((), generator=rng).item(), 3) if weight_decay is None else weight_decay
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return {"given weight_decay": decay, **decays(candidate, make(rng), decay)}

    return Probe(name, run, tells)


class Pieces(nn.Module):
    """A scalar, a one by one matrix, a parameter of three dimensions, a layer of no common type."""

    def __init__(self) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(2.0))
        self.single = nn.Linear(1, 1)
        self.layer_scale = nn.Parameter(torch.ones(4))
        self.register_tokens = nn.Parameter(torch.ones(1, 2, 4))
        self.bilinear = nn.Bilinear(2, 2, 2)
        self.recurrent = nn.GRU(2, 2)


def norms(_rng: torch.Generator) -> nn.Module:
    layers = (nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 3), nn.LayerNorm(3))
    return nn.Sequential(*layers)


def frozen(rng: torch.Generator) -> nn.Module:
    model = CNN(1, 8, 3, width=2)
    params = list(model.parameters())
    for place in torch.randperm(len(params), generator=rng)[: len(params) // 2].tolist():
        params[place].requires_grad_(False)
    for place, learns in ((0, False), (2, True), (3, True), (-1, False)):  # a matrix and a vector of each kind
        params[place].requires_grad_(learns)
    return model


def tied(_rng: torch.Generator) -> nn.Module:
    model = CharTransformer(5, 4, width=4, depth=1, heads=1)
    model.head.weight = model.token.weight
    return model


def _left(candidate: Any, seed: int) -> dict[str, Any]:
    """The model afterwards."""
    model = frozen(torch.Generator().manual_seed(seed))
    before = [param.detach().clone() for param in model.parameters()]
    learned = [param.requires_grad for param in model.parameters()]
    dealt(candidate, model, 0.3)
    after = list(model.parameters())
    return {
        "requires_grad of some parameter was changed": learned != [param.requires_grad for param in after],
        "values of some parameter were changed": not all(map(torch.equal, before, after)),
    }


def _order(candidate: Any, seed: int) -> dict[str, Any]:
    """The names in their groups, in eight copies of one model that lie elsewhere in memory."""
    first = ViT(1, 4, 2, width=4, depth=3, heads=1)
    copies = [deepcopy(first) for _ in range(8)]
    orders = set()
    for model in copies:
        names = {id(param): name for name, param in model.named_parameters()}
        orders.add(tuple(tuple(names[id(param)] for param in params) for params in bare(dealt(candidate, model, 0.3))))
    return {"copies of one model give the same order": len(orders) == 1}


drill = Drill(
    reference=weight_decay_groups,
    probes=(
        probe("linear", lambda _: nn.Linear(3, 2), Text("one linear layer", "一个线性层")),
        probe(
            "norms",
            norms,
            Text("convolution, BatchNorm, linear, LayerNorm in an nn.Sequential", "nn.Sequential 里的卷积、BatchNorm、线性层、LayerNorm"),
        ),
        probe("cnn", lambda _: CNN(1, 8, 3, width=2), Text("a CNN", "一个 CNN")),
        probe(
            "vit",
            lambda _: ViT(1, 4, 2, width=4, depth=1, heads=1),
            Text("a ViT, with class token and position table", "一个 ViT，有 class token 和位置编码"),
        ),
        probe("tokens", lambda _: CharTransformer(5, 4, width=4, depth=1, heads=1), Text("a transformer over characters", "字符级 Transformer")),
        probe("pieces", lambda _: Pieces(), Text("a scalar, a 1 × 1 matrix, 3-D parameters, a GRU", "标量、1 × 1 矩阵、三维参数、GRU")),
        probe("frozen", frozen, Text("some parameters are frozen", "部分参数被冻结")),
        probe("tied", tied, Text("the head's weight is the embedding's", "输出层与词嵌入共享权重")),
        probe("zero", norms, Text("weight_decay = 0", "weight_decay = 0"), weight_decay=0.0),
        probe("large", norms, Text("weight_decay = 3", "weight_decay = 3"), weight_decay=3.0),
        Probe("left", _left, Text("the model after the call", "调用之后的模型")),
        Probe("order", _order, Text("the order inside the groups", "组内的顺序")),
    ),
    mistakes=MISTAKES,
    variants={"one_pass": one_pass, "alone": alone, "named": named, "by_module": by_module},
    forbidden=("timm",),
    prompt=Text(
        "Part the parameters of a model into groups for an optimizer: what has more than one dimension gets `weight_decay`, all else 0. "
        "Each parameter that learns is in exactly one group. Which group comes first is up to you.",
        "把模型参数分组交给优化器：维数大于 1 的用 `weight_decay`，其余为 0。每个要训练的参数恰好在一个组里。哪一组在前不限。",
    ),
    hints=(
        Text("How do you tell the gain of a norm from the weight of a linear layer without its name?", "不看名字，怎样区分归一化的增益和线性层的权重？"),
        Text(
            "What gets a parameter whose group does not name a weight_decay? And one with requires_grad=False?",
            "如果某个组没写 weight_decay，里面的参数会用什么值？requires_grad=False 的参数呢？",
        ),
        Text(
            'Two lists over model.parameters(), by p.ndim > 1, in two dicts with "params" and "weight_decay".',
            '遍历 model.parameters()，按 p.ndim > 1 分成两个列表，放进两个带 "params" 和 "weight_decay" 的字典。',
        ),
    ),
)
