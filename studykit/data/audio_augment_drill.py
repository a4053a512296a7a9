"""Noise at a signal-to-noise ratio from a blank: powers of each wave, decibels, and whose generator draws."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from studykit.drill import Drill, Probe
from studykit.language import Text

from ._audio_augment_mistakes import WRONG
from .audio_augment import add_noise


class Given(NamedTuple):
    """One call with noise that is given.

    Args:
        snr_db: One number, or one for each wave.
        shape: Of the waves.
        loud: Factors of the waves.
        noisy: Factors of the noises.
        shift: A constant that stands in wave and noise.
        noise_shape: Of the noise, if it isn't that of the waves.
        gradient: Look at the gradient instead of the result.
        kept: Look at what was given, afterwards.
        dtype: Of all.
    """

    snr_db: float | tuple[float, ...]
    shape: tuple[int, ...] = (5,)
    loud: float | tuple[float, ...] = 0.4
    noisy: float | tuple[float, ...] = 3.0
    shift: float = 0.0
    noise_shape: tuple[int, ...] | None = None
    gradient: bool = False
    kept: bool = False
    dtype: torch.dtype = torch.float64

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """The result, with what was given where that is small enough to read."""
        rng = torch.Generator().manual_seed(seed)
        wave, noise = (
            (torch.randn(shape, generator=rng, dtype=self.dtype) + self.shift) * _factors(factors, shape)
            for shape, factors in ((self.shape, self.loud), (self.noise_shape or self.shape, self.noisy))
        )
        wave, noise = wave.to(self.dtype), noise.to(self.dtype)
        snr = torch.tensor(self.snr_db, dtype=self.dtype) if isinstance(self.snr_db, tuple) else self.snr_db
        given = {"given wave": wave.clone(), "given noise": noise.clone()} if wave.numel() < 6 else {}
        wave.requires_grad_(self.gradient)
        noisy = candidate(wave, snr, noise)
        if self.gradient:
            noisy.square().sum().backward()
            return {"gradient": wave.grad}
        if self.kept:
            return {"the wave that was given": wave, "the noise that was given": noise}
        return given | {"noisy wave": noisy}


def _factors(factors: float | tuple[float, ...], shape: tuple[int, ...]) -> Tensor | float:
    return torch.tensor(factors).view(*shape[:-1], 1) if isinstance(factors, tuple) else factors


class Drawn(NamedTuple):
    """One call without noise: what was added is judged by its power and its distribution, however it was drawn.

    Args:
        snr_db: In dB.
        shape: Of the waves.
        look: `level` (SNR of each wave), `normal` (how much lies beyond one deviation, and the mean), `repeated` (the same
            generator, the next draw, the global one) or `apart` (whether waves got different noise).
    """

    snr_db: float
    shape: tuple[int, ...]
    look: str

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """What is looked at."""
        draw = torch.Generator().manual_seed(seed)
        wave = 0.3 * torch.randn(self.shape, generator=draw, dtype=torch.float64)
        rng = torch.Generator().manual_seed(seed + 1)
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        added = candidate(wave.clone(), self.snr_db, generator=rng) - wave
        if self.look == "level":
            ratio = wave.square().mean(-1) / added.square().mean(-1)
            return {"SNR of each wave in dB": 10 * torch.log10(ratio)}
        if self.look == "normal":
            unit = added / added.square().mean(-1, keepdim=True).sqrt()
            beyond = (unit.abs() > 1).double().mean().item(), (unit.abs() > 2).double().mean().item()
            mean = unit.mean().abs().item()
            found = ("share beyond 1 deviation", "share beyond 2", "distance of the mean from 0")
            return dict(zip(found, (round(20 * beyond[0]) / 20, round(40 * beyond[1]) / 40, round(5 * mean) / 5), strict=True))
        if self.look == "apart":
            return {"waves got the same noise": bool(torch.allclose(added[0] / added[0].norm(), added[1] / added[1].norm()))}
        touched = not torch.equal(torch.get_rng_state(), before)
        second = candidate(wave.clone(), self.snr_db, generator=rng) - wave
        again = candidate(wave.clone(), self.snr_db, generator=torch.Generator().manual_seed(seed + 1)) - wave
        return {
            "the same generator gives the same": bool(torch.equal(added, again)),
            "the next draw is another": not torch.equal(added, second),
            "the global generator was used": touched,
        }


class Free(NamedTuple):
    """Two calls with neither noise nor generator: they differ, and follow torch.manual_seed."""

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """What is looked at."""
        wave = torch.linspace(-1, 1, 64, dtype=torch.float64)
        torch.manual_seed(seed)
        one, two = candidate(wave.clone(), 3.0), candidate(wave.clone(), 3.0)
        torch.manual_seed(seed)
        again = candidate(wave.clone(), 3.0)
        return {"two draws are the same": bool(torch.equal(one, two)), "seeded again: the same": bool(torch.equal(one, again))}


class Silence(NamedTuple):
    """Silence as wave, or as noise, in one row of two."""

    which: str

    def __call__(self, candidate: Any, seed: int) -> Mapping[str, Any]:
        """The result."""
        rng = torch.Generator().manual_seed(seed)
        wave, noise = (torch.randn(2, 4, generator=rng, dtype=torch.float64) for _ in range(2))
        (wave if self.which == "wave" else noise)[0] = 0
        return {"noisy wave": candidate(wave, 6.0, noise)}


def step_by_step(wave, snr_db, noise=None, generator=None):
    """Powers, ratio, root, in small steps."""
    if noise is None:
        noise = torch.empty_like(wave).normal_(generator=generator)
    p_wave = torch.mean(wave**2, dim=-1, keepdim=True)
    p_noise = torch.mean(noise**2, dim=-1, keepdim=True)
    snr = snr_db[..., None] if torch.is_tensor(snr_db) else snr_db
    wanted = p_wave / 10 ** (snr / 10)
    factor = torch.sqrt(wanted / p_noise.clamp_min(1e-30))
    return wave + factor * noise


def by_decibels(wave, snr_db, noise=None, generator=None):
    """The level there is and the level there should be, in decibels."""
    if noise is None:
        noise = torch.randn(wave.shape, dtype=wave.dtype, generator=generator)
    energy = wave.square().sum(-1)
    other = noise.square().sum(-1)
    has = 10 * (torch.log10(energy) - torch.log10(other))
    gain = torch.pow(10.0, (has - snr_db) / 20)
    gain = torch.where(other == 0, torch.zeros_like(gain), gain)
    return wave + gain.unsqueeze(-1) * noise


def unit_noise(wave, snr_db, noise=None, generator=None):
    """Noise of unit level first, then as loud as it should be."""
    if noise is None:
        noise = torch.normal(0.0, 1.0, wave.shape, generator=generator, dtype=wave.dtype)
    snr = torch.as_tensor(snr_db, dtype=wave.dtype)[..., None]
    noise = torch.nn.functional.normalize(noise, dim=-1)
    return torch.addcmul(wave, noise, wave.norm(dim=-1, keepdim=True) * torch.exp(-snr * 2.302585092994046 / 20))


drill = Drill(
    reference=add_noise,
    probes=(
        Probe("0 dB", Given(0.0), Text("one wave, snr_db=0", "一条波形，snr_db=0")),
        Probe("10 dB", Given(10.0, (4,)), Text("one wave, snr_db=10", "一条波形，snr_db=10")),
        Probe("-4.5 dB", Given(-4.5), Text("snr_db=-4.5, so the noise is louder", "snr_db=-4.5，噪声比信号响")),
        Probe("loud", Given(7.0, loud=5.0, noisy=0.01), Text("a loud wave, soft noise", "信号很响，噪声很轻")),
        Probe("offset", Given(4.0, shift=2.0), Text("wave and noise with a mean that isn't 0", "波形和噪声的均值不为 0")),
        Probe(
            "batch",
            Given(10.0, (3, 6), loud=(0.01, 1.0, 30.0), noisy=(2.0, 0.1, 1.0)),
            Text("three waves of different loudness", "三条响度不同的波形"),
        ),
        Probe(
            "each its own",
            Given((0.0, 12.0, -6.0), (3, 4)),
            Text("a batch of three, snr_db a tensor with one number each", "一批三条，snr_db 是张量，每条一个数"),
        ),
        Probe(
            "square batch",
            Given((0.0, 12.0, -6.0), (3, 3)),
            Text("as many waves as samples, snr_db one number each", "波形数等于采样点数，snr_db 每条一个数"),
        ),
        Probe("channels", Given(3.0, (2, 3, 5)), Text("waves (2, 3, 5)", "形状 (2, 3, 5) 的波形")),
        Probe("shared noise", Given(5.0, (4, 6), noise_shape=(6,)), Text("one noise (6,) for waves (4, 6)", "波形 (4, 6)，噪声 (6,)")),
        Probe("kept", Given(6.0, (2, 5), kept=True), Text("what was given, afterwards", "调用之后，传进来的张量")),
        Probe("gradient", Given(6.0, (2, 5), gradient=True), Text("the gradient with respect to the wave", "对波形的梯度")),
        Probe("float32", Given(6.0, (2, 5), dtype=torch.float32), Text("float32", "float32"), 1e-5),
        Probe("silent noise", Silence("noise"), Text("the first of two noises is silent", "两段噪声里第一段是静音")),
        Probe("silent wave", Silence("wave"), Text("the first of two waves is silent", "两条波形里第一条是静音")),
        Probe("drawn", Drawn(8.0, (3, 50), "level"), Text("no noise given: the level that is reached", "不给噪声：实际达到的信噪比")),
        Probe("normal", Drawn(0.0, (2, 20000), "normal"), Text("no noise given: its distribution", "不给噪声：噪声的分布")),
        Probe("apart", Drawn(0.0, (2, 50), "apart"), Text("no noise given, two waves", "不给噪声，两条波形")),
        Probe("generator", Drawn(3.0, (2, 20), "repeated"), Text("no noise given, with a generator", "不给噪声，给 generator")),
        Probe("free", Free(), Text("neither noise nor generator", "噪声和 generator 都不给")),
    ),
    mistakes=WRONG,
    variants={"step_by_step": step_by_step, "by_decibels": by_decibels, "unit_noise": unit_noise},
    forbidden=("torchaudio",),
    prompt=Text(
        "Write add_noise: waves (..., T) plus noise at snr_db = 10 log10(P_wave / P_noise), with P the mean square of each wave by "
        "itself. The wave stays as it is, the noise is scaled. snr_db is one number or a tensor (...). Without noise draw it from a "
        "normal distribution in the shape of the wave, by the generator. Noise of power 0 adds nothing. Clip nothing.",
        "写出 add_noise：给波形 (..., T) 加噪声，使 snr_db = 10 log10(P_wave / P_noise)，P 是每条波形各自的平方均值。信号不动，缩放的是"
        "噪声。snr_db 是一个数，或形状 (...) 的张量。没给噪声就用 generator 按波形的形状从正态分布里抽。噪声功率为 0 时什么都不加。不要"
        "截断。",
    ),
    hints=(
        Text("Which of the two is scaled, and by its power or by the root of it?", "两者缩放哪一个？乘的是功率之比，还是它的平方根？"),
        Text(
            "The power of the noise should be P_wave / 10^(snr_db/10); keep the axis of time for broadcasting.",
            "噪声的功率应为 P_wave / 10^(snr_db/10)；时间轴要保留，才好广播。",
        ),
        Text(
            "a = sqrt(P_wave / P_noise) * 10 ** (-snr_db / 20) with snr_db.unsqueeze(-1), and where P_noise is 0 divide by 1.",
            "a = sqrt(P_wave / P_noise) * 10 ** (-snr_db / 20)，snr_db 要 unsqueeze(-1)；P_noise 为 0 处除以 1。",
        ),
    ),
)
