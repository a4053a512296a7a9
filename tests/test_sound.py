"""Spoken words as data: the synthesiser, the features, the recorded set's archive, and a folder of the user's own."""

import hashlib
import io
import math
import tarfile
import wave as wavefile
from itertools import combinations

import numpy as np
import pytest
import torch

from studykit.bench import sound, speech
from studykit.bench.sound import babble, fitted, load, log_mel, mel_filters
from studykit.errors import InputError

RATE = sound.RATE


def pcm(samples, rate=16000, channels=1, width=2):
    """The bytes of a .wav file."""
    file = io.BytesIO()
    with wavefile.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes() if width == 2 else bytes(samples))
    return file.getvalue()


def tone(hertz, seconds=1.0, rate=16000):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


# --- made speech


def test_every_speaker_says_every_word_within_bounds_and_for_a_seed_the_same():
    waves, words = speech.speech(3, 2, seed=5)
    assert waves.shape == (60, speech.SAMPLES) and waves.dtype == torch.float32
    assert torch.bincount(words).tolist() == [6] * 10
    assert waves.isfinite().all() and waves.abs().max() < 1
    assert torch.equal(waves, speech.speech(3, 2, seed=5)[0])
    assert not torch.equal(waves, speech.speech(3, 2, seed=6)[0])
    assert not torch.allclose(waves[0], waves[10]), "a second take is another one"


def test_the_global_generator_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    load(seed=77)
    assert torch.equal(torch.get_rng_state(), before)


def test_pitch_is_the_voices_own():
    for hertz in (100.0, 160.0, 220.0):
        voice = speech.voices(1, torch.Generator().manual_seed(0))._replace(pitch=torch.tensor([hertz]))
        wave = speech.say(torch.tensor([3]), voice, torch.Generator().manual_seed(1))[0]  # "three" is voiced for long
        spectrum = torch.fft.rfft(wave * torch.hann_window(len(wave))).abs()
        lags = torch.fft.irfft(spectrum**2)[int(RATE / 400) : int(RATE / 70)]
        found = RATE / (lags.argmax().item() + int(RATE / 400))
        assert found == pytest.approx(hertz, rel=0.12)


def test_formants_and_hiss_are_where_they_belong():
    """The vowel of "three" has energy at 270 Hz and above 2 kHz and a gap between; "six" hisses above 3 kHz."""
    waves, words = speech.speech(6, 1, seed=0)
    power = torch.fft.rfft(waves).abs().square()
    hertz = torch.linspace(0, RATE / 2, power.shape[-1])

    def share(word, low, high):
        chosen = power[words == word]
        return (chosen[:, (hertz >= low) & (hertz < high)].sum(1) / chosen.sum(1)).mean().item()

    assert share(3, 150, 450) > 3 * share(3, 900, 1800)
    assert share(6, 3000, 4000) > 3 * share(1, 3000, 4000)
    assert share(1, 600, 1500) > share(3, 600, 1500)


def test_words_differ_more_between_words_than_between_speakers_of_one():
    waves, words = speech.speech(8, 1, seed=1)
    mean = torch.stack([log_mel(waves[words == w], RATE).mean((0, 2)) for w in range(10)])
    within = torch.stack([log_mel(waves[words == w], RATE).mean(2).std(0) for w in range(10)]).mean()
    apart = torch.stack([(mean[a] - mean[b]).abs().max() for a, b in combinations(range(10), 2)])
    assert apart.median() > 0.5 * within and apart.min() > 0


def test_splits_have_speakers_of_their_own():
    made = load(seed=3)
    assert [len(x) for x, _ in (made.train, made.validation, made.test)] == [240, 200, 200]
    assert made.classes == speech.WORDS and made.rate == RATE
    for (one, _), (two, _) in combinations((made.train, made.validation, made.test), 2):
        assert torch.cdist(one, two).min() > 0.1
    assert not torch.equal(load(seed=4).test[0], made.test[0])


# --- features


