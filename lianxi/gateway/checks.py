"""What the gateway looks at before it forwards a command (gateway layer).

Cheap checks that spare Temporal's history: form, signature, openings. Authority is the workflow's,
which verifies everything again.
"""

import anyio
from sqlalchemy import Connection
from starlette.requests import Request

from lianxi.domain.refusal import Refusal
from lianxi.gateway.entry import look, with_store
from lianxi.gateway.known import Seen
from lianxi.gateway.membership import check_membership, needs_the_conference
from lianxi.gateway.redacting import check_redaction
from lianxi.gateway.refusals import OpeningMissingError, WrongStreamError
from lianxi.gateway.services import Services
from lianxi.ids import stream_workflow_id
from lianxi.ports import StoreUnavailableError, TrailBehindError
from lianxi.proof.commands import SignedCommand, authenticate, check_address
from lianxi.store.queries.openings import commitments_in
from lianxi.store.queries.texts import missing
from lianxi.store.store import Store


async def check_command(request: Request, services: Services, signed: SignedCommand) -> None:
    """Raises the refusals of `authenticate` and `check_address`, OpeningMissingError and others.

    TrailBehindError where nothing of the conference is recorded: a receipt would promise what does
    not come. While the store is away a command without texts passes by what was known last, unless it names
    what only the conference knows.
    """

    def work(store: Store, connection: Connection) -> None:
        seen = look(services, connection, request)
        store.anchors.check(seen.facts.origin)
        _check(signed, seen)
        check_membership(connection, seen.facts.origin, signed)
        try:
            check_redaction(connection, seen.facts.origin, signed)
        except Refusal:
            # units may have come to the task since it was answered
            if not _answered(store, signed):
                raise
        lacking = missing(connection, seen.facts.origin, commitments_in(signed.payload.args))
        if lacking and not _answered(store, signed):
            raise OpeningMissingError(commit=lacking[0])

    try:
        await with_store(services, work)
    except TrailBehindError:
        raise
    except StoreUnavailableError:
        seen = services.known.last_seen(request.path_params["conference"])
        asks = any(True for _ in commitments_in(signed.payload.args))
        asks = asks or needs_the_conference(signed.payload)
        # a key may have come since, which only the store would know
        if seen is None or asks or signed.payload.key_id not in seen.roster.by_key_id:
            raise
        if await anyio.to_thread.run_sync(_known_behind, services, seen.facts.origin):
            raise TrailBehindError(seen.facts.origin) from None
        _check(signed, seen)


def _known_behind(services: Services, origin: str) -> bool:
    try:
        return services.store().anchors.knows_behind(origin)
    except StoreUnavailableError:
        return False


def _check(signed: SignedCommand, seen: Seen) -> None:
    payload = signed.payload
    if stream_workflow_id(seen.facts.conference, payload.stream) is None:
        raise WrongStreamError(stream=payload.stream)
    check_address(payload, origin=seen.facts.origin, stream=payload.stream)
    authenticate(signed, seen.roster)


def _answered(store: Store, signed: SignedCommand) -> bool:
    """Whether the command is recorded already: its repeat finds the receipt, openings or not."""
    payload = signed.payload
    receipt = store.trail.find_receipt(payload.origin, payload.unit, payload.request_id)
    return receipt is not None and receipt.payload_sha256 == signed.digest
