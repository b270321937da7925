from pathlib import Path

import numpy as np
import yaml

from focalsweep.data.digits import load_digits
from focalsweep.data.profile import thin
from focalsweep.data.splits import inner_splits, outer_splits

CONF = Path(__file__).parents[2] / "conf" / "dataset" / "digits.yaml"


def test_digits_are_ten_nearly_balanced_classes() -> None:
    digits = load_digits()
    assert (digits.n_rows, digits.features.shape[1], digits.n_classes) == (1797, 64, 10)
    assert digits.imbalance_ratio < 1.06


def test_the_long_tail_of_the_config_leaves_five_rows_a_class_in_inner_folds() -> None:
    values = yaml.safe_load(CONF.read_text())
    labels = load_digits(name=values["name"]).labels
    outer = outer_splits(labels, folds=5, repeats=1, seed=0)
    parts = [split.train for split in outer]
    parts += [split.train for split in inner_splits(labels, outer[0].train, folds=5, seed=0)]
    for rows in parts:
        kept = thin(rows, labels=labels, kind=values["profile"], factor=values["factor"], seed=0)
        counts = np.bincount(labels[kept])
        assert counts.min() >= 5
        assert counts.max() / counts.min() > 20
