"""Fixtures of the whole test suite."""

import sys
from importlib.abc import MetaPathFinder

import pytest


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
