"""`lianxi audit verify`: the trail checked, over the gateway or beside the store (cli layer)."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import click

from lianxi.cli.audit.trail import Line, trail
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.machine.plan import settings_at
from lianxi.cli.render import as_json
from lianxi.cli.terminal import put, say, visible_line
from lianxi.errors import Exit
from lianxi.i18n import N_
from lianxi.ids import CONFERENCE_STREAM

if TYPE_CHECKING:
    from lianxi.proof.verification import Finding, TrailChecker

MAX_SHOWN = 100
SPOOL_BYTES = 64 << 20

NOT_OVER_GATEWAY = (
    N_("texts and evidence files behind the commitments (run it beside the store: --data DIR)"),
    N_("the store's read tables (run it beside the store: --data DIR)"),
)
"""What only somebody with the store can check."""

NOT_YET = (
    N_("whether each event is what its command or rule leads to (it is not decided anew)"),
    N_("whether the end of the trail was cut off (compare with receipts: lianxi task receipt)"),
)
"""What this release checks nowhere."""

NOT_BESIDE_STORE = (N_("letters in mailboxes: they are copies, not part of the record"), *NOT_YET)


@verb(
    "verify",
    example="lianxi audit verify\nlianxi audit verify --data lianxi-data",
    help=N_(
        "Check hashes, chains and signatures.\n\n"
        "Over the gateway: fetches the exact bytes of every event and says what it could not check."
        " With --data, beside the store: checks texts, files and read tables too. Exit code 1 with"
        " findings, each named."
    ),
)
@option("--data", metavar="DIR", help=N_("The data directory whose store is checked."))
@click.pass_obj
def verify(flags: Flags, data: str | None) -> int:
    """Check everything there is, then say what was found."""
    return _beside_store(flags, Path(data)) if data is not None else _over_gateway(flags)


def _over_gateway(flags: Flags) -> int:
    from lianxi.proof.verification import TrailChecker

    client = Client(flags)
    checker = TrailChecker()
    findings: list[Finding] = []
    streams: set[str] = set()
    origin, count = client.place.origin, 0
    # rosters stand in the conference's stream: the others are judged when all of it is known
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as others:
        for line in trail(client):
            count += 1
            streams.add(line.stream)
            if line.stream == CONFERENCE_STREAM:
                findings += _check(checker, origin, line)
            else:
                others.write(line.raw + b"\n")
        others.seek(0)
        for raw in others:
            findings += _check(checker, origin, _line_again(raw))
    registered = checker.heads.get((origin, CONFERENCE_STREAM)) is not None
    unchecked = [_(text) for text in (*NOT_OVER_GATEWAY, *NOT_YET)]
    if not registered:
        unchecked.append(_("the conference's own stream: there is none"))
    custody = _("authorship is not proven: demo custody") if checker.demo_custody else ""
    return _report(flags, count, len(streams), checker.bases, findings, unchecked, custody)


def _check(checker: "TrailChecker", origin: str, line: Line) -> "list[Finding]":
    from lianxi.proof.verification import TrailRow

    data = line.event.encode("utf-8", "surrogatepass")
    row = TrailRow(origin, line.stream, line.seq, data, line.hash, line.envelope)
    return checker.check(row)[1]


def _line_again(raw: bytes) -> Line:
    row = json.loads(raw)
    return Line(
        row["position"],
        row["stream"],
        row["seq"],
        row["hash"],
        row["event"],
        row.get("envelope"),
        raw,
    )


def _beside_store(flags: Flags, data: Path) -> int:
    # the one command of the client that may see the store, and only here
    from lianxi.ports import StoreUnavailableError
    from lianxi.store.faults import SchemaError
    from lianxi.store.store import open_store
    from lianxi.store.verify import verify_trail

    settings = settings_at(data)
    if not settings.store_url and not Path(settings.trail_url.removeprefix("sqlite:///")).exists():
        raise CliError(
            "NOT_FOUND",
            hint=_("Check --data: it is the data directory of lianxi up."),
            what=_("a trail in {path}").format(path=data),
        )
    try:
        with open_store(settings.trail_url, settings.evidence_dir, writable=False) as store:
            report = verify_trail(store.engine, store.evidence)
    except (StoreUnavailableError, SchemaError) as error:
        raise CliError(
            "STORE_UNAVAILABLE",
            message=_("The trail in {path} cannot be read: {reason}").format(
                path=data, reason=error
            ),
        ) from None
    findings = list(report.findings)
    custody = ""
    unchecked = []
    for finding in report.unchecked:
        if finding.code == "AUTHORSHIP_NOT_PROVEN":
            custody = _("authorship is not proven: demo custody")
        else:
            unchecked.append(f"{finding.code} {finding.place} {finding.detail}".strip())
    unchecked += [_(text) for text in NOT_BESIDE_STORE]
    return _report(
        flags,
        report.events,
        report.streams,
        report.bases,
        findings,
        unchecked,
        custody,
        report.dropped,
    )


def _report(  # noqa: PLR0913  what there is to say
    flags: Flags,
    events: int,
    streams: int,
    bases: Mapping[str, int],
    findings: "Iterable[Finding]",
    unchecked: list[str],
    custody: str,
    dropped: int = 0,
) -> int:
    named = [{"code": f.code, "place": f.place, "detail": f.detail} for f in findings]
    total = len(named) + dropped
    if flags.text("output") in ("json", "jsonl"):
        answer: dict[str, Any] = {
            "schema": 1,
            "intact": total == 0,
            "events": events,
            "streams": streams,
            "bases": dict(bases),
            "custody": "demo" if custody else "own",
            "findings": named,
            "not_listed": dropped,
            "not_checked": unchecked,
        }
        put(as_json(answer))
        return Exit.FAILED if total else Exit.OK
    for finding in named[:MAX_SHOWN]:
        put(visible_line(" ".join(part for part in finding.values() if part)))
    verdict = _("intact") if total == 0 else _("{count} findings").format(count=total)
    line = _("{events} events in {streams} streams: {verdict}")
    line = line.format(events=events, streams=streams, verdict=verdict)
    put(f"{line} ({custody})" if custody else line)
    grounds = ", ".join(f"{basis} {count}" for basis, count in sorted(bases.items()))
    say(_("on the ground of: {grounds}").format(grounds=grounds or "-"))
    for text in unchecked:
        say(_("not checked: {what}").format(what=text))
    return Exit.FAILED if total else Exit.OK
