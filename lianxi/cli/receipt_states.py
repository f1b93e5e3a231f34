"""How far a kept receipt has come: provisional, included, witnessed, overdue (cli layer)."""

from collections.abc import Mapping
from typing import Any

from lianxi.cli import times
from lianxi.cli.promises import include_by
from lianxi.cli.upgrading import included
from lianxi.i18n import N_

PROVISIONAL = "provisional"
INCLUDED = "included"
WITNESSED = "witnessed"
OVERDUE = "overdue"

WORDS = {
    PROVISIONAL: N_("provisional"),
    INCLUDED: N_("included"),
    WITNESSED: N_("witnessed"),
    OVERDUE: N_("OVERDUE"),
}


def state_of(kept: Mapping[str, Any]) -> str:
    """The state of a kept receipt; one of release 0.2 is provisional until it is asked about.

    `witnessed`: this profile's trust file has counted a quorum when its proofs were taken in.
    """
    if included(kept):
        return WITNESSED if kept.get("witnessed") else INCLUDED
    by = include_by(kept)
    overdue = kept.get("alarm") or (by and by < times.spell(times.now()))
    return OVERDUE if overdue else PROVISIONAL
