"""What experiments rest on: tasks, the one loop, comparisons over seeds, pictures, downloads."""

import functools
import gzip
import http.server
import io
import math
import re
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from studykit.bench import plots, tasks
from studykit.bench.download import fetch
from studykit.bench.plots import Picture, lines, outcomes, smooth
from studykit.bench.result import Arm, Finding, Result, compare, interval, show
from studykit.bench.tasks import CONTEXT, Task, load, read_cifar, read_idx
from studykit.bench.train import Stopped, contest, part, place, search, state_bytes, train, watching
from studykit.errors import InputError

SMALL = ("digits", "text")


def sgd(parameters: Any, rate: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, rate, momentum=0.9)


# Tasks


@pytest.mark.parametrize("name", SMALL)
def test_task_depends_on_its_seed_alone(name: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = load(name, seed=1), load(name, seed=1), load(name, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.train + one.test, same.train + same.test, strict=True))
    if name == "digits":
        assert not torch.equal(one.test[1], other.test[1])
    for make in (one.make, same.make):
        torch.manual_seed(make is one.make)  # the caller's seed has no part in it
        assert all(torch.equal(a, b) for a, b in zip(make(3).parameters(), one.make(3).parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one.make(3).parameters(), one.make(4).parameters(), strict=True))


def rows(*splits: tuple[Tensor, Tensor]) -> Counter[tuple[bytes, int]]:
    return Counter(
        (x.numpy().tobytes(), int(y)) for images, labels in splits for x, y in zip(images, labels, strict=True)
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_of_digits_share_no_image_and_lose_none(seed: int) -> None:
    task = load("digits", seed=seed)
    (images, labels), _ = tasks._digits()
    assert rows(task.train, task.validation, task.test) == rows((images, labels))
    assert [len(split[0]) for split in (task.train, task.validation, task.test)] == [1079, 359, 359]
    assert images.min() >= 0 and images.max() == 1 and images.shape[1:] == (1, 8, 8)


def test_splits_of_text_follow_each_other_and_targets_are_one_ahead() -> None:
    task = load("text")
    ids, vocabulary = tasks._characters(tasks._help_texts())
    assert task.classes == vocabulary == int(ids.max()) + 1
    end = 0
    for x, y in (task.train, task.validation, task.test):
        assert torch.equal(x[1:], y[:-1])
        start = next(n for n in range(end, len(ids)) if torch.equal(ids[n : n + len(x)], x))
        assert start >= end
        end = start + len(x) + 1


@pytest.mark.parametrize("name", SMALL)
def test_batches_are_the_same_for_a_seed(name: str) -> None:
    task = load(name)
    three = [
        [next(batches) for _ in range(3)] for batches in (task.batches(8, 0), task.batches(8, 0), task.batches(8, 1))
    ]
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(three[0], three[1], strict=True))
    assert not torch.equal(three[0][0][0], three[2][0][0])
    assert not torch.equal(three[0][0][0], three[0][1][0])
    x, y = three[0][0]
    if name == "text":
        assert x.shape == y.shape == (8, CONTEXT) and torch.equal(x[:, 1:], y[:, :-1])
    else:
        assert x.shape == (8, 1, 8, 8) and y.shape == (8,)


def test_evaluation_is_what_it_says() -> None:
    task = load("digits")
    _, y = task.test

    class Sure(nn.Module):
        """Says the right class with probability p = e / (e + 9) for all but the first sample."""

        def forward(self, x: Tensor) -> Tensor:
            assert not self.training
            return nn.functional.one_hot(self.said[: len(x)], 10).double()

    network = Sure()
    network.said = y.clone()
    network.said[0] = (y[0] + 1) % 10
    found = task.evaluate(network)
    right = -math.log(math.e / (math.e + 9))
    assert found["accuracy"] == pytest.approx(100 * (len(y) - 1) / len(y))
    assert found["loss"] == pytest.approx(right + 1 / len(y), rel=1e-5)


