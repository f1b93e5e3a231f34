"""Settings of worker, gateway and starter: arguments > LIANXI_* > config.toml > defaults (a leaf).

`config.toml` lies in the data directory. No secret stands here: where one is needed, settings name
the file or the environment variable that holds it.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DEFAULT_DATA = Path("lianxi-data")


class SettingsError(Exception):
    """Settings that cannot be used: where, which, why, in one line; never a value, it may be a secret."""


def _among_keys(given: Mapping[str, Any], name: str) -> Path:
    # `data` is missing where it was refused itself, which is then the only thing said
    data: Path = given.get("data", DEFAULT_DATA)
    return data / "keys" / name


def _anchors_of_user() -> Path:
    """As the client keeps its state: LIANXI_HOME, or the user's own state directory."""
    home = os.environ.get("LIANXI_HOME")
    if home:
        return Path(home) / "anchors"
    import platformdirs

    return platformdirs.user_state_path("lianxi", appauthor=False) / "anchors"


class Settings(BaseSettings):
    """Where things are and how much is taken. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="LIANXI_", extra="ignore", frozen=True)

    data: Path = DEFAULT_DATA
    store_url: str = ""
    task_queue: str = "lianxi"

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8600, ge=1, le=65_535)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_terminated_in_front: bool = False
    max_evidence_bytes: int = Field(default=32 << 20, ge=1)

    max_cached_workflows: int = Field(default=2_000, ge=1)
    max_activities: int = Field(default=16, ge=4)
    graceful_shutdown: float = Field(default=15.0, gt=0, le=30)
    continue_after_commands: int | None = Field(default=None, ge=1)

    log_key_file: Path = Field(default_factory=lambda given: _among_keys(given, "log.key"))
    """Signs checkpoints; the worker's. While `log.next.key` lies beside it, both sign."""
    receipt_key_file: Path = Field(default_factory=lambda given: _among_keys(given, "receipt.key"))
    """Signs receipts; the gateway's. `log-keys.json` lies beside it."""
    anchors_dir: Path = Field(default_factory=_anchors_of_user)
    """Copies of the newest checkpoints, outside the data directory: they show a restored backup."""
    policy_file: Path | None = None
    """C2SP tlog-policy: by which witnesses a checkpoint counts as witnessed on the operator's side."""
    seal_seconds: float = Field(default=60.0, gt=0)
    seal_events: int = Field(default=100, ge=1)
    reconcile_seconds: float = Field(default=300.0, gt=0, le=300)
    """Clients alarm after 15 minutes without a result; where nothing is new, every second is recorded."""
    reconcile_grace: float = Field(default=120.0, ge=0, le=240)
    """How old a difference becomes before it is a finding; with `reconcile_seconds` below 10 minutes."""
    reconcile_unrecorded: float = Field(default=240.0, ge=0, le=240)
    """The same for an answer that the trail lacks, and a registration without a task."""

    smtp: dict[str, Any] | None = None
    """The channel smtp, as `lianxi.notices.smtp_settings.SmtpSettings`: the table [smtp] of the file."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  no .env files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  nor secret folders
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, then the data directory's config.toml."""
        file = _file_beside(init_settings().get("data"))
        said = _read_file(file, settings_cls.model_fields)
        for name in _paths_in(settings_cls):
            path = said.get(name)
            if isinstance(path, str) and not path.startswith("~"):
                said[name] = file.parent / path
        return init_settings, env_settings, InitSettingsSource(settings_cls, said)

    @field_validator("*")
    @classmethod
    def _wherever_it_is_used(cls, value: Any) -> Any:
        """Paths in full: relative ones of config.toml begin at its folder, others here."""
        if not isinstance(value, Path):
            return value
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("there is no such user") from None

    def paths_told(self) -> dict[str, str]:
        """The paths as variables, for programs that run in another folder than this one."""
        told = {name: getattr(self, name) for name in _paths_in(type(self))}
        return {f"LIANXI_{name.upper()}": str(path) for name, path in told.items() if path}

    @cached_property
    def trail_url(self) -> str:
        """The store's database: SQLite in the data directory unless a URL is set."""
        return self.store_url or f"sqlite:///{self.data / 'trail' / 'trail.db'}"

    @cached_property
    def evidence_dir(self) -> Path:
        """Files by commitment."""
        return self.data / "trail" / "evidence"

    @cached_property
    def temporal_config(self) -> Path | None:
        """How to reach the embedded server, where `lianxi up` runs one and no TEMPORAL_* says else."""
        file = self.data / "server" / "temporal.toml"
        told = any(name.startswith("TEMPORAL_") for name in os.environ)
        return file if not told and file.is_file() else None

    @cached_property
    def run_dir(self) -> Path:
        """Pids, sockets, tokens: what lives as long as the processes."""
        return self.data / "run"


def _paths_in(settings: type[BaseSettings]) -> list[str]:
    """The settings that name a file or folder, but for the data directory itself."""
    return [
        name
        for name, field in settings.model_fields.items()
        if field.annotation in (Path, Path | None) and name != "data"
    ]


def load(**given: Any) -> Settings:
    """The settings; `given` wins over environment and file. Raises SettingsError."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise refused(error, given=given) from None


def refused(
    error: ValidationError, *, within: str = "", given: Mapping[str, Any] | None = None
) -> SettingsError:
    """What is wrong without what was written; `within`: the table that was looked at by itself."""
    given = given or {}
    said = []
    for finding in error.errors(include_url=False, include_context=False, include_input=False):
        path = (*([within] if within else []), *map(str, finding["loc"]))
        said.append(f"{_source(path[0], given)}: {'.'.join(path)}: {finding['msg']}")
    return SettingsError("; ".join(said))


def _source(field: str, given: Mapping[str, Any]) -> str:
    """Who says so; the environment's names are looked up without case, as pydantic does."""
    if field in given:
        return "argument"
    wanted = f"LIANXI_{field}".upper()
    for name in os.environ:
        if name.upper() == wanted:
            return name
    return str(_file_beside(given.get("data")))


def _file_beside(data: Path | None) -> Path:
    return Path(data or os.environ.get("LIANXI_DATA") or DEFAULT_DATA) / "config.toml"


def _read_file(file: Path, known: Iterable[str]) -> dict[str, Any]:
    """What the file says; empty without one. Unknown names are refused: else a misspelt one is lost."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at [^()]*\)$", str(error))
        raise SettingsError(f"{file}: is not TOML {place[0] if place else ''}".rstrip()) from None
    if unknown := sorted(said.keys() - set(known)):
        raise SettingsError(f"{file}: {', '.join(unknown)}: there is no such setting")
    return said
