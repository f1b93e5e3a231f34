"""A bundle of a lived conference, made once; tests change copies of it."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import verify_bundle
from tests.bundle.material import Made, bundle_of
from tests.store.scenario import Scenario, whole_life


@dataclass(frozen=True)
class Verdict:
    """What verify_bundle.py makes of a bundle."""

    code: int
    run: verify_bundle.Verification

    @property
    def codes(self) -> set[str]:
        """The codes of all findings."""
        return {finding.code for finding in self.run.findings}


def silent(what: str) -> None:
    """No progress is shown."""


Judge = Callable[..., Verdict]


@pytest.fixture(scope="session")
def lived() -> Made:
    """Do not change it: `made` is a copy."""
    return bundle_of(whole_life())


@pytest.fixture
def made(lived: Made) -> Made:
    """A bundle to change."""
    return copy.deepcopy(lived)


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Verifies a bundle inside this process, with its trust file unless told otherwise."""

    def judged(
        made: Made, *, trusted: bool = True, held: Sequence[str] = (), **trust: Any
    ) -> Verdict:
        read = verify_bundle.read_trust(str(made.trust(tmp_path, **trust))) if trusted else None
        with verify_bundle.Bundle(str(made.write(tmp_path))) as bundle:
            run = verify_bundle.Verification(bundle, read, jobs=1)
            run.until = ("2099-01-01T00:00:00.000000Z", False)
            run.held = [("held", note) for note in held]
            run.run(silent)
        rows = [row for fold in run.tasks.values() for row in fold.rows()]
        assert verify_bundle.report(run, rows)
        assert json.loads(verify_bundle.as_json(run, rows))
        return Verdict(verify_bundle.result_of(run), run)

    return judged


@pytest.fixture
def scenario() -> Scenario:
    """A conference with all keys registered."""
    return Scenario().register_all()
