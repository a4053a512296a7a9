"""Part of a convolution from a blank: first channels, the centre of the kernel, its own padding, and gradients to what is shared."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from studykit.drill import Drill, Mistake, Probe
from studykit.language import Text

from ._once_for_all_mistakes import WRONG
from .once_for_all import elastic_conv2d


class Call(NamedTuple):
    """One call.

    Args:
        channels: How many of 4 inputs are active.
        out: How many of 5 outputs.
        kernel: Side of the active kernel.
        largest: Side of the largest.
        bias: Whether there is one.
        image: Height and width.
        batch: Images.
        dtype: Of everything.
        wanted: `values`, `gradients`, `work` (whether it computes no more than the active part), `shared` (the weight afterwards).
    """

    channels: int = 4
    out: int = 5
    kernel: int = 5
    largest: int = 5
    bias: bool = False
    image: tuple[int, int] = (6, 6)
    batch: int = 2
    dtype: torch.dtype = torch.float64
    wanted: str = "values"

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """What is wanted."""
        rng = torch.Generator().manual_seed(seed)

        def drawn(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, generator=rng, dtype=torch.float64).to(self.dtype)

        weight, bias = drawn(5, 4, self.largest, self.largest), drawn(5) if self.bias else None
        x = drawn(self.batch, self.channels, *self.image)
        if self.wanted == "gradients":
            shared = [x.requires_grad_(), weight.requires_grad_(), *([bias.requires_grad_()] if bias is not None else [])]
            y = candidate(x, weight, bias, self.out, self.kernel)
            y.square().sum().backward()
            return {f"gradient of {name}": each.grad for name, each in zip(("x", "weight", "bias"), shared, strict=False)}
        if self.wanted == "work":
            with FlopCounterMode(display=False) as counter:
                y = candidate(x, weight, bias, self.out, self.kernel)
            needed = 2 * y.numel() * self.channels * self.kernel**2
            return {"output": y, "computes the active part alone": counter.get_total_flops() <= 1.2 * needed}
        y = candidate(x, weight, bias, self.out, self.kernel)
        if self.wanted == "shared":
            return {"output": y, "weight afterwards": weight}
        small = {"given x": x.flatten(), "given centre of weight[0, 0]": weight[0, 0, self.largest // 2, self.largest // 2]} if x.numel() == 1 else {}
        return small | {"output": y, "its dtype": str(y.dtype)}


def several(candidate: Any, seed: int) -> dict[str, Any]:
    """Three sub-networks in turn on one shared weight, as in one update."""
    rng = torch.Generator().manual_seed(seed)
    weight, bias = (torch.randn(*shape, generator=rng, dtype=torch.float64).requires_grad_() for shape in ((5, 4, 5, 5), (5,)))
    total = 0.0
    for channels, out, kernel in ((4, 5, 5), (2, 3, 3), (3, 1, 1)):
        x = torch.randn(2, channels, 5, 4, generator=rng, dtype=torch.float64)
        loss = candidate(x, weight, bias, out, kernel).square().mean()
        loss.backward()
        total += loss.item()
    return {"sum of losses": total, "summed gradient of weight": weight.grad, "summed gradient of bias": bias.grad}


def by_narrow(x, weight, bias, out_channels, kernel_size):
    """One axis after the other."""
    start = weight.size(2) // 2 - kernel_size // 2
    w = weight.narrow(0, 0, out_channels).narrow(1, 0, x.size(1)).narrow(2, start, kernel_size).narrow(3, start, kernel_size)
    b = bias.narrow(0, 0, out_channels) if bias is not None else None
    return torch.conv2d(x, w, b, padding="same")


def by_columns(x, weight, bias, out_channels, kernel_size):
    """Unfolded into columns, then one matrix product."""
    b, c, h, w = x.shape
    m = (weight.shape[3] - kernel_size) // 2
    kernel = weight[:out_channels, :c, m : m + kernel_size, m : m + kernel_size].reshape(out_channels, -1)
    y = (kernel @ F.unfold(x, kernel_size, padding=(kernel_size - 1) // 2)).view(b, out_channels, h, w)
    return y if bias is None else y + bias[:out_channels, None, None]


def by_shifts(x, weight, bias, out_channels, kernel_size):
    """A sum over the places of the kernel."""
    height, width = x.shape[-2:]
    reach, middle = kernel_size // 2, weight.shape[-1] // 2
    padded = F.pad(x, (reach,) * 4)
    y = 0
    for a in range(-reach, reach + 1):
        for b in range(-reach, reach + 1):
            seen = padded[..., a + reach : a + reach + height, b + reach : b + reach + width]
            y = y + torch.einsum("oi,bihw->bohw", weight[:out_channels, : x.shape[1], middle + a, middle + b], seen)
    return y if bias is None else y + bias[:out_channels].view(1, -1, 1, 1)


def by_module(x, weight, bias, out_channels, kernel_size):
    """A layer of the smaller size, called with the slices for its parameters."""
    layer = torch.nn.Conv2d(x.shape[1], out_channels, kernel_size, padding=kernel_size // 2, bias=bias is not None, device="meta")
    places = torch.arange(kernel_size) + (weight.shape[-1] - kernel_size) // 2
    own = {"weight": weight[:out_channels, : x.shape[1]].index_select(2, places).index_select(3, places)}
    if bias is not None:
        own["bias"] = bias[:out_channels]
    return torch.func.functional_call(layer, own, (x,))


drill = Drill(
    reference=elastic_conv2d,
    probes=(
        Probe("point", Call(1, 1, 1, 3, image=(1, 1), batch=1), Text("one pixel, one output, kernel 1 of 3", "一个像素，一个输出，核为 3 取 1")),
        Probe("outputs", Call(out=2), Text("2 of 5 outputs, everything else whole", "5 个输出取 2 个，其余不变")),
        Probe("inputs", Call(channels=3), Text("x has 3 of the 4 input channels", "x 只有 4 个输入通道中的 3 个")),
        Probe("kernel", Call(kernel=3), Text("kernel 3 of 5", "核为 5 取 3")),
        Probe("one", Call(kernel=1), Text("kernel 1 of 5", "核为 5 取 1")),
        Probe("seven", Call(kernel=3, largest=7, image=(8, 9)), Text("kernel 3 of 7 on an image of 8 x 9", "核为 7 取 3，图像 8 x 9")),
        Probe("all", Call(bias=True), Text("everything active, with a bias", "全部激活，带 bias")),
        Probe("bias", Call(out=3, bias=True), Text("3 of 5 outputs with a bias", "5 个输出取 3 个，带 bias")),
        Probe(
            "together",
            Call(2, 3, 3, bias=True, image=(5, 7)),
            Text("2 inputs, 3 outputs, kernel 3 of 5, with a bias", "2 个输入、3 个输出、核 5 取 3，带 bias"),
        ),
        Probe("single", Call(1, 1, 3, bias=True, batch=1), Text("1 input, 1 output", "1 个输入、1 个输出")),
        Probe("float32", Call(3, 2, 3, bias=True, dtype=torch.float32), Text("float32 tensors, and their dtype back", "float32 张量，返回同样的 dtype"), 1e-5),
        Probe("shared", Call(2, 2, 3, wanted="shared"), Text("the shared weight afterwards", "调用之后的共享权重")),
        Probe("gradients", Call(2, 3, 3, bias=True, wanted="gradients"), Text("gradients of x, weight and bias", "x、weight、bias 的梯度")),
        Probe("several", several, Text("three sub-networks in turn, their gradients added up", "依次跑三个子网，梯度相加")),
        Probe("work outputs", Call(out=2, wanted="work"), Text("the work that 2 of 5 outputs take", "5 个输出取 2 个时的计算量")),
        Probe("work kernel", Call(kernel=3, wanted="work"), Text("the work that a kernel of 3 takes", "核为 3 时的计算量")),
        Probe("work inputs", Call(channels=1, wanted="work"), Text("the work that 1 of 4 inputs takes", "4 个输入取 1 个时的计算量")),
    ),
    mistakes=tuple(Mistake(name, candidate, tells) for name, forms in WRONG.items() for candidate, tells in forms),
    variants={"by_narrow": by_narrow, "by_columns": by_columns, "by_shifts": by_shifts, "by_module": by_module},
    prompt=Text(
        "Write a convolution of stride 1 with part of a shared weight (O, C, K, K): the first `out_channels` outputs, as many first inputs as x "
        "has channels, and the centre kernel_size x kernel_size of the kernel (both sides odd). Zeros pad the image so that its size stays. bias is (O,) or "
        "None. Gradients reach the shared tensors, which are not changed, and no more is computed than the active part.",
        "用共享权重 (O, C, K, K) 的一部分做步长为 1 的卷积：取最前面的 out_channels 个输出，输入取最前面的若干个（x 有几个通道就取几个），核取正中间的 "
        "kernel_size x kernel_size（两个边长都是奇数）。填零使图像大小不变。bias 形状为 (O,)，也可以是 None。梯度要传回共享张量，"
        "共享张量本身不能改，且只计算激活的那部分。",
    ),
    hints=(
        Text("A sub-network is a slice: nothing is copied, nothing is masked.", "子网就是切片：不复制，也不用 mask。"),
        Text("x.shape[1] says how many inputs are active; the centre begins at (K - k) // 2.", "x.shape[1] 说明激活了几个输入；正中间从 (K - k) // 2 开始。"),
        Text(
            "F.conv2d(x, weight[:o, :c, e : e + k, e : e + k], bias[:o], padding=k // 2), and None stays None.",
            "F.conv2d(x, weight[:o, :c, e : e + k, e : e + k], bias[:o], padding=k // 2)，None 保持 None。",
        ),
    ),
)
