"""Noise, speed and masks: against torchaudio's own output (reference/audio_augment.npz), and against the definitions."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from studykit.data.audio_augment import add_noise, spec_augment, speed_perturb

KEPT = {name: torch.from_numpy(each) for name, each in np.load(Path(__file__).parent / "reference" / "audio_augment.npz").items()
        if each.dtype.kind == "f"}  # fmt: skip
FACTORS = KEPT["factors"].tolist()
FREE = torch.float64


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(*shape, seed=0, dtype=FREE):
    return torch.randn(shape, generator=rng(seed), dtype=dtype)


def decibels(wave, added):
    """The definition: ten times the decimal logarithm of the ratio of mean squares."""
    return 10 * np.log10((wave.numpy() ** 2).mean(-1) / (added.numpy() ** 2).mean(-1))


# --- noise


def test_noise_and_its_gradients_are_those_of_torchaudio():
    wave, noise = (KEPT[name].clone().requires_grad_() for name in ("wave", "noise"))
    noisy = add_noise(wave, KEPT["snr"], noise)
    torch.testing.assert_close(noisy, KEPT["noisy"], rtol=1e-12, atol=1e-12)
    (noisy * KEPT["weights"]).sum().backward()
    torch.testing.assert_close(wave.grad, KEPT["wave_grad"], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(noise.grad, KEPT["noise_grad"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [(7,), (1,), (3, 50), (2, 3, 20), (0, 5), (1, 1, 1, 8)], ids=str)
@pytest.mark.parametrize("snr_db", [0, 10.0, -5, 60, -30.5])
def test_the_snr_is_met_by_every_wave(shape, snr_db):
    wave, noise = drawn(*shape), 7 * drawn(*shape, seed=1) + 1
    added = add_noise(wave, snr_db, noise) - wave
    np.testing.assert_allclose(decibels(wave, added), np.full(shape[:-1], snr_db), atol=1e-6)
    assert torch.allclose(added * noise.abs().amax(-1, keepdim=True), noise * added.abs().amax(-1, keepdim=True))


def test_snr_may_be_given_for_each_wave_or_for_some_axes():
    wave, noise = drawn(2, 3, 400), drawn(2, 3, 400, seed=1)
    for snr in (torch.tensor([0.0, 10.0, -3.0]), torch.tensor([[5.0], [-5.0]]), torch.tensor(4), torch.tensor([[1, 2, 3], [4, 5, 6]])):
        added = add_noise(wave, snr, noise) - wave
        np.testing.assert_allclose(decibels(wave, added), snr.double().expand(2, 3).numpy(), atol=1e-5)


def test_one_noise_serves_a_batch_and_each_wave_by_its_own_level():
    wave, noise = drawn(4, 60) * torch.tensor([[0.01], [1.0], [5.0], [100.0]]), drawn(60, seed=2)
    together = add_noise(wave, 3.0, noise)
    for row in range(4):
        torch.testing.assert_close(together[row], add_noise(wave[row], 3.0, noise), rtol=1e-12, atol=0)


def test_amplitudes_and_not_powers_are_added():
    """A sine of amplitude 1 has power 1/2; noise of power 1/2 at 20 dB has a tenth of its amplitude."""
    time = torch.arange(1000, dtype=FREE) / 1000
    wave, noise = (torch.sin(2 * math.pi * hertz * time) for hertz in (5, 50))
    torch.testing.assert_close(add_noise(wave, 20.0, noise), wave + 0.1 * noise, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(add_noise(wave, 10.0, noise), wave + math.sqrt(0.1) * noise, rtol=1e-12, atol=1e-12)


def test_nothing_is_clipped_and_nothing_that_was_given_is_changed():
    wave, noise = torch.ones(10, dtype=FREE), torch.ones(10, dtype=FREE)
    torch.testing.assert_close(add_noise(wave, 0.0, noise), torch.full((10,), 2.0, dtype=FREE))
    assert wave.eq(1).all() and noise.eq(1).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_dtype_and_device_stay(dtype):
    wave = drawn(2, 2000).to(dtype)
    for snr in (5.0, torch.tensor([5.0, 5.0]), torch.tensor([5.0, 5.0], dtype=FREE)):
        noisy = add_noise(wave, snr, generator=rng(1))
        assert noisy.dtype == dtype
        np.testing.assert_allclose(decibels(wave.double(), noisy.double() - wave.double()), 5, atol=0.2)
    assert add_noise(torch.zeros(2, 3, device="meta"), 3.0).device.type == "meta"


def test_silence_on_either_side_gives_the_wave_and_finite_gradients():
    wave, noise = drawn(3, 8).requires_grad_(), drawn(3, 8, seed=1).requires_grad_()
    kept = torch.tensor([[0.0], [1.0], [1.0]], dtype=FREE), torch.tensor([[1.0], [0.0], [1.0]], dtype=FREE)
    noisy = add_noise(wave * kept[0], 6.0, noise * kept[1])
    torch.testing.assert_close(noisy[0], torch.zeros(8, dtype=FREE))
    torch.testing.assert_close(noisy[1], wave[1])
    noisy.square().sum().backward()
    assert wave.grad.isfinite().all() and noise.grad.isfinite().all()


def test_infinite_decibels_are_no_noise():
    wave = drawn(2, 5)
    torch.testing.assert_close(add_noise(wave, math.inf), wave)
    mixed = add_noise(wave, torch.tensor([math.inf, 0.0]), drawn(2, 5, seed=1))
    torch.testing.assert_close(mixed[0], wave[0])
    assert not torch.allclose(mixed[1], wave[1])


def test_drawn_noise_is_white_normal_and_the_generators_own():
    wave = drawn(4, 20000)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, again = (add_noise(wave, 0.0, generator=rng(3)) for _ in range(2))
    assert torch.equal(one, again)
    assert torch.equal(torch.get_rng_state(), before), "the global generator is the caller's"
    assert not torch.equal(one, add_noise(wave, 0.0, generator=rng(4)))
    unit = one - wave
    unit = unit / unit.square().mean(-1, keepdim=True).sqrt()
    assert (unit.abs() > 1).double().mean().item() == pytest.approx(math.erfc(1 / math.sqrt(2)), abs=0.01)
    power = torch.fft.rfft(unit).abs().square().view(4, -1)[:, 1:].unflatten(1, (10, -1)).mean((0, 2))
    torch.testing.assert_close(power / power.mean(), torch.ones(10, dtype=FREE), rtol=0.05, atol=0)
    correlation = torch.corrcoef(unit) - torch.eye(4, dtype=FREE)
    assert correlation.abs().max() < 0.03, "each wave has noise of its own"
    assert not torch.equal(add_noise(wave, 0.0), add_noise(wave, 0.0))


# --- speed


@pytest.mark.parametrize("n", range(len(FACTORS)))
def test_speed_and_its_gradients_are_those_of_torchaudio(n):
    sound = KEPT["sound"].clone().requires_grad_()
    fast = speed_perturb(sound, 8000, FACTORS[n])
    torch.testing.assert_close(fast, KEPT[f"fast{n}"], rtol=1e-9, atol=1e-9)
    (fast * KEPT[f"pull{n}"]).sum().backward()
    torch.testing.assert_close(sound.grad, KEPT[f"fast{n}_grad"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 2.0])
def test_a_tone_moves_by_the_factor_and_keeps_its_loudness(factor):
    rate, hertz = 8000, 500.0
    time = torch.arange(4000, dtype=FREE) / rate
    fast = speed_perturb(torch.sin(2 * math.pi * hertz * time), rate, factor)
    assert fast.shape[-1] == math.ceil(4000 / factor - 1e-9)
    expected = torch.sin(2 * math.pi * hertz * factor * torch.arange(len(fast), dtype=FREE) / rate)
    inner = slice(100, len(fast) - 100)  # at its ends a tone begins and ends in silence
    torch.testing.assert_close(fast[inner], expected[inner], rtol=0, atol=0.015)
    peak = torch.fft.rfft(fast * torch.hann_window(len(fast), dtype=FREE)).abs().argmax() * rate / len(fast)
    assert peak.item() == pytest.approx(hertz * factor, abs=rate / len(fast))


@pytest.mark.parametrize(("up", "down"), [(10, 9), (10, 11), (2, 1), (1, 2)])
def test_it_is_the_polyphase_resampling_of_scipy(up, down):
    time = np.arange(2000) / 8000
    sound = sum(np.sin(2 * np.pi * hertz * time + hertz) for hertz in (100, 430, 900, 1400))
    theirs = resample_poly(sound, up, down, window=("kaiser", 8.0))
    ours = speed_perturb(torch.from_numpy(sound), 8000, down / up).numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours[60:-60], theirs[60:-60], atol=0.03)


def test_what_would_lie_above_half_the_rate_is_cut_off():
    time = torch.arange(4000, dtype=FREE) / 8000
    fast = speed_perturb(torch.sin(2 * math.pi * 3500 * time), 8000, 1.5)  # 5250 Hz would alias to 2750
    assert fast[100:-100].square().mean() < 1e-3


@pytest.mark.parametrize("shape", [(50,), (3, 50), (2, 3, 50), (2, 0), (0, 50), (1, 1)], ids=str)
def test_shapes_of_speed(shape):
    for factor in (0.7, 1.0, 1.3):
        wave = drawn(*shape)
        fast = speed_perturb(wave, 16000, factor)
        assert fast.shape == (*shape[:-1], math.ceil(round(shape[-1] / factor, 6)))
        for place in np.ndindex(shape[:-1]):
            torch.testing.assert_close(fast[place], speed_perturb(wave[place], 16000, factor))


def test_speed_takes_any_factor_and_keeps_the_dtype():
    wave = drawn(2, 300, dtype=torch.float32)
    for factor in (0.9137, 1.01234, 3.7):
        fast = speed_perturb(wave, 8000, factor)
        assert fast.dtype == torch.float32 and fast.isfinite().all()
        torch.testing.assert_close(fast, speed_perturb(wave.double(), 8000, factor).float(), rtol=1e-4, atol=1e-5)
    assert torch.autograd.gradcheck(lambda x: speed_perturb(x, 100, 1.1), drawn(2, 12).requires_grad_())
    torch.testing.assert_close(speed_perturb(wave, 8000, 1.0), wave)


def test_there_and_back_is_nearly_the_same():
    smooth = torch.from_numpy(np.convolve(np.random.default_rng(0).normal(size=2000), np.hanning(31), "same"))
    back = speed_perturb(speed_perturb(smooth, 8000, 0.8), 8000, 1.25)
    torch.testing.assert_close(back[50:-50], smooth[50:-50], rtol=0, atol=0.02 * smooth.abs().max().item())


# --- masks


@pytest.mark.parametrize("n", range(4))
def test_masks_are_those_of_torchaudio_from_the_same_draws(n):
    freq_masks, freq_width, time_masks, time_width, share = KEPT[f"policy{n}"].tolist()
    masked = spec_augment(
        KEPT["features"], int(freq_masks), int(freq_width), int(time_masks), int(time_width), share, generator=rng(n)
    )
    torch.testing.assert_close(masked, KEPT[f"masked{n}"], rtol=0, atol=0)
    assert not torch.equal(masked, KEPT["features"])


def test_a_mask_is_a_stretch_of_bands_or_of_frames_and_widths_are_even():
    ones = torch.ones(4000, 20, 30)
    bands = spec_augment(ones, 1, 8, 0, 0, generator=rng(1))
    frames = spec_augment(ones, 0, 0, 1, 12, generator=rng(2))
    for masked, axis, width in ((bands, 1, 8), (frames, 2, 12)):
        hidden = (masked == 0).float().amin(3 - axis)  # (4000, size): whole rows
        torch.testing.assert_close(hidden, (masked == 0).float().amax(3 - axis))
        assert ((hidden.diff(dim=1) != 0).sum(1) <= 2).all(), "one stretch"
        widths = torch.bincount(hidden.sum(1).long(), minlength=width) / 4000
        assert len(widths) == width, "a mask is narrower than its parameter"
        torch.testing.assert_close(widths, torch.full((width,), 1 / width), rtol=0, atol=0.03)
        # As published, the start is drawn below size - width: the last place is spared, here as in torchaudio.
        assert (hidden.mean(0)[:-1] > 0).all(), "every other place can be hidden"


def test_every_example_has_masks_of_its_own_and_the_share_bounds_them():
    masked = spec_augment(torch.ones(200, 8, 100), 0, 0, 1, 100, 0.1, generator=rng())
    hidden = (masked == 0)[:, 0].float().sum(1)
    assert hidden.max() == 9 and len(hidden.unique()) == 10
    assert torch.equal(spec_augment(torch.ones(2, 8, 10), 0, 0, 3, 5, 0.0), torch.ones(2, 8, 10))


def test_masks_take_a_value_leave_the_given_alone_and_let_gradients_through():
    given = drawn(2, 6, 10).requires_grad_()
    masked = spec_augment(given, 1, 4, 1, 5, value=-7.0, generator=rng(8))
    hidden = masked == -7
    assert hidden.any() and not hidden.all()
    torch.testing.assert_close(masked[~hidden], given[~hidden])
    masked.sum().backward()
    torch.testing.assert_close(given.grad, (~hidden).to(FREE))
    for shape in ((6, 10), (3, 6, 10), (2, 3, 6, 10), (0, 6, 10)):
        assert spec_augment(torch.ones(shape), 2, 27, 2, 100).shape == shape
    for dtype in (torch.float16, torch.bfloat16):
        assert spec_augment(torch.ones(6, 10, dtype=dtype)).dtype == dtype


def test_masks_follow_their_generator_alone():
    ones = torch.ones(3, 24, 40)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    assert torch.equal(spec_augment(ones, generator=rng(1)), spec_augment(ones, generator=rng(1)))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(spec_augment(ones, generator=rng(1)), spec_augment(ones, generator=rng(2)))


# --- what is refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: add_noise(torch.ones(4, dtype=torch.int16), 3.0), "wave must be floating point, got torch.int16: divide"),
        (lambda: add_noise(torch.ones(4, dtype=torch.complex64), 3.0), "wave must be floating point"),
        (lambda: add_noise(torch.tensor(1.0), 3.0), "wave must have at least 1 axes, got 0"),
        (lambda: add_noise(torch.ones(4), math.nan), "snr_db must be a number > -inf, got nan: give"),
        (lambda: add_noise(torch.ones(4), -math.inf), "snr_db must be a number > -inf, got -inf"),
        (lambda: add_noise(torch.ones(4), 3.0, torch.ones(5)), "noise must have the wave's 4 samples, got 5 samples: cut or"),
        (lambda: add_noise(torch.ones(4), 3.0, torch.tensor(1.0)), "noise must have the wave's 4 samples, got no samples"),
        (lambda: speed_perturb(torch.ones(4, dtype=torch.int16), 8000, 1.1), "wave must be floating point"),
        (lambda: speed_perturb(torch.ones(4), 0, 1.1), "rate must be >= 1 sample a second, got 0: give"),
        (lambda: speed_perturb(torch.ones(4), 8000, 0.0), "factor must be from 1/rate to below inf, got 0.0: give"),
        (lambda: speed_perturb(torch.ones(4), 8000, -1.1), "factor must be"),
        (lambda: speed_perturb(torch.ones(4), 8000, math.nan), "factor must be"),
        (lambda: speed_perturb(torch.ones(4), 8000, math.inf), "factor must be"),
        (lambda: spec_augment(torch.ones(4)), "features must have at least 2 axes, got 1: give"),
        (lambda: spec_augment(torch.ones(4, 4, dtype=torch.long)), "features must be floating point"),
        (lambda: spec_augment(torch.ones(4, 4), freq_masks=-1), "counts and widths must be >= 0, got"),
        (lambda: spec_augment(torch.ones(4, 4), time_width=-3), "counts and widths must be >= 0, got"),
        (lambda: spec_augment(torch.ones(4, 4), time_share=1.5), "time_share must be from 0 to 1, got 1.5: give"),
        (lambda: spec_augment(torch.ones(4, 4), time_share=math.nan), "time_share must be from 0 to 1"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_warnings_are_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec_augment(speed_perturb(add_noise(drawn(2, 500), 3.0), 8000, 0.9).view(2, 4, -1))
