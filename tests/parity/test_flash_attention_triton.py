"""The Triton kernels of attention against torch's scaled_dot_product_attention, in Triton's interpreter; and that they compile.

Triton reads TRITON_INTERPRET when it is imported. So this file, run as a script with it set, computes every case and prints JSON;
the tests read that. Where Triton has a release, which is Linux, its absence fails them.
"""

import json
import os
import subprocess
import sys
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F

from studykit.scale import flash_attention, flash_attention_triton
from studykit.scale._triton_probes import KERNELS, in_a_process, kernel_source


class Case(NamedTuple):
    """What is computed: q (lead, n_q, d), k (lead, n_k, d), v (lead, n_k, d_v)."""

    lead: tuple[int, ...]
    n_q: int
    n_k: int
    d: int
    d_v: int
    dtype: str = "float32"
    causal: bool = False
    masked: bool = False
    scale: float | None = None
    spread: float = 1.0
    layout: str = "contiguous"


CASES = [
    Case((1, 2), 64, 64, 16, 16),  # whole tiles
    Case((2, 1), 65, 97, 20, 24),  # no length is a multiple, no width a power of two, more keys
    Case((2, 1), 65, 97, 20, 24, causal=True, masked=True),
    Case((1,), 130, 33, 64, 64, causal=True),  # more queries than keys
    Case((1,), 70, 70, 128, 80, masked=True),
    Case((), 40, 70, 17, 128, causal=True),
    Case((3,), 1, 100, 16, 16, masked=True),
    Case((1, 2), 70, 1, 3, 5),
    Case((1, 1), 70, 70, 32, 32, causal=True, scale=-0.3),
    Case((1, 1), 70, 70, 32, 32, scale=0.0),
    Case((1, 1), 70, 100, 16, 16, causal=True, spread=30.0),  # scores in the thousands
    Case((2, 2), 70, 70, 24, 24, causal=True, layout="interleaved"),
    Case((2, 3), 40, 50, 16, 16, masked=True, layout="broadcast"),
    Case((2,), 0, 5, 16, 16),
    Case((2,), 5, 0, 16, 16),
    *(
        Case(lead, *sizes, dtype, causal, masked)
        for dtype in ("bfloat16", "float16")
        for lead, sizes, causal, masked in (
            ((1, 2), (65, 97, 24, 40), False, False),
            ((2, 1), (70, 70, 64, 64), True, False),
            ((2, 1), (40, 70, 16, 16), True, True),
        )
    ),
]
# Of the largest number in the result or gradient, or of 1. Halves round p, ds and what is written: a few units of the last place.
TOLERANCES = {"float32": 2e-6, "bfloat16": 2e-2, "float16": 2.5e-3}
LINUX = sys.platform == "linux"  # Triton is released for it alone


