"""Painted images with captions in English and Chinese: what a thing is, and its colour.

The shapes are the caller's, real ones; colour, background and caption are drawn here, so that it is known which pairs of thing and
colour were never shown together.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

COLOURS = {
    ("red", "红色"): (0.90, 0.20, 0.15), ("green", "绿色"): (0.20, 0.70, 0.25), ("blue", "蓝色"): (0.20, 0.35, 0.95),
    ("yellow", "黄色"): (0.95, 0.85, 0.20), ("purple", "紫色"): (0.60, 0.25, 0.75), ("orange", "橙色"): (0.95, 0.55, 0.10),
}  # fmt: skip
LANGUAGES = ("en", "zh")
TEMPLATES = {
    "en": ("a {colour} {thing}", "{colour} {thing}", "a picture of a {colour} {thing}", "a {thing} painted in {colour}", "{thing}, {colour}"),
    "zh": ("一个{colour}的{thing}", "{colour}{thing}", "图上是一个{colour}的{thing}", "{thing}，用{colour}画的", "{colour}的{thing}"),
}  # fmt: skip
# Of the pixels, roughly; a network learns faster from what is brought to mean 0 and standard deviation 1.
MEAN, STD = 0.3, 0.25
# Words of a language that is written with spaces, and single signs of one that is not.
_AN = re.compile(r"\ba (?=[aeiou](?!ne\b))")  # an orange eight, but a one
_TOKEN = re.compile(r"[0-9a-z]+|[^\W0-9a-z_]")


def paint(shapes: Tensor, colours: Tensor, generator: torch.Generator) -> Tensor:
    """Images (B, 3, H, W) in [0, 1]: the shape in its colour, the rest a background.

    Args:
        shapes: How much of each pixel belongs to the thing, (B, H, W) in [0, 1].
        colours: Numbers (B,) into `COLOURS`; the shade varies a little from image to image.
        generator: Draws shades and backgrounds, on the CPU.
    """
    b, height, width = shapes.shape
    shade = torch.tensor(list(COLOURS.values()))[colours.cpu()] + 0.08 * torch.randn(b, 3, generator=generator)  # (B, 3)
    grey, slope, direction = torch.rand(3, b, 1, 1, generator=generator)
    across = torch.linspace(-1, 1, width).expand(height, width)
    down = torch.linspace(-1, 1, height)[:, None].expand(height, width)
    ramp = torch.where(direction < 0.5, across, down)  # (B, H, W)
    squares = (torch.arange(height)[:, None] // 2 + torch.arange(width) // 2) % 2 - 0.5
    pattern = torch.where((direction * 4).frac() < 0.5, ramp / 2, squares)
    background = 0.2 * grey + 0.2 * slope * pattern + 0.03 * torch.randn(b, height, width, generator=generator)
    share = shapes[:, None]  # (B, 1, H, W)
    painted = share * shade[..., None, None].to(share.device) + (1 - share) * background[:, None].to(share.device)
    return painted.clamp(0, 1)


class Captions:
    """The captions of all pairs of thing and colour, and the tokens they are made of.

    Args:
        things: English and Chinese name of each.

    Attributes:
        vocabulary: Number of tokens, with padding, which is 0.
        context: Length of the longest caption.
        ids: By language, the token ids (things, colours, templates, context).
    """

    def __init__(self, things: Sequence[tuple[str, str]]) -> None:
        self.things, self.colours = list(things), list(COLOURS)
        texts = [self.say(t, c, n, lang) for lang in LANGUAGES for t, c, n in self._numbers()]
        self.tokens = {token: n for n, token in enumerate(sorted({each for text in texts for each in split(text)}), 1)}
        self.vocabulary = len(self.tokens) + 1
        self.context = max(len(split(text)) for text in texts)
        shape = (len(self.things), len(self.colours), len(TEMPLATES["en"]), self.context)
        self.ids = {
            lang: torch.stack([self.encode(self.say(t, c, n, lang)) for t, c, n in self._numbers()]).view(shape)
            for lang in LANGUAGES
        }

    def _numbers(self) -> list[tuple[int, int, int]]:
        counts = (len(self.things), len(self.colours), len(TEMPLATES["en"]))
        return [tuple(each) for each in torch.cartesian_prod(*map(torch.arange, counts)).tolist()]  # type: ignore[misc]

    def say(self, thing: int, colour: int, template: int = 0, lang: str = "en") -> str:
        """The caption as text."""
        n = LANGUAGES.index(lang)
        text = TEMPLATES[lang][template].format(thing=self.things[thing][n], colour=self.colours[colour][n])
        return _AN.sub("an ", text)

    def encode(self, text: str) -> Tensor:
        """Token ids (context,) of a text in either language.

        Raises:
            ValueError: A word is in no caption, or the text is too long.
        """
        words = split(text)
        unknown = [word for word in words if word not in self.tokens]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is in no caption; use words such as {', '.join(list(self.tokens)[-4:])}")
        if not 1 <= len(words) <= self.context:
            raise ValueError(f"a caption must have 1 to {self.context} tokens, got {len(words)}; shorten it")
        ids = [self.tokens[word] for word in words]
        return torch.tensor(ids + [0] * (self.context - len(ids)))


def split(text: str) -> list[str]:
    """The tokens of a text: words where words are written, else signs."""
    return _TOKEN.findall(text.lower())


def unseen(things: int, each: int, seed: int) -> Tensor:
    """Which pairs of thing and colour are kept out of training: bool (things, colours), `each` per thing, spread over the colours.

    Args:
        things: Number of things.
        each: Colours that a thing is never shown in.
        seed: Of the draw.
    """
    generator = torch.Generator().manual_seed(seed)
    colours = len(COLOURS)
    places = (torch.randperm(things, generator=generator)[:, None] * each + torch.arange(each)) % colours
    mask = torch.zeros(things, colours, dtype=torch.bool)
    return mask.scatter_(1, torch.randperm(colours, generator=generator)[places], True)
