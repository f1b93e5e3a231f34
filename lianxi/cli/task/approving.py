"""`lianxi task approve | reject`: what was proposed takes effect, or does not (cli layer)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from lianxi.cli import given
from lianxi.cli.arguments import complete_task
from lianxi.cli.ask import confirm
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.redacted import CODE, redacted_answer
from lianxi.cli.render import instant, word
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import LEAST, how, one_of, reason_option, show, view_of
from lianxi.cli.terminal import cut, visible, visible_line
from lianxi.i18n import N_

REDACT = "redact"
"""The act of a proposal that would destroy something."""

_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
_EVENT = re.compile(rf"[0-9A-Fa-f]{{{LEAST},64}}", re.ASCII)

_proposal = click.argument("proposal", metavar="PROPOSAL", shell_complete=complete_task)


class Proposed(NamedTuple):
    """Something that waits for an approval; `task` is absent for an issue."""

    event: str
    task: str | None
    act: str
    unit: str | None
    title: str
    expires: str | None


@verb(
    "approve",
    example="lianxi task approve 2\nlianxi task approve T-0003\nlianxi task approve 5f1c3a9d0e12",
    help=N_(
        "Approve what was proposed.\n\n"
        "PROPOSAL is its number in lianxi todo, its task where only one waits there, or the beginning of"
        " its event. It takes effect at once; what is the convener's to decide is passed on when the"
        " office approves it. The proposal is shown; one to destroy a text is confirmed first."
    ),
)
@_proposal
@change_options
@click.pass_obj
def approve(flags: Flags, proposal: str, options: ChangeOptions) -> int:
    """One approval."""
    client = Client(flags)
    found = _find(client, proposal)

    def agree() -> None:
        if found.act == REDACT and not options.dry_run:
            confirm(flags, _("Destroy it for good"), yes=options.yes)

    return carry_out(client, _deciding(client, "approve", found, {}, agree), options)


@verb(
    "reject",
    example='lianxi task reject 2 --reason "urge it first"',
    help=N_(
        "Reject what was proposed, with a reason.\n\n"
        "PROPOSAL is its number in lianxi todo, its task where only one waits there, or the beginning of"
        " its event. It does not take effect; the proposal is shown."
    ),
)
@_proposal
@reason_option
@change_options
@click.pass_obj
def reject(flags: Flags, proposal: str, reason: str, options: ChangeOptions) -> int:
    """One rejection."""
    client = Client(flags)
    args = {"reason": given.text(reason, "--reason")}
    found = _find(client, proposal)
    return carry_out(client, _deciding(client, "reject", found, args), options)


def _deciding(
    client: Client,
    action: str,
    proposed: Proposed,
    args: dict[str, Any],
    agree: Callable[[], None] = lambda: None,
) -> Change:
    def look() -> Seen:
        act = f"{word(proposed.act)} {proposed.unit or ''}".rstrip()
        place = proposed.task or client.place.conference
        expires = instant(proposed.expires, how(client))
        show(
            client,
            _("Proposed on {task}: {act}").format(task=place, act=act),
            cut(visible_line(proposed.title), 60),
            _("expires {time}").format(time=expires) if expires else "",
        )
        arguments = _arguments(client, proposed)
        for name, value in arguments.items():
            for line in _lines(name, value):
                show(client, line)
        about["args"] = arguments
        agree()
        return None, {}

    about: dict[str, Any] = {"act": proposed.act, "unit": proposed.unit, "title": proposed.title}
    args = {**args, "proposal": proposed.event}
    return Change(action, args, proposed.task, look=look, about=about)


def _find(client: Client, text: str) -> Proposed:
    """The proposal meant; CliError NO_PROPOSAL, CHOOSE_ONE."""
    shelf = Shelf(client.settings.state)
    if _NUMBER.fullmatch(text):
        event = shelf.listed_subject(int(text))
        if event is None:
            raise CliError("NO_SUCH_NUMBER", number=text)
        waiting = [p for p in _waiting(client, shelf.listed_task(int(text))) if p.event == event]
    elif _EVENT.fullmatch(text):
        event = text.lower()
        waiting = [p for p in _waiting(client, None) if p.event.startswith(event)]
    else:
        task = given.task_id(text, shelf)
        waiting = [p for p in _waiting(client, task) if p.task == task]
    if not waiting:
        raise CliError("NO_PROPOSAL", given=text)
    choices = [(p.event, f"{word(p.act)} {p.unit or ''}") for p in waiting]
    place = waiting[0].task or client.place.conference
    chosen = one_of(choices, None, option="lianxi task approve EVENT", task=place, unit="")
    return next(p for p in waiting if p.event == chosen)


def _waiting(client: Client, task: str | None) -> list[Proposed]:
    """What waits for the caller; of a named task all that waits there, for whomever."""
    found = {
        str(item["subject"]): Proposed(
            event=str(item["subject"]),
            task=item.get("task"),
            act=str(item.get("act")),
            unit=item.get("unit"),
            title=str(item.get("title") or ""),
            expires=item.get("by"),
        )
        for item in client.read("todo").get("items", ())
        if item.get("what") == "approve"
    }
    if task is not None:
        view = view_of(client, task)
        for proposal in view.get("proposals") or ():
            found.setdefault(
                proposal["event"],
                Proposed(
                    event=proposal["event"],
                    task=task,
                    act=str(proposal.get("act")),
                    unit=proposal.get("unit"),
                    title=str(view.get("title") or ""),
                    expires=proposal.get("expires"),
                ),
            )
    return list(found.values())


def _arguments(client: Client, proposed: Proposed) -> dict[str, str]:
    """What the act would do, argument by argument, texts opened."""
    where = client.read("conference") if proposed.task is None else view_of(client, proposed.task)
    args: dict[str, Any] = next(
        (
            p.get("args") or {}
            for p in where.get("proposals") or ()
            if p.get("event") == proposed.event
        ),
        {},
    )
    if proposed.act == REDACT and "commit" in args:
        # whoever destroys it has to have read it
        args = {"text": {"commit": args["commit"]}, **args}
    return {
        name: _spelt(client, value)
        for name, value in args.items()
        # named in the line above already, or said by its report
        if name != "submission" and not (name == "unit" and value == proposed.unit)
    }


def _lines(name: str, value: str) -> Iterator[str]:
    """An argument whole: whoever approves has to have read it."""
    first, *more = visible(value).split("\n")
    if not more:
        yield f"  {name}: {first}"
        return
    yield f"  {name}:"
    yield from (f"    {line}" for line in (first, *more))


def _spelt(client: Client, value: Any) -> str:
    """A value of an argument as a person reads it; a text is fetched and checked."""
    if isinstance(value, dict):
        if "commit" in value:
            try:
                data, media = client.opening(str(value["commit"]), value.get("size"))
            except CliError as error:
                return (
                    redacted_answer(client, error, how(client))
                    if error.code == CODE
                    else error.message
                )
            if not media.startswith("text/"):
                return _("a file, {media}, {size} bytes").format(media=media, size=len(data))
            return data.decode("utf-8", "replace")
        return ", ".join(f"{key} {_spelt(client, member)}" for key, member in value.items())
    if isinstance(value, list):
        return ", ".join(_spelt(client, item) for item in value)
    return str(value)
