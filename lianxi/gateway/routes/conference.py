"""Health, conferences, roster, units, who am I (gateway layer)."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from lianxi import __version__
from lianxi.domain.values import format_instant
from lianxi.gateway.access import Access, sees_all
from lianxi.gateway.answers import JSON, json_answer, json_bytes
from lianxi.gateway.entry import Endpoint, Reading, reads, with_store
from lianxi.gateway.routes.queries import NoQuery
from lianxi.gateway.services import Services
from lianxi.store.queries.conference import (
    conference_view,
    list_conferences,
    list_units,
    newest_roster,
    who,
)
from lianxi.store.store import Store


async def health(_request: Request, _services: Services, _access: Access) -> Response:
    """Alive; asks nobody else."""
    return Response(json_bytes({"status": "ok", "version": __version__}), media_type=JSON)


async def conferences(_request: Request, services: Services, _access: Access) -> Response:
    """Which conferences are served."""

    def work(store: Store, connection: Connection) -> Response:
        served = [
            {**row, "behind": store.anchors.is_behind(row["origin"])}
            for row in list_conferences(connection)
        ]
        return json_answer({"conferences": served})

    return await with_store(services, work)


def roster(reading: Reading) -> Response:
    """The newest roster."""
    reading.query(NoQuery)
    return json_answer(newest_roster(reading.connection, reading.origin))


def conference(reading: Reading) -> Response:
    """What the conference's tasks follow; what waits for the convener is the convener's side's."""
    reading.query(NoQuery)
    view = conference_view(
        reading.connection,
        reading.origin,
        reading.directory(),
        with_proposals=sees_all(reading.viewer),
    )
    return json_answer({**view, "now": format_instant(reading.now)})


def units(reading: Reading) -> Response:
    """The member units and the convener's side."""
    reading.query(NoQuery)
    return json_answer(
        {"items": list_units(reading.connection, reading.origin, reading.directory(), reading.now)}
    )


def me(reading: Reading) -> Response:
    """Who the caller is."""
    reading.query(NoQuery)
    unit, names = reading.viewer.unit, reading.directory()
    entry = who(reading.connection, reading.origin, unit, names, reading.now)
    return json_answer({**entry, "now": format_instant(reading.now)})


ROUTES: dict[str, Endpoint] = {
    "GET /v1/health": health,
    "GET /v1/conferences": conferences,
    "GET /v1/{conference}/roster": reads(roster),
    "GET /v1/{conference}/conference": reads(conference),
    "GET /v1/{conference}/units": reads(units),
    "GET /v1/{conference}/me": reads(me),
}
