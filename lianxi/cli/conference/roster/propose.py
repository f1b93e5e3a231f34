"""`lianxi conference roster propose`: the next roster as a file for its signers (cli layer; pydantic)."""

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import click

from lianxi.cli import given, times
from lianxi.cli.change import identity
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
    from lianxi.cli.roster_book import KeyFile
    from lianxi.domain.roster import Roster, RosterChanges, RosterKey

MAX_SIGNERS = 16
MAX_SIGN_DAYS = 60


@verb(
    "propose",
    example="lianxi conference roster propose --threshold 2 --keys convener,office,U01"
    " --to proposal.json",
    help=N_(
        "Write a proposal of another roster.\n\n"
        "Sends nothing. Who signs rosters then runs lianxi conference roster sign FILE, each on their"
        " own machine; when there are enough signatures, lianxi conference roster adopt FILE. A new"
        " threshold is signed by enough of the old signers and enough of the new ones. A key that takes"
        " a lost one's place (--replace, --lost) is a proposal of its own."
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
@option("--replace", metavar="FILE", help=N_("A request file: its key takes a lost one's place."))
@option("--lost", metavar="KEY_ID", help=N_("The lost key, or its beginning; goes with --replace."))
@option(
    "--sign-days",
    type=click.IntRange(1, MAX_SIGN_DAYS),
    default=3,
    show_default=True,
    metavar="N",
    help=N_("With --replace: days for the signatures; the new key acts 72 hours after them."),
)
@option("--reason", metavar="TEXT", help=N_("Why; travels with the proposal."))
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
    replace: str | None,
    lost: str | None,
    sign_days: int,
    reason: str | None,
    to: str,
) -> None:
    """Derive, check, write."""
    from lianxi.cli.conference.roster.files import write_proposal
    from lianxi.cli.roster_book import newest_roster, read_key_request, signers_named, signers_of
    from lianxi.proof import roster_proposals

    client = Client(flags)
    why = None if reason is None else given.text(reason, "--reason").data.decode()
    paths = [*add, *([] if replace is None else [replace])]
    files = [read_key_request(path, client.place.origin) for path in paths]
    roster = newest_roster(client)
    change: RosterKey | RosterChanges
    if replace is None and lost is None:
        change = _changes(client, roster, files, _Wishes(threshold, keys, retire, log_keys))
    elif add or threshold is not None or keys or retire or log_keys:
        raise CliError(
            "USAGE",
            reason=_("--replace goes with --lost alone."),
            command="lianxi conference roster propose",
        )
    else:
        change = _replacement(roster, files, lost, timedelta(days=sign_days))
    possessions = tuple(file.possession for file in files)
    origin = client.place.origin
    proposal = roster_proposals.propose(roster, change, possessions, origin, reason=why)
    path = write_proposal(to, proposal)
    sign, adopt = (f"lianxi conference roster {verb_} {to}" for verb_ in ("sign", "adopt"))
    thing = shown_proposal(proposal, roster) | {"path": str(path), "next": sign}
    show_thing(thing, form_of(flags), lambda: "\n".join(map(visible_line, thing["lines"])))
    signers = signers_named(signers_of(roster, change))
    told = _("next: {need} of these sign it, each on their own machine: {signers}")
    say(visible_line(told.format(need=thing["signatures"]["need"], signers=signers)))
    say(_("each of them: {command}").format(command=sign))
    say(_("then: {command}").format(command=adopt + identity(flags)))


class _Wishes(NamedTuple):
    threshold: int | None
    keys: str | None
    retire: str | None
    log_keys: bool


def _replacement(
    roster: "Roster", files: "list[KeyFile]", lost: str | None, time_to_sign: timedelta
) -> "RosterKey":
    """The entry of the key that takes the lost one's place, once there was time to sign."""
    from lianxi.cli.roster_book import key_named, replacing

    if not files or lost is None:
        raise CliError("INPUT_MISSING", option="--lost" if files else "--replace")
    lost_key = key_named(roster, lost).key_id
    return replacing(files[0].entry, lost_key, times.now() + time_to_sign)


def _changes(
    client: Client, roster: "Roster", files: "list[KeyFile]", wishes: _Wishes
) -> "RosterChanges":
    """What the options ask for, in one change."""
    from lianxi.cli.roster_book import keys_named, rotation, with_predecessors
    from lianxi.domain.roster import RosterChanges, Threshold

    threshold, keys, retire, log_keys = wishes
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
        raise _no_change(log_keys=log_keys)
    return RosterChanges(
        add=tuple(added) or None,
        retire=with_predecessors(roster, retired) or None,
        threshold=made,
    )


def _no_change(*, log_keys: bool) -> CliError:
    """Nothing was wished for, or what was wished for is so."""
    if log_keys:
        return CliError(
            "ALREADY_SO",
            message=_("The roster lists the service's keys already; nothing is to be proposed."),
            hint=_("See them: lianxi conference roster check."),
        )
    options = "--threshold, --retire, --add, --replace, --log-keys"
    return CliError(
        "INPUT_MISSING",
        message=_("At least one of these is needed: {options}.").format(options=options),
        hint=_("See lianxi conference roster propose --help."),
        option=options,
    )


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
