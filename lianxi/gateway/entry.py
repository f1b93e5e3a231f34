"""The way into every route: errors in one form, callers identified, reads in a thread (gateway layer).

A read opens one connection, learns conference and roster, checks the session, and runs the route's
function on the same state of the database.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TypeVar

import anyio
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.values import Actor
from lianxi.gateway.access import Access, Door
from lianxi.gateway.answers import error_answer
from lianxi.gateway.known import Seen
from lianxi.gateway.log_heads import SEEN_HEADER, Headers, seen_size
from lianxi.gateway.receipts import ReceiptSigning
from lianxi.gateway.refusals import (
    MalformedError,
    NotAllowedError,
    SessionInvalidError,
    UnknownConferenceError,
)
from lianxi.gateway.services import Services
from lianxi.logs import get_logger
from lianxi.ports import StoreUnavailableError, TrailBehindError
from lianxi.proof.sessions import open_session
from lianxi.proof.wire import schema_error
from lianxi.store.directory import Directory
from lianxi.store.faults import outages_translated
from lianxi.store.queries.conference import ConferenceFacts
from lianxi.store.store import Store
from lianxi.store.tree_reads import StoredCheckpoint, newest_checkpoint
from lianxi.streams.refusals import InvalidArgsError

ModelT = TypeVar("ModelT", bound=BaseModel)
ResultT = TypeVar("ResultT")

Endpoint = Callable[[Request, Services, Access], Awaitable[Response]]
"""What a route does once it is known who may call it."""

_log = get_logger("lianxi.gateway")

_MAX_WORD = 64

_SPOKEN = frozenset(
    {"KEY_UNKNOWN", "KEY_RETIRED", "KEY_NOT_YET", "KEY_REPLACED", "ORIGIN_MISMATCH"}
)
"""Refusals of a session token that say more than `SESSION_INVALID` to whoever holds the key."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One read by somebody known, on one state of the database."""

    request: Request
    store: Store
    connection: Connection
    facts: ConferenceFacts
    roster: Roster
    viewer: Actor
    directory: Callable[[], Directory]
    now: datetime
    signing: ReceiptSigning

    @property
    def origin(self) -> str:
        """The conference's origin."""
        return self.facts.origin

    def newest_checkpoint(self) -> StoredCheckpoint | None:
        """The log's newest; the answer's headers then speak of no older one."""
        found = newest_checkpoint(self.connection, self.origin)
        if found is not None:
            self.request.state.shown = found.size
        return found

    def query(self, model: type[ModelT]) -> ModelT:
        """The query string as a model; InvalidArgsError for unknown, repeated or ill-formed ones."""
        given = self.request.query_params
        if len(given.multi_items()) != len(given):
            raise InvalidArgsError(place="/query", reason="repeated")
        try:
            return model.model_validate(dict(given))
        except ValidationError as error:
            raise InvalidArgsError(**schema_error(error).params) from None


Read = Callable[[Reading], Response]
"""A route that only reads; runs in a thread."""


def reads(work: Read) -> Endpoint:
    """An endpoint for somebody with a session."""

    async def endpoint(request: Request, services: Services, access: Access) -> Response:
        return await with_session(request, services, access, work)

    return endpoint


async def with_session(
    request: Request, services: Services, access: Access, work: Callable[[Reading], ResultT]
) -> ResultT:
    """Run `work` for the caller that the session token names, if the role is among `access`."""

    def in_thread(store: Store, connection: Connection) -> ResultT:
        now = services.now()
        seen = look(services, connection, request)
        viewer = _viewer(request, seen, access, now)
        directories = services.known.directories(store.evidence)
        facts = seen.facts
        directory = partial(directories.get, connection, facts.origin, facts.directory)
        return work(
            Reading(
                request,
                store,
                connection,
                facts,
                seen.roster,
                viewer,
                directory,
                now,
                services.signing,
            )
        )

    return await with_store(services, in_thread)


async def with_store(services: Services, work: Callable[[Store, Connection], ResultT]) -> ResultT:
    """Run `work` on a read connection in a thread; StoreUnavailableError when the store is away."""

    def in_thread() -> ResultT:
        store = services.store()
        with outages_translated(), store.engine.connect() as connection:
            return work(store, connection)

    return await anyio.to_thread.run_sync(in_thread, limiter=services.threads)


def look(services: Services, connection: Connection, request: Request) -> Seen:
    """The conference that the path names; UnknownConferenceError."""
    name = request.path_params["conference"]
    seen = services.known.look(connection, name) if plain_word(name) else None
    if seen is None:
        raise UnknownConferenceError(conference=name if plain_word(name) else "*")
    return seen


def plain_word(text: str) -> bool:
    """Whether a part of a path may be repeated in an answer or a log."""
    return (
        len(text) <= _MAX_WORD
        and text.isascii()
        and text.replace("-", "").replace(".", "").isalnum()
    )


def bearer(request: Request, scheme: str) -> str:
    """The credential of the Authorization header; SessionInvalidError where there is none."""
    given = request.headers.getlist("authorization")
    if len(given) != 1:
        raise SessionInvalidError(reason="missing" if not given else "repeated")
    name, _, credential = given[0].partition(" ")
    if name.lower() != scheme.lower() or not credential or not credential.isascii():
        raise SessionInvalidError(reason="scheme")
    return credential


async def _log_headers(request: Request, services: Services) -> Headers:
    """What the answer says of the conference's log; nothing for a route of no conference."""
    conference = request.path_params.get("conference")
    if conference is None or not plain_word(conference):
        return {}
    seen = seen_size(request.headers.get(SEEN_HEADER))
    shown = getattr(request.state, "shown", 0)
    heads = services.heads
    found = heads.remembered(conference, seen, shown)
    if found is not None:
        return found
    try:
        return await with_store(
            services, lambda _, connection: heads.look(connection, conference, seen, shown)
        )
    except StoreUnavailableError:
        return heads.remembered(conference, seen, moment="away") or {}
    except Exception:  # noqa: BLE001 - an answer that is made is given, with or without its headers
        _log.warning("the log was not looked up", exc_info=True)
        return heads.remembered(conference, seen, moment="away") or {}


def _viewer(request: Request, seen: Seen, access: Access, now: datetime) -> Actor:
    token = bearer(request, "Bearer")
    try:
        viewer = open_session(token, origin=seen.facts.origin, roster=seen.roster, now=now)
    except Refusal as refusal:
        if refusal.code in _SPOKEN:
            raise
        raise SessionInvalidError(reason=refusal.code.lower()) from None
    if isinstance(access, Door) or viewer.role not in access:
        raise NotAllowedError
    return viewer


def guarded(
    endpoint: Endpoint, services: Services, access: Access
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint with every failure turned into the one form of an error."""

    async def answer(request: Request) -> Response:
        response = await answered(request)
        # nothing about a conference for whoever cannot show that they belong to it
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            response.headers.update(await _log_headers(request, services))
        return response

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request, services, access)
        except Refusal as refusal:
            return error_answer(refusal.code, refusal.params)
        except TrailBehindError as error:
            _log.warning("nothing is recorded", reason=str(error))
            return error_answer("TRAIL_BEHIND", {})
        except StoreUnavailableError as error:
            _log.warning("store unavailable", reason=str(error))
            return error_answer("STORE_UNAVAILABLE", {})
        except ClientDisconnect:
            return error_answer(MalformedError.code, {"place": "/body", "reason": "cut-off"})
        except Exception:  # noqa: BLE001 - the last guard: logged in full, answered without a word of it
            _log.exception("internal error")
            return error_answer("INTERNAL", {"request_id": request.state.request_id})

    return answer
