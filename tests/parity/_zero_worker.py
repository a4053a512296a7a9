"""What ranks do in test_zero.py: the same training with ZeRO and written out by hand over plain collectives."""

import copy
import os
import signal
import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

from studykit.optim import Lion
from studykit.scale.zero import ZeroOptimizer, zero3

STEPS = 50


class Odd(nn.Module):
    """Sizes that no number of ranks divides, a scalar, a frozen weight, one that is never used, and dict output."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(5, 7), nn.LayerNorm(7), nn.Linear(7, 3)
        self.scale = nn.Parameter(torch.tensor(1.3))
        self.frozen = nn.Parameter(torch.full((5,), 0.9), requires_grad=False)
        self.unused = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return {"out": self.last(self.norm(self.first(x * self.frozen).tanh())) * self.scale}


class Tied(nn.Module):
    """One weight in two modules, and a column-major one."""

    def __init__(self):
        super().__init__()
        self.token, self.between, self.head = nn.Embedding(11, 6), nn.Linear(6, 6), nn.Linear(6, 11, bias=False)
        self.head.weight = self.token.weight
        self.between.weight = nn.Parameter(torch.randn(6, 6).t())

    def forward(self, x):
        ids = (x.abs() * 7).long() % 11
        return {"out": self.head(self.between(self.token(ids)).relu())}


class Attends(nn.Module):
    """Modules that read the weights of others or return tuples, and a recomputed forward."""

    def __init__(self):
        super().__init__()
        self.attention, self.recurrent = nn.MultiheadAttention(5, 1, batch_first=True), nn.LSTM(5, 4, batch_first=True)
        self.head = nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))

    def forward(self, x):
        x = x[:, None].repeat(1, 3, 1) * torch.arange(1.0, 4.0, dtype=x.dtype)[:, None]  # (B, 3, 5)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = self.recurrent(x)[0]
        return {"out": checkpoint(self.head, x, use_reentrant=False)}


MODELS = {"odd": Odd, "tied": Tied, "attends": Attends}
CASES = {
    "adamw": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "betas": (0.8, 0.95), "weight_decay": 0.1, "steps": 20},
    "accumulated": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "parts": 2, "clip": 0.5, "weight_decay": 0.1},
    "sgd": {"model": "odd", "optimizer": torch.optim.SGD, "lr": 0.1, "momentum": 0.9, "schedule": True, "steps": 6},
    "lion": {"model": "odd", "optimizer": Lion, "lr": 1e-3, "weight_decay": 0.1, "steps": 6},
    "groups": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "grouped": True, "clip": 1.0, "steps": 6},
    "tied": {"model": "tied", "optimizer": torch.optim.Adam, "lr": 1e-2, "amsgrad": True, "steps": 6},
    # Without Adam: the gradient of a key's bias is nothing but rounding, and Adam makes a whole step of it.
    "attends": {"model": "attends", "optimizer": torch.optim.SGD, "lr": 0.1, "clip": 0.3, "parts": 2, "steps": 4},
    "float64": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "dtype": torch.float64, "clip": 0.2, "steps": 6},
    "bfloat16": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "dtype": torch.bfloat16, "steps": 12},
    "largest": {"model": "odd", "optimizer": torch.optim.AdamW, "lr": 1e-2, "clip": 0.05, "norm": float("inf"), "steps": 6},
}
OWN = ("model", "optimizer", "parts", "clip", "schedule", "grouped", "dtype", "norm", "steps")


def made(case, seed=0):
    torch.manual_seed(seed)
    return MODELS[case["model"]]().to(case.get("dtype", torch.float32))


def data(case, rank, step):
    """A rank's samples of one step."""
    generator = torch.Generator().manual_seed(1000 * step + rank)
    return torch.randn(6, 5, generator=generator).to(case.get("dtype", torch.float32))


def loss_of(model, x, parts):
    """The loss of a micro-batch, divided so that the parts of a step add up to its mean."""
    return model(x)["out"].float().square().sum(-1).mean() / parts


def grouped(case, params):
    params = list(params)
    if not case.get("grouped"):
        return params
    return [{"params": params[::2], "lr": 3e-2, "weight_decay": 0.3}, {"params": params[1::2]}]


