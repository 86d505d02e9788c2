"""Visit: one browser profile on the page, with the steps that several tests take."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_MS = 300_000  # for work of the server on a busy machine


class Visit:
    """Page in a browser profile of its own; `page` is Playwright's."""

    def __init__(self, browser: Any, address: str, **profile: Any) -> None:
        self._browser, self._profile = (
            browser,
            {"viewport": {"width": 1280, "height": 860}} | profile,
        )
        self.address = address
        self.errors = list[str]()

    def __enter__(self) -> Self:
        self.context = self._browser.new_context(**self._profile)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._listen)
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.context.close()

    def open(self, section: str = "") -> None:
        """Open a section, and wait until the page has started."""
        self.page.goto(f"{self.address}#{section}" if section else self.address)
        self.page.wait_for_selector("body[data-ready]")

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()
        self.page.wait_for_selector("body[data-ready]")

    def choose(self, *files: Path) -> None:
        """Choose files, and wait until the first is shown painted."""
        self.page.set_input_files("#file-input", [str(file) for file in files])
        self.wait_for_preview()

    def wait_for_preview(self) -> None:
        """Wait until the stage shows before and after."""
        self.page.wait_for_selector("#stage .compare:not(.single) .compare-after[src^='blob:']")

    def style(self, name: str) -> None:
        """Choose a style of the gallery."""
        self.page.locator(f"#gallery [data-style='{name}'] label").click()

    def card(self, state: str, text: str = "") -> Any:
        """The first card of a job in a state, with a text; waits for it."""
        card = self.page.locator(f".job[data-state='{state}']", has_text=text).first
        card.wait_for()
        return card

    def text(self, selector: str) -> str:
        """Text of the first element of a selector."""
        text: str = self.page.locator(selector).first.inner_text()
        return text

    def wait_until(self, condition: str) -> None:
        """Wait until a JavaScript condition holds.

        Playwright's own way evaluates it within the page, whose policy forbids that.
        """
        end_s = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < end_s, condition
            self.page.wait_for_timeout(100)

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)
