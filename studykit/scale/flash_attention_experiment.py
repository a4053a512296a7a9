"""FlashAttention on sequences of a thousand characters, where the N x N matrix is most of the memory; and on short ones."""

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.tasks import Task, load
from studykit.bench.train import part, place, train
from studykit.knobs import Choice, Dataset, Log
from studykit.models import Block, CharTransformer
from studykit.scale._attention_probes import peak_bytes
from studykit.scale.flash_attention import flash_attention
from studykit.technique import technique

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
MEGABYTE = 2**20


def whole_matrix(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention as it is written in a book: (..., N, N) scores, softmax, product."""
    scores = q @ k.mT * q.shape[-1] ** -0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1) @ v


class Attending(Block):
    """A transformer block whose attention is given.

    Args:
        width: Size of the residual stream.
        heads: Attention heads.
        attention: Of q, k, v (B, heads, N, width / heads).
    """

    def __init__(self, width: int, heads: int, attention: Attention) -> None:
        super().__init__(width, heads)
        self.attention = attention

    def attend(self, x: Tensor, visible: Tensor | None = None) -> Tensor:
        """Self-attention on (B, N, D), all of it text.

        Raises:
            ValueError: Something is padding.
        """
        if visible is not None:
            raise ValueError("visible must be None: the text has no padding, and the attentions compared here take q, k, v")
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)  # (B, H, N, D/H)
        return self.out(self.attention(q, k, v).transpose(1, 2).reshape(b, n, d))  # (B, N, D)


def language_model(task: Task, attention: Attention, length: int, heads: int, seed: int, width: int = 64) -> nn.Module:
    """A causal character model of one block, for up to `length` characters, the same for one seed whatever the attention."""
    device = task.train[0].device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        network = CharTransformer(task.classes, length, width, depth=0)
        network.blocks = nn.Sequential(Attending(width, heads, attention))
    return network.to(device)


def windows(task: Task, length: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless random stretches (1, length) of the training text, each with its next characters."""
    generator, (x, y) = torch.Generator().manual_seed(seed), task.train
    while True:
        start = int(torch.randint(len(x) - length, (), generator=generator))
        yield x[None, start : start + length], y[None, start : start + length]


def peak_of_a_step(network: nn.Module, task: Task, batch: tuple[Tensor, Tensor], dtype: torch.dtype) -> float:
    """MB that forward and backward hold at most beyond what was there before."""
    x, y = batch

    def step() -> None:
        with torch.autocast(x.device.type, dtype=dtype, enabled=dtype is not torch.float32):
            loss = task.loss(network(x), y)
        loss.backward()

    network.zero_grad()
    if x.device.type != "cuda":
        return peak_bytes(step) / MEGABYTE
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated(x.device)
    torch.cuda.reset_peak_memory_stats(x.device)
    step()
    return (torch.cuda.max_memory_allocated(x.device) - before) / MEGABYTE


# The rate has the lowest mean validation loss over seeds 100-102, 10 steps of 1,024 characters, of 1e-3, 3e-3, 1e-2, 3e-2; it
# is one for all arms, as they compute the same function.
def run(
    *,
    lr: Annotated[float, Log(1e-5, 1)] = 1e-2,
    length: Annotated[int, Log(16, 65_536)] = 1024,
    short_length: Annotated[int, Log(16, 65_536)] = 64,
    heads: Choice("1", "2", "4", "8") = "4",
    block: Annotated[int, Log(8, 4096)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "text") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 10,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: the same language model with three ways to compute the same attention.

    Args:
        lr: Of Adam, for all arms.
        length: Characters of a sequence where it helps.
        short_length: Characters of a sequence where it does not.
        heads: Attention heads, over a width of 64.
        block: Queries and keys per tile of the technique's arm.
        regime: `helps` or `does_not`.
        dataset: `auto` is the help texts of Python; or a folder of your own `.txt` files.
        steps: Updates per arm.
        seed: Of initialisation and batches.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        Three arms, compared by the most memory that forward and backward hold: `without` makes the whole matrix, `sdpa` is
        torch's own fused attention. Beside it the test loss and the mean seconds of a step.

    Raises:
        ValueError: The held-out text is shorter than a sequence.
    """
    where = place(device, dtype)
    task = load("text" if dataset == "auto" else dataset, seed=seed, device=where.device)
    n = length if regime == "helps" else short_length
    if n >= len(task.test[0]):
        raise ValueError(
            f"length must be < {len(task.test[0])}, that of the test text, got {n}: lower it or give more text"
        )
    ways: dict[str, Attention] = {
        "flash_attention": lambda q, k, v: flash_attention(q, k, v, causal=True, block_q=block, block_k=block),
        "without": whole_matrix,
        "sdpa": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    }
    arms = {}
    for number, (name, attention) in enumerate(ways.items()):
        network = language_model(task, attention, n, int(heads), seed)
        peak = peak_of_a_step(network, task, next(windows(task, n, seed)), where.dtype)
        optimizer = technique("adam").implementation()(network.parameters(), lr)
        begun = perf_counter()
        with part(number, len(ways)):
            drawn = windows(task, n, seed)
            losses = train(network, optimizer, drawn, task.loss, steps=steps, dtype=where.dtype, name=name)
        seconds = (perf_counter() - begun) / steps
        with torch.no_grad():
            x, y = (each[None, :n] for each in task.test)
            loss = task.loss(network(x).float(), y).item()
        arms[name] = Arm({"peak MB": peak, "test loss": loss, "step seconds": seconds}, {"training loss": losses})
    return Result(regime, seed, "peak MB", False, arms)


def effect(results: Iterable[Result]) -> Effect:
    """FlashAttention against each other arm, paired by seed."""
    return compare(results)
