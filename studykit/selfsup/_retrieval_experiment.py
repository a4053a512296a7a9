"""Retrieval in both directions with a trained CLIP: the images nearest to a caption, and the captions nearest to an image."""

import base64
import html
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studykit.selfsup._captions import COLOURS, LANGUAGES, MEAN, STD, TEMPLATES
from studykit.selfsup._clip_experiment import Pairs
from studykit.selfsup.clip import CLIP

SIDE = 56  # pixels on the screen


@dataclass(frozen=True)
class Gallery:
    """Small images with a line below each; as text, the lines.

    Args:
        heading: Above all of them.
        images: (N, 3, H, W) in [0, 1].
        lines: One for each image; those that are left over stand below.
    """

    heading: str
    images: Tensor
    lines: Sequence[str]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        figures = "".join(
            f'<figure style="display:inline-block;margin:4px 10px 8px 0;vertical-align:top;max-width:9em;text-align:center">'
            f'<img alt="{html.escape(line)}" src="data:image/png;base64,{base64.b64encode(png(image)).decode()}" '
            f'width="{SIDE}" height="{SIDE}" style="image-rendering:pixelated"><figcaption>{html.escape(line)}</figcaption></figure>'
            for image, line in zip(self.images, self.lines, strict=False)
        )
        rest = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines[len(self.images) :])
        page = f"<p>{html.escape(self.heading)}</p>{figures}" + (f"<ol>{rest}</ol>" if rest else "")
        return {"text/html": page, "text/plain": "\n".join([self.heading, *(f"  {line}" for line in self.lines)])}


def png(image: Tensor) -> bytes:
    """An RGB image (3, H, W) in [0, 1] as a PNG file."""
    pixels = (image.detach().cpu().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)  # (H, W, 3)
    rows = b"".join(b"\0" + bytes(row.flatten().tolist()) for row in pixels)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def named(pairs: Pairs, thing: int, colour: int) -> str:
    """A pair in both languages, with a star where training never showed it."""
    star = "" if pairs.allowed[thing, colour] else " *"
    return f"{pairs.captions.say(thing, colour, 1)} · {pairs.captions.say(thing, colour, 1, 'zh')}{star}"


class Retrieval:
    """Images that the model never saw, and every caption, embedded once.

    Args:
        model: A trained CLIP.
        pairs: Its data.
        seed: Of the backgrounds, and of which images are kept.
        count: Test images.
    """

    @torch.no_grad()
    def __init__(self, model: CLIP, pairs: Pairs, seed: int = 0, count: int = 600) -> None:
        self.model, self.pairs = model.eval(), pairs
        images, things, colours = pairs.painted("test", seed)
        kept = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:count].to(images.device)
        self.pixels, self.pair = images[kept] * STD + MEAN, list(zip(things[kept].tolist(), colours[kept].tolist(), strict=True))
        self.image = model.encode_image(images[kept])
        say, numbers = pairs.captions.say, range(len(TEMPLATES["en"]))
        every = [(t, c) for t in range(len(pairs.captions.things)) for c in range(len(COLOURS))]
        self.texts = [say(*pair, n, lang) for lang in LANGUAGES for pair in every for n in numbers]
        self.text = self._embedded(self.texts)

    @torch.no_grad()
    def _embedded(self, texts: Sequence[str]) -> Tensor:
        return self.model.encode_text(torch.stack([self.pairs.captions.encode(text) for text in texts]).to(self.image.device))

    def images(self, caption: str, count: int = 6) -> Gallery:
        """The images nearest to a caption, in English or Chinese; a star marks a pair that training never showed.

        Raises:
            ValueError: A word is in no caption.
        """
        found = (self.image @ self._embedded([caption])[0]).topk(min(count, len(self.image)))
        lines = [f"{named(self.pairs, *self.pair[n])} {v:.2f}" for n, v in zip(found.indices.tolist(), found.values, strict=True)]
        return Gallery(caption, self.pixels[found.indices], lines)

    def captions(self, number: str, count: int = 5) -> Gallery:
        """The captions nearest to an image, given by its number.

        Raises:
            ValueError: There is no such image.
        """
        if not (number.strip().isdecimal() and int(number) < len(self.image)):
            raise ValueError(f"image must be a whole number from 0 to {len(self.image) - 1}, got {number!r}")
        n = int(number)
        found = (self.text @ self.image[n]).topk(min(count, len(self.texts)))
        lines = [f"{self.texts[k]} {v:.2f}" for k, v in zip(found.indices.tolist(), found.values, strict=True)]
        return Gallery(f"image {n}", self.pixels[n : n + 1], [named(self.pairs, *self.pair[n]), *lines])
