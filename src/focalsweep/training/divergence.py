"""Tell a member that diverged from one that learned: one rule for both trainers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def divergence(
    *,
    train_loss: NDArray[np.floating],
    seen: NDArray[np.integer],
    n_eval: int,
    first_epoch: int = 0,
) -> str | None:
    """Say why a member's training is not usable, or None where it is.

    Parameters
    ----------
    train_loss : array of shape (epochs,)
        Mean loss of each epoch, taken before each step: the last step does not show in it.
    seen : int array of shape (scored epochs, ...)
        Evaluation rows whose logits are all finite.
    n_eval : int
        Evaluation rows.
    first_epoch : int, default 0
        Epochs that were trained before these.
    """
    bad = np.flatnonzero(~np.isfinite(train_loss))
    if len(bad):
        return f"the training loss became {train_loss[bad[0]]} in epoch {first_epoch + bad[0] + 1}"
    lost = n_eval - int(seen.min())
    if lost:
        return f"the logits of {lost} of {n_eval} evaluation rows became NaN or infinite"
    return None
