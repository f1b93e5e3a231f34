"""Changes from the user's side: their options, dry run, the one line they print (cli layer)."""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from lianxi.cli import times
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option
from lianxi.cli.kept import KeptRequest, Shelf
from lianxi.cli.language import _
from lianxi.cli.render import word
from lianxi.cli.sealing import Change, payload_of
from lianxi.cli.sending import ChangeOptions, Deliver, Outcome, prepare, send
from lianxi.cli.terminal import dot, put, say, visible_line
from lianxi.errors import Exit
from lianxi.i18n import N_

MAX_TIMEOUT = 120

SHORT_COMMIT = 12
"""Characters of a commitment that are shown."""

SENTENCES = {
    "issue": N_("{who} issued {task}"),
    "acknowledge": N_("{who} acknowledged {task}"),
    "progress": N_("{who} reported progress on {task}"),
    "submit": N_("{who} submitted completion of {task}"),
    "recall": N_("{who} recalled the submission on {task}"),
    "accept": N_("{who} accepted the completion of {task} by {unit}"),
    "return": N_("{who} returned {task} to {unit}"),
    "withdraw": N_("{who} withdrew {unit} from {task}"),
    "due": N_("{who} changed the due of {task} for {units}"),
    "close": N_("{who} closed {task} as {verdict}"),
    "cancel": N_("{who} cancelled {task}"),
    # what units ask, answer and put right
    "object": N_("{who} objected to {task}"),
    "extend": N_("{who} asked for more time on {task}"),
    "stop": N_("{who} asked to stop its part of {task}"),
    "retract": N_("{who} took its request back on {task}: {request}"),
    "concur": N_("{who} agreed with the submission on {task}"),
    "dissent": N_("{who} dissented from the submission on {task}"),
    "answer": N_("{who} explained itself on {task}"),
    "heed": N_("{who} acknowledged an instruction on {task}"),
    "dispute": N_("{who} disputed what was filed for it on {task}"),
    "correct": N_("{who} corrected a report on {task}"),
    # what the convener's side rules
    "grant": N_("{who} granted what {unit} asked on {task}: {request}"),
    "refuse": N_("{who} refused what {unit} asked on {task}: {request}"),
    "suspend": N_("{who} suspended {unit} on {task}"),
    "resume": N_("{who} let {unit} resume {task}"),
    "add": N_("{who} added {unit} to {task}"),
    "transfer": N_("{who} transferred {task} from {unit} to {into}"),
    "urge": N_("{who} urged {units} on {task}"),
    "instruct": N_("{who} gave an instruction on {task}"),
    "phoned": N_("{who} noted a phone call with {unit} about {task}"),
    "on-behalf": N_("{who} filed on behalf of {unit} on {task}: {act}"),
    "by-mistake": N_("{who} reversed a mistake on {task}"),
    "exclude-gap": N_("{who} excluded a gap of service on {task}"),
    "approve": N_("{who} approved what was proposed on {task}"),
    "reject": N_("{who} rejected what was proposed on {task}"),
    "reopen": N_("{who} reopened {task} for {units}"),
    # the conference
    "found": N_("{who} founded {conference}"),
    "register-key": N_("{who} registered a key for {unit}"),
    "change-roster": N_("{who} changed the roster of {conference}"),
    "replace-key": N_("{who} had a lost key of {conference} replaced"),
    "adopt-calendar": N_("{who} adopted version {version} of the calendar for {task}"),
    "adopt-rules": N_("{who} adopted version {version} of the rules for {conference}"),
    "succeed": N_("{who} had {unit} succeeded by {into}"),
    "redact": N_("{who} redacted {commit}"),
    "thaw": N_("{who} let {task} go on from what stands"),
}
"""Who did what to what, by action; `task` is the conference where the act is about it."""

WAITS = {
    "ActProposed": N_("{who} proposed this on {task}; it waits for the convener: {act}"),
    "IssueProposed": N_("{who} proposed to issue {ref}; it waits for the convener"),
    "RedactionProposed": N_("{who} proposed to redact {commit}; it waits for the convener"),
    "ProposalEndorsed": N_(
        "{who} passed on what was proposed on {task}; it waits for the convener"
    ),
}
"""What is said instead, by the kind of the last event, where the act has not taken effect yet."""

