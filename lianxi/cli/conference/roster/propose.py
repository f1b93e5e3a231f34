"""`lianxi conference roster propose`: the next roster as a file for its signers (cli layer; pydantic)."""

from typing import TYPE_CHECKING

import click

from lianxi.cli.client import Client
from lianxi.cli.conference.roster.shown import shown_proposal
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import say, visible_line
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.domain.roster import Roster, RosterKey

MAX_SIGNERS = 16


@verb(
    "propose",
    example="lianxi conference roster propose --threshold 2 --keys convener,office,U01"
    " --to proposal.json",
    help=N_(
        "Write a proposal of another roster.\n\n"
        "Sends nothing. Who signs rosters then runs lianxi conference roster sign FILE, each on their"
        " own machine; when there are enough signatures, lianxi conference roster adopt FILE. A new"
        " threshold is signed by enough of the old signers and enough of the new ones."
    ),
)
@option(
    "--threshold",
    type=click.IntRange(1, MAX_SIGNERS),
    metavar="K",
    help=N_("How many must sign the rosters that follow; goes with --keys."),
)
@option("--keys", metavar="A,B", help=N_("Whose keys sign then: units, or beginnings of key ids."))
@option("--retire", metavar="A,B", help=N_("Keys to revoke: beginnings of their ids."))
@option("--add", multiple=True, metavar="FILE", help=N_("A request file; several times."))
@option("--log-keys", is_flag=True, help=N_("List the keys that the service signs with now."))
@option("--to", required=True, metavar="FILE", help=N_("Where the proposal goes."))
@click.pass_obj
def propose(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    *,
    threshold: int | None,
    keys: str | None,
    retire: str | None,
    add: tuple[str, ...],
    log_keys: bool,
    to: str,
) -> None:
    """Derive, check, write."""
    from lianxi.cli.conference.roster.files import write_proposal
    from lianxi.cli.roster_book import (
        keys_named,
        newest_roster,
        read_key_request,
        rotation,
        with_predecessors,
    )
    from lianxi.domain.roster import RosterChanges, Threshold
    from lianxi.proof import roster_proposals

    client = Client(flags)
    roster = newest_roster(client)
    files = [read_key_request(path, client.place.origin) for path in add]
    added = [file.entry for file in files]
    brought = rotation(roster, files) if files else None
    retired = [*keys_named(roster, retire), *((brought and brought.retire) or ())]
    if log_keys:
        more, gone = _service_keys(client, roster)
        added += more
        retired += gone
    made = None if brought is None else brought.threshold
    if threshold is not None or keys is not None:
        if keys is None:
            raise CliError("INPUT_MISSING", option="--keys")
        signing = keys_named(_with(roster, added), keys)
        made = Threshold(k=threshold or roster.threshold.k, keys=signing)
    if not added and not retired and made is None:
        raise CliError("INPUT_MISSING", option="--threshold, --retire, --add, --log-keys")
    changes = RosterChanges(
        add=tuple(added) or None,
        retire=with_predecessors(roster, retired) or None,
        threshold=made,
    )
    possessions = tuple(file.possession for file in files)
    proposal = roster_proposals.propose(roster, changes, possessions, client.place.origin)
    path = write_proposal(to, proposal)
    thing = shown_proposal(proposal, roster) | {"path": str(path)}
    show_thing(thing, form_of(flags), lambda: "\n".join(map(visible_line, thing["lines"])))
    say(_("next: {command}").format(command=f"lianxi conference roster sign {to}"))


def _with(roster: "Roster", added: "list[RosterKey]") -> "Roster":
    """The roster with keys to come, so that they can be named."""
    return roster.model_copy(update={"keys": (*roster.keys, *added)})


def _service_keys(client: Client, roster: "Roster") -> "tuple[list[RosterKey], list[str]]":
    """The service's keys that the roster lacks, and those it lists that the service has no more."""
    from lianxi.cli.service_keys import service_entries

    named = service_entries(client)
    if not named:
        raise CliError("NOT_FOUND", what=_("the service's keys"))
    stands = {key.key_id for key in named}
    gone = [
        key.key_id
        for key in roster.keys
        if key.use != "command" and key.state == "active" and key.key_id not in stands
    ]
    return [key for key in named if key.key_id not in roster.by_key_id], gone
