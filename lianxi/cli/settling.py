"""What a run does once its command is done: proofs for open receipts, cosignatures (cli layer).

Nothing here fails a command; what a person must know goes to stderr.
"""

from typing import TYPE_CHECKING

from lianxi.cli.faults import CliError
from lianxi.cli.kept import Shelf
from lianxi.cli.profiles import YES
from lianxi.cli.terminal import say, visible

if TYPE_CHECKING:
    from lianxi.cli.client import Client


_SAID = ("GATEWAY_UNREACHABLE", "NO_LOG_KEY")
"""What the command itself, or the watch over the log, says where it matters."""


def settle(client: "Client") -> None:
    """Upgrade open receipts, alarm past their time, cosign where the profile says so.

    The marks of open receipts lie on this machine: what is overdue is known before the gateway is
    asked, and whatever it answers.
    """
    watch = client.log
    known = watch.refused
    try:
        if Shelf(client.settings.state).open_receipts():
            from lianxi.cli.upgrading import upgrade

            failure = upgrade(client)
            if failure is not None and failure is not known and failure.code not in _SAID:
                tell(failure)
        if watch.pin.size and watch.heard and watch.refused is None and _cosigns(client):
            from lianxi.cli.witness import cosign_newest

            cosign_newest(client)
    except CliError as error:
        if error.code not in _SAID:
            tell(error)


def _cosigns(client: "Client") -> bool:
    return (client.settings.value("cosign").text or "").lower() in YES


def tell(error: CliError) -> None:
    """A fault that stops nothing, in its words."""
    say(visible(error.message))
    if error.hint:
        say(visible(error.hint))
