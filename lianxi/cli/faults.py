"""Why this client stops: one exception, and the codes that only the client knows (cli layer).

The codes of conference and gateway stand in `lianxi.errors`; both tables make docs/errors.md.
"""

from collections.abc import Collection, Mapping

from lianxi.cli import times
from lianxi.cli.language import _
from lianxi.cli.log_faults import LOG_CATALOGUE
from lianxi.cli.words import WORDS
from lianxi.errors import CATALOGUE, UNKNOWN, Entry, Exit, fill
from lianxi.i18n import N_

_CHECK_CONFIG = N_("See what is set and by whom: lianxi config show.")

CLIENT_CATALOGUE: dict[str, Entry] = {
    "USAGE": Entry(N_("{reason}"), N_("See {command} --help."), Exit.USAGE, 400),
    "INTERRUPTED": Entry(
        N_("Interrupted; nothing was sent."), N_("Give the command again."), Exit.INTERRUPTED, 400
    ),
    "PARTLY": Entry(
        N_("{done} of {total} done."),
        N_("The lines above say which are not, and why."),
        Exit.PARTLY,
        400,
    ),
    # profile and key
    "NO_KEY": Entry(
        N_("There is no key to sign with."),
        N_("Make one: lianxi key new --unit UNIT; or name a profile: --profile NAME."),
        Exit.USAGE,
        400,
    ),
    "KEY_FILE_INVALID": Entry(
        N_("The key file {path} cannot be used: {reason}."),
        N_(
            "Name another one (--key). If it is lost, make one (lianxi key new) and send its request"
            " file to the convener, who replaces the lost one: lianxi key replace."
        ),
        Exit.USAGE,
        400,
    ),
    "KEY_FILE_EXPOSED": Entry(
        N_("Others may read the key file {path}."),
        N_("Close it: chmod 600 {path}; if somebody may have read it, make a new key."),
        Exit.USAGE,
        400,
    ),
    "KEY_FILE_EXISTS": Entry(
        N_("There is a key already: {path}."),
        N_("Use it, or name another file with --to; a key is never overwritten."),
        Exit.REFUSED,
        409,
    ),
    "KEY_LOCKED": Entry(
        N_("The key file {path} is protected by a passphrase, and nobody is here to type it."),
        N_("Put it into a file only you can read, and name that: LIANXI_PASSPHRASE_FILE."),
        Exit.USAGE,
        400,
    ),
    "PASSPHRASE_MISSING": Entry(
        N_("A passphrase for the key file {path} is needed, and nobody is here to type it."),
        N_("Put it into a file only you can read, and name that: LIANXI_PASSPHRASE_FILE."),
        Exit.USAGE,
        400,
    ),
    "PASSPHRASE_FILE_EXPOSED": Entry(
        N_("Others may read the passphrase file {path}."),
        N_(
            "Close it: chmod 600 {path}; if somebody may have read it, take another passphrase: lianxi"
            " key protect."
        ),
        Exit.USAGE,
        400,
    ),
    "PASSPHRASE_WRONG": Entry(
        N_("This is not the passphrase of {path}."),
        N_(
            "Try again. If it is lost, so is the key: make another (lianxi key new) and have the"
            " convener replace it: lianxi key replace FILE --lost {key_id} --reason TEXT."
        ),
        Exit.NOT_ALLOWED,
        403,
    ),
    "PASSPHRASE_UNFIT": Entry(
        N_("This passphrase cannot be used: {reason}."),
        N_("Take several words, at least {least} characters in all."),
        Exit.USAGE,
        400,
    ),
    "KEYRING_MISSING": Entry(
        N_("The keyring of this system cannot be used: {reason}."),
        N_("Install it: pip install 'lianxi-conference[keyring]'; or use a passphrase instead."),
        Exit.USAGE,
        400,
    ),
    "KEY_NOT_NAMED": Entry(
        N_("{given} names no single key of the roster."),
        N_("Name it by the first letters of its id: lianxi conference roster check."),
        Exit.USAGE,
        400,
    ),
    "GENESIS_DIFFERS": Entry(
        N_("The conference's first roster has the hash {found}, not {expected}."),
        N_("Stop, and ask the office by another way; keep both as evidence."),
        Exit.REFUSED,
        409,
    ),
    "UNKNOWN_PROFILE": Entry(
        N_("There is no profile {profile} on this machine."), _CHECK_CONFIG, Exit.USAGE, 400
    ),
    "PROFILE_EXISTS": Entry(
        N_("The profile {profile} belongs to another conference."),
        N_("Name another one with --profile."),
        Exit.REFUSED,
        409,
    ),
    "DEMO_KEYS_MISSING": Entry(
        N_("The sample conference stands, but its key {path} is not on this machine."),
        N_("Stop it (lianxi down), move {data} away, and start the demo anew."),
        Exit.NOT_FOUND,
        404,
    ),
    "DEMO_STEP_FAILED": Entry(
        N_("The demo stopped at: {step}."),
        N_("See above why; then lianxi status, lianxi doctor. Running the demo again goes on."),
        Exit.FAILED,
        500,
    ),
    "CONFIG_INVALID": Entry(
        N_("The configuration {path} cannot be read: {reason}."),
        N_("Correct the file, or move it away."),
        Exit.USAGE,
        400,
    ),
    "SETTINGS_INVALID": Entry(
        N_("The settings of this data directory cannot be used: {reason}."),
        N_("Correct the file or the variable; docs/runbook.md lists them."),
        Exit.USAGE,
        400,
    ),
    "ADDRESS_EXPOSED": Entry(
        N_("{address} is not protected: others on the network could read what is sent."),
        N_("Use https://; the office tells you the gateway's address."),
        Exit.USAGE,
        400,
    ),
    "ADDRESS_INVALID": Entry(
        N_("{address} is not a gateway's address."),
        N_("Give it as http://HOST:PORT or https://HOST: --gateway."),
        Exit.USAGE,
        400,
    ),
    "CHOOSE_CONFERENCE": Entry(
        N_("The gateway serves several conferences: {conferences}."),
        N_("Name one: --conference ID."),
        Exit.USAGE,
        400,
    ),
    "NO_CONFERENCE": Entry(
        N_("The gateway serves no conference yet."),
        N_("Found one on its machine: lianxi conference init --help."),
        Exit.NOT_FOUND,
        404,
    ),
    "FOUNDING_TOKEN_MISSING": Entry(
        N_("The gateway's founding token {path} cannot be read: {reason}."),
        N_("Run it on the gateway's machine, with its data directory: --data DIR."),
        Exit.NOT_ALLOWED,
        403,
    ),
    # asking
    "CONFIRMATION_NEEDED": Entry(
        N_("This asks for a confirmation: {what}."), N_("Add --yes."), Exit.USAGE, 400
    ),
    "DECLINED": Entry(N_("Not done, as you said."), N_("Nothing was sent."), Exit.FAILED, 400),
    "INPUT_MISSING": Entry(N_("{option} is missing."), N_("Add {option}."), Exit.USAGE, 400),
    # what is decided on
    "NOT_ASKED": Entry(
        N_("Nothing of this kind waits on {task} for {unit}."),
        N_("See what does: lianxi todo, lianxi task show {task}."),
        Exit.REFUSED,
        409,
    ),
    "CHOOSE_ONE": Entry(
        N_("Several wait on {task}:\n{events}"),
        N_("Name one by its beginning: {option}."),
        Exit.USAGE,
        400,
    ),
    "NOTHING_FOUND": Entry(
        N_("Nothing matches; nothing was done."),
        N_("See what there is: lianxi task list."),
        Exit.OK,
        404,
    ),
    "NO_PROPOSAL": Entry(
        N_("Nothing that was proposed waits under {given}."),
        N_("See what does: lianxi todo."),
        Exit.NOT_FOUND,
        404,
    ),
    # what was given
    "REQUEST_ID_INVALID": Entry(
        N_("{request_id} is not a request id (UUID version 7)."),
        N_("Leave out --request-id; the client makes one and shows it."),
        Exit.USAGE,
        400,
    ),
    "ID_INVALID": Entry(
        N_("{given} is not {what}."), N_("Check the spelling{suggestion}."), Exit.USAGE, 400
    ),
    "NO_SUCH_NUMBER": Entry(
        N_("The last list shown has no number {number}."),
        N_("Show it again: lianxi todo; or name the task."),
        Exit.USAGE,
        400,
    ),
    "TEXT_INVALID": Entry(
        N_("The text of {place} cannot be taken: {reason}."),
        N_("Correct it; long or formatted texts go in as files."),
        Exit.USAGE,
        400,
    ),
    "FILE_UNREADABLE": Entry(
        N_("The file {path} cannot be read: {reason}."), N_("Check the path."), Exit.USAGE, 400
    ),
    "FILE_EMPTY": Entry(
        N_("The file {path} is empty."), N_("Hand in the one that was meant."), Exit.USAGE, 400
    ),
    "FILE_UNWRITABLE": Entry(
        N_("The file {path} cannot be written: {reason}."),
        N_("Name another one, or make room."),
        Exit.FAILED,
        400,
    ),
    "LIMIT_INVALID": Entry(
        N_("The limit {given} cannot be taken: {reason}."), N_("{advice}"), Exit.USAGE, 400
    ),
    "TIME_INVALID": Entry(
        N_("The time {given} cannot be taken: {reason}."),
        N_("Give it like 2026-11-30 or 2026-11-30T17:00:00+08:00."),
        Exit.USAGE,
        400,
    ),
    "TASK_FILE_INVALID": Entry(
        N_("The task file {path} cannot be taken:\n{problems}"),
        N_("Correct the file; lianxi task issue --help shows one."),
        Exit.USAGE,
        400,
    ),
    "ROSTER_FILE_INVALID": Entry(
        N_("The roster file {path} cannot be taken:\n{problems}"),
        N_("Correct the file; lianxi conference init --help shows one."),
        Exit.USAGE,
        400,
    ),
    "CALENDAR_FILE_INVALID": Entry(
        N_("The calendar file {path} cannot be taken:\n{problems}"),
        N_("Correct the file and give it again."),
        Exit.USAGE,
        400,
    ),
    "CALENDAR_NOT_MADE": Entry(
        N_("No calendar can be made of this: {reason}."),
        N_("See lianxi calendar build --help."),
        Exit.USAGE,
        400,
    ),
    "NO_CALENDAR": Entry(
        N_("The conference {conference} has no calendar: it was founded before there were any."),
        N_("Make one and adopt it: lianxi calendar build --help, lianxi calendar adopt --help."),
        Exit.NOT_FOUND,
        404,
    ),
    "RULES_FILE_INVALID": Entry(
        N_("The rules file {path} cannot be taken:\n{problems}"),
        N_("Correct the file; lianxi ladder show --yaml prints one."),
        Exit.USAGE,
        400,
    ),
    "FIELD_UNKNOWN": Entry(
        N_("There is no field {field} here."), N_("There are: {fields}."), Exit.USAGE, 400
    ),
    # what came back
    "ANSWER_UNREADABLE": Entry(
        N_("The gateway's answer is not what this client understands: {reason}."),
        N_(
            "Perhaps client and gateway have different versions; or the address is another server's."
        ),
        Exit.UNREACHABLE,
        502,
    ),
    "RECEIPT_FOREIGN": Entry(
        N_("The receipt is not for what this client sent; it is kept as {path}."),
        N_("Do not trust this gateway; show the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "BYTES_FOREIGN": Entry(
        N_("The bytes of {commit} do not open their commitment."),
        N_("Do not trust this gateway; tell the auditors."),
        Exit.FAILED,
        502,
    ),
    "BUNDLE_INVALID": Entry(
        N_("The bundle {path} cannot be read: line {line}: {reason}."),
        N_("Fetch it again, or make it anew: lianxi audit export --bundle FILE."),
        Exit.USAGE,
        400,
    ),
    **LOG_CATALOGUE,
    "FINDINGS": Entry(
        N_("{count} findings."),
        N_("Tell the auditors; nothing of this is normal."),
        Exit.FAILED,
        500,
    ),
}
"""Codes of the client itself, in the form of `lianxi.errors.CATALOGUE`."""


WORDED: dict[str, tuple[str, ...]] = {
    "WRONG_STATE": ("action", "state", "needed"),
    "ALREADY_SO": ("state",),
    "TASK_ENDED": ("state",),
    "ROLE_NOT_ALLOWED": ("action",),
    "REQUEST_OPEN": ("request",),
    "NO_REQUEST": ("request",),
    "CONVENER_DECIDES": ("act",),
    "NOT_ON_BEHALF": ("act",),
    "NOT_REDACTABLE": ("what",),
}
"""Params that a message names in people's words; hints keep the machine's, for commands."""


def _filled(
    text: str, code: str, params: Mapping[str, str | int], worded: Collection[str] = ()
) -> str:
    """A catalogue text in the language in force; instants as local times, as everywhere."""
    shown = {
        name: _shown(value, words=name in worded) if isinstance(value, str) else value
        for name, value in params.items()
    }
    return fill(_(text), code, shown)


def _shown(value: str, *, words: bool) -> str:
    """A param as people read it."""
    if words:
        parts = value.split(", ")
        value = ", ".join(_(WORDS[part]) if part in WORDS else part for part in parts)
    return times.show(value)


class CliError(Exception):
    """Stops the command; the entry of its code says what is shown and with which exit code."""

    def __init__(
        self,
        code: str,
        *,
        message: str | None = None,
        hint: str | None = None,
        exit_code: int | None = None,
        **params: str | int,
    ) -> None:
        """`message` and `hint`: ready texts instead of the catalogue's; `params` fill the latter."""
        super().__init__(code, params)
        self.code = code
        self.params = params
        entry = self._entry
        self.message = message or _filled(entry.says(params), code, params, WORDED.get(code, ()))
        self.hint = hint if hint is not None else _filled(entry.hint, code, params)
        self.exit_code = int(entry.exit) if exit_code is None else exit_code
        self.retryable = entry.retryable
        self.answered = False
        """Whether a gateway's answer says so, and not this machine."""
        self.failed: list[dict[str, object]] = []
        """Of several at once: those that failed, each with its own error."""

    @classmethod
    def of(cls, code: str, params: Mapping[str, str | int]) -> "CliError":
        """An error whose params came from elsewhere: a refusal, an answer."""
        own = ("code", "message", "hint", "exit_code")
        error = cls(code)
        error.params = {key: value for key, value in params.items() if key not in own}
        worded = WORDED.get(code, ())
        error.message = _filled(error._entry.says(error.params), code, error.params, worded)
        error.hint = _filled(error._entry.hint, code, error.params)
        return error

    @property
    def _entry(self) -> Entry:
        return CATALOGUE.get(self.code) or CLIENT_CATALOGUE.get(self.code) or UNKNOWN

    def as_json(self) -> dict[str, object]:
        """The error as a program reads it."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
            "params": {**self.params, "failed": self.failed} if self.failed else self.params,
        }
