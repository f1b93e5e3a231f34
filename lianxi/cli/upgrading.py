"""From promise to proof: open receipts get their proofs of inclusion, or an alarm (cli layer).

A receipt stays open until the log has included every event it names, and, where the profile has a
trust file with a quorum of witnesses, until that quorum has cosigned a checkpoint that holds them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.gathering import CosignedHeads, gather, looked
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.log_faults import ALARMS
from lianxi.cli.log_watch import Head
from lianxi.cli.promises import WITHIN
from lianxi.cli.request_ids import made_before
from lianxi.cli.terminal import say, visible_line
from lianxi.cli.trust_file import configured_trust
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client
    from lianxi.proof.receipt_checks import Checked, Keys

MAX_HASHES = 64
"""The gateway takes so many in one question."""

ALARMED = "alarmed"

SILENCE = timedelta(days=1)
"""So long an overdue receipt may go without an answer before that is an alarm."""


def upgrade(client: "Client", *, wanted: Mapping[str, str] | None = None) -> CliError | None:
    """Ask once for the proofs of what is open, if there is reason to; keep what came.

    There is reason when the log has grown since the last time, or when a promise's time is over: by
    the marks on this machine, so that a gateway that shows no log, or answers nothing, is alarmed
    all the same. What stopped the asking is returned; what concerns one receipt is only said.
    """
    shelf = Shelf(client.settings.state)
    waiting = dict(shelf.open_receipts() if wanted is None else wanted)
    pin = client.log.pin
    now = times.spell(times.now())
    overdue = [each for each, mark in waiting.items() if mark != ALARMED and "" < mark < now]
    if not waiting or (pin.size <= pin.tried and not overdue and wanted is None):
        return None
    chosen = _chosen(shelf, pin.origin, overdue, list(waiting), pin.size)
    late = [each for each in overdue if each in chosen]
    asking = _Asking(client, shelf, wanted is not None)
    asking.ask([event["hash"] for kept in chosen.values() for event in _unproven(kept)])
    asking.take(chosen)
    late = [each for each in late if not included(shelf.receipt(each) or chosen[each])]
    failure = asking.failure
    spared = [] if failure is None else _spared(client, shelf, late, failure)
    if failure is not None and spared:
        _owing(len(spared), failure)
    for request_id in late:
        if request_id not in spared:
            _alarm(client, shelf, request_id, failure)
    return failure


def keys_of(client: "Client") -> "Keys":
    """By what this profile judges receipts: the keys it has pinned, the policy it trusts."""
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import NONE
    from lianxi.proof.receipt_checks import Keys

    pin = client.log.pin
    trust = configured_trust(client.settings, pin.origin)
    return Keys(
        log=[NoteKey.parse(vkey) for vkey in pin.all_log_keys],
        receipt=[bytes.fromhex(key) for key in pin.all_receipt_keys],
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
    """Everything overdue; of the rest, in turn, as many as fill one question, but at least one."""
    at = turn % len(waiting)
    late = set(overdue)
    chosen: dict[str, dict[str, Any]] = {}
    room = MAX_HASHES
    for request_id in dict.fromkeys([*overdue, *waiting[at:], *waiting[:at]]):
        if room <= 0 and request_id not in late:
            break
        kept = shelf.receipt(request_id)
        if kept is None:
            # marked first, kept a moment later, perhaps by another run at this very time
            if made_before(request_id, times.now() - WITHIN):
                shelf.close_receipt(request_id)
            continue
        if kept["receipt"].get("origin") != origin:
            continue
        # one that waits for witnesses alone is work too
        room -= max(1, len(_unproven(kept)))
        chosen[request_id] = kept
    return chosen


class _Asking:
    """One round of questions about open receipts; `failure`: what stopped it."""

    def __init__(self, client: "Client", shelf: Shelf, wanted: bool) -> None:  # noqa: FBT001
        self._client = client
        self._shelf = shelf
        self._found: dict[str, dict[str, Any]] = {}
        self._said: set[str] = set()
        self._wanted = wanted
        self._keys: Keys | None = None
        self.failure: CliError | None = None
        watch = client.log
        if watch.refused is not None:
            self.failure = watch.refused
        elif not watch.heard and not wanted:
            # the command has just waited for the gateway in vain
            self.failure = CliError("GATEWAY_UNREACHABLE", address=client.gateway.address)

    def ask(self, hashes: list[str]) -> None:
        """What the gateway has on these events."""
        try:
            if self.failure is None and self._wanted:
                _look(self._client)
            if self.failure is None and not self._client.log.pin.all_log_keys:
                self.failure = CliError("NO_LOG_KEY")
            for begin in range(0, len(hashes), MAX_HASHES):
                if self.failure is not None:
                    return
                self._found |= _proofs(self._client, hashes[begin : begin + MAX_HASHES])
            if self.failure is None:
                self._keys = keys_of(self._client)
        except (CliError, Refusal) as error:
            self.failure = _fault(error)

    def take(self, chosen: Mapping[str, dict[str, Any]]) -> None:
        """Take in what came; what does not hold of one receipt is no other one's harm."""
        keys = self._keys
        if keys is None:
            return
        proven: dict[str, tuple[dict[str, Any], Checked]] = {}

        def prove(request_id: str) -> None:
            # what does not hold leaves the receipt as it was
            kept = deepcopy(chosen[request_id])
            checked = self._prove(request_id, kept, keys)
            if checked is not None:
                proven[request_id] = (kept, checked)

        for request_id in chosen:
            self._try(prove, request_id)
        texts = [text for kept, _checked in proven.values() for text in kept.get("events", ())]
        named = {str(json.loads(text).get("roster")) for text in texts}
        self._try(self._client.log.hold_named, named)
        starts = [max(looked(kept), checked.size or 0) for kept, checked in proven.values()]
        if keys.policy is None or not starts:
            heads = None
        else:
            heads = CosignedHeads(self._client.log, keys.log, keys.policy, min(starts))
        for request_id, (kept, checked) in proven.items():
            self._try(self._witness, request_id, kept, checked, keys, heads)
        if self.failure is None:  # the answer may have brought a newer checkpoint along
            watch = self._client.log
            watch.pin = watch.folder.change(tried=watch.pin.size)

    def _try(self, act: Callable[..., None], *given: Any) -> None:
        """One receipt's part of the work, unless nothing more is to be asked."""
        if self.failure is not None:
            return
        try:
            act(*given)
        except (CliError, Refusal) as error:
            fault = _fault(error)
            if fault.code in _STOPPING or fault.retryable or _is_own(fault):
                self.failure = fault  # whose proof was not asked for is not late by that
            else:
                self._tell(fault)

    def _prove(self, request_id: str, kept: dict[str, Any], keys: "Keys") -> "Checked | None":
        """Keep the proofs of one receipt if they hold, whole or not at all; None: not yet."""
        from lianxi.proof.receipt_checks import check_receipt

        pin = self._client.log.pin
        lacking = [event["hash"] for event in _unproven(kept)]
        if not lacking:
            return check_receipt(kept, keys, origin=pin.origin)
        if not all(digest in self._found for digest in lacking):
            return None
        found = {digest: self._found[digest] for digest in lacking}
        kept["schema"] = 2  # a receipt of an earlier release becomes one with proofs
        kept["events"] = [each["event"] for each in found.values() if _is_text(each.get("event"))]
        kept["proofs"] = [{"hash": d, "proof": each["proof"]} for d, each in found.items()]
        kept["keys"] = {"log": list(pin.all_log_keys), "receipt": list(pin.all_receipt_keys)}
        try:
            heads = _heads_of(kept, keys, pin.origin)
            kept["later"] = self._joined(heads)
            checked = check_receipt(kept, keys, origin=pin.origin)
            good = _holds(checked)
        except Refusal:
            good = False
        if not good:
            path = self._client.log.folder.keep_evidence(
                "receipt-proof", {"receipt": kept}, request_id
            )
            raise CliError("RECEIPT_UNPROVEN", request_id=request_id, path=str(path))
        if kept.get("alarm"):
            kept["alarm"]["included_at"] = times.spell(times.now())
        self._shelf.keep_receipt(request_id, kept)
        return checked

    def _joined(self, heads: list[Head]) -> list[dict[str, Any]]:
        """All proofs are of the log that this machine has kept, and of one tree.

        Between two questions the log may have grown: then a later entry leads from the smaller to
        the larger tree.
        """
        watch = self._client.log
        smallest, *larger = heads
        # its headers are a second old at times: a proof may be of a later head than they named
        pinned = watch.pinned() if watch.pin.size else heads[-1]
        watch.proven(*sorted((pinned, heads[-1]), key=lambda head: head.checkpoint.size))
        return [
            {
                "from": smallest.checkpoint.size,
                "checkpoint": head.note,
                "consistency": watch.proven(smallest, head),
            }
            for head in larger
        ]

    def _witness(
        self,
        request_id: str,
        kept: dict[str, Any],
        checked: "Checked",
        keys: "Keys",
        heads: CosignedHeads | None,
    ) -> None:
        """Close a receipt that is included, once a quorum has cosigned where the profile wants one."""
        from lianxi.proof.receipt_checks import check_receipt

        shelf, watch = self._shelf, self._client.log
        if heads is None:
            shelf.close_receipt(request_id)
            return
        # nothing more was promised
        shelf.mark_receipt(request_id, "")
        if checked.witnessed is None:
            base = _heads_of(kept, keys, checked.origin)[-1]
            if not gather(watch, kept, checked, base, heads):
                return
            shelf.keep_receipt(request_id, kept)
            checked = check_receipt(kept, keys, origin=watch.pin.origin)
        if checked.witnessed is not None:
            kept["witnessed"] = times.spell(datetime.fromtimestamp(checked.witnessed, UTC))
            shelf.keep_receipt(request_id, kept)
            shelf.close_receipt(request_id)

    def _tell(self, fault: CliError) -> None:
        from lianxi.cli.settling import tell

        if fault.message not in self._said:
            self._said.add(fault.message)
            tell(fault)


