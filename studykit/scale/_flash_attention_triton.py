"""FlashAttention as kernels for a GPU, in Triton: one program per block of queries forward, one per block of keys and one per block of queries backward.

Dao, "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning", 2023, arXiv:2307.08691, algorithms 1
and 2. Kept for backward: the result and one logsumexp per query. Backward is in two kernels, so that no two programs add to one place:

    delta = rowsum(dout out)                           _row_sums
    dv = p^T dout        dk = scale ds^T q             _backward_k: a block of keys stays on chip, queries stream past
    dq = scale ds k                                    _backward_q: a block of queries stays, keys stream past

Scores are in powers of two (times log2 e), as the hardware has exp2. Heads (BH, N, d) lie one after another; a width that is no
power of two is padded on chip, not in memory. ``TRITON_INTERPRET=1``, set before triton is imported, runs all of it on the CPU.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

WIDEST = 128
LOG2E = tl.constexpr(1.4426950408889634)
LOWEST = tl.constexpr(torch.finfo(torch.float32).min)
INTERPRETED = triton.knobs.runtime.interpret


def _tuned(*sizes: tuple[int, int, int, int]) -> Callable[[Any], Any]:
    """Let the first call for a length, width and dtype time (queries, keys, warps, stages); the interpreter has nothing to time."""
    configs = [
        triton.Config({"BLOCK_Q": q, "BLOCK_K": k}, num_warps=warps, num_stages=stages)
        for q, k, warps, stages in (((64, 32, 4, 1),) if INTERPRETED else sizes)
    ]
    return triton.autotune(configs, key=["length", "D", "E", "CAUSAL"], prune_configs_by={"early_config_prune": _few})


def _few(configs: list[triton.Config], given: Mapping[str, Any], **_constants: Any) -> list[triton.Config]:
    """In float32 the small tiles alone: exact products are unrolled, and a large tile of them takes a minute to compile."""
    if given["q"].dtype is not torch.float32:
        return configs
    return [each for each in configs if each.kwargs["BLOCK_Q"] * each.kwargs["BLOCK_K"] <= 64 * 32]


@triton.jit
def _load(x, head, rows, n, WIDTH: tl.constexpr, PADDED: tl.constexpr):
    cols = tl.arange(0, PADDED)
    at = x + head * n * WIDTH + rows[:, None] * WIDTH + cols[None, :]
    return tl.load(at, mask=(rows < n)[:, None] & (cols < WIDTH)[None, :], other=0.0)  # (BLOCK, PADDED)


@triton.jit
def _store(x, value, head, rows, n, WIDTH: tl.constexpr, PADDED: tl.constexpr):
    cols = tl.arange(0, PADDED)
    at = x + head * n * WIDTH + rows[:, None] * WIDTH + cols[None, :]
    tl.store(at, value.to(x.dtype.element_ty), mask=(rows < n)[:, None] & (cols < WIDTH)[None, :])


@triton.jit
def _product(a, b, acc, PRECISION: tl.constexpr, UPCAST: tl.constexpr):
    if UPCAST:  # the interpreter holds bfloat16 as bits, and would multiply these
        a, b = a.to(tl.float32), b.to(tl.float32)
    return tl.dot(a, b, acc, input_precision=PRECISION)


@triton.jit
def _scores(q, k, mask, head, rows, cols, n_k, scale, CAUSAL: tl.constexpr, PRECISION: tl.constexpr, UPCAST: tl.constexpr):
    none = tl.zeros((q.shape[0], k.shape[0]), tl.float32)
    seen = (cols < n_k)[None, :]
    if mask is not None:
        seen = seen & (tl.load(mask + head * n_k + cols, mask=cols < n_k, other=0) != 0)[None, :]
    if CAUSAL:
        seen = seen & (rows[:, None] >= cols[None, :])
    return tl.where(seen, _product(q, tl.trans(k), none, PRECISION, UPCAST) * (scale * LOG2E), float("-inf"))


@_tuned((128, 128, 8, 3), (128, 64, 4, 3), (128, 64, 8, 2), (64, 64, 4, 3), (64, 32, 4, 2), (32, 32, 4, 2))
@triton.jit
def _forward(
    q, k, v, mask, out, lse, scale, n_q, n_k, length,
    D: tl.constexpr, E: tl.constexpr, D_PAD: tl.constexpr, E_PAD: tl.constexpr,
    CAUSAL: tl.constexpr, PRECISION: tl.constexpr, UPCAST: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(n_q, BLOCK_Q)
    head, start = (tl.program_id(0) // blocks).to(tl.int64), tl.program_id(0) % blocks * BLOCK_Q
    rows = start + tl.arange(0, BLOCK_Q)
    qi = _load(q, head, rows, n_q, D, D_PAD)
    # m starts at the lowest finite number: from -inf, a tile without any key would make -inf - -inf, a NaN.
    m, total = tl.full((BLOCK_Q,), LOWEST, tl.float32), tl.zeros((BLOCK_Q,), tl.float32)
    acc = tl.zeros((BLOCK_Q, E_PAD), tl.float32)
    end = tl.minimum(n_k, start + BLOCK_Q) if CAUSAL else n_k
    for first in range(0, end, BLOCK_K):
        cols = first + tl.arange(0, BLOCK_K)
        s = _scores(qi, _load(k, head, cols, n_k, D, D_PAD), mask, head, rows, cols, n_k, scale, CAUSAL, PRECISION, UPCAST)
        higher = tl.maximum(m, tl.max(s, 1))
        p, shrink = tl.exp2(s - higher[:, None]), tl.exp2(m - higher)
        total = total * shrink + tl.sum(p, 1)
        vj = _load(v, head, cols, n_k, E, E_PAD)
        acc = _product(p.to(vj.dtype), vj, acc * shrink[:, None], PRECISION, UPCAST)
        m = higher
    total = tl.where(total == 0, 1.0, total)  # there was no key, and 0 / 1 is 0
    _store(out, acc / total[:, None], head, rows, n_q, E, E_PAD)
    tl.store(lse + head * n_q + rows, m + tl.log2(total), mask=rows < n_q)


@triton.jit
def _row_sums(out, grad, delta, n_q, E: tl.constexpr, E_PAD: tl.constexpr, BLOCK_Q: tl.constexpr):
    blocks = tl.cdiv(n_q, BLOCK_Q)
    head = (tl.program_id(0) // blocks).to(tl.int64)
    rows = tl.program_id(0) % blocks * BLOCK_Q + tl.arange(0, BLOCK_Q)
    o, up = (_load(out, head, rows, n_q, E, E_PAD).to(tl.float32), _load(grad, head, rows, n_q, E, E_PAD).to(tl.float32))
    tl.store(delta + head * n_q + rows, tl.sum(o * up, 1), mask=rows < n_q)


@_tuned((64, 128, 8, 2), (64, 64, 4, 2), (32, 128, 4, 2), (32, 64, 4, 2), (32, 32, 4, 1))
@triton.jit
def _backward_k(
    q, k, v, mask, grad, lse, delta, dk, dv, scale, n_q, n_k, length,
    D: tl.constexpr, E: tl.constexpr, D_PAD: tl.constexpr, E_PAD: tl.constexpr,
    CAUSAL: tl.constexpr, PRECISION: tl.constexpr, UPCAST: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(n_k, BLOCK_K)
    head, first = (tl.program_id(0) // blocks).to(tl.int64), tl.program_id(0) % blocks * BLOCK_K
    cols = first + tl.arange(0, BLOCK_K)
    kj, vj = _load(k, head, cols, n_k, D, D_PAD), _load(v, head, cols, n_k, E, E_PAD)
    dkj, dvj = tl.zeros((BLOCK_K, D_PAD), tl.float32), tl.zeros((BLOCK_K, E_PAD), tl.float32)
    none = tl.zeros((BLOCK_Q, BLOCK_K), tl.float32)
    for start in range(first if CAUSAL else 0, n_q, BLOCK_Q):
        rows = start + tl.arange(0, BLOCK_Q)  # those beyond the last query add 0: their gradient is loaded as 0
        qi, up = _load(q, head, rows, n_q, D, D_PAD), _load(grad, head, rows, n_q, E, E_PAD)
        lse_i = tl.load(lse + head * n_q + rows, mask=rows < n_q, other=0.0)
        delta_i = tl.load(delta + head * n_q + rows, mask=rows < n_q, other=0.0)
        s = _scores(qi, kj, mask, head, rows, cols, n_k, scale, CAUSAL, PRECISION, UPCAST)
        p = tl.exp2(s - lse_i[:, None])
        dvj = _product(tl.trans(p).to(up.dtype), up, dvj, PRECISION, UPCAST)
        ds = p * (_product(up, tl.trans(vj), none, PRECISION, UPCAST) - delta_i[:, None])
        dkj = _product(tl.trans(ds).to(qi.dtype), qi, dkj, PRECISION, UPCAST)
    _store(dk, dkj * scale, head, cols, n_k, D, D_PAD)
    _store(dv, dvj, head, cols, n_k, E, E_PAD)


@_tuned((128, 64, 8, 2), (64, 64, 4, 2), (128, 32, 4, 2), (64, 32, 4, 2), (32, 32, 4, 1))
@triton.jit
def _backward_q(
    q, k, v, mask, grad, lse, delta, dq, scale, n_q, n_k, length,
    D: tl.constexpr, E: tl.constexpr, D_PAD: tl.constexpr, E_PAD: tl.constexpr,
    CAUSAL: tl.constexpr, PRECISION: tl.constexpr, UPCAST: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(n_q, BLOCK_Q)
    head, start = (tl.program_id(0) // blocks).to(tl.int64), tl.program_id(0) % blocks * BLOCK_Q
    rows = start + tl.arange(0, BLOCK_Q)
    qi, up = _load(q, head, rows, n_q, D, D_PAD), _load(grad, head, rows, n_q, E, E_PAD)
    lse_i = tl.load(lse + head * n_q + rows, mask=rows < n_q, other=0.0)
    delta_i = tl.load(delta + head * n_q + rows, mask=rows < n_q, other=0.0)
    acc, none = tl.zeros((BLOCK_Q, D_PAD), tl.float32), tl.zeros((BLOCK_Q, BLOCK_K), tl.float32)
    end = tl.minimum(n_k, start + BLOCK_Q) if CAUSAL else n_k
    for first in range(0, end, BLOCK_K):
        cols = first + tl.arange(0, BLOCK_K)
        kj, vj = _load(k, head, cols, n_k, D, D_PAD), _load(v, head, cols, n_k, E, E_PAD)
        s = _scores(qi, kj, mask, head, rows, cols, n_k, scale, CAUSAL, PRECISION, UPCAST)
        ds = tl.exp2(s - lse_i[:, None]) * (_product(up, tl.trans(vj), none, PRECISION, UPCAST) - delta_i[:, None])
        acc = _product(ds.to(kj.dtype), kj, acc, PRECISION, UPCAST)
    _store(dq, acc * scale, head, rows, n_q, D, D_PAD)


def _common(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> dict[str, Any]:
    """The arguments that all but one kernel share."""
    d, e = q.shape[2], v.shape[2]
    return {
        "scale": scale, "n_q": q.shape[1], "n_k": k.shape[1],
        # Lengths up to the next power of two share what was tuned.
        "length": triton.next_power_of_2(max(q.shape[1], k.shape[1], 1)),
        "D": d, "E": e, "D_PAD": max(16, triton.next_power_of_2(d)), "E_PAD": max(16, triton.next_power_of_2(e)),
        "CAUSAL": causal, "UPCAST": INTERPRETED,
        # Of float32 alone: products as exact as torch's own, which are in TF32 only where the user asked for it.
        "PRECISION": "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32",
    }  # fmt: skip


def _grid(heads: int, length: int, block: str = "BLOCK_Q") -> Callable[[Mapping[str, int]], tuple[int]]:
    return lambda meta: (heads * triton.cdiv(length, meta[block]),)


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, mask, causal, scale):  # type: ignore[no-untyped-def]
        out, lse = q.new_empty(*q.shape[:2], v.shape[2]), q.new_empty(q.shape[:2], dtype=torch.float32)
        given = _common(q, k, v, causal, scale)
        with torch.cuda.device(q.device) if q.is_cuda else nullcontext():
            _forward[_grid(*q.shape[:2])](q, k, v, mask, out, lse, **given)
        ctx.save_for_backward(q, k, v, mask, out, lse)
        ctx.given = given
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (q, k, v, mask, out, lse), given, grad = ctx.saved_tensors, ctx.given, grad.contiguous()
        dq, dk, dv, delta = (torch.empty_like(each) for each in (q, k, v, lse))
        (heads, n_q, e), n_k = out.shape, k.shape[1]
        with torch.cuda.device(q.device) if q.is_cuda else nullcontext():
            _row_sums[_grid(heads, n_q)](out, grad, delta, n_q, E=e, E_PAD=given["E_PAD"], BLOCK_Q=64)
            _backward_k[_grid(heads, n_k, "BLOCK_K")](q, k, v, mask, grad, lse, delta, dk, dv, **given)
            _backward_q[_grid(heads, n_q)](q, k, v, mask, grad, lse, delta, dq, **given)
        return dq, dk, dv, None, None, None


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, scale: float) -> Tensor:
    """Attention of q (BH, N_q, d), k (BH, N_k, d), v (BH, N_k, d_v), mask bool (BH, 1, N_k) or None; (BH, N_q, d_v).

    Args:
        q: Queries, on a GPU, or anywhere under the interpreter.
        k: Keys.
        v: Values.
        mask: True where a key is attended to.
        causal: Query i sees keys 0 to i.
        scale: Of the scores.

    Raises:
        ValueError: The dtype, a width or the device is none that the kernels take.
    """
    if q.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        raise ValueError(f"q, k, v must be float32, bfloat16 or float16 for Triton, got {q.dtype}: flash_attention takes it")
    if not 1 <= min(q.shape[2], v.shape[2]) <= max(q.shape[2], v.shape[2]) <= WIDEST:
        widths = f"{q.shape[2]} and {v.shape[2]}"
        raise ValueError(f"d and d_v must be 1 to {WIDEST} for Triton, got {widths}: use more heads, or flash_attention")
    if not (q.is_cuda or INTERPRETED):
        raise ValueError(
            f"q must be on a CUDA GPU for Triton, got {q.device}: move it there, use flash_attention, or set TRITON_INTERPRET=1 "
            "before triton is imported"
        )
    mask = None if mask is None else mask.contiguous().view(torch.uint8)
    return _Flash.apply(q.contiguous(), k.contiguous(), v.contiguous(), mask, causal, scale)
