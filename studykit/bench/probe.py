"""What a representation is worth: a linear probe on frozen features, fine-tuning, and few labels per class.

Self-supervised experiments share this, so that MLM, MAE, SimCLR and CLIP are asked the same question in the same way.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

STRENGTHS = (1e-3, 0.01, 0.1, 1.0, 10.0)  # of scikit-learn's C, the inverse of the L2 penalty


def few_shot(labels: Tensor, per_class: int, seed: int) -> Tensor:
    """Numbers of the samples to label: `per_class` of each class, drawn at random; all there are where fewer are.

    Args:
        labels: (N,).
        per_class: Labels for each class.
        seed: Of the draw.

    Returns:
        Indices (classes * per_class,), class by class.
    """
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=rng)
    drawn = labels.cpu()[order]
    return torch.cat([order[drawn == each][:per_class] for each in drawn.unique()]).to(labels.device)


@torch.no_grad()
def frozen(encode: Callable[[Tensor], Tensor], x: Tensor, batch: int = 512) -> Tensor:
    """Features (N, D) in float32 of samples, by an encoder that is in evaluation mode.

    Args:
        encode: Features (B, D) of a batch.
        x: Samples (N, ...).
        batch: Samples at a time.
    """
    return torch.cat([encode(part).float().flatten(1) for part in x.split(batch)])


def linear_probe(
    train: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]
) -> tuple[float, float]:
    """Accuracy in percent of multinomial logistic regression, its penalty chosen on the validation data.

    Features are standardised with the training data's statistics, so that none is favoured by its scale. On pixels this is
    the baseline that a representation has to beat.

    Args:
        train: Features (N, D) and labels (N,) that are given.
        validation: What the penalty is chosen by.
        test: Read once.

    Returns:
        Accuracy on the validation data and on the test data.
    """
    mean, std = train[0].mean(0), train[0].std(0).clamp(min=1e-3 * train[0].std().item() + 1e-8)
    (x, y), (vx, vy), (tx, ty) = (
        (((part - mean) / std).double().cpu().numpy(), target.cpu().numpy())
        for part, target in (train, validation, test)
    )
    fitted = [LogisticRegression(C=c, max_iter=500, tol=1e-3).fit(x, y) for c in STRENGTHS]
    best = max(fitted, key=lambda model: model.score(vx, vy))
    return 100 * float(best.score(vx, vy)), 100 * float(best.score(tx, ty))


def fine_tune(
    encode: Callable[[Tensor], Tensor],
    parameters: list[nn.Parameter],
    head: nn.Linear,
    train: tuple[Tensor, Tensor],
    *,
    steps: int,
    lr: float,
    batch: int = 64,
    seed: int = 0,
    augment: Callable[[Tensor], Tensor] | None = None,
) -> None:
    """Train an encoder and a linear head on labels, with AdamW and a cosine to 0.

    Started from a fresh encoder this is supervised training, the strongest simple baseline; give both the same `augment`.

    Args:
        encode: Features (B, D) of a batch, with a graph.
        parameters: Of the encoder.
        head: Reads the features.
        train: Samples and labels.
        steps: Updates.
        lr: Highest learning rate.
        batch: Samples per update, drawn with replacement.
        seed: Of the draws.
        augment: Applied to each batch.
    """
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW([*parameters, *head.parameters()], lr=lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    x, y = train
    for _ in range(steps):
        picked = torch.randint(len(x), (batch,), generator=rng).to(x.device)
        inputs = augment(x[picked]) if augment else x[picked]
        loss = F.cross_entropy(head(encode(inputs)), y[picked])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
