"""The techniques of data; derived by `studykit build` from their cards."""

from .adversarial import adversarial_step, fgsm, pgd
from .audio_augment import add_noise, spec_augment, speed_perturb
from .curriculum import CurriculumSampler, length_curriculum
from .cutmix import CutMix, cutmix
from .mixup import MixUp, mixup
from .text_augment import back_translate, random_deletion, random_insertion, random_swap, synonym_replacement

__all__ = [
    "CurriculumSampler",
    "CutMix",
    "MixUp",
    "add_noise",
    "adversarial_step",
    "back_translate",
    "cutmix",
    "fgsm",
    "length_curriculum",
    "mixup",
    "pgd",
    "random_deletion",
    "random_insertion",
    "random_swap",
    "spec_augment",
    "speed_perturb",
    "synonym_replacement",
]
