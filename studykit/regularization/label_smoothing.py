"""Label smoothing: mix the one-hot target with a uniform distribution, so that certainty stops paying.

Szegedy, Vanhoucke, Ioffe, Shlens & Wojna, "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
arXiv:1512.00567, section 7.

    q_k  = (1 - eps) * [k = y] + eps / K                 over all K classes, y among them
    loss = - sum_k q_k log p_k = (1 - eps) * (-log p_y) + eps * mean_k(-log p_k)
    d loss / d logit_k = p_k - q_k                       zero at p = q: beyond that, confidence is pushed back

As in PyTorch, class weights stand inside the sum over k, and the mean over indices divides by the sum of the w_y.
"""

import torch
from torch import Tensor, nn


def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    smoothing: float = 0.1,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy against smoothed targets; what ``F.cross_entropy(..., label_smoothing=smoothing)`` computes.

    Args:
        logits: (C,), (N, C) or (N, C, d1, ...), unnormalised.
        target: class indices, shaped as logits without C; or probabilities of logits' shape.
        smoothing: eps in [0, 1], the share of the uniform distribution.
        weight: (C,), a factor for each class.
        ignore_index: positions with this index cost nothing and are not counted.
        reduction: ``mean``, ``sum`` or ``none``.

    Returns:
        Loss in nats: a scalar, or shaped as target's positions for ``none``.

    Raises:
        ValueError: an argument is out of its bounds, or the shapes do not fit.
        IndexError: an index is no class (checked on the CPU only: a GPU would have to wait for the answer).

    Source: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """
    _check(logits, target, smoothing, weight, ignore_index, reduction)
    dim = min(1, logits.ndim - 1)
    scores = logits.log_softmax(dim)  # log p, never the log of a softmax: that is -inf where p underflows
    if weight is not None:
        scores = scores * weight.view(-1, *[1] * (logits.ndim - dim - 1))  # (C, 1, ...) beside (N, C, d1, ...)
    if target.is_floating_point():
        kept, losses = None, -(scores * target).sum(dim)  # (N, d1, ...)
    else:
        kept = target != ignore_index
        index = target.long().where(kept, 0)  # any class will do where it does not count
        losses = -scores.gather(dim, index.unsqueeze(dim)).squeeze(dim)  # (N, d1, ...)
    if smoothing:  # not at 0: a masked class, of logit -inf, costs 0 * inf there
        losses = (1 - smoothing) * losses - smoothing * scores.mean(dim)
    if kept is not None:
        losses = losses.where(kept, 0)
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    if kept is None:
        return total / losses.numel()
    return total / (kept.sum() if weight is None else weight[index].where(kept, 0).sum())


def _check(
    logits: Tensor, target: Tensor, smoothing: float, weight: Tensor | None, ignore_index: int, reduction: str
) -> None:
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing must be in [0, 1], got {smoothing}: it is a share, such as 0.1")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be mean, sum or none, got {reduction!r}")
    if logits.ndim == 0:
        raise ValueError("logits must have a dimension of classes, got a scalar: give (N, C)")
    shape, classes = tuple(logits.shape), logits.shape[min(1, logits.ndim - 1)]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ValueError(f"weight must be ({classes},), one number for each class, got {tuple(weight.shape)}")
    if target.is_floating_point():
        if tuple(target.shape) != shape:
            raise ValueError(f"probabilities must have logits' shape {shape}, got {tuple(target.shape)}")
        if ignore_index >= 0:
            raise ValueError(f"ignore_index must be < 0 for probabilities, got {ignore_index}: zero their row instead")
        return
    positions = shape[:1] * (len(shape) > 1) + shape[2:]
    if tuple(target.shape) != positions:
        raise ValueError(f"indices must be {positions} for logits {shape}, got {tuple(target.shape)}")
    if target.device.type == "cpu":
        wrong = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
        if wrong.numel():
            raise IndexError(f"an index must be in [0, {classes - 1}] or {ignore_index}, which is ignored, got {wrong[0]}")


class LabelSmoothingCrossEntropy(nn.Module):
    """``label_smoothing_cross_entropy`` as a module; ``weight`` is a buffer, as in ``nn.CrossEntropyLoss``.

    Args:
        smoothing: eps in [0, 1].
        weight: (C,), a factor for each class.
        ignore_index: positions with this index are left out.
        reduction: ``mean``, ``sum`` or ``none``.
    """

    def __init__(
        self, smoothing: float = 0.1, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__()
        _check(torch.zeros(1), torch.tensor(0), smoothing, None, ignore_index, reduction)
        self.register_buffer("weight", weight)
        self.smoothing, self.ignore_index, self.reduction = smoothing, ignore_index, reduction

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Loss of logits (N, C, ...) and indices (N, ...) or probabilities (N, C, ...)."""
        return label_smoothing_cross_entropy(
            logits, target, self.smoothing, self.weight, self.ignore_index, self.reduction
        )
