"""`lianxi audit verify`: the trail checked, over the gateway or beside the store (cli layer)."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lianxi.cli import times
from lianxi.cli.audit.verify_report import NOT_BESIDE_STORE, Verdict, report
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.machine.plan import settings_at
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.proof.checkpoints import Checkpoint
    from lianxi.proof.policies import Policy
    from lianxi.settings import Settings as ServiceSettings

_DEPTHS: dict[str, Literal["bytes", "full", "deep"]] = {
    "bytes": "bytes",
    "full": "full",
    "deep": "deep",
}


@verb(
    "verify",
    example="lianxi audit verify\nlianxi audit verify --data lianxi-data --depth full",
    help=N_(
        "Check hashes, chains, signatures and the tree, and derive every event again.\n\n"
        "Over the gateway: fetches the exact bytes of every event and says what it could not check."
        " With --data, beside the store: checks texts, files and read tables too. Exit code 1 with"
        " findings, each named."
    ),
)
@option("--data", metavar="DIR", help=N_("The data directory whose store is checked."))
@option(
    "--depth",
    type=click.Choice(list(_DEPTHS)),
    default="deep",
    help=N_(
        "bytes: hashes and chains only; full: also what every event says, and the read tables;"
        " deep: also signatures, and every event derived again."
    ),
)
@option(
    "--jobs",
    type=click.IntRange(1, 64),
    help=N_("So many processes, with --data; as many as there are processors otherwise."),
)
@option(
    "--policy",
    metavar="FILE",
    help=N_(
        "Which witnesses count (C2SP tlog-policy); the profile's trust file says it otherwise."
    ),
)
@option(
    "--trust",
    metavar="FILE",
    help=N_("A trust file obtained elsewhere: it is compared, its policy counts."),
)
@click.pass_obj
def verify(
    flags: Flags,
    data: str | None,
    depth: str,
    jobs: int | None,
    policy: str | None,
    trust: str | None,
) -> int:
    """Check everything there is, then say what was found."""
    if policy is not None and trust is not None:
        raise click.UsageError(_("Give --policy or --trust, not both."))
    told = None if trust is None else Path(trust)
    counting = None if policy is None else _policy_in(policy)
    if data is None:
        from lianxi.cli.audit.verify_remote import over_gateway

        return report(flags, over_gateway(flags, depth, counting, told))
    return report(flags, _beside_store(Path(data), depth, jobs, counting, told))


def _policy_in(policy: str) -> "Policy":
    """A policy's file."""
    from lianxi.domain.refusal import Refusal
    from lianxi.proof.policies import parse_policy

    try:
        return parse_policy(Path(policy).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CliError("FILE_UNREADABLE", path=policy, reason=str(error)) from None
    except Refusal as refusal:
        words = (refusal.code, *map(str, refusal.params.values()))
        raise CliError("TRUST_FILE_INVALID", path=policy, reason=" ".join(words)) from None


def _beside_store(
    data: Path, depth: str, jobs: int | None, policy: "Policy | None", told: Path | None
) -> Verdict:
    # the one command of the client that may see the store, and only here
    from lianxi.cli.trust_file import trust_in
    from lianxi.ports import StoreUnavailableError
    from lianxi.store.anchors import AnchorFiles
    from lianxi.store.faults import SchemaError
    from lianxi.store.store import open_store
    from lianxi.store.verify import Look, Outside, origins_in, verify_trail

    settings = settings_at(data)
    if not settings.store_url and not Path(settings.trail_url.removeprefix("sqlite:///")).exists():
        raise CliError(
            "NOT_FOUND",
            hint=_("Check --data: it is the data directory of lianxi up."),
            what=_("a trail in {path}").format(path=data),
        )
    trust = None if told is None else trust_in(told)
    if trust is not None:
        policy = trust.policy
    elif policy is None and settings.policy_file is not None:
        policy = _policy_in(str(settings.policy_file))
    outside = Outside(AnchorFiles(settings.anchors_dir), _pins(), policy, trust)
    look = Look(
        depth=_DEPTHS[depth],
        jobs=jobs or _processors(settings),
        url=settings.trail_url,
        now=times.now() if _is_running(data) else None,
        outside=outside,
    )
    try:
        with open_store(settings.trail_url, settings.evidence_dir, writable=False) as store:
            if trust is not None:
                origins = origins_in(store.engine)
                # of a trail in which nothing at all is left, that is what is to be found
                if origins and trust.origin not in origins:
                    known = ", ".join(sorted(origins))
                    raise CliError("TRUST_FOREIGN", path=str(told), origin=known)
            found = verify_trail(store.engine, store.evidence, look)
    except (StoreUnavailableError, SchemaError) as error:
        raise CliError(
            "STORE_UNAVAILABLE",
            message=_("The trail in {path} cannot be read: {reason}").format(
                path=data, reason=error
            ),
        ) from None
    verdict = Verdict(
        events=found.events,
        streams=found.streams,
        bases=found.bases,
        derived=found.derived if depth == "deep" else None,
        findings=found.findings,
        dropped=found.dropped,
        flags=found.flags,
        leaves=found.leaves,
        checkpoints=found.checkpoints,
        heads_outside=found.heads_outside,
        witnessed=found.witnessed,
    )
    for each in found.unchecked:
        verdict.leave(each)
    verdict.unchecked += [_(text) for text in NOT_BESIDE_STORE]
    if trust is not None and depth == "bytes":
        verdict.unchecked.append(_("what the trust file says of founding and log key: see --depth"))
    if look.now is None and depth == "deep":
        verdict.unchecked.append(_("what should have happened since the last event: it is stopped"))
    return verdict


def _processors(settings: "ServiceSettings") -> int:
    """As many as there are; one for a trail that is checked before the others have started."""
    path = Path(settings.trail_url.removeprefix("sqlite:///"))
    small = not path.exists() or path.stat().st_size < _WORTH_SHARING
    if small or not hasattr(os, "sched_getaffinity"):
        return 1
    return len(os.sched_getaffinity(0))


_WORTH_SHARING = 64 << 20
"""Bytes of a database from which on several processes are faster: some 10,000 events."""


def _is_running(data: Path) -> bool:
    """Whether the set of this data directory is up: then what did not happen by now counts."""
    from lianxi.runtime.layout import DataDir
    from lianxi.runtime.processes import is_alive
    from lianxi.runtime.state import read_state

    state = read_state(DataDir(data))
    return state is not None and state.phase == "ready" and is_alive(state.supervisor)


def _pins() -> "tuple[Checkpoint, ...]":
    """What this machine's profiles have seen of logs."""
    from lianxi.cli.log_pin import pin_in
    from lianxi.cli.profiles import Home
    from lianxi.proof.checkpoints import Checkpoint

    found = []
    for path in Home.of(os.environ).state.glob("*/log/*/pin.json"):
        try:
            origin = str(json.loads(path.read_bytes())["origin"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # the client itself says so at its next call
        pin = pin_in(path, origin)
        if pin is not None and pin.size:
            found.append(Checkpoint(pin.origin, pin.size, bytes.fromhex(pin.root)))
    return tuple(found)
