"""The catalogue of everything that can be refused or fail: one entry per stable code (a leaf).

Texts are English and marked for translation; Chinese stands in lianxi/locale. `docs/errors.md` is
generated from here. `{place}` fields are filled with the refusal's params, machine words only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from lianxi.i18n import N_


class Exit(IntEnum):
    """Exit codes of the command line (docs/cli.md)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    REFUSED = 5
    UNREACHABLE = 6
    PARTLY = 7
    PENDING = 8
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code means to a person and to a program."""

    message: str
    hint: str
    exit: Exit
    http: int
    retryable: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Whole messages by the refusal's `reason`, where that word alone tells a person nothing."""

    def says(self, params: Mapping[str, str | int]) -> str:
        """The message for a refusal with these params."""
        return self.reasons.get(str(params.get("reason")), self.message)


CATALOGUE: dict[str, Entry] = {
    # the envelope and who signed it
    "MALFORMED": Entry(
        N_("The input is not well-formed: {reason} at {place}."),
        N_("Write the command again with this client; do not edit what it has signed."),
        Exit.USAGE,
        400,
    ),
    "NOT_CANONICAL": Entry(
        N_("The signed text is not in its canonical form."),
        N_("Sign canonical JSON (RFC 8785); this client does so by itself."),
        Exit.USAGE,
        400,
    ),
    "TOO_LARGE": Entry(
        N_("The input has {size} bytes; at most {limit} are taken."),
        N_("Shorten it, or hand the long part in as a file."),
        Exit.USAGE,
        413,
    ),
    "INVALID_ARGS": Entry(
        N_("The command's arguments are not valid: {reason} at {place}."),
        N_("Give the command again with --help; it says what it takes."),
        Exit.USAGE,
        422,
    ),
    "UNKNOWN_ACTION": Entry(
        N_("There is no command {action} here."),
        N_("See lianxi --help; perhaps client and conference have different versions."),
        Exit.USAGE,
        422,
    ),
    "SIGNATURE_INVALID": Entry(
        N_("The signature does not fit the key it names."),
        N_("Sign with the key of your profile: lianxi config show."),
        Exit.NOT_ALLOWED,
        401,
    ),
    "KEY_INVALID": Entry(
        N_("The public key is not a valid Ed25519 key."),
        N_("Make a new one: lianxi key new."),
        Exit.USAGE,
        400,
    ),
    "KEY_UNKNOWN": Entry(
        N_("The roster does not hold this key."),
        N_(
            "Send the request file of lianxi key new to the office; it runs lianxi key register FILE."
        ),
        Exit.NOT_ALLOWED,
        401,
    ),
    "KEY_RETIRED": Entry(
        N_("This key has been retired."),
        N_(
            "After a rotation, switch over: lianxi key rotate. Otherwise make a new one (lianxi key"
            " new) and send its request file to the office."
        ),
        Exit.NOT_ALLOWED,
        401,
    ),
    "KEY_NOT_YET": Entry(
        N_("This key replaces a lost one and may act from {effective} on."),
        N_("Wait until then; the key that was lost acts meanwhile."),
        Exit.NOT_ALLOWED,
        401,
    ),
    "KEY_REPLACED": Entry(
        N_("Another key has taken the place of this one."),
        N_("Use the new key: lianxi config set key FILE. If you lost none, call the convener."),
        Exit.NOT_ALLOWED,
        401,
    ),
    "UNIT_MISMATCH": Entry(
        N_("The key belongs to another unit than the command names."),
        N_("Use the profile of the unit you act for: lianxi config show."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "ALGORITHM_MISMATCH": Entry(
        N_("The algorithm is not the one registered for this key."),
        N_("Sign with the key of your profile: lianxi config show."),
        Exit.NOT_ALLOWED,
        401,
    ),
    "ROSTER_SIGNATURE_INVALID": Entry(
        N_("The new roster is not signed by the keys that must sign it."),
        N_(
            "Register keys with the convener's profile: lianxi key register FILE --profile convener."
        ),
        Exit.NOT_ALLOWED,
        403,
    ),
    "ROSTER_QUORUM": Entry(
        N_("The new roster has {have} of {need} signatures that it needs."),
        N_(
            "Have the others sign the proposal (lianxi conference roster sign FILE), then adopt it:"
            " lianxi conference roster adopt FILE."
        ),
        Exit.NOT_ALLOWED,
        403,
    ),
    "ROSTER_PROPOSAL": Entry(
        N_("The proposal does not lead on from version {version} of the roster ({reason})."),
        N_(
            "Give the command again; a proposal for another roster than the one in force is made"
            " and signed anew: lianxi conference roster propose --to FILE."
        ),
        Exit.REFUSED,
        409,
        reasons={
            "stale": N_(
                "This was made for another roster than version {version}, the one in force."
            ),
            "ahead": N_(
                "The proposal is for a later roster than version {version}, the newest one known here:"
                " try again once that one is."
            ),
            "roster": N_(
                "The proposal names another version or roster than it leads to from version {version}."
            ),
        },
    ),
    "ROSTER_CHANGE": Entry(
        N_("The roster cannot be changed in this way: {reason}."),
        N_("See who holds which key, and who signs: lianxi conference roster check."),
        Exit.REFUSED,
        422,
        reasons={
            "unknown": N_("The roster holds no key {key_id}."),
            "retired": N_("The key {key_id} is retired already, or named twice."),
            "threshold": N_(
                "The next rosters could not be signed: a key that signs them would be retired or"
                " replaced, or is named twice, or more signatures would be needed than keys sign. Name"
                " others that sign: lianxi conference roster propose --threshold K --keys A,B --to"
                " FILE."
            ),
            "convener": N_("The convener would be left without a key in force."),
            "version": N_("The changes were made for another version of the roster."),
            "lost": N_(
                "The key {key_id}, named as lost, belongs to another unit than the new key. Name a key"
                " of the same unit with --lost."
            ),
            "replaced": N_("The key {key_id} is retired, or another key takes its place already."),
            "signs": N_(
                "The key {key_id} signs rosters. Rotate it (lianxi key rotate), or let others sign"
                " first: lianxi conference roster propose --threshold K --keys A,B --to FILE."
            ),
            "rotation": N_(
                "A unit's key is changed for another only if the old one, in force, has signed for it"
                " ({key_id}). Have the unit run lianxi key rotate; if its key is lost, replace it:"
                " lianxi key replace."
            ),
            "possession": N_(
                "The proofs that the units hold their new keys do not fit the keys added ({key_id})."
                " Take the request files as their units made them."
            ),
        },
    ),
    "REPLACEMENT_TOO_SOON": Entry(
        N_("A lost key is replaced 72 hours later at the earliest, at {earliest}."),
        N_("Give the command again: lianxi key replace FILE --lost KEY_ID --reason TEXT."),
        Exit.REFUSED,
        422,
    ),
    "PREDECESSOR_ACTIVE": Entry(
        N_("The lost key {key_id} would act again without the key that replaced it."),
        N_("Revoke both at once: lianxi conference roster propose --retire A,B --to FILE."),
        Exit.REFUSED,
        409,
    ),
    "WRONG_ORIGIN": Entry(
        N_("The command was signed for another conference."),
        N_("Check the gateway and conference of your profile: lianxi config show."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "WRONG_STREAM": Entry(
        N_("The command was signed for {stream}, not for this one."),
        N_("Send it again with this client."),
        Exit.USAGE,
        400,
    ),
    "UPDATE_ID_MISMATCH": Entry(
        N_("The command came in under another request's id."),
        N_("Send it again with this client."),
        Exit.USAGE,
        400,
    ),
    "EXPIRED": Entry(
        N_("The command was valid until {not_after}."),
        N_("Give the command again without --request-id."),
        Exit.REFUSED,
        409,
    ),
    "NOT_YET_VALID": Entry(
        N_("The command says it was issued at {issued_at}, which has not come yet."),
        N_("Set this machine's clock, then give the command again."),
        Exit.REFUSED,
        409,
    ),
    "SESSION_INVALID": Entry(
        N_("The session token is not valid or has expired."),
        N_("Set this machine's clock and try again; the client makes a new token each time."),
        Exit.NOT_ALLOWED,
        401,
    ),
    "REQUEST_CONFLICT": Entry(
        N_("The request id {request_id} was used for another command."),
        N_("Leave out --request-id to give this as a new command."),
        Exit.REFUSED,
        409,
    ),
    "REQUEST_ID_AGE": Entry(
        N_("The request id {request_id} was not made with this command."),
        N_("Leave out --request-id; a new one is made."),
        Exit.REFUSED,
        409,
    ),
    "HAPPENED_OUT_OF_RANGE": Entry(
        N_("The time stated, {happened_at}, is before the task was issued or has not come yet."),
        N_("State when it happened, or leave it out."),
        Exit.REFUSED,
        422,
    ),
    # roles and rules of a task
    "ROLE_NOT_ALLOWED": Entry(
        N_("The role {role} may not {action}; it is for: {needed}."),
        N_("Use the profile of who may: --profile or --as."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "NOT_YOUR_ASSIGNMENT": Entry(
        N_("{unit} has no assignment on {task}."),
        N_("See what waits for you: lianxi todo."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "UNIT_NOT_ON_TASK": Entry(
        N_("{unit} is not on {task}."),
        N_("See its units: lianxi task show {task}."),
        Exit.NOT_FOUND,
        404,
    ),
    "WRONG_STATE": Entry(
        N_("Cannot {action}: the state is {state}; needed: {needed}."),
        N_("See where it stands: lianxi task show."),
        Exit.REFUSED,
        409,
    ),
    "ALREADY_SO": Entry(
        N_("Nothing to do: it is {state} already."), N_("See lianxi task show."), Exit.OK, 409
    ),
    "TASK_ENDED": Entry(
        N_("{task} is {state}; it takes no more commands."),
        N_(
            "Re-open it while it is closed (lianxi task reopen {task} --help), or issue a new task with"
            " the old one as its basis."
        ),
        Exit.REFUSED,
        409,
    ),
    "STALE": Entry(
        N_("Somebody acted since you looked."),
        N_("Look again: lianxi task show; then repeat the command."),
        Exit.REFUSED,
        409,
    ),
    "NOT_READY_TO_CLOSE": Entry(
        N_("{task} is not ready to close; waiting for: {waiting}."),
        N_("Close it as not implemented with a reason, or wait: lianxi task show {task}."),
        Exit.REFUSED,
        409,
    ),
    "REASON_REQUIRED": Entry(
        N_("This needs a reason."), N_("Add --reason TEXT."), Exit.REFUSED, 422
    ),
    "LEAD_NEEDS_SUCCESSOR": Entry(
        N_("{unit} leads {task}; it can be withdrawn only with a new lead."),
        N_("Add --new-lead UNIT, or cancel the task: lianxi task cancel {task}."),
        Exit.REFUSED,
        409,
    ),
    "SUCCESSOR_UNFIT": Entry(
        N_("{unit} cannot become the lead."),
        N_(
            "Name another unit that is on the task and not withdrawn, and only when the lead leaves."
        ),
        Exit.REFUSED,
        409,
    ),
    "LIMIT_PAST": Entry(
        N_("The limit {field} lies in the past: {instant}."),
        N_("Give an instant ahead of now, or a duration such as 15d."),
        Exit.REFUSED,
        422,
    ),
    "LIMIT_TOO_FAR": Entry(
        N_("The limit {field} lies more than five years ahead: {instant}."),
        N_("Give a nearer one."),
        Exit.REFUSED,
        422,
    ),
    "LIMIT_ORDER": Entry(
        N_("The acknowledge limit {acknowledge_by} lies after due {due}."),
        N_("Make it earlier than due, or leave it out."),
        Exit.REFUSED,
        422,
    ),
    "UNKNOWN_KIND": Entry(
        N_("The rules know no kind of task named {kind}; they know: {kinds}."),
        N_("Name one of these with --kind, or leave it out. See lianxi ladder show."),
        Exit.REFUSED,
        422,
    ),
    "ANSWERED_OTHERWISE": Entry(
        N_("{unit} has answered already, and otherwise."),
        N_("An answer stands. Tell the office: lianxi task progress TASK --text TEXT."),
        Exit.REFUSED,
        409,
    ),
    "PROPOSALS_FULL": Entry(
        N_("{limit} acts wait for approval on {task}; no more can."),
        N_("Ask the convener to decide some of them: lianxi todo."),
        Exit.REFUSED,
        409,
    ),
    "DUE_NEEDED": Entry(
        N_("No due is named, and tasks of the kind {kind} have no default."),
        N_("Add --due LIMIT (or due: in the file), or name another kind: lianxi ladder show."),
        Exit.USAGE,
        422,
    ),
    # redaction
    "REDACTED": Entry(
        N_("What stood here was redacted by {by} on {at}."),
        N_("It cannot be brought back; its commitment stands. Why: lianxi audit show {event}."),
        Exit.NOT_FOUND,
        410,
    ),
    "ALREADY_REDACTED": Entry(
        N_("What stood behind {commit} is redacted already."),
        N_(
            "Nothing is left to do. By whom and why: lianxi task show TASK, or lianxi audit show EVENT"
            " for the event it stood in."
        ),
        Exit.OK,
        409,
    ),
    "NOT_REDACTABLE": Entry(
        N_("{commit} cannot be redacted: it is the {what}, which has to stay."),
        N_(
            "The directory and the reasons of redactions stay readable; give another reason, or name"
            " another text."
        ),
        Exit.REFUSED,
        409,
    ),
    "UNKNOWN_COMMITMENT": Entry(
        N_("No event names the commitment {commit}."),
        N_("Take it from the event: lianxi audit show EVENT, or name EVENT:FIELD."),
        Exit.NOT_FOUND,
        404,
    ),
    "REDACTIONS_FULL": Entry(
        N_("This conference has redacted {limit} texts and files, which is as many as it can."),
        N_("Found a successor conference for what is to come."),
        Exit.REFUSED,
        409,
    ),
    # requests, answers, proposals
    "PAST_LIMIT": Entry(
        N_("The limit for this has passed: {limit}."),
        N_("Tell the office; where it stands: lianxi task show."),
        Exit.REFUSED,
        409,
    ),
    "EXTENSION_NOT_LATER": Entry(
        N_("{asked} is not later than the due in force, {due}."),
        N_("Name a later one; see the due in force: lianxi task show."),
        Exit.REFUSED,
        422,
    ),
    "REQUEST_OPEN": Entry(
        N_("There is an undecided request of this kind already: {request}."),
        N_("Wait for the office, or take it back first: lianxi task retract TASK {request}."),
        Exit.REFUSED,
        409,
    ),
    "NO_REQUEST": Entry(
        N_("{unit} has no undecided request of this kind: {request}."),
        N_(
            "See what waits: lianxi todo, lianxi task show; if it was asked just now, look again in a"
            " moment."
        ),
        Exit.REFUSED,
        409,
    ),
    "DUE_REQUIRED": Entry(
        N_("The due of {unit} is a fixed time, which no rule moves: a new one must be named."),
        N_("Add --due LIMIT."),
        Exit.REFUSED,
        422,
    ),
    "ALREADY_ON_TASK": Entry(
        N_("{unit} is on {task} already."),
        N_("See its part: lianxi task show {task} --unit {unit}."),
        Exit.REFUSED,
        409,
    ),
    "URGED_RECENTLY": Entry(
        N_("{unit} was urged a short while ago."),
        N_("Urge it again from {again_from} on, or call it: lianxi notice phoned --help."),
        Exit.REFUSED,
        409,
    ),
    "UNKNOWN_SUBJECT": Entry(
        N_("This command cannot be about the event {subject}, or not any more."),
        N_("Look at what waits now: lianxi todo, lianxi task show; then repeat the command."),
        Exit.REFUSED,
        409,
    ),
    "ACTED_SINCE": Entry(
        N_("Nothing of the convener's side can be reversed on {task}: the unit has acted since."),
        N_("Put it right by a new act: lianxi task --help."),
        Exit.REFUSED,
        409,
    ),
    "CONVENER_DECIDES": Entry(
        N_("This waits for the convener in person: {act}."),
        N_("The convener finds it in lianxi todo."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "PERIOD_CLOSED": Entry(
        N_("The report of {period} can no longer be filed, or not yet; open: {open}."),
        N_("Name an open period, or leave --period out."),
        Exit.REFUSED,
        409,
    ),
    "NOT_ON_BEHALF": Entry(
        N_("This cannot be filed on a unit's behalf: {act}."),
        N_("These can: {allowed}."),
        Exit.REFUSED,
        422,
    ),
    "ACT_INVALID": Entry(
        N_("The act inside the command does not fit, at {place}."),
        N_("Try the unit's own command with --dry-run: lianxi task --help."),
        Exit.USAGE,
        422,
    ),
    # the ladder
    "RUNG_UNREACHABLE": Entry(
        N_("The rung {rung} could never fire: {why}."),
        N_("Correct the ladder; see the one in force: lianxi ladder show."),
        Exit.REFUSED,
        422,
    ),
    "RUNG_TO_NOBODY": Entry(
        N_("The rung {rung} tells nobody."),
        N_("Give it one or more of unit, units, office, convener in its field to."),
        Exit.REFUSED,
        422,
    ),
    "LADDER_GAPS": Entry(
        N_("The ladder lacks a rung that is needed: {lacks}."),
        N_(
            "It needs a red rung at due that fires late, for every state in which due runs, and"
            " reminders of review, request, objection, suspension and close: lianxi ladder show."
        ),
        Exit.REFUSED,
        422,
    ),
    "RUNG_ORDER": Entry(
        N_("The rung {rung} stands in the wrong order."),
        N_("First the rung that says late, then warnings and bulletins, each at a later day."),
        Exit.REFUSED,
        422,
    ),
    # the calendar
    "CALENDAR_HOURS": Entry(
        N_("The office closes at {closes}, which is not after it opens at {opens}."),
        N_("Give two times of one day, such as 09:00 and 17:00."),
        Exit.REFUSED,
        422,
    ),
    "CALENDAR_ORDER": Entry(
        N_("In the calendar's {field} {second} stands after {first}: they are to be ascending."),
        N_("Put the earlier first; an entry ends on or after its first day."),
        Exit.REFUSED,
        422,
    ),
    "CALENDAR_OVERLAP": Entry(
        N_("The calendar's entries that begin on {first} and {second} overlap."),
        N_("Leave each day in one entry."),
        Exit.REFUSED,
        422,
    ),
    "CALENDAR_CONTRADICTION": Entry(
        N_("The calendar says of {day} that it is a holiday and a make-up working day."),
        N_("Leave it in one of the two entries that begin on {first} and {second}."),
        Exit.REFUSED,
        422,
    ),
    "CALENDAR_ZONE": Entry(
        N_("The calendar counts days of {calendar}, the conference those of {zone}."),
        N_("Build the calendar for the conference's zone: zone: {zone}."),
        Exit.REFUSED,
        422,
    ),
    # the conference
    "ALREADY_FOUNDED": Entry(
        N_("The conference {conference} is founded already."),
        N_("See it: lianxi conference show."),
        Exit.REFUSED,
        409,
    ),
    "UNKNOWN_UNIT": Entry(
        N_("The conference has no unit {unit}."),
        N_("See its units: lianxi unit list."),
        Exit.NOT_FOUND,
        404,
    ),
    "DUPLICATE_UNIT": Entry(
        N_("The unit {unit} is listed twice, or its id is reserved."),
        N_("Give every unit an id of its own in the roster file."),
        Exit.USAGE,
        422,
    ),
    "KEY_ALREADY_REGISTERED": Entry(
        N_("The roster lists the key {key_id} already; a key is registered once, ever."),
        N_(
            "See whose it is: lianxi conference roster check. Another key is made by lianxi key new."
        ),
        Exit.REFUSED,
        409,
    ),
    "ROLE_MISMATCH": Entry(
        N_("{unit} cannot hold the role {role}."),
        N_("The role goes with the id: convener, office, auditor, or a member unit."),
        Exit.USAGE,
        422,
        reasons={
            "role": N_("The new key's role does not go with its unit."),
            "unit": N_("The new key's unit is another spelling of a reserved id."),
            "system": N_("The system acts by rules; no key can be registered for its commands."),
            "use": N_("Keys of the log and of receipts are the service's alone."),
            "state": N_("The new key is listed as retired from the beginning."),
            "effective": N_(
                "Only a key that takes a lost one's place acts from a later instant on, and it is"
                " registered by itself: lianxi key replace."
            ),
        },
    ),
    "ALREADY_REGISTERED": Entry(
        N_("{ref} is registered already as {task}, with the same content."),
        N_("See it: lianxi task show {task}."),
        Exit.OK,
        409,
    ),
    "ZONE_UNKNOWN": Entry(
        N_("There is no time zone {zone}."),
        N_("Give one of the tz database, such as Asia/Shanghai."),
        Exit.USAGE,
        422,
    ),
    "UNIT_SUCCEEDED": Entry(
        N_("{unit} has been succeeded by {into}."),
        N_("Name {into} instead."),
        Exit.REFUSED,
        409,
    ),
    "NOT_SUCCEEDED": Entry(
        N_("{unit} has not been succeeded by {into}."),
        N_("Have it succeeded first: lianxi unit succeed {unit} --into {into}."),
        Exit.REFUSED,
        409,
    ),
    "VERSION_NOT_NEXT": Entry(
        N_("Version {given} does not follow on version {now}, which is in force."),
        N_(
            "Give the file a higher version; see what is in force: lianxi ladder show (rules), lianxi"
            " calendar check (calendar)."
        ),
        Exit.REFUSED,
        409,
    ),
    "CALENDAR_UNKNOWN": Entry(
        N_("The conference has not adopted this calendar (version {version})."),
        N_("Adopt it first, its tasks follow: lianxi calendar adopt FILE."),
        Exit.REFUSED,
        409,
    ),
    "RULES_UNKNOWN": Entry(
        N_("The conference has not adopted these rules (version {version})."),
        N_(
            "See those in force: lianxi ladder show; or adopt these first: lianxi ladder adopt FILE."
        ),
        Exit.REFUSED,
        409,
    ),
    "REGISTER_FULL": Entry(
        N_("The conference has {limit} tasks; it takes no more."),
        N_("Found a further conference for the next tasks: lianxi conference init."),
        Exit.REFUSED,
        409,
    ),
    "WORKFLOW_MISSING": Entry(
        N_("The workflow of {task} is gone, though its task is not over."),
        N_("Tell the operator and the auditors: somebody may have terminated or deleted it."),
        Exit.FAILED,
        500,
    ),
    "ISSUE_DIFFERS": Entry(
        N_("{ref} is registered already as {task}, with other content."),
        N_("Change it by commands (lianxi task due {task} …), or give the file another id."),
        Exit.REFUSED,
        409,
    ),
    # where things are
    "UNKNOWN_TASK": Entry(
        N_("There is no task {task} here."), N_("See yours: lianxi task list."), Exit.NOT_FOUND, 404
    ),
    "UNKNOWN_CONFERENCE": Entry(
        N_("There is no conference {conference} here."),
        N_("See what the gateway serves: lianxi conference show."),
        Exit.NOT_FOUND,
        404,
    ),
    "NOT_FOUND": Entry(
        N_("There is nothing here: {what}."), N_("Check the spelling."), Exit.NOT_FOUND, 404
    ),
    # witnesses
    "WITNESS_NAME": Entry(
        N_("A witness of yours is called {expected}."),
        N_("Cosign with this client; it makes the key under the right name."),
        Exit.REFUSED,
        422,
    ),
    "WITNESS_KNOWN": Entry(
        N_("The witness {name} has another key already."),
        N_("Cosign with that key, or move the key file away: a new one has a new name."),
        Exit.REFUSED,
        409,
    ),
    "WITNESSES_FULL": Entry(
        N_("The unit has {limit} witnesses already; no more are taken."),
        N_("Cosign on one of the machines that did so before."),
        Exit.REFUSED,
        409,
    ),
    "COSIGNATURE_INVALID": Entry(
        N_("The cosignature does not hold for the checkpoint of that size."),
        N_("Cosign with this client: lianxi audit cosign."),
        Exit.USAGE,
        400,
    ),
    "COSIGNATURE_TIME": Entry(
        N_("The cosignature's time lies more than {minutes} minutes ahead of the gateway's clock."),
        N_("Set this machine's clock, then run lianxi audit cosign again."),
        Exit.USAGE,
        400,
    ),
    "NOT_ALLOWED": Entry(
        N_("This is not yours to see or do."),
        N_("Use the profile of who may: --profile or --as."),
        Exit.NOT_ALLOWED,
        403,
    ),
    "OPENING_MISSING": Entry(
        N_("A text or file of this command has not been handed in: {commit}."),
        N_("Send the command again with this client; it hands texts in first."),
        Exit.REFUSED,
        409,
    ),
    "OPENING_MISMATCH": Entry(
        N_("The bytes do not open the commitment."),
        N_("Send the command again with this client."),
        Exit.USAGE,
        422,
    ),
    # when parts are away
    "PENDING": Entry(
        N_("PENDING: no definite answer yet for request {request_id}."),
        N_(
            "It may have been done. Repeat it safely: the same command with --request-id {request_id}."
        ),
        Exit.PENDING,
        202,
        retryable=True,
    ),
    "FROZEN": Entry(
        N_("{stream} is frozen: the trail holds another event at the same place."),
        N_(
            "Tell the auditors: lianxi audit findings names the place. The convener's side lets it go"
            " on: lianxi task thaw TASK --reason TEXT."
        ),
        Exit.REFUSED,
        409,
    ),
    "NOT_FROZEN": Entry(
        N_("{task} is not frozen: there is nothing to thaw."),
        N_("lianxi audit findings lists what is."),
        Exit.REFUSED,
        409,
    ),
    "STORED_UNFIT": Entry(
        N_("The stored events do not fit the event that the thaw names ({reason})."),
        N_("Give the command again; if it stays, run lianxi audit verify beside the trail."),
        Exit.REFUSED,
        409,
        reasons={
            "missing": N_(
                "The thaw names no event to go on from, or no stored events were sent along."
            ),
            "encoding": N_("The stored events sent along with the thaw cannot be unpacked."),
            "size": N_("The stored events sent along with the thaw are larger than may be sent."),
            "events": N_("One of the stored events is damaged, out of order or of another stream."),
            "head": N_(
                "The stored events end with another event than the one that the thaw names."
            ),
            "roster": N_("The roster in force behind the stored events was not sent along."),
            "state": N_("The stored events do not tell how this stream came to be."),
        },
    ),
    "STORED_TOO_LARGE": Entry(
        N_("{stream} has too many events to be thawed over Temporal."),
        N_("Found a new conference for what goes on; this stream stays as it is, readable."),
        Exit.REFUSED,
        409,
    ),
    "NO_RESULT": Entry(
        N_("Trail and Temporal were not compared in time."),
        N_(
            "Look again in a minute: lianxi audit reconcile --last; the operator runs lianxi doctor."
        ),
        Exit.UNREACHABLE,
        503,
        retryable=True,
    ),
    "BACKLOG_FULL": Entry(
        N_("Too much waits to be recorded; the trail may be away."),
        N_("Try again in a minute; the operator runs lianxi doctor."),
        Exit.UNREACHABLE,
        503,
        retryable=True,
    ),
    # tree, checkpoints, proofs, policies
    "TREE_RANGE": Entry(
        N_("The tree has no such leaf or size ({reason})."),
        N_("See its size: lianxi audit checkpoint."),
        Exit.USAGE,
        422,
    ),
    "TREE_NODE_MISSING": Entry(
        N_("The store lacks node {index} on level {level} of the tree."),
        N_("Tell the auditors: lianxi audit verify names the place."),
        Exit.FAILED,
        500,
    ),
    "PROOF_INVALID": Entry(
        N_("The proof does not lead to the root of the tree ({reason})."),
        N_("Keep the file as evidence and tell the auditors."),
        Exit.REFUSED,
        409,
    ),
    "NOTE_MALFORMED": Entry(
        N_("This is not a signed note: {reason} at {place}."),
        N_("Fetch it again; it must arrive byte for byte as it was sent."),
        Exit.USAGE,
        400,
    ),
    "NOTE_KEY_INVALID": Entry(
        N_("This is not a usable verifier key ({reason})."),
        N_("Write it as its owner gave it: name+hash+key, one word."),
        Exit.USAGE,
        400,
    ),
    "CHECKPOINT_MALFORMED": Entry(
        N_("This is not a checkpoint: its text has not the three lines it must have ({reason})."),
        N_("Fetch it again: lianxi audit checkpoint."),
        Exit.USAGE,
        400,
    ),
    "CHECKPOINT_SIGNATURE": Entry(
        N_("The checkpoint is not signed by the log's key you know ({reason})."),
        N_("Keep it as evidence; compare the log's key with the one you got outside the system."),
        Exit.NOT_ALLOWED,
        409,
    ),
    "FOREIGN_CHECKPOINT": Entry(
        N_("The checkpoint belongs to another conference, not to {expected}."),
        N_("Check the conference of your profile: lianxi config show."),
        Exit.NOT_ALLOWED,
        409,
    ),
    "TLOG_PROOF_MALFORMED": Entry(
        N_("This is not a proof of inclusion: {reason} in line {place}."),
        N_("Fetch it again; it must arrive byte for byte as it was sent."),
        Exit.USAGE,
        400,
    ),
    "POLICY_MALFORMED": Entry(
        N_("The witness policy cannot be used: {reason} in line {place}."),
        N_("Correct the line; the form is described at c2sp.org/tlog-policy."),
        Exit.USAGE,
        422,
    ),
    "STORE_UNAVAILABLE": Entry(
        N_("The trail cannot be read or written now."),
        N_("Try again in a minute; the operator runs lianxi doctor."),
        Exit.UNREACHABLE,
        503,
        retryable=True,
    ),
    "TRAIL_BEHIND": Entry(
        N_("Nothing is recorded: the trail is not the one whose checkpoint was kept elsewhere."),
        N_("Keep your receipts. The operator brings the newer backup back: docs/runbook.md."),
        Exit.REFUSED,
        503,
    ),
    "ENGINE_UNAVAILABLE": Entry(
        N_("The workflow server cannot be reached now."),
        N_("Try again in a minute; the operator runs lianxi status."),
        Exit.UNREACHABLE,
        503,
        retryable=True,
    ),
    "GATEWAY_UNREACHABLE": Entry(
        N_("The gateway {address} does not answer."),
        N_("Check the address: lianxi config show; on the conference's machine: lianxi status."),
        Exit.UNREACHABLE,
        503,
        retryable=True,
    ),
    "INTERNAL": Entry(
        N_("Something went wrong inside; nothing was done."),
        N_("Tell the operator; the logs have the request id."),
        Exit.FAILED,
        500,
    ),
}
"""Every code, its texts, its exit code and HTTP status."""

UNKNOWN = Entry(
    N_("Refused with the code {code}, which this client does not know."),
    N_("Update the client."),
    Exit.FAILED,
    500,
)


def entry(code: str) -> Entry:
    """The catalogue entry of a code; `UNKNOWN` for one from a newer release."""
    return CATALOGUE.get(code, UNKNOWN)


class _Blank(dict[str, object]):
    """Leaves a gap for a field that nobody filled: no text fails for a missing word, nor shows code."""

    def __missing__(self, _key: str) -> str:
        return "…"


def fill(text: str, code: str, params: dict[str, str | int]) -> str:
    """Fill a catalogue text with a refusal's params."""
    return text.format_map(_Blank(params, code=code))


_TRANSLATED: dict[str, str] = {
    "JSON_TOO_LARGE": "TOO_LARGE",
    "JSON_NOT_CANONICAL": "NOT_CANONICAL",
    "PUBLIC_KEY_INVALID": "KEY_INVALID",
    "ORIGIN_MISMATCH": "WRONG_ORIGIN",
    "STREAM_MISMATCH": "WRONG_STREAM",
    "ISSUED_IN_FUTURE": "NOT_YET_VALID",
    "KEY_KNOWN": "KEY_ALREADY_REGISTERED",
    "ROSTER_SIGNER": "ROSTER_SIGNATURE_INVALID",
    "ROSTER_ENTRY": "ROLE_MISMATCH",
    "NOTE_TOO_LARGE": "TOO_LARGE",
}
"""Codes of the proof layer that the catalogue has under another name: those say precisely which
byte was wrong, the catalogue tells people what to do next."""

_MALFORMED = (
    "JSON_",
    "SCHEMA",
    "SALT_INVALID",
    "SEED_INVALID",
    "KEY_ID_MISMATCH",
    "BASE64",
    "PAYLOAD_TYPE",
    "SIGNATURE_COUNT",
    "VALIDITY",
    "TOKEN_MALFORMED",
    "ROSTER_FULL",
    "ROSTER_GENESIS",
    "EVENT_",
    "WRONG_REGISTRATION",
)
"""Codes (or their beginnings) that all say: no client of ours sends this."""


def in_catalogue(code: str, params: Mapping[str, str | int]) -> tuple[str, dict[str, str | int]]:
    """A refusal's code and params as the catalogue has them."""
    if code in _TRANSLATED:
        return _TRANSLATED[code], _renamed(code, params)
    if code.startswith(_MALFORMED):
        reason = code.lower().replace("_", "-")
        given = params.get("reason")
        return "MALFORMED", {
            **params,
            "reason": reason if given is None else f"{reason} ({given})",
            "place": params.get("place", "/"),
        }
    return code, dict(params)


def _renamed(code: str, params: Mapping[str, str | int]) -> dict[str, str | int]:
    if code == "STREAM_MISMATCH" and "expected" in params:
        return {**params, "stream": params["expected"]}
    return dict(params)
