"""What is known of a command after it was sent (engine layer; needs no Temporal)."""

from dataclasses import dataclass, field

from lianxi.domain.refusal import RefusalParam
from lianxi.messages import Receipt


@dataclass(frozen=True, slots=True)
class Accepted:
    """It was done, now or earlier (`receipt.already`)."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done and will not be; `code` stands in the catalogue."""

    code: str
    params: dict[str, RefusalParam] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """It may have been done. The same bytes may be sent again."""

    request_id: str


Outcome = Accepted | Refused | Pending
