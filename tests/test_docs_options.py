"""The table of options in docs/python.md is that of the code."""

import re

from tests.test_public_names import PAGES
from vidstyle.options import StylizeOptions, settings

HEAD = "| option | default | meaning |\n| --- | --- | --- |\n"


def options_table() -> str:
    """The fields of `StylizeOptions` as Markdown, in the words of Python instead of flags."""
    rows = []
    for setting in settings(StylizeOptions):
        meaning = setting.metadata["help"].replace("--quality full", '`quality="full"`')
        if setting.metadata.get("automatic"):
            meaning = re.sub(r"\bauto\b", "None", meaning)
        if setting.metadata.get("unset"):
            meaning += f"; None: {setting.metadata['unset']}"
        rows.append(f"| `{setting.name}` | `{setting.default!r}` | {meaning} |")
    return HEAD + "\n".join(rows) + "\n"


def test_every_option_is_in_the_table_with_default_and_meaning() -> None:
    page = PAGES[0].read_text(encoding="utf-8")
    assert options_table() in page, f"docs/python.md needs this table:\n\n{options_table()}"
