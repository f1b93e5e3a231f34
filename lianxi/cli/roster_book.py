"""The roster as commands work with it: verified, its keys by what people type (cli layer; pydantic).

Used inside commands that change the roster; nothing here is imported when a program starts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lianxi.cli import given, times
from lianxi.cli.change import identity
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.handed import REQUEST_AGAIN, handed
from lianxi.cli.language import _
from lianxi.cli.roster_watch import newest_text
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.domain.values import role_of
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode
from lianxi.proof.keys import Signer
from lianxi.proof.possession import MAX_REQUEST_BYTES, split_request, verify_possession
from lianxi.proof.rosters import (
    may_sign,
    next_roster,
    read_roster,
    sign_roster,
    signatures_lacking,
)

DELAY = timedelta(hours=72)
"""Between a replacement and the instant at which the new key acts, at least."""

SHORTEST = 6
"""Characters of a key id that may stand for the whole."""


class KeyFile(NamedTuple):
    """A key request file that proved what it says: the entry, and that its unit holds the key."""

    entry: RosterKey
    possession: Possession


def newest_roster(client: Client) -> Roster:
    """The newest roster; where this machine has verified one, the chain leads to it from there."""
    return read_roster(newest_text(client).encode("utf-8", "surrogatepass"))


def key_named(roster: Roster, text: str) -> RosterKey:
    """The key of an id, of its beginning, or of a unit that has one active key only."""
    typed = text.strip()
    near = [key for key in roster.keys if key.key_id.startswith(typed.lower())]
    if len(typed) >= SHORTEST and len(near) == 1:
        return near[0]
    of_unit = [k for k in roster.keys if (k.unit, k.state, k.use) == (typed, "active", "command")]
    if len(of_unit) == 1:
        return of_unit[0]
    raise CliError("KEY_NOT_NAMED", given=text)


def keys_named(roster: Roster, text: str | None) -> tuple[str, ...]:
    """The ids of keys named with commas between."""
    return tuple(key_named(roster, part).key_id for part in text.split(",")) if text else ()


def read_key_request(path: str, origin: str) -> KeyFile:
    """A request file as `key new` or `key rotate` made it, verified; nothing of it is sent otherwise."""
    with handed(path, REQUEST_AGAIN):
        first, by_old = split_request(given.read_bytes(path, 2 * MAX_REQUEST_BYTES))
        request = verify_possession(first, origin=origin)
    signature = decode(first, payload_type=KEY_REQUEST_TYPE).signature.hex()
    rotated = None
    if by_old is not None:
        rotated = RosterSignature(key_id=by_old.keyid, signature=by_old.signature.hex())
    entry = RosterKey(
        unit=request.unit,
        role=role_of(request.unit),
        key_id=request.key_id,
        public_key=request.public_key,
    )
    possession = Possession(key_id=entry.key_id, signature=signature, rotated=rotated)
    return KeyFile(entry, possession)


def rotation(roster: Roster, files: Sequence[KeyFile]) -> RosterChanges:
    """What files of new keys change: they come; those they rotate go, also as signers of rosters."""
    gone = [f.possession.rotated.key_id for f in files if f.possession.rotated is not None]
    successors = {
        f.possession.rotated.key_id: f.entry.key_id
        for f in files
        if f.possession.rotated is not None
    }
    threshold = None
    if set(successors) & set(roster.threshold.keys):
        keys = tuple(successors.get(key, key) for key in roster.threshold.keys)
        threshold = Threshold(k=roster.threshold.k, keys=keys)
    return RosterChanges(
        add=tuple(f.entry for f in files) or None,
        retire=with_predecessors(roster, gone) or None,
        threshold=threshold,
    )


def with_predecessors(roster: Roster, retired: Sequence[str]) -> tuple[str, ...]:
    """Keys to be retired, and the lost ones whose place they had taken: those would act again."""
    now, found = times.now(), list(dict.fromkeys(retired))
    for key_id in found:
        key = roster.by_key_id.get(key_id)
        lost = None if key is None or key.replaces is None else roster.by_key_id.get(key.replaces)
        effective = key is not None and key.effective is not None and key.effective <= now
        if lost is not None and lost.state == "active" and effective and lost.key_id not in found:
            found.append(lost.key_id)
    return tuple(found)


def replacing(entry: RosterKey, lost: str, ready: datetime) -> RosterKey:
    """The entry of a key that takes a lost one's place 72 hours after `ready`."""
    soonest = ready + DELAY
    # on the full minute, so that people can name it
    effective = soonest.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return entry.model_copy(update={"effective": effective, "replaces": lost})


def signed(
    client: Client, roster: Roster, change: RosterKey | RosterChanges, signers: Sequence[Signer]
) -> dict[str, Any]:
    """The signatures of these keys over the next roster, as arguments of a command.

    Raises CliError ROSTER_QUORUM where they are too few: then another profile signs, or it takes a
    proposal that others sign.
    """
    derived = next_roster(roster, change)
    have, need = signatures_lacking(roster, change, [signer.key_id for signer in signers])
    if have < need == 1:
        raise no_signer(roster, change, "ROSTER_QUORUM", have=have, need=need)
    if have < need:
        hint = _("Several keys sign this roster. Propose the change, and have it signed: {command}")
        propose = f"lianxi conference roster propose {_as_options(change)} --to proposal.json"
        hint = hint.format(command=propose + identity(client.flags))
        raise CliError("ROSTER_QUORUM", hint=hint, have=have, need=need)
    signatures = [sign_roster(derived, signer).model_dump(mode="json") for signer in signers]
    return {"roster_signatures": signatures, "prev_roster": derived.prev_roster}


def signers_of(roster: Roster, change: RosterKey | RosterChanges) -> list[RosterKey]:
    """The keys that may sign the next roster, those that only come with it too."""
    entitled = may_sign(roster, change)
    return [key for key in next_roster(roster, change).keys if key.key_id in entitled]


def signers_named(signers: Iterable[RosterKey]) -> str:
    """Unit and beginning of the key id of each, for people to read."""
    return ", ".join(f"{key.unit} {key.key_id[:8]}" for key in signers)


def no_signer(
    roster: Roster, change: RosterKey | RosterChanges, code: str, **params: int
) -> CliError:
    """That the profile's key does not sign the next roster, and whose keys do."""
    signers = signers_of(roster, change)
    profiles = ", ".join(dict.fromkeys(f"--profile {key.unit}" for key in signers))
    return CliError(
        code,
        message=_("The key of this profile does not sign the roster; these do: {signers}.").format(
            signers=signers_named(signers)
        ),
        hint=_("Give the command with the profile of one of them: {profiles}.").format(
            profiles=profiles
        ),
        **params,
    )


def _as_options(change: RosterKey | RosterChanges) -> str:
    """How `roster propose` is told of a change."""
    if isinstance(change, RosterKey):
        lost = change.replaces
        return "--add FILE" if lost is None else f"--replace FILE --lost {lost[:12]}"
    if change.add is not None:
        return "--add FILE"
    return f"--retire {','.join(key_id[:12] for key_id in change.retire or ())}"
