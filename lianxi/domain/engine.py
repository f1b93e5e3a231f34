"""Which version of the rules decided an event (domain layer).

Every event names the version of `decide` that made it, and each version stays in the code, so that
an auditor years later re-derives each event by the rules of its time.

1. The rules of releases 0.1 and 0.2.
2. An act that makes a proposal moot says so by an event of its own (`ProposalOvertaken`). Under
   version 1 a rung's proposal went without a word, and what the office had filed lay on until it
   expired, though approving it was refused.
"""

from typing import Final

FIRST_ENGINE: Final = 1
"""Of every stream whose input names none: begun by release 0.1 or 0.2."""

NEWEST_ENGINE: Final = 2
"""With which streams begin, and to which they move up when they continue as new."""

ENGINES: Final = frozenset({1, 2})
"""All that this release can decide by."""