NEXT = {
    "issue": "lianxi task show {task}",
    "acknowledge": "lianxi task progress {task}",
    "progress": "lianxi task submit {task} --report FILE",
    "submit": "lianxi task show {task}",
    "recall": "lianxi task submit {task} --report FILE",
    "accept": "lianxi task show {task}",
    "return": "lianxi task show {task}",
    "withdraw": "lianxi task show {task}",
    "due": "lianxi task show {task}",
    "close": "lianxi task history {task}",
    "cancel": "lianxi task history {task}",
    "object": "lianxi task show {task}",
    "extend": "lianxi task show {task}",
    "stop": "lianxi task show {task}",
    "retract": "lianxi task show {task}",
    "concur": "lianxi task show {task}",
    "dissent": "lianxi task show {task}",
    "answer": "lianxi task submit {task} --report FILE",
    "heed": "lianxi task show {task}",
    "dispute": "lianxi task show {task}",
    "correct": "lianxi task show {task}",
    "grant": "lianxi task show {task}",
    "refuse": "lianxi task show {task}",
    "suspend": "lianxi task resume {task} --unit {unit}",
    "resume": "lianxi task show {task}",
    "add": "lianxi task show {task}",
    "transfer": "lianxi task show {task}",
    "urge": "lianxi task show {task}",
    "instruct": "lianxi task show {task}",
    "phoned": "lianxi notice list --task {task}",
    "on-behalf": "lianxi task show {task}",
    "by-mistake": "lianxi task show {task}",
    "exclude-gap": "lianxi task show {task}",
    "approve": "lianxi task show {task}",
    "reject": "lianxi task show {task}",
    "reopen": "lianxi task show {task}",
    "found": "lianxi unit list",
    "register-key": "lianxi unit list",
    "change-roster": "lianxi conference roster check",
    "replace-key": "lianxi conference roster check",
    "adopt-calendar": "lianxi calendar check",
    "adopt-rules": "lianxi ladder show",
    "succeed": "lianxi unit list",
    "redact": "lianxi audit list --kind OpeningRedacted",
    "thaw": "lianxi audit findings",
}
"""The next likely command, by action."""

NEXT_WITHOUT_TASK = "lianxi todo"
"""Where the likely command would name a task and there is none yet, or none any more."""


