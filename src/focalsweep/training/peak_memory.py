"""Estimate the peak memory of a sweep before it is started.

    peak = base + 6 * table + 3 * views + index + chunks + records + logits

- base: Python with TensorFlow, MLflow and plotly loaded, and what XLA keeps of its compilations;
- table: the raw columns, the copy that a split makes of most of them, and the doubles between
  which they are scaled (values, which are missing, before and after bounding);
- views: the preprocessed rows of every fold (float32), once as the folds hold them, once end to end
  for the compiled function, and once more while the one is made from the other;
- index: the row numbers of an epoch and of its evaluation (int32), for each member of the chunks
  in training, on the way in and inside;
- chunks: weights, gradients, two optimiser slots and two passes of activations of those members;
- records: confusion counts of every epoch (int64) of the members of one round;
- logits: what refits predict (float32), and twice as doubles while it is judged.

Compared with the measured peaks of six sweeps (glass, yeast, synthetic rows from 15,000 x 30 in
nested folds to 500,000 x 15 in a holdout: 1.0 to 2.0 GiB) the estimate was 0.9 to 1.1 times as
large. What the allocator keeps and scikit-learn's reference models are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from focalsweep.training.member import View

BASE_BYTES = 1_050 * 2**20
"""A sweep of a hundred rows, measured."""

_INT32, _FLOAT32, _INT64 = 4, 4, 8
_COPIES_OF_TABLE = 6
_COPIES_OF_VIEWS = 3
_COPIES_OF_INDEX = 2
_BYTES_A_LOGIT = _FLOAT32 + 2 * 8


@dataclass(frozen=True, kw_only=True)
class PeakMemory:
    """Hold the terms of the estimate, each in bytes."""

    base: int
    table: int
    views: int
    index: int
    chunks: int
    records: int
    logits: int

    @property
    def total(self) -> int:
        """Their sum in bytes."""
        return (
            self.base
            + self.table
            + self.views
            + self.index
            + self.chunks
            + self.records
            + self.logits
        )


def peak_memory(
    views: Sequence[View],
    *,
    table_bytes: int,
    chunk_size: int,
    threads: int,
    member_bytes: int,
    round_members: int,
    epochs: int,
    logit_rows: int,
) -> PeakMemory:
    """Return the terms for one sweep.

    Parameters
    ----------
    views : sequence of View
        Every fold, variants included.
    table_bytes : int
        Of the raw columns.
    chunk_size, threads : int
        Members side by side, and chunks in training at a time.
    member_bytes : int
        Of one member in training: weights, gradients, slots, activations.
    round_members, epochs : int
        Members of one round of the search, and their epochs.
    logit_rows : int
        Rows that refits predict, summed over refits.
    """
    n_outputs = len(views[0].natural_counts)
    rows = sum(len(view.labels) for view in views)
    width = max(view.features.shape[1] for view in views)
    longest = max(len(view.labels) for view in views)
    # A label of several is a two-class problem of its own: its counts have no cells between labels.
    cells = 4 * n_outputs if views[0].multi_label else n_outputs**2
    return PeakMemory(
        base=BASE_BYTES,
        table=_COPIES_OF_TABLE * table_bytes,
        views=_COPIES_OF_VIEWS * rows * width * _FLOAT32,
        index=_COPIES_OF_INDEX * threads * chunk_size * longest * _INT32,
        chunks=threads * chunk_size * member_bytes,
        records=round_members * epochs * cells * _INT64,
        logits=logit_rows * n_outputs * _BYTES_A_LOGIT,
    )
