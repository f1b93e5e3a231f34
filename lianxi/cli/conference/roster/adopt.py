"""`lianxi conference roster adopt`: hand in a roster that enough have signed (cli layer)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.key.pending import pending_path, switch_over
from lianxi.cli.keyfile import key_id_in
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.i18n import N_


@verb(
    "adopt",
    example='lianxi conference roster adopt proposal.json --reason "yearly change of keys"',
    help=N_(
        "Hand in a roster that is signed.\n\n"
        "FILE holds the changes and the signatures (lianxi conference roster propose, sign). Refused"
        " while signatures are lacking, or when the roster has changed since."
    ),
)
@click.argument("file", metavar="FILE")
@option("--reason", metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def adopt(flags: Flags, file: str, reason: str | None, options: ChangeOptions) -> int:
    """One command on the conference."""
    from lianxi.cli.conference.roster.files import read_checked
    from lianxi.proof.refusals import RosterQuorumError
    from lianxi.proof.rosters import signatures_lacking

    client = Client(flags)
    proposal, roster = read_checked(client, file)
    signatures = proposal.signatures or ()
    have, need = signatures_lacking(roster, proposal.changes, [s.key_id for s in signatures])
    if have < need:
        raise RosterQuorumError(have=have, need=need)
    wire = proposal.model_dump(mode="json", exclude_none=True)
    args: dict[str, Any] = {"changes": wire["changes"], "roster_signatures": wire["signatures"]}
    if "possessions" in wire:
        args["possessions"] = wire["possessions"]
    if reason is not None:
        args["reason"] = given.text(reason, "--reason")
    code = carry_out(client, Change("change-roster", args), options._replace(wait="recorded"))
    coming = pending_path(client)
    added = {key.key_id for key in proposal.changes.add or ()}
    if coming is not None and not options.dry_run and key_id_in(coming) in added:
        switch_over(client, key_id_in(coming))
    return code