_STOPPING = ALARMS | {"GATEWAY_UNREACHABLE"}
"""After these nothing more is asked of this gateway."""

_OWN = frozenset(
    {
        *("ADDRESS_EXPOSED", "ADDRESS_INVALID", "CONFIG_INVALID", "FILE_UNREADABLE"),
        *("FILE_UNWRITABLE", "KEY_FILE_EXISTS", "KEY_FILE_EXPOSED", "KEY_FILE_INVALID"),
        *("KEY_LOCKED", "KEYRING_MISSING", "NO_KEY", "UNKNOWN_PROFILE"),
        *("PASSPHRASE_FILE_EXPOSED", "PASSPHRASE_MISSING"),
        *("PASSPHRASE_UNFIT", "PASSPHRASE_WRONG", "UNIT_MISMATCH"),
        *("TRUST_FILE_INVALID", "TRUST_FOREIGN"),
    }
)
"""Found on this machine, in its own files and settings: no gateway's doing, and never an alarm."""

_TURNED_AWAY = frozenset(
    {
        *("KEY_NOT_YET", "KEY_REPLACED", "KEY_RETIRED", "KEY_UNKNOWN"),
        *("SESSION_INVALID", "UNKNOWN_CONFERENCE", "WRONG_ORIGIN"),
    }
)
"""Answers to somebody whom the gateway does not know, perhaps rightly: like silence, not for ever."""


