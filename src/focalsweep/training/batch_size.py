"""The batch size that follows from the number of training rows."""

from __future__ import annotations

import math

SMALLEST, LARGEST = 32, 1024

STEPS_AN_EPOCH = 20
"""Aimed at: enough optimiser steps on small data, large matrix products on large data."""


def automatic_batch_size(n_train: int) -> int:
    """Return the power of two nearest to ``n_train / 20``, in [32, 1024].

    Parameters
    ----------
    n_train : int
        Training rows of the smallest fold.
    """
    nearest = 1 << round(math.log2(max(n_train / STEPS_AN_EPOCH, 1)))
    return max(SMALLEST, min(LARGEST, nearest))
