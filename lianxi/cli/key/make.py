"""`lianxi key new`: a key of one's own making, and the request file for the office (cli layer)."""

from pathlib import Path

import click

from lianxi.cli import given
from lianxi.cli.ask import may_ask
from lianxi.cli.client import Client, conference_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.keyfile import make_key
from lianxi.cli.language import _
from lianxi.cli.passphrase import new_passphrase
from lianxi.cli.private_files import write_private
from lianxi.cli.profiles import save_profile
from lianxi.cli.render import as_json
from lianxi.cli.terminal import put, say, visible_line
from lianxi.i18n import N_
from lianxi.proof.possession import proof_of_possession


@verb(
    "new",
    example="lianxi key new --unit U07 --gateway https://tasks.example\n"
    "lianxi key new --unit U07 --origin example.org/lianxi/joint/0123456789abcdef",
    help=N_(
        "Make a key and its request file.\n\n"
        "The key stays on this machine, readable by you only. Send the request file to the office;"
        " it runs lianxi key register FILE. A profile named after the unit is made as well."
    ),
)
@option("--unit", required=True, metavar="UNIT", help=N_("Whose key it is."))
@option(
    "--origin",
    metavar="ORIGIN",
    help=N_("The conference's origin, where the gateway cannot be asked."),
)
@option("--to", metavar="FILE", help=N_("Where the key file goes."))
@option("--request", metavar="FILE", help=N_("Where the request file goes."))
@option("--passphrase", is_flag=True, help=N_("Protect the new key by a passphrase."))
@click.pass_obj
def new(
    flags: Flags,
    *,
    unit: str,
    origin: str | None,
    to: str | None,
    request: str | None,
    passphrase: bool,
) -> None:
    """Write key, request and profile."""
    client = Client(flags)
    settings = client.settings
    unit = given.unit_id(unit, Shelf(settings.state))
    if origin is None:
        origin = client.offered().origin
    conference = conference_of(origin)
    path = Path(to).expanduser() if to else settings.home.keys / f"{conference}-{unit}.key"
    request_path = (
        Path(request).expanduser() if request else Path(f"{conference}-{unit}.request.json")
    )
    profile = flags.text("profile") or unit
    taken = settings.profiles.get(profile)
    if taken is not None and taken.get("origin") not in (None, origin):
        raise CliError("PROFILE_EXISTS", profile=profile)
    secret = new_passphrase(path, ask=may_ask(flags)) if passphrase else None
    key = make_key(path, unit=unit, conference=conference, origin=origin, passphrase=secret)
    write_private(request_path, proof_of_possession(key.signer, origin=origin, unit=unit))
    save_profile(
        settings.home,
        profile,
        {
            "gateway": settings.value("gateway").text or "",
            "conference": conference,
            "origin": origin,
            "unit": unit,
            "key": str(path.resolve()),
        },
    )
    if flags.text("output") in ("json", "jsonl"):
        put(
            as_json(
                {
                    "schema": 1,
                    "unit": unit,
                    "key_id": key.signer.key_id,
                    "key": str(path),
                    "request": str(request_path),
                    "profile": profile,
                }
            )
        )
        return
    put(
        visible_line(
            _("key {key_id} of {unit}: {path}").format(
                key_id=key.signer.key_id[:12], unit=unit, path=path
            )
        )
    )
    put(visible_line(_("request file: {path}").format(path=request_path)))
    say(
        _("next: send the request file to the office; it runs: {command}").format(
            command=f"lianxi key register {request_path.name} --profile convener"
        )
    )
