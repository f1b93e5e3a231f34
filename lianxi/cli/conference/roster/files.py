"""Proposal files: read and checked against the roster in force, written whole (cli layer; pydantic)."""

from pathlib import Path

from lianxi.cli import given
from lianxi.cli.client import Client
from lianxi.cli.handed import PROPOSAL_AGAIN, handed
from lianxi.cli.private_files import write_private
from lianxi.cli.roster_book import newest_roster
from lianxi.domain.roster import Roster
from lianxi.proof.roster_proposals import (
    MAX_PROPOSAL_BYTES,
    RosterProposal,
    check_proposal,
    proposal_bytes,
    read_proposal,
)


def read_checked(client: Client, path: str) -> tuple[RosterProposal, Roster]:
    """A proposal that leads on from the roster in force, and that roster.

    Raises the refusals of `roster_proposals`, and what reading a file may.
    """
    proposal = read_unchecked(path)
    roster = newest_roster(client)
    with handed(path, PROPOSAL_AGAIN):
        check_proposal(proposal, roster, client.place.origin)
    return proposal, roster


def read_unchecked(path: str) -> RosterProposal:
    """A proposal of which only the form is checked; raises what reading a file may."""
    with handed(path, PROPOSAL_AGAIN):
        return read_proposal(given.read_bytes(path, MAX_PROPOSAL_BYTES))


def write_proposal(path: str, proposal: RosterProposal) -> Path:
    """Write the file whole; answers where."""
    target = Path(path).expanduser()
    write_private(target, proposal_bytes(proposal))
    return target
