"""Marks of open receipts, while several runs of one profile write and close them."""

import threading
from pathlib import Path

from lianxi.cli.kept import Shelf
from lianxi.cli.request_ids import new_request_id


def test_a_run_that_looks_disturbs_none_that_marks(tmp_path: Path) -> None:
    """No half-written mark is seen, and one that is closed meanwhile is no fault."""
    shelf, other = Shelf(tmp_path), Shelf(tmp_path)
    ids = [new_request_id() for _ in range(150)]
    faults: list[BaseException] = []
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        try:
            while not done.is_set():
                seen.update(other.open_receipts())
        except BaseException as fault:  # noqa: BLE001  told below, in the test's own thread
            faults.append(fault)

    looking = threading.Thread(target=look)
    looking.start()
    for number, request_id in enumerate(ids):
        shelf.mark_receipt(request_id, "")
        if number % 2:
            shelf.close_receipt(request_id)
    done.set()
    looking.join()
    assert faults == []
    assert seen <= set(ids)
    assert set(shelf.open_receipts()) == set(ids[::2])
