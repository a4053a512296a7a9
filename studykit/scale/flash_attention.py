"""FlashAttention: exact attention in tiles, with a softmax that is put right as it goes; no N x N matrix is ever written.

Dao, Fu, Ermon, Rudra & Ré, "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", NeurIPS 2022,
arXiv:2205.14135, algorithms 2 and 4; queries in the outer loop of forward, and one number kept for each query, are of
FlashAttention-2, Dao 2023, arXiv:2307.08691. Online softmax: Milakov & Gimelshein 2018, arXiv:1805.02867.

    s   = scale q k^T              one tile of it
    m'  = max(m, rowmax(s))        p   = exp(s - m')
    l'  = exp(m - m') l + rowsum(p)        acc' = exp(m - m') acc + p v
    out = acc / l                  lse = m + log(l), from which backward makes p = exp(s - lse) again
    dv  = p^T dout       ds = p (dout v^T - rowsum(dout out))       dq = scale ds k       dk = scale ds^T q
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def flash_attention(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: float | None = None,
    block_q: int = 64, block_k: int = 64, *, key_padding_mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """softmax(scale q k^T) v without its matrix: ``F.scaled_dot_product_attention`` in plain PyTorch.

    Args:
        q: Queries (..., N_q, d). Leading dimensions, such as batch and heads, are broadcast against those of k and v.
        k: Keys (..., N_k, d).
        v: Values (..., N_k, d_v).
        causal: Query i sees keys 0 to i, both counted from the first (top-left), also where N_q and N_k differ.
        scale: Of the scores; None takes 1 / sqrt(d).
        block_q: Queries per tile, >= 1.
        block_k: Keys per tile, >= 1. On a CPU larger tiles, such as 512 x 256, are faster; ``studykit.scale._bench`` compares.
        key_padding_mask: (B, N_k) with B the first dimension; True where a key is attended to. A query without any gets 0.

    Returns:
        (..., N_q, d_v) in the dtype of q; sums are in at least float32. Differentiable once.

    Raises:
        ValueError: Shapes or dtypes don't fit together, or a block is < 1.

    Source: Dao et al. 2022, arXiv:2205.14135, algorithms 2 and 4.
    """
    if min(block_q, block_k) < 1:
        raise ValueError(f"block_q and block_k must be >= 1, got {block_q} and {block_k}: 64 to 512 are usual")
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    (q, k, v, mask), lead = _flattened(q, k, v, key_padding_mask)
    return _Flash.apply(q, k, v, mask, causal, scale, block_q, block_k).view(*lead, q.shape[-2], v.shape[-1])


def flash_attention_triton(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: float | None = None,
    *, key_padding_mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The same as `flash_attention`, forward and backward by Triton kernels: for a CUDA GPU.

    Args:
        q: Queries (..., N_q, d), float32, bfloat16 or float16, d up to 128; products in it, sums in float32.
        k: Keys (..., N_k, d).
        v: Values (..., N_k, d_v), d_v up to 128.
        causal: Query i sees keys 0 to i, both counted from the first (top-left).
        scale: Of the scores; None takes 1 / sqrt(d).
        key_padding_mask: (B, N_k); True where a key is attended to. A query without any gets 0.

    Returns:
        (..., N_q, d_v) in the dtype of q. Differentiable once.

    Raises:
        ImportError: Triton is not installed.
        ValueError: Shapes or dtypes don't fit together, or Triton's kernels don't take them or the device.

    Source: Dao 2023, arXiv:2307.08691, algorithms 1 and 2.
    """
    try:
        from ._flash_attention_triton import attend
    except ModuleNotFoundError as error:
        if error.name != "triton":
            raise
        raise ImportError("flash_attention_triton needs triton (Linux): pip install triton") from None
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    (q, k, v, mask), lead = _flattened(q, k, v, key_padding_mask)
    return attend(q, k, v, mask, causal, scale).view(*lead, q.shape[-2], v.shape[-1])


