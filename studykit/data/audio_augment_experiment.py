"""Noise and speed in training make a recogniser of words hold out in another noise; in quiet they have nothing to give."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated

import torch
from torch import Generator, Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.sound import FLOOR, Sounds, babble, fitted, load, log_mel
from studykit.bench.train import Place, part, place, tell, train
from studykit.data.audio_augment import add_noise, spec_augment, speed_perturb
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.technique import technique

BANDS = 24
QUIET = 0.5  # share of the waves that stay without noise
HEARD = ("white", "babble")  # kinds of noise in training; the test has pink noise, which none of the arms has heard
MASKS = {"freq_masks": 1, "freq_width": 5, "time_masks": 1, "time_width": 10}  # of 24 bands and 61 frames
# Of 1e-3, 3e-3 and 1e-2 the best for every arm on the validation speakers in pink noise at 0 dB, mean of seeds 100-102, 160 steps; in
# quiet within half a point of the best of each.
RATE_OF_OTHERS = 3e-3


class WordCNN(nn.Module):
    """Three convolutions over a spectrogram, means over four stretches of time, and a linear layer.

    Args:
        bands: Bands of the spectrogram.
        classes: Number of words.
        width: Channels of the first convolution.
    """

    def __init__(self, bands: int, classes: int, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(2 * width * -(-bands // 8) * 4, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of spectrograms (B, bands, frames)."""
        h = self.features(x.unsqueeze(1))  # (B, 2 width, bands / 8, frames / 8)
        return self.head(nn.functional.adaptive_avg_pool2d(h, (h.shape[2], 4)).flatten(1))


def features(wave: Tensor, rate: int, subtract: bool = False) -> Tensor:
    """Log-mel (B, bands, frames), each band normalised over the utterance to mean 0 and deviation 1, as recognisers do.

    Args:
        wave: (B, T).
        rate: Samples a second.
        subtract: Take away the power of the quietest fifth of the frames before the logarithm, but for a twentieth (spectral
            subtraction, Berouti et al. 1979).
    """
    found = log_mel(wave, rate, BANDS)
    if subtract:
        power = found.exp()
        hiss = power.quantile(0.2, -1, keepdim=True)
        found = (power - hiss).maximum(0.05 * power).clamp(min=FLOOR).log()
    return (found - found.mean(-1, keepdim=True)) / found.std(-1, keepdim=True).clamp(min=0.1)


def noise_like(wave: Tensor, kind: str, rng: Generator, talk: Tensor | None = None) -> Tensor:
    """Noise (B, T) as long as waves (B, T): `white`, `pink` (power falls as 1/frequency) or `babble`, made of the waves `talk`."""
    if kind == "babble":
        return babble(wave if talk is None else talk, len(wave), rng)
    white = torch.randn(wave.shape, generator=rng).to(wave.device)
    if kind == "white":
        return white
    spectrum = torch.fft.rfft(white)
    falls = torch.arange(spectrum.shape[-1], device=wave.device).clamp(min=30) ** -0.5
    return torch.fft.irfft(spectrum * falls, n=wave.shape[-1])


