"""A sandwich step from a blank: who is trained, on what, by whom, and with how many updates."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._bignas_mistakes import WRONG
from ._bignas_probes import Slim
from .bignas import sandwich_step


class Update(NamedTuple):
    """Some updates of a small elastic network by SGD.

    Args:
        n_random: As the step takes it.
        distill: As the step takes it.
        steps: Updates, each on another batch.
        settings: Of the optimizer.
        normed: Whether the network has a batch norm.
        stale: Whether there are gradients from before.
        batch: Images.
        training: The mode of the network.
        wanted: `weights`, `told`, `runs` (who was run how often), `modes`, `drawn`.
        plain: Whether the last arguments are left at their defaults.
    """

    n_random: int = 2
    distill: bool = True
    steps: int = 1
    settings: Mapping[str, Any] = {"lr": 0.5}
    normed: bool = False
    stale: bool = False
    batch: int = 5
    training: bool = True
    wanted: str = "weights"
    plain: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What is wanted."""
        net = Slim(seed, self.normed).train(self.training)
        optimizer = torch.optim.SGD(net.parameters(), **self.settings)
        data, draws = torch.Generator().manual_seed(seed + 1), torch.Generator().manual_seed(seed + 2)
        told = []
        if self.stale:
            net(torch.ones(2, 3, dtype=torch.float64), 6).square().sum().backward()
            net.runs.clear()
        for _ in range(self.steps):
            x = torch.randn(self.batch, 3, generator=data, dtype=torch.float64)
            y = torch.randint(4, (self.batch,), generator=data)
            if self.plain:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed)
                    told.append(candidate(net, x, y, optimizer))
            else:
                told.append(candidate(net, x, y, optimizer, n_random=self.n_random, distill=self.distill, generator=draws))
        if self.wanted == "told":
            return {"returned": [float(each) for each in told]}
        if self.wanted == "runs":
            return {"weights": net.weights(), "widths that were run": sorted(width for width, _ in net.runs), "draws": net.drawn}
        found: dict[str, Any] = {"weights": net.weights(), "mode afterwards": net.training}
        if net.norm:
            found["running mean"] = net.norm.running_mean
        return found


def summed(net, x, y, optimizer, n_random=2, distill=True, generator=None):
    """One loss of all, one backward pass."""
    optimizer.zero_grad()
    big = net(x, net.max_subnet)
    first = F.cross_entropy(big, y)
    total = first
    with torch.no_grad():
        soft = torch.softmax(big, dim=1)
    subnets = [net.min_subnet] + [net.sample(generator) for _ in range(n_random)]
    for subnet in subnets:
        small = net(x, subnet)
        total = total + (-(soft * F.log_softmax(small, dim=1)).sum(1).mean() if distill else F.cross_entropy(small, y))
    total.backward()
    optimizer.step()
    return float(first.detach())


def by_divergence(net, x, y, optimizer, n_random=2, distill=True, generator=None):
    """F.kl_div has the same gradient as the cross-entropy; the smallest comes last."""
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    teacher = net(x, net.max_subnet)
    loss = F.nll_loss(F.log_softmax(teacher, -1), y)
    loss.backward()
    for n in range(n_random + 1):
        config = net.sample(generator) if n < n_random else net.min_subnet
        student = net(x, config).log_softmax(-1)
        if distill:
            F.kl_div(student, teacher.detach().log_softmax(-1), reduction="batchmean", log_target=True).backward()
        else:
            F.nll_loss(student, y).backward()
    optimizer.step()
    return loss.item()


