"""`lianxi key revoke` and `key replace`: the convener's part when a key is lost (cli layer; pydantic)."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from lianxi.cli import given, times
from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.sealing import Change, Seen, payload_of
from lianxi.cli.sending import ChangeOptions, repeated
from lianxi.cli.terminal import say, visible_line
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.domain.roster import Roster, RosterKey

MARGIN = timedelta(minutes=10)
"""Beside the 72 hours that the conference asks for: our clock may be behind its."""


@verb(
    "revoke",
    example='lianxi key revoke 3f9c2a --reason "left the unit" --profile convener',
    help=N_(
        "Retire a key for ever.\n\n"
        "KEY_ID may be its beginning. The unit and the convener are told. What the key has done stands;"
        " where several keys sign the roster, see lianxi conference roster propose."
    ),
)
@click.argument("key_id", metavar="KEY_ID")
@option("--reason", required=True, metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def revoke(flags: Flags, key_id: str, reason: str, options: ChangeOptions) -> int:
    """One command on the roster."""
    from lianxi.cli.roster_book import newest_roster, signed, with_predecessors
    from lianxi.domain.roster import RosterChanges

    client = Client(flags)
    roster = newest_roster(client)
    key = _meant(client, roster, key_id, options)
    args = {"changes": {"retire": [key.key_id]}, "reason": given.text(reason, "--reason")}

    def look() -> Seen:
        changes = RosterChanges(retire=with_predecessors(roster, [key.key_id]))
        wire = changes.model_dump(mode="json", exclude_none=True)
        return None, {"changes": wire, **signed(client, roster, changes, [client.key.signer])}

    question = _("Revoke the key {key_id} of {unit} for ever").format(
        key_id=key.key_id[:12], unit=key.unit
    )
    if not options.dry_run:
        confirm(flags, question, yes=options.yes)
    # signed for only when it is made: a repeat sends the very same bytes
    return carry_out(client, Change("change-roster", args, look=look), options)


def _meant(client: Client, roster: "Roster", typed: str, options: ChangeOptions) -> "RosterKey":
    """The key that was typed; in a repeat the one of the first time, which its unit may have lost."""
    from lianxi.cli.roster_book import key_named

    kept = repeated(Shelf(client.settings.state), options)
    if kept is not None and kept.action == "change-roster":
        changes = json.loads(payload_of(kept))["args"]["changes"]
        key = roster.by_key_id.get(next(iter(changes.get("retire", ())), ""))
        if key is not None and key.unit == typed.strip():
            return key
    return key_named(roster, typed)


@verb(
    "replace",
    example="lianxi key replace joint-U07.request.json --lost 3f9c2a"
    ' --reason "the card was lost" --profile convener',
    help=N_(
        "Have a new key take a lost one's place.\n\n"
        "FILE is the request file of lianxi key new. The new key acts 72 hours later; until then the"
        " unit, which is told, can say that it lost none, and the replacement can be revoked. If the"
        " lost key may be in foreign hands, revoke it besides. Where several keys sign the roster, see"
        " lianxi conference roster propose --replace."
    ),
)
@click.argument("file", metavar="FILE")
@option("--lost", required=True, metavar="KEY_ID", help=N_("The lost key, or its beginning."))
@option("--reason", required=True, metavar="TEXT", help=N_("Why; - reads standard input."))
@change_options
@click.pass_obj
def replace(flags: Flags, file: str, lost: str, reason: str, options: ChangeOptions) -> int:
    """One command on the roster; says from when on the new key acts."""
    from lianxi.cli.roster_book import (
        key_named,
        newest_roster,
        read_key_request,
        replacing,
        signed,
    )

    client = Client(flags)
    request = read_key_request(file, client.place.origin)
    args = {
        "possession": request.possession.signature,
        "reason": given.text(reason, "--reason"),
    }

    def look() -> Seen:
        roster = newest_roster(client)
        entry = replacing(request.entry, key_named(roster, lost).key_id, times.now() + MARGIN)
        signatures = signed(client, roster, entry, [client.key.signer])
        wire = entry.model_dump(mode="json", exclude_none=True)
        shown = times.show(wire["effective"], flags.text("time_format") or "local")
        say(visible_line(_("The new key acts from {instant} on.").format(instant=shown)))
        return None, {"entry": wire, **signatures}

    return carry_out(client, Change("replace-key", args, look=look), options)
