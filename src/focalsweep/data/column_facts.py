"""Say of every column what it is taken for, what is done with it, and how much of it is missing.

This is description only: it looks at all rows, while a sweep fits its preprocessing on the training
rows of each fold anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from focalsweep.data.dataset import Dataset
from focalsweep.data.kinds.treatment import Kind
from focalsweep.data.preprocessing import fit_preprocessor


@dataclass(frozen=True, kw_only=True)
class ColumnFacts:
    """Hold one column of the data as read.

    Parameters
    ----------
    name, kind, treatment, made
        As in `focalsweep.data.kinds.treatment.Treatment`.
    missing : float
        Share of rows without a value, in [0, 1]; 0 for a block of columns.
    """

    name: str
    kind: Kind
    treatment: str
    made: int
    missing: float


def column_facts(dataset: Dataset) -> tuple[ColumnFacts, ...]:
    """Describe every column, in the order of the data.

    Raises
    ------
    UserError
        When no column varies.
    """
    missing = {str(name): float(share) for name, share in dataset.features.isna().mean().items()}
    fitted = fit_preprocessor(
        dataset.features, sparse=dataset.sparse, image_shape=dataset.image_shape, raw=dataset.raw
    )
    return tuple(
        ColumnFacts(
            name=each.name,
            kind=each.kind,
            treatment=each.treatment,
            made=each.made,
            missing=missing.get(each.name, 0.0),
        )
        for each in fitted.describe()
    )
