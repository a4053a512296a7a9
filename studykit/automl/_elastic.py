"""What an elastic network is made of, beside its sliced convolution: the space of its sub-networks, blocks, kernels within kernels."""

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ASPECTS = ("kernel", "depth", "width")


class Stage(NamedTuple):
    """One stage of a sub-network: how many blocks, how many hidden channels in each, and their kernel size."""

    depth: int
    width: int
    kernel: int


Config = tuple[Stage, ...]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
Convolve = Callable[[Tensor, Tensor, Tensor | None, int, int], Tensor]


class Trained(NamedTuple):
    """Losses by step, and the multiply-accumulates that training took: 3 for each of a forward pass with gradient, 1 without."""

    losses: list[float]
    macs: int


class Space:
    """All sub-networks: for every stage a depth, a width and a kernel size, chosen independently of the other stages.

    Args:
        depths: Numbers of blocks.
        widths: For each stage its numbers of hidden channels.
        kernels: Kernel sizes, odd.

    Raises:
        ValueError: Nothing is left to choose from, or a number can't be used; in `check`: a configuration is not in the space.
    """

    def __init__(self, depths: Sequence[int], widths: Sequence[Sequence[int]], kernels: Sequence[int]) -> None:
        for name, values in {"depths": depths, "kernels": kernels, **{f"widths[{n}]": w for n, w in enumerate(widths)}}.items():
            if not values or min(values) < 1:
                raise ValueError(f"{name} must be numbers >= 1, at least one of them, got {list(values)}")
        if even := [each for each in kernels if each % 2 == 0]:
            raise ValueError(f"kernels must be odd, got {even}; a window in the centre of an even one has no centre")
        self.stages = [Stage(tuple(sorted(set(depths))), tuple(sorted(set(each))), tuple(sorted(set(kernels)))) for each in widths]

    @property
    def largest(self) -> Config:
        """Everything at its greatest."""
        return tuple(Stage(*(max(values) for values in stage)) for stage in self.stages)

    @property
    def smallest(self) -> Config:
        """Everything at its least."""
        return tuple(Stage(*(min(values) for values in stage)) for stage in self.stages)

    def sample(self, generator: torch.Generator | None = None, elastic: Collection[str] = ASPECTS) -> Config:
        """A configuration at random; the aspects that are not `elastic` stay at their greatest."""

        def drawn(name: str, values: Sequence[int]) -> int:
            place = int(torch.randint(len(values), (), generator=generator))
            return values[place] if name in elastic else max(values)

        return tuple(Stage(*map(drawn, Stage._fields, stage)) for stage in self.stages)

    def configs(self) -> list[Config]:
        """Every configuration, in order."""
        return list(itertools.product(*(itertools.starmap(Stage, itertools.product(*stage)) for stage in self.stages)))

    @property
    def count(self) -> int:
        """How many configurations there are."""
        return math.prod(len(values) for stage in self.stages for values in stage)

    def mutate(self, config: Config, generator: torch.Generator | None = None, chance: float = 0.2) -> Config:
        """The configuration with each choice made anew with this chance."""
        anew = self.sample(generator)
        kept = (torch.rand(len(config), len(Stage._fields), generator=generator) >= chance).tolist()
        return tuple(
            Stage(*(a if keep else b for a, b, keep in zip(old, new, keeps, strict=True)))
            for old, new, keeps in zip(config, anew, kept, strict=True)
        )

    def cross(self, parents: Sequence[Config], generator: torch.Generator | None = None) -> Config:
        """Each choice from one of two of the parents."""
        picked = torch.randint(len(parents), (2,), generator=generator).tolist()
        sides = torch.randint(2, (len(self.stages), len(Stage._fields)), generator=generator).tolist()
        one, other = (parents[each] for each in picked)
        return tuple(
            Stage(*(b if side else a for a, b, side in zip(first, second, row, strict=True)))
            for first, second, row in zip(one, other, sides, strict=True)
        )

    def encode(self, config: Config) -> Tensor:
        """A one for each choice that was made: float32, as long as there are choices."""
        self.check(config)
        choices = zip(itertools.chain(*self.stages), itertools.chain(*config), strict=True)
        return torch.tensor([float(value == each) for values, value in choices for each in values])

    def check(self, config: Config) -> None:
        """Refuse a configuration that is not in the space."""
        if len(config) != len(self.stages):
            raise ValueError(f"a configuration has {len(self.stages)} stages here, got {len(config)}: {config}")
        for number, (stage, taken) in enumerate(zip(self.stages, config, strict=True)):
            for name, values, value in zip(Stage._fields, stage, taken, strict=True):
                if value not in values:
                    raise ValueError(f"{name} of stage {number} must be one of {', '.join(map(str, values))}, got {value}")


