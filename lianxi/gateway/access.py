"""Who may call what, who may see what: one table and pure functions (gateway layer).

Every route stands here; the application does not start with a route that does not
(`app.create_app`). What a unit sees of a route open to it is narrowed by the functions below,
and what of a task's events by `sight`.
"""

from enum import Enum

from lianxi.domain.values import CONVENERS_SIDE, RESERVED_UNITS, Actor, Role
from lianxi.gateway.sight import led_alike
from lianxi.store.queries.openings import Place, Standing


class Door(Enum):
    """Ways in without a session."""

    OPEN = "needs nothing"
    FOUNDING = "needs the founding token"
    ENVELOPE = "carries its own proof"


Access = Door | frozenset[Role]
"""A way in, or the roles whose session is needed."""

EVERYBODY = frozenset({Role.CONVENER, Role.OFFICE, Role.UNIT, Role.AUDITOR})
OVERSIGHT = CONVENERS_SIDE | {Role.AUDITOR}
ACTING = CONVENERS_SIDE | {Role.UNIT}

ACCESS: dict[str, Access] = {
    "GET /v1/health": Door.OPEN,
    "GET /v1/conferences": Door.OPEN,
    "POST /v1/conferences": Door.FOUNDING,
    "POST /v1/{conference}/commands": Door.ENVELOPE,
    "PUT /v1/{conference}/openings/{commit}": ACTING,
    "GET /v1/{conference}/openings/{commit}": EVERYBODY,
    "GET /v1/{conference}/commitments/{commit}": OVERSIGHT,
    "GET /v1/{conference}/roster": EVERYBODY,
    "GET /v1/{conference}/conference": EVERYBODY,
    "GET /v1/{conference}/units": EVERYBODY,
    "GET /v1/{conference}/me": EVERYBODY,
    "GET /v1/{conference}/todo": EVERYBODY,
    "GET /v1/{conference}/handover": frozenset({Role.UNIT}),
    "GET /v1/{conference}/inbox": EVERYBODY,
    "GET /v1/{conference}/assignments": EVERYBODY,
    "GET /v1/{conference}/tasks": EVERYBODY,
    "GET /v1/{conference}/tasks/{task}": EVERYBODY,
    "GET /v1/{conference}/tasks/{task}/events": EVERYBODY,
    "GET /v1/{conference}/tasks/{task}/deadline": EVERYBODY,
    "GET /v1/{conference}/tasks/{task}/simulate": EVERYBODY,
    "GET /v1/{conference}/gaps": OVERSIGHT,
    "POST /v1/{conference}/calendar/preview": OVERSIGHT,
    "POST /v1/{conference}/ladder/replay": OVERSIGHT,
    "GET /v1/{conference}/notices": EVERYBODY,
    "GET /v1/{conference}/requests/{request_id}": EVERYBODY,
    "GET /v1/{conference}/registrations/{ref}": CONVENERS_SIDE,
    "GET /v1/{conference}/events": OVERSIGHT,
    "GET /v1/{conference}/events/{hash}": EVERYBODY,
    "GET /v1/{conference}/trail": OVERSIGHT,
    "GET /v1/{conference}/findings": OVERSIGHT,
    "GET /v1/{conference}/reconciliation": OVERSIGHT,
    "POST /v1/{conference}/reconciliation": OVERSIGHT,
    "GET /v1/log": Door.OPEN,
    "GET /v1/{conference}/checkpoint": EVERYBODY,
    "GET /v1/{conference}/checkpoints": EVERYBODY,
    "GET /v1/{conference}/consistency": EVERYBODY,
    "POST /v1/{conference}/proofs": EVERYBODY,
    "POST /v1/{conference}/cosignatures": EVERYBODY,
    "GET /v1/{conference}/witnesses": EVERYBODY,
    "GET /v1/{conference}/roster/steps": EVERYBODY,
}
"""Route (method and path) -> who may call it."""


def sees_all(viewer: Actor) -> bool:
    """Office, convener and auditor see everything of their conference."""
    return viewer.role in OVERSIGHT


def may_see_task(viewer: Actor, standing: Standing | None) -> bool:
    """Whether a task may be shown; `standing` is the viewer's own part in it."""
    return sees_all(viewer) or standing is not None


def may_read_text(
    viewer: Actor, standing: Standing | None, about: str | None, kind: str | None = None
) -> bool:
    """Whether a text or file of a task may be shown.

    `about` is the unit whose assignment it concerns, None for the task itself, a reserved id for
    what is between office and convener. On a task a unit reads the task's own texts and its own;
    the lead also those of the others, but not what is between them and the office. `kind` is that
    of the event in which the text stands, None for a submission.
    """
    if sees_all(viewer):
        return True
    if standing is None or about in RESERVED_UNITS:
        return False
    return about in (None, viewer.unit) or (leads(standing) and led_alike(kind))


def leads(standing: Standing | None) -> bool:
    """Whether this is the part of who leads the task now."""
    return standing is not None and standing.role == "lead" and not standing.withdrawn


def may_read_in(
    viewer: Actor,
    standing: Standing | None,
    about: str | None,
    event: str,
    kind: str | None = None,
) -> bool:
    """`may_read_text`, and of the submission it was asked about a supporting unit reads all.

    `event` is where the text stands: nobody can concur with what it may not read.
    """
    asked = None if standing is None else standing.asked
    if may_read_text(viewer, standing, about, kind):
        return True
    return asked is not None and asked == event


def may_look_into(viewer: Actor, unit: str) -> bool:
    """Whether what is between a unit and the office may be shown: requests, warnings, undo."""
    return sees_all(viewer) or viewer.unit == unit


def may_read_at(viewer: Actor, place: Place, standing: Standing | None) -> bool:
    """Whether a commitment may be opened because of one place where it stands.

    A place of no task is the conference's own (its directory, a succession): for everybody in it,
    but for what waits for the convener.
    """
    if place.task is None:
        return sees_all(viewer) or place.unit not in RESERVED_UNITS
    return may_read_in(viewer, standing, place.unit, place.event, place.kind)
