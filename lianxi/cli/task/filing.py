"""What a unit says, by itself or, on its behalf, by the office: one way for all its verbs (cli layer)."""

from typing import Any, NamedTuple

import click

from lianxi.cli.change import carry_out
from lianxi.cli.client import Client
from lianxi.cli.given import Sealed
from lianxi.cli.reading import moment
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import part_of, view_of

_BEHALF = "lianxi.on-behalf"


class Behalf(NamedTuple):
    """For whom the office files, and what it has in hand."""

    unit: str
    via: str
    basis: Sealed
    options: ChangeOptions


def file_for(ctx: click.Context, behalf: Behalf) -> None:
    """The unit's verb called inside this context files on its behalf."""
    ctx.meta[_BEHALF] = behalf


def _behalf() -> Behalf | None:
    found = click.get_current_context().meta.get(_BEHALF)
    return found if isinstance(found, Behalf) else None


def speaker(client: Client) -> str:
    """Whose word it is."""
    behalf = _behalf()
    return client.unit if behalf is None else behalf.unit


def own_part(client: Client, task: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The task as it stands, and the speaker's part in it."""
    view = view_of(client, task)
    return view, part_of(view, speaker(client))


def file(client: Client, change: Change, options: ChangeOptions) -> int:
    """File what a unit says; the exit code."""
    behalf = _behalf()
    if behalf is None:
        return carry_out(client, change, options)
    return carry_out(client, _wrapped(change, behalf), _both(options, behalf.options))


def _wrapped(change: Change, behalf: Behalf) -> Change:
    args: dict[str, Any] = {
        "unit": behalf.unit,
        "act": change.action,
        "args": change.args,
        "via": behalf.via,
        "basis": behalf.basis,
    }
    look = change.look
    if look is None:
        return Change("on-behalf", args, change.task)

    def look_inside() -> Seen:
        # the filing is judged by the part as it stands when it comes in, so nothing is expected
        _expect, looked = look()
        return None, {"args": {**change.args, **looked}}

    return Change("on-behalf", args, change.task, look=look_inside)


def _both(inner: ChangeOptions, outer: ChangeOptions) -> ChangeOptions:
    """The options of both verbs: on the line they may stand before or behind the unit's verb."""
    return ChangeOptions(
        request_id=inner.request_id or outer.request_id,
        dry_run=inner.dry_run or outer.dry_run,
        yes=inner.yes or outer.yes,
        wait=inner.wait or outer.wait,
        timeout=outer.timeout if inner.wait is None else inner.timeout,
    )


def happened(text: str | None) -> dict[str, str]:
    """When it happened, where that was stated."""
    return {} if text is None else {"happened_at": moment(text)}
