"""What CLIP's experiment and lesson share: painted images with captions, contrastive and supervised training, and the tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench import folders
from studykit.bench.tasks import load
from studykit.bench.train import Place, tell, train
from studykit.models import CNN
from studykit.selfsup._captions import COLOURS, LANGUAGES, MEAN, STD, TEMPLATES, Captions, paint, unseen
from studykit.selfsup._text_encoder import TextEncoder
from studykit.selfsup.clip import CLIP, clip_loss
from studykit.technique import technique

NAMES = {
    "digits": (
        ("zero", "零"), ("one", "一"), ("two", "二"), ("three", "三"), ("four", "四"),
        ("five", "五"), ("six", "六"), ("seven", "七"), ("eight", "八"), ("nine", "九"),
    ),
    "fashion_mnist": (
        ("shirt", "短袖"), ("trousers", "裤子"), ("pullover", "套衫"), ("dress", "连衣裙"), ("coat", "外套"),
        ("sandal", "凉鞋"), ("blouse", "衬衫"), ("sneaker", "运动鞋"), ("bag", "包"), ("boot", "靴子"),
    ),
    "cifar10": (
        ("airplane", "飞机"), ("car", "汽车"), ("bird", "鸟"), ("cat", "猫"), ("deer", "鹿"),
        ("dog", "狗"), ("frog", "青蛙"), ("horse", "马"), ("ship", "船"), ("truck", "卡车"),
    ),
}  # fmt: skip
Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # of image and text embeddings, the scale, and the number of each pair


@dataclass(frozen=True)
class Pairs:
    """Shapes by split, what they are called, and which pairs of thing and colour may be shown in training.

    Attributes:
        splits: `train`, `validation`, `test`: shapes (N, H, W) and labels (N,).
        captions: The texts of all pairs.
        allowed: bool (things, colours): what training shows.
    """

    splits: dict[str, tuple[Tensor, Tensor]]
    captions: Captions
    allowed: Tensor

    def batch(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Images (B, 3, H, W) painted in allowed colours, drawn with replacement; things (B,), colours (B,)."""
        shapes, labels = self.splits["train"]
        picked = torch.randint(len(labels), (size,), generator=generator)
        things = labels[picked.to(labels.device)]
        colours = torch.multinomial(self.allowed[things.cpu()].float(), 1, generator=generator)[:, 0]
        images = paint(shapes[picked.to(shapes.device)], colours, generator)
        return (images - MEAN) / STD, things, colours.to(things.device)

    def caption(
        self, things: Tensor, colours: Tensor, generator: torch.Generator, languages: Sequence[str] = LANGUAGES
    ) -> Tensor:
        """Token ids (B, context): for each pair a template, and a language, drawn at random."""
        table = torch.stack([self.captions.ids[lang] for lang in languages])  # (languages, things, colours, templates, context)
        language = torch.randint(len(languages), things.shape, generator=generator)
        template = torch.randint(table.shape[3], things.shape, generator=generator)
        return table[language, things.cpu(), colours.cpu(), template].to(things.device)

    def painted(self, split: str = "test", seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Every shape of a split in every colour: images (N, 3, H, W), things (N,), colours (N,)."""
        shapes, labels = self.splits[split]
        n = len(COLOURS)
        colours = torch.arange(n, device=labels.device).repeat(len(labels))
        draw = torch.Generator().manual_seed(seed + 10_000)
        images = paint(shapes.repeat_interleave(n, 0), colours, draw)
        return (images - MEAN) / STD, labels.repeat_interleave(n), colours


@cache
def _named(dataset: str) -> tuple[tuple[str, str], ...]:
    return NAMES[dataset] if dataset in NAMES else tuple((name.lower(), name.lower()) for name in folders.images(dataset)[2])


def pairs_of(dataset: str, seed: int, device: torch.device | str = "cpu", hidden: int = 2) -> Pairs:
    """The data of a seed.

    Args:
        dataset: `auto` (digits), the name of a set, or a folder of the user's own, one subfolder of images per thing.
        seed: Of the split, and of the pairs that are kept out.
        device: Where the tensors go.
        hidden: Colours that each thing is never shown in.
    """
    name = "digits" if dataset == "auto" else dataset
    task = load(name, seed=seed, device=device, only="images")
    splits = {each: getattr(task, each) for each in ("train", "validation", "test")}
    splits = {each: (x.mean(1), y) for each, (x, y) in splits.items()}
    captions = Captions(_named(name))
    return Pairs(splits, captions, ~unseen(task.classes, hidden, seed))


def seeded(seed: int, make: Callable[[], nn.Module], device: torch.device) -> nn.Module:
    """What `make` makes, its initialisation drawn from the seed alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().to(device)


def network(pairs: Pairs, outputs: int, seed: int) -> CNN:
    """The CNN that every arm has, for images of this size."""
    shapes = pairs.splits["train"][0]
    made = seeded(seed, lambda: CNN(3, shapes.shape[-1], outputs), shapes.device)
    assert isinstance(made, CNN)
    return made


def untrained(pairs: Pairs, seed: int, depth: int = 0, **scale: float) -> CLIP:
    """CLIP with the CNN and a text encoder of this depth, both drawn from the seed."""
    device = pairs.splits["train"][0].device
    text = seeded(seed, lambda: TextEncoder(pairs.captions.vocabulary, pairs.captions.context, depth=depth), device)
    return CLIP(network(pairs, 64, seed), text, **scale).to(device)


def softmaxes(image: Tensor, text: Tensor, scale: Tensor, pairs: Tensor) -> Tensor:
    """`clip_loss`, which knows no more than the embeddings: a caption that stands twice in the batch is a wrong answer once."""
    return clip_loss(image, text, scale)


class Contrast:
    """Training on captions that can be interrupted anywhere: `state_dict` holds all that the next step depends on.

    Args:
        model: What is trained.
        pairs: Images and captions.
        where: Device and dtype; embeddings are compared in float32.
        steps: Updates over which the learning rate goes to 0.
        lr: AdamW's.
        size: Pairs per batch.
        seed: Of batches and captions.
        languages: Of the captions.
        loss: Of embeddings, scale and the numbers of the pairs.
    """

    def __init__(
        self, model: CLIP, pairs: Pairs, where: Place, *, steps: int, lr: float, size: int, seed: int,
        languages: Sequence[str] = LANGUAGES, loss: Loss = softmaxes,
    ) -> None:  # fmt: skip
        self.model, self.pairs, self.where = model, pairs, where
        self.size, self.languages, self.loss = size, languages, loss
        self.optimizer = technique("adamw").implementation()(model.parameters(), lr)
        self.schedule = technique("cosine").implementation()(self.optimizer, steps)
        # One for the images, so that all arms see the same ones, and one for the words.
        self.draw, self.words = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)

    def step(self) -> float:
        """One update; returns the loss before it."""
        x, things, colours = self.pairs.batch(self.size, self.draw)
        ids = self.pairs.caption(things, colours, self.words, self.languages)
        with torch.autocast(x.device.type, dtype=self.where.dtype, enabled=self.where.dtype is not torch.float32):
            image, text, scale = self.model(x, ids)
        value = self.loss(image.float(), text.float(), scale, things * len(COLOURS) + colours)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        self.model.clamp_scale()
        self.schedule.step()
        return value.item()

    def state_dict(self) -> dict[str, Any]:
        """Model, optimizer, schedule and both generators."""
        kept = {name: getattr(self, name).state_dict() for name in ("model", "optimizer", "schedule")}
        return kept | {"draw": self.draw.get_state(), "words": self.words.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state_dict` was taken."""
        for name in ("model", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        self.draw.set_state(state["draw"].cpu())
        self.words.set_state(state["words"].cpu())


def contrast(
    pairs: Pairs, where: Place, *, steps: int, lr: float, size: int, seed: int,
    languages: Sequence[str] = LANGUAGES, loss: Loss = softmaxes, model: CLIP | None = None, name: str = "CLIP",
) -> tuple[CLIP, list[float]]:  # fmt: skip
    """Train on captions from the start to the end, as `Contrast` does; by default a new model, drawn from the seed.

    Returns:
        The model and the loss of every step, which is told under `name`.
    """
    model = model or untrained(pairs, seed)
    training = Contrast(model, pairs, where, steps=steps, lr=lr, size=size, seed=seed, languages=languages, loss=loss)
    losses: list[float] = []
    for step in range(steps):
        losses.append(training.step())
        if step % 10 == 0 or step == steps - 1:
            tell((step + 1) / steps, {name: losses})
    return model.eval(), losses


def supervised(
    pairs: Pairs, where: Place, heads: Callable[[Tensor, Tensor], Tensor], outputs: int, *,
    steps: int, lr: float, size: int, seed: int, name: str,
) -> tuple[CNN, list[float]]:  # fmt: skip
    """Train the same CNN on the same images, with labels for captions.

    Args:
        pairs: Images.
        where: Device and dtype.
        heads: The loss of logits (B, outputs) and labels (B, 2), thing and colour.
        outputs: Logits.
        steps: Updates.
        lr: AdamW's, with a cosine to 0.
        size: Images per batch.
        seed: Of initialisation and batches.
        name: In the live curves.
    """
    model = network(pairs, outputs, seed)
    optimizer = technique("adamw").implementation()(model.parameters(), lr)
    schedule = technique("cosine").implementation()(optimizer, steps)
    draw = torch.Generator().manual_seed(seed)
    drawn = (pairs.batch(size, draw) for _ in range(steps))
    batches = ((x, torch.stack([things, colours], 1)) for x, things, colours in drawn)
    losses = train(model, optimizer, batches, heads, steps=steps, dtype=where.dtype, name=name, after=schedule.step)
    return model.eval(), losses


def pair_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """One class for each pair of thing and colour."""
    return F.cross_entropy(logits, labels[:, 0] * len(COLOURS) + labels[:, 1])


def two_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """A head for the thing and a head for the colour."""
    return F.cross_entropy(logits[:, : -len(COLOURS)], labels[:, 0]) + F.cross_entropy(logits[:, -len(COLOURS) :], labels[:, 1])


def seen_pairs_loss(allowed: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Both heads' logits added, and one softmax over those pairs alone that training shows."""

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        n = len(COLOURS)
        added = logits[:, :-n, None] + logits[:, None, -n:]  # (B, things, colours)
        added = added.masked_fill(~allowed.to(added.device), -torch.inf)
        return F.cross_entropy(added.flatten(1), labels[:, 0] * n + labels[:, 1])

    return loss


@torch.no_grad()
def by_prompts(model: CLIP, pairs: Pairs, languages: Sequence[str] = LANGUAGES, templates: Sequence[int] | None = None) -> Tensor:
    """A zero-shot classifier (things * colours, D) out of the captions of these languages and templates, averaged."""
    chosen = list(range(len(TEMPLATES["en"]))) if templates is None else list(templates)
    prompts = torch.cat([pairs.captions.ids[lang][:, :, chosen] for lang in languages], 2).flatten(0, 1)
    return model.classifier(prompts.to(pairs.splits["train"][0].device))


@torch.no_grad()
def zero_shot(model: CLIP, images: Tensor, weights: Tensor) -> Tensor:
    """The caption (N,) that each image is nearest to, a number into the rows of `weights`."""
    return torch.cat([(model.encode_image(part) @ weights.T).argmax(-1) for part in images.split(1024)])


@torch.no_grad()
def predicted(model: CNN, images: Tensor, two: bool) -> Tensor:
    """The pair (N,) that a supervised CNN names, by one head over all pairs, or by two: the likeliest thing and the likeliest colour."""
    logits, n = torch.cat([model(part) for part in images.split(1024)]), len(COLOURS)
    return logits[:, :-n].argmax(-1) * n + logits[:, -n:].argmax(-1) if two else logits.argmax(-1)


def accuracies(pairs: Pairs, guess: Tensor, things: Tensor, colours: Tensor) -> dict[str, float]:
    """Accuracy in percent over all pairs of thing and colour, by what of it was seen in training."""
    right = (guess == things * len(COLOURS) + colours).cpu()
    seen = pairs.allowed[things.cpu(), colours.cpu()]
    found = {"accuracy on pairs seen in training": right[seen]}
    if not seen.all():
        found["accuracy on pairs never seen together"] = right[~seen]
    parts = {"accuracy of the thing": guess // len(COLOURS) == things, "accuracy of the colour": guess % len(COLOURS) == colours}
    return {name: 100 * values.float().mean().item() for name, values in (found | parts).items()}
