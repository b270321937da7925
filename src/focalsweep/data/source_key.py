"""Say in a refusal which config key the refused rows come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from focalsweep.errors import UserError


@contextmanager
def from_source(key: str, origin: object) -> Iterator[None]:
    """Begin every refusal inside with the key that says where the rows come from.

    What reads columns and arrays does not know whether they are of a file, of a function or of
    somebody's server; who called it does.

    Parameters
    ----------
    key : str
        The config key, such as ``dataset.path``.
    origin : object
        Its value.

    Raises
    ------
    UserError
        The one raised inside, with ``KEY=VALUE`` in front.
    """
    try:
        yield
    except UserError as error:
        raise UserError(f"`{key}={origin}`: {error}") from error
