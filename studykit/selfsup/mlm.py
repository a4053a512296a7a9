"""Masked language modelling: hide some tokens of a text and learn to predict them from what stands on both sides.

Devlin, Chang, Lee & Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019, arXiv:1810.04805, 3.1 and A.1.

    chosen   each token but the special ones, with probability 0.15, by itself
    input    of the chosen: 80 % [MASK], 10 % any token of the vocabulary, 10 % as it was
    loss     mean over the chosen of -log p(what stood there | input)
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studykit.models import Block

IGNORED = -100  # the label that torch's cross_entropy skips


def mask_tokens(
    ids: Tensor, mask_id: int, vocab_size: int, special_mask: Tensor | None = None, probability: float = 0.15,
    generator: torch.Generator | None = None, *, mask_replace_prob: float = 0.8, random_replace_prob: float = 0.1,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Input and labels of masked language modelling; every call draws anew, which is dynamic masking.

    Args:
        ids: Token numbers (...), integers, left as they are.
        mask_id: Number of the mask token.
        vocab_size: Random tokens are drawn from 0 to vocab_size - 1, special ones and the right one included.
        special_mask: (...) True where a token is never chosen: class, separator, padding.
        probability: Of each other token to be chosen.
        generator: Of all draws, on the device of `ids`; by default torch's own.
        mask_replace_prob: Share of the chosen that become the mask.
        random_replace_prob: Share of the chosen that become a random token; the rest stay.

    Returns:
        The input, and labels of the same shape: the original token where one was chosen, else -100.

    Raises:
        ValueError: ids are no integers, a shape differs, or a number is out of its bounds.

    Source: Devlin et al. 2019, sections 3.1 and A.1; the order of the draws is that of transformers' collator.
    """
    kept = 1 - mask_replace_prob - random_replace_prob
    if not 0 <= mask_id < vocab_size:
        raise ValueError(f"mask_id must be >= 0 and < vocab_size = {vocab_size}, got {mask_id}; count the mask in vocab_size")
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be >= 0 and <= 1, got {probability}")
    if not (mask_replace_prob >= 0 and random_replace_prob >= 0 and kept > -1e-9):
        raise ValueError(f"the two shares must be >= 0 and sum to <= 1, got {mask_replace_prob} and {random_replace_prob}")
    if ids.is_floating_point() or ids.dtype is torch.bool:
        raise ValueError(f"ids must be integers, got {ids.dtype}; convert with ids.long()")
    if special_mask is not None and special_mask.shape != ids.shape:
        raise ValueError(f"special_mask must have the shape of ids, {tuple(ids.shape)}, got {tuple(special_mask.shape)}")

    def drawn(share: float) -> Tensor:
        return torch.full(ids.shape, share, device=ids.device)

    chances = drawn(probability) if special_mask is None else drawn(probability).masked_fill(special_mask.bool(), 0)
    chosen = torch.bernoulli(chances, generator=generator).bool()
    labels = ids.masked_fill(~chosen, IGNORED)
    masked = chosen & torch.bernoulli(drawn(mask_replace_prob), generator=generator).bool()
    inputs = ids.masked_fill(masked, mask_id)
    if mask_replace_prob < 1 and random_replace_prob > 0:
        # Of what the mask left over: 0.1 of all the chosen is a half of the remaining 0.2.
        share = min(1.0, random_replace_prob / (1 - mask_replace_prob))
        random = chosen & ~masked & torch.bernoulli(drawn(share), generator=generator).bool()
        words = torch.randint(vocab_size, ids.shape, generator=generator, device=ids.device).to(ids.dtype)
        inputs = torch.where(random, words, inputs)
    return inputs, labels


class BertMLM(nn.Module):
    """BERT's encoder in small, its output layer tied to the embedding; without segments and next-sentence prediction.

    Args:
        vocab_size: Number of tokens.
        context: Greatest length of a text in tokens.
        width: Size of the residual stream.
        depth: Number of blocks.
        heads: Attention heads.
        pad_id: The token that pads, which nothing attends to.

    Raises:
        ValueError: In use: a text is longer than `context`.

    Source: Devlin et al. 2019, section 3; the blocks normalise before each branch, where BERT did so after it.
    """

    def __init__(
        self, vocab_size: int, context: int = 32, width: int = 64, depth: int = 2, heads: int = 4, *, pad_id: int = 0
    ) -> None:
        super().__init__()
        self.pad_id = pad_id
        self.token, self.position = nn.Embedding(vocab_size, width), nn.Embedding(context, width)
        nn.init.normal_(self.token.weight, std=0.05)
        nn.init.normal_(self.position.weight, std=0.02)
        self.start = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads, causal=False) for _ in range(depth))
        for block in self.blocks:
            # With the default the words around are a whisper beside the mask's own vector: learning starts many times later.
            nn.init.normal_(block.qkv.weight.data[2 * width :], std=(2 / width) ** 0.5)
            nn.init.normal_(block.out.weight, std=(2 / width) ** 0.5)
        self.norm = nn.LayerNorm(width)
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def encode(self, ids: Tensor) -> Tensor:
        """A vector for each token (B, N, D), of ids (B, N)."""
        if ids.shape[1] > self.position.num_embeddings:
            raise ValueError(f"a text must have <= {self.position.num_embeddings} tokens, got {ids.shape[1]}; cut it")
        visible = ids != self.pad_id
        x = self.start(self.token(ids) + self.position.weight[: ids.shape[1]])  # (B, N, D)
        for block in self.blocks:
            x = block(x, visible)
        return self.norm(x)

    def features(self, ids: Tensor) -> Tensor:
        """One vector for each text (B, D): the mean over its tokens without padding."""
        visible = (ids != self.pad_id)[..., None]
        return (self.encode(ids) * visible).sum(1) / visible.sum(1).clamp(min=1)

    def logits(self, x: Tensor) -> Tensor:
        """Scores of all tokens (..., vocab_size) by vectors (..., D)."""
        return F.linear(self.transform(x), self.token.weight, self.bias)

    def forward(self, ids: Tensor) -> Tensor:
        """Scores (B, N, vocab_size) of the token at every position of ids (B, N)."""
        return self.logits(self.encode(ids))

    def loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy in nats where labels (B, N) are not -100; 0 where there is none.

        The output layer, the most expensive one for a large vocabulary, is computed there only.
        """
        at = labels != IGNORED
        found = F.cross_entropy(self.logits(self.encode(ids)[at]), labels[at], reduction="sum")  # (chosen, vocab_size)
        return found / at.sum().clamp(min=1)
