from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from focalsweep.data.dataset import Dataset
from focalsweep.data.two_part_minority import make_two_part_minority
from focalsweep.errors import UserError


def made(*, rows: int = 20_000, seed: int = 0) -> Dataset:
    return make_two_part_minority(name="planted", rows=rows, share=0.05, seed=seed)


def best_balanced_accuracy(class_weight: str | None) -> float:
    """Score logistic regression at the threshold that is best on fresh rows."""
    train, test = made(seed=1), made(seed=2)
    model = LogisticRegression(class_weight=class_weight).fit(train.features, train.labels)
    scores = model.decision_function(test.features)
    thresholds = np.quantile(scores, np.linspace(0.01, 0.99, 99))
    return max(balanced_accuracy_score(test.labels, scores > at) for at in thresholds)


def test_class_weights_beat_cross_entropy_whatever_its_threshold() -> None:
    assert best_balanced_accuracy("balanced") > best_balanced_accuracy(None) + 0.04


def test_the_minority_has_its_share_at_every_seed() -> None:
    assert [int(made(rows=1000, seed=seed).labels.sum()) for seed in range(3)] == [50, 50, 50]
    assert not made(rows=100, seed=0).features.equals(made(rows=100, seed=1).features)


@pytest.mark.parametrize("share", [0.0, 0.5, -1.0])
def test_an_impossible_share_is_refused(share: float) -> None:
    with pytest.raises(UserError, match=r"`dataset\.share` must be in"):
        make_two_part_minority(name="planted", rows=100, share=share, seed=0)


def test_a_minority_without_both_parts_is_refused() -> None:
    with pytest.raises(UserError, match=r"at least two rows to the minority.*raise either"):
        make_two_part_minority(name="planted", rows=20, share=0.05, seed=0)
