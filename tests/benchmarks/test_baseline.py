import numpy as np
import pytest

from benchmarks.problem import FIXED_POINTS, Fold


def toy_folds():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    features = (rng.normal(size=(300, 4)) + labels[:, None]).astype(np.float32)
    rows = np.arange(300)
    return [
        Fold(
            train=rows[:200],
            validation=rows[200:],
            x_train=features[:200],
            y_train=labels[:200],
            x_validation=features[200:],
            y_validation=labels[200:],
            n_classes=3,
        )
    ]


@pytest.mark.slow
def test_the_tuned_loop_scores_as_the_plain_one():
    from benchmarks.baseline import run_baseline

    plain, tuned = (
        run_baseline(toy_folds(), trials=2, tuned=tuned, first=FIXED_POINTS[3:4])
        for tuned in (False, True)
    )
    assert plain.points == tuned.points
    assert plain.points[0] == FIXED_POINTS[3]
    assert plain.scores == pytest.approx(tuned.scores, abs=0.02)
    assert min(plain.scores) > 1 / 3
    assert min(plain.seconds, tuned.seconds) > 0
