"""How an attack is probed: small networks, what it returns, and what it leaves behind."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

Make = Callable[[], nn.Module]
DOUBLE = torch.float64


def linear(features: int = 6, classes: int = 3) -> nn.Module:
    """Softmax regression."""
    return nn.Linear(features, classes)


def mlp() -> nn.Module:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))


def cnn() -> nn.Module:
    """One convolution, for images (B, 2, 4, 4)."""
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(64, 5))


def blind() -> nn.Module:
    """Softmax regression that does not see its second and fourth feature."""
    model = linear(5, 3)
    with torch.no_grad():
        model.weight[:, [1, 3]] = 0
    return model


def sure() -> nn.Module:
    """Logits so far apart that the softmax is exactly 0 or 1."""
    model = linear(4, 3)
    with torch.no_grad():
        model.bias.copy_(torch.tensor([2000.0, 0.0, -2000.0]))
    return model


def normed() -> nn.Module:
    """With dropout and two batch norms, the second of them frozen."""
    return nn.Sequential(
        nn.Linear(6, 12), nn.BatchNorm1d(12), nn.Tanh(), nn.Dropout(0.5), nn.Linear(12, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
    )


class Call(NamedTuple):
    """One attack on a new network.

    Args:
        make: The network.
        shape: Of x.
        epsilon: As in `fgsm`.
        span: Of the entries of x.
        training: The mode of the network; the last batch norm is then in evaluation mode all the same.
        accumulated: Whether the parameters hold gradients before.
        marked: Whether x requires a gradient before, and holds one.
        frozen: Whether the first layer requires none.
        wrong: Whether y is the least likely class, by the network itself.
        given: Whether the message shows x and the epsilon.
    """

    make: Make
    shape: tuple[int, ...]
    epsilon: float = 0.1
    span: tuple[float, float] = (0.3, 0.7)
    training: bool = False
    accumulated: bool = False
    marked: bool = False
    frozen: bool = False
    wrong: bool = False
    given: bool = False

    def __call__(self, candidate: Any, seed: int) -> dict[str, Any]:
        """The attacked x, and what became of x and of the network."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model, x, y = self._drawn()
            before, kept = x.detach().clone(), {name: each.clone() for name, each in model.state_dict().items()}
            moved = candidate(model, x, y, self.epsilon)
            found = {"given x": before, "given epsilon": self.epsilon} if self.given else {}
            is_tensor = isinstance(moved, Tensor)
            found |= {"attacked x": moved, "x afterwards": x, "dtype is that of x": is_tensor and moved.dtype == x.dtype}
            found["attacked x requires a gradient"] = is_tensor and moved.requires_grad
            found["x requires a gradient"], found["gradient of x"] = x.requires_grad, x.grad
            found["gradients of the parameters"] = [each.grad for each in model.parameters()]
            found["parameters require a gradient"] = [each.requires_grad for each in model.parameters()]
            found["training modes"] = [each.training for each in model.modules()]
            same = [torch.equal(each, kept[name]) for name, each in model.state_dict().items()]
            return found | {"parameters and buffers are unchanged": same}

    def _drawn(self) -> tuple[nn.Module, Tensor, Tensor]:
        model = self.make().double()
        with torch.no_grad():
            for each in model.parameters():
                each.mul_(4)  # far from a uniform softmax, where many losses have the same gradient
        for norm in (each for each in model.modules() if isinstance(each, nn.BatchNorm1d)):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
        low, high = self.span
        x = low + (high - low) * torch.rand(self.shape, dtype=DOUBLE)
        with torch.no_grad():
            logits = model.eval()(x)
        y = logits.argmin(1) if self.wrong else torch.randint(logits.shape[1], (len(x),))
        model.train(self.training)
        if self.training:
            [each for each in model.modules() if isinstance(each, nn.BatchNorm1d)][-1].eval()
        for number, each in enumerate(model.parameters()):
            if self.frozen and number < 2:
                each.requires_grad_(False)
            elif self.accumulated:
                each.grad = torch.randn_like(each)
        if self.marked:
            x.requires_grad_().grad = torch.randn_like(x)
        return model, x, y
