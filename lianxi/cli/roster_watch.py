"""From the roster this machine has verified to the one an answer names, step by step (cli layer).

The first roster is taken as it comes (trust on first use, once), unless a trust file names the hash
of the conference's first one: then every step from there is verified. Afterwards only steps signed
by enough of the roster's own keys are followed; where the text kept is lost, from the first roster
on, through the one that is pinned.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from lianxi.cli.faults import CliError
from lianxi.cli.log_pin import Pin, PinFolder
from lianxi.cli.transport import refusal_in
from lianxi.cli.trust_file import configured_trust
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client
    from lianxi.domain.roster import Roster

_MAX_ROUNDS = 1_000


class Chain(NamedTuple):
    """The rosters from the first one on, verified: the newest one's text, and every one's hash."""

    text: str
    hashes: tuple[str, ...]

    @property
    def newest(self) -> str:
        """The newest one, as a header names it."""
        return f"{len(self.hashes)}:{self.hashes[-1]}"

    def holds(self, version: int, digest: str) -> bool:
        """Whether this roster is one of them."""
        return self.hashes[max(version, 1) - 1 : version] == (digest,)


def follow_roster(
    client: "Client", folder: PinFolder, pin: Pin, header: str, *, log_shown: bool
) -> Pin:
    """The pin with the roster that `header` (`<version>:<hash>`) names, verified and kept.

    `log_shown`: a checkpoint is to be judged, so that its log's key must be known.

    Raises CliError: ROSTER_FORKED (evidence kept), TRUST_DIFFERS, LOG_KEY_FOREIGN, ANSWER_UNREADABLE,
    and what `configured_trust` raises.
    """
    version, digest = _named(header)
    unit = client.unit
    same = pin.roster == (version, digest)
    trust = configured_trust(client.settings, pin.origin)
    logs = () if trust is None else tuple(key.vkey() for key in trust.log_keys)
    doubted = trust is not None and (
        pin.genesis != trust.genesis or not set(logs).issubset(pin.all_log_keys)
    )
    known = bool(pin.log_keys) or not log_shown
    if same and pin.unit == unit and known and not doubted:
        return pin
    text = folder.roster(pin)
    if not pin.roster_version and not doubted:
        text = _first(client)
    elif doubted or text is None:
        # nothing is taken as it comes for a second time: what was seen must stand in the chain
        chain = roster_chain(client, folder, pin)
        if not chain.holds(version, digest):
            _forked(folder, pin, header, (len(chain.hashes), chain.hashes[-1]))
        text = chain.text
    elif not same:
        if version < pin.roster_version:
            # the gateway remembers it for a second; what it gives when asked counts
            newest = _first(client)
            version, digest = place_of(newest)
        if (version, digest) != pin.roster:
            text = _stepped(client, folder, pin, text, (version, digest))
    reached = place_of(text)
    if reached[0] < version or (reached[0] == version and reached[1] != digest):
        _forked(folder, pin, header, reached)
    if reached[0] < pin.roster_version:
        _forked(folder, pin, header, reached)
    genesis = pin.genesis if trust is None else trust.genesis
    # what was told outside counts before what was seen here, and that before a gateway's new word
    told = pin
    if trust is not None:
        receipt = tuple(key.hex() for key in trust.receipt_keys) or pin.receipt_keys
        told = pin._replace(log_keys=logs, receipt_keys=receipt)
    keys = _keys(client, text, told, unit)
    signing = {*keys["log_keys"], *keys["old_log_keys"]}
    _agree(pin.origin, logs, signing)
    fields: dict[str, Any] = {"genesis": genesis, "unit": unit, **keys}
    fields |= {"roster_version": reached[0], "roster_hash": reached[1]}
    if doubted and pin.size and not signing.issuperset(pin.all_log_keys):
        fields["unsigned"] = True  # the checkpoint kept was judged by another key than is named now
    kept = folder.keep_roster(text, pin.roster, **fields)
    if kept is None:  # another run was faster: it and this one must lie on one line
        newer = folder.read() or pin
        return follow_roster(client, folder, newer, header, log_shown=log_shown)
    return kept


def _agree(origin: str, told: Iterable[str], signing: Container[str]) -> None:
    """The trust file's keys of the log stand among those of the roster, which lists old ones too.

    Where it lists none, `signing` are those told. Raises CliError LOG_KEY_FOREIGN.
    """
    for vkey in told:
        if vkey not in signing:
            raise CliError("LOG_KEY_FOREIGN", origin=origin, key=vkey)


def catch_up(client: "Client", folder: PinFolder, pin: Pin, text: str) -> Pin:
    """The pin with this roster, just given for the newest, unless what is pinned is newer.

    Raises as `follow_roster`.
    """
    version, digest = place_of(text)
    if version < pin.roster_version:
        return pin
    return follow_roster(client, folder, pin, f"{version}:{digest}", log_shown=False)


def newest_text(client: "Client") -> str:
    """The newest roster's text: it leads on from what this machine has verified.

    Where it has verified none, because the gateway names none, as that one gives it. Raises as
    `follow_roster`.
    """
    answer = client.read("roster")
    text, watch = answer.get("roster"), client.log
    if not isinstance(text, str) or place_of(text)[1] != answer.get("hash"):
        raise CliError("ANSWER_UNREADABLE", reason="roster")
    if not watch.pin.roster_version and configured_trust(client.settings, watch.pin.origin) is None:
        return text
    watch.pin = catch_up(client, watch.folder, watch.pin, text)
    return watch.folder.roster(watch.pin) or roster_chain(client, watch.folder, watch.pin).text


def roster_chain(client: "Client", folder: PinFolder, pin: Pin) -> Chain:
    """Every roster from the first one to the newest, each step signed as it must be.

    It begins where a trust file says that it begins, and leads through the roster that is pinned.
    Raises as `follow_roster`.
    """
    from lianxi.proof.rosters import RosterStep, adopt, roster_bytes, roster_hash

    trust = configured_trust(client.settings, pin.origin)
    roster, hashes = None, []
    for answer in steps_since(client, 0):
        if roster is None:
            roster = _first_roster(answer)
            found = roster_hash(roster)
            if trust is not None and found != trust.genesis:
                path = str(client.settings.trust_path)
                raise CliError("TRUST_DIFFERS", found=found, path=path, expected=trust.genesis)
        try:
            for step in answer["steps"]:
                roster = adopt(roster, RosterStep.model_validate(step))
                hashes.append(roster.prev_roster)
        except (Refusal, ValueError) as refusal:
            _refused(folder, pin, {"steps": answer["steps"]}, refusal)
    if roster is None:
        raise CliError("ANSWER_UNREADABLE", reason="genesis")
    chain = Chain(roster_bytes(roster).decode(), (*hashes, roster_hash(roster)))
    if pin.roster_version and not chain.holds(*pin.roster):
        _forked(folder, pin, chain.newest, (len(chain.hashes), chain.hashes[-1]))
    return chain


def hold_named(client: "Client", folder: PinFolder, pin: Pin, digests: Iterable[str]) -> Pin:
    """Rosters that events name must be ones that the conference shows; newer ones are followed.

    An answer's header may be as old as the gateway likes; an event that is included in the log names
    the roster that its stream had adopted. Raises as `follow_roster` and `roster_chain`.
    """
    unknown = set(digests) - {pin.roster_hash}
    if not pin.roster_version or unknown <= folder.past_rosters():
        return pin
    chain = roster_chain(client, folder, pin)
    lacking = sorted(unknown - set(chain.hashes))
    if lacking:
        _forked(folder, pin, f"?:{lacking[0]}", (len(chain.hashes), chain.hashes[-1]))
    followed = follow_roster(client, folder, pin, chain.newest, log_shown=False)
    folder.keep_past_rosters(chain.hashes)  # what was refused is looked at again
    return followed


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


def _derived(text: str, steps: list[Any]) -> str:
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
            text = _derived(text, answer["steps"])
        except (Refusal, ValueError) as refusal:
            offered = {"header": f"{version}:{digest}", "steps": answer["steps"]}
            _refused(folder, pin, offered, refusal)
        if _version_of(text) >= version:
            break
    return text


def _first_roster(answer: Mapping[str, Any]) -> "Roster":
    """The first roster, as an answer to `roster/steps` gives it."""
    from lianxi.proof.rosters import read_roster

    try:
        roster = read_roster(str(answer.get("genesis")).encode("utf-8", "surrogatepass"))
    except Refusal as refusal:
        raise CliError("ANSWER_UNREADABLE", reason=f"genesis: {refusal.code}") from None
    if roster.version != 1:
        raise CliError("ANSWER_UNREADABLE", reason="genesis")
    return roster


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
    old_receipt: list[str] = []
    own: list[str] = []
    replaced: list[str] = []
    for key in keys_in_roster(text):
        use, active = key.get("use", "command"), key.get("state", "active") == "active"
        public = str(key.get("public_key"))
        if use == "log":
            vkey = log_key(told.origin, bytes.fromhex(public)).vkey()
            (log if active else old).append(vkey)
        elif use == "receipt":
            (receipt if active else old_receipt).append(public)
        elif key["unit"] == unit and active:
            own.append(str(key.get("key_id")))
            if key.get("replaces"):
                replaced.append(f"{key.get('effective')} {key['replaces']}")
    if not receipt and not old_receipt:
        receipt, old_receipt = list(told.receipt_keys), list(told.old_receipt_keys)
    if not log and not old:
        log, old = list(told.log_keys), list(told.old_log_keys)
        unnamed = not (receipt or old_receipt)
        said = _said(client) if unnamed or not log else {"log": [], "receipt": []}
        log = log or [log_key(told.origin, bytes.fromhex(k)).vkey() for k in said["log"]]
        if unnamed:
            receipt = said["receipt"]
    return {
        "log_keys": tuple(log),
        "old_log_keys": tuple(old),
        "receipt_keys": tuple(receipt),
        "old_receipt_keys": tuple(old_receipt),
        "unit_keys": tuple(own),
        "replaced": tuple(replaced),
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


def place_of(text: str) -> tuple[int, str]:
    """Version and hash of a roster's text."""
    return _version_of(text), sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
