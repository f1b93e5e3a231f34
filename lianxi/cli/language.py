"""The language of this run: flag, environment, locale; and `_` for every text shown (cli layer)."""

import gettext
import os
from collections.abc import Mapping, Sequence

from lianxi.i18n import DOMAIN, LANGUAGES, LOCALE_DIR, translation

_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which POSIX lets them decide."""


class _Current:
    """Which catalogue `_` reads; one per process."""

    language = "en"
    catalogue: gettext.NullTranslations = gettext.NullTranslations()


def activate(language: str) -> None:
    """Show everything in this language from now on, click's own messages included."""
    _Current.language = language
    _Current.catalogue = translation(language)
    # click asks the process-wide gettext, which reads the environment at each call
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(LOCALE_DIR))
    gettext.textdomain(DOMAIN)


def current() -> str:
    """The language in force."""
    return _Current.language


def _(text: str) -> str:
    """The text in the language in force. The empty text is no message (gettext keeps a header there)."""
    return _Current.catalogue.gettext(text) if text else text


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language for these arguments: --lang, LIANXI_LANG, the locale, English."""
    named = _flag(arguments) or environment.get("LIANXI_LANG", "")
    for wish in (named, *_locale_names(environment)):
        language = wish[:2].lower()
        if language in LANGUAGES:
            return language
    return "en"


def _flag(arguments: Sequence[str]) -> str:
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" and at + 1 < len(arguments):
            return arguments[at + 1]
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return ""


def _locale_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    for variable in _LOCALE_VARIABLES:
        if environment.get(variable):
            return (environment[variable],)
    # macOS and Windows may set no variable at all
    import locale

    return (locale.getlocale()[0] or "",)
