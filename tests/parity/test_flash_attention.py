"""FlashAttention against torch's scaled_dot_product_attention: values, gradients, masks, memory and traffic."""

import itertools
import json
import math
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import profile

from studykit.scale._attention_probes import (
    Meter,
    block_for,
    bound,
    peak_bytes,
    standard_traffic,
    tiled_traffic,
)
from studykit.scale.flash_attention import flash_attention
from studykit.scale.flash_attention_experiment import run, whole_matrix
from studykit.widgets.bundle import bundle

PICTURE = Path(__file__).parents[2] / "studykit" / "scale" / "flash_attention.js"
DRAW = Path(__file__).parents[1] / "jupyter" / "draw.mjs"
# (leading dimensions, N_q, N_k, d, d_v): one tile, whole blocks, a rest, more keys than queries, more queries than keys.
SHAPES = [
    ((2, 3), 5, 5, 4, 4),
    ((2, 3), 64, 64, 8, 8),
    ((2,), 128, 192, 8, 8),
    ((1, 2), 65, 129, 5, 3),
    ((2, 1, 2), 150, 33, 4, 6),
    ((), 70, 70, 8, 8),
    ((4,), 1, 200, 8, 8),
    ((4,), 200, 1, 8, 8),
]


def drawn(lead, n_q, n_k, d, d_v, dtype=torch.float64, seed=0, spread=1.0):
    """Queries, keys and values that want gradients."""
    rng = torch.Generator().manual_seed(seed)
    sizes = ((n_q, d), (n_k, d), (n_k, d_v))
    made = (spread * torch.randn(*lead, *size, generator=rng, dtype=torch.float64) for size in sizes)
    return [each.to(dtype).requires_grad_() for each in made]


def with_gradients(attention, inputs, upstream):
    """Output and the gradients of q, k, v."""
    output = attention(*inputs)
    return [output, *torch.autograd.grad(output, inputs, upstream.to(output.dtype))]


def agree(ours, theirs, inputs, **tolerance):
    upstream = torch.randn(ours(*inputs).shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    pairs = zip(with_gradients(ours, inputs, upstream), with_gradients(theirs, inputs, upstream), strict=True)
    for mine, other in pairs:
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape)
        torch.testing.assert_close(mine, other, **tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("blocks", [(64, 64), (17, 32), (1000, 16), (16, 1000)], ids=str)
def test_values_and_gradients_are_those_of_torch(shape, causal, blocks):
    inputs = drawn(*shape)
    agree(
        lambda q, k, v: flash_attention(q, k, v, causal, None, *blocks),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal),
        inputs,
        rtol=1e-9,
        atol=1e-11,
    )


@pytest.mark.parametrize("scale", [0.0, 1.0, -0.3, 3.0])
def test_any_scale(scale):
    inputs = drawn((2, 2), 70, 90, 8, 8)
    for causal in (False, True):
        agree(
            lambda q, k, v, causal=causal: flash_attention(q, k, v, causal, scale),
            # torch's own takes the root of the scale, which a negative one has not.
            lambda q, k, v, causal=causal: F.scaled_dot_product_attention(scale * q, k, v, is_causal=causal, scale=1.0),
            inputs,
            rtol=1e-9,
            atol=1e-11,
        )


def test_in_float32_the_error_is_below_a_millionth():
    inputs = drawn((1, 4), 300, 300, 64, 64, torch.float32)
    for causal in (False, True):
        ours = flash_attention(*inputs, causal)
        assert (ours - F.scaled_dot_product_attention(*inputs, is_causal=causal)).abs().max() < 1e-6
        exact = F.scaled_dot_product_attention(*(each.double() for each in inputs), is_causal=causal)
        assert (ours - exact).abs().max() < 1e-6


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 2e-2), (torch.float16, 3e-3)], ids=str)
def test_halves_are_summed_in_float32(dtype, tolerance):
    inputs = drawn((2, 2), 150, 150, 16, 16, dtype)
    agree(flash_attention, F.scaled_dot_product_attention, inputs, rtol=tolerance, atol=tolerance)
    ours = flash_attention(*inputs).double()
    exact = F.scaled_dot_product_attention(*(each.double() for each in inputs))
    assert (ours - exact).abs().max() <= torch.finfo(dtype).eps, "only the result is rounded"


@pytest.mark.parametrize(("causal", "masked"), [(a, b) for a in (False, True) for b in (False, True)])
def test_gradcheck(causal, masked):
    inputs = drawn((2,), 5, 7, 3, 2)
    mask = torch.tensor([[True, False, True, True, False, True, True], [False] * 7]) if masked else None
    assert torch.autograd.gradcheck(
        lambda q, k, v: flash_attention(q, k, v, causal, None, 2, 3, key_padding_mask=mask), inputs
    )


