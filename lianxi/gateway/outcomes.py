"""From what is known of a command to its answer, with the wait until it is recorded (gateway layer)."""

from collections.abc import Awaitable
from contextlib import suppress

import anyio
from sqlalchemy import Connection
from starlette.responses import Response

from lianxi.engine.outcomes import Accepted, Outcome, Pending, Refused
from lianxi.gateway.answers import error_answer, json_answer
from lianxi.gateway.entry import with_store
from lianxi.gateway.routes.queries import WaitQuery
from lianxi.gateway.services import Services
from lianxi.ids import CONFERENCE_STREAM, task_stream
from lianxi.logs import get_logger
from lianxi.messages import Receipt
from lianxi.ports import StoreUnavailableError
from lianxi.proof.commands import CommandPayload
from lianxi.store.queries.events import stands
from lianxi.store.store import Store

FIRST_LOOK = 0.005
SLOWEST_LOOK = 0.1
"""Seconds between looks at the store; each wait is twice the one before."""

_log = get_logger("lianxi.gateway")


async def outcome_of(handed_in: Awaitable[Outcome], payload: CommandPayload) -> Outcome:
    """The desk's outcome; any failure after handing in says nothing about the command: Pending."""
    try:
        return await handed_in
    except Exception:  # noqa: BLE001 - whatever it was, the command may have been done
        _log.exception("the desk failed")
        return Pending(payload.request_id)


async def answer_of(
    services: Services, outcome: Outcome, query: WaitQuery, conference: str
) -> Response:
    """The HTTP answer; where asked, only once the store holds the receipt's events."""
    match outcome:
        case Accepted(receipt):
            _log.info("command accepted", already=receipt.already, stream=receipt.stream)
            recorded = query.wait is not None and await _recorded(services, receipt, query.timeout)
            # the roster as it was when the command was let in: no look at the store more
            seen = services.known.last_seen(conference)
            roster = None if seen is None else seen.roster
            answer = services.signing.receipt_answer(receipt, roster)
            return json_answer({**answer, "recorded": recorded})
        case Refused(code, params):
            _log.info("command refused", code=code)
            return error_answer(code, params)
        case Pending(request_id):
            _log.warning("command pending")
            return error_answer("PENDING", {"request_id": request_id})


async def _recorded(services: Services, receipt: Receipt, seconds: float) -> bool:
    """Whether the receipt's last event stands in the store within `seconds`.

    Of an issue also the task's own first event: before it nobody can see the task.
    """
    last = receipt.events[-1]
    begins = receipt.task if receipt.stream == CONFERENCE_STREAM else None

    def look(_store: Store, connection: Connection) -> bool:
        return stands(connection, receipt.origin, receipt.stream, last.seq, last.hash) and (
            begins is None or stands(connection, receipt.origin, task_stream(begins), 1)
        )

    pause = FIRST_LOOK
    with anyio.move_on_after(seconds):
        while True:
            # a store that is away now may be back before the time is over
            with suppress(StoreUnavailableError):
                if await with_store(services, look):
                    return True
            await anyio.sleep(pause)
            pause = min(2 * pause, SLOWEST_LOOK)
    return False
