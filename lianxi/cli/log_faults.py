"""The codes of what a client sees in log, roster and receipts (cli layer); part of its catalogue."""

from lianxi.errors import Entry, Exit
from lianxi.i18n import N_

ALARMS = frozenset(
    {
        *("LOG_FORKED", "LOG_FOREIGN", "LOG_UNSIGNED", "LOG_KEY_FOREIGN"),
        *("ROSTER_FORKED", "TRUST_DIFFERS"),
    }
)
"""What a gateway says is not to be believed after one of these."""

LOG_CATALOGUE: dict[str, Entry] = {
    "LOG_FORKED": Entry(
        N_(
            "ALARM: the conference's log is not the one this machine has seen: size {kept} was kept,"
            " size {offered} is shown, and it does not continue it. The evidence is kept: {path}."
        ),
        N_("Do not act on what this gateway shows; give the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "LOG_FOREIGN": Entry(
        N_("The checkpoint is another conference's, not one of {origin}."),
        N_("Check address and profile: lianxi config show."),
        Exit.FAILED,
        502,
    ),
    "TRUST_FOREIGN": Entry(
        N_("The trust file {path} is another conference's, not one of {origin}."),
        N_("Check profile and trust file (lianxi config show); ask the convener for this one's."),
        Exit.USAGE,
        400,
    ),
    "TRUST_DIFFERS": Entry(
        N_(
            "The first roster that the gateway shows has the hash {found}; by the trust file {path}"
            " it is {expected}."
        ),
        N_(
            "Do not act on what this gateway shows; compare the hash with the convener by telephone"
            " or on paper."
        ),
        Exit.FAILED,
        502,
    ),
    "LOG_KEY_FOREIGN": Entry(
        N_(
            "ALARM: the trust file names a key of the log that no roster of {origin} has ever listed:"
            " {key}."
        ),
        N_(
            "Do not act on what this gateway shows; compare the log's key with the convener by"
            " telephone."
        ),
        Exit.FAILED,
        502,
    ),
    "LOG_UNSIGNED": Entry(
        N_(
            "ALARM: the checkpoint shown is not signed by the conference's log ({reason}). The"
            " evidence is kept: {path}."
        ),
        N_("Do not act on what this gateway shows; give the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "ROSTER_FORKED": Entry(
        N_(
            "ALARM: the roster shown does not follow from version {kept}, which this machine has"
            " verified ({reason}). The evidence is kept: {path}."
        ),
        N_("Do not act on what this gateway shows; give the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "PIN_UNREADABLE": Entry(
        N_("What this machine has seen of the log cannot be read: {path}."),
        N_("Show it to the auditors; moving it away means to trust the log anew."),
        Exit.FAILED,
        500,
    ),
    "NO_CHECKPOINT": Entry(
        N_("The conference's log has no checkpoint yet."),
        N_("It makes one by itself within a minute; then: lianxi audit checkpoint."),
        Exit.NOT_FOUND,
        404,
    ),
    "NO_LOG_KEY": Entry(
        N_("Nobody has named the key of the conference's log."),
        N_("Ask the convener for a trust file: lianxi config set trust FILE."),
        Exit.FAILED,
        404,
    ),
    "CHECKPOINT_FILE_INVALID": Entry(
        N_("The file {path} holds no checkpoint that can be taken: {reason}."),
        N_("Give one that lianxi audit checkpoint --to FILE has written."),
        Exit.USAGE,
        400,
    ),
    "TRUST_FILE_INVALID": Entry(
        N_("The trust file {path} cannot be taken: {reason}."),
        N_("Ask for it again; lianxi audit trust --to FILE makes one."),
        Exit.USAGE,
        400,
    ),
    "RECEIPT_FILE_INVALID": Entry(
        N_("The file {path} holds no receipt that can be checked: {reason}."),
        N_("Give one that lianxi task receipt --to FILE has written."),
        Exit.USAGE,
        400,
    ),
    "RECEIPT_SIGNATURE": Entry(
        N_(
            "ALARM: the receipt of request {request_id} is not signed by the conference's receipt"
            " key. It is kept: {path}."
        ),
        N_("Do not trust this gateway; give the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "RECEIPT_LATE": Entry(
        N_(
            "ALARM: the receipt of request {request_id} promises its proof for later than ten minutes"
            " after the act. It is kept: {path}."
        ),
        N_("Do not trust this gateway; give the file to the auditors."),
        Exit.FAILED,
        502,
    ),
    "RECEIPT_UNPROVEN": Entry(
        N_(
            "ALARM: the proof given for request {request_id} does not hold. The evidence is kept:"
            " {path}."
        ),
        N_("Give the file to the auditors; the receipt itself stays as it was."),
        Exit.FAILED,
        502,
    ),
    "KEY_NOT_LISTED": Entry(
        N_("The roster lists no key {key_id} for {unit}."),
        N_("See what it lists: lianxi key show."),
        Exit.NOT_FOUND,
        404,
    ),
    "WITNESS_FILE_INVALID": Entry(
        N_("The witness key {path} cannot be used: {reason}."),
        N_("Move it away; a new one is made, under another name."),
        Exit.FAILED,
        500,
    ),
}
"""In the form of `lianxi.errors.CATALOGUE`; `lianxi.cli.faults` takes them in."""
