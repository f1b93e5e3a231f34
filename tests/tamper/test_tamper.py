"""Fifty events, tampered with in ten ways each: all of it is named, the untouched trail is clean."""

from collections.abc import Iterator

import pytest

from tools.made_trail import make_trail
from tools.tamper.__main__ import targets
from tools.tamper.acts import ACTS, SKILLS
from tools.tamper.ground import Ground

EVENTS = 120
PICKED = 50


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A sealed trail, its newest checkpoint kept outside."""
    folder = tmp_path_factory.mktemp("trail")
    make_trail(folder, EVENTS, anchors=folder / "anchors")
    ground = Ground(folder, folder / "anchors")
    yield ground
    ground.close()


def test_the_untouched_trail_has_no_finding(ground: Ground) -> None:
    """Before all else."""
    assert ground.untouched() == []


@pytest.mark.parametrize("name", ACTS)
def test_every_act_is_named(ground: Ground, name: str) -> None:
    """By attackers of each skill; and what was done is undone."""
    chosen = targets(ground, PICKED, seed=11)
    assert {target.skill for target in chosen} == set(range(SKILLS))
    missed = [target for target in chosen if ground.tampered(ACTS[name], target) is None]
    assert missed == []
    assert len(ground.targets()) >= EVENTS


def test_an_act_that_changes_nothing_is_no_act(ground: Ground) -> None:
    """So that a finding is never counted for what was not done."""
    (target,) = targets(ground, 1, seed=1)
    with pytest.raises(ValueError, match="nothing was changed"):
        ground.tampered(lambda *_: None, target)
