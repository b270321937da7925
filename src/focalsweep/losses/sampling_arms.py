"""Arms that draw rows of rare classes more often, as they are or as synthetic rows.

An epoch is as long as without them: what rare classes gain, frequent classes lose. Which rows may
be drawn is the arm's `rows` setting (see `focalsweep.data.resampling`); how often classes are
drawn is the strength here, the same number for all of them, so the arms differ in their rows only.

References
----------
.. [1] Kang et al., "Decoupling Representation and Classifier for Long-Tailed Recognition",
   arXiv:1910.09217 (classes drawn in proportion to ``n_k^q``: q is 1 - strength).
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from focalsweep.losses.arms import cross_entropy
from focalsweep.losses.recipe import Recipe, Stage


def sampled(counts: ArrayLike, *, strength: float) -> Recipe:
    """Make cross-entropy on rows drawn with classes in proportion to ``n_k^(1 - strength)``.

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    strength : float
        In [0, 1]: 0 draws classes as they are, 1 all classes equally often.

    Raises
    ------
    ValueError
        If `strength` is outside [0, 1].
    """
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"`strength` must be in [0, 1]. Received: strength={strength}.")
    return Recipe(stages=(Stage(loss=cross_entropy(counts), sampling=strength),))
