"""`lianxi key show`: the key of the profile, without its secret (cli layer)."""

import click

from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import visible_line
from lianxi.i18n import N_


@verb(
    "show",
    example="lianxi key show",
    help=N_("Your key, without its secret."),
)
@click.pass_obj
def show(flags: Flags) -> None:
    """Unit, key id, public key, file."""
    key = Client(flags).key
    thing = {
        "schema": 1,
        "unit": key.unit,
        "alg": key.signer.alg,
        "key_id": key.signer.key_id,
        "public_key": key.signer.public_key.hex(),
        "conference": key.conference,
        "origin": key.origin,
        "path": str(key.path),
    }
    lines = [
        f"{name}: {visible_line(str(value))}"
        for name, value in thing.items()
        if value and name != "schema"
    ]
    show_thing(thing, form_of(flags), lambda: "\n".join(lines))
