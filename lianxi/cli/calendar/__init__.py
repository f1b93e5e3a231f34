"""`lianxi calendar`: working days, holidays, make-up days (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import CALENDAR_TABLE
from lianxi.i18n import N_

calendar = group(
    "calendar",
    table=CALENDAR_TABLE,
    example="lianxi calendar show 2026",
    help=N_("Working days, holidays and make-up days."),
)
