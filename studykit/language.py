"""Both languages, one source: a `Text` holds the English and the Chinese of the same statement."""

import os
from typing import Literal, NamedTuple, cast

Language = Literal["en", "zh"]


def current() -> Language:
    """The learner's language: `zh` where STUDYKIT_LANG says so, else `en`."""
    return "zh" if os.environ.get("STUDYKIT_LANG", "en").lower().startswith("zh") else "en"


class Text(NamedTuple):
    """One statement in English and in Chinese."""

    en: str
    zh: str

    def say(self, lang: str | None = None) -> str:
        """The statement in `lang`, by default the learner's language."""
        return cast(str, getattr(self, lang or current()))