def test_loss_of_text_splits_into_common_and_rare_characters() -> None:
    task = load("text")
    common = task._common()
    counts = torch.bincount(task.train[0], minlength=task.classes).double()
    share = counts[common].sum() / counts.sum()
    assert 0.5 <= share < 0.5 + counts.max() / counts.sum() and counts[common].min() >= counts[~common].max()
    found = task.evaluate(task.make(0))
    weight = common[task.test[1][: len(task.test[0]) // CONTEXT * CONTEXT]].double().mean().item()
    parts = weight * found["loss on common characters"] + (1 - weight) * found["loss on rare characters"]
    assert found["loss"] == pytest.approx(parts, rel=1e-4)
    assert found["loss"] == pytest.approx(math.log(task.classes), rel=0.1)  # nothing learned yet: all alike


def test_unknown_task_names_those_that_are() -> None:
    with pytest.raises(InputError, match=r"^dataset: is 'mnist'; give one of digits, text, fashion_mnist, cifar10, or the path of a folder$"):
        load("mnist")


# The loop


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", SMALL)
def test_loss_falls_in_both_precisions(name: str, dtype: torch.dtype) -> None:
    task, seen = load(name), []
    network = task.make(0)

    def loss_of(logits: Tensor, target: Tensor) -> Tensor:
        seen.append(logits.dtype)
        return task.loss(logits, target)

    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = train(network, optimizer, task.batches(32, 0), loss_of, steps=30, dtype=dtype)
    assert len(losses) == 30 and set(seen) == {dtype}
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_loop_is_the_plain_one() -> None:
    task = load("digits")
    network, by_hand = task.make(0), task.make(0)
    losses = train(network, sgd(network.parameters()), task.batches(4, 0), task.loss, steps=3)
    optimizer = sgd(by_hand.parameters())
    for step, (x, y) in zip(range(3), task.batches(4, 0), strict=False):
        loss = nn.functional.cross_entropy(by_hand(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert losses[step] == pytest.approx(loss.item())
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), by_hand.parameters(), strict=True))


def test_place() -> None:
    gpu = torch.cuda.is_available()
    assert place() == (torch.device("cuda" if gpu else "cpu"), torch.bfloat16 if gpu else torch.float32)
    assert place("cpu", "auto") == (torch.device("cpu"), torch.float32)
    assert place("cpu", "bfloat16") == (torch.device("cpu"), torch.bfloat16)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("cuda:99",), "device: is 'cuda:99', which PyTorch can't use here; give auto or cpu"),
        (("abacus",), "device: is 'abacus', which PyTorch can't use here; give auto or cpu"),
        (("cpu", "float16"), "dtype: is 'float16'; give one of auto, float32, bfloat16"),
        (("cpu", "nn"), "dtype: is 'nn'; give one of auto, float32, bfloat16"),
    ],
)
def test_place_that_is_not_there_is_one_line(given: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        place(*given)
    assert str(caught.value) == message


def test_gpu_asked_for_and_absent_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.cuda.is_available():
        assert place("cuda").device.type == "cuda"
        monkeypatch.setattr(torch, "empty", lambda *size, device: (_ for _ in ()).throw(RuntimeError("no CUDA GPUs")))
    with pytest.raises(InputError, match=r"^device: is 'cuda', which PyTorch can't use here; give auto or cpu$"):
        place("cuda")


def test_watching_sees_fraction_and_curves_and_can_stop() -> None:
    task = load("digits")
    network = task.make(0)
    seen: list[tuple[float, dict[str, int]]] = []

    def watch(done: float, curves: Any) -> None:
        seen.append((done, {name: len(values) for name, values in curves.items()}))
        if len(seen) == 4:
            raise Stopped

    def go(steps: int) -> list[float]:
        return train(network, sgd(network.parameters()), task.batches(2, 0), task.loss, steps=steps, name="lion")

    with watching(watch):
        go(15)
        with pytest.raises(Stopped):
            go(1000)
    assert seen == [(1 / 15, {"lion": 1}), (11 / 15, {"lion": 11}), (1.0, {"lion": 15}), (1 / 1000, {"lion": 1})]
    go(3)
    assert len(seen) == 4  # nobody watches any more


def test_parts_share_the_way_and_nest() -> None:
    seen = []

    def report(done: float) -> None:
        network = nn.Linear(1, 1)
        batch = (torch.ones(1, 1), torch.ones(1, 1))
        train(network, sgd(network.parameters()), [batch], nn.functional.mse_loss, steps=1)

    with watching(lambda done, _: seen.append(done)):
        for outer in range(2):
            with part(outer, 2):
                for inner in range(2):
                    with part(inner, 2):
                        report(1.0)
    assert seen == [0.25, 0.5, 0.75, 1.0]
    with part(0, 2):
        report(1.0)
    assert len(seen) == 4


class Noting(torch.optim.SGD):
    """Notes the parameters it is given and the first gradients."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, 0.0)
        self.start = [parameter.detach().clone() for parameter in self.param_groups[0]["params"]]
        self.grads: list[list[Tensor]] = []

    def step(self, closure: Any = None) -> None:
        self.grads.append([parameter.grad.clone() for parameter in self.param_groups[0]["params"]])


@pytest.mark.parametrize("name", SMALL)
def test_contest_pairs_its_arms(name: str) -> None:
    made: list[Noting] = []

    def make(parameters: Any) -> Noting:
        made.append(Noting(parameters))
        return made[-1]

    seen = []
    with watching(lambda done, curves: seen.append((done, *curves))):
        found = contest(load(name), {"one": make, "two": make}, steps=2, batch_size=4, seed=7)
    one, two = made
    assert all(torch.equal(a, b) for a, b in zip(one.start, two.start, strict=True))
    for step in range(2):  # lr is 0: gradients are equal only if the batches are
        assert all(torch.equal(a, b) for a, b in zip(one.grads[step], two.grads[step], strict=True))
    assert not torch.equal(one.grads[0][0], one.grads[1][0])
    assert list(found) == ["one", "two"] and dict(found["one"].metrics) == dict(found["two"].metrics)
    assert list(found["one"].curves["training loss"]) == list(found["two"].curves["training loss"])
    assert seen == [(0.25, "one"), (0.5, "one"), (0.75, "two"), (1.0, "two")]


def test_contest_counts_what_the_optimizer_keeps() -> None:
    task = load("digits")
    arms = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    found = contest(task, arms, steps=1, batch_size=4, seed=0)
    assert found["adam"].metrics["state bytes per parameter"] == 8
    assert found["sgd"].metrics["state bytes per parameter"] == 0
    optimizer = torch.optim.Adam([nn.Parameter(torch.ones(3, dtype=torch.float64))])
    optimizer.param_groups[0]["params"][0].grad = torch.ones(3, dtype=torch.float64)
    optimizer.step()
    assert state_bytes(optimizer) == 2 * 3 * 8  # the step count is not one of them


def test_search_reads_the_validation_split_only() -> None:
    whole = load("digits")
    unread = (whole.test[0] * math.nan, whole.test[1])
    task = Task(whole.train, whole.validation, unread, whole.network, whole.sequence, whole.classes)
    found = search(task, sgd, [1e-3, 1e-1], steps=20, batch_size=16, seed=0)
    assert list(found) == [1e-3, 1e-1]
    assert found[1e-1]["loss"] < found[1e-3]["loss"] and math.isfinite(found[1e-3]["loss"])


# Results over seeds


@pytest.mark.parametrize("count", [2, 3, 5, 10, 31, 32, 40, 100, 1000])
def test_interval_is_students(count: int) -> None:
    values = [math.sin(3 * n) + n % 3 for n in range(count)]
    mean, half = interval(values)
    assert mean == pytest.approx(np.mean(values))
    assert half == pytest.approx(scipy.stats.t.ppf(0.975, count - 1) * scipy.stats.sem(values), rel=3e-4)


def test_interval_of_one_value_and_of_none_that_is_finite() -> None:
    assert interval([3.0]) == (3.0, math.inf)
    for lost in (math.nan, math.inf):
        assert all(map(math.isnan, interval([lost, 1.0, 2.0])))
    assert all(map(math.isnan, interval([-math.inf, math.inf])))


def results(ours: list[float], theirs: list[float], regime: str = "helps", higher: bool = False) -> list[Result]:
    return [
        Result(regime, seed, "loss", higher, {"lion": Arm({"loss": a}), "adamw": Arm({"loss": b})})
        for seed, (a, b) in enumerate(zip(ours, theirs, strict=True))
    ]


def finding(ours: list[float], theirs: list[float], higher: bool = False) -> Finding:
    return compare(results(ours, theirs, higher=higher)).of("helps", "adamw")


def test_compare_pairs_by_seed() -> None:
    ours, theirs = [1.0, 2.0, 3.1], [1.5, 2.6, 3.5]
    found = finding(ours, theirs)
    paired = scipy.stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(paired.low, rel=1e-3), pytest.approx(paired.high, rel=1e-3))
    assert found.difference == pytest.approx(-0.5)
    assert (found.mean, found.other) == (pytest.approx(np.mean(ours)), pytest.approx(np.mean(theirs)))
    assert (found.wins, found.seeds, found.verdict) == (3, 3, "better")  # unpaired there would be nothing to see


@pytest.mark.parametrize(
    ("differences", "higher", "verdict", "wins"),
    [
        ([-1.0, -1.1, -0.9], False, "better", 3),
        ([-1.0, -1.1, -0.9], True, "worse", 0),
        ([1.0, 1.1, 0.9], False, "worse", 0),
        ([1.0, 1.1, 0.9], True, "better", 3),
        ([1.0, -1.1, 0.9], True, "same", 2),
        ([-1.0, 0.0, -1.0], False, "same", 2),
        ([0.0, 0.0, 0.0], False, "same", 0),
        ([-1.0], False, "same", 1),
        ([-1.0, -1.1, math.nan], False, "same", 2),
        ([math.inf, math.inf, math.inf], False, "same", 0),
        ([-math.inf, -1.0], False, "same", 2),
    ],
)  # fmt: skip
def test_verdict(differences: list[float], higher: bool, verdict: str, wins: int) -> None:
    found = finding(differences, [0.0] * len(differences), higher)
    assert (found.verdict, found.wins) == (verdict, wins)
    opposite = {"better": "worse", "worse": "better"}
    assert found.agreement(verdict) == ("agrees" if math.isfinite(found.difference) else "not shown")
    if verdict == "same":
        assert found.agreement("better") == found.agreement("worse") == "not shown"
    else:
        assert found.agreement(opposite[verdict]) == found.agreement("same") == "disagrees"


def test_finding_is_said_in_both_languages_with_the_same_numbers() -> None:
    said = [
        finding([1.0, 1.1], [2.0, 2.2]).say(),
        finding([2.0, 2.2], [1.0, 1.1]).say(),
        finding([1.0, 2.2], [1.1, 2.0]).say(),
        finding([1.0], [2.0]).say(),
        finding([math.nan, 1.0], [2.0, 1.0]).say(),
    ]
    words = ["better than", "worse than", "not clearly different from", "one seed has no interval", "a run diverged"]
    signs = ["优于 adamw（", "差于 adamw（", "与 adamw 差异不明显（", "仅一个种子，没有区间", "有训练发散，无法比较"]
    for text, en, zh in zip(said, words, signs, strict=True):
        assert en in text.en and zh in text.zh and "lion" in text.zh
        numbers = [Counter(re.findall(r"-?\d+(?:\.\d+)?|nan", each)) for each in text]
        assert numbers[0] == numbers[1]
    assert said[0].en.startswith("lion was better than adamw in loss: 1.05 / 2.1, paired difference -1.05 [")
    assert said[0].en.endswith("] (95 %), better in 2 of 2 seeds.")


def test_compare_keeps_regimes_apart_and_every_baseline() -> None:
    arms = {"lion": Arm({"loss": 1.0}), "adamw": Arm({"loss": 2.0}), "sgd": Arm({"loss": 0.5})}
    runs = [Result(regime, seed, "loss", False, arms) for seed in (0, 1) for regime in ("helps", "does_not")]
    effect = compare(iter(runs))
    assert [(each.regime, each.against) for each in effect.findings] == [
        ("helps", "adamw"), ("helps", "sgd"), ("does_not", "adamw"), ("does_not", "sgd"),
    ]  # fmt: skip
    rows = effect.rows({"helps": {"adamw": "better", "sgd": "better"}, "does_not": {"sgd": "worse"}})
    assert [row["agreement"] for row in rows] == ["agrees", "disagrees", "no expectation", "agrees"]
    assert rows[0]["verdict"] == "better" and rows[2]["expected"] is None
    assert compare([]).findings == ()


def test_seed_given_twice_is_refused() -> None:
    runs = results([1.0], [2.0])
    with pytest.raises(ValueError, match=r"^helps: a seed was given twice, .*; give each once$"):
        compare(runs * 2)


def test_result_without_its_curves() -> None:
    arm = Arm({"loss": 1.5}, {"training loss": [3.0, 2.0]})
    assert Result("helps", 3, "loss", False, {"lion": arm}).as_json() == {
        "regime": "helps", "seed": 3, "metric": "loss", "higher_is_better": False, "arms": {"lion": {"loss": 1.5}},
    }  # fmt: skip


# Pictures


def assert_png(picture: Picture) -> None:
    assert picture.png.startswith(b"\x89PNG") and picture.png.rstrip().endswith(b"IEND\xaeB`\x82")


def test_outcomes_say_every_arm() -> None:
    def run(seed: int, lost: float = 1.0) -> Result:
        curves = {"training loss": [3.0, 2.0 * lost, 1.0]}
        arms = {name: Arm({"loss": n + 0.25 * seed}, curves) for n, name in enumerate("abcdefghi")}
        return Result("does_not", seed, "loss", False, arms)

    picture = outcomes([run(0), run(2)])
    assert_png(picture)
    assert picture.alt == "loss by arm, mean over 2 seeds: " + ", ".join(
        f"{name} {n + 0.25:g}" for n, name in enumerate("abcdefghi")
    )
    assert_png(outcomes([run(0)]))
    assert_png(outcomes([run(0, math.nan), run(1)]))


def test_every_arm_and_series_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []
    monkeypatch.setattr(plots, "picture", lambda figure, alt: figures.append(figure))
    many = [f"arm {n}" for n in range(9)]  # more than there are colours
    lines({name: ([1, 2], [3, n]) for n, name in enumerate(many)}, "x", "y")
    arms = {name: Arm({"loss": 1.0}, {"training loss": [2.0, 1.0]}) for name in many}
    outcomes([Result("helps", seed, "loss", False, arms) for seed in (0, 1)])
    for axis in (figures[0].axes[0], figures[1].axes[0]):
        assert [line.get_label() for line in axis.lines] == many
    assert len([line for line in figures[1].axes[1].lines if line.get_marker() == "o"]) == 9


def test_lines_say_their_points() -> None:
    picture = lines({"loss <train>": ([1e-3, 1e-2], [2.0, 1.23456])}, "lr", "loss (nats)", log="xy")
    assert_png(picture)
    assert picture.alt == "loss (nats) over lr. loss <train>: 0.001 → 2, 0.01 → 1.235"
    bundle = picture._repr_mimebundle_()
    assert bundle["text/plain"] == picture.alt
    assert '<img alt="loss (nats) over lr. loss &lt;train&gt;: 0.001' in str(bundle["text/html"])
    assert "image/png" not in bundle  # it would be shown with an empty alternative text


def test_smoothing_is_the_mean_of_the_last() -> None:
    assert smooth([1.0, 3.0, 5.0, 7.0], 2) == [1.0, 2.0, 4.0, 6.0]
    assert show(0.000123456) == "0.0001235" and show(1234.5) == "1234" and show(8.0) == "8"


# Downloads


def idx(array: np.ndarray) -> bytes:
    shape = b"".join(side.to_bytes(4, "big") for side in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes())


def cifar(skip: str = "", cut: int = 0) -> bytes:
    """Two images per file; the first pixel of image n of file m is 10 m + n, its label the same modulo 10."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for m, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin", "readme.html"]):
            rows = np.zeros((2, 1 + 3 * 32 * 32), np.uint8)
            rows[:, 0] = [10 * m % 10, (10 * m + 1) % 10]
            rows[:, 1] = [10 * m, 10 * m + 1]
            data = rows.tobytes()[: rows.size - cut]
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(data)
            if name != skip:
                archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


