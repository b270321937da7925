"""What a result says of its data: rows, classes and what was found before training."""

from __future__ import annotations

from dataclasses import asdict
from math import ceil

import numpy as np

from focalsweep.data.dataset import Dataset
from focalsweep.data.diagnosis import diagnose
from focalsweep.data.profile import imbalance_factor
from focalsweep.evidence.facts import (
    ClassFacts,
    DatasetFacts,
    Diagnosis,
    MultiLabelFacts,
    Overlap,
)
from focalsweep.search.folds import Folds, Profile
from focalsweep.training.class_counts import ClassCounts


def dataset_facts(
    dataset: Dataset, *, profile: Profile, label_noise: float, folds: Folds
) -> DatasetFacts:
    """Gather the facts of a dataset.

    Parameters
    ----------
    dataset : Dataset
        The rows that are used.
    profile : Profile
        The imbalance that is made in training rows.
    label_noise : float
        Share of training labels that are flipped, in [0, 1).
    folds : Folds
        As the rows are split.

    Raises
    ------
    UserError
        When no column varies, see `focalsweep.data.preprocessing`.
    """
    counts = dataset.class_counts
    whole = dataset.n_rows if dataset.multi_label else counts.sum()
    found = diagnose(dataset)
    return DatasetFacts(
        name=dataset.name,
        origin=dataset.origin,
        rows=dataset.n_rows,
        columns=dataset.features.shape[1],
        classes=tuple(
            ClassFacts(name=name, count=int(count), share=float(count / whole))
            for name, count in zip(dataset.class_names, counts, strict=True)
        ),
        imbalance_ratio=dataset.imbalance_ratio,
        multi_label=_multi_label(dataset),
        smallest_training_class=min(smallest(view.train_counts) for view in folds.base),
        profile=profile.kind,
        factor=1.0 if profile.kind == "none" else imbalance_factor(profile.factor),
        label_noise=label_noise,
        diagnosis=Diagnosis(
            classes=tuple(Overlap(**asdict(each)) for each in found.classes),
            duplicates=found.duplicates,
            conflicting=found.conflicting,
            sampled_rows=found.sampled_rows,
            text=found.text,
        ),
        sha256=dataset.sha256(),
        notes=dataset.notes,
    )


def smallest(counts: ClassCounts) -> int:
    """Return the rows of the smallest class, or those with the rarest label."""
    # Rounded up where rows have weights: a light row is still one.
    return ceil(float(counts.min() if counts.ndim == 1 else counts[:, 1].min()))


def _multi_label(dataset: Dataset) -> MultiLabelFacts | None:
    if not dataset.multi_label:
        return None
    counts, per_row = dataset.class_counts, dataset.labels.sum(axis=1, dtype=np.int64)
    return MultiLabelFacts(
        cardinality=float(per_row.mean()),
        density=float(per_row.mean() / dataset.n_classes),
        mean_imbalance_ratio=float(np.mean(counts.max() / np.maximum(counts, 1))),
        rows_without_label=int((per_row == 0).sum()),
    )
