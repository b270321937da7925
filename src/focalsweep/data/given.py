"""The source of rows that a Python program holds: it names them and cannot read them again."""

from __future__ import annotations

from focalsweep.data.dataset import Dataset
from focalsweep.errors import UserError


def given_from_python(*, sha256: str) -> Dataset:
    """Refuse to read rows that only `focalsweep.sweep(X, y)` has.

    The config of such a sweep names this function, so that its fingerprint holds the data's.

    Parameters
    ----------
    sha256 : str
        `Dataset.sha256` of the rows.

    Raises
    ------
    UserError
        Always.
    """
    raise UserError(
        f"The rows of this sweep (SHA-256 {sha256[:8]}...) were given from Python; call "
        "`focalsweep.sweep(X, y, folder=...)` with them again."
    )
