from __future__ import annotations

import numpy as np
import pytest

from focalsweep.search.confident_learning import FEWEST_ROWS, contradicted, judged_classes


def confident(true: np.ndarray, *, n_classes: int, seed: int = 0) -> np.ndarray:
    """Make log-probabilities of models that are right, and mostly sure of it."""
    logits = np.random.default_rng(seed).normal(size=(len(true), n_classes))
    logits[np.arange(len(true)), true] += 5.0
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.fixture
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, log-probabilities, and which labels are wrong: 40 of 400."""
    true = np.repeat(np.arange(3), [250, 120, 30])
    rng = np.random.default_rng(1)
    wrong = np.zeros(len(true), dtype=bool)
    wrong[rng.choice(len(true), 40, replace=False)] = True
    labels = np.where(wrong, (true + rng.integers(1, 3, len(true))) % 3, true)
    return labels, confident(true, n_classes=3), wrong


def test_most_planted_errors_are_found_and_few_others(planted):
    labels, log_proba, wrong = planted
    marked = contradicted(labels, log_proba)
    assert marked[wrong].mean() > 0.9
    assert marked[~wrong].mean() < 0.01


def test_a_model_that_agrees_with_every_label_marks_none():
    labels = np.repeat([0, 1], [50, 20])
    assert not contradicted(labels, confident(labels, n_classes=2)).any()


def test_the_order_of_rows_does_not_matter(planted):
    labels, log_proba, _ = planted
    order = np.random.default_rng(2).permutation(len(labels))
    assert np.array_equal(
        contradicted(labels, log_proba)[order], contradicted(labels[order], log_proba[order])
    )


def test_classes_too_small_to_be_judged_are_neither_marked_nor_read(planted):
    labels, log_proba, _ = planted
    few = FEWEST_ROWS - 1
    wider = np.column_stack([log_proba, np.full(len(labels), -20.0)])
    unread = np.full((few, 4), np.nan)
    with_few = contradicted(
        np.concatenate([labels, np.full(few, 3)]), np.concatenate([wider, unread])
    )
    assert np.array_equal(with_few[: len(labels)], contradicted(labels, log_proba))
    assert not with_few[len(labels) :].any()


def test_a_code_without_rows_changes_nothing(planted):
    labels, log_proba, _ = planted
    shifted = np.insert(log_proba, 1, -30.0, axis=1)
    assert np.array_equal(
        contradicted(np.where(labels > 0, labels + 1, 0), shifted), contradicted(labels, log_proba)
    )


def test_nothing_is_marked_where_one_class_alone_could_be_judged():
    labels = np.repeat([0, 1], [50, FEWEST_ROWS - 1])
    assert judged_classes(labels, n_classes=2).tolist() == [True, False]
    assert not contradicted(labels, confident(1 - labels, n_classes=2)).any()


def test_a_class_that_models_never_find_keeps_rows():
    labels = np.repeat([0, 1], [200, 12])
    marked = contradicted(labels, confident(np.zeros(212, dtype=int), n_classes=2))
    assert (~marked[labels == 1]).sum() >= FEWEST_ROWS - 1
