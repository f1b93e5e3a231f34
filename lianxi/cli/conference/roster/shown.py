"""Rosters and proposals as people read them (cli layer; pydantic inside)."""

from typing import TYPE_CHECKING, Any

from lianxi.cli import times
from lianxi.cli.language import _

if TYPE_CHECKING:
    from lianxi.domain.roster import Roster, RosterKey
    from lianxi.proof.roster_proposals import RosterProposal


def key_rows(roster: "Roster") -> list[dict[str, Any]]:
    """The keys by unit: whose, for what, how it stands now, whether it signs rosters."""
    now, signs = times.now(), set(roster.threshold.keys)
    ordered = sorted(enumerate(roster.keys), key=lambda pair: (pair[1].role, pair[1].unit, pair[0]))
    return [
        {
            "unit": key.unit,
            "use": key.use,
            "key": key.key_id[:16],
            "key_id": key.key_id,
            "standing": roster.standing(key.key_id, now),
            "effective": None if key.effective is None else times.spell(key.effective),
            "signs": "*" if key.key_id in signs else "",
        }
        for _place, key in ordered
    ]


def shown_proposal(proposal: "RosterProposal", roster: "Roster") -> dict[str, Any]:
    """What a checked proposal changes, and who has signed it; `lines` for people."""
    from lianxi.proof.rosters import may_sign, signatures_lacking

    given = [signature.key_id for signature in proposal.signatures or ()]
    have, need = signatures_lacking(roster, proposal.change, given)
    wire = proposal.model_dump(mode="json", exclude_none=True)
    reason = _("reason")
    return {
        "schema": 1,
        "version": proposal.version,
        "roster": proposal.roster,
        **{name: wire[name] for name in ("changes", "entry", "reason") if name in wire},
        "signatures": {"have": have, "need": need, "by": given},
        "may_sign": sorted(may_sign(roster, proposal.change)),
        "lines": [
            _("roster: version {version}, {hash}").format(
                version=proposal.version, hash=proposal.roster
            ),
            *_change_lines(proposal, roster),
            *([] if proposal.reason is None else [f"{reason}: {proposal.reason}"]),
            _("signatures: {have} of {need}").format(have=have, need=need),
        ],
    }


def _change_lines(proposal: "RosterProposal", roster: "Roster") -> list[str]:
    changes = proposal.changes
    if changes is None:
        return _replacement_lines(proposal.entry)
    rotated = {
        proof.key_id: proof.rotated.key_id
        for proof in proposal.possessions or ()
        if proof.rotated is not None
    }
    lines = []
    for key in changes.add or ():
        words = {"key_id": key.key_id[:16], "unit": key.unit, "use": key.use}
        if key.key_id in rotated:
            words["old"] = rotated[key.key_id][:16]
            lines.append(_("+ {key_id} of {unit} ({use}), handed over by {old}").format(**words))
        else:
            lines.append(_("+ {key_id} of {unit} ({use})").format(**words))
    for key_id in changes.retire or ():
        key = roster.by_key_id[key_id]
        words = {"key_id": key_id[:16], "unit": key.unit, "use": key.use}
        lines.append(_("- {key_id} of {unit} ({use})").format(**words))
    if changes.threshold is not None:
        keys = {key.key_id: key for key in (*roster.keys, *(changes.add or ()))}
        named = ", ".join(f"{keys[k].unit} {k[:8]}" for k in changes.threshold.keys)
        lines.append(
            _("= {k} of {m} sign from then on: {keys}").format(
                k=changes.threshold.k, m=len(changes.threshold.keys), keys=named
            )
        )
    return lines


def _replacement_lines(entry: "RosterKey | None") -> list[str]:
    from lianxi.cli.roster_book import DELAY

    if entry is None or entry.effective is None or entry.replaces is None:
        return []
    return [
        _("+ {key_id} of {unit}, in place of {lost} from {instant} on").format(
            key_id=entry.key_id[:16],
            unit=entry.unit,
            lost=entry.replaces[:16],
            instant=times.show(times.spell(entry.effective)),
        ),
        _("to be adopted by {instant}").format(
            instant=times.show(times.spell(entry.effective - DELAY))
        ),
    ]
