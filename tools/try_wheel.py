"""Build the wheel and try it in a clean environment, to see that it has all its parts."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]

TRIAL = """
import importlib, importlib.resources as r, shutil, sys
for name in ("worker", "starter", "verify_bundle", "workflows.task", "activities.record",
             "lianxi.gateway.main"):
    importlib.import_module(name)
files = r.files("lianxi")
for part in ("runtime/server/go.mod", "runtime/server/go.sum", "py.typed",
             "locale/zh/LC_MESSAGES/lianxi.mo", "store/migrations/env.py"):
    assert files.joinpath(part).is_file(), part
sys.stdout.flush()
import os; os._exit(0)
"""


def run(*argv: str | Path, cwd: Path) -> str:
    """Run to the end; a failure ends the trial with what was printed."""
    done = subprocess.run([str(a) for a in argv], cwd=cwd, capture_output=True, text=True)  # noqa: PLW1510
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Build, install with the locked requirements, import, ask for help."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run(
            sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--no-build-isolation", "--wheel-dir", place, ROOT, cwd=place,
        )  # fmt: skip
        (wheel,) = place.glob("*.whl")
        venv.create(place / "env", with_pip=True)
        python = place / "env" / "bin" / "python"
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt", cwd=place)
        run(*pip, "--no-deps", wheel, cwd=place)
        run(python, "-c", TRIAL, cwd=place)
        lianxi = place / "env" / "bin" / "lianxi"
        assert "Usage" in run(lianxi, "--lang", "en", "--help", cwd=place)
        version = run(lianxi, "--version", cwd=place).strip()
        print(f"{wheel.name} works in a clean environment: {version}")


if __name__ == "__main__":
    main()
