"""`lianxi up | down | status | doctor`: this machine's set (cli layer)."""

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.machine.plan import data_dir, data_option, faults_shown, plan_of
from lianxi.cli.profiles import Settings
from lianxi.cli.reading import form_of
from lianxi.cli.render import Column, as_json, show_rows, table
from lianxi.cli.terminal import put, say, visible_line
from lianxi.errors import Exit
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.runtime.status import SetStatus

PATIENCE = 5.0
"""Seconds in which a gateway that has just said it is ready has to answer."""

PROCESSES = (
    Column("name", N_("process")),
    Column("pid", N_("pid")),
    Column("state", N_("state")),
    Column("address", N_("address")),
    Column("restarts", N_("restarts")),
    Column("since", N_("since")),
    Column("said", N_("remark"), limit=100),
)

STOPPED = (Column("name", N_("process")), Column("pid", N_("pid")), Column("how", N_("how")))

CHECKS = (
    Column("name", N_("check")),
    Column("verdict", N_("result")),
    Column("detail", N_("found"), limit=100),
    Column("hint", N_("what to do"), limit=100),
)


@verb(
    "up",
    example="lianxi up\nlianxi up -d",
    help=N_(
        "Start server, worker and gateway.\n\n"
        "In the foreground as one group (Ctrl-C stops all in order), or with -d in the background."
        " What dies is started again. Logs lie under the data directory."
    ),
)
@option("-d", "--detach", is_flag=True, help=N_("In the background."))
@data_option
@click.pass_obj
def up(flags: Flags, detach: bool, data: str | None) -> None:  # noqa: FBT001  a switch
    """Until it is stopped, or until it is ready."""
    with faults_shown():
        from lianxi.runtime.up import up as bring_up

        def ready(status: "SetStatus") -> None:
            _show(flags, status)
            if form_of(flags).output == "table":
                say(_("next: {command}").format(command=_following(status.gateway)))

        bring_up(plan_of(data), detached=detach, on_ready=ready)


def _following(address: str) -> str:
    """What to type first: found a conference where there is none yet."""
    from lianxi.cli.transport import Gateway, NoAnswerError, NotReachedError

    trusted = Settings.of(Flags()).value("ca").text
    try:
        with closing(Gateway(address, trusted)) as gateway:
            answer = gateway.request("GET", "/v1/conferences", timeout=PATIENCE)
        none_yet = answer.document().get("conferences") == []
    except (CliError, NotReachedError, NoAnswerError):
        # not reached by this address, or not trusted: no reason to call the start a failure
        return "lianxi todo"
    return "lianxi conference init --help" if none_yet else "lianxi todo"


@verb(
    "down",
    example="lianxi down",
    help=N_("Stop them in order, also what a killed supervisor left."),
)
@data_option
@click.pass_obj
def down(flags: Flags, data: str | None) -> None:
    """Nothing running is no failure."""
    with faults_shown():
        from lianxi.runtime.status import down as take_down

        stopped = [asdict(each) for each in take_down(data_dir(data))]
    show_rows(stopped, STOPPED, form_of(flags), nothing=N_("Nothing was running."))


@verb(
    "status",
    example="lianxi status\nlianxi status -o json",
    help=N_("What runs, where, since when.\n\nExit code 0 when all is ready, else 1."),
)
@data_option
@click.pass_obj
def status(flags: Flags, data: str | None) -> int:
    """Looked at in the processes themselves."""
    with faults_shown():
        from lianxi.runtime.status import status as look

        found = look(data_dir(data))
    _show(flags, found)
    return Exit.OK if found.phase == "ready" else Exit.FAILED


@verb(
    "doctor",
    example="lianxi doctor",
    help=N_(
        "Check this machine and its set.\n\nEach finding says what to do. Exit code 1 with a defect."
    ),
)
@data_option
@click.pass_obj
def doctor(flags: Flags, data: str | None) -> int:
    """Every check, in the order in which to mend things."""
    with faults_shown():
        from lianxi.runtime.doctor import doctor as examine

        checks = examine(plan_of(data))
    verdicts = {True: _("ok"), False: _("WRONG"), None: _("not known")}
    rows = [{**asdict(check), "verdict": verdicts[check.ok]} for check in checks]
    show_rows(rows, CHECKS, form_of(flags))
    return Exit.FAILED if any(check.ok is False for check in checks) else Exit.OK


def _show(flags: Flags, found: "SetStatus") -> None:
    form = form_of(flags)
    content: dict[str, Any] = asdict(found)
    if form.output in ("json", "jsonl"):
        put(as_json({"schema": 1, **content}))
        return
    parts = [
        _("phase {phase}").format(phase=found.phase),
        _("gateway {address}").format(address=found.gateway or "-"),
        _("Temporal {address} ({server})").format(
            address=found.temporal or "-", server=found.server
        ),
        _("data {path}").format(path=found.data),
    ]
    put(visible_line("   ".join(parts)))
    if content["processes"]:
        put(table(content["processes"], PROCESSES, form.time_format))
