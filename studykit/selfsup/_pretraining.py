"""Pre-training by masked words: batches of like length, a loop that can be stopped and taken up again, and its checkpoint."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ._vocabulary import MASK, PAD, special
from .mlm import BertMLM, mask_tokens


class Pretraining:
    """A model that is trained on texts by masked words, with AdamW, a warm-up over a tenth of the steps and a descent to 0.

    Args:
        model: On its device.
        ids: All texts (N, length), on the same device.
        steps: Updates in all.
        lr: Highest learning rate; of the embeddings, whose rows are rarely in a batch, `embedding_lr`.
        embedding_lr: See `lr`.
        probability: Of a word to be chosen.
        batch_size: Texts per update.
        seed: Of batches and masks.
        static: The masks of each text are drawn once and stay.
        mask_replace_prob: As for `mask_tokens`.
        random_replace_prob: As for `mask_tokens`.
    """

    def __init__(
        self, model: BertMLM, ids: Tensor, *, steps: int, lr: float, embedding_lr: float, probability: float, batch_size: int,
        seed: int, static: bool = False, mask_replace_prob: float = 0.8, random_replace_prob: float = 0.1,
    ) -> None:  # fmt: skip
        self.model, self.ids, self.steps, self.batch_size = model, ids, steps, batch_size
        self.lengths = (ids != PAD).sum(1).cpu()
        self.rng = torch.Generator().manual_seed(seed)
        self.shares = {
            "probability": probability, "mask_replace_prob": mask_replace_prob, "random_replace_prob": random_replace_prob
        }  # fmt: skip
        embeddings = [model.token.weight, model.position.weight]
        others = [each for name, each in model.named_parameters() if name not in ("token.weight", "position.weight")]
        groups = [{"params": others, "lr": lr}, {"params": embeddings, "lr": embedding_lr}]
        self.optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min(1.0, 10 * (step + 1) / steps) * max(0.0, 1 - step / steps)
        )
        self.fixed = self._masked(ids.cpu()) if static else None
        self.waiting: list[Tensor] = []
        self.losses: list[float] = []

    def _masked(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        return mask_tokens(ids, MASK, len(self.model.bias), special(ids), generator=self.rng, **self.shares)

    def _next(self) -> Tensor:
        """Numbers of the texts of a batch: of like length, so that little is padding."""
        if not self.waiting:
            noisy = self.lengths + 3 * torch.rand(len(self.lengths), generator=self.rng)
            parts = noisy.argsort().split(self.batch_size)
            self.waiting = [parts[n] for n in torch.randperm(len(parts), generator=self.rng).tolist()]
        return self.waiting.pop()

    def step(self) -> float:
        """One update; returns its loss in nats per chosen word."""
        picked = self._next()
        length, device = int(self.lengths[picked].max()), self.ids.device
        if self.fixed:
            inputs, labels = (each[picked, :length] for each in self.fixed)
        else:
            inputs, labels = self._masked(self.ids[picked.to(device), :length].cpu())
        loss = self.model.loss(inputs.to(device), labels.to(device))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.losses.append(loss.item())
        return self.losses[-1]

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the training depends on, tensors and plain values only: `torch.load(weights_only=True)` reads it."""
        return {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "schedule": {"last": self.schedule.last_epoch},
            "rng": self.rng.get_state(), "waiting": list(self.waiting), "losses": list(self.losses), "fixed": self.fixed,
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave, to the very bits; texts and arguments are those of then."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.last_epoch = state["schedule"]["last"]
        self.rng.set_state(state["rng"])
        self.waiting, self.losses, self.fixed = list(state["waiting"]), list(state["losses"]), state["fixed"]


@torch.no_grad()
def held_out_loss(model: BertMLM, ids: Tensor, rounds: int = 3, probability: float = 0.15) -> float:
    """Mean loss in nats per word of texts (N, length), where each chosen word is a mask; the masks are always the same.

    Args:
        model: On the device of `ids`.
        ids: Texts that were not trained on.
        rounds: Masks of each text.
        probability: Of a word to be chosen.
    """
    rng, total, count = torch.Generator().manual_seed(0), 0.0, 0
    for _ in range(rounds):
        cpu = ids.cpu()
        masked = mask_tokens(
            cpu, MASK, len(model.bias), special(cpu), probability, rng, mask_replace_prob=1.0, random_replace_prob=0.0
        )
        for inputs, labels in zip(*(each.to(ids.device).split(256) for each in masked), strict=True):
            found = int((labels != -100).sum())
            total, count = total + model.loss(inputs, labels).item() * found, count + found
    return total / max(count, 1)
