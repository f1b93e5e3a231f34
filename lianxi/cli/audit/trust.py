"""`lianxi audit trust`: a trust file, to be compared outside the system (cli layer; pydantic)."""

from collections.abc import Sized
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from lianxi.cli.audit.checkpoint_files import known_log_keys
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_named
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
        "It names the hash of the first roster and the keys of log and receipts; with --quorum also"
        " the witnesses known now and how many units of theirs must cosign. Without it no witness"
        " counts. Taken from the gateway it proves nothing by itself: compare the hash and the log's"
        " key with the convener by telephone or on paper, then lianxi config set trust FILE. A unit"
        " counts once, however many machines of it cosign. With n units of which f may lie, more"
        " than (n+f)/2 must cosign; half of them or fewer is refused."
    ),
)
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@option(
    "--quorum",
    type=click.IntRange(0, MAX_QUORUM),
    metavar="K",
    help=N_("How many units must cosign; 0, or left out: no witness counts."),
)
@click.pass_obj
def trust(flags: Flags, to: str, quorum: int | None) -> None:
    """Ask, verify the roster from its beginning, write."""
    from lianxi.proof.policies import Policy, policy_text
    from lianxi.proof.trust import trust_bytes
    from lianxi.proof.witnessing import smallest_quorum

    client = Client(flags)
    logs = known_log_keys(client)
    genesis = roster_chain(client, client.log.folder, client.log.pin).hashes[0]
    items = [] if quorum == 0 else client.read("witnesses").get("items", [])
    known = _Witnesses.of(client.place.origin, items)
    policy = _policy(logs, known, quorum) if quorum else Policy(logs=tuple(logs))
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
        write_named(to, data)
        say(_("Written to {path}").format(path=to))
    if quorum:
        units = len(policy.groups[policy.quorum].members)
        told = _(
            "{quorum} of {count} units must cosign: two quorums share an honest unit while at most"
            " {liars} of them lie."
        )
        say(told.format(quorum=quorum, count=units, liars=2 * quorum - units - 1))
    elif known.units:
        told = _(
            "No quorum is set: no witness counts, though those of {count} units are known. To have"
            " them count: --quorum {least} or more."
        )
        least = smallest_quorum(len(known.units), 0)
        say(told.format(count=len(known.units), least=least))
    say(_("Compare outside the system, before you rely on it:"))
    say(visible_line(f"genesis {genesis}"))
    say(visible_line(f"log     {active.vkey()}"))


class _Witnesses(NamedTuple):
    """Every installation that has cosigned, by its name in a policy; and the names of each unit."""

    keys: "dict[str, NoteKey]"
    units: dict[str, list[str]]

    @classmethod
    def of(cls, origin: str, items: Any) -> "_Witnesses":
        """Of the gateway's listing. Raises CliError ANSWER_UNREADABLE for one of another origin."""
        from lianxi.proof.notes import NoteKey

        known = cls({}, {})
        for key in sorted(NoteKey.parse(str(item.get("vkey"))) for item in items):
            unit, slash, installation = key.name.removeprefix(f"{origin}/").partition("/")
            if not (key.name.startswith(f"{origin}/") and unit and slash and installation):
                raise CliError("ANSWER_UNREADABLE", reason="witnesses")
            name = f"{unit}/{installation}"
            known.keys[name] = key
            # a unit may be called `quorum` or `none`
            known.units.setdefault(f"unit-{unit}", []).append(name)
        return known


def _policy(logs: "list[NoteKey]", known: _Witnesses, quorum: int) -> "Policy":
    """A quorum of units, each of which cosigns by any of its installations.

    Raises CliError: USAGE for a quorum out of reach, or one that two halves could both fill.
    """
    from lianxi.proof.policies import Group, Policy
    from lianxi.proof.witnessing import smallest_quorum

    units = known.units
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
    return Policy(tuple(logs), known.keys, groups, "quorum")


def _refused(text: str, units: Sized, quorum: int) -> CliError:
    from lianxi.proof.witnessing import smallest_quorum

    count = len(units)
    message = text.format(count=count, quorum=quorum, least=smallest_quorum(count, 0))
    return CliError("USAGE", message=message, command="lianxi audit trust")
