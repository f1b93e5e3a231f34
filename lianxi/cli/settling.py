"""What a run does once its command is done: proofs for open receipts, cosignatures (cli layer).

Nothing here fails a command; what a person must know goes to stderr.
"""

from typing import TYPE_CHECKING

from lianxi.cli.faults import CliError
from lianxi.cli.kept import Shelf
from lianxi.cli.terminal import say, visible

if TYPE_CHECKING:
    from lianxi.cli.client import Client


def settle(client: "Client") -> None:
    """Upgrade open receipts, alarm past their time, cosign where the profile says so."""
    if not client.log.pin.size:
        return
    try:
        if Shelf(client.settings.state).open_receipts():
            from lianxi.cli.upgrading import upgrade

            upgrade(client)
        if (client.settings.value("cosign").text or "").lower() in ("true", "1", "yes"):
            from lianxi.cli.witness import cosign_newest

            cosign_newest(client)
    except CliError as error:
        if error.code == "GATEWAY_UNREACHABLE":
            return
        say(visible(error.message))
        if error.hint:
            say(visible(error.hint))
