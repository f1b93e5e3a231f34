"""What was observed, as events of the streams `mail/<channel>` and `audit` (domain layer).

Nobody commanded these and no rule follows from them: they are the operator's word
(docs/event-model.md, basis `observation`).
"""

from typing import Annotated, Literal

from pydantic import Field

from lianxi.domain.values import Frozen, Sha256Hex, StreamName, TaskId, UnitId

Detail = Annotated[str, Field(pattern=r"\A[A-Za-z0-9_.:-]{1,64}\z")]
"""A machine word such as an SMTP code, never a text."""


class Observation(Frozen):
    """The `data` of an observation; the class name is its kind."""


class NoticeOutcome(Observation):
    """What became of a notice: which one, to whom, caused by which event, at which attempt.

    `task` is absent for a notice of the conference.
    """

    notice_id: Sha256Hex
    event: Sha256Hex
    task: TaskId | None = None
    unit: UnitId
    attempts: int = Field(ge=0)
    detail: Detail | None = None


class NoticeSent(NoticeOutcome):
    """The channel took the letter."""


class NoticeSuperseded(NoticeOutcome):
    """The notice held no longer when its turn came; nothing was sent."""


class NoticeFailed(NoticeOutcome):
    """The channel will never take the letter."""


class ForkDetected(Observation):
    """Another event than the stored one was offered for a place; the stored one stands."""

    stream: StreamName
    seq: int = Field(ge=1)
    stored: Sha256Hex
    offered: Sha256Hex


NoticeState = Literal["due", "sent", "superseded", "failed"]

OUTCOME_STATES: dict[type[NoticeOutcome], NoticeState] = {
    NoticeSent: "sent",
    NoticeSuperseded: "superseded",
    NoticeFailed: "failed",
}

MAIL_KINDS: dict[str, type[NoticeOutcome]] = {model.__name__: model for model in OUTCOME_STATES}
"""Every kind that may stand on a stream `mail/<channel>`."""

AUDIT_KINDS: dict[str, type[Observation]] = {model.__name__: model for model in (ForkDetected,)}
"""Every kind that may stand on the stream `audit`."""