def _flattened(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> tuple[list[Tensor | None], torch.Size]:
    """Q, k, v (BH, N, d) and mask (BH, 1, N_k), once they fit together, and their leading dimensions."""
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        shapes = ", ".join(str(tuple(each.shape)) for each in (q, k, v))
        raise ValueError(
            f"q, k, v must be (..., N_q, d), (..., N_k, d), (..., N_k, d_v), got {shapes}: transpose or cut"
        )
    if not q.dtype == k.dtype == v.dtype or not q.dtype.is_floating_point:
        raise ValueError(f"q, k, v must have one floating dtype, got {q.dtype}, {k.dtype}, {v.dtype}: convert them")
    lead = torch.broadcast_shapes(*(each.shape[:-2] for each in (q, k, v)))
    if mask is not None:
        wanted = (*lead[:1], k.shape[-2])
        if mask.dtype != torch.bool or mask.shape != wanted:
            raise ValueError(f"key_padding_mask must be bool of {wanted}, got {mask.dtype} of {tuple(mask.shape)}: see B")
        mask = mask.view(*lead[:1], *[1] * len(lead[1:]), 1, k.shape[-2])
    flat = [
        None if each is None else each.expand(*lead, *each.shape[-2:]).reshape(lead.numel(), *each.shape[-2:])
        for each in (q, k, v, mask)
    ]  # (B H, N, d)
    return flat, lead


def _blocks(start: int, stop: int, size: int) -> Iterator[slice]:
    return (slice(n, min(n + size, stop)) for n in range(start, stop, size))


def _hide(s: Tensor, rows: slice, cols: slice, causal: bool, mask: Tensor | None) -> None:
    if causal and cols.stop > rows.start + 1:  # else the tile lies below the diagonal
        query, key = (torch.arange(each.start, each.stop, device=s.device) for each in (rows, cols))
        s.masked_fill_(key > query[:, None], -torch.inf)
    if mask is not None:
        s.masked_fill_(~mask[..., cols], -torch.inf)


class _Flash(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, mask, causal, scale, block_q, block_k):  # type: ignore[no-untyped-def]
        wide = torch.promote_types(q.dtype, torch.float32)
        out, lse = (
            q.new_empty(*q.shape[:2], n, dtype=t) for n, t in ((v.shape[2], q.dtype), (1, wide))
        )  # (B H, N_q, n)
        on_chip = [q.new_empty(len(q), block_q, n, dtype=wide) for n in (q.shape[2], block_k, v.shape[2])]
        turned = k.mT.contiguous()  # (B H, d, N_k): products read it in order
        for rows in _blocks(0, q.shape[1], block_q):
            qi, tile, acc = (each[:, : rows.stop - rows.start] for each in on_chip)
            qi.copy_(q[:, rows]).mul_(scale)
            acc.zero_()
            # m starts at the lowest finite number: from -inf, a tile without any key would make -inf - -inf, a NaN.
            m, total = torch.full_like(qi[..., :1], torch.finfo(wide).min), torch.zeros_like(qi[..., :1])
            for cols in _blocks(0, min(k.shape[1], rows.stop) if causal else k.shape[1], block_k):
                s = torch.bmm(qi, turned[..., cols].to(wide), out=tile[..., : cols.stop - cols.start])
                _hide(s, rows, cols, causal, mask)
                m, before = torch.maximum(m, s.amax(-1, keepdim=True)), m
                p, shrink = s.sub_(m).exp_(), (before - m).exp_()  # (B H, block_q, block_k), (B H, block_q, 1)
                total.mul_(shrink).add_(p.sum(-1, keepdim=True))
                acc.mul_(shrink).baddbmm_(p, v[:, cols].to(wide))
            total.clamp_(min=1)  # the greatest score adds exp(0); less means that there was no key, and 0 / 1 is 0
            out[:, rows] = acc.div_(total)
            lse[:, rows] = m.add_(total.log_())
        ctx.save_for_backward(q, k, v, mask, out, lse)
        ctx.settings = causal, scale, block_q, block_k
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (q, k, v, mask, out, lse), (causal, scale, block_q, block_k) = ctx.saved_tensors, ctx.settings
        dq, dk, dv = torch.zeros_like(q, dtype=lse.dtype), torch.empty_like(k), torch.empty_like(v)
        delta = torch.linalg.vecdot(grad.to(lse.dtype), out.to(lse.dtype)).unsqueeze(-1)  # (B H, N_q, 1)
        tiles = lse.new_empty(2, len(q), block_q, block_k)
        for cols in _blocks(0, k.shape[1], block_k):
            kj, vj = k[:, cols].to(lse.dtype) * scale, v[:, cols].to(lse.dtype)  # (B H, block_k, d)
            turned, dkj, dvj = (kj.mT.contiguous(), vj.mT.contiguous()), torch.zeros_like(kj), torch.zeros_like(vj)
            for rows in _blocks(cols.start // block_q * block_q if causal else 0, q.shape[1], block_q):
                tile = tiles[:, :, : rows.stop - rows.start, : cols.stop - cols.start]
                qi, up = q[:, rows].to(lse.dtype), grad[:, rows].to(lse.dtype)
                s = torch.bmm(qi, turned[0], out=tile[0])
                _hide(s, rows, cols, causal, mask)
                p = s.sub_(lse[:, rows]).exp_()
                dvj.baddbmm_(p.mT, up)
                ds = torch.bmm(up, turned[1], out=tile[1]).sub_(delta[:, rows]).mul_(p)
                dkj.baddbmm_(ds.mT, qi)
                dq[:, rows] += torch.bmm(ds, kj)
            dk[:, cols], dv[:, cols] = dkj.mul_(scale), dvj
        return dq.to(q.dtype), dk, dv, None, None, None, None, None
