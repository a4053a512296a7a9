"""CLIP: an image and its caption are to meet in one space; every other caption of the batch is a wrong answer, and no label is needed.

Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, arXiv:2103.00020, figure 3.

    logits = exp(t) I T'                    I (N, D), T (N, D): rows of unit length; t is learned
    loss   = (cross_entropy(logits, 0..N-1) + cross_entropy(logits', 0..N-1)) / 2
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_LOGIT_SCALE = math.log(100)


def clip_loss(image: Tensor, text: Tensor, logit_scale: float | Tensor) -> Tensor:
    """The mean of two cross-entropies: which caption belongs to an image, and which image to a caption.

    Args:
        image: Embeddings (N, D) of images, floating-point.
        text: Embeddings (N, D) of their captions, row by row. Neither is normalised here: give both in unit length, as `CLIP` does.
        logit_scale: What the similarities are multiplied by, 1 / temperature: already exponentiated.

    Returns:
        The loss in nats, a scalar; log(N) where nothing is told apart.

    Raises:
        ValueError: The two are not matrices of one shape with at least 1 row.

    Source: Radford et al. 2021, figure 3. A bias added to all logits would change nothing: a softmax does not see it.
    """
    if image.ndim != 2 or image.shape != text.shape or not len(image):
        raise ValueError(f"image and text must both be (N, D), N >= 1, got {tuple(image.shape)} and {tuple(text.shape)}")
    logits = logit_scale * image @ text.T  # (N, N)
    captions = logits.log_softmax(1).diagonal()  # of the N captions, the one that belongs to the image
    images = logits.log_softmax(0).diagonal()  # of the N images, the one that belongs to the caption
    return -(captions + images).mean() / 2


class CLIP(nn.Module):
    """Two encoders and the scale between them; call `clamp_scale` after every update.

    Args:
        image_encoder: Maps images (B, ...) to (B, D).
        text_encoder: Maps token ids (B, L) to (B, D).
        init_logit_scale: Where the logarithm of the scale starts, <= log(100); 1 / 0.07 in the paper.

    Raises:
        ValueError: The start is beyond log(100).

    Source: Radford et al. 2021, sections 2.4 and 2.5.
    """

    def __init__(
        self, image_encoder: nn.Module, text_encoder: nn.Module, init_logit_scale: float = math.log(1 / 0.07)
    ) -> None:
        super().__init__()
        if not init_logit_scale <= MAX_LOGIT_SCALE:
            raise ValueError(f"init_logit_scale must be <= log(100) = 4.605, got {init_logit_scale}; give the logarithm")
        self.image_encoder, self.text_encoder = image_encoder, text_encoder
        # The logarithm is learned: equal steps are equal factors, and the scale stays positive.
        self.logit_scale = nn.Parameter(torch.tensor(float(init_logit_scale)))

    def encode_image(self, images: Tensor) -> Tensor:
        """Embeddings (B, D) of unit length, of images (B, ...)."""
        return F.normalize(self.image_encoder(images), dim=-1)

    def encode_text(self, ids: Tensor) -> Tensor:
        """Embeddings (B, D) of unit length, of token ids (B, L)."""
        return F.normalize(self.text_encoder(ids), dim=-1)

    def forward(self, images: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `clip_loss` takes: embeddings of images and of token ids, and the scale."""
        return self.encode_image(images), self.encode_text(ids), self.logit_scale.exp()

    @torch.no_grad()
    def clamp_scale(self) -> None:
        """Keep the scale at 100 or below; after an update and not inside the forward pass, where its gradient would end at the bound."""
        self.logit_scale.clamp_(max=MAX_LOGIT_SCALE)

    def classifier(self, prompts: Tensor) -> Tensor:
        """Weights (C, D) of a zero-shot classifier: of each class the mean over its prompts, brought back to unit length.

        Args:
            prompts: Token ids (C, P, L), P prompts for each of C classes.

        Source: Radford et al. 2021, section 3.1.4.
        """
        each = self.encode_text(prompts.flatten(0, 1)).unflatten(0, prompts.shape[:2])  # (C, P, D)
        return F.normalize(each.mean(1), dim=-1)
