"""Which rows each member of a chunk sees in which step, as numbers of the shared rows.

All views' rows lie end to end in one array. A chunk's batches always have the same shape, so that
one compiled program serves all; -1 stands for no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from focalsweep.training.kernel import LARGEST_EVALUATION_BATCH
from focalsweep.training.member import Member, View
from focalsweep.training.row_order import Queue, epoch_rows, is_plain, sampling_queue


@dataclass(frozen=True, kw_only=True, eq=False)
class RowIndex:
    """Lay out the batches of chunks.

    Parameters
    ----------
    views : sequence of View
        In the order of their rows in the shared array.
    batch_size : int
        Rows an optimiser step.
    """

    views: Sequence[View]
    batch_size: int

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each view's rows start, and where the last one's end."""
        return np.cumsum([0, *(len(view.labels) for view in self.views)])

    @cached_property
    def steps(self) -> int:
        """Steps of the longest epoch."""
        return self._steps(self.views)

    @cached_property
    def evaluation_shape(self) -> tuple[int, int]:
        """Steps and rows a step that cover the longest evaluation part with little padding."""
        longest = max(len(view.eval_labels) for view in self.views)
        steps = -(-longest // LARGEST_EVALUATION_BATCH)
        return steps, -(-longest // steps)

    def steps_of(self, members: Sequence[Member]) -> int:
        """Return the steps of the longest epoch among these members."""
        return self._steps([self.views[member.view] for member in members])

    def epoch(self, members: Sequence[Member], epoch: int) -> NDArray[np.int32]:
        """Lay out an epoch (from 0); a member that has finished its epochs gets no rows.

        Returns
        -------
        int32 array of shape (members, steps, batch)
        """
        index = np.full((len(members), self.steps * self.batch_size), -1, np.int32)
        orders: dict[tuple[int, int, float], NDArray[np.int32]] = {}
        queues: dict[tuple[int, int], Queue] = {}
        for i, member in enumerate(members):
            if epoch >= member.epochs:
                continue
            fold = (member.view, member.key.seed)
            sampling = member.stage(epoch).sampling
            if (*fold, sampling) not in orders:
                view, seed = self.views[member.view], member.key.seed
                if fold not in queues and not is_plain(view, sampling=sampling):
                    queues[fold] = sampling_queue(view, seed=seed, epoch=epoch)
                rows = epoch_rows(
                    view, sampling=sampling, seed=seed, epoch=epoch, queue=queues.get(fold)
                )
                orders[*fold, sampling] = rows + np.int32(self.offsets[member.view])
            rows = orders[*fold, sampling]
            index[i, : len(rows)] = rows
        return index.reshape(len(members), self.steps, self.batch_size)

    def evaluation(self, members: Sequence[Member]) -> NDArray[np.int32]:
        """Lay out each member's evaluation rows, shape (members, *evaluation_shape)."""
        steps, batch = self.evaluation_shape
        index = np.full((len(members), steps * batch), -1, np.int32)
        for i, member in enumerate(members):
            view = self.views[member.view]
            start = self.offsets[member.view] + view.n_train
            n_eval = len(view.eval_labels)
            index[i, :n_eval] = np.arange(start, start + n_eval)
        return index.reshape(len(members), steps, batch)

    def _steps(self, views: Sequence[View]) -> int:
        return -(-max(view.epoch_rows for view in views) // self.batch_size)
