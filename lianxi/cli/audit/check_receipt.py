"""`lianxi audit check-receipt`: what a receipt's file proves, without gateway or profile (cli layer)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import visible_line
from lianxi.cli.trust_file import trust_in
from lianxi.domain.refusal import Refusal
from lianxi.errors import Exit
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.proof.receipt_checks import Check, Checked, Keys

MAX_FILE_BYTES = 64 << 20
_MAX_DEPTH = 12

SENTENCES = {
    "command": N_("the receipt names the command: SHA-256 of its payload is {sha256}"),
    "origin": N_("it is a receipt of {expected}; found: {origin}"),
    "signature": N_("the unit's key {key_id} signed the command"),
    "promise": N_("the conference promised at once to include it by {include_by}"),
    "event": N_("event {about}: the bytes have this hash, and name the command: {kind}, seq {seq}"),
    "inclusion": N_("event {about} is leaf {index} of the log of size {size}, root {root}"),
    "later": N_("the log of size {size} continues it, root {root}"),
    "witnesses": N_("a quorum of witnesses cosigned: {by}"),
}
"""What each check says, by its machine word."""

OTHERWISE = {
    "command": N_("the receipt does not name this command"),
    "signature": N_("the unit's key did not sign the command, or the file does not name it"),
    "promise": N_("no promise of the conference's that could be checked"),
    "event": N_("event {about}: its bytes are not here, or do not name the command"),
    "inclusion": N_("event {about}: no proof that the log holds it"),
    "later": N_("a later checkpoint does not continue it"),
    "witnesses": N_("no quorum of witnesses that could be counted"),
}
"""What is said where it does not hold, or was not there to be checked."""

MARKS = {"holds": "ok", "fails": "FAILED", "absent": "-", "unchecked": "?"}


@verb(
    "check-receipt",
    example="lianxi audit check-receipt receipts.json --trust trust.json",
    help=N_(
        "Check a receipt's file offline.\n\n"
        "FILE is what lianxi task receipt --to has written, or a file of the folder receipts. Judged"
        " by the trust file; without one by the keys that the file itself names, which shows only"
        " that it does not contradict itself. It proves that the act was recorded; that it stands,"
        " only a full audit proves (lianxi audit verify)."
    ),
)
@click.argument("file", metavar="FILE")
@option("--trust", metavar="FILE", help=N_("The trust file; see lianxi audit trust."))
@click.pass_obj
def check_receipt(flags: Flags, file: str, trust: str | None) -> int:
    """Print each check; 1 where one fails, or nothing from outside was there to judge by."""
    kept = _receipts(file)
    told = None if trust is None else trust_in(Path(trust).expanduser())
    form = form_of(flags)
    checked = []
    for at, document in enumerate(kept):
        try:
            checked.append(_check(document, told))
        except Refusal as refusal:
            place = f"/receipts/{at}{refusal.params.get('place', '')}"
            reason = f"{refusal.code} {place}"
            raise CliError("RECEIPT_FILE_INVALID", path=file, reason=reason) from None
    good = all(each.recorded for each in checked) and told is not None
    thing = {
        "schema": 1,
        "trusted": told is not None,
        "recorded": good,
        "receipts": [_shown(each) for each in checked],
    }
    how = flags.text("time_format") or "local"
    show_thing(
        thing, form, lambda: "\n\n".join([*(_told(each, how) for each in checked), _sum(thing)])
    )
    return Exit.OK if good else Exit.FAILED


def _receipts(path: str) -> list[Any]:
    """The receipts of a file, one or many."""
    from lianxi.proof import canonical

    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CliError("FILE_UNREADABLE", path=path, reason=reason) from None
    try:
        document = canonical.parse(data, max_bytes=MAX_FILE_BYTES, max_depth=_MAX_DEPTH)
    except Refusal as refusal:
        reason = f"{refusal.code} {refusal.params.get('place', '')}".rstrip()
        raise CliError("RECEIPT_FILE_INVALID", path=path, reason=reason) from None
    if isinstance(document, dict) and isinstance(document.get("receipts"), list):
        if not document["receipts"]:
            raise CliError("RECEIPT_FILE_INVALID", path=path, reason=_("it holds none"))
        return list(document["receipts"])
    return [document]


def _check(document: Any, told: Any) -> "Checked":
    from lianxi.proof.receipt_checks import Keys, check_receipt

    if told is None:
        return check_receipt(document, _keys_it_names(document))
    keys = Keys(told.log_keys, told.receipt_keys, told.policy)
    return check_receipt(document, keys, origin=told.origin)


def _keys_it_names(document: Any) -> "Keys":
    """The file's own word for who may sign: good for nothing but consistency."""
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.receipt_checks import Keys

    named = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(named, dict):
        return Keys(())
    log, receipt = named.get("log"), named.get("receipt")
    vkeys = [each for each in log if isinstance(each, str)] if isinstance(log, list) else []
    try:
        raw = [bytes.fromhex(each) for each in receipt] if isinstance(receipt, list) else []
    except (ValueError, TypeError):
        raw = []
    return Keys([NoteKey.parse(vkey) for vkey in vkeys], raw)


def _shown(checked: "Checked") -> dict[str, Any]:
    return {
        "origin": checked.origin,
        "unit": checked.unit,
        "action": checked.action,
        "request_id": checked.request_id,
        "at": checked.at,
        "recorded": checked.recorded,
        "witnessed": checked.witnessed,
        "checks": [check._asdict() for check in checked.checks],
    }


def _told(checked: "Checked", how: str) -> str:
    head = _("{unit}: {action} · {at} · request {request_id}").format(
        unit=checked.unit,
        action=checked.action,
        at=times.show(checked.at, how),
        request_id=checked.request_id,
    )
    lines = [visible_line(head), visible_line(checked.origin)]
    for check in checked.checks:
        lines += [visible_line(line) for line in _line(check, how)]
    return "\n".join(lines)


def _line(check: "Check", how: str) -> list[str]:
    """The check's line, and below an inclusion the path, to be followed by hand with sha256sum."""
    detail = {name: _value(value, how) for name, value in check.detail.items()}
    table = SENTENCES if check.state == "holds" else OTHERWISE
    sentence = _(table.get(check.what) or SENTENCES[check.what])
    words: Mapping[str, Any] = _Blank(detail | {"about": check.about[:12]})
    lines = [f"  {MARKS[check.state]:6} {sentence.format_map(words)}"]
    if check.state == "fails" and detail:
        lines.append(f"         {' '.join(f'{name}={value}' for name, value in detail.items())}")
    if check.what == "inclusion" and check.state == "holds":
        lines += [f"         {node}" for node in check.detail["path"]]
    return lines


def _value(value: Any, how: str) -> Any:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return times.show(value, how) if isinstance(value, str) else value


def _sum(thing: Mapping[str, Any]) -> str:
    if not thing["trusted"]:
        return _(
            "SELF-CONSISTENT ONLY: judged by keys the file names itself. Give a trust file that"
            " reached you elsewhere: --trust FILE."
        )
    if not thing["recorded"]:
        return _("NOT PROVEN: see the lines marked FAILED or -.")
    return _(
        "PROVEN: the act was recorded. That it stands, and was rightly decided, only a full audit"
        " proves (lianxi audit verify)."
    )


class _Blank(dict[str, Any]):
    """Leaves what a check does not tell as a dash."""

    def __missing__(self, _name: str) -> str:
        return "-"
