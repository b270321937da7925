"""A finished run folder, read and checked: the only input of a mirror."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from focalsweep.errors import UserError
from focalsweep.evidence.result import SCHEMA_VERSION, SweepResult


@dataclass(frozen=True, kw_only=True, eq=False)
class RunFolder:
    """Hold what a sweep left behind.

    Parameters
    ----------
    path : Path
        The folder, absolute.
    result : SweepResult
        Content of ``result.json``.
    trials : DataFrame
        Content of ``trials.csv``; `fold` is text: a number, or ``all``.
    sweep_id : str
        Twelve hexadecimal digits that name this result wherever the folder lies. Wall times do
        not count, so a sweep that was stopped and finished later is the same sweep.
    finished : int
        When ``result.json`` was written, milliseconds since 1970.
    """

    path: Path
    result: SweepResult
    trials: pd.DataFrame
    sweep_id: str
    finished: int


def read_run_folder(run_dir: Path) -> RunFolder:
    """Read ``result.json`` and ``trials.csv`` of a finished sweep.

    Raises
    ------
    UserError
        If the folder or one of the two files is missing, or ``result.json`` is not readable.
    """
    path = run_dir.absolute()
    result_file, trials_file = path / "result.json", path / "trials.csv"
    for file in (result_file, trials_file):
        if not file.is_file():
            raise UserError(
                f"`{run_dir}` must be the folder of a finished sweep, but it has no "
                f"`{file.name}`: give the folder that the sweep printed, or start the same sweep "
                "again in that folder to finish it."
            )
    try:
        content = json.loads(result_file.read_text(encoding="utf-8"))
        result = SweepResult.model_validate(content)
    except (ValueError, ValidationError) as error:
        raise UserError(
            f"`{result_file}` must be a result of schema version {SCHEMA_VERSION}, but it cannot "
            f"be read as one ({_first_line(error)}): use the focalsweep version that wrote it, or "
            "start the sweep again."
        ) from error
    text = dict.fromkeys(("arm", "fold", "state", "failure"), str)
    return RunFolder(
        path=path,
        result=result,
        trials=pd.read_csv(trials_file, dtype=text),
        sweep_id=_identity(content),
        finished=int(result_file.stat().st_mtime * 1000),
    )


def _identity(content: dict[str, object]) -> str:
    lasting = {key: value for key, value in content.items() if key != "seconds"}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
