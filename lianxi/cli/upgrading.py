"""From promise to proof: open receipts get their proofs of inclusion, or an alarm (cli layer).

A receipt stays open until the log has included every event it names, and, where the profile has a
trust file with a quorum of witnesses, until that quorum has cosigned a checkpoint that holds them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.terminal import say, visible_line
from lianxi.cli.trust_file import configured_trust
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client
    from lianxi.proof.policies import Policy
    from lianxi.proof.receipt_checks import Checked, Keys

MAX_HASHES = 64
"""The gateway takes so many in one question."""

ALARMED = "alarmed"


def upgrade(client: "Client", *, wanted: Mapping[str, str] | None = None) -> None:
    """Ask once for the proofs of what is open, if there is reason to; keep what came.

    There is reason when the log has grown since the last time, or when a promise's time is over.
    """
    shelf = Shelf(client.settings.state)
    waiting = dict(shelf.open_receipts() if wanted is None else wanted)
    pin = client.log.pin
    now = times.spell(times.now())
    overdue = [each for each, mark in waiting.items() if mark != ALARMED and "" < mark < now]
    if not waiting or (pin.size <= pin.tried and not overdue and wanted is None):
        return
    chosen = _chosen(shelf, pin.origin, overdue, list(waiting), pin.size)
    hashes = [event["hash"] for kept in chosen.values() for event in _unproven(kept)]
    found = _proofs(client, hashes)
    # the answer may have brought a newer checkpoint along
    client.log.pin = client.log.folder.change(tried=client.log.pin.size)
    keys = keys_of(client)
    for request_id, kept in chosen.items():
        _take(client, shelf, request_id, kept, found, keys)
        if request_id in overdue and not included(kept):
            _alarm(client, shelf, request_id, kept, now)


def keys_of(client: "Client") -> "Keys":
    """By what this profile judges receipts: the keys it has pinned, the policy it trusts."""
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import NONE
    from lianxi.proof.receipt_checks import Keys

    pin = client.log.pin
    trust = configured_trust(client.settings, pin.origin)
    return Keys(
        log=[NoteKey.parse(vkey) for vkey in pin.all_log_keys],
        receipt=[bytes.fromhex(key) for key in pin.receipt_keys],
        policy=None if trust is None or trust.policy.quorum == NONE else trust.policy,
    )


def included(kept: Mapping[str, Any]) -> bool:
    """Whether every event named has its proof."""
    return not _unproven(kept)


def _unproven(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    proven = {proof["hash"] for proof in kept.get("proofs", ())}
    return [event for event in kept["receipt"]["events"] if event["hash"] not in proven]


def _chosen(
    shelf: Shelf, origin: str, overdue: list[str], waiting: list[str], turn: int
) -> dict[str, dict[str, Any]]:
    """As many receipts as one question takes: overdue ones first, then in turn."""
    at = turn % len(waiting)
    chosen: dict[str, dict[str, Any]] = {}
    room = MAX_HASHES
    for request_id in dict.fromkeys([*overdue, *waiting[at:], *waiting[:at]]):
        kept = shelf.receipt(request_id)
        if kept is None:
            shelf.close_receipt(request_id)
            continue
        count = len(_unproven(kept))
        if kept["receipt"].get("origin") != origin or count > MAX_HASHES:
            continue
        room -= count
        if room < 0:
            break
        chosen[request_id] = kept
    return chosen


def _proofs(client: "Client", hashes: list[str]) -> dict[str, dict[str, Any]]:
    """What the gateway has on these events, by hash."""
    if not hashes:
        return {}
    items = client.ask("proofs", {"hashes": hashes}).get("items")
    if not isinstance(items, list):
        raise CliError("ANSWER_UNREADABLE", reason="proofs")
    return {
        str(item.get("hash")): item
        for item in items
        if isinstance(item, dict) and isinstance(item.get("proof"), str)
    }


def _take(
    client: "Client",
    shelf: Shelf,
    request_id: str,
    kept: dict[str, Any],
    found: Mapping[str, dict[str, Any]],
    keys: "Keys",
) -> None:
    """Keep the proofs of one receipt if they hold, whole or not at all."""
    lacking = [event["hash"] for event in _unproven(kept)]
    if lacking and not all(digest in found for digest in lacking):
        return
    from lianxi.proof.receipt_checks import check_receipt

    if lacking:
        kept["schema"] = 2  # a receipt of an earlier release becomes one with proofs
        kept["events"] = [
            found[digest]["event"]
            for digest in lacking
            if isinstance(found[digest].get("event"), str)
        ]
        kept["proofs"] = [{"hash": digest, "proof": found[digest]["proof"]} for digest in lacking]
        pin = client.log.pin
        kept["keys"] = {"log": list(pin.all_log_keys), "receipt": list(pin.receipt_keys)}
        checked = check_receipt(kept, keys, origin=pin.origin)
        if not (_holds(checked) and _in_the_log_seen(client, checked)):
            path = client.log.folder.keep_evidence("receipt-proof", {"receipt": kept})
            raise CliError("RECEIPT_UNPROVEN", request_id=request_id, path=str(path))
        if kept.get("alarm"):
            kept["alarm"]["included_at"] = times.spell(times.now())
        shelf.keep_receipt(request_id, kept)
    if keys.policy is None:
        shelf.close_receipt(request_id)
        return
    checked = check_receipt(kept, keys, origin=client.log.pin.origin)
    if checked.witnessed is None:
        _gather_witnesses(client, kept, checked, keys.policy)
        checked = check_receipt(kept, keys, origin=client.log.pin.origin)
    if checked.witnessed is not None:
        kept["witnessed"] = times.spell(datetime.fromtimestamp(checked.witnessed, UTC))
        shelf.keep_receipt(request_id, kept)
        shelf.close_receipt(request_id)
    else:
        # nothing more was promised
        shelf.keep_receipt(request_id, kept)
        shelf.mark_receipt(request_id, "")


def _holds(checked: "Checked") -> bool:
    """Nothing fails, and every event is included; that events' texts may be absent is no lie."""
    fails = any(check.state == "fails" for check in checked.checks)
    proofs = [check for check in checked.checks if check.what == "inclusion"]
    return not fails and all(check.state == "holds" for check in proofs)


