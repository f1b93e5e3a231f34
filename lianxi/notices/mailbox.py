"""The channel `mailbox`: letters as rows of the store, served to every unit (notices, adapter)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from lianxi.ports import Letter, Mailbox, StoreUnavailableError, TransientRefusalError

MAILBOX = "mailbox"


class MailboxChannel:
    """Puts letters into the store's mailbox; `now` gives wall time in UTC.

    A letter is never refused for good here, and one that came twice stands there once.
    """

    name = MAILBOX
    batch = 64

    def __init__(self, mailbox: Mailbox, now: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._now = now

    def send(self, letters: Sequence[Letter]) -> Sequence[Exception | None]:
        """Deliver all or none: one transaction; a store that is away refuses transiently."""
        try:
            self._mailbox.deliver(letters, self._now())
        except StoreUnavailableError:
            return [TransientRefusalError("store-unavailable") for _ in letters]
        return [None for _ in letters]
