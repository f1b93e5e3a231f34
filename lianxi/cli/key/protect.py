"""`lianxi key protect`: a passphrase, or the system's keyring, before the private key (cli layer)."""

import click

from lianxi.cli.ask import may_ask
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.keyfile import key_id_in, protect_key
from lianxi.cli.language import _
from lianxi.cli.passphrase import keep_in_keyring, new_passphrase
from lianxi.cli.terminal import say, visible_line
from lianxi.i18n import N_


@verb(
    "protect",
    example="lianxi key protect\nlianxi key protect --keyring",
    help=N_(
        "Put a passphrase on your key file.\n\n"
        "The key is then of no use to who copies the file. The passphrase is typed, or stands in the"
        " file that LIANXI_PASSPHRASE_FILE names; nobody can restore a lost one. With --keyring the"
        " system's keyring keeps it, with --remove the file holds the key openly again."
    ),
)
@option("--keyring", is_flag=True, help=N_("Let the system's keyring keep the passphrase."))
@option("--remove", is_flag=True, help=N_("Take the passphrase off."))
@click.pass_obj
def protect(flags: Flags, *, keyring: bool, remove: bool) -> None:
    """Write the key file anew."""
    if keyring and remove:
        said = _("--keyring and --remove exclude each other.")
        raise CliError("USAGE", reason=said, command="lianxi key protect")
    path = Client(flags).settings.key_path
    if path is None:
        raise CliError("NO_KEY")
    ask = may_ask(flags)
    passphrase = None
    if keyring:
        passphrase = keep_in_keyring(key_id_in(path))
    elif not remove:
        passphrase = new_passphrase(path, ask=ask)
    key = protect_key(path, passphrase, keyring=keyring, ask=ask)
    done = _("unprotected") if passphrase is None else _("protected")
    say(
        visible_line(
            _("key {key_id}: {state}: {path}").format(
                key_id=key.signer.key_id[:12], state=done, path=path
            )
        )
    )
