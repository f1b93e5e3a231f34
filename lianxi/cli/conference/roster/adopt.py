"""`lianxi conference roster adopt`: hand in a roster that enough have signed (cli layer)."""

from typing import TYPE_CHECKING, Any

import click

from lianxi.cli import given
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.key.pending import pending_path, switch_over
from lianxi.cli.keyfile import key_id_in
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions, repeated
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.domain.roster import Roster
    from lianxi.proof.roster_proposals import RosterProposal


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
@option(
    "--reason", metavar="TEXT", help=N_("Why, if not as the proposal says; - reads standard input.")
)
@change_options
@click.pass_obj
def adopt(flags: Flags, file: str, reason: str | None, options: ChangeOptions) -> int:
    """One command on the conference."""
    from lianxi.cli.conference.roster.files import read_checked, read_unchecked

    client = Client(flags)
    if repeated(Shelf(client.settings.state), options) is not None:
        # it may stand by now, so that it leads on from nothing any more; the same bytes are sent
        proposal = read_unchecked(file)
    else:
        proposal, roster = read_checked(client, file)
        _check_quorum(proposal, roster)
    code = carry_out(client, _change(proposal, reason), options._replace(wait="recorded"))
    coming = pending_path(client)
    added = () if proposal.changes is None else proposal.changes.add or ()
    if coming is not None and not options.dry_run:
        coming_id = key_id_in(coming)
        if coming_id in {key.key_id for key in added}:
            switch_over(client, coming_id)
    return code


def _check_quorum(proposal: "RosterProposal", roster: "Roster") -> None:
    from lianxi.proof.refusals import RosterQuorumError
    from lianxi.proof.rosters import signatures_lacking

    signed_by = [signature.key_id for signature in proposal.signatures or ()]
    have, need = signatures_lacking(roster, proposal.change, signed_by)
    if have < need:
        raise RosterQuorumError(have=have, need=need)


def _change(proposal: "RosterProposal", reason: str | None) -> Change:
    """The command, of nothing but the file and the reason."""
    wire = proposal.model_dump(mode="json", exclude_none=True)
    args: dict[str, Any] = {
        "roster_signatures": wire.get("signatures", []),
        "prev_roster": proposal.prev_roster,
    }
    why = proposal.reason if reason is None else reason
    if why is not None:
        args["reason"] = given.text(why, "--reason")
    if proposal.entry is None:
        args |= {name: wire[name] for name in ("changes", "possessions") if name in wire}
        return Change("change-roster", args)
    if why is None:
        raise CliError("INPUT_MISSING", option="--reason")
    possession = next(iter(proposal.possessions or ()), None)
    args["entry"] = wire["entry"]
    args["possession"] = "" if possession is None else possession.signature
    return Change("replace-key", args)
