"""What a rule says no with: the one exception type of the pure layers (domain layer).

Every refusal is a class of its own with a stable code; texts, hints, exit codes and HTTP
statuses stand in one catalogue (`lianxi.errors`), so that nothing pure holds prose.
"""

from typing import ClassVar

RefusalParam = str | int


class Refusal(Exception):
    """A command or an input is refused; nothing has changed.

    Invariant: `code` is stable across releases, `params` hold machine words only (states, ids,
    instants), never a text of a user.
    """

    code: ClassVar[str]

    def __init__(self, **params: RefusalParam) -> None:
        super().__init__(self.code, params)
        self.params = params
