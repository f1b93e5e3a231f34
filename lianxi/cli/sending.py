"""Sending a change: texts first, then the envelope, then the receipt; never a false "failed" (cli layer)."""

import json
import os
import shlex
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NamedTuple

from lianxi.cli import given
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.kept import KeptRequest, Shelf
from lianxi.cli.language import _
from lianxi.cli.promises import check_promise, deadline
from lianxi.cli.request_ids import new_request_id
from lianxi.cli.sealing import Change, fingerprint, payload_of, sign
from lianxi.cli.terminal import tick
from lianxi.cli.transport import Answer, NoAnswerError, NotReachedError, refusal_in

ANSWER_MARGIN = 15.0
"""Seconds beyond --timeout until the client stops listening."""


FOUND = "found"
"""The one action before which there is no conference, and no log of it."""


class ChangeOptions(NamedTuple):
    """The options every change has."""

    request_id: str | None = None
    dry_run: bool = False
    yes: bool = False
    wait: str | None = None
    timeout: int = 20


class Outcome(NamedTuple):
    """What the conference answered."""

    request_id: str
    receipt: dict[str, Any]
    recorded: bool
    already: bool


Deliver = Callable[[Client, KeptRequest, Change, ChangeOptions], Answer]
"""How a signed command reaches the conference."""


def prepare(client: Client, shelf: Shelf, change: Change, options: ChangeOptions) -> KeptRequest:
    """The signed request: the kept one where its id was used for the same arguments."""
    kept = repeated(shelf, options)
    if kept is None:
        return sign(change, client, options.request_id or new_request_id())
    if kept.fingerprint != fingerprint(change, client):
        raise CliError("REQUEST_CONFLICT", request_id=kept.request_id)
    return kept


def repeated(shelf: Shelf, options: ChangeOptions) -> KeptRequest | None:
    """The kept request that is to be sent again: what it led to may stand by now."""
    if options.request_id is None:
        return None
    return shelf.request(given.request_id(options.request_id))


def send(
    client: Client,
    shelf: Shelf,
    change: Change,
    kept: KeptRequest,
    options: ChangeOptions,
    deliver: "Deliver | None" = None,
) -> Outcome:
    """Send a prepared request and keep its receipt.

    Raises CliError: PENDING whenever it may have happened, or was to be waited for and is not
    recorded; a refusal otherwise.
    """
    shelf.keep_request(kept)
    # an earlier attempt without an answer makes every later silence one too
    undecided, begun = kept.sent, False
    try:
        if deliver is None:
            _hand_in(client, change, kept)
            deliver = post_command
        kept, begun = kept._replace(sent=True), True
        shelf.keep_request(kept)
        answer = deliver(client, kept, change, options)
    except NotReachedError:
        if not undecided:
            shelf.keep_request(kept._replace(sent=False))
            raise CliError("GATEWAY_UNREACHABLE", address=client.gateway.address) from None
        raise pending(client, kept.request_id) from None
    except NoAnswerError:
        raise pending(client, kept.request_id) from None
    except KeyboardInterrupt:
        if not begun and not undecided:
            raise
        raise pending(client, kept.request_id, interrupted=True) from None
    except CliError as error:
        if undecided and error.retryable:
            raise pending(client, kept.request_id) from None
        raise
    outcome = _read_answer(client, shelf, kept, answer, undecided=undecided)
    if options.wait is not None and not outcome.recorded:
        raise _unrecorded(client, kept.request_id)
    return outcome


def post_command(
    client: Client, kept: KeptRequest, change: Change, options: ChangeOptions
) -> Answer:
    """The usual door: a command to a conference that stands."""
    del change
    return client.gateway.request(
        "POST",
        client.path("commands"),
        query={"wait": options.wait, "timeout": options.timeout if options.wait else None},
        body=kept.envelope.encode(),
        headers={"Content-Type": "application/json", **client.log.header()},
        timeout=options.timeout + ANSWER_MARGIN,
    )


def pending(client: Client, request_id: str, *, interrupted: bool = False) -> CliError:
    """No definite answer: the code, and the exact command that repeats it safely."""
    repeat = repeat_command(client, request_id)
    return CliError(
        "PENDING",
        hint=_("It may have been done. Repeat it safely: {command}").format(command=repeat),
        exit_code=130 if interrupted else None,
        request_id=request_id,
        repeat=repeat,
    )


def _unrecorded(client: Client, request_id: str) -> CliError:
    """What was to be waited for has not come: the receipt is kept, the trail does not hold it yet."""
    repeat = repeat_command(client, request_id)
    return CliError(
        "PENDING",
        message=_("PENDING: request {request_id} is accepted, but not recorded yet.").format(
            request_id=request_id
        ),
        hint=_("Its receipt is kept. Wait for the trail by repeating it: {command}").format(
            command=repeat
        ),
        request_id=request_id,
        repeat=repeat,
    )


