"""The log: keys, checkpoints, proofs, witnesses, roster steps (gateway layer)."""

from datetime import timedelta
from typing import Annotated

import anyio
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from lianxi.domain.values import Frozen, Sha256Hex, format_instant
from lianxi.gateway.access import Access
from lianxi.gateway.answers import json_answer
from lianxi.gateway.entry import Endpoint, Reading, reads
from lianxi.gateway.refusals import (
    CosignatureInvalidError,
    CosignatureTimeError,
    NotFoundError,
    WitnessesFullError,
    WitnessKnownError,
    WitnessNameError,
)
from lianxi.gateway.routes.foresight import asks
from lianxi.gateway.routes.queries import NoQuery
from lianxi.gateway.routes.record import event_text_as_seen
from lianxi.gateway.services import Services
from lianxi.ports import StoreUnavailableError
from lianxi.proof.checkpoints import Checkpoint, cosignature_time, parse_signature_line
from lianxi.proof.hash_texts import hash_texts
from lianxi.proof.notes import COSIGNATURE_V1, NoteKey
from lianxi.proof.tlog_proofs import TlogProof, proof_bytes
from lianxi.store import cosigning
from lianxi.store.queries.roster_steps import first_roster, steps_after
from lianxi.store.tree_reads import (
    checkpoint_at,
    consistency,
    cosigned_note,
    inclusion,
)

MAX_PROOFS = 64
MAX_CHECKPOINTS = 100
MAX_STEPS = 128
AHEAD = timedelta(minutes=5)
"""So far a witness's clock may be ahead of ours."""
MAX_INSTALLATIONS = 8
"""Witnesses per unit: a note carries a line of each."""

Size = Annotated[int, Field(ge=0, le=2**53 - 1)]


class CheckpointQuery(Frozen):
    """`GET checkpoint`; the newest where no size is named."""

    size: Size | None = None


class CheckpointsQuery(Frozen):
    """`GET checkpoints`, smallest first."""

    since: Size = 0
    limit: int = Field(default=50, ge=1, le=MAX_CHECKPOINTS)
    cosigned: bool = False


class ConsistencyQuery(Frozen):
    """`GET consistency`."""

    old: Size
    new: Size


class StepsQuery(Frozen):
    """`GET roster/steps`; from 0 the first roster comes with them."""

    since: Size = 0


class ProofsQuestion(Frozen):
    """The body of `POST proofs`."""

    hashes: tuple[Sha256Hex, ...] = Field(min_length=1, max_length=MAX_PROOFS)


class GivenCosignature(Frozen):
    """The body of `POST cosignatures`: a witness's key, and its line under a checkpoint."""

    vkey: str = Field(max_length=512)
    size: Size
    line: str = Field(max_length=1_024)


async def keys(_request: Request, services: Services, _access: Access) -> Response:
    """The service's own keys; whose word counts is the roster's to say."""
    public = await anyio.to_thread.run_sync(services.public_keys, limiter=services.threads)
    return json_answer({"log": public.log, "receipt": public.receipt})


def checkpoint(reading: Reading) -> Response:
    """One checkpoint with all cosignatures known."""
    size = reading.query(CheckpointQuery).size
    connection, origin = reading.connection, reading.origin
    found = reading.newest_checkpoint() if size is None else checkpoint_at(connection, origin, size)
    if found is None or found.note is None:
        raise NotFoundError(what="checkpoint")
    return json_answer(cosigning.checkpoint_row(connection, found))


def checkpoints(reading: Reading) -> Response:
    """Checkpoints from a size on."""
    query = reading.query(CheckpointsQuery)
    items, following = cosigning.checkpoints_since(
        reading.connection, reading.origin, query.since, query.limit, cosigned=query.cosigned
    )
    return json_answer({"items": items, "next": following})


def continues(reading: Reading) -> Response:
    """The proof that one tree is the beginning of another; TREE_RANGE where there are no such trees."""
    query = reading.query(ConsistencyQuery)
    newest = reading.newest_checkpoint()
    if newest is None or query.new > newest.size:
        # what the log has not signed yet may not be proven
        raise NotFoundError(what="checkpoint")
    proof = consistency(reading.connection, reading.origin, query.old, query.new)
    return json_answer({"old": query.old, "new": query.new, "proof": hash_texts(proof)})


