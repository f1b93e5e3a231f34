"""`lianxi ladder show`: the rungs in order, and the other rules (cli layer; pydantic)."""

from collections.abc import Iterator
from typing import Any

from lianxi.cli.grammar import option, verb
from lianxi.cli.ladder.source import rules_of_conference, rules_of_file
from lianxi.cli.ladder.words import (
    SPANS,
    office_when,
    repeats,
    rule_word,
    rule_words,
    state_words,
    when,
)
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, as_json, show_rows, table, word
from lianxi.cli.terminal import paint, put, put_bytes, put_long
from lianxi.domain.rules import Rules
from lianxi.i18n import N_
from lianxi.rulesfile_text import as_yaml, duration_text, limit_text

RUNGS = (
    Column("name", N_("rung")),
    Column("when", N_("when"), limit=100),
    Column("states", N_("in the states"), state_words),
    Column("to", N_("tells"), rule_words),
    Column("kind", N_("kind"), rule_word),
)

OFFICE = (
    Column("name", N_("reminder")),
    Column("about", N_("about"), rule_word),
    Column("when", N_("when")),
    Column("repeats", N_("again")),
    Column("to", N_("tells"), rule_words),
)

KINDS = (
    Column("kind", N_("kind of task")),
    Column("acknowledge", N_("acknowledge")),
    Column("due", N_("due")),
)


@verb(
    "show",
    example="lianxi ladder show\nlianxi ladder show --yaml > rules.yaml",
    help=N_(
        "The rungs and the other rules in force.\n\n"
        "With --file those of a file. What --yaml and -o json print can be edited and read again:"
        " lianxi ladder check, lianxi ladder adopt."
    ),
)
@option("--file", "path", metavar="FILE", help=N_("Show this file's rules instead."))
@option("--yaml", is_flag=True, help=N_("As a rules file."))
@reading()
def show(run: Reading, path: str | None, yaml: bool) -> None:  # noqa: FBT001  click hands a switch over so
    """The rules whole; as rows the rungs."""
    rules = rules_of_conference(run.client) if path is None else rules_of_file(path)
    if yaml:
        put_bytes(as_yaml(rules).encode())
        return
    match run.form.output:
        case "json":
            document = rules.model_dump(mode="json", exclude_none=True)
            put(as_json({"schema": 1, "rules": document}))
        case "table" if not run.form.fields:
            put_long("\n".join(_lines(rules, run.form.time_format)))
        case _:
            show_rows(_rungs(rules), RUNGS, run.form)


def _rungs(rules: Rules) -> list[dict[str, Any]]:
    return [{**rung.model_dump(mode="json"), "when": when(rung)} for rung in rules.ladder.rungs]


def _lines(rules: Rules, how: str) -> Iterator[str]:
    ladder = rules.ladder
    yield paint(
        _("rules version {version}, ladder version {ladder}").format(
            version=rules.version, ladder=ladder.version
        ),
        "bold",
    )
    yield table(_rungs(rules), RUNGS, how)
    if ladder.hold_days is not None:
        yield _(
            "An extension asked for {days} working day(s) before due or earlier holds the late rungs."
        ).format(days=ladder.hold_days)
    if ladder.office:
        rows = [
            {**rung.model_dump(mode="json"), "when": office_when(rung), "repeats": repeats(rung)}
            for rung in ladder.office
        ]
        yield from ("", paint(_("What lies with the office"), "bold"), table(rows, OFFICE, how))
    if rules.kinds:
        kinds = [
            {
                "kind": kind,
                "acknowledge": limit_text(limits.acknowledge),
                "due": limit_text(limits.due),
            }
            for kind, limits in rules.kinds.items()
        ]
        yield from ("", paint(_("Limits where an issue names none"), "bold"))
        yield table(kinds, KINDS, how)
    yield from ("", paint(_("Spans"), "bold"))
    if rules.spans is not None:
        for name, value in rules.spans.model_dump().items():
            yield f"  {value:>4}  {_(SPANS[name])}"
    yield _("archived {span} after the end").format(span=duration_text(rules.archive_after))
    acts = ", ".join(_act(act) for act in rules.needs_convener or ()) or _("nothing")
    yield _("what the office files waits for the convener: {acts}").format(acts=acts)


def _act(act: str) -> str:
    """A rung's act by its plain word, without what the ladder's table adds."""
    plain = {"warning": N_("warning"), "bulletin": N_("bulletin")}
    return _(plain[act]) if act in plain else word(act)
