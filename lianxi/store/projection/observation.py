"""What an event of `mail/<channel>` or `audit` changes in the read tables (projection, pure)."""

from lianxi.domain.observations import AUDIT_KINDS, MAIL_KINDS, OUTCOME_STATES, ForkDetected
from lianxi.domain.values import format_instant
from lianxi.store.projection.rows import Change, Recorded
from lianxi.streams.facts import UnknownKindError


def project_observation(recorded: Recorded) -> list[Change]:
    """The rows that an event of `mail/<channel>` or `audit` changes."""
    event = recorded.event
    if event.stream.startswith("mail/"):
        return [_outcome(recorded)]
    model = AUDIT_KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    data = model.model_validate(event.data)
    if not isinstance(data, ForkDetected):
        return []
    return [
        Change(
            "alarms",
            {
                "origin": event.origin,
                "stream": data.stream,
                "seq": data.seq,
                "offered": data.offered,
            },
            {
                "stored": data.stored,
                "position": recorded.position,
                "event": recorded.hash,
                "at": format_instant(event.at),
            },
        )
    ]


def _outcome(recorded: Recorded) -> Change:
    event = recorded.event
    model = MAIL_KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    data = model.model_validate(event.data)
    return Change(
        "notices",
        {"notice_id": data.notice_id},
        {
            "state": OUTCOME_STATES[model],
            "attempts": data.attempts,
            "detail": data.detail,
            "settled_at": format_instant(event.at),
            "outcome": recorded.hash,
        },
        "patch",
    )
