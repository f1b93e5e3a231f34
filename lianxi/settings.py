"""Settings of worker, gateway and starter: arguments > LIANXI_* > config.toml > defaults (a leaf).

`config.toml` lies in the data directory. No secret stands here: where one is needed, settings name
the file or the environment variable that holds it.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

DEFAULT_DATA = Path("lianxi-data")


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
    max_activities: int = Field(default=16, ge=2)
    graceful_shutdown: float = Field(default=15.0, gt=0, le=30)
    continue_after_commands: int | None = Field(default=None, ge=1)

    smtp: dict[str, Any] | None = None
    """The channel smtp, as `lianxi.notices.smtp_settings.SmtpSettings`: the table [smtp] of the file."""

    log_level: str = "INFO"

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
        given = init_settings().get("data") or os.environ.get("LIANXI_DATA") or DEFAULT_DATA
        toml = TomlConfigSettingsSource(settings_cls, Path(given) / "config.toml")
        return init_settings, env_settings, toml

    @cached_property
    def trail_url(self) -> str:
        """The store's database: SQLite in the data directory unless a URL is set."""
        return self.store_url or f"sqlite:///{(self.data / 'trail' / 'trail.db').absolute()}"

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
