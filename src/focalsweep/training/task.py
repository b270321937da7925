"""What single-label and multi-label rows do not share inside the compiled program.

The loss of a row, the counts of right and wrong decisions, and the log-loss of corrected
probabilities. Everything else of a kernel is the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from focalsweep.losses.family import sparse_family_loss
from focalsweep.losses.posterior import corrected_log_proba, two_class_logits
from focalsweep.losses.sigmoid_family import sigmoid_loss
from focalsweep.metrics.confusion import MARGINS

_LEAST = 1e-6
"""Smallest probability against a class that float32 still tells from none."""


class LossTensors(NamedTuple):
    """The members' loss points, each tensor of shape (members, 1, classes), or (members, 1).

    On multi-label data these read probabilities only, and have the shape (members, 1, labels, 2).
    """

    weight: tf.Tensor
    gamma: tf.Tensor
    scale: tf.Tensor
    offset: tf.Tensor
    margin: tf.Tensor
    smoothing: tf.Tensor | None
    power: tf.Tensor | None
    log_prior_shift: tf.Tensor
    """log of natural over training prior, for the corrected probabilities."""

    def log_proba(self, logits: tf.Tensor) -> tf.Tensor:
        """Return the corrected log-probabilities of logits of the same last axes."""
        return corrected_log_proba(
            logits,
            weight=self.weight,
            gamma=self.gamma,
            scale=self.scale,
            offset=self.offset,
            margin=self.margin,
            log_prior_shift=self.log_prior_shift,
        )

    def quick_log_proba(self, logits: tf.Tensor) -> tf.Tensor:
        """Return about the same for a fifth of the time: what breaks ties needs no last digit.

        The formula of `focalsweep.losses.posterior` in probabilities instead of margins. With gamma
        or a margin it saturates where the loss sees a class with less than `_LEAST` against it.
        """
        log_v = tf.nn.log_softmax(self.scale * logits + self.offset)
        v, thinned = tf.exp(log_v), tf.exp(-self.margin)
        rest = 1.0 - v * (1.0 - thinned)
        log_rest = tf.math.log(rest)
        u, log_u = v * thinned / rest, log_v - self.margin - log_rest
        against = tf.maximum(1.0 - u, _LEAST)
        weight = tf.where(self.weight > 0, self.weight, tf.ones_like(self.weight))
        log_eta = (
            (log_v + log_rest)
            - tf.math.log(weight)
            - self.gamma * tf.math.log(against)
            - tf.math.log(1.0 - self.gamma * u * log_u / against)
            + self.log_prior_shift
        )
        return tf.nn.log_softmax(log_eta)


class SigmoidTensors(NamedTuple):
    """The members' multi-label losses."""

    weight: tf.Tensor
    """Shape (members, 1, labels, 2), as `gamma`."""
    gamma: tf.Tensor
    offset: tf.Tensor
    """Shape (members, 1, labels)."""
    clip: tf.Tensor | None
    """Shape (members, 1, 1), as `smoothing`."""
    smoothing: tf.Tensor | None


