"""The record itself: events, exact bytes, registrations, receipts (gateway layer)."""

import re
from typing import Any

from starlette.responses import Response

from lianxi.domain.conference.events import OpeningRedacted
from lianxi.domain.values import Actor, format_instant
from lianxi.gateway.access import may_see_task, sees_all
from lianxi.gateway.answers import json_answer, json_bytes
from lianxi.gateway.entry import Endpoint, Reading, reads
from lianxi.gateway.refusals import NotFoundError
from lianxi.gateway.routes.queries import EventsQuery, NoQuery, TrailQuery
from lianxi.gateway.routes.work import event_eyes
from lianxi.ids import CONFERENCE_STREAM, task_of_stream
from lianxi.store.queries.events import (
    EventFilter,
    event_by_hash,
    event_text,
    list_events,
    of_same_command,
    trail_page,
)
from lianxi.store.queries.openings import registration_by_ref, standing

JSON_LINES = "application/jsonl"
NEXT = "Lianxi-Next"

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_REQUEST_ID = re.compile(r"[0-9a-f-]{36}")


def events(reading: Reading) -> Response:
    """The audit list."""
    query = reading.query(EventsQuery)
    wanted = EventFilter(
        actor=query.actor,
        unit=query.unit,
        task=query.task,
        kind=query.kind,
        stream=query.stream,
        since=None if query.since is None else format_instant(query.since),
        until=None if query.until is None else format_instant(query.until),
    )
    return json_answer(
        list_events(
            reading.connection,
            reading.origin,
            wanted,
            query.paging,
            newest=query.order == "newest",
        )
    )


def event(reading: Reading) -> Response:
    """One event whole, or not at all: its bytes are what its hash is of."""
    reading.query(NoQuery)
    found = event_by_hash(reading.connection, reading.origin, _part(reading, "hash", _HASH))
    if found is None:
        raise NotFoundError(what="event")
    return json_answer(found if sees_all(reading.viewer) else _as_seen(reading, found))


def trail(reading: Reading) -> Response:
    """The exact bytes in the store's order, as JSON Lines."""
    query = reading.query(TrailQuery)
    lines, following = trail_page(reading.connection, reading.origin, query.after, query.limit)
    body = b"".join(json_bytes(line) + b"\n" for line in lines)
    headers = None if following is None else {NEXT: str(following)}
    return Response(body, media_type=JSON_LINES, headers=headers)


def registration(reading: Reading) -> Response:
    """Which task a file's id has become."""
    reading.query(NoQuery)
    ref = _part(reading, "ref", _REF)
    found = registration_by_ref(reading.connection, reading.origin, ref)
    if found is None:
        raise NotFoundError(what="registration")
    return json_answer(found)


def receipt(reading: Reading) -> Response:
    """The receipt of one's own recorded command."""
    reading.query(NoQuery)
    request_id = _part(reading, "request_id", _REQUEST_ID)
    found = reading.store.trail.find_receipt(reading.origin, reading.viewer.unit, request_id)
    if found is None:
        raise NotFoundError(what="request")
    behind = reading.store.anchors.is_behind(reading.origin)
    return json_answer(reading.signing.receipt_answer(found, reading.roster, behind=behind))


def event_text_as_seen(reading: Reading, digest: str) -> str | None:
    """The exact text of an event that the caller may see whole; else None."""
    found = event_by_hash(reading.connection, reading.origin, digest)
    if found is None:
        return None
    if not sees_all(reading.viewer):
        try:
            _as_seen(reading, found)
        except NotFoundError:
            return None
    return event_text(reading.connection, reading.origin, digest)


def _part(reading: Reading, name: str, form: re.Pattern[str]) -> str:
    """A part of the path in its form; NotFoundError for every other text."""
    text: str = reading.request.path_params[name]
    if form.fullmatch(text) is None:
        raise NotFoundError(what=name)
    return text


def _as_seen(reading: Reading, found: dict[str, Any]) -> dict[str, Any]:
    """An event for a unit, of a task it is on; NotFoundError where it is not for its eyes.

    The envelope comes with it where all that the command has caused is for its eyes.
    """
    task, event = task_of_stream(found["stream"]), found["event"]
    if _told_of(reading.viewer, found["stream"], event):
        return {**found, "envelope": None}
    part = (
        None
        if task is None
        else standing(reading.connection, reading.origin, task, reading.viewer.unit)
    )
    if task is None or event is None or not may_see_task(reading.viewer, part):
        raise NotFoundError(what="event")
    looks = event_eyes(reading, task, part)
    if looks is None:
        return found
    if not looks.whole(event["kind"], event["data"]):
        raise NotFoundError(what="event")
    caused = of_same_command(reading.connection, reading.origin, found["hash"])
    if all(looks.whole(row["kind"], row["data"]) for row in caused):
        return found
    return {**found, "envelope": None}


def _told_of(viewer: Actor, stream: str, event: dict[str, Any] | None) -> bool:
    """Whether this is the redaction of a text of the viewer's: the one of the conference's it reads."""
    if stream != CONFERENCE_STREAM or event is None or event["kind"] != OpeningRedacted.__name__:
        return False
    return viewer.unit in (event["data"].get("units") or ())


ROUTES: dict[str, Endpoint] = {
    "GET /v1/{conference}/events": reads(events),
    "GET /v1/{conference}/events/{hash}": reads(event),
    "GET /v1/{conference}/trail": reads(trail),
    "GET /v1/{conference}/registrations/{ref}": reads(registration),
    "GET /v1/{conference}/requests/{request_id}": reads(receipt),
}
