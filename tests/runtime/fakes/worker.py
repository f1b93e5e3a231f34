"""A worker as the supervisor knows it: says that it polls, ends orderly on SIGTERM."""

import json
import os
import signal
import sys
import time
from pathlib import Path

run = Path(os.environ["LIANXI_DATA"]) / "run"
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
settings = {
    key: value for key, value in os.environ.items() if key.startswith(("LIANXI_", "TEMPORAL_"))
}
(run / "worker.settings").write_text(json.dumps(settings))
(run / "worker.ready").write_text(f"{os.getpid()}\n")
while True:
    time.sleep(1)