class Kernels(nn.Module):
    """Kernels of all sizes out of the largest: its centre, times a learned matrix that all channels share.

    The plain centre would have to serve as a kernel of its own and as the middle of a larger one, which want different weights.
    The matrices begin as the identity, so that at first it is the plain centre.

    Args:
        sizes: Kernel sizes, odd.

    Source: Cai et al. 2020, arXiv:1908.09791, section 3.3, elastic kernel size.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        smaller = sorted(set(sizes))[:-1]
        self.matrices = nn.ParameterDict({str(size): nn.Parameter(torch.eye(size * size)) for size in smaller})

    def forward(self, weight: Tensor, size: int) -> Tensor:
        """The kernels (out, in, size, size) of `weight` (out, in, largest, largest), from each size to the next smaller one."""
        for each in sorted(map(int, self.matrices), reverse=True):
            if each < size:
                break
            edge = (weight.shape[-1] - each) // 2
            centre = weight[..., edge : edge + each, edge : edge + each].flatten(2)  # (out, in, each * each)
            weight = (centre @ self.matrices[str(each)].T).unflatten(2, (each, each))
        return weight


class Residual(nn.Sequential):
    """Layers whose result is added to what went in."""

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x + super().forward(x)


def normed(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    """Batch normalisation of x (B, C', H, W) by the first C' channels of a norm of C; their running statistics are updated in place."""
    first = slice(x.shape[1])
    mean, var, weight, bias = (each[first] for each in (norm.running_mean, norm.running_var, norm.weight, norm.bias))
    return F.batch_norm(x, mean, var, weight, bias, norm.training, norm.momentum or 0.0, norm.eps)


def copied(norm: nn.BatchNorm2d, channels: int) -> nn.BatchNorm2d:
    """A norm of its own of the first `channels`."""
    own = nn.BatchNorm2d(channels, norm.eps, norm.momentum, device=norm.weight.device, dtype=norm.weight.dtype)
    own.load_state_dict({name: each[:channels] if each.ndim else each for name, each in norm.state_dict().items()})
    return own


def convolution(weight: Tensor) -> nn.Conv2d:
    """A convolution of its own with a copy of this weight, of stride 1, that keeps the size of the image."""
    out, channels, size, _ = weight.shape
    # Without an initialisation, which would draw from the caller's generator.
    layer = nn.utils.skip_init(nn.Conv2d, channels, out, size, padding=size // 2, bias=False, device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
    return layer


class ElasticBlock(nn.Module):
    """x + project(relu(widen(x))), each convolution normalised; elastic in the hidden width and the kernel size of `widen`.

    Args:
        channels: Of the stage.
        width: Hidden channels at most.
        kernels: Kernel sizes, odd.
        convolve: The sliced convolution: takes x, weight, bias, how many outputs, and the kernel size.
    """

    def __init__(self, channels: int, width: int, kernels: Sequence[int], convolve: Convolve) -> None:
        super().__init__()
        self.convolve = convolve
        self.widen, self.norm1 = nn.Conv2d(channels, width, max(kernels), bias=False), nn.BatchNorm2d(width)
        self.kernels = Kernels(kernels)
        self.project, self.norm2 = nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, width: int, kernel: int) -> Tensor:
        """(B, C, H, W) to the same; the width shows in between."""
        hidden = self.convolve(x, self.kernels(self.widen.weight, kernel), None, width, kernel)  # (B, width, H, W)
        hidden = normed(hidden, self.norm1).relu()
        return x + normed(self.convolve(hidden, self.project.weight, None, x.shape[1], 1), self.norm2)

    def cut(self, width: int, kernel: int) -> Residual:
        """The same with these choices alone, in a block of its own."""
        widen = convolution(self.kernels(self.widen.weight, kernel)[:width])
        project = convolution(self.project.weight[:, :width])
        return Residual(widen, copied(self.norm1, width), nn.ReLU(), project, copied(self.norm2, project.out_channels))

    @torch.no_grad()
    def sort_channels(self) -> None:
        """Bring the hidden channels whose outgoing weights have the greatest L1 norm to the front; the function stays the same."""
        order = self.project.weight.abs().sum((0, 2, 3)).argsort(descending=True)
        self.project.weight.copy_(self.project.weight[:, order])
        for each in (self.widen.weight, self.norm1.weight, self.norm1.bias, self.norm1.running_mean, self.norm1.running_var):
            each.copy_(each[order])


def entry(channels: int, out: int, stride: int) -> nn.Sequential:
    """What every sub-network has: a 3 x 3 convolution into a stage."""
    return nn.Sequential(nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())
