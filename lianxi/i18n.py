"""Languages: gettext catalogues under lianxi/locale, English without one (a leaf)."""

import gettext
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "zh")
DOMAIN = "lianxi"
LOCALE_DIR = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802  gettext's own name for "mark, translate later"
    """Mark a text for the catalogue; whoever shows it translates it."""
    return text


@lru_cache(maxsize=8)
def translation(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; English texts themselves where there is none."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE_DIR, [language], fallback=True)