def change_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every change, handed over as one `options`."""

    @option("--request-id", metavar="UUID", help=N_("Repeat an earlier command safely."))
    @option(
        "--dry-run",
        is_flag=True,
        help=N_(
            "Check form and texts here, show what would be sent, send nothing; the conference checks"
            " its rules when it is sent."
        ),
    )
    @option("--yes", is_flag=True, help=N_("Confirm in advance."))
    @option("--wait", type=click.Choice(["recorded"]), help=N_("Wait until the trail holds it."))
    @option(
        "--timeout",
        type=click.IntRange(1, MAX_TIMEOUT),
        default=20,
        show_default=True,
        help=N_("Seconds to wait with --wait recorded."),
    )
    @wraps(command)
    def with_options(
        *arguments: Any,
        request_id: str | None,
        dry_run: bool,
        yes: bool,
        wait: str | None,
        timeout: int,
        **rest: Any,
    ) -> Any:
        options = ChangeOptions(request_id, dry_run, yes, wait, timeout)
        return command(*arguments, options=options, **rest)

    return with_options


def carry_out(
    client: Client, change: Change, options: ChangeOptions, deliver: Deliver | None = None
) -> int:
    """Sign, send, print the one line; the exit code. With --dry-run only show."""
    try:
        return _carry_out(client, change, options, deliver)
    except CliError as error:
        _name_task(error, change.task)
        raise


def _name_task(error: CliError, task: str | None) -> None:
    """Put the task in hand into the commands of a hint that the catalogue left without one."""
    if task is not None and error.code != "PENDING":  # that one repeats what was typed
        hint = re.sub(r"lianxi task show(?! )", f"lianxi task show {task}", error.hint)
        error.hint = hint.replace(" TASK", f" {task}")


def _carry_out(
    client: Client, change: Change, options: ChangeOptions, deliver: Deliver | None
) -> int:
    shelf = Shelf(client.settings.state)
    kept = prepare(client, shelf, change, options)
    if options.dry_run:
        show_unsent(client, change, kept)
        return Exit.OK
    try:
        outcome = send(client, shelf, change, kept, options, deliver)
    except CliError as error:
        if error.exit_code == Exit.OK:
            _name_task(error, change.task)
            show_already(client, error, change.task)
            return Exit.OK
        raise
    show_done(client, change, outcome)
    return Exit.OK


def identity(flags: Flags) -> str:
    """What a printed command needs to act as the same unit."""
    for name, flag in (("as_unit", "--as"), ("profile", "--profile")):
        value = flags.text(name)
        if value:
            return f" {flag} {value}"
    return ""


def show_done(client: Client, change: Change, outcome: Outcome) -> None:
    """The one line of a change, and the next likely command."""
    receipt = outcome.receipt
    task = receipt.get("task") or change.task
    words = _words(client, change, task)
    following = NEXT[change.action]
    if task is None and "{task}" in following:
        following = NEXT_WITHOUT_TASK
    following = following.format_map(words) + identity(client.flags)
    if client.flags.text("output") in ("json", "jsonl"):
        answer = {
            "schema": 1,
            "receipt": receipt,
            "recorded": outcome.recorded,
            "already": outcome.already,
            "next": following,
            **_about(change),
        }
        put(json.dumps(answer, ensure_ascii=True))
        return
    events = receipt["events"]
    last = str(events[-1].get("kind")) if events else ""
    sentence = WAITS.get(last, SENTENCES[change.action])
    parts = [
        _(sentence).format_map(
            {**words, **{name: word(words[name]) for name in ("act", "request", "verdict")}}
        ),
        times.show(receipt.get("at"), client.flags.text("time_format") or "local"),
    ]
    if events:
        parts += [f"seq {events[-1]['seq']}", str(events[-1]["hash"])[:12]]
    parts.append(_("request {request_id}").format(request_id=outcome.request_id))
    if outcome.already:
        parts.append(_("already done"))
    elif outcome.recorded:
        parts.append(_("recorded"))
    put(visible_line(dot().join(parts)))
    say(_("next: {command}").format(command=following))


def _words(client: Client, change: Change, task: str | None) -> dict[str, Any]:
    """What sentences and commands may name, machine words untranslated."""
    args = change.args
    words: dict[str, Any] = {"unit": "", "into": "", "ref": "", "request": "", "verdict": ""}
    words["act"] = change.action
    words["commit"] = ""
    words |= {key: value for key, value in args.items() if isinstance(value, str)}
    words["commit"] = words["commit"][:SHORT_COMMIT]
    words["units"] = ", ".join(args.get("units", ()))
    adopted = args.get("calendar") or args.get("rules")
    words["version"] = adopted.get("version") if isinstance(adopted, dict) else ""
    if change.action == "register-key":
        words["unit"] = args["entry"]["unit"]
    conference = client.place.conference
    return words | {"who": client.unit, "task": task or conference, "conference": conference}


def _about(change: Change) -> dict[str, Any]:
    """What was decided on, where the command looked at it."""
    return {"about": change.about} if change.about else {}


def show_already(client: Client, error: CliError, task: str | None = None) -> None:
    """Nothing was left to do: said, with the task it is about, and no failure."""
    if client.flags.text("output") in ("json", "jsonl"):
        put(json.dumps({"schema": 1, "already": True, **error.as_json()}, ensure_ascii=True))
        return
    place = "" if task is None or task in error.message else f"{task}: "
    put(visible_line(place + error.message))
    say(visible_line(error.hint))


def show_unsent(client: Client, change: Change, kept: KeptRequest) -> None:
    """What would be sent: the payload, and the texts and files by size."""
    payload = json.loads(payload_of(kept))
    check_arguments(change, payload["args"])
    openings = [{"commit": o.commit, "media": o.media, "size": o.size} for o in kept.openings]
    answer = {"schema": 1, "dry_run": True, "payload": payload, "openings": openings}
    answer |= _about(change)
    put(json.dumps(answer, ensure_ascii=True, indent=1))
    if client.flags.text("output") not in ("json", "jsonl"):
        say(_("Nothing was sent (dry run)."))


def check_arguments(change: Change, args: dict[str, Any]) -> None:
    """Whether the conference would take these arguments as such (its own models)."""
    from pydantic import ValidationError

    from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
    from lianxi.domain.task.commands import ACTIONS

    if change.action == "on-behalf":
        check_arguments(Change(args["act"], {}, change.task), args["args"])
    # an action may stand on both streams, with arguments of its own on each
    models = CONFERENCE_ACTIONS if change.task is None else ACTIONS
    try:
        models[change.action].model_validate(args)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "/".join(str(step) for step in first["loc"])
        raise CliError("INVALID_ARGS", reason=first["msg"], place=place or "/") from None
