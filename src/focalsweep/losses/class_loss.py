"""The base of the Keras losses of classes: one truth a row, any point of the loss family.

Everything that a user of `keras.losses` expects is here once; a loss of its own adds its arguments
and says what they mean as numbers of the family: weights, gamma, scale, offset, margin and power.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from keras.src.backend.common.masking import set_keras_mask  # no public name, as of Keras 3.15

from focalsweep.losses.closed_gradient import code_losses, target_losses
from focalsweep.losses.family import family_loss
from focalsweep.losses.fit_call import enclosing_fit, refuse_class_weight
from focalsweep.losses.keras_arguments import (
    check_ignore_class,
    check_smoothing,
    computation_dtype,
    own_name,
)
from focalsweep.losses.keras_inputs import (
    are_codes,
    check_scores_dtype,
    check_target_values,
    check_vector,
    find_logits,
    read_codes,
    read_targets,
)
from focalsweep.losses.margins import Tensor, centre, like, one_hot_mask
from focalsweep.losses.value_check import has_values, values_of

Numbers = float | list[float]
Targets = Literal["codes", "one_hot", "either"]


class ClassLoss(keras.losses.Loss):
    """Compute the loss of each row at one point of the family, and reduce as Keras does.

    Parameters
    ----------
    arguments : mapping from str to number or list
        What the user gave by class, by the name of the argument: lists must have one number a
        class.
    weighted_by : str or None
        The argument that weighs classes; `fit` must then have no ``class_weight``.
    targets : {"codes", "one_hot", "either"}
        What `y_true` may hold. "either" tells them apart by their shape.
    weight, gamma : number or list of length classes
        Numbers of the family.
    scale, offset, margin : list of length classes, optional
        None means 1, 0 and 0.
    power : float
        r in [0, 1] of generalised cross-entropy; 0 is the logarithm.
    from_logits : bool
        Whether `y_pred` holds logits. With False a softmax at the end of the model is found and
        its logits are used, as in Keras; probabilities without one are turned into logits.
    label_smoothing : float
        eps in [0, 1). Unlike in Keras it enters after the focal factor, so that focusing survives.
    ignore_class : int or None
        A class whose rows have no loss and do not count in a mean, as in Keras's sparse
        cross-entropy; often -1 or 255. One-hot rows are ignored where this class is the true one,
        or, if it has no column, where they are all zeros: what ``one_hot`` makes of its code.
    axis : int
        Axis of the classes; any other axes may stand around it.
    reduction
        As in `keras.losses.Loss`.
    name
        See `focalsweep.losses.keras_arguments.own_name`.
    dtype : str, keras.DTypePolicy or None
        As in `keras.losses.Loss`, but half precision is computed in float32.

    Raises
    ------
    ValueError
        When called, always: if shapes, dtypes or the model's last layer do not fit the arguments,
        lists have a wrong length, or `fit` was called with ``class_weight`` beside weights of the
        loss. Where values can be seen (`focalsweep.losses.value_check`): if logits are given as
        probabilities, rows have several labels, or codes are no class. In a compiled graph the
        loss of a code that is no class is NaN.
    """

    def __init__(
        self,
        *,
        arguments: Mapping[str, Numbers],
        weighted_by: str | None,
        targets: Targets,
        weight: Numbers = 1.0,
        gamma: Numbers = 0.0,
        scale: list[float] | None = None,
        offset: list[float] | None = None,
        margin: list[float] | None = None,
        power: float = 0.0,
        from_logits: bool,
        label_smoothing: float,
        ignore_class: int | None,
        axis: int,
        reduction: str | None,
        name: str,
        dtype: Any,
    ) -> None:
        super().__init__(name=own_name(name), reduction=reduction, dtype=computation_dtype(dtype))
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(label_smoothing)
        self.ignore_class = check_ignore_class(ignore_class)
        self.axis = axis
        self._arguments = dict(arguments)
        self._weighted_by = weighted_by
        self._targets = targets
        # As arrays: a list would become a tensor number by number in every eager call.
        self._weight = np.asarray(weight, dtype=self.dtype)
        self._gamma = np.asarray(gamma, dtype=self.dtype) if np.any(gamma) else None
        self._power = power
        self._moves: dict[str, Any] = {
            what: None if numbers is None else np.asarray(numbers, dtype=self.dtype)
            for what, numbers in (("scale", scale), ("offset", offset), ("margin", margin))
        }

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Any:
        """Check what only the caller shows, then reduce the losses of rows as Keras does."""
        check_scores_dtype(y_pred)
        if sample_weight is not None and self._weighted_by:
            refuse_class_weight(enclosing_fit(), ours=self._weighted_by, loss=type(self).__name__)
        return super().__call__(y_true, y_pred, sample_weight=sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Compute the loss of each row, in the shape of `y_pred` without its classes."""
        logits = find_logits(y_pred, from_logits=self.from_logits, axis=self.axis)
        n_classes = int(logits.shape[-1])
        for name, values in self._arguments.items():
            check_vector(values, n_classes, name=name)
        y_true = ops.convert_to_tensor(y_true)
        codes = self._targets == "codes" or (
            self._targets == "either" and are_codes(y_true, logits, axis=self.axis)
        )
        read = read_codes if codes else read_targets
        targets = read(y_true, logits, axis=self.axis)
        self._check_values(y_true, codes=codes, n_classes=n_classes)
        counts = None
        if self.ignore_class is not None:
            counts = self._counts(targets, codes=codes, n_classes=n_classes)
        if codes:
            losses = self._of_codes(logits, targets, counts)
        else:
            losses = self._of_targets(logits, targets)
        if counts is None:
            return losses
        losses = ops.where(counts, losses, 0.0)
        set_keras_mask(losses, mask=counts)
        return losses

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that all losses of classes have."""
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "ignore_class": self.ignore_class,
            "axis": self.axis,
            "dtype": self.dtype,
        }

    def _of_codes(self, logits: Tensor, codes: Tensor, counts: Tensor | None) -> Tensor:
        codes = codes if counts is None else ops.where(counts, codes, 0)
        if self.label_smoothing or self._power:
            # A smoothed loss needs all classes anyway. Other codes become rows of no class.
            n_classes = logits.shape[-1]
            is_class = ops.logical_and(ops.greater_equal(codes, 0), ops.less(codes, n_classes))
            targets = ops.cast(one_hot_mask(logits, codes), logits.dtype)
            return ops.where(is_class, self._of_targets(logits, targets), float("nan"))
        shift: Tensor | None = None
        if self._moves["margin"] is not None:
            shift = ops.where(one_hot_mask(logits, codes), -self._moves["margin"], 0.0)
        return code_losses(
            self._moved(logits, shift), codes, weight=self._weight, gamma=self._gamma
        )

    def _of_targets(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self._power:
            return family_loss(
                logits,
                targets,
                weight=self._weight,
                gamma=0.0 if self._gamma is None else self._gamma,
                smoothing=self.label_smoothing or None,
                power=self._power,
                **self._moves,
            )
        shift = None if self._moves["margin"] is None else -self._moves["margin"] * targets
        return target_losses(
            self._moved(logits, shift),
            targets,
            weight=self._weight,
            gamma=self._gamma,
            smoothing=self.label_smoothing or None,
        )

    def _moved(self, logits: Tensor, shift: Tensor | None) -> Tensor:
        """Compute ``scale * z + offset + shift``, up to a constant a row."""
        scale, offset = like(logits, self._moves["scale"], self._moves["offset"])
        if shift is not None:
            offset = shift if offset is None else offset + shift
        if scale is None and offset is None:
            return logits
        return centre(logits, scale=scale, offset=offset)

    def _counts(self, targets: Tensor, *, codes: bool, n_classes: int) -> Tensor:
        """Mark the rows whose class is not the ignored one."""
        ignored = self.ignore_class
        if codes:
            return ops.not_equal(targets, ignored)
        if ignored is not None and 0 <= ignored < n_classes:
            return ops.less(targets[..., ignored], 0.5)
        return ops.any(ops.not_equal(targets, 0.0), axis=-1)

    def _check_values(self, y_true: Tensor, *, codes: bool, n_classes: int) -> None:
        """Check the targets: all of an eager call, else the first rows that `fit` was given."""
        if has_values(y_true):
            found = values_of(y_true)
        else:
            call = enclosing_fit()
            if call is None or call.targets is None:
                return
            found = call.targets
            # Not those of a model with several outputs, which a data adapter would also rearrange.
            if tuple(found.shape[1:]) != tuple(y_true.shape[1:]):
                return
        check_target_values(
            found,
            codes=codes,
            n_classes=n_classes,
            axis=self.axis,
            ignore_class=self.ignore_class,
        )
