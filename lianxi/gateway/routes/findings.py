"""What reconciliation found, when it last ran, and asking for one now (gateway layer)."""

from starlette.requests import Request
from starlette.responses import Response

from lianxi.domain.values import format_instant
from lianxi.gateway.access import Access
from lianxi.gateway.answers import json_answer
from lianxi.gateway.entry import Endpoint, Reading, reads, with_session
from lianxi.gateway.refusals import NoResultError
from lianxi.gateway.routes.queries import FindingsQuery, NoQuery
from lianxi.gateway.services import Services
from lianxi.logs import get_logger
from lianxi.store.queries.findings import list_findings, open_findings
from lianxi.store.queries.findings import reconciliation as last_reconciliation

_log = get_logger("lianxi.gateway")


def findings(reading: Reading) -> Response:
    """One page, the newest first."""
    query = reading.query(FindingsQuery)
    return json_answer(
        list_findings(reading.connection, reading.origin, query.paging, every=query.every)
    )


def reconciliation(reading: Reading) -> Response:
    """The last result, null where there is none, how many findings stand, and whether one can be recorded."""
    reading.query(NoQuery)
    return json_answer(
        {
            "reconciliation": last_reconciliation(reading.connection, reading.origin),
            "open": open_findings(reading.connection, reading.origin),
            "behind": reading.store.anchors.is_behind(reading.origin),
            "now": format_instant(reading.now),
        }
    )


async def reconcile(request: Request, services: Services, access: Access) -> Response:
    """Compare now; the answer is the result as recorded, NO_RESULT where none came in time."""
    await with_session(request, services, access, lambda reading: reading.query(NoQuery))
    try:
        result = await services.desk.reconcile()
    except Exception:  # noqa: BLE001 - whatever it was, there is no result
        _log.exception("the desk failed")
        result = None
    if result is None:
        raise NoResultError
    return await with_session(request, services, access, reconciliation)


ROUTES: dict[str, Endpoint] = {
    "GET /v1/{conference}/findings": reads(findings),
    "GET /v1/{conference}/reconciliation": reads(reconciliation),
    "POST /v1/{conference}/reconciliation": reconcile,
}
