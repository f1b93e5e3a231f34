"""Signed commands, and the founding of a conference (gateway layer)."""

from base64 import b64decode
from binascii import Error as BinasciiError
from hmac import compare_digest

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from lianxi import ids
from lianxi.domain.conference.commands import FoundConference
from lianxi.domain.values import Commitment, Frozen, MediaType, Sha256Hex
from lianxi.gateway.access import Access
from lianxi.gateway.bodies import read_body
from lianxi.gateway.checks import check_command
from lianxi.gateway.entry import Endpoint, bearer
from lianxi.gateway.handing_in import opening, salt_of
from lianxi.gateway.outcomes import answer_of, outcome_of
from lianxi.gateway.refusals import (
    MalformedError,
    OpeningMismatchError,
    SessionInvalidError,
    WrongStreamError,
)
from lianxi.gateway.routes.openings import keep
from lianxi.gateway.routes.queries import WaitQuery
from lianxi.gateway.services import Services
from lianxi.logs import bind_contextvars
from lianxi.proof import canonical
from lianxi.proof.commands import CommandPayload, SignedCommand, authenticate, open_command
from lianxi.proof.wire import schema_error
from lianxi.streams.admission import read_command
from lianxi.streams.refusals import InvalidArgsError


class HandedInWith(Frozen):
    """The directory's opening, beside the envelope that names it."""

    commit: Sha256Hex
    salt: Sha256Hex
    media: MediaType
    data: str


class Founding(Frozen):
    """The body of `POST /v1/conferences`."""

    envelope: str
    opening: HandedInWith


async def command(request: Request, services: Services, _access: Access) -> Response:
    """Check a signed command and hand it in."""
    query = _wait_query(request)
    limits = services.limits
    body = await read_body(request, limit=limits.command_bytes, seconds=limits.command_seconds)
    signed = _opened(request, body)
    await check_command(request, services, signed)
    outcome = await outcome_of(services.desk.submit(signed.text), signed.payload)
    return await answer_of(services, outcome, query, request.path_params["conference"])


async def found(request: Request, services: Services, _access: Access) -> Response:
    """Found a conference; only for who can read the token's file on the gateway's machine."""
    given = bearer(request, "Founding")
    if not compare_digest(given.encode(), services.founding_token.encode()):
        raise SessionInvalidError(reason="founding-token")
    query = _wait_query(request)
    limits = services.limits
    body = await read_body(request, limit=limits.founding_bytes, seconds=limits.command_seconds)
    founding = _founding(body)
    signed = _opened(request, founding.envelope.encode("utf-8", "surrogatepass"))
    payload = signed.payload
    directory = _genesis(signed)
    handed_in = founding.opening
    if handed_in.commit != directory.commit:
        raise OpeningMismatchError
    salt = salt_of(handed_in.salt, "/opening/salt")
    given_opening = opening(handed_in.commit, salt, handed_in.media, _data(handed_in.data), limits)
    if given_opening.commitment != directory:
        raise OpeningMismatchError
    await keep(services, payload.origin, payload.unit, given_opening)
    outcome = await outcome_of(services.desk.found(signed.text), payload)
    return await answer_of(services, outcome, query, ids.conference_of_origin(payload.origin))


def _opened(request: Request, envelope: bytes) -> SignedCommand:
    """The command in an envelope; from here on every line of the log names it."""
    signed = open_command(envelope)
    payload = signed.payload
    bind_contextvars(request_id=payload.request_id, unit=payload.unit, action=payload.action)
    task = ids.task_of_stream(payload.stream)
    if task is not None:
        bind_contextvars(task=task)
    request.state.request_id = payload.request_id
    return signed


def _genesis(signed: SignedCommand) -> Commitment:
    """The directory that a founding names, once its signature fits its own roster."""
    payload: CommandPayload = signed.payload
    founding = read_command(signed, {FoundConference.action: FoundConference})
    if not isinstance(founding, FoundConference):
        raise TypeError("read_command answers the model of the table")
    if payload.stream != ids.CONFERENCE_STREAM:
        raise WrongStreamError(stream=payload.stream)
    if founding.conference != ids.conference_of_origin(payload.origin):
        raise InvalidArgsError(place="/conference", reason="origin")
    authenticate(signed, founding.roster)
    return founding.directory


def _founding(body: bytes) -> Founding:
    document = canonical.parse(body, max_bytes=len(body))
    try:
        return Founding.model_validate(document)
    except ValidationError as error:
        raise schema_error(error) from None


def _data(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        raise MalformedError(place="/opening/data", reason="base64") from None


def _wait_query(request: Request) -> WaitQuery:
    """Judged before the command is handed in: a refusal must mean that nothing was done."""
    try:
        return WaitQuery.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise InvalidArgsError(**schema_error(error).params) from None


ROUTES: dict[str, Endpoint] = {
    "POST /v1/{conference}/commands": command,
    "POST /v1/conferences": found,
}
