"""`lianxi key show`: the key of the profile and those of its unit, without secrets (cli layer)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from lianxi.cli import times
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.key.pending import pending_path
from lianxi.cli.keyfile import Key, is_protected, key_id_in
from lianxi.cli.language import _
from lianxi.cli.log_faults import ALARMS
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.roster_watch import keys_in_roster, newest_text
from lianxi.cli.terminal import say, visible_line
from lianxi.cli.words import KEY_STANDINGS
from lianxi.i18n import N_

STANDINGS = {
    **KEY_STANDINGS,
    "unknown": N_("not in the roster"),
    "waiting": N_("acts from {effective} on"),
    "not asked": N_("not known: the gateway did not say"),
}
"""How a key stands, as `Roster.standing` has it; where the gateway cannot be asked that is said."""

_REFUSED = {
    "KEY_UNKNOWN": "unknown",
    "KEY_RETIRED": "retired",
    "KEY_NOT_YET": "waiting",
    "KEY_REPLACED": "replaced",
}
"""What the gateway says of a key that may not even ask for the roster."""


class _Listed(NamedTuple):
    """What the roster lists for the unit; where the gateway refused to show it, why."""

    keys: list[Mapping[str, Any]]
    refused: Mapping[str, Any]


@verb(
    "show",
    example="lianxi key show",
    help=N_(
        "Your key and your unit's, without secrets.\n\n"
        "Look whether all keys that the roster lists for your unit are yours."
    ),
)
@click.pass_obj
def show(flags: Flags) -> None:
    """Unit, key id, public key, file; how it stands; every key of the unit."""
    client = Client(flags)
    key = client.key
    listed = _listed(client)
    coming = pending_path(client)
    thing = {
        "schema": 1,
        "unit": key.unit,
        "alg": key.signer.alg,
        "key_id": key.signer.key_id,
        "public_key": key.signer.public_key.hex(),
        "conference": key.conference,
        "origin": key.origin,
        "path": str(key.path),
        "protected": is_protected(key.path),
        "next_key_id": None if coming is None else key_id_in(coming),
        **({"standing": "not asked", "keys": []} if listed is None else _standing(key, listed)),
    }
    show_thing(thing, form_of(flags), lambda: "\n".join(_lines(thing, flags)))


def _listed(client: Client) -> _Listed | None:
    """None where nobody can be asked, or does not answer us."""
    if client.settings.value("gateway").source == "default":
        return None  # nobody ever said where the conference is
    try:
        keys = keys_in_roster(newest_text(client))
    except CliError as error:
        if error.code in ALARMS:
            raise
        say(visible_line(f"{error.message} {error.hint}"))
        if error.code not in _REFUSED:
            return None
        since = {name: error.params[name] for name in ("effective",) if name in error.params}
        return _Listed([], {"standing": _REFUSED[error.code], **since})
    return _Listed([key for key in keys if key["unit"] == client.key.unit], {})


def _standing(key: Key, listed: _Listed) -> dict[str, Any]:
    if listed.refused:
        return {**listed.refused, "keys": []}
    rows = [
        {
            "key_id": str(each.get("key_id")),
            "standing": standing_of(each, listed.keys),
            **{name: each[name] for name in ("effective", "replaces") if name in each},
        }
        for each in listed.keys
    ]
    own = next((row for row in rows if row["key_id"] == key.signer.key_id), None)
    return {"standing": "unknown" if own is None else own["standing"], "keys": rows}


def standing_of(key: Mapping[str, Any], listed: list[Mapping[str, Any]]) -> str:
    """How a key of the roster stands now; as `domain.roster.Roster.standing`, on plain JSON."""
    now = times.now()
    if key.get("state", "active") != "active":
        return "retired"
    if "effective" in key and now < times.read(str(key["effective"])):
        return "waiting"
    successors = [k for k in listed if k.get("replaces") == key.get("key_id")]
    if any(standing_of(successor, []) == "active" for successor in successors):
        return "replaced"
    return "active"


def _lines(thing: Mapping[str, Any], flags: Flags) -> list[str]:
    own = ("unit", "alg", "key_id", "public_key", "conference", "origin", "path", "next_key_id")
    lines = [f"{name}: {visible_line(str(thing[name]))}" for name in own if thing.get(name)]
    if thing["protected"]:
        lines.append(_("protected: by a passphrase"))
    state = _("state")
    lines.append(f"{state}: {_said(thing['standing'], thing, flags)}")
    for row in thing["keys"]:
        if row["key_id"] != thing["key_id"]:
            said = _said(row["standing"], row, flags)
            lines.append(
                _("also of the unit: {key_id}, {state}").format(
                    key_id=row["key_id"][:12], state=said
                )
            )
    return lines


def _said(standing: str, row: Mapping[str, Any], flags: Flags) -> str:
    found = (
        row
        if "effective" in row
        else next((k for k in row.get("keys", ()) if k["key_id"] == row.get("key_id")), row)
    )
    effective = str(found.get("effective", ""))
    shown = times.show(effective, flags.text("time_format") or "local") if effective else ""
    return _(STANDINGS[standing]).format(effective=shown)
