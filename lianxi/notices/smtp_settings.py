"""Settings of the channel `smtp` (notices): where, as whom, how protected; the secret on demand."""

import ipaddress
import os
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class SmtpSettings(BaseModel):
    """One mail server. The password is read when a connection is made, and never kept.

    Invariant: no login over an unprotected connection, except on this machine itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65_535)
    sender: str
    """The address in From and in the envelope, e.g. `office@conference.example`."""
    sender_name: str = "Lianxi"
    protection: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    """PEM certificates to trust; None: the system's."""
    username: str | None = None
    password_file: Path | None = None
    password_env: str = "LIANXI_SMTP_PASSWORD"  # noqa: S105  the variable's name, not its value
    timeout_seconds: float = Field(default=8.0, gt=0, le=60)
    """What one batch may take in all. Must stay below the worker's graceful shutdown timeout."""

    @field_validator("sender")
    @classmethod
    def _sender_is_an_address(cls, value: str) -> str:
        address = mail_address(value)
        if address is None:
            raise ValueError("not a mail address")
        return address

    @field_validator("sender_name")
    @classmethod
    def _name_is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is one line of printable characters")
        return value

    @model_validator(mode="after")
    def _login_is_protected(self) -> Self:
        if self.username is not None and self.protection == "none" and not _is_loopback(self.host):
            raise ValueError("login needs protection starttls or tls")
        return self

    def password(self) -> SecretStr:
        """The password, from `password_file` (trailing line break cut) or the environment.

        Raises OSError when the file cannot be read, KeyError when the variable is not set.
        """
        if self.password_file is not None:
            return SecretStr(self.password_file.read_text(encoding="utf-8").rstrip("\r\n"))
        return SecretStr(os.environ[self.password_env])


def mail_address(text: str) -> str | None:
    """`text` if it is exactly one ASCII addr-spec (RFC 5322 §3.4.1), else None."""
    if not text.isascii() or not text.isprintable():
        return None
    try:
        address = Address(addr_spec=text)
    # the standard library's parser answers odd input with all of these
    except (MessageError, ValueError, IndexError, AttributeError):
        return None
    return text if address.username and address.domain and address.addr_spec == text else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
