"""Squash scaled numbers smoothly into (-3, 3), so that no value can dominate a model.

z / sqrt(1 + (z / 3)^2), the smooth clip of Holzmueller et al. 2024 (arXiv:2407.04491): nearly z
for ordinary values, strictly increasing, and bounded for unseen extremes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BOUND = 3.0


def smooth_clip(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``z / sqrt(1 + (z / 3)^2)`` for finite z of magnitude up to 1e6, of the same shape."""
    return np.asarray(scaled / np.sqrt(1 + (scaled / BOUND) ** 2))