def masked_reference(q, k, v, keep, causal):
    """The whole matrix; a query that sees no key gets 0, with gradient 0."""
    seen = keep[:, None, None, :].expand(*q.shape[:2], q.shape[2], -1)
    if causal:
        seen = seen & torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).tril()
    weights = (q @ k.mT * q.shape[-1] ** -0.5).masked_fill(~seen, -1e300).softmax(-1).masked_fill(~seen, 0)
    return weights @ v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("blocks", [(64, 64), (5, 7)], ids=str)
def test_padding_with_rows_that_see_nothing(causal, blocks):
    inputs = drawn((4, 2), 20, 30, 4, 4)
    keep = torch.rand(4, 30, generator=torch.Generator().manual_seed(3)) < 0.5
    keep[0], keep[1], keep[2, :10] = True, False, False  # nothing hidden, all hidden, padding on the left
    agree(
        lambda q, k, v: flash_attention(q, k, v, causal, None, *blocks, key_padding_mask=keep),
        lambda q, k, v: masked_reference(q, k, v, keep, causal),
        inputs,
        rtol=1e-9,
        atol=1e-11,
    )
    ours = flash_attention(*inputs, causal, key_padding_mask=keep)
    assert torch.equal(ours[1], torch.zeros_like(ours[1]))
    rows = (keep[:, None, :20].cumsum(-1) > 0) if causal else keep.any(-1)[:, None, None]
    torch_s = F.scaled_dot_product_attention(
        *inputs,
        attn_mask=keep[:, None, None, :] & (torch.ones(20, 30).tril() if causal else torch.ones(20, 30)).bool(),
    )
    seen = rows[..., None] if causal else rows.expand(4, 2, 20)[..., None]
    torch.testing.assert_close(ours * seen, torch_s.nan_to_num() * seen, rtol=1e-9, atol=1e-11)


def test_what_is_padded_has_no_influence_even_where_it_is_enormous():
    q, k, v = drawn((2, 2), 10, 12, 4, 4)
    keep = torch.ones(2, 12, dtype=torch.bool)
    keep[:, 9:] = False
    spoiled = k.detach().clone(), v.detach().clone()
    spoiled[0][:, :, 9:] = 1e6
    ours = flash_attention(q, *spoiled, key_padding_mask=keep, block_k=4)
    torch.testing.assert_close(ours, flash_attention(q, k[:, :, :9], v[:, :, :9]), rtol=1e-9, atol=1e-11)


def test_leading_dimensions_are_broadcast():
    q, _, _ = drawn((2, 4), 9, 11, 4, 4)
    _, k, v = drawn((2, 1), 9, 11, 4, 4)
    agree(
        flash_attention,
        lambda q, k, v: F.scaled_dot_product_attention(q, k.expand(2, 4, -1, -1), v.expand(2, 4, -1, -1)),
        [q, k, v],
        rtol=1e-9,
        atol=1e-11,
    )


def test_inputs_that_lie_otherwise_in_memory_and_are_left_alone():
    rng = torch.Generator().manual_seed(0)
    qkv = torch.randn(2, 70, 3, 4, 8, generator=rng, dtype=torch.float64, requires_grad=True)
    before = qkv.detach().clone()
    results = []
    for attention in (flash_attention, F.scaled_dot_product_attention):
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        output = attention(q, k, v)
        results.append((output, torch.autograd.grad(output.transpose(1, 2).pow(3).sum(), qkv)[0]))
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-11)
    assert torch.equal(qkv, before)


@pytest.mark.parametrize("spread", [1e-3, 30.0, 1e3])
def test_scores_of_any_size(spread):
    inputs = drawn((2,), 70, 130, 8, 8, spread=spread)
    for order in (False, True):
        q, k, v = inputs if not order else (inputs[0], inputs[1].flip(-2), inputs[2].flip(-2))
        ours, theirs = flash_attention(q, k, v), F.scaled_dot_product_attention(q, k, v)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9 * spread)


def test_nothing_to_attend_to_and_nobody_who_attends():
    for n_q, n_k in ((3, 0), (0, 3)):
        inputs = drawn((2,), n_q, n_k, 4, 5)
        output = flash_attention(*inputs)
        assert torch.equal(output, torch.zeros(2, n_q, 5, dtype=torch.float64))
        gradients = torch.autograd.grad(output.sum(), inputs)
        assert all(
            not gradient.any() and gradient.shape == x.shape for gradient, x in zip(gradients, inputs, strict=True)
        )
    assert flash_attention(*drawn((0, 2), 3, 3, 4, 4)).shape == (0, 2, 3, 4)


