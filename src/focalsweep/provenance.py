"""What produced a result: package versions and the commit of the source tree."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "focalsweep",
    "tensorflow",
    "keras",
    "optuna",
    "mlflow",
    "scikit-learn",
    "numpy",
    "pandas",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    return {
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in PACKAGES},
    }


def commit() -> str | None:
    """Return the commit of the checkout that this code runs from, "-dirty" after changes.

    None for an installed wheel, or where git is missing.
    """
    folder = Path(__file__).parent
    command = [
        "git",
        "-C",
        str(folder),
        "describe",
        "--always",
        "--exclude=*",
        "--dirty",
        "--abbrev=40",
    ]
    try:
        tracked = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "--error-unmatch", __file__],
            capture_output=True,
            check=False,
        )
        if tracked.returncode != 0:
            return None
        described = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return described.stdout.strip() or None
