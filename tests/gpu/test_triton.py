"""FlashAttention's Triton kernels on a real GPU: values, gradients, memory, and their time against torch's own."""

from collections.abc import Callable
from statistics import median

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from studykit.scale import flash_attention_triton

# Of the largest number in the result or gradient: float32 is summed in another order, halves also round p and ds.
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}
# (leading dimensions, N_q, N_k, d, d_v)
SHAPES = [
    ((2, 3), 128, 128, 64, 64),
    ((2, 1), 65, 300, 20, 24),
    ((1, 2), 500, 129, 128, 80),
    ((2,), 1, 1000, 16, 16),
    ((3, 2), 1000, 1000, 40, 40),
]


def drawn(lead: tuple[int, ...], n_q: int, n_k: int, d: int, d_v: int, dtype: torch.dtype) -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    sizes = ((n_q, d), (n_k, d), (n_k, d_v), (n_q, d_v))
    return [torch.randn(*lead, *size, generator=rng).to("cuda", dtype) for size in sizes]


def with_gradients(attention: Callable[..., Tensor], inputs: list[Tensor], upstream: Tensor) -> list[Tensor]:
    leaves = [each.clone().requires_grad_() for each in inputs]
    output = attention(*leaves)
    return [output, *torch.autograd.grad(output, leaves, upstream)]


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_values_and_gradients_are_those_of_torch(dtype, shape, causal, masked):
    *inputs, upstream = drawn(*shape, dtype)
    lead, n_q, n_k = shape[:3]
    keep = None
    seen = torch.ones(n_q, n_k, dtype=torch.bool, device="cuda")
    seen = seen.tril() if causal else seen
    if masked:
        keep = (torch.rand(lead[0], n_k, generator=torch.Generator().manual_seed(1)) < 0.7).cuda()
        keep[0] = False
        seen = seen & keep.view(lead[0], *[1] * len(lead[1:]), 1, n_k)
    found = with_gradients(lambda q, k, v: flash_attention_triton(q, k, v, causal, key_padding_mask=keep), inputs, upstream)
    with sdpa_kernel(SDPBackend.MATH):
        exact = with_gradients(
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=seen),
            [each.double() for each in inputs],
            upstream.double(),
        )
    for mine, other in zip(found, exact, strict=True):
        assert mine.dtype == dtype
        assert (mine.double() - other).abs().max() <= TOLERANCES[dtype] * max(other.abs().max().item(), 1.0)
    if masked:
        assert not found[0][0].any()


def held(call: Callable[[], object]) -> int:
    call()  # tuned and compiled before
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    kept = call()
    torch.cuda.synchronize()
    peak = torch.cuda.max_memory_allocated() - before
    del kept
    return peak


def test_memory_is_linear_in_the_length():
    found = {}
    for n in (2048, 4096):
        *inputs, upstream = drawn((1, 4), n, n, 64, 64, torch.bfloat16)
        found[n] = held(lambda i=inputs, u=upstream: with_gradients(flash_attention_triton, i, u))
    assert found[4096] < 2.1 * found[2048]
    with sdpa_kernel(SDPBackend.MATH):
        whole = held(lambda: with_gradients(F.scaled_dot_product_attention, inputs, upstream))
    assert found[4096] < whole / 10


def milliseconds(call: Callable[[], object], rounds: int = 20) -> float:
    taken = []
    for _ in range(rounds + 3):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        taken.append(start.elapsed_time(end))
    return median(taken[3:])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_time_beside_torch_s(dtype, capsys):
    *inputs, upstream = drawn((4, 16), 4096, 4096, 64, 64, dtype)
    rows = {}
    for name, attention in (("ours, Triton", flash_attention_triton), ("torch SDPA", F.scaled_dot_product_attention)):
        with torch.no_grad():
            rows[name] = milliseconds(lambda a=attention: a(*inputs))
        rows[f"{name}, with backward"] = milliseconds(lambda a=attention: with_gradients(a, inputs, upstream))
    with sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        rows["torch's whole matrix"] = milliseconds(lambda: F.scaled_dot_product_attention(*inputs), rounds=5)
    with capsys.disabled():
        print(f"\n{torch.cuda.get_device_name()}, {dtype}, 64 heads, N = 4,096, d = 64")
        for name, took in rows.items():
            print(f"  {name:28} {took:8.2f} ms")
    if dtype is torch.bfloat16:  # in float32 the exact products run beside the tensor cores
        assert rows["ours, Triton"] < rows["torch's whole matrix"]