def trained(case, stage, *, group=None, begin=0, steps=None):
    """Weights, norms and optimizer after training with ZeRO."""
    rank, model = (dist.get_rank() if dist.is_initialized() else 0), made(case)
    settings = {name: value for name, value in case.items() if name not in OWN}
    if stage == 3:
        _, optimizer = zero3(model, case["optimizer"], grouped(case, model.parameters()), group, **settings)
    else:
        optimizer = ZeroOptimizer(grouped(case, model.parameters()), case["optimizer"], stage, group, **settings)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.95) if case.get("schedule") else None
    norms, parts = [], case.get("parts", 1)
    for step in range(begin, steps or case.get("steps", STEPS)):
        for part in data(case, rank, step).chunk(parts):
            loss_of(model, part, parts).backward()
        if "clip" in case:
            norms.append(optimizer.clip_grad_norm_(case["clip"], case.get("norm", 2.0)).item())
        optimizer.step()
        optimizer.zero_grad()
        if schedule:
            schedule.step()
    return model, optimizer, norms


def by_hand(case, ranks=None, begin=0, steps=None):
    """The same by torch alone: plain data parallelism; with `ranks` all of them on this process, one after the other."""
    model = made(case)
    low = case.get("dtype", torch.float32) == torch.bfloat16
    params = list(model.parameters())
    masters = [nn.Parameter(each.detach().float()) for each in params] if low else params
    settings = {name: value for name, value in case.items() if name not in OWN}
    optimizer = case["optimizer"](grouped(case, masters), **settings)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.95) if case.get("schedule") else None
    norms, parts = [], case.get("parts", 1)
    for step in range(begin, steps or case.get("steps", STEPS)):
        model.zero_grad()
        for rank in range(ranks) if ranks else [dist.get_rank()]:
            for part in data(case, rank, step).chunk(parts):
                (loss_of(model, part, parts) / (ranks or 1)).backward()
        for param in params:
            if param.grad is not None and not ranks:
                param.grad /= dist.get_world_size()
                dist.all_reduce(param.grad)
        if "clip" in case:
            norms.append(nn.utils.clip_grad_norm_(params, case["clip"], case.get("norm", 2.0)).item())
        for param, master in zip(params, masters, strict=True):
            if low and param.grad is not None:
                master.grad = param.grad.float()
        optimizer.step()
        for param, master in zip(params, masters, strict=True):
            param.data.copy_(master.data)
        if schedule:
            schedule.step()
    return model, optimizer, norms


def weights(model, optimizer=None):
    if optimizer is not None:
        with optimizer.gathered():
            return weights(model)
    return [each.detach().double().clone() for each in model.parameters()]


def apart(ours, theirs):
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


def every_case(names, steps=None):
    """By case and stage: how far from the weights by hand, and the norms of both."""
    found = {}
    for name in names:
        model, _, expected = by_hand(CASES[name], steps=steps)
        for stage in (1, 2, 3):
            ours, optimizer, norms = trained(CASES[name], stage, steps=steps)
            found[name, stage] = (apart(weights(ours, optimizer), weights(model)), norms, expected, weights(ours, optimizer))
    return found


def with_ddp():
    """The weights after the case `adamw` by DDP, without the one that is never used: DDP gives it a gradient of zeros."""
    case = CASES["adamw"]
    model = made(case)
    wrapped = DistributedDataParallel(model, find_unused_parameters=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.8, 0.95), weight_decay=0.1)
    for step in range(case["steps"]):
        optimizer.zero_grad()
        loss_of(wrapped, data(case, dist.get_rank(), step), 1).backward()
        optimizer.step()
    return used(weights(model))


def used(all_of_them):
    return [each for each in all_of_them if each.shape != (4,)]


