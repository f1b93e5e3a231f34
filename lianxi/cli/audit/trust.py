"""`lianxi audit trust`: a trust file, to be compared outside the system (cli layer; pydantic)."""

from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianxi.cli.audit.checkpoint_files import known_log_keys
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.roster_watch import roster_chain
from lianxi.cli.terminal import put, say, visible_line
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import Policy

MAX_QUORUM = 512


@verb(
    "trust",
    example="lianxi audit trust --to trust.json\nlianxi audit trust --to trust.json --quorum 3",
    help=N_(
        "Make a trust file.\n\n"
        "It names the hash of the first roster, the log's key, and the witnesses known now with how"
        " many units of theirs must cosign. Taken from the gateway it proves nothing by itself:"
        " compare the hash and the key with the convener by telephone or on paper, then"
        " lianxi config set trust FILE. A unit counts once, however many machines of it cosign. With"
        " n units of which f may lie, more than (n+f)/2 must cosign; half of them or fewer is"
        " refused."
    ),
)
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@option(
    "--quorum",
    type=click.IntRange(0, MAX_QUORUM),
    default=0,
    metavar="K",
    help=N_("How many units must cosign; 0: none."),
)
@click.pass_obj
def trust(flags: Flags, to: str, quorum: int) -> None:
    """Ask, verify the roster from its beginning, write."""
    from lianxi.proof.policies import policy_text
    from lianxi.proof.trust import trust_bytes

    client = Client(flags)
    logs = known_log_keys(client)
    genesis = roster_chain(client, client.log.folder, client.log.pin).hashes[0]
    items = client.read("witnesses").get("items", []) if quorum else []
    policy = _policy(client.place.origin, logs, items, quorum)
    active = client.log.log_keys()[0]
    data = trust_bytes(
        origin=client.place.origin,
        genesis=genesis,
        log=active.vkey(),
        policy=policy_text(policy),
        receipt=client.log.pin.receipt_keys,
    )
    if to == "-":
        put(data.decode().removesuffix("\n"))
    else:
        write_private(Path(to).expanduser(), data)
        say(_("Written to {path}").format(path=to))
    if quorum:
        units = len(policy.groups[policy.quorum].members)
        told = _(
            "{quorum} of {count} units must cosign: two quorums share an honest unit while at most"
            " {liars} of them lie."
        )
        say(told.format(quorum=quorum, count=units, liars=2 * quorum - units - 1))
    say(_("Compare outside the system, before you rely on it:"))
    say(visible_line(f"genesis {genesis}"))
    say(visible_line(f"log     {active.vkey()}"))


def _policy(origin: str, logs: "list[NoteKey]", items: Any, quorum: int) -> "Policy":
    """A quorum of units, each of which cosigns by any of its installations.

    Raises CliError: USAGE for a quorum out of reach, or one that two halves could both fill.
    """
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import Group, Policy
    from lianxi.proof.witnessing import smallest_quorum

    if not quorum:
        return Policy(logs=tuple(logs))
    witnesses: dict[str, NoteKey] = {}
    units: dict[str, list[str]] = {}
    for key in sorted(NoteKey.parse(str(item.get("vkey"))) for item in items):
        unit, slash, installation = key.name.removeprefix(f"{origin}/").partition("/")
        if not (key.name.startswith(f"{origin}/") and unit and slash and installation):
            raise CliError("ANSWER_UNREADABLE", reason="witnesses")
        name = f"{unit}/{installation}"
        witnesses[name] = key
        # a unit may be called `quorum` or `none`
        units.setdefault(f"unit-{unit}", []).append(name)
    if quorum > len(units):
        raise _refused(
            _("Witnesses of {count} units are known, fewer than --quorum {quorum}."), units, quorum
        )
    if quorum < smallest_quorum(len(units), 0):
        raise _refused(
            _(
                "--quorum {quorum} of {count} units lets the log show two trees to two halves of"
                " them: at least {least} must cosign."
            ),
            units,
            quorum,
        )
    groups = {unit: Group(1, tuple(names)) for unit, names in units.items()}
    groups["quorum"] = Group(quorum, tuple(units))
    return Policy(tuple(logs), witnesses, groups, "quorum")


def _refused(text: str, units: Sized, quorum: int) -> CliError:
    from lianxi.proof.witnessing import smallest_quorum

    count = len(units)
    message = text.format(count=count, quorum=quorum, least=smallest_quorum(count, 0))
    return CliError("USAGE", message=message, command="lianxi audit trust")
