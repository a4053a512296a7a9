"""CLIP on painted digits with captions: pairs of thing and colour that were never shown together; and, where it does not help, with every pair labelled."""

from collections.abc import Iterable
from typing import Annotated

from studykit.bench.result import Arm, Effect, Result, compare
from studykit.bench.train import part, place
from studykit.knobs import Choice, Dataset, Log, Range
from studykit.selfsup._captions import COLOURS
from studykit.selfsup._clip_experiment import (
    accuracies,
    by_prompts,
    contrast,
    pair_loss,
    pairs_of,
    predicted,
    seen_pairs_loss,
    supervised,
    two_losses,
    untrained,
    zero_shot,
)

# Validation images, mean over seeds 100-102, each arm by itself: CLIP in 1e-3 to 1e-2, the supervised arms in 1e-3 to 2e-2; on pairs
# never seen together 3e-3 was best for CLIP and for two heads, 1e-2 for the other two. With every pair shown 5e-3 was best for CLIP and
# 1e-2 for both others. The text encoder's width in 32 to 256: 64, beyond which little is gained.
LR = {
    "helps": {"CLIP": 3e-3, "pair classifier": 1e-2, "two heads": 3e-3, "two heads, seen pairs": 1e-2},
    "does_not": {"CLIP": 5e-3, "pair classifier": 1e-2, "two heads": 1e-2},
}
UNSEEN, SEEN = "accuracy on pairs never seen together", "accuracy on pairs seen in training"


def run(
    *,
    lr_factor: Annotated[float, Log(0.01, 100)] = 1.0,
    hidden: Annotated[int, Range(1, 5)] = 2,
    text_depth: Annotated[int, Range(0, 6)] = 0,
    languages: Choice("both", "en", "zh") = "both",
    batch_size: Annotated[int, Log(2, 4096)] = 64,
    regime: Choice("helps", "does_not") = "helps",
    dataset: Dataset("auto", "digits", "fashion_mnist", "cifar10") = "auto",
    steps: Annotated[int, Log(1, 1_000_000)] = 250,
    seed: int = 0,
    device: str = "auto",
    dtype: Choice("auto", "float32", "bfloat16") = "auto",
) -> Result:
    """One seed of one regime: the same CNN on the same painted images, trained on captions, or on labels in two or three ways.

    Args:
        lr_factor: Times the learning rate of every arm, which was chosen on validation.
        hidden: Colours, of six, that each thing is never shown in, where it helps; where it does not, none is kept out.
        text_depth: Blocks of the text encoder; 0 is a bag of words.
        languages: Of the captions, in training and of the prompts.
        batch_size: Images per update, for CLIP the captions that compete.
        regime: `helps` (tested on pairs that were never shown) or `does_not` (every pair is shown, and labelled).
        dataset: What is painted; `auto` is digits; or a folder with one subfolder of images per thing.
        steps: Updates per arm.
        seed: Of split, pairs kept out, initialisation, batches and captions.
        device: `auto`, `cpu`, `cuda`.
        dtype: `auto` is bfloat16 autocast on a GPU and float32 elsewhere.

    Returns:
        CLIP first, zero-shot over the captions of all pairs (60 for digits: chance is 1.7 %). The training losses can't be compared.
    """
    where, helps = place(device, dtype), regime == "helps"
    pairs = pairs_of(dataset, seed, where.device, hidden if helps else 0)
    images, things, colours = pairs.painted("test", seed)
    n, count = len(COLOURS), len(pairs.captions.things)
    ways = {
        "pair classifier": (pair_loss, count * n, False),
        "two heads": (two_losses, count + n, True),
        "two heads, seen pairs": (seen_pairs_loss(pairs.allowed), count + n, True),
    }
    shared = {"steps": steps, "size": batch_size, "seed": seed}
    spoken = ("en", "zh") if languages == "both" else (languages,)
    arms = {}
    for number, (name, rate) in enumerate(LR[regime].items()):
        with part(number, len(LR[regime])):
            if name == "CLIP":
                start = untrained(pairs, seed, text_depth)
                model, losses = contrast(pairs, where, lr=rate * lr_factor, languages=spoken, model=start, **shared)
                guess = zero_shot(model, images, by_prompts(model, pairs, spoken))
            else:
                loss, outputs, two = ways[name]
                network, losses = supervised(pairs, where, loss, outputs, lr=rate * lr_factor, name=name, **shared)
                guess = predicted(network, images, two)
        arms[name] = Arm(accuracies(pairs, guess, things, colours), {"training loss": losses})
    return Result(regime, seed, UNSEEN if helps else SEEN, True, arms)


def effect(results: Iterable[Result]) -> Effect:
    """CLIP against each other arm, paired by seed."""
    return compare(results)
