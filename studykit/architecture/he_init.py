"""He initialisation: draw weights so that the signal keeps its size from layer to layer, ReLU's halving made up for.

He, Zhang, Ren & Sun, "Delving Deep into Rectifiers", ICCV 2015, arXiv:1502.01852, equations 7 to 15; and
Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, equation 12.

    y = W f(x)       E[y^2] = fan_in * Var[w] * E[f(x)^2]     and for ReLU, x symmetric: E[f(x)^2] = E[x^2] / 2
    Kaiming (He)     std = gain / sqrt(fan)                    fan_in keeps activations, fan_out keeps gradients
    Xavier (Glorot)  std = gain * sqrt(2 / (fan_in + fan_out)) between the two, for a unit that is linear around 0
    uniform          the same std: bound = sqrt(3) * std

fan_in = size(1) * kernel, fan_out = size(0) * kernel: the layout of nn.Linear and nn.Conv. A transposed convolution
keeps its weight as (in, out, ...), so its fans are exchanged here, as they are in torch.
"""

import math
import warnings

import torch
from torch import Generator, Tensor

_GAINS = {"sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4, "linear": 1.0}
_GAINS |= {f"{kind}{n}d": 1.0 for kind in ("conv", "conv_transpose") for n in (1, 2, 3)}


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input feeds."""
    if tensor.ndim < 2:
        raise ValueError(
            f"tensor must have >= 2 dimensions, got {tensor.ndim}: a bias has no fan, set it by zeros_ instead"
        )
    kernel = math.prod(tensor.shape[2:])  # 1 for a matrix
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _gain(nonlinearity: str, a: float) -> float:
    """Square root of what the nonlinearity takes from the second moment; those of tanh and SELU are conventions."""
    if nonlinearity == "leaky_relu":
        if isinstance(a, bool) or not isinstance(a, int | float):
            raise ValueError(f"a must be a number, got {a!r}: it is leaky_relu's negative slope")
        return math.sqrt(2 / (1 + a**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"nonlinearity must be one of leaky_relu, {', '.join(_GAINS)}, got {nonlinearity!r}")
    return _GAINS[nonlinearity]


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """The std of the weights; None, after a warning, where there is nothing to fill."""
    if 0 in tensor.shape:
        warnings.warn("the tensor has no elements: there is nothing to initialise", stacklevel=4)  # past no_grad
        return None
    modes = ("fan_in", "fan_out")
    if str(mode).lower() not in modes:
        raise ValueError(f"mode must be {' or '.join(modes)}, got {mode!r}")
    fan = _fans(tensor)[modes.index(mode.lower())]
    return _gain(nonlinearity, a) / math.sqrt(fan)


@torch.no_grad()
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill a weight in place from a normal distribution that keeps the signal; ``torch.nn.init.kaiming_normal_``.

    Args:
        tensor: (out, in, ...), a weight of at least two dimensions.
        a: negative slope, read for ``leaky_relu`` only.
        mode: ``fan_in`` keeps the size of activations forward, ``fan_out`` that of gradients backward.
        nonlinearity: what follows the layer, by the name of its function: it fixes the gain.
        generator: to draw from; torch's global one by default.

    Returns:
        The tensor itself.

    Raises:
        ValueError: fewer than two dimensions, or an unknown mode or nonlinearity.

    Source: He et al. 2015, arXiv:1502.01852, equations 10 and 15.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else tensor.normal_(0, std, generator=generator)


@torch.no_grad()
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill a weight in place from U(-bound, bound) of the std of ``kaiming_normal_``: bound = sqrt(3) * std.

    Args:
        tensor: (out, in, ...), a weight of at least two dimensions.
        a: negative slope, read for ``leaky_relu`` only.
        mode: ``fan_in`` or ``fan_out``.
        nonlinearity: what follows the layer.
        generator: to draw from; torch's global one by default.

    Returns:
        The tensor itself.

    Raises:
        ValueError: as ``kaiming_normal_``.

    Source: He et al. 2015, arXiv:1502.01852, equations 10 and 15; ``torch.nn.init.kaiming_uniform_``.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3) * std  # U(-b, b) has the variance b^2 / 3
    return tensor.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight in place from N(0, std^2), std = gain * sqrt(2 / (fan_in + fan_out)).

    Args:
        tensor: (out, in, ...), a weight of at least two dimensions.
        gain: factor on the std.
        generator: to draw from; torch's global one by default.

    Returns:
        The tensor itself.

    Raises:
        ValueError: fewer than two dimensions.

    Source: Glorot & Bengio 2010, equation 12; ``torch.nn.init.xavier_normal_``.
    """
    fans = sum(_fans(tensor)) or 1  # 0 only where there is nothing to fill
    return tensor.normal_(0, gain * math.sqrt(2 / fans), generator=generator)


@torch.no_grad()
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight in place from U(-bound, bound) of the std of ``xavier_normal_``: bound = sqrt(3) * std.

    Args:
        tensor: (out, in, ...), a weight of at least two dimensions.
        gain: factor on the std.
        generator: to draw from; torch's global one by default.

    Returns:
        The tensor itself.

    Raises:
        ValueError: fewer than two dimensions.

    Source: Glorot & Bengio 2010, equation 16; ``torch.nn.init.xavier_uniform_``.
    """
    bound = math.sqrt(3) * gain * math.sqrt(2 / (sum(_fans(tensor)) or 1))
    return tensor.uniform_(-bound, bound, generator=generator)