def _is_own(fault: CliError) -> bool:
    return fault.code in _OWN and not fault.answered


def _look(client: "Client") -> None:
    """Whoever asks for receipts alone has seen nothing of the log yet in this run: follow its head."""
    try:
        client.read("checkpoint")
    except CliError as error:
        if error.code != "NOT_FOUND":  # nothing is sealed yet
            raise


def _fault(error: CliError | Refusal) -> CliError:
    if isinstance(error, CliError):
        return error
    from lianxi.errors import in_catalogue

    return CliError.of(*in_catalogue(error.code, error.params))


def _proofs(client: "Client", hashes: list[str]) -> dict[str, dict[str, Any]]:
    """What the gateway has on these events, by hash."""
    items = client.ask("proofs", {"hashes": hashes}).get("items")
    if not isinstance(items, list):
        raise CliError("ANSWER_UNREADABLE", reason="proofs")
    return {
        str(item.get("hash")): item
        for item in items
        if isinstance(item, dict) and _is_text(item.get("proof"))
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _heads_of(kept: Mapping[str, Any], keys: "Keys", origin: str) -> list[Head]:
    """The checkpoints of a receipt's proofs, smallest first, one of each size and root."""
    from lianxi.proof.checkpoints import open_checkpoint
    from lianxi.proof.tlog_proofs import parse_proof

    notes: Iterable[bytes] = dict.fromkeys(
        parse_proof(str(each["proof"]).encode("utf-8", "surrogatepass")).checkpoint
        for each in kept["proofs"]
    )
    opened = [(open_checkpoint(note, origin=origin, log_keys=keys.log)[0], note) for note in notes]
    heads = {checkpoint: Head(checkpoint, note.decode()) for checkpoint, note in opened}
    return sorted(heads.values(), key=lambda head: head.checkpoint.size)


def _holds(checked: "Checked") -> bool:
    """Nothing fails, and every event is included; that events' texts may be absent is no lie.

    What is wrong with the promise was said when it came, and makes no proof worse.
    """
    fails = any(check.state == "fails" for check in checked.checks if check.what != "promise")
    proofs = [check for check in checked.checks if check.what == "inclusion"]
    return not fails and all(check.state == "holds" for check in proofs)


def _spared(client: "Client", shelf: Shelf, late: list[str], failure: CliError) -> list[str]:
    """Of what is late, whatever is not to be alarmed over this failure, or not yet."""
    if _is_own(failure):
        return late
    if failure.retryable or (failure.code in _TURNED_AWAY and failure.answered):
        return [each for each in late if not _silent_for_long(client, shelf, each)]
    return []


def _silent_for_long(client: "Client", shelf: Shelf, request_id: str) -> bool:
    """Whether an overdue receipt could not be asked about for a day, by a gateway that answers else.

    An hour may be a store that is away, or a new key that is not registered yet; a gateway that is
    never at home for this question breaks its promise.
    """
    kept = shelf.receipt(request_id) or {}
    since = kept.get("unanswered")
    if not client.log.heard:
        return False  # it is away, as far as this run knows
    if not isinstance(since, str):
        since = times.spell(times.now())
        shelf.keep_receipt(request_id, {**kept, "unanswered": since})
    return since < times.spell(times.now() - SILENCE)


def _owing(count: int, failure: CliError) -> None:
    text = (
        _(
            "{count} receipts are past the time that was promised and still without proof; the"
            " gateway could not be asked."
        )
        if failure.retryable
        else _(
            "{count} receipts are past the time that was promised and still without proof; nothing"
            " can be learned of them until this is mended: {reason}."
        )
    )
    say(text.format(count=count, reason=failure.code))


def _alarm(client: "Client", shelf: Shelf, request_id: str, failure: CliError | None) -> None:
    """The promised time is over and there is no proof: said once, the evidence kept."""
    kept = shelf.receipt(request_id) or {}
    now, note = times.spell(times.now()), client.log.pin.note
    reason = "" if failure is None else failure.code
    path = client.log.folder.keep_evidence(
        "receipt-overdue", {"receipt": kept, "checkpoint": note, "reason": reason}, request_id
    )
    kept["alarm"] = {"at": now, "evidence": str(path), "checkpoint": note, "reason": reason}
    shelf.keep_receipt(request_id, kept)
    shelf.mark_receipt(request_id, ALARMED)
    text = (
        _(
            "ALARM: the log does not hold what the conference promised to include for request"
            " {request_id}. The evidence is kept: {path}. Show it to the auditors."
        )
        if failure is None
        else _(
            "ALARM: the time promised for request {request_id} is over, and the gateway gives no"
            " proof that can be believed ({reason}). The evidence is kept: {path}. Show it to the"
            " auditors."
        )
    )
    say(visible_line(text.format(request_id=request_id, path=path, reason=reason)))
