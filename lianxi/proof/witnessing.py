"""When a checkpoint counts as witnessed (proof layer).

A checkpoint is witnessed when a quorum of the policy cosigned it or a later one proven consistent
with it: units call at different times and seldom meet on one checkpoint, but who cosigns a later
head vouches for all before it. The sizes given to these functions must therefore be of one tree:
the caller has verified each checkpoint and its consistency with the others.

How many it takes: with n witnesses of which f may be dishonest, two quorums of k share an honest one
only if k > (n + f) / 2; below that the log can show two halves of the witnesses two trees.
"""

from collections.abc import Iterable

from lianxi.proof.checkpoints import Checkpoint, cosignature_time
from lianxi.proof.notes import NoteSignature
from lianxi.proof.policies import Policy

Cosigned = tuple[int, str, int]
"""(size of the tree, the witness's name in the policy, seconds since 1970), verified."""


def smallest_quorum(witnesses: int, dishonest: int) -> int:
    """The smallest k with k > (n + f) / 2."""
    return (witnesses + dishonest) // 2 + 1


def cosigned_by(
    policy: Policy, checkpoint: Checkpoint, signatures: Iterable[NoteSignature]
) -> list[Cosigned]:
    """The cosignatures of the policy's witnesses that hold for this checkpoint; others ignored."""
    known = {(key.name, key.key_hash): (name, key) for name, key in policy.witnesses.items()}
    found: list[Cosigned] = []
    for signature in signatures:
        witness = known.get(signature[:2])
        if witness is None:
            continue
        name, key = witness
        time = cosignature_time(signature, key, checkpoint)
        if time is not None:
            found.append((checkpoint.size, name, time))
    return found


def witnessed_at(policy: Policy, cosignatures: Iterable[Cosigned], size: int) -> int | None:
    """When the quorum for the tree of `size` was full (seconds since 1970), None if it is not.

    Counts cosignatures of this and any larger size. 0 where the policy wants nobody.
    """
    counting = sorted((time, name) for of, name, time in cosignatures if of >= size)
    names: set[str] = set()
    if policy.satisfied(names):
        return 0
    for time, name in counting:
        if name in names:
            continue
        names.add(name)
        if policy.satisfied(names):
            return time
    return None


def witnessed_size(policy: Policy, cosignatures: Iterable[Cosigned]) -> int | None:
    """The largest cosigned size that is witnessed, None if none is; every smaller one is too."""
    names: set[str] = set()
    for size, name, _ in sorted(cosignatures, reverse=True):
        names.add(name)
        if policy.satisfied(names):
            return size
    return None