def run(
    *,
    lr: Annotated[float, Log(1e-5, 1)] = 3e-3,
    snr_low: Annotated[float, Range(-20, 60)] = 0.0,
    snr_high: Annotated[float, Range(-20, 60)] = 20.0,
    speed: Annotated[float, Range(0, 0.3)] = 0.1,
    test_snr: Annotated[float, Range(-20, 60)] = 0.0,
    batch_size: Annotated[int, Log(1, 1024)] = 32,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "synthesised", "speech_commands") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 160,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: a recogniser of ten words, trained with noise and speed, without, and with two other remedies.

    Args:
        lr: Learning rate of the technique; that of the others was chosen on the validation speakers, as its default was.
        snr_low: Least SNR of the noise in training, in dB; half of the waves get none.
        snr_high: Greatest SNR of it.
        speed: A wave of training is played at 1 - speed, 1 or 1 + speed.
        test_snr: SNR of the pink noise in the test, in dB.
        batch_size: Waves per step.
        regime: `helps` (test in noise) or `does_not` (test in quiet); with the learning rates of the others that are best there.
        dataset: `auto` is `synthesised`: ten digits by made voices. `speech_commands`: recorded, 2.4 GB to download. Or the path
            of a folder with one subfolder of `.wav` files per class.
        steps: Updates of each arm.
        seed: Of voices, initialisation, batches and noise.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Accuracy in percent on speakers that were not heard in training, in quiet and in three kinds of noise.
    """
    where = place(device, dtype)
    settings = (lr, snr_low, snr_high, speed, test_snr, batch_size, steps, seed)
    found = _arms("synthesised" if dataset == "auto" else dataset, where, *settings)
    tell(1.0, {name: arm.curves["training loss"] for name, arm in found.items()})
    metric = {"helps": "accuracy in pink noise", "does_not": "accuracy in quiet"}[regime]
    return Result(regime, seed, metric, True, found)


@lru_cache(maxsize=16)  # the regimes differ in what is read off the same networks: they are trained once
def _arms(
    dataset: str,
    where: Place,
    lr: float,
    snr_low: float,
    snr_high: float,
    speed: float,
    test_snr: float,
    batch_size: int,
    steps: int,
    seed: int,
) -> dict[str, Arm]:
    sounds, others = load(dataset, seed=seed, device=where.device), RATE_OF_OTHERS
    arms = {
        "noise and speed": (lr, {"kinds": HEARD, "snr": (snr_low, snr_high), "speed": speed}),
        "without": (others, {}),
        "SpecAugment": (others, {"masks": True}),
        "spectral subtraction": (others, {"subtract": True}),
    }
    tests, found = in_noise(sounds, seed, test_snr), {}
    for number, (name, (rate, how)) in enumerate(arms.items()):
        with part(number, len(arms)):
            network, losses = trained(
                sounds, rate, **how, steps=steps, batch_size=batch_size, seed=seed, dtype=where.dtype, name=name
            )
        metrics = heard(network, tests, sounds.test[1], sounds.rate, subtract="subtract" in how)
        found[name] = Arm(metrics, {"training loss": losses})
    return found


def trained(
    sounds: Sounds,
    lr: float,
    *,
    kinds: tuple[str, ...] = (),
    snr: tuple[float, float] = (0.0, 20.0),
    speed: float = 0.0,
    masks: bool = False,
    subtract: bool = False,
    steps: int,
    batch_size: int = 32,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    name: str = "loss",
) -> tuple[nn.Module, list[float]]:
    """A network trained in one way, and the loss of every step.

    Args:
        sounds: What it learns from.
        lr: Learning rate of AdamW.
        kinds: Of noise, drawn anew for each wave; none for no noise.
        snr: Between which the SNR is drawn evenly.
        speed: Waves are played at 1 - speed, 1 or 1 + speed.
        masks: Whether SpecAugment's masks are laid on the features.
        subtract: As in `features`.
        steps: Updates.
        batch_size: Waves per step.
        seed: Of initialisation and batches.
        dtype: As in `train`.
        name: In the live curves.
    """
    waves, labels = sounds.train
    rng = torch.Generator().manual_seed(seed)
    factors = (1 - speed, 1.0, 1 + speed) if speed else (1.0,)
    fast = [fitted(speed_perturb(waves, sounds.rate, factor), waves.shape[-1]) for factor in factors]
    played = torch.stack(fast)  # (speeds, N, T), once: as Ko et al. do it, offline
    pool = torch.stack([noise_like(waves, kind, rng) for kind in kinds]) if kinds else None  # (kinds, N, T)
    quiet = torch.stack([features(each, sounds.rate, subtract) for each in played]) if pool is None else played

    def drawn(high: int) -> Tensor:
        return torch.randint(high, (batch_size,), generator=rng).to(waves.device)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        hides = torch.Generator(waves.device).manual_seed(seed)
        while True:
            speeds, which = drawn(len(played)), drawn(len(waves))
            if pool is None:
                x = quiet[speeds, which]
            else:
                levels, coins = torch.rand(2, batch_size, generator=rng).to(waves.device)
                levels = (snr[0] + (snr[1] - snr[0]) * levels).masked_fill(coins < QUIET, torch.inf)
                noise = pool[drawn(len(pool)), drawn(len(waves))]
                x = features(add_noise(played[speeds, which], levels, noise), sounds.rate, subtract)
            yield spec_augment(x, **MASKS, generator=hides) if masks else x, labels[which]

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = WordCNN(BANDS, len(sounds.classes)).to(waves.device)
    optimizer = technique("adamw").implementation()(network.parameters(), lr)
    loss_of = nn.functional.cross_entropy
    return network, train(network, optimizer, batches(), loss_of, steps=steps, dtype=dtype, name=name)


def in_noise(sounds: Sounds, seed: int, snr: float = 0.0, split: str = "test") -> dict[str, Tensor]:
    """A split in quiet and in each kind of noise, drawn apart from that of training; by name.

    Args:
        sounds: With the split.
        seed: Of the noise.
        snr: Its level in dB.
        split: `test` or `validation`; babble is made of the other one's speakers.
    """
    waves = getattr(sounds, split)[0]
    others = (sounds.validation if split == "test" else sounds.test)[0]
    rng = torch.Generator().manual_seed(1_000_000 + seed)
    kinds = {kind: noise_like(waves, kind, rng, others) for kind in ("pink", "white", "babble")}
    return {"quiet": waves} | {f"{kind} noise": add_noise(waves, snr, noise) for kind, noise in kinds.items()}


@torch.no_grad()
def heard(
    network: nn.Module, tests: Mapping[str, Tensor], labels: Tensor, rate: int, *, subtract: bool = False
) -> dict[str, float]:
    """Accuracy in percent in each of the tests.

    Args:
        network: Trained.
        tests: As `in_noise` gives them.
        labels: (B,).
        rate: Samples a second.
        subtract: As in `features`.
    """
    network.eval()
    guesses = {name: network(features(each, rate, subtract)).argmax(1) for name, each in tests.items()}
    return {f"accuracy in {name}": 100 * (each == labels).float().mean().item() for name, each in guesses.items()}


def effect(results: Iterable[Result]) -> Effect:
    """Noise and speed against each other arm, paired by seed."""
    return compare(results)
