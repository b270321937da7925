"""From one member's row of what a chunk computed to its record."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focalsweep.training.class_counts import ClassCounts
from focalsweep.training.divergence import divergence
from focalsweep.training.member import Member, MemberRecord, MemberState, View


def record_of(
    member: Member,
    view: View,
    *,
    confusion: NDArray[np.floating],
    log_loss: NDArray[np.floating],
    seen: NDArray[np.floating] | None,
    train_loss: NDArray[np.floating],
    logits: NDArray[np.float32] | None,
    weights: tuple[NDArray[np.floating], ...] | None,
    state: MemberState | None,
) -> MemberRecord:
    """Cut what a chunk computed to one member's own epochs and rows.

    Parameters
    ----------
    member, view : Member, View
        The member and its fold.
    confusion, train_loss : float array of shape (epochs, ...)
        Sums over rows. A chunk trains as long as its longest member: what lies after the member's
        own last epoch is dropped.
    log_loss : float array of shape (epochs,)
        Sums over rows.
    seen : float array of shape (epochs,), optional
        Evaluation rows with finite logits; None where the counts show them.
    logits : float32 array of shape (padded evaluation rows, classes), optional
    weights, state
        As they stand in the record.
    """
    epochs = member.epochs - member.first_epoch
    n_eval = len(view.eval_labels)
    counts: ClassCounts = confusion[:epochs].astype(np.float64)
    if view.weights is None:
        counts = np.rint(counts).astype(np.int64)
    # Margins hold the rows three times: the true classes of all that were seen come last.
    rows = counts if counts.shape[-2] == counts.shape[-1] else counts[:, -1:]
    finite = rows.sum(axis=(-2, -1)) if seen is None else np.rint(seen[:epochs])
    mean_loss = train_loss[:epochs].astype(np.float64) / view.epoch_rows
    return MemberRecord(
        key=member.key,
        confusion=counts,
        log_loss=log_loss[:epochs].astype(np.float64) / (view.eval_mass or 1.0),
        train_loss=mean_loss,
        logits=None if logits is None else logits[:n_eval],
        weights=weights,
        failure=divergence(
            train_loss=mean_loss, seen=finite, n_eval=n_eval, first_epoch=member.first_epoch
        ),
        state=state,
    )
