"""How a Mixer in anybody's style is filled with known numbers: its parameters are recognised by their shapes, not by names.

A matrix is recognised by the two sizes it connects, either way round, with axes of 1 left out, so that a Conv2d, a Linear on
flattened patches, a Conv1d of width 1 or a bare tensor will all do. Of two with the same sizes the one that is registered first
is the first layer (`roles_of` says how far that goes). Vectors of D that are all 1 are scales of norms; the other vectors of D all get the same numbers, so
that it does not matter which is which. Sizes that are asked for must therefore differ from one another.
"""

import math
from collections import Counter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Sizes(NamedTuple):
    """What a Mixer is made with, in the order of its signature."""

    channels: int = 1
    size: int = 4
    classes: int = 3
    patch: int = 2
    width: int = 6
    depth: int = 1
    token_hidden: int = 5
    channel_hidden: int = 9

    @property
    def patches(self) -> int:
        """N, rows of the table."""
        return (self.size // self.patch) ** 2

    def matrices(self) -> dict[frozenset[int], tuple[str, int, int]]:
        """The two sizes that a matrix connects, to its role and to outputs and inputs of the first of its kind."""
        pixels = self.channels * self.patch**2
        roles = (
            ("stem", self.width, pixels),
            ("tokens", self.token_hidden, self.patches),
            ("channels", self.channel_hidden, self.width),
            ("head", self.classes, self.width),
        )
        return {frozenset(role[1:]): role for role in roles}


def drawn(seed: int, role: str, number: int, shape: tuple[int, ...]) -> Tensor:
    """Numbers that depend on the role alone, not on the order in which parameters come."""
    rng = torch.Generator().manual_seed(sum(ord(letter) * 31**n for n, letter in enumerate(f"{seed} {role} {number}")) % 2**31)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


class Role(NamedTuple):
    """What a matrix does: of which kind it is, whether it is the first or the second layer of its MLP, and of which block."""

    kind: str
    layer: int
    block: int
    outputs: int
    inputs: int


def two_sizes(parameter: Tensor, sizes: Sizes) -> tuple[int, int] | None:
    """The parameter as a matrix, with which of its axes at either end; None where it connects no two sizes of a Mixer."""
    shape = [size for size in parameter.shape if size != 1]
    splits = ((shape[0], math.prod(shape[1:])), (math.prod(shape[:-1]), shape[-1])) if len(shape) >= 2 else ()
    return next((split for split in splits if frozenset(split) in sizes.matrices() and len(set(split)) == 2), None)


def roles_of(module: nn.Module, sizes: Sizes) -> dict[int, Role]:
    """The roles of all matrices, by the number of the parameter.

    The first of a kind is a first layer, and so are all that lie the same way round, if they are half of them; where both
    layers lie the same way, first and second take turns.
    """
    kinds: dict[frozenset[int], list[tuple[int, tuple[int, int]]]] = {}
    for number, parameter in enumerate(module.parameters()):
        if split := two_sizes(parameter, sizes):
            kinds.setdefault(frozenset(split), []).append((number, split))
    found: dict[int, Role] = {}
    for pair, members in kinds.items():
        kind, outputs, inputs = sizes.matrices()[pair]
        turned = [split != members[0][1] for _, split in members]
        by_turn = 2 * sum(turned) != len(turned)
        blocks: Counter[int] = Counter()
        for place, (number, _) in enumerate(members):
            layer = 0 if kind in ("stem", "head") else place % 2 if by_turn else int(turned[place])
            ends = (inputs, outputs) if layer else (outputs, inputs)
            found[number] = Role(kind, layer, blocks[layer], *ends)
            blocks[layer] += 1
    return found


@torch.no_grad()
def fill(module: nn.Module, sizes: Sizes, seed: int, silent: tuple[str, ...] = (), apart: bool = False) -> None:
    """Put known numbers into all parameters.

    Args:
        module: A Mixer made with `sizes`.
        sizes: Them.
        seed: Of the numbers.
        silent: `tokens` or `channels`: MLPs that add nothing, since their last layer is 0.
        apart: Let the stem tell colours apart: then which axis of a flattened patch is the colour matters, a question of style.
    """
    seen: Counter[str] = Counter()
    roles = roles_of(module, sizes)
    vectors = {sizes.token_hidden: "hidden tokens", sizes.patches: "tokens", sizes.channel_hidden: "hidden channels", sizes.classes: "head"}
    for number, parameter in enumerate(module.parameters()):
        shape = tuple(size for size in parameter.shape if size != 1)
        if number in roles:
            value = _matrix(parameter, roles[number], sizes, seed, silent, apart)
        elif shape == (sizes.width,):
            ones = bool((parameter == 1).all())
            value = 1 + 0.3 * drawn(seed, "scale", 0, shape) if ones else 0.3 * drawn(seed, "shift", 0, shape)
            value = 0 * value if "channels" in silent and not ones else value
        else:
            role = vectors.get(shape[0] if shape else 1, "other") if len(shape) < 2 else "other"
            value = 0.4 * drawn(seed, f"vector {role}", seen[role], shape)
            value = 0 * value if role == "tokens" and "tokens" in silent else value
            seen[role] += 1
        parameter.copy_(value.reshape(parameter.shape))


def _matrix(parameter: Tensor, role: Role, sizes: Sizes, seed: int, silent: tuple[str, ...], apart: bool) -> Tensor:
    value = drawn(seed, f"{role.kind} {role.layer}", role.block, (role.outputs, role.inputs)) / math.sqrt(role.inputs)
    if role.kind == "stem" and sizes.channels > 1 and not apart:
        value = value[:, :1].expand_as(value)
    value = 0 * value if role.layer and role.kind in silent else value
    return value if two_sizes(parameter, sizes) == (role.outputs, role.inputs) else value.T


def count(module: nn.Module) -> int:
    """Learnable numbers."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


class Ask(NamedTuple):
    """A Mixer made, filled and asked for logits.

    Args:
        sizes: What it is made with; None takes the defaults, on 8 x 8 images with 10 classes.
        silent: As in `fill`.
        images: Of the batch.
        shown: Whether the images are told with a wrong answer.
        gradients: Whether the gradient of the images is wanted too.
    """

    sizes: Sizes | None
    silent: tuple[str, ...] = ()
    images: int = 2
    shown: bool = False
    gradients: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The logits in evaluation."""
        sizes = self.sizes or Sizes(1, 8, 10, 2, 64, 4, 32, 256)
        module = made(candidate, sizes if self.sizes else sizes[:3], seed)
        fill(module, sizes, seed, self.silent)
        x = drawn(seed, "images", 0, (self.images, sizes.channels, sizes.size, sizes.size)).requires_grad_(self.gradients)
        found = {"given x": x.detach().flatten()} if self.shown else {}
        logits = module.eval()(x)
        if self.gradients:
            (logits * drawn(seed, "upstream", 0, tuple(logits.shape))).sum().backward()
            return {"gradient of x": x.grad}
        return found | {"logits": logits}


def made(candidate: Any, sizes: tuple[int, ...], seed: int) -> nn.Module:
    """The module in float64, its own initialisation drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return candidate(*sizes).double()


def counted(candidate: Any, seed: int) -> dict[str, Any]:
    """Learnable numbers, and by how many they grow with each size."""
    base = Sizes()
    numbers = {"": count(made(candidate, base, seed))}
    for name, more in (("depth", {"depth": 2}), ("token_hidden", {"token_hidden": 7}), ("width", {"width": 8}), ("size", {"size": 8})):
        numbers[f", {name} {next(iter(more.values()))}"] = count(made(candidate, base._replace(**more), seed))
    return {f"learnable numbers{name}": number for name, number in numbers.items()}


def in_training(candidate: Any, seed: int) -> dict[str, Any]:
    """Whether training mode, or the company in the batch, changes an answer."""
    sizes = Sizes(depth=2)
    module = made(candidate, sizes, seed)
    fill(module, sizes, seed)
    x = drawn(seed, "images", 1, (5, 1, 4, 4))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        alone = module.eval()(x)
        training = module.train()(x)
        twice = module(x)
        part = module(x[:2])
    alike = {"training and evaluation agree": (training, alone), "twice the same": (training, twice), "company is ignored": (training[:2], part)}
    return {name: bool(one.shape == other.shape and (one - other).abs().max() < 1e-6) for name, (one, other) in alike.items()}


def in_colour(candidate: Any, seed: int) -> dict[str, Any]:
    """Whether an answer depends on each colour and each pixel in a way of its own, wherever a style puts the colours."""
    sizes = Sizes(channels=2, classes=2, channel_hidden=11)
    module = made(candidate, sizes, seed).eval()
    fill(module, sizes, seed, apart=True)
    x = drawn(seed, "images", 2, (1, 2, 4, 4)).requires_grad_()
    module(x)[0, 0].backward()
    grad = torch.zeros_like(x) if x.grad is None else x.grad
    return {
        "colours differ": bool((grad[:, 0] - grad[:, 1]).abs().min() > 1e-9),
        "pixels of a patch differ": bool((grad[..., ::2] - grad[..., 1::2]).abs().min() > 1e-9),
    }
