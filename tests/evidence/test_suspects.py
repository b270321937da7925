"""Suspect labels of the data, from out-of-fold predictions of cross-entropy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from focalsweep.data.dataset import Dataset
from focalsweep.evidence.refit import Chosen
from focalsweep.evidence.suspects import MOST_LISTED, suspect_mask, suspects
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe
from focalsweep.search.arm import Arm
from focalsweep.search.folds import Evaluation, Folds, Profile, lay_out
from focalsweep.search.studies import Outcome, Trial

COUNTS = [200, 80, 5]
EVALUATION = Evaluation(
    kind="nested", folds=2, repeats=1, inner_folds=3, refit_seeds=1, test_fraction=0.5
)


def case(
    wrong: int = 20, *, profile: float = 1.0, noise: float = 0.0, dropped: bool = False
) -> tuple[Chosen, Folds, Dataset, np.ndarray]:
    """Lay out data with planted errors; models know the truth, shifted by what a profile does."""
    rng = np.random.default_rng(3)
    true = np.repeat(np.arange(3), COUNTS)
    labels = true.astype(np.int32)
    flipped = rng.choice(280, wrong, replace=False)
    labels[flipped] = 1 - labels[flipped]
    data = Dataset(
        name="planted",
        features=pd.DataFrame({"x": np.arange(len(true)), "y": rng.normal(size=len(true))}),
        labels=labels,
        class_names=("often", "seldom", "few"),
        origin="test",
        read_rows=np.arange(len(true)) + 1_000 if dropped else None,
    )
    folds = lay_out(
        data,
        evaluation=EVALUATION,
        profile=Profile(kind="exp" if profile > 1 else "none", factor=profile),
        seed=0,
        label_noise=noise,
    )
    scope = folds.final
    rows = np.concatenate([folds.rows[v][folds.views[v].n_train :] for v in scope.inner])
    shifts = np.concatenate(
        [
            np.tile(folds.views[v].log_prior_shift, (len(folds.views[v].eval_labels), 1))
            for v in scope.inner
        ]
    )
    logits = (6.0 * np.eye(3)[true] + rng.normal(size=(len(true), 3)))[rows] - shifts
    point = LossPoint.cross_entropy(3)
    entry = Chosen(
        arm=Arm(name="cross_entropy", label="", family="cross_entropy", make_loss=families.focal),
        scope=scope,
        trial=Trial(number=0, parameters={}, outcome=Outcome(value=0.5, epochs=1, curve=(0.5,))),
        recipe=Recipe.plain(point),
        point=point,
        failed_trials=0,
        inner_logits=logits.astype(np.float32),
        inner_labels=np.concatenate([folds.views[v].eval_labels for v in scope.inner]),
        inner_members=(),
        test_logits=np.empty((0, 0, 3), np.float32),
        test_labels=np.empty(0, np.int32),
        refit_members=(),
    )
    return entry, folds, data, np.sort(flipped)


def listed(entry: Chosen, folds: Folds, data: Dataset):
    return suspects(entry, suspect_mask(entry, folds=folds), folds=folds, dataset=data)


def test_most_planted_errors_are_listed_with_their_rows_and_both_classes():
    entry, folds, data, flipped = case()
    found = listed(entry, folds, data)
    rows = {suspect.row for suspect in found.rows}
    assert len(rows & set(flipped)) >= 18
    assert len(rows - set(flipped)) <= 2
    assert found.count == len(found.rows) == sum(found.by_class)
    assert found.share == found.count / 285
    for suspect in found.rows:
        assert suspect.given == data.class_names[data.labels[suspect.row]]
        assert suspect.suggested != suspect.given
        assert suspect.suggested_probability > suspect.given_probability
    assert f"{found.count} of 285 labels" in found.text
    assert found.text.endswith(
        "wrong labels look like this, and so do right ones where classes overlap."
    )


def test_the_worst_come_first_and_the_list_is_cut_but_not_the_count():
    entry, folds, data, _ = case(wrong=70)
    found = listed(entry, folds, data)
    gaps = [s.given_probability - s.suggested_probability for s in found.rows]
    assert gaps == sorted(gaps)
    assert len(found.rows) == MOST_LISTED < found.count
    assert found.by_class[2] == 0  # five rows cannot be judged
    assert "overlapping classes are the likelier reason" in found.text


def test_rows_are_numbered_as_read_where_some_were_dropped():
    entry, folds, data, _ = case()
    cut = listed(*case(dropped=True)[:3])
    assert [s.row for s in cut.rows] == [s.row + 1_000 for s in listed(entry, folds, data).rows]


def test_labels_flipped_on_purpose_in_training_rows_are_not_what_is_listed():
    entry, folds, data, _ = case()
    noisy, noisy_folds, _, _ = case(noise=0.3)
    assert any(
        not np.array_equal(a.labels, b.labels)
        for a, b in zip(folds.views, noisy_folds.views, strict=True)
    )
    assert np.array_equal(noisy.inner_labels, entry.inner_labels)
    found = listed(noisy, noisy_folds, data)
    for suspect in found.rows:
        assert suspect.given == data.class_names[data.labels[suspect.row]]


def test_an_imbalance_profile_is_undone_before_labels_are_judged():
    entry, folds, data, _ = case(profile=40.0)
    assert any(view.log_prior_shift.any() for view in folds.views)
    shifted = listed(entry, folds, data)
    plain = listed(*case()[:3])
    # The models of both know the same; a thinned training set moves their logits only.
    assert [s.row for s in shifted.rows] == [s.row for s in plain.rows]
    own = [s.given_probability for s in shifted.rows]
    assert own == pytest.approx([s.given_probability for s in plain.rows], rel=1e-4)


def test_probabilities_are_the_models_own_without_a_profile():
    entry, folds, data, _ = case()
    worst = listed(entry, folds, data).rows[0]
    rows = np.concatenate([folds.rows[v][folds.views[v].n_train :] for v in entry.scope.inner])
    proba = np.exp(log_softmax(entry.inner_logits.astype(np.float64), axis=1))
    own = proba[np.flatnonzero(rows == worst.row)[0]]
    assert worst.given_probability == own[data.class_names.index(worst.given)]
    assert worst.suggested_probability == own.max()


def test_where_nothing_is_suspected_it_is_said():
    found = listed(*case(wrong=0)[:3])
    assert (found.count, found.share, found.rows) == (0, 0.0, ())
    assert found.text.startswith("No label contradicts")
