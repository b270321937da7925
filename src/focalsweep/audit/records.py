"""Records: what every finished item of an audit found, one small JSON file each.

A record is read back as long as it answers the same question. Its fingerprint covers the case's
whole config, the size that it depends on, and the version of the records: after a change of any of
them the item is run again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from focalsweep.audit.cases import Case, config_of
from focalsweep.audit.planted_sweeps import PlantedSweep
from focalsweep.audit.truth import TrueScores
from focalsweep.report.write import write_text

RECORDS_VERSION = 1
"""To be raised when the procedure or the rule changes what a record would hold."""

Found = PlantedSweep | TrueScores


@dataclass(frozen=True, kw_only=True)
class Item:
    """Name one piece of an audit.

    Parameters
    ----------
    case : Case
        What is planted.
    seed : int
        Drives rows, folds and training.
    fresh_rows : int, optional
        Rows that a truth is scored on; None is a sweep with its verdict.
    """

    case: Case
    seed: int
    fresh_rows: int | None = None

    @property
    def name(self) -> str:
        """A file name, different for every item of an audit."""
        return f"{self.case.name}-{'sweep' if self.fresh_rows is None else 'truth'}-{self.seed}"

    def fingerprint(self) -> str:
        """Hash everything that the item's record depends on."""
        config = config_of(self.case, seed=self.seed).model_dump(mode="json")
        told = [RECORDS_VERSION, self.name, self.fresh_rows, config]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_record(folder: Path, item: Item) -> Found | None:
    """Read what an item found; None where it has not run, or not as it would run now."""
    try:
        record = json.loads(_file(folder, item).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if record["fingerprint"] != item.fingerprint():
        return None
    return _adapter(item).validate_python(record["found"])


def write_record(folder: Path, item: Item, found: Found) -> None:
    """Write what an item found, whole or not at all."""
    record = {
        "fingerprint": item.fingerprint(),
        "found": _adapter(item).dump_python(found, mode="json"),
    }
    write_text(_file(folder, item), json.dumps(record, indent=1) + "\n")


def _file(folder: Path, item: Item) -> Path:
    return folder / f"{item.name}.json"


def _adapter(item: Item) -> TypeAdapter[Found]:
    return TypeAdapter(PlantedSweep if item.fresh_rows is None else TrueScores)
