"""Layer-wise groups from a blank: which layer a parameter is of, what rate that layer has, and none of them lost."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from studykit.drill import Drill, Probe
from studykit.language import Text
from studykit.models import CNN, MLP, ResidualMLP, ViT

from ._layerwise_lr_mistakes import MISTAKES
from .layerwise_lr import layerwise_lr_groups

# A group that does not say its own would get these from the optimizer.
LEAK = {"lr": 7.0, "weight_decay": 0.625}


def by_name(model, lr, decay=0.75, weight_decay=0.0):
    """A list of layers, each a list of parameters; one group for each parameter, from the top down."""
    layers = []
    for child in model.children():
        elements = list(child.children()) if isinstance(child, (nn.Sequential, nn.ModuleList)) else [child]
        for element in elements:
            own = [p for p in element.parameters()]
            if own and layers and max(p.dim() for p in own) < 2:
                layers[-1].extend(own)
            elif own:
                layers.append(own)
    layers = layers or [[]]
    layers[0].extend(model.parameters(recurse=False))
    rate, where = {}, lr
    for layer in reversed(layers):
        for p in layer:
            rate[p] = where  # a lower layer has the last word on a shared weight
        where *= decay
    return [dict(params=p, lr=r, weight_decay=weight_decay * (p.dim() > 1)) for p, r in rate.items() if p.requires_grad]


def by_prefix(model, lr, decay=0.75, weight_decay=0.0):
    """The layer from the name of each parameter, as in timm; names along with the parameters."""
    prefixes = []
    for name, child in model.named_children():
        if type(child) in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
            prefixes += [(f"{name}.{inner}.", part) for inner, part in child.named_children()]
        else:
            prefixes.append((f"{name}.", child))
    layer, start = -1, {}
    for prefix, part in prefixes:
        shapes = [p.shape for p in part.parameters()]
        if not shapes:
            continue
        if layer == -1 or any(len(shape) > 1 for shape in shapes):
            layer += 1
        start[prefix] = layer
    top, table = max(layer, 0), {}
    for name, p in model.named_parameters():
        if p.requires_grad:
            number = next((n for prefix, n in start.items() if name.startswith(prefix)), 0)
            table.setdefault((number, p.ndim > 1), []).append((name, p))
    return [
        {"params": pairs, "lr": lr * decay**top / decay**number, "weight_decay": weight_decay if matrix else 0}
        for (number, matrix), pairs in table.items()
    ]


def in_two_passes(model, lr, decay=0.75, weight_decay=0.0):
    """First the modules of each layer, then the groups, as a generator; empty ones are there too."""
    stack = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    flat = [part for child in model.children() for part in (child.children() if isinstance(child, stack) else [child])]
    layers = []
    for part in flat:
        params = list(part.parameters())
        if params and (not layers or any(p.ndim >= 2 for p in params)):
            layers.append([])
        if params:
            layers[-1].append(part)
    taken = set()
    for depth, parts in enumerate(layers or [[]]):
        params = [p for part in parts for p in part.parameters()]
        if depth == 0:
            params = list(model.parameters(recurse=False)) + params
        fresh = []
        for p in params:
            if id(p) not in taken:
                taken.add(id(p))
                fresh.append(p)
        rate = torch.tensor(lr, dtype=torch.float64) * decay ** max(len(layers) - 1 - depth, 0)
        for matrix in (True, False):
            chosen = filter(lambda p, matrix=matrix: p.requires_grad and (p.ndim > 1) == matrix, fresh)
            yield {"params": chosen, "lr": rate.item(), "weight_decay": weight_decay if matrix else 0.0}


def settled(candidate: Any, model: nn.Module, arguments: dict[str, Any]) -> dict[str, Any]:
    """What an optimizer with these groups would do to each parameter: its learning rate and its decay, by name."""
    groups = []
    for group in list(candidate(model, **arguments)):
        params = group["params"]
        listed = [params] if isinstance(params, Tensor) else params if isinstance(params, set) else list(params)
        groups.append({**group, "params": listed})
    every = [each[1] if isinstance(each, tuple) else each for group in groups for each in group["params"]]
    given: dict[int, tuple[float, float]] = {}
    if every and len({id(param) for param in every}) == len(every):  # else torch would stop at one that comes twice
        for group in torch.optim.AdamW(groups, **LEAK).param_groups:
            given |= {id(param): (float(group["lr"]), float(group["weight_decay"])) for param in group["params"]}
    rates: dict[str, Any] = {}
    decays: dict[str, Any] = {}
    for name, param in model.named_parameters():
        times = sum(each is param for each in every)
        known = given.get(id(param), ("in a group",) * 2) if times == 1 else (f"in {times} groups" if times else "in no group",) * 2
        rates[f"lr of {name} {tuple(param.shape)}"], decays[f"weight_decay of {name} {tuple(param.shape)}"] = known
    return rates | decays


def probe(name: str, make: Callable[[torch.Generator], nn.Module], tells: Text, **fixed: float) -> Probe:
    """A model with arguments drawn anew, and what each of its parameters gets."""

    def run(candidate: Any, seed: int) -> dict[str, Any]:
        rng = torch.Generator().manual_seed(seed)
        lr, decay, weight_decay = torch.rand(3, generator=rng).tolist()
        arguments = {"lr": round(0.1 + lr, 3), "decay": round(0.35 + 0.3 * decay, 3), "weight_decay": round(0.1 + weight_decay, 3)}
        arguments = {**arguments, **fixed} if fixed else arguments
        arguments = {name: value for name, value in arguments.items() if value is not None}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = make(rng)
            given = {f"given {name}": value for name, value in arguments.items()}
            return {**given, **settled(candidate, model, arguments)}

    return Probe(name, run, tells)


class Bare(nn.Module):
    """Two layers, in no container."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.act, self.head = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)


