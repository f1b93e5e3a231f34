"""`lianxi key protect`: a passphrase, or the system's keyring, before the private key (cli layer)."""

import click

from lianxi.cli.ask import may_ask
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.keyfile import keyring_name, protect_key, read_key
from lianxi.cli.language import _
from lianxi.cli.passphrase import drop_from_keyring, keep_in_keyring, new_passphrase
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
    # opened before anything else is touched: what opens it now must go on to do so until it is written
    key, before = read_key(path, ask=ask), keyring_name(path)
    kept = keep_in_keyring(key.signer.key_id) if keyring else None
    passphrase = kept.passphrase if kept else None if remove else new_passphrase(path, ask=ask)
    protect_key(path, passphrase, keyring=kept and kept.name, ask=ask)
    if before is not None:
        drop_from_keyring(before)
    done = _("unprotected") if passphrase is None else _("protected")
    say(
        visible_line(
            _("key {key_id}: {state}: {path}").format(
                key_id=key.signer.key_id[:12], state=done, path=path
            )
        )
    )
