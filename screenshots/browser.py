"""Start the system's Chromium, headless: nothing is downloaded, nothing is sent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

REQUIRED = "FOCALSWEEP_REQUIRE_BROWSER"
"""Environment variable that turns a missing browser from a skipped test into a failed one."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_ARGUMENTS = [
    "--no-sandbox",  # root in a container may not make one
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str | None:
    """Return the path of the system's Chromium (or Chrome), None where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def why_no_browser() -> str | None:
    """Say why pages cannot be opened here; None where they can."""
    if find_chromium() is not None:
        return None
    return (
        f"no browser: none of {', '.join(_NAMES)} is on the PATH "
        "(Debian and Ubuntu: apt install chromium)"
    )


def browser_is_required() -> bool:
    """Tell whether a missing browser is a failure, as in CI."""
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in (REQUIRED, "CI"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium and stop it at the end.

    Raises
    ------
    FileNotFoundError
        If the system has none.
    """
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(why_no_browser())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=_ARGUMENTS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()
