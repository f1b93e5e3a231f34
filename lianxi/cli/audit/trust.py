"""`lianxi audit trust`: a trust file, to be compared outside the system (cli layer; pydantic)."""

from hashlib import sha256
from pathlib import Path

import click

from lianxi.cli.audit.checkpoint_files import known_log_keys
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.terminal import put, say, visible_line
from lianxi.domain.refusal import Refusal
from lianxi.i18n import N_

MAX_QUORUM = 512


@verb(
    "trust",
    example="lianxi audit trust --to trust.json\nlianxi audit trust --to trust.json --quorum 3",
    help=N_(
        "Make a trust file.\n\n"
        "It names the hash of the first roster, the log's key, and the witnesses known now with how"
        " many of them must cosign. Taken from the gateway it proves nothing by itself: compare"
        " the hash and the key with the convener by telephone or on paper, then"
        " lianxi config set trust FILE. With n witnesses of whom f may lie, more than (n+f)/2 must"
        " cosign."
    ),
)
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@option(
    "--quorum",
    type=click.IntRange(0, MAX_QUORUM),
    default=0,
    metavar="K",
    help=N_("How many of the witnesses must cosign; 0: none."),
)
@click.pass_obj
def trust(flags: Flags, to: str, quorum: int) -> None:
    """Ask, verify the roster from its beginning, write."""
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import Group, Policy, policy_text
    from lianxi.proof.trust import trust_bytes

    client = Client(flags)
    logs = known_log_keys(client)
    genesis = _genesis(client)
    items = client.read("witnesses").get("items", [])
    given = [NoteKey.parse(str(item.get("vkey"))) for item in items if quorum]
    if quorum > len(given):
        raise CliError(
            "USAGE",
            message=_("There are {count} witnesses, fewer than --quorum {quorum}.").format(
                count=len(given), quorum=quorum
            ),
            command="lianxi audit trust",
        )
    witnesses = {key.name.removeprefix(f"{client.place.origin}/"): key for key in given}
    policy = Policy(logs=tuple(logs))
    if quorum:
        group = Group(quorum, tuple(sorted(witnesses)))
        policy = Policy(tuple(logs), witnesses, {"quorum": group}, "quorum")
    active = client.log.log_keys()[0]
    data = trust_bytes(
        origin=client.place.origin,
        genesis=genesis,
        log=active.vkey(),
        policy=policy_text(policy),
        receipt=client.log.pin.receipt_keys,
    )
    if to == "-":
        put(data.decode().removesuffix("\n"))
    else:
        write_private(Path(to).expanduser(), data)
        say(_("Written to {path}").format(path=to))
    say(_("Compare outside the system, before you rely on it:"))
    say(visible_line(f"genesis {genesis}"))
    say(visible_line(f"log     {active.vkey()}"))


def _genesis(client: Client) -> str:
    """The first roster's hash; every step from it to the roster kept here is verified."""
    from lianxi.cli.roster_watch import derived, steps_since

    text: str | None = None
    first = ""
    try:
        for answer in steps_since(client, 0):
            if text is None:
                text = str(answer.get("genesis"))
                first = sha256(text.encode()).hexdigest()
            text = derived(text, answer["steps"])
    except (Refusal, ValueError) as error:
        reason = error.code if isinstance(error, Refusal) else "SCHEMA"
        raise CliError("ANSWER_UNREADABLE", reason=f"roster/steps: {reason}") from None
    pin = client.log.pin
    reached = sha256((text or "").encode()).hexdigest()
    if pin.roster_hash and reached != pin.roster_hash:
        offered = {"reached": reached, "genesis": first}
        path = client.log.folder.keep_evidence("roster-forked", offered)
        raise CliError("ROSTER_FORKED", path=str(path), kept=pin.roster_version, reason="hash")
    return first
