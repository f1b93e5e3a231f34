"""Who and where: every value with its source; flag over environment over profile over default (cli layer)."""

import json
import os
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from lianxi.cli.private_files import write_private

DEFAULT_GATEWAY = "http://127.0.0.1:8600"
DEFAULT_PROFILE = "default"

NAMES = ("gateway", "conference", "origin", "unit", "key", "ca", "trust", "cosign")
"""What a profile may hold.

`ca` is a file of certificates to trust for https, `trust` a trust file (lianxi audit trust);
`cosign` true: each checkpoint this machine has verified is cosigned.
"""

PATHS = ("ca", "key", "trust")
"""Those that are files: kept as absolute paths, since they are used from wherever somebody stands."""

YES, NO = ("true", "1", "yes"), ("false", "0", "no")
"""What `cosign` may be, in small letters."""

_DEFAULTS = {"gateway": DEFAULT_GATEWAY}


class Value(NamedTuple):
    """A setting and who set it."""

    text: str | None
    source: str


class Home(NamedTuple):
    """The user's folders: configuration and keys; and state (requests, receipts, last list)."""

    config: Path
    state: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Home":
        """LIANXI_HOME for everything, else what the operating system names."""
        root = environment.get("LIANXI_HOME")
        if root:
            return cls(Path(root), Path(root) / "state")
        import platformdirs

        return cls(
            platformdirs.user_config_path("lianxi", appauthor=False),
            platformdirs.user_state_path("lianxi", appauthor=False),
        )

    @property
    def file(self) -> Path:
        """The configuration."""
        return self.config / "config.toml"

    @property
    def keys(self) -> Path:
        """Where key files lie unless a profile says otherwise."""
        return self.config / "keys"


class Settings:
    """The values in force for one run."""

    def __init__(self, home: Home, flags: Flags, environment: Mapping[str, str]) -> None:
        self.home = home
        self.flags = flags
        self.environment = environment

    @classmethod
    def of(cls, flags: Flags) -> "Settings":
        """For this process."""
        return cls(Home.of(os.environ), flags, os.environ)

    @cached_property
    def profile(self) -> Value:
        """The profile's name: --as, --profile, LIANXI_PROFILE, the file's default."""
        unit = self.flags.text("as_unit")
        if unit is not None:
            return Value(self._profile_of_unit(unit), f"--as {unit}")
        for text, source in (
            (self.flags.text("profile"), "--profile"),
            (self.environment.get("LIANXI_PROFILE"), "LIANXI_PROFILE"),
        ):
            if text:
                if text not in self.profiles:
                    raise CliError("UNKNOWN_PROFILE", profile=text)
                return Value(text, source)
        default = self._file.get("default")
        if isinstance(default, str) and default in self.profiles:
            return Value(default, str(self.home.file))
        return Value(DEFAULT_PROFILE, "default")

    @cached_property
    def profiles(self) -> dict[str, dict[str, str]]:
        """Every profile of the file."""
        return {
            name: {key: text for key, text in values.items() if isinstance(text, str)}
            for name, values in self._file.get("profile", {}).items()
            if isinstance(values, dict)
        }

    def value(self, name: str) -> Value:
        """One setting: flag, LIANXI_NAME, profile, default."""
        flag = self.flags.text(name)
        if flag is not None:
            return Value(flag, f"--{name}")
        variable = f"LIANXI_{name.upper()}"
        # --as names a whole identity: what the environment says of another one must not mix in
        if self.environment.get(variable) and not (name in ("key", "unit") and self._by_name):
            return Value(self.environment[variable], variable)
        profile = self.profiles.get(self.profile.text or "", {})
        if name in profile:
            return Value(profile[name], f"profile {self.profile.text}")
        if name in _DEFAULTS:
            return Value(_DEFAULTS[name], "default")
        return Value(None, "not set")

    @property
    def _by_name(self) -> bool:
        return self.flags.text("as_unit") is not None or self.flags.text("profile") is not None

    @property
    def state(self) -> Path:
        """The profile's own folder for requests, receipts and lists."""
        return self.home.state / (self.profile.text or DEFAULT_PROFILE)

    @property
    def key_path(self) -> Path | None:
        """The key file; a profile may name it relative to the configuration."""
        return self._path("key")

    @property
    def trust_path(self) -> Path | None:
        """The trust file, likewise."""
        return self._path("trust")

    def _path(self, name: str) -> Path | None:
        value = self.value(name)
        if value.text is None:
            return None
        path = in_home(value.text)
        return self.home.config / path if value.source.startswith("profile") else path

    @cached_property
    def _file(self) -> dict[str, Any]:
        return read_config(self.home)

    def _profile_of_unit(self, unit: str) -> str:
        if unit in self.profiles:
            return unit
        matching = [name for name, values in self.profiles.items() if values.get("unit") == unit]
        wanted = self.flags.text("conference") or self.environment.get("LIANXI_CONFERENCE")
        if wanted:
            matching = [n for n in matching if self.profiles[n].get("conference") == wanted]
        if len(matching) == 1:
            return matching[0]
        raise CliError("UNKNOWN_PROFILE", profile=unit)


def in_home(given: str) -> Path:
    """A path as typed, ~ read as a home. CliError FILE_UNREADABLE where nobody has that one."""
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise CliError("FILE_UNREADABLE", path=given, reason=str(error)) from None


def read_config(home: Home) -> dict[str, Any]:
    """The configuration file's content; nothing where there is none."""
    try:
        text = home.file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CliError("CONFIG_INVALID", path=str(home.file), reason=str(error)) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CliError("CONFIG_INVALID", path=str(home.file), reason=str(error)) from None


def save_profile(
    home: Home, name: str, values: Mapping[str, str], *, default: bool = False
) -> None:
    """Write a profile, or change values of it; `default` makes it the one used unless named.

    The first profile of a machine becomes its default.
    """
    config = read_config(home)
    profiles = config.setdefault("profile", {})
    profiles[name] = {**profiles.get(name, {}), **values}
    if default or not config.get("default"):
        config["default"] = name
    write_private(home.file, _toml(config).encode())


def acting_as(profile: str) -> Flags:
    """The flags of a run with --profile, for programs that type no command line."""
    flags = Flags()
    flags.given["profile"] = profile
    return flags


def free_profile(settings: Settings, unit: str, conference: str) -> str:
    """The name of a unit's profile: its id, or with the conference's where another one has that."""
    taken = settings.profiles.get(unit)
    return (
        unit if taken is None or taken.get("conference") == conference else f"{conference}-{unit}"
    )


def _toml(config: Mapping[str, Any]) -> str:
    """Texts and tables of texts; a JSON text is a TOML text too (TOML 1.0, basic strings)."""
    lines = [f"default = {json.dumps(config['default'])}"]
    for name, values in sorted(config["profile"].items()):
        lines += ["", f"[profile.{json.dumps(name)}]"]
        lines += [f"{key} = {json.dumps(values[key])}" for key in sorted(values)]
    return "\n".join(lines) + "\n"
