"""Files that somebody made and handed over: what is said of one that does not hold (cli layer).

The refusals of the proof layer are about bytes of this client's own; here somebody else sent a file,
and has to send it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.domain.refusal import Refusal
from lianxi.errors import in_catalogue
from lianxi.i18n import N_

REQUEST_AGAIN = N_(
    "Have its unit send the file of lianxi key new or lianxi key rotate again, whole and unchanged."
)
PROPOSAL_AGAIN = N_(
    "Get it again, whole and unchanged, from who made it (lianxi conference roster propose) or signed"
    " it last."
)
_OF_ANOTHER = N_(
    "Take the one made for this conference, or the profile of the other: lianxi config show."
)

_MESSAGES = {
    "MALFORMED": N_("The file {path} is damaged, or of another kind ({reason})."),
    "NOT_CANONICAL": N_("The file {path} was changed after it was made."),
    "TOO_LARGE": N_(
        "The file {path} is of another kind: it has {size} bytes, at most {limit} are taken."
    ),
    "KEY_INVALID": N_("The file {path} is damaged: it holds no valid key."),
    "SIGNATURE_INVALID": N_("The file {path} was changed: a signature in it does not hold."),
    "ROSTER_SIGNATURE_INVALID": N_(
        "The file {path} is signed by a key that does not sign the roster, or twice by one key."
    ),
    "WRONG_ORIGIN": N_("The file {path} was made for another conference."),
}
"""What is said of the file; other refusals are about what it asks for, and stand as they are."""


@contextmanager
def handed(path: str, again: str) -> Iterator[None]:
    """Read and check a file inside: what is wrong with its bytes is said with its name.

    `again`: how one that holds is to be had.
    """
    try:
        yield
    except (Refusal, CliError) as error:
        code, params = in_catalogue(error.code, error.params)
        if code not in _MESSAGES:
            raise
        message, hint = _MESSAGES[code], _OF_ANOTHER if code == "WRONG_ORIGIN" else again
        known: dict[str, Any] = {**params, "path": path}
        raise CliError(code, message=_(message).format(**known), hint=_(hint), **known) from None
