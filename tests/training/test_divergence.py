import numpy as np
import pytest

from focalsweep.training.divergence import divergence

SEEN = np.array([6, 6])
LOSSES = np.array([0.9, 0.7])


def test_finite_losses_and_complete_counts_are_no_failure():
    assert divergence(train_loss=LOSSES, seen=SEEN, n_eval=6) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_bad_epoch_is_named(value):
    losses = np.array([0.9, value, np.nan])
    reason = divergence(train_loss=losses, seen=SEEN, n_eval=6)
    assert reason == f"the training loss became {value} in epoch 2"


def test_rows_that_were_not_counted_are_a_failure():
    reason = divergence(train_loss=LOSSES, seen=SEEN, n_eval=8)
    assert reason == "the logits of 2 of 8 evaluation rows became NaN or infinite"
