"""Adversarial training: train on inputs that were moved, by no more than epsilon in each entry, to where the loss is high.

Goodfellow, Shlens & Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, arXiv:1412.6572, sections 4 and 6.
Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018, arXiv:1706.06083, equation 2.1.

    min over w of  E [ max over |d|_inf <= epsilon of  L(w, x + d, y) ]              what training is after
    FGSM   x' = clip(x + epsilon * sign(dL/dx), 0, 1)                                the inner maximum in one step
    PGD    x' <- clip(project(x' + step_size * sign(dL/dx')), 0, 1)                  in several; projected to |x' - x| <= epsilon
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]


def fgsm(model: nn.Module, x: Tensor, y: Tensor, epsilon: float) -> Tensor:
    """The fast gradient sign method: every entry of x moves by epsilon in the direction that raises the loss.

    Args:
        model: Gives logits (B, classes). It is attacked in evaluation mode; its modes and its gradients stay as they were.
        x: Inputs (B, ...), floating point, in [0, 1].
        y: True classes (B,).
        epsilon: Greatest change of an entry, >= 0, on the scale of x.

    Returns:
        The attacked inputs, in [0, 1], without a graph; x itself is left alone.

    Raises:
        ValueError: x is not in [0, 1] or no floating point, or epsilon is negative.

    Source: Goodfellow et al. 2015, arXiv:1412.6572, section 4.
    """
    _check(x, epsilon)
    return (x.detach() + epsilon * _ascent(model, x, y)).clamp(0, 1)


def pgd(
    model: nn.Module, x: Tensor, y: Tensor, epsilon: float, step_size: float, steps: int, *, generator: Generator | None = None
) -> Tensor:
    """Projected gradient descent on the negative loss: small steps of FGSM, each brought back to within epsilon of x.

    Args:
        model: As in `fgsm`; so are the next two, what is returned and what is raised.
        x: Inputs.
        y: True classes.
        epsilon: Greatest change of an entry over all steps, >= 0.
        step_size: Change of an entry in one step, > 0; with steps * step_size < epsilon the edge is out of reach.
        steps: Number of steps, >= 1; each costs a forward and a backward pass.
        generator: Draws a start uniformly within epsilon; without one the start is x.

    Source: Madry et al. 2018, arXiv:1706.06083, section 2.1.
    """
    _check(x, epsilon)
    if not (step_size > 0 and steps >= 1):
        raise ValueError(f"step_size must be > 0 and steps >= 1, got {step_size} and {steps}: take epsilon / 4 and 20")
    moved = x = x.detach()
    low, high = (x - epsilon).clamp(min=0), (x + epsilon).clamp(max=1)  # both bounds at once: near x, and a picture
    if generator is not None:
        drawn = torch.rand(x.shape, generator=generator, device=generator.device).to(x)
        moved = (x + epsilon * (2 * drawn - 1)).clamp(low, high)
    for _ in range(steps):
        moved = (moved + step_size * _ascent(model, moved, y)).clamp(low, high)
    return moved


def adversarial_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, attack: Attack, *, clean: float = 0.0
) -> Tensor:
    """One update on attacked inputs, in the mode that the model is in.

    Args:
        model: As in `fgsm`.
        optimizer: Over the model's parameters.
        x: Inputs in [0, 1].
        y: True classes.
        attack: Takes model, x and y, gives the inputs to train on: `functools.partial(fgsm, epsilon=0.1)`, say.
        clean: Weight of the loss on x itself, in [0, 1], else a ValueError: 0 as Madry et al., 0.5 as Goodfellow et al.

    Returns:
        The loss that was descended, detached.

    Source: Madry et al. 2018, equation 2.1; Goodfellow et al. 2015, section 6.
    """
    if not 0 <= clean <= 1:
        raise ValueError(f"clean must be in [0, 1], got {clean}: it is the share of the loss on inputs as they are")
    loss = (1 - clean) * F.cross_entropy(model(attack(model, x, y)), y)
    if clean:
        loss = loss + clean * F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def _ascent(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    modes = [(module, module.training) for module in model.modules()]  # each its own: BatchNorm may be frozen
    model.eval()
    try:
        with torch.enable_grad():
            # Summed: in a mean over a large batch the entries are so small that float16 would lose them.
            loss = F.cross_entropy(model(x), y, reduction="sum")
            return torch.autograd.grad(loss, x)[0].sign()  # of x alone: no parameter gets a gradient
    finally:
        for module, mode in modes:
            module.training = mode


def _check(x: Tensor, epsilon: float) -> None:
    if not x.is_floating_point() or (x.numel() and not 0 <= x.min() <= x.max() <= 1):
        span = f"{x.dtype} in [{x.min():g}, {x.max():g}]"
        raise ValueError(f"x must be floating point in [0, 1], got {span}: divide bytes by 255, normalise in the model")
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be >= 0, got {epsilon}: it is the greatest change of an entry, such as 8 / 255")
