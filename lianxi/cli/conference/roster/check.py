"""`lianxi conference roster check`: every roster from the first one on, verified (cli layer; pydantic)."""

from typing import TYPE_CHECKING, Any

import click

from lianxi.cli import times
from lianxi.cli.client import Client
from lianxi.cli.conference.roster.shown import key_rows, shown_proposal
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import form_of
from lianxi.cli.render import Column, instant, show_thing, table, word
from lianxi.cli.roster_watch import newest_text, place_of, roster_chain
from lianxi.cli.terminal import visible_line
from lianxi.cli.words import KEY_STANDINGS
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.domain.roster import Roster

COLUMNS = (
    Column("unit", N_("unit")),
    Column("use", N_("use"), word),
    Column("key", N_("key")),
    Column("standing", N_("state"), lambda value, _how: _(KEY_STANDINGS[value])),
    Column("effective", N_("from"), instant),
    Column("signs", N_("signs rosters")),
)


@verb(
    "check",
    example="lianxi conference roster check\nlianxi conference roster check proposal.json",
    help=N_(
        "Follow the rosters from the first one.\n\n"
        "Fetches the first roster and every step since, checks each signature, and shows who holds"
        " which key and how many must sign the next roster. Compare the hash of the first one with"
        " what the office has published elsewhere. With FILE: what a proposal would change, and who"
        " has signed it."
    ),
)
@click.argument("file", required=False, metavar="[FILE]")
@option("--genesis", metavar="HASH", help=N_("The first roster's hash, from elsewhere."))
@click.pass_obj
def check(flags: Flags, file: str | None, genesis: str | None) -> None:
    """The chain, then the keys; or a proposal against the roster in force."""
    client = Client(flags)
    if file is not None:
        from lianxi.cli.conference.roster.files import read_checked

        proposal, roster = read_checked(client, file)
        thing = shown_proposal(proposal, roster)
        show_thing(thing, form_of(flags), lambda: "\n".join(thing["lines"]))
        return
    first, roster = _followed(client, genesis)
    rows = key_rows(roster)
    thing = {
        "schema": 1,
        "origin": client.place.origin,
        "version": roster.version,
        "hash": _hash_of(roster),
        "genesis": first,
        "threshold": roster.threshold.model_dump(mode="json"),
        "keys": rows,
    }
    show_thing(thing, form_of(flags), lambda: _text(thing, flags))


def _followed(client: Client, wanted: str | None) -> "tuple[str, Roster]":
    """The hash of the first roster, and the newest, each step of the way signed as it must be.

    The way leads through what this machine has verified, and what the gateway gives for the newest.
    """
    from lianxi.proof.rosters import read_roster

    # before the steps: one that is recorded in between is no contradiction
    version, digest = place_of(newest_text(client))
    chain = roster_chain(client, client.log.folder, client.log.pin)
    first = chain.hashes[0]
    if wanted is not None and first != wanted.lower():
        raise CliError("GENESIS_DIFFERS", found=first, expected=wanted)
    if not chain.holds(version, digest):
        raise CliError("ANSWER_UNREADABLE", reason="roster")
    return first, read_roster(chain.text.encode())


def _hash_of(roster: "Roster") -> str:
    from lianxi.proof.rosters import roster_hash

    return roster_hash(roster)


def _text(thing: dict[str, Any], flags: Flags) -> str:
    threshold = thing["threshold"]
    lines = [
        _("roster: version {version}, {hash}").format(version=thing["version"], hash=thing["hash"]),
        _("first roster: {hash}").format(hash=thing["genesis"]),
        _("the next one takes {k} of {m} signatures").format(
            k=threshold["k"], m=len(threshold["keys"])
        ),
        "",
        table(thing["keys"], COLUMNS, flags.text("time_format") or "local"),
        "",
        _("checked at {instant}: every step is signed as it must be").format(
            instant=times.show(times.spell(times.now()), flags.text("time_format") or "local")
        ),
    ]
    return "\n".join(visible_line(line) if "\n" not in line else line for line in lines)
