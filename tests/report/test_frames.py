from __future__ import annotations

import numpy as np

from focalsweep.report.frames import arms_frame, classes_frame, find_arm, folds_frame, recalls


def test_arms_frame_has_one_row_an_arm_with_its_scores_and_chosen_numbers(usual):
    frame = arms_frame(usual.result).set_index("arm")
    assert list(frame.index) == [arm.name for arm in usual.result.arms]
    for arm in usual.result.arms:
        row = frame.loc[arm.name]
        assert row["argmax_score"] == arm.argmax_score
        assert row["decision_high"] == arm.decision_interval.high
        assert row["test_mcc"] == arm.metrics["mcc"]
        for name, value in arm.best.parameters.items():
            assert row[f"chosen_{name}"] == value


def test_cross_entropy_has_no_difference_and_no_chosen_numbers(usual):
    row = arms_frame(usual.result).set_index("arm").loc["cross_entropy"]
    assert row[["difference", "p_holm", "chosen_gamma", "chosen_tau"]].isna().all()


def test_folds_frame_has_one_row_an_arm_and_outer_fold(usual):
    frame = folds_frame(usual.result)
    assert not frame.duplicated(["arm", "fold"]).any()
    assert len(frame) == sum(len(arm.folds) for arm in usual.result.arms)
    mean = frame.groupby("arm")["argmax_score"].mean()
    for arm in usual.result.arms:
        np.testing.assert_allclose(mean[arm.name], arm.argmax_score)


def test_classes_frame_keeps_counts_and_finds_recall_on_the_diagonal(usual):
    frame = classes_frame(usual.result)
    own = frame[frame["arm"] == "focal_gamma_tau"]
    arm = find_arm(usual.result, "focal_gamma_tau")
    assert own["count"].sum() == usual.result.dataset.rows
    assert tuple(own["alpha"]) == arm.best.alpha
    confusion = np.array(arm.confusion)
    np.testing.assert_allclose(own["recall"] * confusion.sum(axis=1), np.diag(confusion), atol=1e-9)


def test_prior_weighted_mean_of_alpha_is_one_for_every_arm(usual):
    frame = classes_frame(usual.result)
    for _, own in frame.groupby("arm"):
        np.testing.assert_allclose((own["share"] * own["alpha"]).sum(), 1.0)


def test_a_class_without_test_rows_has_no_recall():
    np.testing.assert_array_equal(recalls(((3.0, 1.0), (0.0, 0.0))), [0.75, np.nan])
