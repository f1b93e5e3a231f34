"""Where rules come from: a file, or the conference (cli layer; pydantic)."""

from lianxi.cli import given
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.domain.rules import Rules
from lianxi.i18n import N_
from lianxi.rulesfile import RungRefusedError, read_rules
from lianxi.strict_yaml import YamlFileError

MAX_RULES_BYTES = 65_536

_ADVICE = {
    "state": N_("Its limit does not run in the state {state}: leave that state out."),
    "no-state": N_("Name the states in which it fires, such as [issued, in-progress, returned]."),
    "before-and-after": N_("Give after_days, or one or more of before_…, not both."),
    "late-before-due": N_("What says late is anchored at due and has no before_… field."),
    "at-opening": N_(
        "The whole limit before is its opening, which has passed: give less than 1/1."
    ),
    "no-days": N_("Give after_days: what this is about has no limit of its own."),
    "named-twice": N_("Give each rung and reminder a name of its own."),
}
"""What to do about a rung that could never fire, by the reason's word."""


def rules_of_file(path: str) -> Rules:
    """A file's rules; every problem at once, a rung that cannot be climbed under its own code."""
    data = given.read_bytes(path, MAX_RULES_BYTES)
    try:
        return read_rules(data)
    except YamlFileError as error:
        raise CliError(
            "RULES_FILE_INVALID",
            path=path,
            problems=given.problems_in(error),
            line=error.problems[0].line,
            column=error.problems[0].column,
        ) from None
    except RungRefusedError as error:
        place: dict[str, str | int] = {"path": path, "line": error.line, "column": error.column}
        refused = CliError.of(error.refusal.code, {**error.refusal.params, **place})
        why = str(error.refusal.params.get("why", ""))
        state = why.removeprefix("state-")
        advice = _ADVICE.get("state" if state != why else why)
        if advice is not None:
            refused.hint = _(advice).format(state=state)
        refused.message = _("{path}, line {line}, column {column}: {reason}").format(
            **place, reason=refused.message
        )
        raise refused from None


def rules_of_conference(client: Client) -> Rules:
    """The rules in force."""
    try:
        return Rules.model_validate(client.read("conference")["rules"])
    except (KeyError, ValueError):
        raise CliError("ANSWER_UNREADABLE", reason="conference.rules") from None
