"""Shares of the gradient: identities at gamma 0, the direction of focusing, sampling as weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from focalsweep.evidence.gradient_shares import (
    BINS,
    gradient_lengths,
    gradient_shares,
    share_out,
)
from focalsweep.evidence.refit import Chosen
from focalsweep.losses import arms as families
from focalsweep.losses.point import LossPoint
from focalsweep.losses.recipe import Recipe, Stage
from focalsweep.search.arm import Arm
from focalsweep.search.folds import ALL_ROWS, Folds, Scope
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, View

COUNTS = np.array([60, 30, 10])
CE = LossPoint.cross_entropy(3)


def rows(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a model that is mostly right, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n, p=COUNTS / 100).astype(np.int32)
    return rng.normal(scale=2.0, size=(n, 3)) + 3.0 * np.eye(3)[labels], labels


LOGITS, LABELS = rows()


def focal(gamma: float) -> LossPoint:
    return families.focal(COUNTS, gamma=gamma)


def shared(point: LossPoint, suspects: np.ndarray | None = None):
    p_true = softmax(LOGITS, axis=1)[np.arange(len(LABELS)), LABELS]
    lengths = gradient_lengths(LOGITS, LABELS, point=point)
    return share_out(lengths, labels=LABELS, p_true=p_true, suspects=suspects, n_classes=3)


def test_cross_entropy_pulls_with_the_distance_of_probabilities_and_target():
    expected = np.linalg.norm(softmax(LOGITS, axis=1) - np.eye(3)[LABELS], axis=1)
    assert gradient_lengths(LOGITS, LABELS, point=CE) == pytest.approx(expected, rel=1e-12)
    weighted = replace(CE, weight=np.array([1.0, 2.0, 5.0]))
    assert gradient_lengths(LOGITS, LABELS, point=weighted) == pytest.approx(
        expected * weighted.weight[LABELS], rel=1e-12
    )


def test_gamma_zero_shares_as_cross_entropy_does():
    assert shared(focal(0.0)) == shared(CE)


@pytest.mark.parametrize(
    "point",
    [
        CE,
        focal(2.0),
        replace(focal(1.0), smoothing=0.1),
        replace(CE, power=0.7),
        replace(CE, offset=np.array([0.0, -1.0, -2.0]), margin=np.array([0.1, 0.2, 0.5])),
    ],
)
def test_every_loss_shares_out_exactly_one(point):
    found = shared(point)
    for part in (found.by_class, found.by_difficulty, found.rows_by_difficulty):
        assert sum(part) == pytest.approx(1.0, abs=1e-12)
    assert len(found.by_class) == 3
    assert len(found.by_difficulty) == len(found.rows_by_difficulty) == BINS


def test_lengths_are_those_of_finite_differences():
    point = replace(focal(1.5), smoothing=0.1, offset=np.array([0.0, -0.7, -1.5]))
    logits, labels = LOGITS[:5], LABELS[:5]

    def loss(z: np.ndarray) -> np.ndarray:
        proba = softmax(z + point.offset, axis=1)
        own = proba[np.arange(5), labels]
        smooth = 0.9 * -np.log(own) + 0.1 * -np.log(proba).mean(axis=1)
        return point.weight[labels] * (1 - own) ** 1.5 * smooth

    step = 1e-5
    slopes = [(loss(logits + d) - loss(logits - d)) / (2 * step) for d in step * np.eye(3)]
    assert gradient_lengths(logits, labels, point=point) == pytest.approx(
        np.linalg.norm(slopes, axis=0), rel=1e-6
    )


def test_a_row_that_is_very_wrong_keeps_its_pull_and_a_confident_one_loses_it():
    logits = np.array([[200.0, 0.0, 0.0], [0.0, 200.0, 0.0]])
    lengths = gradient_lengths(logits, np.array([1, 1]), point=focal(2.0))
    # -1 on the true logit and +1 on the one that it lost to; nothing where it is sure.
    assert lengths[0] == pytest.approx(np.sqrt(2), rel=1e-6)
    assert 0 <= lengths[1] < 1e-80


def test_higher_gamma_moves_the_pull_to_harder_rows():
    easy = [sum(shared(focal(gamma)).by_difficulty[7:]) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)]
    assert easy == sorted(easy, reverse=True)
    assert easy[-1] < 0.5 * easy[0]


def test_suspects_that_the_model_gets_wrong_take_more_of_focal_loss_than_of_cross_entropy():
    wrong = LOGITS.argmax(axis=1) != LABELS
    assert shared(focal(2.0), wrong).suspects > shared(CE, wrong).suspects > wrong.mean()


def test_without_suspects_there_is_no_share_of_them():
    assert shared(CE).suspects is None
    assert shared(CE, np.zeros(len(LABELS), dtype=bool)).suspects is None
    assert shared(CE, np.ones(len(LABELS), dtype=bool)).suspects == pytest.approx(1.0)


def test_certain_rows_fall_in_the_last_bin_and_rows_without_pull_count_alike():
    found = share_out(
        np.zeros(4),
        labels=np.array([0, 0, 1, 1]),
        p_true=np.array([0.0, 0.1, 0.95, 1.0]),
        suspects=None,
        n_classes=2,
    )
    assert found.by_difficulty == (0.25, 0.25, *[0.0] * 7, 0.5)
    assert found.by_class == (0.5, 0.5)


def chosen(recipe: Recipe) -> tuple[Chosen, Folds]:
    """Two inner folds of the search on all rows, with unlike class counts."""
    halves = [slice(0, 150), slice(150, 400)]
    counts = [COUNTS, np.array([40, 30, 30])]
    views = tuple(
        View(
            name=f"{ALL_ROWS}/inner-{i}",
            features=np.zeros((100 + len(LABELS[half]), 1), np.float32),
            labels=np.concatenate([np.repeat(np.arange(3), n), LABELS[half]]).astype(np.int32),
            n_train=100,
            natural_counts=n,
        )
        for i, (half, n) in enumerate(zip(halves, counts, strict=True))
    )
    scope = Scope(name=ALL_ROWS, counts=COUNTS, inner=(0, 1), refit=None)
    trial = Trial(number=0, parameters={}, outcome=Outcome(value=0.5, epochs=4, curve=(0.5,)))
    members = tuple(
        Member(
            key=MemberKey("arm/all", 0, fold, 0),
            view=fold,
            recipe=recipe,
            schedule=4,
            learning_rate=1e-3,
            weight_decay=0.0,
            epochs=4,
        )
        for fold in range(2)
    )
    entry = Chosen(
        arm=Arm(name="arm", label="", family="focal", make_loss=families.focal),
        scope=scope,
        trial=trial,
        recipe=recipe,
        point=recipe.last.loss,
        failed_trials=0,
        inner_logits=LOGITS.astype(np.float32),
        inner_labels=LABELS,
        inner_members=members,
        test_logits=np.empty((0, 0, 3), np.float32),
        test_labels=np.empty(0, np.int32),
        refit_members=(),
    )
    return entry, Folds(views=views, scopes=(scope,))


def test_the_shares_of_a_chosen_point_are_those_of_its_inner_rows():
    entry, folds = chosen(Recipe.plain(focal(2.0)))
    wrong = LOGITS.argmax(axis=1) != LABELS
    found = gradient_shares(entry, wrong, folds=folds)
    expected = shared(focal(2.0), wrong)
    assert found.by_class == pytest.approx(expected.by_class, rel=1e-4)
    assert found.by_difficulty == pytest.approx(expected.by_difficulty, rel=1e-4, abs=1e-6)
    assert found.suspects == pytest.approx(expected.suspects, rel=1e-4)


def test_the_stage_that_training_ended_in_is_the_one_that_counts():
    late = Recipe(stages=(Stage(loss=CE), Stage(loss=focal(3.0), start=0.5)))
    entry, folds = chosen(late)
    plain, _ = chosen(Recipe.plain(focal(3.0)))
    assert gradient_shares(entry, None, folds=folds) == gradient_shares(plain, None, folds=folds)


def test_class_balanced_sampling_counts_as_the_weights_of_each_fold_that_it_amounts_to():
    entry, folds = chosen(Recipe(stages=(Stage(loss=CE, sampling=1.0),)))
    found = gradient_shares(entry, None, folds=folds)
    lengths = gradient_lengths(LOGITS.astype(np.float32), LABELS, point=CE)
    lengths[:150] *= (100 / 3 / COUNTS)[LABELS[:150]]
    lengths[150:] *= (100 / 3 / np.array([40, 30, 30]))[LABELS[150:]]
    sums = np.bincount(LABELS, weights=lengths)
    assert found.by_class == pytest.approx(sums / sums.sum(), rel=1e-9)


def test_a_cosine_head_is_read_with_its_scale():
    scaled = replace(CE, scale=np.full(3, 4.0))
    entry, folds = chosen(Recipe(stages=(Stage(loss=scaled),), head="cosine"))
    entry = replace(entry, inner_logits=(LOGITS / 4).astype(np.float32))
    plain, _ = chosen(Recipe.plain(CE))
    found, expected = (gradient_shares(e, None, folds=folds) for e in (entry, plain))
    assert found.by_class == pytest.approx(expected.by_class, rel=1e-5)
    assert found.by_difficulty == pytest.approx(expected.by_difficulty, rel=1e-5, abs=1e-6)