def proofs(reading: Reading, asked: ProofsQuestion) -> Response:
    """Proofs of inclusion in the newest checkpoint, with the event's text where it may be seen.

    A proof says that an event of this hash stands in the tree and nothing else: whoever knows the
    hash may have it.
    """
    connection, origin = reading.connection, reading.origin
    newest = reading.newest_checkpoint()
    note = None if newest is None else cosigned_note(connection, newest)
    items = []
    for digest in dict.fromkeys(asked.hashes):
        found = None if newest is None else inclusion(connection, origin, digest, newest.size)
        if found is None or note is None:
            items.append({"hash": digest, "missing": True})
            continue
        proof = TlogProof(found.index, tuple(found.hashes), note)
        item = {
            "hash": digest,
            "index": found.index,
            "size": found.size,
            "proof": proof_bytes(proof).decode(),
        }
        text = event_text_as_seen(reading, digest)
        items.append(item if text is None else {**item, "event": text})
    return json_answer({"items": items})


def cosignature(reading: Reading, given: GivenCosignature) -> Response:
    """Take in a witness's line, once it is verified.

    The name is `<origin>/<unit>/<installation>` of the caller's unit; the first key of a name stays.
    A time to come is refused: in the quorum it would flag as late all that is recorded until then.
    """
    origin, unit = reading.origin, reading.viewer.unit
    key = NoteKey.parse(given.vkey)
    begin, _, installation = key.name.rpartition("/")
    if begin != f"{origin}/{unit}" or not installation or key.algorithm != COSIGNATURE_V1:
        raise WitnessNameError(expected=f"{origin}/{unit}/*")
    reading.store.anchors.check(origin)
    stored = checkpoint_at(reading.connection, origin, given.size)
    if stored is None or stored.note is None:
        raise NotFoundError(what="checkpoint")
    line = parse_signature_line(given.line)
    time = cosignature_time(line, key, Checkpoint(origin, stored.size, stored.root))
    if time is None:
        raise CosignatureInvalidError
    if time > (reading.now + AHEAD).timestamp():
        raise CosignatureTimeError(minutes=AHEAD // timedelta(minutes=1))
    known = cosigning.list_witnesses(reading.connection, origin)
    names = [row["name"] for row in known if row["unit"] == unit]
    if key.name not in names and len(names) >= MAX_INSTALLATIONS:
        raise WitnessesFullError(limit=MAX_INSTALLATIONS)
    writer = reading.store.writer
    if writer is None:
        raise StoreUnavailableError("opened for reading")
    kept = cosigning.Cosignature(origin, stored.size, key.name, unit, given.vkey, time, given.line)
    try:
        cosigning.keep_cosignature(writer, kept, format_instant(reading.now))
    except cosigning.WitnessKnownError:
        raise WitnessKnownError(name=key.name) from None
    return json_answer({"name": key.name, "size": stored.size, "time": time})


def witnesses(reading: Reading) -> Response:
    """Who has cosigned, with their keys; whether to count them is the reader's own policy."""
    reading.query(NoQuery)
    return json_answer({"items": cosigning.list_witnesses(reading.connection, reading.origin)})


def roster_steps(reading: Reading) -> Response:
    """The signed steps from a version of the roster on, at most 128."""
    since = reading.query(StepsQuery).since
    connection, origin = reading.connection, reading.origin
    answer = {"steps": steps_after(connection, origin, since, MAX_STEPS)}
    more = {"genesis": first_roster(connection, origin)} if since == 0 else {}
    return json_answer({**answer, **more})


ROUTES: dict[str, Endpoint] = {
    "GET /v1/log": keys,
    "GET /v1/{conference}/checkpoint": reads(checkpoint),
    "GET /v1/{conference}/checkpoints": reads(checkpoints),
    "GET /v1/{conference}/consistency": reads(continues),
    "POST /v1/{conference}/proofs": asks(ProofsQuestion, proofs),
    "POST /v1/{conference}/cosignatures": asks(GivenCosignature, cosignature),
    "GET /v1/{conference}/witnesses": reads(witnesses),
    "GET /v1/{conference}/roster/steps": reads(roster_steps),
}
