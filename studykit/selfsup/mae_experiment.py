"""At equal compute, leaving hidden patches out against mask tokens in the encoder; and ten labels for each class, where it does not pay here."""

import copy
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor, nn

from studykit.bench.probe import few_shot, fine_tune, frozen, linear_probe
from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import Place, part, place, tell
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.models import CNN, ViT
from studykit.selfsup._augment import Augment
from studykit.selfsup.mae import MAE, patchify, random_masking

# Tuned on validation, seeds 100-102. Pretraining: width 32, 48, 64, 96, depth 2 to 4, positions of standard deviation 0.02 to 2 (at ViT's
# own 0.02 the loss lies on its first plateau several times as long), learning rate 3e-3, 6e-3, 1e-2, with mask tokens in the encoder
# best at 1e-2. With labels, each arm for itself:
# learning rate 1e-3, 3e-3, the CNN's also 1e-2; 80 to 1280 updates; SimCLR's augmentation, this milder one, none.
WIDTH, DEPTH, POSITIONS = 64, 2, 0.5
AUGMENT = Augment(rotate=10, scale=0.1, shift=0.08, contrast=0.2, noise=0.05, erase=0)
RIDGES, INSIDE_LR, ERROR = (1e-3, 1e-2, 0.1, 1.0), 1e-2, "error on hidden pixels"


class Tuning(NamedTuple):
    """How an arm is trained on labels: the learning rate, and updates as a share of those of pretraining."""

    lr: float = 3e-3
    share: float = 0.4


class Images(NamedTuple):
    """A task whose pixels have mean 0 and variance 1, by those that are trained on."""

    task: Task
    train: Tensor
    validation: Tensor
    test: Tensor


@lru_cache(maxsize=2)
def images(dataset: str, seed: int, device: str) -> Images:
    """The images by name."""
    task = load(dataset, seed=seed, device=device, only="images")
    x = task.train[0]
    return Images(task, *((part[0] - x.mean()) / x.std() for part in (task.train, task.validation, task.test)))


