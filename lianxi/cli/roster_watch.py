"""From the roster this machine has verified to the one an answer names, step by step (cli layer).

The first roster is taken as it comes (trust on first use), unless a trust file names the hash of
the conference's first one: then every step from there is verified. Afterwards only steps signed by
enough of the roster's own keys are followed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from lianxi.cli.faults import CliError
from lianxi.cli.log_pin import Pin, PinFolder
from lianxi.cli.transport import refusal_in
from lianxi.cli.trust_file import configured_trust
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client

_MAX_ROUNDS = 1_000


def follow_roster(
    client: "Client", folder: PinFolder, pin: Pin, header: str, *, log_shown: bool
) -> Pin:
    """The pin with the roster that `header` (`<version>:<hash>`) names, verified and kept.

    `log_shown`: a checkpoint is to be judged, so that its log's key must be known.

    Raises CliError: ROSTER_FORKED (evidence kept), LOG_FOREIGN, ANSWER_UNREADABLE.
    """
    version, digest = _named(header)
    unit = client.unit
    same = (pin.roster_version, pin.roster_hash) == (version, digest)
    trust = configured_trust(client.settings, pin.origin)
    doubted = trust is not None and pin.genesis != trust.genesis
    known = bool(pin.log_keys) or not log_shown
    if same and pin.unit == unit and known and not doubted:
        return pin
    text = folder.roster()
    if text is not None and sha256(text.encode()).hexdigest() != pin.roster_hash:
        text = None
    if doubted and trust is not None:
        text = _from_genesis(client, folder, trust.genesis, version)
    elif text is None:
        text = _first(client)
    elif not same:
        if version < pin.roster_version:
            # the gateway remembers it for a second; what it gives when asked counts
            newest = _first(client)
            version, digest = _version_of(newest), sha256(newest.encode()).hexdigest()
        if (version, digest) != (pin.roster_version, pin.roster_hash):
            text = _stepped(client, folder, pin, text, (version, digest))
    reached = (_version_of(text), sha256(text.encode()).hexdigest())
    if reached[0] < version or (reached[0] == version and reached[1] != digest):
        _forked(folder, pin, header, reached)
    if reached[0] < pin.roster_version:
        _forked(folder, pin, header, reached)
    genesis = pin.genesis if trust is None else trust.genesis
    # what was told outside counts before what was seen here, and that before a gateway's new word
    told = pin
    if trust is not None:
        receipt = tuple(key.hex() for key in trust.receipt_keys) or pin.receipt_keys
        logs = tuple(key.vkey() for key in trust.log_keys)
        told = pin._replace(log_keys=logs, receipt_keys=receipt)
    keys = _keys(client, text, told, unit)
    folder.keep_roster(text)
    return folder.change(
        roster_version=reached[0], roster_hash=reached[1], genesis=genesis, unit=unit, **keys
    )


def steps_since(client: "Client", version: int) -> Iterator[dict[str, Any]]:
    """The answers of `roster/steps`, page by page: `steps`, and `genesis` where asked from 0."""
    for _round in range(_MAX_ROUNDS):
        answer = client.log.ask("GET", "roster/steps", query={"since": version})
        steps = answer.get("steps")
        if not isinstance(steps, list):
            raise CliError("ANSWER_UNREADABLE", reason="steps")
        yield answer
        if not steps:
            return
        version = max(version, 1) + len(steps)


def derived(text: str, steps: list[Any]) -> str:
    """The roster after these steps; raises the refusals of `proof.rosters.adopt`, ValueError."""
    # only here, since few calls meet a new roster and pydantic takes a while to load
    from lianxi.proof.rosters import RosterStep, adopt, read_roster, roster_bytes

    roster = read_roster(text.encode())
    for step in steps:
        roster = adopt(roster, RosterStep.model_validate(step))
    return roster_bytes(roster).decode()


def _stepped(
    client: "Client", folder: PinFolder, pin: Pin, text: str, named: tuple[int, str]
) -> str:
    version, digest = named
    if version <= pin.roster_version:
        _forked(folder, pin, f"{version}:{digest}", (pin.roster_version, pin.roster_hash))
    for answer in steps_since(client, pin.roster_version):
        try:
            text = derived(text, answer["steps"])
        except (Refusal, ValueError) as refusal:
            offered = {"header": f"{version}:{digest}", "steps": answer["steps"]}
            _refused(folder, pin, offered, refusal)
        if _version_of(text) >= version:
            break
    return text


def _from_genesis(client: "Client", folder: PinFolder, genesis: str, version: int) -> str:
    text: str | None = None
    for answer in steps_since(client, 0):
        if text is None:
            text = str(answer.get("genesis"))
            if sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != genesis:
                raise CliError("LOG_FOREIGN", origin=client.place.origin)
        try:
            text = derived(text, answer["steps"])
        except (Refusal, ValueError) as refusal:
            _refused(folder, Pin(client.place.origin, ""), {"steps": answer["steps"]}, refusal)
        if _version_of(text) >= version:
            break
    return text or ""


def _first(client: "Client") -> str:
    """The newest roster as the gateway gives it."""
    text = client.log.ask("GET", "roster").get("roster")
    if not isinstance(text, str):
        raise CliError("ANSWER_UNREADABLE", reason="roster")
    return text


def _keys(client: "Client", text: str, told: Pin, unit: str) -> dict[str, tuple[str, ...]]:
    """Who may sign log and receipts by the roster; where it lists none, whom `told` names.

    Where nobody is named yet, the gateway's own word is taken, once.
    """
    from lianxi.proof.checkpoints import log_key

    log: list[str] = []
    old: list[str] = []
    receipt: list[str] = []
    own: list[str] = []
    for key in keys_in_roster(text):
        use, active = key.get("use", "command"), key.get("state", "active") == "active"
        public = str(key.get("public_key"))
        if use == "log":
            vkey = log_key(told.origin, bytes.fromhex(public)).vkey()
            (log if active else old).append(vkey)
        elif use == "receipt":
            receipt.append(public)
        elif key["unit"] == unit and active:
            own.append(str(key.get("key_id")))
    receipt = receipt or list(told.receipt_keys)
    if not log and not old:
        log, old = list(told.log_keys), list(told.old_log_keys)
        said = _said(client) if not (log and receipt) else {"log": [], "receipt": []}
        log = log or [log_key(told.origin, bytes.fromhex(k)).vkey() for k in said["log"]]
        receipt = receipt or said["receipt"]
    return {
        "log_keys": tuple(log),
        "old_log_keys": tuple(old),
        "receipt_keys": tuple(receipt),
        "unit_keys": tuple(own),
    }


def _said(client: "Client") -> dict[str, list[str]]:
    """The keys that the gateway itself names."""
    answer = client.exchange_quietly("GET", "/v1/log")
    if refusal_in(answer) is not None:  # an older gateway
        return {"log": [], "receipt": []}
    said = answer.document()
    found: dict[str, list[str]] = {}
    for name in ("log", "receipt"):
        value = said.get(name)
        found[name] = [value] if isinstance(value, str) and _is_key(value) else []
    return found


def _is_key(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")  # noqa: PLR2004  32 bytes


def _named(header: str) -> tuple[int, str]:
    version, _colon, digest = header.partition(":")
    if not (version.isascii() and version.isdigit() and len(version) < 10 and _is_key(digest)):  # noqa: PLR2004
        raise CliError("ANSWER_UNREADABLE", reason="Lianxi-Roster")
    return int(version), digest


def _version_of(text: str) -> int:
    try:
        return int(json.loads(text)["version"])
    except (ValueError, KeyError, TypeError):
        raise CliError("ANSWER_UNREADABLE", reason="roster") from None


def _refused(
    folder: PinFolder, pin: Pin, offered: Mapping[str, Any], refusal: Exception
) -> NoReturn:
    content = {"kept": [pin.roster_version, pin.roster_hash], "offered": offered}
    reason = refusal.code if isinstance(refusal, Refusal) else "SCHEMA"
    path = folder.keep_evidence("roster-forked", {**content, "reason": reason})
    raise CliError("ROSTER_FORKED", path=str(path), kept=pin.roster_version, reason=reason)


def _forked(folder: PinFolder, pin: Pin, header: str, reached: tuple[int, str]) -> NoReturn:
    content = {"kept": [pin.roster_version, pin.roster_hash], "offered": header}
    path = folder.keep_evidence("roster-forked", {**content, "reached": list(reached)})
    raise CliError("ROSTER_FORKED", path=str(path), kept=pin.roster_version, reason="hash")


def keep_trusted(folder: PinFolder, pin: Pin, key_id: str) -> Pin:
    """Remember that the holder of this profile knows that key of its unit."""
    known = tuple(dict.fromkeys([*pin.trusted_keys, key_id]))
    return folder.change(trusted_keys=known)


def keys_in_roster(text: str) -> list[Mapping[str, Any]]:
    """The keys that a roster's text lists; the text is verified elsewhere."""
    try:
        keys: Sequence[Any] = json.loads(text)["keys"]
        if all(isinstance(key["unit"], str) for key in keys):
            return list(keys)
    except (ValueError, KeyError, TypeError):
        pass
    raise CliError("ANSWER_UNREADABLE", reason="roster")
