"""Wrong ways to run part of a convolution: one right computation, each deviating from it in one place."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from studykit.language import Text


def first(weight: Tensor, dim: int, count: int) -> Tensor:
    return weight.narrow(dim, 0, count)


def last(weight: Tensor, dim: int, count: int) -> Tensor:
    return weight.narrow(dim, weight.shape[dim] - count, count)


def spread(weight: Tensor, dim: int, count: int) -> Tensor:
    """Every so many-th channel."""
    return weight.index_select(dim, torch.arange(count) * (weight.shape[dim] // count))


def heaviest(weight: Tensor, dim: int, count: int) -> Tensor:
    """Those of the greatest L1 norm, in their order."""
    sizes = weight.abs().transpose(0, dim).flatten(1).sum(1) if weight.ndim > 1 else weight.abs()
    return weight.index_select(dim, sizes.topk(count).indices.sort().values)


def drawn(weight: Tensor, dim: int, count: int) -> Tensor:
    """Some at random."""
    return weight.index_select(dim, torch.randperm(weight.shape[dim])[:count])


def summed(weight: Tensor, dim: int, count: int) -> Tensor:
    """What is left over is added to the last active one."""
    return torch.cat([weight.narrow(dim, 0, count - 1), weight.narrow(dim, count - 1, weight.shape[dim] - count + 1).sum(dim, keepdim=True)], dim)


def window(at: Callable[[int, int], int]) -> Callable[[Tensor, int], Tensor]:
    """A window whose corner lies there: a function of the largest kernel's side and its own."""

    def cut(weight: Tensor, side: int) -> Tensor:
        place = at(weight.shape[-1], side)
        return weight[..., place : place + side, place : place + side]

    return cut