class Task(Protocol):
    """Work on logits and labels of members; equal tasks make equal programs.

    Logits have the shape (members, rows, outputs), the mask (members, rows) is 0 on padding; the
    weights (members, rows) are what rows count for, 0 on padding, and None where all count once,
    which leaves them out of the program.
    """

    @property
    def counts_shape(self) -> tuple[int, ...]:
        """Shape of one member's counts."""
        ...

    def row_loss(self, logits: tf.Tensor, labels: tf.Tensor, loss: Any) -> tf.Tensor:
        """Return the loss of each row, shape (members, rows)."""
        ...

    def counts(
        self,
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Count right and wrong decisions on rows whose logits are all finite."""
        ...

    def log_loss(
        self,
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        scored: LossTensors,
        exact: bool,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Return the sum of the rows' log-losses, shape (members,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class SingleLabel:
    """Every row has one of `n_classes` classes; its label is the class's code."""

    n_classes: int
    by_pair: bool = True
    """Whether rows are counted by pairs of true and predicted class; otherwise by margins."""

    @property
    def counts_shape(self) -> tuple[int, ...]:
        """Shape of one member's counts."""
        return (self.n_classes if self.by_pair else MARGINS, self.n_classes)

    @staticmethod
    def row_loss(logits: tf.Tensor, labels: tf.Tensor, loss: LossTensors) -> tf.Tensor:
        """Return the loss of each row, shape (members, rows)."""
        return sparse_family_loss(
            logits,
            labels,
            weight=loss.weight,
            gamma=loss.gamma,
            scale=loss.scale,
            offset=loss.offset,
            margin=loss.margin,
            smoothing=loss.smoothing,
            power=loss.power,
        )

    def counts(
        self,
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Count rows with finite logits: true class down, argmax of z across; or their margins."""
        truth = self._truth(labels, mask if weights is None else weights)
        finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1, keepdims=True)
        decided = tf.one_hot(tf.argmax(logits, axis=-1), self.n_classes, dtype=mask.dtype)
        seen = tf.where(finite, truth, 0.0)
        if self.by_pair:
            return tf.matmul(seen, decided, transpose_a=True)
        of_row = tf.reduce_sum(seen, axis=-1, keepdims=True)
        sides = (seen * decided, of_row * decided, seen)
        return tf.stack([tf.reduce_sum(side, axis=1) for side in sides], axis=1)

    def log_loss(
        self,
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        scored: LossTensors,
        exact: bool,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Return the sum of the rows' log-losses, shape (members,)."""
        log_proba = (scored.log_proba if exact else scored.quick_log_proba)(logits)
        # where, not times: 0 * -inf on a padded row would be NaN.
        seen = tf.where(self._truth(labels, mask) > 0, log_proba, 0.0)
        if weights is not None:
            seen *= weights[:, :, None]
        return -tf.reduce_sum(seen, axis=[1, 2])

    def _truth(self, labels: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(labels, self.n_classes, dtype=mask.dtype) * mask[:, :, None]


@dataclass(frozen=True, kw_only=True)
class MultiLabel:
    """Every row has any of `n_labels` labels; its labels are 0 or 1 for each."""

    n_labels: int

    @property
    def counts_shape(self) -> tuple[int, ...]:
        """Shape of one member's counts."""
        return (self.n_labels, 2, 2)

    @staticmethod
    def row_loss(logits: tf.Tensor, labels: tf.Tensor, loss: SigmoidTensors) -> tf.Tensor:
        """Return the loss of each row, the mean over labels, shape (members, rows)."""
        return sigmoid_loss(
            logits,
            labels,
            weight=loss.weight,
            gamma=loss.gamma,
            offset=loss.offset,
            clip=loss.clip,
            smoothing=loss.smoothing,
        )

    @staticmethod
    def counts(
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Count rows with finite logits a label: without and with it down, z <= 0 and > 0 across.

        A row with one logit that is not finite is left out of every label's counts.
        """
        finite = tf.reduce_all(tf.math.is_finite(logits), axis=-1)
        if weights is not None:
            return _label_cells(logits > 0, labels > 0, rows=tf.where(finite, weights, 0.0))
        rows = tf.where(finite, mask, 0.0)[:, :, None]
        present, decided = tf.cast(labels, mask.dtype) * rows, tf.cast(logits > 0, mask.dtype)
        n_rows, n_present = tf.reduce_sum(rows, axis=1), tf.reduce_sum(present, axis=1)
        n_decided = tf.reduce_sum(decided * rows, axis=1)
        found = tf.reduce_sum(decided * present, axis=1)
        absent = [n_rows - n_present - n_decided + found, n_decided - found]
        return tf.stack(
            [tf.stack(absent, axis=-1), tf.stack([n_present - found, found], axis=-1)], axis=-2
        )

    @staticmethod
    def log_loss(
        logits: tf.Tensor,
        labels: tf.Tensor,
        mask: tf.Tensor,
        *,
        scored: LossTensors,
        exact: bool,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Return the sum over rows of the mean over labels, shape (members,)."""
        read = scored.log_proba if exact else scored.quick_log_proba
        log_proba = read(two_class_logits(logits))
        of_truth = tf.where(labels > 0, log_proba[..., 1], log_proba[..., 0])
        seen = tf.where(mask > 0, tf.reduce_mean(of_truth, axis=-1), 0.0)
        return -tf.reduce_sum(seen if weights is None else seen * weights, axis=1)


def _label_cells(decided: tf.Tensor, present: tf.Tensor, *, rows: tf.Tensor) -> tf.Tensor:
    """Add up the rows' weights by label, truth and decision, shape (members, labels, 2, 2)."""

    def total(has_it: tf.Tensor, said: tf.Tensor) -> tf.Tensor:
        # Each cell apart: differences of sums would leave rounding where there is no row.
        return tf.reduce_sum(tf.where(has_it & said, rows[:, :, None], 0.0), axis=1)

    cells = [[total(truth, said) for said in (~decided, decided)] for truth in (~present, present)]
    return tf.stack([tf.stack(row, axis=-1) for row in cells], axis=-2)
