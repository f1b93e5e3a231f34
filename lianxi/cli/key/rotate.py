"""`lianxi key rotate`: another key for one's own unit, handed over by the one in use (cli layer)."""

from pathlib import Path

import click

from lianxi.cli import times
from lianxi.cli.ask import may_ask
from lianxi.cli.change import identity
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.key.pending import note_pending, pending_key, switch_over
from lianxi.cli.keyfile import Key, make_key
from lianxi.cli.language import _
from lianxi.cli.passphrase import new_passphrase
from lianxi.cli.private_files import write_private
from lianxi.cli.reading import form_of
from lianxi.cli.render import as_json
from lianxi.cli.roster_watch import keep_trusted, keys_in_roster, newest_text
from lianxi.cli.terminal import put, say, visible_line
from lianxi.i18n import N_
from lianxi.proof.possession import rotation_request


@verb(
    "rotate",
    example="lianxi key rotate",
    help=N_(
        "Change your key for a new one.\n\n"
        "The first run makes the key and a request file that both keys have signed; send it to the"
        " office. Your old key acts until the convener has registered the new one. The second run"
        " lets your profile use the new key."
    ),
)
@option("--to", metavar="FILE", help=N_("Where the key file goes."))
@option("--request", metavar="FILE", help=N_("Where the request file goes."))
@option("--passphrase", is_flag=True, help=N_("Protect the new key by a passphrase."))
@click.pass_obj
def rotate(flags: Flags, *, to: str | None, request: str | None, passphrase: bool) -> None:
    """Make the next key, or switch over to it."""
    client = Client(flags)
    place = client.place
    coming = pending_key(client)
    if coming is not None and _is_listed(client, coming.signer.key_id):
        switch_over(client, coming.signer.key_id)
        _show(client, coming, None, state="in use")
        return
    old = client.key
    if coming is None:
        path = _free(client, to, place.conference)
        secret = new_passphrase(path, ask=may_ask(flags)) if passphrase else None
        coming = make_key(
            path,
            unit=client.unit,
            conference=place.conference,
            origin=place.origin,
            passphrase=secret,
        )
        note_pending(client, path)
        # once it is registered, the unit lists a key that is no stranger's
        keep_trusted(client.log.folder, client.log.pin, coming.signer.key_id)
    name = f"{place.conference}-{client.unit}.rotation.json"
    target = Path(request).expanduser() if request else Path(name)
    data = rotation_request(coming.signer, old.signer, origin=place.origin, unit=client.unit)
    write_private(target, data)
    _show(client, coming, target, state="waits")
    say(
        _("next: send the request file to the office; it runs: {command}").format(
            command=f"lianxi key register {target.name} --profile convener"
        )
    )
    say(_("then switch over: {command}").format(command="lianxi key rotate" + identity(flags)))


def _is_listed(client: Client, key_id: str) -> bool:
    keys = keys_in_roster(newest_text(client))
    return any((k.get("key_id"), k.get("state")) == (key_id, "active") for k in keys)


def _free(client: Client, to: str | None, conference: str) -> Path:
    """Where the key goes: a name with today's date, that nothing stands under yet."""
    if to is not None:
        return Path(to).expanduser()
    folder, today = client.settings.home.keys, times.now().strftime("%Y%m%d")
    for number in range(1, 100):
        path = folder / f"{conference}-{client.unit}-{today}-{number}.key"
        if not path.exists():
            return path
    raise CliError("KEY_FILE_EXISTS", path=str(folder))


def _show(client: Client, key: Key, request: Path | None, *, state: str) -> None:
    if form_of(client.flags).output in ("json", "jsonl"):
        answer = {
            "schema": 1,
            "unit": key.unit,
            "key_id": key.signer.key_id,
            "key": str(key.path),
            "state": state,
            "request": None if request is None else str(request),
        }
        put(as_json(answer))
        return
    put(
        visible_line(
            _("key {key_id} of {unit}: {path}").format(
                key_id=key.signer.key_id[:12], unit=key.unit, path=key.path
            )
        )
    )
    if request is not None:
        put(visible_line(_("request file: {path}").format(path=request)))
