"""Build hook: compiles the gettext catalogues, so that wheels and editable installs carry them."""

import os
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(root: Path) -> list[Path]:
    """Write a .mo beside every .po under lianxi/locale; fuzzy entries are left out."""
    compiled = []
    for po in sorted(root.glob("lianxi/locale/*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source)
        mo = po.with_suffix(".mo")
        # whole or not at all: tests compile it while programs of others read it
        written = mo.with_suffix(f".{os.getpid()}")
        with written.open("wb") as target:
            write_mo(target, catalogue)
        written.replace(mo)
        compiled.append(mo)
    return compiled


class CompileCatalogues(BuildHookInterface[Any]):
    """Runs before hatchling collects files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile, and mark what git ignores as part of the build."""
        compile_catalogues(Path(self.root))
        build_data["artifacts"].append("lianxi/locale/**/*.mo")
