"""Outputs of packages that can't be installed beside the locked torch, as small .npz files in tests/parity/reference/.

The tests read only those files; this is how to make them anew, in an environment of its own. For `mlp_mixer`:

    python -m venv oracle
    oracle/bin/pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.19
    oracle/bin/python tests/parity/make_reference.py mlp_mixer

A further reference is a function below that returns arrays by name, and its name in `REFERENCES`. Each file also holds
`made with`: the versions it came from. Arrays are float64, and all of one file stay below 200 kB.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

FOLDER = Path(__file__).with_name("reference")
LARGEST = 200_000  # bytes
STEPS = 3  # of training that are kept


def mlp_mixer() -> dict[str, Any]:
    """timm's MlpMixer in two sizes: state, output, gradients, and the state after a few steps of SGD."""
    from timm.models.mlp_mixer import MlpMixer

    sizes = {
        "paper's ratios": {"in_chans": 3, "img_size": 8, "num_classes": 5, "patch_size": 4, "embed_dim": 12, "num_blocks": 2},
        "other ratios": {"in_chans": 1, "img_size": 6, "num_classes": 3, "patch_size": 2, "embed_dim": 8, "num_blocks": 3},
    }
    sizes["other ratios"]["mlp_ratio"] = (1.5, 2.0)
    found: dict[str, Any] = {}
    for seed, (name, arguments) in enumerate(sizes.items()):
        model = MlpMixer(**arguments)
        images = (4, arguments["in_chans"], arguments["img_size"], arguments["img_size"])
        found |= {f"{name}: {key}": value for key, value in _trained(model.double(), images, seed)}
    return found


def _trained(model: torch.nn.Module, images: tuple[int, ...], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Random numbers in every parameter, one pass forward and back, and then SGD on the same batch."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            around = 1.0 if parameter.ndim == 1 and "norm" in key and key.endswith("weight") else 0.0
            parameter.copy_(around + 0.4 * torch.randn(parameter.shape, generator=rng, dtype=torch.float64))
    yield from ((f"state {key}", _array(value)) for key, value in model.state_dict().items())
    x = torch.randn(images, generator=rng, dtype=torch.float64, requires_grad=True)
    y = model(x)
    upstream = torch.randn(y.shape, generator=rng, dtype=torch.float64)
    yield from (("x", _array(x)), ("y", _array(y)), ("upstream", _array(upstream)))
    (y * upstream).sum().backward()
    yield "gradient of x", _array(x.grad)
    yield from ((f"gradient {key}", _array(each.grad)) for key, each in model.named_parameters())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for step in range(STEPS):
        optimizer.zero_grad()
        (model(x.detach()) * upstream).sum().backward()
        optimizer.step()
        yield f"y after step {step + 1}", _array(model(x))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy().copy()  # a state shares its storage with what goes on changing


REFERENCES: dict[str, tuple[Callable[[], dict[str, Any]], tuple[str, ...]]] = {"mlp_mixer": (mlp_mixer, ("timm", "torch"))}


def main(names: list[str]) -> None:
    """Write the references with these names, by default all."""
    for name in names or REFERENCES:
        make, packages = REFERENCES[name]
        path = FOLDER / f"{name}.npz"
        FOLDER.mkdir(exist_ok=True)
        made_with = np.array([f"{package} {version(package)}" for package in packages])
        np.savez_compressed(path, **make(), **{"made with": made_with})
        print(path.name, path.stat().st_size, "bytes,", ", ".join(made_with))
        if path.stat().st_size > LARGEST:
            raise SystemExit(f"{path.name} is larger than {LARGEST} bytes: make the network smaller")


if __name__ == "__main__":
    main(sys.argv[1:])
