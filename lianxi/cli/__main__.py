"""`python -m lianxi.cli` is `lianxi` (cli layer)."""

import sys

from lianxi.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
