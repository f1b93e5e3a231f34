"""`lianxi key`: keys of this machine and of the roster (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import KEY_TABLE
from lianxi.i18n import N_

key = group(
    "key",
    table=KEY_TABLE,
    example="lianxi key new --unit U07",
    help=N_("Make and register keys."),
)
