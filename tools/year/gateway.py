"""The gateway's process in the demo year: as in operation, but its clock is the virtual one (tools).

`python -m tools.year.gateway CLOCKFILE`; settings as for `lianxi.gateway.main`.
"""

import asyncio
import logging
import os
import sys
import traceback
from pathlib import Path

from lianxi.gateway.main import run
from lianxi.logs import configure_logs
from lianxi.settings import load
from tools.year.clock import VirtualClock


def main() -> None:
    """Serve until a signal; leave by `os._exit`, as every process that imported temporalio does."""
    configure_logs("gateway", level="WARNING")
    code = 1
    try:
        code = asyncio.run(run(load(), VirtualClock(Path(sys.argv[1])).now))
    except Exception:  # noqa: BLE001 - shown in full; the process ends here either way
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