def by_hand(net, x, y, optimizer, n_random=2, distill=True, generator=None):
    """Gradients asked for and added up by hand."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    sums = [None] * len(params)

    def add(value):
        for n, g in enumerate(torch.autograd.grad(value, params, allow_unused=True)):
            if g is not None:
                sums[n] = g if sums[n] is None else sums[n] + g

    logits = net(x, net.max_subnet)
    top = F.cross_entropy(logits, y)
    target = F.one_hot(y, logits.shape[1]).to(logits) if not distill else logits.softmax(1).data
    add(top)
    for config in [net.min_subnet, *[net.sample(generator) for _ in range(n_random)]]:
        add(F.cross_entropy(net(x, config), target))
    for p, g in zip(params, sums, strict=True):
        p.grad = g
    optimizer.step()
    optimizer.zero_grad()
    return top.detach()


drill = Drill(
    reference=sandwich_step,
    probes=(
        Probe("two ends", Update(n_random=0), Text("n_random=0: the largest and the smallest, one update", "n_random=0：只有最大和最小，更新一次")),
        Probe("labels", Update(n_random=0, distill=False), Text("n_random=0 on the labels alone", "n_random=0，只用标签")),
        Probe("one drawn", Update(n_random=1, batch=3), Text("one random sub-network beside the two ends", "两端之外再抽一个")),
        Probe("three drawn", Update(n_random=3), Text("three random sub-networks beside the two ends", "两端之外再抽三个")),
        Probe("three on labels", Update(n_random=3, distill=False), Text("three random ones, on the labels", "再抽三个，用标签")),
        Probe("stale", Update(n_random=1, stale=True), Text("gradients from before are there", "之前留有梯度")),
        Probe("momentum", Update(steps=4, settings={"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}), Text("four updates with momentum", "带动量更新四步")),
        Probe("norm", Update(n_random=2, normed=True, steps=2), Text("a network with batch norm, two updates", "带 batch norm 的网络，更新两步")),
        Probe("frozen norm", Update(n_random=1, normed=True, training=False), Text("the same in evaluation mode", "同样的网络，处于评估模式")),
        Probe("runs", Update(n_random=2, wanted="runs"), Text("which widths were run, and how often", "跑了哪些宽度，各几次")),
        Probe(
            "defaults",
            Update(plain=True, wanted="runs"),
            Text("n_random, distill and generator left at their defaults", "n_random、distill、generator 取默认值"),
        ),
        Probe("told", Update(steps=3, wanted="told"), Text("what three updates return", "三次更新的返回值")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, (candidate, tells) in WRONG.items()),
    variants={"summed": summed, "by_divergence": by_divergence, "by_hand": by_hand},
    prompt=Text(
        "Write one update of an elastic network: net(x, config) gives logits (B, classes), net.max_subnet and net.min_subnet are configurations, "
        "net.sample(generator) draws one. The largest learns from the labels; the smallest and n_random drawn ones learn from the largest one's "
        "probabilities (temperature 1, mean over the batch), or from the labels where distill is False. Gradients are added up, those from "
        "before don't count, and there is one optimizer step. Each is run once, in the mode the network is in. Return the largest one's loss on the labels.",
        "写出弹性网络的一次更新：net(x, config) 返回 logits (B, 类别数)，net.max_subnet、net.min_subnet 是两个配置，net.sample(generator) 随机抽一个。"
        "最大的学标签；最小的和另抽的 n_random 个学最大网络给出的概率（温度为 1，对 batch 取均值），distill 为 False 时学标签。梯度相加，之前留下的"
        "梯度不算，optimizer 只更新一步。每个子网只跑一次，保持网络原来的模式。返回最大网络在标签上的损失。",
    ),
    hints=(
        Text("Backward passes add to the gradients; nothing else is needed to sum them.", "多次 backward 的梯度自动相加，不用再做什么。"),
        Text(
            "The teacher's logits come from the pass that trains it; detach them before the softmax.",
            "老师的 logits 就来自训练它的那次前向；softmax 之前先 detach。",
        ),
        Text(
            "zero_grad; cross_entropy(net(x, max), y).backward(); for the others cross_entropy(net(x, config), soft).backward(); step.",
            "zero_grad；cross_entropy(net(x, max), y).backward()；其余 cross_entropy(net(x, config), soft).backward()；step。",
        ),
    ),
)
