"""`lianxi conference`: founding and showing (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import CONFERENCE_TABLE
from lianxi.i18n import N_

conference = group(
    "conference",
    table=CONFERENCE_TABLE,
    example="lianxi conference show",
    help=N_("Found and show a conference."),
)
