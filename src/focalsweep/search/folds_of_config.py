"""Lay out the folds that a config asks for, without treatments of rows."""

from __future__ import annotations

from focalsweep.config.schema import SweepConfig
from focalsweep.data.dataset import Dataset
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out


def folds_of_config(dataset: Dataset, *, config: SweepConfig, asked: Evaluation) -> Folds:
    """Split and preprocess the rows; see `focalsweep.search.folds.lay_out`."""
    return lay_out(
        dataset,
        evaluation=asked,
        profile=profile_of(config),
        seed=config.seed,
        label_noise=config.dataset.label_noise,
        with_whole=config.tracking.models,
        keep_rare=config.dataset.rare_classes == "keep",
    )


def profile_of(config: SweepConfig) -> Profile:
    """Return the imbalance that is made in training rows."""
    return Profile(kind=config.dataset.profile, factor=config.dataset.factor)
