"""`lianxi key register`: the convener takes units' keys into the roster (cli layer; pydantic)."""

from typing import TYPE_CHECKING, Any

import click

from lianxi.cli.ask import BULK, confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.key.pending import pending_key, switch_over
from lianxi.cli.language import _
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.errors import Exit
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.cli.roster_book import KeyFile
    from lianxi.domain.roster import Roster


@verb(
    "register",
    example="lianxi key register joint-U07.request.json --profile convener",
    help=N_(
        "Take keys into the roster.\n\n"
        "FILE is the request file that lianxi key new made on the unit's machine. Compare the key id"
        " with the unit by telephone before. Needs the convener's key, which signs the new roster. A"
        " file of lianxi key rotate retires the key before at the same time."
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@change_options
@click.pass_obj
def register(flags: Flags, files: tuple[str, ...], options: ChangeOptions) -> int:
    """One command per file, each upon the roster that the one before made."""
    from lianxi.cli.roster_book import read_key_request

    client = Client(flags)
    if options.request_id is not None and len(files) > 1:
        raise CliError(
            "USAGE",
            reason=_("--request-id goes with one file only."),
            command="lianxi key register",
        )
    # the next roster is derived from the recorded one
    options = options._replace(wait="recorded")
    requests = [read_key_request(path, client.place.origin) for path in files]
    if len(files) >= BULK and not options.dry_run:
        confirm(flags, _("Register {count} keys").format(count=len(files)), yes=options.yes)
    if len(files) == 1:
        code = carry_out(client, _change(client, requests[0]), options)
        if not options.dry_run:
            switch_over(client, requests[0].entry.key_id)
        return code
    bulk = Bulk(flags, options, "file")
    for path, request in zip(files, requests, strict=True):
        with bulk.one(path, "key", "register", path):
            carry_out(client, _change(client, request), options)
    return bulk.finish()


def _change(client: Client, request: "KeyFile") -> Change:
    """The command: the entry, the possession, and the convener's signature over the next roster.

    What the file does not say is looked up only when the command is made: a repeat finds the key
    registered, perhaps, and sends the very same bytes.
    """
    from lianxi.cli.roster_book import newest_roster, signed

    entry, proof = request.entry, request.possession

    def look() -> Seen:
        roster = newest_roster(client)
        known = roster.by_key_id.get(entry.key_id)
        if known is not None:
            raise CliError(
                "KEY_ALREADY_REGISTERED",
                message=_("This key is registered already for {unit}.").format(unit=known.unit),
                hint=_("Nothing to do; a new key is made by lianxi key new."),
                exit_code=Exit.OK,
                key_id=entry.key_id,
                unit=known.unit,
            )
        if proof.rotated is not None:
            return None, _rotation(client, roster, request)
        signatures = signed(client, roster, entry, [client.key.signer])
        if not client.log.pin.roster_version:
            del signatures["prev_roster"]  # a gateway of an earlier release takes none
        return None, signatures

    if proof.rotated is not None:
        wire = proof.model_dump(mode="json", exclude_none=True)
        return Change("change-roster", {"possessions": [wire]}, look=look)
    args = {
        "entry": entry.model_dump(mode="json", exclude_none=True),
        "possession": proof.signature,
    }
    return Change("register-key", args, look=look)


def _rotation(client: Client, roster: "Roster", request: "KeyFile") -> dict[str, Any]:
    """The new key for the old one; whose own key signs rosters signs with both."""
    from lianxi.cli.roster_book import rotation, signed
    from lianxi.proof.roster_proofs import check_possessions

    changes = rotation(roster, [request])
    check_possessions(roster, changes, [request.possession], client.place.origin)
    signers = [client.key.signer]
    coming = pending_key(client)
    signs = () if changes.threshold is None else changes.threshold.keys
    if coming is not None and coming.signer.key_id in signs:
        signers.append(coming.signer)
    wire = changes.model_dump(mode="json", exclude_none=True)
    return {"changes": wire, **signed(client, roster, changes, signers)}
