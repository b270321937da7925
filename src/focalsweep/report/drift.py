"""Say how the chosen numbers of a loss move with the setting that a sweep varies.

Each variant's search on all rows gives one value a number, and each of its outer folds another:
their spread says how firmly the data chose. Where it is as wide as the searched range, the value
on all rows means little, and a shift smaller than it means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from focalsweep.evidence.result import SweepResult
from focalsweep.report.wording import loss_numbers, spread


def drift_frame(results: Mapping[Path, SweepResult]) -> pd.DataFrame:
    """Return one row a variant, arm, number and search, in the order of the variants.

    Parameters
    ----------
    results : mapping of Path to SweepResult
        By run folder, as for `focalsweep.report.variants.variants_frame`.

    Returns
    -------
    DataFrame
        Columns ``variant``, ``arm``, ``label``, ``number`` (``gamma``, ``tau`` ...), ``fold``
        (text; ``all`` is the search on all rows) and ``value``. Empty where no arm has numbers.
    """
    rows = [
        {
            "variant": folder.name,
            "arm": arm.name,
            "label": arm.label,
            "number": number,
            "fold": fold,
            "value": value,
        }
        for folder, result in results.items()
        for arm in result.arms
        for fold, parameters in [
            *((str(fold.fold), fold.parameters) for fold in arm.folds),
            ("all", arm.best.parameters),
        ]
        for number, value in loss_numbers(parameters).items()
    ]
    return pd.DataFrame(rows, columns=["variant", "arm", "label", "number", "fold", "value"])


def drift_table(drift: pd.DataFrame) -> pd.DataFrame:
    """Return one row an arm and number and one column a variant, in words.

    A cell holds the middle over outer folds and, in brackets, their range: ``1.2 (0.4 to 3)``.
    With a single outer fold it holds that fold's value alone.
    """
    outer = drift[drift["fold"] != "all"]
    table = outer.pivot_table(
        index=["arm", "label", "number"],
        columns="variant",
        values="value",
        aggfunc=_cell,
        sort=False,
        observed=True,
    )
    return table.reindex(columns=list(dict.fromkeys(outer["variant"]))).fillna("").reset_index()


def _cell(values: pd.Series[float]) -> str:
    middle = f"{np.median(values):.3g}"
    seen = spread(values.tolist())
    return middle if len(values) == 1 else f"{middle} ({seen})"
