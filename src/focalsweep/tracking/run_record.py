"""One MLflow run as a plain value: what will be written, before anything is connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["sweep", "arm", "reference", "trial"]


class MetricPoint(NamedTuple):
    """One number of a run; `step` is the epoch of a learning curve and 0 elsewhere."""

    name: str
    value: float
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Hold one run.

    Parameters
    ----------
    key : str
        Name of the run inside its sweep, for example ``arm/focal_gamma``; MLflow gives the id.
    name : str
        What the user interface shows.
    kind : str
        Becomes the tag ``kind``.
    parent : str, optional
        Key of the run that this one is nested in.
    tags, params : dict of str to str
        Without the tags that MLflow itself needs.
    metrics : tuple of MetricPoint
        Finite numbers only: SQL has no infinity, and an empty cell says "none" better than NaN.
    started, ended : int
        Milliseconds since 1970. The user interface sorts by start, newest first.
    failed : bool
        Whether the run ends as FAILED.
    """

    key: str
    name: str
    kind: Kind
    started: int
    ended: int
    parent: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: tuple[MetricPoint, ...] = ()
    failed: bool = False