def against_fsdp2():
    """Losses and norms of torch's fully_shard and of zero3, and how far the weights are apart."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 9), nn.Tanh(), nn.Linear(9, 9), nn.Tanh(), nn.Linear(9, 3))
    peer, mesh, found = copy.deepcopy(ours), init_device_mesh("cpu", (dist.get_world_size(),)), [[], []]
    for layer in (*(peer[n] for n in (0, 2, 4)), peer):
        fully_shard(layer, mesh=mesh)
    pairs = [zero3(ours, torch.optim.AdamW, lr=1e-2), (peer, torch.optim.AdamW(peer.parameters(), lr=1e-2))]
    for step in range(12):
        x = data({}, dist.get_rank(), step)
        for (model, optimizer), seen in zip(pairs, found, strict=True):
            loss = model(x).square().mean()
            loss.backward()
            if model is ours:
                seen.append((loss.item(), optimizer.clip_grad_norm_(0.1).item()))
            else:
                seen.append((loss.item(), nn.utils.clip_grad_norm_(peer.parameters(), 0.1).full_tensor().item()))
            optimizer.step()
            optimizer.zero_grad()
    return found, apart(weights(*pairs[0]), [each.full_tensor().double() for each in peer.parameters()])


def counted(dtype):
    """By stage: bytes after the second backward, and traffic of that step, of 13 * 12 + 12 parameters in one layer."""
    found = {}
    for stage in (1, 2, 3):
        torch.manual_seed(0)
        model = nn.Linear(13, 12).to(dtype)
        if stage == 3:
            _, optimizer = zero3(model, torch.optim.AdamW)
        else:
            optimizer = ZeroOptimizer(model.parameters(), torch.optim.AdamW, stage)
        for _ in range(2):
            optimizer.zero_grad()
            before = optimizer.traffic
            model(torch.ones(2, 13, dtype=dtype)).square().sum().backward()
            memory = optimizer.memory()
            optimizer.step()
        found[stage] = (tuple(memory), optimizer.traffic - before, tuple(optimizer.memory())[:2])
    return found


def shared_out(name, stage, begin, end, state=None):
    """Steps `begin` to `end`, the same six lots of samples in each, whoever takes them; from a state where there is one."""
    case = CASES[name]
    settings = {key: value for key, value in case.items() if key not in OWN}
    model = made(case)
    if state is not None:
        for param, value in zip(model.parameters(), state["weights"], strict=True):
            param.data.copy_(value)
    if stage == 3:
        _, optimizer = zero3(model, case["optimizer"], **settings)
    else:
        optimizer = ZeroOptimizer(model.parameters(), case["optimizer"], stage, **settings)
    if state is not None:
        optimizer.load_state_dict(state["optimizer"])
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    for step in range(begin, end):
        for part in range(6)[rank::world]:
            loss_of(model, data(case, part, step), 6 // world).backward()
        optimizer.step()
        optimizer.zero_grad()
    return {"optimizer": optimizer.state_dict(), "weights": weights(model, optimizer)}


def two(job):
    """Everything that two ranks are asked for, in one start."""
    half = {key: shared_out(*key, 4, 12, state) for key, state in job.items()}
    return {
        "cases": every_case(list(CASES)), "ddp": with_ddp(), "fsdp2": against_fsdp2(), "resumed": half,
        "counted": {dtype: counted(dtype) for dtype in (torch.float32, torch.bfloat16)}, "start": different_starts(),
        "evaluated": evaluated(), "inner": subgroup(),
    }  # fmt: skip


def three(keys):
    return {
        "cases": every_case(["adamw", "accumulated", "tied", "bfloat16"], steps=6),
        "saved": {key: shared_out(*key, 0, 4) for key in keys},
        "counted": {dtype: counted(dtype) for dtype in (torch.float32, torch.bfloat16)},
    }


def different_starts():
    """Weights drawn differently on each rank are those of the first afterwards."""
    torch.manual_seed(dist.get_rank())
    model = nn.Linear(3, 2)
    ZeroOptimizer(model.parameters(), torch.optim.SGD, lr=0.1)
    return [each.detach().clone() for each in model.parameters()]


def evaluated():
    """A cut model without gradients, twice; what is left of its parameters; bytes of them before, in and after a layer."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.ones(2, 3)
    expected = model(x).detach()
    cut, optimizer = zero3(model, torch.optim.SGD, lr=0.1)
    with torch.no_grad():
        same = all(torch.equal(cut(x), expected) for _ in range(2))
    seen = []
    for module in model:  # after the hooks of zero3
        module.register_forward_pre_hook(lambda *_: seen.append(optimizer.memory().parameters))
    cut(x).sum().backward()
    return same, [tuple(each.shape) for each in cut.parameters()], optimizer.memory().parameters, seen


def subgroup():
    """A group of one rank is the plain optimizer."""
    alone = [dist.new_group([rank]) for rank in range(dist.get_world_size())][dist.get_rank()]
    model = nn.Linear(3, 2)
    optimizer = ZeroOptimizer(model.parameters(), torch.optim.SGD, 1, alone, lr=0.1)
    model(torch.full((1, 3), 1.0 + dist.get_rank())).sum().backward()
    before = model.weight.detach().clone()
    optimizer.step()
    return (before - model.weight.detach()).flatten().tolist(), optimizer.traffic


def killed():
    if dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    for _ in range(100):
        dist.all_reduce(torch.ones(3))
        time.sleep(0.05)


def raises():
    if dist.get_rank() == 1:
        raise ValueError("lr must be > 0, got 0\nand more")
    dist.barrier()


def hangs():
    if dist.get_rank() == 0:
        time.sleep(60)


def exits():
    if dist.get_rank() == 0:
        os._exit(3)
    dist.barrier()
