"""Models to and from canonical bytes, one to one (proof layer).

A document is accepted only when the model made from it gives the same bytes again. So nothing that
pydantic would coerce (true for 1, "1" for 1) and no null for an absent field gets through.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from lianxi.proof import canonical
from lianxi.proof.refusals import SchemaError

ModelT = TypeVar("ModelT", bound=BaseModel)


def wire_bytes(model: BaseModel) -> bytes:
    """The canonical bytes of a model; absent fields are left out."""
    return canonical.dumps(model.model_dump(mode="json", exclude_none=True))


def read_model(model: type[ModelT], data: bytes, *, max_bytes: int) -> ModelT:
    """The model that has exactly these bytes.

    Raises the refusals of `canonical.parse`, SchemaError with the first place that does not fit,
    JsonNotCanonicalError where the bytes are another spelling.
    """
    document = canonical.parse(data, max_bytes=max_bytes)
    try:
        value = model.model_validate(document)
    except ValidationError as error:
        raise schema_error(error) from None
    again = canonical.respelled(value.model_dump(mode="json", exclude_none=True))
    canonical.refuse_other_spelling(data, again)
    return value


def schema_error(error: ValidationError) -> SchemaError:
    """The first finding of pydantic as a refusal: where, and its machine word for why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return SchemaError(place=canonical.pointer(first["loc"]), reason=first["type"])


def _plain(value: Any) -> Any:
    """Refuses (ValueError) null, and what is not JSON: pydantic would write it in its own way."""
    if isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise ValueError("a key is a text")  # noqa: TRY004 - pydantic lets TypeErrors through
            if type(member) is not str:  # most are
                _plain(member)
        return value
    if isinstance(value, list | tuple):
        for item in value:
            _plain(item)
        return value
    reason = "only objects, arrays, texts, integers, booleans; absent instead of null"
    raise ValueError(reason)


JsonObject = Annotated[dict[str, Any], AfterValidator(_plain)]
"""Free-form content of a command or an event; its own schema is the domain's."""
