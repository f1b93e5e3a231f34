"""Several changes by one command: each by itself, what failed said once (cli layer)."""

from collections.abc import Iterator
from contextlib import contextmanager

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from lianxi.cli.language import _
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import say, visible
from lianxi.errors import Exit

_KEPT = (
    ("as_unit", "--as"),
    ("profile", "--profile"),
    ("gateway", "--gateway"),
    ("conference", "--conference"),
    ("key", "--key"),
    ("output", "-o"),
)
"""Common options that the repeat of one needs as well."""


class Bulk:
    """The run of several; `noun` names one of them in the JSON error."""

    def __init__(self, flags: Flags, options: ChangeOptions, noun: str) -> None:
        self._flags = flags
        self._options = options
        self._noun = noun
        self._faults: list[tuple[str, CliError]] = []
        self._total = 0

    @property
    def failed(self) -> bool:
        """Whether one has failed so far."""
        return bool(self._faults)

    @property
    def _json(self) -> bool:
        return self._flags.text("output") in ("json", "jsonl")

    def retype(self, *words: str) -> None:
        """A repeat of what is done next has to type this, whatever was typed for all."""
        self._flags.arguments = (*words, *self._rest())

    @contextmanager
    def one(self, name: str, *words: str) -> Iterator[None]:
        """Do one; `words` is the command for it alone, which a repeat has to type."""
        self._total += 1
        self.retype(*words)
        try:
            yield
        except CliError as error:
            if error.exit_code != Exit.OK:
                self._faults.append((name, error))
            if not self._json:
                say(visible(f"{name}: {error.message}\n  {error.hint}"))

    def finish(self) -> int:
        """The exit code; raises CliError where some failed: their common exit code, or PARTLY's."""
        if not self._faults:
            return Exit.OK
        done = self._total - len(self._faults)
        codes = {error.exit_code for _name, error in self._faults}
        fault = CliError(
            "PARTLY",
            hint=_("params.failed names each, and why.") if self._json else None,
            exit_code=codes.pop() if done == 0 and len(codes) == 1 else None,
            done=done,
            total=self._total,
        )
        fault.failed = [{self._noun: name, **error.as_json()} for name, error in self._faults]
        fault.retryable = all(error.retryable for _name, error in self._faults)
        raise fault

    def _rest(self) -> list[str]:
        given = [(flag, self._flags.text(name)) for name, flag in _KEPT]
        words = [word for flag, text in given if text for word in (flag, text)]
        if self._options.wait is not None:
            words += ["--wait", self._options.wait, "--timeout", str(self._options.timeout)]
        return words
