"""Texts and files by commitment: in before their command, out to who may see them (gateway layer)."""

import re
from contextlib import nullcontext

import anyio
from starlette.requests import Request
from starlette.responses import Response

from lianxi.gateway.access import Access, may_read_at
from lianxi.gateway.answers import json_answer
from lianxi.gateway.bodies import read_body
from lianxi.gateway.entry import Endpoint, Reading, reads, with_session
from lianxi.gateway.handing_in import is_text, media_type, opening, salt_of, size_limit
from lianxi.gateway.redacting import check_not_redacted
from lianxi.gateway.refusals import NotFoundError, UnknownCommitmentError
from lianxi.gateway.routes.queries import NoQuery
from lianxi.gateway.services import Services
from lianxi.logs import get_logger
from lianxi.ports import Opening, RedactedError
from lianxi.store.openings import read_opening
from lianxi.store.queries.openings import places, standing, uploader
from lianxi.store.queries.redactions import commitment_view

SALT = "Lianxi-Salt"

_COMMIT = re.compile(r"[0-9a-f]{64}")

_log = get_logger("lianxi.gateway")


async def put(request: Request, services: Services, access: Access) -> Response:
    """Keep an opening. Who calls is known before a byte of the body is read."""
    commit = request.path_params["commit"]

    def work(reading: Reading) -> tuple[str, str]:
        _check_gone(reading, commit)
        return reading.origin, reading.viewer.unit

    origin, unit = await with_session(request, services, access, work)
    media = media_type(request.headers.get("content-type"))
    salt = salt_of(request.headers.get(SALT))
    limits = services.limits
    async with nullcontext() if is_text(media) else services.uploads:
        data = await read_body(
            request, limit=size_limit(media, limits), seconds=limits.upload_seconds
        )
        await keep(services, origin, unit, opening(commit, salt, media, data, limits))
    _log.info("opening kept", unit=unit, size=len(data), media=media)
    return Response(status_code=204)


async def keep(services: Services, origin: str, unit: str, given: Opening) -> None:
    """Store an opening durably; StoreUnavailableError, NotFoundError."""

    def in_thread() -> None:
        try:
            services.store().openings.put(origin, given, unit, services.now())
        except RedactedError:
            # redacted since the caller was let in; who comes again is told by whom
            raise NotFoundError(what="opening") from None

    await anyio.to_thread.run_sync(in_thread, limiter=services.threads)


def get(reading: Reading) -> Response:
    """The exact bytes, to whoever may see a place where they stand, or handed them in."""
    commit = reading.request.path_params["commit"]
    if not _may_read(reading, commit):
        raise NotFoundError(what="opening")
    _check_gone(reading, commit)
    found = read_opening(reading.connection, reading.store.evidence, reading.origin, commit)
    if found is None:
        raise NotFoundError(what="opening")
    headers = {
        "Content-Type": found.media,
        SALT: found.salt.hex(),
        "Content-Disposition": "attachment",
    }
    return Response(found.data, headers=headers)


def _check_gone(reading: Reading, commit: str) -> None:
    """OpeningGoneError: redacted; for who could have read it. To others it is as if it never was."""
    if _may_read(reading, commit):
        check_not_redacted(reading.connection, reading.origin, commit)


def commitment(reading: Reading) -> Response:
    """Where a commitment stands, whose text or file it is, what became of it."""
    reading.query(NoQuery)
    commit = reading.request.path_params["commit"]
    found = commitment_view(reading.connection, reading.origin, commit)
    if found is None:
        raise UnknownCommitmentError(commit=commit if _COMMIT.fullmatch(commit) else "*")
    return json_answer(found)


def _may_read(reading: Reading, commit: str) -> bool:
    connection, origin, viewer = reading.connection, reading.origin, reading.viewer
    if uploader(connection, origin, commit) == viewer.unit:
        return True
    for place in places(connection, origin, commit):
        part = None if place.task is None else standing(connection, origin, place.task, viewer.unit)
        if may_read_at(viewer, place, part):
            return True
    return False


ROUTES: dict[str, Endpoint] = {
    "PUT /v1/{conference}/openings/{commit}": put,
    "GET /v1/{conference}/openings/{commit}": reads(get),
    "GET /v1/{conference}/commitments/{commit}": reads(commitment),
}
