"""What the bare side sends."""

from pydantic import BaseModel

BARE_WORKFLOW = "Bare"
BARE_UPDATE = "command"


class BareCommand(BaseModel):
    """The signed envelope, as it is."""

    envelope: str


class BareAnswer(BaseModel):
    """How many commands there have been, and as many bytes as a receipt has."""

    number: int
    receipt: str