def test_nan_is_not_hidden():
    q, k, v = (each.detach() for each in drawn((1,), 4, 9, 4, 4))
    k[0, 5, 0] = math.nan
    assert flash_attention(q, k, v, block_k=4).isnan().all()
    assert not flash_attention(q, k, v, causal=True, block_k=4).isnan().any(), "no query comes to key 5"


def test_under_autocast():
    x = torch.randn(2, 40, 16, generator=torch.Generator().manual_seed(0), requires_grad=True)
    project = torch.nn.Linear(16, 48)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        results = []
        for attention in (flash_attention, F.scaled_dot_product_attention):
            output = attention(*project(x).chunk(3, -1))
            results.append((output, torch.autograd.grad(output.float().pow(2).sum(), x)[0]))
    for mine, other in zip(*results, strict=True):
        assert mine.dtype == other.dtype
        torch.testing.assert_close(mine, other, rtol=3e-2, atol=3e-2)


def test_a_training_with_it_is_a_training_with_torch_s():
    networks = []
    for attention in (flash_attention, F.scaled_dot_product_attention):
        torch.manual_seed(0)
        project = torch.nn.Linear(8, 24).double()
        optimizer = torch.optim.SGD(project.parameters(), 0.3)
        x = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        for _ in range(10):
            optimizer.zero_grad()
            (attention(*project(x).chunk(3, -1)) - x).square().mean().backward()
            optimizer.step()
        networks.append(project.weight)
    torch.testing.assert_close(*networks, rtol=1e-9, atol=1e-12)


