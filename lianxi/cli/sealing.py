"""From arguments to the bytes that are sent: salts, commitments, the signed envelope (cli layer)."""

import json
import os
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from lianxi.cli import times
from lianxi.cli.client import Client
from lianxi.cli.given import Sealed
from lianxi.cli.kept import KeptOpening, KeptRequest
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.proof.commitments import SALT_BYTES, commit
from lianxi.proof.signing import sign_command

VALIDITY = timedelta(hours=24)
"""How long a command may be resent; the longest that is taken."""

Seen = tuple[str | None, dict[str, Any]]
"""What was looked up just before signing: `expect`, and arguments that come from it."""


class Change(NamedTuple):
    """A command before it is signed. `args` holds `Sealed` where commitments will stand."""

    action: str
    args: dict[str, Any]
    task: str | None = None
    look: Callable[[], Seen] | None = None
    """Looks at what is decided on; not called again when a kept request is repeated."""
    about: dict[str, Any] | None = None
    """What is decided on, for the JSON answer; `look` fills it."""

    @property
    def stream(self) -> str:
        """Where the command goes."""
        return CONFERENCE_STREAM if self.task is None else task_stream(self.task)

    @property
    def texts(self) -> list[Sealed]:
        """Texts and files, in the order in which they stand."""
        return list(_sealed_in(self.args))


def fingerprint(change: Change, client: Client) -> str:
    """Which command this is, told from its arguments alone: a repeat must have the same."""
    content = {
        "conference": client.place.conference,
        "unit": client.unit,
        "stream": change.stream,
        "action": change.action,
        "args": _replaced(change.args, _digest_of),
    }
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sign(change: Change, client: Client, request_id: str) -> KeptRequest:
    """Commit to texts and files, sign; nothing is sent."""
    expect, looked = change.look() if change.look is not None else (None, {})
    openings: list[KeptOpening] = []

    def committed(text: Sealed) -> dict[str, object]:
        salt = text.salt or os.urandom(SALT_BYTES)
        opening = KeptOpening(commit(salt, text.data), salt.hex(), text.media, len(text.data))
        openings.append(opening)
        return {"commit": opening.commit, "size": opening.size}

    args = _replaced({**change.args, **looked}, committed)
    now = times.now()
    envelope = sign_command(
        client.key.signer,
        origin=client.place.origin,
        stream=change.stream,
        unit=client.unit,
        action=change.action,
        args=args,
        request_id=request_id,
        issued_at=times.spell(now),
        not_after=times.spell(now + VALIDITY),
        expect=expect,
    )
    return KeptRequest(
        request_id=request_id,
        fingerprint=fingerprint(change, client),
        action=change.action,
        stream=change.stream,
        gateway=client.gateway.address,
        made_at=times.spell(now),
        envelope=envelope.decode("ascii"),
        openings=tuple(openings),
    )


def payload_of(kept: KeptRequest) -> bytes:
    """The exact bytes that were signed."""
    return payload_in(kept.envelope)


def payload_in(envelope: str) -> bytes:
    """The payload of an envelope that this client has signed itself."""
    return b64decode(json.loads(envelope)["payload"])


def _digest_of(text: Sealed) -> dict[str, object]:
    """What stands for a text in a fingerprint; it never leaves this machine."""
    return {"sha256": sha256(text.data).hexdigest(), "media": text.media}


def _replaced(value: Any, replace: Callable[[Sealed], dict[str, object]]) -> Any:
    if isinstance(value, Sealed):
        return replace(value)
    if isinstance(value, dict):
        return {key: _replaced(member, replace) for key, member in value.items()}
    if isinstance(value, list):
        return [_replaced(item, replace) for item in value]
    return value


def _sealed_in(value: Any) -> "list[Sealed]":
    if isinstance(value, Sealed):
        return [value]
    members = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    return [text for member in members for text in _sealed_in(member)]