def drawn(case: Case) -> tuple[list[torch.Tensor], torch.Tensor | None]:
    """Leaves q, k, v, in double; a mask with a row that hides all, and one that hides the first keys."""
    rng = torch.Generator().manual_seed(0)

    def numbers(*shape: int) -> torch.Tensor:
        return (case.spread * torch.randn(shape, generator=rng)).to(getattr(torch, case.dtype)).double()

    sizes = (case.n_q, case.d), (case.n_k, case.d), (case.n_k, case.d_v)
    if case.layout == "interleaved":  # as one projection gives them: (B, N, 3, H, d)
        made = list(numbers(case.lead[0], case.n_q, 3, case.lead[1], case.d).permute(2, 0, 3, 1, 4))
    elif case.layout == "broadcast":
        made = [numbers(*lead, *size) for lead, size in zip((case.lead, case.lead[1:], (2, 1)), sizes, strict=True)]
    else:
        made = [numbers(*case.lead, *size) for size in sizes]
    if not case.masked:
        return made, None
    keep = torch.rand(*case.lead[:1], case.n_k, generator=rng) < 0.5
    keep[0, : case.n_k // 4] = False
    keep[-1] = False if len(keep) > 1 else keep[-1]
    return made, keep


def worst(case: Case) -> dict[str, Any]:
    """The greatest error of result and gradients, as a share of the greatest number there."""
    numbers, keep = drawn(case)
    dtype = getattr(torch, case.dtype)
    ours = [each.to(dtype).requires_grad_() for each in numbers]
    theirs = [each.clone().requires_grad_() for each in numbers]
    found = flash_attention_triton(*ours, case.causal, case.scale, key_padding_mask=keep)
    seen = torch.ones(case.n_q, case.n_k, dtype=torch.bool)
    seen = seen.tril() if case.causal else seen
    if keep is not None:
        seen = seen & keep.view(*keep.shape[:1], *[1] * len(case.lead[1:]), 1, case.n_k)
    q, k, v = (each.expand(*case.lead, *each.shape[-2:]) for each in theirs)
    factor = case.d**-0.5 if case.scale is None else case.scale  # torch's own takes its root, which a negative one has not
    exact = F.scaled_dot_product_attention(factor * q, k, v, attn_mask=seen, scale=1.0)
    up = torch.randn(exact.shape, generator=torch.Generator().manual_seed(9)).to(dtype)
    pairs = zip(
        (found, *torch.autograd.grad(found, ours, up)),
        (exact, *torch.autograd.grad(exact, theirs, up.double())),
        strict=True,
    )
    errors = []
    for mine, other in pairs:
        assert mine.dtype == dtype and mine.shape == other.shape and mine.isfinite().all()
        largest = other.abs().max().item() if other.numel() else 0.0
        error = (mine.double() - other).abs().max().item() if other.numel() else 0.0
        errors.append(error / max(largest, 1.0) / max(case.spread**2, 1.0))  # a score is rounded in its own size
    hidden = ~seen.any(-1).expand(*case.lead, case.n_q)
    return {"errors": errors, "hidden": int(hidden.sum()), "zero": not found[hidden].any()}


def refusals(device: str) -> dict[str, str]:
    """What is said to bad input; `device` where CPU tensors are bad input too."""
    q = torch.zeros(2, 4, 16)
    wrong: dict[str, Any] = {
        "double": lambda: flash_attention_triton(q.double(), q.double(), q.double()),
        "wide": lambda: flash_attention_triton(torch.zeros(2, 4, 129), torch.zeros(2, 4, 129), q),
        "shapes": lambda: flash_attention_triton(q, q[..., :3], q),
        "mask": lambda: flash_attention_triton(q, q, q, key_padding_mask=torch.ones(2, 5, dtype=torch.bool)),
        "twice": lambda: twice(torch.ones(1, 4, 16, requires_grad=True)),
    }
    if device:
        wrong = {"device": lambda: flash_attention_triton(q, q, q)}
    said = {}
    for name, call in wrong.items():
        with pytest.raises((ValueError, RuntimeError)) as error:
            call()
        said[name] = str(error.value)
    return said


def twice(leaf: torch.Tensor) -> None:
    output = flash_attention_triton(leaf, leaf, leaf)
    (gradient,) = torch.autograd.grad(output.square().sum(), leaf, create_graph=True)
    gradient.sum().backward()


def child(interpret: bool) -> dict[str, Any]:
    environment = {**os.environ, "TRITON_INTERPRET": "1" if interpret else "0"}
    command = [sys.executable, __file__, *([] if interpret else ["device"])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """A row for each case, and what is said to bad input."""
    return child(interpret=True) if LINUX else {}


def test_values_and_gradients_are_those_of_torch(found: dict[str, Any]) -> None:
    if not LINUX:
        return
    off = {str(case): row["errors"] for case, row in zip(CASES, found["cases"], strict=True)
           if max(row["errors"]) > TOLERANCES[case.dtype]}  # fmt: skip
    assert not off


def test_a_query_that_sees_nothing_gets_nothing(found: dict[str, Any]) -> None:
    if not LINUX:
        return
    with_hidden = [row for row in found["cases"] if row["hidden"]]
    assert len(with_hidden) >= 5 and all(row["zero"] for row in with_hidden)


def test_bad_input_is_refused_in_words(found: dict[str, Any]) -> None:
    if not LINUX:
        return
    said = found["refusals"] | child(interpret=False)["refusals"]
    assert "must be float32, bfloat16 or float16 for Triton, got torch.float64" in said["double"]
    assert "must be 1 to 128 for Triton, got 129 and 16" in said["wide"]
    assert "q, k, v must be (..., N_q, d)" in said["shapes"]
    assert "key_padding_mask must be bool of (2, 4)" in said["mask"]
    assert "once_differentiable" in said["twice"]
    assert "q must be on a CUDA GPU for Triton, got cpu" in said["device"]


def test_the_kernels_compile_for_gpus_and_use_their_tensor_cores() -> None:
    if not LINUX:
        return
    rows = in_a_process("compiled")
    for chip, most in ((80, 163), (90, 227)):  # KB that a program may have on an A100, on an H100
        there = [row for row in rows if row["chip"] == chip]
        assert {row["kernel"] for row in there} == set(KERNELS)
        assert all(row["products"] > 0 and 0 < row["shared"] <= most * 1024 for row in there), there
    held = {row["queries"] * row["keys"]: row["shared"] for row in rows if (row["kernel"], row["chip"]) == ("_forward", 90)}
    assert len(held) >= 2 and held[max(held)] > held[min(held)], "the larger the tile, the more is on chip"


def test_without_triton_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "studykit.scale._flash_attention_triton", raising=False)
    with pytest.raises(ImportError, match=r"^flash_attention_triton needs triton \(Linux\): pip install triton$"):
        flash_attention_triton(*[torch.zeros(1, 4, 16)] * 3)


def test_importing_the_section_loads_no_triton_and_the_source_can_be_read_without() -> None:
    code = "import sys, studykit.scale; assert not any(name.split('.')[0] == 'triton' for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert all(kernel_source(name).startswith(f"def {name}(") for name in KERNELS)
    assert flash_attention.__module__ == flash_attention_triton.__module__ == "studykit.scale.flash_attention"


if __name__ == "__main__":
    wanted = "".join(sys.argv[1:])
    print(json.dumps({"refusals": refusals(wanted), "cases": [] if wanted else [worst(case) for case in CASES]}))