def test_a_second_derivative_is_refused_in_words():
    inputs = drawn((1,), 4, 4, 3, 3)
    (gradient,) = torch.autograd.grad(flash_attention(*inputs).square().sum(), inputs[0], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def forward_bytes(attention, inputs):
    with torch.no_grad():
        return peak_bytes(lambda: attention(*inputs))


def step_bytes(attention, inputs):
    return peak_bytes(lambda: torch.autograd.grad(attention(*inputs).sum(), inputs))


def test_memory_is_linear_in_the_length_and_a_small_share_of_the_matrix_s():
    found = {}
    for n in (256, 512, 1024):
        inputs = drawn((1, 1), n, n, 16, 16, torch.float32)
        found[n] = forward_bytes(flash_attention, inputs), step_bytes(flash_attention, inputs)
    naive = forward_bytes(whole_matrix, inputs), step_bytes(whole_matrix, inputs)
    for one, two, three in zip(*found.values(), strict=True):
        assert two < 2 * one and three < 2 * two, "a constant and a multiple of N"
    assert naive[0] > 25 * found[1024][0]
    assert naive[1] > 20 * found[1024][1]


def test_the_meter_counts_what_torch_s_profiler_counts():
    inputs = drawn((1, 2), 200, 200, 16, 16, torch.float32)
    for attention in (flash_attention, whole_matrix):

        def step(attention=attention):
            return torch.autograd.grad(attention(*inputs).sum(), inputs)

        with profile(profile_memory=True) as profiled:
            kept = step()
        events = [each for each in profiled.profiler.kineto_results.events() if each.name() == "[memory]"]
        events.sort(key=lambda each: each.start_ns())
        peak = max(itertools.accumulate(each.nbytes() for each in events))
        del kept
        assert peak_bytes(step) == pytest.approx(peak, rel=0.02)


def test_only_result_and_logsumexp_are_kept_for_backward():
    kept = []
    inputs = drawn((2,), 100, 130, 8, 6)
    with torch.autograd.graph.saved_tensors_hooks(lambda each: kept.append(each) or each, lambda each: each):
        output = flash_attention(*inputs)
    given = {each.data_ptr() for each in inputs}
    assert sorted(each.numel() for each in kept if each.data_ptr() not in given) == [2 * 100, output.numel()]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("blocks", [(8, 2), (3, 8)], ids=str)
def test_the_counted_traffic_is_that_of_the_instrumented_run(causal, blocks):
    n, d, on_chip = 256, 8, 250
    assert blocks[0] * (2 * d + blocks[1] + 2) + 2 * blocks[1] * d <= on_chip, "what a tile needs fits"
    q, k, v = (each.detach() for each in drawn((1,), n, n, d, d))
    with Meter(on_chip) as meter:
        flash_attention(q, k, v, causal, None, *blocks)
    counted = tiled_traffic(n, d, *blocks, causal)
    # Beside the algorithm's own traffic, k is laid out anew once.
    assert (meter.reads, meter.writes) == (counted.reads + n * d, counted.writes + n * d)


def test_the_standard_traffic_is_that_of_the_instrumented_run():
    n, d = 256, 8
    q, k, v = (each.detach() for each in drawn((1,), n, n, d, d))
    with Meter(500) as meter:
        (q @ k.mT).softmax(-1) @ v
    assert (meter.reads, meter.writes) == standard_traffic(n, d)


def test_traffic_follows_the_paper_s_bound_and_is_far_below_the_matrix_s():
    n, d = 4096, 64
    ratios = []
    for on_chip in (8_000, 16_000, 32_000, 64_000, 128_000):  # from a little over d to N d
        block = block_for(on_chip, d)
        ratios.append(tiled_traffic(n, d, block, 16).total / bound(n, d, on_chip))
    assert min(ratios) > 1 and max(ratios) < 8, ratios
    assert max(ratios[1:]) / min(ratios[1:]) < 1.7, "a constant times N^2 d^2 / M"
    assert tiled_traffic(n, d, block_for(50_000, d), 16).total < standard_traffic(n, d).total / 9
    with pytest.raises(ValueError, match="on_chip must be >= 2194"):
        block_for(2000, d)
    assert block_for(2194, d) == 1


def picture(tmp_path, **values):
    """What the browser computes; None where there is no Node."""
    node = shutil.which("node")
    if node is None:
        return None
    (tmp_path / "picture.mjs").write_text(bundle(PICTURE), encoding="utf-8")
    command = [node, DRAW, tmp_path / "picture.mjs", json.dumps(values)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)["path"]


@pytest.mark.parametrize("causal", ["no", "yes"])
def test_the_picture_computes_what_the_implementation_does(tmp_path, causal):
    found = picture(tmp_path, n=20, block_q=6, block_k=4, causal=causal, tile=9, query=14, on_chip=50)
    if found is None:
        return
    q, k, v = (torch.tensor(found[name], dtype=torch.float64)[None] for name in "qkv")
    output = flash_attention(q, k, v, causal == "yes", 1.0, 6, 4)
    assert found["output"] == pytest.approx(output[0, 13].tolist(), rel=1e-9)
    seen = 14 if causal == "yes" else 20
    assert found["lse"] == pytest.approx((q @ k.mT)[0, 13, :seen].logsumexp(0).item(), rel=1e-9)
    # Blocks of 6 queries end before 6, 12, 18 and 20; so many blocks of 4 keys begin before that.
    assert found["tiles"] == (2 + 3 + 5 + 5 if causal == "yes" else 4 * 5)
    counted = tiled_traffic(4096, 64, block_for(50_000, 64), 16)
    assert (found["tiled"], found["standard"]) == (counted.total, standard_traffic(4096, 64).total)
    assert found["bound"] == pytest.approx(bound(4096, 64, 50_000))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3), (2, 4), (2, 4)), r"must be \(..., N_q, d\).*got \(2, 3\), \(2, 4\)"),
        (((2, 3), (4, 3), (5, 3)), r"got \(2, 3\), \(4, 3\), \(5, 3\)"),
        (((3,), (4, 3), (4, 3)), r"got \(3,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, message):
    with pytest.raises(ValueError, match=message):
        flash_attention(*(torch.zeros(shape) for shape in shapes))


def test_other_bad_input_is_refused():
    q = torch.zeros(2, 4, 3)
    with pytest.raises(ValueError, match=r"one floating dtype, got torch\.float32, torch\.float64"):
        flash_attention(q, q.double(), q)
    with pytest.raises(ValueError, match="one floating dtype"):
        flash_attention(q.long(), q.long(), q.long())
    for blocks in ((0, 64), (64, -1)):
        with pytest.raises(ValueError, match="block_q and block_k must be >= 1, got"):
            flash_attention(q, q, q, False, None, *blocks)
    for mask in (torch.ones(2, 5, dtype=torch.bool), torch.ones(4, dtype=torch.bool), torch.ones(2, 4)):
        with pytest.raises(ValueError, match=r"key_padding_mask must be bool of \(2, 4\), got"):
            flash_attention(q, q, q, key_padding_mask=mask)
    with pytest.raises(RuntimeError, match=r"[Ss]hape"):
        flash_attention(q, torch.zeros(3, 4, 3), torch.zeros(3, 4, 3))


def test_the_experiment_takes_bfloat16_and_refuses_what_is_longer_than_its_text():
    found = run(steps=1, length=200, block=32, dtype="bfloat16", device="cpu").arms
    losses = [arm.metrics["test loss"] for arm in found.values()]
    assert max(losses) - min(losses) < 0.02
    assert found["flash_attention"].metrics["peak MB"] < found["without"].metrics["peak MB"]
    with pytest.raises(ValueError, match=r"length must be < \d+, that of the test text, got 65536"):
        run(length=65_536)
