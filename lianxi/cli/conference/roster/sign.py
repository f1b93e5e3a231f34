"""`lianxi conference roster sign`: one more signature under a proposed roster (cli layer)."""

import click

from lianxi.cli.ask import confirm
from lianxi.cli.change import identity
from lianxi.cli.client import Client
from lianxi.cli.conference.roster.shown import shown_proposal
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import form_of
from lianxi.cli.render import show_thing
from lianxi.cli.terminal import say, visible_line
from lianxi.i18n import N_


@verb(
    "sign",
    example="lianxi conference roster sign proposal.json",
    help=N_(
        "Sign a proposed roster.\n\n"
        "Shows what it changes, derives the roster by itself from the one this machine knows, and"
        " refuses where that differs. Another file with the signature takes the file's place."
    ),
)
@click.argument("file", metavar="FILE")
@option("--yes", is_flag=True, help=N_("Confirm in advance."))
@click.pass_obj
def sign(flags: Flags, *, file: str, yes: bool) -> None:
    """Check, show, ask, sign."""
    from lianxi.cli.conference.roster.files import read_checked, write_proposal
    from lianxi.cli.roster_book import no_signer
    from lianxi.proof.roster_proposals import signed_by

    client = Client(flags)
    proposal, roster = read_checked(client, file)
    before = shown_proposal(proposal, roster)
    if client.key.signer.key_id not in before["may_sign"]:
        raise no_signer(roster, proposal.change, "ROSTER_SIGNATURE_INVALID")
    signed = signed_by(proposal, roster, client.key.signer)
    for line in before["lines"]:
        say(visible_line(line))
    confirm(flags, _("Sign this roster"), yes=yes)
    write_proposal(file, signed)
    thing = shown_proposal(signed, roster)
    counts = thing["signatures"]
    line = _("signatures: {have} of {need}").format(have=counts["have"], need=counts["need"])
    show_thing(thing, form_of(flags), lambda: line)
    # who signs next does so on another machine, under a profile of its own
    enough = counts["have"] >= counts["need"]
    following = f"adopt {file}{identity(flags)}" if enough else f"sign {file}"
    say(_("next: {command}").format(command=f"lianxi conference roster {following}"))
