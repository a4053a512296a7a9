"""The Triton kernels of attention where there is no GPU: what they compute in Triton's interpreter, what its compiler makes of them.

Triton decides when it is imported whether it compiles or interprets, so each is a process of its own.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from .flash_attention import flash_attention_triton

Row = dict[str, Any]
KERNELS = ("_forward", "_backward_k", "_backward_q")


def kernel_source(name: str) -> str:
    """The text of a kernel, read without importing Triton.

    Args:
        name: Such as `_forward`.
    """
    text = Path(__file__).with_name("_flash_attention_triton.py").read_text(encoding="utf-8")
    found = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.get_source_segment(text, found) or ""


def in_a_process(what: str) -> list[Row]:
    """The rows of one of the two, from a process of its own.

    Args:
        what: `interpreted` (against torch's attention) or `compiled` (for GPUs that need not be there).

    Raises:
        subprocess.CalledProcessError: It failed, for one if Triton is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:  # compiled kernels are not left in the user's own cache
        environment = {**os.environ, "TRITON_CACHE_DIR": folder}
        environment.pop("TRITON_INTERPRET", None)
        if what == "interpreted":
            environment["TRITON_INTERPRET"] = "1"
        command = [sys.executable, "-m", "studykit.scale._triton_probes", what]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    return list(json.loads(done.stdout))


def interpreted() -> list[Row]:
    """The largest error of result and gradients for each dtype, with a causal mask, lengths that no tile divides, a width of 24."""
    rows = []
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        rng = torch.Generator().manual_seed(0)
        given = [torch.randn(1, 2, 80, 24, generator=rng).to(dtype).requires_grad_() for _ in range(4)]
        *inputs, up = given
        begun = time.perf_counter()
        output = flash_attention_triton(*inputs, True)
        found = [output, *torch.autograd.grad(output, inputs, up)]
        seconds = time.perf_counter() - begun
        exact = F.scaled_dot_product_attention(*(each.double() for each in inputs), is_causal=True)
        true = [exact, *torch.autograd.grad(exact, inputs, up.double())]
        errors = [(a.double() - b).abs().max().item() for a, b in zip(found, true, strict=True)]
        rows.append({"dtype": str(dtype)[6:], "errors": dict(zip(("out", "dq", "dk", "dv"), errors, strict=True)), "seconds": seconds})
    return rows


def compiled() -> list[Row]:
    """On-chip bytes, and instructions of the tensor cores, of kernels compiled for an A100 (80) and an H100 (90): bfloat16, width 64."""
    from . import _flash_attention_triton as kernels

    plan = [(name, n, chip) for name, n in zip(KERNELS, (3, 1, 1), strict=True) for chip in (80, 90)]
    plan += [("_forward", 1, 90), ("_forward", 5, 90)]  # a larger tile and a smaller one
    return [_compile(getattr(kernels, name), getattr(kernels, name).configs[n], chip, masked=chip == 80) for name, n, chip in plan]


def _compile(kernel: Any, config: Any, chip: int, *, masked: bool, width: int = 64) -> Row:
    import triton
    from triton.backends.compiler import GPUTarget

    fixed = {"D": width, "E": width, "D_PAD": width, "E_PAD": width, "CAUSAL": True, "PRECISION": "ieee", "UPCAST": False}
    fixed |= config.kwargs | ({} if masked else {"mask": None})
    kinds = {"lse": "*fp32", "delta": "*fp32", "mask": "*u8", "scale": "fp32", "n_q": "i32", "n_k": "i32", "length": "i32"}
    names = kernel.fn.arg_names
    signature = {each: "constexpr" if each in fixed else kinds.get(each, "*bf16") for each in names}
    aligned = {(n,): [["tt.divisibility", 16]] for n, each in enumerate(names) if signature[each].startswith("*")}
    source = triton.compiler.ASTSource(kernel.fn, signature, {each: fixed[each] for each in names if each in fixed}, aligned)
    options = {"num_warps": config.num_warps, "num_stages": config.num_stages}
    made = triton.compile(source, target=GPUTarget("cuda", chip, 32), options=options)
    products = len(re.findall(r"\b(?:wgmma\.mma_async|mma\.sync)", made.asm["ptx"]))
    return {
        "kernel": kernel.fn.__name__, "chip": chip, "queries": config.kwargs["BLOCK_Q"], "keys": config.kwargs["BLOCK_K"],
        "warps": config.num_warps, "shared": made.metadata.shared, "products": products,
    }  # fmt: skip


if __name__ == "__main__":
    ways: Mapping[str, Callable[[], list[Row]]] = {"interpreted": interpreted, "compiled": compiled}
    print(json.dumps(ways[sys.argv[1]]()))
