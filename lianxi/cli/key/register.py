"""`lianxi key register`: the convener takes units' keys into the roster (cli layer; pydantic)."""

from typing import Any

import click

from lianxi.cli import given
from lianxi.cli.ask import BULK, confirm
from lianxi.cli.bulk import Bulk
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.language import _
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ChangeOptions
from lianxi.errors import Exit
from lianxi.i18n import N_
from lianxi.proof.possession import MAX_REQUEST_BYTES


@verb(
    "register",
    example="lianxi key register joint-U07.request.json --profile convener",
    help=N_(
        "Take keys into the roster.\n\n"
        "FILE is the request file that lianxi key new made on the unit's machine. Compare the key id"
        " with the unit by telephone before. Needs the convener's key, which signs the new roster."
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@change_options
@click.pass_obj
def register(flags: Flags, files: tuple[str, ...], options: ChangeOptions) -> int:
    """One command per file, each upon the roster that the one before made."""
    client = Client(flags)
    if options.request_id is not None and len(files) > 1:
        raise CliError(
            "USAGE",
            reason=_("--request-id goes with one file only."),
            command="lianxi key register",
        )
    # the next roster is derived from the recorded one
    options = options._replace(wait="recorded")
    requests = [_request(client, path) for path in files]
    if len(files) >= BULK and not options.dry_run:
        confirm(flags, _("Register {count} keys").format(count=len(files)), yes=options.yes)
    if len(files) == 1:
        return carry_out(client, _change(client, requests[0]), options)
    bulk = Bulk(flags, options, "file")
    for path, request in zip(files, requests, strict=True):
        with bulk.one(path, "key", "register", path):
            carry_out(client, _change(client, request), options)
    return bulk.finish()


def _request(client: Client, path: str) -> "tuple[Any, str]":
    """A verified request and its signature: nothing is sent for a file that proves nothing."""
    from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode
    from lianxi.proof.possession import verify_possession

    data = given.read_bytes(path, MAX_REQUEST_BYTES).strip()
    request = verify_possession(data, origin=client.place.origin)
    return request, decode(data, payload_type=KEY_REQUEST_TYPE).signature.hex()


def _change(client: Client, verified: "tuple[Any, str]") -> Change:
    """The command: the entry, the possession, and the convener's signature over the next roster."""
    from lianxi.domain.roster import RosterKey
    from lianxi.domain.values import role_of
    from lianxi.proof.rosters import next_roster, read_roster, roster_hash, sign_roster

    request, possession = verified
    answer = client.read("roster")
    roster = read_roster(str(answer["roster"]).encode())
    if roster_hash(roster) != answer["hash"]:
        raise CliError("ANSWER_UNREADABLE", reason="roster")
    entry = RosterKey(
        unit=request.unit,
        role=role_of(request.unit),
        key_id=request.key_id,
        public_key=request.public_key,
    )
    known = roster.by_key_id.get(entry.key_id)
    if known is not None:
        raise CliError("KEY_ALREADY_REGISTERED", unit=known.unit, exit_code=Exit.OK)
    signature = sign_roster(next_roster(roster, entry), client.key.signer)
    args = {
        "entry": entry.model_dump(mode="json"),
        "possession": possession,
        "roster_signatures": [signature.model_dump(mode="json")],
    }
    return Change("register-key", args)
