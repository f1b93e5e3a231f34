"""`lianxi key trust`: that a further key of one's own unit is known (cli layer)."""

import click

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.language import _
from lianxi.cli.roster_watch import keep_trusted
from lianxi.cli.terminal import say
from lianxi.i18n import N_

SHORTEST = 8
"""Digits of a key id that must be given at least."""


@verb(
    "trust",
    example="lianxi key trust 3fa92c1e",
    help=N_(
        "Confirm that another key of your unit is known to you.\n\n"
        "Every call checks that the roster lists your own key only. A key of a colleague, or of your"
        " second machine, is confirmed here once; compare its id with lianxi key show over there."
    ),
)
@click.argument("key_id")
@click.pass_obj
def trust(flags: Flags, key_id: str) -> None:
    """Remember it, if the roster lists it for this unit."""
    client = Client(flags)
    client.read("me")  # brings the roster up to date
    pin = client.log.pin
    found = [key for key in pin.unit_keys if len(key_id) >= SHORTEST and key.startswith(key_id)]
    if len(found) != 1:
        raise CliError("KEY_NOT_LISTED", key_id=key_id, unit=client.unit)
    keep_trusted(client.log.folder, pin, found[0])
    say(_("The key {key_id} counts as your unit's own.").format(key_id=found[0]))
