"""Fixtures of the whole test suite."""

import sys
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


LONGEST = {
    "test_browser.py",
    "test_stages.py",
    "test_row_weights.py",
    "test_run_sweep.py",
    "test_notebooks.py",
    "test_blocks.py",
    "test_resume.py",
    "test_from_python.py",
    "test_one_by_one.py",
    "test_any_model.py",
    "test_multi_label_sweep.py",
    "test_inspection_page.py",
    "test_pruning.py",
}
"""Files of more than half a minute."""

# On a busy machine any example may take long, which says nothing of the code.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest files: workers take whole ones, and none should begin at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


class _NoTorch(MetaPathFinder):
    """Say that PyTorch is not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `import torch` fail, as it does without the ``gp`` extra.

    Not by None in `sys.modules`, which SciPy takes for a module.
    """
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_NoTorch(), *sys.meta_path])


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """Start the system's Chromium; without one skip, or fail where CI asks for it."""
    from screenshots import browser

    reason = browser.why_no_browser()
    if reason is not None:
        if browser.browser_is_required():
            pytest.fail(f"`CI` or `{browser.REQUIRED}` is set, but there is {reason}")
        pytest.skip(reason)
    with browser.chromium() as started:
        yield started


@pytest.fixture
def chromium_page(chromium: "Browser") -> Iterator["Page"]:
    """Open an empty page, 1280 pixels wide."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()
