"""`lianxi audit checkpoint | consistency | cosign`: the log's heads and who vouches for them (cli layer)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lianxi.cli import times
from lianxi.cli.audit.checkpoint_files import fetched, head_of, known_log_keys, opened
from lianxi.cli.client import Client
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.log_watch import Head
from lianxi.cli.private_files import write_named
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import put, say, visible_line
from lianxi.cli.trust_file import configured_trust
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.proof.notes import NoteSignature


@verb(
    "checkpoint",
    example="lianxi audit checkpoint\nlianxi audit checkpoint 1200 --to checkpoint.note",
    help=N_(
        "The log's newest checkpoint, or that of a size.\n\n"
        "Verified with the keys this machine knows. Who cosigned it counts by the policy of the"
        " profile's trust file."
    ),
)
@click.argument("size", type=click.IntRange(0), required=False, metavar="[SIZE]")
@option("--to", metavar="FILE", help=N_("Write the signed note to a file; - is standard output."))
@click.pass_obj
def checkpoint(flags: Flags, size: int | None, to: str | None) -> None:
    """Show it, or write it."""
    client = Client(flags)
    answer = fetched(client, size)
    text = str(answer.get("checkpoint"))
    found, note = opened(client, text)
    head, seen = Head(found, text), client.log.pinned()
    if found.size and seen.checkpoint.size:
        client.log.proven(*sorted((head, seen), key=lambda each: each.checkpoint.size))
    if to is not None:
        _write(to, text)
        return
    signers = {key.name for key in client.log.log_keys()}
    cosigners = [line.name for line in note.signatures if line.name not in signers]
    thing: dict[str, Any] = {
        "schema": 1,
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "at": answer.get("at"),
        "signed_by": sorted({line.name for line in note.signatures} & signers),
        "cosigned_by": cosigners,
        **_witnessed(client, head, note.signatures),
    }
    how = flags.text("time_format") or "local"
    show_thing(thing, form_of(flags), lambda: _told(thing, how))


def _witnessed(
    client: Client, head: Head, signatures: "tuple[NoteSignature, ...]"
) -> dict[str, Any]:
    """Whether a quorum has cosigned it or a later one, by the profile's own policy.

    Asks no further than until the quorum is full: the time is when this many had cosigned.
    """
    from lianxi.cli.gathering import CosignedHeads
    from lianxi.proof.notes import parse_note
    from lianxi.proof.policies import NONE
    from lianxi.proof.witnessing import cosigned_by, witnessed_at

    trust = configured_trust(client.settings, client.place.origin)
    if trust is None or trust.policy.quorum == NONE:
        return {"policy": False, "witnessed": None}
    keys = known_log_keys(client)
    counted = cosigned_by(trust.policy, head.checkpoint, signatures)
    names = {name for _size, name, _time in counted}
    for later, by in CosignedHeads(client.log, keys, trust.policy, head.checkpoint.size):
        if trust.policy.satisfied(names):
            break
        if by <= names:
            continue
        # counted only where it is proven to contain the one asked about
        client.log.proven(head, later)
        note = parse_note(later.note.encode())
        counted += cosigned_by(trust.policy, later.checkpoint, note.signatures)
        names |= by
    at = witnessed_at(trust.policy, counted, head.checkpoint.size)
    when = None if at is None else times.spell(datetime.fromtimestamp(at, UTC))
    return {"policy": True, "witnesses": sorted(names), "witnessed": when}


def _told(thing: dict[str, Any], how: str) -> str:
    lines = [
        f"{thing['origin']}",
        _("size {size} · root {root}").format(size=thing["size"], root=thing["root"]),
        _("sealed {at}").format(at=times.show(thing["at"], how)),
        _("signed by the log: {names}").format(names=", ".join(thing["signed_by"])),
        _("cosigned by: {names}").format(names=", ".join(thing["cosigned_by"]) or "-"),
    ]
    if not thing["policy"]:
        lines.append(_("witnessed: no policy (lianxi audit trust --help)"))
    elif thing["witnessed"] is None:
        names = ", ".join(thing["witnesses"]) or "-"
        lines.append(_("witnessed: not yet; so far by {names}").format(names=names))
    else:
        lines.append(_("witnessed: {at}").format(at=times.show(thing["witnessed"], how)))
    return "\n".join(visible_line(line) for line in lines)


def _write(to: str, text: str) -> None:
    if to == "-":
        put(text.removesuffix("\n"))
        return
    write_named(to, text.encode())
    say(_("Written to {path}").format(path=to))


@verb(
    "consistency",
    example="lianxi audit consistency 1200 1300\nlianxi audit consistency old.note new.note",
    help=N_(
        "Whether one checkpoint continues another.\n\n"
        "OLD and NEW are sizes or files of lianxi audit checkpoint --to. The gateway gives the proof,"
        " this machine verifies it."
    ),
)
@click.argument("old")
@click.argument("new")
@click.pass_obj
def consistency(flags: Flags, old: str, new: str) -> int:
    """Verify; a fork is kept as evidence."""
    client = Client(flags)
    heads = [head_of(client, given) for given in (old, new)]
    before, after = sorted(heads, key=lambda head: head.checkpoint.size)
    client.log.proven(before, after)
    first, second = before.checkpoint, after.checkpoint
    thing = {
        "schema": 1,
        "origin": first.origin,
        "old": {"size": first.size, "root": first.root.hex()},
        "new": {"size": second.size, "root": second.root.hex()},
        "consistent": True,
    }
    told = _("The log of size {new} continues that of size {old}: nothing of it was changed.")
    show_thing(thing, form_of(flags), lambda: told.format(old=first.size, new=second.size))
    return 0


@verb(
    "cosign",
    example="lianxi audit cosign",
    help=N_(
        "Cosign the log as a witness.\n\n"
        "Verifies that the newest checkpoint continues all that this machine has seen, keeps it, and"
        " signs it with a key made for this on first use. By itself after every command:"
        " lianxi config set cosign true."
    ),
)
@click.pass_obj
def cosign(flags: Flags) -> None:
    """Verify, keep, sign, hand in."""
    from lianxi.cli.witness import cosign_kept

    client = Client(flags)
    fetched(client)  # with this answer comes the newest checkpoint, which is verified and kept
    witness, time = cosign_kept(client)
    pin = client.log.pin
    at = times.spell(datetime.fromtimestamp(time, UTC))
    thing = {"schema": 1, "witness": witness.name, "size": pin.size, "root": pin.root, "at": at}
    told = _("{name} cosigned the checkpoint of size {size}.")
    show_thing(
        thing,
        form_of(flags),
        lambda: visible_line(told.format(name=witness.name, size=pin.size)),
    )