def test_log_mel_is_what_its_definition_says():
    wave = torch.randn(2, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = log_mel(wave, RATE, 24)
    assert found.shape == (2, 24, 13)
    padded = np.pad(wave[1].numpy(), 128, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    for frame in (0, 5, 12):
        power = np.abs(np.fft.rfft(padded[80 * frame : 80 * frame + 256] * window)) ** 2 / (window**2).sum()
        expected = np.log(mel_filters(RATE, 256, 24).double().numpy() @ power + 1e-6)
        np.testing.assert_allclose(found[1, :, frame].numpy(), expected, rtol=1e-8)


def test_filters_are_triangles_even_in_mel():
    filters = mel_filters(16000, 512, 40)
    assert filters.shape == (40, 257) and (filters >= 0).all() and (filters <= 1).all()
    hertz = torch.linspace(0, 8000, 257)
    tops = 2595 * torch.log10(1 + hertz[filters[10:].argmax(1)] / 700)
    assert tops.diff().std() < 0.15 * tops.diff().mean()
    assert (filters.sum(0)[(hertz > 200) & (hertz < 7000)] - 1).abs().max() < 1e-4, "neighbours add up to 1"


def test_a_tone_lights_up_its_band_and_loudness_is_logarithmic():
    wave = torch.from_numpy(tone(1000, rate=RATE)).float()
    features = log_mel(wave, RATE)
    band = features.mean(-1).argmax().item()
    assert mel_filters(RATE, 256, 24)[band, round(1000 / RATE * 256)] > 0.3
    inner = (log_mel(2 * wave, RATE) - features)[band, 3:-3]
    torch.testing.assert_close(inner, torch.full_like(inner, math.log(4)), rtol=1e-3, atol=0)
    assert log_mel(torch.zeros(2, 3, 800), RATE).isfinite().all()


def test_babble_has_talkers_of_equal_loudness_and_any_number_of_rows():
    rng = torch.Generator().manual_seed(0)
    waves = torch.randn(5, 4000, generator=rng) * torch.tensor([[0.01], [1], [5], [1], [100]])
    noise = babble(waves, 40, rng)
    assert noise.shape == (40, 4000)
    assert noise.square().mean().item() == pytest.approx(6, rel=0.35)
    assert noise.isfinite().all()


def test_a_wave_is_cut_or_padded_at_both_ends():
    assert fitted(torch.arange(5.0), 9).tolist() == [0, 0, 0, 1, 2, 3, 4, 0, 0]
    assert fitted(torch.arange(9.0), 5).tolist() == [2, 3, 4, 5, 6]
    assert fitted(torch.ones(2, 3), 4).shape == (2, 4)


# --- recorded speech


def archive(path, *, lists=True, words=speech.WORDS, recording=None, per_word=4):
    """A small one of the form of Speech Commands; the first of each word is for validation, the second for the test."""
    files = {f"./{word}/{n:08x}_nohash_0.wav": recording or pcm(tone(200 + 100 * k, 0.9 + 0.1 * n))
             for k, word in enumerate(words) for n in range(per_word)}  # fmt: skip
    held = [[f"{word}/{n:08x}_nohash_0.wav" for word in words] for n in (0, 1)]
    if lists:
        files |= {f"./{name}_list.txt": "\n".join(each).encode() for name, each in zip(("validation", "testing"), held, strict=True)}
    files |= {"./bed/0_nohash_0.wav": pcm(tone(50)), "./_background_noise_/hum.wav": pcm(tone(60)), "./README.md": b"words"}
    with tarfile.open(path, "w:gz") as tar:
        for name, raw in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where data sets lie; downloads fail."""
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path))
    folder = tmp_path / "datasets" / "speech_commands"
    folder.mkdir(parents=True)
    sound._recorded.cache_clear()
    yield folder / "speech_commands_v0.02.tar.gz"
    sound._recorded.cache_clear()


def test_the_recorded_set_is_read_by_its_own_lists(home, monkeypatch):
    archive(home)
    monkeypatch.setattr(sound, "MD5", hashlib.md5(home.read_bytes()).hexdigest())
    read = load("speech_commands")
    assert [tuple(x.shape) for x, _ in (read.train, read.validation, read.test)] == [(20, RATE), (10, RATE), (10, RATE)]
    assert read.classes == speech.WORDS and sorted(read.test[1].tolist()) == list(range(10))
    x, y = read.validation
    for wave, label in zip(x, y.tolist(), strict=True):
        peak = torch.fft.rfft(wave).abs().argmax().item()
        assert peak == pytest.approx(200 + 100 * label, abs=1), "resampled from 16 kHz, and the pitch is the same"
        assert wave.abs().max().item() == pytest.approx(0.5, abs=0.03)


def test_no_more_than_asked_for_is_read_of_each_word(tmp_path):
    sound._recorded.cache_clear()
    splits = sound._recorded(archive(tmp_path / "words.tar.gz", per_word=6), 3)
    assert sum(len(x) for x, _ in splits) == 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lists": False}, "validation_list.txt"),
        ({"words": ("bed",)}, "ten digits"),
        ({"recording": b"no sound"}, "is no Speech Commands archive"),
        ({"recording": pcm(np.zeros(0))}, "a recording is empty"),
        ({"recording": pcm(np.zeros((10, 2)), channels=2)}, "not mono with 16 bits"),
    ],
    ids=["no lists", "no digits", "no wave file", "empty", "stereo"],
)  # fmt: skip
def test_an_archive_that_is_something_else_is_told_in_a_line(tmp_path, change, message):
    sound._recorded.cache_clear()
    with pytest.raises(InputError, match=message) as caught:
        sound._recorded(archive(tmp_path / "other.tar.gz", **change))
    assert "\n" not in str(caught.value) and "delete it and run again" in str(caught.value)


def test_a_damaged_archive_is_told_in_a_line(tmp_path):
    whole = archive(tmp_path / "whole.tar.gz").read_bytes()
    for name, raw in {"short": whole[: len(whole) // 2], "none": b"nothing", "empty": b""}.items():
        path = tmp_path / f"{name}.tar.gz"
        path.write_bytes(raw)
        with pytest.raises(InputError, match="is no Speech Commands archive"):
            sound._recorded(path)


def test_another_checksum_is_refused(home):
    archive(home)
    with pytest.raises(InputError, match="checksum"):
        load("speech_commands")


# --- a folder of one's own


def test_a_folder_gives_words_of_one_second_in_three_splits(tmp_path, capsys):
    for k, word in enumerate(("ja", "nein")):
        (tmp_path / word).mkdir()
        for n in range(10):
            (tmp_path / word / f"{n}.wav").write_bytes(pcm(tone(300 + 300 * k, 0.3 + 0.07 * n)))
    (tmp_path / "ja" / "broken.wav").write_bytes(b"RIFF")
    own = load(str(tmp_path), seed=1)
    assert own.classes == ("ja", "nein") and own.rate == RATE
    assert [tuple(x.shape) for x, _ in (own.train, own.validation, own.test)] == [(12, RATE), (4, RATE), (4, RATE)]
    every = torch.cat([x for x, _ in (own.train, own.validation, own.test)])
    assert len({round(each.square().sum().item(), 3) for each in every}) == 20, "no sound is in two splits"
    assert not torch.equal(load(str(tmp_path), seed=2).train[1], own.train[1]) or not torch.equal(
        load(str(tmp_path), seed=2).train[0], own.train[0]
    )
    assert "broken.wav" in capsys.readouterr().out


def test_an_unknown_name_is_told_in_a_line():
    with pytest.raises(InputError, match=r"dataset.*'spech'.*synthesised, speech_commands, or the path"):
        load("spech")


def test_the_experiment_takes_recorded_words_and_a_folder(home, tmp_path, monkeypatch):
    from studykit.data.audio_augment_experiment import _arms, run

    archive(home)
    monkeypatch.setattr(sound, "MD5", hashlib.md5(home.read_bytes()).hexdigest())
    folder = tmp_path / "own"
    for k, word in enumerate(("ja", "nein", "doch")):
        (folder / word).mkdir(parents=True)
        for n in range(6):
            (folder / word / f"{n}.wav").write_bytes(pcm(tone(300 + 300 * k, 0.4)))
    for dataset in ("speech_commands", str(folder)):
        result = run(dataset=dataset, steps=2, device="cpu")
        metrics = {name: dict(arm.metrics) for name, arm in result.arms.items()}
        assert all(0 <= each <= 100 for arm in metrics.values() for each in arm.values())
        _arms.cache_clear()  # what is kept for the other regime would be equal for that reason alone
        again = run(dataset=dataset, steps=2, device="cpu", regime="does_not")
        assert metrics == {name: dict(arm.metrics) for name, arm in again.arms.items()}
