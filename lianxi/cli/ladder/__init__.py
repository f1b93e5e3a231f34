"""`lianxi ladder`: reminders, escalation, and the other rules of a conference (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import LADDER_TABLE
from lianxi.i18n import N_

ladder = group(
    "ladder",
    table=LADDER_TABLE,
    example="lianxi ladder show",
    help=N_("Reminders, escalation and the other rules."),
)
