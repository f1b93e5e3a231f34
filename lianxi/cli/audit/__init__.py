"""`lianxi audit`: reading and verifying the trail (cli layer)."""

from lianxi.cli.grammar import group
from lianxi.cli.tree import AUDIT_TABLE
from lianxi.i18n import N_

audit = group(
    "audit",
    table=AUDIT_TABLE,
    example="lianxi audit list --unit U07\nlianxi audit verify",
    help=N_("Read and verify the trail."),
)
