"""A key that waits to take over a profile: made by a rotation, not registered yet (cli layer)."""

from pathlib import Path

from lianxi.cli.ask import may_ask
from lianxi.cli.client import Client
from lianxi.cli.keyfile import Key, key_id_in, read_key
from lianxi.cli.language import _
from lianxi.cli.profiles import save_profile
from lianxi.cli.terminal import say, visible_line

NEXT_KEY = "next_key"
"""Value of a profile: the file of the key that it will use once the roster lists it."""


def pending_path(client: Client) -> Path | None:
    """The file of the profile's next key; None where no rotation is under way."""
    profile = client.settings.profiles.get(client.settings.profile.text or "", {})
    named = profile.get(NEXT_KEY)
    return client.settings.home.config / Path(named).expanduser() if named else None


def pending_key(client: Client) -> Key | None:
    """The profile's next key."""
    path = pending_path(client)
    return None if path is None else read_key(path, ask=may_ask(client.flags))


def note_pending(client: Client, path: Path) -> None:
    """From now on the profile has a next key."""
    save_profile(
        client.settings.home, str(client.settings.profile.text), {NEXT_KEY: str(path.resolve())}
    )


def switch_over(client: Client, key_id: str) -> bool:
    """Let the profile use its next key, if it is this one: the roster lists it now."""
    path = pending_path(client)
    if path is None or key_id_in(path) != key_id:
        return False
    values = {"key": str(path.resolve()), NEXT_KEY: ""}
    save_profile(client.settings.home, str(client.settings.profile.text), values)
    say(visible_line(_("the profile uses the new key now: {path}").format(path=path)))
    return True
