"""What a malformed input is here: files, overrides, and what the sentence must say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Content = str | bytes | Callable[[Path], object]
Files = Mapping[str, Content]

ROWS = 40
CSV = ("dataset=csv", "dataset.path=my.csv", "dataset.target=label")
LABELS = ("dataset=csv", "dataset.path=my.csv", "dataset.target=[rain,wind]")
MULTI_LABEL = ("--config-name", "multi_label")


@dataclass(frozen=True, kw_only=True)
class Bad:
    """Hold one malformed input.

    Parameters
    ----------
    given : tuple of str
        What stands behind ``focalsweep inspect``.
    key : str
        The config key that the sentence must name in backticks.
    way_out : str
        The words of the sentence that say what to do.
    files : mapping from path to content
        What lies in the folder; a function gets the path and writes there itself.
    sweep : bool
        Whether ``focalsweep sweep`` is tried with it too.
    """

    given: tuple[str, ...]
    key: str
    way_out: str
    files: Files = ()  # type: ignore[assignment]
    sweep: bool = False


def table(rows: int = ROWS, **columns: object) -> str:
    """Return a CSV that is fine: two numbers and two classes, but for the columns given."""
    return frame(rows, **columns).to_csv(index=False)


def frame(rows: int = ROWS, **columns: object) -> pd.DataFrame:
    """Return the same as a pandas table."""
    rng = np.random.default_rng(0)
    fine = {
        "x": rng.normal(size=rows).round(4),
        "z": rng.normal(size=rows).round(4),
        "label": np.array(["no", "yes"])[np.arange(rows) % 2],
    }
    return pd.DataFrame({**fine, **columns})


def labels(**columns: object) -> str:
    """Return a CSV of multi-label rows that is fine but for the columns given."""
    rng = np.random.default_rng(1)
    fine = {"rain": rng.integers(0, 2, ROWS), "wind": rng.integers(0, 2, ROWS)}
    return frame(**{**fine, **columns}).drop(columns="label").to_csv(index=False)
