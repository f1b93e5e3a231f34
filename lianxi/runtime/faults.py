"""Runtime's one exception: what went wrong, under a stable code, and what to type next."""

from __future__ import annotations

import os


class RuntimeFault(Exception):  # noqa: N818 - a RuntimeError is something else in Python
    """A refusal or failure of the embedded set that the CLI shows without a traceback.

    `code` is stable and machine-readable, `message` says what happened and why, `hint` what to do
    next, `place` the file, port or setting it is about (both may be empty).
    """

    def __init__(self, code: str, message: str, *, hint: str = "", place: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place

    def as_json(self) -> dict[str, str]:
        """The four fields; a supervisor in the background leaves them in `run/state.json`."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "place": self.place}

    @classmethod
    def from_json(cls, fields: dict[str, str]) -> RuntimeFault:
        """The fault that another process wrote with `as_json`."""
        return cls(fields["code"], fields["message"], hint=fields["hint"], place=fields["place"])


def require_posix() -> None:
    """Refuse on Windows, where only the client is supported (no flock, sessions or signals)."""
    if os.name != "posix":
        raise RuntimeFault(
            "RUNTIME_NOT_ON_WINDOWS",
            "The embedded set runs on Linux and macOS; on Windows lianxi is a client only.",
            hint="Point a profile at a gateway on another machine: lianxi config show",
        )