def _in_the_log_seen(client: "Client", checked: "Checked") -> bool:
    """Whether the proofs' tree is the one this machine has kept, or its beginning."""
    from lianxi.proof.hash_texts import hashes_of
    from lianxi.proof.tree import verify_consistency

    pin = client.log.pin
    for check in checked.checks:
        if check.what != "inclusion":
            continue
        size, root = int(check.detail["size"]), str(check.detail["root"])
        if size > pin.size:
            return False
        if size == pin.size:
            if root != pin.root:
                return False
            continue
        try:
            hashes = hashes_of(client.log.consistency(size, pin.size), "/proof")
            verify_consistency(size, pin.size, bytes.fromhex(root), bytes.fromhex(pin.root), hashes)
        except Refusal:
            return False
    return True


def _gather_witnesses(
    client: "Client", kept: dict[str, Any], checked: "Checked", policy: "Policy"
) -> None:
    """Add later checkpoints until a quorum has cosigned one that holds the receipt's events."""
    from lianxi.proof.checkpoints import open_checkpoint
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.witnessing import cosigned_by

    size = min(int(c.detail["size"]) for c in checked.checks if c.what == "inclusion")
    keys = [NoteKey.parse(vkey) for vkey in client.log.pin.all_log_keys]
    names: set[str] = set()
    later: list[dict[str, Any]] = []
    for item in client.log.ask("GET", "checkpoints", query={"since": size}).get("items", []):
        try:
            data = str(item["checkpoint"]).encode()
            checkpoint, note = open_checkpoint(data, origin=client.log.pin.origin, log_keys=keys)
            new = {name for _, name, _ in cosigned_by(policy, checkpoint, note.signatures)} - names
        except (Refusal, KeyError, TypeError):
            continue
        if not new or checkpoint.size < size or checkpoint.size > client.log.pin.size:
            continue
        names |= new
        consistency = (
            [] if checkpoint.size == size else client.log.consistency(size, checkpoint.size)
        )
        later.append(
            {"from": size, "checkpoint": str(item["checkpoint"]), "consistency": consistency}
        )
        if policy.satisfied(names):
            break
    kept["later"] = later


def _alarm(client: "Client", shelf: Shelf, request_id: str, kept: dict[str, Any], now: str) -> None:
    """The promised time is over and there is no proof: said once, the evidence kept."""
    path = client.log.folder.keep_evidence(
        "receipt-overdue", {"receipt": kept, "checkpoint": client.log.pin.note}
    )
    kept["alarm"] = {"at": now, "evidence": str(path), "checkpoint": client.log.pin.note}
    shelf.keep_receipt(request_id, kept)
    shelf.mark_receipt(request_id, ALARMED)
    text = _(
        "ALARM: the log does not hold what the conference promised to include for request"
        " {request_id}. The evidence is kept: {path}. Show it to the auditors."
    )
    say(visible_line(text.format(request_id=request_id, path=path)))
