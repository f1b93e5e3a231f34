"""`lianxi conference roster`: who holds which key, who signs the next roster (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import ROSTER_TABLE
from lianxi.i18n import N_

roster = group(
    "roster",
    table=ROSTER_TABLE,
    example="lianxi conference roster check",
    help=N_("Check the roster, and change it with several signatures."),
)
