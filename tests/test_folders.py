"""A folder of the user's own: what is read from it, and one line for every file that can't be used."""

import math
import struct
import wave
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studykit.bench import folders
from studykit.bench.tasks import load
from studykit.errors import InputError
from studykit.knobs import knobs_of
from studykit.technique import catalog, technique

RATE = 8000


def tone(seconds: float = 0.1, rate: int = RATE, hertz: float = 440) -> np.ndarray:
    return 0.5 * np.sin(2 * math.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write_wave(path: Path, samples: np.ndarray, bits: int = 16, rate: int = RATE, channels: int = 1) -> None:
    whole = np.round(samples * (2 ** (bits - 1) - 1)).astype(np.int64)
    if bits == 8:
        whole += 128
    data = b"".join(int(each).to_bytes(bits // 8, "little", signed=bits > 8) for each in whole.repeat(channels))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(data)


def write_float_wave(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    data = samples.astype("<f4").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, rate, 4 * rate, 4, 32, b"data", len(data))  # fmt: skip
    path.write_bytes(head + data)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for n in range(5):
        write_wave(tmp_path / "low" / f"{n}.wav", tone(hertz=200 + n))
        write_wave(tmp_path / "high" / f"{n}.wav", tone(hertz=900 + n))
    return tmp_path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / name).mkdir()
        for n in range(6):
            Image.new("L", (20 + n, 40), level + n).save(tmp_path / name / f"{n}.png")
    return tmp_path


@pytest.fixture
def writings(tmp_path: Path) -> Path:
    for name in ("prose", "verse"):
        (tmp_path / name).mkdir()
        for n in range(5):
            (tmp_path / name / f"{n}.txt").write_text(f"{name} number {n}, with an é\n" * 30, encoding="utf-8")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_of_every_width(sounds: Path, bits: int, channels: int, capsys: pytest.CaptureFixture[str]) -> None:
    write_wave(sounds / "high" / "a.wav", tone(), bits, channels=channels)
    found, labels, names = folders.waves(sounds, RATE)
    assert names == ["high", "low"] and labels == [0] * 6 + [1] * 5 and said(capsys) == []
    assert found[5].dtype == torch.float32 and found[5].shape == (800,)
    assert np.abs(found[5].numpy() - tone()).max() < 2 ** (2 - bits) + 1e-6


def test_sound_of_floats_above_one_is_scaled_and_not_clipped(sounds: Path) -> None:
    write_float_wave(sounds / "high" / "a.wav", 6 * tone())
    loud = folders.waves(sounds, RATE)[0][5].numpy()
    assert np.abs(loud).max() == pytest.approx(1) and np.abs(loud - 2 * tone()).max() < 0.01


def test_sound_of_another_rate_keeps_length_in_seconds_and_pitch(sounds: Path) -> None:
    write_wave(sounds / "high" / "a.wav", tone(1, 44100), rate=44100)
    resampled = folders.waves(sounds, RATE)[0][5]
    assert len(resampled) == RATE
    assert torch.fft.rfft(resampled).abs().argmax() == 440


def test_unusable_sounds_are_named_and_the_rest_is_used(sounds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low = sounds / "low"
    (low / "empty.wav").write_bytes(b"")
    (low / "text.wav").write_text("no sound at all")
    write_wave(low / "zero.wav", tone(0))
    write_wave(low / "whole.wav", tone())
    (low / "cut.wav").write_bytes((low / "whole.wav").read_bytes()[:600])
    write_float_wave(low / "nan.wav", np.array([0.1, np.nan, 0.2]))
    (low / "notes.md").write_text("not meant for us")
    found, labels, _ = folders.waves(sounds, RATE)
    assert len(found) == 11 and labels.count(1) == 6
    lines = said(capsys)
    assert lines[0] == f"{low}: 1 of 12 files are no waves and are left out"
    assert [line.split(": ")[0] for line in lines[1:]] == [
        str(low / f"{name}.wav") for name in ("cut", "empty", "nan", "text", "zero")
    ]
    assert lines[2].endswith("empty.wav: is empty; left out")
    assert lines[3].endswith("nan.wav: has samples that are no numbers; left out")
    assert lines[5].endswith("zero.wav: has no samples; left out")
    assert all(line.endswith("; left out") for line in lines[1:])


def test_what_was_said_once_is_not_said_again(sounds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sounds / "low" / "empty.wav").write_bytes(b"")
    folders.waves(sounds, RATE)
    assert len(said(capsys)) == 1
    folders.waves(sounds, RATE)
    assert said(capsys) == []
    write_wave(sounds / "low" / "empty.wav", tone())  # mended by its owner: read again
    assert len(folders.waves(sounds, RATE)[0]) == 11


def test_unusable_images_are_named_and_the_rest_is_used(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = pictures / "dark"
    (dark / "empty.png").write_bytes(b"")
    (dark / "text.jpg").write_text("no image")
    Image.effect_noise((64, 64), 50).save(dark / "whole.png")
    (dark / "cut.png").write_bytes((dark / "whole.png").read_bytes()[:900])
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(dark / "alpha.png")
    Image.fromarray(np.full((9, 9), 40000, np.uint16)).save(dark / "deep.png")
    images, labels, names = folders.images(pictures)
    assert images.shape == (15, 3, 32, 32) and names == ["dark", "light"] and labels.tolist() == [0] * 9 + [1] * 6
    assert images.dtype == torch.float32 and images.min() >= 0 and images.max() <= 1
    assert images[0, 0, 0, 0] == pytest.approx(40 / 255)
    lines = said(capsys)
    assert [Path(line.split(": ")[0]).name for line in lines] == ["cut.png", "empty.png", "text.jpg"]
    assert lines[1].endswith("is empty; left out") and lines[2].endswith("is no image; left out")


def test_unusable_texts_are_named_and_the_rest_is_used(writings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prose = writings / "prose"
    (prose / "latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    (prose / "wide.txt").write_bytes("text".encode("utf-16"))
    (prose / "space.txt").write_text(" \n")
    (prose / "zero.txt").write_text("")
    (prose / "marked.txt").write_bytes(b"\xef\xbb\xbfmarked")
    texts, labels, names = folders.texts(writings)
    assert names == ["prose", "verse"] and labels == [0] * 6 + [1] * 5 and texts[5] == "marked"
    assert [line.removeprefix(f"{prose}/") for line in said(capsys)] == [
        "latin.txt: is not UTF-8 at byte 3; left out",
        "space.txt: has nothing but space; left out",
        "wide.txt: is not UTF-8 at byte 0; left out",
        "zero.txt: is empty; left out",
    ]


def test_folder_without_classes_says_how_it_should_look(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        folders.images(tmp_path)
    example = tmp_path / "name-of-a-class" / "1.png"
    assert str(caught.value) == (
        f"{tmp_path}: has 0 classes with usable images; give each of two or more a folder: {example}"
    )


def test_too_few_samples(pictures: Path) -> None:
    for n in range(5):
        (pictures / "dark" / f"{n}.png").unlink()
    with pytest.raises(InputError, match="has 7 usable images; give at least 10"):
        folders.images(pictures)


def test_images_of_a_folder_are_a_task(pictures: Path) -> None:
    (pictures / ".hidden").mkdir()
    task = load(str(pictures))
    assert task.classes == 2 and task.train[0].shape[1:] == (3, 32, 32)
    assert sum(len(split[0]) for split in (task.train, task.validation, task.test)) == 12
    assert task.make(0)(task.test[0]).shape == (2, 2)
    assert math.isfinite(task.evaluate(task.make(0))["loss"])


def test_texts_of_a_folder_are_a_text_to_continue(writings: Path) -> None:
    task = load(str(writings))
    assert task.sequence and task.classes == len(set(folders.corpus(writings)))
    assert math.isfinite(task.evaluate(task.make(0))["loss"])


IMAGE_SETS = {"auto", "digits", "fashion_mnist", "cifar10"}
TAKES = {each.id: knobs_of(import_module(each.module_of("_experiment")).run).get("dataset") for each in catalog().values()}
FOR_IMAGES = [name for name, knob in TAKES.items() if knob and knob.kind == "dataset" and set(knob.choices) <= IMAGE_SETS]


@pytest.mark.parametrize("technique_id", FOR_IMAGES)
def test_an_experiment_on_images_refuses_a_folder_of_texts_in_a_line(technique_id: str, writings: Path) -> None:
    run = import_module(technique(technique_id).module_of("_experiment")).run
    with pytest.raises(InputError, match="holds texts; this one takes images, one subfolder per class"):
        run(dataset=str(writings))


def test_folder_that_is_no_task(sounds: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds sounds; this one takes images or \.txt files"):
        load(str(sounds))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match=r"holds no images, \.txt or \.wav files; put one folder per class there"):
        load(str(tmp_path / "nothing"))
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / "a.txt").write_text("too short")
    with pytest.raises(InputError, match="has 9 characters in all; give a text of at least 1280"):
        load(str(tmp_path / "short"))
