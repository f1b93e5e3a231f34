"""What a verification came to, in words and as JSON (cli layer)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianxi.cli.grammar import Flags
from lianxi.cli.language import _
from lianxi.cli.render import as_json
from lianxi.cli.terminal import put, say, visible_line
from lianxi.errors import Exit
from lianxi.findings import explained
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.proof.verification import Finding

MAX_SHOWN = 100

NOT_OVER_GATEWAY = (
    N_("texts and evidence files behind the commitments (run it beside the store: --data DIR)"),
    N_("the store's read tables (run it beside the store: --data DIR)"),
)
"""What only somebody with the store can check."""

NOT_BESIDE_STORE = (N_("letters in mailboxes: they are copies, not part of the record"),)

BASES = ("command", "rule", "observation")

_OWN_WORDS = {
    "NOT_SEALED": N_("whether the end of the trail was cut off: nothing is sealed in its tree yet"),
    "TRAIL_ABSENT": N_("{place}: known here by a checkpoint, nothing of it is in this trail"),
    "CHECKPOINT_SIGNATURES": N_("who signed the checkpoints: the roster lists no key of the log"),
}
"""By code: what could not be checked, where it is more than a place."""


@dataclass
class Verdict:
    """What was looked at, what was found, what could not be checked."""

    events: int = 0
    streams: int = 0
    bases: Counter[str] = field(default_factory=Counter)
    derived: Counter[str] | None = None
    """How many were derived again; None where that was not asked for."""
    findings: "list[Finding]" = field(default_factory=list)
    dropped: int = 0
    flags: "list[Finding]" = field(default_factory=list)
    leaves: int = 0
    checkpoints: int = 0
    heads_outside: int = 0
    witnessed: dict[str, int | None] = field(default_factory=dict)
    """By conference: up to which size the policy's quorum cosigned; absent where it wants nobody."""
    demo: bool = False
    unchecked: list[str] = field(default_factory=list)

    def leave(self, finding: "Finding") -> None:
        """Something that could not be checked."""
        if finding.code == "AUTHORSHIP_NOT_PROVEN":
            self.demo = True
        elif finding.code in _OWN_WORDS:
            self.unchecked.append(_(_OWN_WORDS[finding.code]).format(place=finding.place))
        else:
            self.unchecked.append(" ".join(filter(None, finding_parts(finding))))


def finding_parts(finding: "Finding") -> tuple[str, str, str]:
    """Code, place, detail."""
    return finding.code, finding.place, finding.detail


def report(flags: Flags, verdict: Verdict) -> int:
    """Say it; answers the exit code."""
    total = len(verdict.findings) + verdict.dropped
    if flags.text("output") in ("json", "jsonl"):
        put(as_json(_document(verdict, total)))
        return Exit.FAILED if total else Exit.OK
    for finding in verdict.findings[:MAX_SHOWN]:
        put(visible_line(" ".join(filter(None, finding_parts(finding)))))
    for flag in verdict.flags[:MAX_SHOWN]:
        words = _("flag: {what}").format(what=" ".join(filter(None, finding_parts(flag))))
        put(visible_line(words))
    explain(each.code for each in (*verdict.findings, *verdict.flags))
    found = _("intact") if total == 0 else _("{count} findings").format(count=total)
    line = _("{events} events in {streams} streams: {verdict}")
    line = line.format(events=verdict.events, streams=verdict.streams, verdict=found)
    custody = _("authorship is not proven: demo custody")
    put(f"{line} ({custody})" if verdict.demo else line)
    _say_grounds(verdict)
    tree = _("tree: {leaves} leaves, {checkpoints} checkpoints, {outside} heads known from outside")
    say(
        tree.format(
            leaves=verdict.leaves,
            checkpoints=verdict.checkpoints,
            outside=verdict.heads_outside,
        )
    )
    for origin, size in verdict.witnessed.items():
        text = _("{place}: the policy's quorum has cosigned no checkpoint")
        if size is not None:
            text = _("{place}: the policy's quorum has cosigned the log up to size {size}")
        say(visible_line(text.format(place=origin, size=size)))
    for text in verdict.unchecked:
        say(_("not checked: {what}").format(what=text))
    return Exit.FAILED if total else Exit.OK


def explain(codes: Iterable[str]) -> None:
    """What each of these codes means, once, beside the data."""
    for code, text in explained(codes).items():
        say(visible_line(f"{code}: {_(text)}"))


def _say_grounds(verdict: Verdict) -> None:
    """The three counts: what rests on signed commands, on rules, on the operator's word."""
    if verdict.derived is None:
        grounds = ", ".join(f"{basis} {verdict.bases[basis]}" for basis in BASES)
        say(_("on the ground of: {grounds}").format(grounds=grounds))
        return
    derived = ", ".join(
        _("{basis} {right} of {seen} derived again").format(
            basis=basis, right=verdict.derived[basis], seen=verdict.bases[basis]
        )
        for basis in BASES[:2]
    )
    grounds = _("{derived}, observation {count}").format(
        derived=derived, count=verdict.bases["observation"]
    )
    say(_("on the ground of: {grounds}").format(grounds=grounds))


def _document(verdict: Verdict, total: int) -> dict[str, Any]:
    names = ("code", "place", "detail")

    def rows(findings: "list[Finding]") -> list[dict[str, str]]:
        return [dict(zip(names, finding_parts(each), strict=True)) for each in findings]

    answer: dict[str, Any] = {
        "schema": 1,
        "intact": total == 0,
        "events": verdict.events,
        "streams": verdict.streams,
        "bases": {basis: verdict.bases[basis] for basis in BASES},
        "custody": "demo" if verdict.demo else "own",
        "tree": {
            "leaves": verdict.leaves,
            "checkpoints": verdict.checkpoints,
            "heads_outside": verdict.heads_outside,
        },
        "witnessed": verdict.witnessed,
        "findings": rows(verdict.findings),
        "not_listed": verdict.dropped,
        "flags": rows(verdict.flags),
        "not_checked": verdict.unchecked,
    }
    if verdict.derived is not None:
        answer["derived"] = {basis: verdict.derived[basis] for basis in BASES}
    return answer
