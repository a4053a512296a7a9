"""The same code on a GPU: experiments by `device="cuda"`, and the optimizers against torch's there."""

from importlib import import_module

import pytest
import torch

from studykit.optim import SGD, Adam, AdamW
from studykit.technique import REGIMES, Technique, catalog


@pytest.mark.parametrize("card", catalog().values(), ids=lambda card: card.id)
@pytest.mark.parametrize("regime", REGIMES)
def test_an_experiment_runs_on_the_gpu(card: Technique, regime: str) -> None:
    experiment = import_module(card.module_of("_experiment"))
    result = experiment.run(regime=regime, steps=getattr(experiment, "FEWEST_STEPS", 3), device="cuda")
    assert result.metric in next(iter(result.arms.values())).metrics


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("ours", [SGD, Adam, AdamW], ids=lambda each: each.__name__)
def test_an_optimizer_is_torchs_on_the_gpu(ours: type[torch.optim.Optimizer], fast: bool) -> None:
    oracle = getattr(torch.optim, ours.__name__)
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=generator) for shape in ((300, 40), (40,), ())]
    mine, theirs = ([each.clone().cuda().requires_grad_() for each in start] for _ in range(2))
    optimizers = ours(mine, lr=0.01, fast=fast), oracle(theirs, lr=0.01)  # type: ignore[call-arg]
    for _ in range(50):
        for one, other in zip(mine, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator).cuda()
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)