IMAGES = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 251
FILES = {"images-idx3-ubyte.gz": idx(IMAGES), "labels-idx1-ubyte.gz": idx(np.array([7, 2])), "cifar.tar.gz": cifar()}


class Server:
    """An HTTP server of this machine that notes what is asked of it."""

    def __init__(self, folder: Path) -> None:
        asked = self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                if self.path == "/garbage":
                    self.wfile.write(b"this is not HTTP\r\n\r\n")
                elif self.path == "/cut":
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b"only this")
                else:
                    super().do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where data sets are kept, in a home of this test's own."""
    monkeypatch.setenv("STUDYKIT_HOME", str(tmp_path / "home"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home" / "datasets"


@pytest.fixture
def server(tmp_path: Path, kept: Path) -> Iterator[Server]:
    folder = tmp_path / "published"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    running = Server(folder)
    yield running
    running.close()


def checksum(name: str) -> str:
    return md5(FILES[name]).hexdigest()


def get(server: Server, name: str) -> Path:
    return fetch("tiny", server.url(name), checksum(name))


def test_download_of_idx_files(server: Server, kept: Path) -> None:
    images, labels = (get(server, name) for name in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"))
    assert images == kept / "tiny" / "images-idx3-ubyte.gz"
    assert torch.equal(read_idx(images), torch.from_numpy(IMAGES.astype(np.uint8)))
    assert read_idx(labels).tolist() == [7, 2]
    assert sorted(path.name for path in images.parent.iterdir()) == ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"]


def test_download_of_cifar(server: Server) -> None:
    (images, labels), (test_images, test_labels) = read_cifar(get(server, "cifar.tar.gz"))
    assert images.shape == (10, 3, 32, 32) and images.dtype == torch.float32 and labels.dtype == torch.int64
    assert (255 * images[:, 0, 0, 0]).round().tolist() == [0, 1, 10, 11, 20, 21, 30, 31, 40, 41]
    assert labels.tolist() == [0, 1] * 5
    assert (255 * test_images[:, 0, 0, 0]).round().tolist() == [50, 51] and test_labels.tolist() == [0, 1]


def test_file_that_is_there_needs_no_network(server: Server) -> None:
    path = get(server, "cifar.tar.gz")
    before = path.stat().st_mtime_ns
    assert get(server, "cifar.tar.gz") == path and path.stat().st_mtime_ns == before
    assert server.asked == ["/cifar.tar.gz"]


def assert_refused(path: Path, message: str, url: str, right: str = "0" * 32) -> None:
    """One line that names the file and where to put it; nothing but what was there stays."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(InputError) as caught:
        fetch(path.parent.name, url, right)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and "\n" not in said
    assert re.search(message, said), said
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before


def test_wrong_checksum_keeps_nothing(server: Server, kept: Path) -> None:
    url = server.url("cifar.tar.gz")
    assert_refused(
        kept / "tiny" / "cifar.tar.gz", rf"{url} gave a file without the checksum 0+; run again, or put", url
    )


def test_damaged_file_is_left_for_its_owner_to_delete(server: Server, kept: Path) -> None:
    path = get(server, "cifar.tar.gz")
    path.write_bytes(b"damaged")
    assert_refused(path, r"has not the checksum 0+; delete the file and run again", server.url(path.name))
    assert path.read_bytes() == b"damaged" and len(server.asked) == 1
    path.unlink()
    assert read_cifar(get(server, "cifar.tar.gz"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.gz", r"could not be downloaded \(File not found\); get http://\S+/absent.gz and put it there$"),
        ("garbage", r"could not be downloaded \(this is not HTTP\); get http://\S+/garbage and put it there$"),
        ("cut", r"/cut gave a file without the checksum 0+; run again|could not be downloaded"),
    ],
)
def test_server_that_fails(server: Server, kept: Path, name: str, message: str) -> None:
    assert_refused(kept / "tiny" / name, message, server.url(name))


def test_server_that_is_gone(server: Server, kept: Path) -> None:
    server.close()
    url = server.url("cifar.tar.gz")
    message = rf"could not be downloaded \(.*refused\); get {url} and put it there$"
    assert_refused(kept / "tiny" / "cifar.tar.gz", message, url)
    # As the message says: the file put there is taken, without the server.
    (kept / "tiny" / "cifar.tar.gz").write_bytes(FILES["cifar.tar.gz"])
    assert read_cifar(get(server, "cifar.tar.gz"))


def test_home_that_cannot_be_written_to(server: Server, kept: Path) -> None:
    kept.parent.write_text("a file where the folder should be")
    assert_refused(kept / "tiny" / "cifar.tar.gz", r"could not be downloaded \(.*\); get", server.url("cifar.tar.gz"))


def test_interrupted_download_leaves_nothing(server: Server, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("studykit.bench.download._md5", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get(server, "cifar.tar.gz")
    assert list((kept / "tiny").iterdir()) == []


@pytest.mark.parametrize(
    ("reader", "data", "kind"),
    [
        (read_idx, b"no gzip at all", "gzipped IDX file"),
        (read_idx, FILES["images-idx3-ubyte.gz"][:50], "gzipped IDX file"),
        (read_idx, FILES["images-idx3-ubyte.gz"][:40] + b"\xff" * 40, "gzipped IDX file"),
        (read_idx, gzip.compress(b"\0\0"), "gzipped IDX file"),
        (read_idx, gzip.compress(b"\0\0\x08\x01\0\0\0\x05abc"), "gzipped IDX file"),
        (read_cifar, b"no archive at all", "CIFAR-10 binary archive"),
        (read_cifar, cifar()[:200], "CIFAR-10 binary archive"),
        (read_cifar, cifar()[:100] + b"\xff" * 40 + cifar()[140:], "CIFAR-10 binary archive"),
        (read_cifar, cifar(skip="test_batch.bin"), "CIFAR-10 binary archive"),
        (read_cifar, cifar(cut=1), "CIFAR-10 binary archive"),
    ],
)
def test_file_that_is_something_else(tmp_path: Path, reader: Any, data: bytes, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        reader(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: is no {kind} (") and said.endswith("); delete it and run again")
    assert "\n" not in said


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_published_sets_become_tasks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published = {
        "train-images-idx3-ubyte.gz": idx(np.arange(10 * 784).reshape(10, 28, 28) % 251),
        "train-labels-idx1-ubyte.gz": idx(np.arange(10)),
        "t10k-images-idx3-ubyte.gz": FILES["images-idx3-ubyte.gz"],
        "t10k-labels-idx1-ubyte.gz": FILES["labels-idx1-ubyte.gz"],
        "cifar-10-binary.tar.gz": cifar(),
    }

    def given(folder: str, url: str, md5: str) -> Path:
        assert folder == name and len(md5) == 32
        path = tmp_path / url.rsplit("/", 1)[-1]
        path.write_bytes(published[path.name])
        return path

    monkeypatch.setattr(tasks, "fetch", given)
    source = getattr(tasks, f"_{name}").__wrapped__
    monkeypatch.setattr(tasks, f"_{name}", source)
    task, other = load(name, seed=0), load(name, seed=1)
    assert [len(split[0]) for split in (task.train, task.validation, task.test)] == [8, 2, 2]
    assert torch.equal(task.test[0], other.test[0])  # as published, whatever the seed
    assert not torch.equal(task.train[0], other.train[0])
    (images, labels), _ = source()
    assert rows(task.train, task.validation) == rows((images, labels)) and images.max() <= 1
    assert task.make(0)(task.test[0]).shape == (2, 10)
    assert math.isfinite(task.evaluate(task.make(0))["loss"])
