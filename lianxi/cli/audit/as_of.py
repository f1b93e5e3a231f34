"""`lianxi audit as-of`: the state of tasks at an instant, rebuilt from events (cli layer; pydantic)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from lianxi.cli import times
from lianxi.cli.audit.bundle import NOT_BY_ITSELF, BundledEvent, OpenBundle
from lianxi.cli.audit.trail import Line, trail
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, moment, reading
from lianxi.cli.render import Column, instant, percent, show_rows, word
from lianxi.cli.terminal import say, visible_line
from lianxi.i18n import N_

COLUMNS = (
    Column("task", N_("task")),
    Column("phase", N_("phase"), word),
    Column("unit", N_("unit")),
    Column("role", N_("role"), word),
    Column("state", N_("state"), word),
    Column("cycle", N_("cycle")),
    Column("percent", N_("progress"), percent),
    Column("due", N_("due"), instant),
    Column("seq", N_("seq")),
    Column("hash", N_("hash"), lambda value, _how: str(value or "")[:12]),
)


@verb(
    "as-of",
    example=(
        "lianxi audit as-of 2026-11-30 --task T-0003\n"
        "lianxi audit as-of 2026-11-30T12:00 --happened --bundle joint.bundle"
    ),
    help=N_(
        "The state at an instant, from events.\n\n"
        "A bare date is its end. Counts when events were recorded; with --happened when their actors"
        " say they happened."
    ),
)
@click.argument("time", metavar="TIME")
@option("--happened", is_flag=True, help=N_("Count when things happened, as stated."))
@option("--bundle", metavar="FILE", help=N_("Read a bundle instead of asking the gateway."))
@reading("task", "unit")
def as_of(run: Reading, time: str, happened: bool, bundle: str | None) -> None:  # noqa: FBT001  click hands a switch over so
    """Fold each task's events up to then."""
    until = times.read(moment(time, end_of_day=True))
    streams: dict[str, list[Line | BundledEvent]] = {}
    wanted = run.query["task"]
    for line in trail(run.client) if bundle is None else _of_bundle(bundle):
        kind, _slash, task = line.stream.partition("/")
        if kind == "task" and wanted in (None, task):
            streams.setdefault(task, []).append(line)
    rows = [
        row for task in sorted(streams) for row in _fold(streams[task], until, happened=happened)
    ]
    unit = run.query["unit"]
    shown = [row for row in rows if unit in (None, row["unit"])]
    show_rows(shown, COLUMNS, run.form, nothing=N_("There was no task then."))


def _of_bundle(name: str) -> Iterator[BundledEvent]:
    """Events of a bundle, each linked to the one before it in its stream. CliError BUNDLE_INVALID."""
    from lianxi.proof.events import Head, head_after
    from lianxi.proof.verification import TrailRow, check_event

    path = Path(name).expanduser()
    bundle = OpenBundle(path)
    heads: dict[str, Head] = {}
    for row in bundle.events():
        trail_row = TrailRow(bundle.origin, row.stream, row.seq, row.event.encode(), row.hash)
        event, findings = check_event(heads.get(row.stream), trail_row)
        if event is None or findings:
            raise CliError("FINDINGS", count=len(findings), message=trail_row.place)
        heads[row.stream] = head_after(event, row.hash)
        yield row
    say(_(NOT_BY_ITSELF).format(path=visible_line(str(path))))


def _fold(
    lines: Sequence[Line | BundledEvent], until: datetime, *, happened: bool
) -> list[dict[str, Any]]:
    from lianxi.domain.refusal import Refusal
    from lianxi.domain.task.evolve import evolve
    from lianxi.domain.values import format_instant
    from lianxi.proof.events import open_event
    from lianxi.streams.facts import task_fact

    state = None
    for line in lines:
        try:
            event = open_event(line.event.encode("utf-8", "surrogatepass"))
            counted = (event.happened_at or event.at) if happened else event.at
            if counted > until or (state is None and event.seq > 1):
                continue
            fact = task_fact(event, line.hash)
            try:
                state = evolve(state, fact)
            except (ValueError, LookupError):
                if not happened:
                    raise
                # stated for a time at which what it rests on had not happened yet
        except (Refusal, ValueError, LookupError):
            raise CliError("FINDINGS", count=1, message=f"{line.stream}#{line.seq}") from None
    if state is None:
        return []
    return [
        {
            "task": state.task,
            "phase": state.phase.value,
            "unit": a.unit,
            "role": a.role,
            "state": a.state.value,
            "cycle": a.cycle,
            "percent": a.percent,
            "due": format_instant(a.due),
            "seq": state.seq,
            "hash": state.last_hash,
        }
        for a in state.assignments.values()
    ]
