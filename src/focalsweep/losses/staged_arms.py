"""Arms that change on the way: class weights that switch on late, a last layer trained anew.

Both first learn features from the rows as they are, because re-weighting and re-sampling from the
start harm the features; the classes are balanced afterwards. A search may also choose an epoch
before the change, which is plain cross-entropy.

References
----------
.. [1] Cao et al., "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss",
   arXiv:1906.07413 (deferred re-weighting).
.. [2] Kang et al., "Decoupling Representation and Classifier for Long-Tailed Recognition",
   arXiv:1910.09217 (classifier re-training).
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from focalsweep.losses.arms import class_weighted, cross_entropy
from focalsweep.losses.recipe import Recipe, Stage


def deferred_class_weighted(counts: ArrayLike, *, start: float, tau: float = 1.0) -> Recipe:
    """Make cross-entropy whose class weights ``prior^-tau`` switch on late (arXiv:1906.07413).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    start : float
        Share of training, in [0, 1), after which the weights switch on.
    tau : float
        Prior exponent of the weights; 1 is scikit-learn's "balanced".
    """
    weighted = Stage(loss=class_weighted(counts, tau=tau), start=start)
    return Recipe(stages=(Stage(loss=cross_entropy(counts)), weighted))


def two_stage(counts: ArrayLike, *, start: float, strength: float = 1.0) -> Recipe:
    """Make cross-entropy whose last layer is trained anew on balanced draws (arXiv:1910.09217).

    Parameters
    ----------
    counts : array of shape (classes,)
        Training rows a class.
    start : float
        Share of training, in [0, 1), after which the last layer starts anew, alone.
    strength : float
        Strength of class-balanced sampling from then on, in [0, 1]; 1 as in the paper.
    """
    loss = cross_entropy(counts)
    balanced = Stage(loss=loss, start=start, sampling=strength, head_only=True)
    return Recipe(stages=(Stage(loss=loss), balanced))
