"""What each finding means, in a sentence: of `audit verify`, `audit findings`, flags, what is unchecked.

A leaf of the shell: code -> text, marked for translation. tests/cli/test_findings.py holds the codes
that the code can say against it; docs/errors.md is written from it.
"""

from collections.abc import Iterable

from lianxi.i18n import N_

FINDINGS: dict[str, str] = {
    # an event by itself, and in its stream
    "HASH_MISMATCH": N_("The event's bytes are not those that were hashed: they were edited."),
    "EVENT_UNREADABLE": N_("The bytes are no event."),
    "UNKNOWN_KIND": N_("No release has such a kind of event."),
    "DATA_INVALID": N_("The event's content is not what its kind holds."),
    "COLUMN_DIFFERS": N_("A column beside the event says something else than its bytes."),
    "ADDRESS_MISMATCH": N_("The event stands in another place than it names."),
    "GAP": N_("Events are missing before this one in its stream."),
    "LINK_BROKEN": N_("The event does not continue the one before it."),
    "ORDER_WRONG": N_("The event stands, or is dated, before the one that it follows."),
    "STREAM_UNREADABLE": N_("A row of the stream cannot be read at all."),
    # whose act it is
    "COMMAND_INVALID": N_(
        "The signed command does not carry the event: signature, key, time or unit."
    ),
    "COMMAND_DIFFERS": N_("A kept command is not what its row says."),
    "COMMAND_UNUSED": N_("A kept command caused no event of the trail."),
    "BASIS_WRONG": N_("An event of this kind cannot rest on what it names as its ground."),
    "KEY_RETIRED_EARLIER": N_("The key had been retired when the command was taken."),
    "ROSTER_WRONG": N_("The event was judged under a roster that its stream had not adopted."),
    "ROSTER_UNKNOWN": N_("The event names a roster that the conference never had."),
    "ROSTER_INVALID": N_("A change of the roster is not signed as it must be."),
    "GENESIS_FOREIGN": N_(
        "The first roster is not the one whose hash the trust file names: another founding."
    ),
    # derived again
    "NOT_DERIVED": N_("The event does not follow from its command, or from the state before it."),
    "EVENTS_MISSING": N_("The command leads to more events than stand here."),
    "ENGINE_WRONG": N_("The event names a version of the rules that its stream did not have."),
    "RUNG_MISSING": N_("A step that was due by the rules did not happen."),
    "DERIVATION": N_("From here on events are not derived again: one before them was changed."),
    "FOLD_FAILED": N_("The events of the stream lead to no state."),
    # between streams
    "UNREGISTERED_TASK": N_("The conference registered no such task."),
    "NOT_ADOPTED": N_("The conference adopted no such rules or calendar."),
    "NOT_SUCCEEDED": N_("The work went to a unit that did not succeed the other."),
    "UNIT_NO_MEMBER": N_("The unit is no member of the conference."),
    # what people are shown
    "ROW_DIFFERS": N_("A table that people are shown says something else than the events."),
    "ROW_MISSING": N_("A table that people are shown lacks a row."),
    "ROW_UNEXPECTED": N_("A table that people are shown has a row that no event leads to."),
    "READ_TABLES": N_("The stream's rows cannot be compared: its events lead to no state."),
    "OUTBOX_DIFFERS": N_("The notices that wait are not those that the events call for."),
    "LETTER_UNEXPECTED": N_("A mailbox holds a letter that no event called for."),
    # texts and files
    "OPENING_MISSING": N_("A text or file is gone, and no redaction says so."),
    "OPENING_MISMATCH": N_("A text or file is not the one that was committed to."),
    "REDACTION_UNDONE": N_("A text or file that was redacted is still there."),
    "REDACTION_UNFOUNDED": N_("A redaction names what no event holds."),
    # the tree
    "TRAIL_CUT": N_(
        "A checkpoint from elsewhere covers more than the trail has: it was cut or rolled back."
    ),
    "TRAIL_ABSENT": N_(
        "A checkpoint from elsewhere is of a conference that this trail does not have."
    ),
    "TRAIL_FORKED": N_("A checkpoint from elsewhere has another root: this is another history."),
    "ANCHOR_UNREADABLE": N_("The checkpoint kept outside the data directory cannot be read."),
    "LEAF_DIFFERS": N_("A leaf of the tree is not the event it stands for."),
    "LEAF_GAP": N_("Leaves of the tree are missing."),
    "LEAF_ORDER": N_("Leaves are not in the order of their stream."),
    "LEAF_WITHOUT_EVENT": N_("The tree has a leaf whose event is gone."),
    "NODE_WRONG": N_("A node of the tree is not made of those below it."),
    "UNSEALED": N_(
        "The event is older than ten minutes and in no tree: sealing stands still, or it was put there."
    ),
    "NOT_SEALED": N_("Nothing is sealed yet, so that a cut end would not show."),
    "CHECKPOINT_BEYOND": N_("A checkpoint covers more leaves than there are."),
    "CHECKPOINT_ROOT": N_("A checkpoint's root is not that of the tree."),
    "CHECKPOINT_NOTE": N_(
        "A checkpoint's signed note cannot be read, or says something else than its row."
    ),
    "CHECKPOINT_SIGNATURES": N_("No key of the log that was in force signed the checkpoint."),
    "LOG_KEY_FOREIGN": N_("No roster has ever listed a key of the log that the trust file names."),
    "CHECKPOINT_UNSIGNED": N_("A checkpoint was left without a signature."),
    "COSIGNATURE_INVALID": N_("A witness's cosignature does not hold for its checkpoint."),
    "BACKDATED_OR_SEALED_LATE": N_(
        "A quorum of witnesses had cosigned a later head without it: dated back, or sealed late."
    ),
    "AUTHORSHIP_NOT_PROVEN": N_("One machine holds all keys (demo custody)."),
    # Temporal
    "WORKFLOW_CLOSED": N_("The trail says open, Temporal says ended: somebody ended the workflow."),
    "WORKFLOW_MISSING": N_("The trail says open, Temporal knows nothing of it."),
    "WORKFLOW_FOREIGN": N_(
        "The workflow runs as another type, or where our workers do not answer."
    ),
    "WORKFLOW_UNREGISTERED": N_("A workflow runs that the conference knows nothing of."),
    "WORKFLOW_RESTARTED": N_("The workflow was started again past the conference."),
    "WORKFLOW_STILL_RUNNING": N_("The stream has ended, and a workflow runs under its name."),
    "WORKFLOW_RESET": N_("The workflow was reset to an earlier point."),
    "CANCEL_REQUESTED": N_("Somebody asked Temporal to cancel the workflow; it lives on."),
    "UNKNOWN_SIGNAL": N_("Somebody sent a signal; no workflow here takes any."),
    "UNKNOWN_UPDATE": N_("Somebody sent an update of a name that there is not."),
    "UPDATE_UNSIGNED": N_("A workflow answered a command that nobody signed."),
    "UNRECORDED": N_("An accepted command has not reached the trail."),
    "TASK_NOT_BEGUN": N_("A registered task has no workflow that began it."),
    "STREAM_FROZEN": N_(
        "The stream takes nothing until a signed thaw: another event stands in its place."
    ),
}
"""By code; the codes are stable, texts may change."""


def explained(codes: Iterable[str]) -> dict[str, str]:
    """The sentences of these codes, in the order of the catalogue; a newer release's codes have none."""
    asked = set(codes)
    return {code: text for code, text in FINDINGS.items() if code in asked}
