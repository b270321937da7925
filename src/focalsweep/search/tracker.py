"""Where the results of a sweep are mirrored to, as the command line sees it.

The study store and the run folder are the source of truth: a tracker reads a finished run folder
and copies it somewhere that people look at. So it may fail at any moment without losing anything,
and may be asked again later.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class TrackingError(Exception):
    """Say in one sentence why a mirror was not written, and how to write it later.

    Not a `focalsweep.errors.UserError`: the sweep itself is complete, so the command line prints
    this as a warning and keeps its exit status.
    """


@dataclass(frozen=True, kw_only=True)
class MirrorSummary:
    """Hold where a mirrored sweep is to be found.

    Parameters
    ----------
    uri : str
        The tracking store, without any password.
    experiment : str
        Name of the experiment: sweep and dataset.
    experiment_id, sweep_run_id : str
        Identities in the store.
    runs : int
        Runs written: the sweep, its arms, references and trials.
    seconds : float
        Wall time of the mirror.
    link : str
        Address of the experiment in the user interface (see `focalsweep ui`).
    models : int
        Models logged, one an arm.
    registered : str, optional
        A sentence about the model registry, where a registration was asked for.
    """

    uri: str
    experiment: str
    experiment_id: str
    sweep_run_id: str
    runs: int
    seconds: float
    link: str
    models: int = 0
    registered: str | None = None


class Tracker(Protocol):
    """Mirror finished run folders."""

    def prepare(self) -> None:
        """Start in the background what can be done while models train. Never raises."""
        ...

    def mirror(self, run_dir: Path) -> MirrorSummary | None:
        """Mirror a finished run folder; None when nothing is tracked.

        Raises
        ------
        TrackingError
            If the store could not be reached or failed half-way.
        """
        ...


@dataclass(frozen=True)
class NoTracking:
    """Mirror nothing (``tracking=none``)."""

    def prepare(self) -> None:
        """Do nothing."""

    def mirror(self, run_dir: Path) -> None:
        """Do nothing."""