centre = window(lambda largest, side: (largest - side) // 2)


def from_both_ends(weight: Tensor, side: int) -> Tensor:
    edge = (weight.shape[-1] - side) // 2
    return weight[..., edge:-edge, edge:-edge]


def every_other(weight: Tensor, side: int) -> Tensor:
    stride = max(1, (weight.shape[-1] - 1) // max(1, side - 1)) if side > 1 else 1
    place = 0 if side > 1 else weight.shape[-1] // 2
    return weight[..., place::stride, place::stride][..., :side, :side]


def shrunk(weight: Tensor, side: int) -> Tensor:
    return F.adaptive_avg_pool2d(weight, side)


def resized(weight: Tensor, side: int) -> Tensor:
    return F.interpolate(weight, (side, side), mode="bilinear", align_corners=False)


def middle_row(weight: Tensor, side: int) -> Tensor:
    edge = (weight.shape[-1] - side) // 2
    return weight[..., :side, edge : edge + side]


def like(
    *,
    outputs: Callable[..., Tensor] = first,
    inputs: Callable[..., Tensor] = first,
    cut: Callable[[Tensor, int], Tensor] = centre,
    padding: Callable[[int, int], int] = lambda side, largest: side // 2,
    biased: Callable[..., Tensor] | None = None,
    changed: Callable[..., Tensor] = lambda part, weight: part,
    after: Callable[[Tensor], Tensor] = lambda y: y,
    mode: str = "constant",
) -> Callable[..., Tensor]:
    """A sliced convolution with these parts; by default it is right."""

    def candidate(x: Tensor, weight: Tensor, bias: Tensor | None, out_channels: int, kernel_size: int) -> Tensor:
        part = changed(cut(inputs(outputs(weight, 0, out_channels), 1, x.shape[1]), kernel_size), weight)
        own = None if bias is None else (biased or outputs)(bias, 0, out_channels)
        edge = padding(kernel_size, weight.shape[-1])
        if mode != "constant":
            return F.conv2d(F.pad(x, [edge] * 4, mode=mode), part, own)
        return after(F.conv2d(x, part, own, padding=edge))

    return candidate


def all_inputs(x, weight, bias, out_channels, kernel_size):
    part = centre(weight[:out_channels], kernel_size)
    return F.conv2d(x, part, None if bias is None else bias[:out_channels], padding=kernel_size // 2)


def whole_bias(x, weight, bias, out_channels, kernel_size):
    part = centre(weight[:out_channels, : x.shape[1]], kernel_size)
    return F.conv2d(x, part, bias, padding=kernel_size // 2)


def mirrored_weight(x, weight, bias, out_channels, kernel_size):
    part = centre(weight[: x.shape[1], :out_channels], kernel_size)
    return F.conv2d(x, part.transpose(0, 1), None if bias is None else bias[:out_channels], padding=kernel_size // 2)


def masked_outputs(x, weight, bias, out_channels, kernel_size):
    mask = (torch.arange(len(weight)) < out_channels).to(x)
    part = centre(weight[:, : x.shape[1]], kernel_size) * mask.view(-1, 1, 1, 1)
    return F.conv2d(x, part, None if bias is None else bias * mask, padding=kernel_size // 2)


def computed_then_cut(x, weight, bias, out_channels, kernel_size):
    part = centre(weight[:, : x.shape[1]], kernel_size)
    return F.conv2d(x, part, bias, padding=kernel_size // 2)[:, :out_channels]


def rim_of_zeros(x, weight, bias, out_channels, kernel_size):
    edge = (weight.shape[-1] - kernel_size) // 2
    part = F.pad(centre(weight[:out_channels, : x.shape[1]], kernel_size), [edge] * 4)
    return F.conv2d(x, part, None if bias is None else bias[:out_channels], padding=weight.shape[-1] // 2)


def filled_inputs(x, weight, bias, out_channels, kernel_size):
    x = F.pad(x, (0, 0, 0, 0, 0, weight.shape[1] - x.shape[1]))
    part = centre(weight[:out_channels], kernel_size)
    return F.conv2d(x, part, None if bias is None else bias[:out_channels], padding=kernel_size // 2)


def overwritten(x, weight, bias, out_channels, kernel_size):
    with torch.no_grad():
        weight[out_channels:] = 0
        weight[:, x.shape[1] :] = 0
    return like()(x, weight, bias, out_channels, kernel_size)


def whole_kernel(x, weight, bias, out_channels, kernel_size):
    part = weight[:out_channels, : x.shape[1]]
    return F.conv2d(x, part, None if bias is None else bias[:out_channels], padding=weight.shape[-1] // 2)


def detached_bias(bias: Tensor, dim: int, count: int) -> Tensor:
    return bias.detach()[:count]


COMPUTED = Text(
    "The values are right, but the switched-off part is computed too: zeros are multiplied, or outputs thrown away. Then a sub-network is "
    "no cheaper than the whole. Slice the weight before you convolve.",
    "数值对，但关掉的部分也算了：要么在乘零，要么算完再扔，子网就一点不省。应先切权重再做卷积。",
)
DETACHED = Text(
    "The values are right, but no gradient reaches the shared weight: .data, detach() or a new Parameter is a copy of its own. A slice is a "
    "view; leave it one.",
    "数值对，但梯度传不回共享权重：.data、detach() 或新建的 Parameter 都成了独立的副本。切片本身就是 view，直接用即可。",
)
RESIZED = Text(
    "The kernel is averaged or interpolated down to the smaller size; the active one is its centre as it stands.",
    "核被平均或插值缩小了；激活的应是原封不动的正中间一块。",
)
WRONG: dict[str, list[tuple[Callable[..., Any], Text]]] = {
    "corner_instead_of_centre": [(like(cut=window(lambda largest, side: 0)), Text(
        "The kernel is cut from its corner, [:k, :k]. That shifts the image by half the difference; the smaller kernel is the centre.",
        "核是从角上切的 [:k, :k]，相当于把图像平移了半个差值；小核应取正中间。",
    ))],
    "far_corner": [(like(cut=window(lambda largest, side: largest - side)), Text(
        "The offset is K - k: that is the far corner. The centre begins at (K - k) // 2.",
        "偏移取了 K - k，切到了另一个角；正中间从 (K - k) // 2 开始。",
    ))],
    "centred_in_one_direction": [(
        like(cut=middle_row),
        Text("The window is centred in the columns, but not in the rows.", "列方向取了中间，行方向没有。"),
    )],
    "every_other_weight": [(like(cut=every_other), Text(
        "You take every other weight of the kernel, which is a subsampled kernel; the active one is a window of neighbours, in the centre.",
        "你隔一个取一个权重，那是下采样；应取正中间相邻的一块。",
    ))],
    "kernel_resized": [
        (like(cut=shrunk), RESIZED),
        (like(cut=resized), RESIZED),
    ],
    "kernel_left_whole": [(
        whole_kernel,
        Text("The kernel size is not used: all of the kernel is active.", "没有用到 kernel_size：用的还是整个核。"),
    )],
    "empty_slice_at_full_size": [(like(cut=from_both_ends), Text(
        "[edge:-edge] is empty where edge is 0: with the largest kernel nothing is left. Write edge : edge + k.",
        "edge 为 0 时 [edge:-edge] 是空的：取最大核时什么也不剩。写成 edge : edge + k。",
    ))],
    "inputs_not_sliced": [(all_inputs, Text(
        "The layer before may be narrow too: slice the weight's second axis by the channels that x has.",
        "前一层也可能变窄：权重的第二维要按 x 的通道数来切。",
    ))],
    "last_inputs": [(like(inputs=last), Text(
        "You take the last input channels; active are the first ones, those that the layer before has given.",
        "你取了最后几个输入通道；激活的是最前面的，也就是前一层输出的那些。",
    ))],
    "axes_exchanged": [(mirrored_weight, Text(
        "The two channel axes are exchanged: a weight of conv2d is (out, in, k, k).",
        "两个通道维弄反了：conv2d 的权重是 (out, in, k, k)。",
    ))],
    "last_outputs": [(like(outputs=last), Text(
        "You take the last output channels. All widths share the first ones, so that a wider network contains the narrower.",
        "你取了最后几个输出通道。各种宽度共享最前面的通道，宽的才会包含窄的。",
    ))],
    "spread_outputs": [(
        like(outputs=spread),
        Text("You take channels at even distances; all widths share the first ones.", "你按等间隔取通道；各种宽度共享的是最前面的通道。"),
    )],
    "heaviest_outputs": [(like(outputs=heaviest), Text(
        "You choose channels by their norm in each call. Importance is sorted once, by moving weights, before widths vary; after that the first "
        "ones are taken, or two widths would not be nested.",
        "你每次都按范数挑通道。重要性只在放开宽度之前排序一次，直接调整权重次序；之后一律取最前面的，否则不同宽度不再嵌套。",
    ))],
    "random_outputs": [(like(outputs=drawn), Text(
        "Channels are drawn at random, as dropout does it. A sub-network is always the same one: the first channels.",
        "通道是随机抽的，像 dropout 一样。子网必须是固定的：最前面的通道。",
    ))],
    "rest_added_up": [(like(outputs=summed), Text(
        "What is switched off is added to the last active channel; it has to be left out.",
        "关掉的通道被加到了最后一个激活通道上；应该直接不用。",
    ))],
    "outputs_masked": [(masked_outputs, Text(
        "The inactive outputs are there, as zeros. The result has out_channels channels, or the next layer is no smaller.",
        "没激活的输出还在，只是为零。结果应只有 out_channels 个通道，否则下一层不会变小。",
    ))],
    "padding_of_the_largest": [(like(padding=lambda side, largest: largest // 2), Text(
        "The padding is the largest kernel's, so the image grows. It follows the active kernel: k // 2.",
        "padding 用的是最大核的，图像变大了。应随当前核：k // 2。",
    ))],
    "no_padding": [(
        like(padding=lambda side, largest: 0),
        Text("There is no padding, so the image shrinks with the kernel; pad by k // 2.", "没有 padding，图像会随核变小；应填充 k // 2。"),
    )],
    "padding_of_one": [(
        like(padding=lambda side, largest: 1),
        Text("The padding is 1 whatever the kernel: right for 3 alone. It is k // 2.", "padding 固定为 1，只对 3 的核正确。应为 k // 2。"),
    )],
    "border_repeated": [(like(mode="replicate"), Text(
        "The border is padded with repeated pixels; asked for are zeros, as conv2d pads.",
        "边界用重复像素填充；要求填零，与 conv2d 一致。",
    ))],
    "border_mirrored": [(
        like(mode="circular"),
        Text("The border wraps around; asked for are zeros, as conv2d pads.", "边界做了循环填充；要求填零，与 conv2d 一致。"),
    )],
    "bias_not_sliced": [(
        whole_bias,
        Text("The bias has one entry for each output: slice it too.", "bias 每个输出一个值：也要切。"),
    )],
    "bias_left_out": [(
        like(biased=lambda bias, dim, count: 0 * bias[:count]),
        Text("The bias is not added.", "没有加 bias。"),
    )],
    "bias_of_the_last": [(
        like(biased=last),
        Text("Weights of the first outputs, bias of the last ones.", "权重取前面的输出，bias 却取了后面的。"),
    )],
    "scaled_like_dropout": [(like(changed=lambda part, weight: part * (weight.shape[1] / part.shape[1])), Text(
        "You scale the sum up for the inputs that are missing, as dropout does. A slice is a network of its own; the norm behind it has "
        "statistics of its own.",
        "你像 dropout 一样按缺少的输入放大了。切片就是一个独立的网络，后面的 norm 有自己的统计量。",
    ))],
    "scaled_by_area": [(
        like(changed=lambda part, weight: part * (weight.shape[-1] / part.shape[-1]) ** 2),
        Text("You scale by the areas of the kernels; the weights are used as they are.", "你按核的面积比做了缩放；权重应原样使用。"),
    )],
    "kernel_turned": [(like(changed=lambda part, weight: part.flip(2, 3)), Text(
        "The kernel is turned round, as in a convolution of signal processing; conv2d does not turn it.",
        "核被翻转了，那是信号处理里的卷积；conv2d 不翻转。",
    ))],
    "activated": [(
        like(after=torch.relu),
        Text("A ReLU was added; the layer is linear.", "多加了一个 ReLU；这一层是线性的。"),
    )],
    "computes_what_is_off": [(computed_then_cut, COMPUTED), (rim_of_zeros, COMPUTED), (filled_inputs, COMPUTED)],
    "weight_overwritten": [(overwritten, Text(
        "Weights outside of the slice are set to zero, in the shared weight itself: the next, larger sub-network finds them gone.",
        "你把切片之外的共享权重直接置零了：下一个更大的子网就找不到它们了。",
    ))],
    "detached": [
        (like(changed=lambda part, weight: part.detach()), DETACHED),
        (like(changed=lambda part, weight: part.detach().clone().requires_grad_(), biased=detached_bias), DETACHED),
    ],
}  # fmt: skip
