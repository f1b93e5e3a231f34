"""From stored events back to facts the domain folds (streams layer, pure)."""

from pydantic import BaseModel

from lianxi.domain.conference.events import CONFERENCE_KINDS, ConferenceFact
from lianxi.domain.task.events import KINDS, Fact
from lianxi.proof.events import EventEnvelope


class UnknownKindError(ValueError):
    """The stream does not know this kind of event."""


def task_fact(event: EventEnvelope, event_hash: str, data: BaseModel | None = None) -> Fact:
    """The fact of an event on a task's stream; pydantic's ValidationError where data does not fit.

    `data`: what `event.data` says, where it was read before.
    """
    model = KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    if not isinstance(data, model):
        data = model.model_validate(event.data)
    return Fact(event.seq, event_hash, event.at, event.basis, data, event.actor.role)


def conference_fact(event: EventEnvelope, event_hash: str) -> ConferenceFact:
    """The fact of an event on the stream `conference`."""
    model = CONFERENCE_KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    return ConferenceFact(event.seq, event_hash, event.at, model.model_validate(event.data))
