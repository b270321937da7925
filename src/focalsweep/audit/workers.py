"""Run the items of an audit, here or in worker processes; the results are the same."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from focalsweep.audit.planted_sweeps import run_planted
from focalsweep.audit.records import Found, Item, write_record
from focalsweep.audit.truth import true_scores
from focalsweep.training.member import Trainer


class Worker:
    """Run items one after another, keeping compiled programs from one to the next."""

    def __init__(self) -> None:
        self._trainer: Trainer | None = None

    def run(self, item: Item, *, records: Path, studies: Path) -> Found:
        """Run one item and leave its record.

        Parameters
        ----------
        item : Item
            What to run.
        records : Path
            Gets the record.
        studies : Path
            Holds what is trained until the record is there; an item that was stopped goes on from
            it.
        """
        folder = studies / f"{item.name}-{item.fingerprint()[:12]}"
        found: Found
        if item.fresh_rows is None:
            found, self._trainer = run_planted(
                item.case, seed=item.seed, folder=folder, like=self._trainer
            )
        else:
            found, self._trainer = true_scores(
                item.case,
                seed=item.seed,
                fresh_rows=item.fresh_rows,
                folder=folder,
                like=self._trainer,
            )
        write_record(records, item, found)
        shutil.rmtree(folder, ignore_errors=True)
        return found


def run_items(
    items: Sequence[Item], *, jobs: int, records: Path, studies: Path
) -> Iterator[tuple[Item, Found]]:
    """Run items and yield what each found, as they finish.

    Parameters
    ----------
    items : sequence of Item
        In any order; nothing depends on it.
    jobs : int
        Worker processes, >= 1; 1 stays in this process.
    records, studies : Path
        See `Worker.run`.
    """
    if jobs == 1 or len(items) < 2:
        worker = Worker()
        for item in items:
            yield item, worker.run(item, records=records, studies=studies)
        return
    # Not fork: TensorFlow has threads. The server imports it once for all workers.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", __name__])
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start) as pool:
        futures = {
            pool.submit(_run, item, records=records, studies=studies): item for item in items
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start() -> None:
    """Leave ctrl-C to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)


_OF_THIS_PROCESS = Worker()
"""A pool hands a process one item at a time; this is what the process keeps in between."""


def _run(item: Item, *, records: Path, studies: Path) -> Found:
    return _OF_THIS_PROCESS.run(item, records=records, studies=studies)
