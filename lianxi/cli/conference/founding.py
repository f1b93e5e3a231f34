"""What founds a conference: directory, genesis roster, and the command `found` (cli layer; pydantic).

Used by `lianxi conference init` and by the demo: functions, no click.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import ValidationError

from lianxi.cli import given
from lianxi.cli.calendar.source import YEARS_AHEAD
from lianxi.cli.client import Client
from lianxi.cli.conference.roster_file import RosterRow
from lianxi.cli.faults import CliError
from lianxi.cli.given import Sealed
from lianxi.cli.kept import KeptRequest
from lianxi.cli.keyfile import Key
from lianxi.cli.sealing import Change
from lianxi.cli.sending import ANSWER_MARGIN, ChangeOptions
from lianxi.cli.transport import Answer
from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.commands import Recovery
from lianxi.domain.roster import Roster, RosterKey, Threshold
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.values import role_of
from lianxi.proof.canonical import dumps
from lianxi.proof.checkpoints import read_checkpoint
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.notes import MAX_NOTE_BYTES
from lianxi.proof.refusals import CheckpointMalformedError
from lianxi.proof.rosters import check_genesis, sign_roster

DIRECTORY_MEDIA = "application/json"

ROOM = 11_000
"""Bytes of the founding's arguments: base64 makes 4/3 of a payload, an envelope has 16 KiB."""


def new_origin(conference: str, domain: str = "localhost") -> str:
    """`<domain>/lianxi/<conference>/<16 hex random>`."""
    return f"{domain}/lianxi/{conference}/{token_hex(8)}"


def roster_entry(key: Key) -> RosterKey:
    """A key as the roster holds it."""
    return RosterKey(
        unit=key.unit,
        role=role_of(key.unit),
        key_id=key.signer.key_id,
        public_key=key.signer.public_key.hex(),
    )


def directory_document(names: Mapping[str, str], units: Sequence[RosterRow]) -> bytes:
    """The names of conference and units: an opening, so that no event holds them."""
    members: dict[str, Any] = {}
    for row in units:
        members[row.unit] = {"names": {"en": row.name_en, "zh": row.name_zh}}
        if row.email:
            members[row.unit]["email"] = row.email
    return dumps({"v": 1, "names": dict(names), "units": members})


def founding_change(  # noqa: PLR0913  one keyword per part of the conference
    *,
    conference: str,
    names: Mapping[str, str],
    zone: str,
    office_hours: tuple[str, str],
    custody: str,
    language: str,
    units: Sequence[RosterRow],
    convener: Key,
    others: Sequence[Key],
    calendars: Callable[[int], Calendar],
    service: Sequence[RosterKey] = (),
    recovers: Recovery | None = None,
) -> Change:
    """The command `found`, with the genesis roster: 1 of 1, the convener's key signs.

    `service`: the keys of log and receipts, so that their word counts from the first event on.
    `recovers`: the log whose data were lost, that this conference carries on.
    `calendars` gives the calendar for so many years ahead. A conference of many units takes as many
    years as an envelope has room for; the others follow with `lianxi calendar adopt`.
    """
    roster = Roster(
        version=1,
        prev_roster=ZERO_HASH,
        threshold=Threshold(k=1, keys=(convener.signer.key_id,)),
        keys=(*(roster_entry(key) for key in (convener, *others)), *service),
    )
    signature = sign_roster(roster, convener.signer)
    check_genesis(roster, [signature])
    members = [_member(row, language) for row in units]
    args: dict[str, Any] = {
        "conference": conference,
        "zone": zone,
        "office_hours": {"opens": office_hours[0], "closes": office_hours[1]},
        "custody": custody,
        "language": language,
        "directory": Sealed(directory_document(names, units), DIRECTORY_MEDIA),
        "members": members,
        "roster": roster.model_dump(mode="json", exclude_none=True),
        "roster_signatures": [signature.model_dump(mode="json")],
        "rules": DEFAULT_RULES.model_dump(mode="json", exclude_none=True),
    }
    if recovers is not None:
        args["recovers"] = recovers.model_dump(mode="json")
    for ahead in range(YEARS_AHEAD, -1, -1):
        calendar = calendars(ahead).model_dump(mode="json", exclude_none=True)
        if _size({**args, "calendar": calendar}) <= ROOM or ahead == 0:
            break
    return Change("found", {**args, "calendar": calendar})


def _size(args: dict[str, Any]) -> int:
    directory = {"commit": "0" * 64, "size": len(args["directory"].data)}
    return len(dumps({**args, "directory": directory}))


def _member(row: RosterRow, language: str) -> dict[str, Any]:
    """A member with what differs from the defaults only: 256 of them must fit an envelope."""
    member: dict[str, Any] = {"unit": row.unit}
    if row.email:
        member["channels"] = ["mailbox", "smtp"]
    if (row.language or language) != "zh":
        member["language"] = row.language or language
    return member


@dataclass(frozen=True, slots=True)
class FoundingDoor:
    """The founding route; the gateway's token shows that one may read its data directory."""

    token: str

    def __call__(
        self, client: Client, kept: KeptRequest, change: Change, options: ChangeOptions
    ) -> Answer:
        """Envelope and directory in one body, since nothing stands yet."""
        headers = {"Authorization": f"Founding {self.token}", "Content-Type": "application/json"}
        return client.gateway.request(
            "POST",
            "/v1/conferences",
            query={"wait": options.wait, "timeout": options.timeout if options.wait else None},
            body=_founding_body(kept, change),
            headers=headers,
            timeout=options.timeout + ANSWER_MARGIN,
        )


def read_recovery(path: str) -> Recovery:
    """The checkpoint of the log that was lost, from a note kept outside its data directory.

    Its signature is not checked here: whoever recovers has nothing to check it against, and says by
    the founding that this is the one. Raises the refusals of `checkpoints.read_checkpoint`.
    """
    data = given.read_bytes(path, MAX_NOTE_BYTES)
    checkpoint, _note = read_checkpoint(data)
    if checkpoint.size == 0:
        raise CheckpointMalformedError(reason="size")
    try:
        return Recovery(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note_sha256=sha256_hex(data),
        )
    except ValidationError:  # a log, but none of a conference
        raise CheckpointMalformedError(reason="origin") from None


def read_token(data: Path) -> str:
    """The token that the gateway wrote at its start."""
    path = data / "run" / "founding.token"
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CliError("FOUNDING_TOKEN_MISSING", path=str(path), reason=reason) from None


def _founding_body(kept: KeptRequest, change: Change) -> bytes:
    (directory,) = change.texts
    (opening,) = kept.openings
    body = {
        "envelope": kept.envelope,
        "opening": {
            "commit": opening.commit,
            "salt": opening.salt,
            "media": opening.media,
            "data": b64encode(directory.data).decode("ascii"),
        },
    }
    return json.dumps(body).encode()
