"""Which Temporal server the set uses: one fixed order of places, and a sentence that says which.

1. an address or profile the user gives (argument, TEMPORAL_ADDRESS, TEMPORAL_PROFILE)
2. LIANXI_TEMPORAL_SERVER, the path of a server or `temporal` binary
3. our cache: built earlier, or downloaded earlier by the SDK
4. the `temporal` CLI on PATH
5. `go` on PATH: build the pinned server into the cache
6. the SDK's download
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lianxi.runtime import server_build
from lianxi.runtime.faults import RuntimeFault, require_posix
from lianxi.runtime.sdk_download import download as sdk_download
from lianxi.runtime.sdk_download import downloaded
from lianxi.runtime.server_binary import ServerBinary, inspect_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class ServerSource:
    """The server that was taken: `remote` (not ours to start), a `server` binary or the `cli`."""

    kind: Literal["remote", "server", "cli"]
    path: Path | None
    version: str
    said: str
    address: str = ""
    profile: str = ""


def find(
    *,
    address: str | None = None,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    cache: Path | None = None,
) -> ServerSource | None:
    """The server that is there already, without building or downloading; None if there is none."""
    environ = os.environ if environ is None else environ
    cache = cache or server_build.cache_root()
    if given := _given(address, profile, environ):
        return given
    if path := environ.get("LIANXI_TEMPORAL_SERVER"):
        return _named_by_environment(Path(path))
    built = server_build.cached_binary(cache)
    if built.exists() and (binary := inspect_binary(built)):
        return _source(binary, "built with go earlier")
    if binary := downloaded(cache):
        return _source(binary, "downloaded by the Temporal SDK earlier")
    on_path = shutil.which("temporal", path=environ.get("PATH"))
    if on_path and (binary := inspect_binary(Path(on_path))):
        return _source(binary, "found on PATH")
    return None


def find_or_build(
    *,
    address: str | None = None,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    cache: Path | None = None,
    download: Callable[[Path], ServerBinary] = sdk_download,
) -> ServerSource:
    """The server to use; built or downloaded into the user's cache where none is there yet."""
    require_posix()
    environ = os.environ if environ is None else environ
    cache = cache or server_build.cache_root()
    if found := find(address=address, profile=profile, environ=environ, cache=cache):
        return found
    go, why_not = server_build.go_on(environ)
    if go is None:
        try:
            return _source(download(cache), "downloaded by the Temporal SDK")
        except RuntimeFault as fault:
            tried = f"none cached, no `temporal` CLI on PATH, {why_not}"
            message = f"No Temporal server here: {tried}. {fault.message}"
            raise RuntimeFault(fault.code, message, hint=fault.hint) from fault
    path = server_build.build(go, cache, environ)
    binary = inspect_binary(path)
    if binary is None or binary.version != server_build.pinned_version():
        raise RuntimeFault(
            "SERVER_BUILD_UNUSABLE",
            f"The server that was built does not say that it is {server_build.pinned_version()}.",
            hint=f"Remove {path.parent} and run the command again.",
            place=str(path),
        )
    return _source(binary, "built with go just now")


def _given(
    address: str | None, profile: str | None, environ: Mapping[str, str]
) -> ServerSource | None:
    if address:
        return ServerSource("remote", None, "", f"Temporal at {address}, as given", address=address)
    if profile:
        return ServerSource(
            "remote", None, "", f"Temporal of the profile {profile}, as given", profile=profile
        )
    if address := environ.get("TEMPORAL_ADDRESS"):
        said = f"Temporal at {address}, given by TEMPORAL_ADDRESS"
        return ServerSource(
            "remote", None, "", said, address=address, profile=environ.get("TEMPORAL_PROFILE", "")
        )
    if profile := environ.get("TEMPORAL_PROFILE"):
        said = f"Temporal of the profile {profile}, given by TEMPORAL_PROFILE"
        return ServerSource("remote", None, "", said, profile=profile)
    return None


def _named_by_environment(path: Path) -> ServerSource:
    """What LIANXI_TEMPORAL_SERVER names, or a refusal: an explicit wish never falls through."""
    binary = inspect_binary(path.expanduser().absolute())
    if binary is None:
        raise RuntimeFault(
            "SERVER_BINARY_UNUSABLE",
            "LIANXI_TEMPORAL_SERVER names no Temporal server or `temporal` CLI that runs here.",
            hint="Correct it, or unset it to let lianxi find or build one.",
            place=str(path),
        )
    return _source(binary, "named by LIANXI_TEMPORAL_SERVER")


def _source(binary: ServerBinary, how: str) -> ServerSource:
    what = "Temporal server" if binary.kind == "server" else "`temporal` CLI with server"
    return ServerSource(
        binary.kind, binary.path, binary.version, f"{what} {binary.version}, {how}: {binary.path}"
    )
