"""Once for all: one network whose slices are networks too, trained so that each of them works; a device takes the slice that fits it.

Cai, Gan, Wang, Zhang & Han, "Once-for-All: Train One Network and Specialize it for Efficient Deployment", ICLR 2020,
arXiv:1908.09791, section 3.3.

    width    the first w hidden channels of a block, sorted so that the first are the important ones
    depth    the first d blocks of a stage
    kernel   the centre of the largest kernel, times a learned matrix
    loss     sum over sampled sub-networks of CE(logits, y) + CE(logits, softmax(teacher))        the teacher is the trained largest one

Progressive shrinking trains the largest network first, then lets the kernel, the depth and at last the width vary too.
"""

import copy
import math
from collections.abc import Callable, Collection, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ._elastic import ASPECTS, Config, ElasticBlock, MakeOptimizer, Space, Trained, entry

# What may vary in each phase, and how many sub-networks are sampled for one update.
PHASES = ((ASPECTS[:0], 1), (ASPECTS[:1], 1), (ASPECTS[:2], 2), (ASPECTS, 4))


def elastic_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, out_channels: int, kernel_size: int) -> Tensor:
    """A convolution with part of a larger one's weight: first channels, centre of the kernel; the size of the image stays.

    Args:
        x: (B, C', H, W): it has as many channels as the layer before was given.
        weight: (O, C, K, K) of the largest layer, C' <= C, K odd. Gradients reach the part that was used.
        bias: (O,) or None.
        out_channels: How many outputs are active, from 1 to O.
        kernel_size: Side of the active kernel, odd, from 1 to K.

    Returns:
        (B, out_channels, H, W).

    Raises:
        ValueError: More is asked for than the weight has, or the kernel size is even.

    Source: Cai et al. 2020, arXiv:1908.09791, section 3.3.
    """
    most, channels, largest, _ = weight.shape
    for name, value, bound in (("out_channels", out_channels, most), ("channels of x", x.shape[1], channels), ("kernel_size", kernel_size, largest)):
        if not 1 <= value <= bound:
            raise ValueError(f"{name} must be from 1 to {bound}, got {value}; slices are taken from the largest layer")
    if kernel_size % 2 == 0 or largest % 2 == 0:
        raise ValueError(f"kernel_size must be odd, of a weight that is, got {kernel_size} of {largest}")
    centre = slice((largest - kernel_size) // 2, (largest + kernel_size) // 2)
    part = weight[:out_channels, : x.shape[1], centre, centre]  # (out_channels, C', kernel_size, kernel_size), a view
    return F.conv2d(x, part, bias if bias is None else bias[:out_channels], padding=kernel_size // 2)


class ElasticNet(nn.Module):
    """A small convolutional network for images, elastic in depth, width and kernel size: `net(x, config)` is one of many networks.

    Args:
        channels: Of the images.
        size: Their side in pixels; only `macs` depends on it.
        classes: Number of classes.
        stages: Channels of each stage; each halves the image.
        widths: Hidden channels of a block, as multiples of its stage's channels.
        depths: Blocks of a stage.
        kernels: Kernel sizes, odd.

    Attributes:
        space: All configurations: `sample`, `configs`, `encode`.
        max_subnet: The largest one.
        min_subnet: The smallest one.

    Raises:
        ValueError: There is nothing to choose from, or a number is out of its bounds; in `forward`: the space has no such configuration.

    Source: Cai et al. 2020, arXiv:1908.09791, section 3.2.
    """

    def __init__(
        self, channels: int, size: int, classes: int, *, stages: Sequence[int] = (8, 16), widths: Sequence[float] = (0.5, 1, 2),
        depths: Sequence[int] = (1, 2), kernels: Sequence[int] = (3, 5),
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = size
        self.space = Space(depths, [[int(width * each) for width in widths] for each in stages], kernels)
        self.max_subnet, self.min_subnet, self.sample = self.space.largest, self.space.smallest, self.space.sample
        before = (channels, *stages[:-1])
        self.entries = nn.ModuleList(entry(a, b, 2) for a, b in zip(before, stages, strict=True))
        self.blocks = nn.ModuleList(
            nn.ModuleList(ElasticBlock(each, stage.width, kernels, elastic_conv2d) for _ in range(stage.depth))
            for each, stage in zip(stages, self.max_subnet, strict=True)
        )
        self.head = nn.Linear(stages[-1], classes)

    def forward(self, x: Tensor, config: Config | None = None) -> Tensor:
        """Logits (B, classes) of images (B, channels, H, W) by the sub-network `config`, by default the largest one."""
        config = config or self.max_subnet
        self.space.check(config)
        for enter, blocks, stage in zip(self.entries, self.blocks, config, strict=True):
            x = enter(x)
            for block in blocks[: stage.depth]:
                x = block(x, stage.width, stage.kernel)
        return self.head(x.mean((2, 3)))

    def subnet(self, config: Config) -> nn.Sequential:
        """A sub-network of its own, with copies of its slices; it gives the same as `net(x, config)`."""
        self.space.check(config)
        layers: list[nn.Module] = []
        for enter, blocks, stage in zip(self.entries, self.blocks, config, strict=True):
            layers += [copy.deepcopy(enter), *(block.cut(stage.width, stage.kernel) for block in blocks[: stage.depth])]
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), copy.deepcopy(self.head)).train(self.training)

    def macs(self, config: Config | None = None) -> int:
        """Multiply-accumulates of one image's forward pass, in convolutions and the linear layer."""
        side, total = self.size, self.head.weight.numel()
        for enter, stage in zip(self.entries, config or self.max_subnet, strict=True):
            side = -(-side // enter[0].stride[0])
            channels = enter[0].out_channels
            total += side**2 * (enter[0].weight.numel() + stage.depth * stage.width * channels * (stage.kernel**2 + 1))
        return total

    def sort_channels(self) -> None:
        """Bring the important hidden channels of every block to the front."""
        for block in (each for blocks in self.blocks for each in blocks):
            block.sort_channels()


def once_for_all_train(
    net: ElasticNet, batches: Iterable[tuple[Tensor, Tensor]], make_optimizer: MakeOptimizer, *,
    steps: Sequence[int] = (200, 100, 100, 100), distill: float = 1.0, generator: torch.Generator | None = None,
    seen: Callable[[list[float]], object] | None = None,
) -> Trained:  # fmt: skip
    """Progressive shrinking: first the largest network alone; then, taught by it, sub-networks of more and more kinds.

    Args:
        net: The elastic network, trained in place.
        batches: Pairs (x, y), at least as many as steps in all.
        make_optimizer: Makes the optimizer of each phase; its learning rate falls to 0 along a half cosine.
        steps: Updates of the four phases: largest, kernel, depth, width.
        distill: Weight of the teacher's loss, >= 0; the labels' has 1.
        generator: For the sampling.
        seen: Told the losses after each update.

    Raises:
        ValueError: There are not four phases, or a number is negative.

    Source: Cai et al. 2020, arXiv:1908.09791, section 3.3.
    """
    if len(steps) != len(PHASES) or min(steps) < 0 or distill < 0:
        raise ValueError(f"steps must be {len(PHASES)} numbers >= 0 and distill >= 0, got {tuple(steps)} and {distill}")
    stream, teacher, losses, macs = iter(batches), None, [], 0
    for (elastic, samples), count in zip(PHASES, steps, strict=True):
        if "width" in elastic:
            net.sort_channels()
        optimizer = make_optimizer(net.parameters())
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t, n=count: 0.5 + 0.5 * math.cos(math.pi * t / max(n, 1)))
        net.train()
        for _ in range(count):
            x, y = next(stream)
            loss, used = shrinking_step(net, x, y, [net.sample(generator, elastic) for _ in range(samples)], teacher, distill)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss)
            macs += len(x) * used
            if seen:
                seen(losses)
        teacher = teacher or copy.deepcopy(net).eval()
    return Trained(losses, macs)


def shrinking_step(
    net: ElasticNet, x: Tensor, y: Tensor, configs: Collection[Config], teacher: nn.Module | None, distill: float
) -> tuple[float, int]:
    """Add up the gradients of these sub-networks; returns their mean loss and the multiply-accumulates for each image."""
    macs, losses, soft = 3 * sum(map(net.macs, configs)), [], None
    if teacher is not None and distill:
        macs += net.macs()
        with torch.no_grad():
            soft = teacher(x).softmax(-1)
    for config in configs:
        logits = net(x, config)
        loss = F.cross_entropy(logits, y)
        if soft is not None:
            loss = loss + distill * F.cross_entropy(logits, soft)
        loss.backward()
        losses.append(loss.item())
    return sum(losses) / len(losses), macs
