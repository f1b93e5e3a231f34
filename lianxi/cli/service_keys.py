"""The keys that the service itself signs with, as roster entries (cli layer; pydantic)."""

from typing import Literal

from lianxi.cli.client import Client
from lianxi.cli.transport import refusal_in
from lianxi.domain.roster import RosterKey
from lianxi.domain.values import SYSTEM
from lianxi.proof.keys import ED25519, PUBLIC_KEY_BYTES, check_public_key, key_id

USES: tuple[Literal["log", "receipt"], ...] = ("log", "receipt")


def service_entries(client: Client) -> list[RosterKey]:
    """What the gateway says of the log's and the receipts' key; empty where it has none to name.

    Raises PublicKeyInvalidError for what is no key.
    """
    answer = client.exchange_quietly("GET", "/v1/log")
    if refusal_in(answer) is not None:
        return []  # a gateway of an earlier release
    said = answer.document()
    entries = []
    for use in USES:
        public = said.get(use)
        if not isinstance(public, str) or len(public) != 2 * PUBLIC_KEY_BYTES:
            continue
        try:
            raw = bytes.fromhex(public)
        except ValueError:
            continue
        check_public_key(raw)
        entries.append(service_entry(use, raw))
    return entries


def service_entry(use: Literal["log", "receipt"], public_key: bytes) -> RosterKey:
    """How a roster lists a key of the service: it is the system's, and acts for nobody."""
    return RosterKey(
        unit=SYSTEM.unit,
        role=SYSTEM.role,
        use=use,
        key_id=key_id(ED25519, public_key),
        public_key=public_key.hex(),
    )