class Tied(nn.Module):
    """The last layer's weight is the first one's."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.middle, self.head = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)
        self.head.weight = self.encoder.weight


def frozen(rng: torch.Generator) -> nn.Module:
    model = ViT(1, 4, 2, width=4, depth=3, heads=1)
    for param in model.blocks[1].parameters():
        param.requires_grad_(False)
    for param in list(model.blocks[2].parameters())[:: int(torch.randint(2, 4, (), generator=rng))]:
        param.requires_grad_(False)
    return model


def norms(_rng: torch.Generator) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3)
    )


def _left(candidate: Any, seed: int) -> dict[str, Any]:
    """The model afterwards."""
    model = frozen(torch.Generator().manual_seed(seed))
    before, learns = [p.detach().clone() for p in model.parameters()], [p.requires_grad for p in model.parameters()]
    for group in candidate(model, 0.1, 0.5, 0.3):
        dict(group)
    return {
        "requires_grad of some parameter was changed": learns != [p.requires_grad for p in model.parameters()],
        "values of some parameter were changed": not all(map(torch.equal, before, model.parameters())),
    }


drill = Drill(
    reference=layerwise_lr_groups,
    probes=(
        probe("two", lambda _: Bare(), Text("two linear layers with a ReLU between", "两个线性层，中间一个 ReLU")),
        probe("mlp", lambda _: MLP(4, 2, width=3), Text("an MLP: three linear layers in one Sequential", "MLP：一个 Sequential 里的三个线性层")),
        probe("norms", norms, Text("convolutions with BatchNorm", "卷积加 BatchNorm")),
        probe("cnn", lambda _: CNN(1, 8, 3, width=2), Text("a CNN of two Sequentials", "由两个 Sequential 组成的 CNN")),
        probe(
            "vit",
            lambda _: ViT(1, 4, 2, width=4, depth=2, heads=1),
            Text("a ViT, with class token and position table", "一个 ViT，有 class token 和位置编码"),
        ),
        probe(
            "residual",
            lambda _: ResidualMLP(4, 2, width=3, depth=3),
            Text("a residual MLP: blocks in a ModuleList, norm in the head", "残差 MLP：block 在 ModuleList 里，head 里有归一化"),
        ),
        probe("defaults", lambda _: ViT(1, 4, 2, width=4, depth=5, heads=1), Text("only lr is given", "只给 lr"), decay=None, weight_decay=None),
        probe("frozen", frozen, Text("one block is frozen, another in part", "一个 block 全部冻结，另一个部分冻结")),
        probe("tied", lambda _: Tied(), Text("the head's weight is the first layer's", "head 与第一层共享权重")),
        probe("single", lambda _: nn.Linear(3, 2), Text("a model without children", "没有子模块的模型")),
        probe("one", lambda _: ViT(1, 4, 2, width=4, depth=1, heads=1), Text("decay = 1", "decay = 1"), decay=1.0),
        Probe("left", _left, Text("the model after the call", "调用之后的模型")),
    ),
    mistakes=MISTAKES,
    variants={"by_name": by_name, "by_prefix": by_prefix, "in_two_passes": in_two_passes},
    forbidden=("timm",),
    prompt=Text(
        "Part a model's parameters into groups with `params`, `lr` and `weight_decay`. Layers, from the input up: each child of the model "
        "is one; of a Sequential, ModuleList or ModuleDict each element. A norm (nothing of two dimensions in it) belongs to the layer before it, "
        "the model's own parameters (class token) to the first layer; modules without parameters don't count, frozen layers do. "
        "The last layer has `lr`, each one below `decay` times that of the one above. What has more than one dimension gets "
        "`weight_decay`, all else 0. Each parameter that learns comes exactly once; a shared one belongs to its first layer.",
        "把模型参数分成若干组，每组有 `params`、`lr`、`weight_decay`。从输入往上数层：模型的每个子模块是一层；Sequential、ModuleList、ModuleDict "
        "里每个元素是一层。归一化（没有二维以上参数的模块）归入前一层，模型自己的参数（class token）归入第一层；没有参数的模块不算层，冻结的层照样算。"
        "最后一层用 `lr`，往下每层是上面一层的 `decay` 倍。维数大于 1 的参数用 `weight_decay`，其余为 0。每个要训练的参数恰好出现一次；"
        "共享的参数归入先出现的那一层。",
    ),
    hints=(
        Text("What is the exponent of decay for the head, and for the first layer?", "head 的指数是几？第一层呢？"),
        Text(
            "model.children() gives no parameters of the model's own: where do the class token and the position table come from?",
            "model.children() 给不出模型自己的参数：class token 和位置编码从哪里拿？",
        ),
        Text(
            "First a number for each parameter, counted over all layers; then groups by (number, ndim > 1) with lr * decay ** (last - number).",
            "先给每个参数编上层号（所有层都数）；再按（层号，ndim > 1）分组，学习率是 lr * decay ** (last - 层号)。",
        ),
    ),
)
