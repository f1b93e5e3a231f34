"""The application: every route of the access table behind its guard (gateway layer).

`create_app` refuses to build an application whose routes are not exactly those of
`lianxi.gateway.access.ACCESS`.
"""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lianxi.gateway.access import ACCESS
from lianxi.gateway.answers import error_answer
from lianxi.gateway.entry import Endpoint, guarded
from lianxi.gateway.routes import (
    commands,
    conference,
    findings,
    foresight,
    log,
    openings,
    record,
    work,
)
from lianxi.gateway.services import Services
from lianxi.gateway.wrapping import Wrapping

_GROUPS = (conference, work, foresight, record, findings, log, openings, commands)


def create_app(services: Services) -> Starlette:
    """The gateway as an ASGI application; RuntimeError when a route has no rule, or a rule no route."""
    app = Starlette(
        routes=_routes(services),
        exception_handlers={HTTPException: _not_routed},
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.add_middleware(Wrapping)
    return app


def _routes(services: Services) -> list[Route]:
    endpoints: dict[str, Endpoint] = {}
    for group in _GROUPS:
        endpoints |= group.ROUTES
    if endpoints.keys() != ACCESS.keys():
        raise RuntimeError(f"routes and rules differ: {endpoints.keys() ^ ACCESS.keys()}")
    routes: list[Route] = []
    for route, endpoint in endpoints.items():
        method, path = route.split(" ")
        answer = guarded(endpoint, services, ACCESS[route])
        routes.append(Route(path, answer, methods=[method], name=route))
    return routes


async def _not_routed(_request: Request, error: Exception) -> Response:
    """No such path, or not with this method."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    what = "method" if status == HTTPStatus.METHOD_NOT_ALLOWED else "route"
    return error_answer("NOT_FOUND", {"what": what}, status=status)
