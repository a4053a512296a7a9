"""How long an interview takes, how hard it is, in which language, about what."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from studykit.errors import InputError
from studykit.question import LEVELS
from studykit.technique import SECTIONS, TIERS, Technique, catalog, chosen

MINUTES = (5, 90)
LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Settings:
    """What an interview is to be.

    Attributes:
        minutes: Its length, 5 to 90.
        level: `screen`, `onsite` or `expert`.
        lang: `en` or `zh`.
        focus: `all`, a tier, a section or a technique.
        seed: All that is drawn follows from it.

    Raises:
        InputError: One of them is none of these.
    """

    minutes: int = 30
    level: str = "onsite"
    lang: str = "en"
    focus: str = "all"
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = MINUTES
        for name in ("minutes", "seed"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise InputError(name, f"is {value!r}", "give a whole number")
        if not low <= self.minutes <= high:
            raise InputError("minutes", f"is {self.minutes}", f"give {low} to {high}")
        for name, among in (("level", LEVELS), ("lang", LANGUAGES)):
            if getattr(self, name) not in among:
                raise InputError(name, f"is {getattr(self, name)!r}", f"give one of {', '.join(among)}")
        if not isinstance(self.focus, str):
            raise InputError("focus", f"is {self.focus!r}", "give all, a tier, a section or a technique")
        if not chosen([self.focus]):
            raise InputError("focus", f"{self.focus!r} has no technique yet", "give another, such as all")

    @classmethod
    def read(cls, data: object) -> Self:
        """Settings as JSON has them; what is left out has its default, the seed is drawn.

        Raises:
            InputError: A field is unknown or can't be used.
        """
        if not isinstance(data, Mapping):
            raise InputError("settings", f"{data!r:.60} is no object", "give minutes, level, lang and focus")
        known = [field.name for field in fields(cls)]
        for name in data:
            if name not in known:
                raise InputError(f"settings: {name}", "is unknown", f"use only {', '.join(known)}")
        given = {name: value for name, value in data.items() if value is not None}
        return cls(**{"seed": random.randrange(2**31), **given})

    @property
    def techniques(self) -> list[Technique]:
        """What it is about, in the order of study."""
        return chosen([self.focus])

    @property
    def subject(self) -> Technique | None:
        """The technique it is about, where it is only one."""
        return catalog().get(self.focus) if self.focus not in ("all", *TIERS, *SECTIONS) else None

    def as_json(self) -> dict[str, Any]:
        """As `read` takes them."""
        return asdict(self)
