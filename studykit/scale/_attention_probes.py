"""What an attention holds and moves, seen from below autograd: bytes alive at once, the largest tensor, traffic with slow memory.

Every operation of the thread passes a ``TorchDispatchMode``. What a kernel allocates inside itself is not seen.
"""

import math
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# These move no numbers: views, and memory that is given without being written.
STILL = (
    "view",
    "unsafe_view",
    "expand",
    "slice",
    "select",
    "transpose",
    "permute",
    "detach",
    "alias",
    "squeeze",
    "as_strided",
    "split",
)
STILL += ("reshape", "chunk", "unbind", "narrow", "diagonal", "empty", "new_empty", "empty_like", "t", "unfold")
# These write their first argument without reading it.
WRITERS = ("copy", "fill", "zero")
PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "mv", "addmv", "dot")


class Meter(TorchDispatchMode):
    """Watches what is done inside a ``with``.

    Args:
        on_chip: Numbers that fast memory holds: a tensor whose storage has more lies in slow memory.

    Attributes:
        peak: Most bytes alive at once of those allocated inside.
        largest: Numbers in the largest tensor allocated inside, written or not.
        largest_product: Numbers in the largest result of a matrix product.
        reads: Numbers read from slow memory.
        writes: Numbers written to it.
    """

    def __init__(self, on_chip: float = math.inf) -> None:
        super().__init__()
        self.on_chip, self.alive, self.peak, self.reads, self.writes = on_chip, 0, 0, 0, 0
        self.largest = self.largest_product = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operation and counts it."""
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        self._known.update(each.untyped_storage()._cdata for each in given)
        made = func(*args, **(kwargs or {}))
        written = [each for each in tree_leaves(made) if isinstance(each, Tensor)]
        for each in written:
            self._allocated(each)
        name = func.overloadpacket.__name__.strip("_")
        if name not in STILL:
            out = [each for each in tree_leaves((kwargs or {}).get("out")) if isinstance(each, Tensor)]
            read = given[1:] if name in WRITERS else given[: len(given) - len(out)]
            self.reads += sum(self._slow(each) for each in read)
            self.writes += sum(self._slow(each) for each in written)
            if name in PRODUCTS:
                self.largest_product = max([self.largest_product, *(each.numel() for each in written)])
        return made

    def _slow(self, tensor: Tensor) -> int:
        held = tensor.untyped_storage().nbytes() // tensor.element_size()
        return tensor.numel() if held > self.on_chip else 0

    def _allocated(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.largest = max(self.largest, size // tensor.element_size())
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.alive -= size


def peak_bytes(call: Callable[[], Any]) -> int:
    """Most bytes alive at once beyond those before the call.

    Args:
        call: What is measured; the bytes of its result count.
    """
    with Meter() as meter:
        call()
    return meter.peak


class Traffic(NamedTuple):
    """Numbers moved between slow and fast memory, for one head."""

    reads: int
    writes: int

    @property
    def total(self) -> int:
        """Both."""
        return self.reads + self.writes


def standard_traffic(n: int, d: int) -> Traffic:
    """Of attention in three passes: q k^T written; read, softmax written; that and v read, the result written.

    Args:
        n: Queries, and as many keys.
        d: Numbers in each.
    """
    return Traffic(reads=3 * n * d + 2 * n * n, writes=2 * n * n + n * d)


def tiled_traffic(n: int, d: int, block_q: int, block_k: int, causal: bool = False) -> Traffic:
    """Of the tiled forward pass: q read once, k and v once for every block of queries, result and logsumexp written once.

    Args:
        n: Queries, and as many keys.
        d: Numbers in each.
        block_q: Queries per tile.
        block_k: Keys per tile; without influence, as every key is read whatever the tile, but where causal.
        causal: Keys after a block of queries are not read.
    """
    ends = [min(start + block_q, n) for start in range(0, n, block_q)]
    keys = sum(ends) if causal else n * len(ends)
    return Traffic(reads=n * d + 2 * keys * d, writes=n * d + n)


def block_for(on_chip: int, d: int, block_k: int = 16) -> int:
    """The most queries per tile that fit: q and result (d each), scores (block_k), maximum and sum, beside block_k keys and values.

    Args:
        on_chip: Numbers that fast memory holds.
        d: Numbers in a query.
        block_k: Keys per tile.

    Raises:
        ValueError: Not even one query fits.
    """
    block_q = (on_chip - 2 * block_k * d) // (2 * d + block_k + 2)
    if block_q < 1:
        raise ValueError(
            f"on_chip must be >= {2 * block_k * d + 2 * d + block_k + 2}, got {on_chip}: take smaller tiles"
        )
    return block_q


def bound(n: int, d: int, on_chip: int) -> float:
    """The growth of the paper's theorem 2, N^2 d^2 / M, without its constant.

    Args:
        n: Queries, and as many keys.
        d: Numbers in each.
        on_chip: M, numbers that fast memory holds.
    """
    return n * n * d * d / on_chip
