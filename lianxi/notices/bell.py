"""The bell that wakes mailrooms when the recorder beside them wrote notices (notices, adapter).

Only a hint that shortens idling: mailrooms in other processes find the rows by looking.
"""

from threading import Condition


class Bell:
    """Counts rings, so that each of several waiting mailrooms hears each ring.

    A plain `threading.Event` would be cleared by the first mailroom that woke.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._rings = 0

    def ring(self) -> None:
        """Wake everybody who waits; never blocks for long, safe from any thread."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    @property
    def rings(self) -> int:
        """How often it has rung so far."""
        return self._rings

    def wait(self, heard: int, seconds: float) -> int:
        """Wait until it has rung oftener than `heard`, at most so many seconds; the count then."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings > heard, seconds)
            return self._rings