def fresh(data: Images, seed: int) -> ViT:
    """An untrained ViT for these images, on their device, of at most 8 x 8 patches."""
    channels, size = data.train.shape[1:3]
    patch = next(side for side in range(2, size + 1) if size % side == 0 and size // side <= 8)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = ViT(channels, size, data.task.classes, patch=patch, width=WIDTH, depth=DEPTH)
        nn.init.normal_(network.pos_embed, std=POSITIONS)
    return network.to(data.train.device)


class Inside(MAE):
    """With mask tokens in the encoder, as BERT and SimMIM (arXiv:2111.09886) have them: it computes on all patches."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.blank = nn.Parameter(0.02 * torch.randn(1, 1, self.bridge.in_features))

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """As MAE's, with the same masks."""
        encoder = self.encoder
        patches = encoder.patch_embed(images).flatten(2).transpose(1, 2)  # (B, N, D)
        _, mask, _ = random_masking(patches, self.ratio, generator)
        patches = torch.where(mask[..., None], self.blank.to(patches.dtype), patches) + encoder.pos_embed[:, 1:]
        first = (encoder.cls_token + encoder.pos_embed[:, :1]).expand(len(images), -1, -1)
        tokens = encoder.norm(encoder.blocks(torch.cat([first, patches], 1)))
        painted = self.decode(tokens, torch.arange(mask.shape[1], device=mask.device).expand(mask.shape))
        return self.loss(images, painted, mask), painted, mask


def operations(model: MAE, ratio: float) -> int:
    """Multiply-adds per image of a forward pass, encoder and decoder: linear layers and attention's two products.

    Args:
        model: Of which sizes.
        ratio: Share of the patches that is left out of the encoder, 0 with mask tokens in it.
    """
    n, width = model.pos_embed.shape[1], model.mask_token.shape[-1]
    seen = 1 + round((n - 1) * (1 - ratio))
    encoder = 12 * seen * WIDTH**2 + 2 * seen**2 * WIDTH
    return DEPTH * encoder + len(model.blocks) * (12 * n * width**2 + 2 * n**2 * width)


def convolutional(data: Images, seed: int) -> CNN:
    """A small CNN for these images: it knows without training that neighbours belong together."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return CNN(*data.train.shape[1:3], data.task.classes).to(data.train.device)


def pretrained(
    data: Images, where: Place, seed: int, *, ratio: float, lr: float, batch_size: int, steps: int, norm_pix: bool = False,
    kind: type[MAE] = MAE,
) -> tuple[MAE, list[float]]:
    """A masked autoencoder after `steps` updates on the training images without their labels, and the loss of each."""
    encoder = fresh(data, seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind(encoder, ratio, norm_pix=norm_pix).to(data.train.device)
        nn.init.normal_(model.pos_embed, std=POSITIONS)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, pct_start=0.1)
    rng, losses = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        picked = torch.randint(len(data.train), (batch_size,), generator=rng).to(data.train.device)
        with autocast(where):
            loss = model(data.train[picked], rng)[0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 10 == 0:
            tell((step + 1) / steps, {"pretraining": losses})
    return model, losses


@lru_cache(maxsize=4)
def autoencoder(
    dataset: str, seed: int, where: Place, ratio: float, lr: float, batch_size: int, steps: int
) -> tuple[MAE, list[float]]:
    """As `pretrained`; both regimes need the same one, so it is trained once. Not to be changed."""
    data = images(dataset, seed, str(where.device))
    return pretrained(data, where, seed, ratio=ratio, lr=lr, batch_size=batch_size, steps=steps)


@torch.no_grad()
def hidden_error(model: MAE, data: Images, where: Place, seed: int) -> float:
    """Mean squared error on the hidden pixels of the test images, in units of the pixels' variance, over 4 draws of the masks."""
    rng, found = torch.Generator().manual_seed(seed), []
    for _ in range(4):
        with autocast(where):
            found += [model(some, rng)[0].item() * len(some) for some in data.test.split(512)]
    return sum(found) / (4 * len(data.test))


def gaussian_error(model: MAE, data: Images, seed: int) -> float:
    """The same, on the same masks, of the conditional mean of a Gaussian with the training images' mean and covariance."""
    train, validation, test = (patchify(x, model.patch).flatten(1).cpu().double() for x in (data.train, data.validation, data.test))
    mean, covariance, n = train.mean(0), train.T.cov(), model.pos_embed.shape[1] - 1

    def error(x: Tensor, ridge: float, draws: int) -> float:
        rng, total = torch.Generator().manual_seed(seed), 0.0
        places = torch.arange(len(mean)).view(n, -1)
        spread = covariance + ridge * torch.eye(len(mean), dtype=torch.float64)
        for some in (each for _ in range(draws) for each in x.split(512)):
            keep, mask, _ = random_masking(torch.arange(n).expand(len(some), -1), model.ratio, rng)
            for row, seen, hidden in zip(some, keep, mask, strict=True):
                known, unknown = places[seen].flatten(), places[hidden].flatten()
                weights = torch.linalg.solve(spread[known][:, known], row[known] - mean[known])
                total += (mean[unknown] + covariance[unknown][:, known] @ weights - row[unknown]).square().mean().item()
        return total / (draws * len(x))

    best = min(RIDGES, key=lambda ridge: error(validation[:200], ridge, 1))
    return error(test[:2000], best, 4 if len(test) <= 2000 else 1)


def autocast(where: Place) -> torch.autocast:
    """Halves where they are asked for."""
    return torch.autocast(where.device.type, dtype=where.dtype, enabled=where.dtype is not torch.float32)


def pooled(network: nn.Module, where: Place) -> Callable[[Tensor], Tensor]:
    """Features (B, D): the mean of a ViT's patches, what the last layer of a CNN reads."""

    def encode(x: Tensor) -> Tensor:
        with autocast(where):
            found = network.encode(x)
            return (found[:, 1:].mean(1) if found.ndim == 3 else found).float()

    return encode


def probed(network: nn.Module, data: Images, picked: Tensor, where: Place) -> float:
    """Test accuracy in percent of a linear probe on the frozen network, trained on the picked labels."""
    encode, task = pooled(network.eval(), where), data.task
    parts = [frozen(encode, x) for x in (data.train[picked], data.validation, data.test)]
    return linear_probe((parts[0], task.train[1][picked]), (parts[1], task.validation[1]), (parts[2], task.test[1]))[1]


def tuned(network: nn.Module, data: Images, picked: Tensor, where: Place, *, steps: int, lr: float, seed: int) -> float:
    """Test accuracy in percent after training the whole network on the picked labels, with the augmentation that every arm has."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        head = nn.Linear(network.head.in_features if isinstance(network, ViT) else 64, data.task.classes).to(data.train.device)
    rng, encode = torch.Generator().manual_seed(seed), pooled(network.train(), where)
    labelled = data.train[picked], data.task.train[1][picked]
    fine_tune(
        encode, [each for name, each in network.named_parameters() if not name.startswith("head")], head, labelled,
        steps=steps, lr=lr, batch=32, seed=seed, augment=lambda x: AUGMENT(x, rng),
    )  # fmt: skip
    with torch.no_grad():
        answers = torch.cat([head(encode(x)).argmax(-1) for x in data.test.split(512)])
    return 100 * (answers == data.task.test[1]).float().mean().item()


def at_equal_compute(name: str, where: Place, seed: int, **given: Any) -> Result:
    """Masked autoencoders of two kinds with the same number of multiply-adds, and a Gaussian."""
    data = images(name, seed, str(where.device))
    with part(0, 2):
        model, _ = autoencoder(name, seed, where, **given)
    updates = max(1, round(given["steps"] * operations(model, model.ratio) / operations(model, 0)))
    with part(1, 2):
        inside, _ = pretrained(data, where, seed, kind=Inside, **{**given, "steps": updates, "lr": INSIDE_LR})
    arms = {"MAE": Arm({ERROR: hidden_error(model, data, where, seed), "updates": given["steps"]})}
    arms["mask tokens in the encoder"] = Arm({ERROR: hidden_error(inside, data, where, seed), "updates": updates})
    arms["Gaussian"] = Arm({ERROR: gaussian_error(model, data, seed)})
    return Result("helps", seed, ERROR, False, arms)


def with_few_labels(name: str, where: Place, seed: int, per_class: int, **given: Any) -> Result:
    """Test accuracy after fine-tuning, and that of what is trained on the same labels alone."""
    data = images(name, seed, str(where.device))
    y = data.task.train[1]
    picked, everything = few_shot(y, per_class, seed), torch.arange(len(y), device=y.device)
    with part(0, 2):
        model, losses = autoencoder(name, seed, where, **given)
    networks: dict[str, nn.Module] = {
        "MAE": copy.deepcopy(model.encoder), "without": fresh(data, seed), "CNN": convolutional(data, seed),
    }  # fmt: skip
    arms = {}
    with part(1, 2):
        for number, (arm, network) in enumerate(networks.items(), 1):
            found = {"probe": probed(network, data, picked, where), "probe, all labels": probed(network, data, everything, where)}
            way = Tuning(1e-2, 0.8) if arm == "CNN" else Tuning()
            updates = max(1, round(way.share * given["steps"]))
            found["accuracy"] = tuned(network, data, picked, where, steps=updates, lr=way.lr, seed=seed)
            arms[arm] = Arm(found)
            tell(number / len(networks), {"pretraining": losses})
    pixels, labels = [x.flatten(1) for x in data[1:]], [split[1] for split in (data.task.train, data.task.validation, data.task.test)]
    by_pixels = [
        linear_probe((pixels[0][each], y[each]), (pixels[1], labels[1]), (pixels[2], labels[2]))[1] for each in (picked, everything)
    ]
    arms["pixel regression"] = Arm(dict(zip(("accuracy", "probe, all labels"), by_pixels, strict=True)))
    return Result("does_not", seed, "accuracy", True, arms)


def run(
    *,
    ratio: Annotated[float, Range(0.1, 0.95)] = 0.75,
    per_class: Annotated[int, Log(1, 1000)] = 10,
    lr: Annotated[float, Log(1e-5, 0.1)] = 3e-3,
    batch_size: Annotated[int, Log(2, 4096)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 500,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a ViT pretrained as a masked autoencoder, and what has to be beaten.

    Args:
        ratio: Share of the patches hidden in pretraining.
        per_class: Labels for each class, where it does not help.
        lr: Highest learning rate of MAE's pretraining.
        batch_size: Images per update of pretraining.
        regime: `helps` (the error on hidden patches at equal compute: hidden ones left out, or mask tokens in the encoder) or
            `does_not` (accuracy with few labels: fine-tuned, against supervised training with the same augmentation, and pixels).
        dataset: `auto` is digits.
        steps: Updates of MAE's pretraining; training on labels has two fifths of them, the CNN's four fifths.
        seed: Of split, initialisation, batches, masks, and of which labels are given.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Arms compared by the error on hidden pixels (1 is the pixels' variance), or by test accuracy; with the latter also `probe`
        and `probe, all labels`, linear probes of the features before any fine-tuning.
    """
    where, name = place(device, dtype), "digits" if dataset == "auto" else dataset
    given = {"ratio": ratio, "lr": lr, "batch_size": batch_size, "steps": steps}
    if regime == "helps":
        return at_equal_compute(name, where, seed, **given)
    return with_few_labels(name, where, seed, per_class, **given)


def effect(results: Iterable[Result]) -> Effect:
    """MAE against each other arm, paired by seed."""
    return compare(results)