def repeat_command(client: Client, request_id: str) -> str:
    """The command line as typed, with what was asked for and the request id."""
    words = ["lianxi", *_without_request_id(client.flags.arguments), *client.flags.prompted]
    words += ["--request-id", request_id]
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(words)
    return shlex.join(words)


def _without_request_id(arguments: tuple[str, ...]) -> list[str]:
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "--request-id":
            next(rest, None)
        elif not word.startswith("--request-id="):
            words.append(word)
    return words


def _hand_in(client: Client, change: Change, kept: KeptRequest) -> None:
    """Texts and files before the command that names them; repeated without harm."""
    pairs = list(zip(change.texts, kept.openings, strict=True))
    for number, (text, opening) in enumerate(pairs, 1):
        tick(_("handing in {number} of {total}").format(number=number, total=len(pairs)))
        client.put_opening(opening.commit, bytes.fromhex(opening.salt), opening.media, text.data)
    tick("")


def _read_answer(
    client: Client, shelf: Shelf, kept: KeptRequest, answer: Answer, *, undecided: bool
) -> Outcome:
    if answer.status == HTTPStatus.ACCEPTED:
        raise pending(client, kept.request_id)
    refusal = refusal_in(answer)
    if refusal is not None:
        if refusal.code == "ANSWER_UNREADABLE" or (undecided and refusal.retryable):
            raise pending(client, kept.request_id)
        if kept.action != FOUND:
            client.log.look(answer)
        raise refusal
    try:
        document = answer.document()
        receipt = document["receipt"]
    except (CliError, KeyError):
        raise pending(client, kept.request_id) from None
    content = {
        "schema": 2,
        "gateway": kept.gateway,
        "public_key": client.key.signer.public_key.hex(),
        "envelope": kept.envelope,
        "openings": [{"commit": o.commit, "salt": o.salt, "size": o.size} for o in kept.openings],
        "receipt": receipt,
    }
    if isinstance(document.get("signed_receipt"), str):
        content["signed_receipt"] = document["signed_receipt"]
    payload = payload_of(kept)
    if not _is_ours(receipt, kept, payload):
        path = shelf.keep_receipt(kept.request_id, content, foreign=True)
        raise CliError("RECEIPT_FOREIGN", path=str(path))
    # within one run of a workflow Temporal repeats the first answer as it was
    before = shelf.receipt(kept.request_id)
    already = bool(receipt.get("already")) or before is not None
    # an earlier answer's promise is the earlier one, and its proofs may have come
    if before is None or before.get("schema") != content["schema"]:
        shelf.keep_open_receipt(kept.request_id, content, deadline(content))
    elif "signed_receipt" in content and "signed_receipt" not in before:
        _keep_promise(shelf, kept.request_id, before, content)
    if kept.action != FOUND:
        _look_at_log(client, kept, answer, content)
    return Outcome(kept.request_id, receipt, bool(document.get("recorded")), already)


def _keep_promise(
    shelf: Shelf, request_id: str, before: Mapping[str, Any], content: Mapping[str, Any]
) -> None:
    """The first answer promised nothing, this one does, of the same events."""
    if before["receipt"].get("events") != content["receipt"].get("events"):
        return
    shelf.keep_receipt(request_id, {**before, "signed_receipt": content["signed_receipt"]})
    if "proofs" not in before:
        shelf.mark_receipt(request_id, deadline(content))


def _look_at_log(
    client: Client, kept: KeptRequest, answer: Answer, content: Mapping[str, Any]
) -> None:
    """The receipt is kept; now what the answer says of the log, and whose promise it carries."""
    try:
        client.log.look(answer)
        check_promise(client, content, kept.request_id)
    except CliError as alarm:
        alarm.message += " " + _(
            "What you sent was accepted as request {request_id}; its receipt is kept."
        ).format(request_id=kept.request_id)
        raise


def _is_ours(receipt: Any, kept: KeptRequest, payload: bytes) -> bool:
    """A receipt counts only for the bytes, the request and the conference it was asked for."""
    signed = json.loads(payload)
    return (
        isinstance(receipt, dict)
        and receipt.get("payload_sha256") == sha256(payload).hexdigest()
        and receipt.get("request_id") == kept.request_id
        and receipt.get("origin") == signed["origin"]
        and receipt.get("stream") in (signed["stream"], f"task/{receipt.get('task')}")
        and receipt.get("action") == signed["action"]
        and isinstance(receipt.get("events"), list)
    )
