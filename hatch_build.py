"""Build hook: the wheel brings the manual page, so that `man vidstyle` works after an install."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Writes the manual page from the parser of the command line."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page to the wheel; called by hatchling before it builds."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from tools.man_page import man_page

        page = Path(self.directory) / "vidstyle.1"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(man_page(), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/vidstyle.1"
