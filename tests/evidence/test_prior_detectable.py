"""What counts alone say about the smallest difference that will show."""

import math
from dataclasses import replace

import numpy as np
import pytest

from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.detectable import detectable_difference
from focalsweep.evidence.paired import corrected_t
from focalsweep.evidence.prior_detectable import prior_detectable, prior_sentence
from focalsweep.metrics.objective import objective
from focalsweep.search.folds import Evaluation

RULE = VerdictRule()
NESTED = Evaluation(
    kind="nested", folds=5, repeats=2, inner_folds=3, refit_seeds=3, test_fraction=0.25
)
HOLDOUT = replace(NESTED, kind="holdout", folds=1, repeats=1)


def guess(counts, *, evaluation=NESTED, objective="balanced_accuracy", **changed):
    return prior_detectable(
        counts, objective=objective, evaluation=evaluation, rule=RULE, **changed
    )


@pytest.mark.parametrize("evaluation", [NESTED, HOLDOUT])
def test_the_excess_falls_with_the_root_of_rows_and_of_disagreement(evaluation):
    few = guess([200, 20], evaluation=evaluation) - 0.01
    assert guess([800, 80], evaluation=evaluation) - 0.01 == pytest.approx(few / 2)
    calm = guess([200, 20], evaluation=evaluation, disagreement=0.025) - 0.01
    assert calm == pytest.approx(few / 2)


def test_the_rarest_class_sets_it():
    assert guess([10**9, 20]) == pytest.approx(guess([10**6, 20]), rel=1e-4)
    assert guess([1000, 40]) < guess([10**9, 20])


def test_arms_that_never_disagree_hide_nothing():
    assert guess([200, 20], disagreement=0.0) == 0.01


@pytest.mark.parametrize("objective", ["log_loss", "mcc", "worst_class_recall"])
def test_scores_that_are_no_mean_over_classes_have_no_guess(objective):
    assert guess([200, 20], objective=objective) is None


def test_it_is_what_folds_of_rows_decided_at_random_show():
    random, counts, q = np.random.default_rng(0), np.array([500, 100]), 0.2
    scales = []
    for _ in range(300):
        recalls = []
        for n in counts // NESTED.folds:
            # Each row: not decided differently, or for one side or the other.
            rows = random.choice([-1, 0, 1], p=[q / 2, 1 - q, q / 2], size=(NESTED.n_outer, n))
            recalls.append(rows.mean(axis=1))
        posterior = corrected_t(np.mean(recalls, axis=0), test_train_ratio=0.25)
        scales.append(posterior.scale**2)
    measured = detectable_difference(
        scale=math.sqrt(np.mean(scales)), degrees=NESTED.n_outer - 1, rule=RULE
    )
    # The mean of 300 variances of 10 folds: relative standard error sqrt(2 / 9 / 300) = 2.7%.
    assert guess(counts, disagreement=q) == pytest.approx(measured, rel=0.06)


def sentence(counts, *, name="macro_f1"):
    return prior_sentence(
        counts,
        class_names=["many", "few"],
        objective=objective(name),
        evaluation=NESTED,
        rule=RULE,
    )


def test_the_sentence_names_the_smallest_class_and_the_guess():
    said = sentence([2000, 40])
    assert said.startswith("`few` has 40 rows: ")
    assert f"about {guess([2000, 40]):.1g} macro-F1" in said


def test_the_sentence_claims_nothing_where_there_is_no_guess_or_nothing_to_see():
    assert "cannot be guessed before training for MCC" in sentence([2000, 40], name="mcc")


def test_a_single_row_shows_nothing():
    assert sentence([2000, 1]) == (
        "`few` has 1 row: no difference in macro-F1 between losses is likely to be seen."
    )
