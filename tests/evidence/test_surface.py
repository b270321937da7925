"""The response surface over gamma and tau, and the plateau in words."""

import numpy as np
import pandas as pd
import pytest

from focalsweep.evidence.surface import FEWEST_TRIALS, SmoothSurface, smooth_surface, surfaces


def trials(score, *, n=40, noise=0.0, error=0.01, tau=True, rate=None, seed=0, arm="focal"):
    """Trials of one arm whose values are `score(gamma, tau)` plus noise."""
    random = np.random.default_rng(seed)
    gamma, other = 5 * random.random(n), 1.5 * random.random(n)
    gamma[:3], other[:3] = (0.0, 2.5, 5.0), (0.0, 0.75, 1.5)
    frame = pd.DataFrame(
        {
            "arm": arm,
            "fold": "all",
            "trial": range(n),
            "state": "complete",
            "value": score(gamma, other) + noise * random.normal(size=n),
            "standard_error": error,
            "learning_rate": 1e-3,
            "gamma": gamma,
        }
    )
    if rate is not None:
        frame["learning_rate"] = 10 ** random.uniform(-4, -2, size=n)
        frame["value"] += rate(frame["learning_rate"].to_numpy())
    if tau:
        frame["tau"] = other
    return frame


def peak(gamma, tau):
    return 0.6 - 0.01 * (gamma - 2.0) ** 2 - 0.1 * (tau - 0.5) ** 2


def test_the_plateau_of_a_known_surface_is_found():
    smooth = smooth_surface(trials(peak, noise=0.001, error=0.01), arm="focal")
    low, high = smooth.plateau
    # Within 0.02 of the best: gamma 2 -+ sqrt(2), tau at its best.
    assert low == pytest.approx(2 - np.sqrt(2), abs=0.3)
    assert high == pytest.approx(2 + np.sqrt(2), abs=0.3)
    row, column = np.unravel_index(np.argmax(smooth.score), smooth.score.shape)
    assert smooth.gamma[row] == pytest.approx(2.0, abs=0.4)
    assert smooth.tau[column] == pytest.approx(0.5, abs=0.25)
    assert smooth.noise == 0.02


def test_a_surface_without_shape_is_one_plateau():
    found = smooth_surface(trials(lambda g, t: 0.5 + 0 * g, noise=0.01, error=0.02), arm="focal")
    assert found.plateau == (0.0, 5.0)
    exact = smooth_surface(trials(lambda g, t: 0.5 + 0 * g, error=0.0), arm="focal")
    assert exact.plateau == (0.0, 5.0)
    assert (exact.score == exact.score[0, 0]).all()


@pytest.mark.parametrize("seed", range(3))
def test_more_noise_widens_the_plateau(seed):
    widths = []
    for error in (0.0, 0.005, 0.02, 0.5):
        low, high = smooth_surface(trials(peak, error=error, seed=seed), arm="focal").plateau
        widths.append(high - low)
    assert widths == sorted(widths)
    assert widths[0] == 0.0
    assert widths[-1] == 5.0


def test_trials_with_a_bad_learning_rate_do_not_bend_the_surface():
    def bad(rate):
        return -0.1 * (np.log10(rate) + 3) ** 2

    plain = smooth_surface(trials(peak, n=60), arm="focal")
    rated = smooth_surface(trials(peak, n=60, rate=bad), arm="focal")
    assert np.abs(plain.by_gamma - rated.by_gamma).max() < 0.02


def test_a_collapsed_trial_does_not_bend_the_surface():
    frame = trials(peak)
    collapsed = frame.copy()
    collapsed.loc[20, "value"] = -5.0
    one, other = (smooth_surface(each, arm="focal") for each in (frame, collapsed))
    assert np.abs(one.by_gamma - other.by_gamma).max() < 0.02


def test_an_arm_without_tau_has_a_curve():
    smooth = smooth_surface(trials(lambda g, t: peak(g, 0.5), tau=False), arm="focal")
    assert smooth.tau is None
    assert smooth.score.shape == (len(smooth.gamma), 1)
    assert np.array_equal(smooth.by_gamma, smooth.score[:, 0])


def test_nothing_is_said_beyond_what_was_tried():
    frame = trials(peak)
    frame = frame[frame.gamma.between(1.0, 3.0)]
    smooth = smooth_surface(frame, arm="focal")
    assert (smooth.gamma[0], smooth.gamma[-1]) == (frame.gamma.min(), frame.gamma.max())


def test_only_the_arms_own_finished_trials_on_all_rows_count():
    frame = trials(peak)
    others = [
        trials(lambda g, t: 5 * g, arm="other"),
        trials(lambda g, t: 5 * g).assign(fold="0"),
        trials(lambda g, t: np.nan * g).assign(state="failed", standard_error=np.nan),
    ]
    alone = smooth_surface(frame, arm="focal")
    among = smooth_surface(pd.concat([*others, frame]), arm="focal")
    assert np.array_equal(alone.score, among.score)
    assert alone.noise == among.noise


def test_too_few_trials_or_gammas_make_no_surface():
    assert smooth_surface(trials(peak, n=FEWEST_TRIALS - 1), arm="focal") is None
    assert smooth_surface(trials(peak, n=FEWEST_TRIALS), arm="focal") is not None
    assert smooth_surface(trials(peak).assign(gamma=2.0), arm="focal") is None
    assert smooth_surface(trials(peak).drop(columns="gamma"), arm="focal") is None
    assert smooth_surface(trials(peak).assign(gamma=np.nan), arm="focal") is None


def test_a_thousand_trials_are_thinned_and_say_the_same():
    smooth = smooth_surface(trials(peak, n=1000, noise=0.005), arm="focal")
    low, high = smooth.plateau
    assert (low, high) == pytest.approx((2 - np.sqrt(2), 2 + np.sqrt(2)), abs=0.3)


def test_a_plateau_is_one_piece_around_the_best():
    smooth = SmoothSurface(
        gamma=np.arange(6.0),
        tau=None,
        score=np.array([0.50, 0.40, 0.49, 0.50, 0.49, 0.40])[:, None],
        noise=0.02,
    )
    assert smooth.plateau == (0.0, 0.0)  # the first of equals
    assert SmoothSurface(
        gamma=smooth.gamma, tau=None, score=smooth.score + np.eye(6)[:, 3:4] * 0.001, noise=0.02
    ).plateau == (2.0, 4.0)


def test_each_arm_with_a_surface_is_put_into_words():
    frame = pd.concat(
        [
            trials(lambda g, t: peak(g, 0.5), tau=False, arm="sharp", error=0.01),
            trials(lambda g, t: 0.5 + 0 * g, arm="flat"),
            trials(peak, n=3, arm="small"),
        ]
    )
    sharp, flat = surfaces(frame, ["sharp", "flat", "small", "absent"])
    assert (sharp.arm, flat.arm) == ("sharp", "flat")
    assert (flat.gamma_low, flat.gamma_high) == (0.0, 5.0)
    assert flat.text == (
        "`flat`: any gamma in [0, 5] is within noise (0.02) of the best, which is all that was "
        "tried, tau re-tuned for each."
    )
    assert sharp.text == (
        f"`sharp`: any gamma in [{sharp.gamma_low:.2g}, {sharp.gamma_high:.2g}] is within noise "
        "(0.02) of the best."
    )
    assert 0.0 < sharp.gamma_low < 2.0 < sharp.gamma_high < 5.0


def test_a_gamma_that_stands_out_is_named():
    (found,) = surfaces(trials(peak, error=0.0), ["focal"])
    assert found.gamma_low == found.gamma_high
    assert "stands out" in found.text
